"""A runnable stand-in for the Cursor Admin API: a seeded company, the API's quirks, faults on request.

The contract is that of the API as documented and observed; an answer is a pure function of company and clock.
"""

from __future__ import annotations

from tests.cursor_api_simulator.api import DEFAULT_KEY, Access, LoggedRequest
from tests.cursor_api_simulator.clock import Clock
from tests.cursor_api_simulator.company import Company
from tests.cursor_api_simulator.faults import FAULTS, Fault, Faults, Request
from tests.cursor_api_simulator.kinds import KINDS, Category
from tests.cursor_api_simulator.options import CompanyOptions, Quirks
from tests.cursor_api_simulator.server import Simulator

__all__ = [
    "DEFAULT_KEY",
    "FAULTS",
    "KINDS",
    "Access",
    "Category",
    "Clock",
    "Company",
    "CompanyOptions",
    "Fault",
    "Faults",
    "LoggedRequest",
    "Quirks",
    "Request",
    "Simulator",
]
