"""The file of an exported case: canonical JSON, a manifest of hashes, and the same bytes for the same case."""

from __future__ import annotations

import io
import json
import re
import zipfile
import zlib
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from ovoo_contract.canonical import canonical_json, sha256_hex
from ovoo_contract.errors import VerifyError
from ovoo_contract.zip_members import require_usual_packing

from ovoo_cloud.reports.signing import load_trusted_key, signature_valid

__all__ = ["FORMAT", "MANIFEST", "numbers_back", "pack", "plain", "trusted_keys", "unpack"]

FORMAT: Final = "ovoo.case/1"
MANIFEST: Final = "manifest.json"
_EPOCH: Final = (1980, 1, 1, 0, 0, 0)
_LARGEST: Final = 512 * 1024 * 1024
_NAME: Final = re.compile(r"[A-Za-z0-9_-][A-Za-z0-9._-]{0,127}(/[A-Za-z0-9_-][A-Za-z0-9._-]{0,127}){0,3}")


def pack(files: Mapping[str, bytes]) -> bytes:
    """The files with their manifest as a zip; the same bytes for the same files."""
    listed = {name: sha256_hex(content) for name, content in sorted(files.items())}
    everything = {**files, MANIFEST: canonical_json({"format": FORMAT, "files": listed})}
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_STORED) as packed:
        for name, content in sorted(everything.items()):
            packed.writestr(zipfile.ZipInfo(name, _EPOCH), content)
    return out.getvalue()


def unpack(content: bytes, seal: bytes, trusted: Iterable[Ed25519PublicKey]) -> dict[str, bytes]:
    """The files of an exported case, without its manifest.

    Args:
        seal: the signature over the whole file, in base64 as `reports.signing.sign` writes it.
        trusted: keys that were got by another way than the file.

    Raises:
        VerifyError: no trusted key sealed it, it is no such file, or a part is changed, missing or not listed.
    """
    if not any(signature_valid(key, content, seal) for key in trusted):
        raise VerifyError(
            "no trusted key sealed this case", offender="seal", remedy="get the key of the exporting centre, apart"
        )
    files = _read(content)
    try:
        manifest = json.loads(files.pop(MANIFEST))
        listed: Mapping[str, str] = manifest["files"]
        known = manifest["format"] == FORMAT
        if not isinstance(listed, dict):
            raise TypeError("files are no object")
    except (KeyError, TypeError, ValueError, RecursionError) as error:
        raise VerifyError("not readable", offender=MANIFEST, remedy="export the case again") from error
    if not known:
        raise VerifyError("another format", offender=MANIFEST, value=manifest["format"], remedy=f"it reads {FORMAT}")
    for name in sorted(set(listed) | set(files)):
        if name not in files or name not in listed:
            raise VerifyError("missing or not listed", offender=name, remedy="export the case again")
        if sha256_hex(files[name]) != listed[name]:
            raise VerifyError("content differs from the manifest", offender=name, remedy="export the case again")
    return files


def _read(content: bytes) -> dict[str, bytes]:
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as packed:
            entries = packed.infolist()
            if sum(each.file_size for each in entries) > _LARGEST:
                raise VerifyError("unpacks to too much", offender="file", remedy=f"at most {_LARGEST} bytes")
            if len({each.filename for each in entries}) != len(entries):
                raise VerifyError("a name stands twice", offender="file", remedy="export the case again")
            for each in entries:
                if not _NAME.fullmatch(each.filename):
                    raise VerifyError("not a name of an exported case", offender=each.filename[:80])
                require_usual_packing(each)
            return {each.filename: packed.read(each) for each in entries}
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError, ValueError) as error:
        raise VerifyError("not a zip file", offender="file", value=str(error)[:80]) from error


def trusted_keys(folder: Path, own: Sequence[Path]) -> list[Ed25519PublicKey]:
    """The public keys whose cases an installation takes: its own, and every `*.pem` of a folder."""
    paths = [each for each in own if each.is_file()]
    return [load_trusted_key(path) for path in [*paths, *sorted(folder.glob("*.pem"))]]


def plain(row: Any) -> dict[str, Any]:
    """A table's row as JSON: nanoseconds as text, bytes left out (they are files of their own)."""
    found = {}
    for column in row.__table__.columns:
        value = getattr(row, column.name)
        if not isinstance(value, bytes):
            found[column.name] = str(value) if column.name.endswith("_ns") and value is not None else value
    return found


def numbers_back(row: Mapping[str, Any]) -> dict[str, Any]:
    """A row as `plain` wrote it, ready for its table."""
    return {name: int(value) if name.endswith("_ns") and value is not None else value for name, value in row.items()}
