"""Route x role x (own, foreign) tenant, enumerated from the OpenAPI document."""

from __future__ import annotations

import contextlib
import hashlib
import json
from typing import Any

import httpx
import pytest
from ovoo_cloud.access.roles import PERMISSIONS, Permission, Role
from ovoo_cloud.api.schema import OPEN_ROUTES
from ovoo_cloud.api.times import to_iso
from ovoo_cloud.casework import exchange, opening, sheet
from ovoo_cloud.catalogue.case_tables import CaseFile
from ovoo_cloud.reports.signing import create_key, load_signing_key, sign
from ovoo_contract.address import AssetAddress
from ovoo_contract.errors import Conflict
from ovoo_models import artifact
from ovoo_models.bindings import untrained
from ovoo_packs import load_framework, load_pack

from tests.cloud.api import case_files, centre_records, works
from tests.cloud.api.own_framework import own_framework
from tests.cloud.api.plant import CHALLENGER, FAN, FOREIGN, FOREIGN_SITE, OWN, SITE, SPARE, TERMS, Plant

P = Permission
WINDOW = {"start": "2026-06-05T08:00:00+08:00", "end": "2026-06-05T10:00:00+08:00"}
SIGNAL = FAN.removeprefix(f"{OWN}/") + "/power"
ENERGY = "/api/v1/enterprises/{enterprise}/sites/{site}/energy"
# method and path -> the permission it takes; None: anybody who is signed in
ROUTES: dict[tuple[str, str], Permission | None] = {
    ("get", "/metrics"): P.READ_GATEWAYS,
    ("delete", "/api/v1/sessions"): None,
    ("get", "/api/v1/me"): None,
    ("get", "/api/v1/tokens"): None,
    ("post", "/api/v1/tokens"): None,
    ("delete", "/api/v1/tokens/{token}"): None,
    ("get", "/api/v1/users"): P.MANAGE_USERS,
    ("post", "/api/v1/users"): P.MANAGE_USERS,
    ("patch", "/api/v1/users/{name}"): P.MANAGE_USERS,
    ("get", "/api/v1/enterprises"): P.READ_SITES,
    ("post", "/api/v1/enterprises"): P.MANAGE_ENTERPRISES,
    ("get", "/api/v1/enterprises/{enterprise}"): P.READ_SITES,
    ("post", "/api/v1/enterprises/{enterprise}/sites"): P.MANAGE_ENTERPRISES,
    ("get", "/api/v1/enterprises/{enterprise}/assets"): P.READ_SITES,
    ("get", "/api/v1/enterprises/{enterprise}/signals"): P.READ_SITES,
    ("get", "/api/v1/enterprises/{enterprise}/latest"): P.READ_TELEMETRY,
    ("get", "/api/v1/enterprises/{enterprise}/history"): P.READ_TELEMETRY,
    ("get", "/api/v1/enterprises/{enterprise}/counts"): P.READ_TELEMETRY,
    ("get", "/api/v1/enterprises/{enterprise}/completeness"): P.READ_TELEMETRY,
    ("get", "/api/v1/enterprises/{enterprise}/export"): P.READ_TELEMETRY,
    ("get", "/api/v1/enterprises/{enterprise}/findings"): P.READ_FINDINGS,
    ("get", "/api/v1/enterprises/{enterprise}/incidents"): P.READ_FINDINGS,
    ("get", "/api/v1/enterprises/{enterprise}/findings/{finding}"): P.READ_FINDINGS,
    ("get", "/api/v1/enterprises/{enterprise}/findings/{finding}/verdicts"): P.READ_FINDINGS,
    ("post", "/api/v1/enterprises/{enterprise}/findings/{finding}/verdicts"): P.JUDGE_FINDING,
    ("delete", "/api/v1/enterprises/{enterprise}/findings/{finding}/verdicts/{verdict}"): P.JUDGE_FINDING,
    ("get", "/api/v1/enterprises/{enterprise}/feedback"): P.READ_FINDINGS,
    ("get", "/api/v1/enterprises/{enterprise}/alarms"): P.READ_FINDINGS,
    ("post", "/api/v1/enterprises/{enterprise}/alarms/{alarm}/acknowledge"): P.ACK_ALARM,
    ("get", "/api/v1/enterprises/{enterprise}/sites/{site}/energy"): P.READ_ENERGY,
    ("get", "/api/v1/enterprises/{enterprise}/sites/{site}/tariff"): P.READ_ENERGY,
    ("put", "/api/v1/enterprises/{enterprise}/sites/{site}/tariff"): P.SET_ENERGY,
    ("get", "/api/v1/enterprises/{enterprise}/sites/{site}/energy/meter-tree"): P.READ_ENERGY,
    ("put", "/api/v1/enterprises/{enterprise}/sites/{site}/energy/meter-tree"): P.SET_ENERGY,
    ("get", "/api/v1/enterprises/{enterprise}/sites/{site}/energy/balance"): P.READ_ENERGY,
    ("get", "/api/v1/enterprises/{enterprise}/sites/{site}/energy/idle"): P.READ_ENERGY,
    ("get", "/api/v1/enterprises/{enterprise}/sites/{site}/energy/measures"): P.READ_ENERGY,
    ("get", "/api/v1/enterprises/{enterprise}/sites/{site}/energy/inputs"): P.READ_ENERGY,
    ("put", "/api/v1/enterprises/{enterprise}/sites/{site}/energy/inputs"): P.SET_ENERGY,
    ("get", f"{ENERGY}/contract"): P.READ_ENERGY,
    ("put", f"{ENERGY}/contract"): P.SET_ENERGY,
    ("get", f"{ENERGY}/market-prices"): P.READ_ENERGY,
    ("put", f"{ENERGY}/market-prices"): P.SET_ENERGY,
    ("get", f"{ENERGY}/tariff-day"): P.READ_ENERGY,
    ("get", f"{ENERGY}/demand"): P.READ_ENERGY,
    ("get", f"{ENERGY}/bills"): P.READ_ENERGY,
    ("post", f"{ENERGY}/bills"): P.SET_ENERGY,
    ("get", f"{ENERGY}/bills/{{bill}}"): P.READ_ENERGY,
    ("get", f"{ENERGY}/bills/{{bill}}/check"): P.READ_ENERGY,
    ("get", f"{ENERGY}/carbon"): P.READ_ENERGY,
    ("post", f"{ENERGY}/carbon"): P.SET_ENERGY,
    ("post", f"{ENERGY}/carbon/{{statement}}/remake"): P.SET_ENERGY,
    ("get", "/api/v1/enterprises/{enterprise}/sites/{site}/energy/ventilation"): P.READ_ENERGY,
    ("get", "/api/v1/enterprises/{enterprise}/sites/{site}/energy/ventilation/versions"): P.READ_ENERGY,
    ("put", "/api/v1/enterprises/{enterprise}/sites/{site}/energy/ventilation"): P.SET_ENERGY,
    ("get", f"{ENERGY}/baselines"): P.READ_ENERGY,
    ("post", f"{ENERGY}/baselines"): P.SET_ENERGY,
    ("get", f"{ENERGY}/baselines/{{baseline}}"): P.READ_ENERGY,
    ("post", f"{ENERGY}/baselines/{{baseline}}/fits"): P.SET_ENERGY,
    ("post", f"{ENERGY}/baselines/{{baseline}}/fits/{{fit}}/signature"): P.SET_ENERGY,
    ("get", f"{ENERGY}/baselines/{{baseline}}/events"): P.READ_ENERGY,
    ("post", f"{ENERGY}/baselines/{{baseline}}/events/{{event}}/decision"): P.SET_ENERGY,
    ("post", f"{ENERGY}/baselines/{{baseline}}/savings"): P.SET_ENERGY,
    ("get", f"{ENERGY}/entered-bills"): P.READ_ENERGY,
    ("post", f"{ENERGY}/entered-bills"): P.SET_ENERGY,
    ("delete", f"{ENERGY}/entered-bills/{{entered}}"): P.SET_ENERGY,
    ("post", f"{ENERGY}/bill-baselines"): P.SET_ENERGY,
    ("get", f"{ENERGY}/savings"): P.READ_ENERGY,
    ("get", f"{ENERGY}/savings/{{record}}"): P.READ_ENERGY,
    ("get", f"{ENERGY}/savings/{{record}}/recompute"): P.READ_ENERGY,
    ("get", f"{ENERGY}/sums"): P.READ_ENERGY,
    ("get", f"{ENERGY}/sums/hours"): P.READ_ENERGY,
    ("get", f"{ENERGY}/sums/refit"): P.READ_ENERGY,
    ("get", f"{ENERGY}/intensities"): P.READ_ENERGY,
    ("post", f"{ENERGY}/intensities"): P.SET_ENERGY,
    ("get", f"{ENERGY}/intensities/{{intensity}}"): P.READ_ENERGY,
    ("put", f"{ENERGY}/intensities/{{intensity}}"): P.SET_ENERGY,
    ("post", "/api/v1/enterprises/{enterprise}/sites/{site}/energy-reports"): P.RUN_REPORT,
    ("get", "/api/v1/enterprises/{enterprise}/sites/{site}/readiness"): P.READ_REPORT,
    ("get", "/api/v1/enterprises/{enterprise}/sites/{site}/readiness/signals"): P.READ_REPORT,
    ("post", "/api/v1/enterprises/{enterprise}/sites/{site}/readiness-reports"): P.RUN_REPORT,
    ("get", "/api/v1/enterprises/{enterprise}/cases"): P.READ_REPORT,
    ("get", "/api/v1/enterprises/{enterprise}/cases/{case}"): P.READ_REPORT,
    ("put", "/api/v1/enterprises/{enterprise}/cases/{case}"): P.RUN_REPORT,
    ("post", "/api/v1/enterprises/{enterprise}/cases/{case}/reports"): P.RUN_REPORT,
    ("get", "/api/v1/enterprises/{enterprise}/grants"): P.READ_GRANTS,
    ("post", "/api/v1/enterprises/{enterprise}/grants"): P.GIVE_CONSENT,
    ("get", "/api/v1/enterprises/{enterprise}/grants/{grant}"): P.READ_GRANTS,
    ("post", "/api/v1/enterprises/{enterprise}/grants/{grant}/withdraw"): P.GIVE_CONSENT,
    ("get", "/api/v1/enterprises/{enterprise}/access-log"): P.READ_ACCESS_LOG,
    ("get", "/api/v1/case-files"): P.READ_CASES,
    ("post", "/api/v1/enterprises/{enterprise}/cases"): P.APPLY_CASE,
    ("post", "/api/v1/enterprises/{enterprise}/case-imports"): P.MANAGE_ENTERPRISES,
    ("get", f"{case_files.PREFIX}export"): P.ISSUE_CASE,
    ("get", f"{case_files.PREFIX}file"): P.READ_CASES,
    ("get", f"{case_files.PREFIX}steps"): P.READ_REPORT,
    ("get", f"{case_files.PREFIX}parts"): P.READ_REPORT,
    ("get", f"{case_files.PREFIX}parts/{{part}}"): P.READ_REPORT,
    ("put", f"{case_files.PREFIX}parts/{{part}}"): P.EDIT_CASE,
    ("get", f"{case_files.PREFIX}parts/{{part}}/versions"): P.READ_REPORT,
    ("get", f"{case_files.PREFIX}contradictions"): P.READ_REPORT,
    ("get", f"{case_files.PREFIX}questionnaire"): P.READ_REPORT,
    ("post", f"{case_files.PREFIX}questionnaire"): P.EDIT_CASE,
    ("get", f"{case_files.PREFIX}documents"): P.READ_REPORT,
    ("post", f"{case_files.PREFIX}documents"): P.EDIT_CASE,
    ("get", f"{case_files.PREFIX}documents/{{document}}"): P.READ_REPORT,
    ("get", f"{case_files.PREFIX}review"): P.READ_REPORT,
    ("post", f"{case_files.PREFIX}review"): P.REVIEW_CASE,
    ("get", f"{case_files.PREFIX}snapshot"): P.READ_REPORT,
    ("get", f"{case_files.PREFIX}draft"): P.READ_REPORT,
    ("post", f"{case_files.PREFIX}steps/accept"): P.DECIDE_CASE,
    ("post", f"{case_files.PREFIX}steps/decline"): P.DECIDE_CASE,
    ("post", f"{case_files.PREFIX}steps/consent"): P.GIVE_CONSENT,
    ("post", f"{case_files.PREFIX}steps/resume"): P.GIVE_CONSENT,
    ("post", f"{case_files.PREFIX}steps/open_intake"): P.EDIT_CASE,
    ("post", f"{case_files.PREFIX}steps/submit"): P.EDIT_CASE,
    ("post", f"{case_files.PREFIX}steps/freeze"): P.RUN_REPORT,
    ("post", f"{case_files.PREFIX}steps/reopen"): P.REVIEW_CASE,
    ("post", f"{case_files.PREFIX}steps/move_edition"): P.REVIEW_CASE,
    ("post", f"{case_files.PREFIX}steps/propose"): P.REVIEW_CASE,
    ("post", f"{case_files.PREFIX}steps/object"): P.CONFIRM_CASE,
    ("post", f"{case_files.PREFIX}steps/confirm"): P.CONFIRM_CASE,
    ("post", f"{case_files.PREFIX}steps/issue"): P.ISSUE_CASE,
    ("post", f"{case_files.PREFIX}steps/revise"): P.REVIEW_CASE,
    ("post", f"{case_files.PREFIX}steps/visit"): P.REVIEW_CASE,
    ("post", f"{case_files.PREFIX}steps/on_site"): P.REVIEW_CASE,
    ("post", f"{case_files.PREFIX}steps/rediagnose"): P.DECIDE_CASE,
    ("post", f"{case_files.PREFIX}steps/close"): P.DECIDE_CASE,
    ("post", "/api/v1/enterprises/{enterprise}/rescore"): P.RUN_REPORT,
    ("get", "/api/v1/enterprises/{enterprise}/jobs"): P.READ_REPORT,
    ("get", "/api/v1/enterprises/{enterprise}/jobs/{job}"): P.READ_REPORT,
    ("get", "/api/v1/enterprises/{enterprise}/reports"): P.READ_REPORT,
    ("get", "/api/v1/enterprises/{enterprise}/reports/{report}"): P.READ_REPORT,
    ("get", "/api/v1/enterprises/{enterprise}/reports/{report}/files/{name}"): P.READ_REPORT,
    ("get", "/api/v1/enterprises/{enterprise}/reports/{report}/bundle"): P.READ_REPORT,
    ("get", "/api/v1/enterprises/{enterprise}/reports/{report}/verification"): P.READ_REPORT,
    ("get", "/api/v1/gateways"): P.READ_GATEWAYS,
    ("post", "/api/v1/gateways"): P.MANAGE_GATEWAYS,
    ("get", "/api/v1/gateways/{gateway}"): P.READ_GATEWAYS,
    ("post", "/api/v1/gateways/{gateway}/revoke"): P.MANAGE_GATEWAYS,
    ("post", "/api/v1/gateways/{gateway}/promotions"): P.PROMOTE_MODEL,
    ("delete", "/api/v1/gateways/{gateway}/promotions"): P.PROMOTE_MODEL,
    ("get", "/api/v1/gateways/{gateway}/gaps"): P.READ_GATEWAYS,
    ("get", "/api/v1/gateways/{gateway}/completeness"): P.READ_GATEWAYS,
    ("post", "/api/v1/gateways/{gateway}/enrol-tokens"): P.ENROL,
    ("get", "/api/v1/frameworks"): P.READ_REPORT,
    ("post", "/api/v1/frameworks"): P.MANAGE_FRAMEWORKS,
    ("get", "/api/v1/frameworks/{framework}/editions/{version}"): P.READ_REPORT,
    ("post", "/api/v1/frameworks/{framework}/editions/{version}/state"): P.MANAGE_FRAMEWORKS,
    ("get", "/api/v1/frameworks/{framework}/changes"): P.READ_REPORT,
    ("get", "/api/v1/region"): P.READ_AGGREGATES,
    ("get", "/api/v1/audit"): P.READ_AUDIT,
    **centre_records.ROUTES,
}


