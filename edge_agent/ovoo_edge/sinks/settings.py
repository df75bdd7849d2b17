"""What a `[[sink]]` table may hold: one frozen dataclass a driver, each with `from_table(table, where, folder)`."""

from __future__ import annotations

import pathlib
import re
import urllib.parse
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Literal, Protocol, Self, get_args

from ovoo_contract.catalogue import DataClass, class_rank

from ovoo_edge.secret_file import check_private
from ovoo_edge.sources.settings_table import TableReader, defaults_of

__all__ = ["ALLOWED", "InfluxSinkSettings", "MqttSinkSettings", "Scope", "SinkSettings"]

Scope = Literal["site", "region"]
_SCOPES: tuple[Scope, ...] = get_args(Scope)
GzipChoice = Literal["auto", "always", "never"]
_GZIP_CHOICES: tuple[GzipChoice, ...] = get_args(GzipChoice)
_CLASSES: tuple[DataClass, ...] = get_args(DataClass)
ALLOWED: Mapping[Scope, DataClass] = {"site": "core", "region": "general"}
_DATABASE = re.compile(r"[A-Za-z0-9_.-]{1,64}")


class SinkSettings(Protocol):
    """What every sink's settings have."""

    @property
    def name(self) -> str:
        """Unique name of the sink."""

    @property
    def driver(self) -> str:
        """Name of the driver in the registry."""

    @property
    def scope(self) -> Scope:
        """Where the data goes."""

    @property
    def max_class(self) -> DataClass:
        """Highest data class it may carry."""


@dataclass(frozen=True, slots=True)
class MqttSinkSettings:
    """The uplink to an Ovoo cloud.

    Attributes:
        name: unique name of the sink.
        host, port: the broker.
        scope, max_class: where the data goes and the highest class it may carry.
        ca_file: CA of the broker; None = no TLS.
        certificate_file, key_file: the gateway's own certificate (mTLS), from `ovoo-edge enrol`.
        username, password_file: instead of a certificate.
        keepalive_s: MQTT keep-alive.
        window: messages sent and not acknowledged by the cloud, at most.
        resend_s, resend_limit_s: an unacknowledged message goes again after this, doubling up to the limit.
        linger_ms: live rows wait this long for company, so that messages are worth their header.
        max_message_kib: largest merged message.
        takes_config: this cloud has the say over models' limits and challengers; of several, the first one.
    """

    driver: ClassVar[str] = "mqtt"

    name: str
    host: str
    port: int = 8883
    scope: Scope = "region"
    max_class: DataClass = "general"
    ca_file: pathlib.Path | None = None
    certificate_file: pathlib.Path | None = None
    key_file: pathlib.Path | None = None
    username: str = ""
    password_file: pathlib.Path | None = None
    keepalive_s: int = 30
    window: int = 64
    resend_s: float = 30.0
    resend_limit_s: float = 300.0
    linger_ms: int = 500
    max_message_kib: int = 256
    takes_config: bool = True

    @classmethod
    def from_table(cls, table: Mapping[str, Any], where: str, folder: pathlib.Path) -> Self:
        """Settings of a `driver = "mqtt"` table; raises ConfigErrors."""
        reader = TableReader(table, where)
        default = defaults_of(cls)
        scope, max_class = _scope_and_class(reader)
        settings = cls(
            name=reader.source_name(),
            host=reader.text("host"),
            port=reader.integer("port", default["port"], low=1, high=65535),
            scope=scope,
            max_class=max_class,
            ca_file=_file(reader, "ca_file", folder),
            certificate_file=_file(reader, "certificate_file", folder),
            key_file=_file(reader, "key_file", folder, private=True),
            username=reader.text("username", default["username"], empty=True),
            password_file=_file(reader, "password_file", folder, private=True),
            keepalive_s=reader.integer("keepalive_s", default["keepalive_s"], low=5, high=3600),
            window=reader.integer("window", default["window"], low=1, high=1000),
            resend_s=reader.number("resend_s", default["resend_s"], low=0.1, high=3600),
            resend_limit_s=reader.number("resend_limit_s", default["resend_limit_s"], low=0.1, high=86400),
            linger_ms=reader.integer("linger_ms", default["linger_ms"], low=0, high=10_000),
            max_message_kib=reader.integer("max_message_kib", default["max_message_kib"], low=16, high=4096),
            takes_config=reader.flag("takes_config", default["takes_config"]),
        )
        if (settings.certificate_file is None) != (settings.key_file is None):
            reader.fault("certificate_file", "needs its key", None, "give certificate_file and key_file, or neither")
        if settings.certificate_file is not None and settings.ca_file is None:
            reader.fault("ca_file", "is missing", None, "a client certificate needs TLS: name the broker's CA")
        if settings.resend_limit_s < settings.resend_s:
            reader.fault("resend_limit_s", "is below resend_s", settings.resend_limit_s, f">= {settings.resend_s:g}")
        reader.finish()
        return settings


