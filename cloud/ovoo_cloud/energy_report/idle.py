"""Energy of idle machines over the month, the worst first: states found in each machine's own power."""

from __future__ import annotations

import math
from array import array
from decimal import Decimal
from itertools import pairwise
from typing import Any, Final
from zoneinfo import ZoneInfo

import numpy as np
import numpy.typing as npt
from ovoo_models.base import FrameBlock
from ovoo_models.efficiency.idle_waste import IdleWaste, Price, Spell, State, idle_waste
from ovoo_models.efficiency.power_state import IDLE, LOAD, NO_LOAD, OFF, PowerStates

from ovoo_cloud.diagnosis.case import Case, Machine
from ovoo_cloud.diagnosis.figures import FigureBook
from ovoo_cloud.diagnosis.observe import MINUTE_NS, Observation, SignalScan
from ovoo_cloud.energy_report.records import RecordBook

__all__ = ["idle_section"]

_FORMULA: Final = "idle_kwh/1"
_LEAST_MINUTES: Final = 3 * 1440
_NAMES: Final[dict[int, State]] = {OFF: "off", IDLE: "idle", NO_LOAD: "no_load", LOAD: "load"}


def idle_section(
    case: Case, seen: Observation, book: FigureBook, records: RecordBook, zone: ZoneInfo, price: Price | None
) -> dict[str, Any]:
    """Rows of machines with idle energy; `open` are those whose states could not be told apart, or lack data."""
    rows: list[tuple[Decimal, dict[str, Any]]] = []
    open_: list[dict[str, str]] = []
    for machine in case.machines:
        scan = None if machine.asset is None else seen.find(machine.asset, "power")
        if scan is None or scan.entry.unit != "kW" or not scan.good_samples:
            continue
        found, reason = _waste(machine, scan, seen, zone, price)
        if found is None:
            open_.append({"machine": machine.id, "reason": reason})
        elif found.kwh > 0:
            rows.append((found.kwh, _row(machine, scan, found, seen, book, records)))
    rows.sort(key=lambda each: (-each[0], each[1]["machine"]))
    listed = [row for _, row in rows]
    figures = [book[row["kwh"]] for row in listed]
    book.derived("idle.kwh", "sum/1", figures, unit="kWh", digits=1, reason="" if figures else "no_idle")
    money = [book[row["yuan"]] for row in listed if row["yuan"]]
    whole = money if len(money) == len(listed) else []
    book.derived("idle.yuan", "sum/1", whole, unit="yuan", digits=2, reason="" if whole else "no_prices")
    return {"rows": listed, "open": open_}


def _waste(
    machine: Machine, scan: SignalScan, seen: Observation, zone: ZoneInfo, price: Price | None
) -> tuple[IdleWaste | None, str]:
    power = seen.by_minute(scan)
    if np.count_nonzero(np.isfinite(power)) < _LEAST_MINUTES:
        return None, "short"
    spells = _spells(machine.id, power, _states(power, seen), seen.window.start_ns)
    if all(each.state == "unknown" for each in spells):
        return None, "states"
    found = idle_waste(spells, zone, price=price)
    return (found[0], "") if found else (None, "states")


def _states(power: npt.NDArray[np.float64], seen: Observation) -> npt.NDArray[np.uint8]:
    """The state of every minute by levels that the whole month has taught."""
    known = np.flatnonzero(np.isfinite(power))
    times = seen.window.start_ns + known.astype(np.int64) * MINUTE_NS
    block = FrameBlock(array("q", times.tobytes()), array("d", power[known].tobytes()), 1)
    learner = PowerStates(0, dwell_s=60.0, gap_s=900.0)
    learner.learn_many(block)
    learner.settle()
    result = np.full(len(power), 255, dtype=np.uint8)
    result[known] = np.frombuffer(learner.states(block).tobytes(), dtype=np.uint8)
    return result


def _spells(
    asset: str, power: npt.NDArray[np.float64], states: npt.NDArray[np.uint8], start_ns: int
) -> tuple[Spell, ...]:
    """Runs of minutes of one state with their mean power, negative powers as zero."""
    edges = [0, *(np.flatnonzero(states[1:] != states[:-1]) + 1).tolist(), len(states)]
    spells = []
    for first, last in pairwise(edges):
        drawn = np.maximum(power[first:last], 0.0)
        known = drawn[np.isfinite(drawn)]
        mean = math.fsum(known.tolist()) / len(known) if len(known) else 0.0
        state = _NAMES.get(int(states[first]), "unknown")
        spells.append(Spell(asset, start_ns + first * MINUTE_NS, start_ns + last * MINUTE_NS, state, mean))
    return tuple(spells)


def _row(
    machine: Machine, scan: SignalScan, found: IdleWaste, seen: Observation, book: FigureBook, records: RecordBook
) -> dict[str, Any]:
    evidence = [seen.book.add([scan], "minutes idle or without load by the machine's own power", formulas=[_FORMULA])]
    name = f"idle.{machine.id}"
    kwh = book.base(f"{name}.kwh", found.kwh, unit="kWh", digits=1, formula=_FORMULA, evidence=evidence)
    hours = book.base(
        f"{name}.hours", Decimal(repr(found.hours)), unit="h", digits=1, formula=_FORMULA, evidence=evidence
    )
    share = book.base(
        f"{name}.percent", Decimal(repr(found.share)) * 100, unit="%", digits=1, formula=_FORMULA, evidence=evidence
    )
    made = [kwh, hours, share]
    if found.yuan is not None:
        made.append(book.base(f"{name}.yuan", found.yuan, unit="yuan", digits=2, formula=_FORMULA, evidence=evidence))
    records.note(
        "idle_waste/month", [scan], made, parameters={"unknown_hours": f"{found.unknown_hours:.2f}", "dwell_s": "60"}
    )
    yuan = made[3].id if len(made) > 3 else ""
    return {"machine": machine.id, "kwh": kwh.id, "hours": hours.id, "percent": share.id, "yuan": yuan}
