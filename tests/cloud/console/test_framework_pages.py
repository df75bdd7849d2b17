"""The pages of frameworks in Chromium: the list, the rules with their marks, the form with faults by line, changes."""

from __future__ import annotations

import ast
import json
import pathlib
import re
from collections.abc import Iterator
from typing import Any

import pytest
from ovoo_cloud.catalogue import frameworks
from ovoo_cloud.catalogue.framework_tables import FrameworkEdition
from ovoo_cloud.console.framework_pages import lint_key
from ovoo_cloud.console.language import catalogue
from ovoo_packs import compiler, framework_names
from playwright.sync_api import Browser, Page, expect

from tests.cloud.api.own_framework import own_framework, own_text
from tests.cloud.api.plant import NOW, SYSTEM, Plant
from tests.cloud.console.reader import fits, keep, reader

server = pytest.mark.server


@pytest.fixture(autouse=True)
def clean(request: pytest.FixtureRequest) -> Iterator[None]:
    """Every test begins with the one draft that the plant has."""
    yield
    if "console" in request.fixturenames:
        plant: Plant = request.getfixturevalue("console")
        with plant.services.database.write() as session:
            session.query(FrameworkEdition).delete()
            frameworks.add(session, SYSTEM, own_text(), name="own.yaml", now_ns=NOW)


def on_every_screen(page: Page, name: str) -> None:
    for width in (1920, 1280, 360):
        page.set_viewport_size({"width": width, "height": 900})
        fits(page)
        if width != 1920:
            keep(page, f"{name}-{width}")
    page.set_viewport_size({"width": 1280, "height": 900})


@server
@pytest.mark.parametrize("language", ["zh", "en"])
def test_the_list_shows_packs_and_own_ones_with_their_marks(browser: Browser, console: Plant, language: str) -> None:
    with reader(browser, console, language=language) as page:
        page.goto("/frameworks")
        on_every_screen(page, f"frameworks-{language}")
        expect(page.locator("[data-framework]")).to_have_count(len(framework_names()) + 1)
        expect(page.locator("[data-framework='sme_2024@2024.2'] [data-mark=reference]")).to_be_visible()
        expect(page.locator("[data-framework='own_check@1']")).to_have_attribute("data-state", "draft")
        assert page.locator("[data-framework='own_check@1'] [data-mark=reference]").count() == 0
        expect(page.locator("nav a[aria-current=page]")).to_have_attribute("href", "/frameworks")


@server
@pytest.mark.parametrize("name", framework_names())
def test_each_framework_shows_its_items_sources_and_marks(browser: Browser, console: Plant, name: str) -> None:
    with reader(browser, console, user="enterprise_viewer") as page:
        page.goto("/frameworks")
        page.click(f"[data-framework^='{name}@'] a")
        on_every_screen(page, f"framework-{name}")
        expect(page.locator("[data-item]").first).to_have_attribute("data-reference", "true")
        expect(page.locator("#origin")).to_contain_text("尚无人签字")
        if name == "sme_2024":
            expect(page.locator("[data-item]")).to_have_count(15)
            expect(page.locator("[data-scene]")).to_have_count(16)
            expect(page.locator("[data-item=equipment_networked]")).to_contain_text("≤20 % → 1.5")
        if name == "norms_coal_mine":
            expect(page.locator("[data-item=coal_underground]")).to_contain_text("2.5 / 6.2 / 10.8 kgce/t")


