"""What the recorded steps of a case say of its other rows: where it stands, on which consent, under which number."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from ovoo_contract.errors import VerifyError

from ovoo_cloud.access.roles import PERMISSIONS, Role
from ovoo_cloud.casework.exchange_rows import HEAD
from ovoo_cloud.casework.states import TRANSITIONS, State, Step
from ovoo_cloud.catalogue.case_tables import CaseStep
from ovoo_cloud.reports.naming import slug

__all__ = ["check_links"]

_REMEDY: Final = "export the case again; a file that was put together by hand is not taken"
_FROM_PROPOSED: Final = (Step.OBJECT, Step.CONFIRM, Step.ISSUE)
_INSTALLATION: Final = "installation"


@dataclass(slots=True)
class _Told:
    """What the steps so far come to."""

    grant: str = ""
    snapshot: str = ""
    measured: str = ""
    number: str = ""
    previous: str = ""
    sites: list[str] = field(default_factory=list)
    pinned: bool = False
    suspended_in: str = ""
    issued: dict[str, tuple[int, str]] = field(default_factory=dict)
    """Number -> newest revision and its date."""
    named: list[tuple[str, str, str]] = field(default_factory=list)
    """What the steps speak of: place, list and key."""


def check_links(
    head: Mapping[str, Any], lists: Mapping[str, Sequence[Mapping[str, Any]]], taken: Sequence[CaseStep]
) -> None:
    """Holds the rows of a case against its steps, which are a sound chain.

    Raises:
        VerifyError: naming the file and place of what no sequence of steps gives.
    """
    told = _Told()
    for place, step in enumerate(taken):
        where = f"steps.json[{place}]"
        _check_role(step, where)
        try:
            _take(told, step, where)
        except (KeyError, TypeError) as error:
            raise _refusal("not what this step decides", f"{where}.decision", error) from error
    known = {name: {each[key] for each in lists[name]} for name, key in _KEYS.items()}
    for where, name, key in told.named:
        if not isinstance(key, str) or key not in known[name]:
            raise _refusal(f"speaks of something that {name}.json does not hold", where, key)
    _check_file(head["file"], told, taken[-1])
    _check_rest(head, lists, known["snapshots"])
    _check_numbers(lists["numbers"], told)
    _check_parts(lists["parts"])
    _check_reports(head["file"], lists["reports"], told)


_KEYS: Final = {"grants": "id", "snapshots": "id", "editions": "sha256", "documents": "sha256"}


def _check_role(step: CaseStep, where: str) -> None:
    """Nobody takes a step that the law does not give to the role."""
    wanted = TRANSITIONS[Step(step.step)].permission
    if wanted is None:
        fits = step.role == _INSTALLATION
    else:
        fits = step.role in set(Role) and wanted in PERMISSIONS[Role(step.role)]
    if not fits:
        raise _refusal("this role does not take this step", f"{where}.role", step.role)


def _take(told: _Told, step: CaseStep, where: str) -> None:
    """Goes one step on."""
    decision, kind = step.decision, Step(step.step)
    told.named += _named(decision, kind, f"{where}.decision")
    match kind:
        case Step.APPLY:
            told.previous, told.sites = decision["previous"], decision["sites"]
        case Step.CONSENT | Step.RESUME:
            told.grant = decision["grant"]
        case Step.OPEN_INTAKE:
            told.pinned = True
        case Step.FREEZE:
            told.snapshot = told.measured = decision["snapshot"]
        case Step.PROPOSE:
            told.snapshot = decision["snapshot"]
        case Step.MOVE_EDITION:
            told.snapshot = ""
        case Step.SUSPEND:
            told.suspended_in = step.before
        case _ if kind in _FROM_PROPOSED and decision["snapshot"] != told.snapshot:
            raise _refusal("not the content that was laid before", f"{where}.decision.snapshot", decision["snapshot"])
    if kind in (Step.OBJECT, Step.REVISE):
        told.snapshot = told.measured
    if kind is Step.ISSUE:
        _issue(told, decision, where)


def _named(decision: Mapping[str, Any], kind: Step, where: str) -> Iterator[tuple[str, str, str]]:
    if kind in (Step.CONSENT, Step.RESUME):
        yield f"{where}.grant", "grants", decision["grant"]
    if kind in (Step.FREEZE, Step.PROPOSE):
        yield f"{where}.snapshot", "snapshots", decision["snapshot"]
    if kind is Step.OPEN_INTAKE:
        yield f"{where}.sha256", "editions", decision["sha256"]
    if kind is Step.ISSUE:
        yield f"{where}.snapshot_sha256", "snapshots", decision["snapshot_sha256"]
    if kind in (Step.SUBMIT, Step.VISIT):
        for place, code in enumerate(decision.get("documents", ())):
            yield f"{where}.documents[{place}]", "documents", code


def _issue(told: _Told, decision: Mapping[str, Any], where: str) -> None:
    number, revision = decision["number"], decision["revision"]
    if told.number not in ("", number) or revision != told.issued.get(number, (0, ""))[0] + 1:
        raise _refusal("not the next revision of its number", f"{where}.decision.revision", revision)
    told.number, told.issued[number] = number, (revision, decision["date"])


def _check_file(row: Mapping[str, Any], told: _Told, last: CaseStep) -> None:
    follows: dict[str, Any] = {
        "grant": told.grant, "snapshot": told.snapshot, "number": told.number, "previous": told.previous,
        "sites": told.sites,
    }  # fmt: skip
    if last.after == State.SUSPENDED:
        follows["resume_state"] = told.suspended_in
    for name, value in follows.items():
        if row[name] != value:
            raise _refusal("does not follow from the steps", f"{HEAD} file.{name}", row[name])
    if bool(row["edition"]) != told.pinned:
        raise _refusal("does not follow from the steps", f"{HEAD} file.edition", row["edition"])


def _check_rest(head: Mapping[str, Any], lists: Mapping[str, Sequence[Mapping[str, Any]]], snapshots: set[str]) -> None:
    row = head["file"]
    places = {each["id"] for each in head["sites"]}
    for name in sorted(set(row["sites"]) - places):
        raise _refusal("a site that did not come along", f"{HEAD} file.sites", name)
    if head["case"]["site"] not in row["sites"]:
        raise _refusal("not a site of the case", f"{HEAD} case.site", head["case"]["site"])
    if head["case"]["status"] != row["state"]:
        raise _refusal("does not follow from the steps", f"{HEAD} case.status", head["case"]["status"])
    pinned = {"name": row["framework"], "sha256": row["edition"]}
    if row["edition"] and not any(pinned.items() <= each.items() for each in lists["editions"]):
        raise _refusal("an edition that did not come along", f"{HEAD} file.edition", row["edition"])
    for place, each in enumerate(lists["reviews"]):
        if each["snapshot"] not in snapshots:
            raise _refusal("speaks of a snapshot that did not come along", f"reviews.json[{place}]", each["snapshot"])


def _check_numbers(rows: Iterable[Mapping[str, Any]], told: _Told) -> None:
    """The register gives exactly the numbers that were issued: an import claims no other."""
    listed = {each["number"]: (each["revision"], each["issue_date"]) for each in rows}
    for number in sorted({*listed, *told.issued}):
        if listed.get(number) != told.issued.get(number):
            raise _refusal("not what the steps issued", "numbers.json", number)


def _check_parts(rows: Iterable[Mapping[str, Any]]) -> None:
    found: dict[str, list[int]] = {}
    for each in rows:
        found.setdefault(each["part"], []).append(each["version"])
    for part, versions in sorted(found.items()):
        if sorted(versions) != list(range(1, len(versions) + 1)):
            raise _refusal("a version is left out", "parts.json", f"{part} {sorted(versions)}")


def _check_reports(row: Mapping[str, Any], rows: Sequence[Mapping[str, Any]], told: _Told) -> None:
    """Every revision that was issued is there, once, under the name that the house gives it."""
    for place, each in enumerate(rows):
        where = f"reports.json[{place}]"
        if each["id"] != f"{slug(each['number'])}-r{each['revision']}":
            raise _refusal("not the name of this number and revision", f"{where}.id", each["id"])
        if each["site"] not in row["sites"]:
            raise _refusal("not a site of the case", f"{where}.site", each["site"])
    there = {(each["number"], each["revision"]) for each in rows}
    issued = {(number, one + 1) for number, (newest, _) in told.issued.items() for one in range(newest)}
    for number, revision in sorted(issued - there):
        raise _refusal("an issued report did not come along", "reports.json", f"{number} revision {revision}")


def _refusal(message: str, where: str, value: Any) -> VerifyError:
    return VerifyError(message, offender=where, value=str(value)[:80], remedy=_REMEDY)
