"""The uplink over a real broker: what the cloud did not acknowledge is never forgotten."""

from __future__ import annotations

import asyncio
import dataclasses
import pathlib
import time
from collections.abc import Iterator

import pytest
from ovoo_contract.address import AssetAddress
from ovoo_contract.catalogue import Catalogue, DataClass
from ovoo_contract.completeness import HOUR_NS, HourReport, LostInterval
from ovoo_contract.delivery import GatewayState, Rejection
from ovoo_contract.findings import Finding
from ovoo_contract.hour_sums import HourSums, SumsLayout
from ovoo_contract.wire import FLAG_BACKFILL
from ovoo_edge.completeness_row import ReportRow
from ovoo_edge.enrol import Identity, IdentityFiles, make_request, store_identity
from ovoo_edge.sinks.settings import MqttSinkSettings
from ovoo_edge.spool_rows import EVENT_RANK, Group, RowMeta

from tests.edge_agent.authority import Authority
from tests.edge_agent.sinks.harness import CATALOGUE, running
from tests.edge_agent.support import SECOND, CloudDouble, bulk_at, eventually, make_batch, make_catalogue, samples_at
from tests.servers.mosquitto import BrokerTls, MosquittoServer

pytestmark = pytest.mark.server


def settings_for(port: int, **changes: object) -> MqttSinkSettings:
    values: dict[str, object] = {"resend_s": 0.4, "resend_limit_s": 1.0, "linger_ms": 50, **changes}
    return MqttSinkSettings("cloud", "127.0.0.1", port, **values)  # type: ignore[arg-type]


@pytest.fixture
def cloud(mosquitto: MosquittoServer) -> Iterator[CloudDouble]:
    double = CloudDouble(mosquitto.port)
    yield double
    double.close()


def now_batch(offset_s: float = 0.0, count: int = 8) -> object:
    return samples_at(time.time_ns() + int(offset_s * SECOND), count)


async def test_rows_arrive_whole_and_leave_the_spool(
    mosquitto: MosquittoServer, cloud: CloudDouble, tmp_path: pathlib.Path
) -> None:
    batches = [samples_at(time.time_ns() + index, 8) for index in range(10)]
    async with running(settings_for(mosquitto.port), tmp_path, *batches) as rig:
        await rig.delivered()
        health = rig.sink.health()

    expected = sorted(row for b in batches for row in zip(b.signal, b.time_ns, b.value, strict=True))
    assert sorted(cloud.rows) == expected
    assert cloud.catalogues[CATALOGUE.id] == CATALOGUE.to_json()
    assert (health.state, health.counters["acknowledged"]) == ("running", 10)
    assert all(header.epoch == rig.spool.epoch for header, _, _ in cloud.messages)


async def test_backlog_is_merged_live_rows_are_merged_within_ten_seconds(
    mosquitto: MosquittoServer, cloud: CloudDouble, tmp_path: pathlib.Path
) -> None:
    batches = [samples_at(time.time_ns() + index, 8) for index in range(100)]
    async with running(settings_for(mosquitto.port), tmp_path, *batches) as rig:
        await rig.delivered()

    assert sum(header.merged for header, _, _ in cloud.messages) == 100
    assert len(cloud.messages) < 10


async def test_an_account_of_an_hour_travels_like_a_batch_and_tells_a_sink_its_own_losses(
    mosquitto: MosquittoServer, cloud: CloudDouble, tmp_path: pathlib.Path
) -> None:
    hour = time.time_ns() // HOUR_NS - 1
    start = hour * HOUR_NS
    base = HourReport.of(CATALOGUE.id, hour, 5, [(0, 3600, 3600, 0, 0, 0)])
    losses = {
        "cloud": (LostInterval(0, start, start + 9, "spool_full", 3),),
        "site": (LostInterval(0, start, start + 9, "rejected_wire", 4),),
    }
    group = Group()
    group.append("completeness", CATALOGUE.id, ReportRow(base, losses).to_bytes(), RowMeta(1, start, start, EVENT_RANK))
    async with running(settings_for(mosquitto.port), tmp_path) as rig:
        await rig.spool.commit(group)
        await rig.delivered()

    (told,) = cloud.reports
    assert (told.epoch, told.seq, told.report.hour) == (rig.spool.epoch, 1, hour)
    assert [(item.cause, item.count) for item in told.report.lost] == [("spool_full", 3)]
    assert told.report.signals[0].stored == 3597
    assert cloud.catalogues[CATALOGUE.id] == CATALOGUE.to_json()


