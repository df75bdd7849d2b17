"""The load budget: never more than allowed, less when the server slows down."""

from __future__ import annotations

import asyncio
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st
from ovoo_edge.sources.load_budget import KINDS, LoadBudget, LoadLimits, TokenBucket
from ovoo_edge.sources.opcua_limits import ServerFacts, first_limits, limits_of
from ovoo_edge.sources.settings_opcua import OpcUaSettings
from ovoo_edge.sources.vendor_profile import ServerIdentity, load_profiles, recognise

SETTINGS = OpcUaSettings("plc", "opc.tcp://127.0.0.1:4840")


@given(
    rate=st.floats(0.5, 200),
    burst=st.integers(1, 20),
    pauses=st.lists(st.floats(0, 3), min_size=1, max_size=60),
    shares=st.lists(st.sampled_from([1.0, 0.5, 1 / 16]), min_size=60, max_size=60),
)
def test_no_window_ever_holds_more_requests_than_allowed(
    rate: float, burst: int, pauses: list[float], shares: list[float]
) -> None:
    bucket = TokenBucket(rate, burst)
    now_s, sent = 100.0, []
    for pause_s, share in zip(pauses, shares, strict=False):
        now_s += pause_s
        while (delay_s := bucket.delay_s(now_s)) > 0:
            now_s += delay_s
        bucket.spend(now_s, share)
        sent.append(now_s)

    for first in range(len(sent)):
        for last in range(first, len(sent)):
            allowed = burst + rate * (sent[last] - sent[first])
            assert last - first + 1 <= allowed + 1e-6


@given(
    st.lists(st.tuples(st.sampled_from(KINDS), st.floats(0, 60), st.booleans()), max_size=80),
    st.integers(1, 5000),
    st.integers(1, 5000),
)
def test_no_call_is_ever_allowed_more_items_than_the_limit(
    answers: list[tuple[str, float, bool]], first: int, second: int
) -> None:
    budget = LoadBudget(LoadLimits(10, items=dict.fromkeys(KINDS, first)), time.monotonic)
    allowed = first
    for turn, (kind, seconds, lost) in enumerate(answers):
        if turn == len(answers) // 2:
            budget.tighten(LoadLimits(10, items=dict.fromkeys(KINDS, second)))
            allowed = second
        items = budget.batch(kind)  # type: ignore[arg-type]
        assert 1 <= items <= allowed
        if lost:
            budget.back_off(kind, items)  # type: ignore[arg-type]
        else:
            budget.observe(kind, items, seconds)  # type: ignore[arg-type]


def test_calls_begin_small_and_grow_while_answers_stay_quick() -> None:
    budget = LoadBudget(LoadLimits(10, items={"read": 1000}), time.monotonic)
    sizes = []
    for _ in range(12):
        sizes.append(budget.batch("read"))
        budget.observe("read", sizes[-1], 0.001 * sizes[-1])
    assert budget.slow_answers == 0

    assert sizes[0] == 100
    assert sizes == sorted(sizes)
    assert sizes[-1] == 1000


def test_slow_answers_halve_the_load_and_quick_ones_restore_it() -> None:
    budget = LoadBudget(LoadLimits(10, items={"read": 100}), time.monotonic)
    budget.observe("read", 100, 0.02)
    budget.observe("read", 100, 1.0)

    assert budget.share == 0.5
    assert budget.batch("read") == 50
    assert budget.slow_answers == 1
    for _ in range(40):
        budget.observe("read", budget.batch("read"), 0.002)
    assert budget.share == 1.0
    assert budget.batch("read") == 100


@pytest.mark.asyncio
async def test_concurrent_callers_share_the_rate() -> None:
    budget = LoadBudget(LoadLimits(100, burst=2), time.monotonic)
    times: list[float] = []

    async def caller() -> None:
        for _ in range(5):
            await budget.enter()
            times.append(time.monotonic())

    await asyncio.gather(*(caller() for _ in range(4)))

    times.sort()
    for first in range(len(times)):
        for last in range(first, len(times)):
            assert last - first + 1 <= 2 + 100 * (times[last] - times[first]) + 1
    assert budget.requests == 20


@pytest.mark.parametrize(
    ("manufacturer", "product", "uri", "name"),
    [
        ("Siemens AG", "CPU 1214C S7-1200", "", "siemens-s7-1200"),
        ("SIEMENS", "SIMATIC S7-1500", "", "siemens-s7-1500"),
        ("Siemens AG", "SIMATIC WinCC OPC UA Server", "", "siemens-wincc"),
        ("PTC", "KEPServerEX", "", "kepware"),
        ("Inductive Automation", "Ignition OPC UA Server", "", "ignition"),
        ("Prosys OPC Ltd", "SimulationServer", "", "prosys"),
        ("", "", "urn:host:Kepware.KEPServerEX.V6", "kepware"),
        ("Somebody", "Something 1200", "", None),
    ],
)
def test_servers_are_recognised_by_their_names(manufacturer: str, product: str, uri: str, name: str | None) -> None:
    found = recognise(ServerIdentity(manufacturer, product, (uri,)), load_profiles())

    assert (found.name if found else None) == name


def test_the_least_of_server_profile_and_setting_counts() -> None:
    small = next(profile for profile in load_profiles() if profile.name == "siemens-s7-1200")
    facts = ServerFacts(ServerIdentity(), {"subscribe": 1000, "history": 20})

    assert limits_of(SETTINGS, facts, small).items == {"browse": 100, "read": 100, "subscribe": 100, "history": 20}
    assert limits_of(SETTINGS, facts, None).items == {"browse": 500, "read": 500, "subscribe": 500, "history": 20}
    assert max(first_limits(SETTINGS).items.values()) <= 100


def test_a_size_beyond_the_brink_is_never_tried_again_and_a_busy_moment_is_forgotten() -> None:
    budget = LoadBudget(LoadLimits(10, items={"read": 1000}), time.monotonic)
    sizes: list[int] = []
    for turn in range(100):
        sizes.append(budget.batch("read"))
        slow = sizes[-1] > 200 or turn == 2
        budget.observe("read", sizes[-1], sizes[-1] * (0.005 if slow else 0.0001))

    assert sum(size > 200 for size in sizes) == 1
    assert sizes[-1] > 100
