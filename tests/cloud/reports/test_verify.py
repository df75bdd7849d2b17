"""Tampering: every file is named, and for data the figure or evidence."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest
from ovoo_cloud.diagnosis.evidence import MemorySource
from ovoo_cloud.reports.bundle import manifest_bytes
from ovoo_cloud.reports.signing import create_key, load_signing_key, sign
from ovoo_cloud.reports.verify import Verification, verify_bundle
from ovoo_contract.canonical import canonical_json
from ovoo_contract.errors import VerifyError

from tests.cloud.diagnosis import full_mine, mine
from tests.cloud.reports.conftest import CUTS, Issued


@pytest.fixture
def copy(issued: Issued, tmp_path: Path) -> Path:
    """A copy of the bundle to spoil."""
    return Path(shutil.copytree(issued.folder, tmp_path / "copy"))


def names(outcome: Verification, kind: str) -> set[str]:
    return {each.name for each in outcome.mismatches if each.kind == kind}


def test_an_untouched_bundle_verifies_from_the_snapshot_and_from_the_store(issued: Issued) -> None:
    plain = verify_bundle(issued.folder, trust=issued.public_key)
    deep = verify_bundle(issued.folder, trust=issued.public_key, deep=issued.source)

    assert (plain.ok, plain.level) == (True, 1)
    assert (deep.ok, deep.level) == (True, 2)
    assert deep.figures > 80
    assert deep.not_measured == ()
    assert deep.number == "OVOO-2026-0001"


def test_a_report_with_every_section_verifies_down_to_the_store(full: Issued) -> None:
    deep = verify_bundle(full.folder, trust=full.public_key, deep=full.source)

    assert [str(each) for each in deep.mismatches] == []
    assert deep.level == 2


@pytest.mark.parametrize("figure", ["oee.belt1.loss_performance_h", "norm.course.2", "saving.after.idle", "norm.gap1"])
def test_a_step_of_a_chart_that_was_changed_is_named(full: Issued, tmp_path: Path, figure: str) -> None:
    copy = Path(shutil.copytree(full.folder, tmp_path / "copy"))

    def change(data: dict[str, Any]) -> None:
        row = data["figures"][figure]
        end = "value" if row["value"] is not None else "high"
        row[end] = row[end][:-1] + str((int(row[end][-1]) + 1) % 10)

    _edit(copy / "snapshot.json", change)

    assert figure in names(verify_bundle(copy, trust=full.public_key), "figure")


def test_a_measuring_point_that_the_store_counts_otherwise_is_named(full: Issued) -> None:
    case = full_mine.case()
    cut = full_mine.source(case, (mine.Cut(full_mine.BELT, 0.4, 0.5),))

    outcome = verify_bundle(full.folder, trust=full.public_key, deep=cut)

    assert f"points/heishan-coal/{full_mine.BELT}/output" in names(outcome, "store")
    assert "norm.course.3.output" in names(outcome, "figure")


@pytest.mark.parametrize(
    "name",
    [
        "snapshot.json",
        "report.json",
        "report.pdf",
        "report.docx",
        "report.en.pdf",
        "report.en.docx",
        "report.xlsx",
        "manifest.json",
        "manifest.sig",
    ],
)
@pytest.mark.parametrize("place", [0.0, 0.5, 1.0], ids=["first", "middle", "last"])
def test_a_changed_byte_anywhere_names_its_file(issued: Issued, copy: Path, name: str, place: float) -> None:
    content = bytearray((copy / name).read_bytes())
    content[int(place * (len(content) - 1))] ^= 1
    (copy / name).write_bytes(content)

    outcome = verify_bundle(copy, trust=issued.public_key)

    accused = {"manifest.json": "manifest.sig"}.get(name, name)
    assert not outcome.ok
    assert accused in names(outcome, "file")


def test_a_missing_and_an_added_file_are_named(issued: Issued, copy: Path) -> None:
    (copy / "report.docx").unlink()
    (copy / "appendix.pdf").write_bytes(b"extra")

    outcome = verify_bundle(copy, trust=issued.public_key)

    assert {each.name: each.detail for each in outcome.mismatches} == {
        "report.docx": "missing",
        "appendix.pdf": "not listed in the manifest",
    }


def _edit(path: Path, change: Any) -> None:
    data = json.loads(path.read_bytes())
    change(data)
    path.write_bytes(canonical_json(data))


@pytest.mark.parametrize(
    "figure", ["energy.kwh", "equipment.networked", "score.total", "product.output", "window.days"]
)
def test_a_digit_changed_in_the_snapshot_names_the_figure(issued: Issued, copy: Path, figure: str) -> None:
    def change(data: Any) -> None:
        row = data["figures"][figure]
        key = "value" if row["value"] is not None else "low"
        row[key] = str(int(row[key][0]) % 9 + 1) + row[key][1:]

    _edit(copy / "snapshot.json", change)

    outcome = verify_bundle(copy, trust=issued.public_key)

    assert figure in names(outcome, "figure")
    assert "snapshot.json" in names(outcome, "file")


def test_a_changed_evidence_record_is_named(issued: Issued, copy: Path) -> None:
    evidence = next(iter(issued.result.snapshot.data["evidence"]))
    _edit(copy / "snapshot.json", lambda data: data["evidence"][evidence].update(samples=1))

    assert evidence in names(verify_bundle(copy, trust=issued.public_key), "evidence")


def test_a_figure_changed_in_the_document_only_is_named(issued: Issued, copy: Path) -> None:
    text = (copy / "report.json").read_text(encoding="utf-8")
    before = issued.result.snapshot.data["figures"]["energy.kwh"]["value"]
    marker = f'"value":"{before}"'
    assert marker in text
    (copy / "report.json").write_text(text.replace(marker, '"value":"1.0"', 1), encoding="utf-8")

    outcome = verify_bundle(copy, trust=issued.public_key)

    assert names(outcome, "figure") & {"energy.kwh", "energy.meter.heishan/utilities/power/meter1"}
    assert names(outcome, "file") == {"report.json"}


def test_someone_who_signs_a_changed_snapshot_with_a_trusted_key_is_caught_by_recomputing(
    issued: Issued, copy: Path
) -> None:
    def change(data: Any) -> None:
        data["figures"]["energy.tco2"]["value"] = "1.00"
        data["score"]["level"] = 4

    _edit(copy / "snapshot.json", change)
    _sign_again(copy, issued.private_key)

    outcome = verify_bundle(copy, trust=issued.public_key)

    assert "snapshot.json" not in names(outcome, "file")
    assert "energy.tco2" in names(outcome, "figure")
    assert names(outcome, "score") == {"level"}


def test_a_manifest_forged_to_fit_changed_files_is_caught_by_its_signature(
    issued: Issued, copy: Path, tmp_path: Path
) -> None:
    """Every hash fits; only the old signature, or one by a key of the forger's own, stands below."""
    _edit(copy / "snapshot.json", lambda data: data["issue"].update(number="OVOO-2026-9999"))
    before = (copy / "manifest.sig").read_bytes()
    forger, _ = create_key(tmp_path)
    _sign_again(copy, forger)

    own_key = verify_bundle(copy, trust=issued.public_key)
    (copy / "manifest.sig").write_bytes(before)
    old_signature = verify_bundle(copy, trust=issued.public_key)

    for outcome in (own_key, old_signature):
        assert names(outcome, "file") == {"manifest.sig"}
        assert any("does not fit manifest.json and the trusted key" in each.detail for each in outcome.mismatches)


