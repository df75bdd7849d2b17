"""What an enterprise declares a trade secret: groups, documents, rows and figures, each of the ticked ones with why."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final, Literal

from ovoo_cloud.diagnosis.intake import IntakeReader

__all__ = [
    "FIGURE_HEADS",
    "KINDS",
    "SECRET_GROUPS",
    "Kind",
    "Ticked",
    "TradeSecrets",
    "read_secrets",
    "unknown_secrets",
    "with_groups",
]

SECRET_GROUPS: Final = ("products", "costs", "finance")
"""What an enterprise may keep from the centre's copy of the report as a whole."""
Kind = Literal["documents", "products", "finance", "figures"]
KINDS: Final[dict[Kind, str]] = {"documents": "document", "products": "product", "finance": "year", "figures": "figure"}
"""What may be ticked one by one, each with the field that names it."""
FIGURE_HEADS: Final = (
    "action", "assessment", "consumer", "cost", "data", "energy", "equipment", "findings", "handling", "links", "load",
    "machine", "model_days", "network", "norm", "oee", "per_output", "product", "readiness", "running", "safety",
    "saving", "scene", "score", "security", "window",
)  # fmt: skip
"""How the ids of figures begin; such a beginning stands for all figures below it."""
_LONGEST: Final = 400
_FIGURE: Final = re.compile(r"[a-z_]+(\.[^.\s]+)*")


@dataclass(frozen=True, slots=True)
class Ticked:
    """One secret: its kind, its name (a document, product id, year or figure id), why, and where it was told."""

    kind: Kind
    name: str
    reason: str
    place: str


@dataclass(frozen=True, slots=True)
class TradeSecrets:
    """The groups that are kept, and what was ticked beside them."""

    groups: tuple[str, ...] = SECRET_GROUPS
    ticked: tuple[Ticked, ...] = ()

    def names(self, kind: Kind) -> tuple[str, ...]:
        """What was ticked of one kind, in the order of the intake."""
        return tuple(each.name for each in self.ticked if each.kind == kind)


def with_groups(content: Mapping[str, Any]) -> Mapping[str, Any]:
    """A part whose secrets are told as a list of groups, as before there was a form, in the words of the form.

    >>> with_groups({"trade_secrets": ["costs"]})["trade_secrets"]
    {'groups': {'products': 'false', 'costs': 'true', 'finance': 'false'}}
    """
    told = content.get("trade_secrets")
    if not isinstance(told, list):
        return content
    groups = {each: "true" if each in told else "false" for each in SECRET_GROUPS}
    return {**content, "trade_secrets": {"groups": groups}}


def read_secrets(top: IntakeReader) -> TradeSecrets:
    """The section `trade_secrets`; a list names groups only, as it did before there was a form; without it all groups.

    Every mistake is recorded at its field: a group, year or figure that is none, no reason, one thing twice.
    """
    top.seen.add("trade_secrets")
    if not top.has("trade_secrets"):
        return TradeSecrets()
    if not isinstance(top.data["trade_secrets"], dict):
        return TradeSecrets(_listed_groups(top))
    section = top.child("trade_secrets")
    if section is None:
        return TradeSecrets()
    groups = _told_groups(section)
    ticked = tuple(each for kind, field in KINDS.items() for each in _ticked(section, kind, field))
    section.finish()
    return TradeSecrets(groups, ticked)


def _listed_groups(top: IntakeReader) -> tuple[str, ...]:
    named = top.names("trade_secrets")
    if any(each not in SECRET_GROUPS for each in named):
        known = ", ".join(SECRET_GROUPS)
        top.fail("trade_secrets", "no such group", f"use some of: {known}", code="intake.no_such_group", known=known)
    return named


def _told_groups(section: IntakeReader) -> tuple[str, ...]:
    """Every group that is not said to be open."""
    reader = section.child("groups")
    if reader is None:
        return SECRET_GROUPS
    kept = tuple(each for each in SECRET_GROUPS if reader.boolean(each, True))
    reader.finish()
    return kept


def _ticked(section: IntakeReader, kind: Kind, field: str) -> Iterator[Ticked]:
    named: set[str] = set()
    for row in section.children(kind):
        name, reason = row.text(field), row.text("reason").strip()
        row.finish()
        if len(reason) > _LONGEST:
            remedy = f"at most {_LONGEST} characters"
            row.fail("reason", "too long a reason", remedy, code="intake.reason_too_long", longest=_LONGEST)
        if name in named:
            row.fail(field, "ticked twice", "keep one of the rows", code="intake.secret_twice", name=name)
        if kind == "figures" and name and not _is_figure(name):
            known = ", ".join(FIGURE_HEADS)
            row.fail(field, "no such figure", f"begin with one of: {known}", code="intake.no_such_figure", known=known)
        named.add(name)
        yield Ticked(kind, name, reason, f"{row.path}.{field}")


def _is_figure(name: str) -> bool:
    return _FIGURE.fullmatch(name) is not None and name.partition(".")[0] in FIGURE_HEADS


def unknown_secrets(
    secrets: TradeSecrets, products: Iterable[str], years: Iterable[str], documents: Iterable[str] | None = None
) -> Iterator[tuple[Ticked, tuple[str, ...]]]:
    """Ticked rows and documents that the case does not have, each with what it has.

    Args:
        documents: names of the documents that were uploaded; None where nobody keeps them.
    """
    has: dict[Kind, tuple[str, ...]] = {"products": tuple(products), "finance": tuple(years)}
    if documents is not None:
        has["documents"] = tuple(sorted(documents))
    for each in secrets.ticked:
        if each.kind in has and each.name not in has[each.kind]:
            yield each, has[each.kind]
