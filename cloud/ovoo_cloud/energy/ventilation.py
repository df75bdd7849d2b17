"""A mine's ventilation: its network solved, what is measured beside it, and what moves would save in kW and yuan."""

from __future__ import annotations

import calendar
import functools
import math
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, Literal
from zoneinfo import ZoneInfo

import numpy as np
from ovoo_contract.address import Address
from ovoo_contract.errors import UnitError
from ovoo_contract.units import conversion
from ovoo_models.efficiency.estimate import Estimate
from ovoo_models.efficiency.ventilation import Assessment, Instrument, Move, assess, mine_table
from ovoo_packs import Tariff, load_tariffs

from ovoo_cloud.access.scope import Scope
from ovoo_cloud.catalogue import energy_settings, enterprises, signals, ventilation_networks
from ovoo_cloud.catalogue.energy_tables import VentilationNetwork
from ovoo_cloud.catalogue.tables import EnergySetting, SignalRecord
from ovoo_cloud.energy.integrate import good_series
from ovoo_cloud.services import Services
from ovoo_cloud.stores.base import read_all

__all__ = ["WINDOW_NS", "Measured", "Price", "SiteVentilation", "site_ventilation"]

WINDOW_NS: Final = 3_600_000_000_000
"""Over the last hour a measured value is the mean of its good samples."""
_STALE_NS: Final = 900_000_000_000
_TO_UNIT: Final = {"flow": "m3/s", "power": "kW"}
_Z95: Final = 1.959963984540054
_LONGEST_SEARCH: Final = 20_000


@dataclass(frozen=True, slots=True)
class Measured:
    """What an instrument says beside the solution, in m3/s or kW; None where nothing is known.

    state: `ok`; `stale`: the newest good sample is over 15 minutes old; `silent`: none in the last hour; `unknown`: no
    gateway publishes the signal, or its unit is none of flow or power. band: half width at 95 % of the instrument's
    error, None where the table gives none: then nothing is said to stand out. The model has no band of its own.
    """

    airway: str
    kind: str
    address: str
    state: Literal["ok", "stale", "silent", "unknown"]
    value: float | None = None
    samples: int = 0
    newest_ns: int | None = None
    difference: float | None = None
    band: float | None = None
    stands_out: bool | None = None


@dataclass(frozen=True, slots=True)
class Price:
    """Yuan per kWh of a load that is the same all year: the mean of the tariff's bands at the site's flat price."""

    yuan_per_kwh: float
    tariff: str
    document: str
    reference_only: bool


@dataclass(frozen=True, slots=True)
class SiteVentilation:
    """A version of a site's network, solved, with measured values by (airway, flow or power)."""

    row: VentilationNetwork
    found: Assessment
    measured: Mapping[tuple[str, str], Measured]
    price: Price | None

    def yuan_per_hour(self, move: Move) -> float | None:
        """None without a price, or where what the fans draw is not known."""
        if self.price is None or not self.found.drawn:
            return None
        return move.saved_fan_kw * self.price.yuan_per_kwh

    def yuan_per_year(self, move: Move) -> float | None:
        """Over the hours that the fans run; None where these are not given."""
        hourly, hours = self.yuan_per_hour(move), self.row.hours_per_year
        return None if hourly is None or hours is None else hourly * hours

    def implied_efficiency(self, airway: str) -> float | None:
        """Air power by the power that is measured; above 1 the network or an instrument is wrong."""
        power = self.measured.get((airway, "power"))
        point = next((each for each in self.found.solution.fans if each.airway == airway), None)
        if power is None or not power.value or point is None:
            return None
        return point.air_kw / power.value

    def to_dict(self) -> dict[str, Any]:
        """JSON-ready: the assessment with what is measured and what is saved in yuan."""
        told = self.found.to_dict()
        for each in told["airways"]:
            each["measured_flow"] = _plain(self.measured.get((each["airway"], "flow")))
        for each in told["fans"]:
            each["measured_power"] = _plain(self.measured.get((each["airway"], "power")))
            each["implied_efficiency"] = self.implied_efficiency(each["airway"])
        for each, move in zip(told["moves"], self.found.moves, strict=True):
            each["yuan_per_hour"], each["yuan_per_year"] = self.yuan_per_hour(move), self.yuan_per_year(move)
        return told


