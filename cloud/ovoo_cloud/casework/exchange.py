"""A whole case out of one installation into another: nothing is left out, nothing forged is taken."""

from __future__ import annotations

import json
import pathlib
import re
from collections.abc import Mapping, Sequence
from typing import Any, Final

from ovoo_contract.canonical import canonical_json, sha256_hex
from ovoo_contract.errors import Conflict, StoreError, VerifyError
from sqlalchemy import select
from sqlalchemy.exc import OperationalError, SQLAlchemyError
from sqlalchemy.orm import Session

from ovoo_cloud.access.scope import Scope
from ovoo_cloud.casework import freezing, numbers, steps
from ovoo_cloud.casework.archive import numbers_back, pack, plain
from ovoo_cloud.casework.documents import DocumentFolder
from ovoo_cloud.catalogue import audit, enterprises
from ovoo_cloud.catalogue.case_tables import (
    CaseDocument,
    CaseEdition,
    CaseFile,
    CasePart,
    CaseReview,
    CaseSnapshot,
    CaseStep,
    ReportNumber,
)
from ovoo_cloud.catalogue.grant_tables import Grant
from ovoo_cloud.catalogue.tables import Case, Enterprise, Report, Site
from ovoo_cloud.settings import Settings

__all__ = ["export_case", "import_case"]

_LISTS: Final[Mapping[str, tuple[type[Any], tuple[str, ...]]]] = {
    "steps": (CaseStep, ("seq",)),
    "parts": (CasePart, ("part", "version")),
    "reviews": (CaseReview, ("seq",)),
    "documents": (CaseDocument, ("sha256",)),
    "snapshots": (CaseSnapshot, ("id",)),
    "editions": (CaseEdition, ("sha256",)),
    "grants": (Grant, ("id",)),
    "numbers": (ReportNumber, ("number",)),
    "reports": (Report, ("id",)),
}
"""Every list of a case: its table, and the columns that order it."""
_ELSEWHERE: Final = "imported"
_FOLDER: Final = re.compile(r"[A-Za-z0-9_-][A-Za-z0-9._-]{0,127}")


def export_case(session: Session, row: CaseFile, settings: Settings) -> bytes:
    """A case with its steps, parts, documents, reviews, snapshots, editions, grants, numbers and reports.

    Raises:
        StoreError: a document or a report's file is gone or damaged.
    """
    case = session.get(Case, row.case)
    company = session.get(Enterprise, row.enterprise)
    places = [session.get(Site, (row.enterprise, site)) for site in row.sites]
    head = {
        "case": {} if case is None else plain(case),
        "file": plain(row),
        "enterprise": {} if company is None else plain(company),
        "sites": [plain(each) for each in places if each is not None],
    }
    files = {"case.json": canonical_json(head)}
    for name, (table, order) in _LISTS.items():
        query = select(table).where(table.case == row.case)
        rows = session.scalars(query.order_by(*(getattr(table, column) for column in order))).all()
        files[f"{name}.json"] = canonical_json([_listed(name, each) for each in rows])
        files.update(_contents(name, rows, settings))
    return pack(files)


def _listed(name: str, row: Any) -> dict[str, Any]:
    found = plain(row)
    for column in {"grants": ("origin",), "reports": ("folder",)}.get(name, ()):
        del found[column]  # where it lies and that it came from elsewhere is no part of the case
    return found


def _contents(name: str, rows: Sequence[Any], settings: Settings) -> dict[str, bytes]:
    """The files that belong to the rows of a list."""
    if name == "documents":
        folder = DocumentFolder(settings.documents)
        return {f"documents/{row.sha256}": folder.get(row.sha256) for row in rows}
    if name == "snapshots":
        return {f"snapshots/{row.id}.json": bytes(row.content) for row in rows}
    if name == "editions":
        return {f"editions/{row.sha256}.json": bytes(row.content) for row in rows}
    if name != "reports":
        return {}
    return {f"reports/{row.id}/{path.name}": path.read_bytes() for row in rows for path in _bundle(row)}


def _bundle(row: Report) -> list[pathlib.Path]:
    found = sorted(path for path in pathlib.Path(row.folder).glob("*") if path.is_file())
    if not found:
        raise StoreError("the report's files are gone", offender=row.id, remedy="restore the backup")
    return found


def import_case(
    session: Session,
    scope: Scope,
    files: Mapping[str, bytes],
    settings: Settings,
    now_ns: int,
    enterprise: str | None = None,
) -> CaseFile:
    """Takes a whole case as `archive.unpack` gave it. Its grants come along as record: they open nothing here.

    Raises:
        VerifyError: a step, document, snapshot or edition is not what it says.
        Conflict: the case or its number is here already.
    """
    head, lists = _checked(files)
    try:
        row = _put(session, scope, files, settings, head, lists, enterprise)
    except OperationalError:
        raise  # the database, not the file
    except (KeyError, TypeError, ValueError, AttributeError, OverflowError, SQLAlchemyError) as error:
        raise VerifyError("not what a case holds", offender="case", value=str(error)[:80]) from error
    _write_files(files, settings, row.enterprise)
    audit.append(
        session,
        actor=scope.user,
        action="case.import",
        subject=row.case,
        at_ns=now_ns,
        enterprise=row.enterprise,
        detail={"state": row.state, "steps": row.version, "head": lists["steps"][-1]["hash"]},
    )
    return row


