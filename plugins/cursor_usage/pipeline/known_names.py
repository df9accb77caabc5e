"""Which kinds and models the seeds know, by the same rules as the dbt models (``kind_key``, ``int_model_tiers``)."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import yaml

from cursor_usage.pipeline.seeds import seed_rows

_ENUM_PREFIX = "USAGE_EVENT_KIND_"


def kind_key(kind: str) -> str:
    """One key for a kind's label, enum and short form."""
    return re.sub(r"[^A-Z0-9]", "", kind.upper().replace(_ENUM_PREFIX, ""))


def known_kind(seeds: Path) -> Callable[[str], bool]:
    """Whether the kinds seed has a kind, as label or enum."""
    keys = {kind_key(row["kind"]) for row in seed_rows(seeds, "cursor_kinds")}
    return lambda kind: kind_key(kind) in keys


def known_model(seeds: Path, dbt_project: Path) -> Callable[[str], bool]:
    """Whether the tiers seed has a model, or its name without suffixes that are ways to run a model."""
    names = {row["model"].strip().lower() for row in seed_rows(seeds, "model_tiers")}
    variables = yaml.safe_load((dbt_project / "dbt_project.yml").read_text("utf-8"))["vars"]
    suffixes = re.compile(f"-({'|'.join(map(re.escape, variables['model_name_suffixes']))})$")

    def is_known(model: str) -> bool:
        name = model.strip().lower()
        while name not in names:
            shorter = suffixes.sub("", name)
            if shorter == name:
                return False
            name = shorter
        return True

    return is_known
