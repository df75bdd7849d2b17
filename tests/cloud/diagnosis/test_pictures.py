"""Pictures of findings: frozen with the snapshot, drawn by the report in both languages."""

from __future__ import annotations

import math
from xml.etree import ElementTree

import pytest
from ovoo_cloud.diagnosis.evidence import MemorySource
from ovoo_cloud.diagnosis.observe import Observation, Window
from ovoo_cloud.diagnosis.pictures import finding_pictures
from ovoo_cloud.reports.charts import draw
from ovoo_cloud.reports.resolve import Language, Locale
from ovoo_contract.address import Address, AssetAddress
from ovoo_contract.catalogue import SignalEntry
from ovoo_contract.findings import Finding
from ovoo_contract.samples import SampleBatch

S = 1_000_000_000
MINUTE = 60 * S
START = 1_760_000_400 * S
FAN = "heishan-coal/heishan/ventilation/main/fan1"
ENTRIES = [
    SignalEntry(Address.parse(f"{FAN}/vibration"), "mm/s", period_s=60.0, name_zh="振动速度", name_en="Vibration"),
    SignalEntry(Address.parse(f"{FAN}/mewma-score"), "1", measurement="score", field="score", model="mewma"),
    SignalEntry(Address.parse(f"{FAN}/mewma-limit"), "1", measurement="score", field="limit", model="mewma"),
]
MINUTES = 2880


def observed() -> Observation:
    """Two days at a minute a row; the second half of the first day shakes, an hour of it is missing, one row is bad."""
    batch = SampleBatch.empty()
    for minute in range(MINUTES):
        shaking = 720 <= minute < 1440
        for signal, value in ((0, 2 + 0.2 * math.sin(minute) + (3 if shaking else 0)), (1, 80.0 if shaking else 4.0)):
            if signal == 0 and 900 <= minute < 960:
                continue
            batch.signal.append(signal)
            batch.time_ns.append(START + minute * MINUTE)
            batch.value.append(99.0 if (signal, minute) == (0, 1000) else value)
            batch.quality.append(0x80000000 if (signal, minute) == (0, 1000) else 0)
    batch.signal.append(2)
    batch.time_ns.append(START)
    batch.value.append(20.0)
    batch.quality.append(0)
    batch.text = {}
    source = MemorySource(ENTRIES, [batch])
    return Observation.scan(source, Window(START, START + MINUTES * MINUTE))


def found(severity: str, first: int, last: int, signal: str = "vibration") -> Finding:
    detail: dict[str, str | float] = {"phrase": "anomaly.multivariate", "signal_1": signal, "share_1": 1.0}
    asset = AssetAddress.parse(FAN)
    return Finding(
        "anomaly.multivariate",
        severity,  # type: ignore[arg-type]
        asset,
        START + first * MINUTE,
        START + last * MINUTE,
        value=4.0,
        model="mewma",
        detail=detail,
    )


def test_the_worst_three_come_first_and_those_without_samples_not_at_all() -> None:
    findings = [
        found("info", 1, 900),
        found("warning", 720, 800),
        found("warning", 720, 1440),
        found("critical", 100, 110),
        found("critical", 2, 9, "no_such_signal"),
    ]

    pictures = finding_pictures(findings, observed())

    lengths = [(each["finding"]["severity"], each["finding"]["end_ns"]) for each in pictures]
    assert lengths == [
        ("critical", str(START + 110 * MINUTE)),
        ("warning", str(START + 1440 * MINUTE)),
        ("warning", str(START + 800 * MINUTE)),
    ]


def test_lines_are_thinned_text_with_their_extremes_and_without_bad_values() -> None:
    [picture] = finding_pictures([found("warning", 720, 1440)], observed())

    [signal] = picture["signals"]
    values = [float(value) for _at, value in signal["points"] if value is not None]
    assert len(signal["points"]) <= 3 * 161
    assert max(values) == pytest.approx(5.2, abs=0.01)
    assert None in [value for _at, value in signal["points"]]
    assert float(signal["low"]) == pytest.approx(1.8, abs=0.01)
    assert float(signal["high"]) == pytest.approx(2.2, abs=0.01)
    assert {value for _at, value in picture["limit"]["points"]} == {"20"}
    assert int(picture["end_ns"]) == START + 1800 * MINUTE


@pytest.mark.parametrize("language", ["zh", "en"])
def test_the_report_draws_it_with_its_gap_and_names(language: Language) -> None:
    [picture] = finding_pictures([found("warning", 720, 1440)], observed())

    svg = draw("finding", {**picture, "zone": "Asia/Shanghai"}, Locale(language))

    root = ElementTree.fromstring(svg)
    words = [each.text for each in root.iter("{http://www.w3.org/2000/svg}text")]
    assert ("振动速度 (mm/s)" if language == "zh" else "Vibration (mm/s)") in words
    assert ("限值 20" if language == "zh" else "limit 20") in words
    # before the hole and after it, and a bad value parts the rest
    assert svg.count('stroke-width="1.4"') == 3
    assert "var(" not in svg
    assert svg == draw("finding", {**picture, "zone": "Asia/Shanghai"}, Locale(language))


def test_findings_before_the_window_are_cut_to_it() -> None:
    [picture] = finding_pictures([found("warning", 0, 60)], observed())

    assert int(picture["start_ns"]) == START
    assert int(picture["end_ns"]) > START + 60 * MINUTE
