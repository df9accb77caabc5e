from __future__ import annotations

import os
import signal
import subprocess
import sys
import textwrap
import time

import pytest

PARENT = """
    import signal, subprocess, sys, time
    from pathlib import Path

    folder = Path({folder!r})
    # Stands for the scheduler: it must hear the parent's SIGTERM and nothing else.
    part = subprocess.Popen([sys.executable, "-c", {part!r}])
    while not (folder / "part").exists():
        time.sleep(0.01)
    (folder / "ready").touch()
    try:
        time.sleep(60)
    except KeyboardInterrupt:
        part.terminate()
        part.wait()
        (folder / "stopped in order").touch()
        {afterwards}
"""
PART = """
import signal, time
from pathlib import Path

folder = Path({folder!r})
signal.signal(signal.SIGINT, lambda *_: (folder / "part heard SIGINT").touch())
(folder / "part").touch()
time.sleep(60)
"""
RUNNER = """
import sys
import cursor_usage.console.airflow_home as airflow_home

airflow_home.STOP_WAIT_SECONDS = 2.0
raise SystemExit(airflow_home.run_until_stopped([sys.executable, "-c", sys.argv[1]], {}))
"""


def started(folder, afterwards="pass"):
    part = PART.format(folder=str(folder))
    parent = textwrap.dedent(PARENT).format(folder=str(folder), part=part, afterwards=afterwards)
    runner = subprocess.Popen([sys.executable, "-c", RUNNER, parent], start_new_session=True)
    deadline = time.monotonic() + 60
    while not (folder / "ready").exists():
        assert time.monotonic() < deadline
        assert runner.poll() is None
        time.sleep(0.02)
    return runner


@pytest.mark.parametrize("stop", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_only_the_parent_hears_of_a_stop_and_ends_its_parts(tmp_path, stop):
    runner = started(tmp_path)
    os.killpg(runner.pid, stop)  # as a terminal does
    assert runner.wait(30) == 0
    assert (tmp_path / "stopped in order").exists()
    assert not (tmp_path / "part heard SIGINT").exists()


def test_what_does_not_end_in_time_is_killed(tmp_path):
    runner = started(tmp_path, afterwards="(folder / 'pid').write_text(str(__import__('os').getpid())); time.sleep(60)")
    os.killpg(runner.pid, signal.SIGINT)
    assert runner.wait(30) == 0
    with pytest.raises(ProcessLookupError):
        os.kill(int((tmp_path / "pid").read_text()), 0)


def test_the_status_of_a_start_that_failed_is_handed_on():
    done = subprocess.run([sys.executable, "-c", RUNNER, "raise SystemExit(3)"], check=False)
    assert done.returncode == 3
