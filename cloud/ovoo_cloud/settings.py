"""What an installation is told: one TOML file and `OVOO_*` environment variables over it."""

from __future__ import annotations

import os
import pathlib
import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields
from typing import Final, Literal, get_args
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from ovoo_contract.errors import ConfigError, ConfigErrors

__all__ = ["ENVIRONMENT_PREFIX", "BrokerAddress", "Settings", "broker_address", "load_settings"]

ENVIRONMENT_PREFIX: Final = "OVOO_"
StoreKind = Literal["embedded", "influx"]
Language = Literal["zh", "en"]
InfluxDialect = Literal["auto", "v1", "v2"]
ConsentRule = Literal["own", "required"]
_MQTT_PORTS: Final = {"mqtt": 1883, "mqtts": 8883}


@dataclass(frozen=True, slots=True)
class BrokerAddress:
    """Where a broker answers, and whether with TLS."""

    host: str
    port: int
    tls: bool


@dataclass(frozen=True, slots=True)
class Settings:
    """All settings; the defaults run a small site with embedded stores under `data_dir`.

    `database_url` empty means SQLite in `data_dir`; `broker_host` empty means no broker; a broker's or store's
    secret may be given by a `*_file` setting instead, which keeps it out of the TOML file and the environment.
    """

    data_dir: pathlib.Path = pathlib.Path("ovoo-data")
    database_url: str = ""
    store: StoreKind = "embedded"
    embedded_memory_mb: int = 512
    influx_url: str = "http://127.0.0.1:8086"
    influx_dialect: InfluxDialect = "auto"
    influx_org: str = "ovoo"
    influx_user: str = ""
    influx_password: str = field(default="", repr=False)
    influx_password_file: str = ""
    influx_token: str = field(default="", repr=False)
    influx_token_file: str = ""
    broker_host: str = ""
    broker_port: int = 1883
    broker_user: str = ""
    broker_password: str = field(default="", repr=False)
    broker_password_file: str = ""
    broker_ca: str = ""
    broker_certificate: str = ""
    broker_key: str = ""
    broker_client_id: str = "ovoo-cloud"
    broker_protocol: Literal["5", "3.1.1"] = "5"
    broker_share: str = ""
    ingest_queue: int = 2000
    ingest_group_ms: int = 50
    ingest_group_rows: int = 50_000
    listen_host: str = "127.0.0.1"
    listen_port: int = 8080
    public_url: str = ""
    broker_public_url: str = ""
    metrics_listen: str = ""
    timezone: str = "Asia/Shanghai"
    language: Language = "zh"
    session_hours: int = 12
    max_points: int = 200_000
    idempotency_hours: int = 24
    benchmark_min_group: int = 5
    access_consent: ConsentRule = "required"
    documents_dir: str = ""
    document_max_mb: int = 20
    seal_command: str = ""
    seal_public_key: str = ""

    @property
    def database(self) -> str:
        """The SQLAlchemy URL in force."""
        return self.database_url or f"sqlite:///{self.data_dir / 'catalogue.db'}"

    @property
    def telemetry_dir(self) -> pathlib.Path:
        """The folder of the embedded store's files."""
        return self.data_dir / "telemetry"

    @property
    def authority_dir(self) -> pathlib.Path:
        """The folder of the certificate authority: `ca.crt`, `ca.key`."""
        return self.data_dir / "authority"

    @property
    def signing_key(self) -> pathlib.Path:
        """The private key that signs reports; its public half lies beside it."""
        return self.authority_dir / "report-key.pem"

    @property
    def own_keys(self) -> tuple[pathlib.Path, ...]:
        """The public keys of this installation's seal, the one in force first.

        Beside a sealing program the key file's stays, for what was sealed before the program was.
        """
        key_file = self.signing_key.with_name("report-key.pub.pem")
        return (pathlib.Path(self.seal_public_key), key_file) if self.seal_command else (key_file,)

    @property
    def answers_key(self) -> pathlib.Path:
        """The secret that seals the answers kept for an Idempotency-Key."""
        return self.authority_dir / "answers.key"

    @property
    def reports_dir(self) -> pathlib.Path:
        """The folder of report bundles, one folder each."""
        return self.data_dir / "reports"

    @property
    def verify_url(self) -> str:
        """The address of the page that verifies reports, as people reach it; empty without `public_url`."""
        return f"{self.public_url.rstrip('/')}/verify" if self.public_url else ""

    @property
    def documents(self) -> pathlib.Path:
        """The folder of case documents, each under the SHA-256 of its content."""
        return pathlib.Path(self.documents_dir) if self.documents_dir else self.data_dir / "documents"

    @property
    def trusted_dir(self) -> pathlib.Path:
        """Public keys (`*.pem`) of other installations whose exported cases are taken."""
        return self.authority_dir / "trusted"

    @property
    def gateway_broker(self) -> BrokerAddress | None:
        """The broker as gateways reach it: `broker_public_url`, else our own way to it; None without a broker."""
        if self.broker_public_url:
            return broker_address(self.broker_public_url)
        if not self.broker_host:
            return None
        return BrokerAddress(self.broker_host, self.broker_port, bool(self.broker_ca or self.broker_certificate))

    @property
    def zone(self) -> ZoneInfo:
        """The site time zone: windows by shift, day and month follow it."""
        return ZoneInfo(self.timezone)


