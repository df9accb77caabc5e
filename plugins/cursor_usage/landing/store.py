"""Every record as it came, compressed, with a manifest per window; never changed once it has its name.

A fetch is written into a folder that ends in ``.partial`` and gets its name by one rename after everything in it has
reached the disk, so a half-written window cannot be mistaken for a whole one.
"""

from __future__ import annotations

import hashlib
import os
import re
import secrets
import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, BinaryIO
from urllib.parse import quote, unquote

import filelock
import msgspec
import zstandard

from cursor_usage.landing.manifest import FORMAT_VERSION, MANIFEST_NAME, RECORDS_NAME, Manifest, Window

_PARTIAL = ".partial"
_LINE_BREAKS = re.compile(rb"[\r\n]+")


class LandingError(Exception):
    """Landing cannot be written or read as asked; the message says what to do."""

    is_retryable = False


class LandingBusyError(LandingError):
    """Another process is fetching the same team."""

    is_retryable = True


class FetchWriter:
    """One window's records on their way to the disk; made by :meth:`Landing.fetch`."""

    def __init__(self, records: BinaryIO) -> None:
        self._compressor = zstandard.ZstdCompressor(level=3).stream_writer(records, closefd=False)
        self._hash = hashlib.sha256()
        self.records_received = 0
        self.pages = 0
        self.bytes_received = 0

    def add_page(self, records: Sequence[bytes | memoryview | msgspec.Raw], size_bytes: int) -> None:
        """Appends one page; ``size_bytes`` is the page's size as received."""
        if records:
            lines = b"\n".join(records)
            if lines.count(b"\n") != len(records) - 1:
                # A line break inside a JSON record can only be white space between tokens; one record is one line.
                lines = b"\n".join(_LINE_BREAKS.sub(b" ", bytes(record)) for record in records)
            lines += b"\n"
            self._hash.update(lines)
            self._compressor.write(lines)
        self.records_received += len(records)
        self.pages += 1
        self.bytes_received += size_bytes

    @property
    def checksum(self) -> str:
        return self._hash.hexdigest()

    def close(self) -> None:
        self._compressor.close()  # type: ignore[no-untyped-call]  # zstandard's stub leaves it out


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
        """Fetches and files that a killed process did not finish."""
        for left_behind in [*self.folder.glob(f"*{_PARTIAL}"), *self.folder.glob(f"runs/*{_PARTIAL}")]:
            if left_behind.is_dir():
                shutil.rmtree(left_behind)
            else:
                left_behind.unlink()

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
        _write_durably(memory, msgspec.json.encode({"team_id": self.team_id, "host": host}))

    def newest(self, window: Window) -> Manifest | None:
        """The newest complete fetch of the window, or None."""
        folders = sorted(self._window_folder(window).glob("fetch=*"), reverse=True)
        return next((Manifest.read(f) for f in folders if not f.name.endswith(_PARTIAL)), None)

    def manifest(self, relative_path: str) -> Manifest:
        return Manifest.read(self.root / relative_path)

    @contextmanager
    def fetch(self) -> Iterator[tuple[FetchWriter, Path]]:
        """A writer and its scratch folder; what was not handed to :meth:`complete` is deleted at the end."""
        scratch = self.folder / f"{secrets.token_hex(8)}{_PARTIAL}"
        scratch.mkdir(parents=True, mode=0o700)
        try:
            with (scratch / RECORDS_NAME).open("wb") as records:
                writer = FetchWriter(records)
                try:
                    yield writer, scratch
                finally:
                    writer.close()
        finally:
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
        """Gives the fetch its name. An answer equal to the window's newest one becomes a manifest that points to it."""
        writer.close()
        _sync(scratch / RECORDS_NAME)
        fetch_id = f"{started_at.astimezone(UTC):%Y%m%dT%H%M%S%f}Z-{secrets.token_hex(4)}"
        target = self._window_folder(window) / f"fetch={fetch_id}"
        before = self.newest(window)
        is_same = before is not None and before.checksum == writer.checksum
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
        if is_same:
            (scratch / RECORDS_NAME).unlink()
        _write_durably(scratch / MANIFEST_NAME, msgspec.json.encode(manifest))
        target.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        scratch.rename(target)
        _sync(target.parent)
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

    def write_run_file(self, run_id: str, content: bytes) -> Path:
        path = self.run_file(run_id)
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        _write_durably(path, content)
        return path


def team_ids(root: Path) -> list[str]:
    """The teams that have a landing folder."""
    return sorted(unquote(folder.name.removeprefix("team=")) for folder in root.glob("team=*"))


def _write_durably(path: Path, content: bytes) -> None:
    scratch = path.with_name(f".{path.name}{_PARTIAL}")
    with scratch.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    scratch.replace(path)
    _sync(path.parent)


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
