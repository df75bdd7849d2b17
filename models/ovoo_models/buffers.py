"""What callers hand over as columns: any buffer of doubles, read without numpy, in one layout for the kernels."""

from __future__ import annotations

import sys
from array import array
from collections.abc import Mapping, Sequence
from typing import Final

from ovoo_contract.errors import OvooError

from ovoo_models._select import frame_kernels
from ovoo_models.base import FrameBlock

__all__ = ["Buffer", "InputError", "Values", "read_frames", "read_times"]

Buffer = object
"""Anything that gives a memoryview: array, memoryview, bytes-like, numpy array."""
Values = object
"""A buffer of doubles (rows x width, or flat), or a mapping of column name to a buffer of doubles."""
_NATIVE: Final = "@=" + ("<" if sys.byteorder == "little" else ">!")


class InputError(OvooError, ValueError):
    """Columns that cannot be taken: wrong type, shape or column set."""


def read_frames(values: Values, columns: Sequence[str], time_ns: array[int] | None = None) -> tuple[FrameBlock, int]:
    """The rows of `values` and how many of its cells were infinite or beyond 1e30 and count as missing.

    values: a C- or otherwise strided buffer of doubles, rows x columns or flat row-major, read in row order; or a
    mapping of exactly `columns` to one buffer each. The input is copied once and never changed. `time_ns` may be
    None: the rows then have no times yet.

    Raises:
        InputError: not doubles, more than two dimensions, another number of columns or other names.
    """
    flat = _from_mapping(values, columns) if isinstance(values, Mapping) else _from_buffer(values, columns)
    replaced = frame_kernels.clean_rows(flat)
    rows = len(flat) // len(columns)
    if time_ns is not None and len(time_ns) != rows:
        raise InputError("one time a row is needed", offender="time_ns", value=len(time_ns), remedy=f"{rows} times")
    return FrameBlock(array("q") if time_ns is None else time_ns, flat, len(columns)), replaced


def read_times(times: Buffer) -> array[int]:
    """Nanoseconds UTC from a one-dimensional buffer of 64-bit integers, copied."""
    view = _view(times, "time_ns", "give int64 nanoseconds, e.g. index.astype('datetime64[ns]').view('int64')")
    if view.ndim != 1 or view.itemsize != 8 or (view.format or "").lstrip(_NATIVE) not in ("q", "l"):
        raise InputError(
            "64-bit integers in one dimension are needed", offender="time_ns", value=(view.format, view.shape),
            remedy="array('q', ...) or an int64 array of nanoseconds",
        )  # fmt: skip
    column = array("q")
    column.frombytes(view.tobytes())
    return column


def _from_mapping(values: Mapping[str, Buffer], columns: Sequence[str]) -> array[float]:
    if set(values) != set(columns):
        raise InputError(
            "other columns than the model's", offender="values", value=sorted(values),
            remedy=f"exactly {', '.join(columns)}",
        )  # fmt: skip
    parts = {name: _doubles(values[name], name)[0] for name in columns}
    lengths = {name: len(part) for name, part in parts.items()}
    rows = lengths[columns[0]]
    odd = next((name for name in columns if lengths[name] != rows), None)
    if odd is not None:
        raise InputError(
            "columns differ in length", offender=odd, value=lengths[odd], remedy=f"{columns[0]} has {rows} rows"
        )
    flat = array("d", bytes(8 * rows * len(columns)))
    for place, name in enumerate(columns):
        flat[place :: len(columns)] = parts[name]
    return flat


def _from_buffer(values: Buffer, columns: Sequence[str]) -> array[float]:
    flat, shape = _doubles(values, "values")
    width = len(columns)
    named = f"{width} columns: {', '.join(columns)}"
    if len(shape) > 2:
        raise InputError("more than two dimensions", offender="values", value=shape, remedy=f"rows x {named}")
    if len(shape) == 2 and shape[1] != width:
        raise InputError(
            "another number of columns", offender="values", value=shape[1], remedy=f"the model has {named}"
        )
    if len(flat) % width:
        raise InputError("not a whole number of rows", offender="values", value=len(flat), remedy=f"rows of {named}")
    return flat


def _doubles(values: Buffer, offender: str) -> tuple[array[float], tuple[int, ...]]:
    view = _view(values, offender, "array('d', ...) or a float64 array")
    if view.itemsize != 8 or (view.format or "").lstrip(_NATIVE) != "d":
        raise InputError(
            "not doubles in native byte order", offender=offender, value=view.format,
            remedy="array('d', ...) or values.astype('float64')",
        )  # fmt: skip
    column = array("d")
    # row order whatever the strides are
    column.frombytes(view.tobytes())
    return column, tuple(view.shape or (len(column),))


def _view(values: Buffer, offender: str, remedy: str) -> memoryview:
    try:
        return memoryview(values)  # type: ignore[arg-type]  # what is no buffer is told below
    except (TypeError, ValueError, BufferError) as error:
        raise InputError("not a buffer", offender=offender, value=type(values).__name__, remedy=remedy) from error
