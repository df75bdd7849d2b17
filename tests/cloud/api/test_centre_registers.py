"""Registers over the API: ETags, files, what another's eyes do not see."""

from __future__ import annotations

import base64
import io

import httpx
import openpyxl

from tests.cloud.api.centre_records import PROVIDER
from tests.cloud.api.plant import Plant

REGISTERS = "/api/v1/centre/registers"


def as_user(plant: Plant, user: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {plant.token(user)}"}


def body_of(table: bytes, *, check: bool = False) -> dict[str, object]:
    return {"name": "t.csv", "content": base64.b64encode(table).decode(), "check_only": check}


def test_an_etag_guards_a_row(admin: httpx.Client) -> None:
    url = f"{REGISTERS}/provider/entries/guarded"
    made = admin.put(url, json={"fields": PROVIDER})
    changed = admin.put(url, json={"fields": PROVIDER | {"note": "x"}}, headers={"If-Match": made.headers["etag"]})
    late = admin.put(url, json={"fields": PROVIDER | {"note": "y"}}, headers={"If-Match": made.headers["etag"]})
    blind = admin.put(url, json={"fields": PROVIDER})

    assert (made.status_code, made.headers["etag"]) == (200, '"1"')
    assert changed.headers["etag"] == admin.get(url).headers["etag"] == '"2"'
    assert late.status_code == blind.status_code == 412
    assert late.json()["type"] == "urn:ovoo:error:stale"
    assert "version 1, now 2" in late.json()["detail"]
    assert admin.put(url, json={"fields": PROVIDER}, headers={"If-Match": "2"}).status_code == 422


def test_check_only_says_what_a_file_would_do_and_keeps_nothing(admin: httpx.Client) -> None:
    table = "id,name_zh,services\nchecked,丙,training\n".encode()
    url = f"{REGISTERS}/provider/import"

    checked = admin.post(url, json=body_of(table, check=True))
    absent = admin.get(f"{REGISTERS}/provider/entries/checked")
    done = admin.post(url, json=body_of(table))

    assert checked.json() == done.json()
    assert done.json()["added"] == 1
    assert absent.status_code == 404


def test_wrong_cells_come_back_with_their_places(admin: httpx.Client) -> None:
    answer = admin.post(f"{REGISTERS}/provider/import", json=body_of(b"id,name_zh,services\na1,,fly\n"))

    assert answer.status_code == 422
    assert [each["where"] for each in answer.json()["errors"]] == ["row 2 name_zh (B2)", "row 2 services (C2)"]
    assert admin.post(f"{REGISTERS}/provider/import", json={"name": "x", "content": "§"}).status_code == 422


def test_an_exported_workbook_is_in_the_readers_words_and_withdrawn_rows_stay_in_it(admin: httpx.Client) -> None:
    admin.put(f"{REGISTERS}/provider/entries/gone", json={"fields": PROVIDER, "withdrawn": True})

    answer = admin.get(f"{REGISTERS}/provider/export", params={"format": "xlsx", "language": "en"})
    sheet = openpyxl.load_workbook(io.BytesIO(answer.content)).active
    assert sheet is not None
    rows = list(sheet.iter_rows(values_only=True))
    listed = [row["id"] for row in admin.get(f"{REGISTERS}/provider").json()["items"]]

    assert rows[0][:4] == ("id", "version", "withdrawn", "Name (Chinese)")
    assert "gone" in {row[0] for row in rows}
    assert "gone" not in listed


def test_another_enterprises_row_does_not_exist(client: httpx.Client, plant: Plant) -> None:
    url = f"{REGISTERS}/profile/entries"
    engineer = as_user(plant, "enterprise_engineer")

    assert client.get(f"{url}/own", headers=engineer).status_code == 200
    foreign = client.get(f"{url}/other", headers=engineer)
    nobody = client.get(f"{url}/nobody", headers=engineer)
    assert foreign.status_code == nobody.status_code == 404
    assert foreign.json()["title"] == nobody.json()["title"]
    assert client.get(f"{REGISTERS}/profile", headers=as_user(plant, "region_viewer")).status_code == 403
    assert client.get(f"{REGISTERS}/wings", headers=engineer).status_code == 404


def test_lists_are_paged_and_searched(admin: httpx.Client) -> None:
    for number in range(3):
        fields = PROVIDER | {"name_zh": f"分页{number}"}
        admin.put(f"{REGISTERS}/provider/entries/page-{number}", json={"fields": fields}, headers={"If-Match": "*"})

    first = admin.get(f"{REGISTERS}/provider", params={"q": "分页", "limit": 2}).json()
    second = admin.get(f"{REGISTERS}/provider", params={"q": "分页", "cursor": first["next"]}).json()

    assert [row["id"] for row in first["items"] + second["items"]] == ["page-0", "page-1", "page-2"]
    assert second["next"] is None
