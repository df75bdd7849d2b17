"""The wire batch: a header and columns as bytes (docs/reference/wire.md describes every byte)."""

from __future__ import annotations

import re
import struct
import zlib
from array import array
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from ovoo_contract._select import codec as _columns
from ovoo_contract.errors import WireError
from ovoo_contract.samples import SampleBatch

__all__ = [
    "CODEC_NONE",
    "CODEC_ZLIB",
    "FLAG_BACKFILL",
    "FLAG_LATE",
    "FLAG_REQUESTED",
    "HEADER_SIZE",
    "MAX_BODY",
    "MAX_ROWS",
    "BatchHeader",
    "decode_batch",
    "encode_batch",
    "peek_header",
]

FLAG_BACKFILL: Final = 1
FLAG_REQUESTED: Final = 2
FLAG_LATE: Final = 4
CODEC_NONE: Final = 0
CODEC_ZLIB: Final = 1
MAX_ROWS: Final = 1 << 22
MAX_BODY: Final = 1 << 26
"""Most bytes that a body may have before compression."""

_MAGIC: Final = b"OVOB"
_VERSION: Final = 1
_FLAGS: Final = FLAG_BACKFILL | FLAG_REQUESTED | FLAG_LATE
_LEVEL: Final = 1  # higher levels save under 2 % of columns that are packed already
_HEADER: Final = struct.Struct("<4sBBH8sQQqqIII")
_CHECK: Final = struct.Struct("<I")
HEADER_SIZE: Final = _HEADER.size + _CHECK.size
_CATALOGUE: Final = re.compile(r"[0-9a-f]{16}\Z")
_SERVER: Final = 1
_RECEIVE: Final = 2
_TEXT: Final = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class BatchHeader:
    """What a message says before its rows.

    A message carries spool rows ``seq`` to ``seq + merged - 1`` of one `epoch` (both u64, seq >= 1 where spooled);
    `receive_ns` is when the gateway received the newest row, `clock_offset_ns` the estimated clock of the source minus
    that of the gateway where it is known to be off (its rows carry `CLOCK_SUSPECT`), else 0; it is never applied.
    """

    catalogue_id: str
    epoch: int
    seq: int
    merged: int = 1
    flags: int = 0
    receive_ns: int
    clock_offset_ns: int = 0

    def __post_init__(self) -> None:
        if _CATALOGUE.match(self.catalogue_id) is None:
            raise _refuse("catalogue_id", self.catalogue_id, "16 hex digits")
        for name, low, high in _RANGES:
            if not low <= getattr(self, name) <= high:
                raise _refuse(name, getattr(self, name), f"{low} to {high}")
        if self.flags & ~_FLAGS:
            raise _refuse("flags", self.flags, "backfill 1, requested 2, late 4")
        if self.seq + self.merged > 2**64:
            raise _refuse("merged", self.merged, "the last seq is a u64")


_RANGES: Final = (
    ("epoch", 0, 2**64 - 1),
    ("seq", 0, 2**64 - 1),
    ("merged", 1, 2**32 - 1),
    ("flags", 0, 2**16 - 1),
    ("receive_ns", -(2**63), 2**63 - 1),
    ("clock_offset_ns", -(2**63), 2**63 - 1),
)


def encode_batch(header: BatchHeader, batch: SampleBatch, codec: int = CODEC_ZLIB) -> bytes:
    """One message; ``decode_batch`` gives back the same header and the same columns bit for bit.

    Every NaN counts as absent. Rows may stand in any order; sorted ones give the smallest message.

    Raises:
        WireError: for an unknown codec, more than `MAX_ROWS` rows or text with half a surrogate pair.
    """
    if len(batch) > MAX_ROWS:
        raise WireError(
            "too many rows for one message", offender="rows", value=len(batch), remedy=f"at most {MAX_ROWS}"
        )
    body = _encode_body(batch)
    if len(body) > MAX_BODY:
        raise WireError("body too large", offender="body", value=len(body), remedy="split the batch")
    if codec == CODEC_ZLIB:
        stored = zlib.compress(body, _LEVEL)
    elif codec == CODEC_NONE:
        stored = body
    else:
        raise WireError("unknown codec", offender="codec", value=codec, remedy="0 none, 1 zlib")
    head = _HEADER.pack(
        _MAGIC,
        _VERSION,
        codec,
        header.flags,
        bytes.fromhex(header.catalogue_id),
        header.epoch,
        header.seq,
        header.receive_ns,
        header.clock_offset_ns,
        header.merged,
        len(batch),
        len(body),
    )
    check = _CHECK.pack(zlib.crc32(stored, zlib.crc32(head)))
    return b"".join((head, check, stored))


def peek_header(data: bytes) -> tuple[BatchHeader, int]:
    """Header and number of rows without touching the body; WireError if the header is malformed."""
    header, rows, _, _ = _read_header(data)
    return header, rows


def decode_batch(data: bytes) -> tuple[BatchHeader, SampleBatch]:
    """Header and columns of a message.

    Raises:
        WireError: for anything that is not exactly one well-formed message. Memory stays below a small multiple of
            `MAX_BODY` whatever the bytes say.
    """
    data = bytes(data)
    header, rows, codec, size = _read_header(data)
    head = data[: _HEADER.size]
    stored = data[HEADER_SIZE:]
    if _CHECK.unpack_from(data, _HEADER.size)[0] != zlib.crc32(stored, zlib.crc32(head)):
        raise WireError("checksum does not match", offender="message", remedy="the bytes were damaged; send them again")
    body = _inflate(stored, size) if codec == CODEC_ZLIB else stored
    if len(body) != size:
        raise WireError(
            "body length differs from the header", offender="body", value=len(body), remedy=f"header says {size}"
        )
    return header, _guard(lambda: _decode_body(body, rows))


