"""The load generator of `mqtt_ingest.py`, a process of its own: JSON with QoS 1, every acknowledgement counted.

Every message has its own time and its own values; one signal's times never repeat. It speaks MQTT 3.1.1 itself, in
blocks, because a client library would be the limit of what is measured. Packets are written before the clock starts,
and acknowledgements, which come in the order of the messages (MQTT 4.6), are compared as blocks of bytes: the processor
is the broker's. It prints one line of JSON: values per signal, acknowledged messages, its own processor time, and when
the first message left.
"""

from __future__ import annotations

import argparse
import json
import select
import socket
import sys
import time
from collections import Counter

ASSETS = 10
SIGNALS_AN_ASSET = 100
_BLOCK = 100
_WINDOW = 2000
_IDS = 65_535


class Publisher:
    """One connection; packet ids run from 1 to 65,535, and at most `_WINDOW` messages are unacknowledged."""

    def __init__(self, port: int) -> None:
        self._socket = socket.create_connection(("127.0.0.1", port), timeout=30)
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._socket.sendall(b"\x10\x10\x00\x04MQTT\x04\x02\x00\x00\x00\x04feed")
        if self._socket.recv(4) != b"\x20\x02\x00\x00":
            raise SystemExit("the broker refuses the load generator")
        self._wanted = b"".join([b"\x40\x02" + mid.to_bytes(2, "big") for mid in range(1, _IDS + 1)])
        self._taken = 0
        self._sent = 0

    @property
    def acknowledged(self) -> int:
        """Messages whose acknowledgement came."""
        return self._taken // 4

    def send(self, block: bytes, messages: int) -> None:
        """Sends packets, taking acknowledgements meanwhile, so that neither side waits for the other for ever."""
        self._sent += messages
        view = memoryview(block)
        while view:
            readable, writable, _ = select.select([self._socket], [self._socket], [], 30)
            if readable:
                self._take()
            if writable:
                view = view[self._socket.send(view) :]

    def wait(self, most: int) -> None:
        """Returns once at most so many messages are unacknowledged."""
        while self._sent - self.acknowledged > most:
            self._take()

    def _take(self) -> None:
        place = self._taken % len(self._wanted)
        data = self._socket.recv(min(65_536, len(self._wanted) - place))
        if not data or data != self._wanted[place : place + len(data)]:
            raise SystemExit(f"not the next acknowledgements: {data[:40]!r}")
        self._taken += len(data)


def packet(topic: bytes, mid: int, body: bytes) -> bytes:
    """A PUBLISH with QoS 1."""
    rest = len(topic).to_bytes(2, "big") + topic + mid.to_bytes(2, "big") + body
    length, high = len(rest) & 0x7F, len(rest) >> 7
    head = bytes([0x32, length]) if not high else bytes([0x32, length | 0x80, high])
    return head + rest


def message(number: int, values: int, start_ms: int) -> tuple[str, dict[str, float], int]:
    """(asset, values by signal, time) of the message of that number."""
    asset = number % ASSETS
    turn = number // ASSETS
    found = {}
    for place in range(values):
        signal = (turn * values + place) % SIGNALS_AN_ASSET
        found[f"s{signal}"] = round(50 + ((number * 7919 + place * 104_729) % 100_003) * 0.001, 3)
    return f"m{asset}", found, start_ms + turn


def feed(port: int, messages: int, values: int) -> dict[str, object]:
    """Sends all messages and gives the account."""
    publisher = Publisher(port)
    sent: Counter[str] = Counter()
    start_ms = time.time_ns() // 1_000_000 - messages // ASSETS - 1000
    # written before the clock starts: the processor that it shares with the broker is the broker's from then on
    packets = []
    for number in range(messages):
        asset, found, time_ms = message(number, values, start_ms)
        body = json.dumps({"ts": time_ms, "values": found}).encode()
        packets.append(packet(f"site/area/line/{asset}".encode(), number % _IDS + 1, body))
        sent.update([f"{asset}/{name}" for name in found])
    began_s, cpu_s = time.monotonic(), time.process_time()  # one clock for all processes of a machine
    for first in range(0, messages, _BLOCK):
        publisher.wait(_WINDOW)
        block = packets[first : first + _BLOCK]
        publisher.send(b"".join(block), len(block))
    publisher.wait(0)
    return {
        "began_s": began_s,
        "sent": sent,
        "acknowledged": publisher.acknowledged,
        "cpu_s": time.process_time() - cpu_s,
        "seconds": time.monotonic() - began_s,
    }


def main() -> int:
    """Feeds by the command line's figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("port", type=int)
    parser.add_argument("messages", type=int)
    parser.add_argument("values", type=int, help="in each message, 1 to 100")
    options = parser.parse_args()
    print(json.dumps(feed(options.port, options.messages, options.values)), flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
