"""A window for which a dated row is missing: the figure is insufficient evidence with its cause, the rest is issued."""

from __future__ import annotations

import json
from copy import deepcopy
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from ovoo_cloud.diagnosis.case import Case, parse_case
from ovoo_cloud.diagnosis.dated import DatedTables, Tables, last_day
from ovoo_cloud.diagnosis.snapshot import Issue, freeze
from ovoo_cloud.reports.build import ReportSettings, build_report
from ovoo_cloud.reports.signing import create_key, load_signing_key
from ovoo_cloud.reports.verify import verify_bundle
from ovoo_contract.errors import PackError
from ovoo_packs import NormTable, TariffTable, load_factors, load_norms, load_tariffs
from pypdf import PdfReader

from tests.cloud.diagnosis import mine

ISSUE = Issue("T-1", "2026-06-08", 1, "test")


def case_of(start: str, end: str) -> Case:
    data: dict[str, Any] = json.loads(json.dumps(deepcopy(dict(mine.case().raw)), default=str))
    data["window"] = {"start": start, "end": end, "timezone": "Asia/Shanghai"}
    return parse_case(data)


@pytest.fixture(scope="module")
def old() -> tuple[Case, dict[str, Any]]:
    """The mine in 2018: no grid factor and no coal equivalent of the tables is valid then."""
    case = case_of("2018-05-01", "2018-06-05")
    return case, dict(freeze(case, mine.source(case), ISSUE).data)


def test_an_early_window_has_no_carbon_figure_and_names_the_cause(old: tuple[Case, dict[str, Any]]) -> None:
    figures, energy = old[1]["figures"], old[1]["energy"]

    for name in ("energy.kgco2", "energy.tco2", "action.idle.tco2"):
        row = figures[name]
        assert (row["value"], row["low"], row["class"], row["reason"]) == (None, None, "insufficient", "no_factor")
    assert energy["co2_factor"] is None
    assert {"kind": "grid", "id": "grid_inner_mongolia_2022", "day": "2018-06-04", "from": "2022"}.items() <= next(
        row for row in energy["missing"] if row["kind"] == "grid"
    ).items()


def test_an_early_window_has_no_coal_equivalent_but_keeps_the_electricity(old: tuple[Case, dict[str, Any]]) -> None:
    figures = old[1]["figures"]

    assert figures["energy.tce_calorific"]["value"] is None
    assert figures["energy.tce_calorific"]["reason"] == "no_factor"
    assert figures["norm.intensity"]["value"] is None
    assert figures["energy.kwh"]["value"] == "2183783.4"
    assert figures["score.total"]["value"] is not None or figures["score.total"]["low"] is not None
    assert figures["action.idle.kwh"]["high"] is not None


def test_the_report_of_an_early_window_is_issued_says_why_and_verifies(
    old: tuple[Case, dict[str, Any]], tmp_path: Path
) -> None:
    case = old[0]
    source = mine.source(case)
    private_key, public_key = create_key(tmp_path / "keys")
    settings = ReportSettings("T-1", "2026-06-08", load_signing_key(private_key), languages=("zh", "en"))

    build_report(case, source, settings, tmp_path / "bundle")

    english = " ".join(page.extract_text() for page in PdfReader(tmp_path / "bundle" / "report.en.pdf").pages)
    assert "no grid factor for the period" in " ".join(english.split())
    assert "it begins with 2022" in " ".join(english.split())
    for deep in (None, source):
        checked = verify_bundle(tmp_path / "bundle", trust=public_key, deep=deep)
        assert checked.ok, checked.mismatches[:5]


def test_a_year_with_a_factor_uses_the_latest_data_year_up_to_it() -> None:
    tables = Tables(load_factors(), load_norms(), load_tariffs())

    row = DatedTables(tables, "2022-12-31").grid("inner_mongolia")

    assert row is not None
    assert row.id == "grid_inner_mongolia_2022"


def test_a_region_that_no_table_has_is_a_mistake_of_the_case() -> None:
    with pytest.raises(PackError, match="atlantis"):
        DatedTables(Tables(load_factors(), load_norms(), load_tariffs()), "2026-05-01").grid("atlantis")


def test_a_norm_and_a_tariff_out_of_force_are_noted_once() -> None:
    norms, tariffs = load_norms(), load_tariffs()
    norm, tariff = norms.get("coal_underground"), tariffs.get("west")
    late = replace(norm, source=replace(norm.source, valid_from="2026-01-01"))
    gone = replace(tariff, source=replace(tariff.source, valid_to="2024-12-31"))
    tables = Tables(
        load_factors(),
        NormTable(norms.version, norms.sha256, {norm.id: late}),
        TariffTable(tariffs.version, tariffs.sha256, {tariff.id: gone}),
    )
    dated = DatedTables(tables, "2025-06-30")

    assert [dated.norm(norm.id), dated.norm(norm.id), dated.tariff(tariff.id)] == [None, None, None]
    assert [(row["kind"], row["from"]) for row in dated.missing] == [("norm", "2026-01-01"), ("tariff", "")]


def test_the_last_day_is_local_and_before_the_excluded_end() -> None:
    midnight_in_shanghai = 1_767_196_800_000_000_000  # 2025-12-31T16:00Z

    assert last_day(midnight_in_shanghai, "Asia/Shanghai") == "2025-12-31"
    assert last_day(midnight_in_shanghai + 1, "Asia/Shanghai") == "2026-01-01"
