"""Settings of the MQTT driver."""

from __future__ import annotations

import pathlib
import re
import zoneinfo
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar, Literal, Self

from ovoo_edge.sources.settings_table import TableReader, defaults_of
from ovoo_edge.sources.times import RepeatedHour, TimeForm

__all__ = ["MqttSettings", "MqttTls", "MqttVersion", "RetainedMode", "TimeForm"]

MqttVersion = Literal["3.1.1", "5"]
RetainedMode = Literal["with_time", "all", "ignore"]
_FORMS: tuple[TimeForm, ...] = ("s", "ms", "us", "ns", "iso", "excel", "filetime", "receive")
_LEVELS = ("enterprise", "site", "area", "line", "asset", "signal")
_MAPPING_TEXTS = (
    "topic_template",
    "values_path",
    "samples_path",
    "name_path",
    "value_path",
    "time_path",
    "date_path",
    "timezone",
)
_GROUP = re.compile(r"[^/+#\0]{1,200}")
_PLACEHOLDER = re.compile(r"\{([a-z]*)\}")


@dataclass(frozen=True, slots=True)
class MqttTls:
    """TLS files: the CA that signed the broker, and for mutual TLS our own certificate and key."""

    ca: pathlib.Path
    certificate: pathlib.Path | None = None
    private_key: pathlib.Path | None = None


@dataclass(frozen=True, slots=True)
class MqttSettings:
    """A broker to read JSON messages from, with QoS 1: lower loses messages while the gateway is away, higher would
    need the library to keep its own state on disk.

    Attributes:
        name: unique name of the source.
        host, port: the broker.
        version: protocol "3.1.1" or "5".
        client_id: fixed identity of the persistent session; default `ovoo-<name>`.
        user, password_file: sign-in; the file's first line is the password.
        tls: CA and client certificate (`tls_ca`, `tls_certificate`, `tls_private_key`); None = plain TCP.
        topics: topic filters to subscribe to; empty = the topics of the signals.
        share_group: name of an MQTT 5 shared subscription: the broker deals the messages out among all clients of the
            group, so their order across clients is lost. Each gateway needs a client_id of its own. Empty = not shared.
        retained: what becomes of retained messages, which may be years old: "with_time" takes those that hold their
            own time, "all" takes the others too, with the time of receipt, "ignore" takes none.
        keep_alive_s: MQTT keep-alive, 5 to 3,600.
        session_expiry_s: how long an MQTT 5 broker keeps the session, 60 to 4,294,967,294.
        max_in_flight: messages accepted but not yet on disk, 1 to 65,535.
        topic_template: address levels in the topic, such as `{site}/{area}/{line}/{asset}`; the message's keys are
            the signals. Empty = signals name their topic and JSON path.
        address: levels the topic does not hold, such as `{ enterprise = "heishan-coal" }`.
        values_path: path of the object that holds the values; "" = the message itself.
        samples_path: path of a list of samples; "" = the message is one sample, or a list of them.
        name_path, value_path: where a sample is one `{name, value, ts}`: paths of its name and its value. Then `path`
            of a signal with a topic of its own is that name. Empty = names are keys or paths.
        words: numbers of texts that signals of numbers send, such as `{ "on" = 1, "off" = 0 }`; case does not matter.
        time_path: path of the time inside a sample.
        date_path: path of the date, where date and time of day stand in two fields; needs time_form "iso".
        time_form: unit of a number there ("s", "ms", "us", "ns"), "iso" for text, "excel" for days since 1900 in
            local time, "filetime" for Windows' 100 ns since 1601, "receive" to use the arrival.
        timezone: zone of local times (ISO texts that name none, Excel).
        repeated_hour: which is meant when clocks are set back and a local time comes twice: "first", "second", or
            "refuse" to make such messages dead letters.
        max_payload_bytes: larger messages are dead letters, 1,024 to 268,435,455.
        dead_letter_bytes: size bound of the dead-letter file, 0 = none is kept.
        reconnect_min_s, reconnect_max_s: bounds of the exponential back-off, 1 to 3,600.
        freshness_s: silence deadline of signals without one of their own, 0 = none.
    """

    driver: ClassVar[str] = "mqtt"

    name: str
    host: str
    port: int = 1883
    version: MqttVersion = "5"
    client_id: str = ""
    user: str = ""
    password_file: pathlib.Path | None = None
    tls: MqttTls | None = None
    topics: tuple[str, ...] = ()
    share_group: str = ""
    retained: RetainedMode = "with_time"
    keep_alive_s: int = 30
    session_expiry_s: int = 7 * 86_400
    max_in_flight: int = 500
    topic_template: str = ""
    address: Mapping[str, str] = field(default_factory=dict)
    values_path: str = "values"
    samples_path: str = ""
    name_path: str = ""
    value_path: str = ""
    words: Mapping[str, float] = field(default_factory=dict)
    time_path: str = "ts"
    date_path: str = ""
    time_form: TimeForm = "ms"
    timezone: str = "UTC"
    repeated_hour: RepeatedHour = "refuse"
    max_payload_bytes: int = 4 * 1024 * 1024
    dead_letter_bytes: int = 1024 * 1024
    reconnect_min_s: int = 1
    reconnect_max_s: int = 30
    freshness_s: float = 0.0

    @property
    def session_id(self) -> str:
        """The client id in use."""
        return self.client_id or f"ovoo-{self.name}"

    @classmethod
    def from_table(cls, table: Mapping[str, Any], where: str) -> Self:
        """Settings of a `driver = "mqtt"` table; raises ConfigErrors."""
        reader = TableReader(table, where)
        values = {**_read_connection(cls, reader), **_read_mapping(cls, reader)}
        settings = cls(name=reader.source_name(), host=reader.text("host"), **values)
        _check(settings, reader)
        reader.finish()
        return settings


