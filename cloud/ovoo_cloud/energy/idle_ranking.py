"""Machines by the energy they use while nothing is made, over a window, and rules that would end it."""

from __future__ import annotations

import math
from array import array
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal
from typing import Final, Literal
from zoneinfo import ZoneInfo

import numpy as np
import numpy.typing as npt
from ovoo_contract.errors import UnitError
from ovoo_contract.evidence import Evidence
from ovoo_models.base import FrameBlock
from ovoo_models.efficiency.idle_waste import IdleWaste, Price, Spell, SwitchOff, idle_waste, switch_off_rules
from ovoo_models.efficiency.power_state import Level, PowerStates
from ovoo_models.efficiency.tariff.bands import BandCalendar
from ovoo_models.efficiency.tariff.prices import ratio_charge
from ovoo_packs import load_tariffs

from ovoo_cloud.access.roles import Permission
from ovoo_cloud.access.scope import Scope
from ovoo_cloud.catalogue import energy_inputs, energy_settings, enterprises, signals
from ovoo_cloud.catalogue.tables import AssetRecord, EnergySetting, SignalRecord
from ovoo_cloud.diagnosis.meters import power_increments
from ovoo_cloud.diagnosis.observe import MINUTE_NS, Window
from ovoo_cloud.energy.amounts import Doubles, amount_rule, binned, increments
from ovoo_cloud.energy.integrate import good_series
from ovoo_cloud.energy.signal_roles import role_signal
from ovoo_cloud.energy.window_reader import WindowReader, quarter_window
from ovoo_cloud.services import Services

__all__ = [
    "HOURS_A_YEAR", "LEAST_HOURS", "IdleRanking", "MachineStates", "Verdict", "mean_price", "minute_kw", "minute_mean",
    "per_year", "site_idle",
]  # fmt: skip

HOURS_A_YEAR: Final = 8766.0
LEAST_HOURS: Final = 14 * 24.0
"""A window of less than 14 known days is not carried over to a year."""

Verdict = Literal["told", "unclear", "no_idle", "too_few"]
State = Literal["off", "idle", "no_load", "load", "unknown"]
_NAMES: Final[tuple[State, ...]] = ("off", "idle", "no_load", "load")
_UNKNOWN: Final = len(_NAMES)
_DELAYS_S: Final = (300.0, 600.0, 900.0, 1800.0, 3600.0)
_QUERY: Final = "mean power of every minute, states by its own levels"
_FORMULAS: Final = ("power_state/1", "idle_waste/1")


@dataclass(frozen=True, slots=True)
class MachineStates:
    """One machine. verdict: told (an idle or no-load level stands apart), unclear (levels run into each other, so that
    minutes are unknown), no_idle (it is off or works, nothing between), too_few (under 30 minutes of power).

    minutes: by state; waste: None where no state is known; levels: mean and spread in kW.
    """

    row: AssetRecord
    signals: tuple[SignalRecord, ...]
    verdict: Verdict
    minutes: Mapping[str, float]
    levels: tuple[Level, ...]
    unclear: tuple[str, ...]
    waste: IdleWaste | None
    rule: SwitchOff | None
    restart_kwh: float | None
    evidence: Evidence
    spells: tuple[Spell, ...] = field(repr=False, default=())
    codes: npt.NDArray[np.int64] = field(repr=False, compare=False, default_factory=lambda: np.empty(0, np.int64))

    @property
    def level_names(self) -> tuple[State, ...]:
        """What each level is."""
        return tuple(_NAMES[each.kind] for each in self.levels)

    @property
    def known(self) -> bool:
        """Whether idle energy can be told: where levels run into each other and none was seen apart, 0 says nothing."""
        return self.waste is not None and (self.verdict != "unclear" or self.waste.kwh > 0)


@dataclass(frozen=True, slots=True)
class IdleRanking:
    """Machines, the greatest idle energy first; those of which nothing is known come last.

    price: of the tariff that was chosen with one, None without; its document is `price_source`.
    """

    window: Window
    machines: tuple[MachineStates, ...]
    price: Price | None = field(repr=False)
    price_source: str
    reference_only: bool
    zone: ZoneInfo

    @property
    def priced(self) -> bool:
        """Whether a tariff with a price was chosen."""
        return self.price is not None


