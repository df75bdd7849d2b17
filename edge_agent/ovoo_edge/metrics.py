"""A health snapshot as Prometheus text."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

__all__ = ["render_metrics"]


def render_metrics(snapshot: Mapping[str, Any]) -> bytes:
    """The text of every figure of the snapshot."""
    registry = CollectorRegistry(auto_describe=False)
    registry.register(_Snapshot(snapshot))
    return generate_latest(registry)


class _Snapshot(Collector):
    def __init__(self, snapshot: Mapping[str, Any]) -> None:
        self._snapshot = snapshot

    def collect(self) -> Iterator[Metric]:
        """All families."""
        snapshot = self._snapshot
        spool, pipeline, process = snapshot["spool"], snapshot["pipeline"], snapshot["process"]
        yield _gauge("ovoo_edge_ok", "1 while nothing is degraded", float(snapshot["status"] == "ok"))
        yield _gauge("ovoo_edge_at_risk_seconds", "age of the oldest sample that is not on disk", pipeline["at_risk_s"])
        yield _gauge("ovoo_edge_intake_samples", "samples waiting for the pipeline", pipeline["waiting_samples"])
        yield _gauge(
            "ovoo_edge_held_back", "1 while the spool refuses and sources wait", float(bool(pipeline["held_back"]))
        )
        yield _counter("ovoo_edge_pipeline", "rows by what became of them", "what", pipeline["counters"])
        yield _gauge("ovoo_edge_spool_used_bytes", "pages in use", spool["used_bytes"])
        yield _gauge("ovoo_edge_spool_limit_bytes", "pages allowed", spool["limit_bytes"])
        yield _gauge("ovoo_edge_spool_file_bytes", "database and log on disk", spool["file_bytes"])
        yield _gauge("ovoo_edge_spool_ballast", "0 while the disk is full", float(spool["ballast"]))
        if spool["buffer_h"] is not None:
            yield _gauge("ovoo_edge_spool_buffer_hours", "until the budget is used up", spool["buffer_h"])
        for key, text in (("backlog_rows", "rows to deliver"), ("backlog_bytes", "bytes to deliver")):
            yield _labelled(f"ovoo_edge_{key}", text, "sink", spool[key])
        yield _counter("ovoo_edge_quarantined", "rows refused by the server", "sink", spool["quarantined"])
        yield self._refused(spool["refused"])
        yield from self._clocks(snapshot["sources"])
        yield self._waiting(snapshot)
        yield from self._lost(spool["lost"])
        yield from self._ends("source", snapshot["sources"])
        yield from self._ends("sink", snapshot["sinks"])
        yield self._certificates(snapshot["sources"])
        yield _gauge("ovoo_edge_rss_bytes", "resident memory", process["rss_mb"] * 2**20)
        yield CounterMetricFamily("ovoo_edge_cpu_seconds", "processor time used", value=process["cpu_s"])

    def _refused(self, refused: Mapping[str, Mapping[str, int]]) -> Metric:
        labels = ["sink", "data_class"]
        family = CounterMetricFamily("ovoo_edge_refused", "samples above the class of the sink", labels=labels)
        for sink, classes in refused.items():
            for data_class, count in classes.items():
                family.add_metric([sink, data_class], count)
        return family

    def _clocks(self, sources: list[dict[str, Any]]) -> Iterator[Metric]:
        clocks = {source["name"]: source["clock"] for source in sources}
        known = {name: clock for name, clock in clocks.items() if clock["offset_ms"] is not None}
        offset = {name: clock["offset_ms"] / 1e3 for name, clock in known.items()}
        doubt = {name: clock["uncertainty_ms"] / 1e3 for name, clock in known.items()}
        suspect = {name: float(clock["suspect"]) for name, clock in clocks.items()}
        heard = {source["name"]: source["last_sample_ns"] / 1e9 for source in sources if source["last_sample_ns"]}
        yield _labelled("ovoo_edge_clock_offset_seconds", "source clock minus gateway clock", "source", offset)
        yield _labelled("ovoo_edge_clock_uncertainty_seconds", "of the clock offset", "source", doubt)
        yield _labelled("ovoo_edge_clock_suspect", "1 while the clock is known to be off", "source", suspect)
        yield _labelled("ovoo_edge_last_sample_timestamp_seconds", "UTC time of the last sample", "source", heard)
        silent = {source["name"]: float(source["counters"].get("silent_signals", 0)) for source in sources}
        yield _labelled("ovoo_edge_silent_signals", "signals past their deadline", "source", silent)

    def _waiting(self, snapshot: Mapping[str, Any]) -> Metric:
        now_ns, since_ns = snapshot["time_ns"], snapshot["spool"]["backlog_since_ns"]
        ages = {sink: max(0.0, (now_ns - since) / 1e9) if since else 0.0 for sink, since in since_ns.items()}
        return _labelled("ovoo_edge_backlog_age_seconds", "age of the oldest row to deliver", "sink", ages)

    def _lost(self, lost: Mapping[str, Mapping[str, int]]) -> Iterator[Metric]:
        family = CounterMetricFamily("ovoo_edge_lost", "samples that never arrive", labels=["sink", "cause"])
        for sink, causes in lost.items():
            for cause, count in causes.items():
                family.add_metric([sink, cause], count)
        yield family

    def _certificates(self, sources: list[dict[str, Any]]) -> Metric:
        labels = ["source", "role", "subject", "fingerprint"]
        family = GaugeMetricFamily("ovoo_edge_certificate_end_seconds", "UTC time at which it expires", labels=labels)
        for source in sources:
            for item in source.get("certificates", ()):
                where = [source["name"], item["role"], item["subject"], item["fingerprint"][:16]]
                family.add_metric(where, item["not_after_ns"] / 1e9)
        return family

    def _ends(self, kind: str, ends: list[dict[str, Any]]) -> Iterator[Metric]:
        state = GaugeMetricFamily(f"ovoo_edge_{kind}_state", f"1 for the state of the {kind}", labels=[kind, "state"])
        count = CounterMetricFamily(f"ovoo_edge_{kind}_events", f"counters of the {kind}", labels=[kind, "what"])
        for end in ends:
            state.add_metric([end["name"], end["state"]], 1.0)
            for what, value in end["counters"].items():
                count.add_metric([end["name"], what], value)
        yield state
        yield count


def _gauge(name: str, text: str, value: float) -> Metric:
    return GaugeMetricFamily(name, text, value=value)


def _labelled(name: str, text: str, label: str, values: Mapping[str, float]) -> Metric:
    family = GaugeMetricFamily(name, text, labels=[label])
    for key, value in values.items():
        family.add_metric([key], value)
    return family


def _counter(name: str, text: str, label: str, values: Mapping[str, float]) -> Metric:
    family = CounterMetricFamily(name, text, labels=[label])
    for key, value in values.items():
        family.add_metric([key], value)
    return family
