"""`python -m tests.system.chaos.soak`: a day's samples in a quarter of an hour, with reconnects and a spool that grows
and drains again and again; memory, file handles and threads of the gateways stay flat, and the balance holds.

Every signal is sampled `factor` times a second, so each gets as many samples, and the gateway as many messages, commits
and deliveries, as in `hours` at 1 Hz. Exit codes: 0 flat and in balance; 1 not; 2 wrong arguments.
"""

from __future__ import annotations

import argparse
import json
import os
import pathlib
import signal
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from tests.servers.fault_proxy import FaultProxy
from tests.system.chaos import results
from tests.system.chaos.flatness import cycle_medians, growth
from tests.system.chaos.ovoo import OvooCollector
from tests.system.chaos.round import settle_and_audit, wait_live
from tests.system.chaos.world import Size, World

__all__ = ["SoakPlan", "SoakResult", "main", "soak"]

_ROOT = pathlib.Path(__file__).resolve().parents[3]
_WATCHED = ("gateway-opcua", "gateway-mqtt")
_EVERY_S = 1.0
_CATCH_UP_S = 600.0
"""The simulator's server may be slower than 100 times real time; a soak says nothing of how soon it has caught up."""
_MOST_GROWTH = {"rss_mb": 4.0, "handles": 2.0, "threads": 1.0}
"""Allowed from the end of the warm-up to the end; a leak of 50 bytes a commit would show as 20 MB."""


@dataclass(frozen=True, slots=True)
class SoakPlan:
    """What is run.

    Attributes:
        hours: of samples at 1 Hz.
        factor: how many times faster: a divisor of 1000 up to 100.
        cycle_s: seconds between two uplink outages; an outage takes a third of it.
        warm_up: share of the run that is not judged.
        copies: of each plant's machines; 1 makes 80 signals.
    """

    hours: float = 24.0
    factor: int = 100
    cycle_s: float = 30.0
    warm_up: float = 0.25
    copies: int = 1

    @property
    def seconds(self) -> float:
        """Length of the run."""
        return self.hours * 3600 / self.factor


@dataclass(slots=True)
class SoakResult:
    """Figures by part and the balance."""

    series: dict[str, dict[str, list[float]]] = field(default_factory=dict)
    grown: dict[str, dict[str, float]] = field(default_factory=dict)
    balance: dict[str, Any] = field(default_factory=dict)

    @property
    def flat(self) -> bool:
        """Nothing grew by more than is allowed."""
        return all(figure <= _MOST_GROWTH[name] for figures in self.grown.values() for name, figure in figures.items())


def soak(folder: pathlib.Path, plan: SoakPlan) -> SoakResult:
    """Runs it and judges."""
    size = Size(("coal_mine", plan.copies), ("dairy", plan.copies), step_s=1 / plan.factor)
    result = SoakResult({name: {figure: [] for figure in _MOST_GROWTH} for name in _WATCHED})
    with World(folder, OvooCollector(), size) as world:
        world.start()
        wait_live(world)
        _run(world, plan, result)
        audit = settle_and_audit(world, (), live_again_s=_CATCH_UP_S)
    keys = (
        "emitted",
        "stored",
        "suppressed",
        "lost_listed",
        "lost_within",
        "lost_unlisted",
        "duplicated",
        "mismatched",
    )
    result.balance = {key: getattr(audit, key) for key in keys} | {"holds": audit.holds}
    for line in audit.differences[:20]:
        print(line, file=sys.stderr)
    _judge(plan, result)
    return result


def _run(world: World, plan: SoakPlan, result: SoakResult) -> None:
    """Cycles of an uplink outage, a lull, and reconnects of both sources."""
    links = world.links
    script: Sequence[tuple[float, Callable[[], None]]] = (
        (0.0, lambda: _uplinks(links, True)),
        (1 / 3, lambda: _uplinks(links, False)),
        (0.5, links["opcua-link"].cut),
        (0.6, links["mqtt-link"].cut),
        (0.7, links["downlink"].cut),
        (0.8, links["store-link"].cut),
    )
    end_s = time.monotonic() + plan.seconds
    while time.monotonic() < end_s:
        began_s = time.monotonic()
        waiting = list(script)
        while (passed_s := time.monotonic() - began_s) < plan.cycle_s:
            while waiting and passed_s >= waiting[0][0] * plan.cycle_s:
                waiting.pop(0)[1]()
            _measure(world, result)
            time.sleep(_EVERY_S)


def _uplinks(links: Any, refuse: bool) -> None:
    for name in ("uplink-opcua", "uplink-mqtt"):
        link: FaultProxy = links[name]
        link.refuse(refuse)


def _measure(world: World, result: SoakResult) -> None:
    for name in _WATCHED:
        process = pathlib.Path("/proc") / str(world.parts[name].process.pid)
        figures = result.series[name]
        status = dict(line.split(":", 1) for line in (process / "status").read_text(encoding="ascii").splitlines())
        figures["rss_mb"].append(int(status["VmRSS"].split()[0]) / 1024)
        figures["threads"].append(float(status["Threads"]))
        figures["handles"].append(float(len(os.listdir(process / "fd"))))


def _judge(plan: SoakPlan, result: SoakResult) -> None:
    per_cycle = max(1, int(plan.cycle_s / _EVERY_S * 0.9))
    for name, figures in result.series.items():
        result.grown[name] = {}
        for figure, values in figures.items():
            judged = values[int(len(values) * plan.warm_up) :]
            result.grown[name][figure] = round(growth(cycle_medians(judged, per_cycle)), 2)


def main() -> int:
    """The command line."""
    parser = argparse.ArgumentParser(prog="python -m tests.system.chaos.soak", description="Accelerated soak.")
    parser.add_argument("--hours", type=float, default=24.0, help="of samples at 1 Hz (default 24)")
    parser.add_argument(
        "--factor", type=int, default=100, help="times faster, a divisor of 1000 up to 100 (default 100)"
    )
    parser.add_argument("--cycle-s", type=float, default=30.0, help="seconds between uplink outages (default 30)")
    parser.add_argument("--save", action="store_true", help="add the result to benchmarks/results/soak/soak.jsonl")
    options = parser.parse_args()
    signal.signal(signal.SIGTERM, _end)
    if not 1 <= options.factor <= 100 or 1000 % options.factor:
        parser.error("--factor is a divisor of 1000 up to 100: MQTT messages carry whole milliseconds")
    plan = SoakPlan(options.hours, options.factor, options.cycle_s)
    began_s = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="ovoo-soak-") as name:
        result = soak(pathlib.Path(name), plan)
    line = {
        "began": datetime.now(UTC).isoformat(timespec="seconds"),
        "commit": results.commit_of(_ROOT),
        "hours": plan.hours,
        "factor": plan.factor,
        "seconds": round(time.monotonic() - began_s, 1),
        "grown": result.grown,
        "allowed": _MOST_GROWTH,
        "greatest": {
            name: {key: round(max(values), 1) for key, values in figures.items()}
            for name, figures in result.series.items()
        },
        "flat": result.flat,
        "balance": result.balance,
    }
    if options.save:
        results.append(_ROOT / "benchmarks" / "results" / "soak" / "soak.jsonl", line)
    print(json.dumps(line, sort_keys=True))
    return int(not (result.flat and result.balance["holds"]))


def _end(number: int, _frame: object) -> None:
    """A SIGTERM takes everything down that was started."""
    raise SystemExit(128 + number)


if __name__ == "__main__":
    sys.exit(main())
