"""A whole case in Chromium: three people and a second expert, from application to a verified report and its revision,
until consent is withdrawn."""

from __future__ import annotations

import contextlib
import io
import json
import pathlib
import re
import zipfile
from collections.abc import Iterator
from typing import Any, Final

import openpyxl
import pytest
from ovoo_cloud.access import users
from ovoo_cloud.access.roles import Role
from ovoo_cloud.evidence_store import StoreEvidence
from ovoo_cloud.reports.verify import verify_bundle
from playwright.sync_api import Browser, Page, expect

from tests.cloud.api.plant import MINUTE, NOW, OWN, PASSWORD, SYSTEM
from tests.cloud.casework.centre import CASE, CONTENT, REGISTER, Centre, centre
from tests.cloud.casework.content import SITE
from tests.cloud.console.reader import fits, keep, reader

pytestmark = [pytest.mark.server, pytest.mark.timeout(900)]
HOME: Final = f"/cases/{OWN}/{CASE}"
NUMBER: Final = "OV-2026-001"
ENGINEER, EXPERT, SECOND, HEAD = "enterprise_engineer", "centre_expert", "expert2", "centre_admin"
FILLED: Final = {
    ("network_build", "control_network"): ("是", "verified", REGISTER),
    ("awareness", "step_3"): ("是", "", ""),
    ("pass_rate", "flat"): ("是", "", ""),
    ("equipment", "1"): ("是", "", ""),
    ("equipment", "2"): ("是", "", ""),
    ("energy", "1"): ("是", "", ""),
}
"""(entry, option or level) -> answer, class, evidence, as the enterprise fills in the table."""
PROFILE: Final = {
    "profile.name.zh": "黑山煤业有限公司",
    "profile.name.en": "Heishan Coal Co.",
    "profile.sector": "coal_mine",
    "profile.staff": "420",
    "profile.centre.zh": "示例促进中心（虚构）",
    "profile.centre.en": "Example centre (fictitious)",
    "window.start": "2026-06-04T10:00:00+08:00",
    "window.end": "2026-06-05T10:00:00+08:00",
}
FAN: Final = {
    "id": "fan1",
    "name.zh": "主通风机",
    "name.en": "Main fan",
    "asset": f"{SITE}/ventilation/main/fan1",
    "template": "main_fan",
    "digital": "true",
}
WINCH: Final = {"id": "winch", "name.zh": "绞车", "name.en": "Winch", "count": "2", "digital": "false"}


class Walk:
    """The case and its people; screenshots are numbered in the order of the story."""

    def __init__(self, browser: Browser, house: Centre) -> None:
        self.browser, self.house, self._shots = browser, house, 0

    @contextlib.contextmanager
    def person(self, user: str, path: str = HOME, **rest: Any) -> Iterator[Page]:
        with reader(self.browser, self.house.plant, user=user, **rest) as page:
            page.goto(path)
            yield page

    def show(self, page: Page, name: str) -> None:
        """Nothing is wider than its box, on a desk and on a telephone; the picture is kept."""
        self._shots += 1
        page.set_viewport_size({"width": 390, "height": 900})
        fits(page)
        page.set_viewport_size({"width": 1280, "height": 900})
        fits(page)
        keep(page, f"whole-case-{self._shots:02d}-{name}")

    def press(self, page: Page, step: str, **fields: str) -> None:
        for name, text in fields.items():
            page.locator(f"form[data-step={step}] input[name={name}]").fill(text)
        page.locator(f"form[data-step={step}] button").click()
        page.wait_for_load_state()

    def finish(self, page: Page, state: str) -> None:
        """The worker does what was queued; the page finds out by itself."""
        expect(page.locator("#work")).to_have_attribute("data-state", "queued")
        self.house.work()
        stands(page, state)
        expect(page.locator("#work")).to_have_count(0)
        self.house.plant.clock.now_ns += MINUTE


def stands(page: Page, state: str) -> None:
    expect(page.locator("#rail [aria-current]")).to_have_attribute("data-state", state)


@pytest.fixture
def walk(browser: Browser, tmp_path: pathlib.Path) -> Iterator[Walk]:
    with centre(tmp_path / "whole") as house:
        with house.plant.services.database.write() as session:
            users.create_user(
                session, SYSTEM, SECOND, password=PASSWORD, role=Role.CENTRE_EXPERT, enterprises=[OWN], now_ns=NOW
            )
        yield Walk(browser, house)


