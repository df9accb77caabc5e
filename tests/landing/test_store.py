"""Landing: whole or absent, byte for byte, and one host a team."""

from __future__ import annotations

import json
import shutil
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import duckdb
import pytest
import zstandard
from hypothesis import given
from hypothesis import strategies as st

from cursor_usage.landing import Landing, LandingBusyError, LandingError, Manifest, Window, store

HOST = "http://127.0.0.1:9"
BEGAN = datetime(2026, 11, 4, 5, 30, tzinfo=UTC)
WINDOW = Window(
    "usage_events",
    date(2026, 11, 2),
    date(2026, 11, 2),
    datetime(2026, 11, 2, tzinfo=UTC),
    datetime(2026, 11, 2, 23, 59, 59, 999000, tzinfo=UTC),
)


@pytest.fixture
def landing(tmp_path):
    return Landing(tmp_path / "landing", "team/one")


def land(landing: Landing, pages, *, window=WINDOW, began=BEGAN) -> Manifest:
    with landing.fetch() as (writer, scratch):
        for page in pages:
            writer.add_page(page, sum(map(len, page)))
        return landing.complete(
            writer,
            scratch,
            window=window,
            run_id="run",
            host=HOST,
            request={},
            records_announced=None,
            started_at=began,
            finished_at=began,
        )


def lines_of(landing: Landing, manifest: Manifest) -> list[bytes]:
    raw = (landing.root / manifest.records_path).read_bytes()
    text = zstandard.ZstdDecompressor().decompressobj().decompress(raw) if manifest.records_received else b""
    return text.splitlines()


# Bytes of a record that a careless store would change: spacing, number text, order of keys, escapes, what is not ASCII.
records = st.sampled_from(
    [b'{"a":1.10}', b'{ "b" : 1e-7 , "a": "\\u00e9" }', '{"é":"ü"}'.encode(), b"{}", b'{"a":1.10}']
)


@given(pages=st.lists(st.lists(records, max_size=4), min_size=1, max_size=4))
def test_every_record_is_landed_byte_for_byte_and_twins_survive(tmp_path_factory, pages):
    landing = Landing(tmp_path_factory.mktemp("landing"), "one")
    manifest = land(landing, pages)
    expected = [record for page in pages for record in page]
    assert lines_of(landing, manifest) == expected
    assert (manifest.records_received, manifest.pages) == (len(expected), len(pages))


def test_a_record_with_line_breaks_between_its_tokens_becomes_one_line(landing):
    manifest = land(landing, [[b'{"a": 1,\r\n "b": "x\\ny"}', b'{"c":\n\n3}']])
    assert lines_of(landing, manifest) == [b'{"a": 1,  "b": "x\\ny"}', b'{"c": 3}']
    assert [json.loads(line) for line in lines_of(landing, manifest)] == [{"a": 1, "b": "x\ny"}, {"c": 3}]


def test_duckdb_reads_what_was_landed(landing):
    manifest = land(landing, [[b'{"a":1}', b'{"a":2}']])
    path = landing.root / manifest.records_path
    found = duckdb.sql(f"select count(*) from read_json_objects('{path}', format='newline_delimited')").fetchone()
    assert found == (2,)


def test_an_equal_answer_is_a_manifest_that_points_to_the_one_before(landing):
    first = land(landing, [[b'{"a":1}']])
    second = land(landing, [[b'{"a":1}']], began=BEGAN + timedelta(hours=1))
    assert second.same_records_as == first.fetch_id
    assert second.records_path == first.records_path
    assert len(list(landing.root.rglob("records.jsonl.zst"))) == 1
    third = land(landing, [[b'{"a":2}']], began=BEGAN + timedelta(hours=2))
    assert third.same_records_as is None
    assert landing.newest(WINDOW) == third


