"""Order, gaps and acknowledgements of notification messages."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from ovoo_edge.sources.opcua_items import Subscription
from ovoo_edge.sources.opcua_sequence import SequenceLedger, next_sequence, read_position
from ovoo_edge.sources.opcua_session_state import position_of, restored

LAST = 2**32 - 1


def test_numbers_wrap_to_one() -> None:
    assert next_sequence(LAST) == 1

    ledger = SequenceLedger(7, LAST - 1)
    assert ledger.missing_before(LAST) == []
    ledger.receive(LAST)
    assert ledger.missing_before(1) == []
    assert ledger.missing_before(3) == [1, 2]


def test_acknowledgements_follow_commits_once_each() -> None:
    ledger = SequenceLedger(7)
    for number in (1, 2, 3):
        ledger.receive(number)
    assert ledger.take_acks() == []

    ledger.commit(2)
    assert ledger.take_acks() == [2]
    assert ledger.committed == 0
    ledger.commit(1)
    assert (ledger.take_acks(), ledger.committed, ledger.pending) == ([1], 2, 1)


def test_acknowledgements_of_a_lost_request_are_sent_again() -> None:
    ledger = SequenceLedger(7)
    for number in (1, 2, 3):
        ledger.receive(number)
        ledger.commit(number)
    taken = ledger.take_acks(2)

    ledger.return_acks(taken)

    assert ledger.take_acks() == [1, 2, 3]


def test_missing_messages_are_named_and_a_gap_does_not_hold_up_the_rest() -> None:
    ledger = SequenceLedger(7)
    ledger.receive(1)
    assert ledger.missing_before(4) == [2, 3]

    ledger.give_up([2])
    ledger.receive(3)
    ledger.receive(4)
    for number in (1, 3, 4):
        ledger.commit(number)

    assert ledger.committed == 4
    assert ledger.missing_before(5) == []


def test_repeated_and_old_numbers_are_known() -> None:
    ledger = SequenceLedger(7, 10)
    assert ledger.is_known(10)
    assert ledger.is_known(3)
    assert not ledger.is_known(11)
    ledger.receive(11)
    assert ledger.is_known(11)
    assert ledger.missing_before(5) == []


def test_resuming_asks_for_what_is_unknown_and_acknowledges_what_is_on_disk() -> None:
    ledger = SequenceLedger(7, 10, resumed=True)
    assert ledger.must_resume

    wanted = ledger.resume_at(16, [9, 12, 15, 16])

    assert wanted == [12, 15]
    assert ledger.take_acks() == [9]
    for number in (12, 15, 16):
        ledger.receive(number)
        ledger.commit(number)
    assert ledger.committed == 16
    assert ledger.missing_before(17) == []


def test_resuming_after_years_does_not_walk_through_every_number() -> None:
    ledger = SequenceLedger(7, 1, resumed=True)

    assert ledger.resume_at(2_000_000_000, [1_999_999_999]) == [1_999_999_999]
    assert ledger.missing_before(2_000_000_000) == []


def test_a_position_names_what_is_on_disk_once_everything_received_is() -> None:
    ledger = SequenceLedger(7, LAST - 1)
    ledger.receive(LAST)
    assert read_position(ledger.position()) == (LAST, ())
    ledger.receive(2)
    assert read_position(ledger.position()) == (LAST, (2,))
    ledger.receive(1)
    assert read_position(ledger.position()) == (2, ())
    assert read_position(b"odd") is None


def test_resuming_from_the_spool_asks_for_every_number_that_is_not_on_disk() -> None:
    ledger = SequenceLedger(7, 10, resumed=True, beyond=(12,), exact=True)

    assert ledger.resume_at(16, [9, 12, 14, 16]) == [11, 13, 14, 15]
    assert ledger.take_acks() == [9, 12]


def test_resuming_across_the_wrap_keeps_the_order() -> None:
    ledger = SequenceLedger(7, LAST - 1, resumed=True, exact=True)

    assert ledger.resume_at(3, [1, 2, LAST]) == [LAST, 1, 2]


def test_what_was_received_and_is_not_on_disk_is_never_acknowledged_on_resuming() -> None:
    ledger = SequenceLedger(7, 1, resumed=True, exact=True)
    ledger.receive(2)  # republished before the first answer

    assert ledger.resume_at(3, [1, 2]) == []
    assert ledger.take_acks() == [1]
    ledger.commit(2)
    assert ledger.take_acks() == [2]


def test_a_position_counts_only_for_the_subscription_it_was_written_for() -> None:
    subscription = Subscription(77, 100.0, 10, created_ns=5)
    ledger = SequenceLedger(77, 41)
    ledger.receive(42)
    sequences = ledger.position()

    assert restored(subscription, 3, position_of(subscription, sequences)).committed == 42
    # the server restarted and gave the same id again
    other = Subscription(77, 100.0, 10, created_ns=6)
    assert restored(other, 3, position_of(subscription, sequences)).committed == 0
    # a spool of before positions, or a state file of before: the state file decides
    assert restored(subscription, 3, b"").committed == 3
    assert restored(Subscription(77, 100.0, 10), 3, position_of(subscription, sequences)).committed == 3


@given(st.data(), st.integers(1, LAST), st.integers(1, 30))
def test_wherever_it_dies_each_message_is_on_disk_once(data: st.DataObject, first: int, messages: int) -> None:
    """A server that repeats what was not acknowledged; commits in the order of hands, acknowledgements late or lost."""
    numbers = [first]
    while len(numbers) < messages:
        numbers.append(next_sequence(numbers[-1]))
    held: list[int] = []
    disk: list[int] = []
    subscription = Subscription(77, 100.0, 10, created_ns=5)
    position = position_of(subscription, (first - 1).to_bytes(4, "big"))
    ledger = restored(subscription, 0, position)
    handed: list[tuple[int, bytes]] = []

    def take(number: int) -> None:
        ledger.receive(number)
        handed.append((number, position_of(subscription, ledger.position())))

    for number in numbers:
        held.append(number)
        if ledger.must_resume:
            for wanted in ledger.resume_at(number, held):
                assert wanted in held, "asked for what is on disk and acknowledged"
                take(wanted)
        if not ledger.is_known(number):
            take(number)
        committed = data.draw(st.integers(0, len(handed)))
        for done, after in handed[:committed]:
            disk.append(done)
            position = after
        if data.draw(st.booleans()):  # dies before it hears of the commit
            ledger = restored(subscription, 0, position)
            handed.clear()
            continue
        for done, _ in handed[:committed]:
            ledger.commit(done)
        del handed[:committed]
        if data.draw(st.booleans()):
            acked = set(ledger.take_acks())
            assert acked <= set(disk)
            held = [each for each in held if each not in acked]

    disk += [number for number, _ in handed]
    if ledger.must_resume:
        disk += ledger.resume_at(next_sequence(numbers[-1]), held)
    assert sorted(disk) == sorted(numbers)
