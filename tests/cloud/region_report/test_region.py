"""The report of a region: aggregates that show nobody, verifiable from the file and from the issued reports."""

from __future__ import annotations

import dataclasses
import io
import json
import pathlib
import random
import re
import zipfile
from typing import Any

import pytest
from ovoo_cloud.access.roles import Role
from ovoo_cloud.access.scope import Scope
from ovoo_cloud.casework.numbers import check_free
from ovoo_cloud.catalogue import enterprises, region_reports
from ovoo_cloud.catalogue.register_kind_tables import PinnedPlaces
from ovoo_cloud.catalogue.tables import Report
from ovoo_cloud.catalogue.verification import issued_report
from ovoo_cloud.cli import main
from ovoo_cloud.diagnosis.evidence import MemorySource
from ovoo_cloud.diagnosis.snapshot import Issue
from ovoo_cloud.jobs.region_report import issue_region, issued_reports, region_inputs
from ovoo_cloud.jobs.report import Order
from ovoo_cloud.jobs.work import work_of
from ovoo_cloud.region_report.document import KIND
from ovoo_cloud.region_report.snapshot import freeze_region
from ovoo_cloud.reports.verify import verify_bundle
from ovoo_contract.errors import Conflict, Forbidden, QueryError, ReportError

from tests.cloud.centre.conftest import ENGINEER, REGION, SYSTEM
from tests.cloud.pdf_text import page_texts
from tests.cloud.region_report.conftest import NAME, OFFICE, QUARTER, SITE, Region

ISSUE = Issue("N", "2026-06-08", 1, "test")
HIDDEN = (NAME, SITE, OFFICE, "R-00", "r-zz")


def data_of(region: Region) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(region.result.snapshot.to_bytes())
    return found


def texts(path: pathlib.Path) -> str:
    """Everything that can be read in a file of the bundle."""
    content = path.read_bytes()
    if path.suffix == ".pdf":
        return "\n".join(page_texts(content))
    if path.suffix in (".docx", ".xlsx"):
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            return "\n".join(archive.read(name).decode("utf-8", "replace") for name in archive.namelist())
    return content.decode("utf-8", "replace")


def test_no_enterprise_site_or_number_of_a_report_is_in_any_file(region: Region) -> None:
    files = sorted(region.result.folder.iterdir())

    assert {path.name for path in files} >= {
        f"report{language}.{ending}" for language in ("", ".en") for ending in ("pdf", "docx", "xlsx", "html")
    }
    for path in files:
        text = texts(path)
        assert not [each for each in HIDDEN if each in text], path.name
        assert text


def test_every_document_carries_the_same_medians(region: Region) -> None:
    median = data_of(region)["figures"]["region.dairy.score.total.p50"]["value"]

    assert median == "32.50"  # of 20.5, 23.5, ... 44.5
    for path in sorted(region.result.folder.glob("report.*")):
        assert median in texts(path), path.name


def test_small_groups_are_absent_and_take_another_with_them(region: Region) -> None:
    data = data_of(region)

    assert {path.split("/")[0] for path in data["groups"]} == {"all", "dairy", "coal_mine"}
    assert "power" not in json.dumps(data)
    assert "metals" not in json.dumps(data)


def test_levels_add_up_and_small_counts_stand_together(region: Region) -> None:
    data = data_of(region)
    counts = {name: int(data["figures"][figure]["value"]) for name, figure in data["levels"].items()}

    # 1 open, 4 at 0, then five each at 1 to 4: the two small ones hide together
    assert counts == {"1": 5, "2": 5, "3": 5, "4": 5, "together": 5}
    assert sum(counts.values()) == int(data["figures"]["region.reports"]["value"]) == 25


def test_the_evidence_is_a_count_and_a_hash(region: Region) -> None:
    (record,) = data_of(region)["evidence"].values()

    assert (record["samples"], record["addresses"]) == (25, [])
    assert re.fullmatch("[0-9a-f]{64}", record["sha256"])


