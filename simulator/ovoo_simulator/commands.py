"""What each verb of `ovoo-simulator` does."""

from __future__ import annotations

import argparse
import asyncio
import json
import pathlib
import signal
import time
from collections.abc import Callable, Coroutine, Mapping
from datetime import UTC, datetime
from typing import Any, cast

from ovoo_contract.address import AssetAddress
from ovoo_contract.catalogue import Catalogue
from ovoo_contract.errors import ConfigError

from ovoo_simulator.config import GatewaySite, TomlValue, gateway_files, mqtt_source, opcua_source
from ovoo_simulator.datasets import read_dataset
from ovoo_simulator.emission import Publisher
from ovoo_simulator.excess import fault_energy
from ovoo_simulator.faults import Fault, FaultPlan, FaultWindow, iso_time, read_time
from ovoo_simulator.history import write_history
from ovoo_simulator.journal import JournalLedger
from ovoo_simulator.ledger import Ledger
from ovoo_simulator.live import FaultFile, Feed, LedgerWriter, run_feed
from ovoo_simulator.opcua_security import OpcUaSecurity, server_identity
from ovoo_simulator.plants import DEFAULT_ORIGIN_NS, Plant, create_plant
from ovoo_simulator.replay import dataset_catalogue, rebase, run_replay
from ovoo_simulator.serve_mqtt import MqttPublisher, MqttSettings
from ovoo_simulator.serve_opcua import OpcUaServer, namespace_uri
from ovoo_simulator.times import DAY_NS, HOUR_NS, MINUTE_NS, SECOND_NS

__all__ = [
    "add_fault",
    "draw_faults",
    "list_faults",
    "replay_file",
    "run_plant",
    "write_gateway_config",
    "write_history_file",
]

_REPLAY_FINISH_S = 60.0


def run_plant(arguments: argparse.Namespace) -> None:
    """`plant`: live until SIGTERM."""
    plant = _plant(arguments)
    step_ns = _step_ns(arguments.step_s)
    feed = Feed(plant, FaultFile(arguments.faults, plant.name).faults, step_ns)
    publisher = _publisher(arguments, plant.catalogue, hold_back=False)
    writer = LedgerWriter(publisher, arguments.ledger)

    async def work(stop: asyncio.Event) -> None:
        await run_feed(feed, publisher, writer, stop, step_ns=step_ns, wait=arguments.wait_for_subscription)

    _run_until_stopped(work)
    _print(arguments, {"emitted": publisher.ledger.count, "signals": len(plant.entries)})


def replay_file(arguments: argparse.Namespace) -> None:
    """`replay`: a data set until its end or SIGTERM."""
    data = read_dataset(arguments.file, arguments.format, utc_offset_h=arguments.utc_offset_h)
    data = rebase(data, arguments.times, time.time_ns())
    publisher = _publisher(arguments, dataset_catalogue(data, _asset(arguments.asset)), hold_back=True)
    writer = LedgerWriter(publisher, arguments.ledger)

    async def work(stop: asyncio.Event) -> None:
        await run_replay(data, publisher, writer, stop, speed=arguments.speed, wait=arguments.wait_for_subscription)

    _run_until_stopped(work)
    _print(arguments, {"emitted": publisher.ledger.count, "rows": len(data), "signals": len(data.names)})


def write_history_file(arguments: argparse.Namespace) -> None:
    """`history`: one replay file and its ledger."""
    plant = _plant(arguments)
    start_ns, end_ns = _window(arguments)
    faults = FaultPlan.load(arguments.faults).of(plant.name) if arguments.faults else ()
    step_ns = _step_ns(arguments.step_s)
    written, ledger = write_history(
        plant,
        arguments.out,
        start_ns,
        end_ns,
        step_ns,
        faults,
        record_ns=HOUR_NS if step_ns >= MINUTE_NS else MINUTE_NS,
        transport=arguments.transport,
    )
    if arguments.ledger:
        ledger.save(arguments.ledger)
    _print(
        arguments,
        {
            "file": str(written.path),
            "samples": written.samples,
            "records": written.records,
            "bytes": written.size,
            "start": iso_time(start_ns),
            "end": iso_time(end_ns),
        },
    )