def test_a_case_goes_from_application_to_a_verified_report_a_revision_and_the_end_of_consent(
    walk: Walk, tmp_path: pathlib.Path
) -> None:
    apply_and_consent(walk)
    fill_in(walk, tmp_path)
    freeze_and_review(walk)
    confirm_and_issue(walk, 1)
    first = download(walk, tmp_path, 1)
    assert first["issue"]["status"] == "issued"
    assert first["answers"]["rules"]["sure"] == ["workflow"], "as the form was ticked"
    assert first["answers"]["awareness"]["sure"] == ["step_2"], "as the expert chose by keyboard"
    asked = verification_page(walk, 1)

    revise(walk)
    confirm_and_issue(walk, 2)
    second = download(walk, tmp_path, 2)
    changed = {row["figure"]: row["why"] for row in second["changes"]["figures"]}
    assert changed["score.item.network_build"] == "拓扑图为2019年"
    verification_page(walk, 2)
    with walk.person(HEAD, language="en") as page:
        changed_row = page.locator("#changes tr[data-figure='score.item.network_build']")
        expect(changed_row).to_contain_text("Points: Network build")
        expect(changed_row).to_contain_text("points")
        expect(page.locator("#changes tr[data-figure='score.total']")).to_contain_text(
            "because of: Points: Network build"
        )
        walk.show(page, "issued-in-english")
    with walk.person(ENGINEER, asked, sign=False) as page:
        expect(page.get_by_role("status")).to_contain_text("已有新的修订")
        walk.show(page, "superseded")
    withdraw(walk)


def apply_and_consent(walk: Walk) -> None:
    with walk.person(ENGINEER, "/cases") as page:
        page.locator("#apply input[name=case]").fill(CASE)
        page.locator("#apply input[name=title]").fill("黑山煤业 2026 年数字化诊断")
        walk.show(page, "apply")
        page.locator("#apply button").click()
        stands(page, "applied")
    with walk.person(HEAD) as page:
        expect(page.locator("#closed-content")).to_be_visible()
        walk.show(page, "application")
        walk.press(page, "accept")
        stands(page, "accepted")
    with walk.person(ENGINEER) as page:
        walk.show(page, "consent")
        walk.press(page, "consent", until="2026-12-31", reason="参加数字化水平评测")
        stands(page, "consented")


def fill_in(walk: Walk, tmp_path: pathlib.Path) -> None:
    with walk.person(EXPERT) as page:
        lead = page.locator("form[data-step=open_intake] select[name=framework]")
        expect(lead).to_have_value("smart_mine")  # that of the sector, until another is chosen
        lead.select_option("sme_2024")
        walk.press(page, "open_intake")
        stands(page, "intake")
        walk.show(page, "intake")
    with walk.person(ENGINEER) as page:
        page.locator("#documents input[type=file]").set_input_files(
            {"name": REGISTER, "mimeType": "application/pdf", "buffer": CONTENT}
        )
        page.locator("#documents button").click()
        expect(page.locator("#documents li")).to_contain_text(REGISTER)
        describe_enterprise(walk, page)
        answer_questionnaire(page, tmp_path)
        walk.show(page, "questionnaire")
        page.goto(f"{HOME}/parts/answers")
        expect(page.locator('[data-field="answers.awareness.options"] input[value=step_3]')).to_be_checked()
        page.locator('[data-field="answers.rules.options"] input[value=workflow]').check()
        walk.show(page, "answers-form")
        save(page)
        page.goto(f"{HOME}/parts/scenes")
        page.locator('[data-field="scenes.quality.levels"] input[value="1"]').check()
        walk.show(page, "scenes-form")
        save(page)
    two_at_once(walk)
    with walk.person(ENGINEER) as page:
        expect(page.locator("#faults")).to_have_count(0)
        walk.press(page, "submit")
        stands(page, "evidence")


def save(page: Page) -> None:
    page.locator("#save").click()
    page.wait_for_url(f"**{HOME}")


def fill(page: Page, fields: dict[str, str]) -> None:
    """Types into inputs and chooses in lists by their names."""
    for name, value in fields.items():
        found = page.locator(f'[name="{name}"]')
        if found.evaluate("each => each.tagName") == "SELECT":
            found.select_option(value)
        else:
            found.fill(value)


def describe_enterprise(walk: Walk, page: Page) -> None:
    page.goto(f"{HOME}/parts/profile")
    fill(page, PROFILE)
    page.get_by_role("button", name="增加一个厂区").click()
    fill(
        page,
        {
            "sites[0].id": SITE,
            "sites[0].name.zh": "黑山矿",
            "sites[0].name.en": "Heishan mine",
            "sites[0].grid": "west",
        },
    )
    walk.show(page, "profile-form")
    save(page)


