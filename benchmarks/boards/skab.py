"""SKAB: outliers by the multivariate EWMA, change points by the change-point detector, one rule for every file.

Below DIR/skab every CSV with the columns `anomaly` and `changepoint` is scored; a file without them is normal work and
gives a note only. The first 400 rows of a file train, a row is a second; the labels are read by the scorer alone.
"""

from __future__ import annotations

import csv
import functools
import itertools
import math
from array import array
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from ovoo_models.anomaly.change_point import ChangePoint
from ovoo_models.anomaly.ewma import Mewma
from ovoo_models.base import FrameBlock, Place, ScoreBlock

from benchmarks.boards import BoardResult, Counts, Records

__all__ = [
    "SKAB_CHANGE_PARAMS", "SKAB_PARAMS", "SKAB_TRAINING_ROWS", "SkabFile", "change_counts", "measure",
    "outlier_counts", "read_skab", "totals",
]  # fmt: skip

SKAB_TRAINING_ROWS = 400
SKAB_PARAMS: dict[str, float | str] = {
    "lambda": 0.03, "step_s": 1.0, "limit_factor": 5.0, "settle_s": 0.0, "max_missing": 0, "shrinkage": -1.0,
    "memory": "own", "peak_share": 0.2, "peak_half_s": 700.0, "reset_s": 900.0,
}  # fmt: skip
SKAB_CHANGE_PARAMS: dict[str, float | str] = {
    "fast": 0.1, "slow": 0.02, "step_s": 1.0, "limit_factor": 2.0, "mute_s": 10.0, "settle_s": 0.0,
    "max_missing": 0, "shrinkage": -1.0, "reset_s": 900.0,
}  # fmt: skip
PROFILES: Mapping[str, tuple[float, float, float]] = {
    "standard": (1.0, 0.11, 1.0), "lowfp": (1.0, 0.22, 1.0), "lowfn": (1.0, 0.11, 2.0),
}  # fmt: skip
"""Worth of a hit, cost of a false alarm, cost of a miss."""
BUDGET_A_FILE = 40 / 34
"""False change points a file that the goal allows."""
_WINDOW_S = 60
_APART_ROWS = 60
_CLOCKS = (30, 60, 120)
_LABELS = ("datetime", "anomaly", "changepoint")
_START_NS = 1_600_000_000_000_000_000
_LAMBDAS, _LIMITS = (0.02, 0.03, 0.04, 0.05), (4.0, 5.0, 6.0, 7.0)
_FASTS, _CHANGE_LIMITS = ((0.08, 0.02), (0.1, 0.02), (0.12, 0.02)), (1.8, 2.0, 2.2, 2.5)
_UNITS = {
    "skab_outlier_f1": "F1", "skab_far": "%", "skab_mar": "%", "skab_cp_standard": "score", "skab_cp_lowfp": "score",
    "skab_cp_lowfn": "score", "skab_cp_false_alarms": "alarms", "skab_cp_missed": "changes",
}  # fmt: skip

Bools = NDArray[np.bool_]


@dataclass(frozen=True, slots=True, eq=False)
class SkabFile:
    """One run: rows x signals; seconds of each row; labels, all False where the file has none."""

    name: str
    values: NDArray[np.float64]
    time_s: NDArray[np.int64]
    anomaly: Bools
    change: Bools
    labelled: bool


def read_skab(path: Path, name: str) -> SkabFile:
    """Reads a file as published: `;`-separated, one row a second."""
    with path.open(encoding="utf-8", newline="") as stream:
        rows = list(csv.DictReader(stream, delimiter=";"))
    signals = [column for column in rows[0] if column not in _LABELS]
    values = np.array([[float(row[column] or "nan") for column in signals] for row in rows])
    times = np.array([int(datetime.fromisoformat(row["datetime"] + "+00:00").timestamp()) for row in rows])
    anomaly, change = (np.array([float(row.get(column) or 0) > 0 for row in rows]) for column in _LABELS[1:])
    return SkabFile(name, values, times, anomaly, change, "anomaly" in rows[0])


def outlier_counts(alarm: Bools, truth: Bools) -> dict[str, float]:
    """Rows of each kind among those scored."""
    return {
        "tp": float((alarm & truth).sum()), "fp": float((alarm & ~truth).sum()),
        "fn": float((~alarm & truth).sum()), "tn": float((~alarm & ~truth).sum()),
    }  # fmt: skip


