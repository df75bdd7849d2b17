"""Measures of boilers, steam pipes and throttled fans: amounts and hours that their signals show, the rest is read."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Final

import numpy as np
from ovoo_models.efficiency.estimate import Estimate

from ovoo_cloud.catalogue.tables import AssetRecord, SignalRecord
from ovoo_cloud.energy.amounts import Doubles
from ovoo_cloud.energy.idle_ranking import IdleRanking, MachineStates, mean_price, minute_mean, per_year
from ovoo_cloud.energy.measure_lines import Case, Draft, Refused
from ovoo_cloud.energy.meter_balance import quarter_amounts
from ovoo_cloud.energy.signal_roles import factor_to, role_signal
from ovoo_cloud.energy.window_reader import WindowReader

__all__ = ["boiler_draft"]

_LEAST_SHARE: Final = 0.6
"""Of the window's quarter hours that a flow must be known in to be an amount of the window."""
_UNDER_STEAM: Final = 0.5
"""Of the median pressure; below it the pipe is cold or being heated."""


def boiler_draft(
    kind: str, row: AssetRecord, own: Sequence[SignalRecord], machine: MachineStates | None, idle: IdleRanking,
    reader: WindowReader, case: Case,
) -> Draft:  # fmt: skip
    """What the signals of the machine show of the measure's inputs."""
    draft = Draft(kind, row)
    if kind == "blowdown":
        _steam(draft, role_signal(row, own, "output", "steam_flow"), reader, case)
    elif kind == "bare_pipe":
        _hours(draft, role_signal(row, own, "pressure"), reader)
    elif kind == "fan_throttling" and machine is not None:
        draft.meters, draft.per_year = machine.signals, per_year(machine)
        draft.price, draft.price_source = mean_price(machine, idle), idle.price_source
        _fan(draft, role_signal(row, own, "output", "flow"), machine, reader, case)
    return draft


def _steam(draft: Draft, flow: SignalRecord | None, reader: WindowReader, case: Case) -> None:
    """Tonnes of steam, where the flow meter's class is in the meter tree."""
    if flow is None:
        return
    meter = case.classes.get(flow.address)
    if meter is None or meter.carrier != "steam":
        draft.refused.append(Refused("steam_mass", "flow_without_class"))
        return
    amounts = quarter_amounts(meter, flow, reader)
    known = amounts[~np.isnan(amounts)]
    if len(known) < _LEAST_SHARE * len(amounts):
        draft.refused.append(Refused("steam_mass", "sparse", len(known) / len(amounts), "1"))
        return
    mass = math.fsum(known.tolist())
    samples = reader.evidence((flow,), "steam of the known quarter hours", ("amounts/1",))
    draft.show("steam_mass", Estimate(mass, meter.to_meter().sigma(mass), "t"), samples)
    draft.meters = (flow,)


def _hours(draft: Draft, pressure: SignalRecord | None, reader: WindowReader) -> None:
    """Hours under steam, each change within its minute."""
    if pressure is None or factor_to(pressure, "MPa") is None:
        return
    level = minute_mean(pressure, reader)
    known = level[~np.isnan(level)]
    if not len(known):
        return
    under = np.nan_to_num(level, nan=-1.0) >= _UNDER_STEAM * float(np.median(known))
    samples = reader.evidence((pressure,), "hours under steam", ("amounts/1",))
    draft.show("hours", _counted(under), samples)
    draft.meters = (pressure,)


def _fan(draft: Draft, flow: SignalRecord | None, machine: MachineStates, reader: WindowReader, case: Case) -> None:
    """Running hours by the states of the power; the air that it moves where the meter's class is in the tree."""
    running = (machine.codes > 0) & (machine.codes < 4)
    if machine.verdict != "too_few":
        draft.show("hours", _counted(running), machine.evidence)
    factor = None if flow is None else factor_to(flow, "m3/s")
    meter = None if flow is None else case.classes.get(flow.address)
    if flow is None or factor is None:
        return
    if meter is None:
        draft.refused.append(Refused("flow", "flow_without_class"))
        return
    air: Doubles = minute_mean(flow, reader)[running] * factor
    air = air[~np.isnan(air)]
    if len(air):
        mean = math.fsum(air.tolist()) / len(air)
        samples = reader.evidence((flow,), "mean flow while running", ("amounts/1",))
        draft.show("flow", Estimate(mean, meter.to_meter().sigma(mean), "m3/s"), samples)


def _counted(minutes: np.ndarray[tuple[int], np.dtype[np.bool_]]) -> Estimate:
    """Hours of minutes; each change of state lies somewhere in its minute."""
    changes = max(int(np.count_nonzero(np.diff(minutes))), 1)
    return Estimate(float(minutes.sum()) / 60.0, math.sqrt(changes / 12.0) / 60.0, "h")