def site_ventilation(
    services: Services, scope: Scope, enterprise: str, site: str, version: int | None = None
) -> SiteVentilation | None:
    """The newest version of the site's network, or the one asked for; None where nobody gave one.

    Raises:
        NotFound, Forbidden: outside the scope.
    """
    with services.database.read() as session:
        row = ventilation_networks.network(session, scope, enterprise, site, version)
        if row is None:
            return None
        zone = ZoneInfo(enterprises.site(session, scope, enterprise, site).timezone)
        chosen = energy_settings.chosen_tariff(session, scope, enterprise, site)
        known = {each.address: each for each in signals.signals(session, scope, enterprise, site=site)}
    found = _assessed(row.csv)
    year = datetime.fromtimestamp(services.clock() // 10**9, zone).year
    measured = _measured(services, found, row, known)
    return SiteVentilation(row, found, measured, _price(chosen, year))


@functools.lru_cache(maxsize=32)
def _assessed(csv: str) -> Assessment:
    """Pure in its text, so it is kept: a network of 155 airways and 40 regulators takes a second or a few."""
    return assess(mine_table(csv), _LONGEST_SEARCH)


def _measured(
    services: Services, found: Assessment, row: VentilationNetwork, known: Mapping[str, SignalRecord]
) -> dict[tuple[str, str], Measured]:
    now_ns = services.clock()
    modelled = {("flow", name): flow for name, flow in found.solution.flow_m3_s.items()}
    modelled |= {("power", each.airway): each.drawn_kw for each in found.solution.fans}
    told: dict[tuple[str, str], Measured] = {}
    for each in found.table.instruments:
        address = ventilation_networks.address_of(each, row.enterprise, row.site)
        value = modelled.get((each.kind, each.airway), math.nan)
        told[each.airway, each.kind] = _reading(services, each, address, known.get(str(address)), value, now_ns)
    return told


def _reading(
    services: Services, instrument: Instrument, address: Address, signal: SignalRecord | None, modelled: float,
    now_ns: int,
) -> Measured:  # fmt: skip
    airway, kind, where = instrument.airway, instrument.kind, str(address)
    factor = _factor(signal, _TO_UNIT[kind])
    if factor is None:
        return Measured(airway, kind, where, "unknown")
    columns = read_all(services.store, [address], max(now_ns - WINDOW_NS, 0), now_ns + 1)[address]
    series = good_series(columns, factor)
    if not len(series.value):
        return Measured(airway, kind, where, "silent")
    # an anemometer tells no direction where the airway's own is against it: sizes are compared
    value, newest = float(np.mean(series.value)), int(series.time_ns[-1])
    compared, size = abs(value), abs(modelled)
    band = compared * instrument.error_percent / 100.0 if math.isfinite(instrument.error_percent) else None
    difference = compared - size if math.isfinite(size) else None
    stands_out = None
    if band is not None and difference is not None:
        stands_out = Estimate(compared, band / _Z95, _TO_UNIT[kind]).stands_out_from(size)
    state: Literal["ok", "stale"] = "stale" if now_ns - newest > _STALE_NS else "ok"
    return Measured(airway, kind, where, state, value, len(series.value), newest, difference, band, stands_out)


def _factor(signal: SignalRecord | None, unit: str) -> float | None:
    if signal is None:
        return None
    try:
        return conversion(signal.unit, unit)[0]
    except UnitError:
        return None


def _price(chosen: EnergySetting | None, year: int) -> Price | None:
    if chosen is None or chosen.flat_price_yuan is None:
        return None
    tariff = load_tariffs().get(chosen.tariff)
    mean = _mean_ratio(tariff, year) * chosen.flat_price_yuan
    return Price(mean, tariff.id, chosen.source, tariff.reference_only)


def _mean_ratio(tariff: Tariff, year: int) -> float:
    """Of the hours of a year, each as often as it comes."""
    days = {month: calendar.monthrange(year, month)[1] for month in range(1, 13)}
    ratios = [days[month] * tariff.ratio(month, hour) for month in days for hour in range(24)]
    return math.fsum(ratios) / (24 * sum(days.values()))


def _plain(measured: Measured | None) -> dict[str, Any] | None:
    if measured is None:
        return None
    return {name: getattr(measured, name) for name in Measured.__slots__ if name not in ("airway", "kind")}
