"""Everything that can be found out before the agent runs: models, certificates, disk and, on request, who answers."""

from __future__ import annotations

import asyncio
import datetime
import pathlib
import shutil
import urllib.parse
from dataclasses import dataclass
from typing import Literal

from cryptography import x509
from ovoo_contract.errors import OvooError

from ovoo_edge.config import GatewayConfig
from ovoo_edge.scoring import Scoring
from ovoo_edge.sinks.settings import InfluxSinkSettings, MqttSinkSettings, SinkSettings
from ovoo_edge.sources.settings import MqttSettings, OpcUaSettings, SourceSettings

__all__ = ["CheckFinding", "checkup"]

_CONNECT_S = 5.0
_WARN_DAYS = 60
_PORTS = {"http": 8086, "https": 443, "opc.tcp": 4840}


@dataclass(frozen=True, slots=True)
class CheckFinding:
    """One thing that was looked at; `error` keeps the agent from working, `warning` will one day."""

    level: Literal["ok", "warning", "error"]
    subject: str
    detail: str

    def __str__(self) -> str:
        return f"{self.level:7} {self.subject}: {self.detail}"


async def checkup(config: GatewayConfig, *, connect: bool) -> list[CheckFinding]:
    """Findings in a fixed order; the settings themselves were validated by `config.load`."""
    derived = f" and {len(config.derived)} derived" if config.derived else ""
    counts = f"{len(config.signals)} signals{derived}, {len(config.sources)} sources, {len(config.sinks)} sinks"
    found = [CheckFinding("ok", "settings", counts)]
    found += _models(config)
    found += _disk(config)
    for sink in config.sinks:
        found += _certificates(sink)
    if connect:
        for name, host, port in _places(config):
            found.append(await _reach(name, host, port))
    return found


def _models(config: GatewayConfig) -> list[CheckFinding]:
    if not config.models:
        return []
    try:
        scoring = Scoring.load(config.models, config.measured)
    except OvooError as error:
        return [CheckFinding("error", "models", str(error))]
    return [CheckFinding("ok", "models", f"{len(config.models)} assets, {len(scoring.outputs)} derived signals")]


def _disk(config: GatewayConfig) -> list[CheckFinding]:
    folder = config.state_dir
    while not folder.exists():
        folder = folder.parent
    free_mib = shutil.disk_usage(folder).free >> 20
    spool = config.state_dir / "spool.db"
    held_mib = spool.stat().st_size >> 20 if spool.exists() else 0
    needed = config.spool.budget_mib - held_mib + 8
    text = f"{free_mib} MiB free, the spool may still take {needed} MiB"
    if free_mib < needed:
        return [CheckFinding("warning", str(config.state_dir), text + ": lower spool.budget_mib or free the disk")]
    return [CheckFinding("ok", str(config.state_dir), text)]


def _certificates(sink: SinkSettings) -> list[CheckFinding]:
    if not isinstance(sink, MqttSinkSettings):
        return []
    if sink.ca_file is None:
        return [CheckFinding("warning", f"sink {sink.name}", "the connection is not encrypted: name a ca_file")]
    files = [sink.ca_file] + ([sink.certificate_file] if sink.certificate_file else [])
    return [_certificate(path) for path in files]


def _certificate(path: pathlib.Path) -> CheckFinding:
    try:
        certificate = x509.load_pem_x509_certificate(path.read_bytes())
    except (OSError, ValueError) as error:
        return CheckFinding("error", str(path), f"not a certificate: {error}")
    now = datetime.datetime.now(datetime.UTC)
    if now < certificate.not_valid_before_utc:
        return CheckFinding(
            "error", str(path), f"valid from {certificate.not_valid_before_utc:%Y-%m-%d}: check the clock"
        )
    days = (certificate.not_valid_after_utc - now).days
    if days < 0:
        return CheckFinding("error", str(path), f"expired on {certificate.not_valid_after_utc:%Y-%m-%d}: enrol again")
    level: Literal["ok", "warning"] = "warning" if days < _WARN_DAYS else "ok"
    return CheckFinding(level, str(path), f"valid for {days} days")


def _places(config: GatewayConfig) -> list[tuple[str, str, int]]:
    found: list[tuple[str, str, int]] = []
    for source in config.sources:
        found += [(f"source {source.name}", *place) for place in _source_place(source)]
    for sink in config.sinks:
        if isinstance(sink, MqttSinkSettings):
            found.append((f"sink {sink.name}", sink.host, sink.port))
        elif isinstance(sink, InfluxSinkSettings):
            found.append((f"sink {sink.name}", *_split(sink.url)))
    return found


def _source_place(source: SourceSettings) -> list[tuple[str, int]]:
    if isinstance(source, MqttSettings):
        return [(source.host, source.port)]
    if isinstance(source, OpcUaSettings):
        return [_split(source.endpoint)]
    return []


def _split(url: str) -> tuple[str, int]:
    parts = urllib.parse.urlsplit(url)
    return parts.hostname or "", parts.port or _PORTS.get(parts.scheme, 80)


async def _reach(name: str, host: str, port: int) -> CheckFinding:
    try:
        async with asyncio.timeout(_CONNECT_S):
            _, writer = await asyncio.open_connection(host, port)
    except (OSError, TimeoutError) as error:
        return CheckFinding("error", name, f"{host}:{port} does not answer: {error or 'time is up'}")
    writer.close()
    await writer.wait_closed()
    return CheckFinding("ok", name, f"{host}:{port} answers")
