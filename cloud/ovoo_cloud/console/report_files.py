"""The files of a report's bundle as people are offered them."""

from __future__ import annotations

import pathlib
from collections.abc import Iterable
from typing import Final

__all__ = ["CENTRE", "reading_order", "shown_files"]

_KINDS: Final = (".pdf", ".docx", ".xlsx", ".html", ".json")
CENTRE: Final = ".centre."
"""In the name of a file of the copy without trade secrets."""


def shown_files(names: Iterable[str]) -> list[str]:
    """What people read; the rest of the bundle is there for `verify`, through the API."""
    return reading_order(name for name in names if name.startswith("report.") and name.endswith(_KINDS))


def reading_order(names: Iterable[str]) -> list[str]:
    """The whole report before the centre's copy, its own language before the translation, and in each the PDF first."""
    return sorted(names, key=lambda name: (CENTRE in name, name.count("."), _kind(name), name))


def _kind(name: str) -> int:
    return _KINDS.index(pathlib.PurePath(name).suffix)
