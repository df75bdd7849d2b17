"""Where a fact comes from, and whether it may be printed without a caveat."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

__all__ = ["Mark", "SourceRef"]

Mark = Literal["S", "M", "I", "X"]
_CAVEATS = ("verify", "conflict", "single source")


@dataclass(frozen=True, slots=True)
class SourceRef:
    """A source with its evidence mark: S seen, M from memory, I inferred, X measured by us.

    `valid_from` and `valid_to` are ISO dates or None (unknown or open end); `valid_to` is inclusive.
    """

    text: str
    edition: str
    valid_from: str | None
    valid_to: str | None
    mark: Mark
    note: str = ""

    @property
    def reference_only(self) -> bool:
        """True unless the fact was seen in a source and no caveat stands beside it (CONTRACT 9)."""
        note = self.note.lower()
        return self.mark != "S" or any(word in note for word in _CAVEATS)

    def in_force(self, day: str) -> bool:
        """Whether ISO date `day` lies in the validity period; an unknown bound does not exclude."""
        return (self.valid_from is None or self.valid_from <= day) and (self.valid_to is None or day <= self.valid_to)

    @classmethod
    def from_data(cls, data: Mapping[str, Any]) -> SourceRef:
        """The source of compiled JSON."""
        return cls(
            text=data["text"],
            edition=data["edition"],
            valid_from=data["valid_from"],
            valid_to=data["valid_to"],
            mark=data["mark"],
            note=data["note"],
        )
