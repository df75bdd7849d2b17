"""The models of this gateway: they see every sorted batch, and add scores and findings."""

from __future__ import annotations

import json
import logging
import os
import pathlib
import threading
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING, Any

from ovoo_contract.catalogue import Catalogue, DataClass, SignalEntry, class_rank
from ovoo_contract.errors import ConfigError, ConfigErrors, OvooError
from ovoo_contract.findings import Finding
from ovoo_contract.samples import SampleBatch

from ovoo_edge.config import ModelSettings
from ovoo_edge.pipeline_stage import Scorer
from ovoo_edge.sinks.class_view import CLASS_KEY

if TYPE_CHECKING:
    from ovoo_models.monitor import AssetMonitor
    from ovoo_models.shadow import Shadow

__all__ = ["Scoring"]

_LOG = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class _Bound:
    """A monitor and where its signals stand in the catalogue."""

    monitor: AssetMonitor | Shadow
    index: Mapping[str, int]
    out_base: int


class Scoring:
    """Monitors of the configured assets; without one, nothing of the models is imported.

    Args:
        monitors: one per `[[model]]`, with its settings.
        entries: signals of the gateway.
    """

    def __init__(
        self, monitors: Sequence[tuple[ModelSettings, AssetMonitor | Shadow]], entries: Sequence[SignalEntry] = ()
    ) -> None:
        self._monitors = monitors
        known = {str(entry.address) for entry in entries}
        self._classes = [_classes(settings, monitor, entries) for settings, monitor in monitors]
        self._absent = {
            settings.asset.path: [
                use.name for use in monitor.model_set.signals if str(settings.asset.signal(use.name)) not in known
            ]
            for settings, monitor in monitors
        }
        # scoring and saving run on threads of their own
        self._busy = threading.Lock()
        self._findings = 0
        self._scored = 0

    @classmethod
    def load(cls, models: Sequence[ModelSettings], entries: Sequence[SignalEntry]) -> Scoring:
        """Reads every artifact and checks that the gateway has the signals it needs.

        Raises:
            ConfigErrors: every artifact that is unreadable or does not fit.
        """
        errors: list[ConfigError] = []
        monitors: list[tuple[ModelSettings, AssetMonitor | Shadow]] = []
        for position, settings in enumerate(models):
            try:
                monitors.append((settings, _load(settings, entries)))
            except OvooError as error:
                where = f"model[{position}].artifact"
                errors.append(
                    ConfigError(str(error), offender=where, value=str(settings.artifact), remedy="train it again")
                )
        if errors:
            raise ConfigErrors(errors)
        return cls(monitors, entries)

    @property
    def outputs(self) -> list[SignalEntry]:
        """Derived signals of all monitors, in catalogue order after the sources' signals.

        Each has the class of its highest input as this gateway classes it, not as the model's training did.
        """
        return [
            replace(entry, data_class=classes.get(entry.model, classes[""]))
            for (_, monitor), classes in zip(self._monitors, self._classes, strict=True)
            for entry in monitor.outputs
        ]

    def scorer(self, catalogue: Catalogue) -> Scorer | None:
        """The function the pipeline calls; None without monitors."""
        if not self._monitors:
            return None
        bound = [_bind(settings, monitor, catalogue) for settings, monitor in self._monitors]

        def score(batch: SampleBatch) -> tuple[SampleBatch, Sequence[Finding]]:
            derived: list[SampleBatch] = []
            findings: list[Finding] = []
            with self._busy:
                for item, classes in zip(bound, self._classes, strict=True):
                    output = item.monitor.process(batch, item.index, item.out_base)
                    derived.append(output.batch)
                    findings += [_classed(finding, classes) for finding in output.findings]
            self._findings += len(findings)
            merged = SampleBatch.concat(derived)
            self._scored += len(merged)
            return merged, findings

        return score

    def health(self) -> dict[str, Any]:
        """Assets scored, which of their models give scores already, and what came out."""
        assets = [
            {
                "asset": settings.asset.path,
                "ready": monitor.ready(),
                "late": monitor.late,
                "absent_signals": self._absent[settings.asset.path],
                **_shadow(monitor),
            }
            for settings, monitor in self._monitors
        ]
        return {"assets": assets, "derived_samples": self._scored, "findings": self._findings}

    def save(self, path: pathlib.Path) -> None:
        """Writes the state of every monitor, replacing the file at once."""
        if not self._monitors:
            return
        with self._busy:
            document = {settings.asset.path: dict(monitor.state()) for settings, monitor in self._monitors}
        draft = path.with_suffix(".new")
        with draft.open("w", encoding="utf-8") as file:
            json.dump(document, file)
            file.flush()
            os.fsync(file.fileno())
        draft.replace(path)

    def restore(self, path: pathlib.Path) -> None:
        """Loads states written by `save`; a missing or unfit one only means that a model warms up again."""
        if not self._monitors or not path.exists():
            return
        try:
            document = json.loads(path.read_text(encoding="utf-8"))
            for settings, monitor in self._monitors:
                if settings.asset.path in document:
                    monitor.load(document[settings.asset.path])
        except (OSError, ValueError, LookupError, TypeError, AttributeError, OvooError) as error:
            _LOG.warning("event=model_state_not_restored detail=%r", str(error))


