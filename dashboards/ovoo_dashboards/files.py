"""All files of one language: built in memory, compared with a folder, written."""

from __future__ import annotations

import json
import pathlib
from typing import Any

from ovoo_packs import load_pack, pack_names

from ovoo_dashboards.alerting import alert_rules
from ovoo_dashboards.fleet import fleet_dashboard
from ovoo_dashboards.model import Dashboard, Language
from ovoo_dashboards.provisioning import data_source_1x, data_source_2x, provider
from ovoo_dashboards.render import render
from ovoo_dashboards.sector import sector_dashboard

__all__ = ["build", "dashboards", "stale_files", "write_files"]

_HEAD = "# Made by `ovoo-dashboards build`; JSON is YAML too. Change the builder, not this file.\n"


def dashboards() -> tuple[Dashboard, ...]:
    """The fleet page and one page per sector pack."""
    return fleet_dashboard(), *(sector_dashboard(load_pack(name)) for name in pack_names())


def build(language: Language) -> dict[str, bytes]:
    """Files by relative path: `json/*.json` and `provisioning/**`; keys sorted, the same bytes on every machine."""
    files = {f"json/{page.uid}.json": _json(render(page, language)) for page in dashboards()}
    packs = [load_pack(name) for name in pack_names()]
    return files | {
        "provisioning/alerting/ovoo.yaml": _yaml(alert_rules(packs, language)),
        "provisioning/dashboards/ovoo.yaml": _yaml(provider(language)),
        "provisioning/datasources/ovoo.yaml": _yaml(data_source_2x()),
        "provisioning/influxdb-1x/ovoo.yaml": _yaml(data_source_1x()),
    }


def stale_files(built: dict[str, bytes], folder: pathlib.Path) -> list[str]:
    """Relative paths under `json/` and `provisioning/` that differ from `built`, are missing, or are left over."""
    present = {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for part in ("json", "provisioning")
        for path in (folder / part).rglob("*")
        if path.is_file()
    }
    return sorted(name for name in present.keys() | built.keys() if present.get(name) != built.get(name))


def write_files(built: dict[str, bytes], folder: pathlib.Path) -> list[str]:
    """Writes what changed and deletes what is left over; the relative paths touched."""
    changed = stale_files(built, folder)
    for name in changed:
        path = folder / name
        if name in built:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(built[name])
        else:
            path.unlink()
    return changed


def _json(document: dict[str, Any]) -> bytes:
    return (json.dumps(document, ensure_ascii=False, indent=1, sort_keys=True) + "\n").encode()


def _yaml(document: dict[str, Any]) -> bytes:
    return _HEAD.encode() + _json(document)
