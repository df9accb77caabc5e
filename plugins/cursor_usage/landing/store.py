"""Every record as it came, compressed, with a manifest per window; never changed once it has its name.

A fetch is written into a folder that ends in ``.unfinished`` and gets its name by one rename after everything in it has
reached the disk, so a half-written window cannot be mistaken for a whole one. One that broke off stays there where
another can go on with it. Single files end in ``.partial`` until then.
"""

from __future__ import annotations

import filecmp
import hashlib
import logging
import re
import secrets
import shutil
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, BinaryIO
from urllib.parse import quote, unquote

import filelock
import msgspec
import zstandard

from cursor_usage.disk import sync, write_durably
from cursor_usage.landing.manifest import FORMAT_VERSION, MANIFEST_NAME, RECORDS_NAME, Manifest, Window
from cursor_usage.landing.unfinished import NOTES_NAME, Beginning, PageNote, Unfinished

log = logging.getLogger(__name__)

_PARTIAL = ".partial"
_UNFINISHED = ".unfinished"
# What nobody came back for in a week is not gone on with, and a run fetches no more windows than this side by side.
_UNFINISHED_KEPT_SECONDS = 7 * 24 * 3600
_UNFINISHED_KEPT = 8
_LINE_BREAKS = re.compile(rb"[\r\n]+")
_CHUNK_BYTES = 1 << 20
# Of zstd: a third faster than its usual 3, and an event takes 51 bytes instead of 49.
_LEVEL = 1


class LandingError(Exception):
    """Landing cannot be written or read as asked; the message says what to do."""

    is_retryable = False


class LandingBusyError(LandingError):
    """Another process is fetching the same team."""

    is_retryable = True


class FetchWriter:
    """One window's records on their way to the disk; made by :meth:`Landing.fetch`.

    Pages are added one after the other, from whatever thread.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._file = (folder / RECORDS_NAME).open("wb")
        self._notes: BinaryIO | None = None
        self._compressor = zstandard.ZstdCompressor(level=_LEVEL).stream_writer(self._file, closefd=False)
        self._hash = hashlib.sha256()
        self._is_busy = threading.Lock()
        self._is_closed = False
        self.records_received = 0
        self.pages = 0
        self.bytes_received = 0

    def note_pages(self, beginning: Beginning) -> None:
        """From now on notes each page, so that another fetch of the window can go on behind it; before the first."""
        self._notes = (self._folder / NOTES_NAME).open("wb")
        self._notes.write(msgspec.json.encode(beginning) + b"\n")

    def go_on_from(self, unfinished: Unfinished) -> list[PageNote]:
        """Takes over the pages of a fetch that broke off, as far as they are whole, and deletes it."""
        taken: list[PageNote] = []
        for note, lines in unfinished.pages():
            if not taken:
                self.note_pages(unfinished.beginning)
            self._write(lines, note.records, note.bytes_received, note.digest)
            taken.append(note)
        shutil.rmtree(unfinished.folder)
        return taken

    def add_page(self, records: Sequence[bytes | memoryview | msgspec.Raw], size_bytes: int, digest: str = "") -> None:
        """Appends one page; ``size_bytes`` is the page's size as received, ``digest`` what to know it by."""
        lines = b""
        if records:
            # To find none at all in the bare records is several times faster than to count those that part them.
            if b"\n" in b"".join(records):
                # A line break inside a JSON record can only be white space between tokens; one record is one line.
                records = [_LINE_BREAKS.sub(b" ", bytes(record)) for record in records]
            lines = b"\n".join((*records, b""))
        self._write(lines, len(records), size_bytes, digest)

    def _write(self, lines: bytes, records: int, size_bytes: int, digest: str) -> None:
        with self._is_busy:
            if self._is_closed:
                # Its fetch was given up while the page was on its way here.
                raise LandingError("A page came for a fetch that is closed.")
            self._hash.update(lines)
            self._compressor.write(lines)
            self.records_received += records
            self.pages += 1
            self.bytes_received += size_bytes
            if self._notes is not None:
                # In this order: a page that is noted is there.
                self._compressor.flush(zstandard.FLUSH_BLOCK)
                self._file.flush()
                note = PageNote(records, len(lines), size_bytes, digest, self.checksum)
                self._notes.write(msgspec.json.encode(note) + b"\n")
                self._notes.flush()

    @property
    def checksum(self) -> str:
        return self._hash.hexdigest()

    @property
    def has_notes(self) -> bool:
        """Whether another fetch could go on from here."""
        return self._notes is not None and self.pages > 0

    def close(self) -> None:
        with self._is_busy:
            if self._is_closed:
                return
            self._is_closed = True
            try:
                self._compressor.close()  # type: ignore[no-untyped-call]  # zstandard's stub leaves it out
            finally:  # it writes, and the disk may be full
                self._file.close()
                if self._notes is not None:
                    self._notes.close()


