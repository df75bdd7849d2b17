"""What Linux tells anybody of the machine's network: kinds of interfaces, routes, listening ports. No rights needed."""

from __future__ import annotations

import ipaddress
import os
import pathlib
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final, Literal

__all__ = ["Interface", "Listener", "NetworkView", "Route", "leaves_by"]

Kind = Literal["wired", "wireless", "cellular", "tunnel", "virtual", "loopback", "unknown"]
Transport = Literal["tcp", "udp"]
Network = ipaddress.IPv4Network | ipaddress.IPv6Network
IpAddress = ipaddress.IPv4Address | ipaddress.IPv6Address
_ETHERNET, _PPP, _LOOPBACK, _NONE, _RAW_IP = 1, 512, 772, 65534, 519
"""ARPHRD_* of <linux/if_arp.h>: what stands in /sys/class/net/*/type."""
_STATES: Final[Mapping[Transport, bytes]] = {"tcp": b"0A", "udp": b"07"}
"""TCP_LISTEN, and TCP_CLOSE, in which a bound datagram socket without a peer stands."""
_UP, _REJECT, _ANYCAST, _LOCAL = 0x1, 0x200, 0x00100000, 0x80000000
"""RTF_* of <linux/route.h> and <linux/ipv6_route.h>."""
_LOOKS: Final = 3


@dataclass(frozen=True, slots=True)
class Interface:
    """One interface; `kind` is unknown where the system does not say."""

    name: str
    kind: Kind


@dataclass(frozen=True, slots=True)
class Route:
    """Where packets to a network leave: by `interface`, which is `lo` for the machine's own addresses.

    `interface` is empty where the system refuses such packets (blackhole, unreachable, prohibit).
    """

    network: Network
    interface: str
    metric: int

    @property
    def is_default(self) -> bool:
        """Whether it takes what no other route does."""
        return self.network.prefixlen == 0


@dataclass(frozen=True, slots=True)
class Listener:
    """A port on which somebody on this machine takes what comes; `local` ones are reached from the machine only."""

    port: int
    local: bool


class NetworkView:
    """A look at /sys/class/net and /proc/self/net.

    The second is not /proc/net: a service with `ProcSubset=pid` has none.

    Args:
        root: where they hang; another folder in tests.
    """

    def __init__(self, root: pathlib.Path = pathlib.Path("/")) -> None:
        self._devices = root / "sys" / "class" / "net"
        self._tables = root / "proc" / "self" / "net"

    def interfaces(self) -> tuple[Interface, ...] | None:
        """By name, up or down; None where the system does not show them, or shows those of another namespace."""
        for _ in range(_LOOKS):  # some come and go meanwhile
            found = self._devices_now()
            own = self._names()
            if found is None or own is None or {each.name for each in found} == own:
                return found
        return None

    def _devices_now(self) -> tuple[Interface, ...] | None:
        try:
            names = sorted(path.name for path in self._devices.iterdir() if path.is_dir())
        except OSError:
            return None
        kinds = ((name, self._kind(self._devices / name)) for name in names)
        return tuple(Interface(name, kind) for name, kind in kinds if kind is not None)

    def _names(self) -> set[str] | None:
        """The interfaces of this process' own namespace; a /sys from outside shows others."""
        told = _read(self._tables / "dev")
        return None if told is None else {os.fsdecode(line.partition(b":")[0].strip()) for line in _lines(told)[2:]}

    def _kind(self, folder: pathlib.Path) -> Kind | None:
        """None where it is gone by now."""
        told = _read(folder / "type")
        if told is None:
            return None
        device = dict(line.partition(b"=")[::2] for line in _lines(_read(folder / "uevent") or b""))
        number, sort = int(told), device.get(b"DEVTYPE")
        if number == _LOOPBACK:
            return "loopback"
        if sort == b"wlan" or os.path.exists(folder / "wireless") or os.path.exists(folder / "phy80211"):
            return "wireless"
        if sort == b"wwan" or folder.name.startswith("wwan") or number in (_PPP, _RAW_IP):
            return "cellular"
        if number == _NONE:
            return "tunnel"
        if number == _ETHERNET:
            return "wired" if os.path.exists(folder / "device") else "virtual"
        return "unknown"

    def routes(self) -> tuple[Route, ...] | None:
        """Those of both address families that are up; None where the system does not show them.

        Tables that rules of the system name beside its main one are not shown to anybody without rights.
        """
        four, six = _read(self._tables / "route"), _read(self._tables / "ipv6_route")
        if four is None and six is None:
            return None
        own = _read(self._tables / "fib_trie") or b""
        return (*_own_4(own), *_routes_4(four or b""), *_routes_6(six or b""))

    def listeners(self, transport: Transport = "tcp") -> tuple[Listener, ...] | None:
        """By port, once each: a port that is reached from outside counts as that. None where nothing is shown."""
        four, six = _read(self._tables / transport), _read(self._tables / f"{transport}6")
        if four is None and six is None:
            return None
        found: dict[int, bool] = {}
        for line in (*_lines(four or b"")[1:], *_lines(six or b"")[1:]):
            parts = line.split()
            if len(parts) > 3 and parts[3] == _STATES[transport]:
                address, _, port = parts[1].partition(b":")
                found[int(port, 16)] = found.get(int(port, 16), True) and _address(address).is_loopback
        return tuple(Listener(port, found[port]) for port in sorted(found))


