"""JSON messages to columns: the reader of each topic is made once, values are appended to arrays."""

from __future__ import annotations

from collections.abc import Sequence

from ovoo_contract.errors import PayloadError

from ovoo_edge.sources._mqtt_select import MessageReader
from ovoo_edge.sources.base import SignalMap
from ovoo_edge.sources.mqtt_columns import Columns
from ovoo_edge.sources.mqtt_plan import Topics, make_plan
from ovoo_edge.sources.settings_mqtt import MqttSettings

__all__ = ["Columns", "PayloadMapper"]

_MOST_TOPICS = 20_000


class PayloadMapper:
    """Knows which signals a topic carries and where in its JSON they stand.

    Args:
        settings: mapping rules.
        signals: those with a `reference` are found by topic and path, the others by the topic template.

    Raises:
        ConfigErrors: a signal has neither topic nor template, or its topic holds a wildcard.
    """

    def __init__(self, settings: MqttSettings, signals: Sequence[SignalMap]) -> None:
        self._plan = make_plan(settings)
        self._largest = settings.max_payload_bytes
        self._topics = Topics(settings, signals)
        self._readers: dict[str, MessageReader | None] = {}

    def topic_filters(self) -> tuple[str, ...]:
        """The filters that cover every signal: their topics, and the template with its placeholders as `+`."""
        return self._topics.filters()

    def add(self, topic: str, payload: bytes, receive_ns: int, columns: Columns) -> None:
        """Appends the samples of one message, all or none.

        Raises:
            PayloadError: the message cannot be read, with the reason.
        """
        if len(payload) > self._largest:
            raise PayloadError(
                "payload is too large", offender=topic, value=len(payload), remedy=f"at most {self._largest} bytes"
            )
        reader = self._readers[topic] if topic in self._readers else self._make_reader(topic)
        if reader is None:
            raise PayloadError("no signal is mapped to this topic", offender=topic)
        reader.read(payload, topic, receive_ns, columns)

    def _make_reader(self, topic: str) -> MessageReader | None:
        if len(self._readers) >= _MOST_TOPICS:
            self._readers.clear()
        route = self._topics.route(topic)
        reader = self._readers[topic] = None if route is None else MessageReader(self._plan, route)
        return reader
