"""Counts what many rows cost, signal by signal and hour by hour, without a step in Python for every sample."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from ovoo_contract.catalogue import Catalogue
from ovoo_contract.errors import WireError
from ovoo_contract.samples import SampleBatch
from ovoo_contract.wire import decode_batch

from ovoo_edge.spool_losses import tally, tally_batch
from ovoo_edge.spool_rows import Tally

__all__ = ["LossCount"]

_MOST_SAMPLES: Final = 200_000
Key = tuple[str, ...]


class LossCount:
    """Tallies of lost rows under keys of the caller's choice; batches are gathered, so that signals are counted once.

    Args:
        catalogue_of: catalogue by id; None when it is not known.
    """

    def __init__(self, catalogue_of: Callable[[str], Catalogue | None]) -> None:
        self._catalogue_of = catalogue_of
        self._found: dict[Key, Tally] = {}
        self._waiting: list[SampleBatch] = []
        self._key: tuple[Key, str] = (), ""
        self._samples = 0

    def add(self, key: Key, kind: str, catalogue_id: str, span: tuple[int, int, int], payload: bytes) -> None:
        """A lost row; `span` = (rows, first_ns, last_ns) is what counts when the payload is unreadable."""
        catalogue = self._catalogue_of(catalogue_id)
        batch = _readable(kind, payload, catalogue)
        if batch is None:
            tally(kind, payload, catalogue, span, self._found.setdefault(key, {}))
            return
        if self._key != (key, catalogue_id) or self._samples + len(batch) > _MOST_SAMPLES:
            self._count()
        self._key = key, catalogue_id
        self._waiting.append(batch)
        self._samples += len(batch)

    def close(self) -> dict[Key, Tally]:
        """What was found, by key."""
        self._count()
        return self._found

    def _count(self) -> None:
        key, catalogue_id = self._key
        catalogue = self._catalogue_of(catalogue_id) if self._waiting else None
        if catalogue is not None:
            tally_batch(SampleBatch.concat(self._waiting), catalogue, self._found.setdefault(key, {}))
        self._waiting, self._samples = [], 0


def _readable(kind: str, payload: bytes, catalogue: Catalogue | None) -> SampleBatch | None:
    """The batch, where its signals can be named."""
    if kind != "batch" or catalogue is None:
        return None
    try:
        _, batch = decode_batch(payload)
    except WireError:
        return None
    return batch if max(batch.signal, default=0) < len(catalogue) else None
