"""Cases of the workflow in whatever state a route needs, made by the services themselves."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import Any

from ovoo_cloud.access import grants
from ovoo_cloud.access.grants import Terms
from ovoo_cloud.access.roles import Purpose, Role
from ovoo_cloud.access.scope import Scope
from ovoo_cloud.api.times import to_iso
from ovoo_cloud.casework import documents, editions, freezing, opening, parts, reviews
from ovoo_cloud.casework.documents import DocumentFolder, Upload
from ovoo_cloud.casework.reviews import Ruling
from ovoo_cloud.casework.states import State, Step
from ovoo_cloud.casework.steps import settle, take
from ovoo_cloud.catalogue.case_tables import CaseFile
from ovoo_cloud.diagnosis.review import subjects
from ovoo_contract.canonical import canonical_json
from sqlalchemy.orm import Session

from tests.cloud.api.plant import DAY, NOW, OWN, SITE, Plant
from tests.cloud.casework.content import CONTENT, PARTS, REGISTER

PREFIX = "/api/v1/enterprises/{enterprise}/cases/{case}/"
STEPS = f"{PREFIX}steps/"
STARTS: Mapping[str, State] = {
    f"{STEPS}accept": State.APPLIED,
    f"{STEPS}decline": State.APPLIED,
    f"{STEPS}consent": State.ACCEPTED,
    f"{STEPS}resume": State.SUSPENDED,
    f"{STEPS}open_intake": State.CONSENTED,
    f"{STEPS}add_framework": State.INTAKE,
    f"{STEPS}remove_framework": State.INTAKE,
    f"{STEPS}submit": State.INTAKE,
    f"{STEPS}freeze": State.EVIDENCE,
    f"{STEPS}reopen": State.EVIDENCE,
    f"{STEPS}move_edition": State.INTAKE,
    f"{STEPS}on_site": State.REVIEW,
    f"{STEPS}propose": State.REVIEW,
    f"{STEPS}object": State.CONFIRMATION,
    f"{STEPS}confirm": State.CONFIRMATION,
    f"{STEPS}issue": State.CONFIRMED,
    f"{STEPS}revise": State.ISSUED,
    f"{STEPS}visit": State.ISSUED,
    f"{STEPS}rediagnose": State.FOLLOW_UP,
    f"{STEPS}close": State.ISSUED,
    f"{PREFIX}parts/{{part}}": State.INTAKE,
    f"{PREFIX}questionnaire": State.INTAKE,
    f"{PREFIX}documents": State.INTAKE,
    f"{PREFIX}review": State.REVIEW,
}
"""Where the case stands that a route is called on; the others take one under review."""
NEED_CONSENT = frozenset(
    f"{STEPS}{step}" for step in ("open_intake", "add_framework", "remove_framework", "submit", "object", "confirm")
) | {
    f"{PREFIX}parts/{{part}}",
    f"{PREFIX}questionnaire",
    f"{PREFIX}documents",
}
"""What an enterprise's own people cannot do either once the consent of their case has ended."""
PLAIN = ("", "reports")
MADE = "-made-"
"""What the names of cases have in them that were made for one call."""
_PURPOSES = tuple(Purpose)


def is_workflow(path: str) -> bool:
    """True for routes of a case that goes by steps."""
    return path.startswith(PREFIX) and path.removeprefix(PREFIX) not in PLAIN


def people(enterprise: str) -> dict[str, Scope]:
    """A scope for every part that is played."""
    own = frozenset({enterprise})
    return {
        "engineer": Scope("engineer", Role.ENTERPRISE_ENGINEER, own),
        "expert": Scope("expert", Role.CENTRE_EXPERT, own),
        "head": Scope("head-of-centre", Role.CENTRE_ADMIN, own),
    }


def case_in(plant: Plant, enterprise: str, site: str, case_id: str, state: State) -> dict[str, str]:
    """A case that stands in a state, with its ids; everything it needs to go on is there."""
    now_ns, settings = plant.clock(), plant.services.settings
    who = people(enterprise)
    with plant.services.database.write() as session:
        row = opening.apply(
            session, who["engineer"], enterprise, case_id, title=case_id, sites=[site], reason="test", now_ns=now_ns
        )
        folder = DocumentFolder(settings.documents)
        upload = Upload(REGISTER, hashlib.sha256(CONTENT).hexdigest(), CONTENT)
        document = documents.add(session, who["engineer"], row, upload, folder, 1_000_000, now_ns)
        if state is not State.APPLIED:
            _accepted(session, who, row, now_ns)
        if state not in (State.APPLIED, State.ACCEPTED):
            _further(plant, session, who, row, state, now_ns)
        return {"case": case_id, "grant": row.grant, "document": document.sha256, "snapshot": row.snapshot}


def case_for(plant: Plant, state: State, number: str) -> dict[str, str]:
    """A case of the own enterprise in the state: one that nobody touched, else a new one with that number."""
    name = f"{SITE}{MADE}{number}"
    kept = plant.untouched.pop(state.value, None)
    if kept is None or _stage(plant, kept["case"]) != (state.value, kept["stage"]):
        kept = case_in(plant, OWN, SITE, name, state)
        kept["stage"] = _stage(plant, name)[1]
    plant.asked = (state.value, kept)
    return kept


