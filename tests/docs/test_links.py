"""Links lead somewhere, and no page names a place that is only here."""

from __future__ import annotations

import pathlib
import re
from urllib.parse import unquote

import pytest

from tests.docs.markdown import ROOT, anchors, files, links

FILES = files()


@pytest.mark.parametrize("page", FILES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_link_leads_to_a_file_and_a_heading(page: pathlib.Path) -> None:
    broken = []
    for link in links(page.read_text(encoding="utf-8")):
        if re.match(r"[a-z]+:", link):
            continue
        name, _, anchor = unquote(link).partition("#")
        target = (page.parent / name).resolve() if name else page
        if not target.exists() or (anchor and anchor not in anchors(target.read_text(encoding="utf-8"))):
            broken.append(link)
    assert broken == []


# a checkout or home folder, or a package registry, by name
FOREIGN = re.compile(r"(?<![\w.])/(?:work|root|home/\w+|tmp)/[\w.]+|pypi\.\w|registry\.\w+\.\w|npmjs|/simple/")


@pytest.mark.parametrize("page", FILES, ids=lambda page: str(page.relative_to(ROOT)))
def test_no_page_names_a_place_of_this_machine_or_a_registry(page: pathlib.Path) -> None:
    assert FOREIGN.findall(page.read_text(encoding="utf-8")) == []


def test_every_picture_is_used_and_small() -> None:
    pictures = sorted((ROOT / "docs" / "pictures").glob("*"))
    used = {
        (page.parent / link.partition("#")[0]).resolve()
        for page in FILES
        for link in links(page.read_text(encoding="utf-8"))
    }

    assert [picture.name for picture in pictures if picture not in used] == []
    assert [picture.name for picture in pictures if picture.stat().st_size > 250_000] == []
    assert sum(picture.stat().st_size for picture in pictures) < 2_500_000
