"""Every state of the gateway in words: what an electrician reads, in both languages."""

from __future__ import annotations

import copy
import json
import string
from importlib import resources
from typing import Any, get_args

import pytest
from ovoo_edge.metrics import render_metrics
from ovoo_edge.sinks.base import SinkState
from ovoo_edge.sources.base import SourceState
from ovoo_edge.status_words import Language, status_line, status_lines
from prometheus_client.parser import text_string_to_metric_families

NOW = 1_790_000_000_000_000_000
SECOND = 1_000_000_000
WELL: dict[str, Any] = {
    "status": "ok",
    "gateway": "gw-1",
    "time_ns": NOW,
    "own_clock": {"synchronised": True, "error_ms": 12.5},
    "process": {"rss_mb": 60.0, "cpu_s": 5.0, "cpu": 0.1, "threads": 8.0},
    "sources": [
        {
            "name": "plc",
            "driver": "opcua",
            "state": "running",
            "detail": "",
            "last_sample_ns": NOW - 3 * SECOND,
            "counters": {"samples": 7, "silent_signals": 0},
            "problems": [],
            "silent": [],
            "certificates": [],
            "clock": {"offset_ms": -20.0, "uncertainty_ms": 25.0, "suspect": False},
        }
    ],
    "sinks": [
        {"name": "cloud", "driver": "mqtt", "state": "running", "detail": "", "remedy": "", "counters": {"rows": 4}}
    ],
    "pipeline": {"at_risk_s": 0.0, "waiting_samples": 0, "held_back": "", "counters": {"received": 7}},
    "spool": {
        "used_bytes": 2048,
        "limit_bytes": 3 << 30,
        "file_bytes": 4096,
        "buffer_h": 71.96,
        "ballast": True,
        "backlog_rows": {"cloud": 0},
        "backlog_bytes": {"cloud": 0},
        "backlog_since_ns": {"cloud": 0},
        "lost": {},
        "quarantined": {"cloud": 0},
        "refused": {},
        "salvaged": [],
    },
    "failed": [],
}


def changed(path: str, value: object) -> dict[str, Any]:
    """A snapshot in which one thing is different."""
    snapshot = copy.deepcopy(WELL)
    snapshot["status"] = "degraded"
    *way, last = path.split("/")
    here: Any = snapshot
    for key in way:
        here = here[int(key)] if isinstance(here, list) else here[key]
    here[last] = value
    return snapshot


def words(snapshot: dict[str, Any], language: Language = "en") -> str:
    return "\n".join(status_lines(snapshot, language))


def test_a_gateway_that_is_well_asks_for_nothing() -> None:
    for language in get_args(Language):
        lines = status_lines(WELL, language)
        assert not [line for line in lines if line.startswith("!")]
    assert words(WELL).splitlines() == [
        "Gateway gw-1 is well.",
        "Source plc (opcua): running, last data 3 s ago.",
        "Sink cloud (mqtt): running, 0 rows (0 B) to deliver.",
        "Everything received is on disk; a power cut costs nothing.",
        "So far: 7 received, 0 suppressed, 0 duplicates, 0 late, 0 findings.",
        "The spool uses 2.0 KiB of 3.0 GiB; at the present rate it lasts 72.0 h.",
    ]
    assert status_line(WELL) == "Gateway gw-1 is well."


CASES: list[tuple[str, object, list[str], list[str]]] = [
    ("sources/0/state", "retrying", ["! Source plc", "check cable and switch"], ["! 数据源 plc", "检查网线和交换机"]),
    ("sources/0/state", "connecting", ["! Source plc", "firewall"], ["连接中", "防火墙"]),
    ("sources/0/state", "stopped", ["! Source plc", "restart the gateway"], ["已停止", "重新启动"]),
    ("sources/0/state", "degraded", ["! Source plc (opcua): degraded"], ["! 数据源 plc（opcua）：降级"]),
    ("sources/0/last_sample_ns", 0, ["no data so far"], ["还没有收到数据"]),
    ("sources/0/last_sample_ns", NOW - 7300 * SECOND, ["last data 2 h ago"], ["最近一次数据在 2 小时 前"]),
    ("sources/0/silent", ["e/s/a/l/fan/p"], ["! 1 signals", "e/s/a/l/fan/p", "supply and wiring"], ["供电和接线"]),
    (
        "sources/0/clock",
        {"offset_ms": 61_200_000.0, "uncertainty_ms": 9.0, "suspect": True},
        ["! The clock of source plc is 17 h ahead", "NTP", "nothing is changed"],
        ["! 数据源 plc 的时钟快了 17 小时", "NTP"],
    ),
    (
        "sources/0/clock",
        {"offset_ms": -300_000.0, "uncertainty_ms": 9.0, "suspect": True},
        ["5 min behind"],
        ["慢了 5 分钟"],
    ),
    ("sinks/0/state", "retrying", ["! Sink cloud", "follows by itself"], ["! 上传目标 cloud", "自动补传"]),
    ("sinks/0/state", "degraded", ["! Sink cloud", "administrator"], ["降级", "管理员"]),
    ("sinks/0/state", "connecting", ["! Sink cloud", "certificate"], ["连接中", "证书"]),
    ("sinks/0/state", "stopped", ["! Sink cloud", "restart"], ["已停止", "重新启动"]),
    ("spool/backlog_since_ns", {"cloud": NOW - 600 * SECOND}, ["the oldest for 10 min"], ["最早的一批已等待 10 分钟"]),
    ("spool/refused", {"cloud": {"core": 12}}, ["kept on site: core 12"], ["留在现场：核心 12"]),
    ("pipeline/at_risk_s", 1.25, ["cost the last 1.2 s"], ["最近 1.2 秒"]),
    ("pipeline/held_back", "no room", ["! The spool refuses", "no room", "raise spool"], ["! 缓存拒绝写入", "增大"]),
    ("spool/ballast", False, ["! The disk is full", "delete"], ["! 磁盘已满", "删除"]),
    ("spool/buffer_h", None, ["too early to say"], ["尚不足以估计"]),
    ("spool/lost", {"cloud": {"spool_full": 9}}, ["! 9 samples", "the oldest data had to go"], ["丢失 9", "缓存已满"]),
    ("spool/lost", {"cloud": {"rejected:foreign_address": 2}}, ["refused them (foreign_address)"], ["接收方拒收"]),
    ("spool/lost", {"cloud": {"row_damaged": 2}}, ["a row on the disk was damaged", "check the disk"], ["损坏"]),
    ("spool/lost", {"cloud": {"something_new": 2}}, ["something_new", "--ledger"], ["something_new", "--ledger"]),
    ("spool/quarantined", {"cloud": 2}, ["! cloud refused 2 rows"], ["拒收 2 批"]),
    ("spool/salvaged", ["torn page"], ["! A damaged spool", "torn page"], ["! 启动时修复了损坏的缓存"]),
    ("failed", [{"part": "source x", "failure": "boom"}], ["! source x failed: boom"], ["! source x 出错：boom"]),
]


