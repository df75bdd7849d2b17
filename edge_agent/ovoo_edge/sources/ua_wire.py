"""OPC UA binary built-in types, read from untrusted bytes without any library (OPC UA Part 6, 5.2.2).

Every function takes the buffer and a position and returns the value with the position behind it. Lengths are checked
against what is left before anything is allocated, nesting is bounded, and every fault is a `WireFault`.
"""

from __future__ import annotations

import math
import struct
import uuid
from datetime import UTC, datetime, timedelta
from typing import Any

__all__ = [
    "FIXED_TYPES",
    "NULL_VARIANT",
    "UNIX_EPOCH_TICKS",
    "WireFault",
    "iso_from_ticks",
    "read_array_length",
    "read_data_value",
    "read_string",
    "read_variant",
    "skip_diagnostic_info",
    "skip_extension_object",
    "skip_node_id",
]

UNIX_EPOCH_TICKS = 116_444_736_000_000_000
"""100 ns ticks between 1601-01-01 and 1970-01-01."""

FIXED_TYPES: dict[int, str] = {
    1: "?", 2: "b", 3: "B", 4: "h", 5: "H", 6: "i", 7: "I", 8: "q", 9: "Q", 10: "f", 11: "d", 13: "q", 19: "I",
}  # fmt: skip
"""Built-in type id -> struct code, for types of one fixed size."""

NULL_VARIANT = (0, None)
_DATE_TIME = 13
_BINARY_BODY, _XML_BODY = 1, 2
_MAX_DEPTH = 16
_I32 = struct.Struct("<i")
_U16 = struct.Struct("<H")
_U32 = struct.Struct("<I")
_I64 = struct.Struct("<q")
_STRUCTS = {kind: struct.Struct("<" + code) for kind, code in FIXED_TYPES.items()}
# the fewest bytes that one element of a variable type takes, to refuse impossible array lengths
_NODE_ID_SIZES = {0: 2, 1: 4, 2: 7, 4: 19}


class WireFault(ValueError):
    """The bytes are not what OPC UA says they are."""


def read_array_length(data: bytes, pos: int, smallest: int = 1) -> tuple[int, int]:
    """The element count (a null array counts 0), refused when the rest cannot hold so many."""
    if pos + 4 > len(data):
        raise WireFault("array length is cut off")
    count = _I32.unpack_from(data, pos)[0]
    pos += 4
    if count <= 0:
        return 0, pos
    if count * smallest > len(data) - pos:
        raise WireFault(f"array of {count} elements does not fit in {len(data) - pos} bytes")
    return count, pos


def _read_bytes(data: bytes, pos: int) -> tuple[bytes | None, int]:
    if pos + 4 > len(data):
        raise WireFault("string length is cut off")
    size = _I32.unpack_from(data, pos)[0]
    pos += 4
    if size < 0:
        return None, pos
    if size > len(data) - pos:
        raise WireFault(f"string of {size} bytes does not fit in {len(data) - pos}")
    return data[pos : pos + size], pos + size


def read_string(data: bytes, pos: int) -> tuple[str | None, int]:
    """A String; bytes that are not UTF-8 become replacement characters."""
    raw, pos = _read_bytes(data, pos)
    return (None if raw is None else raw.decode("utf-8", errors="replace")), pos


def skip_node_id(data: bytes, pos: int) -> tuple[int, int]:
    """Passes a NodeId or ExpandedNodeId; returns (numeric id of namespace 0 or -1, position)."""
    encoding = _byte(data, pos)
    kind = encoding & 0x3F
    identifier = -1
    if kind == 0:
        identifier = _byte(data, pos + 1)
    elif kind == 1 and pos + 4 <= len(data) and data[pos + 1] == 0:
        identifier = _U16.unpack_from(data, pos + 2)[0]
    elif kind == 2 and pos + 7 <= len(data) and data[pos + 1 : pos + 3] == b"\0\0":
        identifier = _U32.unpack_from(data, pos + 3)[0]
    if kind in (3, 5):
        _, pos = _read_bytes(data, pos + 3)
    elif kind in _NODE_ID_SIZES:
        pos += _NODE_ID_SIZES[kind]
    else:
        raise WireFault(f"unknown NodeId encoding {kind}")
    if encoding & 0x80:
        _, pos = _read_bytes(data, pos)
    if encoding & 0x40:
        pos += 4
    return identifier, _within(data, pos)


