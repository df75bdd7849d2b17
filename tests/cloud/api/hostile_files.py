"""Files that people and attackers upload: damaged, too much, of another kind; and the good ones beside them."""

from __future__ import annotations

import functools
import io
import json
import zipfile
from collections.abc import Iterator, Mapping

from ovoo_cloud.casework import sheet
from ovoo_packs import load_framework

from tests.cloud.api.own_framework import own_text

_MB = 1024 * 1024
FIT: dict[str, bytes] = {
    "questionnaire.csv": sheet.write_csv(load_framework("sme_2024")),
    "questionnaire.xlsx": sheet.write_xlsx(load_framework("sme_2024")),
    "framework.yaml": own_text("9").encode(),
    "kind.yaml": b"id: fuzz_list\nversion: 1\nname: [\xe5\x90\x8d, List]\naudience: centre\nfields: []\n",
    "register.csv": "id,name_zh,services\nfuzz,乙公司,培训\n".encode("gbk"),
    "tree.json": json.dumps({"document": "d", "meters": [{"name": "m", "carrier": "electricity"}]}).encode(),
    "airways.csv": b"name,from,to,r,fan\na,1,2,0.1,flow 100\n",
    "proof.pdf": b"%PDF-1.7 proof",
}
"""What one upload or another takes, by its name."""


def packed(parts: Mapping[str, bytes], how: int = zipfile.ZIP_DEFLATED) -> bytes:
    """A zip of the parts."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", how) as made:
        for name, content in parts.items():
            made.writestr(name, content)
    return out.getvalue()


def repacked(workbook: bytes, change: Mapping[str, bytes], how: int = zipfile.ZIP_DEFLATED) -> bytes:
    """The workbook with some of its parts replaced."""
    with zipfile.ZipFile(io.BytesIO(workbook)) as read:
        return packed({name: read.read(name) for name in read.namelist()} | dict(change), how)


def damaged_inside(workbook: bytes, how: int) -> bytes:
    """The workbook packed another way, a byte in the middle of its largest part wrong."""
    found = repacked(workbook, {}, how)
    with zipfile.ZipFile(io.BytesIO(found)) as read:
        largest = max(read.infolist(), key=lambda each: each.compress_size)
    at = largest.header_offset + 30 + len(largest.filename)
    middle = at + largest.compress_size // 2
    return found[: at + 6] + bytes(8) + found[at + 14 : middle] + bytes(40) + found[middle + 40 :]


@functools.cache
def hostile_files() -> tuple[tuple[str, bytes], ...]:
    """A name that says what is wrong, ending as the file's own name does, with the content."""
    return (*_workbooks(FIT["questionnaire.xlsx"]), *_texts(), *_others())


