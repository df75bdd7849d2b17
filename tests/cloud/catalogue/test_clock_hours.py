"""What states tell of clocks is kept by the hour: real rows in both databases."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from ovoo_cloud.catalogue import gateways
from ovoo_cloud.catalogue.clock_hours import clocks_of, own_clock
from ovoo_cloud.catalogue.database import Database
from ovoo_cloud.catalogue.tables import Enterprise, Gateway
from ovoo_contract.delivery import GatewayState

HOUR = 3_600_000_000_000
MS = 1_000_000
NOW = 1_780_000_000 * 1_000_000_000 // HOUR * HOUR
GATEWAY = "heishan-gw1"


def house(database: Database) -> None:
    with database.write() as session:
        session.add(Enterprise(id="heishan", name_zh="", name_en="", sector=""))
        session.flush()
        session.add(
            Gateway(id=GATEWAY, enterprise="heishan", sites=[], status="enrolled", state={}, reported={}, created_ns=0)
        )


def tell(database: Database, at_ns: int, error_ms: int, **detail: Any) -> GatewayState:
    """A state that arrives at `at_ns` with a clock `error_ms` off."""
    state = GatewayState(online=True, time_ns=at_ns + error_ms * MS, detail=detail)
    with database.write() as session:
        gateways.note_state(session, GATEWAY, state, at_ns)
    return state


def test_every_hour_keeps_its_extremes_and_a_window_its_hours(database: Database) -> None:
    house(database)
    for minute, offset in ((0, 100.0), (30, -250.0), (70, 40.5)):
        detail = {"offset_ms.plc": offset, "uncertainty_ms.plc": 30.0 + minute, "offset_ms": 1.0}
        tell(database, NOW + minute * 60_000 * MS, -20, **detail)

    with database.read() as session:
        both = clocks_of(session, GATEWAY, NOW, NOW + 2 * HOUR)
        first = clocks_of(session, GATEWAY, NOW, NOW + HOUR)

    assert [(each.source, each.hours, each.doubt_ms) for each in both] == [("plc", ((NOW, -250), (NOW + HOUR, 40)), 30)]
    assert first[0].hours == ((NOW, -250),)


def test_the_own_clock_is_the_fastest_of_enough_states(database: Database) -> None:
    house(database)
    for number, error in enumerate((-90, -20, -35)):
        detail = {"clock_synced": 1.0, "clock_error_ms": 8.2, "round_trip_ms": 60.0 - number}
        tell(database, NOW + number * 30_000 * MS, error, **detail)
    tell(database, NOW + HOUR, 4000)

    with database.read() as session:
        own = own_clock(session, GATEWAY, NOW, NOW + 2 * HOUR)

    assert own is not None
    assert own.hours == ((NOW, -20),)
    assert (own.difference_ms, own.error_ms, own.round_trip_ms, own.steps_back) == (-20, 9, 58, 0)


def test_a_kernel_that_is_held_most_of_the_time_bounds_the_clock(database: Database) -> None:
    house(database)
    for number in range(10):
        tell(database, NOW + number * 30_000 * MS, -20, clock_synced=float(number > 0), clock_error_ms=8.2)

    with database.read() as session:
        own = own_clock(session, GATEWAY, NOW, NOW + HOUR)

    assert own is not None
    assert own.error_ms == 9


def test_a_clock_set_back_is_counted_and_a_state_handed_out_again_is_not(database: Database) -> None:
    house(database)
    for number in range(3):
        tell(database, NOW + number * 30_000 * MS, 0)
    last = tell(database, NOW + 90_000 * MS, -120_000)
    with database.write() as session:
        gateways.note_state(session, GATEWAY, last, NOW + 40 * 60_000 * MS)
        gateways.note_state(session, GATEWAY, replace(last, online=False, time_ns=1), NOW + 41 * 60_000 * MS)

    with database.read() as session:
        own = own_clock(session, GATEWAY, NOW, NOW + HOUR)

    assert own is not None
    assert own.steps_back == 1
    assert own.hours == ((NOW, 0),)


def test_what_is_no_number_of_milliseconds_is_no_reading(database: Database) -> None:
    house(database)
    bad: dict[str, Any] = {"offset_ms.a": "fast", "offset_ms.b": True, "offset_ms.": 1.0, f"offset_ms.{'x' * 64}": 1.0}

    tell(database, NOW, 0, **bad, **{"offset_ms.huge": 1e300})

    with database.read() as session:
        assert [each.source for each in clocks_of(session, GATEWAY, NOW, NOW + HOUR)] == ["huge"]
