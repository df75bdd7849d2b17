"""Columns of samples to rows of frames, in plain Python: the same steps and digits as _frame_kernels.pyx."""

from __future__ import annotations

from array import array

__all__ = ["change_rows", "clean_rows", "emit_frames", "ramp_rows", "scatter_rows", "select_rows", "widen_codes"]

NAN = float("nan")
GOOD_BELOW = 0x40000000
NEVER = -1
GREATEST = 1e30
"""No plant measures more; squares and sums of what is left cannot overflow, single precision included."""


def clean_rows(values: array[float]) -> int:
    """Put NaN for infinities and values beyond +-1e30, in place; return how many."""
    replaced = 0
    for i, x in enumerate(values):
        if x == x and not -GREATEST <= x <= GREATEST:
            values[i] = NAN
            replaced += 1
    return replaced


def ramp_rows(out: array[int], start: int, step: int) -> None:
    """Fill `out` with start, start + step, ..."""
    for i in range(len(out)):
        out[i] = start + i * step


def select_rows(
    signal: array[int],
    time_ns: array[int],
    value: array[float],
    quality: array[int],
    table: array[int],
    floor_ns: int,
    out_column: array[int],
    out_time: array[int],
    out_value: array[float],
) -> tuple[int, int, int, int]:
    """Keep the rows that `table` maps to a column; return (kept, late, newest, oldest kept time or -1).

    Rows before `floor_ns` are late: counted and left out. A row that is not good, or no finite
    number up to 1e30, becomes NaN, so that it ends the hold.
    """
    kept = late = 0
    newest = oldest = NEVER
    width = len(table)
    for i, index in enumerate(signal):
        if index >= width:
            continue
        column = table[index]
        if column < 0:
            continue
        at = time_ns[i]
        if at < floor_ns or at < 0:
            late += 1
            continue
        out_column[kept] = column
        out_time[kept] = at
        sound = quality[i] < GOOD_BELOW and -GREATEST <= value[i] <= GREATEST
        out_value[kept] = value[i] if sound else NAN
        newest = max(newest, at)
        oldest = at if oldest == NEVER else min(oldest, at)
        kept += 1
    return kept, late, newest, oldest


def scatter_rows(
    column: array[int],
    time_ns: array[int],
    value: array[float],
    n: int,
    base_frame: int,
    frames: int,
    period_ns: int,
    width: int,
    stride: int,
    grid_value: array[float],
    grid_time: array[int],
) -> tuple[int, int]:
    """Write the newest row of each cell into the grid; return (later rows, kept packed; their oldest time or -1).

    The frames of a signal stand side by side, `stride` >= frames cells a signal: samples come signal after signal.
    """
    for k in range(width):
        grid_time[k * stride : k * stride + frames] = array("q", [NEVER]) * frames
    kept = 0
    oldest = NEVER
    first_ns = base_frame * period_ns
    end_ns = first_ns + frames * period_ns
    # over copies, because later rows move to the front meanwhile
    for i, (at, place) in enumerate(zip(time_ns[:n], column[:n], strict=True)):
        if at >= end_ns:
            column[kept], time_ns[kept], value[kept] = place, at, value[i]
            oldest = at if oldest == NEVER or at < oldest else oldest
            kept += 1
        elif at >= first_ns and 0 <= place < width:
            cell = place * stride + (at - first_ns) // period_ns
            if at >= grid_time[cell]:
                grid_time[cell] = at
                grid_value[cell] = value[i]
    return kept, oldest


def emit_frames(
    grid_value: array[float],
    grid_time: array[int],
    frames: int,
    width: int,
    stride: int,
    base_frame: int,
    period_ns: int,
    hold_ns: array[int],
    held_value: array[float],
    held_time: array[int],
    out_time: array[int],
    out_value: array[float],
) -> int:
    """Write one row for each frame that has a new sample, others held no longer than `hold_ns`; return the rows."""
    rows = 0
    empty = array("q", [NEVER]) * width
    for f in range(frames):
        times = grid_time[f : width * stride : stride]
        if times == empty:
            continue
        for k, time_ns in enumerate(times):
            if time_ns != NEVER:
                held_time[k] = time_ns
                held_value[k] = grid_value[k * stride + f]
        end = (base_frame + f + 1) * period_ns
        for k in range(width):
            alive = held_time[k] != NEVER and end - held_time[k] <= hold_ns[k] + period_ns
            out_value[rows * width + k] = held_value[k] if alive else NAN
        out_time[rows] = end - period_ns
        rows += 1
    return rows


def change_rows(
    time_ns: array[int],
    value: array[float],
    n: int,
    every_ns: int,
    last_time: array[int],
    last_value: array[float],
    out_time: array[int],
    out_value: array[float],
) -> int:
    """Keep a value that differs from the last one kept or is `every_ns` younger; NaN is left out; return how many."""
    kept = 0
    for i in range(n):
        x = value[i]
        if x != x:
            continue
        at = time_ns[i]
        emit = last_time[0] == NEVER or x != last_value[0]
        if emit or at - last_time[0] >= every_ns or at < last_time[0]:
            out_time[kept] = last_time[0] = at
            out_value[kept] = last_value[0] = x
            kept += 1
    return kept


def widen_codes(code: array[int], n: int, out: array[float]) -> None:
    """Copy the first n state codes into doubles; 6 (idle) becomes 1.5 and 7 (load) 1.75.

    The greater figure then always asks for more attention, and the greatest state of an interval hides no alarm.
    """
    out[:n] = array("d", [x if x < 6 else 0.25 * x for x in code[:n]])
