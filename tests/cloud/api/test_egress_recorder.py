"""The record of what leaves: noted before the first byte, and honest about what broke off."""

from __future__ import annotations

import asyncio
import pathlib
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import pytest
from ovoo_cloud.access.scope import Scope
from ovoo_cloud.api.egress_recorder import EgressRecorder
from ovoo_cloud.api.row_counts import count_rows
from ovoo_cloud.catalogue.centre_tables import EgressRecord
from ovoo_cloud.services import Services, build_services
from ovoo_cloud.settings import Settings
from ovoo_contract.errors import StoreUnavailable
from sqlalchemy import select

PATH = "/api/v1/centre/registers/{register}/export"
CALLER = Scope.system("somebody")


@pytest.fixture
def services(tmp_path: pathlib.Path) -> Iterator[Services]:
    with build_services(Settings(data_dir=tmp_path), clock=lambda: 5) as built:
        yield built


def lines(services: Services) -> list[EgressRecord]:
    with services.database.read() as session:
        return list(session.scalars(select(EgressRecord).order_by(EgressRecord.id)))


def serve(
    services: Services, *parts: bytes, breaks: bool = False, path: str = PATH, rows: int | None = None
) -> list[Any]:
    """Sends the parts through the recorder as a CSV; gives what reached the client."""
    sent: list[Any] = []

    async def app(scope: Any, _receive: Any, send: Any) -> None:
        scope |= {"route": SimpleNamespace(path=path), "path_params": {"register": "provider"}}
        scope["state"] = {"caller": CALLER}
        if rows is not None:
            state = SimpleNamespace()
            count_rows(state, rows)
            scope["state"] |= vars(state)
        await send({"type": "http.response.start", "status": 200, "headers": [(b"content-type", b"text/csv")]})
        for number, part in enumerate(parts):
            await send({"type": "http.response.body", "body": part, "more_body": breaks or number + 1 < len(parts)})
        if breaks:
            raise ConnectionResetError

    async def send(message: Any) -> None:
        sent.append(message)

    async def receive() -> Any:
        return {"type": "http.request"}

    scope = {"type": "http", "method": "GET", "query_string": b""}
    asyncio.run(EgressRecorder(app, services)(scope, receive, send))
    return sent


def test_rows_and_bytes_of_a_stream_are_counted(services: Services) -> None:
    serve(services, b"id,name\r\n1,a\r\n", b"2,b\r\n")

    row = lines(services)[0]
    assert (row.actor, row.subject, row.data_class) == ("somebody", "provider", "general")
    assert (row.row_count, row.byte_count, row.complete) == (2, 19, True)


def test_rows_that_the_route_tells_go_before_counted_lines(services: Services) -> None:
    serve(services, b'"a\r\nb"\r\n', rows=7)

    assert lines(services)[0].row_count == 7


def test_what_broke_off_is_noted_as_that(services: Services) -> None:
    with pytest.raises(ConnectionResetError):
        serve(services, b"id\r\n1\r\n", breaks=True)

    row = lines(services)[0]
    assert (row.row_count, row.byte_count, row.complete) == (1, 7, False)


def test_what_cannot_be_noted_does_not_leave(services: Services) -> None:
    with services.engine.begin() as connection:
        connection.exec_driver_sql("DROP TABLE egress_records")

    with pytest.raises(StoreUnavailable):
        serve(services, b"id\r\n1\r\n")


def test_other_routes_are_left_alone(services: Services) -> None:
    assert len(serve(services, b"{}", path="/api/v1/me")) == 2
    assert lines(services) == []
