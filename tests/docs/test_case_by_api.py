"""The script of the guide, run as it stands against a served centre, prints what the guide shows."""

from __future__ import annotations

import json
import os
import pathlib
import subprocess
import sys

from ovoo_cloud.jobs.worker import Worker
from ovoo_cloud.reports.verify import verify_bundle

from tests.cloud.casework.centre import DAY, OWN, PARTS, centre, iso
from tests.cloud.casework.content import REGISTER, SITE
from tests.docs.markdown import ROOT, code_blocks

PAGE = ROOT / "docs" / "guides" / "case-by-api.md"
ROLES = {"engineer": "enterprise_engineer", "expert": "centre_expert", "head": "centre_admin"}


def test_the_script_drives_a_case_to_its_report(tmp_path: pathlib.Path) -> None:
    blocks = code_blocks(PAGE.read_text(encoding="utf-8"))
    (script,) = (body for kind, body in blocks if kind == "python")
    (shown,) = (body for kind, body in blocks if kind == "text")
    (tmp_path / "case.py").write_text(script, encoding="utf-8")
    with centre(tmp_path / "centre") as house:
        worker = Worker(house.plant.services)
        worker.start()
        given = {f"OVOO_{who.upper()}_TOKEN": house.plant.token(role) for who, role in ROLES.items()}
        told = {
            "OVOO_URL": house.plant.url,
            "OVOO_ENTERPRISE": OWN,
            "OVOO_SITE": SITE,
            "OVOO_UNTIL": iso(house.plant.clock() + 90 * DAY),
            "OVOO_PARTS": json.dumps(PARTS).replace(json.dumps(REGISTER), '"register.pdf"'),
        }

        done = subprocess.run(
            [sys.executable, str(tmp_path / "case.py")],
            env={**os.environ, **given, **told},
            capture_output=True,
            text=True,
            timeout=240,
            check=False,
        )

        worker.stop()
        settings = house.plant.services.settings
        folder = settings.reports_dir / OWN / "ov-2026-007-r1"
        assert done.stderr == ""
        assert done.stdout == shown
        assert verify_bundle(folder, trust=settings.signing_key.with_name("report-key.pub.pem")).ok