def site_idle(services: Services, scope: Scope, enterprise: str, site: str, start_ns: int, end_ns: int) -> IdleRanking:
    """The ranking of every machine with a power signal; meters are none.

    Raises:
        NotFound, Forbidden: outside the scope.
        BudgetExceeded: over 32 days.
    """
    scope = scope.under(Permission.READ_ENERGY)
    with services.database.read() as session:
        zone = ZoneInfo(enterprises.site(session, scope, enterprise, site).timezone)
        assets = signals.assets(session, scope, enterprise, site)
        rows = signals.signals(session, scope, enterprise, site=site, measurement="telemetry")
        chosen = energy_settings.chosen_tariff(session, scope, enterprise, site)
        given = energy_inputs.newest(session, scope, enterprise, site)
    window = quarter_window(start_ns, end_ns)
    reader = WindowReader(services, scope, enterprise, window)
    restarts = {row.path: energy_inputs.number(given, row.path, "restart_kwh") for row in assets}
    price = _price(chosen, zone)
    by_asset = {row.path: [each for each in rows if each.asset == row.path] for row in assets}
    found = [
        _machine(row, power, running, reader, zone, price, restarts[row.path])
        for row in assets
        for power, running in [_roles(row, by_asset[row.path])]
        if power is not None and row.template != "site_meter"
    ]
    tariff = load_tariffs().get(chosen.tariff) if chosen else None
    return IdleRanking(
        window,
        tuple(sorted(found, key=_rank)),
        price,
        chosen.source if chosen and price is not None else "",
        bool(tariff and tariff.reference_only and price is not None),
        zone,
    )


def per_year(machine: MachineStates) -> float | None:
    """How often the known time of the window comes in a year; None under 14 known days."""
    known = math.fsum(minutes for state, minutes in machine.minutes.items() if state != "unknown") / 60.0
    return HOURS_A_YEAR / known if known >= LEAST_HOURS else None


def mean_price(machine: MachineStates, idle: IdleRanking, *, running: bool = False) -> Decimal | None:
    """Yuan per kWh of what the machine draws at load; None without a price or such time.

    running: of a power that stays the same whenever it runs, as leaks draw.
    """
    if idle.price is None:
        return None
    counted = ("idle", "no_load", "load") if running else ("load",)
    # the same sum as for idle time, with the time that is asked for in its place
    spells = [
        replace(each, state="idle", power_kw=1.0 if running else each.power_kw)
        if each.state in counted
        else replace(each, state="off")
        for each in machine.spells
    ]
    found = _whole_day(idle_waste(spells, idle.zone, price=idle.price))
    return None if found is None or found.yuan is None or not found.kwh else found.yuan / found.kwh


def _rank(machine: MachineStates) -> tuple[bool, Decimal, str]:
    return not machine.known, -(machine.waste.kwh if machine.waste else Decimal(0)), machine.row.path


def _price(chosen: EnergySetting | None, zone: ZoneInfo) -> Price | None:
    if chosen is None or chosen.flat_price_yuan is None:
        return None
    tariff = load_tariffs().get(chosen.tariff)
    charge = ratio_charge("energy", chosen.source, repr(chosen.flat_price_yuan), tariff)
    return Price(BandCalendar(tariff, zone), (charge,))


def _roles(row: AssetRecord, rows: Sequence[SignalRecord]) -> tuple[SignalRecord | None, SignalRecord | None]:
    """The signals of a machine's power and running."""
    power, running = (role_signal(row, rows, role) for role in ("power", "running"))
    try:
        known = power is not None and not amount_rule(power, "electricity").counter
    except UnitError:
        known = False
    return (power if known else None), running


