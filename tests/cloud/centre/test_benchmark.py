"""The benchmark of enterprises: exact quantiles, equal on a cluster, and nothing of a small group computable."""

from __future__ import annotations

import datetime
import json
import pathlib
import random
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st
from ovoo_cloud.access.roles import Role
from ovoo_cloud.access.scope import Scope
from ovoo_cloud.catalogue import enterprises
from ovoo_cloud.centre.benchmark import Place, Reading, compute, quantile, read_all, read_chunk
from ovoo_cloud.centre.disclosure import Node, shown_nodes
from ovoo_cloud.centre.issued import Issued
from ovoo_cloud.centre.sector_benchmark import last_quarter, quarter_end, sector_benchmark
from ovoo_cloud.cli_centre import cluster_mapper
from ovoo_contract.canonical import canonical_json, sha256_hex
from ovoo_contract.errors import ConfigError, Forbidden, QueryError

from tests.cloud.centre.conftest import ENGINEER, NOW, OWN, SYSTEM, Centre

ZONE = ZoneInfo("Asia/Shanghai")
DAY = 86_400 * 10**9


def snapshot(score: str, **more: Any) -> dict[str, Any]:
    points = {"measured": "30", "verified": "0", "declared": "60", "insufficient": "10"}
    figures = {f"score.class.{name}": {"value": value} for name, value in points.items()}
    figures["score.total"] = {"value": score}
    figures["norm.intensity"] = {"value": "2.911"}
    return {"figures": figures, "case": {"energy": {"norm": {"id": "coal_underground"}}}, **more}


def issue(folder: pathlib.Path, name: str, content: Any) -> Issued:
    (folder / name).mkdir(parents=True)
    raw = json.dumps(content).encode()
    (folder / name / "snapshot.json").write_bytes(raw)
    return Issued(name, name, "", name, 1, NOW, str(folder / name), sha256_hex(raw), 2)


def readings(*scores: str | None) -> list[Reading]:
    return [Reading(f"e{n}", None if each is None else {"score.total": each}) for n, each in enumerate(scores)]


def places(*sectors: str) -> dict[str, Place]:
    return {f"e{n}": Place(each, "-", "-") for n, each in enumerate(sectors)}


def shown(found: dict[str, Any]) -> dict[str | None, Any]:
    return {each["sector"]: each["figures"].get("score.total") for each in found["groups"] if each["size"] is None}


def test_quantiles_are_those_of_a_hand() -> None:
    found = compute(readings("10", "20", "30", "40", "51"), places(*["dairy"] * 5), 5)

    assert shown(found)["dairy"] == {"n": 5, "unit": "points", "p25": "20.00", "p50": "30.00", "p75": "40.00"}
    assert quantile([Decimal(1), Decimal(2)], 25) == Decimal("1.25")


def test_outer_tenths_only_for_four_times_the_minimum() -> None:
    twenty = compute(readings(*map(str, range(20))), places(*["dairy"] * 20), 5)
    nineteen = compute(readings(*map(str, range(19))), places(*["dairy"] * 19), 5)

    assert {"p10", "p90"} <= shown(twenty)["dairy"].keys()
    assert not {"p10", "p90"} & shown(nineteen)["dairy"].keys()


def test_a_small_group_takes_the_smallest_other_with_it() -> None:
    sectors = ["dairy"] * 2 + ["power"] * 6 + ["metals"] * 8

    found = compute(readings(*map(str, range(16))), places(*sectors), 5)

    assert shown(found).keys() == {None, "metals"}  # all less metals is 8, never 2


def test_ranges_and_broken_reports_are_not_counted(tmp_path: pathlib.Path) -> None:
    ranged = snapshot("0")
    ranged["figures"]["score.total"] = {"value": None, "low": "40", "high": "60"}
    reports = [issue(tmp_path, f"e{n}", snapshot(str(n))) for n in range(5)] + [issue(tmp_path, "e5", ranged)]
    broken = issue(tmp_path, "e6", snapshot("9"))
    (tmp_path / "e6" / "snapshot.json").write_bytes(b'{"figures": {}}')

    found = compute(read_all([*reports, broken]), places(*["coal_mine"] * 7), 5)

    assert found["not_verified"] == 1
    assert shown(found)["coal_mine"]["n"] == 5
    group = next(each for each in found["groups"] if each["sector"] == "coal_mine")
    assert group["figures"]["measured_percent"]["n"] == 6
    assert group["figures"]["norm.intensity/coal_underground"]["unit"] == "kgce/t"


def test_what_an_enterprise_ticked_as_secret_is_in_no_group(tmp_path: pathlib.Path) -> None:
    """Neither the figure, nor a share that is taken from it, nor the level; the others of the report are counted."""
    base: dict[str, Any] = {"unit": "", "inputs": [], "evidence": [], "low": None, "high": None}
    reports = []
    for number in range(6):
        content = snapshot(str(number))
        content["figures"] = {name: {**base, **each} for name, each in content["figures"].items()}
        if number == 5:
            ticked = [{"figure": each, "reason": "r"} for each in ("score", "norm.intensity")]
            content["case"]["trade_secrets"] = {"groups": {"products": "false"}, "figures": ticked}
            content["figures"]["data.good_percent"] = {**base, "value": "99"}
        reports.append(issue(tmp_path, f"e{number}", content))

    read = read_all(reports)
    found = compute(read, places(*["coal_mine"] * 6), 5)

    (whole,) = [each for each in found["groups"] if each["sector"] == "coal_mine" and each["size"] is None]
    assert dict(read[5].figures or {}) == {"data.good_percent": "99"}
    assert whole["figures"]["score.total"]["n"] == 5
    assert whole["figures"]["norm.intensity/coal_underground"]["n"] == 5
    assert whole["figures"]["measured_percent"]["n"] == 5
    assert "data.good_percent" not in whole["figures"]  # one enterprise is no group


