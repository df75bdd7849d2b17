"""A register as a file and back: all rows or none, every wrong cell named, what did not change left alone."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from ovoo_contract.address import check_segment
from ovoo_contract.canonical import sha256_hex
from ovoo_contract.errors import ConfigError, ConfigErrors, OvooError, Stale
from sqlalchemy.orm import Session

from ovoo_cloud.access.roles import Permission
from ovoo_cloud.access.scope import Scope
from ovoo_cloud.catalogue import audit
from ovoo_cloud.catalogue.centre_tables import RegisterEntry
from ovoo_cloud.centre.entries import ANY, Beside, entries, save, shown, unique_values
from ovoo_cloud.centre.kinds import Kind
from ovoo_cloud.centre.own_kinds import kind_in
from ovoo_cloud.centre.sheets import Table, TableRow, read_table, write_csv, write_workbook
from ovoo_cloud.centre.standing_rows import StandingRows

__all__ = ["MOST_FAULTS", "Imported", "export_csv", "export_workbook", "import_file"]

MOST_FAULTS: Final = 200
_WITHDRAWN: Final = {"": False, "no": False, "否": False, "yes": True, "是": True}


@dataclass(frozen=True, slots=True)
class Imported:
    """How many rows were new, changed and as they stood; `sha256` is of the file."""

    added: int
    changed: int
    unchanged: int
    sha256: str


def import_file(session: Session, scope: Scope, kind_id: str, raw: bytes, name: str, now_ns: int) -> Imported:
    """Reads every row of the file into the register; the caller's transaction must end with an error of this function.

    A column `version` must hold the version that was exported; without it rows are changed whatever their version.

    Raises:
        ConfigErrors: every wrong cell, at most `MOST_FAULTS` of them, by row, column and cell.
    """
    scope.require(Permission.MANAGE_REGISTERS)
    kind_of = kind_in(session, kind_id)
    table = read_table(kind_of, raw, name)
    if not table.rows:
        raise ConfigError("no rows", offender=name, remedy="fill in the table below its header")
    faults = list(_repeated(table))
    ids = frozenset(row.cells["id"].strip() for row in table.rows)
    beside = Beside(StandingRows(session), ids, unique_values(session, kind_of))
    counts: Counter[str] = Counter()
    for row in table.rows:
        try:
            counts[_save_row(session, scope, kind_of, row, beside, now_ns)] += 1
        except ConfigErrors as errors:
            faults += [_placed(table, row, each) for each in errors.errors]
        except (ConfigError, OvooError) as error:
            faults.append(_placed(table, row, error))
    if faults:
        raise ConfigErrors([each for each in faults if isinstance(each, ConfigError)][:MOST_FAULTS])
    done = Imported(counts["added"], counts["changed"], counts["unchanged"], sha256_hex(raw))
    audit.append(
        session, actor=scope.user, action="register.import", subject=kind_id, at_ns=now_ns,
        detail={"sha256": done.sha256, "added": done.added, "changed": done.changed, "unchanged": done.unchanged},
    )  # fmt: skip
    return done


def export_csv(session: Session, scope: Scope, kind_id: str) -> tuple[bytes, int]:
    """What the caller sees of a register as CSV, and how many rows; withdrawn ones are among them."""
    kind_of, rows = _export(session, scope, kind_id)
    return write_csv(kind_of, rows, _columns(scope, kind_of)), len(rows)


def export_workbook(session: Session, scope: Scope, kind_id: str, language: str) -> tuple[bytes, int]:
    """The same as a workbook."""
    kind_of, rows = _export(session, scope, kind_id)
    return write_workbook(kind_of, rows, _columns(scope, kind_of), language), len(rows)


def _export(
    session: Session, scope: Scope, kind_id: str
) -> tuple[Kind, list[tuple[str, int, bool, Mapping[str, Any]]]]:
    kind_of = kind_in(session, kind_id)
    found = entries(session, scope, kind_id, withdrawn=True)
    return kind_of, [(row.id, row.version, row.withdrawn, shown(scope, kind_of, row.content)) for row in found]


def _columns(scope: Scope, kind_of: Kind) -> list[Any]:
    seen = shown(scope, kind_of, {})
    return [each for each in kind_of.fields if each.id in seen]


def _save_row(session: Session, scope: Scope, kind_of: Kind, row: TableRow, beside: Beside, now_ns: int) -> str:
    entry_id = row.cells["id"].strip()
    check_segment(entry_id, "id")
    stored = session.get(RegisterEntry, (kind_of.id, entry_id))
    # a column that the file does not have leaves what is stored
    given: dict[str, object] = {} if stored is None else dict(stored.content)
    given |= {name: cell for name, cell in row.cells.items() if name not in ("id", "version", "withdrawn")}
    saved, changed = save(
        session, scope, kind_of.id, entry_id, given, read=_version(row), now_ns=now_ns, withdrawn=_withdrawn(row),
        beside=beside, audited=False,
    )  # fmt: skip
    beside.rows.put(saved)
    for name, holders in beside.taken.items():
        if saved.content.get(name) is not None and isinstance(holders, dict):
            holders[saved.content[name]] = entry_id  # a later row of the file must not take it again
    if not changed:
        return "unchanged"
    return "added" if saved.version == 1 else "changed"


def _version(row: TableRow) -> int:
    text = row.cells.get("version", "").strip()
    if not text:
        return ANY
    if not (text.isascii() and text.isdigit() and len(text) < 10):
        raise ConfigError(
            "not a version", offender="version", value=text, remedy="leave what the export wrote, or clear it"
        )
    return int(text)


def _withdrawn(row: TableRow) -> bool:
    text = row.cells.get("withdrawn", "").strip().lower()
    if text not in _WITHDRAWN:
        raise ConfigError("neither yes nor no", offender="withdrawn", value=text, remedy="yes or no")
    return _WITHDRAWN[text]


def _repeated(table: Table) -> Iterator[ConfigError]:
    first: dict[str, TableRow] = {}
    for row in table.rows:
        name = row.cells["id"].strip()
        if name in first:
            message = f"the same id as in row {first[name].line}"
            yield ConfigError(message, offender=table.place(row, "id"), value=name, remedy="give each row its own id")
        first.setdefault(name, row)


def _placed(table: Table, row: TableRow, error: OvooError) -> ConfigError:
    """The error with the row and cell that a person looks for."""
    column = error.offender if error.offender in table.columns else error.offender.partition(".")[0]
    if isinstance(error, Stale):
        column = "version"
    elif column not in table.columns:
        if not row.cells.get("id", "").strip() or "id" in error.offender:
            column = "id"
        else:
            return ConfigError(
                error.message, offender=f"row {row.line} {error.offender}", value=error.value, remedy=error.remedy
            )
    return ConfigError(error.message, offender=table.place(row, column), value=error.value, remedy=error.remedy)
