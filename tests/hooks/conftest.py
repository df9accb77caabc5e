from __future__ import annotations

import os
import tempfile

import pytest

from tests.cursor_api.conftest import no_waiting, server, unused_port  # noqa: F401 - fixtures of this folder too

# Before Airflow is imported, so that it leaves the user's own home alone.
os.environ.setdefault("AIRFLOW_HOME", tempfile.mkdtemp(prefix="airflow-"))


@pytest.fixture(autouse=True)
def no_connections(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in os.environ if name.startswith("AIRFLOW_CONN_")]:
        monkeypatch.delenv(name)
