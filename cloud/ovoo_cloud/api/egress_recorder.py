"""Notes every download and bulk read before its first byte leaves, and how much left when it is over."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, Literal
from urllib.parse import parse_qs

from sqlalchemy.orm import Session
from starlette.concurrency import run_in_threadpool
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from ovoo_cloud.access.scope import Scope as CallerScope
from ovoo_cloud.access.scope import absent
from ovoo_cloud.api.row_counts import rows_told
from ovoo_cloud.catalogue.case_tables import CaseFile
from ovoo_cloud.catalogue.tables import Report
from ovoo_cloud.centre import egress
from ovoo_cloud.centre.data_classes import highest_class
from ovoo_cloud.centre.own_kinds import kind_in
from ovoo_cloud.services import Services

__all__ = ["RECORDED", "EgressRecorder"]

What = Literal["signals", "enterprise", "site", "report", "case", "register", "centre", "region"]
RECORDED: Final[Mapping[str, What]] = {
    "/api/v1/enterprises/{enterprise}/export": "signals",
    "/api/v1/enterprises/{enterprise}/history": "signals",
    "/api/v1/enterprises/{enterprise}/reports/{report}/files/{name}": "report",
    "/api/v1/enterprises/{enterprise}/reports/{report}/bundle": "report",
    "/api/v1/enterprises/{enterprise}/cases/{case}/export": "case",
    "/api/v1/enterprises/{enterprise}/cases/{case}/documents/{document}": "case",
    "/api/v1/enterprises/{enterprise}/data-catalogue/export": "enterprise",
    "/api/v1/enterprises/{enterprise}/ideal-rates/export": "enterprise",
    "/api/v1/centre/registers/{register}/export": "register",
    "/api/v1/centre/kpis/export": "centre",
    "/api/v1/centre/assessments/{assessment}/export": "centre",
    "/api/v1/egress/export": "centre",
    "/api/v1/region/reports/{region_report}/files/{name}": "region",
    "/api/v1/region/reports/{region_report}/bundle": "region",
    "/energy/{enterprise}/{site}/ventilation/network.csv": "site",
    "/sites/{enterprise}/{site}/ideal-rates.csv": "site",
}
"""Routes by which data leave in bulk, and what their class follows from; a test holds it against the API."""


@dataclass(slots=True)
class _Line:
    """What is known of one answer while it leaves."""

    number: int = 0
    csv: bool = False
    lines: int = 0
    size: int = 0
    complete: bool = False
    state: Mapping[str, Any] = field(default_factory=dict)

    def rows(self) -> int:
        """Rows told by the route, else lines of a CSV below its header, else one document."""
        told = rows_told(self.state)
        if told is not None:
            return told
        return max(0, self.lines - 1) if self.csv else 1


class EgressRecorder:
    """ASGI middleware; an answer that cannot be noted does not leave."""

    def __init__(self, app: ASGIApp, services: Services) -> None:
        self._app = app
        self._services = services

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serves one request."""
        if scope["type"] != "http" or scope["method"] != "GET":
            await self._app(scope, receive, send)
            return
        line = _Line()

        async def noted(message: Message) -> None:
            if message["type"] == "http.response.start" and message["status"] in (200, 206):
                path = getattr(scope.get("route"), "path", "")
                if path in RECORDED:
                    await self._begin(scope, path, message, line)
            elif message["type"] == "http.response.body" and line.number:
                body = message.get("body", b"")
                line.size += len(body)
                line.lines += body.count(b"\n") if line.csv else 0
                if not message.get("more_body", False):
                    # before the last bytes go: who has them all finds them noted
                    line.complete = True
                    await run_in_threadpool(self._finish, line)
            await send(message)

        try:
            await self._app(scope, receive, noted)
        except BaseException:
            line.complete = False
            raise
        finally:
            if line.number and not line.complete:
                await run_in_threadpool(self._finish, line)

    async def _begin(self, scope: Scope, path: str, message: Message, line: _Line) -> None:
        headers = dict(message.get("headers", ()))
        line.csv = headers.get(b"content-type", b"").startswith(b"text/csv")
        line.state = scope.get("state", {})
        line.number = await run_in_threadpool(self._note, scope, path, line.state.get("caller"))

    def _note(self, scope: Scope, path: str, caller: CallerScope | None) -> int:
        if caller is None:
            raise absent(path)  # no such route answers without a caller
        parts = scope.get("path_params", {})
        query = parse_qs(scope.get("query_string", b"").decode("latin-1"))
        with self._services.database.write() as session:
            taken = _taken(session, path, parts, query)
            return egress.begin(session, caller, taken, self._services.clock())

    def _finish(self, line: _Line) -> None:
        with self._services.database.write() as session:
            egress.finish(
                session, line.number, rows=line.rows(), size=line.size, complete=line.complete,
                now_ns=self._services.clock(),
            )  # fmt: skip


def _taken(session: Session, path: str, parts: Mapping[str, str], query: Mapping[str, list[str]]) -> egress.Taken:
    what, enterprise = RECORDED[path], parts.get("enterprise", "")
    if what == "register":
        open_to_all = kind_in(session, parts["register"]).audience == "all"
        return egress.Taken("", "", path, parts["register"], "general" if open_to_all else "important")
    if what == "region":  # figures of groups, made to be told
        return egress.Taken("", "", path, "/".join(parts.values()), "general")
    if what == "centre":
        return egress.Taken("", "", path, " ".join(parts.values()), "important")
    subject, start = _subject(session, what, parts, query)
    sites = {each.split("/")[0] for each in start}
    protected = highest_class(session, enterprise, start)
    return egress.Taken(enterprise, sites.pop() if len(sites) == 1 else "", path, subject, protected)


def _subject(
    session: Session, what: What, parts: Mapping[str, str], query: Mapping[str, list[str]]
) -> tuple[str, Sequence[str]]:
    """What is taken, and where the signals begin that its class follows from; "" is the whole enterprise."""
    if what == "signals":
        return " ".join(query["signal"]), query["signal"]
    if what == "site":
        return parts["site"], [parts["site"]]
    if what == "report":
        report = session.get(Report, parts["report"])
        name = parts.get("name", "bundle")
        return f"{parts['report']}/{name}", [""] if report is None else [report.site]
    if what == "case":
        row = session.get(CaseFile, parts["case"])
        subject = "/".join([parts["case"], parts.get("document", "")]).rstrip("/")
        return subject, [""] if row is None else row.sites
    return parts["enterprise"], [""]
