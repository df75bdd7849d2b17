"""Calls of every route: the path filled with ids, and all that is sent beside it."""

from __future__ import annotations

import contextlib
import hashlib
from typing import Any

import httpx
from ovoo_cloud.access.roles import Role
from ovoo_cloud.casework import exchange, opening, sheet
from ovoo_cloud.catalogue.case_tables import CaseFile
from ovoo_cloud.catalogue.standing_tables import Invitation
from ovoo_cloud.reports.signing import create_key, load_signing_key, sign
from ovoo_contract.errors import Conflict
from ovoo_packs import load_framework

from tests.cloud.api import case_files, centre_records
from tests.cloud.api.plant import OWN, SITE, SPARE, Plant
from tests.cloud.api.route_bodies import QUERIES, body_of
from tests.cloud.api.routes import ENERGY


def call(plant: Plant, route: tuple[str, str], ids: dict[str, str], token: str, role: Role) -> httpx.Response:
    plant.asked = None
    path, sent = asked(plant, route, ids, role)
    bearer = {"Authorization": f"Bearer {token}"} if token else {}
    answer = plant.http.request(route[0], path, **{**sent, "headers": bearer | sent["headers"]})
    if answer.status_code in (401, 403, 404):
        case_files.give_back(plant)
    return answer


def asked(plant: Plant, route: tuple[str, str], ids: dict[str, str], role: Role) -> tuple[str, dict[str, Any]]:
    """The filled path of a call of the route that succeeds for who may, and what httpx takes beside it."""
    path = route[1]
    filled = path
    values = dict(ids)
    if path.removeprefix(f"{ENERGY}/").split("/")[0] in ("baselines", "savings", "intensities"):
        values = at_works(plant, ids)
        ids = values
    if path.endswith("/revoke") and ids["gateway"] == plant.ids["own"]["gateway"]:
        values["gateway"] = SPARE
    if "{framework}" in path:
        own = path.endswith("/state")
        values |= {"framework": "own_check" if own else "sme_2022", "version": "1" if own else "2022.1"}
    if "{token}" in path:
        values["token"] = plant.token(role.value).split("_")[1]
    if "{invitation}" in path:
        values.setdefault("invitation", half_invitation(plant, ids["enterprise"]))
    if path.startswith("/api/v1/users"):
        values["name"] = "spare" if ids["enterprise"] == OWN else "stranger"
    if path.startswith(centre_records.ASSESSMENT) and route[0] == "put":
        values["assessment"] = centre_records.assessed(plant, f"year-{_another(plant)}")
    extra: dict[str, Any] = {}
    if path.endswith("/case-imports"):
        extra = exported_elsewhere(plant, ids["enterprise"], ids["site"])
    if case_files.is_workflow(path):
        values |= workflow_case(plant, route, ids, role)
        extra = sent_with(plant, route, values)
    for key, text in values.items():
        filled = filled.replace("{" + key + "}", text)
    headers = centre_records.HEADERS.get(route, {}) | extra.get("headers", {})
    params = centre_records.QUERIES.get(path) or QUERIES.get(path.rsplit("/", 1)[-1])
    sent = {"json": body_of(route, ids, role), "params": params, **extra}
    return filled, {**sent, "headers": headers}


def workflow_case(plant: Plant, route: tuple[str, str], ids: dict[str, str], role: Role) -> dict[str, str]:
    """A case in the state that the route begins in where the call may change one; else the shared one."""
    site = ids["site"]
    shared = plant.ids["own_file" if site == SITE else "foreign_file"]
    names = {"part": "energy", "document": ids.get("document", shared["document"])}
    if "case" in ids and ids["case"] != f"{site}-case":
        return {**shared, **names, "case": ids["case"]}
    if route[0] == "get" or ids["enterprise"] != OWN or site != SITE:
        return {**shared, **names}
    state = case_files.STARTS[route[1]]
    return {**case_files.case_for(plant, state, _another(plant)), **names}


def _another(plant: Plant) -> str:
    """A number that no call before had."""
    count = plant.ids.setdefault("made", {})
    count["n"] = str(int(count.get("n", "0")) + 1)
    return count["n"]


def half_invitation(plant: Plant, enterprise: str) -> str:
    """An invitation of the centre that waits for its second code, as it stood before somebody spoke for the plant."""
    name = f"{int(_another(plant)):016x}"
    with plant.services.database.write() as session:
        session.add(
            Invitation(
                id=name, enterprise=enterprise, person="waiting", role="enterprise_engineer", display_name="waiting",
                own=False, first_hash="0" * 64, first_by="cli", second_hash="", second_by="", created_ns=plant.clock(),
                expires_ns=plant.clock() + 10**15, used_ns=None,
            )
        )  # fmt: skip
    return name


def exported_elsewhere(plant: Plant, enterprise: str, site: str) -> dict[str, Any]:
    """A case that another installation exported, sealed with the key that this one trusts."""
    settings = plant.services.settings
    if not settings.signing_key.exists():
        create_key(settings.authority_dir)
    name = f"{site}-brought"
    with plant.services.database.write() as session:
        session.begin_nested()
        with contextlib.suppress(Conflict):
            opening.apply(
                session,
                case_files.people(enterprise)["engineer"],
                enterprise,
                name,
                title=name,
                sites=[site],
                reason="test",
                now_ns=plant.clock(),
            )
            row = session.get(CaseFile, name)
            assert row is not None
            plant.ids.setdefault("brought", {})[name] = exchange.export_case(session, row, settings).hex()
        session.rollback()
    content = bytes.fromhex(plant.ids["brought"][name])
    seal = sign(load_signing_key(settings.signing_key), content).decode().strip()
    return {"content": content, "params": {"seal": seal}, "json": None}


def sent_with(plant: Plant, route: tuple[str, str], values: dict[str, str]) -> dict[str, Any]:
    """Body, query and headers of a call of the workflow."""
    method, path = route
    if method == "get":
        return {"json": None}
    if path.endswith("/documents"):
        content = b"%PDF-1.7 another"
        query = {"name": "b.pdf", "sha256": hashlib.sha256(content).hexdigest()}
        return {"content": content, "params": query, "json": None}
    if path.endswith("/questionnaire"):
        content = sheet.write_csv(load_framework("sme_2024"))
        seen = {"answers_version": 1, "scenes_version": 1, "format": "csv"}
        return {"content": content, "params": seen, "json": None}
    body = case_files.bodies(path, values, values["case"], plant.clock())
    return {"json": body, "headers": {"If-Match": '"0"'}} if method == "put" else {"json": body}


def at_works(plant: Plant, ids: dict[str, str]) -> dict[str, str]:
    """The same ids, at the site that has baselines; an id of the foreign one stays with the site it is asked at."""
    made = plant.ids["own_works" if ids["enterprise"] == OWN else "foreign_works"]
    return {**made, **{key: ids[key] for key in ("baseline", "fit", "event", "record", "intensity") if key in ids}}
