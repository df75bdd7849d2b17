"""A whole case out of one installation and into another: the same bytes again, and nothing forged is taken."""

from __future__ import annotations

import io
import json
import pathlib
import warnings
import zipfile
from collections.abc import Callable, Iterator

import pytest
from ovoo_cloud.access.scope import Scope
from ovoo_cloud.casework import archive, beside, editions, exchange, numbers
from ovoo_cloud.catalogue import audit, enterprises
from ovoo_cloud.catalogue.case_tables import CaseFile, ReportNumber
from ovoo_cloud.cli import main
from ovoo_cloud.reports.signing import load_signing_key, load_trusted_key, sign
from ovoo_cloud.reports.verify import verify_bundle
from ovoo_cloud.services import Services, build_services
from ovoo_cloud.settings import Settings
from ovoo_contract.canonical import canonical_json, sha256_hex
from ovoo_contract.errors import Conflict, VerifyError

from tests.cloud.api.plant import NOW, OWN
from tests.cloud.casework.centre import BASE, CASE
from tests.cloud.casework.exported import Exported

SYSTEM = Scope.system("import")


@pytest.fixture
def other(tmp_path: pathlib.Path) -> Iterator[Services]:
    with build_services(Settings(data_dir=tmp_path / "other"), clock=lambda: NOW) as built:
        yield built


def taken(services: Services, files: dict[str, bytes]) -> None:
    with services.database.write() as session:
        exchange.import_case(session, SYSTEM, files, services.settings, NOW)


def unpacked(exported: Exported) -> dict[str, bytes]:
    return archive.unpack(exported.content, exported.seal, [load_trusted_key(exported.trust)])


def test_export_import_export_gives_the_same_bytes_and_a_report_that_verifies(
    exported: Exported, other: Services
) -> None:
    taken(other, unpacked(exported))

    with other.database.read() as session:
        row = session.get(CaseFile, CASE)
        assert row is not None
        again = exchange.export_case(session, row, other.settings)
        audit.verify_chain(session)
    folder = other.settings.reports_dir / OWN / "ov-2026-001-r1"
    assert again == exported.content
    assert verify_bundle(folder, trust=exported.trust).ok
    with pytest.raises(Conflict, match="here already"):
        taken(other, unpacked(exported))


def test_grants_of_an_imported_case_open_nothing(exported: Exported, tmp_path: pathlib.Path) -> None:
    with build_services(Settings(data_dir=tmp_path / "c"), clock=lambda: NOW) as services:
        taken(services, unpacked(exported))
        from ovoo_cloud.access import grants
        from ovoo_cloud.access.roles import Role

        with services.database.read() as session:
            scope = grants.bound(session, Scope("expert", Role.CENTRE_EXPERT), "required", NOW)
            (listed,) = grants.grants(session, SYSTEM, OWN)
            assert scope.consents == ()
            assert grants.state_of(listed, NOW) == "imported"


def _rewritten(change: Callable[[dict[str, bytes]], None], exported: Exported) -> bytes:
    """The file with a change and a manifest that fits it: only the seal, or the content, gives it away."""
    files = unpacked(exported)
    change(files)
    return archive.pack(files)


def _edit(name: str, path: tuple[str | int, ...], value: object) -> Callable[[dict[str, bytes]], None]:
    def change(files: dict[str, bytes]) -> None:
        data = json.loads(files[name])
        place = data
        for key in path[:-1]:
            place = place[key]
        place[path[-1]] = value
        files[name] = canonical_json(data)

    return change


def _drop(start: str) -> Callable[[dict[str, bytes]], None]:
    def change(files: dict[str, bytes]) -> None:
        for name in [name for name in files if name.startswith(start)]:
            del files[name]

    return change


def _without_step(files: dict[str, bytes], left_out: str) -> None:
    """Steps whose hashes fit but whose order does not: one is left out, or (with "") the second taken twice."""
    rows = json.loads(files["steps.json"])
    kept = [row for row in rows if row["step"] != left_out] if left_out else [*rows[:2], dict(rows[1]), *rows[2:]]
    previous = "0" * 64
    for number, row in enumerate(kept, 1):
        row.update(seq=number, previous=previous)
        content = [row[key] for key in ("case", "seq", "step", "before", "after", "actor", "role")]
        previous = row["hash"] = sha256_hex(canonical_json([*content, row["at_ns"], row["decision"], row["previous"]]))
    files["steps.json"] = canonical_json(kept)
    head = json.loads(files["case.json"])
    head["file"]["version"] = len(kept)
    files["case.json"] = canonical_json(head)


