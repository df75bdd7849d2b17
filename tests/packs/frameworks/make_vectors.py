"""Writes packs/vectors: boundary cases of every framework with what the oracle says of them.

Run once, looked through, committed; `ovoo-packs vectors --check` then compares the product with the frozen files, and a
test compares the oracle with them again.
"""

from __future__ import annotations

import json
import pathlib
from collections.abc import Callable, Mapping
from typing import Any

from tests.packs.frameworks import cases_acceptance, cases_bands, cases_maturity, cases_norms, cases_sme

VECTORS = pathlib.Path(__file__).resolve().parents[3] / "packs" / "vectors"
Made = tuple[Mapping[str, Any], list[dict[str, Any]]]
MAKERS: Mapping[str, Callable[[], Made]] = {
    "sme_2024": cases_sme.make,
    "sme_2022": cases_bands.make,
    "gbt_39116": cases_maturity.make,
    "smart_mine": cases_acceptance.make,
    "norms_coal_mine": lambda: cases_norms.make("coal_mine"),
    "norms_coal_chemical": lambda: cases_norms.make("coal_chemical"),
    "norms_dairy": lambda: cases_norms.make("dairy"),
}


def dumped(name: str) -> str:
    """The file of one framework, a vector a line."""
    bases, vectors = MAKERS[name]()
    numbered = [{"id": f"{each.pop('topic')}-{number:03d}", **each} for number, each in enumerate(vectors, start=1)]
    rows = ",\n".join("  " + json.dumps(each, ensure_ascii=False) for each in numbered)
    head = {"format": "ovoo.vectors/1", "framework": name}
    lines = [f' "{key}": {json.dumps(value)}' for key, value in head.items()]
    base_rows = ",\n".join(f"  {json.dumps(key)}: {json.dumps(value)}" for key, value in bases.items())
    lines += [f' "bases": {{\n{base_rows}\n }}', f' "vectors": [\n{rows}\n ]']
    return "{\n" + ",\n".join(lines) + "\n}\n"


def main() -> None:
    """Writes every file."""
    for name in MAKERS:
        folder = VECTORS / name
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "boundaries.json").write_text(dumped(name), encoding="utf-8")


if __name__ == "__main__":
    main()
