"""A fetch that broke off is gone on with behind its last whole page, or not at all."""

from __future__ import annotations

import os
import resource
import secrets
import shutil
import time
from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cursor_usage.landing import Beginning, Landing, Manifest, Window

HOST = "http://127.0.0.1:9"
BEGAN = datetime(2026, 11, 14, 5, 30, tzinfo=UTC)
WINDOW = Window("usage_events", date(2026, 11, 2), date(2026, 11, 8))
OTHER_WINDOW = Window("usage_events", date(2026, 10, 2), date(2026, 10, 8))
PAGES = [[b'{"page":%d,"row":%d}' % (page, row) for row in range(50)] for page in range(6)]


def beginning(window: Window = WINDOW) -> Beginning:
    return Beginning(window, {"startDate": 1}, HOST, 50, 300, BEGAN, {"first": True})


def break_off(landing: Landing, pages, window: Window = WINDOW) -> None:
    def broken() -> None:
        with landing.fetch(is_kept_on=lambda error: isinstance(error, ConnectionError)) as (writer, _):
            writer.note_pages(beginning(window))
            for number, page in enumerate(pages):
                writer.add_page(page, 1000, f"digest {number}")
            raise ConnectionError

    with pytest.raises(ConnectionError):
        broken()


def finish(landing: Landing, window: Window = WINDOW, began: datetime = BEGAN) -> tuple[Manifest, int]:
    """Fetches what is left of the window; the manifest and how many pages were taken over."""
    with landing.fetch() as (writer, scratch):
        found = landing.unfinished(window)
        taken = len(writer.go_on_from(found[0])) if found else 0
        for number in range(taken, len(PAGES)):
            writer.add_page(PAGES[number], 1000, f"digest {number}")
        manifest = landing.complete(
            writer,
            scratch,
            window=window,
            run_id="run",
            host=HOST,
            request={},
            records_announced=300,
            started_at=began,
            finished_at=began,
        )
    return manifest, taken


def left_over(landing: Landing) -> list[str]:
    return [path.name for path in landing.folder.glob("*.*") if path.is_dir()]


@pytest.fixture
def landing(tmp_path):
    return Landing(tmp_path / "landing", "one")


@given(
    written=st.integers(1, 6),
    lost_of_records=st.integers(0, 400),
    lost_of_notes=st.integers(0, 400),
    junk=st.binary(max_size=9),
)
def test_whatever_of_it_is_left_the_whole_is_what_an_undisturbed_fetch_lands(
    tmp_path_factory, written, lost_of_records, lost_of_notes, junk
):
    root = tmp_path_factory.mktemp("landing")
    undisturbed, _ = finish(Landing(root, "undisturbed"))
    landing = Landing(root, "one")
    break_off(landing, PAGES[:written])
    (folder,) = landing.folder.glob("*.unfinished")
    for name, lost in (("records.jsonl.zst", lost_of_records), ("pages.jsonl", lost_of_notes)):
        file = folder / name
        # As after a power cut: the end is missing, and what is there is not what was written.
        file.write_bytes(file.read_bytes()[: max(file.stat().st_size - lost, 0)] + (junk if lost else b""))
    with landing.claimed(HOST):
        manifest, taken = finish(landing)
    assert (manifest.checksum, manifest.records_received, manifest.pages) == (undisturbed.checksum, 300, 6)
    assert taken <= min(written, 5), "one page is left to tell whether the count still holds"
    if not lost_of_records and not lost_of_notes:
        assert taken == min(written, 5)
    assert left_over(landing) == []


def test_one_without_its_records_is_cleared_and_not_gone_on_with(landing):
    break_off(landing, PAGES[:2])
    (folder,) = landing.folder.glob("*.unfinished")
    (folder / "records.jsonl.zst").unlink()
    assert landing.unfinished(WINDOW) == []
    with landing.claimed(HOST):
        assert left_over(landing) == []


