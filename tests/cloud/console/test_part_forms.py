"""The parts of a case as forms in Chromium: fields, rows, documents, mistakes in place, two experts at once."""

from __future__ import annotations

import pathlib
from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.cloud.casework.centre import CASE, CONTENT, OWN, PARTS, REGISTER, Centre, centre
from tests.cloud.console.reader import fits, keep, reader

pytestmark = [pytest.mark.server, pytest.mark.timeout(900)]
HOME = f"/cases/{OWN}/{CASE}"
REFUSED = ("404", "412", "422")


@pytest.fixture
def house(tmp_path: pathlib.Path) -> Iterator[Centre]:
    with centre(tmp_path / "forms") as opened:
        opened.to_intake()
        assert opened.upload().status_code == 201
        yield opened


def part(house: Centre, name: str) -> dict[str, Any]:
    answer = house.call("centre_expert", "GET", f"/cases/{CASE}/parts/{name}")
    found: dict[str, Any] = answer.json()["content"]
    return found


def at(page: Page, name: str) -> Any:
    return page.locator(f'[name="{name}"]')


def save(page: Page) -> None:
    page.locator("#save").click()
    page.wait_for_url(f"**{HOME}")


def shown(page: Page, name: str) -> None:
    """Nothing is wider than its box, on a projector and on a telephone; pictures are kept."""
    for width in (390, 1280):
        page.set_viewport_size({"width": width, "height": 900})
        fits(page)
        keep(page, f"part-{name}-{width}")


def test_profile_sites_and_products_are_filled_in_by_form(browser: Browser, house: Centre) -> None:
    with reader(browser, house.plant, user="enterprise_engineer", refusals=REFUSED) as page:
        page.goto(f"{HOME}/parts/profile")
        at(page, "profile.name.zh").fill("黑山煤业有限公司")
        at(page, "profile.name.en").fill("Heishan Coal Co.")
        at(page, "profile.sector").select_option("coal_mine")
        at(page, "profile.staff").fill("四百")
        at(page, "window.start").fill("2026-06-04T10:00:00+08:00")
        at(page, "window.end").fill("2026-06-05T10:00:00+08:00")
        page.get_by_role("button", name="增加一个厂区").click()
        expect(at(page, "sites[0].id")).to_be_focused()
        expect(at(page, "profile.staff")).to_have_value("四百")
        at(page, "sites[0].id").select_option("heishan")
        at(page, "sites[0].name.zh").fill("黑山矿")
        at(page, "sites[0].grid").select_option("west")
        page.get_by_role("button", name="增加一个产品").click()
        at(page, "products[0].id").fill("coal")
        at(page, "products[0].name.zh").fill("原煤")
        at(page, "products[0].unit").fill("t")
        at(page, "products[0].output").fill("98500.5")
        page.locator('[data-field="products[0].class"] input[value=verified]').check()
        page.locator("#save").click()
        wrong = page.locator('[data-field="profile.staff"] .error-text')
        expect(wrong).to_contain_text("不是允许范围内的数")
        expect(page.locator('[data-field="products[0].class"] .error-text')).to_contain_text("须有依据文件")
        expect(at(page, "profile.staff")).to_be_focused()
        expect(at(page, "products[0].output")).to_have_value("98500.5")
        shown(page, "profile-refused")
        at(page, "profile.staff").fill("420")
        page.locator('[data-field="products[0].evidence"] summary').click()
        page.locator('[data-field="products[0].evidence"] input').check()
        save(page)

    assert part(house, "profile") == {
        "profile": {
            "name": {"zh": "黑山煤业有限公司", "en": "Heishan Coal Co."},
            "sector": "coal_mine",
            "staff": "420",
        },
        "sites": [{"id": "heishan", "name": "黑山矿", "grid": "west"}],
        "products": [
            {
                "id": "coal",
                "name": "原煤",
                "unit": "t",
                "output": "98500.5",
                "class": "verified",
                "evidence": [REGISTER],
            }
        ],
        "window": {"start": "2026-06-04T10:00:00+08:00", "end": "2026-06-05T10:00:00+08:00"},
    }