@pytest.mark.parametrize(("data_class", "shown"), [("general", True), ("core", False)])
async def test_an_hour_of_sums_is_a_delivery_unless_its_class_may_not_leave(
    data_class: DataClass, shown: bool, mosquitto: MosquittoServer, cloud: CloudDouble, tmp_path: pathlib.Path
) -> None:
    start = time.time_ns() // HOUR_NS * HOUR_NS - HOUR_NS
    layout = SumsLayout("power_state", ("off", "load"), (("flow", "m3/min"),), ("machine-power", "kW"))
    asset = AssetAddress.parse("ent/site/area/line/asset")
    hour = HourSums(asset, "0" * 16, layout, start, start + HOUR_NS, 7, (0, 3), data_class, {"version": 1})
    async with running(settings_for(mosquitto.port, max_class="general"), tmp_path) as rig:
        group = Group()
        group.append("sums", CATALOGUE.id, hour.to_bytes(), RowMeta(1, start, start + HOUR_NS - 1, EVENT_RANK))
        await rig.spool.commit(group)
        await rig.delivered()
        refused = {(row.address, row.rank, row.count) for row in await rig.spool.call(lambda spool: spool.refusals())}

    assert [(told.seq, told.hour) for told in cloud.sums] == ([(1, hour)] if shown else [])
    assert [(header.seq, rows) for header, rows, _ in cloud.messages] == ([] if shown else [(1, 0)])
    assert refused == (set() if shown else {("event:sums", 2, 1)})


async def test_an_hour_of_sums_that_is_refused_goes_to_quarantine_with_the_code(
    mosquitto: MosquittoServer, cloud: CloudDouble, tmp_path: pathlib.Path
) -> None:
    cloud.acknowledge = False
    start = time.time_ns() // HOUR_NS * HOUR_NS - HOUR_NS
    layout = SumsLayout("power_state", ("off", "load"), (("flow", "m3/min"),), ("machine-power", "kW"))
    asset = AssetAddress.parse("other/site/area/line/asset")
    hour = HourSums(asset, "0" * 16, layout, start, start + HOUR_NS, 7, (0, 3), "general", {"version": 1})
    async with running(settings_for(mosquitto.port), tmp_path) as rig:
        group = Group()
        group.append("sums", CATALOGUE.id, hour.to_bytes(), RowMeta(1, start, start + HOUR_NS - 1, EVENT_RANK))
        await rig.spool.commit(group)
        await eventually(lambda: bool(cloud.sums), "sums sent")
        cloud.send_ack(rig.spool.epoch, rejected=(Rejection(1, "foreign_address", "not yours"),))
        await rig.delivered()
        (kept,) = await rig.spool.call(lambda spool: spool.quarantined())
        lost = (await rig.spool.gauges()).lost

    assert (kept.kind, kept.code, kept.detail) == ("sums", "foreign_address", "not yours")
    assert HourSums.from_bytes(kept.payload) == hour
    assert lost == {"cloud": {"rejected:foreign_address": 1}}


async def test_old_batches_are_marked_backfill(
    mosquitto: MosquittoServer, cloud: CloudDouble, tmp_path: pathlib.Path
) -> None:
    old = samples_at(time.time_ns() - 3600 * SECOND, 8)
    async with running(settings_for(mosquitto.port), tmp_path, old) as rig:
        await rig.delivered()
        await rig.commit(samples_at(time.time_ns(), 4))
        await rig.delivered()

    assert [header.flags for header, _, _ in cloud.messages] == [FLAG_BACKFILL, 0]


