"""docs/operate.md has every sentence with which this project stops, and no sentence that it never says."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from cursor_usage.settings import PROJECT_DIR

PACKAGE = PROJECT_DIR / "plugins" / "cursor_usage"
PAGE = PROJECT_DIR / "docs" / "operate.md"
GAP = "…"
# What an error's class is called, and the functions that put a sentence together, with the words that they begin with.
ENDINGS = ("Error", "Exception", "SystemExit")
HELPERS = {
    "_error": "The connection ",
    "_bad": "The Base URL (host) of the connection ",
    "_bad_limit": "requests_per_minute ",
    "_endless": "The pages do not end: ",
}
# Functions that return a sentence or its end, as file and name.
WORDS_OF = {
    ("cursor_api/transport_errors.py", "_what_happened"),
    ("cursor_api/answers.py", "_refusal"),
    ("hooks/lookup.py", "_json_problem"),
    ("warehouse/connection.py", "_unusable"),
}
# Variables that hold the end of a sentence.
WORDS_IN = {("cursor_api/transport_errors.py", "what"), ("hooks/lookup.py", "problem")}
# Mistakes of whoever calls the package's functions: no user sees them.
OF_PROGRAMMERS = {
    "This client is in use already",
    "Use the client in an `async with`",
    "A key is not to be pickled",
    "A page came for a fetch that is closed.",
    f"an instant without a time zone was given: {GAP}",
    f"{GAP} is no query.",
}
# Said by others than this package, and met by its users.
OF_OTHERS = {"database is locked"}
# The beginnings alone, which HELPERS gives to each of the ends.
BEGINNINGS = {f"{words}{GAP}" for words in HELPERS.values()}
# The page in Airflow says its own problems, each with its next step.
HAS_OWN_PROBLEMS = "ui"
FEWEST_LETTERS = 8


class Said(NamedTuple):
    where: str
    sentence: str


def text_of(node: ast.AST) -> str | None:
    """A literal or an f-string, with a gap for each value."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return node.value
    if isinstance(node, ast.JoinedStr):
        parts = (part.value if isinstance(part, ast.Constant) else GAP for part in node.values)
        return re.sub(f"{GAP}+", GAP, "".join(map(str, parts)))
    return None


def literals_in(node: ast.AST) -> Iterator[str]:
    """The texts below a node, an f-string as one."""
    text = text_of(node)
    if text is not None:
        yield text
        return
    for child in ast.iter_child_nodes(node):
        yield from literals_in(child)


def sentences() -> list[Said]:
    found = []
    for path in sorted(PACKAGE.rglob("*.py")):
        file = path.relative_to(PACKAGE).as_posix()
        if file.split("/")[0] == HAS_OWN_PROBLEMS:
            continue
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            found += [Said(f"{file}:{node.lineno}", text) for text in said_by(file, node)]  # type: ignore[attr-defined]  # what says something has a line
    return [said for said in found if said.sentence not in BEGINNINGS and is_sentence(said.sentence)]


def said_by(file: str, node: ast.AST) -> Iterator[str]:
    if isinstance(node, ast.Call):
        name = getattr(node.func, "id", getattr(node.func, "attr", ""))
        if name in HELPERS or name.endswith(ENDINGS):
            # Of a helper the first argument may be the connection's id; its words are the first that has any.
            texts = (list(literals_in(argument)) for argument in node.args)
            yield from (HELPERS.get(name, "") + text for text in next(filter(None, texts), ()))
    elif isinstance(node, ast.FunctionDef) and (file, node.name) in WORDS_OF:
        body = node.body[1:] if ast.get_docstring(node) else node.body
        yield from (text for part in body for text in literals_in(part) if len(text.split()) > 1)
    elif isinstance(node, ast.Assign) and (file, getattr(node.targets[0], "id", "")) in WORDS_IN:
        yield from literals_in(node.value)
    elif isinstance(node, ast.ClassDef) and node.name.endswith(ENDINGS):
        for part in node.body:
            target = part.target if isinstance(part, ast.AnnAssign) else getattr(part, "targets", [None])[0]
            if getattr(target, "id", "") == "usual_message":
                yield from literals_in(part)


def is_sentence(text: str) -> bool:
    return " " in text.strip() and sum(character.isalpha() for character in text) >= FEWEST_LETTERS


def told() -> list[str]:
    """The code spans in the first column of the tables below *Troubleshooting*."""
    section = PAGE.read_text(encoding="utf-8").split("\n## Troubleshooting\n")[1].split("\n## ")[0]
    rows = [line for line in section.splitlines() if line.startswith("| `")]
    return [span for row in rows for span in re.findall(r"`([^`]+)`", row.split(" | ")[0])]


def covers(span: str, sentence: str) -> bool:
    """Whether what is told is the sentence or a part of it; a gap stands for anything, none included."""
    parts = [re.escape(part.strip()) for part in span.split(GAP)]
    return re.search(r".*".join(parts), sentence.replace("`", ""), flags=re.DOTALL | re.IGNORECASE) is not None


def test_every_sentence_that_stops_something_is_told_with_its_mend() -> None:
    found, spans = sentences(), told()
    assert len(found) > 80
    missing = [
        f"{said.where}: {said.sentence}"
        for said in found
        if said.sentence not in OF_PROGRAMMERS and not any(covers(span, said.sentence) for span in spans)
    ]
    assert missing == [], "docs/operate.md, Troubleshooting, does not have these"


def test_no_sentence_is_told_that_is_never_said() -> None:
    said = [said.sentence for said in sentences()]
    never = [span for span in told() if span not in OF_OTHERS and not any(covers(span, one) for one in said)]
    assert never == [], "docs/operate.md, Troubleshooting, has these, and nothing says them"


def test_what_programmers_alone_see_is_still_said_somewhere() -> None:
    assert OF_PROGRAMMERS - {said.sentence for said in sentences()} == set()


def test_a_sentence_is_covered_by_its_own_words_only() -> None:
    assert covers("Team … failed: …", f"Team {GAP} failed: {GAP}")
    assert not covers("The disk is full.", "The disk is empty.")
    assert Path(PAGE).name == "operate.md"