def test_machines_are_listed_with_the_keyboard_alone(browser: Browser, house: Centre) -> None:
    with reader(browser, house.plant, user="centre_expert", language="en") as page:
        page.goto(f"{HOME}/parts/equipment")
        reach(page, "change", "add:equipment")
        page.keyboard.press("Enter")
        expect(at(page, "equipment[0].id")).to_be_focused()
        page.keyboard.type("fan1")
        for text in ("主通风机", "Main fan"):
            page.keyboard.press("Tab")
            page.keyboard.type(text)
        reach(page, "equipment[0].digital")
        page.keyboard.type("y")
        reach(page, "equipment[0].asset")
        page.keyboard.type("heishan/ventilation/main/fan1")
        reach(page, "equipment[0].links", "equipment")
        page.keyboard.press("Space")
        reach(page, "equipment[0].class")
        page.keyboard.press("ArrowDown")
        page.keyboard.press("Tab")
        page.keyboard.press("Enter")  # opens the list of documents
        page.keyboard.press("Tab")
        page.keyboard.press("Space")
        keep(page, "part-equipment-keyboard")
        page.keyboard.press("Enter")  # saves: the form has one way to be sent
        page.wait_for_url(f"**{HOME}")

    assert part(house, "equipment") == {
        "equipment": [
            {
                "id": "fan1",
                "name": {"zh": "主通风机", "en": "Main fan"},
                "digital": "true",
                "asset": "heishan/ventilation/main/fan1",
                "links": ["equipment"],
                "class": "verified",
                "evidence": [REGISTER],
            }
        ]
    }


def reach(page: Page, name: str, value: str = "") -> None:
    """Presses Tab until the input has the focus."""
    for _ in range(80):
        page.keyboard.press("Tab")
        found = page.evaluate("() => [document.activeElement.name || '', document.activeElement.value || '']")
        if found[0] == name and value in ("", found[1]):
            return
    raise AssertionError(f"{name} cannot be reached by Tab")


def test_rows_of_finance_are_added_removed_and_told_apart(browser: Browser, house: Centre) -> None:
    with reader(browser, house.plant, user="enterprise_engineer", refusals=REFUSED) as page:
        page.goto(f"{HOME}/parts/finance")
        for number in range(3):
            page.get_by_role("button", name="增加一年").click()
            at(page, f"finance[{number}].year").fill("2025" if number else "2024")
            at(page, f"finance[{number}].revenue_yuan").fill(f"{number + 1}00")
        page.locator("#save").click()
        expect(page.locator('[data-field="finance[2].year"] .error-text')).to_contain_text("用了两次")
        expect(at(page, "finance[2].revenue_yuan")).to_have_value("300")
        shown(page, "finance-twice")
        page.get_by_role("button", name="删除第 2 行").click()
        expect(at(page, "finance[1].revenue_yuan")).to_have_value("300")
        save(page)

    assert part(house, "finance") == {
        "finance": {
            "2024": {"revenue_yuan": "100", "class": "declared"},
            "2025": {"revenue_yuan": "300", "class": "declared"},
        }
    }


