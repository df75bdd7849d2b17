"""Two who write answers of further frameworks at once: what does not touch the same item is joined, item by item."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import pairwise
from typing import Any, Final

from ovoo_contract.errors import Stale
from sqlalchemy import select
from sqlalchemy.orm import Session

from ovoo_cloud.access.scope import Scope
from ovoo_cloud.casework import parts
from ovoo_cloud.catalogue.case_tables import CaseFile, CasePart

__all__ = ["joined", "write_part"]

_ITEM: Final = 4
"""An item lies this deep: part, framework, section (answers, scenes, machines), id."""
_Path = tuple[str, ...]
_GONE: Final = object()


def write_part(
    session: Session,
    scope: Scope,
    row: CaseFile,
    part: str,
    content: Mapping[str, Any],
    seen_version: int,
    now_ns: int,
) -> CasePart:
    """Writes the next version of a part as `parts.put_part` does; that of further frameworks is joined where it can be.

    All further frameworks share a part, and each may be told by another expert. Where somebody wrote a later version
    and no item was changed in both, what is written is that version with the items that were changed here.

    Raises:
        Conflict: the intake of the case is not open.
        Stale: there is a later version, and it is not the part of further frameworks or an item was changed in both.
        ConfigErrors: the content cannot be read as these sections.
    """
    try:
        return parts.put_part(session, scope, row, part, content, seen_version, now_ns)
    except Stale:
        theirs = parts.newest(session, row, part)
        before = _content(session, row, part, seen_version)
        if part != parts.FURTHER or theirs is None or before is None:
            raise
        both = joined(before, content, theirs.content)
        if both is None:
            raise
        return parts.put_part(session, scope, row, part, both, theirs.version, now_ns)


def _content(session: Session, row: CaseFile, part: str, version: int) -> Mapping[str, Any] | None:
    """What a version held: nothing before the first one, None where there was no such version."""
    query = select(CasePart).where(CasePart.case == row.case, CasePart.part == part, CasePart.version == version)
    found = session.scalars(query).first()
    return found.content if found is not None else {} if version == 0 else None


def joined(before: Mapping[str, Any], mine: Mapping[str, Any], theirs: Mapping[str, Any]) -> dict[str, Any] | None:
    """The part with the items that either side changed since `before`; None where both changed one, each otherwise.

    >>> before = {"assessments": {"a": {"answers": {"x": 1}}}}
    >>> mine = {"assessments": {"a": {"answers": {"x": 2}}}}
    >>> theirs = {"assessments": {"a": {"answers": {"x": 1}}, "b": {"answers": {"y": 3}}}}
    >>> joined(before, mine, theirs)
    {'assessments': {'a': {'answers': {'x': 2}}, 'b': {'answers': {'y': 3}}}}
    >>> joined(before, mine, {"assessments": {"a": {"answers": {"x": 4}}}}) is None
    True
    """
    was, own, other = (dict(_items(each)) for each in (before, mine, theirs))
    chosen: dict[_Path, Any] = {}
    for path in dict.fromkeys([*other, *own]):
        old, new, later = (each.get(path, _GONE) for each in (was, own, other))
        if new not in (old, later) and later != old:
            return None
        value = later if new == old else new
        if value is not _GONE:
            chosen[path] = value
    return _nested(chosen)


def _items(content: Any, path: _Path = ()) -> Iterator[tuple[_Path, Any]]:
    """Every item by its path; what is no section where one should be counts as one item."""
    if len(path) < _ITEM and isinstance(content, Mapping):
        for name, each in content.items():
            yield from _items(each, (*path, name))
    else:
        yield path, content


def _nested(items: Mapping[_Path, Any]) -> dict[str, Any] | None:
    """The sections of the items; None where one item stands where another has its section."""
    if any(later[: len(path)] == path for path, later in pairwise(sorted(items))):
        return None
    found: dict[str, Any] = {}
    for path, value in items.items():
        section = found
        for step in path[:-1]:
            section = section.setdefault(step, {})
        section[path[-1]] = value
    return found