def period(start_ns: int, end_ns: int) -> dict[str, str]:
    """A period as the API takes it."""
    return {"start": str(to_iso(start_ns)), "end": str(to_iso(end_ns))}


BODIES: dict[tuple[str, str], dict[str, Any]] = {
    ("post", "/api/v1/frameworks"): {"document": own_framework("2")},
    ("post", "/api/v1/frameworks/{framework}/editions/{version}/state"): {"state": "published"},
    ("post", "/api/v1/tokens"): {"label": "mine", "days": 1},
    ("patch", "/api/v1/users/{name}"): {"disabled": False},
    ("post", "/api/v1/enterprises/{enterprise}/alarms/{alarm}/acknowledge"): {"comment": "seen"},
    ("post", "/api/v1/enterprises/{enterprise}/findings/{finding}/verdicts"): {
        "opinion": "confirmed",
        "comment": "seen",
    },
    ("put", "/api/v1/enterprises/{enterprise}/sites/{site}/tariff"): {"tariff": ""},
    ("put", "/api/v1/enterprises/{enterprise}/sites/{site}/energy/meter-tree"): {
        "document": "drawing 7",
        "meters": [{"name": "spare", "carrier": "electricity", "measured": False}],
    },
    ("put", "/api/v1/enterprises/{enterprise}/sites/{site}/energy/inputs"): {
        "name": "idle_switch_off.cost_low",
        "value": "100",
        "document": "offer 3",
    },
    ("put", f"{ENERGY}/contract"): TERMS,
    ("put", f"{ENERGY}/market-prices"): {
        "name": "spot",
        "document": "示例（虚构）",
        "start": WINDOW["start"],
        "step_s": 900,
        "prices": ["0.31", "0.32"],
    },
    ("post", f"{ENERGY}/entered-bills"): {
        "bills": [{"start": WINDOW["start"], "end": WINDOW["end"], "kwh": "100", "document": "bill 7"}]
    },
    ("post", f"{ENERGY}/bill-baselines"): {**period(works.START, works.TURN), "name": "of bills"},
    ("post", f"{ENERGY}/bills"): {"month": "2026-06", "accept_holes": True},
    ("post", f"{ENERGY}/carbon"): {**WINDOW, "choice": {"year": 2026}},
    ("post", f"{ENERGY}/carbon/{{statement}}/remake"): {"year": 2026, "electricity": "equivalent"},
    ("put", "/api/v1/enterprises/{enterprise}/sites/{site}/energy/ventilation"): {
        "csv": "name,from,to,r,fan\na,1,2,0.1,flow 100\n",
        "document": "survey",
    },
    ("post", "/api/v1/enterprises/{enterprise}/cases/{case}/reports"): {"number": "N-2"},
    ("post", "/api/v1/gateways/{gateway}/promotions"): {"asset": FAN, "model": CHALLENGER},
    ("post", "/api/v1/enterprises/{enterprise}/sites/{site}/energy-reports"): {"month": "2026-05"},
    ("post", "/api/v1/enterprises/{enterprise}/sites/{site}/readiness-reports"): WINDOW,
    ("post", "/api/v1/gateways/{gateway}/enrol-tokens"): {"hours": 1},
    ("post", f"{ENERGY}/baselines/{{baseline}}/fits"): period(works.START, works.TURN),
    ("post", f"{ENERGY}/baselines/{{baseline}}/fits/{{fit}}/signature"): {"document": "plan 4"},
    ("post", f"{ENERGY}/baselines/{{baseline}}/events/{{event}}/decision"): {"accepted": True, "reason": "a test run"},
    ("post", f"{ENERGY}/baselines/{{baseline}}/savings"): period(works.TURN, works.END),
    **centre_records.BODIES,
}
QUERIES: dict[str, dict[str, Any]] = {
    "history": {**WINDOW, "signal": SIGNAL, "points": 100},
    "export": {**WINDOW, "signal": SIGNAL},
    "counts": {**WINDOW, "site": SITE},
    "findings": WINDOW,
    "incidents": WINDOW,
    "feedback": {"site": SITE, "asset": FAN.split("/", 2)[2]},
    "energy": WINDOW,
    "promotions": {"asset": FAN},
    "balance": WINDOW,
    "idle": WINDOW,
    "measures": WINDOW,
    "hours": {**WINDOW, "asset": "utilities/air/comp1"},
    "refit": {**WINDOW, "asset": "utilities/air/comp1"},
    "tariff-day": {"day": "2026-06-05"},
    "changes": {"before": "2022.1", "after": "2022.1"},
    "completeness": {**WINDOW, "site": SITE},
}
TENANT = ("{enterprise}", "{gateway}")
WITHIN = (
    "{finding}",
    "{alarm}",
    "{case}",
    "{job}",
    "{report}",
    "{verdict}",
    "{bill}",
    "{statement}",
    "{entered}",
    "{baseline}",
    "{record}",
    "{intensity}",
    "{match}",
    "{grant}",
    "{document}",
)


