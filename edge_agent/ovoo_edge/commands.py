"""What each verb of the command line does; heavy parts are imported only by the verb that needs them."""

from __future__ import annotations

import argparse
import asyncio
import dataclasses
import http.client
import json
import pathlib
import signal
import sys
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from ovoo_contract.errors import ConfigError, ConfigErrors

from ovoo_edge.config import load, parse, read_sources, sources_dir
from ovoo_edge.samples import sample
from ovoo_edge.sources.settings import OpcUaSettings, ReplaySettings
from ovoo_edge.status_words import status_lines

if TYPE_CHECKING:
    from ovoo_edge.sources.opcua_describe import BrowsedNode

__all__ = ["Command", "browse", "check", "enrol", "replay", "run", "sample_text", "status"]

Command = Callable[[argparse.Namespace], int]
_STATUS_S = 10.0


def run(options: argparse.Namespace) -> int:
    """Works until SIGTERM or SIGINT, then drains."""
    from ovoo_edge.agent import Agent

    asyncio.run(_until_signal(Agent(load(options.config))))
    return 0


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
    from ovoo_edge.agent import World
    from ovoo_edge.sources.base import SourceContext
    from ovoo_edge.sources.opcua_browse import browse as walk

    world = World()
    context = SourceContext(folder, world.wall_ns, world.monotonic_s, world.rng)
    return [node async for node in walk(settings, context, root=root)]


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
