"""Where data lies, and what is shown of it."""

from __future__ import annotations

from pathlib import Path

from cursor_usage.settings import DataDir


def publish_in(data: DataDir) -> None:
    data.published.mkdir(parents=True)
    (data.published / "marts.duckdb").touch()


def test_the_demo_is_shown_until_something_of_ones_own_is_published(tmp_path: Path) -> None:
    own, demo = DataDir(tmp_path), DataDir(tmp_path / "demo")
    assert own.to_show() == own
    publish_in(demo)
    assert own.to_show() == demo
    assert demo.to_show() == demo
    publish_in(own)
    assert own.to_show() == own
