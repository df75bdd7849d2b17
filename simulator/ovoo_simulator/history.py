"""Histories: replay files (`.ovb`) of a plant's past and columns for training."""

from __future__ import annotations

import itertools
import pathlib
import struct
from array import array
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import BinaryIO

import numpy as np
from ovoo_contract.quality import GOOD
from ovoo_contract.samples import SampleBatch
from ovoo_contract.wire import FLAG_BACKFILL, BatchHeader, encode_batch

from ovoo_simulator.arrays import BoolArray, FloatArray, IntArray, Uint32Array
from ovoo_simulator.faults import Fault
from ovoo_simulator.ledger import Ledger
from ovoo_simulator.noise import key_of
from ovoo_simulator.plants import Plant, PlantColumns
from ovoo_simulator.plants.model import Transport
from ovoo_simulator.times import DAY_NS, HOUR_NS, MINUTE_NS, local_midnight_ns

__all__ = ["SignalColumns", "Written", "to_batch", "training_columns", "write_history"]

SignalColumns = tuple[IntArray, FloatArray, Uint32Array]
"""(time_ns, value, quality) of one signal."""
_LENGTH = struct.Struct("<I")
_BLOCK_NS = DAY_NS


@dataclass(frozen=True, slots=True)
class Written:
    """A finished replay file: rows, records beside the catalogue, bytes."""

    path: pathlib.Path
    samples: int
    records: int
    size: int


def to_batch(columns: PlantColumns, keep: BoolArray) -> SampleBatch:
    """The kept samples as a batch sorted by (signal, time)."""
    signals, count = columns.value.shape
    rows = np.repeat(np.arange(signals, dtype=np.uint32), count)[keep.ravel()]
    times = np.tile(columns.time_ns, signals)[keep.ravel()]
    return SampleBatch(
        signal=array("I", rows.tobytes()),
        time_ns=array("q", times.tobytes()),
        value=array("d", columns.value[keep].tobytes()),
        quality=array("I", columns.quality[keep].tobytes()),
    )


def write_history(
    plant: Plant,
    path: pathlib.Path,
    start_ns: int,
    end_ns: int,
    step_ns: int,
    faults: Sequence[Fault] = (),
    *,
    record_ns: int = HOUR_NS,
    transport: Transport | None = None,
) -> tuple[Written, Ledger]:
    """Writes the samples of [start, end) every `step_ns` as one replay file and returns its ledger.

    Args:
        record_ns: span of one record; a batch of the wire format, sorted by (signal, time).
        transport: `mqtt` leaves samples out where the transmitter was silent, `opcua` writes them as bad rows without
            value; default is the plant's own.
    """
    ledger = Ledger([str(entry.address) for entry in plant.entries])
    omit = (transport or plant.model.transport) == "mqtt"
    epoch = key_of("history", plant.model.site, plant.seed, start_ns, step_ns)
    samples = records = 0
    with path.open("wb") as file:
        _record(file, plant.catalogue.to_json())
        for block in _blocks(plant, start_ns, end_ns, step_ns, faults):
            for part in _parts(block, record_ns):
                keep = part.present if omit else np.ones(part.value.shape, dtype=np.bool_)
                if not keep.any():
                    continue
                records += 1
                samples += _write_part(file, plant, part, keep, epoch, records)
                _count(ledger, part, keep)
        size = file.tell()
    return Written(path, samples, records, size), ledger


def _write_part(file: BinaryIO, plant: Plant, part: PlantColumns, keep: BoolArray, epoch: int, seq: int) -> int:
    batch = to_batch(part, keep)
    header = BatchHeader(
        catalogue_id=plant.catalogue.id,
        epoch=epoch,
        seq=seq,
        flags=FLAG_BACKFILL,
        receive_ns=int(part.time_ns[-1]),
    )
    _record(file, encode_batch(header, batch))
    return len(batch)


def _record(file: BinaryIO, data: bytes) -> None:
    file.write(_LENGTH.pack(len(data)))
    file.write(data)


def _count(ledger: Ledger, part: PlantColumns, keep: BoolArray) -> None:
    signal, column = np.nonzero(keep)
    ledger.add(signal, part.time_ns[column], part.value[keep], part.quality[keep])


def _blocks(plant: Plant, start_ns: int, end_ns: int, step_ns: int, faults: Sequence[Fault]) -> Iterator[PlantColumns]:
    """The window in blocks of whole records, so that memory stays small."""
    per_block = max(_BLOCK_NS // step_ns, 1)
    steps = -(-(end_ns - start_ns) // step_ns)
    per_block = min(per_block, 14_400)
    for first in range(0, steps, per_block):
        yield plant.simulate(start_ns + first * step_ns, step_ns, min(per_block, steps - first), faults)


def _parts(block: PlantColumns, record_ns: int) -> Iterator[PlantColumns]:
    index = block.time_ns // record_ns
    edges = [0, *(np.flatnonzero(np.diff(index)) + 1).tolist(), len(index)]
    for low, high in itertools.pairwise(edges):
        yield PlantColumns(
            block.time_ns[low:high],
            np.ascontiguousarray(block.value[:, low:high]),
            np.ascontiguousarray(block.quality[:, low:high]),
        )


def training_columns(
    plant: Plant, days: int, *, end_ns: int, step_ns: int = MINUTE_NS
) -> Mapping[str, Mapping[str, SignalColumns]]:
    """Commissioning history: `days` normal days without faults before the local midnight at or before `end_ns`.

    Returns:
        Per asset path and signal name the columns (time_ns, value, quality), good samples only.
    """
    end = local_midnight_ns(end_ns)
    columns = plant.simulate(end - days * DAY_NS, step_ns, days * DAY_NS // step_ns)
    result: dict[str, dict[str, SignalColumns]] = {}
    for row, entry in enumerate(plant.entries):
        good = columns.quality[row] == GOOD
        result.setdefault(entry.address.asset_path, {})[entry.address.signal] = (
            columns.time_ns[good],
            columns.value[row, good],
            columns.quality[row, good],
        )
    return result
