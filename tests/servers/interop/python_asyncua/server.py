"""An asyncua server for the interoperation tests: fixed variables, values and times as told on standard input."""

from __future__ import annotations

import asyncio
import importlib
import pathlib
import sys
from datetime import UTC, datetime, timedelta
from typing import Any

ua: Any = importlib.import_module("asyncua.ua")
_EPOCH = datetime(1601, 1, 1, tzinfo=UTC)
_TYPES = {
    "double": "Double",
    "float": "Float",
    "int32": "Int32",
    "uint16": "UInt16",
    "bool": "Boolean",
    "text": "String",
}
_ZEROS: dict[str, object] = {"double": 0.0, "float": 0.0, "bool": False, "text": ""}


class _Users:
    def __init__(self, user: str, password: str) -> None:
        self._known = (user, password)

    def get_user(self, _server: Any, username: Any = None, password: Any = None, certificate: Any = None) -> Any:
        rules = importlib.import_module("asyncua.crypto.permission_rules")
        if username is None or (username, password) == self._known:
            return rules.User(rules.UserRole.User, str(username))
        return None


def _value(name: str, text: str) -> Any:
    kind = getattr(ua.VariantType, _TYPES[name])
    if name == "text":
        return ua.Variant(text, kind)
    if name == "bool":
        return ua.Variant(text == "true", kind)
    return ua.Variant(float(text) if name in ("double", "float") else int(text), kind)


async def _serve(port: str, pki: pathlib.Path, uri: str, user: str, password: str) -> None:
    server: Any = importlib.import_module("asyncua").Server()
    await server.init()
    server.set_endpoint(f"opc.tcp://127.0.0.1:{port}")
    await server.set_application_uri(uri)
    await server.load_certificate(str(pki / "server.pem"))
    await server.load_private_key(str(pki / "server.key.pem"))
    server.set_security_policy([item for item in ua.SecurityPolicyType if "128Rsa15" not in item.name])
    server.set_identity_tokens([ua.AnonymousIdentityToken, ua.UserNameIdentityToken])
    server.iserver.user_manager = _Users(user, password)
    namespace = await server.register_namespace("urn:ovoo:test:plant")
    folder = await server.nodes.objects.add_folder(ua.NodeId("Plant", namespace), ua.QualifiedName("Plant", namespace))
    nodes = {}
    for name, kind in _TYPES.items():
        zero = ua.Variant(_ZEROS.get(name, 0), getattr(ua.VariantType, kind))
        nodes[name] = await folder.add_variable(ua.NodeId(name, namespace), ua.QualifiedName(name, namespace), zero)
    async with server:
        print("ready", flush=True)
        while line := await asyncio.to_thread(sys.stdin.readline):
            _, name, status, source, stamped, value = line.rstrip("\n").split(" ", 5)
            data = ua.DataValue(
                _value(name, value),
                StatusCode=ua.StatusCode(int(status, 16)),
                SourceTimestamp=_EPOCH + timedelta(microseconds=int(source) // 10),
                ServerTimestamp=_EPOCH + timedelta(microseconds=int(stamped) // 10),
            )
            await server.write_attribute_value(nodes[name].nodeid, data)
            print("wrote", flush=True)


if __name__ == "__main__":
    asyncio.run(_serve(sys.argv[1], pathlib.Path(sys.argv[2]), *sys.argv[3:6]))
