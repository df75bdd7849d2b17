"""The network as the gateway stands in it, for a diagnosis: what it can see without rights, and nothing it cannot.

A fact that is not seen is absent, never "no". No address and no host name is told, and a firewall is never guessed at:
its rules are not readable without rights.
"""

from __future__ import annotations

import collections
import ipaddress
import socket
import urllib.parse
from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final

from ovoo_edge.config import GatewayConfig
from ovoo_edge.network_view import Listener, NetworkView, Route, leaves_by
from ovoo_edge.sinks.settings import InfluxSinkSettings, MqttSinkSettings, SinkSettings
from ovoo_edge.sources.settings import MqttSettings, OpcUaSettings

__all__ = ["look_around"]

IpAddress = ipaddress.IPv4Address | ipaddress.IPv6Address
Resolve = Callable[[str], IpAddress | None]
_MOST_PORTS: Final = 50


def resolve_host(host: str) -> IpAddress | None:
    """The first address of a host; None where the name is not known now."""
    try:
        return ipaddress.ip_address(host)
    except ValueError:
        pass
    try:
        return ipaddress.ip_address(socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)[0][4][0])
    except (OSError, ValueError, UnicodeError):
        return None


def look_around(
    config: GatewayConfig, view: NetworkView | None = None, resolve: Resolve = resolve_host
) -> dict[str, Any]:
    """Interfaces by kind, uplinks, sources and listening ports as plain data.

    Args:
        config: of the gateway.
        view: of the system; None takes the machine's own.
        resolve: gives the address of a host, or None.
    """
    view = view or NetworkView()
    facts: dict[str, Any] = {}
    interfaces, routes = view.interfaces(), view.routes()
    kinds = {each.name: each.kind for each in interfaces or ()}
    if interfaces is not None:
        facts["interfaces"] = dict(sorted(collections.Counter(kinds.values()).items()))
    ways = {sink.name: _way(_sink_host(sink), routes, resolve) for sink in config.sinks}
    facts["uplinks"] = [_uplink(sink, ways[sink.name], kinds) for sink in config.sinks if sink.scope == "region"]
    out = _ways_out(way for sink in config.sinks if sink.scope == "region" and (way := ways[sink.name]) is not None)
    live = [each for each in config.sources if isinstance(each, (OpcUaSettings, MqttSettings))]
    found = {each.name: _way(_source_host(each), routes, resolve) for each in live}
    facts["sources"] = [_source(each, found[each.name], out) for each in live]
    seen = [way.interface for way in found.values() if way is not None and way.interface != "lo"]
    if routes is not None and seen:
        defaults = {each.interface for each in routes if each.is_default}
        facts["default_route_on_ot"] = bool(defaults & set(seen))
    for name, listeners in (("listening", view.listeners()), ("datagrams", view.listeners("udp"))):
        if listeners is not None:
            facts[name] = _ports(listeners)
    return facts


def _ports(listeners: Iterable[Listener]) -> dict[str, Any]:
    """Those that others reach, each; those of the machine only, counted."""
    outside = [each.port for each in listeners if not each.local]
    return {"outside": outside[:_MOST_PORTS], "local": sum(each.local for each in listeners)}


def _sink_host(sink: SinkSettings) -> str:
    if isinstance(sink, MqttSinkSettings):
        return sink.host
    return (urllib.parse.urlsplit(sink.url).hostname or "") if isinstance(sink, InfluxSinkSettings) else ""


def _source_host(source: OpcUaSettings | MqttSettings) -> str:
    if isinstance(source, OpcUaSettings):
        return urllib.parse.urlsplit(source.endpoint).hostname or ""
    return source.host


def _way(host: str, routes: tuple[Route, ...] | None, resolve: Resolve) -> Route | None:
    """The route by which a host is reached; loopback is none of the tables but known."""
    address = resolve(host) if host else None
    if address is None:
        return None
    if address.is_loopback:
        return Route(ipaddress.ip_network(f"{address}/{address.max_prefixlen}"), "lo", 0)
    return None if routes is None else leaves_by(routes, address)


def _ways_out(ways: Iterable[Route]) -> list[Route]:
    """Without those that end on this machine: where a relay on it sends things further is not seen."""
    return [each for each in ways if each.interface != "lo"]


def _uplink(sink: SinkSettings, way: Route | None, kinds: Mapping[str, str]) -> dict[str, Any]:
    told: dict[str, Any] = {"name": sink.name, "driver": sink.driver}
    if way is not None:
        told["kind"] = kinds.get(way.interface, "loopback" if way.interface == "lo" else "unknown")
    if isinstance(sink, MqttSinkSettings):
        told.update(tls=sink.ca_file is not None, certificate=sink.certificate_file is not None)
    elif isinstance(sink, InfluxSinkSettings):
        told["tls"] = sink.url.startswith("https://")
    return told


def _source(source: OpcUaSettings | MqttSettings, way: Route | None, uplinks: list[Route]) -> dict[str, Any]:
    told: dict[str, Any] = {"name": source.name, "driver": source.driver}
    if isinstance(source, OpcUaSettings):
        told.update(plain=source.security_mode != "SignAndEncrypt", policy=source.security_policy)
        told["mode"] = source.security_mode
        user = "certificate" if source.user_certificate is not None else "password" if source.user else "anonymous"
    else:
        told["plain"] = source.tls is None
        certified = source.tls is not None and source.tls.certificate is not None
        user = "certificate" if certified else "password" if source.user else "anonymous"
    told["user"] = user
    if way is not None and (uplinks or way.interface == "lo"):
        told["segment"] = _segment(way, uplinks)
    return told


def _segment(way: Route, uplinks: list[Route]) -> str:
    """How a source stands to the uplinks: on this machine, or by another interface, another network, the same one."""
    if way.interface == "lo":
        return "this_machine"
    if all(each.interface != way.interface for each in uplinks):
        return "other_interface"
    return "same_network" if any(each.network == way.network for each in uplinks) else "other_network"
