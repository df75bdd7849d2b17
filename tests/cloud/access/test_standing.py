"""Nobody of a centre comes to speak for an enterprise: each way that an administrator could try is refused."""

from __future__ import annotations

import contextlib
import pathlib
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from ovoo_cloud.access import invitations, standing, tokens, users
from ovoo_cloud.access.invitations import Invitee
from ovoo_cloud.access.roles import Role
from ovoo_cloud.catalogue import audit
from ovoo_cloud.catalogue.tables import User
from ovoo_contract.errors import Conflict, Forbidden, Unauthenticated

from tests.cloud.api.plant import FOREIGN, NOW, OWN, PASSWORD, SITE, SYSTEM
from tests.cloud.casework.centre import BASE, CASE, Centre, centre, iso
from tests.cloud.people import OFFICE, SERVER, WEEK_S, join

ENGINEER = Invitee("li.na", Role.ENTERPRISE_ENGINEER, "李娜")
OTHER = "another password"


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Centre]:
    with centre(tmp_path_factory.mktemp("standing")) as opened:
        yield opened


def consent_body(house: Centre) -> dict[str, Any]:
    until = iso(house.plant.clock() + 10**15)
    return {"purposes": ["telemetry"], "sites": [SITE], "until": until, "reason": "advice"}


@contextlib.contextmanager
def signed_in(house: Centre, name: str, password: str) -> Iterator[httpx.Client]:
    """A browser of somebody who types name and password."""
    with httpx.Client(base_url=house.plant.url, timeout=30, trust_env=False) as client:
        answer = client.post("/api/v1/sessions", json={"name": name, "password": password})
        assert answer.status_code == 201, answer.text
        yield client


def refused(client: httpx.Client, house: Centre, enterprise: str = OWN) -> None:
    answer = client.post(f"/api/v1/enterprises/{enterprise}/grants", json=consent_body(house))
    assert answer.status_code == 403, answer.text
    assert "does not speak" in answer.json()["title"] + answer.json().get("detail", "")


def created(house: Centre, name: str, role: str = "enterprise_engineer", by: str = "centre_admin") -> None:
    body = {"name": name, "password": PASSWORD, "role": role, "enterprises": [OWN]}
    with house.person(by) as admin:
        assert admin.post("/api/v1/users", json=body).status_code == 201


def test_an_engineer_whom_an_administrator_made_does_not_consent(house: Centre) -> None:
    created(house, "puppet")

    with signed_in(house, "puppet", PASSWORD) as client:
        refused(client, house)
        changed = client.post("/api/v1/me/password", json={"current": PASSWORD, "password": OTHER})
    with signed_in(house, "puppet", OTHER) as again:  # a password of one's own is not enough: the maker could set it
        refused(again, house)

    assert changed.status_code == 204


def test_neither_does_it_confirm_nor_consent_to_a_case_nor_invite(house: Centre) -> None:
    created(house, "puppet2")
    house.apply()
    house.done("centre_admin", "accept", {})

    with signed_in(house, "puppet2", PASSWORD) as client:
        given = client.post(f"{BASE}/cases/{CASE}/steps/consent", json=house.consent_body())
        house.done("enterprise_engineer", "consent", house.consent_body())
        confirmed = client.post(f"{BASE}/cases/{CASE}/steps/confirm", json={"snapshot": "0" * 64})
        objected = client.post(f"{BASE}/cases/{CASE}/steps/object", json={"reason": "x"})
        page = client.post(
            f"/cases/{OWN}/{CASE}/consent", data={"until": "2026-12-31", "reason": "x", "purpose": "report"},
            headers={"Origin": house.plant.url},
        )  # fmt: skip
        invited = client.post(f"{BASE}/invitations", json={"person": "friend"})

    assert [each.status_code for each in (given, confirmed, objected, page, invited)] == [403] * 5


def test_a_password_set_by_somebody_else_ends_the_standing(house: Centre) -> None:
    plant = house.plant
    with plant.services.database.write() as session:
        join(session, FOREIGN, "victim", PASSWORD, NOW, by=scope_of(house, "stranger"))
        users.set_password(session, SYSTEM, "victim", OTHER, NOW)

    with signed_in(house, "victim", OTHER) as client:
        refused(client, house, FOREIGN)
    with plant.services.database.read() as session:
        lines = [line for line in audit.listing(session, SYSTEM, limit=1000) if line.action == "standing.end"]
    assert [(line.subject, line.actor, line.enterprise) for line in lines] == [("victim", "system", FOREIGN)]


def scope_of(house: Centre, name: str) -> Any:
    """The scope of a signed-in person."""
    with house.plant.services.database.write() as session:
        issued = tokens.issue(session, name, kind="bearer", label="", lifetime_s=60, now_ns=NOW, personal=True)
        return tokens.authenticate(session, issued.text, NOW)


