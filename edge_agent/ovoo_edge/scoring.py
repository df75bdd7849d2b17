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

from ovoo_contract.address import AssetAddress
from ovoo_contract.catalogue import Catalogue, DataClass, SignalEntry, class_rank
from ovoo_contract.errors import ConfigError, ConfigErrors, OvooError
from ovoo_contract.findings import Finding
from ovoo_contract.samples import SampleBatch

from ovoo_edge.config import ModelSettings
from ovoo_edge.hour_sums import Followed, SumsBook
from ovoo_edge.model_files import check_promotion, load_monitor
from ovoo_edge.pipeline_stage import Scorer
from ovoo_edge.sinks.class_view import CLASS_KEY

if TYPE_CHECKING:
    from ovoo_models.artifact import ModelSet
    from ovoo_models.feedback import Adjustments
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
        self._monitors = [*monitors]
        self._entries = entries
        known = {str(entry.address) for entry in entries}
        self._classes = [_classes(settings, monitor, entries) for settings, monitor in monitors]
        self._absent = {
            settings.asset.path: [
                use.name for use in monitor.model_set.signals if str(settings.asset.signal(use.name)) not in known
            ]
            for settings, monitor in monitors
        }
        self._bound: list[_Bound] = []
        self._known_fingerprints: dict[int, tuple[ModelSet, str]] = {}
        # scoring, saving and changes from the cloud run on threads of their own
        self._busy = threading.Lock()
        self._findings = 0
        self._scored = 0
        self.sums: SumsBook | None = None

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
                monitors.append((settings, load_monitor(settings, entries)))
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
        self._bound = [_bind(settings, monitor, catalogue) for settings, monitor in self._monitors]

        def score(batch: SampleBatch) -> tuple[SampleBatch, Sequence[Finding]]:
            derived: list[SampleBatch] = []
            findings: list[Finding] = []
            with self._busy:
                for item, classes in zip(self._bound, self._classes, strict=True):
                    output = item.monitor.process(batch, item.index, item.out_base)
                    derived.append(output.batch)
                    findings += [_classed(finding, classes) for finding in output.findings]
            self._findings += len(findings)
            merged = SampleBatch.concat(derived)
            self._scored += len(merged)
            return merged, findings

        return score

    def followed(self) -> list[Followed]:
        """The machines whose hours become sums, as `scorer` has bound them."""
        return [self._followed(place) for place in range(len(self._bound))]

    def _followed(self, place: int) -> Followed:
        item = self._bound[place]
        asset, monitor = self._monitors[place][0].asset, item.monitor
        return Followed(asset, monitor.model_set, monitor.outputs, item.out_base, self._classes[place][""])

    def adjustments(self, documents: Mapping[AssetAddress, Mapping[str, Any]]) -> Mapping[AssetAddress, Adjustments]:
        """Reads feedback documents, those of assets without a model too; ArtifactError for a damaged one."""
        if not documents:
            return {}
        from ovoo_models.feedback import Adjustments

        return {asset: Adjustments.from_dict(document, f"feedback of {asset}") for asset, document in documents.items()}

    def adjust(self, said: Mapping[AssetAddress, Adjustments]) -> None:
        """What people say of every asset, between two batches; nothing is said of those that are not named."""
        if not self._monitors:
            return
        from ovoo_models.feedback import Adjustments

        with self._busy:
            for settings, monitor in self._monitors:
                monitor.adjust(said.get(settings.asset, Adjustments()))

    @property
    def assets(self) -> frozenset[str]:
        """Addresses of the assets that have a model here."""
        return frozenset(str(settings.asset) for settings, _ in self._monitors)

    def fingerprints(self) -> tuple[dict[str, str], dict[str, str]]:
        """Asset -> fingerprint of its champion, and of its challenger where there is one."""
        champions: dict[str, str] = {}
        rivals: dict[str, str] = {}
        for settings, monitor in self._monitors:
            champions[str(settings.asset)] = self._fingerprint(monitor.model_set)
            rival = getattr(monitor, "challenger", None)
            if rival is not None:
                rivals[str(settings.asset)] = self._fingerprint(rival.model_set)
        return champions, rivals

    def _fingerprint(self, model_set: ModelSet) -> str:
        """Hashing a whole model takes its time, and a set never changes."""
        known = self._known_fingerprints.get(id(model_set))
        if known is None:
            known = self._known_fingerprints[id(model_set)] = (model_set, model_set.fingerprint)
        return known[1]

    def promote(self, wanted: Mapping[AssetAddress, str]) -> None:
        """Makes challengers champions, warmed up as they are; where the champion is the wanted one nothing happens.

        Raises:
            ArtifactError: one of them cannot be; then none is.
        """
        places = {settings.asset: place for place, (settings, _) in enumerate(self._monitors)}
        due = [
            (places.get(asset, -1), fingerprint)
            for asset, fingerprint in wanted.items()
            if asset not in places or self._fingerprint(self._monitors[places[asset]][1].model_set) != fingerprint
        ]
        for place, fingerprint in due:
            check_promotion(self._monitors, place, fingerprint)
        for place, _ in due:
            self._promote(place)

    def _promote(self, place: int) -> None:
        from ovoo_models.shadow import Shadow, promote

        settings, monitor = self._monitors[place]
        if isinstance(monitor, Shadow):
            promote(pathlib.Path(settings.artifact))
            with self._busy:
                self._monitors[place] = (settings, monitor.challenger)
                self._classes[place] = _classes(settings, monitor.challenger, self._entries)
                if self._bound:
                    self._bound[place] = replace(self._bound[place], monitor=monitor.challenger)
                    if self.sums is not None:
                        self.sums.follow(self._followed(place))
            _LOG.info(
                "event=model_promoted asset=%s model=%s", settings.asset, monitor.challenger.model_set.fingerprint
            )

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
