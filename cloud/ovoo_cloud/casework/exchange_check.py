"""What a case that comes from elsewhere must hold: its rows, files and steps agree, and nothing else came along."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from ovoo_contract.canonical import sha256_hex
from ovoo_contract.errors import VerifyError

from ovoo_cloud.casework import freezing, steps
from ovoo_cloud.casework.archive import numbers_back
from ovoo_cloud.casework.states import Step
from ovoo_cloud.catalogue.case_tables import CaseStep
from ovoo_cloud.reports.bundle import MANIFEST

__all__ = ["checked"]

Rows = Mapping[str, Sequence[Mapping[str, Any]]]


def checked(files: Mapping[str, bytes], names: Sequence[str]) -> tuple[dict[str, Any], dict[str, list[dict[str, Any]]]]:
    """The head and the lists of a case, once everything in them fits.

    Raises:
        VerifyError: a step against the law, a row of another case or enterprise, a file that is changed, missing or
            too much, a report that is not the one that was issued, or anything that cannot be read.
    """
    try:
        head: dict[str, Any] = json.loads(files["case.json"])
        lists = {name: json.loads(files[f"{name}.json"]) for name in names}
        taken = [CaseStep(**numbers_back(each)) for each in lists["steps"]]
        state = steps.check_chain(taken)
        if (head["file"]["state"], head["file"]["version"]) != (state.value, len(taken)):
            raise VerifyError("the state does not follow from the steps", offender="case.json")
        _check_owners(head, lists)
        _check_further(head["file"].get("further"), lists["editions"], taken)
        known = {"case.json", *(f"{name}.json" for name in names)}
        known.update(_checked_files(files, lists))
        known.update(_checked_reports(files, lists, taken))
        for name in sorted(set(files) - known):
            raise VerifyError("no row of the case names this file", offender=name, remedy="export it again")
    except (KeyError, TypeError, ValueError, AttributeError, IndexError, RecursionError) as error:
        raise VerifyError("incomplete", offender="case", value=str(error)[:80], remedy="export it again") from error
    return head, lists


def _check_owners(head: Mapping[str, Any], lists: Rows) -> None:
    """One case of one enterprise, in every row."""
    rows = [each for name in lists for each in lists[name]]
    owned = {head["case"]["id"], head["file"]["case"], *(each["case"] for each in rows)}
    if len(owned) != 1:
        raise VerifyError("rows of another case", offender="case.json", value=sorted(owned))
    companies = {head["enterprise"]["id"], head["case"]["enterprise"], head["file"]["enterprise"]}
    companies |= {each["enterprise"] for each in [*rows, *head["sites"]] if "enterprise" in each}
    if len(companies) != 1:
        raise VerifyError("rows of another enterprise", offender="case.json", value=sorted(companies))
    numbers = {each["number"] for each in lists["numbers"]}
    for name in sorted({each["number"] for each in lists["reports"]} | ({head["file"]["number"]} - {""})):
        if name not in numbers:
            raise VerifyError("a number that the register does not give", offender="numbers.json", value=name)


def _check_further(further: Any, kept: Sequence[Mapping[str, Any]], taken: Sequence[CaseStep]) -> None:
    """The further frameworks are those that the steps set beside the leading one, each in an edition that came along;
    a case of old names none."""
    known = [{"framework": each["name"], "edition": each["sha256"]} for each in kept]
    listed = [] if further is None else further
    if not isinstance(listed, list) or any(each not in known for each in listed):
        raise VerifyError("a further framework that did not come along", offender="case.json", value=str(further)[:80])
    if [each["framework"] for each in listed] != _joined(taken):
        raise VerifyError("the further frameworks do not follow from the steps", offender="case.json")


def _joined(taken: Sequence[CaseStep]) -> list[str]:
    """Ids of the further frameworks as the steps say, in their order; a move to another edition changes none."""
    found: list[str] = []
    for step in taken:
        if step.step == Step.OPEN_INTAKE.value:
            found = [each["framework"] for each in step.decision.get("further", ())]
        elif step.step == Step.ADD_FRAMEWORK.value:
            found.append(step.decision["framework"])
        elif step.step == Step.REMOVE_FRAMEWORK.value:
            found.remove(step.decision["framework"])
    return found


_CONTENT: Final = {"documents": "documents/{}", "editions": "editions/{}.json"}


def _checked_files(files: Mapping[str, bytes], lists: Rows) -> Iterator[str]:
    for kind, pattern in _CONTENT.items():
        for each in lists[kind]:
            name = pattern.format(each["sha256"])
            if name not in files or sha256_hex(files[name]) != each["sha256"]:
                raise VerifyError("missing, or not what its SHA-256 says", offender=name)
            yield name
    for row in lists["snapshots"]:
        name = f"snapshots/{row['id']}.json"
        found = sha256_hex(files[name]) if row["kind"] == "issued" else freezing.content_id(json.loads(files[name]))
        if found != row["id"]:
            raise VerifyError("not what its id says", offender=name)
        yield name


def _checked_reports(files: Mapping[str, bytes], lists: Rows, taken: Sequence[CaseStep]) -> Iterator[str]:
    """The files of every report: those of the manifest that its step of issue recorded."""
    issued = {
        (step.decision["number"], step.decision["revision"]): step.decision
        for step in taken
        if step.step == Step.ISSUE.value
    }
    for row in lists["reports"]:
        folder = f"reports/{row['id']}/"
        own = {name.removeprefix(folder): files[name] for name in files if name.startswith(folder)}
        decision = issued.get((row["number"], row["revision"]))
        if decision is None or MANIFEST not in own or sha256_hex(own[MANIFEST]) != decision["manifest_sha256"]:
            raise VerifyError("not the report that its step of issue recorded", offender=f"{folder}{MANIFEST}")
        for name, code in json.loads(own[MANIFEST])["files"].items():
            if name not in own or sha256_hex(own[name]) != code:
                raise VerifyError("missing, or not what the report's manifest says", offender=folder + name)
        yield from (folder + name for name in own)
