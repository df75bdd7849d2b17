"""Settings of the OPC UA driver."""

from __future__ import annotations

import pathlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Literal, Self, get_args
from urllib.parse import urlsplit

from ovoo_edge.sources.settings_table import TableReader, defaults_of

__all__ = ["BackfillOrder", "NameCheck", "OpcUaSettings", "SecurityMode", "SecurityPolicy", "Trigger"]

SecurityPolicy = Literal["None", "Basic256Sha256", "Aes128_Sha256_RsaOaep", "Aes256_Sha256_RsaPss"]
SecurityMode = Literal["None", "Sign", "SignAndEncrypt"]
NameCheck = Literal["refuse", "warn", "off"]
Trigger = Literal["StatusValueTimestamp", "StatusValue", "Status"]
BackfillOrder = Literal["newest_first", "oldest_first", "off"]
_POLICIES = get_args(SecurityPolicy)
_REPLACEMENT = "it was withdrawn (SHA-1); enable Basic256Sha256 or an Aes policy on the server and name that"
_DEPRECATED = {"Basic128Rsa15": _REPLACEMENT, "Basic256": _REPLACEMENT}


@dataclass(frozen=True, slots=True)
class OpcUaSettings:
    """An OPC UA server to subscribe to.

    Attributes:
        name: unique name of the source.
        endpoint: `opc.tcp://host:port[/path]`, without user or password.
        security_policy: "None", "Basic256Sha256", "Aes128_Sha256_RsaOaep" or "Aes256_Sha256_RsaPss".
        security_mode: "Sign" or "SignAndEncrypt" with a policy, "None" without.
        application_uri: must equal the URI in the client certificate.
        certificate, private_key: the gateway's application certificate (PEM or DER), needed with a policy.
        trust_dir: folder with the server certificates by state; default `<state_dir>/<name>-pki`.
        check_application_uri: when the server's certificate has another URI than the server says of itself.
        check_host_name: when the server's certificate does not name the host of `endpoint`.
        require_crl: refuse certificates of an authority whose current revocation list is not in the trust folder.
        allow_plain_password: send a password where neither channel nor token is encrypted.
        user: user name; empty for anonymous or certificate identity.
        password_file: file whose first line is the password.
        user_certificate, user_private_key: identity by certificate instead of a user name.
        publishing_interval_ms: how often the server reports, 10 to 60,000.
        sampling_interval_ms: how often the server samples; 0 = as fast as it can, -1 = half of each signal's period.
        queue_s: seconds of samples the server must keep per signal while we are away, 120 to 86,400.
        keep_alive_s: silence after which the server sends a keep-alive, 0.1 to 300.
        lifetime_s: how long the server keeps subscription and session without us, 10 to 86,400.
        outstanding: PublishRequests waiting at the server, 2 to 20.
        max_items_per_call: items created in one call (the server's own limit wins when lower), 1 to 10,000.
        requests_per_s: service calls a second that the server has to bear at most, 0.5 to 1,000.
        backfill: after an outage, which end of the gap is read from the server's history first; "off" reads none.
        backfill_max_h: how far back a gap is filled, hours, 0.1 to 8,760.
        trigger: what counts as a change.
        request_timeout_s: patience for any one answer, 0.5 to 120.
        reconnect_min_s, reconnect_max_s: bounds of the exponential back-off, 0.05 to 3,600.
        retry_nodes_s: pause before missing nodes are tried again, 0.5 to 86,400.
        freshness_s: silence deadline of signals without one of their own, 0 = none.
    """

    driver: ClassVar[str] = "opcua"

    name: str
    endpoint: str
    security_policy: SecurityPolicy = "None"
    security_mode: SecurityMode = "None"
    application_uri: str = "urn:ovoo:edge"
    certificate: pathlib.Path | None = None
    private_key: pathlib.Path | None = None
    trust_dir: pathlib.Path | None = None
    check_application_uri: NameCheck = "refuse"
    check_host_name: NameCheck = "warn"
    require_crl: bool = False
    allow_plain_password: bool = False
    user: str = ""
    password_file: pathlib.Path | None = None
    user_certificate: pathlib.Path | None = None
    user_private_key: pathlib.Path | None = None
    publishing_interval_ms: float = 500.0
    sampling_interval_ms: float = -1.0
    queue_s: float = 120.0
    keep_alive_s: float = 1.0
    lifetime_s: float = 300.0
    outstanding: int = 4
    max_items_per_call: int = 500
    requests_per_s: float = 40.0
    backfill: BackfillOrder = "newest_first"
    backfill_max_h: float = 168.0
    trigger: Trigger = "StatusValueTimestamp"
    request_timeout_s: float = 10.0
    reconnect_min_s: float = 1.0
    reconnect_max_s: float = 30.0
    retry_nodes_s: float = 60.0
    freshness_s: float = 0.0

    @classmethod
    def from_table(cls, table: Mapping[str, Any], where: str) -> Self:
        """Settings of a `driver = "opcua"` table; raises ConfigErrors."""
        reader = TableReader(table, where)
        values = {**_read_security(cls, reader), **_read_pace(cls, reader)}
        settings = cls(name=reader.source_name(), endpoint=reader.text("endpoint"), **values)
        _check_endpoint(settings, reader)
        _check_security(settings, reader)
        reader.finish()
        return settings


