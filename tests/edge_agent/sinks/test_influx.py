"""The historian's sink against InfluxDB 1.6.7, its 2.x write dialect, and servers that misbehave."""

from __future__ import annotations

import asyncio
import contextlib
import datetime
import email.utils
import gzip
import http.server
import itertools
import pathlib
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest
from ovoo_contract.wire import decode_batch
from ovoo_edge.sinks.settings import InfluxSinkSettings

from tests.edge_agent.sinks.harness import CATALOGUE, running
from tests.edge_agent.support import SECOND, T0, eventually, make_batch, make_catalogue, samples_at
from tests.servers.influxdb import InfluxServer, InfluxV2Proxy


def settings_for(url: str, database: str = "", **changes: object) -> InfluxSinkSettings:
    values: dict[str, object] = {"retry_s": 0.05, "retry_limit_s": 0.2, "timeout_s": 5.0, **changes}
    return InfluxSinkSettings("historian", url, database, **values)  # type: ignore[arg-type]


@pytest.mark.server
@pytest.mark.parametrize("gzip", ["always", "never"])
async def test_every_value_is_read_back(
    gzip: str, influxdb: InfluxServer, influx_database: str, tmp_path: pathlib.Path
) -> None:
    batches = [samples_at(T0 + index * 100 * SECOND, 40) for index in range(5)]
    settings = settings_for(influxdb.url, influx_database, batch_rows=30, gzip=gzip)
    async with running(settings, tmp_path, *batches) as rig:
        await rig.delivered()
        assert rig.sink.health().state == "running"

    rows = await asyncio.to_thread(influxdb.query, influx_database, "SELECT * FROM telemetry")
    stored = {(row["signal"], row["time"], row["value"], row["quality"]) for row in rows}
    assert stored == {
        (f"s{signal}", time_ns, value, 0)
        for batch in batches
        for signal, time_ns, value in zip(batch.signal, batch.time_ns, batch.value, strict=True)
    }
    assert {(row["site"], row["asset"]) for row in rows} == {("site", "area/line/asset")}


@pytest.mark.server
async def test_the_enterprises_database_is_created(influxdb: InfluxServer, tmp_path: pathlib.Path) -> None:
    async with running(settings_for(influxdb.url), tmp_path, samples_at(T0, 8)) as rig:
        await rig.delivered()
    rows = await asyncio.to_thread(influxdb.query, "ovoo_ent", "SELECT count(value) FROM telemetry")
    assert rows[0]["count"] == 8


@pytest.mark.server
async def test_the_second_dialect_with_a_token_that_is_renewed(
    influxdb: InfluxServer, influxdb_v2: InfluxV2Proxy, influx_database: str, tmp_path: pathlib.Path
) -> None:
    token = tmp_path / "token"
    token.write_text("expired\n")
    token.chmod(0o600)
    settings = settings_for(influxdb_v2.url, influx_database, organisation="org", token_file=token)
    async with running(settings, tmp_path / "spool", samples_at(T0, 8)) as rig:
        await eventually(lambda: rig.sink.health().state == "retrying", "refused token")
        health = rig.sink.health()
        assert health.detail.startswith("status 401")
        assert health.remedy == "renew the token or password file"

        token.write_text(influxdb_v2.token + "\n")
        await rig.delivered()

    rows = await asyncio.to_thread(influxdb.query, influx_database, "SELECT count(value) FROM telemetry")
    assert rows[0]["count"] == 8


@pytest.mark.server
async def test_a_field_type_conflict_costs_only_its_points(
    influxdb: InfluxServer, influx_database: str, tmp_path: pathlib.Path
) -> None:
    conflict = b"telemetry,asset=area/line/asset,signal=s2,site=site quality=1.5 %d\n" % T0
    await asyncio.to_thread(influxdb.write, influx_database, conflict)
    far = T0 + 40 * 86_400 * SECOND
    later = far + 100 * SECOND
    mixed = make_batch([(0, later, 1.0), (1, later, 2.0), (2, T0 + SECOND, 3.0), (2, later, 4.0)])
    async with running(settings_for(influxdb.url, influx_database), tmp_path, samples_at(far, 8), mixed) as rig:
        await rig.delivered()
        (kept,) = await rig.spool.quarantined()
        gauges = await rig.spool.gauges()

    assert "field type conflict" in kept.detail
    assert kept.code == "refused_by_store"
    refused = decode_batch(kept.payload)[1]
    assert list(zip(refused.signal, refused.time_ns, strict=True)) == [(2, T0 + SECOND)]
    assert gauges.lost == {"historian": {"rejected:refused_by_store": 1}}
    rows = await asyncio.to_thread(influxdb.query, influx_database, f"SELECT value FROM telemetry WHERE time >= {far}")
    assert len([row for row in rows if row["value"] is not None]) == 11


