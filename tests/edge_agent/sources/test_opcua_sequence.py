"""Order, gaps and acknowledgements of notification messages."""

from __future__ import annotations

from ovoo_edge.sources.opcua_sequence import SequenceLedger, next_sequence

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
