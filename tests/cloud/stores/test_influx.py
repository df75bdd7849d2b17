from __future__ import annotations

from collections.abc import Iterator

import pytest
from ovoo_cloud.stores.influx import InfluxSettings, InfluxStore
from ovoo_cloud.stores.influx_http import InfluxHttp, Series
from ovoo_cloud.stores.influx_write import MAX_BODY_ROWS
from ovoo_contract.address import Address
from ovoo_contract.errors import QueryError, StoreUnavailable

from tests.cloud import builders
from tests.cloud.builders import T0, S, steady
from tests.servers.influxdb import InfluxServer, InfluxV2Proxy

pytestmark = pytest.mark.server


def opened(url: str, token: str = "") -> InfluxStore:
    return InfluxStore(InfluxSettings(url, token=token), lambda address: None)


@pytest.mark.parametrize("dialect", ["v1", "v2"])
def test_a_field_type_conflict_costs_only_the_rows_it_hits(
    influxdb: InfluxServer, influxdb_v2: InfluxV2Proxy, enterprise: str, dialect: str
) -> None:
    database = f"ovoo_{enterprise}"
    influxdb.create(database)
    asset = f"{enterprise}/heishan/ventilation/main/fan1"
    path = "site=heishan,asset=ventilation/main/fan1,signal=power"
    influxdb.write(database, f'telemetry,{path} value="text of somebody else",quality=0i {T0}\n'.encode())
    store = opened(influxdb.url) if dialect == "v1" else opened(influxdb_v2.url, influxdb_v2.token)
    listed = builders.catalogue(asset=asset)
    bad = builders.delivery(steady(1, 5, start_ns=T0 + S), 1, signals=listed, enterprise=enterprise)
    far = steady(0, 5, start_ns=T0 + 60 * 86_400 * S)  # another shard: no conflict there
    good = builders.delivery(far, 2, signals=listed, enterprise=enterprise)

    outcomes = store.write_many([bad, good])

    assert (outcomes[0].stored, outcomes[0].refused) == (0, 5)
    assert "field type conflict" in outcomes[0].detail
    assert (outcomes[1].stored, outcomes[1].refused) == (5, 0)
    rows = influxdb.query(database, f"SELECT value FROM telemetry WHERE time > {T0 + 86_400 * S}")
    assert [row["value"] for row in rows] == [0, 1, 2, 3, 4]
    store.close()


def test_bodies_written_side_by_side_keep_the_order_of_their_outcomes(influxdb: InfluxServer, enterprise: str) -> None:
    database = f"ovoo_{enterprise}"
    influxdb.create(database)
    asset = f"{enterprise}/heishan/ventilation/main/fan1"
    path = "site=heishan,asset=ventilation/main/fan1,signal=power"
    influxdb.write(database, f'telemetry,{path} value="text of somebody else",quality=0i {T0}\n'.encode())
    store = opened(influxdb.url)
    listed = builders.catalogue(asset=asset)
    rows = MAX_BODY_ROWS // 2 + 1  # one delivery a body
    plain = [steady(0, rows, start_ns=T0 + (60 + number * 30) * 86_400 * S) for number in range(4)]
    batches = [*plain[:2], steady(1, rows, start_ns=T0 + S), *plain[2:]]  # the third meets another field type
    deliveries = [
        builders.delivery(samples, number, signals=listed, enterprise=enterprise)
        for number, samples in enumerate(batches, start=1)
    ]

    outcomes = store.write_many(deliveries)

    assert [outcome.stored for outcome in outcomes] == [rows, rows, 0, rows, rows]
    assert [outcome.refused for outcome in outcomes] == [0, 0, rows, 0, 0]
    store.close()


def test_a_server_that_is_down_is_unavailable_and_nothing_else(free_port: int) -> None:
    store = opened(f"http://127.0.0.1:{free_port}")

    with pytest.raises(StoreUnavailable, match="does not answer"):
        store.write(builders.delivery(steady(1, 5)))
    with pytest.raises(StoreUnavailable, match="does not answer"):
        store.raw(builders.address(), T0, T0 + S, 10)
    assert store.health().state == "down"
    store.close()


def test_a_wrong_token_is_unavailable_not_a_rejection(
    influxdb: InfluxServer, influxdb_v2: InfluxV2Proxy, enterprise: str
) -> None:
    influxdb.create(f"ovoo_{enterprise}")
    store = opened(influxdb_v2.url, "wrong")

    with pytest.raises(StoreUnavailable, match="401"):
        store.write(builders.delivery(steady(1, 5), enterprise=enterprise))
    store.close()


