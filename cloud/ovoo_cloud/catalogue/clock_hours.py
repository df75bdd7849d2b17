"""Keeps what a gateway's states tell of clocks, one row an hour for each, and reads it back as facts of a link."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from ovoo_contract.completeness import HOUR_NS
from ovoo_contract.delivery import GatewayState
from sqlalchemy import select
from sqlalchemy.orm import Session

from ovoo_cloud.catalogue.clock_tables import OWN, ClockHour
from ovoo_cloud.diagnosis.clocks import ClockFacts, OwnClock

__all__ = ["clocks_of", "note_clocks", "own_clock"]

_US_NS: Final = 1000
_OFFSET: Final = "offset_ms."
_LARGEST_US: Final = 2**62
_LEAST_HEARD: Final = 3
"""States in an hour, at half a minute each, before the fastest of them says anything of the clock."""
_SYNCED_SHARE: Final = 0.9


@dataclass(frozen=True, slots=True)
class _Reading:
    source: str
    value_us: int
    doubt_us: int | None = None
    stepped: bool = False
    synced: bool = False
    error_us: int | None = None
    round_trip_us: int | None = None


def note_clocks(session: Session, gateway: str, state: GatewayState, before: Mapping[str, Any], now_ns: int) -> None:
    """Keeps the clocks of one state; `before` is the state that was known until now.

    A state that the broker hands out again, or one of another run of the clock that was heard already, is no reading.
    """
    if not state.online or str(before.get("time_ns", "")) == str(state.time_ns):
        return
    hour_ns = now_ns // HOUR_NS * HOUR_NS
    for each in _readings(state, before, now_ns):
        row = session.get(ClockHour, (gateway, each.source, hour_ns), with_for_update=True)
        if row is None:
            row = ClockHour(
                gateway=gateway, source=each.source, hour_ns=hour_ns, heard=0, lowest_us=each.value_us,
                highest_us=each.value_us, steps_back=0, synced=0,
            )  # fmt: skip
            session.add(row)
        _take(row, each)
    session.flush()


def _take(row: ClockHour, each: _Reading) -> None:
    row.heard += 1
    row.lowest_us, row.highest_us = min(row.lowest_us, each.value_us), max(row.highest_us, each.value_us)
    row.last_us = each.value_us
    row.steps_back += each.stepped
    row.synced += each.synced
    row.doubt_us = _best(min, row.doubt_us, each.doubt_us)
    row.round_trip_us = _best(min, row.round_trip_us, each.round_trip_us)
    row.error_us = _best(max, row.error_us, each.error_us)


def _best(choose: Any, one: int | None, other: int | None) -> int | None:
    known = [value for value in (one, other) if value is not None]
    return choose(known) if known else None


def _readings(state: GatewayState, before: Mapping[str, Any], now_ns: int) -> Iterator[_Reading]:
    told = state.detail
    earlier = int(before["time_ns"]) if before.get("online") and "time_ns" in before else None
    synced = told.get("clock_synced")
    yield _Reading(
        OWN,
        _held((state.time_ns - now_ns) // _US_NS),
        stepped=earlier is not None and state.time_ns < earlier,
        synced=synced == 1,
        error_us=_us(told.get("clock_error_ms")) if synced == 1 else None,
        round_trip_us=_us(told.get("round_trip_ms")),
    )
    for name, value in told.items():
        offset_us = _us(value)
        if name.startswith(_OFFSET) and offset_us is not None and 0 < len(source := name[len(_OFFSET) :]) <= 63:
            yield _Reading(source, offset_us, _us(told.get(f"uncertainty_ms.{source}")))


def _us(value_ms: object) -> int | None:
    """Microseconds of a number of milliseconds; None for anything else."""
    if isinstance(value_ms, bool) or not isinstance(value_ms, (int, float)) or not math.isfinite(value_ms):
        return None
    return _held(round(value_ms * 1000))


def _held(value_us: int) -> int:
    return max(-_LARGEST_US, min(_LARGEST_US, value_us))


def _rows(session: Session, gateway: str, start_ns: int, end_ns: int) -> Sequence[ClockHour]:
    query = select(ClockHour).where(
        ClockHour.gateway == gateway, ClockHour.hour_ns >= start_ns, ClockHour.hour_ns < end_ns
    )
    return session.scalars(query.order_by(ClockHour.source, ClockHour.hour_ns)).all()


def clocks_of(session: Session, gateway: str, start_ns: int, end_ns: int) -> tuple[ClockFacts, ...]:
    """Every source's clock over the hours that begin in [start_ns, end_ns), by name of the source."""
    found: dict[str, list[ClockHour]] = {}
    for row in _rows(session, gateway, start_ns, end_ns):
        if row.source != OWN:
            found.setdefault(row.source, []).append(row)
    return tuple(
        ClockFacts(
            source,
            tuple((row.hour_ns, _worst(row)) for row in rows),
            min((row.doubt_us // 1000 for row in rows if row.doubt_us is not None), default=None),
        )
        for source, rows in sorted(found.items())
    )


def _worst(row: ClockHour) -> int:
    """The greater error of the hour, in ms."""
    return round(max(row.lowest_us, row.highest_us, key=abs) / 1000)


def own_clock(session: Session, gateway: str, start_ns: int, end_ns: int) -> OwnClock | None:
    """The gateway's own clock against the platform's; None where no hour heard enough of it."""
    rows = [row for row in _rows(session, gateway, start_ns, end_ns) if row.source == OWN]
    told = [row for row in rows if row.heard >= _LEAST_HEARD]
    if not told:
        return None
    heard = sum(row.heard for row in told)
    synced = sum(row.synced for row in told) >= _SYNCED_SHARE * heard
    errors = [row.error_us for row in told if row.error_us is not None]
    trips = [row.round_trip_us for row in told if row.round_trip_us is not None]
    return OwnClock(
        tuple((row.hour_ns, round(row.highest_us / 1000)) for row in told),
        steps_back=sum(row.steps_back for row in rows),
        error_ms=math.ceil(max(errors) / 1000) if synced and errors else None,
        round_trip_ms=math.ceil(min(trips) / 1000) if trips else None,
    )