@dataclass(frozen=True, slots=True)
class InfluxSinkSettings:
    """A site's InfluxDB, 1.x or 2.x.

    Attributes:
        name: unique name of the sink.
        url: `http://host:8086` or `https://...`.
        database: database (1.x) or bucket (2.x); "" = `ovoo_<enterprise>`.
        organisation: organisation of the bucket (2.x).
        scope, max_class: where the data goes and the highest class it may carry.
        token_file: 2.x token; chooses the 2.x dialect together with the server's version.
        username, password_file: 1.x with authentication.
        ca_file: CA of an https server; None = the system's.
        batch_rows: samples per request.
        gzip: compress requests; "auto": unless the server is on this machine.
        timeout_s: of one request.
        retry_s, retry_limit_s: wait after a failure, doubling up to the limit; the server's Retry-After wins.
    """

    driver: ClassVar[str] = "influx"

    name: str
    url: str
    database: str = ""
    organisation: str = ""
    scope: Scope = "site"
    max_class: DataClass = "core"
    token_file: pathlib.Path | None = None
    username: str = ""
    password_file: pathlib.Path | None = None
    ca_file: pathlib.Path | None = None
    batch_rows: int = 5000
    gzip: GzipChoice = "auto"
    timeout_s: float = 30.0
    retry_s: float = 1.0
    retry_limit_s: float = 60.0

    @classmethod
    def from_table(cls, table: Mapping[str, Any], where: str, folder: pathlib.Path) -> Self:
        """Settings of a `driver = "influx"` table; raises ConfigErrors."""
        reader = TableReader(table, where)
        default = defaults_of(cls)
        scope, max_class = _scope_and_class(reader, "site")
        settings = cls(
            name=reader.source_name(),
            url=reader.text("url").rstrip("/"),
            database=reader.text("database", default["database"], empty=True),
            organisation=reader.text("organisation", default["organisation"], empty=True),
            scope=scope,
            max_class=max_class,
            token_file=_file(reader, "token_file", folder, private=True),
            username=reader.text("username", default["username"], empty=True),
            password_file=_file(reader, "password_file", folder, private=True),
            ca_file=_file(reader, "ca_file", folder),
            batch_rows=reader.integer("batch_rows", default["batch_rows"], low=1, high=100_000),
            gzip=reader.choice("gzip", default["gzip"], _GZIP_CHOICES),
            timeout_s=reader.number("timeout_s", default["timeout_s"], low=0.5, high=600),
            retry_s=reader.number("retry_s", default["retry_s"], low=0.01, high=600),
            retry_limit_s=reader.number("retry_limit_s", default["retry_limit_s"], low=0.01, high=3600),
        )
        _check_url(reader, settings.url)
        if settings.database and not _DATABASE.fullmatch(settings.database):
            reader.fault("database", "is not a database name", settings.database, "letters, digits, '_', '.' and '-'")
        if settings.username and settings.password_file is None:
            reader.fault("password_file", "is missing", None, "name the file that holds the password")
        reader.finish()
        return settings


def _scope_and_class(reader: TableReader, scope_default: Scope = "region") -> tuple[Scope, DataClass]:
    scope = reader.choice("scope", scope_default, _SCOPES)
    max_class = reader.choice("max_class", ALLOWED[scope], _CLASSES)
    if class_rank(max_class) > class_rank(ALLOWED[scope]):
        reader.fault(
            "max_class",
            f"is above what scope {scope!r} may carry",
            max_class,
            f"at most {ALLOWED[scope]!r}; only a sink with scope 'site' may carry more",
        )
    return scope, max_class


def _file(reader: TableReader, key: str, folder: pathlib.Path, *, private: bool = False) -> pathlib.Path | None:
    named = reader.path(key)
    if named is None:
        return None
    path = folder / named
    if private:
        fault = check_private(path, key)
        if fault is not None:
            reader.fault(key, fault.message, fault.value, fault.remedy)
    elif not path.is_file():
        reader.fault(key, "no such file", str(path), "name an existing file")
    return path


def _check_url(reader: TableReader, url: str) -> None:
    parts = urllib.parse.urlsplit(url)
    try:
        usable = parts.scheme in ("http", "https") and bool(parts.hostname) and (parts.port or 1) > 0
    except ValueError:
        usable = False
    if url and (not usable or parts.username or parts.query):
        reader.fault("url", "is not the address of a server", url, "such as http://127.0.0.1:8086, without credentials")
