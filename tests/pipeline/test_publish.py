"""Publishing: what has its name has it on the disk too."""

from __future__ import annotations

from cursor_usage.pipeline import publish


def test_a_published_file_reaches_the_disk_before_its_name_does_and_then_the_name(tmp_path, monkeypatch):
    source, target = tmp_path / "usage_costs.parquet.partial", tmp_path / "usage_costs.parquet"
    source.write_bytes(b"rows")
    synced = []
    monkeypatch.setattr(publish, "sync", lambda path: synced.append((path, target.exists())))
    publish._rename(source, target)
    assert synced == [(source, False), (tmp_path, True)]
