"""The cloud's side of a line: uplink broker, InfluxDB, `ovoo-cloud ingest`; start, stop and kill each."""

from __future__ import annotations

import json
import pathlib
from collections.abc import Mapping
from contextlib import ExitStack
from types import TracebackType

from tests.servers.influxdb import InfluxServer
from tests.servers.mosquitto import MosquittoServer
from tests.servers.process import ServerProcess
from tests.system import programs

__all__ = ["PASSWORD", "Line"]

PASSWORD = "correct-horse-battery"  # of a throw-away installation on loopback


class Line:
    """Everything from the uplink broker to the store, prepared but without ingest running.

    Args:
        folder: for all files.
        settings: more settings of the cloud.
        prefix: in front of the ingest's command line, `taskset` for one.
    """

    def __init__(
        self, folder: pathlib.Path, settings: Mapping[str, str | int] | None = None, prefix: tuple[str, ...] = ()
    ) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.folder = folder
        self.broker = MosquittoServer(folder / "uplink")
        self.influx = InfluxServer(folder / "influx")
        self.config = folder / "cloud.toml"
        self._settings = settings or {}
        self.ingest: ServerProcess = programs.started(
            "ovoo-cloud", "ingest", "--config", self.config, log=folder / "ingest.log", prefix=prefix
        )
        self._stack = ExitStack()

    @property
    def uplink(self) -> str:
        """host:port of the uplink broker."""
        return f"127.0.0.1:{self.broker.port}"

    def __enter__(self) -> Line:
        with ExitStack() as stack:
            self.broker.start()
            stack.callback(self.broker.stop)
            self.influx.start()
            stack.callback(self.influx.stop)
            self._prepare()
            stack.callback(self.ingest.stop)
            self._stack = stack.pop_all()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stack.close()

    def enrol(self, gateway: str, enterprise: str, site: str, sector: str = "coal_mine") -> None:
        """Registers a gateway with its enterprise and site."""
        options = ("--create", "--no-token", "--name-zh", enterprise, "--name-en", enterprise, "--sector", sector)
        where = ("--config", str(self.config), "--enterprise", enterprise, "--site", site)
        programs.run("ovoo-cloud", "enrol", gateway, *where, *options)

    def _prepare(self) -> None:
        password = self.folder / "admin-password"
        password.touch(mode=0o600)
        password.write_text(PASSWORD, encoding="utf-8")
        settings: dict[str, str | int] = {
            "access_consent": "own",
            "data_dir": str(self.folder / "cloud"),
            "store": "influx",
            "influx_url": self.influx.url,
            "broker_host": "127.0.0.1",
            "broker_port": self.broker.port,
            **self._settings,
        }
        text = "".join(f"{name} = {json.dumps(value)}\n" for name, value in settings.items())
        self.config.write_text(text, encoding="utf-8")
        programs.run("ovoo-cloud", "init", "--config", self.config, "--password-file", password)
