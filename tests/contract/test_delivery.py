"""Acks, requests, state and events as JSON."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from ovoo_contract.address import AssetAddress
from ovoo_contract.delivery import Ack, EventEnvelope, GatewayState, Rejection, Request, SeqRanges
from ovoo_contract.errors import DeliveryError, OvooError
from ovoo_contract.findings import Finding

from tests.contract.strategies import QUICK, TODAY_NS, texts, u64

FINDING = Finding(
    "bearing_wear", "warning", AssetAddress.parse("coal/heishan/ventilation/main/fan1"), TODAY_NS, TODAY_NS + 5
)

rejections = st.builds(Rejection, u64, st.from_regex(r"[a-z][a-z0-9_]{0,20}", fullmatch=True), texts)


@QUICK
@given(u64, st.lists(u64, max_size=5), st.lists(rejections, max_size=3))
def test_an_ack_reads_back(epoch: int, seqs: list[int], rejected: list[Rejection]) -> None:
    ack = Ack(epoch, SeqRanges.of(seqs), tuple(rejected))

    assert Ack.from_json(ack.to_json()) == ack


def test_an_ack_is_readable() -> None:
    ack = Ack(7, SeqRanges([(1, 5), (9, 9)]), (Rejection(6, "foreign_address", "coal/other"),))

    assert json.loads(ack.to_json()) == {
        "epoch": "7",
        "ranges": [[1, 5], [9, 9]],
        "rejected": [{"seq": 6, "code": "foreign_address", "detail": "coal/other"}],
    }
    assert Ack.from_json(b'{"epoch": 7, "ranges": [[1, 5]]}') == Ack(7, SeqRanges([(1, 5)]))


@QUICK
@given(u64, u64)
def test_an_event_reads_back(epoch: int, seq: int) -> None:
    event = EventEnvelope(epoch, seq, FINDING)

    assert EventEnvelope.from_json(event.to_json()) == event


def test_a_request_reads_back() -> None:
    request = Request("catalog", {"catalogue_id": "0123456789abcdef"})

    assert Request.from_json(request.to_json()) == request
    assert Request.from_json(b'{"kind":"catalog"}') == Request("catalog")


def test_a_state_reads_back() -> None:
    state = GatewayState(
        online=True, time_ns=TODAY_NS, epoch=2**64 - 1, next_seq=2**60, backlog_rows=3, cpu=0.25, detail={"a": [1]}
    )

    assert GatewayState.from_json(state.to_json()) == state
    assert GatewayState.from_json(b'{"online":false,"time_ns":"5","future":1}') == GatewayState(online=False, time_ns=5)


@pytest.mark.parametrize("reader", [Ack, Request, GatewayState, EventEnvelope, Finding])
@pytest.mark.parametrize(
    "data", [b"", b"{}", b"[]", b"5", b'"x"', b"\xff\xfe", b"null", b"{" * 50_000, b'{"a":NaN}', b'{"a":"\\ud800"}']
)
def test_junk_is_refused(reader: Any, data: bytes) -> None:
    with pytest.raises(DeliveryError):
        reader.from_json(data)


@pytest.mark.parametrize(
    ("reader", "data"),
    [
        (Ack, b'{"epoch":-1}'),
        (Ack, b'{"epoch":true}'),
        (Ack, b'{"epoch":"--5"}'),
        (Ack, b'{"epoch":"99999999999999999999"}'),
        (Ack, b'{"epoch":1,"ranges":[5]}'),
        (Ack, b'{"epoch":1,"ranges":[[5,1]]}'),
        (Ack, b'{"epoch":1,"ranges":[["a",1]]}'),
        (Ack, b'{"epoch":1,"rejected":[{"seq":1,"code":"Not A Code"}]}'),
        (Ack, b'{"epoch":1,"rejected":[1]}'),
        (Request, b'{"kind":"catalog","detail":5}'),
        (GatewayState, b'{"online":1,"time_ns":"5"}'),
        (GatewayState, b'{"online":true,"time_ns":"5","cpu":"much"}'),
        (GatewayState, b'{"online":true,"time_ns":"5","cpu":1e999}'),
        (EventEnvelope, b'{"epoch":1,"seq":1,"finding":[]}'),
    ],
)
def test_a_wrong_field_is_refused(reader: Any, data: bytes) -> None:
    with pytest.raises(DeliveryError):
        reader.from_json(data)


def test_the_message_names_the_field() -> None:
    with pytest.raises(DeliveryError, match=r"ack\.epoch: wrong or missing \(got 1\.5; an integer from 0 to"):
        Ack.from_json(b'{"epoch":1.5}')


def test_what_is_not_finite_is_not_sent() -> None:
    with pytest.raises(DeliveryError, match=r"state\.cpu"):
        GatewayState(online=True, time_ns=1, cpu=float("nan"))
    with pytest.raises(OvooError):
        Request("catalog", {"x": float("inf")}).to_json()
