"""Reproducible draws: integers only, so that every machine and every numpy version draws the same company."""

from __future__ import annotations

from hashlib import blake2b
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

Ints = np.ndarray[Any, np.dtype[np.int64]]
Flags = np.ndarray[Any, np.dtype[np.bool_]]

PARTS_PER_MILLION = 1_000_000
_SEGMENT_BITS = 28
_SEGMENTS = 16


def number_of(*names: object) -> int:
    """A 64-bit number that depends on nothing but the names."""
    text = "\x1f".join(str(name) for name in names)
    return int.from_bytes(blake2b(text.encode(), digest_size=8).digest(), "little")


def _splitmix64(values: np.ndarray[Any, np.dtype[np.uint64]]) -> np.ndarray[Any, np.dtype[np.uint64]]:
    """https://prng.di.unimi.it/splitmix64.c, the finaliser; uint64 arithmetic wraps on purpose."""
    values = (values ^ (values >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    values = (values ^ (values >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return values ^ (values >> np.uint64(31))


class Draws:
    """Columns of `size` draws; a column depends on the scope, its name and the row number only."""

    def __init__(self, size: int, *scope: object) -> None:
        self._scope = scope
        self._steps = np.arange(1, size + 1, dtype=np.uint64) * np.uint64(0x9E3779B97F4A7C15)

    def u32(self, column: str) -> Ints:
        """Uniform in [0, 2**32)."""
        mixed = _splitmix64(self._steps + np.uint64(number_of(*self._scope, column)))
        return (mixed >> np.uint64(32)).astype(np.int64)

    def below(self, column: str, limit: int | Ints) -> Ints:
        """Uniform in [0, limit); `limit` at most 2**31."""
        result: Ints = (self.u32(column) * limit) >> 32
        return result

    def ppm(self, column: str) -> Ints:
        return self.below(column, PARTS_PER_MILLION)

    def chance(self, column: str, share: float) -> Flags:
        """True for about this share (0 to 1) of the rows."""
        result: Flags = self.ppm(column) < share_ppm(share)
        return result

    def quantiles(self, column: str, knots: Sequence[int] | Ints) -> Ints:
        """Values whose 0/16, 1/16 … 16/16 quantiles are the 17 knots; rows of knots may differ: shape (size, 17)."""
        u = self.u32(column)
        segment = u >> _SEGMENT_BITS
        fraction = u & ((1 << _SEGMENT_BITS) - 1)
        table = np.asarray(knots, dtype=np.int64)
        if table.shape[-1] != _SEGMENTS + 1:
            message = f"{_SEGMENTS + 1} knots are needed"
            raise ValueError(message)
        if table.ndim == 1:
            low, high = table[segment], table[segment + 1]
        else:
            rows = np.arange(len(u))
            low, high = table[rows, segment], table[rows, segment + 1]
        result: Ints = low + (((high - low) * fraction) >> _SEGMENT_BITS)
        return result


def share_ppm(share: float) -> int:
    """A share of 0 to 1 in parts per million."""
    return round(share * PARTS_PER_MILLION)