def _call(plant: Plant, route: tuple[str, str], ids: dict[str, str], token: str, role: Role) -> httpx.Response:
    path, sent = asked(plant, route, ids, role)
    bearer = {"Authorization": f"Bearer {token}"} if token else {}
    return plant.http.request(route[0], path, **{**sent, "headers": bearer | sent["headers"]})


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
    sent = {"json": _body(route, ids, role), "params": params, **extra}
    return filled, {**sent, "headers": headers}


def workflow_case(plant: Plant, route: tuple[str, str], ids: dict[str, str], role: Role) -> dict[str, str]:
    """A case in the state that the route begins in, made anew for every call that changes one; else the shared one."""
    site = ids["site"]
    shared = plant.ids["own_file" if site == SITE else "foreign_file"]
    names = {"part": "energy", "document": ids.get("document", shared["document"])}
    if "case" in ids and ids["case"] != f"{site}-case":
        return {**shared, **names, "case": ids["case"]}
    if route[0] == "get" or ids["enterprise"] != OWN or site != SITE:
        return {**shared, **names}
    state = case_files.STARTS[route[1]]
    return {**case_files.case_in(plant, OWN, SITE, f"{site}-made-{_another(plant)}", state), **names}


def _another(plant: Plant) -> str:
    """A number that no call before had."""
    count = plant.ids.setdefault("made", {})
    count["n"] = str(int(count.get("n", "0")) + 1)
    return count["n"]


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


