"""What routes and pages are called for people (zh.json, en.json), by operationId: for the record of access."""

from __future__ import annotations

import functools
import importlib.resources
import json
from collections.abc import Mapping
from typing import Final, Literal

__all__ = ["LANGUAGES", "catalogue", "name_of"]

Language = Literal["zh", "en"]
LANGUAGES: Final[tuple[Language, ...]] = ("zh", "en")


@functools.cache
def catalogue(language: Language) -> Mapping[str, str]:
    """All names of a language."""
    found: dict[str, str] = json.loads(
        importlib.resources.files(__name__).joinpath(f"{language}.json").read_text(encoding="utf-8")
    )
    return found


def name_of(operation: str, language: Language) -> str:
    """The name of an operation; a line of an older version that kept a path shows what it kept."""
    return catalogue(language).get(operation, operation)
