"""Ideal rates over the API: entered and read in together or not at all, shown with the assets, out as a table."""

from __future__ import annotations

import base64
from typing import Any

import httpx

from tests.cloud.api.plant import FAN, FOREIGN, OWN, SITE

RATES = f"/api/v1/enterprises/{OWN}/ideal-rates"
HEADER = "asset,ideal_rate_per_hour,product_unit"


def shown(client: httpx.Client) -> tuple[str | None, str | None]:
    listed = client.get(f"/api/v1/enterprises/{OWN}/assets", params={"site": SITE}).json()["items"]
    (fan,) = [each for each in listed if each["path"] == FAN]
    return fan["ideal_rate_per_hour"], fan["product_unit"]


def file(*lines: str) -> dict[str, Any]:
    return {"name": "rates.csv", "content": base64.b64encode("\n".join([HEADER, *lines]).encode()).decode()}


def entry(rate: str, unit: str) -> dict[str, Any]:
    return {"asset": FAN, "ideal_rate_per_hour": rate, "product_unit": unit}


def test_a_rate_is_entered_shown_and_taken_away(admin: httpx.Client) -> None:
    kept = admin.post(RATES, json={"rates": [entry("12.50", "count")]})

    assert kept.status_code == 200
    assert (kept.json()["items"][0]["ideal_rate_per_hour"], shown(admin)) == ("12.5", ("12.5", "count"))

    admin.post(RATES, json={"rates": [entry("", "")]})
    assert shown(admin) == (None, None)


def test_what_goes_out_comes_in_again_changed(admin: httpx.Client) -> None:
    admin.post(RATES, json={"rates": [entry("12.5", "count")]})

    out = admin.get(f"{RATES}/export")
    changed = out.content.replace(f"{FAN},12.5,count".encode(), f"{FAN},20,t".encode())
    taken = admin.post(f"{RATES}/import", json={"name": "r.csv", "content": base64.b64encode(changed).decode()})

    assert out.headers["content-type"] == "text/csv; charset=utf-8"
    assert changed != out.content
    assert (taken.status_code, shown(admin)) == (200, ("20", "t"))
    assert taken.json()["assets"] == len(out.text.splitlines()) - 1
    admin.post(RATES, json={"rates": [entry("", "")]})


def test_one_wrong_row_keeps_nothing_and_is_named(admin: httpx.Client) -> None:
    before = shown(admin)

    wrong = admin.post(f"{RATES}/import", json=file(f"{FAN},12,furlong"))
    no_columns = admin.post(
        f"{RATES}/import", json={"name": "r.csv", "content": base64.b64encode(b"a,b\n1,2\n").decode()}
    )
    no_bytes = admin.post(f"{RATES}/import", json={"name": "r.csv", "content": "§"})
    stranger = admin.post(f"{RATES}/import", json=file(f"{FAN.replace(OWN, FOREIGN)},12,t"))

    assert wrong.status_code == 422
    assert "line 2 product_unit" in wrong.text
    assert (no_columns.status_code, no_bytes.status_code, stranger.status_code) == (422, 422, 404)
    assert HEADER in no_columns.text
    assert shown(admin) == before
