"""The rows of registers that rules look at beside the row in hand: each register read once, its rows found by value."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, Final

from sqlalchemy import select
from sqlalchemy.orm import Session

from ovoo_cloud.catalogue.centre_tables import RegisterEntry

__all__ = ["StandingRows"]

Content = Mapping[str, Any]
_NONE: Final[Mapping[str, Content]] = MappingProxyType({})


class StandingRows:
    """Rows that are not withdrawn, as they stand while one transaction writes.

    A register is read when it is first asked for. Whoever writes a row meanwhile tells it by `put`, so that a file of
    many rows reads its registers once and not once a row.
    """

    def __init__(self, session: Session) -> None:
        self.session = session
        self._registers: dict[str, dict[str, Content]] = {}
        self._groups: dict[tuple[str, tuple[str, ...]], dict[tuple[Any, ...], dict[str, Content]]] = {}

    def alike(self, kind: str, **wanted: Any) -> Mapping[str, Content]:
        """The rows of a register by id that hold these values."""
        names = tuple(sorted(wanted))
        groups = self._groups.get((kind, names))
        if groups is None:
            groups = self._groups[kind, names] = {}
            for entry_id, content in self._register(kind).items():
                groups.setdefault(_values(names, content), {})[entry_id] = content
        return groups.get(_values(names, wanted), _NONE)

    def put(self, row: RegisterEntry) -> None:
        """Takes in a row as it was just written."""
        register = self._registers.get(row.kind)
        if register is None:
            return  # nobody asked for it yet: it is read with this row in it
        before = register.pop(row.id, None)
        after = None if row.withdrawn else row.content
        if after is not None:
            register[row.id] = after
        for (kind, names), groups in self._groups.items():
            if kind != row.kind:
                continue
            if before is not None:
                groups[_values(names, before)].pop(row.id)
            if after is not None:
                groups.setdefault(_values(names, after), {})[row.id] = after

    def _register(self, kind: str) -> dict[str, Content]:
        if kind not in self._registers:
            query = select(RegisterEntry.id, RegisterEntry.content).where(
                RegisterEntry.kind == kind, RegisterEntry.withdrawn.is_(False)
            )
            self._registers[kind] = {row.id: row.content for row in self.session.execute(query)}
        return self._registers[kind]


def _values(names: tuple[str, ...], content: Content) -> tuple[Any, ...]:
    return tuple(content.get(name) for name in names)