def change_counts(time_s: Sequence[int], alarm_s: Sequence[int], change_s: Sequence[int]) -> dict[str, float]:
    """Raw points of the three profiles, changes, missed changes and alarms outside every window.

    A window is the 60 s from a change on, both ends inside; the later one starts where the earlier ends. Its first
    alarm counts, by how early it comes; the others in it cost nothing. time_s bounds the rows scored.
    """
    changes = [t for t in change_s if time_s[0] <= t <= time_s[-1]]
    alarms = [t for t in alarm_s if time_s[0] <= t <= time_s[-1]]
    outside, places = set(range(len(alarms))), list[float]()
    free = time_s[0]
    for t in changes:
        start, free = max(t, free), t + _WINDOW_S
        inside = sorted(i for i in outside if start <= alarms[i] <= free)
        outside -= set(inside)
        if inside:
            places.append((alarms[inside[0]] - start) / (free - start))
    missed = len(changes) - len(places)
    raw = {
        f"cp_raw_{name}": sum(_worth(x, hit, false) for x in places) - miss * missed - false * len(outside)
        for name, (hit, false, miss) in PROFILES.items()
    }
    return {**raw, "cp_changes": float(len(changes)), "cp_missed": float(missed), "cp_false": float(len(outside))}


def _worth(place: float, hit: float, false: float) -> float:
    z = math.pi * (place - 0.5)
    return (hit + false) / 2 * (1 - math.tanh(z) / math.tanh(math.pi / 2)) - false


def totals(records: Sequence[Counts]) -> dict[str, float]:
    """The board's figures; those whose denominators are zero are left out."""
    total = {key: math.fsum(each[key] for each in records) for key in (records[0] if records else ())}
    found: dict[str, float] = {}
    if not total:
        return found
    tp, fp, fn, tn = (total[key] for key in ("tp", "fp", "fn", "tn"))
    if tp + fn:
        found |= {"skab_outlier_f1": tp / (tp + (fp + fn) / 2), "skab_mar": 100 * fn / (fn + tp)}
    if fp + tn:
        found["skab_far"] = 100 * fp / (fp + tn)
    if n := total["cp_changes"]:
        for name, (hit, _false, miss) in PROFILES.items():
            found[f"skab_cp_{name}"] = 100 * (total[f"cp_raw_{name}"] + miss * n) / (n * (hit + miss))
        found |= {"skab_cp_false_alarms": total["cp_false"], "skab_cp_missed": total["cp_missed"]}
    if "skab_outlier_f1" in found and n:
        over = total["cp_false"] > BUDGET_A_FILE * len(records)
        found["skab_choice"] = 100 * found["skab_outlier_f1"] + found["skab_cp_lowfp"] - (1000 if over else 0)
    return found


def measure(folder: Path) -> BoardResult | None:
    """Scores DIR/skab/**.csv; None where there is no labelled file."""
    paths = sorted((folder / "skab").glob("**/*.csv"))
    files = [read_skab(path, path.relative_to(folder).as_posix()) for path in paths]
    labelled = [each for each in files if each.labelled and len(each.values) > SKAB_TRAINING_ROWS]
    if not labelled:
        return None
    outliers = {each.name: outlier_alarms(each, SKAB_PARAMS) for each in labelled}
    changes = {each.name: change_alarms(each, SKAB_CHANGE_PARAMS) for each in labelled}
    records = {each.name: {**_outliers(each, outliers[each.name]), **_changes(each, changes[each.name])}
               for each in labelled}  # fmt: skip
    normal = sum(int((~each.anomaly[SKAB_TRAINING_ROWS:]).sum()) for each in labelled)
    signals = labelled[0].values.shape[1]
    return BoardResult(
        name="skab",
        records=records,
        totals=totals,
        units=_UNITS,
        controls=_controls(labelled),
        false_alarms=sum(_episodes(each, outliers[each.name]) for each in labelled),
        signal_days=signals * normal / 86_400,
        objective="skab_choice",
        alternatives=functools.partial(_alternatives, labelled),
        notes=(*_rule(labelled), *(_normal_note(each) for each in files if not each.labelled)),
    )


def outlier_alarms(run: SkabFile, params: Mapping[str, float | str]) -> Bools:
    """Rows at or above the limit of the multivariate EWMA, one verdict a row."""
    return _alarms(Mewma(params, _place(run)), run)


def change_alarms(run: SkabFile, params: Mapping[str, float | str]) -> Bools:
    """Rows at which the change-point detector tells a change."""
    return _alarms(ChangePoint(params, _place(run)), run)


def _place(run: SkabFile) -> Place:
    d = run.values.shape[1]
    return Place(tuple(range(d)), -1, d, 10**9)


def _alarms(model: Mewma | ChangePoint, run: SkabFile) -> Bools:
    n = len(run.values)
    times = array("q", (_START_NS + i * 10**9 for i in range(n)))
    rows = FrameBlock(times, array("d", np.ascontiguousarray(run.values).tobytes()), run.values.shape[1])
    model.learn_history(rows.rows(0, SKAB_TRAINING_ROWS))
    out = ScoreBlock()
    model.score_many(rows, out)
    above: Bools = np.array(out.score[:n]) >= np.array(out.limits[:n])
    return above


def _outliers(run: SkabFile, alarm: Bools) -> dict[str, float]:
    return outlier_counts(alarm[SKAB_TRAINING_ROWS:], run.anomaly[SKAB_TRAINING_ROWS:])


def _changes(run: SkabFile, alarm: Bools) -> dict[str, float]:
    scored = slice(SKAB_TRAINING_ROWS, None)
    times = run.time_s[scored]
    return change_counts(times.tolist(), times[alarm[scored]].tolist(), times[run.change[scored]].tolist())


