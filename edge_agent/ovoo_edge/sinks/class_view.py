"""What a sink may see: samples, catalogue and findings up to its data class, and the count of what it may not."""

from __future__ import annotations

from array import array
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Final, get_args

from ovoo_contract.address import AssetAddress
from ovoo_contract.catalogue import Catalogue, DataClass, class_rank
from ovoo_contract.errors import AddressError
from ovoo_contract.findings import Finding
from ovoo_contract.samples import SampleBatch

__all__ = ["CLASS_KEY", "ClassView", "Refusals", "finding_rank"]

CLASS_KEY: Final = "data_class"
"""Key in a finding's detail: the highest class among the signals it was drawn from."""

Refusals = Mapping[tuple[str, int], int]
"""(address, or `event:<code>` of a finding; class rank) -> samples left out."""

_CLASSES: Final[tuple[DataClass, ...]] = get_args(DataClass)
_HIGHEST: Final = len(_CLASSES) - 1


@dataclass(frozen=True, slots=True)
class _Part:
    """The part of one catalogue that may be seen; `mask` and `places` by index in the whole."""

    catalogue: Catalogue
    mask: bytes
    hidden: bytes
    places: tuple[int, ...]


class ClassView:
    """One for each sink.

    A receiver gets a catalogue of its own, without the entries it may not see, and batches with the indexes of that
    one; where it may see everything, both are the gateway's.

    Args:
        max_class: the highest class that passes.
    """

    def __init__(self, max_class: DataClass) -> None:
        self._rank = class_rank(max_class)
        self._parts: dict[str, _Part] = {}
        self._whole: dict[str, str] = {}

    def catalogue(self, catalogue: Catalogue) -> Catalogue:
        """The entries that may be seen."""
        return self._part(catalogue).catalogue

    def whole_id(self, shown_id: str) -> str | None:
        """The gateway's catalogue behind one that was shown; None for one that this view never gave."""
        return self._whole.get(shown_id)

    def select(self, batch: SampleBatch, catalogue: Catalogue) -> tuple[SampleBatch, Refusals]:
        """The rows that may be seen, still with the indexes of the whole catalogue, and what was left out."""
        part = self._part(catalogue)
        if not any(part.hidden):
            return batch, {}
        shown = batch.select_signals(part.mask)
        if len(shown) == len(batch):
            return shown, {}
        hidden = Counter(batch.select_signals(part.hidden).signal)
        entries = catalogue.entries
        return shown, {
            (str(entries[signal].address), class_rank(entries[signal].data_class)): count
            for signal, count in hidden.items()
        }

    def show(self, batch: SampleBatch, catalogue: Catalogue) -> tuple[SampleBatch, Refusals]:
        """As `select`, with the indexes of the catalogue that is shown."""
        shown, refused = self.select(batch, catalogue)
        part = self._part(catalogue)
        if any(part.hidden):
            shown = replace(shown, signal=array("I", map(part.places.__getitem__, shown.signal)))
        return shown, refused

    def places(self, catalogue: Catalogue) -> tuple[bytes, tuple[int, ...]]:
        """By index in the whole catalogue: 1 for every signal that may be seen, and its index in the one shown."""
        part = self._part(catalogue)
        return part.mask, part.places

    def refuses(self, finding: Finding, catalogue: Catalogue) -> Refusals:
        """Empty where the finding may be seen, else the one that is left out."""
        rank = finding_rank(finding, catalogue)
        return {(f"event:{finding.code}", rank): 1} if rank > self._rank else {}

    def passes(self, data_class: DataClass) -> bool:
        """Whether what was drawn from signals of this class may be seen."""
        return class_rank(data_class) <= self._rank

    def _part(self, catalogue: Catalogue) -> _Part:
        part = self._parts.get(catalogue.id)
        if part is None:
            part = self._parts[catalogue.id] = self._make(catalogue)
            self._whole[part.catalogue.id] = catalogue.id
        return part

    def _make(self, catalogue: Catalogue) -> _Part:
        mask = bytes(class_rank(entry.data_class) <= self._rank for entry in catalogue.entries)
        if all(mask):
            return _Part(catalogue, mask, bytes(len(mask)), tuple(range(len(mask))))
        shown = Catalogue(entry for entry, seen in zip(catalogue.entries, mask, strict=True) if seen)
        return _Part(shown, mask, bytes(not seen for seen in mask), tuple(_places(mask)))


def finding_rank(finding: Finding, catalogue: Catalogue) -> int:
    """The class of a finding: that of what it was drawn from, and of every signal it names.

    One that does not say what it was drawn from has the highest class of its asset, and the highest there is when the
    catalogue does not know its asset.
    """
    told = finding.detail.get(CLASS_KEY)
    ranks: dict[object, int] = {
        entry.address: class_rank(entry.data_class)
        for entry in catalogue.entries
        if entry.address.asset_address == finding.asset
    }
    drawn_from = _CLASSES.index(told) if told in _CLASSES else max(ranks.values(), default=_HIGHEST)
    named = (ranks.get(address, 0) for address in _named(finding.asset, finding.detail))
    return max(drawn_from, *named, 0)


def _places(mask: bytes) -> Iterator[int]:
    place = 0
    for seen in mask:
        yield place
        place += seen


def _named(asset: AssetAddress, detail: Mapping[str, str | float]) -> Iterator[object]:
    for key, name in detail.items():
        if isinstance(name, str) and key.startswith("signal"):
            try:
                yield asset.signal(name)
            except AddressError:
                # not a signal's name: it tells nothing of one
                continue
