"""Boundary cases of the SME index 2022: totals at and beside the bands, and ranges from each of them to each other."""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from typing import Any

from tests.packs.frameworks.oracle import bands_expected, source

DATA = source("sme_2022")
BANDS = "工信厅企业〔2022〕32号: 20-40, 40-60, 60-80, from 80 on; a band begins with its lower bound"
POINTS = [
    "0", "9.5", "19.999", "20", "20.001", "30", "39.999", "40", "40.001", "50", "59.999", "60", "60.001", "70",
    "79.999", "80", "80.001", "90", "99.999", "100",
]  # fmt: skip


def make() -> tuple[Mapping[str, Any], list[dict[str, Any]]]:
    """All pairs of totals, each table once, what is missing, and what is refused."""
    made = []
    for low, high in itertools.combinations_with_replacement(POINTS, 2):
        answers: dict[str, Any] = {"total": {"low": low, "high": high, "class": "declared"}}
        topic = "total" if low == high else "range"
        made.append({"topic": topic, "from": BANDS, "answers": answers, "expect": bands_expected(DATA, answers)})
    for variant in DATA["variants"]:
        told = {"sure": [variant["id"]], "open": [], "class": "declared"}
        answers = {"total": {"low": "61", "high": "61", "class": "declared"}, "variant": told}
        made.append({"topic": "table", "from": BANDS, "answers": answers, "expect": bands_expected(DATA, answers)})
    own = "own rule: what is not known spans every total"
    made.append({"topic": "missing", "from": own, "answers": {}, "expect": bands_expected(DATA, {})})
    for low, high, words in (("50", "40", "contradicts"), ("50", "100.5", "no such entry"), ("x", "40", "not a range")):
        answers = {"total": {"low": low, "high": high, "class": "declared"}}
        refused = "own rule: a total is a range within 0 to 100"
        made.append({"topic": "refused", "from": refused, "answers": answers, "expect": {"refused": words}})
    return {}, made