def test_a_role_cannot_be_changed_into_one_that_consents(house: Centre) -> None:
    created(house, "watcher", "enterprise_viewer")

    with house.person("centre_admin") as admin:
        admin.patch("/api/v1/users/watcher", json={"disabled": False, "role": "enterprise_engineer"})
        twice = admin.post(
            "/api/v1/users",
            json={"name": "watcher", "password": PASSWORD, "role": "enterprise_engineer", "enterprises": [OWN]},
        )
    with signed_in(house, "watcher", PASSWORD) as client:
        role, answer = client.get("/api/v1/me").json()["role"], client.post(f"{BASE}/grants", json=consent_body(house))

    assert (role, twice.status_code, answer.status_code) == ("enterprise_viewer", 422, 403)


def test_a_token_made_at_the_server_speaks_for_nobody_and_makes_none_that_does(house: Centre) -> None:
    with house.plant.services.database.write() as session:
        made = tokens.issue(
            session, "enterprise_engineer", kind="bearer", label="", lifetime_s=60, now_ns=house.plant.clock(),
            personal=False,
        )  # fmt: skip

    with httpx.Client(base_url=house.plant.url, trust_env=False) as client:
        client.headers["Authorization"] = f"Bearer {made.text}"
        refused(client, house)
        more = client.post("/api/v1/tokens", json={"label": "mine", "days": 1}).json()["token"]
        client.headers["Authorization"] = f"Bearer {more}"
        refused(client, house)
        reads = client.get(f"{BASE}/grants").status_code

    assert reads == 200


def test_a_centre_invites_only_while_nobody_speaks_for_the_enterprise(house: Centre) -> None:
    answer = house.call("centre_admin", "POST", "/invitations", json={"person": "puppet3"})
    viewer = house.call("enterprise_viewer", "POST", "/invitations", json={"person": "puppet3"})
    foreign = house.call("stranger", "POST", "/invitations", json={"person": "puppet3"})

    assert (answer.status_code, viewer.status_code, foreign.status_code) == (403, 403, 404)
    assert "enterprise_engineer" in answer.json()["value"]


def test_a_person_of_the_enterprise_vouches_for_the_next_one(house: Centre) -> None:
    with signed_in(house, "enterprise_engineer", PASSWORD) as engineer:
        issued = engineer.post(f"{BASE}/invitations", json={"person": "wang", "display_name": "王工"})
    code = issued.json()["code"]
    with httpx.Client(base_url=house.plant.url, trust_env=False) as nobody:
        accepted = nobody.post("/api/v1/invitations/accept", json={"token": code, "password": OTHER})
        twice = nobody.post("/api/v1/invitations/accept", json={"token": code, "password": "a third password"})
    with signed_in(house, "wang", OTHER) as client:
        given = client.post(f"{BASE}/grants", json=consent_body(house))
    people = {row["name"]: row for row in house.call("centre_admin", "GET", "/people").json()["items"]}
    listed = house.call("enterprise_viewer", "GET", "/invitations")

    assert (issued.status_code, issued.json()["second_needed"]) == (201, False)
    assert accepted.json() == {"user": "wang", "role": "enterprise_engineer", "enterprise": OWN}
    assert (twice.status_code, given.status_code) == (401, 201)
    assert (people["wang"]["speaks"], people["wang"]["vouched_by"]) == (True, ["enterprise_engineer"])
    assert code not in listed.text


