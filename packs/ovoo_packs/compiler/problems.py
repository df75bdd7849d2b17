"""Collects what is wrong with the sources so that all of it is reported at once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from ovoo_contract.errors import PackError

__all__ = ["PackErrors", "Place", "Problems"]


@dataclass(frozen=True, slots=True)
class Place:
    """A spot in a source file; `line` counts from 1."""

    file: str
    line: int

    def __str__(self) -> str:
        return f"{self.file}:{self.line}"


class PackErrors(PackError):
    """Every problem of every file, in file and line order."""

    def __init__(self, errors: Sequence[PackError]) -> None:
        self.errors = tuple(errors)
        count = len(self.errors)
        super().__init__(f"{count} problem{'s' if count != 1 else ''} in the pack sources")

    def __str__(self) -> str:
        return "\n".join(str(error) for error in self.errors)


@dataclass(slots=True)
class Problems:
    """Grows while files are checked; `close()` raises if anything was found."""

    _found: list[tuple[str, int, PackError]] = field(default_factory=list)

    def add(self, place: Place, key: str, message: str, value: object, remedy: str) -> None:
        """Notes a problem of `key` at `place`."""
        error = PackError(message, offender=f"{place} {key}".rstrip(), value=value, remedy=remedy)
        self._found.append((place.file, place.line, error))

    def __len__(self) -> int:
        return len(self._found)

    @property
    def found(self) -> tuple[PackError, ...]:
        """Everything noted so far, in file and line order."""
        return tuple(error for _, _, error in sorted(self._found, key=lambda each: each[:2]))

    def close(self) -> None:
        """Raises PackErrors with everything noted so far."""
        if self._found:
            raise PackErrors(self.found)
