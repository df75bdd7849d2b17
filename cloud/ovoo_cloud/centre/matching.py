"""Matching of what an enterprise needs with solutions, courses, providers and policies: pure, by stated rules.

Nothing here reads a clock, a file or a database. The rules are printed with the result and have an edition; equal
needs and offers give an equal result, in whatever order the offers come.
"""

from __future__ import annotations

import functools
import hashlib
import importlib.resources
import json
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, Literal

from ovoo_contract.canonical import canonical_json, sha256_hex

from ovoo_cloud.centre.conditions import judge
from ovoo_cloud.centre.kinds import enumeration

__all__ = ["EDITION", "EDITIONS", "KINDS", "Need", "Offer", "match", "rules"]

OfferKind = Literal["solution", "course", "provider", "policy"]
EDITION: Final = "ovoo.matching/2"
_FILES: Final[Mapping[str, str]] = {"ovoo.matching/1": "matching_rules_1.json", EDITION: "matching_rules.json"}
"""The first one let a provider draw once for each of its entries."""
EDITIONS: Final = frozenset(_FILES)
"""Editions that this version computes."""
_ALL_OF: Final[Mapping[str, str]] = {"sectors": "sector", "sizes": "size"}
KINDS: Final[tuple[OfferKind, ...]] = ("solution", "course", "provider", "policy")


