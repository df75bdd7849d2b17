"""Files that hold a record with all that is needed to make it again, and `verify`, which does so."""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from ovoo_contract.errors import OvooError, VerifyError

if TYPE_CHECKING:
    from ovoo_models.efficiency.record import Record

__all__ = ["add", "add_record", "content_of", "write_record"]

_FORM: Final = "ovoo-energy-record"
_EQUAL: Final = {"zh": "{path}：{id} 逐位一致", "en": "{path}: {id} recomputes to the same digits"}

Again = Callable[[Path, Mapping[str, Any]], dict[str, Any]]
"""Makes the content of a record file anew from an export and the recorded content."""


def add(verbs: Any) -> None:  # argparse has no public name for its subparsers
    """The verb `verify`."""
    verify: argparse.ArgumentParser = verbs.add_parser(
        "verify", help="recompute a record from its export; exit code 1 names what differs"
    )
    verify.add_argument("record", type=Path, help="file that --record of another command wrote")
    verify.add_argument("export", type=Path, help="the same export; of a balance: the file of the tree")
    verify.add_argument("--language", choices=("zh", "en"), default="zh", help="of the words (default: zh)")
    verify.set_defaults(run=_verify)


def add_record(parser: argparse.ArgumentParser) -> None:
    """The option `--record` of a command."""
    parser.add_argument("--record", type=Path, default=None, help="write the record that `verify` takes")


def content_of(kind: str, record: Record, reading: Mapping[str, Any], arguments: Mapping[str, Any],
               **more: Any) -> dict[str, Any]:  # fmt: skip
    """A record with how the export was read, what was asked, and what else the command found."""
    return {
        "form": _FORM, "kind": kind, "id": record.id, "record": json.loads(record.to_json()),
        "reading": dict(reading), "arguments": dict(arguments), **more,
    }  # fmt: skip


def write_record(path: Path, content: Mapping[str, Any]) -> None:
    """Keys in order, one a line."""
    path.write_text(json.dumps(content, ensure_ascii=False, indent=1, sort_keys=True) + "\n", encoding="utf-8")


def _verify(options: argparse.Namespace) -> int:
    content = _read(options.record)
    try:
        again = _again(content)(options.export, content)
    except OvooError:
        raise
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise VerifyError(
            "a damaged record", code="record.damaged_record", offender=str(options.record), value=str(error)[:80]
        ) from error
    again = json.loads(json.dumps(again))
    _same_data(content, again)
    different = next(_differences(content, again, ""), None)
    if different is not None:
        where, old, new = different
        raise VerifyError(
            "does not recompute", code="record.does_not_recompute", slots={"new": new}, offender=where, value=old,
            remedy=f"recomputed: {new}",
        )  # fmt: skip
    print(_EQUAL[options.language].format(path=options.record, id=content["id"]))
    return 0


def _again(content: Mapping[str, Any]) -> Again:
    from ovoo_models import (
        cli_energy_balance,
        cli_energy_measures,
        cli_energy_months,
        cli_energy_norm,
        cli_energy_profile,
        cli_energy_saving,
        cli_energy_tariff,
    )

    kinds: dict[str, Again] = {
        "saving": cli_energy_saving.saving_again,
        "baseline": cli_energy_saving.baseline_again,
        "bill_baseline": cli_energy_months.baseline_again,
        "bill_saving": cli_energy_months.saving_again,
        "balance": cli_energy_balance.balance_again,
        "bill": cli_energy_tariff.bill_again,
        "profile": cli_energy_profile.profile_again,
        "carbon": cli_energy_profile.carbon_again,
        "norm": cli_energy_norm.norm_again,
        "measures": cli_energy_measures.measures_again,
    }
    kind = content.get("kind")
    if kind not in kinds:
        raise VerifyError(
            "no such record", code="record.no_such_record", slots={"known": sorted(kinds)}, offender="kind",
            value=kind, remedy=f"one of {sorted(kinds)}",
        )  # fmt: skip
    return kinds[kind]


def _read(path: Path) -> dict[str, Any]:
    try:
        content = json.loads(path.read_text("utf-8"))
    except ValueError as error:
        raise VerifyError("not JSON", code="record.not_json", offender=str(path), value=str(error)[:80]) from error
    if not isinstance(content, dict) or content.get("form") != _FORM:
        raise VerifyError(
            "not a record of this command", code="record.not_record_of_this_command", offender=str(path),
            remedy="a file that --record wrote",
        )  # fmt: skip
    return content


def _same_data(content: Mapping[str, Any], again: Mapping[str, Any]) -> None:
    """Other data explain every other difference, so they are named first."""
    columns = content.get("record", {}).get("columns", [])
    for old, new in zip(columns, again["record"]["columns"], strict=False):
        if old != new:
            raise VerifyError(
                "data differ", code="record.data_differ", offender=str(new["name"]), value=new["sha256"],
                remedy="take the recorded export",
            )  # fmt: skip


def _differences(old: Any, new: Any, where: str) -> Iterator[tuple[str, Any, Any]]:
    if isinstance(old, dict) and isinstance(new, dict):
        # the id is a consequence of all the rest
        for key in sorted({*old, *new}, key=lambda name: (name == "id", name)):
            yield from _differences(old.get(key), new.get(key), f"{where}.{key}" if where else key)
    elif isinstance(old, list) and isinstance(new, list) and len(old) == len(new):
        for number, (one, other) in enumerate(zip(old, new, strict=True)):
            yield from _differences(one, other, f"{where}[{number}]")
    elif old != new:
        yield where, _short(old), _short(new)


def _short(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)[:80]
