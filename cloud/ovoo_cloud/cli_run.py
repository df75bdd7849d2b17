"""`ovoo-cloud serve|ingest|worker`: the long-running processes."""

from __future__ import annotations

import argparse
import contextlib
import signal
import threading
from collections.abc import Iterator
from types import FrameType
from typing import Any, Protocol

from ovoo_contract.errors import ConfigError

from ovoo_cloud.cli_output import Output
from ovoo_cloud.services import build_services
from ovoo_cloud.settings import Settings

__all__ = ["add_verbs"]


class _Service(Protocol):
    """What runs beside the server: ingest, worker."""

    def start(self) -> None:
        """Starts it."""

    def stop(self) -> None:
        """Ends it."""


def add_verbs(verbs: Any, shared: argparse.ArgumentParser) -> None:  # argparse does not export the type
    """Adds `serve`, `ingest` and `worker`."""
    serve = verbs.add_parser(
        "serve",
        parents=[shared],
        help="API, console, ingest and jobs in one process",
        description="Runs everything in one process; ingest runs when broker_host is set.",
    )
    serve.add_argument("--host", help="replaces listen_host")
    serve.add_argument("--port", type=int, help="replaces listen_port")
    serve.add_argument("--no-jobs", action="store_true", help="jobs run in a worker of their own")
    serve.add_argument("--no-ingest", action="store_true", help="ingest runs in processes of its own")
    serve.set_defaults(run=_serve)
    ingest = verbs.add_parser("ingest", parents=[shared], help="ingest only; needs store = influx")
    ingest.set_defaults(run=_ingest)
    worker = verbs.add_parser("worker", parents=[shared], help="jobs only; needs store = influx")
    worker.set_defaults(run=_worker)


def _serve(parsed: argparse.Namespace, settings: Settings, output: Output) -> int:
    import uvicorn

    from ovoo_cloud.api.app import create_app
    from ovoo_cloud.ingest.metrics import IngestMetrics
    from ovoo_cloud.ingest.service import IngestService
    from ovoo_cloud.jobs.worker import Worker

    with build_services(settings) as services:
        server = uvicorn.Server(
            uvicorn.Config(
                create_app(services),
                host=parsed.host or settings.listen_host,
                port=settings.listen_port if parsed.port is None else parsed.port,
                log_config=None,
                access_log=False,
                server_header=False,
                timeout_graceful_shutdown=5,
            )
        )

        def fail(_error: BaseException) -> None:
            server.should_exit = True

        ingest = None if parsed.no_ingest or not settings.broker_host else IngestService(services, fail)
        if ingest is not None:
            services.status["ingest"] = ingest.health
            services.live.append(IngestMetrics(ingest))
        with _running(ingest), _running(None if parsed.no_jobs else Worker(services)):
            _survive_the_second_signal()
            server.run()
        if ingest is not None and ingest.failure is not None:
            output.note(f"ovoo-cloud: ingest ended: {ingest.failure}")
            return 1
        return 0 if server.started else 4


def _survive_the_second_signal() -> None:
    """uvicorn raises the signal that ended it again; store and ingest must still be closed then."""
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda _number, _frame: None)


def _ingest(_parsed: argparse.Namespace, settings: Settings, output: Output) -> int:
    from ovoo_cloud.ingest.metrics import IngestMetrics, listening
    from ovoo_cloud.ingest.service import IngestService

    _refuse_embedded(settings, "ingest")
    with build_services(settings) as services:
        stopped = threading.Event()
        ingest = IngestService(services, lambda _error: stopped.set())
        with listening(settings.metrics_listen, IngestMetrics(ingest)):
            _wait(ingest, stopped)
        if ingest.failure is not None:
            output.note(f"ovoo-cloud: ingest ended: {ingest.failure}")
            return 1
        return 0


def _worker(_parsed: argparse.Namespace, settings: Settings, _output: Output) -> int:
    from ovoo_cloud.jobs.worker import Worker

    _refuse_embedded(settings, "worker")
    with build_services(settings) as services:
        _wait(Worker(services), threading.Event())
    return 0


def _refuse_embedded(settings: Settings, verb: str) -> None:
    if settings.store == "embedded":
        raise ConfigError(
            f"a separate {verb} cannot share the embedded store",
            offender="store",
            value=settings.store,
            remedy='use `ovoo-cloud serve`, which ingests and runs jobs itself, or set store = "influx"',
        )


def _wait(service: _Service, stopped: threading.Event) -> None:
    """Runs a service until SIGTERM, SIGINT or its own end."""

    def stop(_number: int, _frame: FrameType | None) -> None:
        stopped.set()

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, stop)
    with _running(service):
        stopped.wait()


@contextlib.contextmanager
def _running(service: _Service | None) -> Iterator[None]:
    if service is None:
        yield
        return
    service.start()
    try:
        yield
    finally:
        service.stop()