def test_order_and_names_of_enterprises_change_no_byte(region: Region) -> None:
    inputs = region_inputs(region.services, QUARTER)
    mixed = random.Random(3).sample(list(inputs.readings), len(inputs.readings))
    renamed = {each.enterprise: f"x{n}" for n, each in enumerate(mixed)}
    other = dataclasses.replace(
        inputs,
        readings=[dataclasses.replace(each, enterprise=renamed[each.enterprise]) for each in mixed],
        places={renamed[name]: place for name, place in inputs.places.items()},
    )

    assert freeze_region(other, ISSUE).to_bytes() == freeze_region(inputs, ISSUE).to_bytes()


def test_it_verifies_from_the_bundle_and_from_the_issued_reports(region: Region) -> None:
    plain = verify_bundle(region.result.folder, trust=region.public_key)
    deep = verify_bundle(region.result.folder, trust=region.public_key, deep=issued_reports(region.services))

    assert (plain.ok, plain.level) == (True, 1), plain.mismatches
    assert (deep.ok, deep.level) == (True, 2), deep.mismatches
    assert plain.figures > 100


def test_an_issued_report_that_changed_is_told_by_deep_only(region: Region) -> None:
    with region.services.database.read() as session:
        row = session.get(Report, f"r-{NAME}-04")
        assert row is not None
    path = pathlib.Path(row.folder) / "snapshot.json"
    kept = path.read_bytes()
    path.write_bytes(kept.replace(b"32.50", b"99.50"))
    try:
        deep = verify_bundle(region.result.folder, trust=region.public_key, deep=issued_reports(region.services))
    finally:
        path.write_bytes(kept)

    named = {each.name for each in deep.mismatches}
    assert {"region.reports", "region.not_verified", "region.dairy.score.total.n"} <= named
    assert NAME not in str(deep.mismatches)


def test_enterprises_that_moved_since_change_nothing_of_an_issued_report(region: Region) -> None:
    moved = [f"{NAME}-{number:02}" for number in range(9)]
    with region.services.database.write() as session:
        for name in moved:
            enterprises.save_enterprise(session, SYSTEM, name, sector="power", name_zh=OFFICE)
    try:
        deep = verify_bundle(region.result.folder, trust=region.public_key, deep=issued_reports(region.services))
        today = freeze_region(region_inputs(region.services, QUARTER), ISSUE).data
    finally:
        with region.services.database.write() as session:
            for name in moved:
                enterprises.save_enterprise(session, SYSTEM, name, sector="dairy", name_zh=OFFICE)

    assert (deep.ok, deep.level) == (True, 2), deep.mismatches
    assert "dairy" not in today["groups"]
    assert "dairy" in data_of(region)["groups"]


def test_the_bundle_holds_a_hash_of_the_places_and_no_place_of_a_small_group(region: Region) -> None:
    plan = data_of(region)["plan"]

    assert re.fullmatch("[0-9a-f]{64}", plan["places_sha256"])
    assert plan.keys() == {"quarter", "minimum", "edition", "places_sha256"}


def test_places_that_are_not_held_are_told(region: Region) -> None:
    with region.services.database.write() as session:
        row = session.get(PinnedPlaces, data_of(region)["plan"]["places_sha256"])
        assert row is not None
        kept = dict(row.content)
        row.content = {"rows": kept["rows"][1:]}
    try:
        deep = verify_bundle(region.result.folder, trust=region.public_key, deep=issued_reports(region.services))
    finally:
        with region.services.database.write() as session:
            again = session.get(PinnedPlaces, data_of(region)["plan"]["places_sha256"])
            assert again is not None
            again.content = kept

    assert [each.kind for each in deep.mismatches] == ["store"]
    assert "not held here" in deep.mismatches[0].detail


def test_a_report_without_pinned_places_is_grouped_as_enterprises_stand(region: Region) -> None:
    data = data_of(region)
    del data["plan"]["places_sha256"]

    again = KIND.again(data, issued_reports(region.services))

    assert again["figures"] == data["figures"]


