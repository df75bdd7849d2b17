"""The data catalogue: what there is, of which category and class, by which rule.

The gateway's configuration gives each signal its class. Rules of the register `data_rule` classify by the start of the
address (area, machine or signal below the enterprise; `*` is everything): the longest that fits counts, for category
and class. A rule that lowers the gateway's class is shown as one that does.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from ovoo_cloud.access.scope import Scope
from ovoo_cloud.catalogue import signals as signal_rows
from ovoo_cloud.catalogue.centre_tables import RegisterEntry
from ovoo_cloud.catalogue.tables import SignalRecord

__all__ = [
    "CLASSES",
    "Classified",
    "Rule",
    "as_row",
    "catalogue_of",
    "classify",
    "highest_class",
    "rules_of",
    "summary",
]

CLASSES: Final = ("general", "important", "core")
"""From the least to the greatest protection."""


@dataclass(frozen=True, slots=True)
class Rule:
    """One row of the register."""

    id: str
    version: int
    pattern: str
    data_class: str
    category: str
    reason: str

    def fits(self, path: str) -> bool:
        """Whether a path below the enterprise begins with the pattern, at the border of a part."""
        return self.pattern == "*" or path == self.pattern or path.startswith(f"{self.pattern}/")


@dataclass(frozen=True, slots=True)
class Classified:
    """One signal with its class in force; `rule` None where the gateway's own class counts."""

    address: str
    name_zh: str
    name_en: str
    unit: str
    measurement: str
    given: str
    data_class: str
    category: str
    rule: Rule | None

    @property
    def lowered(self) -> bool:
        """Whether a rule protects it less than the gateway says."""
        return rank(self.data_class) < rank(self.given)


def rank(data_class: str) -> int:
    """0 to 2; a class that is not known counts as the highest."""
    return CLASSES.index(data_class) if data_class in CLASSES else len(CLASSES) - 1


def rules_of(session: Session, enterprise: str) -> list[Rule]:
    """The rules of an enterprise, the longest pattern first."""
    query = select(RegisterEntry).where(
        RegisterEntry.kind == "data_rule", RegisterEntry.enterprise == enterprise, RegisterEntry.withdrawn.is_(False)
    )
    found = [
        Rule(row.id, row.version, row.content["pattern"].strip("/") or "*", row.content["class"],
             row.content["category"], row.content["reason"])
        for row in session.scalars(query)
    ]  # fmt: skip
    return sorted(found, key=lambda rule: (rule.pattern == "*", -len(rule.pattern), -rank(rule.data_class), rule.id))


def classify(record: SignalRecord, rules: Sequence[Rule]) -> Classified:
    """The signal by the first rule that fits; `rules` as `rules_of` orders them."""
    path = record.address.split("/", 1)[1]
    rule = next((each for each in rules if each.fits(path)), None)
    return Classified(
        record.address, record.name_zh, record.name_en, record.unit, record.measurement, record.data_class,
        record.data_class if rule is None else rule.data_class, "" if rule is None else rule.category, rule,
    )  # fmt: skip


def catalogue_of(session: Session, scope: Scope, enterprise: str) -> list[Classified]:
    """Every signal of an enterprise by address."""
    rows = signal_rows.signals(session, scope, enterprise)
    rules = rules_of(session, enterprise)
    return [classify(row, rules) for row in sorted(rows, key=lambda row: row.address)]


def summary(found: Iterable[Classified]) -> dict[str, Any]:
    """Counts by class, and per site and machine the highest class."""
    classes: Counter[str] = Counter()
    highest: dict[str, str] = {}
    lowered = 0
    for each in found:
        classes[each.data_class] += 1
        lowered += each.lowered
        parts = each.address.split("/")
        for place in ("/".join(parts[:2]), "/".join(parts[:-1])):
            highest[place] = max(highest.get(place, CLASSES[0]), each.data_class, key=rank)
    return {
        "classes": {name: classes[name] for name in CLASSES},
        "lowered": lowered,
        "places": dict(sorted(highest.items())),
    }


def highest_class(session: Session, enterprise: str, start: Sequence[str] = ("",)) -> str:
    """The highest class in force of the signals whose path below the enterprise begins with one of `start`.

    An enterprise without such signals gives `general`: there is nothing to protect.
    """
    rules = rules_of(session, enterprise)
    found = CLASSES[0]
    query = select(SignalRecord).where(SignalRecord.enterprise == enterprise)
    if all(start):
        paths = [f"{enterprise}/{each}" for each in start]
        below = [SignalRecord.address.startswith(f"{path}/", autoescape=True) for path in paths]
        query = query.where(or_(SignalRecord.address.in_(paths), *below))
    for row in session.scalars(query):
        found = max(found, classify(row, rules).data_class, key=rank)
    return found


def as_row(each: Classified) -> Mapping[str, Any]:
    """Plain data of one signal."""
    return {
        "address": each.address,
        "name_zh": each.name_zh,
        "name_en": each.name_en,
        "unit": each.unit,
        "measurement": each.measurement,
        "class": each.data_class,
        "class_of_gateway": each.given,
        "category": each.category,
        "rule": None if each.rule is None else each.rule.id,
        "rule_version": None if each.rule is None else each.rule.version,
        "reason": "" if each.rule is None else each.rule.reason,
        "lowered": each.lowered,
    }
