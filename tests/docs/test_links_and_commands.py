"""Links of the documents lead somewhere, and the commands that they name are there."""

from __future__ import annotations

import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from airflow.cli import cli_parser

from cursor_usage.settings import PROJECT_DIR
from tests.docs.pages import PAGES, all_blocks, anchors, inline, targets

# Programs that this project does not install, with the reason why a page names them.
OTHERS_PROGRAMS = {
    "docker": "Compose is one way to run it",
    "duckdb": "DuckDB's command line, one of the tools of docs/bi.md",
    "git": "how the project is had",
}
BIN = Path(sys.executable).parent
# Of a command of Airflow's: a group and what it does.
LONGEST_NAME = 2


def id_of(page: Path) -> str:
    return str(page.relative_to(PROJECT_DIR))


def make_targets() -> set[str]:
    return set(re.findall(r"^([a-z][a-z-]*):", (PROJECT_DIR / "Makefile").read_text(), flags=re.MULTILINE))


def make_variables() -> set[str]:
    """What a command line may set: whatever the Makefile's recipes read."""
    text = (PROJECT_DIR / "Makefile").read_text()
    return set(re.findall(r"\$\((?:value )?([A-Z_]+)\)", text)) | set(
        re.findall(r"\$\((?:if|or) \$\(([A-Z_]+)\)", text)
    )


def commands() -> list[tuple[str, list[str]]]:
    """Each command of the shell blocks, as where it stands and its words; comments are left out."""
    lines = ((block.where, line) for block in all_blocks("sh") for line in block.text.replace("\\\n", " ").splitlines())
    return [(where, words) for where, line in lines if (words := shlex.split(line, comments=True))]


@pytest.mark.parametrize("page", PAGES, ids=id_of)
def test_every_link_leads_to_a_file_and_a_heading(page: Path) -> None:
    broken = []
    for line, target in targets(page):
        if re.match(r"[a-z]+:", target):
            continue
        path, _, anchor = target.partition("#")
        file = (page.parent / path).resolve() if path else page
        if not file.exists():
            broken.append(f"line {line}: {target}, there is no such file")
        elif anchor and file.suffix == ".md" and anchor not in anchors(file):
            broken.append(f"line {line}: {target}, there is no such heading")
    assert broken == []


@pytest.mark.parametrize("page", PAGES, ids=id_of)
def test_every_make_command_that_is_named_is_a_target(page: Path) -> None:
    spans = [(line, part.content) for line, part in inline(page) if part.type == "code_inline"]
    wrong = []
    for line, span in spans:
        for target, rest in re.findall(r"\bmake ([a-z][a-z-]*)((?: [A-Z_]+=\S*)*)", span):
            if target not in make_targets():
                wrong.append(f"line {line}: make {target}")
            wrong += [
                f"line {line}: {name}="
                for name in re.findall(r"([A-Z_]+)=", rest)
                if name not in make_variables() | {"PYTHON"}
            ]
    assert wrong == []


def test_every_command_of_a_shell_block_is_there() -> None:
    found = commands()
    assert len(found) > 10
    wrong = []
    for where, [program, *arguments] in found:
        if program == "make":
            names = [word for word in arguments if "=" not in word]
            set_there = {word.partition("=")[0] for word in arguments if "=" in word}
            if not set(names) <= make_targets() or not set_there <= make_variables():
                wrong.append(f"{where}: make {' '.join(arguments)}")
        elif program.startswith(".venv/bin/"):
            if not (BIN / Path(program).name).exists():
                wrong.append(f"{where}: {program} is not installed")
            wrong += [f"{where}: {word}" for word in arguments if "/" in word and not (PROJECT_DIR / word).exists()]
        elif program not in OTHERS_PROGRAMS and shutil.which(program) is None and not (BIN / program).exists():
            wrong.append(f"{where}: {program} is neither installed nor explained")
    assert wrong == []


def test_airflow_takes_the_commands_that_are_written_down() -> None:
    written = [(where, words[1:]) for where, words in commands() if words[0] == "airflow"]
    written += [
        (f"{id_of(page)}:{line}", shlex.split(part.content)[1:])
        for page in PAGES
        for line, part in inline(page)
        if part.type == "code_inline" and part.content.startswith("airflow ") and "…" not in part.content
    ]
    assert written
    parser = cli_parser.get_parser()
    for where, arguments in written:
        # What is named without its arguments (`airflow standalone`, `airflow backfill create`) is asked what it wants.
        is_name = not any(word.startswith("-") for word in arguments) and len(arguments) <= LONGEST_NAME
        try:
            parser.parse_args([*arguments, "--help"] if is_name else arguments)
        except SystemExit as ended:
            if ended.code != 0:
                pytest.fail(f"{where}: airflow {' '.join(arguments)} is not taken")


def test_the_makefile_lists_every_target_with_what_it_does() -> None:
    told = subprocess.run(["make", "help"], cwd=PROJECT_DIR, capture_output=True, text=True, check=True).stdout
    phony = re.search(r"^\.PHONY: (.*)$", (PROJECT_DIR / "Makefile").read_text(), flags=re.MULTILINE)
    assert phony is not None
    assert set(re.findall(r"^  make ([a-z-]+) ", told, flags=re.MULTILINE)) == set(phony[1].split())
