"""Accuracy on the public boards: SKAB, NAB and Tennessee Eastman, by constants that are one rule for every file.

Any folder laid out like ../shared/data is scored with one command. Beside each figure stand its controls (an alarm
that is always on, a clock), a bootstrap interval over the files, and the figure with constants chosen without the file.
"""

from __future__ import annotations

import argparse
import importlib
import pathlib
import pkgutil
import sys
from collections.abc import Callable, Mapping

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))

from benchmarks import boards, frame
from benchmarks.boards import BoardResult
from benchmarks.boards.resampling import intervals, leave_one_out

_DRAWS, _QUICK_DRAWS = 2000, 200


def measure(options: frame.Options, result: frame.Result) -> None:
    """Scores every board whose files are there."""
    folder: pathlib.Path = options.arguments.data.resolve()
    if not folder.is_dir():
        raise SystemExit(f"--data {folder}: no such folder; name one laid out like ../shared/data")
    found: list[BoardResult] = []
    for name, score in sorted(_boards().items()):
        board = score(folder)
        if board is None:
            _say(result, f"{name}: no files below {folder.name}/{name}, left out")
            continue
        found.append(board)
        _report(board, options.quick, result)
    result.add("n_files", sum(len(board.records) for board in found), "files")
    _false_alarms(found, result)
    _say(result, f"files read: {', '.join(_read(folder, found)) or 'none'}")


def _boards() -> Mapping[str, Callable[[pathlib.Path], BoardResult | None]]:
    """Every module of the package that measures a board."""
    modules = {
        found.name: importlib.import_module(f"{boards.__name__}.{found.name}")
        for found in pkgutil.iter_modules(boards.__path__)
    }
    return {name: module.measure for name, module in modules.items() if hasattr(module, "measure")}


def _report(board: BoardResult, quick: bool, result: frame.Result) -> None:
    total = board.total()
    ends = intervals(board, _QUICK_DRAWS if quick else _DRAWS)
    held = None if quick else leave_one_out(board)
    print(f"\n{board.name}: {len(board.records)} files")
    for file, counts in board.records.items():
        print(f"  {file}: {_figures(board, board.totals([counts]))}")
    for key, value in total.items():
        if key not in board.units:
            continue
        low, high = ends.get(key, (float("nan"), float("nan")))
        result.add(key, value, board.units[key])
        print(f"  {key}: {value:.4g} (95 % over files {low:.4g} to {high:.4g})")
        if key in ends:
            result.add(f"{key}_ci_low", low, board.units[key])
            result.add(f"{key}_ci_high", high, board.units[key])
        if held and key in held[0]:
            result.add(f"{key}_held_out", held[0][key], board.units[key])
    for key, value in board.controls.items():
        result.add(key, value, "control")
        print(f"  control {key}: {value:.4g}")
    if held:
        choices = "; ".join(f"{count} x [{label}]" for label, count in held[1].items())
        _say(
            result,
            f"{board.name} leave-one-file-out by {board.objective}: {_figures(board, held[0])}; chosen {choices}",
        )
    for note in board.notes:
        _say(result, note)


def _false_alarms(found: list[BoardResult], result: frame.Result) -> None:
    days = sum(board.signal_days for board in found)
    if days:
        alarms = sum(board.false_alarms for board in found)
        result.add("false_alarms_per_signal_day", alarms / days, "alarms/signal/day")
        for board in found:
            if board.signal_days:
                key = f"false_alarms_per_signal_day_{board.name}"
                result.add(key, board.false_alarms / board.signal_days, "alarms/signal/day")
        parts = ", ".join(
            f"{board.name} {board.false_alarms} in {board.signal_days:.3g} signal-days" for board in found
        )
        _say(result, f"false alarms, beginning in normal rows: {parts}")


def _figures(board: BoardResult, figures: Mapping[str, float]) -> str:
    shown = [f"{key} {value:.4g}" for key, value in figures.items() if key in board.units]
    return ", ".join(shown) or "no figure of its own"


def _say(result: frame.Result, note: str) -> None:
    print(note)
    result.notes.append(note)


def _read(folder: pathlib.Path, found: list[BoardResult]) -> list[str]:
    """Each board's files with one SHA-256 over them, so that a result says what it was computed from."""
    lines = []
    for board in found:
        paths = [path for path in (folder / name for name in sorted(board.records)) if path.is_file()]
        digest = frame.data_digest(*paths) if paths else "not files"
        lines.append(f"{board.name} {len(paths)} (SHA-256 {digest})")
    return lines


def _options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--data", type=pathlib.Path, default=frame.DATA, help="a folder laid out like ../shared/data")


if __name__ == "__main__":
    parts = ("models/ovoo_models", "benchmarks/boards")
    sys.exit(frame.run("accuracy", measure, description=__doc__ or "", measures=parts, extra=_options))
