"""What one signal's samples show: counts, gaps, clock flags, flat stretches, range, quality codes. No judgement."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
import numpy.typing as npt
from ovoo_contract.catalogue import SignalEntry
from ovoo_contract.evidence import SampleColumns
from ovoo_contract.quality import CLOCK_SUSPECT, FLAGS, SHIFTED, TIME_FROM_RECEIVE, TIME_FROM_SERVER, UNCERTAIN
from ovoo_packs import SignalTemplate

from ovoo_cloud.diagnosis.editions import FIRST
from ovoo_cloud.diagnosis.observe import GAP_MINUTES, MINUTE_NS, SignalScan, Window, gaps_of, scan_columns
from ovoo_cloud.readiness.limits import Limits
from ovoo_cloud.readiness.nature import is_setting, quantum_of
from ovoo_cloud.readiness.plausibility import Plausibility, check_values

__all__ = ["GAP_CLASSES_MIN", "SignalFacts", "facts_of", "is_number"]

GAP_CLASSES_MIN: Final = (60, 360, 1440)
"""Borders between classes of gaps, in minutes: below an hour, six hours, a day, longer."""
_CODES: Final = 4
_CLOCK: Final = TIME_FROM_SERVER | TIME_FROM_RECEIVE | CLOCK_SUSPECT
_NOTHING: Final = Plausibility(ranged=False, outside=0, suspects=())

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class SignalFacts:
    """One signal over the window.

    Attributes:
        minutes, covered: of the window, and those with good data or within the time that a good sample stands for.
        gaps: counts by class, shortest class first; `longest_min` of them in minutes.
        samples, good, clock_flagged, shifted: rows.
        values: good rows with a finite number; `outside` of their range.
        flat_ns, told_ns: time in stretches of one unchanged value that is not zero, and time between good samples.
        codes: the most frequent quality codes without our flags, with their rows.
        missing: what the catalogue does not say: name_zh, name_en, unit, range, template.
        checks: how many things it was asked for.
        quantum: the smallest difference between two values; `coarse` where it hides the course. No points depend on it.
    """

    entry: SignalEntry
    minutes: int
    covered: int
    gaps: tuple[int, ...]
    longest_min: int
    samples: int
    good: int
    clock_flagged: int
    shifted: int
    values: int
    plausibility: Plausibility
    flat_ns: int
    told_ns: int
    codes: tuple[tuple[int, int], ...]
    missing: tuple[str, ...]
    checks: int
    quantum: str | None = None
    coarse: bool = False


def is_number(entry: SignalEntry) -> bool:
    """Whether range and movement mean something for the signal."""
    return entry.type in ("float", "int")


def facts_of(
    columns: SampleColumns,
    entry: SignalEntry,
    window: Window,
    limits: Limits,
    template: SignalTemplate | None,
    *,
    matched: bool,
) -> tuple[SignalFacts, SignalScan]:
    """The facts of a signal and its scan, from one look at its samples.

    Args:
        columns: all samples in the window, by time.
        entry: of the catalogue.
        window: the whole of it.
        limits: of the method.
        template: the signal in the template of its machine, where there is one.
        matched: whether the machine has a template at all.
    """
    judged = entry if entry.uplink == "raw" else replace(entry, period_s=max(entry.period_s, limits.on_change_hold_s))
    scan = scan_columns(columns, judged, window)
    times = np.asarray(columns.time_ns, dtype=np.int64)
    values = np.asarray(columns.value, dtype=np.float64)
    quality = np.asarray(columns.quality, dtype=np.uint32)
    told = (quality < UNCERTAIN) & np.isfinite(values)
    numbers = is_number(entry)
    lengths = [(int(end) - int(start)) // MINUTE_NS for start, end in gaps_of(scan.good, window)]
    flat_ns, told_ns = _flat(times[told], values[told], limits) if _moves(entry, template, limits.edition) else (0, 0)
    quantum, coarse = quantum_of(values[told]) if numbers else (None, False)
    missing, checks = _catalogue(entry, template, matched=matched)
    facts = SignalFacts(
        entry=entry,
        minutes=window.minutes,
        covered=int(np.count_nonzero(scan.good)),
        gaps=_classes(lengths),
        longest_min=max(lengths, default=0),
        samples=len(times),
        good=scan.good_samples,
        clock_flagged=int(np.count_nonzero(quality & _CLOCK)),
        shifted=int(np.count_nonzero(quality & SHIFTED)),
        values=int(np.count_nonzero(told)),
        plausibility=check_values(values[told], entry, template) if numbers else _NOTHING,
        flat_ns=flat_ns,
        told_ns=told_ns,
        codes=_codes(quality),
        missing=missing,
        checks=checks,
        quantum=quantum,
        coarse=coarse,
    )
    return facts, scan


def _moves(entry: SignalEntry, template: SignalTemplate | None, edition: int) -> bool:
    """Measured numbers sent again and again; a counter at rest and a setting that stays are no faults."""
    if edition > FIRST and is_setting(entry, template):
        return False
    counter = template.counter if template is not None else entry.unit in ("kWh", "MWh", "count")
    return entry.type == "float" and entry.uplink == "raw" and not counter


def _classes(lengths: Sequence[int]) -> tuple[int, ...]:
    places = np.searchsorted(np.array(GAP_CLASSES_MIN), np.array(lengths, dtype=np.int64), side="right")
    return tuple(int(np.count_nonzero(places == place)) for place in range(len(GAP_CLASSES_MIN) + 1))


def _flat(times: Ints, values: Floats, limits: Limits) -> tuple[int, int]:
    """Time in long unchanged stretches, and all time between samples; silences count for neither."""
    if len(times) < 2:
        return 0, 0
    steps = np.diff(times)
    quiet = steps > GAP_MINUTES * MINUTE_NS
    told_ns = int(np.sum(steps[~quiet]))
    broken = (values[1:] != values[:-1]) | quiet
    edges = np.flatnonzero(np.concatenate(([True], broken, [True])))
    first, last = edges[:-1], edges[1:] - 1
    lengths = times[last] - times[first]
    flat = (lengths >= limits.flat_ns) & (values[first] != 0)
    return int(np.sum(lengths[flat])), told_ns


def _codes(quality: npt.NDArray[np.uint32]) -> tuple[tuple[int, int], ...]:
    found, counts = np.unique(quality & np.uint32(0xFFFFFFFF & ~FLAGS), return_counts=True)
    rows = sorted(zip(found.tolist(), counts.tolist(), strict=True), key=lambda row: (-row[1], row[0]))
    return tuple(rows[:_CODES])


def _catalogue(entry: SignalEntry, template: SignalTemplate | None, *, matched: bool) -> tuple[tuple[str, ...], int]:
    """What is not said, and how much was asked. A bare ratio may be meant: only a template can tell it is not."""
    asked = {
        "name_zh": bool(entry.name_zh),
        "name_en": bool(entry.name_en),
        "template": matched,
    }
    if is_number(entry):
        asked["unit"] = entry.unit != "1" or template is None or template.unit == "1"
        asked["range"] = entry.low is not None and entry.high is not None
    return tuple(name for name, said in asked.items() if not said), len(asked)
