"""The truth sample by sample: a ledger that also writes every sample into a file, which outlives the process."""

from __future__ import annotations

import json
import os
import pathlib
from collections.abc import Sequence
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt
from numpy.typing import ArrayLike
from ovoo_contract.errors import ConfigError

from ovoo_simulator.ledger import Ledger

__all__ = ["RECORD", "JournalLedger", "Records", "read_journal"]

RECORD = np.dtype([("signal", "<u4"), ("quality", "<u4"), ("time_ns", "<i8"), ("value", "<f8")])
"""One sample, 24 bytes; `signal` is a position in the addresses of the file's first line."""

Records: TypeAlias = npt.NDArray[Any]
"""Structured array of RECORD."""


class JournalLedger(Ledger):
    """A ledger that appends what it counts to a new file: one JSON line of addresses, then records.

    A sample is in the file as soon as `add` has returned, so a plant that is killed leaves the truth behind.

    Args:
        addresses: full addresses; the position is the index used in `add`.
        path: file to make; raises ConfigError when it is there already.
    """

    def __init__(self, addresses: Sequence[str], path: pathlib.Path) -> None:
        super().__init__(addresses)
        try:
            self._file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_APPEND, 0o644)
        except OSError as error:
            raise ConfigError(
                "cannot be made", offender=str(path), value=error.strerror, remedy="a new name"
            ) from error
        os.write(self._file, json.dumps(list(addresses)).encode() + b"\n")

    def add(self, signal: ArrayLike, time_ns: ArrayLike, value: ArrayLike, quality: ArrayLike) -> None:
        """Counts and writes samples; see `Ledger.add`."""
        super().add(signal, time_ns, value, quality)
        records = np.empty(len(np.asarray(signal)), RECORD)
        records["signal"], records["quality"] = signal, quality
        records["time_ns"], records["value"] = time_ns, value
        os.write(self._file, records.tobytes())


def read_journal(path: pathlib.Path) -> tuple[tuple[str, ...], Records]:
    """Addresses and records of a file; a record that was cut off at the end is left out.

    Raises:
        ConfigError: the file is absent or does not begin as a journal does.
    """
    try:
        head, _, body = path.read_bytes().partition(b"\n")
        addresses = tuple(str(address) for address in json.loads(head))
    except (OSError, ValueError, TypeError) as error:
        raise ConfigError("not a journal", offender=str(path), value=str(error)) from error
    whole = len(body) // RECORD.itemsize * RECORD.itemsize
    return addresses, np.frombuffer(body[:whole], RECORD)
