"""One round: start everything, strike, heal, drain, audit."""

from __future__ import annotations

import functools
import pathlib
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from tests.servers.process import wait_until
from tests.system.chaos.audit import Audit, Truth, audit_signal, truth_of
from tests.system.chaos.campaign import strike_all
from tests.system.chaos.collector import Collector, Signal
from tests.system.chaos.faults import Fault, draw
from tests.system.chaos.laps import Laps
from tests.system.chaos.limits import Spent, windows
from tests.system.chaos.world import Size, World

__all__ = ["RoundPlan", "RoundResult", "run_round", "settle_and_audit", "wait_live"]

_LIVE_AGAIN_S = 90.0
_DRAIN_S = 180.0


@dataclass(frozen=True, slots=True)
class RoundPlan:
    """What a round does.

    Attributes:
        seed: of its faults.
        faults: how many.
        pause_s: range of the pause between two beginnings.
        size: of the plants.
    """

    seed: int
    faults: int
    pause_s: tuple[float, float] = (0.2, 1.5)
    size: Size = field(default_factory=Size)


@dataclass(frozen=True, slots=True)
class RoundResult:
    """What a round found.

    Attributes:
        audit: the balance.
        faults: as drawn.
        spent: as they happened.
        signals: how many.
        unrest: deaths and failed starts that no fault was meant to cause.
        no_volumes: why there were no disk faults; empty where there were.
        phases: seconds of each phase; `strike` is from the first fault to the repair of the last.
    """

    audit: Audit
    faults: tuple[Fault, ...]
    spent: tuple[Spent, ...]
    signals: int
    unrest: dict[str, int]
    no_volumes: str
    phases: dict[str, float]

    def line(self) -> dict[str, Any]:
        """The JSON line of the results file, without seed and commit."""
        numbers = {key: value for key, value in asdict(self.audit).items() if key != "differences"}
        return {
            "faults": len(self.spent),
            "by_kind": dict(sorted(Counter(fault.kind for fault in self.faults[: len(self.spent)]).items())),
            "signals": self.signals,
            **numbers,
            "holds": self.audit.holds,
            "unrest": self.unrest,
            "no_volumes": self.no_volumes,
            "seconds": round(sum(self.phases.values()), 1),
            "phases": {name: round(seconds, 1) for name, seconds in self.phases.items()},
        }


def run_round(folder: pathlib.Path, collector: Collector, plan: RoundPlan) -> RoundResult:
    """Runs it; raises what starting, repairing or draining raises, for that is a failure of its own."""
    laps = Laps()
    with World(folder, collector, plan.size) as world:
        faults = draw(plan.seed, plan.faults, world.menu(), plan.pause_s)
        (folder / "faults.txt").write_text("".join(f"{fault}\n" for fault in faults), encoding="utf-8")
        laps.end("prepare")
        world.start()
        wait_live(world)
        laps.end("start")
        spent = strike_all(world, faults)
        laps.end("strike")
        (folder / "spent.txt").write_text("".join(f"{each}\n" for each in spent), encoding="utf-8")
        audit = settle_and_audit(world, spent, laps)
        (folder / "differences.txt").write_text("\n".join(audit.differences) + "\n", encoding="utf-8")
        return RoundResult(
            audit, faults, tuple(spent), len(world.signals), world.unrest(), world.no_volumes, laps.seconds
        )


def settle_and_audit(
    world: World, spent: Sequence[Spent], laps: Laps | None = None, live_again_s: float = _LIVE_AGAIN_S
) -> Audit:
    """Waits until everything lives again, stops the plants, drains, and compares every sample."""
    laps = laps or Laps()
    for name in world.collector.parts:
        world.revive(name)
    wait_live(world, live_again_s)
    laps.end("live again")
    world.server.stop()
    world.publisher.stop()
    world.collector.wait_drained(max(_DRAIN_S, live_again_s))
    laps.end("drain")
    truth: dict[str, Truth] = {**truth_of(*world.server.emitted()), **truth_of(*world.publisher.emitted())}
    collector = world.collector
    suppressed, lost = collector.suppressed(), collector.lost()
    allowed = windows(spent, world.holds_up("opcua"))
    audit = Audit()
    for signal in world.signals:
        stored = collector.stored(signal.address)
        audit_signal(audit, signal, truth[signal.address], stored, suppressed.get(signal.address, {}), lost, allowed)
    laps.end("audit")
    return audit


def wait_live(world: World, limit_s: float = _LIVE_AGAIN_S) -> None:
    """Waits until a sample of each transport that was emitted after this call is stored."""
    since_ns = time.time_ns()
    for transport in ("opcua", "mqtt"):
        what = f"samples of {transport} arrive in the store again"
        wait_until(functools.partial(_live, world, transport, since_ns), timeout_s=limit_s, step_s=0.3, what=what)


def _live(world: World, transport: str, since_ns: int) -> bool:
    signals = [each for each in world.signals if each.transport == transport and not each.thinned]
    return any(_newest(world, signal) > since_ns for signal in signals[:3])


def _newest(world: World, signal: Signal) -> int:
    times = world.collector.stored(signal.address).time_ns
    return int(times[-1]) if len(times) else 0