def skip_extension_object(data: bytes, pos: int) -> tuple[int, int, int, int]:
    """Passes an ExtensionObject; returns (type id in namespace 0 or -1, body start, body end, position)."""
    identifier, pos = skip_node_id(data, pos)
    encoding = _byte(data, pos)
    pos += 1
    if encoding == 0:
        return identifier, pos, pos, pos
    if encoding not in (_BINARY_BODY, _XML_BODY):
        raise WireFault(f"unknown ExtensionObject encoding {encoding}")
    body, end = _read_bytes(data, pos)
    if body is None:
        return identifier, pos + 4, pos + 4, pos + 4
    return identifier, pos + 4, end, end


def skip_diagnostic_info(data: bytes, pos: int, depth: int = 0) -> int:
    """Passes a DiagnosticInfo with its inner ones."""
    mask = _byte(data, pos)
    pos += 1
    if mask == 0:
        return pos
    if depth > _MAX_DEPTH:
        raise WireFault("diagnostic information is nested too deep")
    for bit in (0x01, 0x02, 0x08, 0x04):
        if mask & bit:
            pos = _within(data, pos + 4)
    if mask & 0x10:
        _, pos = _read_bytes(data, pos)
    if mask & 0x20:
        pos = _within(data, pos + 4)
    return skip_diagnostic_info(data, pos, depth + 1) if mask & 0x40 else pos


def read_variant(data: bytes, pos: int, depth: int = 0) -> tuple[tuple[int, Any], int]:
    """A Variant as ((built-in type id, value), position); an array is a list, in the order of its elements."""
    if depth > _MAX_DEPTH:
        raise WireFault("variants are nested too deep")
    encoding = _byte(data, pos)
    kind = encoding & 0x3F
    pos += 1
    if encoding & 0x80:
        value, pos = _read_array(kind, data, pos, depth)
        if encoding & 0x40:
            pos = _check_dimensions(data, pos, len(value))
        return (kind, value), pos
    if encoding & 0x40:
        raise WireFault("a variant has dimensions and is no array")
    if kind == 0:
        return NULL_VARIANT, pos
    value, pos = _read_scalar(kind, data, pos, depth)
    return (kind, value), pos


def read_data_value(data: bytes, pos: int, depth: int = 0) -> tuple[tuple[tuple[int, Any], int, int, int], int]:
    """A DataValue as ((variant, status, source ticks, server ticks), position); absent times are 0.

    The order is that of Part 6, 5.2.2.17: SourcePicoseconds stands before ServerTimestamp.
    """
    mask = _byte(data, pos)
    pos += 1
    variant: tuple[int, Any] = NULL_VARIANT
    status = source = server = 0
    if mask & 0x01:
        variant, pos = read_variant(data, pos, depth)
    if mask & 0x02:
        status, pos = _unpack(_U32, data, pos)
    if mask & 0x04:
        source, pos = _unpack(_I64, data, pos)
    if mask & 0x10:
        pos += 2
    if mask & 0x08:
        server, pos = _unpack(_I64, data, pos)
    if mask & 0x20:
        pos += 2
    return (variant, status, source, server), _within(data, pos)


def _check_dimensions(data: bytes, pos: int, elements: int) -> int:
    """Passes the dimensions of an array, which must multiply to its length (Part 6, 5.2.2.16)."""
    count, pos = read_array_length(data, pos, 4)
    dimensions = struct.unpack_from(f"<{count}i", data, pos)
    if count and (min(dimensions) < 0 or math.prod(dimensions) != elements):
        raise WireFault(f"the dimensions of an array of {elements} do not multiply to its length")
    return pos + 4 * count


