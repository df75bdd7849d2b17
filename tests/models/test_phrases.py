"""Every finding has one plain sentence in both languages."""

from __future__ import annotations

import json
import re
from importlib import resources
from zoneinfo import ZoneInfo

import pytest
from ovoo_contract.address import AssetAddress
from ovoo_contract.errors import ConfigError
from ovoo_contract.findings import Finding
from ovoo_models.phrases import LANGUAGES, render, signal_name
from ovoo_packs import load_pack, pack_names

ASSET = AssetAddress("e", "s", "drainage", "main", "pump1")
HOUR = 3_600_000_000_000


def catalogue(language: str) -> dict[str, dict[str, str]]:
    text = resources.files("ovoo_models.phrases").joinpath(f"{language}.json").read_text("utf-8")
    data: dict[str, dict[str, str]] = json.loads(text)
    return data


def finding(code: str, **more: object) -> Finding:
    detail = {"phrase": code, "signal": "power", "signal_1": "bearing_temp", "signal_2": "vibration", "high": 75.0}
    values = {"value": 12.34, "unit": "kWh", "uncertainty": 1.5, **more}
    return Finding(code, "warning", ASSET, 0, 3 * HOUR, detail=detail, **values)  # type: ignore[arg-type]


def test_the_catalogues_have_the_same_keys() -> None:
    zh, en = catalogue("zh"), catalogue("en")
    assert {k: set(v) if isinstance(v, dict) else None for k, v in zh.items()} == {
        k: set(v) if isinstance(v, dict) else None for k, v in en.items()
    }


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_code_renders_without_open_slots(language: str) -> None:
    for code in catalogue(language)["codes"]:
        text = render(finding(code), language)
        assert not re.search(r"[{}]", text)
        assert text.endswith(("。", "."))
        assert render(Finding(code, "info", ASSET, 0, HOUR), language)


def test_sentences_say_what_where_and_how_long() -> None:
    assert "轴承温度、振动" in render(finding("anomaly.multivariate"), "zh")
    assert "12.3 ± 1.5 kWh" in render(finding("energy.excess"), "zh")
    assert "3 小时" in render(finding("energy.idle"), "zh")
    assert "above the alarm limit of 75" in render(finding("limit.high"), "en")
    assert "drainage/main/pump1" in render(finding("somebody.else"), "en")
    assert "number two pump" in render(finding("limit.high"), "en", {"power": "number two pump"})


def test_signals_of_all_packs_have_names() -> None:
    known = catalogue("zh")["signals"]
    missing = {
        signal.name
        for pack in pack_names()
        for template in load_pack(pack).templates.values()
        for signal in template.signals
        if signal.name not in known
    }
    assert missing == set()


def test_unknown_language_is_refused() -> None:
    with pytest.raises(ConfigError):
        render(finding("energy.idle"), "fr")
    assert signal_name("made_up", "en") == "made up"


def test_causes_tell_direction_size_and_sigma_and_the_time_is_that_of_the_plant() -> None:
    detail: dict[str, str | float] = {
        "phrase": "anomaly.multivariate", "signal_1": "bearing_temp", "share_1": 0.9, "sigma_1": 4.21, "change_1": 8.13,
        "unit_1": "degC", "signal_2": "flow", "share_2": 0.08, "sigma_2": -2.0, "change_2": -3.0, "unit_2": "m3/s",
        "signal_3": "power", "share_3": 0.02,
    }  # fmt: skip
    found = Finding("anomaly.multivariate", "warning", ASSET, 0, 3 * HOUR, value=3.2, detail=detail)

    english = render(found, "en", zone=ZoneInfo("Asia/Shanghai"))
    assert "since 01-01 08:00, for 3 h (3.2 times the limit)" in english
    assert (
        "Bearing temperature (8.13 °C above expected, 4.2\u00a0σ) and Flow (3 m³/s below expected, 2\u00a0σ)" in english
    )
    assert "自 01-01 00:00 UTC 起" in render(found, "zh")
    minor = Finding("anomaly.multivariate", "warning", ASSET, 0, HOUR, detail={**detail, "share_2": 0.01})
    assert "Flow" not in render(minor, "en")


def test_the_limit_told_is_the_one_that_was_crossed() -> None:
    def told(value: float) -> str:
        detail: dict[str, str | float] = {"phrase": "signal.range", "signal": "power", "low": 10.0, "high": 90.0}
        return render(Finding("signal.range", "warning", ASSET, 0, HOUR, value=value, unit="kW", detail=detail), "en")

    assert "limit 90 kW" in told(95.0)
    assert "limit 10 kW" in told(3.0)
