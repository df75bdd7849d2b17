"""Cases of the sample mine led by each method that has no gate."""

from __future__ import annotations

from typing import Any

from ovoo_cloud.catalogue.frameworks import lint_text
from ovoo_cloud.diagnosis.case import Case, parse_case
from ovoo_cloud.diagnosis.shelf import Shelf

from tests.cloud.diagnosis import mine

OWN_BANDS = """
kind: framework
method: bands
id: park_check
name: {zh: 园区分级评价, en: Park grading}
version: "1"
reviewers:
  - {name: 赵工, office: 示例促进中心, date: 2026-03-01}
  - {name: 钱工, office: 示例促进中心, date: 2026-03-02}
sources:
  own: {text: 示例促进中心办法 method of the example centre, edition: ZX-2026-02, valid_from: 2026-01-01, mark: S}
source: own
variants: [{id: all, name: {zh: 全部企业, en: All enterprises}}]
full: 100
item:
  {name: {zh: 现场评分, en: Marks}, class: paper, evidence: {zh: 评分表, en: Sheet}, source: own, clause: 第 3 条}
levels:
  - {level: 1, name: {zh: 合格, en: Pass}, from: 60}
  - {level: 2, name: {zh: 良好, en: Good}, from: 75}
  - {level: 3, name: {zh: 优秀, en: Excellent}, from: 90}
level_source: own
vectors:
  vectors:
    - id: pass
      from: 第 4 条
      answers: {total: {low: 60, high: 60, class: declared}}
      expect: {total: [60, 60], level: [1, 1]}
"""

LEADS: dict[str, dict[str, Any]] = {
    "maturity": {
        "frameworks": ["gbt_39116"],
        "answers": {
            "strategy": {"grades": {"1": [1, 1], "2": [0.8, 0.5], "3": [0]}, "class": "declared"},
            "skills": {"grades": {"1": [0.5, "?"]}},
            "equipment": {"grades": {"1": [1], "2": [1], "3": [0.5], "4": [0], "5": [0]}, "class": "verified",
                          "evidence": ["现场核查表.pdf"]},
        },
    },
    "acceptance": {
        "frameworks": ["smart_mine"],
        "machines": {"ventilation_air": ["fan1", "comp1"], "power_drainage": ["pump1"], "main_coal_flow": ["belt1"]},
        "answers": {
            "variant": {"options": ["production"]},
            "ventilation_air-data_true": {"options": ["yes"], "class": "verified", "evidence": ["抽查记录.pdf"]},
            "main_coal_flow-data_complete": {"options": ["no"]},
            "must_have": {"options": ["yes"]},
            "experts": {"value": 5},
        },
    },
    "norm_table": {
        "frameworks": ["norms_coal_mine"],
        "answers": {
            "washing_coking": {"low": 6.2, "high": 6.9, "corrections": {"process_factor": 0.8}, "class": "declared"},
            "coal_underground": {"value": 5.5},
        },
    },
    "bands": {
        "frameworks": ["park_check@1"],
        "answers": {"total": {"low": 71, "high": 78, "class": "verified", "evidence": ["评分表.pdf"]}},
    },
}  # fmt: skip


def lead_case(method: str, **changes: Any) -> Case:
    """The sample mine led by a method; nothing is told for the SME index."""
    raw = {**mine.case().raw, "framework": "", "scenes": {}, **LEADS[method], **changes}
    return parse_case(raw)


def lead_shelf() -> Shelf:
    """The centre's own bands."""
    return Shelf({"park_check@1": lint_text(OWN_BANDS, "park.yaml").data or {}})
