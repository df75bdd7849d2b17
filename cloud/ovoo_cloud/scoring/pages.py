"""The stored samples of several signals as batches in order of time, in bounded memory."""

from __future__ import annotations

from array import array
from collections.abc import Iterator, Sequence

import numpy as np
from ovoo_contract.address import Address
from ovoo_contract.samples import SampleBatch

from ovoo_cloud.stores.base import Columns
from ovoo_cloud.stores.scoped import ScopedTelemetry

__all__ = ["sample_pages"]


class _Feed:
    """The samples of one signal, a page at a time."""

    def __init__(self, store: ScopedTelemetry, address: Address, window: tuple[int, int], page_rows: int) -> None:
        self._store, self._address, self._window, self._page_rows = store, address, window, page_rows
        self._after: int | None = None
        self._page = Columns.empty()
        self.done = False

    def fill(self) -> None:
        """Asks for the next page when all of the last one has been taken."""
        if self.done or len(self._page):
            return
        self._page = self._store.raw(self._address, *self._window, self._page_rows, self._after)
        self.done = len(self._page) < self._page_rows
        if len(self._page):
            self._after = self.last_ns

    @property
    def last_ns(self) -> int:
        """The time of the page's last sample."""
        return int(self._page.time_ns[-1])

    def take(self, upto_ns: int) -> Columns:
        """The samples up to and including this time."""
        cut = int(np.searchsorted(self._page.time_ns, upto_ns, side="right"))
        page = self._page
        self._page = Columns(page.time_ns[cut:], page.value[cut:], page.quality[cut:])
        return Columns(page.time_ns[:cut], page.value[:cut], page.quality[:cut])


def sample_pages(
    store: ScopedTelemetry, addresses: Sequence[Address], start_ns: int, end_ns: int, page_rows: int
) -> Iterator[SampleBatch]:
    """All samples of [start, end) as batches sorted by (signal, time); signal = place in `addresses`.

    No sample of a batch is older than one of the batch before. At most `page_rows` samples a signal are held. Qualities
    are those stored. Texts are left out: a value that is only a text is absent for models.
    """
    feeds = [_Feed(store, address, (start_ns, end_ns), page_rows) for address in addresses]
    while True:
        for feed in feeds:
            feed.fill()
        # a full page may go on: nothing behind the last sample of the one that ends first is complete
        horizon_ns = min((feed.last_ns for feed in feeds if not feed.done), default=end_ns)
        batch = _batch([feed.take(horizon_ns) for feed in feeds])
        if len(batch):
            yield batch
        elif all(feed.done for feed in feeds):
            return


def _batch(parts: Sequence[Columns]) -> SampleBatch:
    signals = np.repeat(np.arange(len(parts), dtype=np.uint32), [len(part) for part in parts])
    return SampleBatch(
        array("I", signals.tobytes()),
        array("q", b"".join(part.time_ns.tobytes() for part in parts)),
        array("d", b"".join(part.value.tobytes() for part in parts)),
        array("I", b"".join(part.quality.tobytes() for part in parts)),
    )
