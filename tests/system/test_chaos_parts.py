"""The harness itself: what it draws, what it allows, and that its audit sees every kind of wrong."""

from __future__ import annotations

import os
import pathlib
import subprocess
import sys
from collections import Counter
from collections.abc import Mapping, Sequence

import numpy as np
import pytest
from ovoo_simulator.journal import RECORD
from ovoo_simulator.times import HOUR_NS, SECOND_NS

from tests.servers.process import ServerUnavailable
from tests.system.chaos import results
from tests.system.chaos.audit import Audit, audit_signal, truth_of
from tests.system.chaos.collector import LostInterval, Signal
from tests.system.chaos.faults import KINDS, draw
from tests.system.chaos.flatness import cycle_medians, growth
from tests.system.chaos.limits import Spent, Window, windows
from tests.system.chaos.shim import Shim, build_shim
from tests.system.chaos.strikes import STRIKES
from tests.system.chaos.volume import Volume, VolumeRefused
from tests.system.readback import Samples

MENU = [("kill", "a"), ("kill", "b"), ("freeze", "a"), ("cut", "link"), ("clock_jump", "b")]
HOUR = 500_000
START_NS = HOUR * HOUR_NS
RAW = Signal("e/s/a/l/x/one", "opcua", "ns", "", thinned=False)


def times(*seconds: float) -> list[int]:
    return [START_NS + round(second * SECOND_NS) for second in seconds]


def audited(
    emitted: Sequence[float],
    stored: Sequence[float],
    suppressed: Mapping[int, int] | None = None,
    lost: Sequence[LostInterval] = (),
    allowed: Sequence[Window] = (),
    values: Mapping[float, float] | None = None,
) -> Audit:
    records = np.zeros(len(emitted), RECORD)
    records["time_ns"], records["value"] = times(*emitted), emitted
    found = np.array([(values or {}).get(second, second) for second in stored], np.float64)
    samples = Samples(np.array(times(*stored), np.int64), found, np.zeros(len(stored), np.uint32))
    audit = Audit()
    truth = truth_of([RAW.address], records)[RAW.address]
    audit_signal(audit, RAW, truth, samples, suppressed or {}, lost, allowed)
    assert audit.adds_up
    return audit


def listed(start: float, end: float, **other: str) -> LostInterval:
    begin_ns, end_ns = times(start, end)
    return LostInterval(other.get("address", "*"), begin_ns, end_ns, "test", other.get("transport", ""))


def window(start: float, end: float) -> Window:
    begin_ns, end_ns = times(start, end)
    return Window("opcua", begin_ns, end_ns, "test")


def test_a_list_is_the_same_for_the_same_seed_and_another_for_another() -> None:
    assert draw(7, 30, MENU, (0.0, 1.0)) == draw(7, 30, MENU, (0.0, 1.0))
    assert draw(7, 30, MENU, (0.0, 1.0)) != draw(8, 30, MENU, (0.0, 1.0))
    assert draw(7, 30, MENU, (0.0, 1.0))[:10] == draw(7, 10, MENU, (0.0, 1.0))


def test_a_known_seed_draws_a_known_list() -> None:
    """The drawing is part of the results' meaning: a change of it would make committed seeds point elsewhere."""
    first = draw(1, 1, MENU, (0.0, 1.0))[0]

    assert (first.kind, first.target) == ("clock_jump", "b")
    assert (first.pause_s, first.duration_s, first.size) == (
        0.7939966056623056,
        3.616568676200903,
        37689.452918479605,
    )


def test_every_pair_comes_once_before_any_comes_again() -> None:
    faults = draw(3, 2 * len(MENU), MENU, (0.0, 1.0))

    assert Counter((fault.kind, fault.target) for fault in faults) == dict.fromkeys(MENU, 2)
    assert len({fault.kind for fault in faults[:4]}) >= 3


def test_durations_and_sizes_stay_in_their_ranges() -> None:
    for fault in draw(11, 500, MENU, (0.5, 2.0)):
        kind = KINDS[fault.kind]
        assert kind.seconds[0] <= fault.duration_s < kind.seconds[1]
        assert 0.5 <= fault.pause_s < 2.0
        assert abs(fault.size) == 0.0 or kind.size[0] <= abs(fault.size) < kind.size[1]


