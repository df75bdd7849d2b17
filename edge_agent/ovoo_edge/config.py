"""The gateway's settings: one TOML file and its signal lists, read at once, every fault reported together."""

from __future__ import annotations

import pathlib
import tomllib
import zoneinfo
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, TypeVar

from ovoo_contract.address import AssetAddress, check_gateway_id
from ovoo_contract.catalogue import SignalEntry
from ovoo_contract.errors import AddressError, ConfigError, ConfigErrors

from ovoo_edge.derived import DerivedSignal, read_derived
from ovoo_edge.mapping import SignalRow
from ovoo_edge.signal_list import check_signals, read_inline_signals, read_signal_files
from ovoo_edge.sinks.registry import read_sink_settings
from ovoo_edge.sinks.settings import SinkSettings
from ovoo_edge.sources.registry import read_settings
from ovoo_edge.sources.settings import SourceSettings
from ovoo_edge.sources.settings_table import TableReader, defaults_of
from ovoo_edge.spool_settings import SpoolSettings, read_spool

__all__ = [
    "EnrolSettings",
    "GatewayConfig",
    "HealthSettings",
    "ModelSettings",
    "Profile",
    "SpoolSettings",
    "load",
    "parse",
    "read_sources",
    "sources_dir",
]

Profile = Literal["x86", "raspberry"]
_PROFILES: tuple[Profile, ...] = ("x86", "raspberry")
_COMMIT_MS: Mapping[Profile, int] = {"x86": 200, "raspberry": 1000}
_TABLES = ("gateway", "spool", "health", "enrol", "source", "sink", "signal", "derived", "model")
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class HealthSettings:
    """Where `/health` and `/metrics` listen; empty = nowhere."""

    listen: str = "127.0.0.1:9108"


@dataclass(frozen=True, slots=True)
class EnrolSettings:
    """Where `ovoo-edge enrol` asks for a certificate.

    Attributes:
        url: of the cloud; empty = given on the command line.
        ca_file: CA of its web server; None = the system's.
    """

    url: str = ""
    ca_file: pathlib.Path | None = None


@dataclass(frozen=True, slots=True)
class ModelSettings:
    """A model that scores one asset.

    Attributes:
        asset: it scores.
        artifact: file written by `ovoo-models train`.
        period_s: step of its frames; 0 = that of the artifact.
    """

    asset: AssetAddress
    artifact: pathlib.Path
    period_s: float = 0.0


@dataclass(frozen=True, slots=True)
class GatewayConfig:
    """Everything an agent needs to know.

    Attributes:
        refresh_s: a signal sent on change is sent again after this much silence.
        drain_s: time that sinks get to empty the spool when the agent is told to stop.
    """

    gateway: str
    enterprise: str
    site: str
    state_dir: pathlib.Path
    profile: Profile
    timezone: str
    refresh_s: float
    drain_s: float
    spool: SpoolSettings
    health: HealthSettings
    enrol: EnrolSettings
    sources: tuple[SourceSettings, ...]
    sinks: tuple[SinkSettings, ...]
    signals: tuple[SignalRow, ...]
    derived: tuple[DerivedSignal, ...]
    models: tuple[ModelSettings, ...]

    @property
    def measured(self) -> list[SignalEntry]:
        """Entries of everything that has samples before the models: listed signals, then derived ones."""
        return [*(row.entry for row in self.signals), *(signal.entry for signal in self.derived)]

    @property
    def commit_s(self) -> float:
        """Interval between commits, seconds."""
        return (self.spool.commit_ms or _COMMIT_MS[self.profile]) / 1000


def load(path: pathlib.Path) -> GatewayConfig:
    """Reads the file and the signal lists it names; relative file names are taken from the file's folder.

    Raises:
        ConfigErrors: every fault of all of them, each with key path, value and remedy.
    """
    document = parse(path)
    reader = _Document(document, path.resolve().parent)
    config = reader.config()
    if reader.errors or config is None:
        raise ConfigErrors(reader.errors)
    return config


def read_sources(path: pathlib.Path) -> tuple[SourceSettings, ...]:
    """Only the sources of the file: browsing comes before there is a signal list.

    Raises:
        ConfigErrors: every fault of the `[[source]]` tables.
    """
    reader = _Document(parse(path), path.resolve().parent)
    sources = reader.sources()
    if reader.errors:
        raise ConfigErrors(reader.errors)
    return tuple(sources)


def sources_dir(path: pathlib.Path) -> pathlib.Path:
    """Where the agent of this file keeps the state of its sources; the rest of the file may still be incomplete.

    Raises:
        ConfigError: `gateway.state_dir` is missing.
    """
    gateway = parse(path).get("gateway")
    state_dir = gateway.get("state_dir") if isinstance(gateway, dict) else None
    if not isinstance(state_dir, str) or not state_dir:
        raise ConfigError("is missing", offender="gateway.state_dir", remedy="name the folder of the gateway's state")
    return path.resolve().parent / state_dir / "sources"


