"""A whole case out of one installation into another: nothing is left out, nothing forged is taken."""

from __future__ import annotations

import pathlib
from collections.abc import Mapping, Sequence
from typing import Any, Final

from ovoo_contract.canonical import canonical_json
from ovoo_contract.errors import Conflict, StoreError, VerifyError
from sqlalchemy import select
from sqlalchemy.exc import OperationalError, SQLAlchemyError
from sqlalchemy.orm import Session

from ovoo_cloud.access.scope import Scope
from ovoo_cloud.casework import numbers
from ovoo_cloud.casework.archive import numbers_back, pack, plain
from ovoo_cloud.casework.documents import DocumentFolder
from ovoo_cloud.casework.exchange_check import checked
from ovoo_cloud.casework.exchange_rows import HEAD, LISTS, NOT_EXPORTED, check_times
from ovoo_cloud.catalogue import audit, enterprises
from ovoo_cloud.catalogue.case_tables import CaseFile
from ovoo_cloud.catalogue.grant_tables import Grant
from ovoo_cloud.catalogue.tables import Case, Enterprise, Report, Site
from ovoo_cloud.reports.naming import local_day
from ovoo_cloud.reports.staging import publish, staged
from ovoo_cloud.settings import Settings

__all__ = ["export_case", "import_case"]

_ELSEWHERE: Final = "imported"


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
    for name, (table, order) in LISTS.items():
        query = select(table).where(table.case == row.case)
        rows = session.scalars(query.order_by(*(getattr(table, column) for column in order))).all()
        files[f"{name}.json"] = canonical_json([_listed(name, each) for each in rows])
        files.update(_contents(name, rows, settings))
    return pack(files)


