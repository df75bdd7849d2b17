"""Bills over the API: entered together or not at all, listed by period, withdrawn, and made into a baseline."""

from __future__ import annotations

import io
import zipfile
from typing import Any

import httpx

from tests.cloud.api.plant import FOREIGN, OWN, SITE

ENERGY = f"/api/v1/enterprises/{OWN}/sites/{SITE}/energy"
REPORT = f"/api/v1/enterprises/{OWN}/reports/heishan-2026-001-r1"


def bill(month: int, **changes: Any) -> dict[str, Any]:
    start, end = f"2025-{month:02d}-01T00:00:00+08:00", f"2025-{month + 1:02d}-01T00:00:00+08:00"
    made = {"start": start, "end": end, "kwh": str(9000 + 300 * (month % 5) + 40 * month), "document": f"bill {month}"}
    return {**made, "amounts": {"output": str(200 + 30 * (month % 5))}, **changes}


def test_bills_make_a_baseline_and_one_that_is_none_keeps_nothing(admin: httpx.Client) -> None:
    before = admin.get(f"{ENERGY}/entered-bills").json()["items"]

    refused = admin.post(f"{ENERGY}/entered-bills", json={"bills": [bill(1), bill(2, kwh="much")]})
    kept = admin.post(f"{ENERGY}/entered-bills", json={"bills": [bill(month) for month in range(1, 12)]})
    made = admin.post(
        f"{ENERGY}/bill-baselines",
        json={
            "name": "of bills", "start": bill(1)["start"], "end": bill(11)["end"], "amounts": ["output"],
        },
    )  # fmt: skip

    assert refused.status_code == 422
    assert "bill 2 kwh" in refused.json()["offender"]
    assert kept.status_code == 201
    fit = made.json()["fits"][0]
    assert (made.status_code, fit["outcome"]["refused"]) == (201, "")
    assert set(fit["outcome"]["coefficients"]) == {"per_day", "output"}
    listed = admin.get(f"{ENERGY}/entered-bills", params={"limit": 5}).json()
    assert len(listed["items"]) == 5
    assert listed["next"]
    for row in kept.json()["items"]:
        assert admin.delete(f"{ENERGY}/entered-bills/{row['id']}").status_code == 204
    assert admin.get(f"{ENERGY}/entered-bills").json()["items"] == before
    foreign = f"/api/v1/enterprises/{FOREIGN}/sites/{SITE}/energy/entered-bills/{kept.json()['items'][0]['id']}"
    assert admin.delete(foreign).status_code == 404


def test_a_bundle_is_one_archive_of_what_the_manifest_lists(admin: httpx.Client) -> None:
    first, again = (admin.get(f"{REPORT}/bundle") for _ in range(2))
    names = zipfile.ZipFile(io.BytesIO(first.content)).namelist()

    assert first.content == again.content
    assert first.headers["content-type"] == "application/zip"
    assert names == [f"heishan-2026-001-r1/{name}" for name in admin.get(REPORT).json()["files"]]


def test_a_bundle_that_is_none_does_not_verify_and_says_where(admin: httpx.Client) -> None:
    found = admin.get(f"{REPORT}/verification").json()

    assert (found["ok"], found["level"]) == (False, 1)
    assert "manifest.sig" in {each["name"] for each in found["mismatches"]}
