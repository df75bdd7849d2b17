"""The words of the pages, from the language catalogues; both hold the same keys."""

from __future__ import annotations

import functools
import json
from importlib import resources

from ovoo_dashboards.model import Text

__all__ = ["keys", "text"]


@functools.cache
def _catalogue(language: str) -> dict[str, str]:
    content = resources.files("ovoo_dashboards").joinpath("locales", f"{language}.json").read_text(encoding="utf-8")
    words: dict[str, str] = json.loads(content)
    return words


def keys(language: str) -> frozenset[str]:
    """The keys of one catalogue."""
    return frozenset(_catalogue(language))


def text(key: str) -> Text:
    """The words of `key`; KeyError when a catalogue lacks it."""
    return Text(_catalogue("zh")[key], _catalogue("en")[key])
