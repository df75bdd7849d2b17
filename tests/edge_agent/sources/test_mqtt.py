"""The MQTT source against a real Mosquitto."""

from __future__ import annotations

import asyncio
import json
import pathlib
import socket
import subprocess
import time
from collections.abc import Callable, Sequence
from typing import Any

import paho.mqtt.client as paho
import pytest
from ovoo_edge.sources.base import SignalMap
from paho.mqtt.enums import CallbackAPIVersion

from tests.edge_agent.sources.harness import running, until
from tests.servers.certificates import TestAuthority
from tests.servers.mosquitto import BrokerTls, MosquittoServer

pytestmark = pytest.mark.server
ASSET = "coal/heishan/ventilation/main/fan1"
TOPIC = "heishan/ventilation/main/fan1"
SIGNALS = [SignalMap(0, f"{ASSET}/power")]


def table(broker: MosquittoServer, **extra: Any) -> dict[str, Any]:
    return {
        "name": "plant",
        "driver": "mqtt",
        "host": broker.host,
        "port": broker.port,
        "topic_template": "{site}/{area}/{line}/{asset}",
        "address": {"enterprise": "coal"},
        "reconnect_max_s": 1,
        **extra,
    }


def body(number: float) -> bytes:
    return json.dumps({"ts": time.time_ns() // 1_000_000, "values": {"power": number}}).encode()


def _publish(port: int, payloads: Sequence[bytes], topic: str, qos: int) -> None:
    client = paho.Client(CallbackAPIVersion.VERSION2)
    client.connect("127.0.0.1", port)
    client.loop_start()
    for payload in payloads:
        client.publish(topic, payload, qos=qos).wait_for_publish(10)
    client.disconnect()
    client.loop_stop()


async def publish(port: int, *payloads: bytes, topic: str = TOPIC, qos: int = 1) -> None:
    await asyncio.to_thread(_publish, port, payloads, topic, qos)


@pytest.mark.parametrize("version", ["3.1.1", "5"])
async def test_uncommitted_messages_come_again_and_committed_ones_do_not(
    mosquitto: MosquittoServer, tmp_path: pathlib.Path, version: str
) -> None:
    settings = table(mosquitto, version=version)
    async with running(settings, SIGNALS, tmp_path, hold=True) as (source, collector):
        await until(lambda: source.health().state == "running", "connected")
        for number in (1, 2, 3):
            await publish(mosquitto.port, body(number))
            await until(lambda number=number: float(number) in collector.values(0), "value")  # type: ignore[misc]
        collector.commit(1)
        await until(lambda: source.health().counters["uncommitted_messages"] == 2, "one acknowledged")
        await asyncio.to_thread(time.sleep, 0.1)  # the PUBACK leaves in paho's thread
    await publish(mosquitto.port, body(4))

    async with running(settings, SIGNALS, tmp_path) as (again, second):
        await until(lambda: 4.0 in second.values(0), "what was sent while away")
        assert sorted(set(second.values(0))) == [2.0, 3.0, 4.0]
        assert again.health().counters["sessions_resumed"] == 1


async def test_orderly_end_waits_for_the_commit_and_acknowledges(
    mosquitto: MosquittoServer, tmp_path: pathlib.Path
) -> None:
    async with running(table(mosquitto), SIGNALS, tmp_path, hold=True) as (source, collector):
        await until(lambda: source.health().state == "running", "connected")
        await publish(mosquitto.port, body(1))
        await until(lambda: 1.0 in collector.values(0), "value")
        asyncio.get_running_loop().call_later(0.05, collector.commit)  # the pipeline commits while the source settles
    await publish(mosquitto.port, body(2))

    async with running(table(mosquitto), SIGNALS, tmp_path) as (_, second):
        await until(lambda: 2.0 in second.values(0), "new value")
    assert second.values(0) == [2.0]


async def test_broker_restart_loses_nothing(tmp_path: pathlib.Path) -> None:
    broker = MosquittoServer(tmp_path / "broker")
    broker.start()
    try:
        async with running(table(broker), SIGNALS, tmp_path) as (source, collector):
            await until(lambda: source.health().state == "running", "connected")
            await publish(broker.port, *(body(number) for number in range(1, 51)))
            await asyncio.to_thread(broker.stop)
            await until(lambda: source.health().state == "retrying", "loss noticed")
            assert "connection lost" in source.health().problems[0].status
            await asyncio.to_thread(broker.start)
            await publish(broker.port, *(body(number) for number in range(51, 101)))
            await until(lambda: 100.0 in collector.values(0), "last value")
            assert source.health().counters["connects"] == 2
            assert source.health().counters["sessions_resumed"] >= 1
    finally:
        broker.stop()

    assert sorted(set(collector.values(0))) == [float(number) for number in range(1, 101)]


async def test_message_repeated_on_a_new_connection_waits_for_the_commit_of_its_first_copy(
    tmp_path: pathlib.Path,
) -> None:
    broker = MosquittoServer(tmp_path / "broker")
    broker.start()
    try:
        async with running(table(broker), SIGNALS, tmp_path, hold=True) as (source, collector):
            await until(lambda: source.health().state == "running", "connected")
            await publish(broker.port, body(1))
            await until(lambda: 1.0 in collector.values(0), "first delivery")
            await asyncio.to_thread(broker.stop)
            await asyncio.to_thread(broker.start)
            await until(lambda: source.health().counters.get("repeated_messages") == 1, "second delivery")
            assert source.health().counters["uncommitted_messages"] == 1

            collector.commit()
            assert source.health().counters["uncommitted_messages"] == 0
            await publish(broker.port, body(2))
            await until(lambda: 2.0 in collector.values(0), "later message")
            collector.commit()
            await asyncio.to_thread(time.sleep, 0.1)  # the PUBACK leaves in paho's thread
        (tmp_path / "plant.position").unlink()  # nothing is known: what the broker still holds would come as new
        async with running(table(broker), SIGNALS, tmp_path) as (source, second):
            await until(lambda: source.health().state == "running", "connected")
            await publish(broker.port, body(3))
            await until(lambda: 3.0 in second.values(0), "new message")
    finally:
        broker.stop()
    assert collector.values(0) == [1.0, 2.0]
    assert second.values(0) == [3.0]


def _saved(database: pathlib.Path) -> Callable[[], bool]:
    """True once the broker has written its database after now; it does so every second, when it gets to it."""
    now_ns = time.time_ns()
    return lambda: database.exists() and database.stat().st_mtime_ns > now_ns


@pytest.mark.parametrize("version", ["3.1.1", "5"])
@pytest.mark.parametrize("broker_fault", ["none", "stop", "kill"])
async def test_death_between_commit_and_acknowledgement_hands_nothing_over_twice(
    tmp_path: pathlib.Path, version: str, broker_fault: str
) -> None:
    """Mosquitto sets DUP after a reconnect, after its own restart and after its own death alike."""
    broker = MosquittoServer(tmp_path / "broker")
    broker.start()
    settings = table(broker, version=version)
    try:
        async with running(settings, SIGNALS, tmp_path, hold=True) as (source, collector):
            await until(lambda: source.health().state == "running", "connected")
            for number in range(1, 7):
                await publish(broker.port, body(number))
                await until(lambda number=number: float(number) in collector.values(0), "value")  # type: ignore[misc]
            collector.store(4)  # 5 and 6 were handed over and are not on disk
        if broker_fault != "none":
            if broker_fault == "kill":
                await until(_saved(tmp_path / "broker" / "mosquitto.db"), "its database is saved", timeout_s=60)
            await asyncio.to_thread(getattr(broker, broker_fault))
            await asyncio.to_thread(broker.start)
        await publish(broker.port, body(7))

        async with running(settings, SIGNALS, tmp_path) as (again, second):
            await until(lambda: 7.0 in second.values(0), "what was sent while away")
            await until(lambda: again.health().counters["uncommitted_messages"] == 0, "all acknowledged")
            assert again.health().counters["repeated_messages"] == 4
    finally:
        broker.stop()

    assert collector.durable + second.durable == [float(number) for number in range(1, 8)]


async def test_equal_messages_are_different_messages(mosquitto: MosquittoServer, tmp_path: pathlib.Path) -> None:
    """Without a time in the payload a constant value is the same bytes each time."""
    settings = table(mosquitto, time_form="receive")
    same = json.dumps({"values": {"power": 5}}).encode()
    async with running(settings, SIGNALS, tmp_path, hold=True) as (source, collector):
        await until(lambda: source.health().state == "running", "connected")
        await publish(mosquitto.port, same, same, same)
        await until(lambda: len(collector.rows(0)) == 3, "three")
        collector.store()
    await publish(mosquitto.port, same, same)

    async with running(settings, SIGNALS, tmp_path) as (again, second):
        await until(lambda: again.health().counters["uncommitted_messages"] == 0 and len(second.rows(0)) >= 2, "rest")
        assert again.health().counters["repeated_messages"] == 3
    assert len(collector.durable) + len(second.durable) == 5


async def test_a_lost_session_makes_old_message_ids_meaningless(tmp_path: pathlib.Path) -> None:
    broker = MosquittoServer(tmp_path / "broker")
    broker.start()
    settings = table(broker, time_form="receive")
    same = json.dumps({"values": {"power": 5}}).encode()
    try:
        async with running(settings, SIGNALS, tmp_path) as (source, first):
            await until(lambda: source.health().state == "running", "connected")
            await publish(broker.port, same)
            await until(lambda: len(first.rows(0)) == 1, "first")
        await asyncio.to_thread(broker.stop)
        (tmp_path / "broker" / "mosquitto.db").unlink()
        await asyncio.to_thread(broker.start)
        async with running(settings, SIGNALS, tmp_path, hold=True) as (source, second):
            await until(lambda: source.health().state == "running", "connected")
            await until(lambda: len(second.chunks) == 1, "the old ids are forgotten for good")
            second.store()
            await publish(broker.port, same)
            await until(lambda: len(second.rows(0)) == 1, "message 1 of the new session")
        async with running(settings, SIGNALS, tmp_path) as (source, third):
            await until(lambda: len(third.rows(0)) == 1, "it was never on disk, so it comes again")
    finally:
        broker.stop()


async def test_bad_messages_are_kept_acknowledged_and_do_not_block(
    mosquitto: MosquittoServer, tmp_path: pathlib.Path
) -> None:
    settings = table(mosquitto, topics=["#"])
    bad = [b"{bad", b'{"ts": 1, "values": {"power": 1, "power": 2}}', b"[" * 100_000, b"\xff\xfe", b"x" * 10_000_000]
    async with running(settings, SIGNALS, tmp_path) as (source, collector):
        await until(lambda: source.health().state == "running", "connected")
        await publish(mosquitto.port, *bad)
        await publish(mosquitto.port, body(1), topic="煤矿/🚀/x")
        await publish(mosquitto.port, body(7))
        await until(lambda: 7.0 in collector.values(0), "the good one")
        await until(lambda: source.health().counters["uncommitted_messages"] == 0, "all acknowledged")
        assert source.health().counters["bad_messages"] == 6
        reasons = {problem.status for problem in source.health().problems}
        assert reasons >= {
            "payload is not JSON",
            "JSON names a key twice",
            "no signal is mapped to this topic",
            "payload is too large",
        }

    letters = [json.loads(line) for line in (tmp_path / "plant.dead-letters.jsonl").read_text("utf-8").splitlines()]
    assert len(letters) == 6
    assert letters[-1]["topic"] == "煤矿/🚀/x"
    assert letters[4]["bytes"] == 10_000_000
    assert len(letters[4]["payload"]) < 10_000


async def test_mutual_tls_with_real_certificates(tmp_path: pathlib.Path) -> None:
    authority = TestAuthority(tmp_path / "ca")
    server, client = authority.issue("localhost", server=True), authority.issue("heishan-gw1")
    tls = BrokerTls(authority.certificate, server.certificate, server.key, require_client=True)
    broker = MosquittoServer(tmp_path / "broker", tls=tls)
    broker.start()
    files = {
        "tls_ca": str(authority.certificate),
        "tls_certificate": str(client.certificate),
        "tls_private_key": str(client.key),
    }
    try:
        async with running(table(broker, **files), SIGNALS, tmp_path) as (source, collector):
            await until(lambda: source.health().state == "running", str(source.health()))

        stranger = TestAuthority(tmp_path / "other", "stranger")
        async with running(table(broker, tls_ca=str(stranger.certificate)), SIGNALS, tmp_path) as (source, _):
            await until(lambda: bool(source.health().problems), "refused")
            assert source.health().problems[0].status == "TLS failed"
            assert "tls_ca" in source.health().problems[0].remedy
    finally:
        broker.stop()
    assert collector.chunks == []


async def test_wrong_password_and_refused_topic_are_said_plainly(tmp_path: pathlib.Path) -> None:
    passwords = tmp_path / "passwords"
    subprocess.run(["mosquitto_passwd", "-b", "-c", str(passwords), "plant", "right"], check=True, timeout=10)
    acl = "user plant\ntopic read allowed/#\n"
    broker = MosquittoServer(tmp_path / "broker", password_file=passwords, acl=acl)
    broker.start()
    secret = tmp_path / "secret"
    try:
        secret.write_text("wrong\n")
        settings = table(broker, user="plant", password_file=str(secret))
        async with running(settings, SIGNALS, tmp_path) as (source, _):
            await until(lambda: bool(source.health().problems), "refused")
            assert source.health().problems[0].status == "the broker refuses"
            assert "password_file" in source.health().problems[0].remedy

            secret.write_text("right\n")
            await until(lambda: source.health().state == "running", "the corrected password works without a restart")
    finally:
        broker.stop()


async def test_silence_of_a_topic_is_flagged_once(mosquitto: MosquittoServer, tmp_path: pathlib.Path) -> None:
    async with running(table(mosquitto, freshness_s=0.3), SIGNALS, tmp_path) as (source, collector):
        await until(lambda: source.health().state == "degraded", "silent")
        await publish(mosquitto.port, body(1))
        await until(lambda: source.health().state == "running", "heard")
        await until(lambda: source.health().state == "degraded", "silent again")

    assert [row[3] & 0x8000_0000 for row in collector.rows()] == [0x8000_0000, 0, 0x8000_0000]


async def test_connection_that_comes_too_late_is_ended_before_the_next_one_is_tried(tmp_path: pathlib.Path) -> None:
    """Else its CONNECT, once it gets through, takes the session over from the connection in use."""
    from ovoo_contract.errors import ConnectFailed
    from ovoo_edge.sources.mqtt_link import BrokerLink
    from ovoo_edge.sources.settings_mqtt import MqttSettings, MqttTls

    authority = TestAuthority(tmp_path / "ca")
    with socket.create_server(("127.0.0.1", 0)) as mute:
        settings = MqttSettings(
            "x", "127.0.0.1", mute.getsockname()[1], tls=MqttTls(authority.certificate), keep_alive_s=300
        )
        link = BrokerLink(settings, [TOPIC], time.time_ns)
        with pytest.raises(ConnectFailed, match="no answer in time"):
            await link.open(0.2)
        await asyncio.wait_for(link.close(), 60)  # not the keep-alive, for which paho waits in a handshake

        accepted, _ = mute.accept()
        accepted.settimeout(10)
        received = b""
        while block := accepted.recv(4096):
            received += block
        accepted.close()
    assert received[:1] == b"\x16"  # a TLS hello, then the end: nothing follows any more


async def test_exception_while_receiving_ends_the_connection_visibly(
    mosquitto: MosquittoServer, tmp_path: pathlib.Path
) -> None:
    from ovoo_edge.sources.mqtt_link import BrokerLink
    from ovoo_edge.sources.settings_mqtt import MqttSettings

    def broken_clock() -> int:
        raise OSError("no clock")

    link = BrokerLink(MqttSettings("x", mosquitto.host, mosquitto.port), [TOPIC], broken_clock)
    await link.open()
    await publish(mosquitto.port, body(1))
    with pytest.raises(Exception, match="receiving failed"):
        await asyncio.wait_for(link.messages(10), 5)
    await link.close()
