"""Landing: every record as it came. Knows nothing of the API, Airflow or DuckDB."""

from cursor_usage.landing.manifest import Manifest, Window
from cursor_usage.landing.store import FetchWriter, Landing, LandingBusyError, LandingError, team_ids

__all__ = ["FetchWriter", "Landing", "LandingBusyError", "LandingError", "Manifest", "Window", "team_ids"]
