"""What Linux tells anybody of the machine's network: kinds of interfaces, routes, listening ports. No rights needed."""

from __future__ import annotations

import ipaddress
import pathlib
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final, Literal

__all__ = ["Interface", "Listener", "NetworkView", "Route", "leaves_by"]

Kind = Literal["wired", "wireless", "cellular", "tunnel", "virtual", "loopback", "unknown"]
Network = ipaddress.IPv4Network | ipaddress.IPv6Network
IpAddress = ipaddress.IPv4Address | ipaddress.IPv6Address
_ETHERNET, _PPP, _LOOPBACK, _NONE, _RAW_IP = 1, 512, 772, 65534, 519
"""ARPHRD_* of <linux/if_arp.h>: what stands in /sys/class/net/*/type."""
_LISTENING: Final = "0A"
_UP: Final = 0x1
_REJECT: Final = 0x200


@dataclass(frozen=True, slots=True)
class Interface:
    """One interface; `kind` is unknown where the system does not say."""

    name: str
    kind: Kind


@dataclass(frozen=True, slots=True)
class Route:
    """Where packets to a network leave."""

    network: Network
    interface: str
    metric: int

    @property
    def is_default(self) -> bool:
        """Whether it takes what no other route does."""
        return self.network.prefixlen == 0


@dataclass(frozen=True, slots=True)
class Listener:
    """A TCP port that somebody on this machine listens on; `local` ones are reached from the machine only."""

    port: int
    local: bool


class NetworkView:
    """A look at /sys/class/net and /proc/net.

    Args:
        root: where they hang; another folder in tests.
    """

    def __init__(self, root: pathlib.Path = pathlib.Path("/")) -> None:
        self._devices = root / "sys" / "class" / "net"
        self._tables = root / "proc" / "net"

    def interfaces(self) -> tuple[Interface, ...] | None:
        """By name; None where the system does not show them."""
        try:
            names = sorted(path.name for path in self._devices.iterdir() if path.is_dir())
        except OSError:
            return None
        return tuple(Interface(name, self._kind(self._devices / name)) for name in names)

    def _kind(self, folder: pathlib.Path) -> Kind:
        told = _read(folder / "type")
        device = dict(line.partition("=")[::2] for line in (_read(folder / "uevent") or "").splitlines())
        if told == str(_LOOPBACK):
            return "loopback"
        if device.get("DEVTYPE") == "wlan" or (folder / "wireless").is_dir() or (folder / "phy80211").exists():
            return "wireless"
        if device.get("DEVTYPE") == "wwan" or folder.name.startswith("wwan") or told in (str(_PPP), str(_RAW_IP)):
            return "cellular"
        if told == str(_NONE):
            return "tunnel"
        if told == str(_ETHERNET):
            return "wired" if (folder / "device").exists() else "virtual"
        return "unknown"

    def routes(self) -> tuple[Route, ...] | None:
        """Those of both address families that are up; None where the system does not show them."""
        four, six = _read(self._tables / "route"), _read(self._tables / "ipv6_route")
        if four is None and six is None:
            return None
        return (*_routes_4(four or ""), *_routes_6(six or ""))

    def listeners(self) -> tuple[Listener, ...] | None:
        """By port, once each: a port that is reached from outside counts as that."""
        four, six = _read(self._tables / "tcp"), _read(self._tables / "tcp6")
        if four is None and six is None:
            return None
        found: dict[int, bool] = {}
        for line in (*(four or "").splitlines()[1:], *(six or "").splitlines()[1:]):
            parts = line.split()
            if len(parts) > 3 and parts[3] == _LISTENING:
                address, _, port = parts[1].partition(":")
                found[int(port, 16)] = found.get(int(port, 16), True) and _address(address).is_loopback
        return tuple(Listener(port, found[port]) for port in sorted(found))


def leaves_by(routes: tuple[Route, ...], address: IpAddress) -> Route | None:
    """The route of an address: the longest prefix, then the smallest metric; None where there is none."""
    if isinstance(address, ipaddress.IPv6Address) and address.ipv4_mapped is not None:
        address = address.ipv4_mapped
    fitting = [each for each in routes if each.network.version == address.version and address in each.network]
    return min(fitting, key=lambda each: (-each.network.prefixlen, each.metric), default=None)


def _read(path: pathlib.Path) -> str | None:
    try:
        return path.read_text(encoding="ascii", errors="replace").strip()
    except OSError:
        return None


def _routes_4(text: str) -> Iterator[Route]:
    for line in text.splitlines()[1:]:
        name, target, _, flags, _, _, metric, mask, *_ = line.split()
        if int(flags, 16) & _UP and not int(flags, 16) & _REJECT:
            prefix = int(mask, 16).bit_count()
            yield Route(ipaddress.ip_network((_address(target).packed, prefix)), name, int(metric))


def _routes_6(text: str) -> Iterator[Route]:
    for line in text.splitlines():
        target, prefix, _, _, _, metric, _, _, flags, name = line.split()
        if int(flags, 16) & _UP and not int(flags, 16) & _REJECT and name != "lo":
            network = ipaddress.ip_network((bytes.fromhex(target), int(prefix, 16)))
            yield Route(network, name, int(metric, 16))


def _address(text: str) -> IpAddress:
    """The kernel prints addresses as 32-bit words in the machine's own order."""
    raw = bytes.fromhex(text)
    if sys.byteorder == "little":
        raw = b"".join(raw[at : at + 4][::-1] for at in range(0, len(raw), 4))
    found = ipaddress.ip_address(raw)
    if isinstance(found, ipaddress.IPv6Address) and found.ipv4_mapped is not None:
        return found.ipv4_mapped
    return found