async def test_what_is_not_acknowledged_is_sent_again_until_it_is(
    mosquitto: MosquittoServer, cloud: CloudDouble, tmp_path: pathlib.Path
) -> None:
    cloud.acknowledge = False
    async with running(settings_for(mosquitto.port), tmp_path, samples_at(time.time_ns(), 8)) as rig:
        await eventually(lambda: len(cloud.messages) >= 3, "resending")
        assert rig.sink.health().state == "degraded"
        assert "acknowledges" in rig.sink.health().remedy
        assert len(await rig.reader.pending(9)) == 1

        cloud.acknowledge = True
        await rig.delivered()
        await eventually(lambda: rig.sink.health().state == "running", "recovery")

    gaps = [after - before for before, after in zip(cloud.times, cloud.times[1:], strict=False)]
    assert gaps[0] >= 0.25
    assert len(cloud.rows) == 8


async def test_acknowledgements_are_selective_and_of_this_epoch_only(
    mosquitto: MosquittoServer, cloud: CloudDouble, tmp_path: pathlib.Path
) -> None:
    cloud.acknowledge = False
    batches = [samples_at(time.time_ns() + index, 8) for index in range(5)]
    async with running(settings_for(mosquitto.port), tmp_path, *batches) as rig:
        await eventually(lambda: bool(cloud.messages), "delivery")
        cloud.send_ack(rig.spool.epoch ^ 1, (1, 5))
        cloud.send_raw("ovoo/v1/gw-1/ack", b"{not json")
        cloud.send_ack(rig.spool.epoch, (2, 3), (5, 5))
        await eventually(lambda: rig.sink.health().counters.get("acknowledged", 0) == 3, "selective ack")

        assert [row.seq for row in await rig.reader.pending(9)] == [1, 4]
        assert rig.sink.health().counters["foreign_epoch_acks"] == 1
        assert rig.sink.health().counters["unreadable_messages"] == 1


async def test_rejected_rows_go_to_quarantine_with_the_clouds_words(
    mosquitto: MosquittoServer, cloud: CloudDouble, tmp_path: pathlib.Path
) -> None:
    cloud.reject[2] = ("foreign_address", "s0 is not yours")
    batches = [samples_at(time.time_ns() + index, 8) for index in range(3)]
    async with running(settings_for(mosquitto.port), tmp_path, *batches) as rig:
        await rig.delivered()
        (kept,) = await rig.spool.quarantined()
        gauges = await rig.spool.gauges()

    assert (kept.seq, kept.code, kept.detail) == (2, "foreign_address", "s0 is not yours")
    assert gauges.lost == {"cloud": {"rejected:foreign_address": 8}}


async def test_the_window_bounds_what_is_in_flight(
    mosquitto: MosquittoServer, cloud: CloudDouble, tmp_path: pathlib.Path
) -> None:
    cloud.acknowledge = False
    batches = [bulk_at(time.time_ns() + index * 3600 * SECOND, 8000) for index in range(12)]
    async with running(
        settings_for(mosquitto.port, window=4, resend_s=60, resend_limit_s=60), tmp_path, *batches
    ) as rig:
        await eventually(lambda: len(cloud.messages) == 3, "window filled with backlog, a quarter kept free")
        await rig.commit(samples_at(time.time_ns(), 8))
        await eventually(lambda: len(cloud.messages) == 4, "live row")
        await asyncio.sleep(0.3)

        assert len(cloud.messages) == 4
        assert cloud.messages[-1][0].seq == 13
        assert rig.sink.health().in_flight == 4


