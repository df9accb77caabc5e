"""What ``make docs`` does where there is no warehouse, or none that can be read.

The pages of a good one: tests/docs/test_blocks_run.py.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from cursor_usage.console.dbt_docs import write_dbt_docs
from cursor_usage.pipeline.errors import PipelineError
from cursor_usage.settings import DataDir


def test_without_a_warehouse_no_page_is_written(tmp_path: Path) -> None:
    assert write_dbt_docs(DataDir(tmp_path)) is None
    assert list(tmp_path.iterdir()) == []


def test_a_warehouse_that_dbt_cannot_read_leaves_the_pages_as_they_were(tmp_path: Path) -> None:
    data = DataDir(tmp_path)
    data.warehouse.write_text("no database")
    (data.docs / "dbt").mkdir(parents=True)
    (data.docs / "dbt" / "index.html").write_text("the old page")
    with pytest.raises(PipelineError, match=r"dbt could not describe the warehouse: .*\. The pages are as they were\."):
        write_dbt_docs(data)
    assert (data.docs / "dbt" / "index.html").read_text() == "the old page"