def test_the_dialect_follows_the_servers_version(influxdb: InfluxServer, influxdb_v2: InfluxV2Proxy) -> None:
    first, second = InfluxHttp(InfluxSettings(influxdb.url)), InfluxHttp(InfluxSettings(influxdb_v2.url, token="x"))

    assert (first.dialect, second.dialect) == ("v1", "v2")
    first.close()
    second.close()


def test_a_wrong_query_says_what_the_server_says(influxdb: InfluxServer, influx_database: str) -> None:
    http = InfluxHttp(InfluxSettings(influxdb.url))

    with pytest.raises(QueryError, match="error parsing query"):
        http.query(influx_database, "SELECT FROM")
    http.close()


def test_a_new_process_knows_the_newest_times_and_keeps_the_rule(influxdb: InfluxServer, enterprise: str) -> None:
    influxdb.create(f"ovoo_{enterprise}")
    asset = f"{enterprise}/heishan/ventilation/main/fan1"
    listed = builders.catalogue(asset=asset)
    first = opened(influxdb.url)
    first.write(builders.delivery(steady(1, 5), 1, signals=listed, enterprise=enterprise))
    first.close()

    second = opened(influxdb.url)
    rows = builders.batch([(1, T0, 0.0, 0), (1, T0 + S, 50.0, 0), (1, T0 + 9 * S, 9.0, 0)])
    outcome = second.write(builders.delivery(rows, 2, signals=listed, enterprise=enterprise))

    assert (outcome.stored, outcome.duplicates, outcome.shifted) == (2, 1, 1)
    found = second.raw(Address.parse(f"{asset}/power"), T0, T0 + 20 * S, 100)
    assert found.value.tolist() == [0.0, 1.0, 50.0, 2.0, 3.0, 4.0, 9.0]
    second.close()


def test_a_new_process_opens_a_store_of_many_signals(influxdb: InfluxServer, enterprise: str) -> None:
    database = f"ovoo_{enterprise}"
    influxdb.create(database)
    path = "telemetry,site=heishan,asset=ventilation/main/fan1,signal=s"
    influxdb.write(database, "".join(f"{path}{n} value=1,quality=0i {T0}\n" for n in range(200)).encode())
    asset = f"{enterprise}/heishan/ventilation/main/fan1"

    store = opened(influxdb.url)
    outcome = store.write(
        builders.delivery(steady(1, 5), 1, signals=builders.catalogue(asset=asset), enterprise=enterprise)
    )

    assert outcome.stored == 5
    store.close()


@pytest.mark.server
def test_a_gateways_figures_become_points_that_the_fleet_page_reads(influxdb: InfluxServer) -> None:
    store = InfluxStore(InfluxSettings(influxdb.url), lambda address: None)

    store.note_gateway("fleet-tenant", "heishan-gw1", 1_700_000_000_000_000_000, {"backlog": 3.0, "buffer_h": 41.5})
    store.close()

    rows = influxdb.query("ovoo_fleet-tenant", "SELECT * FROM gateway WHERE time > 0 AND time < now()")
    assert [(row["gateway"], row["backlog"], row["buffer_h"]) for row in rows] == [("heishan-gw1", 3.0, 41.5)]


def test_a_backlog_behind_newer_data_is_told_apart_from_stored_rows_by_one_count(
    influxdb: InfluxServer, enterprise: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = opened(influxdb.url)
    listed = builders.catalogue([f"s{number:02d}" for number in range(40)], f"{enterprise}/heishan/area/line/wide")
    newer = [(signal, T0 + 600 * S, 1.0, 0) for signal in range(40)]
    older = [(signal, T0 + n * S, float(n), 0) for signal in range(40) for n in range(3)]
    store.write(builders.delivery(builders.batch(newer), 1, signals=listed, enterprise=enterprise))
    asked: list[str] = []
    stream = InfluxHttp.stream

    def told(http: InfluxHttp, database: str, influxql: str) -> Iterator[Series]:
        asked.append(influxql)
        return stream(http, database, influxql)

    monkeypatch.setattr(InfluxHttp, "stream", told)

    first = store.write(builders.delivery(builders.batch(older), 2, signals=listed, enterprise=enterprise))
    statements = [query.count("SELECT") for query in asked]
    mixed = [(3, T0, 0.0, 0), (4, T0, 9.0, 0), *[(signal, T0 + 5 * S, 5.0, 0) for signal in range(40)]]
    second = store.write(builders.delivery(builders.batch(sorted(mixed)), 3, signals=listed, enterprise=enterprise))

    assert (first.stored, first.duplicates) == (120, 0)
    assert statements == [1]
    assert (second.stored, second.duplicates, second.shifted) == (41, 1, 1)
    store.close()
