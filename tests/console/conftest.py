from __future__ import annotations

from tests.cursor_api.conftest import no_waiting, server, unused_port  # noqa: F401 - fixtures of this folder too
