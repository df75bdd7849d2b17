"""Findings that belong together: one incident with its members and its likely cause."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

from ovoo_contract.errors import ArtifactError, OvooError
from ovoo_contract.findings import Finding

__all__ = ["Grouper", "Incident", "incidents", "likely_cause"]

_SLACK_NS: Final = 900_000_000_000
"""Findings less than this apart still touch: detectors of one fault open one after the other."""
_SPAN_NS: Final = 12 * 3_600_000_000_000
"""A finding that starts later than this after the first of a group is another incident, though the first still
lasts."""
_KEPT_NS: Final = 2 * _SPAN_NS
_SYMPTOMS: Final = ("limit.", "energy.")


@dataclass(frozen=True, slots=True)
class Incident:
    """Findings that touch in time, at one asset or at assets that are linked; `first` opened first, `cause` is likely.

    Order of causes: a sensor whose signal another member names, else the member furthest upstream, else the earliest
    that is no mere symptom (a limit passed, energy lost).
    """

    first: Finding
    members: tuple[Finding, ...]
    cause: Finding


def likely_cause(members: Sequence[Finding], upstream: Mapping[str, Sequence[str]] | None = None) -> Finding:
    """The member that explains the others; whatever the order of `members`.

    Args:
        members: at least one.
        upstream: asset path -> paths of the assets that feed it.
    """
    links = upstream or {}

    def rank(each: Finding) -> tuple[int, int, bool, int, str]:
        others = [other for other in members if other is not each]
        convicted = _explains(each, others) if each.code.startswith("signal.") else 0
        fed = sum(each.asset.path in _above(other.asset.path, links) for other in others)
        return (-convicted, -fed, each.code.startswith(_SYMPTOMS), each.start_ns, each.id)

    return min(members, key=rank)


def incidents(findings: Iterable[Finding], upstream: Mapping[str, Sequence[str]] | None = None) -> list[Incident]:
    """Groups over assets: same asset, same line, or one feeds the other; a function of the set, in order of start.

    Members that a gateway has grouped already (`detail.group`) stay together.
    """
    links = upstream or {}
    groups: list[list[Finding]] = []
    for each in sorted(findings, key=lambda finding: (finding.start_ns, finding.id)):
        # one that stands between two assets brings their groups together
        homes = [group for group in groups if _belongs(each, group, links)]
        groups = [group for group in groups if group not in homes]
        joined = [member for group in homes for member in group]
        groups.append([*sorted(joined, key=lambda finding: (finding.start_ns, finding.id)), each])
    groups.sort(key=lambda group: (group[0].start_ns, group[0].id))
    return [Incident(group[0], tuple(group), likely_cause(group, links)) for group in groups]


class Grouper:
    """Groups the findings of one asset as they open, and says so in their `detail`.

    Every member carries `group`, the id of the finding that opened first. That one carries, once it is not alone,
    `members` (their model ids), `cause` (a code) and `cause_signal`. A member keeps its own code, window and figure:
    limits still alarm and kilowatt hours still count. Notes (`info`) stay out. The order of findings given together
    does not matter.
    """

    def __init__(self) -> None:
        self._groups: list[dict[str, Finding]] = []

    def take(self, opened_ns: int, found: Sequence[Finding]) -> list[Finding]:
        """The findings of one row with their group, and the first of each group whose members changed.

        opened_ns: time of the row, not below that of the last call.
        """
        self._forget(opened_ns)
        told: list[Finding] = []
        for each in sorted(found, key=lambda finding: (finding.start_ns, finding.id)):
            if each.severity == "info":
                told.append(each)
                continue
            group = self._home(each)
            joins = each.id not in group
            group[each.id] = each
            first = next(iter(group))
            told.append(self._marked(each, group))
            if joins and each.id != first:
                told.append(self._marked(group[first], group))
        return told

    def _home(self, finding: Finding) -> dict[str, Finding]:
        for group in self._groups:
            if finding.id in group:
                return group
        for group in self._groups:
            if _belongs(finding, [*group.values()], {}):
                return group
        self._groups.append({})
        return self._groups[-1]

    def _marked(self, finding: Finding, group: Mapping[str, Finding]) -> Finding:
        first = next(iter(group))
        detail: dict[str, str | float] = {**finding.detail, "group": first}
        if finding.id == first and len(group) > 1:
            cause = likely_cause([*group.values()])
            detail["members"] = " ".join(sorted(each.model for each in group.values()))
            detail["cause"] = cause.code
            signal = _signals(cause)
            if signal:
                detail["cause_signal"] = signal[0]
        return replace(finding, detail=detail)

    def _forget(self, now_ns: int) -> None:
        """Groups that can neither grow nor be told again: the latch reopens within its merge time only."""
        self._groups = [
            group
            for group in self._groups
            if any(each.open or each.end_ns >= now_ns - _KEPT_NS for each in group.values())
        ]

    def state(self) -> list[list[dict[str, object]]]:
        """The groups that are remembered, JSON-ready."""
        return [[each.to_dict() for each in group.values()] for group in self._groups]

    def load(self, state: Sequence[Sequence[Any]]) -> None:
        """Take `state()`; ArtifactError where it does not fit."""
        try:
            groups = [[Finding.from_dict(each) for each in group] for group in state]
        except (OvooError, TypeError) as error:
            raise ArtifactError("state does not fit", offender="grouping", value=str(error)) from error
        self._groups = [{each.id: each for each in group} for group in groups]


def _belongs(finding: Finding, group: Sequence[Finding], links: Mapping[str, Sequence[str]]) -> bool:
    told = finding.detail.get("group")
    if told and any(each.detail.get("group") == told for each in group):
        return True
    if not abs(finding.start_ns - group[0].start_ns) <= _SPAN_NS:
        return False
    return any(_touch(finding, each) and _linked(finding, each, links) for each in group)


def _touch(one: Finding, other: Finding) -> bool:
    first, second = sorted((one, other), key=lambda each: each.start_ns)
    return first.open or second.start_ns <= first.end_ns + _SLACK_NS


def _linked(one: Finding, other: Finding, links: Mapping[str, Sequence[str]]) -> bool:
    if (one.asset.enterprise, one.asset.site) != (other.asset.enterprise, other.asset.site):
        return False
    if (one.asset.area, one.asset.line) == (other.asset.area, other.asset.line):
        return True
    a, b = one.asset.path, other.asset.path
    return a in links.get(b, ()) or b in links.get(a, ())


def _above(path: str, links: Mapping[str, Sequence[str]]) -> set[str]:
    """Every asset upstream of `path`, however far."""
    seen: set[str] = set()
    todo = [*links.get(path, ())]
    while todo:
        each = todo.pop()
        if each not in seen:
            seen.add(each)
            todo += links.get(each, ())
    return seen


def _signals(finding: Finding) -> list[str]:
    names = ("signal", "signal_1", "signal_2", "signal_3")
    return [str(finding.detail[name]) for name in names if name in finding.detail]


def _explains(sensor: Finding, others: Sequence[Finding]) -> int:
    """How many of the others, at the same asset, name the signal of this finding."""
    mine = _signals(sensor)[:1]
    return sum(other.asset == sensor.asset and mine[0] in _signals(other) for other in others) if mine else 0