def _others() -> Iterator[tuple[str, bytes]]:
    yield "nothing.csv", b""
    yield "nothing.xlsx", b""
    yield "old-workbook.xlsx", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600)
    yield "program.pdf", b"MZ" + bytes(100)
    yield "noise.pdf", bytes(range(256)) * 64
    yield "half-a-zip.xlsx", FIT["questionnaire.xlsx"][: len(FIT["questionnaire.xlsx"]) // 2]


def _workbooks(good: bytes) -> Iterator[tuple[str, bytes]]:
    one = "xl/worksheets/sheet1.xml"
    head = (
        b'<?xml version="1.0"?><worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><sheetData>'
    )
    end = b"</sheetData></worksheet>"
    row = b'<row r="1"><c r="A1" t="%b"><v>%b</v></c></row>'
    yield "bomb-of-spaces.xlsx", repacked(good, {one: head + b" " * (70 * _MB) + end})
    yield "bomb-of-many.xlsx", packed({f"xl/media/{n}.bin": bytes(8 * _MB) for n in range(12)})
    yield "bomb-under-the-limit.xlsx", repacked(good, {one: head + b"<row/>" * (9 * _MB) + end})
    yield "many-cells.xlsx", repacked(good, {one: head + b"<row>" + b"<c/>" * (4 * _MB) + b"</row>" + end})
    yield "many-strings.xlsx", repacked(good, {"xl/sharedStrings.xml": b"<sst>" + b"<si><t/></si>" * _MB + b"</sst>"})
    yield "deep.xlsx", repacked(good, {one: head + b"<a>" * 200_000})
    entities = b'<!DOCTYPE x [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;&a;&a;">]>'
    yield "entities.xlsx", repacked(good, {one: entities + head + row % (b"str", b"&b;") + end})
    yield "no-xml.xlsx", repacked(good, {one: b"not xml at all"})
    yield "no-such-string.xlsx", repacked(good, {one: head + row % (b"s", b"999999") + end})
    yield "negative-string.xlsx", repacked(good, {one: head + row % (b"s", b"-5") + end})
    yield "odd-number.xlsx", repacked(good, {one: head + row % (b"n", b"1e999") + end})
    other = head.replace(b"?>", b' encoding="no-such"?>')
    yield "no-such-encoding.xlsx", repacked(good, {one: other + end})
    yield "odd-date.xlsx", repacked(good, {one: head + row % (b"d", b"not a day") + end})
    yield "odd-cell.xlsx", repacked(good, {one: head + b'<row r="1"><c r="ZZZZZ99999999999"><v>1</v></c></row>' + end})
    yield "far-cell.xlsx", repacked(good, {one: head + b'<row r="1048576"><c r="XFD1048576"><v>1</v></c></row>' + end})
    merged = end[:12] + b'<mergeCells><mergeCell ref="A1:XFD1048576"/></mergeCells></worksheet>'
    yield "merged-whole.xlsx", repacked(good, {one: head + merged})
    yield "no-parts.xlsx", packed({})
    yield "other-zip.xlsx", packed({"a.txt": b"a"})
    yield "path-in-zip.xlsx", repacked(good, {"../../evil.xml": b"<a/>"})
    for name, how in (("bzip2", zipfile.ZIP_BZIP2), ("lzma", zipfile.ZIP_LZMA), ("deflated", zipfile.ZIP_DEFLATED)):
        yield f"damaged-{name}.xlsx", damaged_inside(good, how)


def _texts() -> Iterator[tuple[str, bytes]]:
    for end in ("csv", "yaml", "json"):
        yield f"huge-cell.{end}", b"id,name_zh\n" + b'"' + b"x" * 300_000 + b'"\n'
        yield f"nul.{end}", b"id: a\x00b,c\nd,\x00\n"
        yield f"neither-utf8-nor-gbk.{end}", b"\xff\xff\x00\x81\xff"
        yield f"utf16.{end}", "id,name_zh\na,乙\n".encode("utf-16")
        yield f"half-utf16.{end}", b"\xff\xfe\x00\xd8\x00"
        yield f"gb18030.{end}", "id,name_zh\n㐀,𠀀公司\n".encode("gb18030")
        yield f"deep.{end}", b"[" * 100_000
        yield f"deep-lists.{end}", b"- " * 20_000 + b"x"
        yield f"surrogate.{end}", b'{"document": "\\ud800", "meters": [{"name": "\\ud800"}], "id": "\\udfff"}'
        yield (
            f"numbers.{end}",
            b'{"document": "d", "meters": [{"name": 1e999, "share": NaN}], "id": ' + b"9" * 5000 + b"}",
        )
        yield f"many-columns.{end}", b"id" + b",a" * 50_000 + b"\n"
        yield f"many-rows.{end}", b"id,name_zh\n" + b"a,b\n" * 60_000
        yield f"open-quote.{end}", b'id,name_zh\n"a,b\n' + b"c,d\n" * 2000
    laughs = "a: &a [x, x, x, x, x, x, x, x, x]\n" + "".join(
        f"{new}: &{new} [{', '.join([f'*{old}'] * 9)}]\n" for old, new in zip("abcdefgh", "bcdefghi", strict=True)
    )
    yield "laughs.yaml", laughs.encode()
    yield "object.yaml", b"!!python/object/apply:os.system ['true']\n"
    yield "ring.yaml", b"&a [*a]\n"
    yield "ring-of-maps.yaml", b"&a {id: *a, version: *a, fields: *a, name: *a}\n"
    yield "odd-keys.yaml", b"? [a, b]\n: c\n? {a: b}\n: d\nid: [1]\nversion: 2026-02-30\n"
    yield "odd-types.yaml", b"id: 2026-06-05\nversion: .nan\nname: {a: 1}\nfields: 7\ndimensions: [1, null, {}]\n"
    yield "sexagesimal.yaml", b"id: 190:20:30\nversion: 0o17\nname: 1_000\n<<: [1, 2]\n"
