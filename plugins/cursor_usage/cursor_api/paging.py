"""When the next page is asked for, and when a server that never stops is stopped."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

from cursor_usage.cursor_api.errors import CursorAnswerError

if TYPE_CHECKING:
    import msgspec

    from cursor_usage.cursor_api.endpoints import EndpointSpec, Page, PagesRead

# Only where the answers announce neither pages nor rows: ten million events.
_MOST_PAGES = 10_000
# Data may arrive while they are read: twice as many and ten more is not that.
_GROWTH_FACTOR = 2
_GROWTH_PAGES = 10


def digest_of(records: msgspec.Raw | memoryview) -> str:
    """What tells two pages' records apart."""
    return hashlib.sha256(records).hexdigest()


class PagingWatch:
    """Judges the pages of one answer in the order they come; ``after``: those that were read before."""

    def __init__(self, spec: EndpointSpec, after: PagesRead | None = None) -> None:
        self._spec = spec
        self._most_pages = 0  # until the first page tells
        self._rows_a_page = 0
        self._digests = set(after.digests) if after else set()
        self._is_silent = False  # the page before said nothing of a next one

    def is_beyond_the_end(self, page: Page) -> bool:
        """Whether the page is none: asked for on suspicion only, and empty or a page that was there before.

        Raises:
            CursorAnswerError: the page repeats, is empty and announces more, or is one more than can be.
        """
        is_repeated = bool(page.records) and page.digest in self._digests
        self._digests.add(page.digest)
        if self._is_silent and (is_repeated or not page.records):
            return True
        if is_repeated:
            raise self._endless(page, f"page {page.number} repeats an earlier page")
        if not page.records and self.has_more(page):
            raise self._endless(page, f"page {page.number} is empty and announces another one")
        if not self._most_pages:
            self._most_pages = _page_bound(page)
            self._rows_a_page = len(page.records)
        if page.number > self._most_pages:
            raise self._endless(page, f"page {page.number} came where {self._most_pages} would be many")
        return False

    def last_announced_page(self, page: Page) -> int:
        """The last page that is sure to be needed, as this one has it; 0 where it does not say.

        Pages and rows are both announced for usage events; the smaller claim is asked for ahead.
        """
        if page.total_pages is None:
            return 0
        of_rows = page.total_pages
        if page.announced_records is not None and self._rows_a_page:
            of_rows = -(-page.announced_records // self._rows_a_page)
        return min(page.total_pages, of_rows, self._most_pages)

    def has_more(self, page: Page) -> bool:
        """Whether to ask for the page after this one."""
        claim = self._claim(page)
        self._is_silent = claim is None
        if claim is not None:
            return claim
        # Rows are at least as many as what pageSize counts, so fewer of them are all there is.
        return self._spec.page_size is not None and len(page.records) >= self._spec.page_size

    def _claim(self, page: Page) -> bool | None:
        if self._spec.page_size is None:
            return False
        if page.has_next_page is not None and (page.total_pages is None or not self._spec.trusts_total_pages):
            return page.has_next_page
        if page.total_pages is None:
            return None
        return bool(page.has_next_page) or page.number < page.total_pages

    def _endless(self, page: Page, what: str) -> CursorAnswerError:
        return CursorAnswerError(
            f"The pages do not end: {what}",
            endpoint=page.endpoint,
            status_code=200,
            next_step="nothing of this answer was kept, run again later and tell Cursor's support where it stays",
        )


def _page_bound(first: Page) -> int:
    pages = first.total_pages
    if pages is None and first.announced_records is not None and first.records:
        pages = -(-first.announced_records // len(first.records))
    return _MOST_PAGES if pages is None else _GROWTH_FACTOR * max(pages, 1) + _GROWTH_PAGES