def _machine(
    row: AssetRecord,
    power: SignalRecord | None,
    running: SignalRecord | None,
    reader: WindowReader,
    zone: ZoneInfo,
    price: Price | None,
    restart_kwh: float | None,
) -> MachineStates:
    assert power is not None  # the caller left out machines without one
    used = (power,) if running is None else (power, running)
    kw = minute_kw(power, reader)
    on = None if running is None else minute_mean(running, reader)
    model, codes = _states(kw, on, reader.window)
    spells = _spells(row.path, kw, codes, reader.window)
    waste = _whole_day(idle_waste(spells, zone, price=price)) if model.ready else None
    rules = () if restart_kwh is None or waste is None else switch_off_rules(spells, _DELAYS_S, {row.path: restart_kwh})
    minutes: dict[str, float] = {
        name: float(np.count_nonzero(codes == k)) for k, name in enumerate((*_NAMES, "unknown"))
    }
    return MachineStates(
        row,
        used,
        _verdict(model),
        minutes,
        model.levels,
        tuple(_NAMES[k] for k in sorted(model.unclear)),
        waste,
        rules[0] if rules else None,
        restart_kwh,
        reader.evidence(used, _QUERY, _FORMULAS),
        spells,
        codes,
    )


def _verdict(model: PowerStates) -> Verdict:
    if not model.ready:
        return "too_few"
    if model.unclear:
        return "unclear"
    return "told" if any(_NAMES[each.kind] in ("idle", "no_load") for each in model.levels) else "no_idle"


def minute_kw(power: SignalRecord, reader: WindowReader) -> Doubles:
    """Mean kW of each minute of the window, NaN where it is not wholly covered."""
    rule = amount_rule(power, "electricity")
    return binned(increments(reader.columns(power), rule), reader.window, MINUTE_NS).amount * 60.0


def minute_mean(row: SignalRecord, reader: WindowReader) -> Doubles:
    """Mean of a signal in each minute, held like a power (of a 0/1 signal: the share of the minute that it was on)."""
    parts = power_increments(good_series(reader.columns(row)))
    return binned(parts, reader.window, MINUTE_NS).amount * 60.0


def _states(kw: Doubles, on: Doubles | None, window: Window) -> tuple[PowerStates, npt.NDArray[np.int64]]:
    """Levels learned from the minutes of the window, and the state of each: 0 off, 1 idle, 2 no load, 3 load, 4 none.

    A running signal counts only where it is known for as long as the power: else its silence would hide work.
    """
    known = ~np.isnan(kw)
    usable = on is not None and not np.isnan(on[known]).any() and bool(known.any())
    values = np.column_stack([kw, on]) if usable and on is not None else kw[:, None]
    model = PowerStates(0, 1 if usable else -1, dwell_s=0.0)  # a minute's mean has no spikes left to wait out
    times = window.start_ns + np.arange(len(kw), dtype=np.int64) * MINUTE_NS
    rows = FrameBlock(
        array("q", times[known].tobytes()), array("d", np.ascontiguousarray(values[known]).tobytes()), values.shape[1]
    )
    model.learn_many(rows)
    model.settle()
    codes = np.full(len(kw), _UNKNOWN, np.int64)
    codes[known] = np.minimum(np.frombuffer(model.states(rows), np.uint8), _UNKNOWN)
    return model, codes


def _spells(asset: str, kw: Doubles, codes: npt.NDArray[np.int64], window: Window) -> tuple[Spell, ...]:
    """Runs of minutes in one state with their mean power; a machine that feeds back draws nothing, so it is unknown."""
    edges = np.flatnonzero(np.diff(codes)) + 1
    spells = []
    for first, last in zip([0, *edges.tolist()], [*edges.tolist(), len(codes)], strict=True):
        code = int(codes[first])
        mean = float(np.mean(kw[first:last])) if code != _UNKNOWN else 0.0
        state: State = "unknown" if code == _UNKNOWN or (code in (1, 2) and mean < 0.0) else _NAMES[code]
        start = window.start_ns + first * MINUTE_NS
        spells.append(Spell(asset, start, window.start_ns + last * MINUTE_NS, state, mean))
    return tuple(spells)


def _whole_day(found: Sequence[IdleWaste]) -> IdleWaste | None:
    """Without shifts there is one row a machine."""
    return found[0] if found else None
