"""What ingest counted since it started."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from ovoo_cloud.stores.base import WriteOutcome

__all__ = ["Counters"]

_log = logging.getLogger(__name__)


@dataclass(slots=True)
class Counters:
    """Monotonic counts; written by the ingest thread, read by anybody.

    known: deliveries that were stored before. waiting: batches whose catalogue is not here yet. refused: messages or
    deliveries by code. last_delivery_ns: when a gateway's last delivery or finding was stored.
    """

    messages: int = 0
    catalogues: int = 0
    deliveries: int = 0
    events: int = 0
    reports: int = 0
    sums: int = 0
    stored: int = 0
    duplicates: int = 0
    shifted: int = 0
    refused_rows: int = 0
    known: int = 0
    waiting: int = 0
    refused: dict[str, int] = field(default_factory=dict)
    last_delivery_ns: dict[str, int] = field(default_factory=dict)

    def refuse(self, code: str, detail: str) -> None:
        """Counts a refusal and logs it."""
        self.refused[code] = self.refused.get(code, 0) + 1
        _log.warning("event=refused code=%s detail=%s", code, detail)

    def take(self, outcomes: Sequence[WriteOutcome], events: int, gateways: Iterable[str], now_ns: int) -> None:
        """Adds what a group stored and from whom."""
        self.events += events
        self.last_delivery_ns.update(dict.fromkeys(gateways, now_ns))
        for outcome in outcomes:
            self.deliveries += 1
            self.stored += outcome.stored
            self.duplicates += outcome.duplicates
            self.shifted += outcome.shifted
            self.refused_rows += outcome.refused
            self.known += outcome.known

    def to_dict(self) -> dict[str, Any]:
        """All counts."""
        return asdict(self)
