"""Which pack template an asset is an instance of, told by the names of its signals."""

from __future__ import annotations

import functools
from dataclasses import dataclass

__all__ = ["Recognised", "recognise"]


@dataclass(frozen=True, slots=True)
class Recognised:
    """A template and names for an asset; all but the names are empty where nothing fits."""

    pack: str
    template: str
    name_zh: str
    name_en: str


def recognise(asset: str, signals: frozenset[str]) -> Recognised:
    """The template whose signals the asset has most fully: at least 60 % of them, the most shared ones first.

    Optional signals count for nothing.
    """
    best, best_rank = Recognised("", "", asset, asset), (0, 0.0, 0)
    for pack, template, names, name_zh, name_en in _templates():
        shared = len(names & signals)
        share = shared / len(names)
        rank = (shared, share, -len(names))
        if share >= 0.6 and rank > best_rank:
            best, best_rank = Recognised(pack, template, name_zh, name_en), rank
    return best


@functools.lru_cache(maxsize=1)
def _templates() -> tuple[tuple[str, str, frozenset[str], str, str], ...]:
    from ovoo_packs import load_pack, pack_names  # here: packs are read once, when the first catalogue arrives

    found = []
    for name in sorted(pack_names()):
        for template in load_pack(name).templates.values():
            names = frozenset(signal.name for signal in template.signals if not signal.optional)
            found.append((name, template.id, names, template.name_zh, template.name_en))
    return tuple(found)
