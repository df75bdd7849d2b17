"""Every form of the energy pages, filled in wrong: a Chinese reader is told in Chinese what is wrong and what helps."""

from __future__ import annotations

import html
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

import httpx
import pytest
from fastapi.routing import APIRoute
from ovoo_cloud.console import (
    baseline_pages,
    energy_cost_pages,
    energy_pages,
    flow_pages,
    intensity_pages,
    saving_pages,
    ventilation_pages,
)

from tests.cloud.api.plant import OWN, Plant, installation, served
from tests.cloud.api.works import OWN_WORKS, Works, add_works
from tests.models.test_reasons import LATIN_SENTENCE

pytestmark = pytest.mark.server
SITE = f"/energy/{OWN}/{OWN_WORKS}"
ROUTERS = (
    baseline_pages.router, energy_cost_pages.router, energy_pages.router, flow_pages.router, intensity_pages.router,
    saving_pages.router, ventilation_pages.router,
)  # fmt: skip


@dataclass(frozen=True)
class Form:
    """A form filled in wrong; `code` of the reason that the page must tell."""

    path: str
    code: str
    data: Mapping[str, str]
    files: Mapping[str, tuple[str, bytes]] = field(default_factory=dict)


DAYS = {"start": "2026-11-01", "end": "2026-11-20"}
ROW = {"role": "production", "take": "mean", "sign": "0"}
BASELINE = {"name": "b", "energy": "x/y/z/l/m/power", "driver": "x/y/z/l/m/load", **ROW, **DAYS}
TERMS = {"tariff": "west", "document": "合同", "price": "0.5", "kind": "flat"}
TREE = {
    "document": "图", "use-0": "yes", "name-0": "main", "signal-0": "a/b/c/energy", "carrier-0": "electricity",
    "direction-0": "use", "class_percent-0": "500",
}  # fmt: skip
AIRWAYS = b"id,from,to,resistance(kg/m7)\na,1,2,x\na,2,3,0.1\n"
FORMS = (
    Form("/baselines", "baseline.not_day", {**BASELINE, "start": "昨天"}),
    Form("/baselines", "baseline.no_energy_signal_or_one_twice", {"name": "b"}),
    Form("/baselines", "baseline.driver_without_all_its_fields", {"name": "b", "driver": "x/y/z/l/m/load"}),
    Form("/baselines/form?change=meter", "baseline.no_such_change_of_its_form", BASELINE),
    Form("/baselines", "baseline.out_of_range", {**BASELINE, "days_min": "100000"}),
    Form("/baselines", "baseline.no_such_reading", {**BASELINE, "take": "?"}),
    Form("/baselines", "baseline.not_whole_number", {**BASELINE, "days_min": "很多"}),
    Form("/baselines/{baseline}/fits", "baseline.not_day", {**DAYS, "end": "x"}),
    Form("/baselines/bl_none/fits", "", DAYS),
    Form("/baselines/{baseline}/fits/{fit}/signature", "form.missing", {}),
    Form("/baselines/{baseline}/fits/{fit}/signature", "baseline.signature_needs_its_document", {"document": "  "}),
    Form("/baselines/{baseline}/savings", "baseline.not_day", {**DAYS, "start": "x"}),
    Form("/savings/{record}/events/{event}", "saving.decision_needs_its_reason", {"accepted": "true", "reason": " "}),
    Form("/savings/{record}/events/{event}", "form.bool_parsing", {"accepted": "也许", "reason": "试"}),
    Form("/intensity", "intensity.not_number", {"name": "n", "energy": "e", "product": "p", "norm": "x", "total": "?"}),
    Form("/intensity", "packs.no_such", {"name": "n", "energy": "e", "product": "p", "norm": "没有"}),
    Form("/tariff", "packs.no_such", {"tariff": "没有"}),
    Form("/tariff", "tariff.price_needs_its_document", {"price": "0.5"}),
    Form("/contract", "contract.field_refused", {**TERMS, "tariff": ""}),
    Form("/contract", "tariff.not_price", {**TERMS, "price": "五毛"}),
    Form("/contract", "contract.line_cannot_be_read", {**TERMS, "shiftable": "一台泵"}),
    Form("/contract", "contract.not_hours_of_day", {**TERMS, "shiftable": "a/b/c; 10; 早上; 文件"}),
    Form("/bills", "form.string_pattern_mismatch", {"month": "十月"}),
    Form("/bills", "cost.invoice_needs_its_number", {"month": "2026-10", "invoice_yuan": "1"}),
    Form("/bills", "bills.no_contract", {"month": "2026-10"}),
    Form("/carbon", "cost.not_day", {"first": "x", "last": "2026-11-02", "grid": "g"}),
    Form("/carbon/st_none/remake", "", {"grid": "g"}),
    Form("/inputs", "inputs.no_such_input", {"name": "nothing", "value": "1"}),
    Form("/inputs", "inputs.input_needs_its_document", {"name": "idle_switch_off.avoidable_share", "value": "0.5"}),
    Form(
        "/inputs", "inputs.out_of_range",
        {"name": "idle_switch_off.avoidable_share", "value": "7", "document": "纪要", "asset": "{machine}"},
    ),
    Form("/meter-tree", "", TREE),
    Form("/meter-tree/upload", "", {}, {"file": ("tree.json", b"[1]")}),
    Form("/ventilation", "ventilation.not_number", {"document": "测定"}, {"table": ("t.csv", AIRWAYS)}),
    Form("/ventilation", "ventilation.network_needs_its_document", {}, {"table": ("t.csv", AIRWAYS)}),
    Form("/ventilation", "readings.neither_utf_8_nor_gbk_text", {}, {"table": ("t.csv", b"\xff\xff\x00\x81\xff")}),
)  # fmt: skip


