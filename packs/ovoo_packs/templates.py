"""Asset templates: what a machine measures, when that is wrong, and which models watch it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, Literal

from ovoo_contract.errors import PackError

from ovoo_packs.source_ref import SourceRef

__all__ = [
    "AlarmLimit",
    "AssetTemplate",
    "Dashboard",
    "Kpi",
    "ModelBinding",
    "Pack",
    "PanelHint",
    "SignalTemplate",
    "Threshold",
]

DataClass = Literal["general", "important", "core"]
Severity = Literal["info", "warning", "critical"]
PanelKind = Literal["timeseries", "state"]


@dataclass(frozen=True, slots=True)
class SignalTemplate:
    """One signal of a template; `low` and `high` bound the plausible range in `unit`, both inclusive.

    optional: many machines of the kind do not have it, so its absence says nothing about what a machine is.
    """

    name: str
    unit: str
    type: Literal["float", "int", "bool", "text"]
    low: float | None
    high: float | None
    name_zh: str
    name_en: str
    data_class: DataClass
    uplink: Literal["raw", "on_change"]
    period_s: float
    role: str
    counter: bool = False
    optional: bool = False


@dataclass(frozen=True, slots=True)
class AlarmLimit:
    """A limit in the signal's unit; the alarm returns `hysteresis` inside the limit."""

    signal: str
    kind: Literal["high", "low"]
    limit: float
    hysteresis: float
    delay_s: float
    severity: Severity
    source: SourceRef
    advice: str
    advice_zh: str
    advice_en: str


@dataclass(frozen=True, slots=True)
class ModelBinding:
    """A model (registry name) with its id within the asset, its input signals, its parameters and where they are from.

    A template's binding has a source where its parameters are facts of the trade, such as instrument classes.
    """

    model: str
    id: str
    inputs: tuple[str, ...]
    params: Mapping[str, Any]
    source: SourceRef | None = None


@dataclass(frozen=True, slots=True)
class Kpi:
    """A figure of merit; `formula` is described in docs/reference/packs.md."""

    id: str
    name_zh: str
    name_en: str
    unit: str
    formula: str
    source: SourceRef


@dataclass(frozen=True, slots=True)
class Threshold:
    """A line that a panel draws."""

    kind: Literal["high", "low"]
    value: float
    severity: Severity


@dataclass(frozen=True, slots=True)
class PanelHint:
    """How a dashboard shows some signals of the template, all of one unit."""

    id: str
    kind: PanelKind
    title_zh: str
    title_en: str
    signals: tuple[str, ...]
    unit: str
    thresholds: tuple[Threshold, ...]


@dataclass(frozen=True, slots=True)
class Dashboard:
    """The template's row on its sector's dashboard."""

    group_zh: str
    group_en: str
    order: int
    panels: tuple[PanelHint, ...]


@dataclass(frozen=True, slots=True)
class AssetTemplate:
    """Everything a pack knows about one kind of machine."""

    id: str
    name_zh: str
    name_en: str
    default_path: str
    signals: tuple[SignalTemplate, ...]
    alarms: tuple[AlarmLimit, ...]
    kpis: tuple[Kpi, ...]
    models: tuple[ModelBinding, ...]
    dashboard: Dashboard

    def signal(self, name: str) -> SignalTemplate:
        """The signal called `name`; raises PackError naming those there are."""
        for signal in self.signals:
            if signal.name == name:
                return signal
        known = ", ".join(each.name for each in self.signals)
        raise PackError("no such signal", offender=self.id, value=name, remedy=f"one of {known}")

    def by_role(self, role: str) -> tuple[SignalTemplate, ...]:
        """The signals that play `role`, in pack order."""
        return tuple(signal for signal in self.signals if signal.role == role)


@dataclass(frozen=True, slots=True)
class Pack:
    """One sector's templates; `sha256` is that of the compiled file."""

    id: str
    name_zh: str
    name_en: str
    version: str
    sha256: str
    templates: Mapping[str, AssetTemplate] = field(default_factory=dict)

    def template(self, name: str) -> AssetTemplate:
        """The template called `name`; raises PackError naming those there are."""
        try:
            return self.templates[name]
        except KeyError:
            known = ", ".join(self.templates)
            raise PackError("no such template", offender=self.id, value=name, remedy=f"one of {known}") from None


def pack_from_data(data: Mapping[str, Any], sha256: str) -> Pack:
    """The pack of compiled JSON."""
    sources = {key: SourceRef.from_data(value) for key, value in data["sources"].items()}
    templates = {each["id"]: _template(each, sources) for each in data["templates"]}
    return Pack(
        id=data["id"],
        name_zh=data["name_zh"],
        name_en=data["name_en"],
        version=data["version"],
        sha256=sha256,
        templates=MappingProxyType(templates),
    )


def _template(data: Mapping[str, Any], sources: Mapping[str, SourceRef]) -> AssetTemplate:
    return AssetTemplate(
        id=data["id"],
        name_zh=data["name_zh"],
        name_en=data["name_en"],
        default_path=data["default_path"],
        signals=tuple(SignalTemplate(**each) for each in data["signals"]),
        alarms=tuple(AlarmLimit(**{**each, "source": sources[each["source"]]}) for each in data["alarms"]),
        kpis=tuple(Kpi(**{**each, "source": sources[each["source"]]}) for each in data["kpis"]),
        models=tuple(_binding(each, sources) for each in data["models"]),
        dashboard=_dashboard(data["dashboard"]),
    )


def _binding(data: Mapping[str, Any], sources: Mapping[str, SourceRef]) -> ModelBinding:
    params, source = MappingProxyType(data["params"]), data.get("source")
    return ModelBinding(data["model"], data["id"], tuple(data["inputs"]), params, sources[source] if source else None)


def _dashboard(data: Mapping[str, Any]) -> Dashboard:
    panels = tuple(
        PanelHint(
            id=each["id"],
            kind=each["kind"],
            title_zh=each["title_zh"],
            title_en=each["title_en"],
            signals=tuple(each["signals"]),
            unit=each["unit"],
            thresholds=tuple(Threshold(**line) for line in each["thresholds"]),
        )
        for each in data["panels"]
    )
    return Dashboard(data["group_zh"], data["group_en"], data["order"], panels)
