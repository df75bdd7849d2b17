"""Check a bundle: files and signature, then scores and figures recomputed; with a source also every sample hash."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ovoo_contract.canonical import canonical_json, sha256_hex
from ovoo_contract.errors import OvooError, VerifyError

from ovoo_cloud.diagnosis.carried_rules import Kept, with_kept
from ovoo_cloud.diagnosis.evidence import EvidenceSource
from ovoo_cloud.diagnosis.figures import Figure, recompute
from ovoo_cloud.reports.bundle import MANIFEST, SIGNATURE, entries
from ovoo_cloud.reports.bundle_reader import OpenedBundle, boundless_number, open_bundle, strict_json
from ovoo_cloud.reports.kinds import check_of, is_earlier
from ovoo_cloud.reports.mismatch import Mismatch
from ovoo_cloud.reports.signing import load_trusted_key, signature_valid
from ovoo_cloud.reports.store_check import check_store
from ovoo_cloud.reports.tree import build_tree, chapters_edition

__all__ = ["Mismatch", "Verification", "verify_bundle"]


@dataclass(frozen=True, slots=True)
class Verification:
    """The outcome. `level` is 1 (from the snapshot) or 2 (from the store as well).

    `not_measured` are figures of a formula that this version no longer has: their samples were checked, not the value.
    `not_available` says what cannot be checked for a report of an earlier version: "chapters", of which printed
    figures alone are compared, and "store", where its snapshot is of a format that cannot be measured again.
    `status` is that of `Issue`: a report that says `working` may be whole, and nobody issued it.
    `moved` names the signals of which the store holds other samples than the report was made from.
    """

    number: str
    level: int
    files: int
    figures: int
    evidence: int
    mismatches: tuple[Mismatch, ...]
    not_measured: tuple[str, ...] = ()
    not_available: tuple[str, ...] = ()
    moved: tuple[str, ...] = ()
    status: str = ""

    @property
    def ok(self) -> bool:
        """Whether everything held."""
        return not self.mismatches

    @property
    def intact(self) -> bool:
        """Whether everything held but what rests on samples that the store got, or lost, since: nothing is forged."""
        return all(each.moved for each in self.mismatches)


def verify_bundle(
    folder: Path, *, trust: Path, deep: EvidenceSource | None = None, kept: Kept = lambda _sha256: None
) -> Verification:
    """Verify a bundle with a public key that did not come with it.

    Level 1 checks signature and hashes and recomputes scores, derived figures and the document from the snapshot.
    With `deep` all figures and sample hashes are computed again from the store. A report of a format that only earlier
    versions made stays at level 1. It is measured by the rules that it carries; `kept` finds those of an earlier
    version, which carried none, where the house has them.

    Raises:
        VerifyError: the folder is no bundle, or the trusted key lies inside it or cannot be read.
    """
    if folder.resolve() in trust.resolve().parents:
        raise VerifyError("the trusted key lies inside the bundle", offender=str(trust), remedy="get it another way")
    bundle = open_bundle(folder)
    files = bundle.files
    signed = signature_valid(load_trusted_key(trust), files.get(MANIFEST, b""), files.get(SIGNATURE, b""))
    found = list(_check_files(bundle, signed))
    older: list[str] = []
    moved: list[str] = []
    snapshot, manifest = _json(files, "snapshot.json"), _json(files, MANIFEST)
    measurable = snapshot is None or not is_earlier(snapshot)
    if snapshot is None:
        found.append(Mismatch("entry", "snapshot.json", "missing or not readable: nothing can be recomputed"))
    else:
        found += _check_entries(snapshot, manifest or {})
        endless = "" if signed else boundless_number(snapshot)  # whoever changed it must not keep the checker busy
        if endless:
            found.append(Mismatch("entry", "snapshot.json", f"no number of a report at {endless}: not recomputed"))
        else:
            found += _recomputed("entry", _check_snapshot(files, snapshot))
            if deep is not None and measurable:
                found += _recomputed("store", check_store(with_kept(snapshot, kept), deep, older, moved))
    data = snapshot or {}
    return Verification(
        number=str(_section(data, "issue").get("number", "")),
        level=1 if deep is None or not measurable else 2,
        files=len(files),
        figures=len(_section(data, "figures")),
        evidence=len(_section(data, "evidence")),
        mismatches=tuple(dict.fromkeys(found)),
        not_measured=tuple(older),
        not_available=tuple(_not_available(files, data)),
        moved=tuple(moved),
        status=str(_section(data, "issue").get("status", "")),
    )


def _section(data: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    found = data.get(name)
    return found if isinstance(found, dict) else {}


def _not_available(files: Mapping[str, bytes], snapshot: Mapping[str, Any]) -> Iterator[str]:
    report = _json(files, "report.json")
    if report is not None and not _same_chapters(report, snapshot):
        yield "chapters"
    if is_earlier(snapshot):
        yield "store"


def _same_chapters(report: Mapping[str, Any], snapshot: Mapping[str, Any]) -> bool:
    return report.get("edition") == chapters_edition() and not is_earlier(snapshot)


def _json(files: Mapping[str, bytes], name: str) -> dict[str, Any] | None:
    return strict_json(files.get(name, b""))


def _check_files(bundle: OpenedBundle, signed: bool) -> Iterator[Mismatch]:
    """Signature, then every listed and every unlisted file."""
    files = bundle.files
    if not signed:
        yield Mismatch("file", SIGNATURE, "signature does not fit manifest.json and the trusted key")
    for name, kind in bundle.strange:
        yield Mismatch("file", name, kind)
    manifest = _json(files, MANIFEST)
    if manifest is None or not isinstance(manifest.get("files"), dict):
        yield Mismatch("file", MANIFEST, "not readable")
        return
    listed: dict[str, Any] = manifest["files"]
    for name in sorted(set(listed) | set(files) - {MANIFEST, SIGNATURE}):
        if name not in files:
            yield Mismatch("file", name, "missing")
        elif name not in listed:
            yield Mismatch("file", name, "not listed in the manifest")
        elif sha256_hex(files[name]) != listed[name]:
            yield Mismatch("file", name, "content differs from the manifest")


def _recomputed(kind: str, check: Iterator[Mismatch]) -> Iterator[Mismatch]:
    """What a check finds, and where it cannot be carried to its end, that."""
    try:
        yield from check
    except Exception as error:  # what was changed by hand can have any shape, and so break any line of a recomputation
        told = str(error) if isinstance(error, OvooError) else f"{type(error).__name__} {error}"[:200]
        yield Mismatch(kind, "snapshot.json", f"cannot be recomputed: {told}")


def _check_snapshot(files: Mapping[str, bytes], snapshot: Mapping[str, Any]) -> Iterator[Mismatch]:
    yield from _check_figures(snapshot)
    for each in check_of(snapshot)(snapshot):
        yield Mismatch(*each)
    yield from _check_document(files, snapshot)


_KINDS = {"figures": "figure", "evidence": "evidence"}


def _check_entries(snapshot: Mapping[str, Any], manifest: Mapping[str, Any]) -> Iterator[Mismatch]:
    """Compare every figure, evidence record and other entry with its hash in the manifest."""
    listed, present = _section(manifest, "entries"), dict(entries(snapshot))
    for name in sorted(set(listed) | set(present)):
        if name not in present or listed.get(name) != _digest(present[name]):
            section, _, entry = name.partition("/")
            yield Mismatch(_KINDS.get(section, "entry"), entry if section in _KINDS else name, "changed after signing")


def _digest(entry: Any) -> str:
    """The hash of an entry; empty for one that no snapshot of ours can hold."""
    try:
        return sha256_hex(canonical_json(entry))
    except (OvooError, ValueError, RecursionError):
        return ""


def _check_figures(snapshot: Mapping[str, Any]) -> Iterator[Mismatch]:
    """Recompute derived figures from their printed inputs."""
    known = {name: Figure.from_json(name, row) for name, row in snapshot["figures"].items()}
    for name, figure in known.items():
        if figure.inputs and recompute(figure, known) != figure:
            yield Mismatch("figure", name, f"does not follow from its inputs by {figure.formula}")
        for missing in sorted(set(figure.evidence) - set(snapshot["evidence"])):
            yield Mismatch("figure", name, f"names evidence that is not in the snapshot: {missing}")


def _check_document(files: Mapping[str, bytes], snapshot: Mapping[str, Any]) -> Iterator[Mismatch]:
    """Build the document again and name the figures that differ in report.json.

    A report of last year has the chapters of last year's version: of such a one every printed figure is compared with
    the snapshot, and the rest rests on the signature.
    """
    report, code = _json(files, "report.json"), sha256_hex(files["snapshot.json"])
    if report is None:
        yield Mismatch("document", "report.json", "not readable")
    elif not _same_chapters(report, snapshot):
        yield from _check_printed(report, snapshot["figures"], code)
    else:
        again = json.loads(canonical_json(build_tree(snapshot, code)))
        for path, name in _differences(report, again, "$", ""):
            detail = f"report.json differs from the snapshot at {path}"
            yield Mismatch("figure" if name else "document", name or path, detail)


def _check_printed(report: Mapping[str, Any], figures: Mapping[str, Any], code: str) -> Iterator[Mismatch]:
    if report.get("snapshot_sha256") != code:
        yield Mismatch("document", "$.snapshot_sha256", "report.json was made from another snapshot")
    for node in _figure_nodes(report):
        own = figures.get(str(node.get("id")), {})
        if any(node.get(key) != own.get(key) for key in ("value", "low", "high", "reference_only")):
            yield Mismatch("figure", str(node.get("id")), "report.json differs from the snapshot")


def _figure_nodes(part: Any) -> Iterator[Mapping[str, Any]]:
    if isinstance(part, dict):
        if part.get("t") == "figure":
            yield part
        for each in part.values():
            yield from _figure_nodes(each)
    elif isinstance(part, list):
        for each in part:
            yield from _figure_nodes(each)


def _differences(left: Any, right: Any, path: str, figure: str) -> Iterator[tuple[str, str]]:
    """Paths where two documents differ, each with the figure it lies in, if any."""
    if left == right:
        return
    if isinstance(left, dict) and isinstance(right, dict):
        inside = str(right["id"]) if right.get("t") == "figure" else figure
        for key in sorted(set(left) | set(right)):
            if left.get(key) != right.get(key):
                yield from _differences(left.get(key), right.get(key), f"{path}.{key}", inside)
    elif isinstance(left, list) and isinstance(right, list) and len(left) == len(right):
        for number, (a, b) in enumerate(zip(left, right, strict=True)):
            yield from _differences(a, b, f"{path}[{number}]", figure)
    else:
        yield path, figure