def test_every_kind_has_a_strike() -> None:
    assert STRIKES.keys() == KINDS.keys()


def test_a_whole_signal_is_in_order() -> None:
    audit = audited([1, 2, 3], [1, 2, 3])

    assert audit.holds
    assert (audit.emitted, audit.stored, audit.differences) == (3, 3, [])


def test_a_missing_sample_is_lost_unlisted_listed_or_beyond_the_limits() -> None:
    silent = audited([1, 2, 3], [1, 3])
    told = audited([1, 2, 3], [1, 3], lost=[listed(1.5, 2.5)])
    beyond = audited([1, 2, 3], [1, 3], lost=[listed(1.5, 2.5)], allowed=[window(1.5, 2.5)])
    allowed_but_silent = audited([1, 2, 3], [1, 3], allowed=[window(1.5, 2.5)])

    assert (silent.lost_unlisted, silent.holds) == (1, False)
    assert (told.lost_within, told.holds) == (1, False)
    assert (beyond.lost_listed, beyond.holds) == (1, True)
    assert (allowed_but_silent.lost_unlisted, allowed_but_silent.holds) == (1, False)
    assert "lost 1 (listed 0" in silent.differences[0]


def test_a_list_of_another_signal_or_transport_excuses_nothing() -> None:
    for interval in (listed(1, 3, address="e/s/a/l/x/two"), listed(1, 3, transport="mqtt"), listed(2.5, 3)):
        assert audited([1, 2, 3], [1, 3], lost=[interval]).lost_unlisted == 1


def test_suppressed_samples_are_no_loss_and_one_too_many_is_a_duplicate() -> None:
    assert audited([1, 2, 3], [1], {HOUR: 2}).holds
    assert audited([1, 2, 3], [1], {HOUR: 1}).lost_unlisted == 1
    assert audited([1, 2, 3], [1, 2], {HOUR: 2}).duplicated == 1
    assert audited([1, 2, 3], [1], {HOUR + 1: 2}).lost_unlisted == 2, "another hour does not count"


def test_a_sample_that_nobody_emitted_is_a_duplicate_and_a_changed_one_is_a_mismatch() -> None:
    shifted = audited([1, 2], [1, 2, 2.000000001])
    changed = audited([1, 2], [1, 2], values={2: 2.5})

    assert (shifted.duplicated, shifted.holds) == (1, False)
    assert (changed.mismatched, changed.holds) == (1, False)


def spent(kind: str, target: str, begin: float, end: float, owed: tuple[float, float] | None = None) -> Spent:
    begin_ns, end_ns = times(begin, end)
    return Spent(kind, target, begin_ns, end_ns, *(times(*owed) if owed else ()))


def test_a_restart_may_cost_samples_only_while_acknowledgements_were_held_up() -> None:
    restart = spent("namespaces", "plant-server", 100, 106, (40, 105))
    holds_up = ["plant-server", "opcua-link", "gateway"]

    assert windows([restart], holds_up) == ()
    assert windows([restart, spent("kill", "gateway", 20, 30)], holds_up) == (), "long over"
    assert windows([restart, spent("stall", "uplink", 99, 107)], holds_up) == (), "after the commit"
    assert windows([spent("namespaces", "plant-server", 100, 106), spent("kill", "gateway", 99, 104)], holds_up) == ()
    (found,) = windows([restart, spent("kill", "gateway", 98, 104)], holds_up)
    assert (found.from_ns, found.to_ns) == (times(83)[0], times(105)[0])
    (chain,) = windows([restart, spent("kill", "gateway", 98, 104), spent("cut", "opcua-link", 80, 90)], holds_up)
    assert chain.from_ns == times(65)[0]


def test_what_the_client_had_acknowledged_before_a_restart_must_be_there() -> None:
    restart = spent("certificate", "plant-server", 100, 106, (97, 105))

    (found,) = windows([restart, spent("kill", "gateway", 98, 104)], ["plant-server", "gateway"])

    assert (found.from_ns, found.to_ns) == (times(97)[0], times(105)[0])


