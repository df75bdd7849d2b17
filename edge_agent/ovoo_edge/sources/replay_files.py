"""Recorded files as a stream of batches, each with the place where reading goes on after it.

`*.ovb`: `u32 length | canonical catalogue JSON`, then `u32 length | wire batch` records, lengths little-endian.
`*.csv`: a time column and a column per signal.
"""

from __future__ import annotations

import codecs
import csv
import dataclasses
import io
import math
import pathlib
import struct
from array import array
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from ovoo_contract.catalogue import Catalogue
from ovoo_contract.errors import OvooError, PayloadError
from ovoo_contract.quality import BAD
from ovoo_contract.samples import SampleBatch
from ovoo_contract.wire import decode_batch

from ovoo_edge.sources.base import SignalMap
from ovoo_edge.sources.settings_replay import ReplaySettings
from ovoo_edge.sources.times import TimeReader

__all__ = ["Piece", "read_csv_file", "read_ovb_file"]

_LENGTH = struct.Struct("<I")
_LARGEST_RECORD = 1 << 28
_TRUTH = {"true": 1.0, "false": 0.0}
_ABSENT = frozenset({"", "nan", "null", "none", "na", "n/a"})


@dataclass(frozen=True, slots=True)
class Piece:
    """A batch and where reading goes on: a byte offset (.ovb) or a number of data rows (.csv)."""

    batch: SampleBatch
    next_offset: int
    counters: Counter[str] = field(default_factory=Counter)


def read_ovb_file(path: pathlib.Path, signals: Sequence[SignalMap], offset: int) -> Iterator[Piece]:
    """The batches from `offset` on (0 = start), remapped by address; signals that nobody maps are left out.

    Raises:
        PayloadError: the file is damaged; the offender is `file@offset`.
    """
    with path.open("rb") as file:
        record = _read_record(file, path, 0)
        if record is None:
            raise PayloadError("file is empty", offender=str(path))
        try:
            catalogue = Catalogue.from_json(record)
        except OvooError as error:
            raise PayloadError("catalogue cannot be read", offender=f"{path}@0", value=str(error)) from error
        by_address = {signal.address: signal.index for signal in signals}
        table = [by_address.get(str(entry.address), -1) for entry in catalogue.entries]
        position = max(offset, _LENGTH.size + len(record))
        file.seek(position)
        while (record := _read_record(file, path, position)) is not None:
            try:
                _, batch = decode_batch(record)
            except OvooError as error:
                raise PayloadError("batch cannot be read", offender=f"{path}@{position}", value=str(error)) from error
            position += _LENGTH.size + len(record)
            yield _remapped(batch, table, position)


def _read_record(file: io.BufferedReader, path: pathlib.Path, position: int) -> bytes | None:
    head = file.read(_LENGTH.size)
    if not head:
        return None
    size = _LENGTH.unpack(head)[0] if len(head) == _LENGTH.size else _LARGEST_RECORD + 1
    record = file.read(size) if size <= _LARGEST_RECORD else b""
    if len(record) != size:
        raise PayloadError("record is cut off", offender=f"{path}@{position}", remedy="record the file again")
    return record


def _remapped(batch: SampleBatch, table: Sequence[int], position: int) -> Piece:
    known = bytes(index >= 0 for index in table)
    kept = batch.select_signals(known)
    signal = array("I", [table[index] for index in kept.signal])
    counters = Counter({"unmapped_samples": len(batch) - len(kept)})
    return Piece(dataclasses.replace(kept, signal=signal), position, counters)


def read_csv_file(settings: ReplaySettings, signals: Sequence[SignalMap], offset: int) -> Iterator[Piece]:
    """The rows after the first `offset` data rows, `rows_per_chunk` at a time; rows are read in file order.

    Raises:
        PayloadError: no time column, no mapped column, or a time that cannot be read; the offender names the line.
    """
    path = settings.path
    with path.open(encoding=_encoding(path), newline="") as file:
        first = file.readline()
        file.seek(0)
        reader = csv.reader(file, delimiter=settings.delimiter or max(",;\t", key=first.count))
        header = [cell.strip().lstrip("\ufeff") for cell in next(reader, [])]
        columns = _match_columns(header, signals, settings)
        time_column = header.index(settings.time_column)
        times = TimeReader(settings.time_form, settings.timezone)
        done = 0
        rows = _Rows(columns)
        for cells in reader:
            if not cells:
                continue
            done += 1
            if done <= offset:
                continue
            try:
                rows.add(times.read(cells[time_column]), cells)
            except (PayloadError, IndexError) as error:
                raise PayloadError(
                    "row cannot be read", offender=f"{path}:{reader.line_num}", value=str(error)
                ) from error
            if done % settings.rows_per_chunk == 0:
                yield rows.piece(done)
                rows = _Rows(columns)
        if len(rows):
            yield rows.piece(done)


def _encoding(path: pathlib.Path) -> str:
    decoder = codecs.getincrementaldecoder("utf-8")()
    with path.open("rb") as file:
        if file.read(2) in (b"\xff\xfe", b"\xfe\xff"):
            return "utf-16"
        file.seek(0)
        try:
            while block := file.read(1 << 20):
                decoder.decode(block)
        except UnicodeDecodeError:
            return "gb18030"
    return "utf-8"


def _match_columns(
    header: list[str], signals: Sequence[SignalMap], settings: ReplaySettings
) -> list[tuple[int, SignalMap]]:
    if settings.time_column not in header:
        raise PayloadError(
            "time column is missing",
            offender=str(settings.path),
            value=settings.time_column,
            remedy=f"columns: {', '.join(header[:20])}",
        )
    columns = [
        (header.index(name), signal)
        for signal in signals
        for name in (signal.reference or signal.address,)
        if name in header
    ]
    if not columns:
        raise PayloadError(
            "no column is mapped to a signal", offender=str(settings.path), remedy="name columns in the signal list"
        )
    return columns


class _Rows:
    """Cells of some rows as columns."""

    def __init__(self, columns: Sequence[tuple[int, SignalMap]]) -> None:
        self._columns = columns
        self._batch = SampleBatch.empty()
        self._counters: Counter[str] = Counter()

    def __len__(self) -> int:
        return len(self._batch)

    def add(self, time_ns: int, cells: Sequence[str]) -> None:
        """Appends the values of one row; empty cells are no samples."""
        batch = self._batch
        for column, signal in self._columns:
            cell = cells[column].strip() if column < len(cells) else ""
            value, text, quality = self._read_cell(cell, signal)
            if text is None and math.isnan(value):
                self._counters["empty_cells"] += 1
                continue
            if text is not None:
                batch.text[len(batch.signal)] = text
            batch.signal.append(signal.index)
            batch.time_ns.append(time_ns)
            batch.value.append(value)
            batch.quality.append(quality)

    def piece(self, next_offset: int) -> Piece:
        """What was added."""
        return Piece(self._batch, next_offset, self._counters)

    def _read_cell(self, cell: str, signal: SignalMap) -> tuple[float, str | None, int]:
        if signal.is_text:
            return math.nan, cell or None, 0
        try:
            value = float(cell)
        except ValueError:
            value = _TRUTH.get(cell.lower(), math.nan)
        if math.isfinite(value):
            return value, None, 0
        if cell.lower() in _ABSENT:
            return math.nan, None, 0
        self._counters["wrong_types"] += 1
        return math.nan, cell, BAD
