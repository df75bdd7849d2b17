"""The report's own fonts, and the check that they hold every character used."""

from __future__ import annotations

import struct
from collections.abc import Iterable, Iterator
from functools import cache
from importlib import resources
from mmap import ACCESS_READ, mmap
from pathlib import Path

from ovoo_contract.errors import ReportError

__all__ = ["FAMILY", "check_glyphs", "font_folder", "missing_glyphs", "printable"]

FAMILY = "Noto Sans SC"
_LOWERED = {0x2080 + digit: 0x30 + digit for digit in range(10)}
_FILES = ("NotoSansSC-Regular.ttf", "NotoSansSC-Bold.ttf")


@cache
def font_folder() -> Path:
    """The folder with both weights, looked for once: every text of a report asks for it.

    Raises:
        ReportError: the fonts were never installed.
    """
    folder = Path(str(resources.files("ovoo_cloud"))) / "assets" / "fonts"
    for name in _FILES:
        if not (folder / name).is_file():
            raise ReportError("font is not installed", offender=str(folder / name), remedy="run scripts/assets")
    return folder


def check_glyphs(texts: Iterable[str]) -> None:
    """Refuse characters that the fonts cannot draw: a report never shows an empty box.

    Raises:
        ReportError: naming the characters and a text that holds one.
    """
    for text in texts:
        missing = missing_glyphs(text)
        if missing:
            shown = ", ".join(f"{char!r} U+{ord(char):04X}" for char in missing)
            raise ReportError(
                "the report font has no glyph", offender=text[:60], value=shown, remedy="write it differently"
            )


def missing_glyphs(text: str) -> list[str]:
    """The characters of a text that the fonts cannot draw, in the order of their codes.

    >>> missing_glyphs("黑山煤业 🏭")
    ['🏭']
    """
    regular, bold = (_characters(font_folder() / name) for name in _FILES)
    missing = {char for char in printable(text) if not (regular[ord(char)] and bold[ord(char)])}
    return sorted(missing - {"\n", "\t"})


def printable(text: str) -> str:
    """The text with lowered digits as plain ones: the fonts have no ₂ and ₄, and formulas of gases lower them again.

    >>> printable("CH₄, CO₂")
    'CH4, CO2'
    """
    return text.translate(_LOWERED)


@cache
def _characters(path: Path) -> bytearray:
    """A byte for each code point, 1 where the font's character map has it; a set of them takes ten times the room."""
    known = bytearray(0x110000)
    with path.open("rb") as file, mmap(file.fileno(), 0, access=ACCESS_READ) as data:
        for code in _codes(data):
            known[code] = 1
    return known


def _codes(data: mmap) -> Iterator[int]:
    """Code points of a font's Unicode character map (cmap formats 4 and 12)."""
    count = struct.unpack_from(">H", data, 4)[0]
    tables = {data[12 + 16 * n : 16 + 16 * n]: struct.unpack_from(">I", data, 20 + 16 * n)[0] for n in range(count)}
    base = tables[b"cmap"]
    for n in range(struct.unpack_from(">H", data, base + 2)[0]):
        start = base + struct.unpack_from(">I", data, base + 8 + 8 * n)[0]
        form = struct.unpack_from(">H", data, start)[0]
        if form == 12:
            yield from _groups(data, start)
        elif form == 4:
            yield from _segments(data, start)


def _groups(data: mmap, start: int) -> Iterable[int]:
    for n in range(struct.unpack_from(">I", data, start + 12)[0]):
        first, last, glyph = struct.unpack_from(">III", data, start + 16 + 12 * n)
        yield from range(first + (glyph == 0), last + 1)


def _segments(data: mmap, start: int) -> Iterable[int]:
    """Format 4; a segment through the glyph array is taken as mapped where its glyph is not 0."""
    half = struct.unpack_from(">H", data, start + 6)[0]
    for n in range(half // 2):
        last = struct.unpack_from(">H", data, start + 14 + 2 * n)[0]
        first = struct.unpack_from(">H", data, start + 16 + half + 2 * n)[0]
        delta = struct.unpack_from(">H", data, start + 16 + 2 * half + 2 * n)[0]
        place = start + 16 + 3 * half + 2 * n
        offset = struct.unpack_from(">H", data, place)[0]
        for code in range(first, last + 1):
            glyph = code if offset == 0 else struct.unpack_from(">H", data, place + offset + 2 * (code - first))[0]
            if code != 0xFFFF and ((glyph + delta) & 0xFFFF if glyph or offset == 0 else 0):
                yield code