class Landing:
    """The landing folder of one team."""

    def __init__(self, root: Path, team_id: str) -> None:
        self.root = root
        self.team_id = team_id
        self.folder = root / f"team={quote(team_id, safe='')}"

    @contextmanager
    def claimed(self, host: str, wait_seconds: float = 10) -> Iterator[None]:
        """Holds the team's landing for one fetching process, and remembers the host that its data come from.

        Raises:
            LandingBusyError: another process is fetching this team.
            LandingError: the team's data came from another host until now, or the folder cannot be written.
        """
        try:
            # Parents that mkdir makes on the way get the default mode, so each level is made by itself.
            self.root.mkdir(parents=True, exist_ok=True, mode=0o700)
            self.folder.mkdir(exist_ok=True, mode=0o700)
            lock = filelock.FileLock(self.folder / ".lock")
            with lock.acquire(timeout=wait_seconds):
                self._remember_host(host)
                self._clear_what_was_left_behind()
                yield
        except filelock.Timeout:
            raise LandingBusyError(
                f"Another run is fetching team {self.team_id!r} into {self.folder}. "
                f"Wait until it has ended, then run again."
            ) from None

    def _clear_what_was_left_behind(self) -> None:
        """Fetches and files that a killed process did not finish, but for the few that can be gone on with."""
        self._clear_unfinished()
        for left_behind in [*self.folder.glob(f"*{_PARTIAL}"), *self.folder.glob(f"runs/*{_PARTIAL}")]:
            # Version 1.0 wrote its fetches into folders of that name. May go when none of its landings is left.
            if left_behind.is_dir():
                shutil.rmtree(left_behind)
            else:
                left_behind.unlink()

    def _clear_unfinished(self) -> None:
        newest_first = sorted(
            ((_changed_at(folder / NOTES_NAME), folder) for folder in self.folder.glob(f"*{_UNFINISHED}")), reverse=True
        )
        for number, (changed_at, folder) in enumerate(newest_first):
            is_old = time.time() - changed_at > _UNFINISHED_KEPT_SECONDS
            if is_old or number >= _UNFINISHED_KEPT or Unfinished.read(folder) is None:
                shutil.rmtree(folder)

    def unfinished(self, window: Window) -> list[Unfinished]:
        """Fetches of the window that broke off, the one that came farthest first; while :meth:`claimed`."""
        found = [Unfinished.read(folder) for folder in self.folder.glob(f"*{_UNFINISHED}")]
        of_window = [one for one in found if one is not None and one.beginning.window == window]
        return sorted(of_window, key=lambda one: len(one.notes), reverse=True)

    def _remember_host(self, host: str) -> None:
        memory = self.folder / "team.json"
        if memory.exists():
            known = msgspec.json.decode(memory.read_bytes())["host"]
            if known != host:
                raise LandingError(
                    f"Team {self.team_id!r} holds data of {known}, and the connection now points to {host}. "
                    f"Give the connection another team_id, or another CURSOR_DATA_DIR, so that two sources never mix."
                )
            return
        write_durably(memory, msgspec.json.encode({"team_id": self.team_id, "host": host}))

    def newest(self, window: Window) -> Manifest | None:
        """The newest complete fetch of the window, or None."""
        folders = sorted(self._window_folder(window).glob("fetch=*"), reverse=True)
        return next(map(Manifest.read, folders), None)

    def manifest(self, relative_path: str) -> Manifest:
        return Manifest.read(self.root / relative_path)

    @contextmanager
    def fetch(
        self, *, is_kept_on: Callable[[BaseException], bool] = lambda _: False
    ) -> Iterator[tuple[FetchWriter, Path]]:
        """A writer and its scratch folder; what was not handed to :meth:`complete` is deleted at the end.

        Unless an error ends it that ``is_kept_on`` says yes to, and its pages were noted: then another fetch can go on
        from there, see :meth:`unfinished`. So it can after a kill.
        """
        scratch = self.folder / f"{secrets.token_hex(8)}{_UNFINISHED}"
        scratch.mkdir(parents=True, mode=0o700)
        writer = FetchWriter(scratch)
        is_kept = False
        try:
            yield writer, scratch
        except BaseException as error:
            is_kept = writer.has_notes and is_kept_on(error)
            raise
        finally:
            try:
                writer.close()
            finally:
                if not is_kept:
                    shutil.rmtree(scratch, ignore_errors=True)

    def complete(
        self,
        writer: FetchWriter,
        scratch: Path,
        *,
        window: Window,
        run_id: str,
        host: str,
        request: dict[str, Any],
        records_announced: int | None,
        started_at: datetime,
        finished_at: datetime,
        cycle_start_at: datetime | None = None,
        first_envelope: dict[str, Any] | None = None,
        last_envelope: dict[str, Any] | None = None,
    ) -> Manifest:
        """Gives the fetch its name. An answer equal to the window's newest one becomes a manifest that points to it.

        Where the newest one's records are damaged or gone since, the fresh ones take their place: all that point there
        are whole again.
        """
        writer.close()
        sync(scratch / RECORDS_NAME)
        fetch_id = f"{started_at.astimezone(UTC):%Y%m%dT%H%M%S%f}Z-{secrets.token_hex(4)}"
        target = self._window_folder(window) / f"fetch={fetch_id}"
        before = self.newest(window)
        before_path = self.root / before.records_path if before is not None else target / RECORDS_NAME
        # Without its folder there is no place for records that a manifest would speak of.
        is_same = before is not None and before.checksum == writer.checksum and before_path.parent.is_dir()
        own_path = str((target / RECORDS_NAME).relative_to(self.root))
        manifest = Manifest(
            format_version=FORMAT_VERSION,
            fetch_id=fetch_id,
            run_id=run_id,
            team_id=self.team_id,
            host=host,
            window=window,
            request=request,
            records_announced=records_announced,
            records_received=writer.records_received,
            pages=writer.pages,
            bytes_received=writer.bytes_received,
            started_at=started_at,
            finished_at=finished_at,
            checksum=writer.checksum,
            records_path=before.records_path if before is not None and is_same else own_path,
            same_records_as=before.fetch_id if before is not None and is_same else None,
            cycle_start_at=cycle_start_at,
            first_envelope=first_envelope or {},
            last_envelope=last_envelope or {},
        )
        # The notes first: without them nobody goes on from records that are not there.
        (scratch / NOTES_NAME).unlink(missing_ok=True)
        if is_same and _is_whole(before_path, writer.checksum, scratch / RECORDS_NAME):
            (scratch / RECORDS_NAME).unlink()
        elif is_same:
            log.warning("%s was damaged or gone; the same answer was fetched again and takes its place.", before_path)
            (scratch / RECORDS_NAME).replace(before_path)
            sync(before_path.parent)
        write_durably(scratch / MANIFEST_NAME, msgspec.json.encode(manifest))
        target.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        scratch.rename(target)
        # The folders of a window, or of an endpoint, may be new as well.
        for folder in (target.parent, target.parent.parent, self.folder):
            sync(folder)
        for overtaken in self.unfinished(window):
            shutil.rmtree(overtaken.folder)
        return manifest

    def manifest_path(self, manifest: Manifest) -> str:
        """The manifest's folder, relative to the landing root."""
        folder = self._window_folder(manifest.window) / f"fetch={manifest.fetch_id}"
        return str(folder.relative_to(self.root))

    def _window_folder(self, window: Window) -> Path:
        return self.folder / f"endpoint={window.endpoint}" / f"window={window.key}"

    def run_file(self, run_id: str) -> Path:
        """Where a run leaves what it fetched and how it ended, for the steps after it."""
        return self.folder / "runs" / f"{quote(run_id, safe='')}.json"

    def run_files(self) -> list[Path]:
        """The files of all runs that fetched for this team."""
        return sorted((self.folder / "runs").glob("*.json"))

    def write_run_file(self, run_id: str, content: bytes) -> Path:
        path = self.run_file(run_id)
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        write_durably(path, content)
        return path


def team_ids(root: Path) -> list[str]:
    """The teams that have a landing folder."""
    return sorted(unquote(folder.name.removeprefix("team=")) for folder in root.glob("team=*"))


def _is_whole(records: Path, checksum: str, fresh: Path) -> bool:
    """Whether the file can be read and its records, as lines, have the checksum, as those of the ``fresh`` one have."""
    found = hashlib.sha256()
    try:
        # Mostly so, and much faster to find out; a fetch that noted its pages is compressed otherwise.
        if filecmp.cmp(records, fresh, shallow=False):
            return True
        with records.open("rb") as file:
            # To the file's end, not to its first frame's: what readers may stumble over behind it is damage too.
            lines = zstandard.ZstdDecompressor().stream_reader(file, read_across_frames=True)
            while chunk := lines.read(_CHUNK_BYTES):
                found.update(chunk)
    except (OSError, zstandard.ZstdError):
        return False
    return found.hexdigest() == checksum


def _changed_at(path: Path) -> float:
    return path.stat().st_mtime if path.exists() else 0.0
