"""What `ovoo-edge trust` and `ovoo-edge certificate` do."""

from __future__ import annotations

import argparse
import datetime
import json
import pathlib
import socket
import time
from collections.abc import Mapping
from importlib import resources
from typing import Any

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding
from ovoo_contract.errors import ConfigError

from ovoo_edge.config import read_sources, sources_dir
from ovoo_edge.sources.opcua_certificates import (
    application_uris,
    fingerprint,
    host_names,
    is_authority,
    load_file,
    period_text,
    subject_text,
)
from ovoo_edge.sources.opcua_expiry import certificate_level
from ovoo_edge.sources.opcua_own import CertificateRequest, OwnPaths, activate, create
from ovoo_edge.sources.opcua_trust import TrustEntry, TrustStore, trust_store
from ovoo_edge.sources.settings import OpcUaSettings

__all__ = [
    "certificate_activate",
    "certificate_create",
    "certificate_renew",
    "certificate_show",
    "trust_approve",
    "trust_list",
    "trust_reject",
    "trust_remove",
    "trust_show",
]

_DAY_NS = 86_400 * 10**9
_SHA256 = hashes.SHA256()


def trust_list(options: argparse.Namespace) -> int:
    """Prints every certificate and revocation list of one source or of all."""
    servers = [_server(options)] if options.source else _servers(options.config)
    rows: list[dict[str, Any]] = []
    for server in servers:
        store = _store(server, options.config)
        rows += [
            {"source": server.name, "state": entry.state, **_facts(entry.certificate, entry.path)}
            for entry in store.entries()
        ]
        rows += [{"source": server.name, "state": "trusted", **_crl(item)} for item in store.revocation_lists]
    if options.json:
        print(json.dumps(rows, ensure_ascii=False, indent=2))
        return 0
    words = _words(options)
    for server in servers:
        mine = [row for row in rows if row["source"] == server.name]
        if not mine:
            print(words["empty"].format(source=server.name))
        for row in mine:
            print(
                f"{server.name}  {words['states'][row['state']]}  {words['roles'][row['role']]}  "
                f"{row['fingerprint'][:16]}  {row['period']}  {words['levels'][row['level']]}  {row['subject']}"
            )
    return 0


def trust_show(options: argparse.Namespace) -> int:
    """Prints one certificate in full."""
    entry = _store(_server(options), options.config).find(options.target)
    _print_facts({"state": entry.state, **_facts(entry.certificate, entry.path)}, options)
    return 0


def trust_approve(options: argparse.Namespace) -> int:
    """Trusts a certificate that asked, or what a file holds."""
    server = _server(options)
    store = _store(server, options.config)
    path = pathlib.Path(options.target)
    if path.is_file():
        for name in store.add_file(path.read_bytes()):
            print(_words(options)["added"].format(source=server.name, file=name))
        return 0
    _say_done(server, store.approve(store.find(options.target)), options)
    return 0


def trust_reject(options: argparse.Namespace) -> int:
    """Refuses a certificate for good."""
    server = _server(options)
    store = _store(server, options.config)
    _say_done(server, store.reject(store.find(options.target)), options)
    return 0


def trust_remove(options: argparse.Namespace) -> int:
    """Forgets a certificate."""
    server = _server(options)
    store = _store(server, options.config)
    entry = store.find(options.target)
    store.remove(entry)
    print(_words(options)["removed"].format(source=server.name, subject=subject_text(entry.certificate)))
    return 0


def certificate_create(options: argparse.Namespace) -> int:
    """Makes the first key and certificate."""
    server = _server(options)
    return _make(_own(server), server, options, "created")


def certificate_renew(options: argparse.Namespace) -> int:
    """Makes the next key and certificate; those in use stay as they are."""
    server = _server(options)
    return _make(_own(server).next, server, options, "renewed")


def certificate_activate(options: argparse.Namespace) -> int:
    """Ends the overlap: the next certificate becomes the only one."""
    paths = _own(_server(options))
    old = activate(paths)
    print(_words(options)["activated"].format(file=paths.certificate, old=old.certificate))
    return 0


def certificate_show(options: argparse.Namespace) -> int:
    """Prints the present and the next certificate; `--export` writes the newest of them as DER."""
    paths = _own(_server(options))
    found = [("own", paths.certificate), ("next", paths.next.certificate)]
    present = [(role, path, load_file(path)[0]) for role, path in found if path.exists() or role == "own"]
    rows = [{**_facts(certificate, path), "role": role} for role, path, certificate in present]
    if options.export is not None:
        options.export.write_bytes(present[-1][2].public_bytes(Encoding.DER))
    if options.json:
        print(json.dumps(rows, ensure_ascii=False, indent=2))
        return 0
    for row in rows:
        _print_facts(row, options)
    return 0


