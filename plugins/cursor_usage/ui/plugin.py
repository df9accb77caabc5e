"""The Cursor page in Airflow's navigation (entry point ``airflow.plugins``): an app, and a view that shows it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, MutableMapping
from functools import cache
from typing import Any

from airflow.plugins_manager import AirflowPlugin

from cursor_usage.settings import DataDir

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Application = Callable[[Scope, Callable[[], Awaitable[Message]], Callable[[Message], Awaitable[None]]], Awaitable[None]]

URL_PREFIX = "/cursor"


async def cursor_page(
    scope: Scope, receive: Callable[[], Awaitable[Message]], send: Callable[[Message], Awaitable[None]]
) -> None:
    """The app, made at the first request: every process of Airflow loads its plugins, only the API server serves."""
    await _app()(scope, receive, send)


@cache
def _app() -> Application:
    # See above: in a task's process these imports would cost a second and serve nobody.
    from cursor_usage.ui.access import require_reader  # noqa: PLC0415
    from cursor_usage.ui.app import make_app  # noqa: PLC0415

    return make_app(lambda: DataDir.from_environment().to_show().published, require_reader)


class CursorPagePlugin(AirflowPlugin):
    """Mounts the app and puts its page into the navigation."""

    name = "cursor_usage_page"
    fastapi_apps = [  # noqa: RUF012 - Airflow declares it as an attribute of instances
        {"app": cursor_page, "url_prefix": URL_PREFIX, "name": "Cursor"}
    ]
    external_views = [  # noqa: RUF012 - as above
        {
            "name": "Cursor",
            # Relative, as the icon is, so that it holds behind a base URL with a path.
            "href": "cursor/",
            "destination": "nav",
            "url_route": "cursor",
            "icon": "cursor/static/icon.svg",
            "nav_top_level": True,
        }
    ]
