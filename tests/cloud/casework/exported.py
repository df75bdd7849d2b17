"""A whole case as one centre exported it, and that centre's keys."""

from __future__ import annotations

import pathlib
from dataclasses import dataclass

from ovoo_cloud.casework import archive
from ovoo_cloud.reports.signing import load_signing_key, load_trusted_key, sign

from tests.cloud.casework.centre import CASE, Centre


@dataclass(frozen=True)
class Exported:
    """What one centre exported, and its keys."""

    content: bytes
    seal: bytes
    key: pathlib.Path
    trust: pathlib.Path

    def files(self) -> dict[str, bytes]:
        """The files of the case as they came."""
        return archive.unpack(self.content, self.seal, [load_trusted_key(self.trust)])

    def sealed(self, content: bytes) -> bytes:
        """The seal of that centre on another file."""
        return sign(load_signing_key(self.key), content)


def export(house: Centre) -> Exported:
    """Exports an issued case."""
    answer = house.call("centre_admin", "GET", f"/cases/{CASE}/export")
    assert answer.status_code == 200, answer.text
    settings = house.plant.services.settings
    seal = answer.headers["Ovoo-Seal"].encode() + b"\n"
    return Exported(answer.content, seal, settings.signing_key, settings.signing_key.with_name("report-key.pub.pem"))
