"""docker-compose.yaml and .env.example against the installed Airflow and the DAG; no engine needed."""

from __future__ import annotations

import ast
import json
import os
import re
import shlex
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml
from dotenv import dotenv_values

from cursor_usage.settings import PROJECT_DIR
from tests.cursor_api_simulator import DEFAULT_KEY

TEXT = (PROJECT_DIR / "docker-compose.yaml").read_text(encoding="utf-8")
COMPOSE: dict[str, Any] = yaml.safe_load(TEXT)
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]
EXAMPLE = (PROJECT_DIR / ".env.example").read_text(encoding="utf-8")
ONE_SHOT = {"init"}

# In a process of its own: Airflow makes its home where it is imported.
ASK_AIRFLOW = """
import contextlib, io, json, sys
from airflow.cli.cli_parser import get_parser
from airflow.configuration import conf

refused = {}
for arguments in json.load(sys.stdin):
    said = io.StringIO()
    try:
        with contextlib.redirect_stderr(said), contextlib.redirect_stdout(said):
            get_parser().parse_args(arguments)
    except SystemExit:
        refused[" ".join(arguments)] = said.getvalue()[-300:]
sections = {name: list(section["options"]) for name, section in conf.configuration_description.items()}
print(json.dumps({"sections": sections, "refused": refused}))
"""


def airflow_commands() -> list[list[str]]:
    """The arguments of every call of Airflow in commands and health checks."""
    found = []
    for service in SERVICES.values():
        for words in (service.get("command", []), service.get("healthcheck", {}).get("test", [])[1:]):
            lines = [shlex.split(line) for line in words[-1].splitlines()] if words[:1] == ["bash"] else [words]
            found += [line[1:] for line in lines if line[:1] == ["airflow"]]
    return found


@pytest.fixture(scope="module")
def airflow(tmp_path_factory):
    """What the installed Airflow says of its options and of the commands."""
    done = subprocess.run(
        [sys.executable, "-c", ASK_AIRFLOW],
        input=json.dumps(airflow_commands()),
        env={**os.environ, "AIRFLOW_HOME": str(tmp_path_factory.mktemp("airflow"))},
        capture_output=True,
        text=True,
        check=True,
    )
    return json.loads(done.stdout.splitlines()[-1])


def example_switched_on(tmp_path: Path) -> dict[str, str | None]:
    file = tmp_path / ".env"
    file.write_text(re.sub(r"^#(?=\w+=)", "", EXAMPLE, flags=re.MULTILINE), encoding="utf-8")
    return dotenv_values(file, interpolate=False)


def test_every_airflow_command_is_one_that_this_airflow_takes(airflow):
    assert len(airflow_commands()) == 7
    assert airflow["refused"] == {}


def test_every_airflow_setting_is_one_that_this_airflow_has(airflow):
    names = set(re.findall(r"\bAIRFLOW__\w+", TEXT + EXAMPLE))
    assert len(names) > 10
    for name in names:
        _, section, option = name.split("__")
        assert option.lower() in airflow["sections"].get(section.lower(), []), name


def test_every_variable_is_explained_in_the_example(tmp_path):
    used = set(re.findall(r"\$\{(\w+)", TEXT))
    # Data are in a volume there, wherever the machine's own are.
    assert used == set(example_switched_on(tmp_path)) - {"CURSOR_DATA_DIR"}


def test_the_example_off_sets_nothing_that_make_could_trip_over():
    values = dotenv_values(PROJECT_DIR / ".env.example", interpolate=False)
    assert values == {"CURSOR_CONNECTION_IDS": "cursor_default", "AIRFLOW__API__PORT": "8080"}


def test_the_examples_connection_reads_as_json(tmp_path):
    connection = json.loads(example_switched_on(tmp_path)["AIRFLOW_CONN_CURSOR_DEFAULT"] or "")
    assert connection["conn_type"] == "cursor"
    assert set(connection["extra"]) == {"team_id", "requests_per_minute"}


def test_secrets_have_no_default():
    for name in re.findall(r"^#(\w+)=$", EXAMPLE, flags=re.MULTILINE):
        assert re.findall(rf"\$\{{{name}(:.)", TEXT), name
        assert set(re.findall(rf"\$\{{{name}(:.)", TEXT)) == {":?"}, name


def test_the_pool_is_the_dags():
    tree = ast.parse((PROJECT_DIR / "dags" / "cursor_usage_daily.py").read_text(encoding="utf-8"))
    pools = {
        word.value.value
        for word in ast.walk(tree)
        if isinstance(word, ast.keyword) and word.arg == "pool" and isinstance(word.value, ast.Constant)
    }
    made = {command[2]: command[3] for command in airflow_commands() if command[:2] == ["pools", "set"]}
    assert made == dict.fromkeys(pools, "1")


@pytest.mark.parametrize("name", sorted(SERVICES.keys() - ONE_SHOT))
def test_what_stays_up_is_watched_and_restarted(name):
    assert SERVICES[name]["healthcheck"]["test"][0] == "CMD"
    assert SERVICES[name]["restart"] == "unless-stopped"


def test_the_ui_is_published_to_this_machine_only():
    published = {name: service["ports"] for name, service in SERVICES.items() if "ports" in service}
    assert published == {"api-server": ["127.0.0.1:${AIRFLOW__API__PORT:-8080}:8080"]}


def test_the_demo_has_the_simulators_key_and_only_where_it_is_asked_for():
    connection = SERVICES["scheduler"]["environment"]["AIRFLOW_CONN_CURSOR_DEFAULT"]
    assert connection.startswith(
        f"${{AIRFLOW_CONN_CURSOR_DEFAULT:-${{COMPOSE_PROFILES:+cursor://:{DEFAULT_KEY}@simulator:8765/http?"
    )
    assert SERVICES["simulator"]["profiles"] == ["demo"]


def test_the_image_takes_neither_secrets_nor_data():
    rules = (PROJECT_DIR / ".dockerignore").read_text(encoding="utf-8").split("\n")
    assert next(rule for rule in rules if rule and not rule.startswith("#")) == "*"
    assert not {"!.env", "!data", "!.airflow", "!.git", "!.venv"} & set(rules)