async def test_live_rows_pass_a_long_backlog(
    mosquitto: MosquittoServer, cloud: CloudDouble, tmp_path: pathlib.Path
) -> None:
    backlog = [bulk_at(time.time_ns() - (200 - index) * 3600 * SECOND, 8000) for index in range(120)]
    settings = settings_for(mosquitto.port, resend_s=60, resend_limit_s=60)
    async with running(settings, tmp_path, *backlog) as rig:
        await eventually(lambda: bool(cloud.messages), "backlog")
        arrived_before = []
        for _ in range(5):
            (seq,) = await rig.commit(samples_at(time.time_ns(), 8))
            await eventually(
                lambda wanted=seq: any(h.seq <= wanted < h.seq + h.merged for h, _, _ in cloud.messages),  # type: ignore[misc]
                "live row",
            )
            arrived_before.append(sum(h.merged for h, _, _ in cloud.messages if h.seq <= 120))
        await rig.delivered()

    assert arrived_before[0] < 120, "the backlog went first"
    assert len(cloud.rows) == 120 * 8000 + 5 * 8
    assert cloud.repeats == 0


async def test_a_row_stored_while_the_link_was_sought_does_not_wait_for_the_backlog(
    mosquitto: MosquittoServer, cloud: CloudDouble, tmp_path: pathlib.Path
) -> None:
    backlog = [bulk_at(time.time_ns() - (200 - index) * 3600 * SECOND, 8000) for index in range(120)]
    reached, opened = asyncio.Event(), asyncio.Event()

    async def forward(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while data := await reader.read(1 << 16):
            writer.write(data)
            await writer.drain()
        writer.close()

    async def gate(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        reached.set()
        await opened.wait()
        broker_reader, broker_writer = await asyncio.open_connection("127.0.0.1", mosquitto.port)
        await asyncio.gather(forward(reader, broker_writer), forward(broker_reader, writer), return_exceptions=True)

    server = await asyncio.start_server(gate, "127.0.0.1", 0)
    settings = settings_for(server.sockets[0].getsockname()[1], resend_s=60, resend_limit_s=60)
    async with server, running(settings, tmp_path, *backlog) as rig:
        await reached.wait()
        (seq,) = await rig.commit(samples_at(time.time_ns(), 8))
        opened.set()
        await eventually(lambda: any(h.seq <= seq < h.seq + h.merged for h, _, _ in cloud.messages), "live row")
        before = sum(h.merged for h, _, _ in cloud.messages if h.seq <= 120)
        await rig.delivered()

    assert before < 120, "the backlog went first"
    assert len(cloud.rows) == 120 * 8000 + 8


async def test_findings_travel_as_events(
    mosquitto: MosquittoServer, cloud: CloudDouble, tmp_path: pathlib.Path
) -> None:
    finding = Finding("leak", "warning", AssetAddress("ent", "site", "area", "line", "asset"), 5, 9, value=1.5)
    async with running(settings_for(mosquitto.port), tmp_path, samples_at(time.time_ns(), 8)) as rig:
        await rig.commit_event(finding.to_json(), 5)
        await rig.commit_event(b"not a finding", 5)
        await rig.delivered()
        (kept,) = await rig.spool.quarantined()

    assert [(event.seq, event.finding) for event in cloud.events] == [(2, finding)]
    assert (kept.seq, kept.code) == (3, "unreadable")


async def test_a_catalogue_that_the_cloud_asks_for_comes_with_its_batches(
    mosquitto: MosquittoServer, cloud: CloudDouble, tmp_path: pathlib.Path
) -> None:
    other = make_catalogue(2)
    cloud.acknowledge = False
    async with running(settings_for(mosquitto.port, resend_s=60, resend_limit_s=60), tmp_path) as rig:
        await rig.spool.add_catalogue(other)
        await rig.commit(samples_at(time.time_ns(), 4, 2), catalogue=other)
        await eventually(lambda: bool(cloud.messages), "delivery")
        assert other.id in cloud.catalogues
        cloud.catalogues.clear()

        cloud.acknowledge = True
        cloud.ask_catalogue(other.id)
        await rig.delivered()

    assert Catalogue.from_json(cloud.catalogues[other.id]) == other
    assert len(cloud.messages) == 2


async def test_samples_above_the_class_stay_here_and_are_counted(
    mosquitto: MosquittoServer, cloud: CloudDouble, tmp_path: pathlib.Path
) -> None:
    mixed = make_catalogue(4, ("general", "core"))
    now = time.time_ns()
    rows = make_batch([(signal, now + step, 1.0) for signal in range(4) for step in range(3)])
    core_only = make_batch([(1, now, 1.0), (3, now, 1.0)])
    async with running(settings_for(mosquitto.port), tmp_path, rows, core_only, catalogue=mixed) as rig:
        await rig.delivered()
        await eventually(lambda: rig.sink.health().counters["refused_by_class"] == 8, "count")
        gauges, refusals = await rig.spool.gauges(), await rig.spool.refusals()

    shown = Catalogue(entry for entry in mixed.entries if entry.data_class == "general")
    assert {(header.catalogue_id, row[0]) for header, _, _ in cloud.messages for row in cloud.rows} == {
        (shown.id, 0),
        (shown.id, 1),
    }
    assert {key: Catalogue.from_json(body) for key, body in cloud.catalogues.items()} == {shown.id: shown}
    assert gauges.refused == {"cloud": {2: 8}}
    assert [(row.address[-2:], row.count) for row in refusals] == [("s1", 4), ("s3", 4)]
    assert cloud.seen_rows == {(rig.spool.epoch, 1), (rig.spool.epoch, 2)}


async def test_a_finding_above_the_class_stays_here_and_leaves_no_hole(
    mosquitto: MosquittoServer, cloud: CloudDouble, tmp_path: pathlib.Path
) -> None:
    mixed = make_catalogue(4, ("general", "core"))
    asset = mixed.entries[0].address.asset_address
    now = time.time_ns()
    open_to_all = Finding("limit.high", "warning", asset, now, now, detail={"data_class": "general", "signal": "s0"})
    drawn_from_core = dataclasses.replace(open_to_all, detail={"data_class": "core"})
    naming_core = dataclasses.replace(open_to_all, detail={"data_class": "general", "signal_2": "s1"})
    silent_about_it = dataclasses.replace(open_to_all, detail={})
    async with running(settings_for(mosquitto.port), tmp_path, catalogue=mixed) as rig:
        for finding in (drawn_from_core, open_to_all, naming_core, silent_about_it):
            await rig.commit_event(finding.to_json(), now, catalogue=mixed)
        await rig.delivered()
        refusals = await rig.spool.refusals()

    assert [(event.seq, event.finding) for event in cloud.events] == [(2, open_to_all)]
    assert {seq for _, seq in cloud.seen_rows} == {1, 3, 4}
    assert cloud.rows == []
    assert [(row.address, row.rank, row.count) for row in refusals] == [("event:limit.high", 2, 3)]


async def test_state_is_retained_and_replaced_at_goodbye(
    mosquitto: MosquittoServer, cloud: CloudDouble, tmp_path: pathlib.Path
) -> None:
    async with running(settings_for(mosquitto.port), tmp_path) as rig:
        await eventually(lambda: bool(cloud.states), "state")
        rig.draining.set()
        rig.reader.wake()
        await asyncio.wait_for(rig.task, 10)
        await eventually(lambda: not GatewayState.from_json(cloud.states[-1]).online, "goodbye")

    online = GatewayState.from_json(cloud.states[0])
    assert (online.online, online.epoch, online.catalogue_id) == (True, rig.spool.epoch, CATALOGUE.id)
    assert (online.backlog_rows, online.at_risk_s) == (2, 0.5)
    assert online.detail["lost.cloud.spool_full"] == 3


async def test_a_broker_that_dies_and_returns_costs_nothing(tmp_path: pathlib.Path) -> None:
    broker = MosquittoServer(tmp_path / "broker")
    broker.start()
    cloud = CloudDouble(broker.port)
    try:
        async with running(settings_for(broker.port), tmp_path / "spool") as rig:
            await rig.commit(samples_at(time.time_ns(), 8))
            await rig.delivered()
            await asyncio.to_thread(broker.kill)
            await eventually(lambda: rig.sink.health().state == "retrying", "loss noticed")
            assert rig.sink.health().detail
            await rig.commit(*[samples_at(time.time_ns() + index, 8) for index in range(20)])

            await asyncio.to_thread(broker.start)
            await rig.delivered(30)
    finally:
        cloud.close()
        await asyncio.to_thread(broker.stop)

    assert len(cloud.rows) == 21 * 8


async def test_a_broker_whose_queue_is_full_drops_and_the_uplink_sends_again(tmp_path: pathlib.Path) -> None:
    broker = MosquittoServer(tmp_path / "broker", extra="max_queued_messages 3\nmax_inflight_messages 1\n")
    broker.start()
    cloud = CloudDouble(broker.port)
    batches = [bulk_at(time.time_ns() - (90 - index) * 3600 * SECOND, 8000) for index in range(60)]
    try:
        async with running(
            settings_for(broker.port, resend_s=0.3, resend_limit_s=0.5), tmp_path / "spool", *batches
        ) as rig:
            await rig.delivered(40)
    finally:
        cloud.close()
        await asyncio.to_thread(broker.stop)

    assert len(cloud.rows) == 60 * 8000


async def test_a_refused_login_is_explained(tmp_path: pathlib.Path) -> None:
    passwords = tmp_path / "passwords"
    passwords.write_text("someone:$7$101$AAAAAAAAAAAAAAAA$AAAA==\n")
    passwords.chmod(0o600)
    broker = MosquittoServer(tmp_path / "broker", password_file=passwords)
    broker.start()
    try:
        async with running(settings_for(broker.port), tmp_path / "spool") as rig:
            await eventually(lambda: rig.sink.health().state == "retrying", "refusal")
            health = rig.sink.health()
    finally:
        await asyncio.to_thread(broker.stop)

    assert health.detail == "broker refused: Not authorized"
    assert "enrol again" in health.remedy


async def test_mutual_tls_makes_the_certificate_the_user(tmp_path: pathlib.Path) -> None:
    authority = Authority()
    (tmp_path / "ca.crt").write_text(authority.pem)
    certificate, key = authority.server_files(tmp_path)
    own_key, csr = make_request("gw-1")
    identity = Identity(authority.sign(csr), authority.pem, {})
    files = IdentityFiles(tmp_path / "gw.key", tmp_path / "gw.crt", tmp_path / "gw-ca.crt")
    store_identity(identity, own_key, files)
    acl = "pattern write ovoo/v1/%u/#\npattern read ovoo/v1/%u/#\n"
    tls = BrokerTls(tmp_path / "ca.crt", certificate, key, require_client=True)
    broker = MosquittoServer(tmp_path / "broker", tls=tls, acl=acl)
    broker.start()
    good = settings_for(broker.port, ca_file=files.ca, certificate_file=files.certificate, key_file=files.key)
    stranger = tmp_path / "stranger.crt"
    stranger.write_text(Authority().pem)
    try:
        async with running(good, tmp_path / "a", samples_at(time.time_ns(), 8)) as rig:
            await eventually(lambda: rig.sink.health().counters.get("messages", 0) > 0, "delivery over TLS")
            await rig.reader.ack(rig.spool.epoch, [(1, 1)])
        wrong_ca = settings_for(broker.port, ca_file=stranger)
        async with running(wrong_ca, tmp_path / "b") as rig:
            await eventually(lambda: rig.sink.health().state == "retrying", "distrust")
            assert rig.sink.health().detail.startswith("TLS refused")
            assert "ca_file" in rig.sink.health().remedy
    finally:
        await asyncio.to_thread(broker.stop)
