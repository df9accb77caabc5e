"""Runs dbt for a test in a fork of a process that has imported dbt and parsed the project already.

A build of some seconds begins with ten more of importing and parsing, the same for each test. Each invocation is a
process of its own all the same, with an environment, a directory and an output of its own, and reads the
warehouse anew.
"""

from __future__ import annotations

import atexit
import json
import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import IO, Any


class DbtServer:
    """One process for a test worker; ``run`` waits for its answer."""

    def __init__(self) -> None:
        self._process = subprocess.Popen(
            [sys.executable, __file__], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        atexit.register(self._process.kill)

    def run(
        self, arguments: Sequence[str], environment: Mapping[str, str], folder: Path, parsed: Path | None
    ) -> tuple[int, str]:
        """The exit code and what was printed. ``parsed``: the project whose manifest need not be made again."""
        request = {
            "arguments": list(arguments),
            "environment": dict(environment),
            "folder": str(folder),
            "parsed": parsed and str(parsed),
        }
        print(json.dumps(request), file=self._stream(self._process.stdin), flush=True)
        answer = json.loads(self._stream(self._process.stdout).readline())
        output = Path(answer["output"])
        try:
            return answer["return_code"], output.read_text()
        finally:
            output.unlink()

    @staticmethod
    def _stream(stream: IO[str] | None) -> IO[str]:
        assert stream is not None
        return stream


@cache
def server() -> DbtServer:
    """This test worker's."""
    return DbtServer()


def _serve() -> None:
    from dbt.cli.main import dbtRunner  # noqa: PLC0415  # seconds, and only this process needs it

    manifests: dict[str, Any] = {}
    for line in sys.stdin:
        request = json.loads(line)
        output = Path(request["folder"]) / f"dbt_output_{os.getpid()}.txt"
        parsed = request["parsed"]
        if parsed and parsed not in manifests:
            manifests[parsed] = _parse(dbtRunner, request)
        child = os.fork()
        if child == 0:
            _become(request, output)
            result = dbtRunner(manifest=manifests.get(parsed)).invoke(request["arguments"])
            if result.exception is not None:
                sys.stdout.write(f"{result.exception}\n")
            sys.stdout.flush()
            # No exit handlers: they are the parent's.
            os._exit(0 if result.success else 1)
        _, status = os.waitpid(child, 0)
        answer = {"return_code": os.waitstatus_to_exitcode(status), "output": str(output)}
        sys.stdout.write(json.dumps(answer) + "\n")
        sys.stdout.flush()


def _become(request: dict[str, Any], output: Path) -> None:
    """This process is the test's: its environment, its directory, its output."""
    os.environ.clear()
    os.environ.update(request["environment"])
    os.chdir(request["folder"])
    file = os.open(output, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
    os.dup2(file, sys.stdout.fileno())
    os.dup2(file, sys.stderr.fileno())


def _parse(runner: Any, request: dict[str, Any]) -> Any:
    """The project's manifest, by a fork: its parser keeps threads, and a fork of a process with threads hangs."""
    from dbt.contracts.graph.manifest import Manifest  # noqa: PLC0415  # only this process needs it

    arguments = request["arguments"]
    target = Path(request["folder"]) / "dbt_parsed"
    child = os.fork()
    if child == 0:
        _become(request, Path(request["folder"]) / "dbt_parse.txt")
        places = arguments[arguments.index("--project-dir") : arguments.index("--target-path")]
        result = runner().invoke(["parse", *places, "--target-path", str(target)])
        os._exit(0 if result.success else 1)
    os.waitpid(child, 0)
    manifest = Manifest.from_msgpack((target / "partial_parse.msgpack").read_bytes())
    # dbt does it after parsing; tests of the project read `graph`.
    manifest.build_flat_graph()
    return manifest


if __name__ == "__main__":
    _serve()
