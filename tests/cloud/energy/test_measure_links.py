"""A finding leads to the measures of its machine that may end it, and to no other."""

from __future__ import annotations

import pytest
from ovoo_cloud.energy.measure_links import APPLIES, measures_for
from ovoo_contract.address import AssetAddress
from ovoo_contract.findings import Finding
from ovoo_models.efficiency.measure_kinds import KINDS
from ovoo_packs import load_pack, pack_names

PLACE = "utilities/air/comp1"


def finding(code: str, advice: str = "") -> Finding:
    return Finding(
        code=code, severity="warning", asset=AssetAddress.parse(f"heishan-coal/heishan/{PLACE}"), start_ns=0, end_ns=1,
        value=1.0, unit="kW", advice=advice or f"advice.{code}", model="m",
    )  # fmt: skip


@pytest.mark.parametrize(
    ("code", "advice", "template", "kinds"),
    [
        ("energy.drift", "", "air_compressor", ["compressor_pressure", "leak_repair"]),
        ("energy.excess", "", "boiler", ["blowdown", "excess_oxygen", "condensate"]),
        ("energy.specific", "", "main_fan", ["fan_throttling"]),
        ("energy.drift", "", "hoist", []),
        ("energy.idle", "", "hoist", ["idle_switch_off"]),
        ("limit.low", "find_air_leak", "air_compressor", ["leak_repair"]),
        ("limit.high", "trim_excess_air", "boiler", ["excess_oxygen"]),
        ("limit.high", "trim_excess_air", "hoist", []),
        ("limit.high", "stop_compressor", "air_compressor", []),
    ],
)
def test_a_finding_leads_to_what_may_end_it(code: str, advice: str, template: str, kinds: list[str]) -> None:
    assert measures_for(finding(code, advice), template) == tuple((kind, PLACE) for kind in kinds)


def test_a_demand_in_danger_leads_to_the_sites_peak() -> None:
    assert measures_for(finding("energy.demand"), "site_meter") == (("demand_shaving", ""),)


def test_every_kind_of_machine_and_measure_is_one_there_is() -> None:
    templates = {name for pack in pack_names() for name in load_pack(pack).templates}

    assert APPLIES.keys() <= templates
    assert {kind for kinds in APPLIES.values() for kind in kinds} <= KINDS.keys()