def test_trade_secrets_are_ticked_with_a_reason_and_told_at_their_fields(browser: Browser, house: Centre) -> None:
    profile = {**PARTS["profile"], "products": [{"id": "coal", "name": {"zh": "原煤", "en": "Coal"}}]}
    for name, content in (("profile", profile), ("finance", {"finance": {"2025": {"staff": "9"}}})):
        assert house.write(name, content).status_code == 200
    rows = (("documents", "document", REGISTER), ("products", "product", "coal"), ("finance", "year", "2025"))
    with reader(browser, house.plant, user="enterprise_engineer", refusals=REFUSED) as page:
        page.goto(f"{HOME}/parts/secrets")
        at(page, "trade_secrets.groups.costs").select_option("false")
        for kind, field, value in rows:
            page.locator(f'[name=change][value="add:trade_secrets.{kind}"]').click()
            at(page, f"trade_secrets.{kind}[0].{field}").select_option(value)
        page.locator('[name=change][value="add:trade_secrets.figures"]').click()
        at(page, "trade_secrets.figures[0].figure").fill("lode.peak")
        at(page, "trade_secrets.figures[0].reason").fill("正在谈判")
        page.locator("#save").click()
        for kind, _, _ in rows:
            missing = page.locator(f'[data-field="trade_secrets.{kind}[0].reason"] .error-text')
            expect(missing).to_contain_text("必填项没有填写")
        expect(page.locator('[data-field="trade_secrets.figures[0].figure"] .error-text')).to_contain_text("没有这样")
        assert page.locator("#o-figures option[value=load]").text_content() == "用电负荷"
        shown(page, "secrets-refused")
        for kind, _, _ in rows:
            at(page, f"trade_secrets.{kind}[0].reason").fill("供货合同")
        at(page, "trade_secrets.figures[0].figure").fill("load.peak")
        save(page)
    with reader(browser, house.plant, user="centre_expert", language="en") as page:
        page.goto(f"{HOME}/parts/secrets")
        expect(at(page, "trade_secrets.products[0].product").locator("option:checked")).to_have_text("Coal (coal)")
        shown(page, "secrets-en")

    assert part(house, "secrets") == {
        "trade_secrets": {
            "groups": {"costs": "false"},
            **{kind: [{field: value, "reason": "供货合同"}] for kind, field, value in rows},
            "figures": [{"figure": "load.peak", "reason": "正在谈判"}],
        }
    }


def test_energy_takes_carriers_norm_and_prices_of_a_document(browser: Browser, house: Centre) -> None:
    assert house.write("profile", {**PARTS["profile"], "products": [{"id": "coal", "name": "原煤"}]}).status_code == 200
    with reader(browser, house.plant, user="centre_expert", refusals=REFUSED) as page:
        page.goto(f"{HOME}/parts/energy")
        at(page, "energy.meters").fill("heishan/utilities/power/meter1")
        at(page, "energy.complete").select_option("false")
        page.get_by_role("button", name="增加一种能源").click()
        at(page, "energy.carriers[0].carrier").select_option("diesel")
        at(page, "energy.carriers[0].amount").fill("12.6")
        at(page, "energy.carriers[0].unit").fill("t")
        at(page, "energy.norm.id").select_option("coal_underground")
        at(page, "energy.norm.product").select_option("coal")
        at(page, "energy.tariff.prices.peak").fill("0.75")
        page.locator("#save").click()
        expect(page.locator('[data-field="energy.tariff.document"] .error-text')).to_contain_text("必填项没有填写")
        shown(page, "energy-refused")
        at(page, "energy.tariff.document").select_option(REGISTER)
        save(page)

    assert part(house, "energy") == {
        "energy": {
            "meters": ["heishan/utilities/power/meter1"],
            "complete": "false",
            "carriers": [{"carrier": "diesel", "amount": "12.6", "unit": "t", "class": "declared"}],
            "norm": {"id": "coal_underground", "product": "coal"},
            "tariff": {"document": REGISTER, "prices": {"peak": "0.75"}},
        }
    }


