"""Takes the pictures of docs/ again: `make pictures` beside a running or after a finished `make demo`.

Beside a running demo every page is taken; after one that has ended, its console is served once more for the pages of
the case, since live pages would show gateways that are gone. The report's pages come from `demo-out/`. Look at every
picture before you commit it.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import pathlib
import shutil
import subprocess
import sys
import tomllib
import urllib.parse
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from playwright.sync_api import Browser, Page, sync_playwright

from scripts.demo.children import ChildFailed, Children
from scripts.demo.people import ADMIN, engineer_of
from scripts.demo.place import PLANTS, ROOT, Place
from scripts.demo.report import bundles
from scripts.demo.site import answers, console_url, read_secret, start_cloud

__all__ = ["main"]

_PICTURES: Final = ROOT / "docs" / "pictures"
_WIDTH: Final = 1280
_FAN: Final = "heishan-coal/heishan/ventilation/main/fan1"
_LIVE: Final = {
    "overview": ("/", 440),
    "machine": ("/machines/bayan-chem/bayan/gasification/train1/gasifier1", 840),
    "signal": (f"/signals/{_FAN}/power?range=7d", 740),
    "findings": ("/findings", 640),
    "energy": ("/energy/heishan-coal/heishan", 900),
    "gateway": ("/gateways/heishan-gw1", 560),
}
"""Path and height of what the head of the centre sees."""
_CASE: Final = {"case": ("/cases/heishan-coal/heishan-demo", "#reports"), "verify": ("/verify?{cover}", "main pre")}
"""Path and the last box that is shown, in both languages: `case.zh.png`, and `case.png` for English."""
_CONSENT: Final = ("/consent", 620)
"""What the mine's engineer sees."""
_REPORT: Final = {
    "report-cover": "快照校验码",
    "report-summary": "摘要",
    "report-level": "四个维度得分率",
    "report-energy": "每日用电量",
}
"""Picture of the Chinese report: words that stand on its page."""
_DPI: Final = 80
_MARGIN: Final = 16
_FLAGS: Final = ("--headless", "--no-sandbox", "--disable-gpu", "--disable-background-networking", "--no-first-run")


def main(arguments: Sequence[str]) -> int:
    """Takes them all; gives the exit code."""
    parser = argparse.ArgumentParser(prog="pictures", description="Takes the pictures of docs/ from a demo.")
    parser.add_argument("--state", type=pathlib.Path, default=ROOT / "demo-state")
    parser.add_argument("--out", type=pathlib.Path, default=ROOT / "demo-out")
    options = parser.parse_args(arguments)
    settings = tomllib.loads((options.state / "cloud.toml").read_text(encoding="utf-8"))
    place = Place(options.state, options.out, int(settings["broker_port"]), int(settings["listen_port"]))
    newest = bundles(place, PLANTS[0])[-1]
    with _console(place) as live, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=_FLAGS)
        if live:
            with _page(browser, place, ADMIN, "zh") as page:
                for name, (path, height) in _LIVE.items():
                    page.goto(console_url(place) + path, wait_until="networkidle")
                    _take(page, name, height)
        for language, ending in (("zh", ".zh"), ("en", "")):
            with _page(browser, place, ADMIN, language) as page:
                for name, (path, last) in _CASE.items():
                    page.goto(console_url(place) + path.format(cover=_cover(newest)), wait_until="networkidle")
                    box = page.locator(last).bounding_box() or {"y": 0, "height": 900}
                    _take(page, f"{name}{ending}", round(box["y"] + box["height"]) + _MARGIN)
        with _page(browser, place, engineer_of(PLANTS[0]), "zh") as page:
            page.goto(console_url(place) + _CONSENT[0], wait_until="networkidle")
            _take(page, "consent", _CONSENT[1])
        browser.close()
    for name, words in _REPORT.items():
        _report_page(newest / "report.pdf", words, name)
    return 0


@contextlib.contextmanager
def _console(place: Place) -> Iterator[bool]:
    """The demo's console; True while the demo itself runs, else it is served for as long as the pictures take."""
    if answers(place):
        yield True
        return
    with Children(place.state / "logs") as children:
        start_cloud(children, place)
        yield False


@contextlib.contextmanager
def _page(browser: Browser, place: Place, user: str, language: str) -> Iterator[Page]:
    """A page of a user who signed in."""
    url = console_url(place)
    context = browser.new_context(viewport={"width": _WIDTH, "height": 900}, locale="zh-CN")
    context.add_cookies([{"name": "ovoo_language", "value": language, "url": url}])
    page = context.new_page()
    page.goto(f"{url}/sign-in")
    page.fill("input[name=name]", user)
    page.fill("input[name=password]", read_secret(place, user))
    page.press("input[name=password]", "Enter")
    page.wait_for_load_state("networkidle")
    yield page
    context.close()


def _take(page: Page, name: str, height: int) -> None:
    page.set_viewport_size({"width": _WIDTH, "height": height})
    page.wait_for_timeout(2000)  # charts draw in
    page.screenshot(path=_PICTURES / f"{name}.png")


def _cover(bundle: pathlib.Path) -> str:
    """The three facts of a report's cover, as its square code holds them."""
    issue: Mapping[str, Any] = json.loads((bundle / "snapshot.json").read_text(encoding="utf-8"))["issue"]
    code = json.loads((bundle / "report.json").read_text(encoding="utf-8"))["snapshot_sha256"]
    return urllib.parse.urlencode({"number": issue["number"], "revision": issue["revision"], "code": code})


def _report_page(report: pathlib.Path, words: str, name: str) -> None:
    """The first page that has the words."""
    text = subprocess.run(["pdftotext", "-layout", report, "-"], capture_output=True, text=True, check=True).stdout
    pages = text.replace(" ", "").split("\f")
    number = next((place for place, each in enumerate(pages, start=1) if words in each), None)
    if number is None:
        raise ChildFailed(f"no page of {report} has {words!r}")
    target, which = str(_PICTURES / name), ["-f", str(number), "-l", str(number)]
    subprocess.run(["pdftoppm", "-r", str(_DPI), *which, "-png", "-singlefile", report, target], check=True)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