def draw_faults(arguments: argparse.Namespace) -> None:
    """`faults draw`: a truth file."""
    start_ns, end_ns = _window(arguments)
    window = FaultWindow(
        start_ns,
        end_ns,
        arguments.per_week,
        round(arguments.shortest_h * HOUR_NS),
        round(arguments.longest_h * HOUR_NS),
    )
    plant = _plant(arguments)
    plan = FaultPlan.draw(arguments.fault_seed, plant, window)
    _save(plan, plant, arguments.out)
    _print(arguments, {"file": str(arguments.out), "faults": len(plan.faults)})


def add_fault(arguments: argparse.Namespace) -> None:
    """`faults add`: one fault more, effective in a plant that watches the file."""
    plant = _plant(arguments)
    start_ns = read_time(arguments.start) if arguments.start else time.time_ns()
    start_ns += round(arguments.delay_s * SECOND_NS)
    end_ns = start_ns + round(arguments.duration_s * SECOND_NS)
    fault = _possible_fault(plant, arguments, start_ns, end_ns)
    path: pathlib.Path = arguments.file
    plan = FaultPlan.load(path) if path.exists() else FaultPlan(plant.name, 0, ())
    plan.of(plant.name)
    _save(plan.with_fault(fault), plant, path)
    _print(arguments, fault.to_dict())


def list_faults(arguments: argparse.Namespace) -> None:
    """`faults list`: one line a fault."""
    for fault in FaultPlan.load(arguments.file).faults:
        _print(arguments, fault.to_dict())


def write_gateway_config(arguments: argparse.Namespace) -> None:
    """`gateway-config`: agent.toml and signals.csv."""
    site = GatewaySite.of_plant(_plant(arguments))
    if bool(arguments.opcua) == bool(arguments.mqtt):
        raise ConfigError("one source is needed", offender="gateway-config", remedy="give --opcua or --mqtt")
    if arguments.opcua:
        source = opcua_source(arguments.opcua)
    else:
        source = mqtt_source(site, *_host_port(arguments.mqtt, "--mqtt"))
    tables: dict[str, Mapping[str, TomlValue]] = {}
    if arguments.health:
        tables["health"] = {"listen": arguments.health}
    gateway_files(site, source, _sinks(arguments), tables=tables).write(arguments.out)
    _print(arguments, {"folder": str(arguments.out), "signals": len(site.entries)})


def _sinks(arguments: argparse.Namespace) -> list[dict[str, TomlValue]]:
    sinks: list[dict[str, TomlValue]] = []
    if arguments.cloud:
        host, port = _host_port(arguments.cloud, "--cloud")
        sinks.append({"name": "cloud", "driver": "mqtt", "host": host, "port": port, "scope": "site"})
    if arguments.influx:
        sinks.append({"name": "site", "driver": "influx", "url": arguments.influx})
    return sinks


def _plant(arguments: argparse.Namespace) -> Plant:
    origin_ns = read_time(arguments.origin) if arguments.origin else DEFAULT_ORIGIN_NS
    return create_plant(arguments.plant, seed=arguments.seed, copies=arguments.copies, origin_ns=origin_ns)


def _possible_fault(plant: Plant, arguments: argparse.Namespace, start_ns: int, end_ns: int) -> Fault:
    model = plant.machine(arguments.asset).model
    rules = [*model.rules, *model.planned]
    for rule in rules:
        if rule.kind == arguments.kind and (rule.sensor == arguments.signal or not arguments.signal):
            size = (rule.low + rule.high) / 2.0 if arguments.size is None else arguments.size
            return Fault(rule.kind, arguments.asset, rule.sensor, start_ns, end_ns, size, rule.affects)
    known = ", ".join(f"{rule.kind} {rule.sensor}".strip() for rule in rules)
    raise ConfigError("this machine cannot have it", offender=arguments.asset, value=arguments.kind, remedy=known)