def test_the_questionnaire_is_answered_item_by_item_beside_what_is_known(browser: Browser, house: Centre) -> None:
    years = {"2024": {"revenue_yuan": "100", "cost_yuan": "50"}, "2025": {"revenue_yuan": "100", "cost_yuan": "60"}}
    for name, content in (
        ("profile", PARTS["profile"]),
        ("finance", {"finance": years}),
        ("equipment", PARTS["equipment"]),
    ):
        assert house.write(name, content).status_code == 200
    with reader(browser, house.plant, user="enterprise_engineer", refusals=REFUSED) as page:
        page.goto(f"{HOME}/parts/answers")
        cost = page.locator('[data-group="answers.cost_per_100"]')
        expect(cost.locator("[data-beside=finance]")).to_contain_text("自报")
        expect(page.locator('[data-group="answers.equipment_networked"] [data-beside=register]')).to_contain_text(
            "3 台中 1 台"
        )
        cost.locator("input[value=better]").check()
        page.locator('[data-field="answers.network_build.options"] input[value=control_network]').check()
        page.locator('[data-field="answers.network_build.open"] summary').click()
        page.locator('[data-field="answers.network_build.open"] input[value=five_g]').check()
        page.locator('[data-field="answers.rules.options"] input[value="-"]').check()
        page.locator('[data-field="answers.awareness.options"] input[value=step_3]').check()
        at(page, "answers.equipment_networked.ratio").fill("0.9")
        shown(page, "answers")
        save(page)
        page.goto(f"{HOME}/parts/answers")
        expect(page.locator('[data-group="answers.cost_per_100"] > .error-text')).to_contain_text("与财务数据不符")
        expect(page.locator('[data-group="answers.equipment_networked"] > .error-text')).to_contain_text("设备台账不符")
        shown(page, "answers-contradicting")
        page.goto(HOME)
        expect(page.locator("#faults li").first).to_contain_text("问卷：比例 0.9 与设备台账不符")
        keep(page, "case-faults")
        page.goto(f"{HOME}/parts/scenes")
        page.locator('[data-field="scenes.equipment.levels"] input[value="1"]').check()
        page.locator('[data-field="scenes.equipment.levels"] input[value="3"]').check()
        page.locator('[data-field="scenes.energy.levels"] input[value="0"]').check()
        save(page)
        page.goto(f"{HOME}/parts/scenes")
        expect(page.locator('[data-group="scenes.equipment"] > .error-text')).to_contain_text("没有勾选 2 级")
        shown(page, "scenes-gap")

    assert part(house, "answers")["answers"] == {
        "network_build": {"options": ["control_network"], "open": ["five_g"], "class": "declared"},
        "equipment_networked": {"ratio": "0.9", "class": "declared"},
        "awareness": {"options": ["step_3"], "class": "declared"},
        "rules": {"options": [], "class": "declared"},
        "cost_per_100": {"direction": "better", "class": "declared"},
    }
    assert part(house, "scenes")["scenes"] == {
        "equipment": {"levels_met": [1, 3], "class": "declared"},
        "energy": {"levels_met": [], "class": "declared"},
    }


def test_a_document_is_uploaded_beside_the_form_and_chosen_at_once(browser: Browser, house: Centre) -> None:
    with reader(browser, house.plant, user="enterprise_engineer", refusals=REFUSED) as page:
        page.goto(f"{HOME}/parts/finance")
        page.get_by_role("button", name="增加一年").click()
        at(page, "finance[0].year").fill("2025")
        page.locator("#upload input[type=file]").set_input_files(
            {"name": "账.exe", "mimeType": "application/pdf", "buffer": CONTENT}
        )
        page.locator("#upload button").click()
        expect(page.locator("#upload .error-text")).to_contain_text("不收这种类型的文件")
        page.locator("#upload input[type=file]").set_input_files(
            {"name": "审计报告2025.pdf", "mimeType": "application/pdf", "buffer": CONTENT + b" audit"}
        )
        page.locator("#upload button").click()
        expect(at(page, "finance[0].year")).to_have_value("2025")
        page.locator('[data-field="finance[0].evidence"] summary').click()
        page.locator('[data-field="finance[0].evidence"] input[value="审计报告2025.pdf"]').check()
        page.locator('[data-field="finance[0].class"] input[value=verified]').check()
        save(page)

    assert part(house, "finance")["finance"]["2025"]["evidence"] == ["审计报告2025.pdf"]


