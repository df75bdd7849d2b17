"""The edition of the chapters covers every module that writes a chapter or a cover, of every kind of report."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import pytest
from ovoo_cloud.reports.kinds import kind_of
from ovoo_cloud.reports.tree import chapter_files

FORMATS = ("ovoo.snapshot/1", "ovoo.month/2", "ovoo.readiness/1")


@pytest.mark.parametrize("form", FORMATS)
def test_every_chapter_of_a_kind_is_part_of_the_edition(form: str) -> None:
    kind = kind_of({"format": form})
    covered = {f"{package}/{name}" for package, name in chapter_files()}

    for writer in (kind.cover, *kind.sections):
        spec = importlib.util.find_spec(writer.__module__)
        assert spec is not None
        assert spec.origin is not None
        assert f"{writer.__module__.rpartition('.')[0]}/{Path(spec.origin).name}" in covered
