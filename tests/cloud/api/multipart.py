"""Bodies of multipart/form-data written byte by byte: good ones, and every way in which one is broken."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

BOUNDARY = "----ovoo7d31"


@dataclass(frozen=True)
class Part:
    """One field; `name` and `filename` go out as these bytes, None leaves the attribute out."""

    name: bytes | None
    content: bytes
    filename: bytes | None = None
    more: bytes = b""

    def written(self) -> bytes:
        head = b"Content-Disposition: form-data"
        if self.name is not None:
            head += b'; name="%b"' % self.name
        if self.filename is not None:
            head += b'; filename="%b"' % self.filename
        return head + b"\r\n" + self.more + b"\r\n" + self.content + b"\r\n"


def body_of(parts: Sequence[Part], boundary: str = BOUNDARY) -> bytes:
    """The parts between their boundaries."""
    line = f"--{boundary}".encode()
    return b"".join(line + b"\r\n" + each.written() for each in parts) + line + b"--\r\n"


def sent(body: bytes, kind: str = f"multipart/form-data; boundary={BOUNDARY}") -> dict[str, Any]:
    """The body with its content type, as a shot carries it."""
    return {"data": body, "headers": {"Content-Type": kind} if kind else {}}


FILENAMES: tuple[tuple[str, bytes | None], ...] = (
    ("no file name", None),
    ("empty file name", b""),
    ("path", b"../../../../etc/cron.d/x.csv"),
    ("path of windows", b"C:\\Windows\\x.csv"),
    ("absolute path", b"/etc/passwd.csv"),
    ("coded path", b"%2e%2e%2fx.csv"),
    ("dots", b".."),
    ("only the end", b".csv"),
    ("GBK name", "问卷（终版）.csv".encode("gbk")),
    ("UTF-8 name", "问卷（终版）.csv".encode()),
    ("half a character", b"\xe9\x97.csv"),
    ("nul", b"a\x00.csv"),
    ("turned direction", "a\u202evsc.csv".encode()),
    ("long", b"x" * 1500 + b".csv"),
    ("quote", b'a\\"b.csv'),
    ("formula", b"=cmd|' /C calc'!A0.csv"),
    ("tags", b"<script>alert(1)</script>.csv"),
)
"""File names that are odd, missing, or lead elsewhere."""


def broken(parts: Sequence[Part]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Every way of breaking a form of these parts, by a name; the last of the parts is its file, or a field."""
    good = body_of(parts)
    last = parts[-1]
    yield from _boundaries(good, parts)
    yield from _fields(parts)
    for share in (1, 3, 7, 9):
        yield f"cut after {share} tenths", sent(good[: len(good) * share // 10])
    yield "nothing", sent(b"")
    yield "no end", sent(good[: -len(BOUNDARY) - 6])
    yield "bytes behind the end", sent(good + b"x" * 5000)
    for kind in ("application/json", "text/plain", "application/x-www-form-urlencoded", "application/octet-stream", ""):
        yield f"sent as {kind or 'nothing'}", sent(good, kind)
    for typed_as in (b"text/html", b"application/x-msdownload", b"\xff\xfe", b"a/b; charset=no-such", b"a" * 3000):
        typed = Part(last.name, last.content, last.filename, b"Content-Type: %b\r\n" % typed_as)
        yield f"part of type {typed_as[:12]!r}", sent(body_of([*parts[:-1], typed]))
    for line in (
        b"Content-Transfer-Encoding: base64\r\n",
        b"no colon\r\n",
        b": no name\r\n",
        b"X: %b\r\n" % (b"y" * 60_000),
    ):
        yield f"header {line[:9]!r}", sent(body_of([*parts[:-1], Part(last.name, last.content, last.filename, line)]))
    for told, name in FILENAMES:
        yield f"file name: {told}", sent(body_of([*parts[:-1], Part(last.name, last.content, name)]))


def _boundaries(good: bytes, parts: Sequence[Part]) -> Iterator[tuple[str, dict[str, Any]]]:
    form = "multipart/form-data"
    yield "another boundary", sent(good, f"{form}; boundary=other")
    yield "no boundary", sent(good, form)
    yield "empty boundary", sent(good, f"{form}; boundary=")
    yield "boundary of no ASCII", sent(good, f"{form}; boundary=\u00ff\u00fe")
    yield "boundary of spaces", sent(body_of(parts, "  "), f'{form}; boundary="  "')
    yield "long boundary", sent(body_of(parts, "b" * 4000), f"{form}; boundary={'b' * 4000}")
    yield "two boundaries", sent(good, f"{form}; boundary=x; boundary={BOUNDARY}")
    yield "bare line ends", sent(good.replace(b"\r\n", b"\n"))
    yield "mixed", sent(good, f"multipart/mixed; boundary={BOUNDARY}")
    yield "only a boundary", sent(f"--{BOUNDARY}--".encode())


def _fields(parts: Sequence[Part]) -> Iterator[tuple[str, dict[str, Any]]]:
    last = parts[-1]
    yield "doubled file", sent(body_of([*parts, last]))
    yield "doubled fields", sent(body_of([*parts, *parts]))
    yield "no name", sent(body_of([*parts[:-1], Part(None, last.content, last.filename)]))
    yield "empty name", sent(body_of([Part(b"", b"x"), *parts]))
    yield "no file", sent(body_of([*parts[:-1], Part(last.name, b"a text where a file should be")]))
    yield "everything a file", sent(body_of([Part(each.name, each.content, b"a.csv") for each in parts]))
    yield "empty file", sent(body_of([*parts[:-1], Part(last.name, b"", last.filename)]))
    yield "many fields", sent(body_of([*parts, *(Part(b"f%d" % n, b"") for n in range(45_000))]))
    yield "many of one field", sent(body_of([*parts, *(Part(last.name, b"x") for _ in range(3000))]))
    yield "many files", sent(body_of([*parts, *(Part(last.name, b"x", b"a.csv") for _ in range(1500))]))
    yield "long name", sent(body_of([*parts, Part(b"n" * 30_000, b"x")]))
    yield "long field", sent(body_of([*parts, Part(b"note", b"x" * 1_500_000)]))
    yield "fields of no UTF-8", sent(body_of([*(Part(each.name, b"\xff\xfe\x80") for each in parts[:-1]), last]))
    yield "fields in GBK", sent(body_of([*(Part(each.name, "备注".encode("gbk")) for each in parts[:-1]), last]))
    yield "charset told", sent(body_of([Part(b"_charset_", b"no-such-charset"), *parts]))
    yield "names of no UTF-8", sent(body_of([Part(b"\xff\xfe", b"x"), *parts]))
    yield "nul in a name", sent(body_of([Part(b"a\x00b", b"x"), *parts]))
