"""Tennessee Eastman by the lagged detector: one rule for every fault, limits from normal rows alone.

A fault is scored on DIR/tep/dNN_te.dat (fault after row 160) where it is there, else on DIR/tep/dNN.dat (fault from
the start). Where DIR holds d00_te.dat, the detector is fitted on all of d00.dat and its alarm share taken there;
elsewhere it is fitted on the first 300 rows of d00.dat and its alarm share taken on the rest.
"""

from __future__ import annotations

import itertools
import re
import statistics
from array import array
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from ovoo_models.anomaly.lagged import Lagged
from ovoo_models.base import FrameBlock, Place, ScoreBlock
from ovoo_models.train.lagged import fit_lagged

from benchmarks import frame
from benchmarks.boards import BoardResult, Counts, Records

__all__ = ["HARD_FAULTS", "TEP_LAGGED_PARAMS", "measure", "read_tep", "totals"]

TEP_LAGGED_PARAMS: Mapping[str, float] = {"step_s": 180.0, "settle_s": 0.0}
"""The plant's step; every other constant is the detector's own default."""
HARD_FAULTS = (3, 9, 15)
"""Faults that hardly show; the board is quoted with and without them."""
_SIGNALS = 52
_NORMAL_ROWS_BEFORE_FAULT = 160
_SHARED_TRAINING_ROWS = 300
_STEP_NS = 180_000_000_000
_START_NS = 1_600_000_000_000_000_000
_NAME = re.compile(r"d(\d\d)(_te)?\.dat")
_GRID = {"ridge": (1.0, 3.0, 10.0), "shrinkage": (0.01, 0.03), "slow": (0.015, 0.03), "fast": (0.15, 0.25)}
_UNITS = {
    "tep_mean_detection": "%", "tep_mean_without_3_9_15": "%", "tep_normal_alarm_share": "%",
    "tep_before_fault_alarm_share": "%", "tep_median_delay_rows": "rows",
}  # fmt: skip
Matrix = NDArray[np.float64]
Bools = NDArray[np.bool_]


@dataclass(frozen=True, slots=True, eq=False)
class _Board:
    """What a folder holds: the rows to fit, the normal rows to check and whether they follow on, a run a fault."""

    training: Matrix
    checked: Matrix
    checked_name: str
    follows: bool
    faults: Mapping[str, tuple[int, int, Matrix]]  # file -> fault, rows before it, rows


def read_tep(path: Path) -> Matrix:
    """Rows x 52 signals, XMEAS 1-41 then XMV 1-11; a file stored transposed is turned."""
    rows = np.loadtxt(path)
    turned: Matrix = rows if rows.ndim == 2 and rows.shape[1] == _SIGNALS else rows.T
    if turned.ndim != 2 or turned.shape[1] != _SIGNALS:
        raise SystemExit(f"{path.name}: {rows.shape} numbers; rows x {_SIGNALS} are needed")
    return turned


def measure(folder: Path) -> BoardResult | None:
    """Scores DIR/tep; None where there is no fault file, or no d00.dat there or in the shared folder."""
    board = _read(folder)
    if board is None:
        return None
    records, episodes, rows = _score(board, {})
    return BoardResult(
        name="tep",
        records=records,
        totals=totals,
        units=_UNITS,
        controls={"tep_always_on_detection": 100.0, "tep_always_on_alarm_share": 100.0},
        false_alarms=episodes,
        signal_days=_SIGNALS * rows * _STEP_NS / 86_400e9,
        objective="tep_choice",
        alternatives=lambda: {_label(each): _score(board, each)[0] for each in _alternatives()},
        notes=(
            f"tep: fitted on {len(board.training)} rows of d00.dat, alarm share on {len(board.checked)} rows of "
            f"{board.checked_name}; {sum('_te' in name for name in board.faults)} of "
            f"{len(board.faults)} faults on test runs",
            "tep rule: lagged detector, default constants, step 180 s; limit 5.5 spreads above the mean of "
            "cross-validated statistics; developed on d00 and the eight faults of the shared folder",
            *_faults_in_words(records),
        ),
    )


