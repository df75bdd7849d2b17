"""The intake and the document of the case that the tests of the workflow share."""

from __future__ import annotations

from typing import Any

SITE = "heishan"
REGISTER = "设备台账2026.pdf"
CONTENT = b"%PDF-1.7 register of equipment, seen on site"
PARTS: dict[str, dict[str, Any]] = {
    "profile": {
        "profile": {
            "name": {"zh": "黑山煤业有限公司", "en": "Heishan Coal Co."},
            "sector": "coal_mine",
            "staff": "420",
            "centre": {"zh": "示例促进中心（虚构）", "en": "Example centre (fictitious)"},
        },
        "sites": [{"id": SITE, "name": {"zh": "黑山矿", "en": "Heishan mine"}, "grid": "west"}],
        "window": {"start": "2026-06-04T10:00:00+08:00", "end": "2026-06-05T10:00:00+08:00"},
    },
    "equipment": {
        "equipment": [
            {
                "id": "fan1",
                "name": {"zh": "主通风机", "en": "Main fan"},
                "asset": f"{SITE}/ventilation/main/fan1",
                "template": "main_fan",
                "digital": "true",
                "class": "verified",
                "evidence": [REGISTER],
            },
            {"id": "winch", "name": {"zh": "绞车", "en": "Winch"}, "count": "2", "digital": "false"},
        ]
    },
    "answers": {
        "answers": {
            "network_build": {"options": ["control_network"], "class": "verified", "evidence": [REGISTER]},
            "awareness": {"options": ["step_3"]},
            "pass_rate": {"direction": "flat"},
        }
    },
    "scenes": {"scenes": {"equipment": {"levels_met": [1, 2]}, "energy": {"level": "1"}}},
}
