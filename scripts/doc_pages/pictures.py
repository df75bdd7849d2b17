"""Takes the pictures of docs/ again: `python -m scripts.doc_pages.pictures` beside a running `make demo`.

The report's pages come from `demo-out/report.pdf`. Look at every picture before you commit it.
"""

from __future__ import annotations

import argparse
import pathlib
import shutil
import subprocess
import sys
from collections.abc import Sequence

from playwright.sync_api import Page, sync_playwright

__all__ = ["main"]

_ROOT = pathlib.Path(__file__).resolve().parents[2]
_PICTURES = _ROOT / "docs" / "pictures"
_WIDTH = 1280
_FAN = "heishan-coal/heishan/ventilation/main/fan1"
_PAGES = {
    "overview": ("/", 440),
    "machine": ("/machines/bayan-chem/bayan/gasification/train1/gasifier1", 840),
    "signal": (f"/signals/{_FAN}/power?range=7d", 740),
    "findings": ("/findings", 840),
    "energy": ("/energy/heishan-coal/heishan", 900),
    "gateway": ("/gateways/heishan-gw1", 560),
}
_REPORT = {"report-summary": 2, "report-energy": 8}
_FLAGS = ("--headless", "--no-sandbox", "--disable-gpu", "--disable-background-networking", "--no-first-run")


def main(arguments: Sequence[str]) -> int:
    """Takes them all; gives the exit code."""
    parser = argparse.ArgumentParser(prog="pictures", description="Takes the pictures of docs/ from a running demo.")
    parser.add_argument("--url", default="http://127.0.0.1:8080", help="the demo's console")
    parser.add_argument("--state", type=pathlib.Path, default=_ROOT / "demo-state")
    parser.add_argument("--report", type=pathlib.Path, default=_ROOT / "demo-out" / "report.pdf")
    options = parser.parse_args(arguments)
    password = (options.state / "secrets" / "admin").read_text(encoding="utf-8").strip()
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=_FLAGS)
        page = browser.new_context(viewport={"width": _WIDTH, "height": 900}, locale="zh-CN").new_page()
        _sign_in(page, options.url, password)
        for name, (path, height) in _PAGES.items():
            page.goto(options.url + path, wait_until="networkidle")
            page.wait_for_timeout(2000)  # charts draw in
            clip = {"x": 0.0, "y": 0.0, "width": float(_WIDTH), "height": float(height)}
            page.screenshot(path=_PICTURES / f"{name}.png", clip=clip)  # type: ignore[arg-type]
        browser.close()
    if options.report.exists():
        for name, number in _REPORT.items():
            target = str(_PICTURES / name)
            pages = ["-f", str(number), "-l", str(number)]
            subprocess.run(["pdftoppm", "-r", "96", *pages, "-png", "-singlefile", options.report, target], check=True)
    return 0


def _sign_in(page: Page, url: str, password: str) -> None:
    page.goto(f"{url}/sign-in")
    page.fill("input[name=name]", "admin")
    page.fill("input[name=password]", password)
    page.press("input[name=password]", "Enter")
    page.wait_for_load_state("networkidle")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
