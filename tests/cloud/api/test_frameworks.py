"""A centre's own framework through the API: refused with lines, kept as a draft, published, used by a case, retired."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from ovoo_cloud.catalogue import frameworks
from ovoo_cloud.catalogue.framework_tables import FrameworkEdition
from ovoo_contract.errors import ConfigError
from ovoo_packs import framework_names, load_framework

from tests.cloud.api.own_framework import own_framework, own_text
from tests.cloud.api.plant import OWN, SYSTEM, Plant
from tests.cloud.api.route_bodies import intake

BASE = "/api/v1/frameworks"


@pytest.fixture(autouse=True)
def clean(plant: Plant) -> Iterator[None]:
    """The tests' own editions go when they end; those of the plant stay."""
    yield
    with plant.services.database.write() as session:
        session.query(FrameworkEdition).filter(FrameworkEdition.framework.like("test_%")).delete()


def document(version: str = "1", **changes: Any) -> dict[str, Any]:
    return own_framework(version, id="test_own", **changes)


def send(client: httpx.Client, **body: Any) -> httpx.Response:
    return client.post(BASE, json=body)


def expert(plant: Plant) -> httpx.Client:
    headers = {"Authorization": f"Bearer {plant.token('centre_expert')}"}
    return httpx.Client(base_url=plant.url, timeout=20, headers=headers, trust_env=False, verify=False)


def test_the_list_has_the_packs_and_pages_by_cursor(admin: httpx.Client) -> None:
    first = admin.get(BASE, params={"limit": 3}).json()
    rest = admin.get(BASE, params={"cursor": first["next"]}).json()

    ids = [each["id"] for each in first["items"] + rest["items"]]
    assert ids[: len(framework_names())] == list(framework_names())
    assert {each["reference_only"] for each in first["items"]} == {True}


def test_text_and_object_give_the_same_framework(admin: httpx.Client) -> None:
    by_text = send(admin, text=own_text(id="test_own")).json()
    by_object = send(admin, document=document())

    assert by_object.status_code == 201
    assert by_object.json()["sha256"] == by_text["sha256"]
    assert by_text["state"] == "draft"
    assert by_text["unfinished"] == []
    assert not by_text["reference_only"]
    assert by_text["rules"]["method"] == "points_gate"


def test_all_mistakes_come_together_with_file_and_line(admin: httpx.Client) -> None:
    bad = document()
    bad["dimensions"][0]["points"] = 90
    del bad["name"]["en"]

    answer = send(admin, document=bad, name="mine.json")

    assert answer.status_code == 422
    assert answer.headers["content-type"] == "application/problem+json"
    places = [each["where"] for each in answer.json()["errors"]]
    assert places == ["mine.json:5 name.en"]  # what hangs on a sound tree is checked once the tree is sound
    bad["name"]["en"] = "x"
    errors = send(admin, document=bad, name="mine.json").json()["errors"]
    assert any("points do not add up" in each["message"] for each in errors)


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ({}, "no document"),
        ({"text": "a", "document": {}}, "no document"),
        ({"text": "kind: poem"}, "not a framework"),
        ({"text": "\ud800"}, ""),
        ({"text": "kind: \x00"}, "YAML"),
        ({"text": "[" * 3000}, "nested too deep"),
        ({"document": own_framework(id="sme_2024")}, "the id is taken"),
        ({"document": own_framework("1 2", id="test_own")}, "not a version"),
        ({"document": own_framework(id="test_own", name={"zh": "长" * 300, "en": "x"})}, "too long"),
    ],
)
def test_what_cannot_be_kept_is_refused(plant: Plant, admin: httpx.Client, body: dict[str, Any], words: str) -> None:
    answer = admin.post(BASE, content=json.dumps(body), headers={"Content-Type": "application/json"})

    assert answer.status_code == 422
    assert words in answer.text
    with plant.services.database.read() as session:
        assert not frameworks.editions(session, SYSTEM, "test_own")


def test_a_draft_is_seen_by_managers_only_and_replaced_by_its_next_upload(plant: Plant, admin: httpx.Client) -> None:
    send(admin, document=document())
    changed = send(admin, document=document(name={"zh": "改名", "en": "Renamed"})).json()

    assert changed["name_zh"] == "改名"
    with expert(plant) as other:
        assert other.get(f"{BASE}/test_own/editions/1").status_code == 404
        assert "test_own" not in other.get(BASE).text
    assert admin.get(f"{BASE}/test_own/editions/1").json()["sha256"] == changed["sha256"]


