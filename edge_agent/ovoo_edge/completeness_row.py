"""An hour's account as a spool row: the same counts for every sink, the losses of each sink apart."""

from __future__ import annotations

import json
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from ovoo_contract.canonical import canonical_json
from ovoo_contract.completeness import MAX_REPORT_BYTES, HourReport, LostInterval
from ovoo_contract.errors import DeliveryError

__all__ = ["ReportRow"]


@dataclass(frozen=True, slots=True)
class ReportRow:
    """What goes into the spool.

    Attributes:
        base: counts, and what never reached the gateway.
        per_sink: samples that came in and will not reach that sink.
    """

    base: HourReport
    per_sink: Mapping[str, tuple[LostInterval, ...]]

    def for_sink(self, sink: str, catalogue_id: str, allowed: bytes, places: Sequence[int]) -> HourReport:
        """The report as one sink may see it.

        Args:
            sink: its name.
            catalogue_id: of the catalogue that is shown to it.
            allowed: 1 for every signal of the whole catalogue that it may see; nothing is said of the others.
            places: by index in the whole catalogue, the index in the one shown.
        """
        base = self.base
        rows = [row for row in base.signals if allowed[row.signal]]
        lost = [*base.lost, *self.per_sink.get(sink, ())]
        shown = [item for item in lost if item.signal is None or allowed[item.signal]]
        return HourReport.of(
            catalogue_id,
            base.hour,
            base.made_ns,
            [
                (places[row.signal], row.expected, row.received, row.backfilled, row.suppressed, row.duplicate)
                for row in rows
            ],
            [item if item.signal is None else replace(item, signal=places[item.signal]) for item in shown],
            len(base.signals) - len(rows),
        )

    def whole(self, sink: str) -> HourReport:
        """The report with nothing left out, for people on the gateway."""
        signals = self.base.signals[-1].signal + 1 if self.base.signals else 0
        return self.for_sink(sink, self.base.catalogue_id, bytes([1]) * signals, range(signals))

    def to_bytes(self) -> bytes:
        """The payload of a spool row."""
        sinks = {name: [_list(item) for item in items] for name, items in self.per_sink.items()}
        return zlib.compress(canonical_json({"report": self.base.to_document(), "sinks": sinks}), 6)

    @classmethod
    def from_bytes(cls, data: bytes) -> ReportRow:
        """Reads `to_bytes`; DeliveryError for anything else."""
        opened = zlib.decompressobj()
        try:
            document = json.loads(opened.decompress(data, 2 * MAX_REPORT_BYTES))
            sinks = {str(name): tuple(_interval(item) for item in items) for name, items in document["sinks"].items()}
            return cls(HourReport.from_document(document["report"]), sinks)
        except (zlib.error, ValueError, KeyError, TypeError, AttributeError) as error:
            raise DeliveryError("not a report row", offender="completeness", remedy=str(error)) from error


def _list(item: LostInterval) -> list[Any]:
    return [item.signal, str(item.start_ns), str(item.end_ns), item.cause, item.count]


def _interval(item: list[Any]) -> LostInterval:
    signal, start_ns, end_ns, cause, count = item
    return LostInterval(signal, int(start_ns), int(end_ns), cause, count)
