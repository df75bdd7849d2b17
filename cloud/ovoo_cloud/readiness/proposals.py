"""Templates that a machine may be an instance of, told by names, units and types: people decide, nothing is scored."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import cache
from typing import Any, Final

from ovoo_contract.catalogue import SignalEntry
from ovoo_contract.units import unit
from ovoo_packs import AssetTemplate, SignalTemplate, load_pack, pack_names

from ovoo_cloud.readiness.nature import words_of

__all__ = ["Proposal", "proposals"]

_MOST: Final = 3
_LEAST_PAIRS: Final = 2
_LEAST_SHARE: Final = Fraction(1, 2)
_FILLER: Final = frozenset({"of", "the", "pv", "value", "ai", "ch", "sensor", "signal", "actual"})
_SHORT: Final = {
    "temp": "temperature", "press": "pressure", "pres": "pressure", "pwr": "power", "curr": "current", "lvl": "level",
    "vib": "vibration", "spd": "speed", "kw": "power", "flw": "flow",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Proposal:
    """`pairs`: (signal of the machine, signal of the template); `share` of the template's required signals.

    `likeness`: of the names of all pairs, added up.
    """

    pack: str
    template: AssetTemplate
    share: Fraction
    likeness: Fraction
    pairs: tuple[tuple[str, str], ...]

    def to_json(self) -> dict[str, Any]:
        """Plain data."""
        return {
            "pack": self.pack,
            "template": self.template.id,
            "name": {"zh": self.template.name_zh, "en": self.template.name_en},
            "matched": len(self.pairs),
            "of": sum(not each.optional for each in self.template.signals),
            "pairs": [list(pair) for pair in self.pairs],
        }


def proposals(entries: Sequence[SignalEntry]) -> tuple[Proposal, ...]:
    """At most three templates of any sector that share at least half of their required signals, best first."""
    found = [
        each
        for pack, template in _templates()
        if (each := _match(pack, template, entries)) is not None and each.share >= _LEAST_SHARE
    ]
    found.sort(key=lambda each: (-each.likeness, -each.share, each.pack, each.template.id))
    return tuple(found[:_MOST])


@cache
def _templates() -> tuple[tuple[str, AssetTemplate], ...]:
    return tuple((name, each) for name in sorted(pack_names()) for each in load_pack(name).templates.values())


def _match(pack: str, template: AssetTemplate, entries: Sequence[SignalEntry]) -> Proposal | None:
    """Pairs the likest signals first; each stands in one pair."""
    wanted = [each for each in template.signals if not each.optional]
    ranked = sorted(
        (
            (-likeness, entry.address.signal, signal.name)
            for entry in entries
            for signal in wanted
            if (likeness := _likeness(entry, signal)) > 0
        ),
    )
    pairs: dict[str, str] = {}
    likeness = Fraction(0)
    for less, own, theirs in ranked:
        if own not in pairs and theirs not in pairs.values():
            pairs[own] = theirs
            likeness -= less
    if len(pairs) < _LEAST_PAIRS:
        return None
    return Proposal(pack, template, Fraction(len(pairs), len(wanted)), likeness, tuple(sorted(pairs.items())))


def _likeness(entry: SignalEntry, signal: SignalTemplate) -> Fraction:
    """0 to 1: shared words over all words, or 1 for the same Chinese name; 0 where kind or quantity differ."""
    numbers = ("float", "int")
    if (entry.type in numbers) != (signal.type in numbers):
        return Fraction(0)
    if signal.type in numbers and unit(entry.unit).dimension != unit(signal.unit).dimension:
        return Fraction(0)
    if entry.name_zh and (entry.name_zh in signal.name_zh or signal.name_zh in entry.name_zh):
        return Fraction(1)
    best = Fraction(0)
    for own in (_words(entry.address.signal), _words(entry.name_en)):
        for theirs in (_words(signal.name), _words(signal.name_en)):
            if own and theirs:
                best = max(best, Fraction(len(own & theirs), len(own | theirs)))
    return best


def _words(name: str) -> frozenset[str]:
    return frozenset(_SHORT.get(word, word) for word in words_of(name)) - _FILLER
