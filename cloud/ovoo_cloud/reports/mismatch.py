"""One thing that does not hold in a bundle."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["Mismatch"]


@dataclass(frozen=True, slots=True)
class Mismatch:
    """One thing that does not hold. `kind` is file, figure, evidence, entry, score, document or store.

    `moved`: it follows from samples that came into the store, or went from it, since the report was made.
    """

    kind: str
    name: str
    detail: str
    moved: bool = False

    def __str__(self) -> str:
        return f"{self.kind} {self.name}: {self.detail}"
