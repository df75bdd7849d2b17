"""The rows of registers that rules look at beside the row in hand: each register read once, its rows found by value."""

from __future__ import annotations

import functools
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, Final

from sqlalchemy import select
from sqlalchemy.orm import Session

from ovoo_cloud.catalogue.centre_tables import RegisterEntry
from ovoo_cloud.centre.kinds import Kind
from ovoo_cloud.centre.own_kinds import kinds_in

__all__ = ["StandingRows"]

Content = Mapping[str, Any]
_Part = tuple[str, bool]
"""A register, and whether its withdrawn rows count."""
_NONE: Final[Mapping[str, Content]] = MappingProxyType({})


class StandingRows:
    """Rows of registers, as they stand while one transaction writes: those in force, and those ever registered.

    A register is read when it is first asked for. Whoever writes a row meanwhile tells it by `put`, so that a file of
    many rows reads its registers once and not once a row.
    """

    def __init__(self, session: Session) -> None:
        self.session = session
        self._registers: dict[_Part, dict[str, Content]] = {}
        self._groups: dict[tuple[_Part, tuple[str, ...]], dict[tuple[Any, ...], dict[str, Content]]] = {}

    @functools.cached_property
    def kinds(self) -> Mapping[str, Kind]:
        """All kinds of registers by id, which no row of a register changes."""
        return kinds_in(self.session)

    def alike(self, kind: str, **wanted: Any) -> Mapping[str, Content]:
        """The rows of a register by id that hold these values and are not withdrawn."""
        return self._found((kind, False), wanted)

    def ever_alike(self, kind: str, **wanted: Any) -> Mapping[str, Content]:
        """The rows of a register by id that hold these values, withdrawn ones too."""
        return self._found((kind, True), wanted)

    def _found(self, part: _Part, wanted: Mapping[str, Any]) -> Mapping[str, Content]:
        names = tuple(sorted(wanted))
        groups = self._groups.get((part, names))
        if groups is None:
            groups = self._groups[part, names] = {}
            for entry_id, content in self._register(part).items():
                groups.setdefault(_values(names, content), {})[entry_id] = content
        return groups.get(_values(names, wanted), _NONE)

    def put(self, row: RegisterEntry) -> None:
        """Takes in a row as it was just written."""
        for part in ((row.kind, False), (row.kind, True)):
            if part in self._registers:  # else nobody asked for it yet: it is read with this row in it
                self._put(part, row.id, None if row.withdrawn and not part[1] else row.content)

    def _put(self, part: _Part, entry_id: str, after: Content | None) -> None:
        register = self._registers[part]
        before = register.pop(entry_id, None)
        if after is not None:
            register[entry_id] = after
        for (grouped, names), groups in self._groups.items():
            if grouped != part:
                continue
            if before is not None:
                groups[_values(names, before)].pop(entry_id)
            if after is not None:
                groups.setdefault(_values(names, after), {})[entry_id] = after

    def _register(self, part: _Part) -> dict[str, Content]:
        if part not in self._registers:
            kind, withdrawn = part
            query = select(RegisterEntry.id, RegisterEntry.content).where(RegisterEntry.kind == kind)
            if not withdrawn:
                query = query.where(RegisterEntry.withdrawn.is_(False))
            self._registers[part] = {row.id: row.content for row in self.session.execute(query)}
        return self._registers[part]


def _values(names: tuple[str, ...], content: Content) -> tuple[Any, ...]:
    return tuple(content.get(name) for name in names)
