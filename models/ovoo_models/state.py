"""Named arrays as text and back, exact to the last bit: base64 of little-endian cells, never pickle."""

from __future__ import annotations

import base64
import binascii
import sys
from array import array
from collections.abc import Mapping

from ovoo_contract.errors import ArtifactError

__all__ = ["ArrayStore", "doubles_from_text", "doubles_to_text"]


def _swap(values: array[float] | array[int]) -> array[float] | array[int]:
    if sys.byteorder == "little":
        return values
    swapped = values[:]
    swapped.byteswap()
    return swapped


def doubles_to_text(values: array[float]) -> str:
    """Base64 of the little-endian doubles."""
    return base64.b64encode(_swap(values).tobytes()).decode()


def doubles_from_text(text: str, offender: str) -> array[float]:
    """What `doubles_to_text` wrote; ArtifactError names `offender` otherwise."""
    result = array("d")
    _read_into(result, text, offender)
    return result


def _read_into(column: array[float] | array[int], text: str, offender: str) -> None:
    try:
        column.frombytes(base64.b64decode(text, validate=True))
    except (binascii.Error, ValueError, TypeError) as error:
        raise ArtifactError("not a base64 column", offender=offender, remedy="train or save the model again") from error
    if sys.byteorder != "little":
        column.byteswap()


class ArrayStore:
    """The arrays of a detector, by name; kernels write into them, `state` and `load` carry them between processes."""

    __slots__ = ("_arrays", "_offender")

    def __init__(self, offender: str, **arrays: array[float] | array[int]) -> None:
        self._offender = offender
        self._arrays = arrays

    def state(self) -> dict[str, str]:
        """Name -> `typecode:base64`."""
        return {
            name: f"{column.typecode}:{base64.b64encode(_swap(column).tobytes()).decode()}"
            for name, column in self._arrays.items()
        }

    def load(self, state: Mapping[str, str]) -> None:
        """Overwrite every array in place; names, types and lengths must be those of this store."""
        self._replace(state, fixed=True)

    def load_any(self, state: Mapping[str, str]) -> None:
        """As `load`, for arrays of any length, all of one length."""
        self._replace(state, fixed=False)
        if len({len(column) for column in self._arrays.values()}) > 1:
            raise ArtifactError("columns differ in length", offender=self._offender)

    def _replace(self, state: Mapping[str, str], fixed: bool) -> None:
        if set(state) != set(self._arrays):
            names = sorted(set(state) ^ set(self._arrays))
            raise ArtifactError("parts of the state are missing or foreign", offender=self._offender, value=names)
        fresh = {name: self._column(name, text, fixed) for name, text in state.items()}
        for name, column in fresh.items():
            self._arrays[name][:] = column  # type: ignore[assignment]  # typecodes were compared above

    def _column(self, name: str, text: str, fixed: bool) -> array[float] | array[int]:
        mine = self._arrays[name]
        offender = f"{self._offender}.{name}"
        code, _, body = str(text).partition(":")
        if code != mine.typecode:
            raise ArtifactError(
                "wrong type of column", offender=offender, value=code, remedy=f"expected {mine.typecode}"
            )
        column: array[float] | array[int] = array(code)
        _read_into(column, body, offender)
        if fixed and len(column) != len(mine):
            raise ArtifactError("wrong length", offender=offender, value=len(column), remedy=f"expected {len(mine)}")
        return column
