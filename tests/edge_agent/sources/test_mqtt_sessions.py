"""MQTT sessions on a real Mosquitto: shared subscriptions, one client id twice, retained messages, odd payloads."""

from __future__ import annotations

import asyncio
import gzip
import json
import pathlib
import subprocess
import time
from typing import Any

import paho.mqtt.client as paho
import pytest
from ovoo_edge.sources.base import SignalMap, Source
from paho.mqtt.enums import CallbackAPIVersion

from tests.edge_agent.sources.harness import running, until
from tests.edge_agent.sources.test_mqtt import ASSET, SIGNALS, TOPIC, body, publish, table
from tests.servers.certificates import TestAuthority
from tests.servers.mosquitto import BrokerTls, MosquittoServer

pytestmark = pytest.mark.server


async def test_members_of_a_group_divide_the_messages_and_store_each_once(
    mosquitto: MosquittoServer, tmp_path: pathlib.Path
) -> None:
    tables = [table(mosquitto, share_group="line", client_id=f"gw-{number}") for number in (1, 2)]
    (tmp_path / "1").mkdir()
    (tmp_path / "2").mkdir()
    async with (
        running(tables[0], SIGNALS, tmp_path / "1") as (first, mine),
        running(tables[1], SIGNALS, tmp_path / "2") as (second, theirs),
    ):
        await until(lambda: {each.health().state for each in (first, second)} == {"running"}, "both connected")
        await publish(mosquitto.port, *(body(number) for number in range(40)))
        await until(lambda: len(mine.values(0)) + len(theirs.values(0)) == 40, "all of them")
        for source in (first, second):
            await until(lambda source=source: source.health().counters["uncommitted_messages"] == 0, "acknowledged")  # type: ignore[misc]

    assert sorted(mine.values(0) + theirs.values(0)) == [float(number) for number in range(40)]
    assert len(mine.values(0))
    assert len(theirs.values(0))
    assert mine.values(0) == sorted(mine.values(0))


async def test_a_member_knows_the_repetitions_of_its_own_session(
    mosquitto: MosquittoServer, tmp_path: pathlib.Path
) -> None:
    settings = table(mosquitto, share_group="line")
    async with running(settings, SIGNALS, tmp_path, hold=True) as (source, collector):
        await until(lambda: source.health().state == "running", "connected")
        await publish(mosquitto.port, body(1), body(2))
        await until(lambda: len(collector.values(0)) == 2, "both")
        collector.store()  # on disk, but the acknowledgement never leaves
    async with running(settings, SIGNALS, tmp_path) as (again, second):
        await until(lambda: again.health().counters.get("repeated_messages") == 2, "repeated and recognised")
        await until(lambda: again.health().counters["uncommitted_messages"] == 0, "acknowledged")
    assert second.values(0) == []


@pytest.mark.parametrize("version", ["3.1.1", "5"])
async def test_one_client_id_twice_is_told_and_does_not_become_a_storm(
    mosquitto: MosquittoServer, tmp_path: pathlib.Path, version: str
) -> None:
    """Mosquitto 2.0 hangs up without a word in both versions: it shows after some connections that ended early."""
    settings = table(mosquitto, version=version, client_id="twin", reconnect_max_s=2)
    (tmp_path / "1").mkdir()
    (tmp_path / "2").mkdir()
    wanted = "again and again"
    async with (
        running(settings, SIGNALS, tmp_path / "1") as (first, _),
        running(settings, SIGNALS, tmp_path / "2") as (
            second,
            _,
        ),
    ):
        seen: set[str] = set()

        def told() -> bool:
            for source in (first, second):
                seen.update(problem.status for problem in source.health().problems)
            return any(wanted in status for status in seen)

        await until(told, wanted, timeout_s=60)
        connects = sum(source.health().counters["connects"] for source in (first, second))
        assert connects <= 12  # each waits twice as long after every short connection


async def test_waiting_grows_while_connections_are_short(mosquitto: MosquittoServer, tmp_path: pathlib.Path) -> None:
    from ovoo_edge.sources.mqtt import MqttSource

    settings = table(mosquitto, client_id="short", reconnect_max_s=8)
    async with running(settings, SIGNALS, tmp_path) as (source, _):
        assert isinstance(source, MqttSource)
        for count in (1, 2, 3):
            await until(lambda: source.health().state == "running", "connected")
            rival = paho.Client(CallbackAPIVersion.VERSION2, client_id="short")
            rival.connect("127.0.0.1", mosquitto.port)
            rival.loop_start()
            await until(lambda: source.health().state == "retrying", "driven out")
            rival.disconnect()
            rival.loop_stop()
            assert source._backoff.attempts == count
        await until(lambda: _says(source, "again and again"), "suspected")


