"""What changed between two editions of a framework, by the path of each rule."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

__all__ = ["Change", "changes"]


@dataclass(frozen=True, slots=True)
class Change:
    """A rule that is new, gone or another; `path` names it by ids, the absent side is None."""

    path: str
    before: Any
    after: Any


def changes(before: Mapping[str, Any], after: Mapping[str, Any]) -> list[Change]:
    """Every scalar of the compiled data that differs, in the order of its path; the version itself is left out."""
    earlier, later = (dict(_flat(data, "")) for data in (before, after))
    return [
        Change(path, earlier.get(path), later.get(path))
        for path in sorted(earlier.keys() | later.keys())
        if path != "version" and earlier.get(path) != later.get(path)
    ]


def _flat(value: Any, path: str) -> Iterator[tuple[str, Any]]:
    if isinstance(value, Mapping):
        for key, each in value.items():
            yield from _flat(each, f"{path}.{key}" if path else key)
    elif isinstance(value, list):
        for position, each in enumerate(value):
            yield from _flat(each, f"{path}[{_name(each, position)}]")
    else:
        yield path, value


def _name(each: Any, position: int) -> str:
    """An entry by its id or level, so that one put in between does not shift all that follow."""
    if isinstance(each, Mapping):
        return str(each.get("id", each.get("level", each.get("upto", position))))
    return str(position)
