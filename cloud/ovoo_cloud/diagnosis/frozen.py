"""The source that a snapshot itself describes: everything as it was at issue, only the samples come from the store."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

from ovoo_contract.address import Address
from ovoo_contract.canonical import canonical_json
from ovoo_contract.catalogue import Catalogue, SignalEntry
from ovoo_contract.evidence import SampleColumns
from ovoo_contract.findings import Finding

from ovoo_cloud.diagnosis.evidence import EvidenceSource, PlatformFacts
from ovoo_cloud.diagnosis.usage import Usage

__all__ = ["FrozenSource", "source_json"]


def source_json(source: EvidenceSource, start_ns: int, end_ns: int) -> dict[str, Any]:
    """What a snapshot keeps of its source besides figures: signal list, findings, platform facts, usage."""
    entries = sorted(source.signals(), key=lambda entry: str(entry.address))
    found = sorted(
        source.findings(start_ns, end_ns), key=lambda each: (str(each.asset), each.start_ns, each.code, each.id)
    )
    return {
        "catalogue_ids": sorted(source.catalogue_ids()),
        "catalogue": Catalogue(entries).to_json().decode(),
        "findings": {each.id: each.to_dict() for each in found},
        "platform": asdict(source.platform()),
        "usage": source.usage(start_ns, end_ns).to_json(),
    }


class FrozenSource:
    """An `EvidenceSource` of a snapshot's `source` section over another source's samples."""

    def __init__(self, frozen: Mapping[str, Any], samples: EvidenceSource) -> None:
        """`frozen` is what `source_json` gave."""
        self._frozen = frozen
        self._entries = Catalogue.from_json(frozen["catalogue"].encode()).entries
        self._samples = samples

    def signals(self) -> Sequence[SignalEntry]:
        """The signals known at issue."""
        return self._entries

    def catalogue_ids(self) -> Sequence[str]:
        """The catalogues in force at issue."""
        ids: list[str] = self._frozen["catalogue_ids"]
        return ids

    def samples(self, address: Address, start_ns: int, end_ns: int) -> SampleColumns:
        """What the store holds today."""
        return self._samples.samples(address, start_ns, end_ns)

    def findings(self, start_ns: int, end_ns: int) -> Sequence[Finding]:
        """The findings known at issue."""
        return [Finding.from_json(canonical_json(each)) for each in self._frozen["findings"].values()]

    def platform(self) -> PlatformFacts:
        """The facts seen at issue."""
        return PlatformFacts(**self._frozen["platform"])

    def usage(self, start_ns: int, end_ns: int) -> Usage:
        """The usage known at issue; none in a snapshot from before it was kept."""
        kept = self._frozen.get("usage")
        return Usage() if kept is None else Usage.from_json(kept)