@pytest.fixture(scope="module")
def plant(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Plant]:
    with installation(tmp_path_factory.mktemp("refused")) as built, served(built) as running:
        yield running


@pytest.fixture(scope="module")
def places(plant: Plant) -> dict[str, str]:
    made: Works = add_works(plant)
    return {**made.ids, "machine": "transport/main/belt1"}


def test_every_form_of_the_energy_pages_is_tried() -> None:
    posted = {
        re.sub(r"\{[^}]*\}", "*", route.path.partition("/energy/{enterprise}/{site}")[2])
        for router in ROUTERS
        for route in router.routes
        if isinstance(route, APIRoute) and "POST" in (route.methods or ())
    }

    tried = {re.sub(r"\{[^}]*\}|bl_none|st_none", "*", each.path.partition("?")[0]) for each in FORMS}

    assert posted - tried == set()


@pytest.mark.parametrize("form", FORMS, ids=lambda each: f"{each.path[1:]}-{each.code or 'told'}")
def test_a_refused_form_is_told_in_chinese(plant: Plant, places: dict[str, str], form: Form) -> None:
    page = _sent(plant, places, form, "zh")

    assert 400 <= page.status_code < 500, page.text[:400]
    assert not form.code or f'data-reason="{form.code}"' in page.text, _words(page.text)
    words = _words(page.text)
    assert re.search(r"[\u4e00-\u9fff]{2}", words)
    assert not LATIN_SENTENCE.search(words), LATIN_SENTENCE.findall(words)


@pytest.mark.parametrize("form", FORMS, ids=lambda each: f"{each.path[1:]}-{each.code or 'told'}")
def test_a_refused_form_is_told_in_english(plant: Plant, places: dict[str, str], form: Form) -> None:
    page = _sent(plant, places, form, "en")

    assert 400 <= page.status_code < 500
    assert not form.code or f'data-reason="{form.code}"' in page.text


def _sent(plant: Plant, places: Mapping[str, str], form: Form, language: str) -> httpx.Response:
    cookies = {"ovoo_language": language, "ovoo_session": plant.session("centre_admin")}
    data = {name: value.format_map(places) for name, value in form.data.items()}
    with httpx.Client(base_url=plant.url, cookies=cookies, headers={"accept": "text/html"}, timeout=60) as client:
        path = SITE + form.path.format_map(places)
        return client.post(path, data=data, files=dict(form.files) or None, headers={"origin": plant.url})


def _words(page: str) -> str:
    """The text of the page's main part."""
    main = page.partition("<main")[2].partition("</main>")[0]
    main = re.sub(r"<(script|style|option|datalist)\b.*?</\1>", " ", main, flags=re.S)
    return html.unescape(re.sub(r"\s+", " ", re.sub(r"<[^>]*>", " | ", main)))
