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

__all__ = ["ROWS", "check_workbook"]

ROWS: Final = 5000
"""The most rows that a questionnaire has."""
_UNPACKED: Final = 64 * 1024 * 1024
_ROW: Final = re.compile(rb"<(?:\w+:)?row[\s/>]")
_CELL: Final = re.compile(rb"<(?:\w+:)?c[\s/>]")
_CELLS: Final = 100_000
_WIDE: Final = (b"\xff\xfe", b"\xfe\xff", b"\x00")
_UNWANTED: Final = (
    (re.compile(r"vbaproject|macrosheets|activex", re.IGNORECASE), "macros", "save it as .xlsx without macros"),
    (re.compile(r"(^|/)externallinks/", re.IGNORECASE), "links to other workbooks", "paste values in place of links"),
)


def check_workbook(content: bytes) -> None:
    """Refuses what no filled form is: another format, too much of it, macros, links outwards, entities of its own.

    Raises:
        ConfigErrors: every fault by the part of the file that it lies in.
    """
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as packed:
            total = sum(each.file_size for each in packed.infolist())
            if total > _UNPACKED:
                raise ConfigErrors(
                    [ConfigError("unpacks to too much", offender="file", value=total, remedy="use our form")]
                )
            errors = list(_faults(packed))
    except (zipfile.BadZipFile, zlib.error, EOFError, RuntimeError, NotImplementedError, ValueError) as error:
        raise ConfigErrors([ConfigError("not a workbook", offender="file", remedy="save it as .xlsx")]) from error
    if errors:
        raise ConfigErrors(errors)


def _faults(packed: zipfile.ZipFile) -> Iterator[ConfigError]:
    for name in packed.namelist():
        for pattern, message, remedy in _UNWANTED:
            if pattern.search(name):
                yield ConfigError(message, offender=name[:120], remedy=remedy)
        if name.endswith((".xml", ".rels")):
            part = packed.read(name)
            if part.startswith(_WIDE) or b"<!DOCTYPE" in part or b"<!ENTITY" in part:
                yield ConfigError("defines entities of its own", offender=name[:120], remedy="save it again as .xlsx")
            if _more(_ROW, part, ROWS) or _more(_CELL, part, _CELLS):
                yield ConfigError("too many rows", offender=name[:120], remedy=f"at most {ROWS}")


def _more(pattern: re.Pattern[bytes], part: bytes, most: int) -> bool:
    return next(itertools.islice(pattern.finditer(part), most, None), None) is not None
