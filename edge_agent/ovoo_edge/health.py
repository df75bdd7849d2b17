"""What the gateway says about itself: JSON for people and scripts, Prometheus text for monitoring."""

from __future__ import annotations

import asyncio
import dataclasses
import json
import logging
import resource
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from types import TracebackType
from typing import Any, get_args

from ovoo_contract.catalogue import Catalogue, DataClass
from ovoo_contract.errors import ConfigError

from ovoo_edge.config import GatewayConfig
from ovoo_edge.kernel_clock import read_kernel_clock
from ovoo_edge.pipeline import Pipeline
from ovoo_edge.scoring import Scoring
from ovoo_edge.sinks.base import Sink
from ovoo_edge.source_clock import ClockEstimate
from ovoo_edge.sources.base import Source
from ovoo_edge.spool_rows import HOUR_NS
from ovoo_edge.spool_service import SpoolService
from ovoo_edge.supervisor import Supervised

__all__ = ["HealthReport", "HealthServer", "sink_figures"]

_LOG = logging.getLogger(__name__)
_REQUEST_S = 5.0
_LEDGER_HOURS = 48
_SILENT_NAMED = 20
_CPU_SPAN_S = 10.0
_CLASSES: tuple[DataClass, ...] = get_args(DataClass)
_QUIET_SOURCE = {"running", "finished", "idle"}
_QUIET_SINK = {"running", "draining", "idle"}


class HealthReport:
    """Gathers the state of every part; `sinks` and `desired` are set once they exist: sinks report these figures."""

    def __init__(
        self,
        config: GatewayConfig,
        software: str,
        wall_ns: Callable[[], int],
        spool: SpoolService,
        pipeline: Pipeline,
        sources: Sequence[Source],
        scoring: Scoring,
        parts: Sequence[Supervised],
        clocks: Callable[[], Mapping[str, ClockEstimate]],
        catalogue: Catalogue,
        accounts: Callable[[Sequence[str]], Awaitable[list[dict[str, Any]]]],
    ) -> None:
        self._config = config
        self._software = software
        self._wall_ns = wall_ns
        self._spool = spool
        self._pipeline = pipeline
        self._sources = sources
        self._scoring = scoring
        self._parts = parts
        self._clocks = clocks
        self._catalogue = catalogue
        self._cpu = CpuShare()
        self._accounts = accounts
        self.sinks: Sequence[Sink] = ()
        self.desired: Callable[[], Mapping[str, Any]] = dict

    async def collect(self) -> dict[str, Any]:
        """The whole state, JSON-ready; `status` is "ok" or "degraded"."""
        pipeline = self._pipeline.health()
        gauges = await self._spool.gauges()
        sources = self._source_states()
        sinks = [dataclasses.asdict(sink.health()) for sink in self.sinks]
        failed = [{"part": part.name, "failure": part.failure} for part in self._parts if part.failure]
        spool = dataclasses.asdict(gauges)
        spool["epoch"] = str(gauges.epoch)
        spool["refused"] = _by_class_name(gauges.refused)
        own = read_kernel_clock()
        degraded = bool(
            failed
            or pipeline.held_back
            or not gauges.ballast
            or any(source["state"] not in _QUIET_SOURCE or source["problems"] for source in sources)
            or any(source["clock"]["suspect"] for source in sources)
            or any(sink["state"] not in _QUIET_SINK for sink in sinks)
        )
        return {
            "status": "degraded" if degraded else "ok",
            "gateway": self._config.gateway,
            "enterprise": self._config.enterprise,
            "site": self._config.site,
            "software": self._software,
            "time_ns": self._wall_ns(),
            "own_clock": None if own is None else dataclasses.asdict(own),
            "process": {**process_figures(), "cpu": self._cpu.cores()},
            "pipeline": dataclasses.asdict(pipeline),
            "spool": spool,
            "sources": sources,
            "sinks": sinks,
            "models": self._scoring.health(),
            "desired_config": self.desired(),
            "failed": failed,
        }

    async def ledger(self) -> dict[str, Any]:
        """Counts per signal and hour of the last two days, and everything lost with its cause."""
        now_hour = self._wall_ns() // HOUR_NS
        addresses = {row.entry.address for row in self._config.signals}
        counts = await self._spool.ledger(now_hour - _LEDGER_HOURS, now_hour + 25)
        catalogues = {row.catalogue_id for row in counts}
        names = {catalogue: await self._spool.addresses(catalogue) for catalogue in catalogues}
        lost = await self._spool.lost(0, now_hour + 25)
        return {
            "signals": len(addresses),
            "counts": [
                {"address": names[row.catalogue_id][row.signal], **_without(row, "signal", "catalogue_id")}
                for row in counts
            ],
            "lost": [dataclasses.asdict(row) for row in lost],
            "refused": [
                {**_without(row, "rank"), "data_class": _CLASSES[row.rank]} for row in await self._spool.refusals()
            ],
            "completeness": await self._accounts([sink.name for sink in self.sinks]),
        }

    def _source_states(self) -> list[dict[str, Any]]:
        clocks = self._clocks()
        states = []
        for source in self._sources:
            state = dataclasses.asdict(source.health())
            state["silent"] = [str(self._catalogue.entries[index].address) for index in state["silent"][:_SILENT_NAMED]]
            state["clock"] = dataclasses.asdict(clocks.get(source.name, ClockEstimate()))
            states.append(state)
        return states

    async def quarantine(self) -> list[dict[str, Any]]:
        """The newest rows that a server refused, without their payload."""
        return [_without(row, "payload") for row in await self._spool.quarantined()]


