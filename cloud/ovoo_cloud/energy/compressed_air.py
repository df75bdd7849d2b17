"""Measures of compressors from their own minutes: what a bar costs, and what leaks draw while nobody uses air."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Final

import numpy as np
from ovoo_contract.evidence import Evidence as Samples
from ovoo_models.efficiency.estimate import Estimate
from ovoo_models.efficiency.leak_power import air_leak_power
from ovoo_models.efficiency.pressure_slope import pressure_slope

from ovoo_cloud.catalogue.quiet_hours import QuietHours
from ovoo_cloud.catalogue.tables import AssetRecord, SignalRecord
from ovoo_cloud.diagnosis.observe import MINUTE_NS
from ovoo_cloud.energy.amounts import Doubles
from ovoo_cloud.energy.idle_ranking import IdleRanking, MachineStates, mean_price, minute_kw, minute_mean, per_year
from ovoo_cloud.energy.measure_lines import Case, Detail, Draft, Refused
from ovoo_cloud.energy.signal_roles import factor_to, role_signal
from ovoo_cloud.energy.window_reader import WindowReader

__all__ = ["leak_draft", "pressure_draft"]

_UNDER_PRESSURE: Final = 0.5
"""Of the median pressure while running; below it the net is being filled or is open."""
_LEVELS: Final = ("idle", "no_load")


def pressure_draft(
    row: AssetRecord, own: Sequence[SignalRecord], machine: MachineStates | None, idle: IdleRanking,
    reader: WindowReader, case: Case,
) -> Draft:  # fmt: skip
    """`power_per_pressure` from minutes at load, `loaded_hours` by the states of the power."""
    draft = _begun("compressor_pressure", row, machine, idle, case)
    if machine is None or machine.verdict == "too_few":
        draft.refused.append(Refused("power_per_pressure", "no_states"))
        return draft
    if machine.verdict in ("told", "no_idle"):
        draft.show("loaded_hours", _hours(machine, ("load",)), machine.evidence)
    pressure = role_signal(row, own, "pressure")
    factor = None if pressure is None else factor_to(pressure, "bar")
    if pressure is None or factor is None:
        draft.refused.append(Refused("power_per_pressure", "no_pressure_signal"))
        return draft
    flow, air = _air(row, own, reader)
    kw = minute_kw(machine.signals[0], reader)
    found = pressure_slope(
        kw.tolist(), (minute_mean(pressure, reader) * factor).tolist(), None if air is None else air.tolist(),
        machine.codes.tolist(), _relative(machine, case),
    )  # fmt: skip
    draft.details += [Detail("pressure_span", found.span_bar, "bar"), Detail("load_minutes", float(found.rows), "min")]
    if found.refused:
        unit = "bar" if found.refused == "hardly_varied" else "min"
        value = found.span_bar if found.refused == "hardly_varied" else float(found.rows)
        draft.refused.append(Refused("power_per_pressure", f"pressure_{found.refused}", value, unit))
        return draft
    draft.details.append(Detail("independent_minutes", found.effective, "min"))
    used = (machine.signals[0], pressure, *((flow,) if flow is not None and "load" in found.variables else ()))
    samples = reader.evidence(used, "kW per bar of the minutes at load", ("pressure_slope/1", "power_state/1"))
    _show_classed(draft, "power_per_pressure", found.slope, samples)
    return draft


def leak_draft(
    row: AssetRecord, own: Sequence[SignalRecord], machine: MachineStates | None, idle: IdleRanking,
    reader: WindowReader, case: Case,
) -> Draft:  # fmt: skip
    """`leak_power` from the quiet hours that a person names, `pressurised_hours` from the pressure, else the states."""
    draft = _begun("leak_repair", row, machine, idle, case)
    if machine is None or machine.verdict == "too_few":
        draft.refused.append(Refused("leak_power", "no_states"))
        return draft
    pressure = role_signal(row, own, "pressure")
    under, samples = _pressurised(machine, pressure, reader)
    hours = float(under.sum()) / 60.0
    changes = max(int(np.count_nonzero(np.diff(under))), 1)
    draft.show("pressurised_hours", Estimate(hours, math.sqrt(changes / 12.0) / 60.0, "h"), samples)
    text = case.text("leak_repair", row.path, "quiet_hours")
    if not text:
        draft.refused.append(Refused("leak_power", "quiet_hours_not_given"))
        return draft
    _size(draft, machine, _air(row, own, reader), under, QuietHours.parse(text), idle, reader, case)
    return draft


def _size(
    draft: Draft, machine: MachineStates, air: tuple[SignalRecord | None, Doubles | None],
    under: np.ndarray[tuple[int], np.dtype[np.bool_]], quiet: QuietHours, idle: IdleRanking, reader: WindowReader,
    case: Case,
) -> None:  # fmt: skip
    kw, (flow, delivered) = minute_kw(machine.signals[0], reader), air
    nights = np.array(quiet.nights(reader.window.start_ns, len(kw), idle.zone))
    levels = [each.mean for each, name in zip(machine.levels, machine.level_names, strict=True) if name in _LEVELS]
    found = air_leak_power(
        kw[under].tolist(), None if delivered is None else delivered[under].tolist(), machine.codes[under].tolist(),
        nights[under].tolist(), max(levels, default=0.0), _relative(machine, case),
    )  # fmt: skip
    draft.details += [Detail("quiet_nights", float(found.nights), ""), Detail("quiet_load_share", found.share, "1")]
    if found.refused:
        draft.refused.append(Refused("leak_power", f"leak_{found.refused}", float(found.nights), ""))
        return
    if found.flow is not None and found.marginal is not None:
        draft.details.append(Detail("leak_flow", found.flow.value, found.flow.unit))
        draft.details.append(Detail("marginal_power", found.marginal.value, found.marginal.unit))
    used = (machine.signals[0], *((flow,) if flow is not None else ()))
    samples = reader.evidence(used, f"power for leaks in the quiet hours {quiet}", ("leak_power/1", "power_state/1"))
    _show_classed(draft, "leak_power", found.power, samples)


def _begun(kind: str, row: AssetRecord, machine: MachineStates | None, idle: IdleRanking, case: Case) -> Draft:
    draft = Draft(kind, row)
    if machine is not None:
        draft.meters = machine.signals
        draft.price, draft.price_source = mean_price(machine, idle, running=kind == "leak_repair"), idle.price_source
        draft.per_year = per_year(machine)
        draft.without_class = machine.signals[0].address not in case.classes
    return draft


def _show_classed(draft: Draft, name: str, value: Estimate, samples: Samples) -> None:
    """Without the meter's class its uncertainty is not known, so it is no evidence."""
    if draft.without_class:
        draft.refused.append(Refused(name, "without_class", value.value, value.unit))
    else:
        draft.show(name, value, samples)


