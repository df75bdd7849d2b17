"""How each kind of fault begins and ends. A strike is a context manager: the fault lasts as long as its body."""

from __future__ import annotations

import signal
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager

from tests.servers.process import ServerUnavailable
from tests.system.chaos.faults import Fault
from tests.system.chaos.shim import Shim
from tests.system.chaos.volume import Volume
from tests.system.chaos.world import World

__all__ = ["STRIKES", "Scar"]

_SLOW_BYTES_S = 20_000.0


class Scar:
    """For the audit: since when and until when samples were unacknowledged as the OPC UA server stopped, or 0."""

    owed_since_ns = 0
    cut_short_ns = 0


Strike = Callable[[World, Fault, Scar], AbstractContextManager[None]]


@contextmanager
def _kill(world: World, fault: Fault, _scar: Scar) -> Iterator[None]:
    process = world.parts[fault.target].process
    process.kill()
    yield
    world.start_again(fault.target, process)


@contextmanager
def _down(world: World, fault: Fault, _scar: Scar) -> Iterator[None]:
    process = world.parts[fault.target].process
    process.stop()
    yield
    world.start_again(fault.target, process)


@contextmanager
def _freeze(world: World, fault: Fault, _scar: Scar) -> Iterator[None]:
    process = world.parts[fault.target].process
    process.send(signal.SIGSTOP)
    yield
    process.send(signal.SIGCONT)


@contextmanager
def _clock_jump(world: World, fault: Fault, _scar: Scar) -> Iterator[None]:
    shim = _shim(world, fault)
    shim.shift_clock(round(fault.size * 1e9))
    yield
    shim.shift_clock(0)


@contextmanager
def _slow_disk(world: World, fault: Fault, _scar: Scar) -> Iterator[None]:
    shim = _shim(world, fault)
    shim.delay_sync(fault.size)
    yield
    shim.delay_sync(0.0)


@contextmanager
def _disk_full(world: World, fault: Fault, _scar: Scar) -> Iterator[None]:
    volume = _volume(world, fault)
    volume.fill()
    yield
    volume.empty()


@contextmanager
def _read_only(world: World, fault: Fault, _scar: Scar) -> Iterator[None]:
    volume, process = _volume(world, fault), world.parts[fault.target].process
    volume.fail_read_only()
    yield
    process.kill()
    volume.repair()
    world.start_again(fault.target, process)


@contextmanager
def _cut(world: World, fault: Fault, _scar: Scar) -> Iterator[None]:
    link = world.links[fault.target]
    link.cut()
    yield
    link.cut()


@contextmanager
def _refuse(world: World, fault: Fault, _scar: Scar) -> Iterator[None]:
    link = world.links[fault.target]
    link.refuse()
    yield
    link.refuse(False)


@contextmanager
def _half_open(world: World, fault: Fault, _scar: Scar) -> Iterator[None]:
    world.links[fault.target].half_open()
    yield


@contextmanager
def _stall(world: World, fault: Fault, _scar: Scar) -> Iterator[None]:
    link = world.links[fault.target]
    link.stall()
    yield
    link.resume()


@contextmanager
def _swallow(world: World, fault: Fault, _scar: Scar) -> Iterator[None]:
    link = world.links[fault.target]
    link.stall()
    yield
    link.cut()
    link.resume()


@contextmanager
def _slow(world: World, fault: Fault, _scar: Scar) -> Iterator[None]:
    link = world.links[fault.target]
    link.delay_s, link.rate_bytes_s = fault.size, _SLOW_BYTES_S
    yield
    link.delay_s, link.rate_bytes_s = 0.0, 0.0


@contextmanager
def _namespaces(world: World, _fault: Fault, scar: Scar) -> Iterator[None]:
    _stop_server(world, scar)
    yield
    _start_server(world, move_namespaces=True)


@contextmanager
def _certificate(world: World, _fault: Fault, scar: Scar) -> Iterator[None]:
    world.collector.trust(world.server.next_certificate())
    _stop_server(world, scar)
    yield
    _start_server(world, move_namespaces=False)


def _stop_server(world: World, scar: Scar) -> None:
    scar.owed_since_ns = world.server.stop()
    scar.cut_short_ns = time.time_ns() if scar.owed_since_ns else 0
    world.gate.refuse()  # nobody shall see the nodes before their first values


def _start_server(world: World, *, move_namespaces: bool) -> None:
    world.server.come_back(move_namespaces)
    world.gate.refuse(False)


def _shim(world: World, fault: Fault) -> Shim:
    shim = world.parts[fault.target].shim
    if shim is None:
        raise ServerUnavailable(f"{fault.target} has no shim")
    return shim


def _volume(world: World, fault: Fault) -> Volume:
    volume = world.parts[fault.target].volume
    if volume is None:
        raise ServerUnavailable(f"{fault.target} has no volume")
    return volume


STRIKES: Mapping[str, Strike] = {
    "kill": _kill,
    "down": _down,
    "freeze": _freeze,
    "clock_jump": _clock_jump,
    "slow_disk": _slow_disk,
    "disk_full": _disk_full,
    "read_only": _read_only,
    "cut": _cut,
    "refuse": _refuse,
    "half_open": _half_open,
    "stall": _stall,
    "swallow": _swallow,
    "slow": _slow,
    "namespaces": _namespaces,
    "certificate": _certificate,
}
