"""The demo's embedded MQTT broker (amqtt), run by its own environment: loopback only, passwords, topics per user.

Usage: python broker.py SETTINGS.json, where the file holds {"port": int, "users": {name: {"password": str,
"publish": [filter], "subscribe": [filter]}}}. Production sites run Mosquitto with the files in docker/.
"""

from __future__ import annotations

import asyncio
import hmac
import json
import logging
import pathlib
import signal
import sys
from dataclasses import dataclass, field
from typing import Any

from amqtt.broker import Broker
from amqtt.contexts import Action, BrokerConfig
from amqtt.plugins.base import BaseAuthPlugin, BaseTopicPlugin
from amqtt.session import Session


class UserTable(BaseAuthPlugin):
    """Lets in the users of the settings file and nobody else."""

    @dataclass
    class Config:
        """The user table of the settings file."""

        users: dict[str, Any] = field(default_factory=dict)

    async def authenticate(self, *, session: Session) -> bool:
        """True when name and password match."""
        user = self.config.users.get(session.username or "")
        if user is None:
            return False
        return hmac.compare_digest(str(user["password"]).encode(), str(session.password or "").encode())


class TopicTable(BaseTopicPlugin):
    """Each user publishes and subscribes only what the settings file lists for it."""

    @dataclass
    class Config:
        """The user table of the settings file."""

        users: dict[str, Any] = field(default_factory=dict)

    async def topic_filtering(
        self, *, session: Session | None = None, topic: str | None = None, action: Action | None = None
    ) -> bool:
        """True when a listed filter covers the topic."""
        user = self.config.users.get((session.username if session else None) or "")
        if user is None or topic is None:
            return False
        if action == Action.RECEIVE:
            return True
        allowed = user["publish"] if action == Action.PUBLISH else user["subscribe"]
        return any(covers(pattern, topic) for pattern in allowed)


def covers(pattern: str, topic: str) -> bool:
    """True when the MQTT filter `pattern` covers the topic or filter `topic`."""
    levels, wanted = topic.split("/"), pattern.split("/")
    for index, part in enumerate(wanted):
        if part == "#":
            return True
        if index >= len(levels) or part not in ("+", levels[index]):
            return False
    return len(levels) == len(wanted)


async def serve(settings: dict[str, Any]) -> None:
    """Runs the broker until SIGTERM or SIGINT."""
    users = settings["users"]
    here = UserTable.__module__
    config = {
        "listeners": {"default": {"type": "tcp", "bind": f"127.0.0.1:{settings['port']}"}},
        "plugins": {f"{here}.UserTable": {"users": users}, f"{here}.TopicTable": {"users": users}},
    }
    broker = Broker(BrokerConfig.from_dict(config))
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    await broker.start()
    print("broker: ready", flush=True)
    await stop.wait()
    await broker.shutdown()


if __name__ == "__main__":
    logging.basicConfig(level=logging.WARNING)
    logging.getLogger("amqtt").setLevel(logging.ERROR)
    asyncio.run(serve(json.loads(pathlib.Path(sys.argv[1]).read_text(encoding="utf-8"))))