@pytest.mark.server
async def test_a_server_that_comes_late_gets_everything(tmp_path: pathlib.Path) -> None:
    server = InfluxServer(tmp_path / "influx")
    async with running(settings_for(server.url, "late"), tmp_path / "spool", samples_at(T0, 8)) as rig:
        await eventually(lambda: rig.sink.health().counters.get("failures", 0) >= 2, "attempts")
        await asyncio.to_thread(server.start)
        try:
            await rig.delivered()
            rows = await asyncio.to_thread(server.query, "late", "SELECT count(value) FROM telemetry")
        finally:
            await asyncio.to_thread(server.stop)
    assert rows[0]["count"] == 8


@pytest.mark.server
async def test_samples_above_the_class_and_findings_are_not_written(
    influxdb: InfluxServer, influx_database: str, tmp_path: pathlib.Path
) -> None:
    catalogue = make_catalogue(4, ("general", "core"))
    settings = settings_for(influxdb.url, influx_database, max_class="general")
    async with running(settings, tmp_path, samples_at(T0, 8), catalogue=catalogue) as rig:
        await rig.commit_event(b"{}", T0)
        await rig.delivered()
        gauges = await rig.spool.gauges()

    rows = await asyncio.to_thread(influxdb.query, influx_database, "SELECT value, signal FROM telemetry")
    assert {row["signal"] for row in rows} == {"s0", "s2"}
    assert gauges.refused == {"historian": {2: 4}}


Script = Callable[[str, bytes], tuple[int, dict[str, str], bytes]]


@contextmanager
def scripted(script: Script) -> Iterator[str]:
    """A real HTTP server that answers as told; `/ping` says it is an InfluxDB 1.8."""

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self._say(204, {"X-Influxdb-Version": "1.8.10"}, b"")

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"] or 0))
            if self.headers.get("Content-Encoding") == "gzip":
                body = gzip.decompress(body)
            if self.path.startswith("/query"):
                self._say(200, {}, b'{"results":[{}]}')
            else:
                self._say(*script(self.path, body))

        def _say(self, status: int, headers: dict[str, str], body: bytes) -> None:
            self.send_response(status)
            for key, value in {**headers, "Content-Length": str(len(body))}.items():
                self.send_header(key, value)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            return

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@pytest.mark.parametrize(
    ("answer", "detail"),
    [
        ((503, {"Retry-After": "1"}, b'{"error":"busy"}'), "status 503: busy"),
        ((429, {"Retry-After": "1"}, b"slow down"), "status 429: slow down"),
        ((500, {}, b""), "status 500: "),
        ((404, {}, b'{"error":"database not found"}'), "status 404: database not found"),
        (
            (200, {}, b"<html>sign in to the hotel network</html>"),
            "status 200: answer of something that is not an InfluxDB",
        ),
    ],
    ids=["busy", "rate limit", "broken", "no database", "captive portal"],
)
async def test_trouble_is_waited_out_and_nothing_is_dropped(
    tmp_path: pathlib.Path, answer: tuple[int, dict[str, str], bytes], detail: str
) -> None:
    times: list[float] = []
    lines: list[bytes] = []

    def script(_: str, body: bytes) -> tuple[int, dict[str, str], bytes]:
        times.append(time.monotonic())
        if len(times) == 1:
            return answer
        lines.extend(body.splitlines())
        return 204, {}, b""

    with scripted(script) as url:
        async with running(settings_for(url), tmp_path, samples_at(T0, 8)) as rig:
            await eventually(lambda: rig.sink.health().state == "retrying", "trouble")
            assert rig.sink.health().detail == detail
            await rig.delivered()

    assert len(lines) == 8
    if "Retry-After" in answer[1]:
        assert times[1] - times[0] >= 1.0


