"""Where an enrolment goes, read from settings that cannot be complete yet: the certificate they name does not exist."""

from __future__ import annotations

import pathlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ovoo_contract.address import check_gateway_id
from ovoo_contract.errors import ConfigError

from ovoo_edge.enrol import IdentityFiles

__all__ = ["EnrolTarget", "enrol_target"]

_KEYS = ("key_file", "certificate_file", "ca_file")


@dataclass(frozen=True, slots=True)
class EnrolTarget:
    """Who enrols where, and the files of the sink that will use the certificate."""

    url: str
    gateway: str
    ca_file: pathlib.Path | None
    files: IdentityFiles


def enrol_target(document: Mapping[str, Any], folder: pathlib.Path, url: str = "") -> EnrolTarget:
    """The target of a parsed settings file; `url` on the command line wins over `enrol.url`.

    Raises:
        ConfigError: gateway id, address of the cloud or an MQTT sink with certificate files is missing.
    """
    gateway = _table(document, "gateway").get("id")
    if not isinstance(gateway, str):
        raise ConfigError("is missing", offender="gateway.id", remedy="name the gateway")
    check_gateway_id(gateway)
    settings = _table(document, "enrol")
    address = url or settings.get("url")
    if not isinstance(address, str) or not address:
        raise ConfigError("is missing", offender="enrol.url", remedy="set it, or give --cloud")
    ca_file = settings.get("ca_file")
    return EnrolTarget(
        url=address,
        gateway=gateway,
        ca_file=folder / ca_file if isinstance(ca_file, str) and ca_file else None,
        files=_files(document, folder),
    )


def _files(document: Mapping[str, Any], folder: pathlib.Path) -> IdentityFiles:
    sinks = document.get("sink", [])
    for sink in sinks if isinstance(sinks, list) else []:
        names = [sink.get(key) for key in _KEYS] if isinstance(sink, dict) and sink.get("driver") == "mqtt" else []
        if len(names) == len(_KEYS) and all(isinstance(name, str) and name for name in names):
            return IdentityFiles(*(folder / str(name) for name in names))
    raise ConfigError(
        "no MQTT sink names its certificate",
        offender="sink",
        remedy="set key_file, certificate_file and ca_file of the uplink: enrolment writes them",
    )


def _table(document: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    found = document.get(key, {})
    return found if isinstance(found, dict) else {}
