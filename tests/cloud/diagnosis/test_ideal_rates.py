"""The ideal rate of the OEE: the case's where it tells one, else that of the asset catalogue, and which is evident."""

from __future__ import annotations

import json
import pathlib
from dataclasses import replace
from typing import Any

from ovoo_cloud.diagnosis.frozen import FrozenSource
from ovoo_cloud.diagnosis.snapshot import freeze
from ovoo_cloud.diagnosis.usage import AssetRate, Usage
from ovoo_cloud.reports.build import ReportSettings, build_report
from ovoo_cloud.reports.resolve import Locale
from ovoo_cloud.reports.signing import create_key, load_signing_key
from ovoo_cloud.reports.verify import verify_bundle

from tests.cloud.diagnosis import mine
from tests.cloud.diagnosis.test_indicator_facts import COUNTERS, HOIST, ISSUE, TOLD, counted, operated, value
from tests.cloud.reports.test_details import table

PATH = str(mine.asset(HOIST))
HELD = Usage(rates=(AssetRate(PATH, "15", "count"),))
UNTOLD = {name: told for name, told in TOLD.items() if name != "ideal_per_h"}


def measured(told: dict[str, Any], usage: Usage) -> Any:
    case = operated(**told)
    return freeze(case, counted(case, COUNTERS, usage=usage), ISSUE).data


def test_the_catalogue_stands_in_where_the_case_tells_no_rate() -> None:
    """The same 15 an hour as told by the case in `test_indicator_facts`: 80.0 %, in all 57.6 %."""
    data = measured(UNTOLD, HELD)

    assert value(data, "oee.hoist1.performance") == "80.0"
    assert value(data, "oee.hoist1.percent") == "57.6"
    assert value(data, "oee.hoist1.days") == "35"
    figure, row = data["figures"]["oee.hoist1.ideal_per_h"], data["indicators"]["oee"][0]
    assert (figure["value"], figure["unit"], figure["class"]) == ("15.000", "count/h", "declared")
    assert (row["ideal_from"], row["missing"]) == ("asset", {})
    (evidence,) = figure["evidence"]
    assert data["evidence"][evidence]["query"] == "ideal rate of the machine in the asset catalogue"
    assert data["source"]["usage"]["rates"] == [
        {"asset": PATH, "ideal_rate_per_hour": "15", "product_unit": "count"}
    ]  # fmt: skip


def test_what_the_case_tells_comes_first_and_leaves_the_figures_as_without_a_catalogue() -> None:
    other = Usage(rates=(AssetRate(PATH, "99", "count"),))

    with_both, with_case = measured(TOLD, other), measured(TOLD, Usage())

    assert with_both["figures"] == with_case["figures"]
    assert with_both["indicators"]["oee"] == with_case["indicators"]["oee"]
    assert "ideal_from" not in with_both["indicators"]["oee"][0]
    assert "rates" not in with_case["source"]["usage"]


def test_a_rate_in_another_unit_than_the_output_is_not_taken_and_says_so() -> None:
    data = measured(UNTOLD, Usage(rates=(AssetRate(PATH, "15", "t"),)))

    assert data["indicators"]["oee"][0]["missing"] == {"performance": "ideal_unit"}
    assert data["figures"]["oee.hoist1.ideal_per_h"]["value"] is None
    assert data["figures"]["oee.hoist1.performance"]["class"] == "insufficient"


def test_a_rate_of_another_machine_is_none_of_this_one() -> None:
    data = measured(UNTOLD, Usage(rates=(AssetRate(PATH + "x", "15", "count"),)))

    assert data["indicators"]["oee"][0]["missing"] == {"performance": "ideal_rate"}


def test_a_snapshot_keeps_the_rate_it_was_measured_by_whatever_the_catalogue_holds_later() -> None:
    case = operated(**UNTOLD)
    snapshot = freeze(case, counted(case, COUNTERS, usage=HELD), ISSUE)
    later = counted(case, COUNTERS, usage=Usage(rates=(AssetRate(PATH, "20", "count"),)))

    again = freeze(case, FrozenSource(snapshot.data["source"], later), ISSUE)

    assert again.to_bytes() == snapshot.to_bytes()
    kept = FrozenSource(snapshot.data["source"], later).usage(case.start_ns, case.end_ns)
    assert kept.rates == HELD.rates
    assert Usage.from_json(replace(kept, rates=()).to_json()).rates == ()


def test_the_report_names_the_catalogue_and_verifies_from_the_store(tmp_path: pathlib.Path) -> None:
    private_key, public_key = create_key(tmp_path / "keys")
    case = operated(**UNTOLD)
    settings = ReportSettings("OVOO-2026-0009", "2026-06-08", load_signing_key(private_key), languages=("en",))
    build_report(case, counted(case, COUNTERS, usage=HELD), settings, tmp_path / "bundle")
    later = counted(case, COUNTERS, usage=Usage(rates=(AssetRate(PATH, "20", "count"),)))

    outcome = verify_bundle(tmp_path / "bundle", trust=public_key, deep=later)

    assert [str(each) for each in outcome.mismatches] == []
    assert (outcome.ok, outcome.level, outcome.not_measured) == (True, 2, ())
    tree = json.loads((tmp_path / "bundle" / "report.json").read_bytes())
    (row,) = table(tree, "oee.inputs.caption")["rows"]
    assert "ideal rate: asset catalogue" in Locale("en").inline(row[-1])
    assert "资产目录" in Locale("zh").inline(row[-1])
