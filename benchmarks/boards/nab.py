"""Numenta Anomaly Benchmark: the product's `novelty` with its defaults on every file, scored by the published rules."""

from __future__ import annotations

import csv
import functools
import json
import math
import statistics
from array import array
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray
from ovoo_models.anomaly.novelty import Novelty
from ovoo_models.base import NORMAL, FrameBlock, Place, ScoreBlock

from benchmarks.boards import BoardResult, Counts, Records

__all__ = [
    "PROFILES",
    "Profile",
    "Series",
    "counts_of",
    "detect",
    "measure",
    "probation_rows",
    "read",
    "thinned",
    "totals",
]

Alarms = NDArray[np.bool_]
Detect = Callable[["Series"], Alarms]

CLOCK_ROWS: Final = (25, 50, 100, 200, 400, 800)
LIMITS: Final = (0.15, 0.2, 0.25, 0.3, 0.4)
CONFIDENCES: Final = (4.0, 8.0, 16.0)
_DAY_NS: Final = 86_400_000_000_000


@dataclass(frozen=True, slots=True)
class Profile:
    """What a found window earns, and what a false alarm and a missed window cost."""

    key: str
    hit: float
    false: float
    miss: float


PROFILES: Final = (
    Profile("nab_standard", 1.0, 0.11, 1.0),
    Profile("nab_low_fp", 1.0, 0.22, 1.0),
    Profile("nab_low_fn", 1.0, 0.11, 2.0),
)


@dataclass(frozen=True, slots=True)
class Series:
    """One file: times, values, and its windows as first and last row, both inside."""

    name: str
    time_ns: array[int]
    values: array[float]
    windows: tuple[tuple[int, int], ...]

    @property
    def period_ns(self) -> int:
        """The usual distance of two rows."""
        steps = [b - a for a, b in zip(self.time_ns, self.time_ns[1:], strict=False) if b > a]
        return round(statistics.median(steps)) if steps else 1


def probation_rows(rows: int) -> int:
    """The first rows of a file, which are not scored."""
    return min(math.floor(0.15 * rows), 750)


def _weight(y: float) -> float:
    return 2.0 / (1.0 + math.exp(5.0 * y)) - 1.0


def _past(windows: Sequence[tuple[int, int]], row: int) -> float:
    """Weight of a false alarm in 0..1: grows after a window, whole beyond three widths and before any window."""
    before = [(first, last) for first, last in windows if last < row]
    if not before:
        return 1.0
    first, last = before[-1]
    y = (row - last) / max(last - first, 1)
    return 1.0 if y > 3.0 else -_weight(y)


def counts_of(windows: Sequence[tuple[int, int]], alarms: Alarms) -> dict[str, float]:
    """Additive figures of one file: its windows, those found, the worth of each one's best alarm, false alarms.

    A window that lies in the probation as a whole does not count.
    """
    rows, start = len(alarms), probation_rows(len(alarms))
    open_windows = [(first, last) for first, last in windows if last >= start]
    rung = [int(i) for i in np.flatnonzero(alarms) if i >= start]
    found, worth = 0, 0.0
    for first, last in open_windows:
        inside = [i for i in rung if first <= i <= last]
        if inside:
            found += 1
            # the weight falls along the window, so that the first alarm is the best
            worth += _weight(-(last - inside[0] + 1) / (last - first + 1)) / _weight(-1.0)
    false = [i for i in rung if not any(first <= i <= last for first, last in windows)]
    return {
        "rows": float(rows),
        "windows": float(len(open_windows)),
        "found": float(found),
        "worth": worth,
        "false_rows": float(len(false)),
        "false_weight": math.fsum(_past(windows, i) for i in false),
    }


def totals(counts: Sequence[Counts]) -> dict[str, float]:
    """The three scores, 100 for each window found at its left edge and nothing else, 0 for no alarm at all."""
    windows = math.fsum(each["windows"] for each in counts)
    if not windows:
        return {}
    found, worth, false = (math.fsum(each[key] for each in counts) for key in ("found", "worth", "false_weight"))
    figures = {}
    for profile in PROFILES:
        raw = profile.hit * worth - profile.miss * (windows - found) - profile.false * false
        null, perfect = -profile.miss * windows, profile.hit * windows
        figures[profile.key] = 100.0 * (raw - null) / (perfect - null)
    return figures


def read(folder: Path) -> list[Series]:
    """Every file of DIR/nab that `combined_windows.json` names and that is there, in order of name."""
    windows: dict[str, list[list[str]]] = json.loads((folder / "combined_windows.json").read_text("utf-8"))
    return [_series(folder, name, windows[name]) for name in sorted(windows) if (folder / name).exists()]


def _series(folder: Path, name: str, windows: Sequence[Sequence[str]]) -> Series:
    with (folder / name).open(encoding="utf-8", newline="") as stream:
        rows = list(csv.DictReader(stream))
    times = array("q", [_ns(row["timestamp"]) for row in rows])
    values = array("d", [float(row["value"]) for row in rows])
    return Series(f"nab/{name}", times, values, tuple(_window(times, _ns(a), _ns(b)) for a, b in windows))


