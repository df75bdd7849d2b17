"""Facts of use that prove scene levels 3 and 4: each a verdict with the number behind it and its evidence."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, Final

import numpy as np
from ovoo_packs import MethodTable

from ovoo_cloud.diagnosis.case import Case
from ovoo_cloud.diagnosis.editions import FIRST, LATEST
from ovoo_cloud.diagnosis.figures import Figure, FigureBook
from ovoo_cloud.diagnosis.indicators.delivery import Delivery
from ovoo_cloud.diagnosis.indicators.links import Verdicts
from ovoo_cloud.diagnosis.observe import Observation, SignalScan
from ovoo_cloud.diagnosis.usage import AlarmLife, Usage

__all__ = ["FACT_NAMES", "Fact", "FactFinder"]

_ALARMING: Final = frozenset({"warning", "critical"})
_ENERGY_MODELS: Final = ("baseline", "energy", "sec")
_QUALITY_MODELS: Final = ("quality",)
_DAY_MINUTES: Final = 1440
_DAY_NS: Final = 86_400_000_000_000
_DECISION: Final = "decision"
"""The scene that all machines serve."""


@dataclass(frozen=True, slots=True)
class Fact:
    """One criterion of a scene level.

    `verdict`: yes, no, or unknown where the platform cannot see it. `figure` is what was counted, `need` what the
    method asks for in the figure's unit; `cls` says who vouches for it.
    """

    name: str
    verdict: str
    figure: str
    need: str
    cls: str
    evidence: tuple[str, ...]

    def to_json(self) -> dict[str, Any]:
        """Plain data."""
        return {
            "verdict": self.verdict,
            "figure": self.figure,
            "need": self.need,
            "class": self.cls,
            "evidence": list(self.evidence),
        }


@dataclass(frozen=True, slots=True)
class FactFinder:
    """Answers which facts hold for a scene; a scene is served by the machines that list its link.

    `oee_days` by machine id; `links` as `collection_links` gives them.
    """

    case: Case
    seen: Observation
    book: FigureBook
    methods: MethodTable
    found: Sequence[Delivery]
    links: Verdicts
    usage: Usage
    oee_days: Mapping[str, Figure]
    edition: int = LATEST
    found_before: dict[tuple[str, str], Fact] = field(default_factory=dict)

    def fact(self, scene: str, name: str) -> Fact:
        """The fact called `name` for a scene; unknown where the platform has no such fact.

        Frameworks that share a scene share its facts, for each figure stands in the book once.
        """
        key = (scene, name)
        if key not in self.found_before:
            self.found_before[key] = self._find(scene, name)
        return self.found_before[key]

    def _find(self, scene: str, name: str) -> Fact:
        if name.startswith("link_"):
            return self._link(scene, name)
        finder = _FINDERS.get(name)
        if finder is None:
            return Fact(name, "unknown", "", "", "insufficient", ())
        return finder(self, scene, name)

    def _serving(self, scene: str) -> list[Delivery]:
        return [each for each in self.found if scene == _DECISION or scene in each.machine.links]

    def _assets(self, scene: str) -> frozenset[str]:
        return frozenset(str(each.machine.asset) for each in self._serving(scene))

    def _count(
        self, scene: str, name: str, value: int | None, need: str, evidence: Sequence[str], cls: str = "measured"
    ) -> Fact:
        """A fact that holds from a number on; None is not counted by anybody."""
        least = self.methods.get(need)
        figure = self.book.base(
            f"scene.{scene}.{name}", value, unit=least.unit, cls=cls, evidence=evidence,
            reason="" if value is not None else "not_told",
        )  # fmt: skip
        verdict = "unknown" if value is None else "yes" if value >= least.value else "no"
        return Fact(name, verdict, figure.id, f"{least.exact.normalize():f}", figure.cls, tuple(evidence))

    def _link(self, scene: str, name: str) -> Fact:
        verdict, evidence = self.links.get(name.removeprefix("link_"), ("no", ()))
        serving = [each for each in self.found if name.removeprefix("link_") in each.machine.links]
        sure = sum(1 for each in serving if each.verdict == "yes")
        unsure = sum(1 for each in serving if each.verdict == "unknown")
        figure = self.book.base(
            f"scene.{scene}.{name}", None if unsure else sure, bounds=(Decimal(sure), Decimal(sure + unsure)),
            unit="count", evidence=evidence, reason="gap" if unsure else "",
        )  # fmt: skip
        return Fact(name, verdict, figure.id, "1", "measured", evidence)

    def _alarms(self, scene: str) -> list[AlarmLife]:
        assets = self._assets(scene)
        return [each for each in self.usage.alarms if each.severity in _ALARMING and each.asset in assets]

    def _warnings_issued(self, scene: str, name: str) -> Fact:
        """A limit that flaps warns once a day: what repeats itself shows no more watching."""
        lives = self._alarms(scene)
        start_ns = self.seen.window.start_ns
        days = {(each.asset, each.code, (each.raised_ns - start_ns) // _DAY_NS) for each in lives}
        count = len(lives) if self.edition == FIRST else len(days)
        return self._count(scene, name, count, "usage_warnings", self._scene_evidence(scene, lives))

    def _warnings_closed(self, scene: str, name: str) -> Fact:
        """The share that people closed, of enough warnings to tell a share from."""
        lives = self._alarms(scene)
        enough = len(lives) >= self.methods.get("usage_warnings").value
        share = 100 * sum(each.closed for each in lives) // len(lives) if enough else 0
        return self._count(scene, name, share, "usage_closed_percent", self._scene_evidence(scene, lives))

    def _scene_evidence(self, scene: str, lives: Sequence[AlarmLife]) -> list[str]:
        records = Usage(alarms=tuple(lives)).to_json()["alarms"]
        return [self.seen.book.add_records(records, f"alarms behind scene {scene}")] if records else []

    def _oee(self, scene: str, name: str) -> Fact:
        """Days of the machine with most of them."""
        own = [self.oee_days[each.machine.id] for each in self._serving(scene) if each.machine.id in self.oee_days]
        best = max(own, key=lambda figure: (int(figure.value or "0"), figure.id), default=None)
        days, evidence = (0, ()) if best is None else (int(best.value or "0"), best.evidence)
        return self._count(scene, name, days, "usage_oee_days", evidence)

    def _model_days(self, scene: str, name: str, scans: Sequence[SignalScan]) -> Fact:
        """Days on which the busiest of the models scored."""
        groups: dict[tuple[str, str], list[SignalScan]] = {}
        for scan in scans:
            if scan.samples:
                groups.setdefault((str(scan.entry.address.asset_address), scan.entry.model), []).append(scan)
        best, days = None, 0
        for key in sorted(groups):
            seen_days = _days(groups[key])
            if seen_days > days:
                best, days = groups[key], seen_days
        evidence = [] if best is None else [self.seen.book.add(best, _SCORES, formulas=["scoring_days/1"])]
        return self._count(scene, name, days, "usage_model_days", evidence)

    def _models(self, scene: str, name: str) -> Fact:
        assets = self._assets(scene)
        return self._model_days(scene, name, [scan for scan in self._scores() if _asset(scan) in assets])

    def _quality_models(self, scene: str, name: str) -> Fact:
        assets = self._assets(scene)
        own = [s for s in self._scores() if _asset(s) in assets and s.entry.model.startswith(_QUALITY_MODELS)]
        return self._model_days(scene, name, own)

    def _energy_models(self, scene: str, name: str) -> Fact:
        """Models of energy at any machine: what uses energy is not only what is listed for the link."""
        own = [scan for scan in self._scores() if scan.entry.model.startswith(_ENERGY_MODELS)]
        return self._model_days(scene, name, own)

    def _scores(self) -> list[SignalScan]:
        return [scan for scan in self.seen.scans.values() if scan.entry.measurement == "score"]

    def _drivers(self, scene: str, name: str) -> Fact:
        """Delivering machines that send their power together with something that drives it."""
        own = [each for each in self.found if each.verdict == "yes" and self._has_driver(each)]
        return self._count(scene, name, len(own), "usage_driver_machines", [each.evidence for each in own])

    def _has_driver(self, each: Delivery) -> bool:
        scans = [] if each.machine.asset is None else self.seen.of_asset(each.machine.asset)
        live = [scan for scan in scans if scan.good_samples and scan.entry.type == "float"]
        powers = [scan for scan in live if scan.entry.unit in ("W", "kW", "MW", "kWh", "MWh")]
        return bool(powers) and len(live) > len(powers)

    def _forecasts(self, scene: str, name: str) -> Fact:
        return self._told_by_platform(scene, name, self.usage.forecasts, "usage_forecasts")

    def _simulations(self, scene: str, name: str) -> Fact:
        return self._told_by_platform(scene, name, self.usage.simulations, "usage_simulations")

    def _told_by_platform(self, scene: str, name: str, value: int | None, need: str) -> Fact:
        evidence = [] if value is None else [self.seen.book.add_records([value], f"count of {name}")]
        return self._count(scene, name, value, need, evidence)

    def _work_orders(self, scene: str, name: str) -> Fact:
        """What the case tells: the platform writes no work orders."""
        told = self.case.operation.work_orders
        cls = "declared" if told is None else told.cls
        return self._count(scene, name, None if told is None else told.issued, "usage_work_orders", (), cls)


_SCORES: Final = "24-hour spans from the start with model scores"


def _asset(scan: SignalScan) -> str:
    return str(scan.entry.address.asset_address)


def _days(scans: Sequence[SignalScan]) -> int:
    minutes = np.flatnonzero(np.logical_or.reduce([scan.seen for scan in scans]))
    return len(np.unique(minutes // _DAY_MINUTES))


_FINDERS: Final[Mapping[str, Callable[[FactFinder, str, str], Fact]]] = {
    "warnings_issued": FactFinder._warnings_issued,
    "warnings_closed": FactFinder._warnings_closed,
    "oee_computed": FactFinder._oee,
    "models_in_service": FactFinder._models,
    "quality_models_in_service": FactFinder._quality_models,
    "energy_models_in_service": FactFinder._energy_models,
    "energy_drivers_collected": FactFinder._drivers,
    "forecasts_scored": FactFinder._forecasts,
    "work_orders_triggered": FactFinder._work_orders,
    "simulations_run": FactFinder._simulations,
}

FACT_NAMES: Final = (
    *sorted(_FINDERS),
    *(f"link_{link}" for link in ("production", "quality", "equipment", "safety", "energy", "storage")),
)
"""What a framework may name under `measured_by` of a scene level."""