@server
def test_mistakes_are_told_by_line_and_the_mended_text_becomes_a_draft_that_is_published(
    browser: Browser, console: Plant
) -> None:
    bad: dict[str, Any] = own_framework("3")
    bad["dimensions"][0]["groups"][0]["items"][0]["points"] = 50
    bad["gate"][1]["scenes"] = 0
    text = own_text("3", dimensions=bad["dimensions"], gate=bad["gate"])
    with reader(browser, console) as page:
        page.goto("/frameworks")
        page.click("a[href='/frameworks/new']")
        on_every_screen(page, "framework-form")
        page.fill("#framework-text", text)
        page.click("#framework-form button")
        on_every_screen(page, "framework-faults")
        lines = [int(row.get_attribute("data-line") or 0) for row in page.locator("[data-fault]").all()]
        assert len(lines) == 3
        expect(page.locator("[data-state=faults]")).to_contain_text("分值合计不对")
        expect(page.locator("[data-state=faults]")).to_contain_text("门槛低于下一级")
        gate_line = next(n for n, row in enumerate(text.split("\n"), start=1) if '"scenes": 0' in row)
        assert gate_line in lines
        expect(page.locator(f"[data-bad='{gate_line}']")).to_contain_text('"scenes": 0')
        assert page.input_value("#framework-text") == text
        page.fill("#framework-text", own_text("3"))
        page.click("#framework-form button")
        expect(page.locator("[data-state=draft]")).to_contain_text("1 条一致性样例全部相符")
        on_every_screen(page, "framework-draft")
        page.click("#publish")
        assert page.locator("[data-state=draft]").count() == 0
        expect(page.locator("#origin")).to_contain_text("赵工")
        page.click("#retire")
        assert page.locator("#retire").count() == 0


@server
def test_a_file_is_taken_in_and_a_draft_says_what_is_missing(browser: Browser, console: Plant) -> None:
    without = {key: value for key, value in own_framework("4").items() if key != "vectors"}
    with reader(browser, console) as page:
        for content, words in ((b"kind: poem", "不是标准文档"), ("种类".encode("gbk"), "")):
            page.goto("/frameworks/new")
            page.set_input_files(
                "#framework-file", {"name": "own.yaml", "mimeType": "application/yaml", "buffer": content}
            )
            page.click("form[action$=upload] button")
            expect(page.locator("[data-fault]").first).to_contain_text(words)
        text = json.dumps(without, ensure_ascii=False)
        page.set_input_files(
            "#framework-file", {"name": "own.yaml", "mimeType": "application/yaml", "buffer": text.encode()}
        )
        page.click("form[action$=upload] button")
        expect(page.locator("[data-missing]")).to_contain_text("no conformance vectors")
        assert page.locator("#publish").count() == 0


@server
def test_two_editions_are_compared_rule_by_rule(browser: Browser, console: Plant) -> None:
    later: dict[str, Any] = own_framework("2")
    later["gate"][1]["score"] = 55
    with console.services.database.write() as session:
        frameworks.add(session, SYSTEM, own_text("2", gate=later["gate"]), name="own.yaml", now_ns=NOW + 1)
    with reader(browser, console) as page:
        page.goto("/frameworks/own_check/2")
        page.click("#origin a:has-text('1')")
        on_every_screen(page, "framework-changes")
        expect(page.locator("[data-change='gate[2].score']")).to_contain_text(re.compile("60.*55"))
        expect(page.locator("[data-change]")).to_have_count(1)


@server
def test_who_may_not_manage_sees_no_draft_and_no_form(browser: Browser, console: Plant) -> None:
    with reader(browser, console, user="centre_expert", refusals=("403", "404", "422")) as page:
        page.goto("/frameworks")
        assert page.locator("[data-framework^=own_check]").count() == 0
        assert page.locator("a[href='/frameworks/new']").count() == 0
        for path, status in (
            ("/frameworks/new", 403),
            ("/frameworks/own_check/1", 404),
            ("/frameworks/x/changes", 422),
        ):
            answer = page.goto(path)
            assert answer is not None
            assert answer.status == status
        assert page.request.post(f"{console.url}/frameworks", form={"text": own_text("9")}).status == 403


def test_every_message_of_the_linter_has_words_in_both_languages() -> None:
    folder = pathlib.Path(compiler.__file__).parent
    names = ("framework_rules", "framework_schema", "schema", "vectors", "document", "lint", "checks")
    said: set[str] = set()
    for name in names:
        for node in ast.walk(ast.parse((folder / f"{name}.py").read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "add":
                said |= {str(each.value) for each in node.args[2:3] if isinstance(each, ast.Constant)}

    keys = {lint_key(message) for message in said}
    assert len(keys) > 30
    for language in ("zh", "en"):
        assert keys <= set(catalogue(language)), keys - set(catalogue(language))
