"""What is read under a grant is noted before the answer leaves the house, and nothing leaves once it has ended."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final
from urllib.parse import parse_qs

from ovoo_contract.errors import NotFound, OvooError, StoreError
from starlette.concurrency import run_in_threadpool
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from ovoo_cloud.access import grants
from ovoo_cloud.access.scope import Scope as CallerScope
from ovoo_cloud.api.errors import problem
from ovoo_cloud.api.row_counts import rows_told
from ovoo_cloud.api.times import from_iso
from ovoo_cloud.catalogue import access_lines
from ovoo_cloud.catalogue.access_lines import Read
from ovoo_cloud.services import Services

__all__ = ["AccessRecorder", "ConsentEnded", "operation_of"]

_PLACES: Final = ("enterprise", "site")
_LEFT_OUT: Final = frozenset({"start", "end", "limit", "cursor", "format", "points", "mode", "step_s", "site", "range"})
"""Parts of a query that name no thing of the plant."""


class ConsentEnded(Exception):
    """The consent ended while an answer was on its way: the server closes the connection, and the answer has no end."""


@dataclass(slots=True)
class _Answer:
    """What is known of one answer while it leaves."""

    caller: CallerScope
    read: Read
    noted: set[str] = field(default_factory=set)
    counted: bool = False
    size: int = 0


class AccessRecorder:
    """ASGI middleware: notes every answered request that stood on grants; without the note there is no answer.

    The note and the question whether the grants are still live are one transaction. Before each further piece of a
    stream the question is asked again; a stream whose consent has ended breaks off.
    """

    def __init__(self, app: ASGIApp, services: Services, headers: Mapping[str, str]) -> None:
        """`headers` are set on an answer of its own."""
        self._app = app
        self._services = services
        self._headers = headers

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serves one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        answer: _Answer | None = None

        async def noted(message: Message) -> None:
            nonlocal answer
            if message["type"] == "http.response.start" and message["status"] < 400:
                answer = await self._begin(scope, message)
            elif message["type"] == "http.response.body" and answer is not None:
                await self._piece(answer, message)
            await send(message)

        try:
            await self._app(scope, receive, noted)
        except _Refused as refused:
            refused.response.headers.update(self._headers)
            await refused.response(scope, receive, send)
        finally:
            if answer is not None and not answer.counted:
                await run_in_threadpool(self._count_on, answer, scope)

    async def _begin(self, scope: Scope, message: Message) -> _Answer | None:
        caller: CallerScope | None = scope.get("state", {}).get("scope")
        if caller is None or not caller.used:
            return None
        headers = dict(message.get("headers", ()))
        whole = headers.get(b"content-length", b"")
        size = int(whole) if whole.isdigit() else 0
        answer = _Answer(caller, read_of(scope, size, rows_told(scope.get("state", {})) or 0), counted=bool(whole))
        answer.noted = set(caller.used)
        try:
            await run_in_threadpool(self._note, answer)
        except NotFound as error:
            raise _Refused(404, "not-found", "not found", str(error)) from error
        except StoreError as error:
            raise _Refused(503, "store-unavailable", "the access could not be noted", str(error)) from error
        return answer

    def _note(self, answer: _Answer) -> None:
        now_ns = self._services.clock()
        with self._services.database.write() as session:
            grants.require_live(session, answer.noted, now_ns)
            access_lines.note(session, answer.caller, answer.noted, answer.read, now_ns)

    async def _piece(self, answer: _Answer, message: Message) -> None:
        if answer.size and message.get("body"):
            try:
                await run_in_threadpool(self._still_open, answer)
            except OvooError as error:
                raise ConsentEnded(str(error)) from error
        answer.size += len(message.get("body", b""))

    def _still_open(self, answer: _Answer) -> None:
        with self._services.database.read() as session:
            grants.require_live(session, answer.caller.used, self._services.clock())

    def _count_on(self, answer: _Answer, scope: Scope) -> None:
        """What a stream brought out, and the grants that it came to stand on after its begin."""
        now_ns, told = self._services.clock(), rows_told(scope.get("state", {})) or 0
        rest = Read(answer.read.operation, rows=max(0, told - answer.read.rows), size=answer.size)
        with contextlib.suppress(StoreError), self._services.database.write() as session:
            access_lines.count_on(session, answer.caller, answer.caller.used, rest, now_ns)


class _Refused(Exception):
    """An answer that does not leave; a problem document goes out instead."""

    def __init__(self, status: int, kind: str, title: str, detail: str) -> None:
        super().__init__(title)
        self.response = problem(status, kind, title, detail=detail)


def operation_of(scope: Scope) -> str:
    """The operationId of a request's route: the key of its name in the catalogue."""
    route = scope.get("route")
    found = getattr(route, "unique_id", "") or getattr(route, "path", "") or scope.get("path", "")
    return str(found)[:200]


def read_of(scope: Scope, size: int, rows: int) -> Read:
    """What a request asks for, as its path and query name it."""
    parts: Mapping[str, Any] = scope.get("path_params", {})
    query = parse_qs(scope.get("query_string", b"").decode("latin-1"))
    named = [str(each) for name, each in parts.items() if name not in _PLACES]
    named += [each for name, values in query.items() if name not in _LEFT_OUT for each in values]
    places = [str(parts["site"])] if "site" in parts else query.get("site", [])
    places = places or sorted({each.split("/")[0] for each in query.get("signal", [])})
    return Read(
        operation_of(scope), " ".join(places), " ".join(_one_word(each) for each in named),
        _moment(query, "start"), _moment(query, "end"), rows, size, str(parts.get("enterprise", "")),
    )  # fmt: skip


def _one_word(text: str) -> str:
    return "_".join(text.split())[:200]


def _moment(query: Mapping[str, list[str]], name: str) -> int | None:
    try:
        return from_iso(query[name][0], name)
    except (KeyError, OvooError):
        return None