def _body(route: tuple[str, str], ids: dict[str, str], role: Role) -> dict[str, Any] | None:
    enterprise, site = ids["enterprise"], ids["site"]
    names = {"name_zh": enterprise, "name_en": enterprise, "sector": "coal_mine"}
    made: dict[tuple[str, str], dict[str, Any]] = {
        ("post", "/api/v1/users"): {
            "name": f"new-{role.value}-{site}",
            "password": "a long enough password",
            "role": "enterprise_viewer",
            "enterprises": [enterprise],
        },
        ("post", "/api/v1/enterprises/{enterprise}/cases"): {
            "id": f"{site}-{role.value}".replace("_", "-"),
            "title": "applied",
            "sites": [site],
        },
        ("post", "/api/v1/enterprises/{enterprise}/grants"): {
            "purposes": ["report"],
            "until": "2026-12-31T00:00:00Z",
            "reason": "test",
        },
        ("post", "/api/v1/enterprises/{enterprise}/grants/{grant}/withdraw"): {"reason": "test"},
        ("post", "/api/v1/enterprises"): {"id": enterprise, **names},
        ("post", "/api/v1/enterprises/{enterprise}/sites"): {"id": site, "name_zh": "x", "name_en": "x"},
        ("post", "/api/v1/gateways"): {"id": f"{site}-gw9", "enterprise": enterprise, "sites": [site]},
        ("post", "/api/v1/enterprises/{enterprise}/rescore"): rescore_order(),
        ("post", f"{ENERGY}/baselines"): works.baseline_body(enterprise, site),
        ("post", f"{ENERGY}/intensities"): works.intensity_body(enterprise, site),
        ("put", f"{ENERGY}/intensities/{{intensity}}"): works.intensity_body(enterprise, site),
        ("put", "/api/v1/enterprises/{enterprise}/cases/{case}"): {"title": "again", "intake": intake(enterprise)},
        ("post", "/api/v1/centre/assessments"): centre_records.assessment_body(role.value),
    }
    return made.get(route, BODIES.get(route))


