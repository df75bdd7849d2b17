"""One `ovoo-edge run` with its folder."""

from __future__ import annotations

import csv
import json
import pathlib
import re
import urllib.error
import urllib.request
from collections.abc import Collection, Mapping
from typing import Any

from ovoo_simulator.times import HOUR_NS

from tests.servers.process import ServerProcess, free_port, wait_until
from tests.system import programs

__all__ = ["Gateway"]


class Gateway:
    """A gateway on a folder that holds `agent.toml`; start, stop and kill it as often as you like.

    Args:
        folder: with `agent.toml`; the log goes there too.
        health_port: where its `/health` listens.
        environment: added to this process's own.
    """

    def __init__(self, folder: pathlib.Path, health_port: int, environment: Mapping[str, str] | None = None) -> None:
        self.folder = folder
        self._health_port = health_port
        self.config = folder / "agent.toml"
        self.process: ServerProcess = programs.started(
            "ovoo-edge",
            "run",
            "--config",
            self.config,
            log=folder / "gateway.log",
            ready=self._answers,
            environment=environment,
        )

    @classmethod
    def of_plant(
        cls, folder: pathlib.Path, plant: str, *options: str, environment: Mapping[str, str] | None = None
    ) -> Gateway:
        """The gateway of a simulated plant, with the settings that the simulator writes for it."""
        port = free_port()
        where = ("--out", str(folder), "--health", f"127.0.0.1:{port}")
        programs.run("ovoo-simulator", "gateway-config", plant, *where, *options)
        return cls(folder, port, environment)

    def set_keys(self, table: str, **keys: str | int | float) -> None:
        """Adds keys to the first `[table]` or `[[table]]` of agent.toml."""
        text = self.config.read_text(encoding="utf-8")
        lines = "".join(f"{name} = {json.dumps(value)}\n" for name, value in keys.items())
        changed, count = re.subn(rf"(?m)^(\[+{table}\]+)\n", rf"\1\n{lines}", text, count=1)
        if not count:
            changed = f"{text}\n[{table}]\n{lines}"
        self.config.write_text(changed, encoding="utf-8")

    def set_columns(self, *kinds: dict[str, str]) -> None:
        """Sets columns of the signal list; the kinds go round: with two, every other signal is of the second kind."""
        path = self.folder / "signals.csv"
        with path.open(encoding="utf-8", newline="") as file:
            rows = [{**row, **kinds[number % len(kinds)]} for number, row in enumerate(csv.DictReader(file))]
        with path.open("w", encoding="utf-8", newline="") as file:
            writer = csv.DictWriter(file, list(rows[0]))
            writer.writeheader()
            writer.writerows(rows)

    def start(self) -> None:
        """Starts it and waits until it answers."""
        self.process.start()

    def stop(self) -> None:
        """SIGTERM: drains and ends."""
        self.process.stop()

    def kill(self) -> None:
        """SIGKILL."""
        self.process.kill()

    def ask(self, path: str) -> Any:
        """A JSON page of its health server."""
        with urllib.request.urlopen(f"http://127.0.0.1:{self._health_port}{path}", timeout=20) as answer:
            return json.loads(answer.read())

    def backlog(self) -> int:
        """Spool rows that a sink has not delivered."""
        return sum(self.ask("/health")["spool"]["backlog_rows"].values())

    def received(self) -> int:
        """Samples that came in since it started."""
        return int(self.ask("/health")["pipeline"]["counters"].get("received", 0))

    def wait_drained(self, timeout_s: float = 60.0) -> None:
        """Waits until nothing is under way: neither in the pipeline nor in the spool."""

        def empty() -> bool:
            state = self.ask("/health")
            waiting = state["pipeline"]["waiting_samples"] or state["pipeline"]["at_risk_s"]
            return not waiting and not sum(state["spool"]["backlog_rows"].values())

        try:
            wait_until(empty, timeout_s=timeout_s, step_s=0.1, what=f"{self.folder.name} has delivered everything")
        except TimeoutError as error:
            raise TimeoutError(f"{error}\n{json.dumps(self.ask('/health'))}") from None

    def suppressed(self) -> dict[str, dict[int, int]]:
        """Per address and hour the samples it kept back on purpose, by `ovoo-edge status --ledger`."""
        document = programs.run_json("ovoo-edge", "status", "--config", self.config, "--ledger")
        found: dict[str, dict[int, int]] = {}
        for row in document["counts"]:
            if row["suppressed"]:
                hours = found.setdefault(row["address"], {})
                hours[row["hour"]] = hours.get(row["hour"], 0) + row["suppressed"]
        return found

    def totals(self, addresses: Collection[str]) -> dict[str, int]:
        """Samples of these signals by what became of them, over all hours of the ledger."""
        document = programs.run_json("ovoo-edge", "status", "--config", self.config, "--ledger")
        names = ("received", "suppressed", "duplicate", "shifted")
        rows = [row for row in document["counts"] if row["address"] in addresses]
        return {name: sum(row[name] for row in rows) for name in names}

    def lost(self) -> list[dict[str, Any]]:
        """What it lists as lost, with the cause."""
        document = programs.run_json("ovoo-edge", "status", "--config", self.config, "--ledger")
        return list(document["lost"])

    def _answers(self) -> bool:
        try:
            self.ask("/health")
        except (urllib.error.URLError, ConnectionError, TimeoutError):
            return False
        return True


def hour_of(time_ns: int) -> int:
    """Hours since 1970."""
    return time_ns // HOUR_NS
