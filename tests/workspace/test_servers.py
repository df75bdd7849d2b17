"""The real servers that all other tests lean on start, answer and stop."""

from __future__ import annotations

import urllib.error
import urllib.request

import pytest
from sqlalchemy import create_engine, text

from tests.servers.influxdb import InfluxServer, InfluxV2Proxy
from tests.servers.mosquitto import MosquittoServer
from tests.servers.process import port_answers


@pytest.mark.server
def test_influxdb_gives_back_what_was_written(influxdb: InfluxServer, influx_database: str) -> None:
    influxdb.write(influx_database, b"telemetry,site=a value=1.5 1700000000000000001\n")

    rows = influxdb.query(influx_database, "SELECT value FROM telemetry WHERE time > 0 AND time < now()")

    assert rows == [{"time": 1700000000000000001, "value": 1.5}]


@pytest.mark.server
def test_rewrite_serves_the_second_write_dialect(
    influxdb: InfluxServer, influxdb_v2: InfluxV2Proxy, influx_database: str
) -> None:
    def request(token: str) -> urllib.request.Request:
        url = f"{influxdb_v2.url}/api/v2/write?org=o&bucket={influx_database}&precision=ns"
        return urllib.request.Request(
            url, data=b"m v=2 1700000000000000002\n", headers={"Authorization": f"Token {token}"}
        )

    with urllib.request.urlopen(request(influxdb_v2.token), timeout=10) as answer:
        assert answer.status == 204
    with pytest.raises(urllib.error.HTTPError, match="401"):
        urllib.request.urlopen(request("wrong"), timeout=10)

    assert influxdb.query(influx_database, "SELECT v FROM m WHERE time > 0 AND time < now()")[0]["v"] == 2


@pytest.mark.server
def test_mosquitto_listens(mosquitto: MosquittoServer) -> None:
    assert port_answers(mosquitto.port)


@pytest.mark.server
def test_postgres_answers(postgres_url: str) -> None:
    engine = create_engine(postgres_url)
    with engine.connect() as connection:
        assert connection.execute(text("select 1")).scalar_one() == 1
    engine.dispose()