@pytest.mark.parametrize("status", [402, 405, 408, 409, 410, 418, 423, 425, 451, 501, 504])
async def test_no_answer_ends_the_delivery_but_success(tmp_path: pathlib.Path, status: int) -> None:
    answers: list[int] = []
    lines: list[bytes] = []

    def script(_: str, body: bytes) -> tuple[int, dict[str, str], bytes]:
        answers.append(204 if len(answers) >= 3 else status)
        if answers[-1] == 204:
            lines.extend(body.splitlines())
        return answers[-1], {}, b'{"error":"not now"}' if answers[-1] != 204 else b""

    with scripted(script) as url:
        async with running(settings_for(url), tmp_path, samples_at(T0, 8)) as rig:
            await eventually(lambda: rig.sink.health().state == "retrying", "trouble")
            assert rig.sink.health().detail == f"status {status}: not now"
            await rig.delivered()
            gauges = await rig.spool.gauges()

    assert answers == [status, status, status, 204]
    assert len(lines) == 8
    assert gauges.lost == {}
    assert gauges.quarantined == {"historian": 0}


async def test_a_server_that_names_a_date_is_left_alone_until_then(tmp_path: pathlib.Path) -> None:
    times: list[float] = []

    def script(_: str, __: bytes) -> tuple[int, dict[str, str], bytes]:
        times.append(time.monotonic())
        if len(times) > 1:
            return 204, {}, b""
        # judged by the server's clock, which the stub tells in whole seconds
        later = datetime.datetime.now(datetime.UTC) + datetime.timedelta(seconds=2)
        return 503, {"Retry-After": email.utils.format_datetime(later, usegmt=True)}, b""

    with scripted(script) as url:
        async with running(settings_for(url), tmp_path, samples_at(T0, 8)) as rig:
            await rig.delivered()

    assert times[1] - times[0] >= 1.0


async def test_a_server_that_stays_busy_is_asked_less_and_less_often(tmp_path: pathlib.Path) -> None:
    times: list[float] = []

    def script(_: str, __: bytes) -> tuple[int, dict[str, str], bytes]:
        times.append(time.monotonic())
        return (429, {}, b"") if len(times) < 6 else (204, {}, b"")

    with scripted(script) as url:
        changed = settings_for(url, retry_s=0.02, retry_limit_s=0.32)
        async with running(changed, tmp_path, samples_at(T0, 8)) as rig:
            await rig.delivered()
            health = rig.sink.health()

    assert health.counters["failures"] == 5
    # each wait is at least three quarters of twice the one before: 0.02, 0.04, ... 0.32 s
    assert all(
        later - earlier >= 0.75 * 0.02 * 2**step for step, (earlier, later) in enumerate(itertools.pairwise(times))
    )


async def test_a_redirect_to_a_sign_in_page_is_no_success(tmp_path: pathlib.Path) -> None:
    answers = iter([(302, {"Location": "http://portal.invalid/"}, b"<html>"), (307, {"Location": "/x"}, b"")])
    lines: list[bytes] = []

    def script(_: str, body: bytes) -> tuple[int, dict[str, str], bytes]:
        answer = next(answers, None)
        if answer is None:
            lines.extend(body.splitlines())
        return answer or (204, {}, b"")

    with scripted(script) as url:
        async with running(settings_for(url), tmp_path, samples_at(T0, 8)) as rig:
            await eventually(lambda: rig.sink.health().state == "retrying", "redirect")
            assert rig.sink.health().detail == "status 302: answer of something that is not an InfluxDB"
            await rig.delivered()

    assert len(lines) == 8


@pytest.mark.parametrize("pace_s", [0.0, 0.05], ids=["cut at once", "byte by byte"])
async def test_a_reply_lost_after_the_write_costs_nothing_but_a_second_write(
    tmp_path: pathlib.Path, pace_s: float
) -> None:
    """The server stores, then its answer breaks off or drips for ever: the same lines come again and are the same."""
    bodies: list[bytes] = []

    def answer(handler: http.server.BaseHTTPRequestHandler) -> None:
        for _ in range(200 if pace_s else 1):
            handler.wfile.write(b"HTTP/1.1 204 No Content\r\nX-Slow: "[:9] if not pace_s else b"H")
            time.sleep(pace_s)
        handler.close_connection = True

    with breaking(bodies, answer) as url:
        async with running(settings_for(url, timeout_s=0.2), tmp_path, samples_at(T0, 8)) as rig:
            await eventually(lambda: rig.sink.health().state == "retrying", "broken answer")
            await rig.delivered()
            assert rig.sink.health().counters["failures"] == 1

    assert len(bodies) == 2
    assert bodies[0] == bodies[1]
    assert len(bodies[0].splitlines()) == 8


