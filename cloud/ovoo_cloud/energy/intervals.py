"""Energy and drivers of a site by calendar interval, from the stored samples, by our own sums."""

from __future__ import annotations

import math
from array import array
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from zoneinfo import ZoneInfo

from ovoo_contract.address import Address
from ovoo_contract.errors import BudgetExceeded, ConfigError, QueryError, UnitError
from ovoo_contract.units import conversion
from ovoo_models.efficiency.savings.observations import DAY_NS, Observations
from sqlalchemy.orm import Session

from ovoo_cloud.access.roles import Permission
from ovoo_cloud.access.scope import Scope
from ovoo_cloud.catalogue import enterprises, signals
from ovoo_cloud.catalogue.tables import SignalRecord
from ovoo_cloud.diagnosis.observe import Window
from ovoo_cloud.energy.baseline_spec import BaselineSpec, Take
from ovoo_cloud.energy.integrate import REACH_NS, measure
from ovoo_cloud.services import Services
from ovoo_cloud.stores.base import Columns, check_bounds, read_all

__all__ = [
    "LONGEST_NS",
    "Reading",
    "SampleReader",
    "check_place",
    "check_signals",
    "day_starts",
    "energy_reading",
    "observations",
    "observed",
    "store_reader",
    "values_of",
]

SampleReader = Callable[[Address, int, int], Columns]
"""All samples of one signal in [start, end) ns UTC, ordered by time."""

LONGEST_NS: Final = 800 * DAY_NS
"""The longest period that is read at once."""
_CHUNK: Final = 31 * DAY_NS
_HOUR_S: Final = 3600.0


@dataclass(frozen=True, slots=True)
class Reading:
    """One signal as a column: how it is taken, and what makes kWh, kW or the driver's own unit of it."""

    address: str
    take: Take
    factor: float
    unit: str


def store_reader(services: Services) -> SampleReader:
    """Reads from the cloud's own store."""

    def read(address: Address, start_ns: int, end_ns: int) -> Columns:
        return read_all(services.store, [address], start_ns, end_ns)[address]

    return read


def energy_reading(address: str, unit: str) -> Reading:
    """A kWh counter by its increase, a power signal by its integral; UnitError for anything else."""
    takes: tuple[tuple[str, Take], ...] = (("kWh", "increase"), ("kW", "integral"))
    for wanted, take in takes:
        try:
            factor, offset = conversion(unit, wanted)
        except UnitError:
            continue
        if offset == 0.0:
            return Reading(address, take, factor, "kWh")
    raise UnitError(
        "neither energy nor power", code="intervals.neither_energy_nor_power", offender=address, value=unit,
        remedy="a signal in kWh, MWh, kW or MW",
    )  # fmt: skip


def check_signals(session: Session, scope: Scope, enterprise: str, site: str, spec: BaselineSpec) -> None:
    """Raises unless every signal of the spec is one of the site that can be taken as the spec says."""
    for address in spec.energy:
        energy_reading(address, _row(session, scope, enterprise, site, address).unit)
    for driver in spec.drivers:
        _row(session, scope, enterprise, site, driver.address)


def observations(
    services: Services, scope: Scope, enterprise: str, site: str, spec: BaselineSpec, start_ns: int, end_ns: int
) -> Observations:
    """Columns of [start, end) in whole intervals of the site's clock; NaN where less than `covered_min` is covered.

    The clock is that of the site's zone at `start_ns`: a change to summer time inside the period does not move the
    intervals.

    Raises:
        QueryError: bounds that do not lie on the edges of intervals.
        BudgetExceeded: more than 800 days.
    """
    scope = scope.under(Permission.READ_ENERGY)
    check_bounds(start_ns, end_ns)
    if end_ns - start_ns > LONGEST_NS:
        raise BudgetExceeded(
            "more than 800 days", code="intervals.more_than_800_days", offender="period", remedy="take a shorter one"
        )
    with services.database.read() as session:
        zone = ZoneInfo(enterprises.site(session, scope, enterprise, site).timezone)
        addresses = [*spec.energy, *(each.address for each in spec.drivers)]
        units = {each: _row(session, scope, enterprise, site, each).unit for each in addresses}
    return observed(store_reader(services), spec, units, zone, start_ns, end_ns)


