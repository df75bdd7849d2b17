"""Debian's Mosquitto with the queue limits Ovoo ships: the broker's defaults drop QoS 1 silently."""

from __future__ import annotations

import pathlib
from dataclasses import dataclass

from tests.servers.process import ServerProcess, find_program, free_port, port_answers


@dataclass(frozen=True, slots=True)
class BrokerTls:
    """Files for a TLS listener; with `require_client` the user name is the certificate's CN."""

    ca: pathlib.Path
    certificate: pathlib.Path
    key: pathlib.Path
    require_client: bool = False


class MosquittoServer:
    """A broker on a free port; `start`, `stop` (SIGTERM, keeps its database), `kill` (SIGKILL)."""

    def __init__(
        self,
        folder: pathlib.Path,
        *,
        tls: BrokerTls | None = None,
        acl: str | None = None,
        password_file: pathlib.Path | None = None,
        extra: str = "",
        port: int | None = None,
    ) -> None:
        self.host = "127.0.0.1"
        self.port = port or free_port()
        folder.mkdir(parents=True, exist_ok=True)
        config = folder / "mosquitto.conf"
        config.write_text(self._configuration(folder, tls, acl, password_file) + extra, encoding="utf-8")
        self._process = ServerProcess(
            [find_program("mosquitto"), "-c", str(config)],
            log=folder / "mosquitto.log",
            ready=lambda: port_answers(self.port),
        )

    def _configuration(
        self, folder: pathlib.Path, tls: BrokerTls | None, acl: str | None, password_file: pathlib.Path | None
    ) -> str:
        lines = [
            "user root",
            f"listener {self.port} {self.host}",
            "persistence true",
            f"persistence_location {folder}/",
            "autosave_interval 1",
            "max_queued_messages 100000",
            "max_inflight_messages 1000",
            "max_packet_size 16777216",
        ]
        if tls is not None:
            lines += [f"cafile {tls.ca}", f"certfile {tls.certificate}", f"keyfile {tls.key}"]
            if tls.require_client:
                lines += ["require_certificate true", "use_identity_as_username true"]
        if acl is not None:
            (folder / "acl").write_text(acl, encoding="utf-8")
            lines.append(f"acl_file {folder / 'acl'}")
        if password_file is not None:
            lines += ["allow_anonymous false", f"password_file {password_file}"]
        elif tls is None or not tls.require_client:
            lines.append("allow_anonymous true")
        return "\n".join(lines) + "\n"

    @property
    def process(self) -> ServerProcess:
        """The broker's process."""
        return self._process

    def start(self) -> None:
        """Starts the broker and waits for its port."""
        self._process.start()

    def stop(self) -> None:
        """Stops it by SIGTERM: the database is written."""
        self._process.stop()

    def kill(self) -> None:
        """Kills it: what the database did not hold is gone."""
        self._process.kill()