def give_back(plant: Plant) -> None:
    """After a refused call: the case that it was given serves again, where it still stands as it did."""
    if plant.asked is not None:
        plant.untouched[plant.asked[0]] = plant.asked[1]


def _stage(plant: Plant, case_id: str) -> tuple[str, str]:
    with plant.services.database.read() as session:
        row = session.get_one(CaseFile, case_id)
        return row.state, str(row.version)


def free_terms() -> Terms:
    """A consent that belongs to no case."""
    return Terms([Purpose.REPORT], [], NOW, NOW + DAY, "test")


def _accepted(session: Session, who: Mapping[str, Scope], row: CaseFile, now_ns: int) -> None:
    opening.decide(session, who["head"], row, accepted=True, reason="", now_ns=now_ns, seen=None)


def _further(
    plant: Plant, session: Session, who: Mapping[str, Scope], row: CaseFile, state: State, now_ns: int
) -> None:
    terms = Terms(_PURPOSES, row.sites, now_ns, now_ns + 90 * DAY, "test", row.case)
    opening.consent(session, who["engineer"], row, terms, now_ns, None)
    if state is State.CONSENTED:
        return
    if state is State.SUSPENDED:
        grants.withdraw(session, who["engineer"], row.enterprise, row.grant, "test", now_ns)
        settle(session, row, now_ns)
        return
    beside = ["sme_2022"] if state is State.INTAKE else []
    opening.open_intake(session, who["expert"], row, "sme_2024", now_ns, None, beside)
    if row.enterprise == OWN:
        for name, content in PARTS.items():
            parts.put_part(session, who["expert"], row, name, content, 0, now_ns)
    if state is State.INTAKE:
        _older_edition(session, row, now_ns)
        return
    take(session, who["expert"], row, Step.SUBMIT, {}, now_ns)
    if state is State.EVIDENCE:
        return
    name = freezing.keep(session, row, "measured", _measured(plant), "expert", now_ns)
    take(session, who["expert"], row, Step.FREEZE, {"snapshot": name}, now_ns)
    row.snapshot = name
    _reviewed(session, who["expert"], row, name, now_ns)
    for step, player in (("propose", "expert"), ("confirm", "engineer"), ("issue", "head"), ("visit", "expert")):
        if row.state == state:
            return
        take(session, who[player], row, Step(step), {"snapshot": name}, now_ns)


def _older_edition(session: Session, row: CaseFile, now_ns: int) -> None:
    """Pins what an installation of last year would have pinned, so that there is an edition to move to."""
    older = json.loads(editions.installed("sme_2024"))
    older["version"] = "2024.0"
    editions.pin(session, row, "sme_2024", canonical_json(older), now_ns)


def _reviewed(session: Session, scope: Scope, row: CaseFile, name: str, now_ns: int) -> None:
    measured = freezing.read(session, row, name)
    for subject in subjects(measured):
        reviews.decide(session, scope, row, measured, name, Ruling(subject, "accept"), now_ns)


def _measured(plant: Plant) -> dict[str, Any]:
    """One measured snapshot of the own plant, shared by every case that needs one."""
    kept = plant.ids.get("measured")
    if kept is None:
        from ovoo_cloud.diagnosis.case import parse_case
        from ovoo_cloud.diagnosis.snapshot import Issue, freeze
        from ovoo_cloud.evidence_store import StoreEvidence

        sections: dict[str, Any] = {"enterprise": OWN, "framework": "sme_2024"}
        for content in PARTS.values():
            sections.update(content)
        sections["scenes"] = {"equipment": {"level": "2"}, "energy": {"level": "1"}}
        source = StoreEvidence(plant.services, OWN, Scope.system(), ["heishan"])
        kept = {"data": json.dumps(freeze(parse_case(sections), source, Issue("", "", 0, "")).data)}
        plant.ids["measured"] = kept
    data: dict[str, Any] = json.loads(kept["data"])
    return data


def bodies(path: str, made: Mapping[str, str], case_id: str, now_ns: int) -> dict[str, Any] | None:
    """What a route of the workflow is sent."""
    consent = {
        "purposes": [each.value for each in Purpose],
        "until": to_iso(now_ns + 90 * DAY),
        "reason": "test",
    }
    sent: dict[str, dict[str, Any]] = {
        "accept": {},
        "decline": {"reason": "not now"},
        "consent": consent,
        "resume": consent,
        "open_intake": {},
        "reopen": {"reason": "test"},
        "move_edition": {},
        "add_framework": {"framework": "gbt_39116"},
        "remove_framework": {"framework": "sme_2022", "reason": "test"},
        "object": {"reason": "test"},
        "confirm": {"snapshot": made["snapshot"]},
        "issue": {"snapshot": made["snapshot"] or "0" * 64, "number": f"N-{case_id}"[:40]},
        "revise": {"reason": "test"},
        "visit": {"date": "2026-06-05", "words": "seen"},
        "on_site": {"date": "2026-06-05", "assessors": ["张工"], "document": REGISTER},
        "rediagnose": {"id": f"{case_id}-b"[:63], "title": "again"},
        "close": {"reason": "test"},
    }
    if path.startswith(STEPS):
        return sent.get(path.removeprefix(STEPS))
    if path.endswith("parts/{part}"):
        return {"content": {"energy": {"complete": "false"}}}
    return {"subject": "item:awareness", "decision": "accept"} if path.endswith("/review") else None
