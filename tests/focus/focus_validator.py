"""The FinOps Foundation's own validator of FOCUS, in an environment of its own: it wants other packages than we do."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[2]
ENVIRONMENT = REPOSITORY / ".focus-venv"
REQUIREMENTS = Path(__file__).with_name("requirements.txt")
PYTHON_VERSION = "3.12"  # what the validator is made for; it does not install below
SECONDS_TO_INSTALL = 240
A_RULE = re.compile(
    r"^\S+ (?P<rule>[A-Za-z]+-[A-Z]-\d{3}-[A-Z]): (?P<status>PASS|FAIL|SKIPPED)\b(?P<why>.*)$", re.MULTILINE
)


class NotInstallableError(Exception):
    """Why the validator cannot run here, in a sentence."""


@dataclass(frozen=True)
class Verdict:
    """What the validator said of each rule by its id, and why."""

    statuses: Mapping[str, str]
    reasons: Mapping[str, str]

    def failed(self) -> dict[str, str]:
        return {rule: self.reasons[rule] for rule, status in self.statuses.items() if status == "FAIL"}

    def passed(self) -> set[str]:
        return {rule for rule, status in self.statuses.items() if status == "PASS"}


def installed() -> Path:
    """The environment's Python; the environment is made at the first call and when the requirements change.

    Raises NotInstallableError without a Python 3.12 and without a package index.
    """
    python, noted = ENVIRONMENT / "bin" / "python", ENVIRONMENT / REQUIREMENTS.name
    if noted.is_file() and noted.read_text() == REQUIREMENTS.read_text():
        return python
    base = next(_pythons(), None)
    if base is None:
        raise NotInstallableError(f"focus-validator needs Python {PYTHON_VERSION}, and none was found here.")
    shutil.rmtree(ENVIRONMENT, ignore_errors=True)
    subprocess.run([str(base), "-m", "venv", str(ENVIRONMENT)], check=True, capture_output=True)
    pip = [str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--requirement"]
    try:
        done = subprocess.run(
            [*pip, str(REQUIREMENTS)], capture_output=True, text=True, check=False, timeout=SECONDS_TO_INSTALL
        )
    except subprocess.TimeoutExpired as error:
        raise NotInstallableError(f"focus-validator was not installed within {SECONDS_TO_INSTALL} s.") from error
    if done.returncode:
        said = [line for line in done.stderr.splitlines() if line.startswith("ERROR")]
        raise NotInstallableError(f"focus-validator could not be installed: {said[-1] if said else 'pip failed'}.")
    shutil.copyfile(REQUIREMENTS, noted)
    return python


def validated(file: Path, folder: Path, *criteria: str) -> Verdict:
    """What the validator says of a CSV or Parquet file by FOCUS 1.2; ``criteria``: what the provider says it supports.

    The exit code says whether it ran, not whether the file passed: the rules are read off its report.
    """
    python = installed()
    # It looks for its currency codes below the working folder (focus_validator pull request 112), and logs there.
    package = next((ENVIRONMENT / "lib").glob("python*/site-packages/focus_validator"))
    link = folder / package.name
    if not link.exists():
        link.symlink_to(package)
    command = [str(python), "-m", "focus_validator.main", "--data-file", str(file), "--validate-version", "1.2"]
    command += ["--block-download", "--show-violations"]
    if criteria:
        command += ["--applicability-criteria", ",".join(criteria)]
    done = subprocess.run(
        command,
        cwd=folder,
        env={**os.environ, "PYTHONIOENCODING": "utf-8", "PYTHONPATH": ""},
        capture_output=True,
        text=True,
        encoding="utf-8",
        check=False,
    )
    found = {match["rule"]: match for match in A_RULE.finditer(done.stdout)}
    assert done.returncode == 0, done.stderr
    assert found, done.stdout + done.stderr
    return Verdict(
        {rule: match["status"] for rule, match in found.items()},
        {rule: match["why"].strip() for rule, match in found.items()},
    )


def _pythons() -> Iterator[Path]:
    """Interpreters of the version, on the path and below pyenv, that answer: pyenv's shims may not."""
    name = f"python{PYTHON_VERSION}"
    candidates = [Path(found)] if (found := shutil.which(name)) else []
    pyenv = Path(os.environ.get("PYENV_ROOT", "~/.pyenv")).expanduser()
    candidates += sorted(pyenv.glob(f"versions/{PYTHON_VERSION}*/bin/{name}"))
    for candidate in candidates:
        if subprocess.run([str(candidate), "-c", ""], capture_output=True, check=False).returncode == 0:
            yield candidate
