"""Registers and records of a centre for the plant of the API tests, and the routes that serve them."""

from __future__ import annotations

import base64
from typing import Any

from ovoo_cloud.access.roles import Permission
from ovoo_cloud.api.centre_matching import Wanted, match_enterprise
from ovoo_cloud.catalogue.region_reports import order_region_report
from ovoo_cloud.centre import entries
from ovoo_cloud.centre.assessments import Answer, open_assessment, self_assess
from ovoo_cloud.centre.benchmark import Place, Reading
from ovoo_cloud.centre.kpi_sources import centre_kpis
from ovoo_cloud.centre.requests import open_request
from ovoo_cloud.jobs.region_report import issue_region
from ovoo_cloud.jobs.report import Order
from ovoo_cloud.region_report.snapshot import RegionInputs
from ovoo_cloud.reports.signing import create_key

from tests.cloud.api.plant import DAY, FOREIGN, NOW, OWN, SYSTEM, Plant

P = Permission
CENTRE = "/api/v1/centre"
ENTRY = f"{CENTRE}/registers/{{register}}/entries/{{entry}}"
PROVIDER = {"name_zh": "甲公司", "services": ["consulting"]}
FILE = base64.b64encode("id,name_zh,services\nfrom-file,乙公司,培训\n".encode("gbk")).decode()
MATCHING = "/api/v1/enterprises/{enterprise}/matching-requests"
ASSESSMENT = f"{CENTRE}/assessments/{{assessment}}"
REGION = "/api/v1/region/reports"
ROUTES: dict[tuple[str, str], Permission | None] = {
    ("get", f"{CENTRE}/kinds"): P.READ_REGISTERS,
    ("post", f"{CENTRE}/kinds"): P.MANAGE_FRAMEWORKS,
    ("get", f"{CENTRE}/kinds/{{register}}"): P.MANAGE_REGISTERS,
    ("get", f"{CENTRE}/expiring"): P.READ_REGISTERS,
    ("get", f"{CENTRE}/registers/{{register}}"): P.READ_REGISTERS,
    ("get", f"{CENTRE}/registers/{{register}}/export"): P.READ_REGISTERS,
    ("post", f"{CENTRE}/registers/{{register}}/import"): P.MANAGE_REGISTERS,
    ("get", ENTRY): P.READ_REGISTERS,
    ("put", ENTRY): P.MANAGE_REGISTERS,
    ("get", f"{ENTRY}/versions"): P.MANAGE_REGISTERS,
    ("get", "/api/v1/enterprises/{enterprise}/matching"): P.READ_REPORT,
    ("get", MATCHING): P.READ_REPORT,
    ("post", MATCHING): P.REQUEST_MATCHING,
    ("get", f"{MATCHING}/{{match}}"): P.READ_REPORT,
    ("post", f"{MATCHING}/{{match}}/steps"): P.REQUEST_MATCHING,
    ("post", f"{MATCHING}/{{match}}/seen"): P.READ_REPORT,
    ("get", "/api/v1/enterprises/{enterprise}/matching-notices"): P.READ_REPORT,
    ("get", f"{REGION}/{{region_report}}/verification"): P.READ_AGGREGATES,
    ("get", f"{CENTRE}/matching-statistics"): P.MANAGE_REGISTERS,
    ("get", f"{CENTRE}/benchmark"): P.READ_AGGREGATES,
    ("post", REGION): P.RUN_REPORT,
    ("get", "/api/v1/region/orders/{order}"): P.RUN_REPORT,
    ("get", REGION): P.READ_AGGREGATES,
    ("get", f"{REGION}/{{region_report}}"): P.READ_AGGREGATES,
    ("get", f"{REGION}/{{region_report}}/files/{{name}}"): P.READ_AGGREGATES,
    ("get", f"{REGION}/{{region_report}}/bundle"): P.READ_AGGREGATES,
    ("get", f"{CENTRE}/indices"): P.READ_REGISTERS,
    ("get", f"{CENTRE}/index"): P.READ_REGISTERS,
    ("get", f"{CENTRE}/parks"): P.READ_PARKS,
    ("get", f"{CENTRE}/data-centres"): P.READ_REPORT,
    ("get", "/api/v1/enterprises/{enterprise}/data-catalogue"): P.READ_SITES,
    ("get", "/api/v1/enterprises/{enterprise}/data-catalogue/export"): P.READ_SITES,
    ("get", "/api/v1/enterprises/{enterprise}/egress"): P.READ_REPORT,
    ("get", "/api/v1/egress"): P.READ_AUDIT,
    ("get", "/api/v1/egress/export"): P.READ_AUDIT,
    ("get", f"{CENTRE}/kpis"): P.MANAGE_REGISTERS,
    ("get", f"{CENTRE}/kpis/export"): P.MANAGE_REGISTERS,
    ("get", f"{CENTRE}/assessments"): P.MANAGE_REGISTERS,
    ("post", f"{CENTRE}/assessments"): P.MANAGE_REGISTERS,
    ("get", ASSESSMENT): P.MANAGE_REGISTERS,
    ("get", f"{ASSESSMENT}/export"): P.MANAGE_REGISTERS,
    ("put", f"{ASSESSMENT}/self"): P.MANAGE_REGISTERS,
    ("put", f"{ASSESSMENT}/decision"): P.ASSESS_CENTRE,
}
BODIES: dict[tuple[str, str], dict[str, Any]] = {
    ("post", f"{CENTRE}/registers/{{register}}/import"): {"name": "t.csv", "content": FILE},
    ("put", ENTRY): {"fields": PROVIDER},
    ("post", REGION): {"languages": ["en"]},
    ("post", f"{CENTRE}/kinds"): {
        "document": {
            "id": "own_list",
            "version": 1,
            "name": ["名单", "List"],
            "audience": "centre",
            "fields": [{"id": "note", "type": "text", "words": ["备注", "Note"]}],
        }
    },
    ("post", MATCHING): {"measures": ["idle"], "note": "looking for help"},
    ("post", f"{MATCHING}/{{match}}/steps"): {"step": "note", "note": "a question"},
    ("put", f"{ASSESSMENT}/self"): {"answers": [{"criterion": "heads", "score": 80, "statement": "held 3 courses"}]},
    ("put", f"{ASSESSMENT}/decision"): {"scores": [], "verdict": "passed", "reason": "seen"},
}
ANY = {"If-Match": "*"}
HEADERS: dict[tuple[str, str], dict[str, str]] = {
    ("put", ENTRY): ANY,
    ("post", f"{MATCHING}/{{match}}/steps"): ANY,
    ("put", f"{ASSESSMENT}/self"): ANY,
    ("put", f"{ASSESSMENT}/decision"): ANY,
}
YEAR = {"start": "2026-01-01T00:00:00+08:00", "end": "2027-01-01T00:00:00+08:00"}
QUERIES: dict[str, dict[str, Any]] = {
    f"{CENTRE}/matching-statistics": YEAR,
    f"{CENTRE}/kpis": YEAR,
    f"{CENTRE}/kpis/export": YEAR,
    "/api/v1/egress/export": YEAR,
    "/api/v1/enterprises/{enterprise}/data-catalogue/export": {},
}
CRITERION = {
    "name_zh": "培训人次", "procedure": "assessment", "weight": "10", "kpi": "training_heads", "target": "100",
    "direction": "up", "source": "示例（虚构）", "mark": "I",
}  # fmt: skip