def leaves_by(routes: tuple[Route, ...], address: IpAddress) -> Route | None:
    """The route of an address: the longest prefix, then the smallest metric; None where there is none.

    An address that is valid on one link only names that link (`fe80::1%eth0`), else nobody can tell.
    """
    if isinstance(address, ipaddress.IPv6Address) and address.ipv4_mapped is not None:
        address = address.ipv4_mapped
    fitting = [each for each in routes if each.network.version == address.version and address in each.network]
    if isinstance(address, ipaddress.IPv6Address) and address.is_link_local:
        fitting = [each for each in fitting if each.interface in (address.scope_id, "lo")]
    found = min(fitting, key=lambda each: (-each.network.prefixlen, each.metric), default=None)
    return None if found is None or not found.interface else found


def _read(path: pathlib.Path) -> bytes | None:
    """As bytes: a name may hold what Unicode takes for a space or the end of a line, and the kernel does not."""
    try:
        return path.read_bytes().strip()
    except OSError:
        return None


def _lines(told: bytes) -> list[bytes]:
    return told.split(b"\n") if told else []


def _own_4(told: bytes) -> Iterator[Route]:
    """What the local table holds, which is asked before any other."""
    within, leaf = False, b""
    for line in _lines(told):
        words = line.split()
        if not line.startswith(b" "):
            within = line == b"Local:"
        elif within and words[0] == b"|--":
            leaf = words[1]
        elif within and b"LOCAL" in words:
            yield Route(ipaddress.ip_network((leaf.decode(), int(words[0][1:]))), "lo", 0)


def _routes_4(told: bytes) -> Iterator[Route]:
    for line in _lines(told)[1:]:
        name, target, _, flags, _, _, metric, mask, *_ = line.split()
        if int(flags, 16) & _UP:
            network = ipaddress.ip_network((_address(target).packed, int(mask, 16).bit_count()))
            refused = int(flags, 16) & _REJECT or name == b"*"  # a blackhole has no device and no flag
            yield Route(network, "" if refused else os.fsdecode(name), int(metric))


def _routes_6(told: bytes) -> Iterator[Route]:
    for line in _lines(told):
        target, prefix, _, _, _, metric, _, _, bits, name = line.split()
        flags = int(bits, 16)
        if flags & _UP or flags & _REJECT:
            network = ipaddress.ip_network((bytes.fromhex(target.decode()), int(prefix, 16)))
            interface = "" if flags & _REJECT else "lo" if flags & (_LOCAL | _ANYCAST) else os.fsdecode(name)
            yield Route(network, interface, int(metric, 16))


def _address(told: bytes) -> IpAddress:
    """The kernel prints addresses as 32-bit words in the machine's own order."""
    raw = bytes.fromhex(told.decode())
    if sys.byteorder == "little":
        raw = b"".join(raw[at : at + 4][::-1] for at in range(0, len(raw), 4))
    found = ipaddress.ip_address(raw)
    if isinstance(found, ipaddress.IPv6Address) and found.ipv4_mapped is not None:
        return found.ipv4_mapped
    return found
