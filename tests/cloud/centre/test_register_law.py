"""Calls and bids, certificates and attendance, what ends soon, what refers to a row."""

from __future__ import annotations

import datetime
from typing import Any

import pytest
from ovoo_cloud.centre import exchange
from ovoo_cloud.centre.entries import entries, save
from ovoo_cloud.centre.expiry import endings
from ovoo_cloud.centre.referrers import referrers
from ovoo_contract.errors import ConfigErrors
from sqlalchemy import event

from tests.cloud.centre.conftest import ENGINEER, FOREIGN, NOW, OWN, SYSTEM, Centre

CALL: dict[str, Any] = {
    "name_zh": "低浓度瓦斯利用",
    "year": 2026,
    "owner": "示例厅",
    "goal": "示例",
    "state": "open",
    "deadline": "2026-05-31",
}
BID: dict[str, Any] = {"call": "gas", "date": "2026-05-20", "plan": "方案", "document": "应榜书", "state": "submitted"}
AWARD: dict[str, Any] = {"state": "awarded", "reason": "评审第一", "award_document": "评审纪要（虚构）"}


@pytest.fixture
def called(centre: Centre) -> Centre:
    for name in ("acme", "beta"):
        centre.put("provider", name, name_zh=name, services=["consulting"])
    centre.put("open_bid", "gas", **CALL)
    centre.put("bid", "b1", bidder="acme", **BID)
    return centre


def refused(centre: Centre, kind: str, name: str, read: int = 0, **fields: Any) -> set[str]:
    with pytest.raises(ConfigErrors) as caught:
        centre.put(kind, name, read=read, **fields)
    return {each.message for each in caught.value.errors}


def test_a_call_goes_from_bids_to_award_and_acceptance_with_evidence(called: Centre) -> None:
    called.put("bid", "b2", bidder="beta", **BID)
    called.put("bid", "b1", read=1, bidder="acme", **BID | AWARD)
    called.put("bid", "b2", read=1, bidder="beta", **BID | AWARD | {"state": "rejected", "reason": "第二"})
    called.put("open_bid", "gas", read=1, **CALL | {"state": "claimed", "claimed_by": "acme"})
    done = CALL | {
        "state": "accepted",
        "claimed_by": "acme",
        "accepted_on": "2026-11-01",
        "acceptance_document": "验收书",
    }
    row = called.put("open_bid", "gas", read=2, **done)

    assert row.version == 3
    with called.services.database.read() as session:
        found = [(kind.id, each.id) for kind, each in referrers(session, SYSTEM, "open_bid", "gas")]
        assert found == [("bid", "b1"), ("bid", "b2")]
        assert referrers(session, ENGINEER, "open_bid", "gas") == []


@pytest.mark.parametrize(
    ("kind", "name", "read", "fields", "message"),
    [
        ("open_bid", "gas", 1, CALL | {"state": "claimed"}, "awarded to nobody"),
        ("open_bid", "gas", 1, CALL | {"state": "claimed", "claimed_by": "acme"}, "no bid of theirs is chosen"),
        ("bid", "b9", 0, {"bidder": "beta"} | BID | {"date": "2026-06-01"}, "after the deadline"),
        ("bid", "b1", 1, {"bidder": "acme"} | BID | {"state": "awarded"}, "decided without evidence"),
        ("bid", "b1", 1, {"bidder": "acme"} | BID | {"state": "rejected", "reason": "x"}, "decided without evidence"),
    ],
)
def test_a_step_without_its_evidence_is_refused(
    called: Centre, kind: str, name: str, read: int, fields: dict[str, Any], message: str
) -> None:
    assert message in refused(called, kind, name, read, **fields)


def test_one_bid_of_a_call_is_chosen_and_acceptance_needs_its_document(called: Centre) -> None:
    called.put("bid", "b1", read=1, bidder="acme", **BID | AWARD)
    assert "another bid is chosen" in refused(called, "bid", "b2", bidder="beta", **BID | AWARD)
    won: dict[str, Any] = CALL | {"claimed_by": "acme", "state": "accepted"}
    assert "accepted without its document" in refused(called, "open_bid", "gas", 1, **won)