def _read_header(data: bytes) -> tuple[BatchHeader, int, int, int]:
    if len(data) < HEADER_SIZE:
        raise WireError(
            "shorter than a header", offender="message", value=len(data), remedy=f"{HEADER_SIZE} bytes or more"
        )
    magic, version, codec, flags, catalogue, epoch, seq, receive, offset, merged, rows, size = _HEADER.unpack_from(data)
    if magic != _MAGIC:
        raise WireError("not a wire batch", offender="magic", value=magic)
    if version != _VERSION:
        raise WireError("unknown version", offender="version", value=version, remedy="update the receiver")
    if codec not in (CODEC_NONE, CODEC_ZLIB):
        raise WireError("unknown codec", offender="codec", value=codec, remedy="0 none, 1 zlib")
    if rows > MAX_ROWS or size > MAX_BODY:
        raise WireError(
            "too large", offender="rows", value=(rows, size), remedy=f"at most {MAX_ROWS} rows, {MAX_BODY} bytes"
        )
    if rows >= size:
        raise WireError("fewer bytes than rows", offender="rows", value=rows)
    header = BatchHeader(
        catalogue_id=catalogue.hex(),
        epoch=epoch,
        seq=seq,
        merged=merged,
        flags=flags,
        receive_ns=receive,
        clock_offset_ns=offset,
    )
    return header, rows, codec, size


def _inflate(stored: bytes, size: int) -> bytes:
    engine = zlib.decompressobj()
    try:
        body = engine.decompress(stored, size + 1)
    except zlib.error as error:
        raise WireError("body does not decompress", offender="body", remedy=str(error)) from error
    if not engine.eof or engine.unused_data or engine.unconsumed_tail:
        raise WireError("body does not end where it should", offender="body")
    return body


def _encode_body(batch: SampleBatch) -> bytes:
    parts = [b"", _columns.encode_columns(batch.signal, batch.time_ns, batch.value, batch.quality)]
    present = 0
    for bit, column in ((_SERVER, batch.server_delta_us), (_RECEIVE, batch.receive_delta_us)):
        if column is not None:
            present |= bit
            parts.append(_columns.encode_deltas(column))
    if batch.text:
        present |= _TEXT
        parts.append(_encode_texts(batch.text))
    parts[0] = bytes((present,))
    return b"".join(parts)


def _decode_body(body: bytes, rows: int) -> SampleBatch:
    present = body[0]
    if present & ~(_SERVER | _RECEIVE | _TEXT):
        raise ValueError("unknown columns")
    signal, time_ns, value, quality, offset = _columns.decode_columns(body, 1, rows)
    optional: list[array[int] | None] = [None, None]
    for position, bit in enumerate((_SERVER, _RECEIVE)):
        if present & bit:
            optional[position], offset = _columns.decode_deltas(body, offset, rows)
    text: dict[int, str] = {}
    if present & _TEXT:
        text, offset = _decode_texts(body, offset, rows)
    if offset != len(body):
        raise ValueError("bytes after the last column")
    return SampleBatch(signal, time_ns, value, quality, text, *optional)


def _encode_texts(texts: dict[int, str]) -> bytes:
    out = bytearray(_varint(len(texts)))
    previous = -1
    for row in sorted(texts):
        try:
            encoded = texts[row].encode()
        except UnicodeEncodeError as error:
            raise WireError(
                "text holds half a surrogate pair",
                offender=f"text[{row}]",
                value=texts[row],
                remedy="repair it at the source",
            ) from error
        out += _varint(row - previous - 1)
        out += _varint(len(encoded))
        out += encoded
        previous = row
    return bytes(out)


def _decode_texts(body: bytes, offset: int, rows: int) -> tuple[dict[int, str], int]:
    count, offset = _read_varint(body, offset)
    if not 0 < count <= rows:
        raise ValueError("more texts than rows")
    texts: dict[int, str] = {}
    row = -1
    for _ in range(count):
        gap, offset = _read_varint(body, offset)
        size, offset = _read_varint(body, offset)
        row += gap + 1
        if row >= rows or size > len(body) - offset:
            raise ValueError("text cut off")
        texts[row] = body[offset : offset + size].decode()
        offset += size
    return texts, offset


def _varint(number: int) -> bytes:
    out = bytearray()
    while number > 0x7F:
        out.append(number & 0x7F | 0x80)
        number >>= 7
    out.append(number)
    return bytes(out)


def _read_varint(body: bytes, offset: int) -> tuple[int, int]:
    number = shift = 0
    while shift < 35:
        if offset >= len(body):
            raise ValueError("number cut off")
        byte = body[offset]
        offset += 1
        number |= (byte & 0x7F) << shift
        if byte < 0x80:
            return number, offset
        shift += 7
    raise ValueError("number too long")


def _guard(decode: Callable[[], SampleBatch]) -> SampleBatch:
    try:
        return decode()
    except ValueError as error:  # UnicodeDecodeError is one
        raise WireError("malformed columns", offender="body", remedy=str(error)) from error


def _refuse(name: str, value: object, remedy: str) -> WireError:
    return WireError("outside its range", offender=f"header.{name}", value=value, remedy=remedy)
