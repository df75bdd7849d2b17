"""A centre with filled registers for the tests of its pages."""

from __future__ import annotations

import importlib.resources
import json
from decimal import Decimal
from typing import Any

from ovoo_cloud.api.centre_matching import Wanted, match_enterprise
from ovoo_cloud.catalogue import enterprises
from ovoo_cloud.catalogue.tables import Report
from ovoo_cloud.centre import entries, requests
from ovoo_cloud.centre.assessments import Answer, open_assessment, self_assess
from ovoo_cloud.centre.kpi_sources import centre_kpis
from ovoo_cloud.centre.own_kinds import add_kind
from ovoo_contract.canonical import sha256_hex

from tests.cloud.api.plant import DAY, FAN, NOW, OWN, SITE, SYSTEM, Plant

ASSET = FAN.removeprefix(f"{OWN}/")
ROWS: list[tuple[str, str, dict[str, Any]]] = [
    ("provider", "acme", {"name_zh": "甲科技有限公司", "name_en": "Acme", "services": ["integration", "software"],
                          "contact": "市场部"}),
    ("provider", "beta", {"name_zh": "乙工程公司", "name_en": "Beta", "services": ["equipment"]}),
    ("solution", "idle-off", {"name_zh": "空转自动停机", "name_en": "Automatic stop", "provider": "acme",
                              "measures": ["idle"], "sectors": ["coal_mine"]}),
    ("solution", "air-net", {"name_zh": "空压站联控", "name_en": "Compressor control", "provider": "beta",
                             "measures": ["compressed_air", "idle"], "reports": [f"{SITE}-2026-001-r1"]}),
    ("course", "basics", {"name_zh": "能源管理基础", "name_en": "Basics of energy", "form": "onsite", "hours": "8",
                          "measures": ["idle"]}),
    ("policy", "support", {"name_zh": "技改补助（示例，虚构）", "name_en": "Support (made up)", "authority": "示例局",
                           "valid_from": "2026-01-01", "conditions": "size in small|medium; employees <= 300",
                           "benefit": "示例"}),
    ("profile", "own", {"enterprise": OWN, "size": "medium", "region": "呼和浩特"}),
    ("attendance", "a1", {"course": "basics", "date": "2026-03-02", "enterprise": OWN, "heads": 24,
                          "hours_per_head": "8"}),
    ("policy", "ending", {"name_zh": "到期补助（示例，虚构）", "name_en": "Ending (made up)", "authority": "示例局",
                          "valid_from": "2025-01-01", "valid_until": "2026-06-20", "benefit": "示例"}),
    ("certificate", "c1", {"number": "ZS-2026-001", "course": "basics", "date": "2026-03-02", "enterprise": OWN,
                           "holder": "学员甲（虚构）"}),
    ("open_bid", "gas", {"name_zh": "低浓度瓦斯利用", "name_en": "Use of lean gas", "year": 2026, "owner": "示例厅",
                         "goal": "示例目标", "state": "open"}),
    ("bid", "gas-acme", {"call": "gas", "bidder": "acme", "date": "2026-03-01", "plan": "方案", "state": "awarded",
                         "document": "应榜书（虚构）", "reason": "第一", "award_document": "纪要（虚构）"}),
    ("own_credit", "own", {"enterprise": OWN, "grade": "a", "amount_10k_yuan": "500", "valid_until": "2026-12-31",
                           "document": "合同（虚构）"}),
    ("policy", "loan", {"name_zh": "贷款贴息（示例，虚构）", "name_en": "Loan (made up)", "authority": "示例局",
                        "valid_from": "2026-01-01", "conditions": "own_credit.grade in a|b", "benefit": "示例"}),
    ("handle", "row", {"enterprise": OWN, "handle": "88.118.1/credit-1", "object": "entry",
                       "target": "own_credit/own"}),
    ("handle", "old", {"enterprise": OWN, "handle": "88.118.1/credit-0", "object": "entry",
                       "target": "own_credit/own", "replaced_by": "88.118.1/credit-1"}),
    ("criterion", "heads", {"name_zh": "培训人次", "name_en": "Heads trained", "procedure": "assessment",
                            "weight": "60", "kpi": "training_heads", "target": "20", "direction": "up",
                            "source": "示例办法（虚构）", "mark": "I"}),
    ("criterion", "days", {"name_zh": "响应天数", "name_en": "Days to answer", "procedure": "assessment",
                           "weight": "40", "kpi": "response_days", "target": "5", "direction": "down",
                           "source": "示例办法（虚构）", "mark": "I"}),
    ("data_rule", "fan", {"enterprise": OWN, "pattern": ASSET, "class": "core", "category": "通风安全",
                          "reason": "主通风机运行数据"}),
    ("handle", "r1", {"enterprise": OWN, "handle": "88.118.1/r-1", "object": "report",
                      "target": f"{SITE}-2026-001-r1", "name_zh": "诊断报告"}),
    ("data_centre", "dc1", {"name_zh": "示例数据中心", "name_en": "Sample centre", "racks": 500, "own_power": "yes"}),
    ("indicator", "net", {"name_zh": "设备联网率", "name_en": "Networked", "index": "示例指数（虚构）", "weight": "60",
                          "target": "50", "direction": "up", "normalisation": "target", "source": "示例",
                          "mark": "S"}),
    ("indicator", "cloud", {"name_zh": "上云企业占比", "name_en": "In the cloud", "index": "示例指数（虚构）",
                            "weight": "40", "direction": "up", "normalisation": "min_max", "source": "示例",
                            "mark": "M"}),
]  # fmt: skip


