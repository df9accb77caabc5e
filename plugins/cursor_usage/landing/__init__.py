"""Landing: every record as it came. Knows nothing of the API, Airflow or DuckDB."""

from cursor_usage.landing.manifest import Manifest, Window
from cursor_usage.landing.store import FetchWriter, Landing, LandingBusyError, LandingError, team_ids
from cursor_usage.landing.unfinished import Beginning, PageNote, Unfinished

__all__ = [
    "Beginning",
    "FetchWriter",
    "Landing",
    "LandingBusyError",
    "LandingError",
    "Manifest",
    "PageNote",
    "Unfinished",
    "Window",
    "team_ids",
]
