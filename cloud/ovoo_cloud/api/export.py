"""History as CSV or xlsx, streamed: memory stays flat however long the range is."""

from __future__ import annotations

import pathlib
import tempfile
from collections.abc import Iterator
from typing import Annotated, Final

import xlsxwriter
from fastapi import APIRouter, Depends, Query, Request
from fastapi.responses import Response, StreamingResponse
from ovoo_contract.address import Address
from ovoo_contract.errors import BudgetExceeded

from ovoo_cloud.access.roles import Permission
from ovoo_cloud.access.scope import Scope
from ovoo_cloud.api.access import ServicesDep, require
from ovoo_cloud.api.row_counts import count_rows
from ovoo_cloud.api.times import BoundsDep, to_iso
from ovoo_cloud.catalogue import signals as signal_rows
from ovoo_cloud.stores.base import Columns, check_bounds

__all__ = ["router"]

router = APIRouter(prefix="/api/v1", tags=["telemetry"])
Reader = Annotated[Scope, Depends(require(Permission.READ_TELEMETRY))]
_HEADER: Final = ("time", "signal", "value", "unit", "quality", "text")
_PIECE: Final = 65_536
_SHEET_ROWS: Final = 1_048_575
_FORMULA: Final = ("=", "+", "-", "@", "\t", "\r")


@router.get("/enterprises/{enterprise}/export", response_class=Response)
def export(
    request: Request,
    enterprise: str,
    services: ServicesDep,
    scope: Reader,
    bounds: BoundsDep,
    signal: Annotated[list[str], Query(description="site/area/line/asset/signal; may be repeated", max_length=500)],
    file: Annotated[str, Query(alias="format", pattern="^(csv|xlsx)$")] = "csv",
) -> Response:
    """Samples of the signals, ordered by signal and time."""
    start_ns, end_ns = bounds
    check_bounds(start_ns, end_ns)
    with services.database.read() as session:
        rows = [signal_rows.signal(session, scope, f"{enterprise}/{name}") for name in signal]
    units = {Address.parse(row.address): row.unit for row in rows}
    stream = services.telemetry(scope).stream(sorted(units, key=str), start_ns, end_ns)
    if file == "csv":
        headers = {"Content-Disposition": 'attachment; filename="history.csv"'}
        return StreamingResponse(_csv(stream, units), media_type="text/csv; charset=utf-8", headers=headers)
    path, written = _xlsx(stream, units)
    count_rows(request.state, written)
    kind = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
    headers = {"Content-Disposition": 'attachment; filename="history.xlsx"', "Content-Length": str(path.stat().st_size)}
    return StreamingResponse(_taken_away(path), media_type=kind, headers=headers)


def _taken_away(path: pathlib.Path) -> Iterator[bytes]:
    """The file's content; it is gone from the disk before the first byte leaves, however the download ends."""
    file = path.open("rb")
    path.unlink()

    def pieces() -> Iterator[bytes]:
        with file:
            while piece := file.read(_PIECE):
                yield piece

    return pieces()


def _csv(stream: Iterator[tuple[Address, Columns]], units: dict[Address, str]) -> Iterator[bytes]:
    # the byte order mark makes Excel read the file as UTF-8
    yield ("\ufeff" + ",".join(_HEADER) + "\r\n").encode()
    for address, columns in stream:
        lines = [",".join(row) for row in _text_rows(address, columns, units[address])]
        yield ("\r\n".join(lines) + "\r\n").encode()


def _text_rows(address: Address, columns: Columns, unit: str) -> Iterator[tuple[str, ...]]:
    name = str(address)
    values = columns.value.tolist()
    qualities = columns.quality.tolist()
    for row, time_ns in enumerate(columns.time_ns.tolist()):
        value = values[row]
        written = "" if value != value else repr(value)
        yield (to_iso(time_ns) or "", name, written, unit, str(qualities[row]), _cell(columns.text.get(row, "")))


def _cell(text: str) -> str:
    """A CSV cell that no spreadsheet runs as a formula."""
    if text.startswith(_FORMULA):
        text = "'" + text
    return '"' + text.replace('"', '""') + '"' if any(sign in text for sign in ',"\r\n') else text


def _xlsx(stream: Iterator[tuple[Address, Columns]], units: dict[Address, str]) -> tuple[pathlib.Path, int]:
    with tempfile.NamedTemporaryFile(suffix=".xlsx", delete=False) as file:
        path = pathlib.Path(file.name)
    options = {"constant_memory": True, "strings_to_formulas": False, "strings_to_urls": False}
    try:
        with xlsxwriter.Workbook(str(path), options) as book:
            sheet = book.add_worksheet("history")
            sheet.write_row(0, 0, _HEADER)
            line = 1
            for address, columns in stream:
                if line + len(columns) > _SHEET_ROWS:
                    raise BudgetExceeded(
                        "a sheet holds no more rows", offender="export", value=_SHEET_ROWS, remedy="use format=csv"
                    )
                values = columns.value.tolist()
                for row, cells in enumerate(_text_rows(address, columns, units[address])):
                    time, name, written, unit, quality, text = cells
                    number = values[row] if written else None
                    sheet.write_row(line, 0, (time, name, number, unit, int(quality), text))
                    line += 1
    except BaseException:
        path.unlink(missing_ok=True)
        raise
    return path, line - 1
