"""The score of a signal, a machine and a site: exact fractions, a range where evidence is missing."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import ROUND_HALF_EVEN, Context, Decimal
from fractions import Fraction
from typing import Final

from ovoo_cloud.diagnosis.usage import LinkFacts
from ovoo_cloud.readiness.clock_faults import clock_faults, clock_share
from ovoo_cloud.readiness.limits import PARTS, Limits
from ovoo_cloud.readiness.signal_facts import SignalFacts, is_number

__all__ = ["LinkState", "Parts", "Span", "link_state", "machine_parts", "score_parts", "weighted"]

_FULL: Final = Fraction(100)
_CONTEXT: Final = Context(prec=28, rounding=ROUND_HALF_EVEN)


@dataclass(frozen=True, slots=True)
class Span:
    """Points from `low` to `high`, 0 to 100."""

    low: Fraction
    high: Fraction

    @classmethod
    def of(cls, points: Fraction) -> Span:
        """One value, held between 0 and 100."""
        held = max(Fraction(0), min(_FULL, points))
        return cls(held, held)

    def decimals(self) -> tuple[Decimal, Decimal]:
        """Both ends as decimals of 28 digits."""
        return _decimal(self.low), _decimal(self.high)


_OPEN: Final = Span(Fraction(0), _FULL)

Parts = Mapping[str, Span | None]
"""Points by part of the score; None where a part does not apply."""


@dataclass(frozen=True, slots=True)
class LinkState:
    """What the gateways of a site tell of all its signals: worst clock error, repeated rows. None is not told.

    `clock_share`: points, 0 to 1, of the clocks over all hours of the window; None where no hours were kept, then
    `offset_ms`, the last word, stands for them. `faults`: what is wrong with clocks, as causes.
    """

    offset_ms: int | None
    duplicate_share: Fraction | None
    clock_share: Fraction | None = None
    faults: tuple[str, ...] = ()

    @property
    def formula(self) -> str:
        """Id of the formula by which points are made."""
        return "readiness/1" if self.clock_share is None else "readiness/2"


def link_state(links: Iterable[LinkFacts], site: str, limit_ms: int = 1000) -> LinkState:
    """The state of the gateways that serve a site; a clock within `limit_ms` is right."""
    own = [link for link in links if site in link.sites]
    clocks = [clock for link in own for clock in link.clocks]
    offsets = [abs(link.offset_ms) for link in own if link.offset_ms is not None]
    stored = sum(link.stored or 0 for link in own)
    repeated = sum(link.duplicates or 0 for link in own)
    share = Fraction(repeated, stored + repeated) if stored + repeated else None
    return LinkState(
        max(offsets, default=None), share, clock_share(clocks, limit_ms), clock_faults(own, clocks, limit_ms)
    )


def score_parts(facts: SignalFacts, state: LinkState, limits: Limits) -> dict[str, Span | None]:
    """Points of every part for one signal, by the formulas of docs/reference/indicators.md."""
    silent = not facts.samples
    return {
        "coverage": Span.of(_share(facts.covered, facts.minutes)),
        "continuity": Span.of(_FULL - _share(facts.longest_min, limits.gap_min)),
        "clock": _clock(facts, state, limits),
        "movement": _movement(facts),
        "plausibility": _plausibility(facts),
        "quality": _OPEN if silent else Span.of(_share(facts.good, facts.samples)),
        "order": _OPEN if silent else _order(facts, state),
        "catalogue": Span.of(_share(facts.checks - len(facts.missing), facts.checks)),
    }


def _share(part: int, whole: int) -> Fraction:
    return Fraction(100 * part, whole) if whole else Fraction(0)


def _clock(facts: SignalFacts, state: LinkState, limits: Limits) -> Span:
    """Half for samples whose time nobody doubts, half for the clock error that the gateways report."""
    rows = _OPEN if not facts.samples else Span.of(_FULL - _share(facts.clock_flagged, facts.samples))
    error = _OPEN
    if state.clock_share is not None:
        error = Span.of(_FULL * state.clock_share)
    elif state.offset_ms is not None:
        error = Span.of(_FULL * limits.clock_ms / max(limits.clock_ms, state.offset_ms))
    return Span((rows.low + error.low) / 2, (rows.high + error.high) / 2)


def _movement(facts: SignalFacts) -> Span | None:
    if facts.told_ns:
        return Span.of(_FULL - _share(facts.flat_ns, facts.told_ns))
    return _OPEN if facts.entry.type == "float" and not facts.samples else None


def _plausibility(facts: SignalFacts) -> Span | None:
    """0 for a unit that looks mistaken, else the share of values in range; open where no range is known."""
    if not is_number(facts.entry):
        return None
    if facts.plausibility.suspects:
        return Span.of(Fraction(0))
    if not facts.values or not facts.plausibility.ranged:
        return _OPEN
    return Span.of(_FULL - _share(facts.plausibility.outside, facts.values))


def _order(facts: SignalFacts, state: LinkState) -> Span:
    shifted = _share(facts.shifted, facts.samples)
    return Span.of(_FULL - shifted - _FULL * (state.duplicate_share or 0))


def machine_parts(signals: Sequence[Parts]) -> dict[str, Span | None]:
    """The mean of every part over the signals to which it applies."""
    result: dict[str, Span | None] = {}
    for part in PARTS:
        own = [span for each in signals if (span := each[part]) is not None]
        count = len(own)
        result[part] = (
            Span(sum((s.low for s in own), Fraction(0)) / count, sum((s.high for s in own), Fraction(0)) / count)
            if own
            else None
        )
    return result


def weighted(parts: Parts, limits: Limits) -> Span:
    """The weighted mean of the parts that apply."""
    own = [(span, Fraction(limits.weights[part])) for part, span in parts.items() if span is not None]
    total = sum((weight for _, weight in own), Fraction(0))
    low = sum((span.low * weight for span, weight in own), Fraction(0)) / total
    high = sum((span.high * weight for span, weight in own), Fraction(0)) / total
    return Span(low, high)


def _decimal(value: Fraction) -> Decimal:
    return _CONTEXT.divide(Decimal(value.numerator), Decimal(value.denominator))