def machine(page: Page, number: int, fields: dict[str, str], document: str = "") -> None:
    """Adds a row to the register."""
    page.get_by_role("button", name="增加一台设备").click()
    fill(page, {f"equipment[{number}].{name}": value for name, value in fields.items()})
    if document:
        page.locator(f'[data-field="equipment[{number}].class"] input[value=verified]').check()
        page.locator(f'[data-field="equipment[{number}].evidence"] summary').click()
        page.locator(f'[data-field="equipment[{number}].evidence"] input[value="{document}"]').check()


def answer_questionnaire(page: Page, tmp_path: pathlib.Path) -> None:
    """Downloads the empty form, fills it in as a table and hands it back."""
    with page.expect_download() as started:
        page.locator("a[href$='questionnaire?format=xlsx']").click()
    book = openpyxl.load_workbook(io.BytesIO(pathlib.Path(started.value.path()).read_bytes()))
    left = dict(FILLED)
    for cells in book.active.iter_rows(min_row=2):
        told = left.pop((str(cells[1].value), str(cells[2].value or "")), None)
        if told is not None:
            cells[5].value, cells[6].value, cells[7].value = told
    assert not left, left
    book.save(tmp_path / "问卷.xlsx")
    page.locator("#questionnaire input[type=file]").set_input_files(tmp_path / "问卷.xlsx")
    page.locator("#questionnaire button").click()
    expect(page.locator("tr[data-part=answers]")).to_contain_text(ENGINEER)
    expect(page.locator("tr[data-part=scenes]")).to_contain_text(ENGINEER)


def two_at_once(walk: Walk) -> None:
    """Two experts open the same part; the later one sees both versions, chooses, and nothing is lost."""
    path = f"{HOME}/parts/equipment"
    with (
        walk.person(EXPERT, path) as mine,
        walk.person(SECOND, path, refusals=("412",)) as late,
    ):
        machine(mine, 0, FAN, REGISTER)
        save(mine)
        machine(late, 0, WINCH)
        late.locator("#save").click()
        expect(late.locator("#theirs")).to_contain_text(EXPERT)
        expect(late.locator("[data-difference='equipment|fan1|']")).to_contain_text("主通风机")
        expect(late.locator("[data-difference='equipment|winch|'] input[value=mine]")).to_be_checked()
        walk.show(late, "two-at-once")
        late.get_by_role("button", name="按所选合并并保存").click()
        late.wait_for_url(f"**{HOME}")
        expect(late.locator("tr[data-part=equipment]")).to_contain_text(SECOND)
        late.goto(path)
        expect(late.locator('[name="equipment[0].id"]')).to_have_value("fan1")
        expect(late.locator('[name="equipment[1].id"]')).to_have_value("winch")
        walk.show(late, "equipment-form")


def freeze_and_review(walk: Walk) -> None:
    with walk.person(EXPERT) as page:
        walk.press(page, "freeze")
        walk.finish(page, "review")
        walk.show(page, "measured")
        page.goto(f"{HOME}/review")
        walk.show(page, "review")
        override(walk, page, "item:awareness", ["ArrowDown"], "规划尚未实施")
        rows = page.locator("#review tr[tabindex]")
        page.goto(f"{HOME}/review")
        page.keyboard.press("j")
        for place in range(rows.count()):
            expect(rows.nth(place)).to_be_focused()
            if rows.nth(place).get_attribute("data-decision"):
                page.keyboard.press("j")
                continue
            page.keyboard.press("a")  # accepts, and goes on with the next entry
            expect(rows.nth(place)).to_have_attribute("data-decision", "accept")
        walk.show(page, "reviewed")
        page.goto(HOME)
        walk.press(page, "propose")
        stands(page, "confirmation")


def override(walk: Walk, page: Page, subject: str, keys: list[str], reason: str) -> None:
    """Opens the override by key, chooses, gives the reason and sends it, all by keyboard."""
    page.locator(f"tr[data-subject='{subject}']").focus()
    page.keyboard.press("o")
    for key in keys:
        page.keyboard.press(key)
    page.locator(f"tr[data-subject='{subject}'] details input[name=reason]").focus()
    page.keyboard.type(reason)
    walk.show(page, f"override-{subject.partition(':')[2]}")
    page.keyboard.press("Enter")
    expect(page.locator(f"tr[data-subject='{subject}']")).to_have_attribute("data-decision", "override")