def test_a_bid_that_was_chosen_for_another_call_wins_nothing(called: Centre) -> None:
    called.put("open_bid", "dust", **CALL | {"name_zh": "粉尘治理"})
    called.put("bid", "d1", bidder="acme", **BID | AWARD | {"call": "dust"})

    assert "no bid of theirs is chosen" in refused(
        called, "open_bid", "gas", 1, **CALL | {"state": "claimed", "claimed_by": "acme"}
    )


@pytest.fixture
def taught(centre: Centre) -> Centre:
    centre.put("course", "basics", name_zh="基础", form="onsite", hours="8")
    centre.put("attendance", "a", course="basics", date="2026-05-10", enterprise=OWN, heads=2, hours_per_head="8")
    return centre


HEADER = "编号,证书编号,课程,培训日期,企业,持证人,有效期至\n"


def certificates(*numbers: str, date: str = "2026-05-10") -> bytes:
    rows = [f"c-{n},{number},basics,{date},{OWN},学员{n},2026-07-01" for n, number in enumerate(numbers)]
    return (HEADER + "\n".join(rows) + "\n").encode("gb18030")


def imported(centre: Centre, raw: bytes, kind: str = "certificate") -> int:
    with centre.services.database.write() as session:
        return exchange.import_file(session, SYSTEM, kind, raw, "c.csv", NOW).added


def test_certificates_come_in_as_a_table_and_only_the_centre_sees_who_holds_them(taught: Centre) -> None:
    assert imported(taught, certificates("ZS-001", "ZS-002")) == 2

    with taught.services.database.read() as session:
        body, _ = exchange.export_csv(session, ENGINEER, "certificate")
    assert b"ZS-001" in body
    assert "学员".encode() not in body


@pytest.mark.parametrize(
    ("raw", "place", "message"),
    [
        (certificates("ZS-1", "ZS-2", "ZS-3"), "row 4 number (B4)", "more certificates than heads"),
        (certificates("ZS-1", "ZS-1"), "row 3 number (B3)", "taken by another row"),
        (certificates("ZS-1", date="2026-05-11"), "row 2 date (D2)", "no such attendance"),
    ],
)
def test_certificates_that_nobody_can_hold_are_refused_and_none_comes_in(
    taught: Centre, raw: bytes, place: str, message: str
) -> None:
    with pytest.raises(ConfigErrors) as caught:
        imported(taught, raw)

    assert [(each.offender, each.message) for each in caught.value.errors] == [(place, message)]
    with taught.services.database.read() as session:
        assert not entries(session, SYSTEM, "certificate")


def test_a_certificate_may_get_another_number_where_every_head_has_one(taught: Centre) -> None:
    imported(taught, certificates("ZS-001", "ZS-002"))

    assert imported(taught, certificates("ZS-009", "ZS-002")) == 0

    with taught.services.database.read() as session:
        assert [row.content["number"] for row in entries(session, SYSTEM, "certificate")] == ["ZS-009", "ZS-002"]


def whole_reads(centre: Centre, raw: bytes, kind: str = "certificate") -> int:
    """How often an import reads rows of a register, or kinds of registers, without naming one."""
    asked: list[str] = []

    def note(_1: object, _2: object, statement: str, *_rest: object) -> None:
        asked.append(statement)

    event.listen(centre.services.engine, "before_cursor_execute", note)
    try:
        with centre.services.database.write() as session:
            exchange.import_file(session, SYSTEM, kind, raw, "c.csv", NOW)
    finally:
        event.remove(centre.services.engine, "before_cursor_execute", note)
    tables = ("FROM register_entries", "FROM register_kinds")
    selects = [each for each in asked if each.startswith("SELECT") and any(table in each for table in tables)]
    return sum("register_entries.id = ?" not in each for each in selects)


