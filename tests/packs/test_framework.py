"""The SME index 2024: points, scenes, gate, and what telemetry can show."""

from __future__ import annotations

import pytest
from ovoo_contract.errors import PackError
from ovoo_packs import Framework, framework_names, load_framework


@pytest.fixture
def sme() -> Framework:
    return load_framework("sme_2024")


def test_the_frameworks_and_their_methods() -> None:
    assert {name: load_framework(name).method for name in framework_names()} == {
        "gbt_39116": "maturity",
        "norms_coal_chemical": "norm_table",
        "norms_coal_mine": "norm_table",
        "norms_dairy": "norm_table",
        "smart_mine": "acceptance",
        "sme_2022": "bands",
        "sme_2024": "points_gate",
    }


def test_nothing_that_two_persons_have_not_signed_is_more_than_reference_only() -> None:
    for name in framework_names():
        framework = load_framework(name)
        assert framework.reference_only
        assert all(item.reference_only for item in framework.items)


def test_points_and_weights_add_up_to_a_hundred(sme: Framework) -> None:
    assert sme.points == pytest.approx(100)
    assert [dimension.points for dimension in sme.dimensions] == [50, 30, 20]
    for dimension in sme.dimensions:
        assert sum(group.weight for group in dimension.groups) == 100
        for group in dimension.groups:
            assert sum(item.points for item in group.items) == pytest.approx(dimension.points * group.weight / 100)


def test_there_are_fifteen_items_with_their_points(sme: Framework) -> None:
    points = [item.points for item in sme.items]

    assert points == [8, 6, 6, 10, 10, 5, 5, 7.5, 7.5, 7.5, 7.5, 7, 7, 3, 3]


def test_best_answers_earn_all_points(sme: Framework) -> None:
    for item in sme.items:
        if item.kind == "ratio":
            assert item.brackets[-1].share == 1
        elif item.kind == "multi":
            assert sum(option.points for option in item.options) == pytest.approx(item.points)
        else:
            assert max(option.points for option in item.options) == item.points


def test_ratio_brackets(sme: Framework) -> None:
    brackets = [(bracket.upto, bracket.share) for bracket in sme.item("equipment_networked").brackets]

    assert brackets == [(10, 0), (20, 0.25), (40, 0.5), (60, 0.75), (100, 1)]


def test_direction_items_have_three_answers(sme: Framework) -> None:
    for item in sme.items:
        if item.kind == "direction":
            assert [option.id for option in item.options] == ["worse", "flat", "better"]


def test_sixteen_scenes_ten_of_them_mandatory_with_four_levels(sme: Framework) -> None:
    assert len(sme.scenes) == 16
    mandatory = "product_design marketing production quality equipment safety energy purchasing storage finance"
    assert [scene.id for scene in sme.scenes if scene.mandatory] == mandatory.split()
    assert all([level.level for level in scene.levels] == [1, 2, 3, 4] for scene in sme.scenes)


def test_gate_is_reference_only(sme: Framework) -> None:
    gate = [(rule.level, rule.score, rule.scenes, rule.mandatory, rule.scene_level) for rule in sme.gate]

    assert gate == [(1, 20, 6, 3, 1), (2, 40, 6, 3, 2), (3, 60, 8, 5, 3), (4, 80, 10, 6, 4)]
    assert "single source" in sme.gate_source.note
    assert sme.gate_source.reference_only
    assert not sme.source.reference_only


def test_evidence_classes_carry_the_mapped_points(sme: Framework) -> None:
    by_class = {name: [item for item in sme.items if item.evidence_class == name] for name in ("auto", "semi", "paper")}

    assert [item.id for item in by_class["auto"]] == ["equipment_networked"]
    assert sum(item.measurable for item in by_class["auto"]) == 6
    assert sum(item.measurable for item in by_class["semi"]) == pytest.approx(2 + 6 + 4.2 + 2.5 + 2.5 + 7 + 7)
    assert all(item.measurable == 0 for item in by_class["paper"])
    assert sum(item.points for item in by_class["paper"]) == 46


def test_measurable_points_of_options_match_their_item(sme: Framework) -> None:
    for item in sme.items:
        if item.kind == "multi":
            proved = sum(option.points for option in item.options if option.measured_by)
            assert proved == pytest.approx(item.measurable)


def test_conflicts_between_sources_are_kept(sme: Framework) -> None:
    for name in ("equipment_networked", "awareness", "funding", "auto_collected"):
        assert sme.item(name).reference_only


def test_idle_gateways_do_not_count_as_connected(sme: Framework) -> None:
    assert (sme.connected_days, sme.connected_share) == (30, 0.8)
    assert sme.connected_source.mark == "I"


def test_unknown_names_are_refused(sme: Framework) -> None:
    with pytest.raises(PackError, match="no such item"):
        sme.item("luck")
    with pytest.raises(PackError, match="no such scene"):
        sme.scene("luck")
    with pytest.raises(PackError, match=r"one of gbt_39116, .*, sme_2024"):
        load_framework("sme_1999")
