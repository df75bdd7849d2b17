"""How many rows an answer holds: told by its route to the recorders around it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

__all__ = ["count_rows", "rows_told"]

_ROWS: Final = "rows_taken"


def count_rows(request_state: Any, rows: int) -> None:
    """Tells the recorders how many rows an answer holds that is no CSV; `request_state` is `request.state`."""
    setattr(request_state, _ROWS, rows)


def rows_told(state: Mapping[str, Any]) -> int | None:
    """What the route told, None when it did not."""
    told = state.get(_ROWS)
    return told if isinstance(told, int) else None