def test_the_way_of_an_edition_is_draft_published_retired(plant: Plant, admin: httpx.Client) -> None:
    send(admin, document=document())
    state = f"{BASE}/test_own/editions/1/state"

    assert admin.post(state, json={"state": "published"}).json()["state"] == "published"
    again = send(admin, document=document(name={"zh": "改名", "en": "Renamed"}))
    assert (again.status_code, "was published" in again.text) == (422, True)
    with expert(plant) as other:
        assert other.get(f"{BASE}/test_own/editions/1").status_code == 200
    assert admin.post(state, json={"state": "published"}).status_code == 422
    assert admin.post(state, json={"state": "retired"}).json()["state"] == "retired"
    assert admin.post(state, json={"state": "published"}).status_code == 422
    assert admin.post(state, json={"state": "draft"}).status_code == 422


def test_an_unfinished_draft_is_not_published(admin: httpx.Client) -> None:
    bare = document()
    del bare["vectors"]
    kept = send(admin, document=bare).json()

    answer = admin.post(f"{BASE}/test_own/editions/1/state", json={"state": "published"})

    assert "no conformance vectors" in kept["unfinished"][0]
    assert answer.status_code == 422
    assert "not finished" in answer.text


def test_changes_name_each_rule_by_its_ids(admin: httpx.Client) -> None:
    send(admin, document=document())
    later = document("2")
    later["dimensions"][0]["groups"][0]["items"][1]["brackets"][0]["upto"] = 55
    later["vectors"]["vectors"][0]["answers"]["online"] = {"low": "1/2", "high": "11/20", "class": "measured"}
    assert send(admin, document=later).status_code == 201

    found = admin.get(f"{BASE}/test_own/changes", params={"before": "1", "after": "2"}).json()["changes"]

    assert found == [
        {"path": "dimensions[all].groups[all].items[online].brackets[50.0].share", "before": 0.0, "after": None},
        {"path": "dimensions[all].groups[all].items[online].brackets[50.0].upto", "before": 50.0, "after": None},
        {"path": "dimensions[all].groups[all].items[online].brackets[55.0].share", "before": None, "after": 0.0},
        {"path": "dimensions[all].groups[all].items[online].brackets[55.0].upto", "before": None, "after": 55.0},
    ]
    assert admin.get(f"{BASE}/test_own/changes", params={"before": "1", "after": "9"}).status_code == 404


def test_a_case_may_name_a_published_edition_and_no_other(admin: httpx.Client) -> None:
    send(admin, document=document())
    path = f"/api/v1/enterprises/{OWN}/cases/frameworks-case"
    told = {**intake(OWN), "framework": "", "frameworks": ["sme_2024", "test_own@1"]}

    draft = admin.put(path, json={"title": "x", "intake": told})
    admin.post(f"{BASE}/test_own/editions/1/state", json={"state": "published"})
    published = admin.put(path, json={"title": "x", "intake": told})
    unknown = admin.put(path, json={"title": "x", "intake": {**told, "frameworks": ["sme_1999"]}})

    assert (draft.status_code, published.status_code, unknown.status_code) == (422, 200, 422)
    assert "no such framework" in draft.text


def test_the_newest_published_edition_serves_who_names_no_version(plant: Plant, admin: httpx.Client) -> None:
    for version in ("1", "2"):
        send(admin, document=document(version))
        admin.post(f"{BASE}/test_own/editions/{version}/state", json={"state": "published"})
    send(admin, document=document("3"))

    with plant.services.database.read() as session:
        newest = frameworks.shelf(session, SYSTEM, ["sme_2024", "test_own"])
        assert newest.framework("test_own").version in ("1", "2")
        assert newest.framework("sme_2024") is load_framework("sme_2024")
    admin.post(f"{BASE}/test_own/editions/2/state", json={"state": "retired"})
    with plant.services.database.read() as session:
        assert frameworks.shelf(session, SYSTEM, ["test_own"]).framework("test_own").version == "1"
        assert frameworks.shelf(session, SYSTEM, ["test_own@2"]).framework("test_own@2").version == "2"  # retired
        with pytest.raises(ConfigError, match="no such framework"):
            frameworks.shelf(session, SYSTEM, ["test_own@3"])


def test_what_is_done_stands_in_the_audit(plant: Plant, admin: httpx.Client) -> None:
    send(admin, document=document())
    admin.post(f"{BASE}/test_own/editions/1/state", json={"state": "published"})

    headers = {"Authorization": f"Bearer {plant.token('head')}"}  # sees what belongs to no enterprise
    lines = admin.get("/api/v1/audit", params={"limit": 1000}, headers=headers).json()["items"]
    done = {each["action"] for each in lines if each["subject"] == "test_own@1"}
    assert {"framework.save", "framework.published"} <= done


def test_a_repeated_key_gives_the_first_answer_again(admin: httpx.Client) -> None:
    headers = {"Idempotency-Key": "framework-1"}
    first = admin.post(BASE, json={"document": document()}, headers=headers)
    second = admin.post(BASE, json={"document": document()}, headers=headers)

    assert second.json() == first.json()
    assert second.headers["Idempotency-Replayed"] == "true"
