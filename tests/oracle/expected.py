"""Which function works out a mart, and what identifies its rows: each module of the oracle lists its marts in MARTS."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from tests.oracle.compare import Row
    from tests.oracle.team import Team


class Expected(NamedTuple):
    """A mart's rows for one team, and the columns that tell them apart."""

    rows: Callable[[Team], list[Row]]
    key_columns: tuple[str, ...]
