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
    for name in packed.namelist():
        place = name[:120]
        if _MACROS.search(name):
            yield ConfigError("macros", offender=place, remedy="save it as .xlsx without macros", code="case.macros")
        if _LINKS.search(name):
            remedy = "paste values in place of links"
            yield ConfigError("links to other workbooks", offender=place, remedy=remedy, code="case.links_outwards")
        if name.endswith((".xml", ".rels")):
            part = packed.read(name)
            if part.startswith(_WIDE) or b"<!DOCTYPE" in part or b"<!ENTITY" in part:
                yield ConfigError(
                    "defines entities of its own",
                    offender=place,
                    remedy="save it again as .xlsx",
                    code="case.own_entities",
                )
            if _more(_ROW, part, ROWS) or _more(_CELL, part, _CELLS):
                yield ConfigError(
                    "too many rows",
                    offender=place,
                    remedy=f"at most {ROWS}",
                    code="case.too_many_rows",
                    slots={"most": ROWS},
                )


def _more(pattern: re.Pattern[bytes], part: bytes, most: int) -> bool:
    return next(itertools.islice(pattern.finditer(part), most, None), None) is not None