def _read_security(cls: type[OpcUaSettings], reader: TableReader) -> dict[str, Any]:
    default = defaults_of(cls)
    values: dict[str, Any] = {
        "security_policy": reader.choice(
            "security_policy", default["security_policy"], _POLICIES, withdrawn=_DEPRECATED
        ),
        "application_uri": reader.text("application_uri", default["application_uri"]),
        "user": reader.text("user", default["user"], empty=True),
    }
    implied = "None" if values["security_policy"] == "None" else "SignAndEncrypt"
    values["security_mode"] = reader.choice("security_mode", implied, ("None", "Sign", "SignAndEncrypt"))
    for key in ("check_application_uri", "check_host_name"):
        values[key] = reader.choice(key, default[key], get_args(NameCheck))
    for key in ("require_crl", "allow_plain_password"):
        values[key] = reader.flag(key, default[key])
    for key in ("certificate", "private_key", "trust_dir", "password_file", "user_certificate", "user_private_key"):
        values[key] = reader.path(key)
    return values


def _read_pace(cls: type[OpcUaSettings], reader: TableReader) -> dict[str, Any]:
    default = defaults_of(cls)
    bounds = {
        "publishing_interval_ms": (10, 60_000),
        "sampling_interval_ms": (-1, 3_600_000),
        "queue_s": (120, 86_400),
        "keep_alive_s": (0.1, 300),
        "lifetime_s": (10, 86_400),
        "request_timeout_s": (0.5, 120),
        "reconnect_min_s": (0.05, 3600),
        "reconnect_max_s": (0.05, 3600),
        "retry_nodes_s": (0.5, 86_400),
        "freshness_s": (0, 604_800),
        "requests_per_s": (0.5, 1000),
        "backfill_max_h": (0.1, 8760),
    }
    values: dict[str, Any] = {
        key: reader.number(key, default[key], low=low, high=high) for key, (low, high) in bounds.items()
    }
    values["outstanding"] = reader.integer("outstanding", default["outstanding"], low=2, high=20)
    values["max_items_per_call"] = reader.integer(
        "max_items_per_call", default["max_items_per_call"], low=1, high=10_000
    )
    values["trigger"] = reader.choice("trigger", default["trigger"], ("StatusValueTimestamp", "StatusValue", "Status"))
    values["backfill"] = reader.choice("backfill", default["backfill"], ("newest_first", "oldest_first", "off"))
    return values


def _check_endpoint(settings: OpcUaSettings, reader: TableReader) -> None:
    if not settings.endpoint:
        return
    try:
        url = urlsplit(settings.endpoint)
        usable = url.scheme == "opc.tcp" and bool(url.hostname) and url.port is not None
    except ValueError:
        usable = False
    if not usable:
        reader.fault("endpoint", "is not an OPC UA address", settings.endpoint, "write it as opc.tcp://host:port")
    elif url.username or url.password:
        reader.fault("endpoint", "must not hold a password", "***", "use user and password_file")
    if settings.reconnect_min_s > settings.reconnect_max_s:
        reader.fault("reconnect_min_s", "is above reconnect_max_s", settings.reconnect_min_s, "lower it")
    if settings.lifetime_s < 3 * settings.keep_alive_s:
        reader.fault("lifetime_s", "is below three times keep_alive_s", settings.lifetime_s, "raise it")


def _check_security(settings: OpcUaSettings, reader: TableReader) -> None:
    secure = settings.security_policy != "None"
    if secure != (settings.security_mode != "None"):
        reader.fault("security_mode", "does not fit security_policy", settings.security_mode, "both None or neither")
    if secure:
        for key in ("certificate", "private_key"):
            if getattr(settings, key) is None:
                reader.fault(key, "is needed with a security policy", None, "name the PEM or DER file")
    if bool(settings.user) != (settings.password_file is not None):
        reader.fault("password_file", "goes with user", settings.user, "give both or neither")
    if (settings.user_certificate is None) != (settings.user_private_key is None):
        reader.fault("user_private_key", "goes with user_certificate", None, "give both or neither")
    if settings.user and settings.user_certificate is not None:
        reader.fault("user", "stands beside user_certificate", settings.user, "choose one identity")