def test_results_add_up_and_tell_which_rounds_are_done(tmp_path: pathlib.Path) -> None:
    numbers = dict.fromkeys(
        ("emitted", "stored", "suppressed", "lost_listed", "lost_within", "lost_unlisted", "duplicated", "mismatched"),
        2,
    )
    for number, holds in ((0, True), (1, False)):
        line = {"seed": 4, "round": number, "faults": 10 + number, "by_kind": {"kill": 1}, "holds": holds}
        results.append(tmp_path / "a.jsonl", {**line, **numbers, "collector": "X"})

    assert results.done_rounds(tmp_path / "a.jsonl", 4) == {0: 10, 1: 11}
    assert results.done_rounds(tmp_path / "a.jsonl", 5) == {}
    total = results.summary(results.read_all(tmp_path))["X"]
    assert (total["rounds"], total["rounds_that_hold"], total["faults"], total["emitted"]) == (2, 1, 21, 4)
    assert total["by_kind"] == {"kill": 2}


def test_the_shim_moves_the_wall_clock_of_a_running_process_and_slows_its_disk(tmp_path: pathlib.Path) -> None:
    try:
        shim = Shim(build_shim(tmp_path), tmp_path / "control")
    except ServerUnavailable as error:
        pytest.skip(f"server missing: {error}")
    program = (
        "import os, sys, time\n"
        "file = os.open(sys.argv[1], os.O_WRONLY | os.O_CREAT)\n"
        "for _ in sys.stdin:\n"
        "    begin = time.monotonic(); os.fdatasync(file); took = time.monotonic() - begin\n"
        "    print(time.time_ns(), took, flush=True)\n"
    )
    command = [sys.executable, "-c", program, str(tmp_path / "data")]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=shim.environment, text=True
    ) as process:

        def ask() -> tuple[int, float]:
            assert process.stdin is not None
            assert process.stdout is not None
            process.stdin.write("\n")
            process.stdin.flush()
            wall, took = process.stdout.readline().split()
            return int(wall), float(took)

        now_ns, _ = ask()
        shim.shift_clock(-3600 * SECOND_NS)
        past_ns, _ = ask()
        shim.shift_clock(0)
        shim.delay_sync(0.2)
        again_ns, slow_s = ask()
        process.communicate()

    assert -3600 * SECOND_NS < past_ns - now_ns < -3500 * SECOND_NS
    assert 0 < again_ns - now_ns < 100 * SECOND_NS
    assert slow_s >= 0.2


@pytest.fixture
def volume(tmp_path: pathlib.Path) -> Volume:
    return Volume(tmp_path / "disk", 16)


def test_a_volume_fills_fails_and_is_repaired_with_its_contents(volume: Volume) -> None:
    try:
        volume.open()
    except (VolumeRefused, ServerUnavailable) as error:
        pytest.skip(f"mounting is not allowed here: {error}")
    try:
        kept = volume.mount / "kept"
        with kept.open("wb") as file:
            file.write(b"x" * 5000)
            file.flush()
            os.fsync(file.fileno())
        volume.fill()
        with pytest.raises(OSError, match="No space left"):
            (volume.mount / "more").write_bytes(bytes(100_000))
        volume.empty()
        with kept.open("ab", buffering=0) as raw:
            raw.write(b"y")
            volume.fail_read_only()
            with pytest.raises(OSError, match="Read-only"):
                raw.write(b"z" * 5000)
        volume.repair()
        assert not (volume.mount / "filler").exists(), "the space that was given back stays free"
        kept.write_bytes(kept.read_bytes() + b"w")
        assert kept.read_bytes().startswith(b"x" * 5000)
    finally:
        volume.close()


def test_growth_sees_a_leak_and_not_a_tide() -> None:
    tide = [10.0 + 3.0 * (second % 30 < 10) for second in range(600)]
    leak = [value + 0.01 * second for second, value in enumerate(tide)]

    assert growth(cycle_medians(tide, 30)) == 0.0
    assert growth(cycle_medians(leak, 30)) == pytest.approx(0.01 * 570)
    assert growth([1.0]) == 0.0