def test_a_plant_is_no_evidence_of_a_region(region: Region) -> None:
    found = verify_bundle(region.result.folder, trust=region.public_key, deep=MemorySource((), ()))

    assert [each.kind for each in found.mismatches] == ["store"]


@pytest.mark.parametrize(
    ("figure", "value", "named"),
    [
        ("region.dairy.score.total.n", "4", "groups/dairy"),
        ("region.dairy.score.total.n", "16", "groups/all"),  # leaves one beside the 8 coal mines
        ("region.level.2", "4", "levels/2"),
        ("region.dairy.score.total.p25", "99", "groups/dairy"),
    ],
)
def test_a_group_that_must_not_be_shown_is_named(region: Region, figure: str, value: str, named: str) -> None:
    data = data_of(region)
    data["figures"][figure]["value"] = value

    assert named in {name for _, name, _ in KIND.check(data)}
    assert not list(KIND.check(data_of(region)))


def test_a_second_order_is_the_next_revision_and_a_number_stays_the_regions(region: Region, tmp_path: Any) -> None:
    order = Order("REGION-1", "2026-06-09", ("en",), tmp_path / "again", formats=("html",))
    row, _ = issue_region(region.services, SYSTEM, region_inputs(region.services, QUARTER), order)

    assert (row.id, row.revision) == ("region-1-r2", 2)
    with region.services.database.read() as session:
        shown = issued_report(session, "REGION-1", 1, region.row.snapshot_sha256)
        assert shown is not None
        assert (shown.newest, shown.current) == (2, False)
        assert issued_report(session, "REGION-1", 1, "0" * 64) is None
        assert len(region_reports.region_reports(session, REGION)) >= 2
        with pytest.raises(Conflict):
            check_free(session, "REGION-1", "some-case")
    with pytest.raises(Conflict):
        issue_region(
            region.services, SYSTEM, region_inputs(region.services, QUARTER), dataclasses.replace(order, number="R-00")
        )


@pytest.mark.parametrize("scope", [REGION, ENGINEER, Scope("f", Role.FLEET_OPERATOR, None)], ids=lambda s: str(s.role))
def test_only_the_centre_issues_one(region: Region, scope: Scope, tmp_path: pathlib.Path) -> None:
    with pytest.raises(Forbidden):
        issue_region(
            region.services,
            scope,
            region_inputs(region.services, QUARTER),
            Order("X1", "2026-06-08", ("zh",), tmp_path),
        )
    assert not list(tmp_path.iterdir())


def test_too_few_reports_are_refused(region: Region) -> None:
    inputs = region_inputs(region.services, QUARTER)

    with pytest.raises(ReportError, match="too few"):
        freeze_region(dataclasses.replace(inputs, readings=inputs.readings[:4]), ISSUE)


def test_the_job_issues_one_and_says_what_it_counted(region: Region) -> None:
    wanted = {"quarter": QUARTER, "user": "system", "number": "JOB-1", "languages": ["en"]}

    told = work_of("region_report").run(region.services, wanted, lambda share: None)

    assert (told["reports"], told["groups"], told["median_score"]) == (25, 7, "56.50")
    with pytest.raises(QueryError):
        work_of("region_report").run(region.services, {**wanted, "quarter": "2026-Q2"}, lambda share: None)


def test_the_command_line_issues_and_verifies_one(
    region: Region, tmp_path: pathlib.Path, capsys: pytest.CaptureFixture[str]
) -> None:
    data = str(region.services.settings.data_dir)
    out = tmp_path / "bundle"
    region.services.store.close()  # the command opens the embedded files itself

    made = main(
        [
            "region-report",
            "--data-dir",
            data,
            "--quarter",
            QUARTER,
            "--number",
            "CLI-1",
            "--language",
            "en",
            "--out",
            str(out),
        ]
    )
    text = capsys.readouterr().out
    checked = main(["verify", str(out), "--trust", str(region.public_key), "--deep", "--data-dir", data])

    assert (made, checked) == (0, 0)
    assert "25 reports, 7 groups of at least 5" in text
    assert "level 2" in capsys.readouterr().out