def parse(path: pathlib.Path) -> dict[str, Any]:
    """The tables of the file, unchecked.

    Raises:
        ConfigErrors: it is unreadable, not UTF-8 or not TOML.
    """
    try:
        return tomllib.loads(path.read_text(encoding="utf-8-sig"))
    except OSError as error:
        fault = ConfigError("cannot be read", offender=str(path), value=error.strerror, remedy="name an existing file")
    except UnicodeDecodeError as error:
        fault = ConfigError("is not UTF-8", offender=str(path), value=str(error), remedy="save it as UTF-8")
    except tomllib.TOMLDecodeError as error:
        fault = ConfigError("is not TOML", offender=str(path), value=str(error), remedy="see `ovoo-edge sample`")
    raise ConfigErrors([fault])


class _Document:
    """Reads the tables one by one and gathers their faults."""

    def __init__(self, document: Mapping[str, Any], folder: pathlib.Path) -> None:
        self._document = document
        self._folder = folder
        self.errors: list[ConfigError] = []

    def config(self) -> GatewayConfig | None:
        """The settings; None when a required table is beyond use. Faults are in `errors`."""
        for key in self._document:
            if key not in _TABLES:
                self._fault(key, "unknown table", None, "known tables: " + ", ".join(_TABLES))
        sources = self.sources()
        sinks = self._list("sink", lambda table, where: read_sink_settings(table, where, self._folder))
        self._check_names("source", [item.name for item in sources])
        self._check_names("sink", [item.name for item in sinks])
        if not self._document.get("sink"):
            self._fault("sink", "is missing", None, "add a [[sink]]: nothing would ever leave the spool")
        spool = self._one("spool", SpoolSettings(), read_spool)
        health = self._one("health", HealthSettings(), _read_health)
        enrol = self._one("enrol", EnrolSettings(), self._read_enrol)
        gateway = self._one("gateway", None, self._read_gateway)
        if gateway is None:
            return None
        signals = self._signals(gateway, [item.name for item in sources])
        derived = self._derived(gateway, [row.entry for row in signals])
        models = self._list("model", lambda table, where: self._read_model(table, where, gateway))
        return GatewayConfig(
            gateway=gateway.gateway,
            enterprise=gateway.enterprise,
            site=gateway.site,
            state_dir=self._folder / gateway.state_dir,
            profile=gateway.profile,
            timezone=gateway.timezone,
            refresh_s=gateway.refresh_s,
            drain_s=gateway.drain_s,
            spool=spool,
            health=health,
            enrol=enrol,
            sources=tuple(sources),
            sinks=tuple(sinks),
            signals=tuple(signals),
            derived=tuple(derived),
            models=tuple(models),
        )

    def sources(self) -> list[SourceSettings]:
        """Settings of every source that has no fault."""
        return self._list("source", lambda table, where: read_settings(self._absolute(table), where))

    def _read_gateway(self, reader: TableReader) -> _Gateway:
        gateway = reader.text("id")
        try:
            check_gateway_id(gateway)
        except AddressError as error:
            if gateway:
                reader.fault("id", error.message, gateway, error.remedy)
        found = _Gateway(
            gateway=gateway,
            enterprise=reader.text("enterprise"),
            site=reader.text("site"),
            state_dir=reader.text("state_dir"),
            profile=reader.choice("profile", "x86", _PROFILES),
            timezone=reader.text("timezone", "Asia/Shanghai"),
            refresh_s=reader.number("refresh_s", 600.0, low=1, high=86400),
            drain_s=reader.number("drain_s", 10.0, low=0, high=600),
            lists=tuple(self._folder / name for name in reader.texts("signals")),
        )
        for key in ("enterprise", "site"):
            _check_address_part(reader, key, getattr(found, key))
        try:
            zoneinfo.ZoneInfo(found.timezone)
        except (zoneinfo.ZoneInfoNotFoundError, ValueError, OSError):
            reader.fault("timezone", "is not a known zone", found.timezone, "such as Asia/Shanghai")
        return found

    def _read_enrol(self, reader: TableReader) -> EnrolSettings:
        url = reader.text("url", "", empty=True)
        named = reader.path("ca_file")
        if url and not url.startswith(("https://", "http://127.0.0.1", "http://localhost")):
            reader.fault("url", "is not an https address", url, "such as https://cloud.example")
        return EnrolSettings(url, None if named is None else self._folder / named)

    def _read_model(self, table: Mapping[str, Any], where: str, gateway: _Gateway) -> ModelSettings:
        reader = TableReader(table, where)
        asset = reader.text("asset")
        artifact = self._folder / reader.text("artifact")
        period_s = reader.number("period_s", 0.0, low=0, high=86400)
        if not artifact.is_file():
            reader.fault("artifact", "no such file", str(artifact), "train one with `ovoo-models train`")
        parts = asset.split("/")
        if len(parts) != 3:
            reader.fault("asset", "is not area/line/asset", asset, "such as ventilation/main/fan1")
            reader.finish()
        try:
            address = AssetAddress(gateway.enterprise, gateway.site, *parts)
        except AddressError as error:
            reader.fault("asset", error.message, asset, error.remedy)
            raise
        finally:
            reader.finish()
        return ModelSettings(address, artifact, period_s)

    def _signals(self, gateway: _Gateway, sources: Sequence[str]) -> list[SignalRow]:
        listed, errors = read_signal_files(gateway.lists)
        self.errors += errors
        tables = self._document.get("signal", [])
        if not isinstance(tables, list) or not all(isinstance(table, dict) for table in tables):
            self._fault("signal", "is not a list of tables", None, "write [[signal]]")
            tables = []
        inline, errors = read_inline_signals(tables)
        self.errors += errors
        rows = [*listed, *inline]
        self.errors += check_signals(rows, gateway.enterprise, gateway.site, sources)
        if not rows and not self.errors:
            self._fault("gateway.signals", "no signal is configured", None, 'such as ["signals.csv"]')
        return rows

    def _derived(self, gateway: _Gateway, signals: Sequence[SignalEntry]) -> list[DerivedSignal]:
        tables = self._document.get("derived", [])
        if not isinstance(tables, list) or not all(isinstance(table, dict) for table in tables):
            self._fault("derived", "is not a list of tables", None, "write [[derived]]")
            return []
        derived, errors = read_derived(tables, gateway.enterprise, gateway.site, signals)
        self.errors += errors
        return derived

    def _list(self, key: str, read: Callable[[Mapping[str, Any], str], T]) -> list[T]:
        tables = self._document.get(key, [])
        if not isinstance(tables, list) or not all(isinstance(table, dict) for table in tables):
            self._fault(key, "is not a list of tables", None, f"write [[{key}]]")
            return []
        found: list[T] = []
        for index, table in enumerate(tables):
            try:
                found.append(read(table, f"{key}[{index}]"))
            except ConfigErrors as faults:
                self.errors += faults.errors
        return found

    def _one(self, key: str, default: T, read: Callable[[TableReader], T]) -> T:
        table = self._document.get(key)
        if table is None:
            if default is None:
                self._fault(key, "is missing", None, f"add a [{key}] table, see `ovoo-edge sample`")
            return default
        if not isinstance(table, dict):
            self._fault(key, "is not a table", table, f"write [{key}]")
            return default
        reader = TableReader(table, key)
        found = read(reader)
        try:
            reader.finish()
        except ConfigErrors as faults:
            self.errors += faults.errors
        return found

    def _absolute(self, table: Mapping[str, Any]) -> dict[str, Any]:
        """File names of a source's table, taken from the file's folder."""
        return {
            key: str(self._folder / value) if isinstance(value, str) and value and _names_file(key) else value
            for key, value in table.items()
        }

    def _check_names(self, key: str, names: Sequence[str]) -> None:
        for index, name in enumerate(names):
            if name and name in names[:index]:
                self._fault(f"{key}[{index}].name", "name stands twice", name, "give each its own")

    def _fault(self, offender: str, message: str, value: object, remedy: str) -> None:
        self.errors.append(ConfigError(message, offender=offender, value=value, remedy=remedy))


@dataclass(frozen=True, slots=True)
class _Gateway:
    gateway: str
    enterprise: str
    site: str
    state_dir: str
    profile: Profile
    timezone: str
    refresh_s: float
    drain_s: float
    lists: tuple[pathlib.Path, ...]


def _read_health(reader: TableReader) -> HealthSettings:
    listen = reader.text("listen", defaults_of(HealthSettings)["listen"], empty=True)
    host, _, port = listen.rpartition(":")
    if listen and not (host and port.isdigit() and int(port) < 65536):
        reader.fault("listen", "is not host:port", listen, "such as 127.0.0.1:9108, or empty to switch it off")
    return HealthSettings(listen)


def _check_address_part(reader: TableReader, key: str, value: str) -> None:
    try:
        AssetAddress(value, "s", "a", "l", "x")
    except AddressError as error:
        if value:
            reader.fault(key, error.message, value, error.remedy)


def _names_file(key: str) -> bool:
    return key == "path" or key.endswith(("_file", "_dir", "tls_ca", "certificate", "private_key"))
