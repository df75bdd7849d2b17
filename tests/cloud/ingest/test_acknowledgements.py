"""The broker hears of messages in the order of their arrival (MQTT-4.6.0-2)."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from ovoo_cloud.ingest.acknowledgements import OrderedAcknowledgements


@given(st.permutations(range(12)), st.lists(st.booleans(), min_size=12, max_size=12))
def test_ids_are_given_once_in_the_order_of_arrival_and_only_when_done(done: list[int], looks: list[bool]) -> None:
    order = OrderedAcknowledgements()
    for mid in range(12):
        order.arrived(mid)
    given_out: list[int] = []
    finished: set[int] = set()
    for mid, look in zip(done, looks, strict=True):
        order.done(mid)
        finished.add(mid)
        if look:
            given_out += order.take()
            assert set(given_out) <= finished
            assert len(given_out) == 12 or len(given_out) not in finished  # nothing ready is held back
    given_out += order.take()
    assert given_out == list(range(12))


def test_ids_of_an_earlier_connection_are_forgotten() -> None:
    order = OrderedAcknowledgements()
    order.arrived(1)
    order.clear()
    order.arrived(2)
    order.done(2)
    assert order.take() == [2]