def totals(records: Sequence[Counts]) -> dict[str, float]:
    """Mean over the faults of the share of faulty rows in alarm, and the other figures these counts can give."""
    found: dict[str, float] = {}
    faults = [each for each in records if each["fault"] > 0]
    easy = [each for each in faults if each["fault"] not in HARD_FAULTS]
    for key, group in (("tep_mean_detection", faults), ("tep_mean_without_3_9_15", easy)):
        if group:
            found[key] = 100 * statistics.fmean(each["detected"] / each["faulty_rows"] for each in group)
    for key, group in (
        ("tep_normal_alarm_share", [each for each in records if each["fault"] == 0]),
        ("tep_before_fault_alarm_share", faults),
    ):
        if normal := sum(each["normal_rows"] for each in group):
            found[key] = 100 * sum(each["normal_alarms"] for each in group) / normal
    if faults:
        found["tep_median_delay_rows"] = float(statistics.median(each["delay_rows"] for each in faults))
        over = found.get("tep_normal_alarm_share", 0.0) > 1.0
        found["tep_choice"] = found["tep_mean_detection"] - (1000.0 if over else 0.0)
    return found


def _read(folder: Path) -> _Board | None:
    files = {path.name: path for path in sorted((folder / "tep").glob("d*.dat")) if _NAME.fullmatch(path.name)}
    normal = files.get("d00.dat", frame.DATA / "tep" / "d00.dat")
    faults: dict[int, Path] = {}
    for name, path in files.items():
        if (found := _NAME.fullmatch(name)) and (fault := int(found[1])) and (found[2] or fault not in faults):
            faults[fault] = path
    if not faults or not normal.is_file():
        return None
    rows = read_tep(normal)
    tested = "d00_te.dat" in files
    return _Board(
        training=rows if tested else rows[:_SHARED_TRAINING_ROWS],
        checked=read_tep(files["d00_te.dat"]) if tested else rows[_SHARED_TRAINING_ROWS:],
        checked_name="tep/d00_te.dat" if tested else "tep/d00.dat",
        follows=not tested,
        faults={
            f"tep/{path.name}": (fault, _NORMAL_ROWS_BEFORE_FAULT if "_te" in path.name else 0, read_tep(path))
            for fault, path in sorted(faults.items())
        },
    )


def _score(board: _Board, constants: Mapping[str, float]) -> tuple[Records, int, int]:
    """Counts of each file, false alarms as episodes, and the normal rows they could begin in."""
    place = Place(tuple(range(_SIGNALS)), -1, _SIGNALS, _STEP_NS)
    training = _block(board.training)
    model, _found = fit_lagged({**TEP_LAGGED_PARAMS, **constants}, place, training)
    records: dict[str, Counts] = {}
    episodes = rows = 0
    if board.follows:
        model.score_many(training, ScoreBlock())
    alarm = _alarms(model, board.checked, len(board.training) if board.follows else 0)
    for name, (fault, before, values) in ((board.checked_name, (0, len(alarm), board.checked)), *board.faults.items()):
        if fault:
            model.restart()
            alarm = _alarms(model, values, 0)
        records[name] = _counts(alarm, fault, before)
        episodes += _risings(alarm[:before])
        rows += before
    return records, episodes, rows


def _counts(alarm: Bools, fault: int, before: int) -> dict[str, float]:
    faulty = alarm[before:]
    first = int(np.argmax(faulty)) if faulty.any() else len(faulty)
    return {
        "fault": float(fault), "normal_rows": float(before), "normal_alarms": float(alarm[:before].sum()),
        "faulty_rows": float(len(faulty)), "detected": float(faulty.sum()), "delay_rows": float(first),
    }  # fmt: skip


def _risings(alarm: Bools) -> int:
    return int((alarm & ~np.r_[False, alarm[:-1]]).sum())


def _alarms(model: Lagged, values: Matrix, start: int) -> Bools:
    out = ScoreBlock()
    model.score_many(_block(values, start), out)
    found: Bools = np.array(out.score[: len(values)]) >= np.array(out.limits[: len(values)])
    return found


def _block(values: Matrix, start: int = 0) -> FrameBlock:
    times = array("q", (_START_NS + (start + i) * _STEP_NS for i in range(len(values))))
    return FrameBlock(times, array("d", np.ascontiguousarray(values).tobytes()), _SIGNALS)


def _alternatives() -> Iterator[dict[str, float]]:
    for chosen in itertools.product(*_GRID.values()):
        yield dict(zip(_GRID, chosen, strict=True))


def _label(constants: Mapping[str, float]) -> str:
    return ", ".join(f"{name} {value:g}" for name, value in constants.items())


def _faults_in_words(records: Records) -> Iterator[str]:
    for each in records.values():
        if each["fault"]:
            share = 100 * each["detected"] / each["faulty_rows"]
            yield f"tep fault {each['fault']:.0f}: {share:.1f} % of rows, first alarm {each['delay_rows']:.0f} rows in"
