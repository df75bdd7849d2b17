"""The centre's figures and assessments as tables for people: the same rows as CSV and workbook."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping, Sequence
from typing import Any

from ovoo_contract.xlsx import write_xlsx

from ovoo_cloud.catalogue.centre_tables import CentreAssessment
from ovoo_cloud.centre.assessments import result_of

__all__ = ["as_csv", "as_workbook", "assessment_rows", "kpi_rows"]

Rows = Sequence[Sequence[str]]


def kpi_rows(found: Mapping[str, Any]) -> list[list[str]]:
    """One row a figure, with the evidence id and what that leads to."""
    header = [
        "id",
        "name_zh",
        "name_en",
        "value",
        "low",
        "high",
        "unit",
        "reference_only",
        "reason",
        "evidence",
        "rows",
    ]
    rows = [header]
    for each in found["figures"]:
        leads = [name for key in each["evidence"] for name in found["evidence"][key]["rows"]]
        plain = [each[name] or "" for name in ("id", "name_zh", "name_en", "value", "low", "high", "unit")]
        mark = "yes" if each["reference_only"] else "no"
        rows.append([*plain, mark, each["reason"], " ".join(each["evidence"]), " ".join(leads)])
    return rows


def assessment_rows(row: CentreAssessment) -> list[list[str]]:
    """One row a criterion, then the totals and the decision."""
    content = row.content
    rows = [
        ["criterion", "name_zh", "name_en", "weight", "source", "mark", "figure", "target", "reached", "self_score",
         "self_statement", "self_evidence", "score", "reason", "evidence"]
    ]  # fmt: skip
    for each in content["criteria"]:
        own, review = (content[part].get(each["id"], {}) for part in ("answers", "scores"))
        figure = (each["figure"] or {}).get("value") or ""
        reached = {None: "", True: "yes", False: "no"}[each["reached"]]
        plain = [each[name] or "" for name in ("id", "name_zh", "name_en", "weight", "source", "mark")]
        rows.append([*plain, figure, each["target"] or "", reached, *_said(own), *_said(review)])
    for part in ("answers", "scores"):
        total = result_of(content, "answers" if part == "answers" else "scores")
        rows.append([f"total.{part}", "", "", "", "", "", total["value"] or f"{total['low']}–{total['high']}"])
    decision = content["decision"]
    if decision is not None:
        rows.append(["decision", decision["verdict"], decision["reviewer"], "", "", "", decision["reason"]])
    return rows


def _said(answer: Mapping[str, Any]) -> list[str]:
    return [answer.get("score") or "", answer.get("statement") or "", " ".join(answer.get("evidence") or [])]


def as_csv(rows: Rows) -> bytes:
    """UTF-8 with a mark; a cell that a spreadsheet would run begins with an apostrophe."""
    out = io.StringIO(newline="")
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerows([["'" + cell if cell.startswith(("=", "+", "@", "\t")) else cell for cell in row] for row in rows])
    return b"\xef\xbb\xbf" + out.getvalue().encode()


def as_workbook(rows: Rows, sheet: str) -> bytes:
    """One sheet, its header in view."""
    return write_xlsx(sheet, rows, [18] * max(len(row) for row in rows))