def at_works(plant: Plant, ids: dict[str, str]) -> dict[str, str]:
    """The same ids, at the site that has baselines; an id of the foreign one stays with the site it is asked at."""
    made = plant.ids["own_works" if ids["enterprise"] == OWN else "foreign_works"]
    return {**made, **{key: ids[key] for key in ("baseline", "fit", "event", "record", "intensity") if key in ids}}


def rescore_order() -> dict[str, Any]:
    """The fan's models without training over the window."""
    asset = AssetAddress.parse(FAN)
    model = artifact.dumps(untrained(load_pack("coal_mine").template("main_fan"), asset.path))
    return {"asset": FAN.split("/", 1)[1], "model": json.loads(model), **WINDOW}


def intake(enterprise: str) -> dict[str, Any]:
    """The sample intake as the JSON that the API takes."""
    from ovoo_cloud.diagnosis.case import load_case

    from tests.cloud.diagnosis.mine import EXAMPLE

    return {**load_case(EXAMPLE).raw, "enterprise": enterprise}


@pytest.fixture(scope="session")
def schema(plant: Plant) -> dict[str, Any]:
    found: dict[str, Any] = plant.http.get("/api/v1/openapi.json").json()
    return found


def test_every_route_of_the_document_is_in_the_matrix(schema: dict[str, Any]) -> None:
    found = {(method, path) for path, methods in schema["paths"].items() for method in methods}

    assert found == set(ROUTES) | OPEN_ROUTES