def _read_array(kind: int, data: bytes, pos: int, depth: int) -> tuple[list[Any], int]:
    code = FIXED_TYPES.get(kind)
    smallest = struct.calcsize("<" + code) if code else 1
    count, pos = read_array_length(data, pos, smallest)
    if code:
        values = list(struct.unpack_from(f"<{count}{code}", data, pos))
        return values, pos + count * smallest
    if kind == 0 and count:
        raise WireFault("an array of null variants has no elements")
    out: list[Any] = []
    for _ in range(count):
        value, pos = _read_scalar(kind, data, pos, depth + 1)
        out.append(value)
    return out, pos


def _read_scalar(kind: int, data: bytes, pos: int, depth: int) -> tuple[Any, int]:
    fixed = _STRUCTS.get(kind)
    if fixed is not None:
        return _unpack(fixed, data, pos)
    if kind in (12, 16):
        return read_string(data, pos)
    if kind == 14:
        return _read_guid(data, pos)
    if kind == 15 or kind > 25:
        raw, pos = _read_bytes(data, pos)
        return (None if raw is None else raw.hex()), pos
    if kind in (17, 18):
        _, end = skip_node_id(data, pos)
        return data[pos:end].hex(), end
    if kind == 20:
        return read_string(data, pos + 2)
    if kind == 21:
        return _read_localized_text(data, pos)
    return _read_nested(kind, data, pos, depth)


def _read_nested(kind: int, data: bytes, pos: int, depth: int) -> tuple[Any, int]:
    if kind == 22:
        identifier, start, end, pos = skip_extension_object(data, pos)
        return f"i={identifier}:{data[start:end].hex()}", pos
    if kind == 23:
        (variant, _status, _source, _server), pos = read_data_value(data, pos, depth + 1)
        return _inner(variant), pos
    if kind == 24:
        variant, pos = read_variant(data, pos, depth + 1)
        return _inner(variant), pos
    return None, skip_diagnostic_info(data, pos)


def _inner(variant: tuple[int, Any]) -> Any:
    """The value of a variant inside another one, whose type the outer one does not tell."""
    kind, value = variant
    if kind != _DATE_TIME or value is None:
        return value
    return [iso_from_ticks(ticks) for ticks in value] if isinstance(value, list) else iso_from_ticks(value)


def iso_from_ticks(ticks: int) -> str:
    """A DateTime as ISO 8601 text in UTC, to the microsecond; the number itself beyond the calendar's range."""
    try:
        moment = datetime(1601, 1, 1, tzinfo=UTC) + timedelta(microseconds=ticks // 10)
    except OverflowError:
        return str(ticks)
    return moment.isoformat()


def _read_guid(data: bytes, pos: int) -> tuple[str, int]:
    end = _within(data, pos + 16)
    return str(uuid.UUID(bytes_le=data[pos:end])), end


def _read_localized_text(data: bytes, pos: int) -> tuple[str | None, int]:
    mask = _byte(data, pos)
    pos += 1
    text: str | None = None
    if mask & 0x01:
        _, pos = _read_bytes(data, pos)
    if mask & 0x02:
        text, pos = read_string(data, pos)
    return text, pos


def _unpack(form: struct.Struct, data: bytes, pos: int) -> tuple[Any, int]:
    if pos + form.size > len(data):
        raise WireFault("value is cut off")
    return form.unpack_from(data, pos)[0], pos + form.size


def _byte(data: bytes, pos: int) -> int:
    if pos >= len(data):
        raise WireFault("message is cut off")
    return data[pos]


def _within(data: bytes, pos: int) -> int:
    if pos > len(data):
        raise WireFault("message is cut off")
    return pos