def _ns(text: str) -> int:
    moment = datetime.fromisoformat(text)
    return round((moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()) * 1_000_000_000


def _window(times: array[int], start_ns: int, end_ns: int) -> tuple[int, int]:
    first = next(i for i, at in enumerate(times) if at >= start_ns)
    last = next((i for i, at in enumerate(times) if at >= end_ns), len(times) - 1)
    return first, last if times[last] <= end_ns else last - 1


def detect(series: Series, limit: float | None = None, confidence: float | None = None) -> Alarms:
    """Alarms of `novelty`, with its defaults unless said: a row of the file is a step."""
    given = {"limit": limit, "confidence": confidence, "step_s": series.period_ns / 1e9}
    params = {name: value for name, value in given.items() if value is not None}
    detector = Novelty(params, Place((0,), -1, 1, series.period_ns))
    out = ScoreBlock()
    detector.score_many(FrameBlock(series.time_ns, series.values, 1), out)
    n = len(series.values)
    scored = np.array(out.state[:n]) == NORMAL
    alarms: Alarms = scored & (np.array(out.score[:n]) >= np.array(out.limits[:n]))
    return alarms


def thinned(series: Series, every: int) -> Series:
    """Every n-th row of a file: what the rule is worth on a signal sampled otherwise than the one it was chosen on."""
    last = (len(series.values) - 1) // every
    windows = tuple((first // every, min(end // every, last)) for first, end in series.windows)
    return Series(f"{series.name}/{every}", series.time_ns[::every], series.values[::every], windows)


def _records(files: Sequence[Series], rule: Detect) -> Records:
    return {each.name: counts_of(each.windows, rule(each)) for each in files}


def _clock(every: int, series: Series) -> Alarms:
    alarms = np.zeros(len(series.values), np.bool_)
    alarms[::every] = True
    return alarms


def _shifted(series: Series) -> Alarms:
    """The detector's own alarms, moved by half of the scored rows: as many, but of no meaning."""
    start = probation_rows(len(series.values))
    alarms = detect(series)
    alarms[start:] = np.roll(alarms[start:], (len(alarms) - start) // 2)
    return alarms


def _controls(files: Sequence[Series]) -> dict[str, float]:
    clocks = [totals(list(_records(files, functools.partial(_clock, every)).values())) for every in CLOCK_ROWS]
    best = {f"nab_clock_{key.removeprefix('nab_')}": max(each.get(key, 0.0) for each in clocks) for key in _KEYS}
    moved = totals(list(_records(files, _shifted).values()))
    return best | {f"nab_shifted_{key.removeprefix('nab_')}": value for key, value in moved.items()}


_KEYS: Final = tuple(profile.key for profile in PROFILES)


def _alternatives(files: Sequence[Series]) -> Mapping[str, Records]:
    return {
        f"limit {limit:g}, confidence {confidence:g}": _records(
            files, functools.partial(detect, limit=limit, confidence=confidence)
        )
        for limit in LIMITS
        for confidence in CONFIDENCES
    }


def _signal_days(files: Sequence[Series]) -> float:
    days = 0.0
    for each in files:
        inside = sum(last - first + 1 for first, last in each.windows)
        rows = len(each.values) - probation_rows(len(each.values)) - inside
        days += rows * each.period_ns / _DAY_NS
    return days


def _thinned_note(files: Sequence[Series], every: int) -> str:
    figures = totals(list(_records([thinned(each, every) for each in files], detect).values()))
    shown = ", ".join(f"{figures.get(profile.key, 0.0):.1f}" for profile in PROFILES)
    return f"nab: one row in {every} of each file scores {shown} (standard, low FP, low FN)"


def measure(folder: Path) -> BoardResult | None:
    """The board over DIR/nab; None where it is not there."""
    place = folder / "nab"
    files = read(place) if (place / "combined_windows.json").exists() else []
    if not files:
        return None
    records = _records(files, detect)
    quiet = [name for name, each in records.items() if not each["windows"]]
    silent = sum(records[name]["false_rows"] for name in quiet)
    false = int(sum(each["false_rows"] for each in records.values()))
    found, windows = (int(sum(each[key] for each in records.values())) for key in ("found", "windows"))
    return BoardResult(
        name="nab",
        records=records,
        totals=totals,
        units=dict.fromkeys(_KEYS, "points"),
        controls=_controls(files),
        false_alarms=false,
        signal_days=_signal_days(files),
        objective="nab_standard",
        alternatives=functools.partial(_alternatives, files),
        notes=(
            f"nab: {len(files)} files, {found} of {windows} windows found, {false} false alarms",
            f"nab: {silent:.0f} alarms on the {len(quiet)} files without anomalies",
            "nab: novelty with its defaults, one row a step, one limit for all files fixed beforehand",
            *(_thinned_note(files, every) for every in (2, 3, 4)),
        ),
    )
