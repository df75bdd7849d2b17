"""The frameworks a case can name: those of the packs, and before them compiled data: a centre's own, pinned ones."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from ovoo_contract.canonical import canonical_json, sha256_hex
from ovoo_contract.errors import PackError
from ovoo_packs import Framework, framework_names, load_framework
from ovoo_packs.framework_data import framework_from_data
from ovoo_packs.loader import framework_data

__all__ = ["Shelf", "split_reference"]


def split_reference(reference: str) -> tuple[str, str]:
    """Id and version of `id@version`; the version is empty where none is asked for."""
    name, _, version = reference.partition("@")
    return name, version


@dataclass(frozen=True, slots=True)
class Shelf:
    """`own`: compiled data by the reference a case uses, `id` or `id@version`; they go before the installed packs.

    They are a centre's own frameworks, and the editions that a case or an issued report is pinned to.
    """

    own: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)

    def framework(self, reference: str) -> Framework:
        """The framework that a case names.

        Raises:
            PackError: there is none of this name, or a pack has it in another version.
        """
        data = self.own.get(reference)
        if data is not None:
            content = canonical_json(data)
            return framework_from_data(json.loads(content), sha256_hex(content))  # numbers as whoever reads it has them
        name, version = split_reference(reference)
        if name not in framework_names():
            known = ", ".join([*framework_names(), *sorted(self.own)])
            raise PackError("no such framework", offender="frameworks", value=reference, remedy=f"one of {known}")
        found = load_framework(name)
        if version not in ("", found.version):
            remedy = f"{name}@{found.version} is the one at hand"
            raise PackError("no such version", offender="frameworks", value=reference, remedy=remedy)
        return found

    def carried(self, references: Sequence[str]) -> dict[str, Any]:
        """The compiled data of `references`: with them a snapshot is measured again by the rules it was made with.

        Raises:
            PackError: one of them is not at hand.
        """
        return {name: self._data(name) for name in references}

    def _data(self, reference: str) -> Mapping[str, Any]:
        return self.own[reference] if reference in self.own else framework_data(self.framework(reference).id)