async def test_a_broker_that_says_session_taken_over_is_understood(tmp_path: pathlib.Path) -> None:
    """Brokers that follow MQTT 5 to the letter send DISCONNECT with reason 0x8E; one that is scripted to do so."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await _packet(reader)
        writer.write(b"\x20\x03\x00\x00\x00")
        subscribe = await _packet(reader)
        # SUBACK, half of a PINGRESP's fellow packets in one block, then the reason, then the end
        writer.write(b"\x90\x04" + subscribe[:2] + b"\x00\x01" + b"\xd0\x00" + b"\xe0\x02\x8e\x00")
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    async with server:
        settings = {
            "name": "plant",
            "driver": "mqtt",
            "host": "127.0.0.1",
            "port": server.sockets[0].getsockname()[1],
            "topics": ["a"],
            "topic_template": "{site}/{area}/{line}/{asset}",
            "address": {"enterprise": "coal"},
        }
        async with running(settings, SIGNALS, tmp_path) as (source, _):
            await until(lambda: _says(source, "takes the session over"), "understood")
            assert source.health().counters["taken_over"] >= 1


def _says(source: Source, words: str) -> bool:
    return any(words in problem.status for problem in source.health().problems)


async def _packet(reader: asyncio.StreamReader) -> bytes:
    _, length = await reader.readexactly(2)
    return await reader.readexactly(length)


@pytest.mark.parametrize(("mode", "expected"), [("with_time", [1.0]), ("all", [1.0, 2.0]), ("ignore", [])])
async def test_retained_messages_count_only_with_a_time_of_their_own(
    mosquitto: MosquittoServer, tmp_path: pathlib.Path, mode: str, expected: list[float]
) -> None:
    other = TOPIC.replace("fan1", f"fan-{mode.replace('_', '-')}")
    signals = [SignalMap(0, f"coal/{other}/power"), SignalMap(1, f"coal/{other}x/power")]
    timeless = json.dumps({"values": {"power": 2.0}}).encode()
    client = paho.Client(CallbackAPIVersion.VERSION2)
    client.connect("127.0.0.1", mosquitto.port)
    client.loop_start()
    client.publish(other, body(1), qos=1, retain=True).wait_for_publish(10)
    client.publish(f"{other}x", timeless, qos=1, retain=True).wait_for_publish(10)
    try:
        settings = table(mosquitto, client_id=f"retained-{mode}", retained=mode, topics=[other, f"{other}x"])
        async with running(settings, signals, tmp_path) as (source, collector):
            await until(lambda: source.health().counters.get("retained_messages") == 2, "both came")
            await until(lambda: source.health().counters["uncommitted_messages"] == 0, "acknowledged")
            await publish(mosquitto.port, b"", topic=f"{other}x")  # as deleting a retained message looks to subscribers
            await until(lambda: source.health().counters.get("empty_messages") == 1, "skipped and counted")
            assert source.health().counters.get("bad_messages", 0) == 0
    finally:
        client.publish(other, b"", qos=1, retain=True).wait_for_publish(10)
        client.publish(f"{other}x", b"", qos=1, retain=True).wait_for_publish(10)
        client.disconnect()
        client.loop_stop()
    assert sorted(row[2] for row in collector.rows()) == expected


async def test_odd_payloads_and_topics_do_not_stop_the_good_ones(
    mosquitto: MosquittoServer, tmp_path: pathlib.Path
) -> None:
    odd = {
        "a b/c/d/e": b"1",
        "煤矿/通风/主/🚀": b"{}",
        f"{TOPIC}/deeper": b"[]",
        "spBv1.0/g/DDATA/n": b"\x08\x01\x12\x03",
    }
    bad = [
        gzip.compress(body(1)),
        body(1)[:-1],
        b'{"ts": 1, "values": {"power": 1, "power": 1}}',
        b"[" * 500_000,
        b'{"values": {"power": ' + b"9" * 5000 + b"}}",
        b'{"ts": "x", "values": {"power": 1}}',
        b"\x00" * 1000,
        '{"values": {"power": 1}}'.encode("gbk") + b"\xc3",
    ]
    async with running(table(mosquitto, topics=["#"], client_id="odd"), SIGNALS, tmp_path) as (source, collector):
        await until(lambda: source.health().state == "running", "connected")
        for number, payload in enumerate(bad):
            await publish(mosquitto.port, payload, body(number))
        for topic, payload in odd.items():
            await publish(mosquitto.port, payload, topic=topic)
        await publish(mosquitto.port, body(99))
        await until(lambda: 99.0 in collector.values(0), "the last good one")
        await until(lambda: source.health().counters["uncommitted_messages"] == 0, "all acknowledged")
        assert source.health().counters["bad_messages"] == len(bad) + len(odd)
        assert "payload is compressed (gzip)" in {problem.status for problem in source.health().problems}
    assert collector.values(0) == [*(float(number) for number in range(len(bad))), 99.0]


async def test_quality_of_service_2_arrives_once(mosquitto: MosquittoServer, tmp_path: pathlib.Path) -> None:
    async with running(table(mosquitto, client_id="qos2"), SIGNALS, tmp_path) as (source, collector):
        await until(lambda: source.health().state == "running", "connected")
        await publish(mosquitto.port, *(body(number) for number in range(10)), qos=2)
        await until(lambda: len(collector.values(0)) == 10, "all")
        await until(lambda: source.health().counters["uncommitted_messages"] == 0, "acknowledged")
    assert collector.values(0) == [float(number) for number in range(10)]


@pytest.mark.parametrize("version", ["3.1.1", "5"])
async def test_ten_megabytes_and_a_flood_through_mutual_tls(tmp_path: pathlib.Path, version: str) -> None:
    """TLS hands out 16 KiB at a time, and what it holds back no select() sees."""
    authority = TestAuthority(tmp_path / "ca")
    server, client = authority.issue("localhost", server=True), authority.issue("heishan-gw1")
    tls = BrokerTls(authority.certificate, server.certificate, server.key, require_client=True)
    broker = MosquittoServer(tmp_path / "broker", tls=tls)
    broker.start()
    names = {"tls_ca": authority.certificate, "tls_certificate": client.certificate, "tls_private_key": client.key}
    settings = table(
        broker, version=version, max_payload_bytes=16_000_000, **{name: str(path) for name, path in names.items()}
    )
    note = SignalMap(1, f"{ASSET}/note", is_text=True)
    large = json.dumps({"ts": time.time_ns() // 10**6, "values": {"note": "é" * 5_000_000}}, ensure_ascii=False)

    def feed() -> None:
        publisher = paho.Client(CallbackAPIVersion.VERSION2)
        publisher.tls_set(str(authority.certificate), str(client.certificate), str(client.key))
        publisher.max_inflight_messages_set(100)
        publisher.connect("127.0.0.1", broker.port)
        publisher.loop_start()
        sent = [publisher.publish(TOPIC, body(number), qos=1) for number in range(500)]
        sent.append(publisher.publish(TOPIC, large.encode(), qos=1))
        sent += [publisher.publish(TOPIC, body(number), qos=1) for number in range(500, 1000)]
        for each in sent:
            each.wait_for_publish(30)
        publisher.disconnect()
        publisher.loop_stop()

    try:
        async with running(settings, [*SIGNALS, note], tmp_path) as (source, collector):
            await until(lambda: source.health().state == "running", "connected")
            await asyncio.to_thread(feed)
            await until(lambda: len(collector.values(0)) == 1000, "all", timeout_s=60)
            await until(lambda: source.health().counters["uncommitted_messages"] == 0, "acknowledged")
    finally:
        broker.stop()
    assert collector.values(0) == [float(number) for number in range(1000)]
    assert [len(row[4] or "") for row in collector.rows(1)] == [5_000_000]


async def test_keep_alive_goes_on_while_nothing_and_while_much_arrives(tmp_path: pathlib.Path) -> None:
    """The broker ends a connection that is silent for one and a half keep-alives; ours is still there after more."""
    broker = MosquittoServer(tmp_path / "broker")
    broker.start()
    try:
        async with running(table(broker, keep_alive_s=5), SIGNALS, tmp_path) as (source, collector):
            await until(lambda: source.health().state == "running", "connected")
            deadline = time.monotonic() + 9
            await until(lambda: time.monotonic() > deadline, "longer than 1.5 keep-alives")
            await publish(broker.port, body(1))
            await until(lambda: collector.values(0) == [1.0], "still connected")
            assert source.health().counters["connects"] == 1
    finally:
        broker.stop()


async def test_password_and_certificate_authority_without_a_client_certificate(tmp_path: pathlib.Path) -> None:
    authority = TestAuthority(tmp_path / "ca")
    server = authority.issue("localhost", server=True)
    passwords, secret = tmp_path / "passwords", tmp_path / "secret"
    subprocess.run(["mosquitto_passwd", "-b", "-c", str(passwords), "plant", "right"], check=True, timeout=10)
    secret.write_text("right\r\n")
    tls = BrokerTls(authority.certificate, server.certificate, server.key)
    broker = MosquittoServer(tmp_path / "broker", tls=tls, password_file=passwords)
    broker.start()
    settings: dict[str, Any] = table(
        broker, tls_ca=str(authority.certificate), user="plant", password_file=str(secret), session_expiry_s=60
    )
    try:
        async with running(settings, SIGNALS, tmp_path) as (source, _):
            await until(lambda: source.health().state == "running", str(source.health()))
    finally:
        broker.stop()