FORGED = {
    "another actor": _edit("steps.json", (1, "actor"), "somebody"),
    "a step left out": lambda files: files.update({"steps.json": canonical_json(json.loads(files["steps.json"])[:-1])}),
    "another state": _edit("case.json", ("file", "state"), "closed"),
    "another case's row": _edit("parts.json", (0, "case"), "other"),
    "no documents": _drop("documents/"),
    "no steps": _drop("steps.json"),
    "another snapshot": lambda files: files.update({name: b"{}" for name in files if name.startswith("snapshots/")}),
    "a row of another enterprise": _edit("reports.json", (0, "enterprise"), "bayan"),
    "into another enterprise": _edit("case.json", ("enterprise", "id"), "bayan"),
    "a site of another enterprise": _edit("case.json", ("sites", 0, "enterprise"), "bayan"),
    "a report in another folder": _edit("reports.json", (0, "id"), "../../elsewhere"),
    "a report under another number": _edit("reports.json", (0, "number"), "OV-9"),
    "no number": lambda files: files.update({"numbers.json": b"[]"}),
    "a changed report": lambda files: files.update(
        {name: files[name] + b" " for name in files if "report.pdf" in name}
    ),
    "no manifest of a report": lambda files: [files.pop(n) for n in list(files) if n.endswith("r1/manifest.json")],
    "a file that nothing names": lambda files: files.update({"documents/" + "0" * 64: b"x"}),
    "an unknown column": _edit("case.json", ("file", "admin"), True),
    "a list in place of a row": _edit("grants.json", (0,), []),
    "a text in place of a time": _edit("parts.json", (0, "at_ns"), "soon"),
    "nothing but brackets": lambda files: files.update({"reviews.json": b"[" * 100_000}),
    "steps out of the law": lambda files: _without_step(files, "confirm"),
    "a step taken twice": lambda files: _without_step(files, ""),
    "another edition": lambda files: files.update({name: b"{}" for name in files if name.startswith("editions/")}),
}


@pytest.mark.parametrize("name", FORGED)
def test_a_forged_case_is_refused_by_seal_and_even_with_one_by_its_content(
    exported: Exported, other: Services, name: str
) -> None:
    forged = _rewritten(FORGED[name], exported)
    trusted = [load_trusted_key(exported.trust)]

    with pytest.raises(VerifyError, match="no trusted key"):
        archive.unpack(forged, exported.seal, trusted)
    sealed = archive.unpack(forged, sign(load_signing_key(exported.key), forged), trusted)
    with pytest.raises(VerifyError):
        taken(other, sealed)
    with other.database.read() as session:
        assert session.get(CaseFile, CASE) is None
    assert not list(other.settings.reports_dir.rglob("*.*"))


def test_a_changed_byte_or_a_foreign_name_in_the_zip_is_named(exported: Exported) -> None:
    def resealed(content: bytes) -> dict[str, bytes]:
        key = load_signing_key(exported.key)
        return archive.unpack(content, sign(key, content), [load_trusted_key(exported.trust)])

    place = exported.content.index(b"%PDF-1.7 register")
    changed = bytearray(exported.content)
    changed[place + 12] ^= 1
    with pytest.raises(VerifyError, match=r"zip|differs"):
        resealed(bytes(changed))
    out = io.BytesIO(exported.content)
    with zipfile.ZipFile(out, "a") as packed:
        packed.writestr("../evil", b"x")
    with pytest.raises(VerifyError, match="evil"):
        resealed(out.getvalue())
    with pytest.raises(VerifyError, match="zip"):
        resealed(b"not a zip")


def _zip(*members: tuple[str, bytes], compression: int = zipfile.ZIP_DEFLATED) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", compression) as packed, warnings.catch_warnings():
        warnings.simplefilter("ignore")  # doubled names are what this is about
        for name, content in members:
            packed.writestr(name, content)
    return out.getvalue()


