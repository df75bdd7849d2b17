"""The files that lie beside the rows of an exported case: documents, editions and snapshots are what their rows say."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from ovoo_contract.canonical import sha256_hex
from ovoo_contract.errors import VerifyError

from ovoo_cloud.casework import documents, editions, freezing, parts, reviews
from ovoo_cloud.casework.archive import numbers_back
from ovoo_cloud.casework.exchange_rows import read_json
from ovoo_cloud.catalogue.case_tables import CaseFile
from ovoo_cloud.diagnosis.review import subjects
from ovoo_cloud.reports.bundle_reader import boundless_number
from ovoo_cloud.reports.kinds import check_of

__all__ = ["check_words", "checked_files"]

Rows = Mapping[str, Sequence[Mapping[str, Any]]]
_REMEDY = "export the case again; a file that was put together by hand is not taken"


def checked_files(files: Mapping[str, bytes], lists: Rows) -> Iterator[str]:
    """The names of the files that documents, editions and snapshots stand for, each once it was checked.

    Raises:
        VerifyError: naming the file.
    """
    for row in lists["documents"]:
        yield _document(files, row)
    for row in lists["editions"]:
        yield _edition(files, row)
    for row in lists["snapshots"]:
        yield _snapshot(files, row)


def _document(files: Mapping[str, bytes], row: Mapping[str, Any]) -> str:
    """A document as it would be taken from its owner: its name says its type, and the row says nothing else."""
    name = f"documents/{row['sha256']}"
    content = _hashed(files, name, row["sha256"])
    upload = documents.Upload(row["name"], row["sha256"], content)
    with _readable("no document that a case takes", name):
        media_type = documents.check_upload(upload, len(content))
    if (row["media_type"], row["size"]) != (media_type, len(content)):
        raise VerifyError("not of this type and size", offender=name, value=f"{row['media_type']} {row['size']}")
    return name


def _edition(files: Mapping[str, bytes], row: Mapping[str, Any]) -> str:
    name = f"editions/{row['sha256']}.json"
    content = _hashed(files, name, row["sha256"])
    with _readable("no compiled framework", name):
        found = editions.compiled(content).id
    if found != row["name"]:
        raise VerifyError("another framework than its row says", offender=name, value=found, remedy=_REMEDY)
    return name


def _snapshot(files: Mapping[str, bytes], row: Mapping[str, Any]) -> str:
    """A snapshot that its own check can read to the end, and finds nothing in: pages and reports read it later."""
    name = f"snapshots/{row['id']}.json"
    data = read_json(files, name)
    if not isinstance(data, dict):
        raise VerifyError("no object", offender=name, remedy=_REMEDY)
    found = sha256_hex(files[name]) if row["kind"] == "issued" else freezing.content_id(data)
    if found != row["id"]:
        raise VerifyError("not what its id says", offender=name, remedy=_REMEDY)
    if endless := boundless_number(data):
        raise VerifyError("a number without bounds", offender=name, value=endless[:80], remedy=_REMEDY)
    with _readable("no snapshot of a case", name):
        fault = next((f"{place}: {words}" for _, place, words in check_of(data)(data)), "")
        freezing.result_of(data)
    if fault:
        raise VerifyError("does not recompute", offender=name, value=fault[:120], remedy=_REMEDY)
    return name


def _hashed(files: Mapping[str, bytes], name: str, code: str) -> bytes:
    if name not in files or sha256_hex(files[name]) != code:
        raise VerifyError("missing, or not what its SHA-256 says", offender=name)
    return files[name]


def check_words(files: Mapping[str, bytes], head: Mapping[str, Any], lists: Rows) -> None:
    """What people wrote can be read as what it is: parts of the intake, and decisions of the review.

    Raises:
        VerifyError: naming the file and place.
    """
    row = CaseFile(**numbers_back(head["file"]))
    ever = {each["name"]: each["sha256"] for each in lists["editions"] if each["name"] != row.framework}
    # earlier versions of a part speak of frameworks that were taken off since; their editions came along
    row.further = [{"framework": name, "edition": code} for name, code in ever.items()]
    for place, each in enumerate(lists["parts"]):
        where = f"parts.json[{place}].content"
        with _readable("no such part of an intake", where):
            if endless := boundless_number(each["content"]):
                raise VerifyError("a number without bounds", offender=where, value=endless[:80], remedy=_REMEDY)
            parts.check_sections(row, each["part"], each["content"])
    measured = {
        each["id"]: read_json(files, f"snapshots/{each['id']}.json")
        for each in lists["snapshots"]
        if each["kind"] == "measured"
    }
    for place, each in enumerate(lists["reviews"]):
        where = f"reviews.json[{place}]"
        with _readable("no decision on this snapshot", where):
            if each["subject"] not in subjects(measured[each["snapshot"]]):
                raise VerifyError("no subject of its snapshot", offender=where, value=each["subject"], remedy=_REMEDY)
            if each["decision"] == "override":
                reviews.check_value(measured[each["snapshot"]], each)


@contextlib.contextmanager
def _readable(message: str, where: str) -> Iterator[None]:
    """Any way in which a reader breaks on words that were put together by hand is told of their place."""
    try:
        yield
    except VerifyError:
        raise
    except Exception as error:
        told = f"{type(error).__name__} {error}"[:120]
        raise VerifyError(message, offender=where, value=told, remedy=_REMEDY) from error
