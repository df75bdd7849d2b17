"""One zip that tells a helper from outside what is the matter, and nothing that must not leave the plant."""

from __future__ import annotations

import contextlib
import http.client
import importlib.metadata
import io
import json
import os
import pathlib
import platform
import shutil
import sqlite3
import ssl
import sys
import time
import zipfile
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from importlib import resources
from typing import Any, Final

from cryptography import x509
from ovoo_contract.catalogue import Catalogue, SignalEntry, class_rank
from ovoo_contract.errors import ConfigError, ConfigErrors, OvooError

from ovoo_edge.config import GatewayConfig, load, parse
from ovoo_edge.logs import LOG_FILE
from ovoo_edge.redaction import Redactor, secrets_in, without_secrets
from ovoo_edge.sources.opcua_certificates import fingerprint, subject_text
from ovoo_edge.status_words import status_lines
from ovoo_edge.support_spool import read_spool

__all__ = ["LARGEST_BYTES", "write_bundle"]

LARGEST_BYTES: Final = 8 << 20
"""Uncompressed; what would pass it is cut, and the bundle says so."""

_LOG_BYTES: Final = 256 << 10
_MEMBER_BYTES: Final = 1 << 20
_ANSWER_BYTES: Final = 32 << 20
_ANSWER_S: Final = 10.0
_FILES: Final = 500
_CERTIFICATE_BYTES: Final = 1 << 16
_CERTIFICATE_FILES: Final = 100
_PARTS = ("ovoo-edge", "ovoo-contract", "ovoo-packs", "ovoo-models", "asyncua", "paho-mqtt", "cryptography")


def write_bundle(config_path: pathlib.Path, target: pathlib.Path | None, now_ns: int) -> pathlib.Path:
    """Writes the bundle (mode 0600) and returns its path.

    It needs neither a running agent nor sound settings: what is missing is named in it.

    Args:
        config_path: the settings file.
        target: the zip; None = `ovoo-support-<gateway>-<UTC>.zip` in the present folder.
        now_ns: UTC now.

    Raises:
        ConfigError: the zip exists already or cannot be written.
    """
    subject = _Subject(config_path)
    stamp = time.strftime("%Y%m%dT%H%M%SZ", time.gmtime(now_ns / 1e9))
    path = target or pathlib.Path(f"ovoo-support-{subject.gateway}-{stamp}.zip")
    body = _Bundle(subject.redactor)
    for name, content in _members(subject):
        body.add(name, content)
    _write_private(path, body.finish())
    return path


class _Subject:
    """The gateway in question, as far as its settings can be read."""

    def __init__(self, config_path: pathlib.Path) -> None:
        self.config: GatewayConfig | None = None
        self.document: Mapping[str, Any] = {}
        self.faults: list[str] = []
        self.folder = config_path.resolve().parent
        try:
            self.document = parse(config_path)
            self.config = load(config_path)
        except ConfigErrors as errors:
            self.faults = [str(error) for error in errors.errors]
        except OvooError as error:
            self.faults = [str(error)]
        self.state_dir = self._state_dir()
        self.spool = read_spool(self.state_dir / "spool.db") if self.state_dir else read_spool(self.folder / "absent")
        self.redactor = Redactor(secrets_in(self.document, self.folder), _stand_ins(self._entries()))

    @property
    def gateway(self) -> str:
        """Its id, or "unknown"."""
        return self.config.gateway if self.config else "unknown"

    @property
    def knows_classes(self) -> bool:
        """True where it is known which signals may not be named."""
        return self.config is not None or bool(self.spool.catalogues)

    @property
    def listen(self) -> str:
        """Where the agent answers."""
        if self.config is not None:
            return self.config.health.listen
        health = self.document.get("health")
        listen = health.get("listen") if isinstance(health, Mapping) else None
        return listen if isinstance(listen, str) else ""

    def _state_dir(self) -> pathlib.Path | None:
        if self.config is not None:
            return self.config.state_dir
        gateway = self.document.get("gateway")
        named = gateway.get("state_dir") if isinstance(gateway, Mapping) else None
        return self.folder / named if isinstance(named, str) and named else None

    def _entries(self) -> Iterator[tuple[SignalEntry, str]]:
        for row in self.config.signals if self.config else ():
            yield row.entry, row.reference
        for catalogue in self.spool.catalogues.values():
            yield from ((entry, "") for entry in catalogue.entries)


