"""Model files of a gateway: what lies beside them, whether they fit its signals, whether a challenger may take over."""

from __future__ import annotations

import pathlib
from collections.abc import Sequence
from typing import TYPE_CHECKING

from ovoo_contract.catalogue import SignalEntry
from ovoo_contract.errors import ArtifactError, ConfigError

from ovoo_edge.config import ModelSettings

if TYPE_CHECKING:
    from ovoo_models.monitor import AssetMonitor
    from ovoo_models.shadow import Shadow

__all__ = ["check_promotion", "load_monitor"]


def load_monitor(settings: ModelSettings, entries: Sequence[SignalEntry]) -> AssetMonitor | Shadow:
    """The monitor of one `[[model]]`, with its challenger in the shadow where one lies beside the file.

    Raises:
        OvooError: a file is damaged, or the gateway lacks its signals or has them in other units.
    """
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
    # what people said may lie beside the model, carried by hand; a cloud that speaks for itself takes its place
    beside = pathlib.Path(settings.artifact).with_suffix(".feedback.json")
    said = Adjustments.from_json(beside.read_bytes(), str(beside)) if beside.exists() else Adjustments()
    monitor = AssetMonitor(models, settings.asset, settings.period_s or None, adjustments=said)
    challenger = challenger_of(pathlib.Path(settings.artifact))
    if not challenger.exists():
        return monitor
    rival = AssetMonitor(artifact.load(challenger), settings.asset, settings.period_s or None, adjustments=said)
    return Shadow(monitor, rival)


def check_promotion(
    monitors: Sequence[tuple[ModelSettings, AssetMonitor | Shadow]], place: int, fingerprint: str
) -> None:
    """ArtifactError unless that challenger runs here and its derived signals are the champion's."""
    from ovoo_models.shadow import Shadow

    if place < 0 or not isinstance(monitors[place][1], Shadow):
        raise ArtifactError("no challenger runs here", offender="promote", value=fingerprint, remedy="put one beside")
    settings, shadow = monitors[place]
    assert isinstance(shadow, Shadow)
    if shadow.challenger.model_set.fingerprint != fingerprint:
        raise ArtifactError(
            "another challenger runs here",
            offender=f"promote {settings.asset}",
            value=fingerprint,
            remedy=shadow.challenger.model_set.fingerprint,
        )
    if shadow.challenger.outputs != shadow.champion.outputs:
        raise ArtifactError(
            "the challenger has other scores, which needs a new signal list",
            offender=f"promote {settings.asset}",
            value=fingerprint,
            remedy="promote it on the gateway and restart",
        )
    if sum(other.artifact == settings.artifact for other, _ in monitors) > 1:
        raise ArtifactError("the model file serves several assets", offender=f"promote {settings.asset}")