HOSTILE = {
    "bomb": (_zip(*((f"documents/{n}", b"\0" * (64 * 1024 * 1024)) for n in range(9))), "unpacks to too much"),
    "absolute": (_zip(("/etc/passwd", b"x")), "not a name"),
    "upwards": (_zip(("reports/../../x", b"x")), "not a name"),
    "hidden": (_zip(("reports/r/.making", b"x")), "not a name"),
    "backslash": (_zip(("a\\b", b"x")), "not a name"),
    "twice": (_zip(("case.json", b"{}"), ("case.json", b"{}")), "stands twice"),
    "no manifest": (_zip(("case.json", b"{}")), "manifest"),
    "manifest a list": (_zip(("manifest.json", b'{"format":"ovoo.case/1","files":["manifest.json"]}')), "manifest"),
    "manifest deep": (_zip(("manifest.json", b"[" * 100_000)), "manifest"),
    "other format": (_zip(("manifest.json", b'{"format":"x","files":{}}')), "another format"),
    "cut": (_zip(("case.json", b"{}" * 1000))[:-200], "zip"),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_archive_is_refused_even_under_a_trusted_seal(exported: Exported, name: str) -> None:
    content, words = HOSTILE[name]
    seal = sign(load_signing_key(exported.key), content)

    with pytest.raises(VerifyError, match=words):
        archive.unpack(content, seal, [load_trusted_key(exported.trust)])


def test_an_id_that_another_enterprise_has_here_is_refused(exported: Exported, other: Services) -> None:
    with other.database.write() as session:
        enterprises.save_enterprise(session, SYSTEM, OWN, name_zh="另一家", name_en="Another", sector="dairy")

    with pytest.raises(Conflict, match="another enterprise has this id"):
        taken(other, unpacked(exported))


def test_a_number_of_the_own_register_and_a_date_to_come_are_refused(exported: Exported, other: Services) -> None:
    with other.database.write() as session:
        numbers.claim(session, "OV-2026-001", "somebody", "2026-06-05", "2026-06-05", NOW)
    with pytest.raises(Conflict, match="belongs to another case"):
        taken(other, unpacked(exported))

    with other.database.write() as session:
        session.delete(session.get(ReportNumber, "OV-2026-001"))
    with pytest.raises(Conflict, match="still to come"), other.database.write() as session:
        exchange.import_case(session, SYSTEM, unpacked(exported), other.settings, NOW - 30 * 86_400 * 10**9)
    with other.database.read() as session:
        assert session.get(CaseFile, CASE) is None


def test_half_an_import_that_died_does_not_hold_up_the_next(exported: Exported, other: Services) -> None:
    place = other.settings.reports_dir / OWN / "ov-2026-001-r1"
    place.mkdir(parents=True)
    (place / "report.pdf").write_bytes(b"%PDF-1.7 half")

    taken(other, unpacked(exported))

    assert verify_bundle(place, trust=exported.trust).ok


def test_the_command_line_exports_imports_and_shows(
    exported: Exported, tmp_path: pathlib.Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    pathlib.Path("case.zip").write_bytes(exported.content)
    pathlib.Path("case.zip.sig").write_bytes(exported.seal)

    assert main(["init", "--json", "--data-dir", "data"]) == 0
    assert main(["case", "import", "case.zip", "--trust", str(exported.trust), "--data-dir", "data"]) == 0
    assert main(["case", "export", CASE, "--out", "again.zip", "--data-dir", "data"]) == 0
    capsys.readouterr()
    assert main(["case", "show", CASE, "--json", "--data-dir", "data"]) == 0
    shown = json.loads(capsys.readouterr().out)
    assert main(["case", "step", CASE, "confirm", "--snapshot", "0" * 64, "--data-dir", "data"]) == 1
    refused = capsys.readouterr().err
    assert main(["case", "step", CASE, "close", "--data-dir", "data"]) == 0
    assert (
        main(["case", "import", "case.zip", "--trust", "data/authority/report-key.pub.pem", "--data-dir", "data"]) == 3
    )

    assert pathlib.Path("again.zip").read_bytes() == exported.content
    assert (shown["state"], len(shown["taken"])) == ("issued", 9)
    assert "your role does not allow this" in refused or "confirm" in refused
    assert BASE.endswith(OWN)


def test_a_case_exported_before_there_were_further_frameworks_has_none(exported: Exported, other: Services) -> None:
    files = unpacked(exported)
    head = json.loads(files["case.json"])
    del head["file"]["further"]

    taken(other, {**files, "case.json": canonical_json(head)})

    with other.database.read() as session:
        row = session.get(CaseFile, CASE)
        assert row is not None
        assert (beside.names(row), editions.pinned(session, row).id) == ((), "sme_2024")


def test_a_case_packed_as_no_export_is_said_to_be_no_zip_file(exported: Exported) -> None:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_BZIP2) as packed:
        packed.writestr("case.json", b"{}")
    key = load_signing_key(exported.key)

    with pytest.raises(VerifyError, match="packed strangely"):
        archive.unpack(out.getvalue(), sign(key, out.getvalue()), [load_trusted_key(exported.trust)])