class _Bundle:
    """Members of the zip, each cleaned and cut, all together within `LARGEST_BYTES`."""

    def __init__(self, redactor: Redactor) -> None:
        self._redactor = redactor
        self._buffer = io.BytesIO()
        self._zip = zipfile.ZipFile(self._buffer, "w", zipfile.ZIP_DEFLATED)
        self._left = LARGEST_BYTES
        self._notes: list[str] = []

    def add(self, name: str, content: object) -> None:
        """A text as it is, anything else as JSON; the end of a log counts most, of the rest the beginning."""
        text = content if isinstance(content, str) else json.dumps(content, ensure_ascii=False, indent=1, default=str)
        data = self._redactor.clean(text).encode("utf-8", errors="replace")
        room = min(_MEMBER_BYTES, self._left)
        if len(data) > room:
            self._notes.append(f"{name}: {len(data)} bytes, cut to {room}")
            data = data[-room:] if name.startswith("log") else data[:room]
        self._left -= len(data)
        self._zip.writestr(name, data)

    def finish(self) -> bytes:
        """The bytes of the zip."""
        if self._notes:
            self._zip.writestr("cut.txt", "\n".join(self._notes)[:10_000])
        self._zip.close()
        return self._buffer.getvalue()


def _members(subject: _Subject) -> Iterator[tuple[str, object]]:
    yield "README.txt", resources.files("ovoo_edge").joinpath("locales", "support_readme.txt").read_text("utf-8")
    yield "configuration.json", {"faults": subject.faults, "settings": without_secrets(_plain(subject.document))}
    yield "signals.json", _signals(subject.config)
    yield "versions.json", _versions()
    yield "disk.json", _disk(subject.state_dir)
    yield "certificates.json", _certificates(subject)
    for name, content in subject.spool.sections.items():
        yield f"{name}.json", content
    yield from _answers(subject)
    if subject.state_dir is not None:
        yield from _log(subject.state_dir, subject.knows_classes)


def _answers(subject: _Subject) -> Iterator[tuple[str, object]]:
    """What the running agent says; its ledger and quarantine are read from the spool, cut to what may be told."""
    health = _ask(subject.listen, "/health") if subject.listen else None
    if health is None:
        yield "agent.txt", "no agent answers\n"
        return
    try:
        snapshot = json.loads(health)
        words = {language: "\n".join(status_lines(snapshot, language)) for language in ("zh", "en")}
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        yield "agent.txt", f"something else answers at {subject.listen}: {error!r}\n"
        return
    yield "health.json", snapshot
    for language, text in words.items():
        yield f"status.{language}.txt", text + "\n"
    yield "metrics.txt", _ask(subject.listen, "/metrics") or ""


def _ask(listen: str, path: str) -> str | None:
    host, _, port = listen.rpartition(":")
    if not port.isdigit():
        return None
    connection = http.client.HTTPConnection(host.strip("[]"), int(port), timeout=_ANSWER_S)
    try:
        connection.request("GET", path)
        return connection.getresponse().read(_ANSWER_BYTES).decode("utf-8", errors="replace")
    except (OSError, http.client.HTTPException):
        return None
    finally:
        connection.close()


def _stand_ins(entries: Iterable[tuple[SignalEntry, str]]) -> dict[str, str]:
    """Addresses and references of signals above class general -> what is written instead."""
    found: dict[str, str] = {}
    for entry, reference in entries:
        if not class_rank(entry.data_class):
            continue
        stand_in = found.setdefault(str(entry.address), f"<{entry.data_class} signal {len(found) + 1}>")
        for word in (reference, entry.name_zh, entry.name_en):
            if len(word) > 3:
                found.setdefault(word, stand_in)
    return found


def _plain(document: Mapping[str, Any]) -> dict[str, Any]:
    """The settings without inline signals: those are told by `signals.json`, according to their class."""
    return {key: value for key, value in document.items() if key not in ("signal", "derived")}


def _signals(config: GatewayConfig | None) -> dict[str, Any]:
    if config is None:
        return {"unreadable": "the settings have faults, see configuration.json"}
    general = [row for row in config.signals if not class_rank(row.entry.data_class)]
    return {
        "by_class": dict(Counter(row.entry.data_class for row in config.signals)),
        "catalogue_of_lists": Catalogue(row.entry for row in config.signals).id,
        "general": [
            {
                "address": str(row.entry.address),
                "unit": row.entry.unit,
                "type": row.entry.type,
                "uplink": row.entry.uplink,
                "source": row.source,
                "reference": row.reference,
                "deadband": row.treatment.deadband,
                "max_error": row.treatment.max_error,
                "period_s": row.entry.period_s,
            }
            for row in general
        ],
    }