@dataclass(frozen=True, slots=True)
class Need:
    """Who needs what: `facts` of the enterprise (None where not known), measures, and per scene the level wanted.

    `day` is the ISO date on which policies must be valid, `key` the case or report that the order is drawn by.
    """

    key: str
    day: str
    facts: Mapping[str, str | None]
    measures: tuple[str, ...] = ()
    scenes: Mapping[str, int] = field(default_factory=dict)
    sources: tuple[str, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """Plain data."""
        return {
            "key": self.key,
            "day": self.day,
            "facts": dict(sorted(self.facts.items())),
            "measures": sorted(self.measures),
            "scenes": dict(sorted(self.scenes.items())),
            "sources": sorted(self.sources),
        }


@dataclass(frozen=True, slots=True)
class Offer:
    """A row of a register; `proven` are reports that it names, that verify and hold a proven saving."""

    kind: OfferKind
    id: str
    version: int
    content: Mapping[str, Any]
    proven: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class _Fit:
    offer: Offer
    met: tuple[str, ...]
    open: tuple[str, ...]


@functools.cache
def rules(edition: str = EDITION) -> Mapping[str, Any]:
    """The rules of an edition in both languages.

    Raises:
        KeyError: an edition that this version does not compute.
    """
    source = importlib.resources.files("ovoo_cloud.centre").joinpath(_FILES[edition])
    found: Mapping[str, Any] = json.loads(source.read_text(encoding="utf-8"))
    return found


def match(need: Need, offers: Iterable[Offer], edition: str = EDITION) -> dict[str, Any]:
    """The offers that fit, per kind in the order of the rules, with the criteria that each meets; plain data.

    Each line says by which rule it stands behind the one before it.

    Raises:
        KeyError: an edition that this version does not compute.
    """
    stated = rules(edition)
    first = edition != EDITION
    fits: dict[OfferKind, list[_Fit]] = {kind: [] for kind in KINDS}
    providers: list[Offer] = []
    for offer in offers:
        if offer.kind == "provider":
            providers.append(offer)
        elif (fit := _fit(need, offer, first)) is not None:
            fits[offer.kind].append(fit)
    offered = fits["solution"] + fits["course"]
    if first:
        fits["provider"] = _providers_by_all(need, providers, offered)
        listed: dict[str, Any] = {kind: _listed_by_entry(need, fits[kind]) for kind in KINDS}
    else:
        fits["provider"] = _providers(need, providers, offered)
        listed = {kind: list(_listed(need, fits[kind])) for kind in KINDS}
    return {
        "edition": stated["edition"],
        "rules": stated,
        "rules_sha256": sha256_hex(canonical_json(stated)),
        "need": need.to_json(),
        **listed,
        "unmet": _unmet(need, offered),
    }


def _fit(need: Need, offer: Offer, first: bool) -> _Fit | None:
    general = _general(need, offer.content, first)
    if general is None:
        return None
    own = _policy(need, offer.content) if offer.kind == "policy" else _needed(need, offer.content)
    return None if own is None else _Fit(offer, (*general, *own[0]), own[1])


def _general(need: Need, content: Mapping[str, Any], first: bool = False) -> tuple[str, ...] | None:
    """Sector, region and size: named and right counts, named and wrong excludes, not named or not known is neither.

    Who names all sectors or all sizes has named none: width of a claim gives no rank (since edition 2).
    """
    met = []
    for fact, name in (("sector", "sectors"), ("region", "regions"), ("size", "sizes")):
        named, known = content.get(name) or [], need.facts.get(fact)
        if named and known:
            if known not in named:
                return None
            everything = name in _ALL_OF and set(named) >= set(enumeration(_ALL_OF[name]))
            if first or not everything:
                met.append(fact)
    return tuple(met)


def _needed(need: Need, content: Mapping[str, Any]) -> tuple[tuple[str, ...], tuple[str, ...]] | None:
    met = [f"measure:{each}" for each in content.get("measures") or [] if each in need.measures]
    reached = content.get("level_gained")
    for scene in content.get("scenes") or []:
        if scene in need.scenes and (reached is None or reached >= need.scenes[scene]):
            met.append(f"scene:{scene}")
    return (tuple(sorted(met)), ()) if met else None


def _policy(need: Need, content: Mapping[str, Any]) -> tuple[tuple[str, ...], tuple[str, ...]] | None:
    if content["valid_from"] > need.day or (content.get("valid_until") or "9999-12-31") < need.day:
        return None
    met: list[str] = []
    unknown: list[str] = []
    for place, condition in enumerate(content.get("conditions") or []):
        verdict = judge(condition, need.facts)
        if verdict == "unmet":
            return None
        (met if verdict == "met" else unknown).append(f"condition:{place}:{condition['fact']}")
    return tuple(met), tuple(unknown)


def _providers(need: Need, providers: Sequence[Offer], listed: Sequence[_Fit]) -> list[_Fit]:
    """Providers of a listed solution or course, each by the best of them: many entries add nothing."""
    found = []
    for provider in providers:
        own = [each for each in listed if each.offer.content.get("provider") == provider.id]
        general = _general(need, provider.content)
        if own and general is not None:
            best = min(own, key=lambda fit: (-_needed_count(fit), -len(fit.offer.proven), _drawn(need, fit.offer)))
            offer = Offer("provider", provider.id, provider.version, provider.content, best.offer.proven)
            found.append(_Fit(offer, (*general, *sorted(name for name in best.met if ":" in name)), ()))
    return found


def _needed_count(fit: _Fit) -> int:
    return sum(1 for name in fit.met if ":" in name)


def _providers_by_all(need: Need, providers: Sequence[Offer], listed: Sequence[_Fit]) -> list[_Fit]:
    """Edition 1: what all offers of a provider meet, each criterion once."""
    found = []
    for provider in providers:
        own = [each for each in listed if each.offer.content.get("provider") == provider.id]
        general = _general(need, provider.content, True)
        if own and general is not None:
            met = {name for each in own for name in each.met if ":" in name}
            proven = {name for each in own for name in each.offer.proven}
            offer = Offer("provider", provider.id, provider.version, provider.content, tuple(sorted(proven)))
            found.append(_Fit(offer, (*general, *sorted(met)), ()))
    return found


def _drawn(need: Need, offer: Offer, name: str = "") -> str:
    return hashlib.sha256(f"{need.key}\n{offer.kind}\n{name or offer.id}".encode()).hexdigest()


def _listed_by_entry(need: Need, fits: Sequence[_Fit]) -> list[dict[str, Any]]:
    """Edition 1: equal entries by a draw of each entry."""
    ordered = sorted(fits, key=lambda fit: (*_rank(fit), _drawn(need, fit.offer)))
    return [_shown(each) for each in ordered]


def _rank(fit: _Fit) -> tuple[int, int]:
    return -len(fit.met), -len(fit.offer.proven)


def _listed(need: Need, fits: Sequence[_Fit]) -> Iterator[dict[str, Any]]:
    """By criteria and evidence; equal ones in turns of their providers, whose order is drawn for the case."""
    turns = _turns(need, fits)
    keys = {
        id(fit): (*_rank(fit), turns[id(fit)], _drawn(need, fit.offer, _owner(fit.offer)), fit.offer.id) for fit in fits
    }
    before: tuple[int, int, int, str, str] | None = None
    for fit in sorted(fits, key=lambda fit: keys[id(fit)]):
        key = keys[id(fit)]
        yield {**_shown(fit), "turn": key[2], "behind_by": "" if before is None else _behind_by(before, key)}
        before = key


def _owner(offer: Offer) -> str:
    """Who draws: the provider of a solution or course, else the row itself."""
    return str(offer.content.get("provider") or offer.id)


def _turns(need: Need, fits: Sequence[_Fit]) -> dict[int, int]:
    """Of equal entries of one provider the first, second, ... from 1, by a draw of the entries."""
    equal: dict[tuple[int, int, str], list[_Fit]] = defaultdict(list)
    for fit in fits:
        equal[*_rank(fit), _owner(fit.offer)].append(fit)
    return {
        id(fit): place
        for group in equal.values()
        for place, fit in enumerate(sorted(group, key=lambda fit: _drawn(need, fit.offer)), start=1)
    }


def _behind_by(before: tuple[int, int, int, str, str], key: tuple[int, int, int, str, str]) -> str:
    """The first rule in which a line differs from the one before it."""
    names = ("criteria", "evidence", "turn", "draw", "draw")
    return next(name for name, left, right in zip(names, before, key, strict=True) if left != right)


def _shown(fit: _Fit) -> dict[str, Any]:
    return {
        "id": fit.offer.id,
        "version": fit.offer.version,
        "name_zh": fit.offer.content["name_zh"],
        "name_en": fit.offer.content.get("name_en") or fit.offer.content["name_zh"],
        "met": list(fit.met),
        "to_check": list(fit.open),
        "evidence": sorted(fit.offer.proven),
    }


def _unmet(need: Need, listed: Sequence[_Fit]) -> list[str]:
    """What nobody offers."""
    wanted = {*(f"measure:{each}" for each in need.measures), *(f"scene:{each}" for each in need.scenes)}
    return sorted(wanted - {name for each in listed for name in each.met})
