"""What a report says of itself where no case leads to it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

__all__ = ["WORKING", "is_working"]

WORKING: Final = "working"
"""The status of a report that was made outside the steps of a case: nobody reviewed, confirmed or issued it."""


def is_working(told: Mapping[str, Any]) -> bool:
    """Whether the `issue` of a snapshot, or the summary of a kept report, says that nobody issued it."""
    return bool(told.get("status") == WORKING)