@pytest.mark.parametrize("role", Role)
@pytest.mark.parametrize("route", ROUTES, ids=lambda route: f"{route[0]} {route[1]}")
def test_own_tenant(plant: Plant, schema: dict[str, Any], route: tuple[str, str], role: Role) -> None:
    wanted = ROUTES[route]

    answer = _call(plant, route, plant.ids["own"], plant.token(role.value), role)

    if wanted is None or wanted in PERMISSIONS[role]:
        success = min(int(code) for code in schema["paths"][route[1]][route[0]]["responses"])
        assert answer.status_code == success, answer.text
    else:
        assert answer.status_code == 403, answer.text
        assert answer.headers["content-type"] == "application/problem+json"
    assert FOREIGN not in answer.text
    assert "bayan" not in answer.text


TENANT_ROUTES = [
    route for route in ROUTES if any(part in route[1] for part in TENANT) or (route[0] != "get" and "users" in route[1])
]


@pytest.mark.parametrize("role", Role)
@pytest.mark.parametrize("route", TENANT_ROUTES, ids=lambda route: f"{route[0]} {route[1]}")
def test_foreign_tenant_does_not_exist(plant: Plant, route: tuple[str, str], role: Role) -> None:
    wanted = ROUTES[route]

    answer = _call(plant, route, plant.ids["foreign"], plant.token(role.value), role)

    assert answer.status_code == (404 if wanted in PERMISSIONS[role] else 403), answer.text
    assert answer.headers["content-type"] == "application/problem+json"