def test_it_can_break_off_again(landing):
    break_off(landing, PAGES[:2])
    with (  # noqa: PT012  # what is raised ends the block that is tested
        pytest.raises(ConnectionError),
        landing.fetch(is_kept_on=lambda _: True) as (writer, _),
    ):
        assert len(writer.go_on_from(landing.unfinished(WINDOW)[0])) == 2
        writer.add_page(PAGES[2], 1000)
        raise ConnectionError
    (left,) = landing.unfinished(WINDOW)
    assert len(left.notes) == 3
    manifest, taken = finish(landing)
    assert (taken, manifest.records_received) == (3, 300)


def test_an_error_that_is_not_to_be_kept_on_leaves_nothing(landing):
    with (  # noqa: PT012  # what is raised ends the block that is tested
        pytest.raises(OSError, match="full"),
        landing.fetch(is_kept_on=lambda _: False) as (writer, _),
    ):
        writer.note_pages(beginning())
        writer.add_page(PAGES[0], 1000)
        raise OSError("full")
    assert left_over(landing) == []


def test_a_disk_that_is_full_to_the_last_byte_leaves_nothing(landing):
    _, most = resource.getrlimit(resource.RLIMIT_FSIZE)
    try:
        with (  # noqa: PT012  # what is raised ends the block that is tested
            pytest.raises(OSError, match="too large"),
            landing.fetch(is_kept_on=lambda _: False) as (writer, _),
        ):
            writer.note_pages(beginning())
            writer.add_page(PAGES[0], 1000)
            resource.setrlimit(resource.RLIMIT_FSIZE, (1000, most))
            writer.add_page([secrets.token_hex(5000).encode()], 10_000)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (most, most))
    assert left_over(landing) == []


def test_one_of_which_no_page_is_whole_is_noted_anew(landing):
    break_off(landing, PAGES[:1])
    (folder,) = landing.folder.glob("*.unfinished")
    (folder / "records.jsonl.zst").write_bytes(b"")
    with landing.fetch() as (writer, scratch):
        assert writer.go_on_from(landing.unfinished(WINDOW)[0]) == []
        assert not writer.has_notes
        assert not (scratch / "pages.jsonl").exists()


def test_another_window_is_not_gone_on_with_and_a_whole_one_clears_only_its_own(landing):
    break_off(landing, PAGES[:3], OTHER_WINDOW)
    break_off(landing, PAGES[:2])
    assert finish(landing)[1] == 2
    assert landing.unfinished(WINDOW) == []
    assert len(landing.unfinished(OTHER_WINDOW)) == 1


def test_a_fetch_that_began_anew_clears_what_it_overtook(landing):
    break_off(landing, PAGES[:2])
    with landing.fetch() as (writer, scratch):
        writer.add_page(PAGES[0], 1000)
        landing.complete(
            writer,
            scratch,
            window=WINDOW,
            run_id="run",
            host=HOST,
            request={},
            records_announced=50,
            started_at=BEGAN,
            finished_at=BEGAN,
        )
    assert left_over(landing) == []


def test_what_nobody_comes_back_for_is_cleared(landing):
    with landing.claimed(HOST):
        for number in range(10):
            break_off(landing, PAGES[:1], Window("usage_events", date(2026, 9, 1 + number), date(2026, 9, 1 + number)))
    folders = sorted(landing.folder.glob("*.unfinished"))
    (folders[0] / "pages.jsonl").write_bytes(b"{")  # half a beginning
    (folders[1] / "pages.jsonl").unlink()
    a_week_ago = time.time() - timedelta(days=7, hours=1).total_seconds()
    os.utime(folders[2] / "pages.jsonl", (a_week_ago, a_week_ago))
    with landing.claimed(HOST):
        assert sorted(landing.folder.glob("*.unfinished")) == folders[3:]
    for number in range(5):
        shutil.copytree(folders[3], landing.folder / f"copy{number}.unfinished")
    with landing.claimed(HOST):
        assert len(list(landing.folder.glob("*.unfinished"))) == 8