def assessment_body(role: str) -> dict[str, Any]:
    """Another assessment, which each role opens under its own name."""
    return {"id": f"year-{role}", "procedure": "assessment", "subject": "示例中心", **YEAR}


def add_centre(plant: Plant) -> None:
    """Fills the registers; the ids that the routes need go to `plant.ids`."""
    with plant.services.database.write() as session:
        for kind, name, fields in (
            ("provider", "acme", PROVIDER),
            ("criterion", "heads", CRITERION),
            ("profile", "own", {"enterprise": OWN, "size": "medium", "region": "呼和浩特"}),
            ("profile", "other", {"enterprise": FOREIGN, "size": "small", "region": "包头"}),
        ):
            entries.save(session, SYSTEM, kind, name, fields, read=0, now_ns=NOW)
    assessed(plant, "year-2026")
    regional = region_records(plant)
    for owner, enterprise in (("own", OWN), ("foreign", FOREIGN)):
        found = match_enterprise(plant.services, SYSTEM, enterprise, Wanted(measures=["idle"]))
        with plant.services.database.write() as session:
            asked = open_request(session, SYSTEM, enterprise, case="", note="help", matching=found, now_ns=NOW)
        plant.ids[owner] |= {"register": "provider", "entry": "acme", "match": asked.id, "assessment": "year-2026"}
        plant.ids[owner] |= regional


def assessed(plant: Plant, name: str) -> str:
    """An assessment that somebody else has written and nobody decided; its id."""
    bounds = NOW - 300 * DAY, NOW + DAY
    figures = centre_kpis(plant.services, SYSTEM, *bounds)
    with plant.services.database.write() as session:
        open_assessment(
            session, SYSTEM, name, procedure="assessment", subject="示例中心", start_ns=bounds[0],
            end_ns=bounds[1], kpis=figures, now_ns=NOW,
        )  # fmt: skip
        self_assess(session, SYSTEM, name, [Answer("heads", None, "")], read=1, now_ns=NOW)
    return name


def region_records(plant: Plant) -> dict[str, str]:
    """A report of the region, of enterprises that are not here any more, and an order for the next one."""
    names = [f"e{n}" for n in range(6)]
    readings = [Reading(name, {"score.total": str(40 + n)}, 1, f"{n:064}") for n, name in enumerate(names)]
    places = {name: Place("dairy", "small", "-") for name in names}
    inputs = RegionInputs("2026-Q1", NOW - 60 * DAY, "Asia/Shanghai", readings, places, 5)
    if not plant.services.settings.signing_key.exists():
        create_key(plant.services.settings.authority_dir)
    order = Order("REGION-2026-Q1", "2026-06-05", ["en"], formats=["html"])
    row, _ = issue_region(plant.services, SYSTEM, inputs, order)
    with plant.services.database.write() as session:
        job = order_region_report(session, SYSTEM, {"quarter": "2026-Q1"}, NOW)
        return {"region_report": row.id, "order": job.id}
