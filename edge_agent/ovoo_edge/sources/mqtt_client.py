"""paho's client with a receive path of our own: blocks instead of single bytes, acknowledgements in one piece.

paho keeps what it is good at: connecting, TLS, the keep-alive, its thread and every packet that is not a message. It
reads a packet's head byte by byte, which costs three system calls a message; here one call brings many messages.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import paho.mqtt.client as paho
from paho.mqtt.enums import MQTTErrorCode
from paho.mqtt.exception import MalformedPacket

from ovoo_edge.sources.mqtt_packets import Message, PacketSplitter, puback_block

__all__ = ["BlockClient"]

_PUBACK = 0x40
_BLOCK_BYTES = 65_536
_BLOCKS_A_TURN = 8


class BlockClient(paho.Client):
    """A client that gives QoS 0 and 1 messages to `take`, many at once, and never to `on_message`.

    Args:
        take: gets the messages of a block, in paho's thread.
        broken: hears why the stream cannot be read any further, before the connection is ended.
        wall_ns: UTC now in nanoseconds; called in paho's thread.
        options: paho's own.
    """

    def __init__(
        self,
        take: Callable[[list[Message]], None],
        broken: Callable[[Exception], None],
        wall_ns: Callable[[], int],
        **options: Any,
    ) -> None:
        super().__init__(**options)
        self._take_messages = take
        self._broken = broken
        self._wall_ns = wall_ns
        self._splitter = PacketSplitter(options.get("protocol") == paho.MQTTv5)

    def acknowledge(self, messages: Sequence[Message]) -> None:
        """Sends the acknowledgements of these messages, in their order."""
        mids = [message.mid for message in messages if message.qos == 1]
        if mids:
            self._packet_queue(_PUBACK, puback_block(mids), mids[-1], 1)
        for message in messages:
            if message.qos == 2:
                self.ack(message.mid, message.qos)

    def _packet_read(self) -> MQTTErrorCode:
        """Overrides paho's: reads what is there, a few blocks at most: writing and keep-alive want their turn."""
        for _ in range(_BLOCKS_A_TURN):
            try:
                block = self._sock_recv(_BLOCK_BYTES)
            except BlockingIOError:
                return MQTTErrorCode.MQTT_ERR_AGAIN
            except OSError:
                return MQTTErrorCode.MQTT_ERR_CONN_LOST
            if not block:
                return MQTTErrorCode.MQTT_ERR_CONN_LOST
            with self._msgtime_mutex:
                self._last_bytes_received = paho.time_func()  # the clock of its keep-alive
            result = self._read_block(block)
            if result or self._sock is None:
                return result
        return MQTTErrorCode.MQTT_ERR_SUCCESS

    def _sock_recv(self, bufsize: int) -> bytes:
        """Overrides paho's, which asks for TLS's exceptions, and so for all of TLS, whenever nothing is there."""
        connection = self._sock
        if self._ssl or connection is None:
            return super()._sock_recv(bufsize)
        return connection.recv(bufsize)

    def _read_block(self, block: bytes) -> MQTTErrorCode:
        try:
            packets = self._splitter.split(block, self._wall_ns)
        except Exception as error:
            self._broken(error)
            return MQTTErrorCode.MQTT_ERR_PROTOCOL
        messages: list[Message] = []
        for packet in packets:
            if isinstance(packet, Message):
                messages.append(packet)
                continue
            self._take_messages(messages)
            messages = []
            result = self._other_packet(*packet)
            if result or self._sock is None:
                return result
        self._take_messages(messages)
        return MQTTErrorCode.MQTT_ERR_SUCCESS

    def _other_packet(self, first: int, body: bytes) -> MQTTErrorCode:
        """What paho does once a packet is complete."""
        self._in_packet["command"] = first
        self._in_packet["packet"] = bytearray(body)
        self._in_packet["remaining_length"] = len(body)
        self._in_packet["pos"] = 0
        try:
            return self._packet_handle()
        except MalformedPacket:
            return MQTTErrorCode.MQTT_ERR_PROTOCOL
        finally:
            self._in_packet["command"] = 0
            self._in_packet["packet"] = bytearray()
            self._in_packet["remaining_length"] = 0