def test_a_measured_figure_forged_and_signed_is_caught_by_the_store(issued: Issued, copy: Path) -> None:
    meter = "energy.meter.heishan/utilities/power/meter1"

    def change(data: Any) -> None:
        data["figures"][meter]["value"] = "2000000.0"

    _edit(copy / "snapshot.json", change)
    _sign_again(copy, issued.private_key)

    outcome = verify_bundle(copy, trust=issued.public_key, deep=issued.source)

    assert any(each.name == meter and "the store gives value" in each.detail for each in outcome.mismatches)


def test_samples_changed_in_the_store_are_named_by_their_evidence(issued: Issued) -> None:
    case = mine.case()
    batches = mine.batches(case.start_ns, case.end_ns, CUTS)
    batches[0].value[100] += 0.001
    spoiled = MemorySource(mine.entries(), batches)

    outcome = verify_bundle(issued.folder, trust=issued.public_key, deep=spoiled)

    fan = issued.result.snapshot.data["network"][0]["evidence"]
    assert fan in names(outcome, "evidence")


def _sign_again(folder: Path, private_key: Path) -> None:
    snapshot = json.loads((folder / "snapshot.json").read_bytes())
    files = {
        path.name: path.read_bytes() for path in folder.iterdir() if path.name not in {"manifest.json", "manifest.sig"}
    }
    manifest = manifest_bytes(files, snapshot)
    (folder / "manifest.json").write_bytes(manifest)
    (folder / "manifest.sig").write_bytes(sign(load_signing_key(private_key), manifest))


def test_a_foreign_key_does_not_verify(issued: Issued, tmp_path: Path) -> None:
    _, foreign = create_key(tmp_path)

    assert names(verify_bundle(issued.folder, trust=foreign), "file") == {"manifest.sig"}


def test_a_key_that_came_with_the_bundle_is_refused(issued: Issued, copy: Path) -> None:
    shutil.copy(issued.public_key, copy / "key.pem")

    with pytest.raises(VerifyError, match="inside the bundle"):
        verify_bundle(copy, trust=copy / "key.pem")


def test_a_folder_that_is_no_bundle_is_refused(issued: Issued, tmp_path: Path) -> None:
    with pytest.raises(VerifyError, match="not a report bundle"):
        verify_bundle(tmp_path, trust=issued.public_key)


def test_a_file_that_is_no_key_is_refused(issued: Issued, tmp_path: Path) -> None:
    (tmp_path / "key.pem").write_text("none")

    with pytest.raises(VerifyError, match="trusted key"):
        verify_bundle(issued.folder, trust=tmp_path / "key.pem")