def _put(
    session: Session,
    scope: Scope,
    files: Mapping[str, bytes],
    settings: Settings,
    head: Mapping[str, Any],
    lists: Mapping[str, list[dict[str, Any]]],
    enterprise: str | None,
) -> CaseFile:
    """Adds every row of the case to the session."""
    row: CaseFile = _row(CaseFile, numbers_back(head["file"]))
    if enterprise not in (None, row.enterprise):
        raise Conflict("a case of another enterprise", offender=row.case, value=row.enterprise)
    if session.get(Case, row.case) is not None:
        raise Conflict("this case is here already", offender=row.case, remedy="export it instead")
    for number in lists["numbers"]:
        numbers.next_revision(session, number["number"], row.case)
    _places(session, scope, head)
    session.add(_row(Case, numbers_back(head["case"])))
    session.flush()
    session.add(row)
    session.flush()
    for name, (table, _) in _LISTS.items():
        session.add_all(_row(table, _filled(name, each, files, settings, row.enterprise)) for each in lists[name])
        session.flush()
    return row


def _row(table: type[Any], values: Mapping[str, Any]) -> Any:
    """A row with all its columns; what lacks one would be filled up by the database."""
    columns = table.__table__.columns
    missing = {
        each.key for each in columns if each.key not in values or (values[each.key] is None and not each.nullable)
    }
    if missing:
        raise KeyError(", ".join(sorted(missing)))
    return table(**values)


def _checked(files: Mapping[str, bytes]) -> tuple[dict[str, Any], dict[str, list[dict[str, Any]]]]:
    try:
        head: dict[str, Any] = json.loads(files["case.json"])
        lists = {name: json.loads(files[f"{name}.json"]) for name in _LISTS}
        state = steps.check_chain([CaseStep(**numbers_back(each)) for each in lists["steps"]])
        if (head["file"]["state"], head["file"]["version"]) != (state.value, len(lists["steps"])):
            raise VerifyError("the state does not follow from the steps", offender="case.json")
        for each in lists["documents"]:
            _same_hash(files, f"documents/{each['sha256']}", each["sha256"])
        for each in lists["editions"]:
            _same_hash(files, f"editions/{each['sha256']}.json", each["sha256"])
        for each in lists["snapshots"]:
            _same_content(files, each)
        owned = {head["case"]["id"], head["file"]["case"], *(each["case"] for name in lists for each in lists[name])}
        if len(owned) != 1 or head["case"]["enterprise"] != head["file"]["enterprise"]:
            raise VerifyError("rows of another case", offender="case.json", value=sorted(owned))
        _same_enterprise(head["file"]["enterprise"], lists)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise VerifyError("incomplete", offender="case", value=str(error)[:80], remedy="export it again") from error
    return head, lists


def _same_enterprise(enterprise: str, lists: Mapping[str, list[dict[str, Any]]]) -> None:
    """No grant or report of a case is another enterprise's, and no report's folder lies elsewhere."""
    for name, rows in lists.items():
        for each in rows:
            if each.get("enterprise", enterprise) != enterprise:
                raise VerifyError("a row of another enterprise", offender=f"{name}.json", value=each["enterprise"])
            if name == "reports" and not _FOLDER.fullmatch(each["id"]):
                raise VerifyError("not the id of a report", offender="reports.json", value=each["id"][:80])


def _same_hash(files: Mapping[str, bytes], name: str, code: str) -> None:
    if name not in files or sha256_hex(files[name]) != code:
        raise VerifyError("missing, or not what its SHA-256 says", offender=name)


def _same_content(files: Mapping[str, bytes], row: Mapping[str, Any]) -> None:
    name = f"snapshots/{row['id']}.json"
    content = files[name]
    found = sha256_hex(content) if row["kind"] == "issued" else freezing.content_id(json.loads(content))
    if found != row["id"]:
        raise VerifyError("not what its id says", offender=name)


def _places(session: Session, scope: Scope, head: Mapping[str, Any]) -> None:
    """The enterprise and its sites, made where they are not known here; what is here stays as it is."""
    company = head["enterprise"]
    if session.get(Enterprise, company["id"]) is None:
        names = {key: company[key] for key in ("name_zh", "name_en", "sector")}
        enterprises.save_enterprise(session, scope, company["id"], **names)
    scope.require_enterprise(company["id"])
    for place in head["sites"]:
        if session.get(Site, (company["id"], place["id"])) is None:
            names = {key: place[key] for key in ("name_zh", "name_en", "timezone")}
            enterprises.save_site(session, scope, company["id"], place["id"], **names)


def _filled(
    name: str, row: Mapping[str, Any], files: Mapping[str, bytes], settings: Settings, enterprise: str
) -> dict[str, Any]:
    found = numbers_back(row)
    if name == "snapshots":
        found["content"] = files[f"snapshots/{row['id']}.json"]
    elif name == "editions":
        found["content"] = files[f"editions/{row['sha256']}.json"]
    elif name == "grants":
        found["origin"] = _ELSEWHERE
    elif name == "reports":
        found["folder"] = str(settings.reports_dir / enterprise / row["id"])
    return found


def _write_files(files: Mapping[str, bytes], settings: Settings, enterprise: str) -> None:
    folder = DocumentFolder(settings.documents)
    for name, content in files.items():
        kind, _, rest = name.partition("/")
        if kind == "documents":
            folder.put(content)
        elif kind == "reports" and rest:
            path = settings.reports_dir / enterprise / rest
            if path.exists():
                raise Conflict("a report's file is here already", offender=rest)
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)
