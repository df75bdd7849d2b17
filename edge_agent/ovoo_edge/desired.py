"""The configuration that a cloud wants this gateway to run: checked as a whole, kept on disk, applied, reported."""

from __future__ import annotations

import asyncio
import logging
import pathlib
from collections.abc import Callable, Mapping
from typing import Any, Final

from ovoo_contract.address import AssetAddress
from ovoo_contract.errors import DeliveryError, OvooError
from ovoo_contract.gateway_config import DesiredConfig, ReportedConfig

from ovoo_edge.scoring import Scoring
from ovoo_edge.sources.state_file import load_state, save_state

__all__ = ["DesiredState"]

_LOG = logging.getLogger(__name__)
_NAME: Final = "desired.json"


class DesiredState:
    """One per gateway. What was accepted last survives a restart; a document that does not fit changes nothing.

    Args:
        scoring: the models it speaks of.
        state_dir: of the gateway.
        enterprise, site: of the gateway; a document that names an asset elsewhere is refused.

    `posture` is set once it is known how to look: what it gives is reported with every connection.
    """

    def __init__(self, scoring: Scoring, state_dir: pathlib.Path, enterprise: str, site: str) -> None:
        self._scoring = scoring
        self._path = state_dir / _NAME
        self._home = (enterprise, site)
        self._running: DesiredConfig | None = None
        self._refused = ""
        self._one_at_a_time = asyncio.Lock()
        self.posture: Callable[[], Mapping[str, Any]] = dict

    def restore(self) -> None:
        """Applies what was accepted before the restart; a damaged file waits for the cloud to say it again."""
        state = load_state(self._path)
        if state is None:
            if self._path.exists():
                _LOG.warning("event=desired_config_damaged path=%s", self._path)
            return
        try:
            desired = DesiredConfig.from_json(str(state.get("document", "")).encode())
            self._scoring.adjust(self._scoring.adjustments(desired.feedback))
        except OvooError as error:
            _LOG.warning("event=desired_config_not_restored detail=%r", str(error))
            return
        self._running = desired

    async def take(self, payload: bytes) -> bytes:
        """Applies a document of the cloud and gives the report to publish; an empty one only asks for the report."""
        async with self._one_at_a_time:
            if payload:
                await asyncio.to_thread(self._take, payload)
            return await asyncio.to_thread(lambda: self.report().to_json())

    def report(self) -> ReportedConfig:
        """What runs now, and why a later document does not."""
        running = self._running
        models, challengers = self._scoring.fingerprints()
        return ReportedConfig(
            version=running.version if running is not None else 0,
            hash=running.hash if running is not None else "",
            refused=self._refused,
            unused=self._unused(),
            models=models,
            challengers=challengers,
            posture=self.posture(),
        )

    def health(self) -> dict[str, Any]:
        """For `/health`."""
        running = self._running
        return {
            "version": running.version if running is not None else 0,
            "hash": running.hash if running is not None else "",
            "refused": self._refused,
            "unused": list(self._unused()),
        }

    def _unused(self) -> tuple[str, ...]:
        named = self._running.assets if self._running is not None else frozenset()
        return tuple(sorted({str(asset) for asset in named} - self._scoring.assets))

    def _take(self, payload: bytes) -> None:
        try:
            desired = DesiredConfig.from_json(payload)
            if self._is_new(desired):
                self._apply(desired)
        except (OvooError, OSError) as error:
            self._refused = str(error)
            _LOG.error("event=desired_config_refused detail=%r", str(error))
        else:
            self._refused = ""

    def _is_new(self, desired: DesiredConfig) -> bool:
        """False for what runs already and for a version from before it, which a broker may give out again."""
        if self._running is None or desired.version > self._running.version:
            return True
        if desired.version == self._running.version and desired.hash != self._running.hash:
            raise DeliveryError(
                "another content under the same version",
                offender="config.version",
                value=desired.version,
                remedy="a change needs a greater version",
            )
        return False

    def _apply(self, desired: DesiredConfig) -> None:
        """All of it or nothing: what can fail comes first, and each step may be done again after a crash."""
        for asset in sorted(desired.assets):
            if (asset.enterprise, asset.site) != self._home:
                raise DeliveryError("not of this gateway", offender="config.asset", value=str(asset))
        said = self._scoring.adjustments(desired.feedback)
        self._scoring.promote(self._changed(desired.promote))
        save_state(self._path, {"document": desired.to_json().decode()}, durable=True)
        self._scoring.adjust(said)
        self._running = desired
        _LOG.info("event=desired_config_applied version=%d hash=%s", desired.version, desired.hash)

    def _changed(self, promote: Mapping[AssetAddress, str]) -> dict[AssetAddress, str]:
        """A promotion is done once; what people did to the model file since then stands."""
        done: Mapping[AssetAddress, str] = self._running.promote if self._running is not None else {}
        return {asset: wanted for asset, wanted in promote.items() if done.get(asset) != wanted}