def _relative(machine: MachineStates, case: Case) -> float:
    meter = case.classes.get(machine.signals[0].address)
    return 0.0 if meter is None else meter.to_meter().sigma(1.0)


def _air(
    row: AssetRecord, own: Sequence[SignalRecord], reader: WindowReader
) -> tuple[SignalRecord | None, Doubles | None]:
    """The signal of air delivered and its m3/min by minute; None where the machine has none."""
    flow = role_signal(row, own, "output", "flow")
    factor = None if flow is None else factor_to(flow, "m3/min")
    return (None, None) if flow is None or factor is None else (flow, minute_mean(flow, reader) * factor)


def _pressurised(
    machine: MachineStates, pressure: SignalRecord | None, reader: WindowReader
) -> tuple[np.ndarray[tuple[int], np.dtype[np.bool_]], Samples]:
    """Minutes in which the net is under pressure: by the pressure, else while the machine is not off."""
    running = (machine.codes > 0) & (machine.codes < 4)
    if pressure is None:
        return running, machine.evidence
    level = minute_mean(pressure, reader)
    usual = level[running & ~np.isnan(level)]
    if not len(usual):
        return running, machine.evidence
    samples = reader.evidence((pressure,), "minutes under pressure", ("leak_power/1",))
    return np.nan_to_num(level, nan=-1.0) >= _UNDER_PRESSURE * float(np.median(usual)), samples


def _hours(machine: MachineStates, states: Sequence[str]) -> Estimate:
    """Each change of state lies somewhere in its minute: a rectangle of one minute for each."""
    changes = max(len(machine.spells) - 1, 1)
    minutes = math.fsum(machine.minutes[name] for name in states)
    return Estimate(minutes * MINUTE_NS / 3.6e12, math.sqrt(changes / 12.0) / 60.0, "h")
