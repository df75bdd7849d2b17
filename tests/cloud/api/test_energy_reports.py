from __future__ import annotations

import httpx

from tests.cloud.api.plant import OWN, SITE


def test_the_route_queues_an_order_and_tells_mistakes_at_once(admin: httpx.Client) -> None:
    base = f"/api/v1/enterprises/{OWN}/sites/{SITE}/energy-reports"

    good = admin.post(base, json={"month": "2026-05", "languages": ["zh"]}, headers={"Idempotency-Key": "m1"})
    again = admin.post(base, json={"month": "2026-05", "languages": ["zh"]}, headers={"Idempotency-Key": "m1"})
    month = admin.post(base, json={"month": "2026-5"})
    inputs = admin.post(base, json={"month": "2026-05", "inputs": {"bil": {}}})

    assert (good.status_code, month.status_code, inputs.status_code) == (202, 422, 422)
    assert good.json()["kind"] == "energy_report"
    assert good.json()["number"].startswith("E-2026-05")
    assert again.json()["id"] == good.json()["id"]
    assert "unknown key" in inputs.text