def test_workers_and_any_order_give_the_same_bytes(tmp_path: pathlib.Path) -> None:
    reports = [issue(tmp_path, f"e{n:03}", snapshot(str(n * 7 % 101))) for n in range(120)]
    where = {each.enterprise: Place("dairy", "small" if n % 3 else "large", "-") for n, each in enumerate(reports)}
    here = canonical_json(compute(read_all(reports), where, 5))
    mixed = random.Random(1).sample(reports, len(reports))

    assert canonical_json(compute(read_all(mixed), where, 5)) == here
    assert (
        canonical_json(compute(read_all(mixed, lambda f, parts: [f(each) for each in reversed(parts)]), where, 5))
        == here
    )


@pytest.mark.filterwarnings("ignore")
def test_a_cluster_gives_the_same_bytes(tmp_path: pathlib.Path) -> None:
    pytest.importorskip("distributed")
    reports = [issue(tmp_path, f"e{n:03}", snapshot(str(n * 7 % 101))) for n in range(60)]
    where = {each.enterprise: Place("dairy", "-", "-") for each in reports}

    with cluster_mapper("local") as mapper:
        spread = compute(read_all(reports, mapper), where, 5)

    assert canonical_json(spread) == canonical_json(compute(read_all(reports), where, 5))


LEAVES = st.lists(
    st.tuples(st.sampled_from("abc"), st.sampled_from("xy"), st.sampled_from("pqr")), min_size=0, max_size=60
)


def counts_of(leaves: list[Node]) -> dict[Node, int]:
    counts: dict[Node, int] = {}
    for leaf in leaves:
        for depth in range(4):
            counts[leaf[:depth]] = counts.get(leaf[:depth], 0) + 1
    return counts


@given(LEAVES, st.integers(1, 8))
def test_no_group_and_no_difference_of_groups_shows_fewer_than_the_minimum(leaves: list[Node], minimum: int) -> None:
    counts = counts_of(list(leaves))
    kept = shown_nodes(counts, minimum)

    for node in kept:
        assert counts[node] >= minimum
        assert not node or node[:-1] in kept
        # everything that sums and differences of shown groups give: a shown group less any shown ones inside it
        inside = [each for each in kept if each[: len(node)] == node and each != node]
        widest = [each for each in inside if len(each) == len(node) + 1]
        rest = counts[node] - sum(counts[each] for each in widest)
        assert rest == 0 or rest >= minimum


def test_the_minimum_has_a_floor() -> None:
    with pytest.raises(ConfigError):
        compute([], {}, 2)
    assert read_chunk([]) == []


@pytest.mark.parametrize(
    ("quarter", "wanted"), [("2026-Q1", "2026-04-01"), ("2025-Q4", "2026-01-01"), ("2024-Q3", "2024-10-01")]
)
def test_a_quarter_ends_at_local_midnight(quarter: str, wanted: str) -> None:
    assert (
        quarter_end(quarter, ZONE) == int(datetime.datetime.fromisoformat(f"{wanted}T00:00+08:00").timestamp()) * 10**9
    )
    assert last_quarter(quarter_end(quarter, ZONE), ZONE) == quarter


@pytest.mark.parametrize("quarter", ["2026", "2026-Q5", "2026-Q2", "9999-Q4", "x"])
def test_only_quarters_that_are_over_can_be_asked(centre: Centre, quarter: str) -> None:
    with pytest.raises(QueryError):
        sector_benchmark(centre.services, SYSTEM, quarter)


def test_of_each_enterprise_its_newest_report_counts_and_no_name_leaves(centre: Centre, tmp_path: pathlib.Path) -> None:
    for n in range(6):
        name = f"plant-{n}"
        with centre.services.database.write() as session:
            enterprises.save_enterprise(session, SYSTEM, name, sector="dairy")
        centre.put("profile", name, enterprise=name, size="small", region="包头")
        for age, score in ((100, "10"), (80, str(50 + n))):
            made = issue(tmp_path, f"r-{n}-{age}", snapshot(score))
            centre.report(
                made.id, name, folder=made.folder, snapshot_sha256=made.sha256, summary={"level": 1},
                created_ns=NOW - age * DAY,
            )  # fmt: skip
        aside = issue(tmp_path, f"w-{n}", snapshot("99"))  # newer, but made outside a case: nobody issued it
        centre.report(
            aside.id, name, folder=aside.folder, snapshot_sha256=aside.sha256,
            summary={"level": 1, "status": "working"}, created_ns=NOW - 70 * DAY,
        )  # fmt: skip
    centre.report("late", OWN, summary={"level": 1}, created_ns=NOW)

    found = sector_benchmark(centre.services, ENGINEER)

    assert found["quarter"] == "2026-Q1"
    assert shown(found)["dairy"]["p50"] == "52.50"
    assert "plant" not in json.dumps(found)
    with pytest.raises(Forbidden):
        sector_benchmark(centre.services, Scope("f", Role.FLEET_OPERATOR, None))