def _listed(name: str, row: Any) -> dict[str, Any]:
    found = plain(row)
    for column in NOT_EXPORTED.get(name, ()):
        del found[column]
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
        VerifyError: a step, document, snapshot, edition or report is not what it says.
        Conflict: the case or its number is here already, or another enterprise has its id.
    """
    head, lists = checked(files)
    audit.hold(session)
    row: CaseFile = _row(CaseFile, head["file"])
    if enterprise not in (None, row.enterprise):
        raise Conflict("a case of another enterprise", offender=row.case, value=row.enterprise)
    if session.get(Case, row.case) is not None:
        raise Conflict("this case is here already", offender=row.case, remedy="export it instead")
    today = local_day(now_ns, settings.zone)
    for number in lists["numbers"]:
        _check_number(session, number, row.case, today)
    check_times(head, lists, now_ns)
    _check_unknown(session, row, lists)
    _places(session, scope, head)
    try:
        _add_rows(session, row, head, lists, files, settings)
    except OperationalError:
        raise  # the database, not the file
    except (KeyError, TypeError, ValueError, AttributeError, OverflowError, SQLAlchemyError) as error:
        raise VerifyError("not what a case holds", offender="case", value=str(error)[:80]) from error
    audit.append(
        session,
        actor=scope.user,
        action="case.import",
        subject=row.case,
        at_ns=now_ns,
        enterprise=row.enterprise,
        detail={"state": row.state, "steps": row.version, "head": lists["steps"][-1]["hash"]},
    )
    _write_files(files, lists["reports"], settings, row.enterprise)
    return row


def _add_rows(
    session: Session,
    row: CaseFile,
    head: Mapping[str, Any],
    lists: Mapping[str, Sequence[Mapping[str, Any]]],
    files: Mapping[str, bytes],
    settings: Settings,
) -> None:
    session.add(_row(Case, head["case"]))
    session.flush()
    session.add(row)
    session.flush()
    for name, (table, _) in LISTS.items():
        session.add_all(_row(table, _filled(name, each, files, settings, row.enterprise)) for each in lists[name])
        session.flush()


def _row(table: type[Any], row: Mapping[str, Any]) -> Any:
    """A row of a table out of what an archive says.

    Raises:
        VerifyError: it lacks columns, or has some that the table does not have, or values of another kind.
    """
    columns = table.__table__.columns
    lacking = sorted(each.key for each in columns if row.get(each.key) is None and not each.nullable)
    if lacking:
        raise VerifyError("lacks columns", offender=table.__tablename__, value=", ".join(lacking))
    try:
        return table(**numbers_back(row))
    except (TypeError, ValueError, AttributeError) as error:
        where = table.__tablename__
        raise VerifyError("not a row of this table", offender=where, value=str(error)[:80]) from error


def _check_number(session: Session, number: Mapping[str, Any], case_id: str, today: str) -> None:
    numbers.next_revision(session, number["number"], case_id)
    if str(number["issue_date"]) > today:  # the register would take no date before it
        raise Conflict(
            "its report has a date that is still to come",
            offender="issue_date",
            value=number["issue_date"],
            remedy=f"today is {today}; mind both clocks",
        )


def _check_unknown(session: Session, row: CaseFile, lists: Mapping[str, Sequence[Mapping[str, Any]]]) -> None:
    """Nothing that comes takes the place of something here, or refers to another enterprise's case here.

    Raises:
        Conflict: naming the file and place.
    """
    before = session.get(CaseFile, row.previous) if row.previous else None
    if before is not None and before.enterprise != row.enterprise:
        raise Conflict(
            "it follows a case that here is another enterprise's",
            offender=f"{HEAD} file.previous",
            value=row.previous,
            remedy="agree on the ids of both cases",
        )
    for name, table in (("grants", Grant), ("reports", Report)):
        for place, each in enumerate(lists[name]):
            if session.get(table, each["id"]) is not None:
                raise Conflict(
                    "this id is taken here",
                    offender=f"{name}.json[{place}].id",
                    value=each["id"],
                    remedy="ask the centre that exported it",
                )


def _places(session: Session, scope: Scope, head: Mapping[str, Any]) -> None:
    """The enterprise and its sites, made where they are not known here; what is here stays as it is.

    Raises:
        Conflict: another enterprise has this id here.
    """
    company = head["enterprise"]
    known = session.get(Enterprise, company["id"])
    scope.require_enterprise(company["id"])
    if known is None:
        names = {key: company[key] for key in ("name_zh", "name_en", "sector")}
        enterprises.save_enterprise(session, scope, company["id"], **names)
    elif known.name_zh != company["name_zh"]:
        raise Conflict(
            "another enterprise has this id here",
            offender=company["id"],
            value=company["name_zh"],
            remedy=f"here it is {known.name_zh}; agree on the name, or on another id",
        )
    for place in head["sites"]:
        if session.get(Site, (company["id"], place["id"])) is None:
            names = {key: place[key] for key in ("name_zh", "name_en", "timezone")}
            enterprises.save_site(session, scope, company["id"], place["id"], **names)


def _filled(
    name: str, row: Mapping[str, Any], files: Mapping[str, bytes], settings: Settings, enterprise: str
) -> dict[str, Any]:
    found = dict(row)
    if name == "snapshots":
        found["content"] = files[f"snapshots/{row['id']}.json"]
    elif name == "editions":
        found["content"] = files[f"editions/{row['sha256']}.json"]
    elif name == "grants":
        found["origin"] = _ELSEWHERE
    elif name == "reports":
        found["folder"] = str(settings.reports_dir / enterprise / row["id"])
    return found


def _write_files(
    files: Mapping[str, bytes], reports: Sequence[Mapping[str, Any]], settings: Settings, enterprise: str
) -> None:
    """Documents by their hash, then each report as a whole to its place."""
    folder = DocumentFolder(settings.documents)
    for name, content in files.items():
        if name.startswith("documents/"):
            folder.put(content)
    for row in reports:
        start, place = f"reports/{row['id']}/", settings.reports_dir / enterprise / row["id"]
        with staged(place.parent) as making:
            making.mkdir()
            for name, content in files.items():
                if name.startswith(start):
                    (making / name.removeprefix(start)).write_bytes(content)
            publish(making, place)
