"""Figures of a gateway's clocks, and its link's latency told apart from the error of its own clock."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import Any, Final

from ovoo_cloud.diagnosis.clocks import ClockFacts, separate
from ovoo_cloud.diagnosis.figures import FigureBook
from ovoo_cloud.diagnosis.usage import LinkFacts

__all__ = ["apart_row", "clock_rows"]

_CLOCK: Final = "clock_hours/1"
_APART: Final = "latency_and_skew/1"


def clock_rows(link: LinkFacts, evidence: Sequence[str], book: FigureBook) -> list[dict[str, Any]]:
    """`network.<gateway>.clock.<source>.*` of every source that a clock was told of, with what is wrong with it."""
    return [_clock(f"network.{link.gateway}.clock.{each.source}", each, evidence, book) for each in link.clocks]


def _clock(stem: str, clock: ClockFacts, evidence: Sequence[str], book: FigureBook) -> dict[str, Any]:
    figures = (("median_ms", clock.median_ms), ("worst_ms", clock.worst_ms), ("drift_ms", clock.drift_ms))
    for name, value in figures:
        book.base(f"{stem}.{name}", value, unit="ms", formula=_CLOCK, evidence=evidence)
    book.base(
        f"{stem}.doubt_ms", clock.doubt_ms, unit="ms", formula=_CLOCK, evidence=evidence,
        reason="" if clock.doubt_ms is not None else "not_told",
    )  # fmt: skip
    return {"source": clock.source, "stem": stem, "zone_h": clock.zone_h, "hours": len(clock.hours)}


def apart_row(link: LinkFacts, evidence: Sequence[str], book: FigureBook) -> dict[str, Any]:
    """`network.<gateway>.latency_ms` and `.skew_ms`: ranges, or unknown where the two cannot be told apart."""
    stem = f"network.{link.gateway}"
    found = None if link.own is None else separate(link.own)
    for name in ("latency_ms", "skew_ms"):
        ends = None if found is None else getattr(found, name)
        book.base(
            f"{stem}.{name}", None, bounds=None if ends is None else (Decimal(ends[0]), Decimal(ends[1])),
            unit="ms", formula=_APART, evidence=evidence if link.own is not None else (),
            reason="not_apart" if ends is None else "clock_bounds",
        )  # fmt: skip
    steps = None if link.own is None else link.own.steps_back
    book.base(
        f"{stem}.steps_back", steps, unit="count", formula=_CLOCK, evidence=evidence if steps is not None else (),
        reason="" if steps is not None else "not_told",
    )  # fmt: skip
    return {"by": "" if found is None else found.by}