def observed(
    read: SampleReader, spec: BaselineSpec, units: Mapping[str, str], zone: ZoneInfo, start_ns: int, end_ns: int
) -> Observations:
    """The columns of `observations` from any reader of samples; `units` by address.

    Raises:
        QueryError: bounds that do not lie on the edges of intervals.
        UnitError: an energy signal that tells none.
    """
    energy = [energy_reading(each, units[each]) for each in spec.energy]
    drivers = {each.name: Reading(each.address, each.take, 1.0, units[each.address]) for each in spec.drivers}
    offset_s = _offset_s(start_ns, zone)
    for name, at in (("start", start_ns), ("end", end_ns)):
        if (at + offset_s * 10**9) % spec.step_ns:
            raise QueryError(
                f"not the edge of a local {spec.step}", code="intervals.not_an_edge", slots={"step": spec.step},
                offender=name, value=at, remedy="a whole interval",
            )  # fmt: skip
    times = array("q", range(start_ns, end_ns, spec.step_ns))

    def column(reading: Reading) -> array[float]:
        return values_of(read, reading, times, spec.step_ns, spec.covered_min)

    parts = [column(each) for each in energy]
    whole = array("d", [math.fsum(row) for row in zip(*parts, strict=True)])
    columns = {name: column(reading) for name, reading in drivers.items()}
    return Observations(times, whole, columns, spec.step_ns, "kWh", offset_s)


def values_of(
    read: SampleReader, reading: Reading, times: Sequence[int], step_ns: int, covered_min: float
) -> array[float]:
    """One value an interval; NaN where samples cover less than `covered_min` of it."""
    out = array("d")
    per_chunk = max(1, _CHUNK // step_ns)
    for first in range(0, len(times), per_chunk):
        part = times[first : first + per_chunk]
        out.extend(_chunk(read, reading, part, step_ns, covered_min))
    return out


def _chunk(
    read: SampleReader, reading: Reading, times: Sequence[int], step_ns: int, covered_min: float
) -> array[float]:
    """Reads one stretch of samples and sums the hours of each interval."""
    window = Window(times[0], times[-1] + step_ns)
    columns = read(Address.parse(reading.address), max(window.start_ns - REACH_NS, 0), window.end_ns + REACH_NS)
    # hours of UTC are cut at the same instants as those of every zone of whole hours
    found = measure(columns, window, ZoneInfo("UTC"), counter=reading.take == "increase", factor=reading.factor)
    amounts: list[list[float]] = [[] for _ in times]
    covered = [0.0] * len(times)
    for hour in found.hours:
        at = (max(hour.start_ns, window.start_ns) - window.start_ns) // step_ns
        amounts[at].append(hour.kwh)
        covered[at] += hour.covered_s
    return array(
        "d", [_value(reading.take, a, c, step_ns / 1e9, covered_min) for a, c in zip(amounts, covered, strict=True)]
    )


def _value(take: Take, amounts: Sequence[float], covered_s: float, step_s: float, covered_min: float) -> float:
    if covered_s <= 0.0 or covered_s < covered_min * step_s:
        return math.nan
    whole = math.fsum(amounts)
    if take == "mean":
        return whole / (covered_s / _HOUR_S)
    return whole if covered_s == step_s else whole * (step_s / covered_s)


def day_starts(start_ns: int, end_ns: int, zone: ZoneInfo) -> tuple[int, int]:
    """The last local midnights at or before both bounds."""
    return _midnight(start_ns, zone), _midnight(end_ns, zone)


def _midnight(time_ns: int, zone: ZoneInfo) -> int:
    moment = datetime.fromtimestamp(time_ns // 10**9, zone).replace(hour=0, minute=0, second=0, microsecond=0)
    return int(moment.timestamp()) * 10**9


def _offset_s(time_ns: int, zone: ZoneInfo) -> int:
    offset = datetime.fromtimestamp(time_ns // 10**9, zone).utcoffset()
    seconds = 0 if offset is None else int(offset.total_seconds())
    if seconds % int(_HOUR_S):
        raise ConfigError(
            "a zone of half hours", code="intervals.zone_of_half_hours", offender="timezone", value=str(zone),
            remedy="a zone of whole hours",
        )  # fmt: skip
    return seconds


def check_place(row: SignalRecord, enterprise: str, site: str) -> None:
    """Raises ConfigError unless the signal is one of the site."""
    if (row.enterprise, row.site) != (enterprise, site):
        raise ConfigError(
            "a signal of another site",
            code="intervals.signal_of_another_site",
            slots={"enterprise": enterprise, "site": site},
            offender="signal",
            value=row.address,
            remedy=f"one of {enterprise}/{site}",
        )


def _row(session: Session, scope: Scope, enterprise: str, site: str, address: str) -> SignalRecord:
    row = signals.signal(session, scope, address)
    check_place(row, enterprise, site)
    return row