def test_two_experts_choose_field_by_field_and_nothing_is_lost(browser: Browser, house: Centre) -> None:
    assert house.write("equipment", PARTS["equipment"]).status_code == 200
    fan, winch = PARTS["equipment"]["equipment"]
    with reader(browser, house.plant, user="centre_expert", refusals=REFUSED) as page:
        page.goto(f"{HOME}/parts/equipment")
        at(page, "equipment[1].count").fill("5")
        at(page, "equipment[0].template").select_option("")
        page.get_by_role("button", name="增加一台设备").click()
        at(page, "equipment[2].id").fill("shearer")
        at(page, "equipment[2].name.zh").fill("采煤机")
        other = {"equipment": [{**fan, "links": ["safety"]}, {**winch, "count": "3"}, {"id": "pump", "name": "水泵"}]}
        assert house.write("equipment", other, 1, "centre_admin").status_code == 200
        page.locator("#save").click()
        expect(page.locator("#theirs")).to_contain_text("centre_admin")
        picks = page.evaluate(
            "() => Object.fromEntries([...document.querySelectorAll('[data-difference]')].map((each) => "
            "[each.dataset.difference, (each.querySelector('input:checked') || {value: ''}).value]))"
        )
        assert picks == {
            "equipment|fan1|template": "mine",
            "equipment|fan1|links": "theirs",
            "equipment|winch|count": "",
            "equipment|shearer|": "mine",
            "equipment|pump|": "theirs",
        }
        shown(page, "two-versions")
        page.locator('[data-difference="equipment|winch|count"] input[value=mine]').check()
        page.get_by_role("button", name="按所选合并并保存").click()
        page.wait_for_url(f"**{HOME}")

    rows = {each["id"]: each for each in part(house, "equipment")["equipment"]}
    assert sorted(rows) == ["fan1", "pump", "shearer", "winch"]
    assert (rows["winch"]["count"], rows["fan1"]["links"], "template" in rows["fan1"]) == ("5", ["safety"], False)


def test_what_is_not_saved_is_not_left_without_asking(browser: Browser, house: Centre) -> None:
    with reader(browser, house.plant, user="centre_expert") as page:
        page.goto(f"{HOME}/parts/energy")
        expect(page.locator("#unsaved")).to_be_hidden()
        at(page, "energy.meters").press_sequentially("heishan/a/b/c")
        expect(page.locator("#unsaved")).to_be_visible()
        asked: list[str] = []

        def stay(dialog: Any) -> None:
            asked.append(dialog.type)
            dialog.dismiss()

        page.once("dialog", stay)
        page.locator(".crumbs a").last.click()
        page.wait_for_timeout(300)
        assert asked == ["beforeunload"]
        expect(at(page, "energy.meters")).to_have_value("heishan/a/b/c")
        save(page)


def test_text_stays_for_experts_and_a_closed_intake_can_be_read_and_printed(browser: Browser, house: Centre) -> None:
    with reader(browser, house.plant, user="centre_expert", refusals=REFUSED) as page:
        page.goto(f"{HOME}/parts/energy")
        page.locator("#as-text summary").click()
        page.locator("#text").fill("{nonsense")
        page.locator("#as-text button").click()
        page.locator("#as-text summary").click()
        expect(page.locator("#text")).to_have_value("{nonsense")
        expect(page.locator("#as-text .error-text")).to_contain_text("不是 JSON")
        page.locator("#text").fill('{"energy": {"complete": "true"}}')
        page.locator("#as-text button").click()
        page.wait_for_url(f"**{HOME}")
    for name, content in PARTS.items():
        assert house.write(name, content).status_code == 200
    house.done("centre_expert", "submit")
    for language in ("zh", "en"):
        with reader(browser, house.plant, user="enterprise_engineer", language=language) as page:
            for name in ("profile", "equipment", "finance", "energy", "answers", "scenes"):
                page.goto(f"{HOME}/parts/{name}")
                expect(page.locator("#closed")).to_be_visible()
                expect(page.locator("#save")).to_have_count(0)
                shown(page, f"closed-{name}-{language}")
            page.emulate_media(media="print")
            page.goto(f"{HOME}/parts/equipment")
            keep(page, f"part-print-{language}")
