"""Which acknowledgements show that a person dealt with a warning: a click for all, or a script's, shows nothing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from ovoo_packs import MethodTable

from ovoo_cloud.diagnosis.usage import AlarmLife, Usage

__all__ = ["AttentionRule", "attended"]

_S_NS = 1_000_000_000


@dataclass(frozen=True, slots=True)
class AttentionRule:
    """Nobody reads faster than `reading_ns`; `burst` clicks of one person within `burst_ns` are one click."""

    reading_ns: int
    burst: int
    burst_ns: int

    @classmethod
    def of(cls, methods: MethodTable) -> AttentionRule:
        """From the pack of our own methods."""
        reading, count, span = (methods.get(f"usage_{name}") for name in ("reading_time", "burst_count", "burst_time"))
        return cls(int(reading.exact * _S_NS), int(count.exact), int(span.exact * _S_NS))


def attended(usage: Usage, rule: AttentionRule) -> Usage:
    """The usage with alarms marked `unread` whose acknowledgement came too fast or in a burst.

    A further acknowledgement never makes another one count, it can only make a burst of it.
    """
    hasty = _bursts(usage.alarms, rule)
    return replace(
        usage,
        alarms=tuple(
            replace(each, unread=each.acknowledged_ns is not None and (number in hasty or _is_fast(each, rule)))
            for number, each in enumerate(usage.alarms)
        ),
    )


def _is_fast(each: AlarmLife, rule: AttentionRule) -> bool:
    return each.acknowledged_ns is not None and each.acknowledged_ns - each.raised_ns < rule.reading_ns


def _bursts(alarms: Sequence[AlarmLife], rule: AttentionRule) -> frozenset[int]:
    """Places of alarms that are among at least `burst` which one person acknowledged within `burst_ns`."""
    people: dict[str, list[tuple[int, int]]] = {}
    for number, each in enumerate(alarms):
        if each.acknowledged_ns is not None:
            people.setdefault(each.acknowledged_by, []).append((each.acknowledged_ns, number))
    found: set[int] = set()
    for clicks in people.values():
        clicks.sort()
        for first in range(len(clicks) - rule.burst + 1):
            group = clicks[first : first + rule.burst]
            if group[-1][0] - group[0][0] <= rule.burst_ns:
                found.update(number for _, number in group)
    return frozenset(found)