class CpuShare:
    """Processor cores used on average since the last time that at least `_CPU_SPAN_S` had passed."""

    def __init__(self) -> None:
        self._mark = (time.monotonic(), time.process_time())
        self._cores: float | None = None

    def cores(self) -> float | None:
        """None in the first seconds."""
        now, used = time.monotonic(), time.process_time()
        if now - self._mark[0] >= _CPU_SPAN_S:
            self._cores = (used - self._mark[1]) / (now - self._mark[0])
            self._mark = (now, used)
        return self._cores


def process_figures() -> dict[str, float]:
    """`cpu_s` used so far, `rss_mb` now, `threads`."""
    usage = resource.getrusage(resource.RUSAGE_SELF)
    figures = {"cpu_s": usage.ru_utime + usage.ru_stime, "rss_mb": usage.ru_maxrss / 1024}
    try:
        with open("/proc/self/status", encoding="ascii") as file:
            for line in file:
                key, _, rest = line.partition(":")
                if key == "VmRSS":
                    figures["rss_mb"] = int(rest.split()[0]) / 1024
                elif key == "Threads":
                    figures["threads"] = float(rest)
    except OSError:
        # without /proc the peak stands for the present
        figures["threads"] = 0.0
    return figures


def sink_figures(snapshot: Mapping[str, Any]) -> dict[str, float]:
    """Figures of a snapshot for a gateway's state message, flat; absent where unknown."""
    spool, pipeline = snapshot["spool"], snapshot["pipeline"]
    figures: dict[str, float] = {"at_risk_s": pipeline["at_risk_s"], "rss_mb": snapshot["process"]["rss_mb"]}
    if spool["buffer_h"] is not None:
        figures["buffer_h"] = spool["buffer_h"]
    if snapshot["process"]["cpu"] is not None:
        figures["cpu"] = snapshot["process"]["cpu"]
    offsets = {source["name"]: source["clock"]["offset_ms"] for source in snapshot["sources"]}
    known = {name: offset for name, offset in offsets.items() if offset is not None}
    if known:
        # one figure for the gateway: its worst clock
        figures["offset_ms"] = max(known.values(), key=abs)
    figures.update({f"offset_ms.{name}": offset for name, offset in known.items()})
    for source in snapshot["sources"]:
        if source["name"] in known:
            figures[f"uncertainty_ms.{source['name']}"] = source["clock"]["uncertainty_ms"]
    own = snapshot["own_clock"]
    if own is not None:
        figures.update(clock_synced=float(own["synchronised"]), clock_error_ms=own["error_ms"])
    for name in spool["backlog_rows"]:
        figures[f"backlog_rows.{name}"] = spool["backlog_rows"][name]
        figures[f"backlog_bytes.{name}"] = spool["backlog_bytes"][name]
        figures[f"quarantined.{name}"] = spool["quarantined"].get(name, 0)
    for sink, causes in spool["lost"].items():
        for cause, count in causes.items():
            figures[f"lost.{sink}.{cause}"] = count
    for name in ("received", "suppressed", "duplicates"):
        figures[name] = pipeline["counters"].get(name, 0)
    figures["degraded"] = float(snapshot["status"] != "ok")
    return figures


