"""`ovoo-edge trust` and `ovoo-edge certificate`: who the gateway believes over OPC UA, and who it says it is."""

from __future__ import annotations

import argparse
import functools
import importlib
import pathlib

__all__ = ["add_verbs"]

_TRUST = {
    "list": "certificates and revocation lists of every source",
    "show": "one certificate in full",
    "approve": "trust a pending certificate, or an authority or revocation list from a file",
    "reject": "refuse a certificate for good",
    "remove": "forget a certificate",
}
_CERTIFICATE = {
    "create": "make key and self-signed certificate",
    "show": "the present and the next certificate",
    "renew": "make the next certificate beside the present one",
    "activate": "put the next certificate in the place of the present one",
}


def add_verbs(verbs: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Adds both verbs with theirs."""
    trust = verbs.add_parser("trust", help="approve OPC UA servers", description="Approve OPC UA servers.")
    below = trust.add_subparsers(required=True, metavar="ACTION")
    for name, text in _TRUST.items():
        action = _action(below, name, text)
        action.set_defaults(command=functools.partial(_run, f"trust_{name}"))
        if name == "approve":
            action.add_argument("target", help="8 or more digits of its SHA-256 fingerprint, or a file (PEM or DER)")
        elif name != "list":
            action.add_argument("target", help="8 or more digits of its SHA-256 fingerprint")
    own = verbs.add_parser(
        "certificate", help="the gateway's OPC UA certificate", description="The gateway's OPC UA certificate."
    )
    below = own.add_subparsers(required=True, metavar="ACTION")
    for name, text in _CERTIFICATE.items():
        action = _action(below, name, text)
        action.set_defaults(command=functools.partial(_run, f"certificate_{name}"))
        if name in ("create", "renew"):
            _request(action)
        elif name == "show":
            action.add_argument("--export", type=pathlib.Path, metavar="FILE", help="write it as DER, for the server")


def _run(name: str, options: argparse.Namespace) -> int:
    """Imports OPC UA only now: a gateway without it stays small."""
    code: int = getattr(importlib.import_module("ovoo_edge.opcua_commands"), name)(options)
    return code


def _action(
    below: argparse._SubParsersAction[argparse.ArgumentParser], name: str, text: str
) -> argparse.ArgumentParser:
    action = below.add_parser(name, help=text, description=text[0].upper() + text[1:] + ".")
    action.add_argument("--config", "-c", type=pathlib.Path, default=pathlib.Path("agent.toml"), help="settings file")
    action.add_argument("--source", default="", help="name of the OPC UA source; needed where there are several")
    action.add_argument("--json", action="store_true", help="as JSON")
    action.add_argument("--language", choices=["zh", "en"], default="zh")
    return action


def _request(action: argparse.ArgumentParser) -> None:
    action.add_argument("--bits", type=int, choices=[2048, 3072], default=2048, help="size of the RSA key")
    action.add_argument("--days", type=int, default=1095, help="validity, 1 to 7300 (default 1095)")
    action.add_argument("--host", action="append", default=[], help="name or address of this gateway; may be repeated")
    action.add_argument("--organisation", default="", help="organisation in the subject")
    action.add_argument("--replace", action="store_true", help="overwrite what is there")