def _episodes(run: SkabFile, alarm: Bools) -> int:
    """Alarms that begin in normal rows; those less than 60 rows apart are one."""
    rows = np.flatnonzero(alarm[SKAB_TRAINING_ROWS:]) + SKAB_TRAINING_ROWS
    begins = rows[np.diff(rows, prepend=-_APART_ROWS) > _APART_ROWS] if len(rows) else rows
    return int((~run.anomaly[begins]).sum())


def _controls(files: Sequence[SkabFile]) -> dict[str, float]:
    """An alarm that is always on, and blind clocks: the best of 30, 60 and 120 rows, the best within the budget."""
    on = [{**_outliers(each, np.ones(len(each.values), bool)), **_changes(each, each.change & False)} for each in files]
    found = {"skab_always_on_f1": totals(on)["skab_outlier_f1"]}
    clocks = {every: _clock(files, every) for every in range(30, 901, 30)}
    for every in _CLOCKS:
        found[f"skab_clock_{every}_lowfp"] = clocks[every]["skab_cp_lowfp"]
        found[f"skab_clock_{every}_false_alarms"] = clocks[every]["skab_cp_false_alarms"]
    found["skab_clock_lowfp"] = max(clocks[every]["skab_cp_lowfp"] for every in _CLOCKS)
    allowed = [each for each in clocks.values() if each["skab_cp_false_alarms"] <= BUDGET_A_FILE * len(files)]
    if allowed:
        found["skab_clock_in_budget_lowfp"] = max(each["skab_cp_lowfp"] for each in allowed)
    return found


def _clock(files: Sequence[SkabFile], every: int) -> dict[str, float]:
    """Figures of an alarm each `every` rows."""
    records = []
    for run in files:
        ticks = np.arange(len(run.values)) % every == SKAB_TRAINING_ROWS % every
        records.append({**_outliers(run, ticks), **_changes(run, ticks)})
    return totals(records)


def _alternatives(files: Sequence[SkabFile]) -> dict[str, Records]:
    """The grid: lambda and limit of the outliers, both means and limit of the change points."""
    outliers = {
        f"lambda {weight:g}, limit {limit:g}": {
            each.name: _outliers(each, outlier_alarms(each, {**SKAB_PARAMS, "lambda": weight, "limit_factor": limit}))
            for each in files
        }
        for weight, limit in itertools.product(_LAMBDAS, _LIMITS)
    }
    changes = {
        f"fast {fast:g}, slow {slow:g}, limit {limit:g}": {
            each.name: _changes(
                each, change_alarms(each, {**SKAB_CHANGE_PARAMS, "fast": fast, "slow": slow, "limit_factor": limit})
            )
            for each in files
        }
        for (fast, slow), limit in itertools.product(_FASTS, _CHANGE_LIMITS)
    }
    return {
        f"{one}; {two}": {each.name: {**outliers[one][each.name], **changes[two][each.name]} for each in files}
        for one, two in itertools.product(outliers, changes)
    }


def _rule(files: Sequence[SkabFile]) -> tuple[str, ...]:
    budget = BUDGET_A_FILE * len(files)
    return (
        f"skab: {len(files)} labelled files, the first {SKAB_TRAINING_ROWS} rows of each train; outliers "
        f"lambda {SKAB_PARAMS['lambda']}, limit {SKAB_PARAMS['limit_factor']} x chi-square 99 %; change points "
        f"{SKAB_CHANGE_PARAMS['fast']} and {SKAB_CHANGE_PARAMS['slow']}, limit {SKAB_CHANGE_PARAMS['limit_factor']}, "
        f"mute {SKAB_CHANGE_PARAMS['mute_s']} s; {budget:.1f} false change points allowed (40 per 34 files)",
        "skab: a false alarm begins in a normal row after training; alarms less than 60 s apart are one",
    )


def _normal_note(run: SkabFile) -> str:
    """A run of normal work, cut into pieces as long as the labelled files: share above the limit, changes told."""
    length = 1150
    pieces = [
        SkabFile(run.name, run.values[i : i + length], run.time_s[i : i + length], run.anomaly[i : i + length],
                 run.change[i : i + length], False)
        for i in range(0, len(run.values) - length + 1, length)
    ]  # fmt: skip
    scored = slice(SKAB_TRAINING_ROWS, None)
    above = [float(outlier_alarms(each, SKAB_PARAMS)[scored].mean()) for each in pieces]
    told = [int(change_alarms(each, SKAB_CHANGE_PARAMS)[scored].sum()) for each in pieces]
    if not pieces:
        return f"{run.name}: normal work, too short for a piece of {length} rows"
    return (
        f"{run.name}: normal work in {len(pieces)} pieces of {length} rows, each with its own training: "
        f"{100 * sum(above) / len(above):.0f} % of rows above the outlier limit ({100 * min(above):.0f} to "
        f"{100 * max(above):.0f} % a piece), {sum(told)} changes told"
    )
