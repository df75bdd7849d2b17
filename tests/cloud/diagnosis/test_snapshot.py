"""The snapshot: equal for equal samples, every figure with evidence, ranges instead of zeros."""

from __future__ import annotations

import subprocess
import sys
from decimal import Decimal
from pathlib import Path

from ovoo_cloud.diagnosis.case import parse_case
from ovoo_cloud.diagnosis.figures import Figure, recompute
from ovoo_cloud.diagnosis.snapshot import Issue, freeze

from tests.cloud.diagnosis import mine
from tests.cloud.diagnosis.mine import Cut

ISSUE = Issue("T-1", "2026-06-08", 1, "test")
ROOT = Path(__file__).resolve().parents[3]


def test_samples_stored_in_any_order_give_the_same_bytes() -> None:
    case = mine.case()

    ordered = freeze(case, mine.source(case), ISSUE).to_bytes()

    assert freeze(case, mine.source(case, shuffle=1), ISSUE).to_bytes() == ordered
    assert freeze(case, mine.source(case, shuffle=2), ISSUE).to_bytes() == ordered


def test_another_process_gives_the_same_bytes() -> None:
    case = mine.case()
    code = (
        "import hashlib; from tests.cloud.diagnosis import mine; "
        "from ovoo_cloud.diagnosis.snapshot import Issue, freeze; case = mine.case(); "
        "snapshot = freeze(case, mine.source(case), Issue('T-1', '2026-06-08', 1, 'test')); "
        "print(hashlib.sha256(snapshot.to_bytes()).hexdigest())"
    )

    made = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, timeout=60, check=True
    )

    from ovoo_contract.canonical import sha256_hex

    assert made.stdout.strip() == sha256_hex(freeze(case, mine.source(case), ISSUE).to_bytes())


def test_the_case_in_the_snapshot_makes_the_same_snapshot() -> None:
    case = mine.case()
    snapshot = freeze(case, mine.source(case), ISSUE)

    again = parse_case(snapshot.data["case"])

    assert freeze(again, mine.source(again), ISSUE).to_bytes() == snapshot.to_bytes()


def test_every_measured_figure_resolves_to_evidence_and_derived_ones_recompute() -> None:
    case = mine.case()
    data = freeze(case, mine.source(case, [Cut("*", 0.8, 0.83)]), ISSUE).data
    figures = {name: Figure.from_json(name, row) for name, row in data["figures"].items()}

    for name, figure in figures.items():
        assert set(figure.evidence) <= set(data["evidence"]), name
        if figure.inputs:
            assert recompute(figure, figures) == figure, name
    assert not [e for e, record in data["evidence"].items() if len(record["sha256"]) != 64]


def test_missing_answers_become_a_range_and_never_a_zero() -> None:
    case = mine.case()
    raw = {**case.raw, "answers": {}, "scenes": {}, "finance": {}}
    data = freeze(parse_case(raw), mine.source(case), ISSUE).data

    low, high = (Decimal(data["figures"]["score.total"][end]) for end in ("low", "high"))
    assert low < high
    assert data["score"]["level"] is None
    assert data["figures"]["score.item.talent"]["low"] == "0.0"
    assert data["figures"]["score.item.talent"]["high"] == "7.5"
    assert data["figures"]["score.item.talent"]["class"] == "insufficient"


def test_no_money_without_a_tariff_document() -> None:
    case = mine.case()
    data = freeze(case, mine.source(case), ISSUE).data

    assert not [name for name, figure in data["figures"].items() if figure["unit"] == "yuan"]
    assert {action["payback"] for action in data["actions"]} == {"prices_missing"}


def test_money_follows_the_prices_of_the_document() -> None:
    case = mine.case()
    prices = {"super_peak": "0.9", "peak": "0.8", "flat": "0.5", "valley": "0.25", "deep_valley": "0.2"}
    energy = {**case.raw["energy"], "tariff": {"document": "电价文件.pdf", "fictitious": "true", "prices": prices}}
    data = freeze(parse_case({**case.raw, "energy": energy}), mine.source(case), ISSUE).data

    figures = data["figures"]
    expected = sum(
        (Decimal(figures[f"energy.band.{band}"]["value"]) * Decimal(price)).quantize(Decimal("0.01"))
        for band, price in prices.items()
    )
    assert Decimal(figures["cost.total"]["value"]) == expected