class TestTheFirstPerson:
    """The two-person rule, on an enterprise for which nobody speaks."""

    @pytest.fixture
    def empty(self, tmp_path: pathlib.Path) -> Iterator[Centre]:
        with centre(tmp_path / "empty") as house:
            with house.plant.services.database.write() as session:
                for name in (Role.ENTERPRISE_ENGINEER.value, "stranger"):
                    users.set_disabled(session, SYSTEM, name, True, NOW)
            yield house

    def test_takes_two_codes_of_two_people(self, empty: Centre) -> None:
        database = empty.plant.services.database
        with database.write() as session:
            first = invitations.invite(session, SERVER, OWN, ENGINEER, lifetime_s=WEEK_S, now_ns=NOW)
        with pytest.raises(Unauthenticated), database.write() as session:
            invitations.accept(session, [first.text], PASSWORD, NOW)
        with pytest.raises(Forbidden, match="another person"), database.write() as session:
            invitations.ask_second(session, SERVER, OWN, first.id, NOW)
        with database.write() as session:
            second = invitations.ask_second(session, OFFICE, OWN, first.id, NOW)
        for codes in ([first.text], [second.text], [first.text, first.text], [second.text, second.text]):
            with pytest.raises(Unauthenticated), database.write() as session:
                invitations.accept(session, codes, PASSWORD, NOW)
        with database.write() as session:
            invitations.accept(session, [second.text, first.text], PASSWORD, NOW)
            speaking = standing.speakers(session, OWN)
            lines = {line.action: line for line in audit.listing(session, SYSTEM, limit=20)}

        assert (first.alone, list(speaking)) == (False, ["li.na"])
        assert lines["invitation.first"].actor == "cli"
        assert (lines["invitation.second"].actor, lines["invitation.second"].detail["first_by"]) == ("office", "cli")
        assert lines["invitation.accept"].detail["vouched_by"] == ["cli", "office"]

    def test_one_administrator_is_not_both_by_an_account_of_their_making(self, empty: Centre) -> None:
        created(empty, "second-self", "centre_admin")
        with empty.person("centre_admin") as admin:
            issued = admin.post(f"{BASE}/invitations", json={"person": "puppet"}).json()
            own = admin.post(f"{BASE}/invitations/{issued['id']}/second")
        with signed_in(empty, "second-self", PASSWORD) as self_made:
            other = self_made.post(f"{BASE}/invitations/{issued['id']}/second")
            begun = self_made.post(f"{BASE}/invitations", json={"person": "puppet"})

        assert issued["second_needed"] is True
        assert [each.status_code for each in (own, other, begun)] == [403, 403, 403]

    def test_an_account_that_an_administrator_made_goes_over_to_the_person(self, empty: Centre) -> None:
        created(empty, "li.na")
        with signed_in(empty, "li.na", PASSWORD) as maker:
            token = maker.post("/api/v1/tokens", json={"label": "kept", "days": 100}).json()["token"]
            with empty.plant.services.database.write() as session:
                join(session, OWN, "li.na", OTHER, empty.plant.clock())
            session_after = maker.get("/api/v1/me").status_code
        with httpx.Client(base_url=empty.plant.url, headers={"Authorization": f"Bearer {token}"}) as kept:
            token_after = kept.get("/api/v1/me").status_code
        with signed_in(empty, "li.na", OTHER) as person:
            given = person.post(f"{BASE}/grants", json=consent_body(empty)).status_code

        assert (session_after, token_after, given) == (401, 401, 201)

    def test_an_invitation_does_not_take_an_account_of_somebody_else(self, empty: Centre) -> None:
        database = empty.plant.services.database
        for name in ("centre_admin", "stranger", "enterprise_viewer", "cli"):
            with pytest.raises(Exception, match=r"taken|not a user name"), database.write() as session:
                invitations.invite(
                    session, SERVER, OWN, Invitee(name, Role.ENTERPRISE_ENGINEER), lifetime_s=60, now_ns=NOW
                )
        with database.write() as session:
            codes = [invitations.invite(session, SERVER, OWN, ENGINEER, lifetime_s=60, now_ns=NOW)]
            codes.append(invitations.ask_second(session, OFFICE, OWN, codes[0].id, NOW))
        created(empty, "li.na", "enterprise_viewer")
        with pytest.raises(Conflict, match="account has changed"), database.write() as session:
            invitations.accept(session, [each.text for each in codes], PASSWORD, NOW)
        with pytest.raises(Unauthenticated), database.write() as session:
            invitations.accept(session, [each.text for each in codes], PASSWORD, NOW + 60 * 10**9)
        with database.read() as session:
            assert session.get(User, "li.na").role == "enterprise_viewer"  # type: ignore[union-attr]


def test_in_a_plants_own_installation_one_code_is_enough(tmp_path: pathlib.Path) -> None:
    from tests.cloud.api.plant import installation, served

    with (
        installation(tmp_path, access_consent="own") as built,
        served(built) as plant,
        httpx.Client(base_url=plant.url, headers={"Authorization": f"Bearer {plant.token('head')}"}) as client,
    ):
        issued = client.post(f"{BASE}/invitations", json={"person": "zhou"}).json()
        accepted = client.post("/api/v1/invitations/accept", json={"token": issued["code"], "password": OTHER})

    assert (issued["second_needed"], accepted.status_code) == (False, 201)


def test_pages_invite_show_the_code_once_and_take_the_persons_own_password(house: Centre) -> None:
    here = {"Origin": house.plant.url}
    with signed_in(house, "enterprise_engineer", PASSWORD) as engineer:
        shown = engineer.post(
            f"/people/{OWN}/invitations", data={"person": "chen", "role": "enterprise_viewer"}, headers=here
        )
        later = engineer.get(f"/people/{OWN}")
    code = shown.text.split('<span class="address wrap">')[1].split("<")[0]
    with httpx.Client(base_url=house.plant.url, trust_env=False) as nobody:
        form = {"code": code, "password": OTHER, "again": OTHER}
        wrong = nobody.post("/invitation", data={**form, "again": "something else"})
        short = nobody.post("/invitation", data={**form, "password": "short", "again": "short"})
        unknown = nobody.post("/invitation", data={**form, "code": f"{code}x"})
        done = nobody.post("/invitation", data=form)

    assert code.startswith("ovoo_")
    assert code not in later.text
    assert [wrong.status_code, short.status_code, unknown.status_code, done.status_code] == [422, 422, 401, 303]
    assert 'data-person="chen"' not in later.text
    with signed_in(house, "chen", OTHER) as person:
        assert person.post(f"{BASE}/grants", json=consent_body(house)).status_code == 403  # a viewer speaks for nobody
        assert 'data-person="chen" data-speaks="no"' in person.get(f"/people/{OWN}").text
