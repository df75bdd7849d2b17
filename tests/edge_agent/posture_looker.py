"""Looks around in the network namespace that it was started in, on request and as whom it is told, line by line.

Every line on standard input is a JSON object; every answer is one line: what the reader of the agent said.
"""

from __future__ import annotations

import ipaddress
import json
import os
import pathlib
import socket
import sys
from contextlib import ExitStack
from typing import Any

from ovoo_edge.config import GatewayConfig, load
from ovoo_edge.network_view import NetworkView, leaves_by
from ovoo_edge.posture import look_around

NOBODY = 65534


def become_nobody() -> None:
    """Gives every right away, for good."""
    os.setgroups([])
    os.setgid(NOBODY)
    os.setuid(NOBODY)


def open_sockets(wanted: list[list[Any]], held: ExitStack) -> None:
    """Sockets that stay open: family, type, address and port, and whether an IPv6 one takes IPv4 as well."""
    for family, kind, host, port, both in wanted:
        made = held.enter_context(socket.socket(getattr(socket, family), getattr(socket, kind)))
        if family == "AF_INET6":
            made.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, not both)
        made.bind((host, port))
        if kind == "SOCK_STREAM":
            made.listen()


def connect(wanted: list[list[Any]], held: ExitStack) -> None:
    """Sockets with a peer on the loopback: type and port of the peer."""
    for kind, port in wanted:
        held.enter_context(socket.socket(socket.AF_INET, getattr(socket, kind))).connect(("127.0.0.1", port))


def ways(hosts: list[str]) -> dict[str, str | None]:
    """The interface by which each address is left for."""
    routes = NetworkView().routes() or ()
    found = {host: leaves_by(routes, ipaddress.ip_address(host)) for host in hosts}
    return {host: None if way is None else way.interface for host, way in found.items()}


def answer(request: dict[str, Any], config: GatewayConfig, held: ExitStack) -> Any:
    """Does what one line asks for."""
    match request["do"]:
        case "become_nobody":
            become_nobody()
            return os.getuid()
        case "open":
            open_sockets(request["sockets"], held)
            return len(request["sockets"])
        case "connect":
            connect(request["sockets"], held)
            return len(request["sockets"])
        case "ways":
            return ways(request["hosts"])
        case "interfaces":
            found = NetworkView().interfaces()
            return None if found is None else {each.name: each.kind for each in found}
        case "listeners":
            return {each.port: each.local for each in NetworkView().listeners() or ()}
        case "look":
            return [look_around(config) for _ in range(request["times"])]
    raise ValueError(request)


def main() -> None:
    """Argument: the folder of the configuration."""
    config = load(pathlib.Path(sys.argv[1]) / "agent.toml")
    with ExitStack() as held:
        for line in sys.stdin:
            sys.stdout.write(json.dumps(answer(json.loads(line), config, held)) + "\n")
            sys.stdout.flush()


if __name__ == "__main__":
    main()
