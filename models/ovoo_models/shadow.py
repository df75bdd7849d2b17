"""Champion and challenger: a second model set that runs beside the first and says nothing."""

from __future__ import annotations

import os
import statistics
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from ovoo_contract.address import AssetAddress
from ovoo_contract.catalogue import SignalEntry
from ovoo_contract.errors import ArtifactError
from ovoo_contract.findings import Finding
from ovoo_contract.samples import SampleBatch

from ovoo_models import artifact
from ovoo_models.artifact import ModelSet
from ovoo_models.feedback import Adjustments
from ovoo_models.monitor import AssetMonitor, MonitorOutput

__all__ = ["Comparison", "Shadow", "challenger_of", "promote"]

_KEPT: Final = 500
_Window = tuple[int, int, bool]


@dataclass(frozen=True, slots=True)
class Comparison:
    """Champion against challenger over the same rows.

    Attributes:
        champion: findings of the champion, notes left out.
        challenger: findings of the challenger.
        both: findings of the champion that one of the challenger touches in time.
        champion_only: the others of the champion.
        challenger_only: those of the challenger that none of the champion touches.
        delay_s: median of (start at the challenger - start at the champion) over `both`; None without any.
    """

    champion: int
    challenger: int
    both: int
    champion_only: int
    challenger_only: int
    delay_s: float | None


class Shadow:
    """An `AssetMonitor` to its caller; a challenger sees the same batches, only the comparison keeps its findings.

    The newest 500 findings of each are compared.
    """

    def __init__(self, champion: AssetMonitor, challenger: AssetMonitor) -> None:
        if champion.asset != challenger.asset:
            raise ArtifactError("another asset", offender="challenger", value=challenger.asset.path)
        self.champion, self.challenger = champion, challenger
        self._seen: tuple[dict[str, _Window], dict[str, _Window]] = ({}, {})

    @property
    def asset(self) -> AssetAddress:
        """Of both."""
        return self.champion.asset

    @property
    def model_set(self) -> ModelSet:
        """The champion's."""
        return self.champion.model_set

    @property
    def outputs(self) -> tuple[SignalEntry, ...]:
        """The champion's derived signals."""
        return self.champion.outputs

    @property
    def late(self) -> int:
        """Samples that came too late to be scored."""
        return self.champion.late

    def adjust(self, adjustments: Adjustments) -> None:
        """As `AssetMonitor.adjust`, for both."""
        self.champion.adjust(adjustments)
        self.challenger.adjust(adjustments)

    def ready(self) -> dict[str, bool]:
        """Which of the champion's bindings give scores."""
        return self.champion.ready()

    def process(self, batch: SampleBatch, index: Mapping[str, int], out_base: int) -> MonitorOutput:
        """The champion's output; the challenger's is compared and dropped."""
        output = self.champion.process(batch, index, out_base)
        self._keep(output.findings, self.challenger.process(batch, index, out_base).findings)
        return output

    def flush(self, upto_ns: int, out_base: int) -> MonitorOutput:
        """As `AssetMonitor.flush`, for both."""
        output = self.champion.flush(upto_ns, out_base)
        self._keep(output.findings, self.challenger.flush(upto_ns, out_base).findings)
        return output

    def _keep(self, *found: tuple[Finding, ...]) -> None:
        for seen, findings in zip(self._seen, found, strict=True):
            for each in findings:
                if each.severity != "info":
                    seen[each.id] = (each.start_ns, each.end_ns, each.open)
            while len(seen) > _KEPT:
                del seen[next(iter(seen))]

    def comparison(self) -> Comparison:
        """The figures so far."""
        champion, challenger = ([*each.values()] for each in self._seen)
        partners = [[other for other in challenger if _touch(each, other)] for each in champion]
        delays = [
            min(other[0] for other in found) - each[0] for each, found in zip(champion, partners, strict=True) if found
        ]
        both = sum(map(bool, partners))
        alone = sum(not any(_touch(each, other) for other in champion) for each in challenger)
        delay_s = statistics.median(delays) / 1e9 if delays else None
        return Comparison(len(champion), len(challenger), both, len(champion) - both, alone, delay_s)

    def state(self) -> dict[str, Any]:
        """The champion's, and beside it the challenger's and what was seen."""
        seen = [
            {name: [str(start), str(end), still] for name, (start, end, still) in each.items()} for each in self._seen
        ]
        return {**self.champion.state(), "shadow": {"challenger": self.challenger.state(), "seen": seen}}

    def load(self, state: Mapping[str, Any]) -> None:
        """Take `state()`, also that of a champion that ran alone; the challenger then warms up."""
        shadow = state.get("shadow")
        self.champion.load(state)
        if shadow is None:
            return
        try:
            self.challenger.load(shadow["challenger"])
            for mine, theirs in zip(self._seen, shadow["seen"], strict=True):
                mine.update({str(name): (int(a), int(b), bool(c)) for name, (a, b, c) in theirs.items()})
        except (KeyError, TypeError, ValueError) as error:
            raise ArtifactError("state does not fit", offender="shadow", value=str(error)) from error


def challenger_of(model: Path) -> Path:
    """Where a gateway looks for the challenger of a model file: `fan1.json` -> `fan1.challenger.json`."""
    return model.with_suffix(".challenger.json")


def promote(model: Path) -> Path:
    """Make the challenger of a model file the champion; the champion so far stays as `<name>.previous.json`.

    Each step is one rename, the new file last read and checked before: a crash leaves a champion.

    Raises:
        ArtifactError: there is no challenger, or it is damaged or of another asset.
    """
    challenger, previous = challenger_of(model), model.with_suffix(".previous.json")
    ours, theirs = artifact.load(model), artifact.load(challenger)
    if ours.asset != theirs.asset:
        raise ArtifactError("another asset", offender=str(challenger), value=theirs.asset, remedy=f"train {ours.asset}")
    artifact.save(previous, ours)
    os.replace(challenger, model)
    return previous


def _touch(one: _Window, other: _Window) -> bool:
    first, second = sorted((one, other))
    return first[2] or second[0] <= first[1]
