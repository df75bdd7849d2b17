"""What a case that comes from elsewhere must hold: its rows, files and steps agree, and nothing else came along."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from ovoo_contract.canonical import sha256_hex
from ovoo_contract.errors import VerifyError

from ovoo_cloud.casework import steps
from ovoo_cloud.casework.archive import numbers_back
from ovoo_cloud.casework.exchange_files import check_words, checked_files
from ovoo_cloud.casework.exchange_links import check_links
from ovoo_cloud.casework.exchange_rows import HEAD, read_rows
from ovoo_cloud.casework.states import Step
from ovoo_cloud.catalogue.case_tables import CaseStep
from ovoo_cloud.reports.bundle import MANIFEST

__all__ = ["checked"]

Rows = Mapping[str, Sequence[Mapping[str, Any]]]


def checked(files: Mapping[str, bytes]) -> tuple[dict[str, Any], dict[str, list[dict[str, Any]]]]:
    """The head and the lists of a case, once everything in them fits.

    Raises:
        VerifyError: a file that can be read in two ways, a row that fits no table, a step against the law, a row of
            another case or enterprise, or that does not follow from the steps, a file that is changed, missing or
            too much, a report that is not the one that was issued, or anything that cannot be read.
    """
    head, lists = read_rows(files)
    try:
        taken = [CaseStep(**numbers_back(each)) for each in lists["steps"]]
        state = steps.check_chain(taken)
        if (head["file"]["state"], head["file"]["version"]) != (state.value, len(taken)):
            raise VerifyError("the state does not follow from the steps", offender=f"{HEAD} file.state")
        _check_owners(head, lists)
        _check_further(head["file"].get("further"), lists["editions"], taken)
        check_links(head, lists, taken)
        known = {HEAD, *(f"{name}.json" for name in lists)}
        known.update(checked_files(files, lists))
        check_words(files, head, lists)
        known.update(_checked_reports(files, lists, taken))
        for name in sorted(set(files) - known):
            raise VerifyError("no row of the case names this file", offender=name, remedy="export it again")
    except (KeyError, TypeError, ValueError, AttributeError, IndexError, RecursionError) as error:
        raise VerifyError("incomplete", offender="case", value=str(error)[:80], remedy="export it again") from error
    return head, lists


def _check_owners(head: Mapping[str, Any], lists: Rows) -> None:
    """One case of one enterprise, in every row."""
    rows = [(f"{name}.json[{place}]", each) for name, listed in lists.items() for place, each in enumerate(listed)]
    case, company = head["file"]["case"], head["enterprise"]["id"]
    heads = [(f"{HEAD} {part}", head[part]) for part in ("case", "file")]
    places = [(f"{HEAD} sites[{place}]", each) for place, each in enumerate(head["sites"])]
    for where, each in [(f"{HEAD} case", {"case": head["case"]["id"]}), *rows]:
        if each["case"] != case:
            raise VerifyError("a row of another case", offender=where, value=each["case"])
    for where, each in [*heads, *places, *rows]:
        if each.get("enterprise", company) != company:
            raise VerifyError("a row of another enterprise", offender=where, value=each["enterprise"])


def _check_further(further: Any, kept: Sequence[Mapping[str, Any]], taken: Sequence[CaseStep]) -> None:
    """The further frameworks are those that the steps set beside the leading one, each in an edition that came along;
    a case of old names none."""
    known = [{"framework": each["name"], "edition": each["sha256"]} for each in kept]
    for each in further or ():
        if each not in known:
            raise VerifyError(
                "a further framework that did not come along", offender=f"{HEAD} file.further", value=str(each)[:80]
            )
    if [each["framework"] for each in further or ()] != _joined(taken):
        raise VerifyError("the further frameworks do not follow from the steps", offender=f"{HEAD} file.further")


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
        content = sha256_hex(own.get("snapshot.json", b""))
        if not content == row["snapshot_sha256"] == decision["snapshot_sha256"]:
            raise VerifyError("not the snapshot that its step of issue recorded", offender=f"{folder}snapshot.json")
        yield from (folder + name for name in own)
