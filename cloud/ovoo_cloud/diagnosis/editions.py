"""Editions of our own measuring rules: what was issued by an earlier one is measured again by that one."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

__all__ = ["FIRST", "LATEST", "edition_of"]

FIRST: Final = 1
"""Stillness of whole machines only; every acknowledgement counts; the last word on a clock."""
LATEST: Final = 2
"""Doubtful minutes by signal, acknowledgements that were read, clocks over the whole window."""


def edition_of(snapshot: Mapping[str, Any]) -> int:
    """The edition that a snapshot was measured by; one from before there were editions has the first.

    >>> edition_of({}), edition_of({"method_edition": 2})
    (1, 2)
    """
    return int(snapshot.get("method_edition", FIRST))