@pytest.mark.parametrize(("path", "value", "english", "chinese"), CASES, ids=[f"{case[0]}={case[1]}" for case in CASES])
def test_every_state_is_said_with_what_can_be_done(
    path: str, value: object, english: list[str], chinese: list[str]
) -> None:
    snapshot = changed(path, value)
    for part in english:
        assert part in words(snapshot, "en"), words(snapshot, "en")
    for part in chinese:
        assert part in words(snapshot, "zh"), words(snapshot, "zh")


def test_a_buffer_that_ends_within_the_day_while_data_waits_asks_for_the_uplink() -> None:
    snapshot = changed("spool/buffer_h", 5.0)
    assert "used up" not in words(snapshot)
    snapshot["spool"]["backlog_rows"] = {"cloud": 3}
    assert "used up in 5.0 h: restore the uplink" in words(snapshot)
    assert "5.0 小时内用完" in words(snapshot, "zh")


def test_the_service_manager_gets_the_first_thing_to_do() -> None:
    snapshot = changed("sinks/0/state", "retrying")
    assert status_line(snapshot) == (
        "Gateway gw-1 needs attention: see the lines with !. Sink cloud (mqtt): retrying, 0 rows (0 B) to deliver."
    )


def test_both_languages_have_the_same_sentences_with_the_same_places() -> None:
    text = resources.files("ovoo_edge").joinpath("locales", "status.json").read_text(encoding="utf-8")
    catalogue = json.loads(text)

    def places(node: Any) -> Any:
        if isinstance(node, dict):
            return {key: places(value) for key, value in node.items()}
        return sorted(field for _, field, _, _ in string.Formatter().parse(node) if field)

    assert places(catalogue["zh"]) == places(catalogue["en"])
    states = set(catalogue["en"]["states"])
    assert states >= {*get_args(SourceState), *get_args(SinkState)}


def test_metrics_follow_the_naming_convention_and_hold_every_gauge() -> None:
    snapshot = changed("spool/refused", {"cloud": {"core": 12}})
    snapshot["spool"]["lost"] = {"cloud": {"spool_full": 9}}
    snapshot["spool"]["backlog_since_ns"] = {"cloud": NOW - 5 * SECOND}
    families = {family.name: family for family in text_string_to_metric_families(render_metrics(snapshot).decode())}

    assert all(name.startswith("ovoo_edge_") for name in families)
    for family in families.values():
        assert family.documentation
        for item in family.samples:
            # base units, counters end in _total
            assert not item.name.endswith(("_ms", "_hour", "_mb", "_kib"))
            assert (family.type == "counter") == item.name.endswith("_total"), item.name
    values = {
        (item.name, tuple(sorted(item.labels.items()))): item.value
        for family in families.values()
        for item in family.samples
    }
    assert values["ovoo_edge_refused_total", (("data_class", "core"), ("sink", "cloud"))] == 12
    assert values["ovoo_edge_lost_total", (("cause", "spool_full"), ("sink", "cloud"))] == 9
    assert values["ovoo_edge_clock_offset_seconds", (("source", "plc"),)] == -0.02
    assert values["ovoo_edge_clock_suspect", (("source", "plc"),)] == 0
    assert values["ovoo_edge_backlog_age_seconds", (("sink", "cloud"),)] == 5
    assert values["ovoo_edge_last_sample_timestamp_seconds", (("source", "plc"),)] == NOW / 1e9 - 3
    assert values["ovoo_edge_at_risk_seconds", ()] == 0
    assert values["ovoo_edge_ok", ()] == 0
