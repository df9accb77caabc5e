"""Every block of SQL and of Python in the documents runs on what is published; a question returns what it promises."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import NamedTuple

import duckdb
import pytest

from cursor_usage.console.dbt_docs import write_dbt_docs
from cursor_usage.settings import PROJECT_DIR, DataDir
from tests.companies import LAST_RUN, Scenario, build_companies, folder_in_memory
from tests.cursor_api_simulator import Company, CompanyOptions
from tests.docs.pages import PAGES, Block, all_blocks, blocks
from tests.oracle.seats import current_members
from tests.oracle.team import Configured, CostCentreFrom, Team

# As the demo's company, smaller, and fetched over two rollovers.
SCENARIO = Scenario(
    CompanyOptions(seed=7, seats=30, events_per_day=120),
    runs=("2026-09-30T05:30:00Z", "2026-10-20T05:30:00Z", "2026-11-05T05:30:00Z", LAST_RUN),
)
MAY_BE_EMPTY = {
    "19. Which figures moved after they were settled, and how was the verdict before?": "nothing moved so late",
}
PUBLISHED_PATH = "data/published/marts.duckdb"
QUESTIONS = PROJECT_DIR / "docs" / "queries.md"
# Its SQL is a model of dbt, which test_worked_example.py builds.
WORKED_EXAMPLE = PROJECT_DIR / "docs" / "develop.md"
# What the header of a block says that it is for.
IN_WAREHOUSE = "-- in warehouse.duckdb"
NOTHING_UNKNOWN = "raw.unknown_fields"
# Needs what this project does not install; docs/bi.md says with which versions each was tried by hand.
TRIED_BY_HAND = {"import polars": "polars", "read_parquet": "pyarrow"}

# About half a minute on two idle cores; a machine that runs other tests beside it takes its time.
pytestmark = pytest.mark.timeout(900)


class Question(NamedTuple):
    title: str
    sql: str
    columns: list[str]


def questions() -> list[Question]:
    """Each section below a third-level heading: its SQL, and the columns that the sentence behind it names."""
    found = []
    for section in QUESTIONS.read_text().split("\n### ")[1:]:
        title = section.splitlines()[0]
        sql, behind = section.split("```sql\n")[1].split("```\n")
        promise = next(line for line in behind.splitlines() if line.startswith("Returns "))
        found.append(Question(title, sql, re.findall(r"`(\w+)`", promise)))
    return found


def sql_blocks() -> list[Block]:
    return [block for page in PAGES if page not in {QUESTIONS, WORKED_EXAMPLE} for block in blocks(page, "sql")]


def python_blocks() -> list[Block]:
    return [block for block in all_blocks("python") if not any(sign in block.text for sign in TRIED_BY_HAND)]


def where(block: Block) -> str:
    return block.where


def configured_for(team: Team, company: Company) -> Configured:
    """Half of the people have a cost centre."""
    emails = sorted(current_members(team))[::2]
    return Configured(cost_centres=tuple(CostCentreFrom(email, "Platform", date(2026, 1, 1)) for email in emails))


@pytest.fixture(scope="module")
def published() -> Iterator[Path]:
    with folder_in_memory() as folder:
        data = build_companies(folder, {"demo": SCENARIO}, configured_for).data
        # As it lies in the project's folder, from which the documents' paths go.
        assert data.root == folder / "data"
        yield data.published / "marts.duckdb"


def test_the_page_has_twenty_questions_and_every_block_promises_columns() -> None:
    asked = questions()
    assert [question.title.split(".")[0] for question in asked] == [str(number) for number in range(1, 21)]
    assert QUESTIONS.read_text().count("```sql") == len(asked)
    assert MAY_BE_EMPTY.keys() <= {question.title for question in asked}


@pytest.mark.parametrize("question", questions(), ids=lambda question: question.title)
def test_a_question_has_an_answer_with_the_columns_it_promises(published: Path, question: Question) -> None:
    with duckdb.connect() as session:
        session.execute(f"attach '{published}' as cursor (read_only)")
        answer = session.execute(question.sql)
        assert [name for name, *_ in answer.description] == question.columns
        assert answer.fetchall() or question.title in MAY_BE_EMPTY


def session_for(block: Block, published: Path) -> duckdb.DuckDBPyConnection:
    """Where the block is meant to be run: in the warehouse, in a tool that has opened the file, or in a new session."""
    if block.text.startswith(IN_WAREHOUSE):
        return duckdb.connect(str(published.parents[1] / "warehouse.duckdb"), read_only=True)
    if "cursor." not in block.text:
        return duckdb.connect(str(published.with_name("cursor_usage.duckdb")), read_only=True)
    session = duckdb.connect()
    if "attach" not in block.text:
        session.execute(f"attach '{published}' as cursor (read_only)")
    return session


def test_make_docs_writes_pages_of_the_built_warehouse_that_name_nobody(published: Path) -> None:
    """Beside the blocks, as it needs a built warehouse too, and a build takes half a minute."""
    data = DataDir(published.parents[1])
    pages = write_dbt_docs(data)
    assert pages == data.docs / "dbt"
    texts = {page.name: page.read_text(encoding="utf-8") for page in pages.iterdir()}
    assert sorted(texts) == ["columns.html", "index.html"]
    with duckdb.connect(str(published.parents[1] / "warehouse.duckdb"), read_only=True) as warehouse:
        columns = warehouse.execute(
            "select table_name, column_name from information_schema.columns where table_schema = 'marts'"
        ).fetchall()
        emails = warehouse.execute("select distinct email from raw.cursor_members where email is not null").fetchall()
    assert [column for column in columns if f'id="marts.{".".join(column)}"' not in texts["columns.html"]] == []
    assert emails
    assert [email for (email,) in emails for text in texts.values() if email in text] == []
    # What a first look at these pages must not do: call home.
    assert '"send_anonymous_usage_stats": false' in texts["index.html"]
    assert list(data.docs.glob(".*")) == []


def test_the_documents_have_sql_and_python_to_run() -> None:
    assert any(block.page.name == "README.md" and PUBLISHED_PATH in block.text for block in sql_blocks())
    assert len(python_blocks()) > 2
    assert all(sign in "".join(block.text for block in all_blocks("python")) for sign in TRIED_BY_HAND)


@pytest.mark.parametrize("block", sql_blocks(), ids=where)
def test_a_block_of_sql_runs_and_finds_rows(published: Path, block: Block) -> None:
    with session_for(block, published) as session:
        for statement in duckdb.extract_statements(block.text):
            answer = session.execute(statement.query.strip().replace(PUBLISHED_PATH, str(published)))
            if "select" in statement.query and NOTHING_UNKNOWN not in statement.query:
                assert answer.fetchall(), statement.query


@pytest.mark.parametrize("block", python_blocks(), ids=where)
def test_a_block_of_python_runs(published: Path, block: Block) -> None:
    done = subprocess.run(
        [sys.executable, "-W", "error::DeprecationWarning", "-c", block.text],
        cwd=published.parents[2],
        env={**os.environ, "PYTHONPATH": str(PROJECT_DIR)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("block", all_blocks("python"), ids=where)
def test_a_block_of_python_is_python(block: Block) -> None:
    compile(block.text, block.where, "exec")
