"""Facts of an enterprise from a centre's own registers, as conditions of policies name them: `own_credit.grade`."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from decimal import Decimal, InvalidOperation
from typing import Any

from ovoo_contract.errors import ConfigError
from sqlalchemy.orm import Session

from ovoo_cloud.centre.conditions import is_own
from ovoo_cloud.centre.kinds import Field, Label
from ovoo_cloud.centre.matching import Offer
from ovoo_cloud.centre.own_kinds import kinds_in
from ovoo_cloud.centre.register_history import rows_at

__all__ = ["condition_fault", "fact_fields", "fact_labels", "own_facts"]


def own_facts(
    session: Session, enterprise: str, offers: Iterable[Offer], at_ns: int | None = None
) -> dict[str, str | None]:
    """What the own registers say of an enterprise, only of what a condition of these offers asks; None: nothing.

    As they stood at `at_ns` (ns UTC); None is now.
    """
    asked = {
        condition["fact"]
        for offer in offers
        for condition in offer.content.get("conditions") or []
        if is_own(condition["fact"])
    }
    known = _facts(session)
    found: dict[str, str | None] = {}
    names = sorted(asked & known.keys())
    stood = rows_at(session, {fact.partition(".")[0] for fact in names}, at_ns) if names else ()
    own = {row.kind: row.content for row in stood if row.enterprise == enterprise}
    for fact in names:
        kind, _, name = fact.partition(".")
        value = own.get(kind, {}).get(name)
        found[fact] = None if value is None else str(value)
    return found


def fact_labels(session: Session, facts: Iterable[str]) -> dict[str, Label]:
    """The words of own facts: register and column."""
    known = _facts(session)
    return {fact: known[fact][1] for fact in facts if fact in known}


def fact_fields(session: Session, facts: Iterable[str]) -> dict[str, Field]:
    """The columns of own facts, whose values have words."""
    known = _facts(session)
    return {fact: known[fact][0] for fact in facts if fact in known}


def condition_fault(session: Session, condition: Mapping[str, Any]) -> ConfigError | None:
    """What is wrong with a condition on an own fact: no such fact, or values that its column cannot have."""
    known, fact = _facts(session), condition["fact"]
    if fact not in known:
        remedy = ", ".join(known) or "no own register has a fact: mark a column with fact: true"
        return ConfigError("no such fact", offender="conditions", value=fact, remedy=remedy)
    field = known[fact][0]
    for value in condition["values"]:
        if field.values and value not in field.values:
            return ConfigError("no such value", offender="conditions", value=value, remedy=", ".join(field.values))
        if field.type in ("integer", "decimal") and not _numeric(value):
            return ConfigError("not a number", offender="conditions", value=value, remedy="digits only")
    if condition["sign"] in (">=", "<=") and field.type not in ("integer", "decimal"):
        return ConfigError("not a number", offender="conditions", value=fact, remedy="ask with = or in")
    return None


def _facts(session: Session) -> dict[str, tuple[Field, Label]]:
    return {
        f"{kind.id}.{field.id}": (
            field,
            Label(f"{kind.label.zh}·{field.label.zh}", f"{kind.label.en}: {field.label.en}"),
        )
        for kind in kinds_in(session).values()
        if kind.version and not kind.retired
        for field in kind.fields
        if field.fact
    }


def _numeric(text: str) -> bool:
    try:
        return Decimal(text).is_finite()
    except InvalidOperation:
        return False