def load_settings(path: pathlib.Path | None = None, environment: Mapping[str, str] | None = None) -> Settings:
    """Settings of a TOML file with `OVOO_<NAME>` variables over it.

    Args:
        path: the file; None uses defaults and environment only.
        environment: replaces `os.environ`, for tests.

    Raises:
        ConfigErrors: every wrong or unknown setting together.
    """
    errors: list[ConfigError] = []
    given = _from_file(path, errors)
    given.update(_from_environment(os.environ if environment is None else environment))
    known = {item.name: item for item in fields(Settings)}
    values: dict[str, object] = {}
    for name, (value, offender) in given.items():
        if name not in known:
            errors.append(ConfigError("unknown setting", offender=offender, remedy="see `ovoo-cloud init --help`"))
            continue
        try:
            values[name] = _READERS[name](value, offender)
        except ConfigError as error:
            errors.append(error)
    if not errors:
        errors += _secrets(values) + _contradictions(Settings(**values))  # type: ignore[arg-type]  # read above
    if errors:
        raise ConfigErrors(errors)
    return Settings(**values)  # type: ignore[arg-type]


def broker_address(url: str) -> BrokerAddress | None:
    """Host, port and TLS of `mqtt://host:port` or `mqtts://host:port`; None when it is no such address."""
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        return None
    if parts.scheme not in _MQTT_PORTS or not parts.hostname or parts.username or parts.path not in ("", "/"):
        return None
    return BrokerAddress(parts.hostname, port or _MQTT_PORTS[parts.scheme], parts.scheme == "mqtts")


def _from_file(path: pathlib.Path | None, errors: list[ConfigError]) -> dict[str, tuple[object, str]]:
    if path is None:
        return {}
    try:
        document = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise ConfigErrors([ConfigError(str(error), offender=str(path), remedy="run `ovoo-cloud init`")]) from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigErrors([ConfigError(f"not TOML: {error}", offender=str(path))]) from error
    for name, value in document.items():
        if isinstance(value, dict):
            errors.append(ConfigError("settings are flat", offender=name, remedy="write no [sections]"))
    return {name: (value, name) for name, value in document.items() if not isinstance(value, dict)}


def _from_environment(environment: Mapping[str, str]) -> dict[str, tuple[object, str]]:
    known = {item.name for item in fields(Settings)}
    found: dict[str, tuple[object, str]] = {}
    for key, value in environment.items():
        name = key.removeprefix(ENVIRONMENT_PREFIX).lower()
        if key.startswith(ENVIRONMENT_PREFIX) and name in known:  # OVOO_PURE_PYTHON and others are not ours
            found[name] = (value, key)
    return found


def _text(value: object, offender: str) -> str:
    if not isinstance(value, str):
        raise ConfigError("not text", offender=offender, value=value, remedy="put it in quotes")
    return value


def _path(value: object, offender: str) -> pathlib.Path:
    return pathlib.Path(_text(value, offender))