def _read_connection(cls: type[MqttSettings], reader: TableReader) -> dict[str, Any]:
    default = defaults_of(cls)
    tls = _read_tls(reader)
    bounds = {
        "keep_alive_s": (5, 3600),
        "session_expiry_s": (60, 4_294_967_294),
        "max_in_flight": (1, 65_535),
        "max_payload_bytes": (1024, 268_435_455),
        "dead_letter_bytes": (0, 1_073_741_824),
        "reconnect_min_s": (1, 3600),
        "reconnect_max_s": (1, 3600),
    }
    values: dict[str, Any] = {
        key: reader.integer(key, default[key], low=low, high=high) for key, (low, high) in bounds.items()
    }
    values["port"] = reader.integer("port", 8883 if tls else default["port"], low=1, high=65_535)
    values["tls"] = tls
    values["version"] = reader.choice("version", default["version"], ("3.1.1", "5"))
    values["client_id"] = reader.text("client_id", default["client_id"], empty=True)
    values["user"] = reader.text("user", default["user"], empty=True)
    values["password_file"] = reader.path("password_file")
    values["topics"] = reader.texts("topics")
    values["share_group"] = reader.text("share_group", default["share_group"], empty=True)
    values["retained"] = reader.choice("retained", default["retained"], ("with_time", "all", "ignore"))
    return values


def _read_tls(reader: TableReader) -> MqttTls | None:
    ca, certificate, key = (reader.path(f"tls_{part}") for part in ("ca", "certificate", "private_key"))
    if (certificate is None) != (key is None):
        reader.fault("tls_private_key", "goes with tls_certificate", None, "give both or neither")
    if ca is not None:
        return MqttTls(ca, certificate, key)
    if certificate is not None:
        reader.fault("tls_ca", "is needed for TLS", None, "name the file of the CA that signed the broker")
    return None


def _read_mapping(cls: type[MqttSettings], reader: TableReader) -> dict[str, Any]:
    default = defaults_of(cls)
    values: dict[str, Any] = {key: reader.text(key, default[key], empty=True) for key in _MAPPING_TEXTS}
    values["words"] = reader.number_table("words")
    values["repeated_hour"] = reader.choice("repeated_hour", default["repeated_hour"], ("refuse", "first", "second"))
    values["time_form"] = reader.choice("time_form", default["time_form"], _FORMS)
    values["address"] = reader.text_table("address")
    values["freshness_s"] = reader.number("freshness_s", default["freshness_s"], low=0, high=604_800)
    return values


def _check(settings: MqttSettings, reader: TableReader) -> None:
    if bool(settings.user) != (settings.password_file is not None):
        reader.fault("password_file", "goes with user", settings.user, "give both or neither")
    if settings.reconnect_min_s > settings.reconnect_max_s:
        reader.fault("reconnect_min_s", "is above reconnect_max_s", settings.reconnect_min_s, "lower it")
    if settings.time_form != "receive" and not settings.time_path:
        reader.fault("time_path", "is empty", "", 'name the key of the time, or set time_form = "receive"')
    if settings.date_path and settings.time_form != "iso":
        reader.fault("date_path", 'needs time_form = "iso"', settings.time_form, "a number holds its date already")
    if bool(settings.name_path) != bool(settings.value_path):
        reader.fault("value_path", "goes with name_path", settings.value_path, "give both or neither")
    _check_sharing(settings, reader)
    try:
        zoneinfo.ZoneInfo(settings.timezone)
    except (zoneinfo.ZoneInfoNotFoundError, ValueError, OSError):
        reader.fault("timezone", "is not a known zone", settings.timezone, "such as Asia/Shanghai")
    for level in settings.address:
        if level not in _LEVELS:
            reader.fault(f"address.{level}", "is not an address level", level, "one of " + ", ".join(_LEVELS))
    if settings.topic_template:
        _check_template(settings, reader)
    if not all(_is_filter(topic) for topic in settings.topics):
        reader.fault(
            "topics", "holds an invalid topic filter", list(settings.topics), "'#' only last, '+' alone in a level"
        )


def _check_sharing(settings: MqttSettings, reader: TableReader) -> None:
    if not settings.share_group:
        return
    if settings.version != "5":
        reader.fault("share_group", "needs MQTT 5", settings.version, 'set version = "5"')
    if not _GROUP.fullmatch(settings.share_group):
        reader.fault("share_group", "is not a group name", settings.share_group, "without '/', '+' and '#'")
    if any(topic.startswith("$share/") for topic in settings.topics):
        reader.fault("topics", "name a group themselves", list(settings.topics), "leave $share/ out or share_group")


def _check_template(settings: MqttSettings, reader: TableReader) -> None:
    named = _PLACEHOLDER.findall(settings.topic_template)
    unknown = [name for name in named if name not in (*_LEVELS, "any")]
    if unknown:
        reader.fault("topic_template", "has an unknown level", unknown, "one of " + ", ".join((*_LEVELS, "any")))
    missing = [name for name in _LEVELS[:-1] if name not in named and name not in settings.address]
    if missing:
        reader.fault("topic_template", "leaves address levels open", missing, "add them to the template or to address")


def _is_filter(topic: str) -> bool:
    levels = topic.split("/")
    if "\0" in topic or len(topic.encode()) > 65_535 or "#" in levels[:-1]:
        return False
    return all(level in ("#", "+") or not ("#" in level or "+" in level) for level in levels)
