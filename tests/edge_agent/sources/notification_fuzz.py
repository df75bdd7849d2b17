"""Notifications for the decoders' tests: drawn from a seed, byte by byte, and damaged in the ways of a bad network.

`Draw.message` lays out a legal PublishResponse of any shape; `Draw.damaged` breaks one. Nothing here uses the product
or an OPC UA library.
"""

from __future__ import annotations

import random
import struct
from collections.abc import Callable

__all__ = ["HANDLES", "RECEIVE_NS", "TICKS", "Draw", "data_change", "extension", "item", "publish_response"]

RECEIVE_NS = 1_790_000_000_123_456_789
TICKS = RECEIVE_NS // 100 + 116_444_736_000_000_000
HANDLES = 1000
DATA_CHANGE, STATUS_CHANGE, EVENTS = 811, 820, 916
_SIZES = {1: 1, 2: 1, 3: 1, 4: 2, 5: 2, 6: 4, 7: 4, 8: 8, 9: 8, 10: 4, 11: 8, 13: 8, 19: 4}
_DOUBLES = (float("nan"), float("inf"), float("-inf"), -0.0, 5e-324, 1.7976931348623157e308, 0.1)
_LENGTHS = (-1, -2, -(2**31), 2**31 - 1, 10**9, 65_536, 255, 3)
_TEXTS = (
    None, b"", b"0012", "甲烷浓度".encode(), "😀".encode(), b"\xff\xfe\0", "钢".encode("gbk"), b"\xed\xa0\x80",
    b"x" * 300,
)  # fmt: skip


def extension(kind: int, body: bytes) -> bytes:
    """An ExtensionObject of namespace 0."""
    return struct.pack("<BBHBi", 1, 0, kind, 1, len(body)) + body


def data_change(items: list[bytes], diagnostics: bytes = struct.pack("<i", -1)) -> bytes:
    """A DataChangeNotification as an ExtensionObject."""
    return extension(DATA_CHANGE, struct.pack("<i", len(items)) + b"".join(items) + diagnostics)


def publish_response(
    blocks: list[bytes],
    *,
    sequence: int = 1,
    header: bytes = b"\0" + struct.pack("<i", -1) + b"\0\0\0",
    available: tuple[int, ...] = (),
    results: tuple[int, ...] = (),
    more: int = 0,
) -> bytes:
    """A PublishResponse body from its type id on; `header` is what follows the status in the response header."""
    return b"".join(
        (
            struct.pack("<BBHqII", 1, 0, 829, TICKS, 1, 0),
            header,
            struct.pack(f"<Ii{len(available)}IB", 7, len(available), *available, more),
            struct.pack("<Iqi", sequence, TICKS, len(blocks)),
            *blocks,
            struct.pack(f"<i{len(results)}I", len(results), *results),
            struct.pack("<i", -1),
        )
    )


def item(handle: int, variant: bytes | None, fields: dict[int, bytes] | None = None) -> bytes:
    """A MonitoredItemNotification; `fields` are mask bit -> bytes, laid out in the order of Part 6, 5.2.2.17."""
    mask = 0 if variant is None else 1
    tail = b""
    for bit in (0x02, 0x04, 0x10, 0x08, 0x20):
        if fields and bit in fields:
            mask |= bit
            tail += fields[bit]
    return struct.pack("<IB", handle, mask) + (variant or b"") + tail


