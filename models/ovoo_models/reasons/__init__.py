"""Why something was refused, in the reader's language: sentences by the code of an error (zh.json, en.json).

An error carries a code and what fills its sentences; no text is ever recognised by its words.
"""

from __future__ import annotations

import functools
import json
from collections.abc import Mapping
from dataclasses import dataclass
from importlib import resources

from ovoo_contract.errors import ConfigError, ConfigErrors, OvooError

__all__ = ["LANGUAGES", "Catalogue", "Told", "catalogue_of", "error_lines", "tell"]

LANGUAGES = ("zh", "en")
_LONGEST = 200
Catalogue = Mapping[str, Mapping[str, str]]


@dataclass(frozen=True, slots=True)
class Told:
    """What is wrong, and what the reader can do about it."""

    wrong: str
    remedy: str


class _Slots(dict[str, str]):
    """What was kept by an older version may lack a slot: the sentence then has a gap, and is still told."""

    def __missing__(self, name: str) -> str:
        return "…"


@functools.cache
def catalogue_of(package: str, language: str) -> Catalogue:
    """code -> `wrong` and `remedy` of a package's `zh.json` or `en.json`; ConfigError for another language."""
    if language not in LANGUAGES:
        raise ConfigError("no such language", offender="language", value=language, remedy=f"one of {LANGUAGES}")
    found: Catalogue = json.loads(resources.files(package).joinpath(f"{language}.json").read_text("utf-8"))
    return found


def tell(catalogue: Catalogue, code: str, slots: Mapping[str, object]) -> Told | None:
    """The sentences of a code; None where the catalogue has none."""
    entry = catalogue.get(code)
    if entry is None:
        return None
    words = _Slots((name, _text(value)) for name, value in slots.items())
    return Told(entry["wrong"].format_map(words), entry["remedy"].format_map(words))


def error_lines(error: OvooError, language: str) -> list[str]:
    """The error for a reader of `language`: one line an error, empty where it has no sentence of its own."""
    if isinstance(error, ConfigErrors):
        return [line for each in error.errors for line in error_lines(each, language)]
    found = tell(catalogue_of(__name__, language), error.code, error.slots)
    if found is None:
        return []
    pieces = catalogue_of(__name__, language)["line"]
    placed = {"line", "column"} <= error.slots.keys()
    where = pieces["at"].format(**error.slots).strip() if placed else error.offender
    head = pieces["where"].format(where=where) if where else ""
    value = "" if error.value in (None, "") else pieces["value"].format(value=_text(error.value)[:_LONGEST])
    tail = pieces["remedy"].format(remedy=found.remedy) if found.remedy else ""
    return [f"{head}{found.wrong}{value}{tail}"]


def _text(value: object) -> str:
    if isinstance(value, tuple | list | set | frozenset):
        return ", ".join(str(each) for each in value)
    return str(value)
