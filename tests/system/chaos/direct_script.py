"""A collector as many plants have one: subscription, callback, each value to InfluxDB, nothing kept on disk."""

from __future__ import annotations

import argparse
import asyncio
import json
import math
import pathlib
import queue
import threading
import urllib.error
import urllib.request
from typing import Any

import paho.mqtt.client as paho
from asyncua.client.client import Client
from ovoo_contract.address import Address
from ovoo_contract.schema import database_name
from paho.mqtt.enums import CallbackAPIVersion

__all__ = ["main"]

_Point = tuple[str, str]
"""Database and line of line protocol."""


class _Writer:
    """Writes what is in the queue; what the store does not take is gone."""

    def __init__(self, url: str) -> None:
        self._url = url
        self.queue: queue.Queue[_Point] = queue.Queue()

    def run(self) -> None:
        while True:
            points = [self.queue.get()]
            while not self.queue.empty() and len(points) < 5000:
                points.append(self.queue.get())
            for database in {name for name, _ in points}:
                self._post(database, "\n".join(line for name, line in points if name == database))

    def _post(self, database: str, body: str) -> None:
        try:
            with urllib.request.urlopen(f"{self._url}/write?db={database}&precision=ns", body.encode(), timeout=5):
                pass
        except (urllib.error.URLError, ConnectionError, TimeoutError) as error:
            print(f"not written: {error}", flush=True)


class _Handler:
    """asyncua calls it for every value."""

    def __init__(self, addresses: dict[str, str], writer: _Writer) -> None:
        self._addresses = addresses
        self._writer = writer

    def datachange_notification(self, node: Any, value: Any, data: Any) -> None:
        found = data.monitored_item.Value
        if found.SourceTimestamp is not None:
            time_ns = round(found.SourceTimestamp.timestamp() * 1e6) * 1000
            number = math.nan if value is None else float(value)
            address = self._addresses[node.nodeid.Identifier]
            self._writer.queue.put(_point(address, number, found.StatusCode.value, time_ns))


def _point(address: str, value: float, quality: int, time_ns: int) -> _Point:
    parsed = Address.parse(address)
    number = "" if math.isnan(value) else f"value={value!r},"
    tags = f"site={parsed.site},asset={parsed.asset_path},signal={parsed.signal}"
    return database_name(parsed.enterprise), f"telemetry,{tags} {number}quality={quality}i {time_ns}"


async def _collect_opcua(endpoint: str, signals: list[dict[str, str]], writer: _Writer) -> None:
    names = {signal["reference"].partition(";s=")[2]: signal["address"] for signal in signals}
    namespace = signals[0]["reference"].partition(";s=")[0].removeprefix("nsu=")
    while True:
        try:
            async with Client(endpoint, timeout=5) as client:
                index = await client.get_namespace_index(namespace)
                subscription = await client.create_subscription(500, _Handler(names, writer))
                await subscription.subscribe_data_change([client.get_node(f"ns={index};s={name}") for name in names])
                while True:
                    await client.check_connection()
                    await asyncio.sleep(1)
        except Exception as error:  # as such scripts do: whatever it was, once more
            print(f"opcua: {error!r}", flush=True)
            await asyncio.sleep(1)


def _collect_mqtt(host: str, port: int, signals: list[dict[str, str]], writer: _Writer) -> None:
    addresses = {(signal["reference"], signal["key"]): signal["address"] for signal in signals}
    client = paho.Client(CallbackAPIVersion.VERSION2, client_id="direct-script")

    def connected(client: paho.Client, *_arguments: object) -> None:
        client.subscribe([(topic, 1) for topic in {topic for topic, _ in addresses}])

    def received(_client: object, _data: object, message: paho.MQTTMessage) -> None:
        body = json.loads(message.payload)
        for name, value in body["values"].items():
            address = addresses.get((message.topic, name))
            if address is not None:
                writer.queue.put(_point(address, float(value), 0, body["ts"] * 1_000_000))

    client.on_connect = connected
    client.on_message = received
    client.connect_async(host, port, keepalive=5)
    client.loop_start()


def main() -> None:
    """Runs until it is killed."""
    parser = argparse.ArgumentParser()
    parser.add_argument("settings", type=pathlib.Path)
    settings = json.loads(parser.parse_args().settings.read_text(encoding="utf-8"))
    writer = _Writer(settings["store"])
    threading.Thread(target=writer.run, daemon=True).start()
    by_transport = {
        name: [signal for signal in settings["signals"] if signal["transport"] == name] for name in ("opcua", "mqtt")
    }
    host, port = settings["mqtt"]
    _collect_mqtt(host, port, by_transport["mqtt"], writer)
    asyncio.run(_collect_opcua(settings["opcua"], by_transport["opcua"], writer))


if __name__ == "__main__":
    main()