def _make(paths: OwnPaths, server: OpcUaSettings, options: argparse.Namespace, said: str) -> int:
    if not options.replace and (paths.certificate.exists() or paths.private_key.exists()):
        remedy = "give --replace to overwrite it"
        if said == "created":
            remedy = "prepare the next one: ovoo-edge certificate renew; or give --replace"
        raise ConfigError("is there already", offender=str(paths.certificate), remedy=remedy)
    if not 1 <= options.days <= 7300:
        raise ConfigError("is out of range", offender="--days", value=options.days, remedy="1 to 7300")
    request = CertificateRequest(
        application_uri=server.application_uri,
        common_name=f"Ovoo gateway {socket.gethostname()}"[:64],
        organisation=options.organisation,
        hosts=tuple(options.host) or (socket.gethostname(),),
        bits=options.bits,
        days=options.days,
    )
    certificate = create(paths, request, datetime.datetime.now(datetime.UTC))
    if options.json:
        print(json.dumps(_facts(certificate, paths.certificate), ensure_ascii=False, indent=2))
        return 0
    print(
        _words(options)[said].format(
            file=paths.certificate, period=period_text(certificate), fingerprint=fingerprint(certificate)
        )
    )
    return 0


def _own(server: OpcUaSettings) -> OwnPaths:
    if server.certificate is None or server.private_key is None:
        raise ConfigError(
            "is missing",
            offender=f"source {server.name}: certificate, private_key",
            remedy="name the files in the settings; they need not exist yet",
        )
    return OwnPaths(server.certificate, server.private_key)


def _servers(config: pathlib.Path) -> list[OpcUaSettings]:
    return [item for item in read_sources(config) if isinstance(item, OpcUaSettings)]


def _server(options: argparse.Namespace) -> OpcUaSettings:
    """The source that `--source` names, or the only one there is."""
    servers = _servers(options.config)
    fitting = [item for item in servers if options.source in ("", item.name)]
    if len(fitting) == 1:
        return fitting[0]
    names = ", ".join(item.name for item in servers) or "none is configured"
    raise ConfigError("name an OPC UA source", offender="--source", value=options.source, remedy=f"one of {names}")


def _store(server: OpcUaSettings, config: pathlib.Path) -> TrustStore:
    return trust_store(server, sources_dir(config))


def _facts(certificate: x509.Certificate, path: pathlib.Path) -> dict[str, Any]:
    now_ns = time.time_ns()
    start_ns = int(certificate.not_valid_before_utc.timestamp()) * 10**9
    end_ns = int(certificate.not_valid_after_utc.timestamp()) * 10**9
    key = certificate.public_key()
    return {
        "role": "authority" if is_authority(certificate) else "server",
        "subject": subject_text(certificate),
        "issuer": certificate.issuer.rfc4514_string(),
        "fingerprint": fingerprint(certificate),
        "period": period_text(certificate),
        "level": certificate_level(start_ns, end_ns, now_ns),
        "days_left": (end_ns - now_ns) // _DAY_NS,
        "application_uri": ", ".join(application_uris(certificate)),
        "hosts": ", ".join(host_names(certificate)),
        "key_bits": key.key_size if isinstance(key, rsa.RSAPublicKey) else 0,
        "signature": _signature(certificate),
        "file": str(path),
    }


def _signature(certificate: x509.Certificate) -> str:
    try:
        algorithm = certificate.signature_hash_algorithm
    except UnsupportedAlgorithm:
        algorithm = None
    return algorithm.name if algorithm is not None else certificate.signature_algorithm_oid.dotted_string


def _crl(revoked: x509.CertificateRevocationList) -> dict[str, Any]:
    end = revoked.next_update_utc
    stale = end is not None and end < datetime.datetime.now(datetime.UTC)
    return {
        "role": "crl",
        "subject": revoked.issuer.rfc4514_string(),
        "fingerprint": revoked.fingerprint(_SHA256).hex(),
        "period": f"{revoked.last_update_utc:%Y-%m-%d} to {end:%Y-%m-%d}" if end else f"{revoked.last_update_utc:%F}",
        "level": "expired" if stale else "ok",
        "revoked": len(revoked),
    }


def _say_done(server: OpcUaSettings, entry: TrustEntry, options: argparse.Namespace) -> None:
    words = _words(options)
    print(
        words["done"].format(
            source=server.name,
            subject=subject_text(entry.certificate),
            state=words["states"][entry.state],
            file=entry.path,
        )
    )


def _print_facts(row: Mapping[str, Any], options: argparse.Namespace) -> None:
    if options.json:
        print(json.dumps(row, ensure_ascii=False, indent=2))
        return
    words = _words(options)
    tables = {"state": "states", "role": "roles", "level": "levels"}
    for key, value in row.items():
        text = words[tables[key]][value] if key in tables else value
        print(f"{words['fields'][key]}: {text}")


def _words(options: argparse.Namespace) -> Any:
    text = resources.files("ovoo_edge").joinpath("locales", "trust.json").read_text(encoding="utf-8")
    return json.loads(text)[options.language]