class Draw:
    """Everything drawn from one seed."""

    def __init__(self, seed: int) -> None:
        self.rng = random.Random(seed)
        self._shapes: tuple[tuple[Callable[[], bytes], int], ...] = (
            (self.scalar, 60), (self.string, 10), (self.array, 10), (self.odd, 5), (self.nested, 3),
        )  # fmt: skip

    def message(self) -> bytes:
        """A legal PublishResponse."""
        rng = self.rng
        blocks: list[bytes] = []
        for _ in range(rng.choice((1, 1, 1, 1, 1, 1, 0, 2))):
            blocks.append(self._block())
        numbers = tuple(rng.getrandbits(32) for _ in range(rng.choice((0, 0, 1, 3))))
        results = tuple(rng.choice((0, 0x80140000)) for _ in range(rng.choice((0, 0, 1, 4))))
        return publish_response(
            blocks,
            sequence=rng.getrandbits(32),
            header=self._header(),
            available=numbers,
            results=results,
            more=rng.getrandbits(1),
        )

    def damaged(self) -> bytes:
        """A PublishResponse with some bytes changed, lengths blown up, pieces cut out, doubled or cut off."""
        rng = self.rng
        body = bytearray(self.message())
        for _ in range(rng.randint(1, 3)):
            at = rng.randrange(len(body))
            kind = rng.randrange(6)
            if kind <= 1:
                body[at] = rng.randrange(256)
            elif kind == 2:
                body[at] ^= 1 << rng.randrange(8)
            elif kind == 3:
                body[at : at + 4] = struct.pack("<i", rng.choice(_LENGTHS))
            elif kind == 4:
                del body[at : at + rng.randint(1, 8)]
            else:
                body[at:at] = body[at : at + rng.randint(1, 16)]
            if not body:
                return b""
        if rng.random() < 0.2:
            del body[rng.randrange(len(body)) :]
        return bytes(body)

    def _header(self) -> bytes:
        rng = self.rng
        if rng.random() < 0.9:
            return b"\0" + struct.pack("<i", rng.choice((-1, 0))) + b"\0\0\0"
        diagnostics = rng.choice((b"\0", struct.pack("<Bii", 0x03, 1, 2), b"\x10" + struct.pack("<i", 2) + b"no"))
        table = struct.pack("<i", 2) + struct.pack("<i", 1) + b"x" + struct.pack("<i", -1)
        return diagnostics + table + rng.choice((b"\0\0\0", extension(12345, b"\1\2\3")))

    def _block(self) -> bytes:
        rng = self.rng
        kind = rng.random()
        if kind < 0.92:
            return data_change(self._items(), rng.choice((struct.pack("<i", -1), struct.pack("<i", 0), b"\1\0\0\0\0")))
        if kind < 0.95:
            return extension(STATUS_CHANGE, struct.pack("<I", rng.choice((0x800A0000, 0))) + b"\0")
        if kind < 0.97:
            return extension(EVENTS, struct.pack("<i", -1))
        return extension(rng.randrange(30_000, 60_000), rng.randbytes(rng.randrange(20)))

    def _items(self) -> list[bytes]:
        rng = self.rng
        out: list[bytes] = []
        count = rng.choice((1, 1, 1, 2, 3, 5, 8)) if rng.random() < 0.99 else rng.choice((0, 63, 64, 65, 400))
        while len(out) < count:
            made = self.item()
            out.append(made)
            if rng.random() < 0.3:  # runs of one layout are what servers send
                out += [struct.pack("<I", rng.randrange(HANDLES)) + made[4:] for _ in range(min(8, count))]
        return out

    def item(self) -> bytes:
        """One MonitoredItemNotification."""
        rng = self.rng
        handle = rng.randrange(HANDLES + 20) if rng.random() < 0.99 else rng.getrandbits(32)
        variant = self.variant() if rng.random() < 0.97 else None
        fields: dict[int, bytes] = {}
        if rng.random() < 0.7:
            fields[0x02] = struct.pack("<I", rng.choice((0, 0, 0, 0x480, 0x40900000, 0x80310000, rng.getrandbits(32))))
        if rng.random() < 0.9:
            fields[0x04] = struct.pack("<q", self.ticks())
        if rng.random() < 0.7:
            fields[0x08] = struct.pack("<q", self.ticks())
        if rng.random() < 0.1:
            fields[0x10] = struct.pack("<H", rng.randrange(10_000))
        if rng.random() < 0.1:
            fields[0x20] = struct.pack("<H", rng.randrange(10_000))
        return item(handle, variant, fields)

    def ticks(self) -> int:
        """A time: mostly now, else one of those that field devices send."""
        rng = self.rng
        if rng.random() < 0.85:
            return TICKS + rng.randint(-(10**10), 10**8)
        earliest = 946_684_800 * 10**7 + 116_444_736_000_000_000
        latest = TICKS + 86_400 * 10**7
        edges = (0, 1, -1, 2**63 - 1, -(2**63), earliest, earliest - 1, latest, latest + 1, 150_119_164_000_000_000)
        return rng.choice(edges)

    def variant(self) -> bytes:
        """A Variant of any shape."""
        shapes, weights = zip(*self._shapes, strict=True)
        shape: Callable[[], bytes] = self.rng.choices(shapes, weights)[0]
        return shape()

    def scalar(self) -> bytes:
        """A scalar whose type has one size."""
        kind = self.rng.choice(tuple(_SIZES))
        return bytes((kind,)) + self._fixed(kind)

    def string(self) -> bytes:
        """A String or XmlElement, UTF-8 or not."""
        return bytes((self.rng.choice((12, 12, 12, 16)),)) + self._text()

    def array(self) -> bytes:
        """An array of a type of one size or of strings, with dimensions or without."""
        rng = self.rng
        kind = rng.choice((*_SIZES, 12))
        count = rng.choice((-1, 0, 1, 2, 4, 6))
        values = b"".join(self._text() if kind == 12 else self._fixed(kind) for _ in range(count))
        if rng.random() < 0.7 or count < 1:
            return struct.pack("<Bi", 0x80 | kind, count) + values
        rows = 2 if count % 2 == 0 else 1
        return struct.pack("<Bi", 0xC0 | kind, count) + values + struct.pack("<iii", 2, rows, count // rows)

    def odd(self) -> bytes:
        """A type that has neither one size nor is a text, or no value at all."""
        rng = self.rng
        return rng.choice(
            (
                b"\0",
                b"\x0e" + rng.randbytes(16),
                b"\x0f" + struct.pack("<i", 4) + rng.randbytes(4),
                b"\x0f" + struct.pack("<i", -1),
                b"\x11" + struct.pack("<BBH", 1, 2, 77),
                b"\x11\x03" + struct.pack("<Hi", 2, 5) + b"motor",
                b"\x12\x81" + struct.pack("<BH", 0, 9) + struct.pack("<i", 3) + b"urn",
                b"\x14" + struct.pack("<H", 2) + self._text(),
                b"\x15" + bytes((0x03,)) + self._text() + self._text(),
                b"\x15\x02" + self._text(),
                b"\x15\x00",
                b"\x16" + extension(rng.randrange(30_000, 60_000), rng.randbytes(6)),
                b"\x16\0\0\0",
                b"\x1a" + struct.pack("<i", 2) + b"ab",
            )
        )

    def nested(self, depth: int = 0) -> bytes:
        """A DataValue in a Variant, or an array of Variants."""
        rng = self.rng
        inner = self.scalar() if depth > 2 or rng.random() < 0.7 else self.nested(depth + 1)
        if rng.random() < 0.5:
            return b"\x17" + b"\x03" + inner + struct.pack("<I", 0)
        return b"\x98" + struct.pack("<i", 2) + inner + self.scalar()

    def _fixed(self, kind: int) -> bytes:
        rng = self.rng
        if kind == 11:
            return struct.pack("<d", rng.choice(_DOUBLES) if rng.random() < 0.2 else rng.gauss(0, 1e3))
        if kind == 10:
            return rng.randbytes(4) if rng.random() < 0.2 else struct.pack("<f", rng.gauss(0, 1e3))
        if kind == 13:
            return struct.pack("<q", self.ticks())
        if kind in (8, 9):
            edge = rng.choice((0, 2**53, 2**53 + 1, 2**63 - 1))
            return struct.pack("<q", edge) if rng.random() < 0.3 else rng.randbytes(8)
        if kind == 1:
            return bytes((rng.choice((0, 1, 1, 2, 255)),))
        return rng.randbytes(_SIZES[kind])

    def _text(self) -> bytes:
        rng = self.rng
        raw = rng.choice(_TEXTS)
        return struct.pack("<i", -1) if raw is None else struct.pack("<i", len(raw)) + raw