@pytest.mark.parametrize(
    "route", [route for route in ROUTES if any(part in route[1] for part in WITHIN)], ids=lambda r: f"{r[0]} {r[1]}"
)
def test_a_foreign_object_below_ones_own_enterprise_does_not_exist(plant: Plant, route: tuple[str, str]) -> None:
    ids = {**plant.ids["foreign"], **plant.ids["foreign_works"], "enterprise": OWN, "site": SITE}

    wanted = ROUTES[route]
    theirs = wanted is not None and wanted not in PERMISSIONS[Role.CENTRE_ADMIN]
    for user in (
        ("enterprise_engineer",) if theirs else ("centre_admin", "head")
    ):  # neither for who may not see it nor for who looks in the wrong place
        answer = _call(plant, route, ids, plant.token(user), Role.CENTRE_ADMIN)
        assert answer.status_code == 404, answer.text


@pytest.mark.parametrize("route", ["/api/v1/enterprises", "/api/v1/gateways"])
def test_foreign_tenants_cannot_be_created_or_taken_over(plant: Plant, route: str) -> None:
    answer = _call(plant, ("post", route), plant.ids["foreign"], plant.token("centre_admin"), Role.CENTRE_ADMIN)

    assert answer.status_code == 404


@pytest.mark.parametrize("route", ROUTES, ids=lambda route: f"{route[0]} {route[1]}")
def test_without_or_with_a_dead_token_nobody_gets_in(plant: Plant, route: tuple[str, str]) -> None:
    expired = plant.token("centre_admin", 1, issued_ns=plant.clock() - 10 * 10**9)

    for token, words in (("", "signed in"), (expired, "expired"), ("ovoo_0123456789abcdef_wrong", "unknown")):
        answer = _call(plant, route, plant.ids["own"], token, Role.CENTRE_ADMIN)
        assert answer.status_code == 401, answer.text
        assert answer.headers["content-type"] == "application/problem+json"
        assert answer.headers["www-authenticate"] == "Bearer"
        assert words in answer.json()["detail"]


def test_everybody_may_ask_for_health(client: httpx.Client) -> None:
    answer = client.get("/health")

    assert answer.status_code == 200
    assert answer.json()["state"] == "ok"
    assert FOREIGN_SITE not in answer.text
