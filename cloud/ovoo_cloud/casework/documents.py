"""Documents of a case: content on disk under its own SHA-256, the row says what it is called and who brought it."""

from __future__ import annotations

import contextlib
import os
import pathlib
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from ovoo_contract.canonical import sha256_hex
from ovoo_contract.errors import ConfigError, Conflict, StoreError, StoreRejected
from sqlalchemy import select
from sqlalchemy.orm import Session

from ovoo_cloud.access.scope import Scope, absent
from ovoo_cloud.casework.characters import check_characters
from ovoo_cloud.casework.states import ENDED, State
from ovoo_cloud.catalogue import audit
from ovoo_cloud.catalogue.case_tables import CaseDocument, CaseFile

__all__ = ["TYPES", "DocumentFolder", "Upload", "add", "check_upload", "document", "documents"]

_ZIP: Final = b"PK\x03\x04"
TYPES: Final[Mapping[str, tuple[str, bytes]]] = MappingProxyType(
    {
        ".pdf": ("application/pdf", b"%PDF-"),
        ".png": ("image/png", b"\x89PNG\r\n\x1a\n"),
        ".jpg": ("image/jpeg", b"\xff\xd8\xff"),
        ".jpeg": ("image/jpeg", b"\xff\xd8\xff"),
        ".xlsx": ("application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", _ZIP),
        ".docx": ("application/vnd.openxmlformats-officedocument.wordprocessingml.document", _ZIP),
        ".csv": ("text/csv", b""),
        ".txt": ("text/plain", b""),
    }
)
"""What is taken, by the end of the name: media type, and how the content begins."""
_LONGEST_NAME: Final = 200


@dataclass(frozen=True, slots=True)
class Upload:
    """A document as it is brought: its name, what its SHA-256 is said to be, and its bytes."""

    name: str
    sha256: str
    content: bytes


class DocumentFolder:
    """A folder of files named by the SHA-256 of their content, two levels deep."""

    def __init__(self, folder: pathlib.Path) -> None:
        self._folder = folder

    def put(self, content: bytes) -> str:
        """Keeps the content and gives its SHA-256; what is there already stays."""
        code = sha256_hex(content)
        path = self._path(code)
        if path.exists():
            return code
        path.parent.mkdir(parents=True, exist_ok=True)
        for left in path.parent.glob(f"{code}.*.part"):  # of a process that died; one at a time writes a case
            left.unlink(missing_ok=True)
        part = path.with_name(f"{code}.{secrets.token_hex(4)}.part")
        try:
            with os.fdopen(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
            part.replace(path)
        except OSError as error:
            raise StoreError(error.strerror or str(error), offender=str(self._folder), remedy="free space") from error
        finally:
            with contextlib.suppress(FileNotFoundError):
                part.unlink()
        return code

    def get(self, code: str) -> bytes:
        """The content; StoreError when the file is gone or is not what it was."""
        try:
            content = self._path(code).read_bytes()
        except OSError as error:
            raise StoreError(
                "the document is gone", offender=code, remedy="restore the backup", code="case.document_gone"
            ) from error
        if sha256_hex(content) != code:
            raise StoreError(
                "the document was changed on disk",
                offender=code,
                remedy="restore the backup",
                code="case.document_changed",
            )
        return content

    def _path(self, code: str) -> pathlib.Path:
        return self._folder / code[:2] / code


def add(
    session: Session, scope: Scope, row: CaseFile, upload: Upload, folder: DocumentFolder, largest: int, now_ns: int
) -> CaseDocument:
    """Takes a document into a case; the same content again changes nothing.

    Raises:
        Conflict: the case has ended, or the name is taken by another content.
        ConfigError: a type that is not taken, an empty or too large document, or a name that is a path.
        StoreRejected: the content does not have the SHA-256 that it came with.
    """
    media_type = check_upload(upload, largest)
    if row.state in ENDED or row.state == State.SUSPENDED:
        raise Conflict(
            "the case takes no documents now", offender=row.case, value=row.state, code="case.takes_no_documents"
        )
    found = session.get(CaseDocument, (row.case, upload.sha256))
    if found is not None:
        return found
    if any(each.name == upload.name for each in documents(session, row)):
        raise Conflict(
            "another document has this name",
            offender=upload.name,
            remedy="name the new one apart, e.g. with its date",
            code="case.document_name_taken",
        )
    folder.put(upload.content)
    added = CaseDocument(
        case=row.case,
        sha256=upload.sha256,
        name=upload.name,
        media_type=media_type,
        size=len(upload.content),
        uploaded_by=scope.user,
        at_ns=now_ns,
    )
    session.add(added)
    session.flush()
    audit.append(
        session,
        actor=scope.user,
        action="case.document",
        subject=row.case,
        at_ns=now_ns,
        enterprise=row.enterprise,
        detail={"sha256": added.sha256, "name": added.name, "size": added.size},
    )
    return added


def check_upload(upload: Upload, largest: int) -> str:
    """The media type of a document that a case takes.

    Raises:
        ConfigError: a type that is not taken, an empty or too large document, or a name that is a path.
        StoreRejected: the content does not have the SHA-256 that it came with.
    """
    name = upload.name
    if not name.strip() or len(name) > _LONGEST_NAME or any(each in name for each in "/\\\0\n\r"):
        raise ConfigError(
            "not a file name",
            offender="name",
            value=name[:80],
            remedy="a name without folders",
            code="case.not_file_name",
        )
    check_characters("name", name)
    known = TYPES.get(pathlib.PurePath(name).suffix.lower())
    if known is None:
        raise ConfigError(
            "this type is not taken",
            offender="name",
            value=name,
            remedy=f"one of {', '.join(TYPES)}",
            code="case.document_type",
            slots={"known": ", ".join(TYPES)},
        )
    if not upload.content or len(upload.content) > largest:
        raise ConfigError(
            "empty or too large",
            offender=name,
            value=len(upload.content),
            remedy=f"1 to {largest} bytes",
            code="case.document_size",
            slots={"largest": largest},
        )
    found = sha256_hex(upload.content)
    if found != upload.sha256:
        raise StoreRejected(
            "the content is not what its SHA-256 says",
            offender=name,
            value=found,
            remedy="send the file again",
            code="case.document_hash",
        )
    if not upload.content.startswith(known[1]):
        raise ConfigError(
            "the content is not of this type",
            offender=name,
            value=known[0],
            remedy="save it again",
            code="case.document_content",
        )
    return known[0]


def documents(session: Session, row: CaseFile) -> Sequence[CaseDocument]:
    """The documents of a case, oldest first."""
    query = select(CaseDocument).where(CaseDocument.case == row.case)
    return session.scalars(query.order_by(CaseDocument.at_ns, CaseDocument.sha256)).all()


def document(session: Session, row: CaseFile, code: str) -> CaseDocument:
    """One document by its SHA-256; NotFound when the case has none such."""
    found = session.get(CaseDocument, (row.case, code))
    if found is None:
        raise absent(f"document {code[:16]}")
    return found
