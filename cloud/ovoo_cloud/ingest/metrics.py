"""Live counters of one ingest process as Prometheus metrics, and the small listener of a separate one."""

from __future__ import annotations

import contextlib
from collections.abc import Collection, Iterator
from typing import Final

from ovoo_contract.errors import ConfigError
from prometheus_client import CollectorRegistry, start_http_server
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from ovoo_cloud.ingest.service import IngestService

__all__ = ["IngestMetrics", "listening"]

_COUNTS: Final = {
    "messages": ("messages", "Messages that arrived from the broker."),
    "catalogues": ("catalogues", "Catalogues taken."),
    "deliveries": ("deliveries", "Deliveries stored."),
    "events": ("events", "Findings taken."),
    "samples_stored": ("stored", "Samples stored."),
    "samples_duplicate": ("duplicates", "Samples that were stored already."),
    "samples_shifted": ("shifted", "Samples moved to a free nanosecond."),
    "samples_refused": ("refused_rows", "Samples the store refused."),
    "deliveries_known": ("known", "Deliveries that had been stored before and were acknowledged again."),
    "deliveries_without_catalogue": ("waiting", "Deliveries left unacknowledged: their catalogue was asked for."),
}


class IngestMetrics(Collector):
    """Counts since this process started; the ledger's own counters (`ovoo_ingest_*`) survive it."""

    def __init__(self, ingest: IngestService) -> None:
        self._ingest = ingest

    def collect(self) -> Iterator[Metric]:
        """Everything."""
        return self.families(None, platform=True)

    def families(self, gateways: Collection[str] | None, *, platform: bool) -> Iterator[Metric]:
        """Counts of the platform itself where `platform` says so, and of all gateways or of those named."""
        if platform:
            yield from self._counts()
            yield from self._gauges()
            yield from self._ingest.intake.store_seconds.collect()
        last = GaugeMetricFamily(
            "ovoo_ingest_live_last_delivery_seconds", "When a gateway's last delivery was stored.", labels=["gateway"]
        )
        for gateway, at_ns in dict(self._ingest.intake.counters.last_delivery_ns).items():
            if gateways is None or gateway in gateways:
                last.add_metric([gateway], at_ns / 1e9)
        yield last

    def _counts(self) -> Iterator[Metric]:
        counters = self._ingest.intake.counters
        for name, (field, words) in _COUNTS.items():
            yield CounterMetricFamily(f"ovoo_ingest_live_{name}", words, value=getattr(counters, field))
        rejected = CounterMetricFamily("ovoo_ingest_live_rejected", "Messages rejected, by code.", labels=["code"])
        for code, count in dict(counters.refused).items():
            rejected.add_metric([code], count)
        yield rejected

    def _gauges(self) -> Iterator[Metric]:
        waiting = self._ingest.waiting()
        for name, words, value in (
            ("connected", "1 while the broker has confirmed our subscriptions.", float(self._ingest.link.connected)),
            ("store_down", "1 while the store or the database does not answer.", float(self._ingest.store_down)),
            ("waiting_messages", "Messages received and not yet acknowledged.", float(waiting.messages)),
            ("oldest_unacknowledged_seconds", "Age of the oldest such message; 0 without one.", waiting.oldest_s),
        ):
            yield GaugeMetricFamily(f"ovoo_ingest_live_{name}", words, value=value)


@contextlib.contextmanager
def listening(address: str, metrics: IngestMetrics) -> Iterator[None]:
    """Answers GET /metrics on `host:port` while inside; nothing when the address is empty.

    Raises:
        ConfigError: the address cannot be listened on.
    """
    if not address:
        yield
        return
    host, _, port = address.rpartition(":")
    registry = CollectorRegistry()
    registry.register(metrics)
    try:
        server, thread = start_http_server(int(port), host.strip("[]"), registry)
    except OSError as error:
        raise ConfigError(
            f"cannot listen: {error.strerror or error}",
            offender="metrics_listen",
            value=address,
            remedy="name a free port and an address of this machine",
        ) from error
    try:
        yield
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
