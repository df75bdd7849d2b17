from __future__ import annotations

import httpx
import pytest

from tests.cloud.api.plant import OWN, Plant
from tests.cloud.api.route_bodies import intake

BASE = f"/api/v1/enterprises/{OWN}"
REPORT = f"{BASE}/reports/heishan-2026-001-r1"


def test_a_report_lists_and_gives_the_files_of_its_manifest(admin: httpx.Client) -> None:
    files = admin.get(REPORT).json()["files"]
    pdf = admin.get(f"{REPORT}/files/report.pdf")

    assert files == ["manifest.json", "manifest.sig", "report.docx", "report.json", "report.pdf", "snapshot.json"]
    assert pdf.content == f"report.pdf of {OWN}".encode()
    assert pdf.headers["content-type"] == "application/pdf"
    assert "heishan-2026-001-r1-report.pdf" in pdf.headers["content-disposition"]


@pytest.mark.parametrize(
    "name",
    [
        "hidden.txt",
        "gone.pdf",
        "..%2F..%2Foutside.txt",
        "../../outside.txt",
        "%2Fetc%2Fpasswd",
        "..%5Coutside.txt",
        ".",
    ],
)
def test_nothing_but_the_manifests_files_leaves_the_folder(admin: httpx.Client, name: str) -> None:
    answer = admin.get(f"{REPORT}/files/{name}")

    assert answer.status_code in (404, 405)
    assert b"SECRET" not in answer.content
    assert b"root:" not in answer.content


def test_a_case_is_opened_by_json_and_every_mistake_is_told(admin: httpx.Client) -> None:
    wrong = {**intake(OWN), "windo": {}, "answers": {"pass_rate": {"direction": "sideways", "class": "guessed"}}}

    saved = admin.put(f"{BASE}/cases/new-case", json={"title": "黑山 2026", "intake": intake(OWN)})
    refused = admin.put(f"{BASE}/cases/bad-case", json={"title": "x", "intake": wrong})
    foreign = admin.put(f"{BASE}/cases/bad-case", json={"title": "x", "intake": intake("bayan-chem")})

    assert saved.status_code == 200
    assert admin.get(f"{BASE}/cases/new-case").json()["intake"]["enterprise"] == OWN
    assert refused.status_code == 422
    assert len(refused.json()["errors"]) >= 2
    assert foreign.status_code == 422
    assert admin.get(f"{BASE}/cases/bad-case").status_code == 404


def test_an_order_is_queued_once_for_one_key(admin: httpx.Client, plant: Plant) -> None:
    path = f"{BASE}/cases/heishan-case/reports"
    order = {"number": "HS-2026-002", "issue_date": "2026-06-05", "languages": ["zh", "en"]}

    first = admin.post(path, json=order, headers={"Idempotency-Key": "k1"})
    again = admin.post(path, json=order, headers={"Idempotency-Key": "k1"})
    other = admin.post(path, json={**order, "number": "HS-3"}, headers={"Idempotency-Key": "k1"})
    fresh = admin.post(path, json=order)

    assert first.status_code == again.status_code == 202
    assert again.json() == first.json()
    assert again.headers["idempotency-replayed"] == "true"
    assert other.status_code == 422
    assert fresh.json()["id"] != first.json()["id"]
    job = admin.get(first.headers["location"]).json()
    assert (job["state"], job["number"], job["user"]) == ("queued", "HS-2026-002", "centre_admin")


@pytest.mark.parametrize(
    "order",
    [{"number": "编号"}, {"number": ""}, {"number": "N-1", "languages": ["fr"]}, {"number": "N", "issue_date": 7e9}],
)
def test_an_order_that_could_only_fail_is_refused(admin: httpx.Client, order: dict[str, object]) -> None:
    assert admin.post(f"{BASE}/cases/heishan-case/reports", json=order).status_code == 422