def _shadow(monitor: AssetMonitor | Shadow) -> dict[str, Any]:
    """How a challenger does beside the champion; empty where there is none."""
    comparison = getattr(monitor, "comparison", None)
    return {} if comparison is None else {"challenger": asdict(comparison())}


def _load(settings: ModelSettings, entries: Sequence[SignalEntry]) -> AssetMonitor | Shadow:
    from ovoo_models import artifact
    from ovoo_models.feedback import Adjustments
    from ovoo_models.monitor import AssetMonitor
    from ovoo_models.shadow import Shadow, challenger_of

    models = artifact.load(settings.artifact)
    units = {entry.address.signal: entry.unit for entry in entries if entry.address.asset_address == settings.asset}
    wanted = [use.name for use in models.signals]
    if not units.keys() & set(wanted):
        raise ConfigError(
            "none of the model's signals is configured",
            offender=settings.asset.path,
            value=", ".join(wanted),
            remedy="add them to the signal list",
        )
    for use in models.signals:
        if units.get(use.name, use.unit) != use.unit:
            raise ConfigError(
                f"the model reads {use.name} in {use.unit}",
                offender=str(settings.asset.signal(use.name)),
                value=units[use.name],
                remedy=f"configure unit {use.unit} and name the source's own as source_unit",
            )
    # what people said of this asset's findings, as the cloud gives it out, lies beside the model
    beside = pathlib.Path(settings.artifact).with_suffix(".feedback.json")
    said = Adjustments.from_json(beside.read_bytes(), str(beside)) if beside.exists() else Adjustments()
    monitor = AssetMonitor(models, settings.asset, settings.period_s or None, adjustments=said)
    challenger = challenger_of(pathlib.Path(settings.artifact))
    if not challenger.exists():
        return monitor
    rival = AssetMonitor(artifact.load(challenger), settings.asset, settings.period_s or None, adjustments=said)
    return Shadow(monitor, rival)


def _bind(settings: ModelSettings, monitor: AssetMonitor | Shadow, catalogue: Catalogue) -> _Bound:
    index = {
        entry.address.signal: position
        for position, entry in enumerate(catalogue.entries)
        if entry.address.asset_address == settings.asset and entry.measurement == "telemetry"
    }
    return _Bound(monitor, index, catalogue.index(monitor.outputs[0].address) if monitor.outputs else 0)


def _classes(
    settings: ModelSettings, monitor: AssetMonitor | Shadow, entries: Sequence[SignalEntry]
) -> Mapping[str, DataClass]:
    """Binding id -> class of its highest input; "" -> that of the whole model."""
    here = {
        entry.address.signal: entry.data_class for entry in entries if entry.address.asset_address == settings.asset
    }
    classes = {use.name: here.get(use.name, use.data_class) for use in monitor.model_set.signals}
    found: dict[str, DataClass] = {"": max(classes.values(), key=class_rank)}
    for binding in monitor.model_set.bindings:
        names = [*binding.inputs, binding.params.get("gate"), binding.params.get("load")]
        found[binding.id] = max((classes[name] for name in names if name), key=class_rank)
    return found


def _classed(finding: Finding, classes: Mapping[str, DataClass]) -> Finding:
    told = classes.get(finding.model, classes[""])
    return replace(finding, detail={**finding.detail, CLASS_KEY: told})
