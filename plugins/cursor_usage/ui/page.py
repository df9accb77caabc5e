"""The page: all sections of one team and window, and which tables can be had as CSV."""

from __future__ import annotations

import logging
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import fields, is_dataclass, replace
from types import MappingProxyType
from typing import TypeVar, cast

from cursor_usage.ui.choice import Choice
from cursor_usage.ui.published import OTHER_VERSION, OtherVersionError, ProblemError, PublishedFile
from cursor_usage.ui.sections import access, attribution, cost, freshness, models, overage, seats, tokens, verdict
from cursor_usage.ui.tables import TableQuery
from cursor_usage.ui.view import Link, Page, Section, Table

log = logging.getLogger(__name__)

_Data = TypeVar("_Data")
# Sentences of the marts name addresses too: the one with the widest difference, say.
_ADDRESS = re.compile(r"[^\s()<>,;]+@[^\s()<>,;]*[^\s()<>,;.]")

SECTIONS: tuple[tuple[str, str, Callable[[PublishedFile, Choice], Section]], ...] = (
    ("verdict", "Verdict", verdict.make),
    ("cost", "Cost", cost.make),
    ("seats", "Seats", seats.make),
    ("overage", "Overage ahead", overage.make),
    ("models", "Models", models.make),
    ("tokens", "Tokens", tokens.make),
    ("attribution", "Attribution", attribution.make),
    ("freshness", "Freshness", freshness.make),
    ("access", "Key access", access.make),
)
TABLES: Mapping[str, Callable[[Choice], TableQuery]] = MappingProxyType(
    {
        "totals": verdict.totals,
        "causes": verdict.causes,
        "costs": cost.costs,
        "reclaim": seats.reclaim,
        "developers_models": models.developers_models,
        "savings": models.savings,
        "missing": attribution.missing,
        "restatements": freshness.restatements,
        "endpoints": access.endpoints,
    }
)


def make_page(marts: PublishedFile, choice: Choice, *, links: Sequence[Link] = ()) -> Page:
    """All sections, from queries on the published marts only.

    Without people (``choice.has_people``), tables whose rows are of single people are left out as a whole: without a
    name, a row of figures still tells who it is to those who know the team. In all other texts an e-mail address is "an
    address".

    Raises:
        ProblemError: the file cannot say what was published and with which verdict.
    """
    published = marts.row("select run_id, published_at from publications limit 1")
    if published is None:
        raise ProblemError(OTHER_VERSION)
    said = marts.row("select verdict, sentence from verification_verdicts where team_id = ?", [choice.team_id]) or {}
    sections = tuple(_section(marts, choice, key, title, make) for key, title, make in SECTIONS)
    headline = said.get("sentence", "There is no verdict for this team.")
    return Page(
        team_id=choice.team_id,
        window=choice.window,
        headline=headline if choice.has_people else _without_addresses(headline),
        tone=verdict.TONES.get(said.get("verdict", ""), "neutral"),
        run_id=published["run_id"],
        published_at=published["published_at"],
        newest_loaded_date=choice.newest_loaded_date,
        sections=sections if choice.has_people else tuple(_without_people(section) for section in sections),
        team_ids=choice.team_ids,
        windows=choice.windows,
        links=tuple(links),
        parameters=_parameters(sections, choice),
        has_people=choice.has_people,
    )


def _section(
    marts: PublishedFile, choice: Choice, key: str, title: str, make: Callable[[PublishedFile, Choice], Section]
) -> Section:
    try:
        return make(marts, choice)
    except OtherVersionError:
        # An older file still shows what it has.
        log.warning("the section %s needs a mart that the published file lacks", key)
        return Section(
            key=key,
            title=title,
            lead="The published marts are of another version and cannot say this. Run the DAG once more.",
            tone="warning",
        )


def _without_people(section: Section) -> Section:
    kept = tuple(table for table in section.tables if not _is_of_people(table))
    return _without_addresses(replace(section, tables=kept))


def _without_addresses(value: _Data) -> _Data:
    """The same plain data with every address in its texts replaced."""
    changed: object = value
    if isinstance(value, str):
        changed = _ADDRESS.sub("an address", value)
    elif isinstance(value, tuple):
        changed = tuple(_without_addresses(each) for each in value)
    elif is_dataclass(value) and not isinstance(value, type):
        changed = replace(value, **{each.name: _without_addresses(getattr(value, each.name)) for each in fields(value)})
    return cast("_Data", changed)


def _is_of_people(table: Table) -> bool:
    return any(column.is_person for column in table.columns)


def _parameters(sections: Sequence[Section], choice: Choice) -> dict[str, str]:
    """The tables' order and page as the address has them, cleaned of what no table knows."""
    parameters: dict[str, str] = {}
    for section in sections:
        for table in section.tables:
            if table.key not in choice.tables:
                continue
            if choice.tables[table.key].sort is not None:
                parameters[f"{table.key}.sort"] = f"{'-' if table.is_descending else ''}{table.sort}"
            if table.page > 1:
                parameters[f"{table.key}.page"] = str(table.page)
    return parameters
