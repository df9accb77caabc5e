"""Run as a program: Airflow's own API server app with the page mounted by the plugin, asked as several users.

Prints one JSON object: for each case its status, its type and its text.
"""

from __future__ import annotations

import json
import sys
from datetime import timedelta

from airflow.api_fastapi.app import create_app, get_auth_manager
from airflow.api_fastapi.auth.managers.base_auth_manager import COOKIE_NAME_JWT_TOKEN
from airflow.api_fastapi.auth.managers.simple.user import SimpleAuthManagerUser
from airflow.models.base import Base
from airflow.utils.session import create_session
from fastapi.testclient import TestClient

ADDRESSES = ("/cursor/", "/cursor/reclaim.csv", "/cursor/report.html", "/cursor/docs/x", "/cursor/nowhere")


def main() -> None:
    app = create_app()
    with create_session() as session:
        Base.metadata.create_all(session.get_bind())
    manager = get_auth_manager()

    def token(role: str | None, **options) -> str:
        return manager.generate_jwt(SimpleAuthManagerUser(username=f"a {role}", role=role), **options)

    tokens = {
        "viewer": token("VIEWER"),
        "admin": token("ADMIN"),
        "no role": token(None),
        "expired": token("ADMIN", expiration_time_in_seconds=-int(timedelta(hours=1).total_seconds())),
        "forged": token("ADMIN")[:-4] + "AAAA",
    }
    answers = {}
    for address in (*ADDRESSES, "/cursor/static/echarts.min.js", "/cursor/static/icon.svg"):
        answers[f"nobody {address}"] = ask(app, address)
        for who, value in tokens.items():
            answers[f"{who} by cookie {address}"] = ask(app, address, cookies={COOKIE_NAME_JWT_TOKEN: value})
            answers[f"{who} by bearer {address}"] = ask(app, address, headers={"Authorization": f"Bearer {value}"})
    client = TestClient(app, headers={"Authorization": f"Bearer {tokens['admin']}"})
    answers["plugins"] = client.get("/api/v2/plugins").json()
    sys.stdout.write(f"{json.dumps(answers)}\n")


def ask(app, address: str, **identity) -> dict[str, object]:
    answer = TestClient(app, raise_server_exceptions=False, **identity).get(address)
    return {"status": answer.status_code, "type": answer.headers.get("content-type"), "text": answer.text[:100_000]}


if __name__ == "__main__":
    main()
