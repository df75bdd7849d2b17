"""A month issued before its snapshot was version 2: files and printed figures hold, what is not checked is said."""

from __future__ import annotations

import json
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from ovoo_cloud.cli import main
from ovoo_cloud.reports.tree import build_tree
from ovoo_cloud.reports.verify import verify_bundle
from ovoo_contract.canonical import canonical_json
from ovoo_contract.errors import ReportError

from tests.cloud.energy_report import dairy

ISSUED = Path(__file__).parent / "issued" / "month-format-1.zip"
TOTAL = "bill.total"


@pytest.fixture
def bundle(tmp_path: Path) -> Path:
    """The bundle; the key of its centre lies beside it."""
    with zipfile.ZipFile(ISSUED) as archive:
        archive.extractall(tmp_path / "bundle")
    (tmp_path / "bundle" / "trust.pub.pem").rename(tmp_path / "trust.pub.pem")
    return tmp_path / "bundle"


def _edit(path: Path, change: Callable[[dict[str, Any]], None]) -> None:
    data = json.loads(path.read_bytes())
    change(data)
    path.write_bytes(canonical_json(data))


def accused(bundle: Path) -> set[tuple[str, str]]:
    outcome = verify_bundle(bundle, trust=bundle.parent / "trust.pub.pem")
    return {(each.kind, each.name) for each in outcome.mismatches}


def test_it_holds_at_level_1_and_says_that_chapters_and_store_were_not_checked(bundle: Path) -> None:
    plain = verify_bundle(bundle, trust=bundle.parent / "trust.pub.pem")
    deep = verify_bundle(bundle, trust=bundle.parent / "trust.pub.pem", deep=dairy.source([]))

    for outcome in (plain, deep):
        assert [str(each) for each in outcome.mismatches] == []
        assert (outcome.level, outcome.files) == (1, 4)
        assert outcome.figures > 80
        assert outcome.not_available == ("chapters", "store")


def test_the_command_line_says_so_too(bundle: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code = main(["verify", str(bundle), "--trust", str(bundle.parent / "trust.pub.pem")])

    said = capsys.readouterr().out
    assert code == 0
    assert "chapters are those of another version" in said
    assert "the store was not checked" in said


def test_a_figure_changed_in_its_document_is_named(bundle: Path) -> None:
    value = json.loads((bundle / "snapshot.json").read_bytes())["figures"][TOTAL]["value"]
    text = (bundle / "report.json").read_text(encoding="utf-8")
    forged = text.replace(f'"value":"{value}"', f'"value":"9{value}"', 1)
    assert forged != text
    (bundle / "report.json").write_text(forged, encoding="utf-8")

    assert accused(bundle) == {("file", "report.json"), ("figure", TOTAL)}


def test_a_document_of_another_snapshot_is_named(bundle: Path) -> None:
    _edit(bundle / "report.json", lambda report: report.update(snapshot_sha256="0" * 64))

    assert ("document", "$.snapshot_sha256") in accused(bundle)


def test_a_changed_record_and_a_changed_figure_are_named(bundle: Path) -> None:
    snapshot = json.loads((bundle / "snapshot.json").read_bytes())
    record = snapshot["provenance"][TOTAL]
    _edit(bundle / "snapshot.json", lambda data: data["records"][record]["parameters"].update(documents=["other.pdf"]))
    assert ("evidence", record) in accused(bundle)

    _edit(bundle / "snapshot.json", lambda data: data["figures"][TOTAL].update(value="1.00"))
    assert ("figure", TOTAL) in accused(bundle)


def test_an_unsigned_edition_does_not_make_the_chapters_of_today(bundle: Path) -> None:
    snapshot = json.loads((bundle / "snapshot.json").read_bytes())

    with pytest.raises(ReportError, match=r"ovoo\.month/1.*use the version that issued it"):
        build_tree(snapshot, "0" * 64)


@pytest.mark.parametrize("form", ["ovoo.month/0", ["ovoo.month/1"], None])
def test_a_format_that_nobody_issued_is_named(bundle: Path, form: object) -> None:
    _edit(bundle / "snapshot.json", lambda data: data.update(format=form))

    assert ("entry", "snapshot.json") in accused(bundle)
