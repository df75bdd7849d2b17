"""Looks at an uploaded workbook before a parser does: how much it is, and whether it brings more than a table."""

from __future__ import annotations

import io
import itertools
import re
import zipfile
import zlib
from collections.abc import Iterator
from typing import Final

from ovoo_contract.errors import ConfigError, ConfigErrors
from ovoo_contract.zip_members import require_usual_packing

__all__ = ["ROWS", "check_workbook"]

ROWS: Final = 5000
"""The most rows that a questionnaire has."""
_UNPACKED: Final = 64 * 1024 * 1024
_ROW: Final = re.compile(rb"<(?:[^\s<>/]+:)?row[\s/>]")
_CELL: Final = re.compile(rb"<(?:[^\s<>/]+:)?c[\s/>]")
_MERGED: Final = re.compile(rb"<(?:[^\s<>/]+:)?mergeCell(?=[\s/>])([^>]*)")
_RANGE: Final = re.compile(rb"""\sref\s*=\s*["']([A-Z]{1,3})(\d{1,7})(?::([A-Z]{1,3})(\d{1,7}))?["']""")
_CELLS: Final = 100_000
_TAGS: Final = 1_000_000
"""What 100,000 cells take, with their texts and looks; the parser builds objects of every one."""
_WIDE: Final = (b"\xff\xfe", b"\xfe\xff", b"\x00")
_MACROS: Final = re.compile(r"vbaproject|macrosheets|activex", re.IGNORECASE)
_LINKS: Final = re.compile(r"(^|/)externallinks/", re.IGNORECASE)


def check_workbook(content: bytes) -> None:
    """Refuses what no filled form is: another format, too much of it, macros, links outwards, entities of its own.

    Raises:
        ConfigErrors: every fault by the part of the file that it lies in.
    """
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as packed:
            total = sum(each.file_size for each in packed.infolist())
            if total > _UNPACKED:
                raise ConfigErrors([_too_much(total)])
            errors = list(_faults(packed))
    except (zipfile.BadZipFile, zlib.error, EOFError, RuntimeError, NotImplementedError, ValueError) as error:
        raise ConfigErrors(
            [ConfigError("not a workbook", offender="file", remedy="save it as .xlsx", code="case.not_workbook")]
        ) from error
    if errors:
        raise ConfigErrors(errors)


def _too_much(unpacked_bytes: int) -> ConfigError:
    return ConfigError(
        "unpacks to too much",
        offender="file",
        value=unpacked_bytes,
        remedy="use our form",
        code="case.workbook_too_large",
    )


def _faults(packed: zipfile.ZipFile) -> Iterator[ConfigError]:
    tags = 0
    for info in packed.infolist():
        name = info.filename
        place = name[:120]
        require_usual_packing(info)
        if _MACROS.search(name):
            yield ConfigError("macros", offender=place, remedy="save it as .xlsx without macros", code="case.macros")
        if _LINKS.search(name):
            remedy = "paste values in place of links"
            yield ConfigError("links to other workbooks", offender=place, remedy=remedy, code="case.links_outwards")
        part = packed.read(info)
        if _is_xml(name, part):
            tags += part.count(b"<")
            if part.startswith(_WIDE) or b"<!DOCTYPE" in part or b"<!ENTITY" in part:
                yield ConfigError(
                    "defines entities of its own",
                    offender=place,
                    remedy="save it again as .xlsx",
                    code="case.own_entities",
                )
            if _more(_ROW, part, ROWS) or _more(_CELL, part, _CELLS) or _merges_too_much(part):
                yield ConfigError(
                    "too many rows",
                    offender=place,
                    remedy=f"at most {ROWS}",
                    code="case.too_many_rows",
                    slots={"most": ROWS},
                )

    if tags > _TAGS:
        yield _too_much(tags)


def _is_xml(name: str, part: bytes) -> bool:
    """By its name or by how it begins: a workbook may call a sheet anything."""
    begin = part[:64].removeprefix(b"\xef\xbb\xbf").lstrip()
    return name.lower().endswith((".xml", ".rels")) or begin.startswith((b"<", b"\x00<", *_WIDE[:2]))


def _merges_too_much(part: bytes) -> bool:
    """True where merged ranges cover more cells than a form has, or one cannot be told: the parser makes every cell."""
    covered = 0
    for tag in _MERGED.finditer(part):
        place = _RANGE.search(tag[1])
        if place is None:
            return True
        wide = abs(_column(place[3] or place[1]) - _column(place[1])) + 1
        covered += wide * (abs(int(place[4] or place[2]) - int(place[2])) + 1)
        if covered > _CELLS:
            return True
    return False


def _column(letters: bytes) -> int:
    number = 0
    for letter in letters:
        number = number * 26 + letter - 64
    return number


def _more(pattern: re.Pattern[bytes], part: bytes, most: int) -> bool:
    return next(itertools.islice(pattern.finditer(part), most, None), None) is not None