class HealthServer:
    """A small HTTP server: `/health`, `/ledger`, `/quarantine` (JSON) and `/metrics` (Prometheus).

    Args:
        listen: `host:port`, or empty for no server.
        report: what it shows.
    """

    def __init__(self, listen: str, report: HealthReport) -> None:
        self._listen = listen
        self._report = report
        self._server: asyncio.Server | None = None

    async def __aenter__(self) -> HealthServer:
        if self._listen:
            host, _, port = self._listen.rpartition(":")
            try:
                self._server = await asyncio.start_server(self._serve, host.strip("[]"), int(port))
            except OSError as error:
                raise ConfigError(
                    "cannot listen",
                    offender="health.listen",
                    value=f"{self._listen}: {error.strerror}",
                    remedy="choose a free port",
                ) from error
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._server is not None:
            self._server.close()
            await self._server.wait_closed()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            async with asyncio.timeout(_REQUEST_S):
                status, kind, body = await self._answer(await reader.readuntil(b"\r\n\r\n"))
                head = (
                    f"HTTP/1.1 {status}\r\nContent-Type: {kind}\r\nContent-Length: {len(body)}\r\nConnection: close\r\n"
                )
                writer.write(head.encode("ascii") + b"Cache-Control: no-store\r\n\r\n" + body)
                await writer.drain()
        except (TimeoutError, asyncio.IncompleteReadError, asyncio.LimitOverrunError, ConnectionError) as error:
            _LOG.debug("event=health_request_broken detail=%r", str(error))
        finally:
            writer.close()

    async def _answer(self, request: bytes) -> tuple[str, str, bytes]:
        method, _, rest = request.partition(b" ")
        path = rest.partition(b" ")[0].partition(b"?")[0]
        if method != b"GET":
            return "405 Method Not Allowed", "text/plain", b"only GET\n"
        if path in (b"/health", b"/"):
            snapshot = await self._report.collect()
            return "200 OK", "application/json", _json(snapshot)
        if path == b"/metrics":
            from ovoo_edge.metrics import render_metrics  # the library is loaded where somebody asks for it

            return "200 OK", "text/plain; version=0.0.4; charset=utf-8", render_metrics(await self._report.collect())
        if path == b"/ledger":
            return "200 OK", "application/json", _json(await self._report.ledger())
        if path == b"/quarantine":
            return "200 OK", "application/json", _json(await self._report.quarantine())
        return "404 Not Found", "text/plain", b"/health /metrics /ledger /quarantine\n"


def _json(value: object) -> bytes:
    return json.dumps(value, ensure_ascii=False, allow_nan=False).encode("utf-8") + b"\n"


def _by_class_name(refused: Mapping[str, Mapping[int, int]]) -> dict[str, dict[str, int]]:
    return {sink: {_CLASSES[rank]: count for rank, count in classes.items()} for sink, classes in refused.items()}


def _without(row: Any, *names: str) -> dict[str, Any]:
    return {key: value for key, value in dataclasses.asdict(row).items() if key not in names}
