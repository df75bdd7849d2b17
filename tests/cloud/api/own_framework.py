"""A centre's own framework, small enough to score in one's head."""

from __future__ import annotations

import json
from typing import Any


def own_framework(version: str = "1", **changes: Any) -> dict[str, Any]:
    """Two items worth 60 and 40 points, two scenes, two levels; every rule signed by two persons."""
    reviewers = [
        {"name": "赵工", "office": "黑山促进中心", "date": "2026-03-01"},
        {"name": "钱工", "office": "黑山促进中心", "date": "2026-03-02"},
    ]
    fact = {"class": "paper", "measurable": 0, "evidence": {"zh": "台账", "en": "Ledger"}, "source": "own",
            "clause": "第 2 条"}  # fmt: skip
    items = [
        {"id": "ledger", "name": {"zh": "设备台账", "en": "Ledger"}, "points": 60, "kind": "single", "options": [
            {"id": "none", "zh": "无", "en": "None", "points": 0},
            {"id": "paper", "zh": "纸质", "en": "Paper", "points": 20},
            {"id": "system", "zh": "系统", "en": "System", "points": 60},
        ], **fact},
        {"id": "online", "name": {"zh": "在线率", "en": "Online share"}, "points": 40, "kind": "ratio", "brackets": [
            {"upto": 50, "share": 0}, {"upto": 100, "share": 1},
        ], **fact, "indicator": "equipment_networked"},
    ]  # fmt: skip
    scene = {"part": "production", "class": "paper"}
    document: dict[str, Any] = {
        "kind": "framework",
        "method": "points_gate",
        "id": "own_check",
        "name": {"zh": "本中心快速评测", "en": "Quick check of this centre"},
        "version": version,
        "reviewers": reviewers,
        "sources": {"own": {"text": "本中心评测办法 method of this centre", "edition": "ZX-2026-01",
                            "valid_from": "2026-01-01", "mark": "S"}},
        "source": "own",
        "connected": {"days": 30, "share": 0.8, "source": "own"},
        "dimensions": [{"id": "all", "name": {"zh": "全部", "en": "All"}, "points": 100, "groups": [
            {"id": "all", "name": {"zh": "全部", "en": "All"}, "weight": 100, "items": items}]}],
        "ladder": [{"level": n, "zh": f"{n} 级", "en": f"Level {n}"} for n in (1, 2, 3, 4)],
        "scenes": [{"id": "energy", "name": {"zh": "能耗", "en": "Energy"}, "mandatory": True, **scene},
                   {"id": "safety", "name": {"zh": "安全", "en": "Safety"}, "mandatory": False, **scene}],
        "scene_source": "own",
        "gate": [{"level": 1, "score": 20, "scenes": 1, "mandatory": 0, "scene_level": 1},
                 {"level": 2, "score": 60, "scenes": 2, "mandatory": 1, "scene_level": 2}],
        "gate_source": "own",
        "vectors": {"vectors": [{
            "id": "v1", "from": "第 3 条: 60 points and both scenes at 2",
            "expect": {"total": [60, 60], "level": [2, 2]},
            "answers": {"ledger": {"sure": ["system"], "open": [], "class": "declared"},
                        "online": {"low": "1/2", "high": "1/2", "class": "measured"}},
            "scenes": {"energy": {"level": 2, "class": "declared"}, "safety": {"level": 2, "class": "declared"}},
        }]},
    }  # fmt: skip
    return {**document, **changes}


def own_text(version: str = "1", **changes: Any) -> str:
    """The same as the text that is uploaded."""
    return json.dumps(own_framework(version, **changes), ensure_ascii=False, indent=1)