@contextmanager
def breaking(bodies: list[bytes], answer: Callable[[http.server.BaseHTTPRequestHandler], None]) -> Iterator[str]:
    """An InfluxDB whose first answer to a write is given by `answer`, raw."""

    class Handler(http.server.BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            self.send_response(204)
            self.send_header("X-Influxdb-Version", "1.8.10")
            self.end_headers()

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"] or 0))
            if self.path.startswith("/write"):
                bodies.append(gzip.decompress(body) if self.headers.get("Content-Encoding") == "gzip" else body)
                if len(bodies) == 1:
                    with contextlib.suppress(OSError):  # the sink hangs up, which is what is wanted
                        answer(self)
                    return
            self.send_response(204 if self.path.startswith("/write") else 200)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            return

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


async def test_a_name_that_nobody_knows_is_waited_out(tmp_path: pathlib.Path) -> None:
    async with running(settings_for("http://no-such-host.invalid:8086"), tmp_path, samples_at(T0, 8)) as rig:
        await eventually(lambda: rig.sink.health().state == "retrying", "unknown name")
        health = rig.sink.health()
        assert len(await rig.reader.pending(10)) == 1

    assert health.remedy == "it is tried again"
    assert "ame" in health.detail  # "Name or service not known", in the resolver's own words


async def test_requests_shrink_until_the_server_takes_them(tmp_path: pathlib.Path) -> None:
    taken: list[int] = []

    def script(_: str, body: bytes) -> tuple[int, dict[str, str], bytes]:
        count = len(body.splitlines())
        if count > 10:
            return 413, {}, b""
        taken.append(count)
        return 204, {}, b""

    with scripted(script) as url:
        async with running(settings_for(url), tmp_path, samples_at(T0, 100)) as rig:
            await rig.delivered()

    assert sum(taken) == 100


async def test_unparsable_lines_are_found_by_halving(tmp_path: pathlib.Path) -> None:
    requests: list[int] = []
    stored: set[bytes] = set()

    def script(_: str, body: bytes) -> tuple[int, dict[str, str], bytes]:
        lines = body.splitlines()
        requests.append(len(lines))
        if any(b"signal=s1," in line and line.endswith(b"%d" % (T0 + 5 * SECOND)) for line in lines):
            return 400, {}, b'{"error":"unable to parse something"}'
        stored.update(lines)
        return 204, {}, b""

    with scripted(script) as url:
        async with running(settings_for(url), tmp_path, samples_at(T0, 400)) as rig:
            await rig.delivered()
            (kept,) = await rig.spool.quarantined()

    assert kept.detail == "unable to parse something"
    refused = decode_batch(kept.payload)[1]
    assert list(zip(refused.signal, refused.time_ns, strict=True)) == [(1, T0 + 5 * SECOND)]
    assert len(stored) == 399
    assert len(requests) < 25
    assert CATALOGUE.id == kept.catalogue_id


async def test_a_large_delivery_goes_out_two_requests_at_a_time(tmp_path: pathlib.Path) -> None:
    both = threading.Barrier(2)
    lines: list[bytes] = []

    def script(_: str, body: bytes) -> tuple[int, dict[str, str], bytes]:
        both.wait(timeout=30)  # breaks, and fails the request, unless another one is under way
        lines.extend(body.splitlines())
        return 204, {}, b""

    with scripted(script) as url:
        async with running(settings_for(url, batch_rows=10), tmp_path, samples_at(T0, 40)) as rig:
            await rig.delivered()
            assert rig.sink.health().counters["requests"] == 4
            assert rig.sink.health().counters.get("failures", 0) == 0

    assert len(lines) == len(set(lines)) == 40


async def test_one_of_two_requests_that_fails_has_the_whole_delivery_written_again(tmp_path: pathlib.Path) -> None:
    lines: list[bytes] = []
    answers = itertools.chain([503], itertools.repeat(204))

    def script(_: str, body: bytes) -> tuple[int, dict[str, str], bytes]:
        status = next(answers)
        if status == 204:
            lines.extend(body.splitlines())
        return status, {}, b""

    with scripted(script) as url:
        async with running(settings_for(url, batch_rows=20), tmp_path, samples_at(T0, 40)) as rig:
            await rig.delivered()
            assert rig.sink.health().counters["failures"] == 1

    assert len(set(lines)) == 40