def furnish(plant: Plant) -> None:
    """Fills every register that a page shows something of, opens a request and an assessment."""
    example = importlib.resources.files("ovoo_cloud.centre").joinpath("own_kind_example.yaml").read_text("utf-8")
    with plant.services.database.write() as session:
        add_kind(session, SYSTEM, example, name="example.yaml", now_ns=NOW - 3 * DAY)
        for kind, name, fields in [*ROWS, *_months(), *_values(), *_tenants()]:
            entries.save(session, SYSTEM, kind, name, fields, read=0, now_ns=NOW - 3 * DAY)
    _diagnosed(plant)
    found = match_enterprise(plant.services, SYSTEM, OWN, Wanted(measures=["idle"]))
    with plant.services.database.write() as session:
        requests.open_request(session, SYSTEM, OWN, case="", note="空转多", matching=found, now_ns=NOW - 2 * DAY)
    bounds = NOW - 150 * DAY, NOW
    figures = centre_kpis(plant.services, SYSTEM, *bounds)
    with plant.services.database.write() as session:
        open_assessment(
            session, SYSTEM, "year-2026", procedure="assessment", subject="示例中心", start_ns=bounds[0],
            end_ns=bounds[1], kpis=figures, now_ns=NOW,
        )  # fmt: skip
        self_assess(session, SYSTEM, "year-2026", [Answer("heads", Decimal(90), "三期培训")], read=1, now_ns=NOW)


def _months() -> list[tuple[str, str, dict[str, Any]]]:
    return [
        ("data_centre_month", f"dc1-{n:02}", {
            "centre": "dc1", "month": f"{2025 + (n + 4) // 12}-{(n + 4) % 12 + 1:02}",
            "total_kwh": str(128_000 + 1_000 * (n % 5)), "it_kwh": "100000", "water_m3": "25", "coverage": "all",
            "document": "抄表记录（虚构）",
        })
        for n in range(12)
    ]  # fmt: skip


def _values() -> list[tuple[str, str, dict[str, Any]]]:
    given = [("net", "甲旗", "40", 2025), ("net", "乙旗", "30", 2025), ("net", "丙旗", "22", 2025),
             ("cloud", "甲旗", "61", 2025), ("cloud", "乙旗", "35", 2025), ("net", "甲旗", "31", 2024),
             ("net", "乙旗", "28", 2024), ("cloud", "甲旗", "50", 2024), ("cloud", "乙旗", "30", 2024)]  # fmt: skip
    return [
        ("indicator_value", f"v{n}", {
            "indicator": indicator, "region": region, "value": value, "year": year, "document": "统计公报（虚构）",
        })
        for n, (indicator, region, value, year) in enumerate(given)
    ]  # fmt: skip


def _tenants() -> list[tuple[str, str, dict[str, Any]]]:
    given = [
        ("甲厂", "120", "600", "3000", "900"),
        ("乙厂", "60", "420", "1500", None),
        ("丙厂", "30", None, None, None),
    ]
    bounds = [("a", "tax_per_mu", "8"), ("b", "tax_per_mu", "6"), ("c", "tax_per_mu", "1")]
    table = [
        ("park_class", f"t-{grade}", {
            "table": "示例分类表（虚构）", "grade": grade, "figure": figure, "at_least": least,
            "valid_from": "2024-01-01", "source": "示例", "edition": "示例〔2024〕1号（虚构）", "document": "示例",
            "mark": "M",
        })
        for grade, figure, least in bounds
    ]  # fmt: skip
    return table + [
        ("park", f"p{n}", {
            "park": "示例园区", "name_zh": name, "year": 2025, "area_mu": area, "tax_10k_yuan": tax,
            "value_added_10k_yuan": added, "energy_tce": energy, "document": "申报表（虚构）",
        })
        for n, (name, area, tax, added, energy) in enumerate(given)
    ]  # fmt: skip


def _diagnosed(plant: Plant) -> None:
    """Six enterprises of one sector with a report of the last quarter each, so that a benchmark has a group."""
    points = {"measured": "30", "verified": "10", "declared": "50", "insufficient": "10"}
    for n in range(6):
        name, folder = f"dairy-{n}", plant.services.settings.reports_dir / f"dairy-{n}"
        folder.mkdir(parents=True)
        figures = {f"score.class.{key}": {"value": value} for key, value in points.items()}
        figures |= {
            "score.total": {"value": str(40 + 5 * n)},
            "equipment.networked_percent": {"value": str(20 + 9 * n)},
        }
        raw = json.dumps({"figures": figures}).encode()
        (folder / "snapshot.json").write_bytes(raw)
        with plant.services.database.write() as session:
            enterprises.save_enterprise(session, SYSTEM, name, name_zh=f"乳企{n}", name_en=name, sector="dairy")
            enterprises.save_site(session, SYSTEM, name, "s")
            session.add(Report(
                id=f"d-{n}", case=None, enterprise=name, site="s", number=f"D-{n}", revision=1, title=name,
                language="zh", folder=str(folder), snapshot_sha256=sha256_hex(raw), summary={"level": 1 + n % 3},
                start_ns=NOW - 130 * DAY, end_ns=NOW - 100 * DAY, created_by="system", created_ns=NOW - 90 * DAY,
            ))  # fmt: skip
