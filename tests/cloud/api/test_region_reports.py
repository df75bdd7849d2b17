"""The region's report over the API: ordered by the centre, read by the authority, noted as it leaves."""

from __future__ import annotations

import io
import zipfile

import httpx
import pytest
from ovoo_cloud.catalogue.centre_tables import EgressRecord
from sqlalchemy import select

from tests.cloud.api.plant import FOREIGN, OWN, Plant

REPORTS = "/api/v1/region/reports"


def ask(plant: Plant, role: str, method: str, path: str, **rest: object) -> httpx.Response:
    headers = {"Authorization": f"Bearer {plant.token(role)}"}
    return plant.http.request(method, path, headers=headers, **rest)  # type: ignore[arg-type]  # passed on as given


def test_the_authority_lists_and_downloads_what_names_nobody(plant: Plant) -> None:
    (row,) = ask(plant, "region_viewer", "GET", REPORTS).json()["items"]
    shown = ask(plant, "region_viewer", "GET", f"{REPORTS}/{row['id']}").json()
    page = ask(plant, "region_viewer", "GET", f"{REPORTS}/{row['id']}/files/report.html")
    bundle = ask(plant, "region_viewer", "GET", f"{REPORTS}/{row['id']}/bundle")

    assert (row["quarter"], row["summary"]["reports"]) == ("2026-Q1", 6)
    assert {"report.html", "snapshot.json", "report.json", "manifest.json", "manifest.sig"} <= set(shown["files"])
    assert "42.50" in page.text
    assert len(zipfile.ZipFile(io.BytesIO(bundle.content)).namelist()) == len(shown["files"])
    assert not [each for each in (OWN, FOREIGN) if each in page.text + str(shown)]
    with plant.services.database.read() as session:
        noted = session.scalars(select(EgressRecord).where(EgressRecord.role == "region_viewer")).all()
    told = {(each.data_class, each.subject) for each in noted if each.enterprise == ""}
    assert {("general", f"{row['id']}/report.html"), ("general", row["id"])} <= told
    assert [each.subject for each in noted if each.enterprise] == []


def test_a_file_that_the_manifest_does_not_list_is_absent(plant: Plant) -> None:
    name = plant.ids["own"]["region_report"]

    assert ask(plant, "region_viewer", "GET", f"{REPORTS}/{name}/files/report.pdf").status_code == 404
    assert ask(plant, "region_viewer", "GET", f"{REPORTS}/no-such/files/report.html").status_code == 404


@pytest.mark.parametrize("quarter", ["2099-Q1", "2026", "x"])
def test_a_quarter_that_is_not_over_is_told_at_once(plant: Plant, quarter: str) -> None:
    answer = ask(plant, "centre_admin", "POST", REPORTS, json={"quarter": quarter})

    assert answer.status_code in (400, 422)
    assert answer.headers["content-type"] == "application/problem+json"


def test_an_order_is_known_to_who_may_order_and_to_nobody_else(plant: Plant) -> None:
    key = {"Idempotency-Key": "region-1"}
    token = {"Authorization": f"Bearer {plant.token('centre_expert')}"}
    first = plant.http.post(REPORTS, json={}, headers={**token, **key})
    again = plant.http.post(REPORTS, json={}, headers={**token, **key})
    order = first.headers["Location"]

    assert first.status_code == again.status_code == 202
    assert first.json()["id"] == again.json()["id"]
    assert ask(plant, "centre_admin", "GET", order).json()["state"] == "queued"
    assert ask(plant, "region_viewer", "GET", order).status_code == 403
    other = plant.ids["own"]["job"]
    assert ask(plant, "centre_admin", "GET", f"/api/v1/region/orders/{other}").status_code == 404
