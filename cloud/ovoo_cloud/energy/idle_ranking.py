"""Machines by the energy they use while nothing is made, over a window, and rules that would end it."""

from __future__ import annotations

from array import array
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Final, Literal
from zoneinfo import ZoneInfo

import numpy as np
import numpy.typing as npt
from ovoo_contract.errors import PackError, UnitError
from ovoo_contract.evidence import Evidence
from ovoo_models.base import FrameBlock
from ovoo_models.efficiency.idle_waste import IdleWaste, Price, Spell, SwitchOff, idle_waste, switch_off_rules
from ovoo_models.efficiency.power_state import Level, PowerStates
from ovoo_models.efficiency.tariff.bands import BandCalendar
from ovoo_models.efficiency.tariff.prices import ratio_charge
from ovoo_packs import load_pack, load_tariffs

from ovoo_cloud.access.roles import Permission
from ovoo_cloud.access.scope import Scope
from ovoo_cloud.catalogue import energy_inputs, energy_settings, enterprises, signals
from ovoo_cloud.catalogue.tables import AssetRecord, EnergySetting, SignalRecord
from ovoo_cloud.diagnosis.meters import power_increments
from ovoo_cloud.diagnosis.observe import MINUTE_NS, Window
from ovoo_cloud.energy.amounts import Doubles, amount_rule, binned, increments
from ovoo_cloud.energy.integrate import good_series
from ovoo_cloud.energy.window_reader import WindowReader, quarter_window
from ovoo_cloud.services import Services

__all__ = ["IdleRanking", "MachineStates", "Verdict", "site_idle"]

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

    @property
    def known(self) -> bool:
        """Whether idle energy can be told: where levels run into each other and none was seen apart, 0 says nothing."""
        return self.waste is not None and (self.verdict != "unclear" or self.waste.kwh > 0)


@dataclass(frozen=True, slots=True)
class IdleRanking:
    """Machines, the greatest idle energy first; those of which nothing is known come last.

    priced: whether a tariff with a price was chosen; its document is `price_source`.
    """

    window: Window
    machines: tuple[MachineStates, ...]
    priced: bool
    price_source: str
    reference_only: bool


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
        price is not None,
        chosen.source if chosen and price is not None else "",
        bool(tariff and tariff.reference_only and price is not None),
    )


def _rank(machine: MachineStates) -> tuple[bool, Decimal, str]:
    return not machine.known, -(machine.waste.kwh if machine.waste else Decimal(0)), machine.row.path


def _price(chosen: EnergySetting | None, zone: ZoneInfo) -> Price | None:
    if chosen is None or chosen.flat_price_yuan is None:
        return None
    tariff = load_tariffs().get(chosen.tariff)
    charge = ratio_charge("energy", chosen.source, repr(chosen.flat_price_yuan), tariff)
    return Price(BandCalendar(tariff, zone), (charge,))


def _roles(row: AssetRecord, rows: Sequence[SignalRecord]) -> tuple[SignalRecord | None, SignalRecord | None]:
    """The signals of a machine's power and running, by the roles of its template, else by their names."""
    by_name = {each.name: each for each in rows}
    found: list[SignalRecord | None] = []
    for role in ("power", "running"):
        names = [role]
        if row.pack and row.template:
            try:
                template = load_pack(row.pack).template(row.template)
                names = [each.name for each in template.by_role(role)] or names
            except PackError:
                pass
        found.append(next((by_name[name] for name in names if name in by_name), None))
    power, running = found
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
    kw = _minute_kw(power, reader)
    on = None if running is None else _minute_share(running, reader)
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
    )


def _verdict(model: PowerStates) -> Verdict:
    if not model.ready:
        return "too_few"
    if model.unclear:
        return "unclear"
    return "told" if any(_NAMES[each.kind] in ("idle", "no_load") for each in model.levels) else "no_idle"


def _minute_kw(power: SignalRecord, reader: WindowReader) -> Doubles:
    rule = amount_rule(power, "electricity")
    return binned(increments(reader.columns(power), rule), reader.window, MINUTE_NS).amount * 60.0


def _minute_share(running: SignalRecord, reader: WindowReader) -> Doubles:
    """Share of each minute that a 0/1 signal was on; held like a power."""
    parts = power_increments(good_series(reader.columns(running)))
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
