"""Pages of one reading asked for before they are wanted, side by side, and handed out in order."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Generic, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine

T = TypeVar("T")

# Of one client, over all its readings. A page of 1,000 events is 0.5 MB, and 16 requests of 300 ms each, these and
# the four that windows wait for, are 3,000 a minute: five times what Cursor allows anybody.
PAGES_AHEAD = 12
# A page of daily usage counts people, not rows, and may have 20 MB.
BYTES_AHEAD = 64 * 1024 * 1024


class AheadBudget:
    """How many pages may be under way, or wait to be taken, beyond the one that each reading waits for.

    Nobody waits for the budget: a reading that finds it used up asks for its next page when it is wanted. So a reading
    that nobody goes on with can hold pages, but hold nobody up.
    """

    def __init__(self, pages: int = PAGES_AHEAD) -> None:
        self._left = pages

    def take(self) -> bool:
        if self._left < 1:
            return False
        self._left -= 1
        return True

    def give_back(self) -> None:
        self._left += 1


class ReadAhead(Generic[T]):
    """The answers of one reading. ``ask`` gets one page and hands failures on as values, not as exceptions."""

    def __init__(self, ask: Callable[[int], Coroutine[None, None, T]], budget: AheadBudget, first_page: int) -> None:
        self._ask = ask
        self._budget = budget
        self._next = first_page
        self._tasks: dict[int, asyncio.Task[T]] = {}

    async def answer(self, number: int) -> T:
        """The answer to the page of this number; numbers are asked for in order."""
        self._next = max(self._next, number + 1)
        task = self._tasks.pop(number, None)
        if task is None:
            return await self._ask(number)
        try:
            return await task
        finally:
            self._budget.give_back()

    def reach_for(self, last_page: int, page_bytes: int) -> None:
        """Asks for the pages up to ``last_page``, as far as the budget goes and ``page_bytes`` each fit in."""
        most = max(BYTES_AHEAD // max(page_bytes, 1), 1)
        while self._next <= last_page and len(self._tasks) < most and self._budget.take():
            self._tasks[self._next] = asyncio.create_task(self._ask(self._next))
            self._next += 1

    async def close(self) -> None:
        """Gives up what nobody has taken."""
        tasks, self._tasks = list(self._tasks.values()), {}
        for task in tasks:
            task.cancel()
            self._budget.give_back()
        # Their outcome is nobody's any more: read here, so that the loop does not complain that nobody did.
        await asyncio.gather(*tasks, return_exceptions=True)