def _whole(low: int, high: int) -> Callable[[object, str], int]:
    def read(value: object, offender: str) -> int:
        number = int(value) if isinstance(value, str) and value.strip().isdigit() else value
        if isinstance(number, bool) or not isinstance(number, int) or not low <= number <= high:
            raise ConfigError("out of range", offender=offender, value=value, remedy=f"a whole number {low}..{high}")
        return number

    return read


def _choice(*choices: str) -> Callable[[object, str], str]:
    def read(value: object, offender: str) -> str:
        if not isinstance(value, str) or value not in choices:
            raise ConfigError("not a choice", offender=offender, value=value, remedy=f"one of {', '.join(choices)}")
        return value

    return read


def _listen(value: object, offender: str) -> str:
    text = _text(value, offender)
    host, _, port = text.rpartition(":")
    if text and not (host and port.isascii() and port.isdigit() and int(port) <= 65_535):
        raise ConfigError("not an address", offender=offender, value=value, remedy="host:port, e.g. 127.0.0.1:9109")
    return text


def _broker_url(value: object, offender: str) -> str:
    text = _text(value, offender)
    if text and broker_address(text) is None:
        raise ConfigError(
            "not a broker", offender=offender, value=value, remedy="mqtts://host:port, or mqtt:// without TLS"
        )
    return text


def _zone(value: object, offender: str) -> str:
    try:
        return ZoneInfo(_text(value, offender)).key
    except (ZoneInfoNotFoundError, ValueError) as error:
        raise ConfigError("no such time zone", offender=offender, value=value, remedy="e.g. Asia/Shanghai") from error


_READERS: Final[dict[str, Callable[[object, str], object]]] = {item.name: _text for item in fields(Settings)} | {
    "data_dir": _path,
    "store": _choice(*get_args(StoreKind)),
    "influx_dialect": _choice(*get_args(InfluxDialect)),
    "broker_protocol": _choice("5", "3.1.1"),
    "language": _choice(*get_args(Language)),
    "timezone": _zone,
    "embedded_memory_mb": _whole(64, 1_000_000),
    "broker_port": _whole(1, 65_535),
    "listen_port": _whole(0, 65_535),
    "ingest_queue": _whole(10, 1_000_000),
    "ingest_group_ms": _whole(1, 100),
    "ingest_group_rows": _whole(1_000, 1_000_000),
    "session_hours": _whole(1, 720),
    "max_points": _whole(1_000, 10_000_000),
    "idempotency_hours": _whole(1, 720),
    "benchmark_min_group": _whole(3, 1000),
    "document_max_mb": _whole(1, 100),
    "access_consent": _choice(*get_args(ConsentRule)),
    "broker_public_url": _broker_url,
    "metrics_listen": _listen,
}


def _secrets(values: dict[str, object]) -> list[ConfigError]:
    """Reads every `<name>_file` into `<name>`."""
    errors = []
    for name in ("influx_password", "influx_token", "broker_password"):
        file = values.get(f"{name}_file")
        if not file:
            continue
        if values.get(name):
            errors.append(ConfigError("given twice", offender=name, remedy=f"drop {name} or {name}_file"))
            continue
        try:
            values[name] = pathlib.Path(str(file)).read_text(encoding="utf-8").strip()
        except OSError as error:
            errors.append(ConfigError(str(error), offender=f"{name}_file", remedy="make it readable"))
    return errors


def _contradictions(settings: Settings) -> list[ConfigError]:
    errors = []
    if bool(settings.broker_certificate) != bool(settings.broker_key):
        errors.append(
            ConfigError(
                "half a key pair", offender="broker_certificate", remedy="give broker_certificate and broker_key"
            )
        )
    if bool(settings.seal_command) != bool(settings.seal_public_key):
        errors.append(
            ConfigError(
                "half a seal",
                offender="seal_command",
                remedy="give seal_command and the seal_public_key that checks it",
            )
        )
    if settings.store == "influx" and not settings.influx_url.startswith(("http://", "https://")):
        errors.append(
            ConfigError(
                "not an HTTP address", offender="influx_url", value=settings.influx_url, remedy="http://host:8086"
            )
        )
    return errors
