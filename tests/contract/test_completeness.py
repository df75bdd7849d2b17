"""Accounts of an hour: they add up or are refused, they read back, and no input breaks the reader."""

from __future__ import annotations

import json
import zlib
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from ovoo_contract.completeness import (
    HOUR_NS,
    MAX_REPORT_BYTES,
    MAX_SIGNALS,
    CompletenessEnvelope,
    HourReport,
    LostInterval,
    SignalHour,
)
from ovoo_contract.errors import DeliveryError

from tests.contract.strategies import QUICK

CATALOGUE = "0123456789abcdef"
HOUR = 489_000
START = HOUR * HOUR_NS
PARTS = st.integers(0, 5000)


@st.composite
def reports(draw: st.DrawFn) -> HourReport:
    counts = []
    lost = []
    for signal in draw(st.lists(st.integers(0, 2**32 - 1), unique=True, max_size=8)):
        stored, suppressed, duplicate, absent = (draw(PARTS) for _ in range(4))
        exact, guessed = 0, 0
        for start, length, number, received in draw(
            st.lists(
                st.tuples(st.integers(0, HOUR_NS - 2), st.integers(1, HOUR_NS), st.integers(1, 99), st.booleans()),
                max_size=3,
            )
        ):
            end = min(start + length, HOUR_NS)
            lost.append(LostInterval(signal, START + start, START + end, "spool_full", number, received))
            exact, guessed = (exact + number, guessed) if received else (exact, guessed + number)
        received_total = stored + suppressed + duplicate + exact
        expected = stored + suppressed + exact + guessed + absent
        counts.append((signal, expected, received_total, min(stored, 7), suppressed, duplicate))
    if draw(st.booleans()):
        lost.append(LostInterval(None, START, START + 1, "spool_damaged", 3))
    made_ns = draw(st.integers(-(2**63) + 1, 2**63 - 1))
    return HourReport.of(CATALOGUE, HOUR, made_ns, counts, lost, draw(st.integers(0, 9)))


@QUICK
@given(reports(), st.integers(0, 2**64 - 1), st.integers(1, 2**64 - 1))
def test_a_report_reads_back_and_adds_up(report: HourReport, epoch: int, seq: int) -> None:
    envelope = CompletenessEnvelope(epoch, seq, report)

    assert CompletenessEnvelope.from_bytes(envelope.to_bytes()) == envelope
    assert CompletenessEnvelope.peek(envelope.to_bytes()) == (epoch, seq)
    assert HourReport.from_bytes(report.to_bytes()) == report
    for row in report.signals:
        assert row.expected == row.stored + row.suppressed + row.lost + row.absent
        assert row.received == row.stored + row.suppressed + row.duplicate + row.lost_received
        intervals = [item for item in report.lost if item.signal == row.signal]
        assert row.lost == sum(item.count for item in intervals)


@QUICK
@given(reports(), st.data())
def test_a_cut_off_or_flipped_message_is_refused_or_means_the_same(report: HourReport, data: st.DataObject) -> None:
    whole = bytearray(CompletenessEnvelope(7, 12, report).to_bytes())
    place = data.draw(st.integers(0, len(whole) - 1))

    with pytest.raises(DeliveryError):
        CompletenessEnvelope.from_bytes(bytes(whole[:place]))
    whole[place] ^= data.draw(st.integers(1, 255))
    try:
        read = CompletenessEnvelope.from_bytes(bytes(whole))
    except DeliveryError:
        return
    assert read == CompletenessEnvelope(7, 12, report)


def _deflated(document: object) -> bytes:
    return zlib.compress(json.dumps(document).encode())


def _sample() -> dict[str, Any]:
    lost = [LostInterval(3, START, START + HOUR_NS, "spool_full", 10)]
    return HourReport.of(CATALOGUE, HOUR, 5, [(1, 60, 60, 0, 0, 0), (3, 60, 50, 0, 0, 0)], lost).to_document()


def _set(name: str, value: object) -> Callable[[dict[str, Any]], None]:
    return lambda document: document.__setitem__(name, value)


@pytest.mark.parametrize(
    "spoil",
    [
        pytest.param(_set("version", 2), id="another version"),
        pytest.param(_set("catalogue_id", "x"), id="no catalogue id"),
        pytest.param(_set("hour", -1), id="before 1970"),
        pytest.param(_set("hour", 10**12), id="beyond all time"),
        pytest.param(_set("signals", [1]), id="columns of different length"),
        pytest.param(_set("signals", [1, "3"]), id="text for a number"),
        pytest.param(_set("signals", [1, True]), id="truth for a number"),
        pytest.param(_set("signals", [1, 2**32]), id="index too great"),
        pytest.param(_set("signals", [1, 1]), id="a signal twice"),
        pytest.param(_set("expected", [60, 5]), id="more stored than expected"),
        pytest.param(_set("received", [60, 5]), id="more lost than received"),
        pytest.param(_set("suppressed", [61, 0]), id="more suppressed than received"),
        pytest.param(_set("backfilled", [61, 0]), id="more late ones than received"),
        pytest.param(_set("lost", [[3, "0", "1", "spool_full", 1, True]]), id="lost in another hour"),
        pytest.param(_set("lost", [[9, str(START), str(START + 1), "spool_full", 1, True]]), id="lost of nobody"),
        pytest.param(_set("lost", [[3, str(START), str(START), "spool_full", 1, True]]), id="empty interval"),
        pytest.param(_set("lost", [[3, str(START), str(START + 1), "Spool full", 1, True]]), id="cause in prose"),
        pytest.param(_set("lost", [[3, str(START), str(START + 1), "spool_full", 0, True]]), id="nothing lost"),
        pytest.param(_set("lost", [[3]]), id="half an interval"),
        pytest.param(_set("lost", 7), id="no list"),
    ],
)
def test_what_does_not_add_up_is_refused(spoil: Callable[[dict[str, Any]], None]) -> None:
    document = _sample()
    HourReport.from_bytes(_deflated(document))
    spoil(document)

    with pytest.raises(DeliveryError):
        HourReport.from_bytes(_deflated(document))


@pytest.mark.parametrize("data", [b"", b"x", _deflated(7), _deflated({}), zlib.compress(b"{"), _deflated({}) + b"x"])
def test_what_is_no_report_is_refused(data: bytes) -> None:
    with pytest.raises(DeliveryError):
        CompletenessEnvelope.peek(data)


def test_a_message_that_unpacks_to_more_than_allowed_is_not_unpacked() -> None:
    with pytest.raises(DeliveryError, match="too long"):
        HourReport.from_bytes(zlib.compress(b" " * (MAX_REPORT_BYTES + 1)))


def test_a_report_is_bounded() -> None:
    with pytest.raises(DeliveryError, match="too many"):
        HourReport.of(CATALOGUE, HOUR, 0, [(signal, 0, 0, 0, 0, 0) for signal in range(MAX_SIGNALS + 1)])


def test_the_largest_report_is_small_on_the_wire() -> None:
    counts = [(signal, 3600, 3600 + signal % 7, signal % 11, 900, signal % 7) for signal in range(MAX_SIGNALS)]

    assert len(HourReport.of(CATALOGUE, HOUR, 0, counts).to_bytes()) < 16 << 10


def test_a_signal_tells_what_the_source_did_not_give() -> None:
    row = SignalHour(0, expected=3600, received=3010, suppressed=1000, duplicate=10, lost_received=100, lost_before=200)

    assert (row.stored, row.lost, row.absent) == (1900, 300, 400)