DAMAGED = {
    "cut": lambda content: content[: len(content) // 2],
    "other records": lambda _: zstandard.compress(b'{"a":2}\n'),
    "no zstd": lambda _: b"<html>",
    "emptied": lambda _: b"",
    "more behind it": lambda content: content + b"rubbish",
    "gone": lambda _: None,
}


@pytest.mark.parametrize("damage", DAMAGED)
def test_an_equal_answer_takes_the_place_of_one_that_was_damaged_or_lost(landing, caplog, damage):
    records = [b'{"a":%d}' % number for number in range(500)]
    first = land(landing, [records])
    path = landing.root / first.records_path
    content = DAMAGED[damage](path.read_bytes())
    path.unlink()
    if content is not None:
        path.write_bytes(content)
    second = land(landing, [records], began=BEGAN + timedelta(hours=1))
    assert second.same_records_as == first.fetch_id
    assert lines_of(landing, first) == lines_of(landing, second) == records
    assert len(list(landing.root.rglob("records.jsonl.zst"))) == 1
    assert f"{path} was damaged or gone" in caplog.text
    caplog.clear()
    land(landing, [records], began=BEGAN + timedelta(hours=2))
    assert caplog.text == ""


def test_an_equal_answer_that_is_compressed_otherwise_is_whole(landing, caplog):
    first = land(landing, [[b'{"a":1}']])
    path = landing.root / first.records_path
    path.write_bytes(zstandard.ZstdCompressor(level=19).compress(b'{"a":1}\n'))
    content = path.read_bytes()
    assert land(landing, [[b'{"a":1}']], began=BEGAN + timedelta(hours=1)).same_records_as == first.fetch_id
    assert path.read_bytes() == content
    assert caplog.text == ""


def test_an_equal_answer_keeps_its_own_records_where_the_folder_that_it_would_point_to_is_gone(landing):
    first = land(landing, [[b'{"a":1}']])
    second = land(landing, [[b'{"a":1}']], began=BEGAN + timedelta(hours=1))
    shutil.rmtree(landing.root / landing.manifest_path(first))
    third = land(landing, [[b'{"a":1}']], began=BEGAN + timedelta(hours=2))
    assert second.same_records_as == first.fetch_id
    assert third.same_records_as is None
    assert lines_of(landing, third) == [b'{"a":1}']


def test_the_folders_of_a_new_window_reach_the_disk_too(landing, monkeypatch):
    synced: list[Path] = []
    monkeypatch.setattr(store, "sync", synced.append)
    manifest = land(landing, [[b'{"a":1}']])
    fetch = landing.root / landing.manifest_path(manifest)
    assert {fetch.parent, fetch.parent.parent, landing.folder} <= set(synced)


def test_a_fetch_that_breaks_off_leaves_nothing_that_looks_whole(landing):
    def broken():
        with landing.fetch() as (writer, _):
            writer.add_page([b'{"a":1}'], 7)
            raise ConnectionError

    with pytest.raises(ConnectionError):
        broken()
    assert landing.newest(WINDOW) is None
    assert [path for path in landing.folder.iterdir() if path.is_dir()] == []


def test_what_a_killed_process_left_is_cleared_and_never_read(landing):
    scratches = [landing.folder / "0123.unfinished", landing.folder / "0123.partial"]
    for scratch in scratches:
        scratch.mkdir(parents=True)
        (scratch / "records.jsonl.zst").write_bytes(b"half")
    file = landing.folder / ".team.json.partial"
    file.write_bytes(b"{")
    assert landing.newest(WINDOW) is None
    with landing.claimed(HOST):
        assert not any(scratch.exists() for scratch in scratches)
        assert not file.exists()


def test_the_open_day_and_the_closed_day_of_one_date_are_two_windows(landing):
    open_day = Window("usage_events", WINDOW.start_date, WINDOW.end_date, is_open_day=True)
    land(landing, [[b'{"a":1}']], window=open_day)
    assert landing.newest(WINDOW) is None


def test_a_team_keeps_its_host(landing):
    with landing.claimed(HOST):
        pass
    with (
        pytest.raises(LandingError, match=r"holds data of http://127\.0\.0\.1:9, .* now points to https://api\.cursor"),
        landing.claimed("https://api.cursor.com"),
    ):
        pass


def test_a_second_process_is_told_that_the_team_is_being_fetched(landing):
    with (
        landing.claimed(HOST),
        pytest.raises(LandingBusyError, match="Another run is fetching team 'team/one'"),
        Landing(landing.root, "team/one").claimed(HOST, wait_seconds=0),
    ):
        pass


def test_a_team_id_cannot_leave_the_landing_folder(tmp_path):
    assert Landing(tmp_path, "../../etc").folder.parent == tmp_path


def test_the_manifest_is_read_back_as_written(landing):
    manifest = land(landing, [[b'{"a":1}']])
    assert landing.manifest(landing.manifest_path(manifest)) == manifest
