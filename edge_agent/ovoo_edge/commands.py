"""What each verb of the command line does; heavy parts are imported only by the verb that needs them."""

from __future__ import annotations

import argparse
import asyncio
import dataclasses
import gc
import http.client
import json
import logging
import pathlib
import signal
import sys
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from ovoo_contract.errors import ConfigError, ConfigErrors, OvooError

from ovoo_edge.config import load, parse, read_sources, sources_dir
from ovoo_edge.logs import keep_file
from ovoo_edge.samples import sample
from ovoo_edge.sources.settings import MqttSettings, OpcUaSettings, ReplaySettings
from ovoo_edge.status_words import status_lines

if TYPE_CHECKING:
    from ovoo_edge.sources.opcua_describe import BrowsedNode

__all__ = ["Command", "browse", "check", "enrol", "replay", "run", "sample_text", "status", "support_bundle"]

Command = Callable[[argparse.Namespace], int]
_LOG = logging.getLogger(__name__)
_STATUS_S = 10.0


def run(options: argparse.Namespace) -> int:
    """Works until SIGTERM or SIGINT, then drains."""
    gc.disable()  # what is made until the gateway works stays: looking through it over and over would only delay that
    from ovoo_edge.agent import Agent

    config = load(options.config)
    with keep_file(config.state_dir):
        try:
            asyncio.run(_until_signal(Agent(config, started=_collect_garbage)))
        except OvooError as error:
            # the file is for a support bundle: it must tell why the agent ended
            _LOG.error("event=ended_by_error detail=%r", str(error))
            raise
        except Exception:
            _LOG.exception("event=ended_by_defect")
            raise
    return 0


def _collect_garbage() -> None:
    """From now on, and without what the start has made."""
    gc.freeze()
    gc.enable()


def replay(options: argparse.Namespace) -> int:
    """Plays a file through the configured pipeline, spool and sinks; ends when the sinks have all of it.

    The configured sources are not started; signals are found by address or, for CSV, by their reference.
    """
    from ovoo_edge.agent import Agent

    config = load(options.config)
    known = [source for source in config.sources if isinstance(source, ReplaySettings)]
    base = known[0] if known else ReplaySettings(name="replay", path=options.file)
    source = dataclasses.replace(base, path=options.file.resolve(), speed=options.speed)
    signals = tuple(dataclasses.replace(row, source="") for row in config.signals)
    changed = dataclasses.replace(config, sources=(source,), signals=signals)
    asyncio.run(_until_signal(Agent(changed, stop_when_finished=True)))
    return 0


def check(options: argparse.Namespace) -> int:
    """Prints what was checked; 4 when something would keep the agent from working."""
    if options.payloads is not None:
        return _check_payloads(options)
    from ovoo_edge.checkup import checkup

    findings = asyncio.run(checkup(load(options.config), connect=options.connect))
    if options.json:
        print(json.dumps([dataclasses.asdict(item) for item in findings], ensure_ascii=False, indent=2))
    else:
        for item in findings:
            print(item)
    return 4 if any(item.level == "error" for item in findings) else 0


def status(options: argparse.Namespace) -> int:
    """Asks the running agent."""
    listen = load(options.config).health.listen
    if not listen:
        raise ConfigError("switched off", offender="health.listen", value="", remedy="set it, such as 127.0.0.1:9108")
    document = _ask(listen, "/ledger" if options.ledger else "/health")
    if document is None:
        print(f"{listen}: no agent answers (start it with `ovoo-edge run`)", file=sys.stderr)
        return 5
    if options.json or options.ledger:
        print(json.dumps(document, ensure_ascii=False, indent=2))
    else:
        print("\n".join(status_lines(document, options.language)))
    return 0 if options.ledger or document["status"] == "ok" else 4


def support_bundle(options: argparse.Namespace) -> int:
    """Writes the zip; the agent may run, may not run, or may not be able to."""
    from ovoo_edge.support_bundle import write_bundle

    path = write_bundle(options.config, options.out, time.time_ns())
    print(f"{path}: {path.stat().st_size / 1024:.0f} KiB; look through it before you send it (README.txt)")
    return 0