def confirm_and_issue(walk: Walk, revision: int) -> None:
    with walk.person(ENGINEER) as page:
        shown = page.locator("form[data-step=confirm] input[name=snapshot]").input_value()
        assert re.fullmatch("[0-9a-f]{64}", shown)
        expect(page.locator("#result")).to_contain_text(shown)
        expect(page.locator("#changes")).to_have_count(revision - 1)
        expect(page.locator("#rating")).to_contain_text("预评")
        with page.expect_download() as started:
            page.locator("#draft a").first.click()
        assert pathlib.Path(started.value.path()).read_bytes().startswith(b"%PDF-")
        walk.show(page, f"confirm-{revision}")
        walk.press(page, "confirm")
        stands(page, "confirmed")
    with walk.person(HEAD) as page:
        assert page.locator("form[data-step=issue] input[name=snapshot]").input_value() == shown
        if revision == 1:
            page.locator("form[data-step=issue] input[name=number]").fill(NUMBER)
        page.locator("form[data-step=issue] input[name=centre_copy]").check()
        walk.show(page, f"issue-{revision}")
        walk.press(page, "issue")
        walk.finish(page, "issued")
        expect(page.locator(f"tr[data-report=ov-2026-001-r{revision}]")).to_contain_text(NUMBER)
        walk.show(page, f"issued-{revision}")


def download(walk: Walk, tmp_path: pathlib.Path, revision: int) -> dict[str, Any]:
    """The bundle as it comes out of the browser verifies, also from the stored samples; gives its snapshot."""
    services = walk.house.plant.services
    with walk.person(ENGINEER) as page:
        row = page.locator(f"tr[data-report=ov-2026-001-r{revision}]")
        with page.expect_download() as started:
            row.locator("a[href$='/bundle']").click()
        archive = zipfile.ZipFile(io.BytesIO(pathlib.Path(started.value.path()).read_bytes()))
    archive.extractall(tmp_path / "bundles")
    folder = tmp_path / "bundles" / f"ov-2026-001-r{revision}"
    trust = services.settings.signing_key.with_name("report-key.pub.pem")
    verified = verify_bundle(folder, trust=trust, deep=StoreEvidence(services, OWN, SYSTEM))
    assert verified.ok, verified.mismatches
    assert verified.figures > 0
    assert {"report.pdf", "report.en.pdf", "report.centre.pdf"} <= {path.name for path in folder.iterdir()}
    snapshot: dict[str, Any] = json.loads((folder / "snapshot.json").read_bytes())
    return snapshot


def verification_page(walk: Walk, revision: int) -> str:
    """Follows the case page's link; gives it, for somebody who is not signed in."""
    with walk.person(ENGINEER) as page:
        link = page.locator(f"tr[data-report=ov-2026-001-r{revision}] a[href^='/verify']")
        address = link.get_attribute("href") or ""
        link.click()
        expect(page.get_by_role("status")).to_contain_text("最新修订")
        expect(page.locator("table.facts")).to_contain_text(NUMBER)
        walk.show(page, f"verified-{revision}")
    return address


def revise(walk: Walk) -> None:
    with walk.person(EXPERT) as page:
        walk.press(page, "revise", reason="网络拓扑图年份有误")
        stands(page, "review")
        page.goto(f"{HOME}/review")
        override(walk, page, "item:network_build", [], "拓扑图为2019年")
        page.goto(HOME)
        walk.press(page, "propose")
        stands(page, "confirmation")


def withdraw(walk: Walk) -> None:
    with walk.person(EXPERT) as page:
        walk.press(page, "visit", date="2026-06-05", words="两项措施已完成")
        stands(page, "follow_up")
    with walk.person(ENGINEER, f"/consent/{OWN}") as page:
        expect(page.locator("tr[data-use]").filter(has_text=EXPERT).first).to_be_visible()
        page.locator("tr[data-grant] input[name=reason]").fill("评测结束")
        page.locator("tr[data-grant] button").click()
        expect(page.locator("tr[data-grant]")).to_have_attribute("data-state", "withdrawn")
        walk.show(page, "withdrawn")
    with walk.person(EXPERT) as page:
        expect(page.locator("#closed-content")).to_be_visible()
        assert walk.house.file(ENGINEER)["state"] == "suspended"
        for part in ("/review", "/parts/profile"):
            answer = page.goto(HOME + part)
            assert answer is not None
            assert answer.status == 404
        walk.show(page, "not-found")
        page.goto(HOME)
        walk.show(page, "suspended")
