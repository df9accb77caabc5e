"""The warehouse's raw side. Knows nothing of the API, landing or Airflow."""
