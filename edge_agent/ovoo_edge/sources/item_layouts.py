"""Byte layouts of monitored items with a scalar of fixed size, for the pure Python decoder."""

from __future__ import annotations

import struct
from dataclasses import dataclass

from ovoo_edge.sources.ua_wire import FIXED_TYPES

__all__ = ["LAYOUTS", "ItemLayout", "run_length"]

_DATE_TIME = 13


@dataclass(frozen=True, slots=True)
class ItemLayout:
    """Byte layout of one item: client handle, DataValue mask, variant byte, fixed-size fields.

    Attributes:
        kind: built-in type id.
        size: bytes.
        form: handle, mask, kind, value, then what the mask names in the order of Part 6.
        mark: mask and variant byte.
        status, source, server: place of the field in `form`, 0 where it is absent.
    """

    kind: int
    size: int
    form: struct.Struct
    mark: bytes
    status: int
    source: int
    server: int


def _make_layout(mask: int, kind: int) -> ItemLayout | None:
    if not mask & 0x01 or kind not in FIXED_TYPES or kind == _DATE_TIME:
        return None
    code = "IBB" + FIXED_TYPES[kind]
    column = 4
    columns = {"status": 0, "source": 0, "server": 0}
    for bit, name, part in ((2, "status", "I"), (4, "source", "q"), (16, "", "H"), (8, "server", "q"), (32, "", "H")):
        if mask & bit:
            if name:
                columns[name] = column
            code += part
            column += 1
    form = struct.Struct("<" + code)
    mark = bytes((mask, kind))
    return ItemLayout(kind, form.size, form, mark, columns["status"], columns["source"], columns["server"])


LAYOUTS: dict[bytes, ItemLayout] = {
    layout.mark: layout
    for mask in range(64)
    for kind in FIXED_TYPES
    if (layout := _make_layout(mask, kind)) is not None
}
"""Mask and variant byte -> layout."""


def run_length(body: bytes, pos: int, end: int, layout: ItemLayout, most: int) -> int:
    """How many of the next `most` items have this layout and lie wholly inside the notification."""
    size = layout.size
    most = min(most, (end - pos) // size)
    if most <= 1:
        return most
    stop = pos + most * size
    masks = body[pos + 4 : stop : size]
    kinds = body[pos + 5 : stop : size]
    mask, kind = layout.mark[:1], layout.mark[1:]
    if masks.count(mask) == most and kinds.count(kind) == most:
        return most
    same_mask = most - len(masks.lstrip(mask))
    same_kind = most - len(kinds.lstrip(kind))
    return min(same_mask, same_kind)