def browse(options: argparse.Namespace) -> int:
    """Writes the variables of a source's server as the beginning of a signal list."""
    servers = {item.name: item for item in read_sources(options.config) if isinstance(item, OpcUaSettings)}
    if options.source not in servers:
        names = ", ".join(servers) or "none is configured"
        raise ConfigError("no such OPC UA source", offender="browse", value=options.source, remedy=f"one of {names}")
    from ovoo_edge.commission_sheet import sheet_bytes, write_list

    suffix = options.output.suffix.lower() if options.output else ".csv"
    nodes = asyncio.run(_browse(servers[options.source], options.root, sources_dir(options.config)))
    data = sheet_bytes(nodes, options.source, suffix, options.encoding)
    if options.output is None:
        sys.stdout.buffer.write(data)
    else:
        write_list(options.output, data)
        print(f"{options.output}: {len(nodes)} variables")
    return 0


def enrol(options: argparse.Namespace) -> int:
    """Writes key, certificate and CA where the first MQTT sink with a certificate expects them."""
    from ovoo_edge.enrol import Enrolment
    from ovoo_edge.enrol import enrol as exchange
    from ovoo_edge.enrol_target import enrol_target

    target = enrol_target(parse(options.config), options.config.resolve().parent, options.cloud)
    if target.files.certificate.exists() and not options.renew:
        remedy = "give --renew to replace it"
        raise ConfigError("is there already", offender=str(target.files.certificate), remedy=remedy)
    token = _token(options.token_file)
    identity = exchange(Enrolment(target.url, target.gateway, token, target.ca_file), target.files)
    print(f"{target.gateway}: certificate written to {target.files.certificate}")
    if identity.broker:
        print("broker: " + json.dumps(identity.broker, ensure_ascii=False, sort_keys=True))
    return 0


def sample_text(options: argparse.Namespace) -> int:
    """Prints sample settings."""
    print(sample(options.name), end="")
    return 0


async def _until_signal(agent: Any) -> None:
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, agent.stop)
    try:
        await agent.run()
    except* ConfigErrors as group:
        raise group.exceptions[0] from None


async def _browse(settings: OpcUaSettings, root: str, folder: pathlib.Path) -> list[BrowsedNode]:
    from ovoo_edge.assembly import World
    from ovoo_edge.sources.base import SourceContext
    from ovoo_edge.sources.opcua_browse import browse as walk

    world = World()
    context = SourceContext(folder, world.wall_ns, world.monotonic_s, world.rng)
    return [node async for node in walk(settings, context, root=root)]


def _check_payloads(options: argparse.Namespace) -> int:
    """A dry run of one MQTT source on captured messages; 4 when one of them cannot be read."""
    from ovoo_contract.catalogue import Catalogue

    from ovoo_edge.mapping import bind_signals
    from ovoo_edge.mqtt_trial_words import trial_document, trial_lines
    from ovoo_edge.sources.mqtt_captures import read_captures
    from ovoo_edge.sources.mqtt_trial import Trial

    config = load(options.config)
    brokers = {item.name: item for item in config.sources if isinstance(item, MqttSettings)}
    name = options.source or next(iter(brokers), "")
    if name not in brokers or (len(brokers) > 1 and not options.source):
        remedy = "--source with one of " + (", ".join(brokers) or "none is configured")
        raise ConfigError("no such MQTT source", offender="check --payloads", value=name, remedy=remedy)
    signals = bind_signals(config.signals, Catalogue([row.entry for row in config.signals]), name)
    trial = Trial(brokers[name], signals, time.time_ns())
    results = list(trial.run(read_captures(_bytes_of(options.payloads))))
    if options.json:
        print(json.dumps(trial_document(results, options.language), ensure_ascii=False, indent=2))
    else:
        print("\n".join(trial_lines(results, options.language)))
    return 4 if not results or any(result.error for result in results) else 0


def _bytes_of(path: pathlib.Path) -> bytes:
    if str(path) == "-":
        return sys.stdin.buffer.read()
    try:
        return path.read_bytes()
    except OSError as error:
        raise ConfigError(
            "cannot be read", offender=str(path), value=error.strerror, remedy="check the name"
        ) from error


def _token(path: pathlib.Path) -> str:
    text = sys.stdin.read() if str(path) == "-" else path.read_text(encoding="utf-8")
    token = text.strip()
    if not token:
        raise ConfigError("holds no token", offender=str(path), remedy="write the one-time token into it")
    return token


def _ask(listen: str, path: str) -> Any:
    host, _, port = listen.rpartition(":")
    connection = http.client.HTTPConnection(host.strip("[]"), int(port), timeout=_STATUS_S)
    try:
        connection.request("GET", path)
        return json.loads(connection.getresponse().read())
    except (OSError, http.client.HTTPException, ValueError):
        return None
    finally:
        connection.close()
