"""Back-off, log lines, service manager, secrets, supervision, window."""

from __future__ import annotations

import asyncio
import io
import logging
import pathlib
import random
import socket

import pytest
from ovoo_contract.delivery import SeqRanges
from ovoo_contract.errors import ConfigError
from ovoo_edge import logs
from ovoo_edge.backoff import Backoff
from ovoo_edge.secret_file import read_secret
from ovoo_edge.sinks.in_flight import InFlight
from ovoo_edge.sinks.uplink_plan import Message, plan
from ovoo_edge.spool_rows import SpoolRow
from ovoo_edge.supervisor import Supervised, supervise
from ovoo_edge.systemd import is_supervised, notify, notify_status, watchdog_interval_s


def test_backoff_doubles_jitters_and_starts_over() -> None:
    backoff = Backoff(1.0, 10.0, random.Random(1))
    delays = [backoff.next_s() for _ in range(6)]
    for delay, full in zip(delays, [1, 2, 4, 8, 10, 10], strict=True):
        assert 0.75 * full <= delay <= full
    backoff.reset()
    assert backoff.attempts == 0
    assert backoff.next_s() <= 1.0


def test_log_lines_are_single_and_carry_the_event(monkeypatch: pytest.MonkeyPatch) -> None:
    root = logging.getLogger()
    before = list(root.handlers), root.level
    stream = io.StringIO()
    try:
        logs.configure("info", stream)
        logging.getLogger("ovoo_edge.test").warning("event=torn file=%s", "a\nb")
        logging.getLogger("other").info("plain words")
        logging.getLogger("other").debug("unseen")
    finally:
        root.handlers[:], root.level = before
    first, second = stream.getvalue().splitlines()
    assert first.endswith("level=warning logger=ovoo_edge.test event=torn file=a\\nb")
    assert second.endswith("logger=other event=message text='plain words'")


def test_the_service_manager_hears_datagrams(tmp_path: pathlib.Path) -> None:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as channel:
        channel.bind(str(tmp_path / "n"))
        channel.settimeout(5)
        assert notify("READY=1", {"NOTIFY_SOCKET": str(tmp_path / "n")})
        assert channel.recv(99) == b"READY=1"
        assert notify_status("two\nlines and a " + "long " * 500, {"NOTIFY_SOCKET": str(tmp_path / "n")})
        told = channel.recv(9999)
        assert told.startswith(b"STATUS=two lines and a long")
        assert len(told) <= 507
    assert not notify("READY=1", {})
    # one that has gone must not stop the collection
    assert not notify("WATCHDOG=1", {"NOTIFY_SOCKET": str(tmp_path / "n")})
    assert not notify("WATCHDOG=1", {"NOTIFY_SOCKET": str(tmp_path / "absent")})
    assert is_supervised({"NOTIFY_SOCKET": "@x"})
    assert not is_supervised({})
    assert watchdog_interval_s({"WATCHDOG_USEC": "10000000"}) == 5.0
    assert watchdog_interval_s({"WATCHDOG_USEC": "10000000", "WATCHDOG_PID": "1"}) is None
    assert watchdog_interval_s({}) is None


def test_secrets_are_read_only_from_private_files(tmp_path: pathlib.Path) -> None:
    secret = tmp_path / "s"
    with pytest.raises(ConfigError, match="No such file"):
        read_secret(secret, "password_file")
    secret.write_text("line one\nline two")
    secret.chmod(0o640)
    with pytest.raises(ConfigError, match="readable by others"):
        read_secret(secret, "password_file")
    secret.chmod(0o600)
    assert read_secret(secret, "password_file") == "line one"
    secret.write_text("\n")
    with pytest.raises(ConfigError, match="holds no secret"):
        read_secret(secret, "password_file")


async def test_a_part_that_fails_is_shown_and_tried_again() -> None:
    part = Supervised("sink x")
    attempts: list[str] = []

    async def run() -> None:
        attempts.append(part.failure)
        if len(attempts) < 3:
            raise ValueError(f"attempt {len(attempts)}")

    await asyncio.wait_for(supervise(part, run, Backoff(0.001, 0.001, random.Random(1))), 5)

    assert (part.failures, part.failure, part.finished) == (2, "", True)


async def test_waiting_starts_over_after_a_part_ran_well_for_a_while() -> None:
    now_s = 0.0
    attempts: list[int] = []
    backoff = Backoff(0.001, 0.004, random.Random(1))

    async def run() -> None:
        nonlocal now_s
        attempts.append(backoff.attempts)
        now_s += 100.0 if len(attempts) == 4 else 1.0
        if len(attempts) < 6:
            raise ValueError("again")

    await asyncio.wait_for(supervise(Supervised("x"), run, backoff, monotonic_s=lambda: now_s), 5)

    assert attempts == [0, 1, 2, 3, 1, 2]


def spool_row(
    seq: int, *, kind: str = "batch", size: int = 10, catalogue: str = "a", flags: int = 0, at: int = 0
) -> SpoolRow:
    return SpoolRow(seq, kind, catalogue, 1, 0, 0, at, 0, flags, bytes(size))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("rows", "expected"),
    [
        ([spool_row(1), spool_row(2), spool_row(3)], [[1, 2, 3]]),
        ([spool_row(1), spool_row(3)], [[1], [3]]),
        ([spool_row(1), spool_row(2, kind="event"), spool_row(3)], [[1], [2], [3]]),
        ([spool_row(1), spool_row(2, catalogue="b")], [[1], [2]]),
        ([spool_row(1), spool_row(2, flags=1)], [[1], [2]]),
        ([spool_row(1, size=60), spool_row(2, size=60)], [[1], [2]]),
        ([spool_row(1, size=500), spool_row(2)], [[1], [2]]),
        ([spool_row(1), spool_row(2, at=11)], [[1], [2]]),
        ([spool_row(1), spool_row(2, at=10)], [[1, 2]]),
    ],
)
def test_what_may_travel_together(rows: list[SpoolRow], expected: list[list[int]]) -> None:
    assert [[row.seq for row in part] for part in plan(rows, 100, span_ns=10)] == expected


def test_a_message_leaves_the_window_when_all_its_rows_are_acknowledged() -> None:
    now = [0.0]
    window = InFlight(lambda: Backoff(10, 40, random.Random(1)), lambda: now[0])
    window.add(Message("batch", 1, 3, b"", "c", refused={("a", 2): 2}), live=True)
    window.add(Message("batch", 4, 4, b"", "c"), live=False)

    assert window.acknowledge(SeqRanges([(1, 2)])) == ([], {})
    assert len(window) == 2
    (told,), refused = window.acknowledge(SeqRanges([(1, 3)]))
    assert (told.first, told.last, told.live, told.sent_s, refused) == (1, 3, True, 0.0, {("a", 2): 2})
    assert (len(window), window.backlog) == (1, 1)
    assert window.take_due() == []
    now[0] = 10.0
    assert [sent.first for sent in window.take_due()] == [4]
    assert window.next_due_s() is None
