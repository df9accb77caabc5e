"""All marts that the oracle works out: what each of its modules lists in MARTS, beside those of the main job."""

from __future__ import annotations

import importlib
import pkgutil

from tests import oracle
from tests.oracle import marts
from tests.oracle.expected import Expected

MAIN_JOB = {
    "verification_totals": marts.expected_verification_totals,
    "verification_verdicts": marts.expected_verdict,
    "adoption_gaps": marts.expected_adoption_gaps,
    "model_mix": marts.expected_model_mix,
    "model_mix_daily": marts.expected_model_mix_daily,
    "usage_costs": marts.expected_usage_costs,
    "usage_costs_daily": marts.expected_usage_costs_daily,
}


def expected_marts() -> dict[str, Expected]:
    """How each mart's rows are worked out, and what tells them apart, by the mart's name.

    Raises:
        ValueError: two modules list the same mart.
    """
    found = {mart: Expected(rows, marts.KEYS[mart]) for mart, rows in MAIN_JOB.items()}
    for name in sorted(module.name for module in pkgutil.iter_modules(oracle.__path__)):
        if name.startswith("test_"):
            continue
        listed: dict[str, Expected] = getattr(importlib.import_module(f"{oracle.__name__}.{name}"), "MARTS", {})
        for mart, expected in listed.items():
            if found.setdefault(mart, expected) != expected:
                raise ValueError(f"Two modules of the oracle work out {mart}; one of them is tests/oracle/{name}.py")
    return found
