"""Workbooks that nobody's spreadsheet wrote: refused by name, and within the bound that the caller sets."""

from __future__ import annotations

import io
import zipfile

import pytest
from ovoo_contract.errors import ConfigError
from ovoo_contract.xlsx import read_xlsx, write_xlsx

PAGE = "xl/worksheets/sheet1.xml"
GOOD = write_xlsx("list", [["id", "name"], ["a", 1.5]], [8, 8])


def with_page(content: bytes, how: int = zipfile.ZIP_DEFLATED) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(GOOD)) as read, zipfile.ZipFile(out, "w", how) as written:
        for name in read.namelist():
            written.writestr(name, content if name == PAGE else read.read(name))
    return out.getvalue()


def page_of(cells: bytes, declared: bytes = b"") -> bytes:
    space = b"http://schemas.openxmlformats.org/spreadsheetml/2006/main"
    return b'%b<worksheet xmlns="%b"><sheetData><row>%b</row></sheetData></worksheet>' % (declared, space, cells)


@pytest.mark.parametrize("raw", [b"1e999", b"-inf", b"nan"])
def test_a_number_that_no_spreadsheet_writes_stays_text(raw: bytes) -> None:
    found = read_xlsx(with_page(page_of(b"<c><v>%b</v></c>" % raw)), "a.xlsx")

    assert found[0].rows == ((1, (raw.decode(),)),)


@pytest.mark.parametrize("hidden", [b"", b"<![CDATA[%b]]>" % (b"</" * 600)], ids=["plain", "hidden by text"])
def test_a_workbook_of_more_elements_than_the_caller_reads_is_refused(hidden: bytes) -> None:
    wide = with_page(page_of(hidden + b"<c/>" * 500))

    with pytest.raises(ConfigError, match=r"holds too much.*at most 400 XML elements"):
        read_xlsx(wide, "a.xlsx", most_elements=400)
    assert read_xlsx(wide, "a.xlsx")[0].rows == ()


@pytest.mark.parametrize("how", [zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA], ids=["bzip2", "lzma"])
def test_a_workbook_packed_as_no_spreadsheet_does_is_refused(how: int) -> None:
    with pytest.raises(ConfigError, match="packed strangely"):
        read_xlsx(with_page(page_of(b""), how), "a.xlsx")


def test_a_part_in_an_encoding_that_nobody_knows_is_refused() -> None:
    declared = b'<?xml version="1.0" encoding="no-such"?>'

    with pytest.raises(ConfigError, match="not a readable workbook"):
        read_xlsx(with_page(page_of(b"", declared)), "a.xlsx")