def _publisher(arguments: argparse.Namespace, catalogue: Catalogue, *, hold_back: bool) -> Publisher:
    if (arguments.opcua_port is None) == (not arguments.mqtt):
        raise ConfigError("one transport is needed", offender="arguments", remedy="give --opcua-port or --mqtt")
    ledger = _ledger(arguments, catalogue)
    if arguments.mqtt:
        return MqttPublisher(catalogue, _mqtt_settings(arguments), ledger)
    return OpcUaServer(
        catalogue,
        arguments.opcua_port,
        host=arguments.host,
        security=_opcua_security(arguments, catalogue.entries[0].address.site),
        hold_back=hold_back,
        finish_s=_REPLAY_FINISH_S if hold_back else 5.0,
        other_namespaces=arguments.other_namespaces,
        ledger=ledger,
    )


def _ledger(arguments: argparse.Namespace, catalogue: Catalogue) -> Ledger:
    addresses = [str(entry.address) for entry in catalogue.entries]
    return Ledger(addresses) if arguments.journal is None else JournalLedger(addresses, arguments.journal)


def _mqtt_settings(arguments: argparse.Namespace) -> MqttSettings:
    host, port = _host_port(arguments.mqtt, "--mqtt")
    return MqttSettings(
        host,
        port,
        user=arguments.user,
        password=_password(arguments),
        ca=arguments.ca,
        certificate=arguments.certificate,
        private_key=arguments.private_key,
        protocol=arguments.mqtt_protocol,
    )


def _opcua_security(arguments: argparse.Namespace, site: str) -> OpcUaSecurity:
    identity = None
    if arguments.pki is not None:
        identity = server_identity(arguments.pki, namespace_uri(site), datetime.now(UTC))
    return OpcUaSecurity(
        identity=identity,
        passwords={arguments.user: _password(arguments)} if arguments.user else {},
        user_certificates=tuple(arguments.user_certificate),
        trusted_clients=arguments.trusted_clients,
        encrypted_only=arguments.encrypted_only,
    )


def _password(arguments: argparse.Namespace) -> str:
    if bool(arguments.user) != (arguments.password_file is not None):
        raise ConfigError("user and password go together", offender="--password-file", remedy="give both or neither")
    if arguments.password_file is None:
        return ""
    try:
        return cast(str, arguments.password_file.read_text(encoding="utf-8").partition("\n")[0].strip())
    except OSError as error:
        raise ConfigError("cannot be read", offender=str(arguments.password_file), value=error.strerror) from error


def _window(arguments: argparse.Namespace) -> tuple[int, int]:
    end_ns = read_time(arguments.end) if arguments.end else time.time_ns() // MINUTE_NS * MINUTE_NS
    start_ns = read_time(arguments.start) if arguments.start else end_ns - round(arguments.days * DAY_NS)
    if start_ns >= end_ns:
        raise ConfigError("the window is empty", offender="--start", value=arguments.start, remedy="earlier than --end")
    return start_ns, end_ns


def _step_ns(seconds: float) -> int:
    if not 0.01 <= seconds <= 3600.0:
        raise ConfigError("step out of range", offender="--step-s", value=seconds, remedy="0.01 to 3600")
    return round(seconds * SECOND_NS)


def _asset(text: str) -> AssetAddress:
    parts = text.split("/")
    if len(parts) != 5:
        raise ConfigError("not enterprise/site/area/line/asset", offender="--asset", value=text)
    return AssetAddress(*parts)


def _host_port(text: str, name: str) -> tuple[str, int]:
    host, _, port = text.rpartition(":")
    if not host or not port.isdigit() or not 0 < int(port) < 65536:
        raise ConfigError("not host:port", offender=name, value=text, remedy="such as 127.0.0.1:1883")
    return host, int(port)


def _run_until_stopped(work: Callable[[asyncio.Event], Coroutine[Any, Any, None]]) -> None:
    async def body() -> None:
        stop = asyncio.Event()
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, stop.set)
        await work(stop)

    asyncio.run(body())


def _print(arguments: argparse.Namespace, result: Mapping[str, object]) -> None:
    if arguments.json:
        print(json.dumps(result, ensure_ascii=False), flush=True)
    else:
        print("  ".join(f"{key}={value}" for key, value in result.items()), flush=True)


def _save(plan: FaultPlan, plant: Plant, path: pathlib.Path) -> None:
    """The plan with the true kW and kWh of each fault."""
    plan.save(path, [fault_energy(plant, fault).to_dict() for fault in plan.faults])