def handles(first: int, count: int) -> bytes:
    """Handles of a row that everybody sees, each replaced by the one before it, the first by `88.118.1/h0`."""
    head = "id,handle,object,target,enterprise,replaced_by"
    row = "h-{0},88.118.1/h{0},entry,provider/acme,{2},88.118.1/h{1}"
    numbers = range(first, first + count)
    return "\n".join([head, *(row.format(n, n - 1 if n > first else 0, OWN) for n in numbers)]).encode()


@pytest.mark.parametrize("kind", ["certificate", "bid", "handle"])
def test_an_import_of_many_rows_reads_its_registers_as_often_as_one_of_a_few(called: Centre, kind: str) -> None:
    called.put("course", "basics", name_zh="基础", form="onsite", hours="8")
    called.put("attendance", "a", course="basics", date="2026-05-10", enterprise=OWN, heads=70, hours_per_head="8")
    bids = [f"b-{n},gas,acme,2026-05-20,方案,应榜书,awarded,评审第一,评审纪要" for n in range(66)]
    called.put("handle", "h-0", handle="88.118.1/h0", object="entry", target="provider/acme", enterprise=OWN)
    head = "id,call,bidder,date,plan,document,state,reason,award_document"
    few, many = {
        "certificate": (
            certificates("A1", "A2", "A3"),
            certificates(*(f"B{n}" for n in range(60))).replace(b"c-", b"d-"),
        ),
        "handle": (handles(1, 3), handles(10, 60)),
        "bid": tuple("\n".join([head, *rows]).encode() for rows in (bids[:3], bids[3:])),
    }[kind]

    first, second = whole_reads(called, few, kind), whole_reads(called, many, kind)

    assert 0 < first <= 4
    assert second == first


def test_a_handle_is_replaced_by_one_that_the_same_file_registers_even_withdrawn_never_by_another_enterprises(
    called: Centre,
) -> None:
    fields: dict[str, Any] = {"object": "entry", "target": "provider/acme", "enterprise": OWN}
    called.put("handle", "gone", handle="88.118.1/gone", **fields)
    with called.services.database.write() as session:
        gone = {"handle": "88.118.1/gone", **fields}
        save(session, SYSTEM, "handle", "gone", gone, read=1, now_ns=NOW, withdrawn=True)
    called.put("handle", "theirs", handle="88.118.1/theirs", **{**fields, "enterprise": FOREIGN})

    head = b"id,handle,object,target,enterprise,replaced_by\n"
    taken = (
        b"new,88.118.1/new,entry,provider/acme,%b,\n"
        b"old,88.118.1/old,entry,provider/acme,%b,88.118.1/new\n"
        b"older,88.118.1/older,entry,provider/acme,%b,88.118.1/gone\n"
    ).replace(b"%b", OWN.encode())
    assert imported(called, head + taken, "handle") == 3
    for after in (b"88.118.1/theirs", b"88.118.1/self", b"88.118.1/nothing"):
        row = b"self,88.118.1/self,entry,provider/acme,%b,%b\n" % (OWN.encode(), after)
        with pytest.raises(ConfigErrors) as caught:
            imported(called, head + row, "handle")
        assert [each.message for each in caught.value.errors] == ["replaced by nothing"]


def test_what_ends_soon_or_has_ended_is_told_in_its_order(taught: Centre) -> None:
    imported(taught, certificates("ZS-001"))
    policy: dict[str, Any] = {"name_zh": "补助", "authority": "示例局", "valid_from": "2026-01-01", "benefit": "示例"}
    for name, until in (("gone", "2026-06-01"), ("soon", "2026-06-20"), ("late", "2027-01-01"), ("open", None)):
        taught.put("policy", name, **policy, valid_until=until)
    day = datetime.datetime.fromtimestamp(NOW // 10**9, datetime.UTC).date()

    with taught.services.database.read() as session:
        found = [(each.kind.id, each.row.id, each.days) for each in endings(session, SYSTEM, day, 30)]
        stranger = [each.row.id for each in endings(session, ENGINEER, day, 30)]

    assert found == [("policy", "gone", -4), ("policy", "soon", 15), ("certificate", "c-0", 26)]
    assert stranger == ["gone", "soon", "c-0"]