def _versions() -> dict[str, Any]:
    packages = {}
    for name in _PARTS:
        try:
            packages[name] = importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            packages[name] = "not installed"
    return {
        "packages": packages,
        "python": sys.version,
        "platform": platform.platform(),
        "machine": platform.machine(),
        "sqlite": sqlite3.sqlite_version,
        "openssl": ssl.OPENSSL_VERSION,
        "time_utc": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
    }


def _disk(state_dir: pathlib.Path | None) -> dict[str, Any]:
    if state_dir is None or not state_dir.exists():
        return {"state_dir": "absent"}
    usage = shutil.disk_usage(state_dir)
    files = [
        [str(path.relative_to(state_dir)), found.st_size, f"{found.st_mode:o}", int(found.st_mtime)]
        for path, found in sorted(_below(state_dir))[:_FILES]
    ]
    inodes = os.statvfs(state_dir)
    return {
        "total_bytes": usage.total,
        "free_bytes": usage.free,
        "inodes_free": inodes.f_favail,
        "files": {"columns": ["name", "bytes", "mode", "modified"], "rows": files},
    }


def _below(folder: pathlib.Path) -> Iterator[tuple[pathlib.Path, os.stat_result]]:
    """Everything below a folder; what a running agent takes away meanwhile is left out."""
    for parent, folders, files in os.walk(folder):
        for path in (pathlib.Path(parent, name) for name in (*folders, *files)):
            with contextlib.suppress(FileNotFoundError):
                yield path, path.lstat()


def _certificates(subject: _Subject) -> list[dict[str, str]]:
    """Public parts of every certificate that the settings name or the state folder holds."""
    paths = set(_named_files(subject.document, subject.folder))
    if subject.state_dir is not None and subject.state_dir.exists():
        paths |= {path for path, _ in _below(subject.state_dir) if path.suffix in (".pem", ".der", ".crt", ".cer")}
    return [item for path in sorted(paths)[:_CERTIFICATE_FILES] for item in _public_parts(path)]


def _named_files(node: Any, folder: pathlib.Path) -> Iterator[pathlib.Path]:
    if isinstance(node, Mapping):
        for value in node.values():
            yield from _named_files(value, folder)
    elif isinstance(node, list):
        for value in node:
            yield from _named_files(value, folder)
    elif isinstance(node, str) and len(node) < 1000 and node.endswith((".pem", ".der", ".crt", ".cer")):
        yield folder / node


def _public_parts(path: pathlib.Path) -> Iterator[dict[str, str]]:
    try:
        content = path.read_bytes()[:_CERTIFICATE_BYTES]
        if b"-----BEGIN CERTIFICATE" in content:
            found = x509.load_pem_x509_certificates(content)
        else:
            found = [x509.load_der_x509_certificate(content)]
    except (OSError, ValueError):
        # a key, or no certificate at all: there is nothing public to tell
        return
    for certificate in found:
        yield {
            "file": path.name,
            "subject": subject_text(certificate),
            "issuer": certificate.issuer.rfc4514_string(),
            "serial": f"{certificate.serial_number:x}",
            "valid_from": certificate.not_valid_before_utc.isoformat(),
            "valid_to": certificate.not_valid_after_utc.isoformat(),
            "sha256": fingerprint(certificate),
        }


def _log(state_dir: pathlib.Path, knows_classes: bool) -> Iterator[tuple[str, str]]:
    parts = [state_dir / f"{LOG_FILE}.1", state_dir / LOG_FILE]
    lines = b"".join(path.read_bytes() for path in parts if path.is_file())[-_LOG_BYTES:]
    if not lines:
        return
    if not knows_classes:
        yield "log.txt", "left out: neither settings nor spool tell which signals may be named\n"
        return
    yield "log.txt", lines.decode("utf-8", errors="replace")


def _write_private(path: pathlib.Path, content: bytes) -> None:
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except OSError as error:
        raise ConfigError(
            "cannot be written", offender=str(path), value=error.strerror, remedy="name another file with --out"
        ) from error
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)
