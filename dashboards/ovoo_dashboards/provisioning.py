"""Files that Grafana reads at start: data source and dashboards provider.

`${NAME}` is replaced by Grafana from its environment: OVOO_INFLUX_URL, OVOO_INFLUX_DATABASE, and OVOO_INFLUX_TOKEN
(2.x) or OVOO_INFLUX_USER and OVOO_INFLUX_PASSWORD (1.x).
"""

from __future__ import annotations

from typing import Any, Final

from ovoo_dashboards.model import Language
from ovoo_dashboards.render import DATA_SOURCE_UID
from ovoo_dashboards.texts import text

__all__ = ["DASHBOARD_FOLDER", "FOLDER_UID", "data_source", "data_source_1x", "data_source_2x", "provider"]

Json = dict[str, Any]

FOLDER_UID: Final = "ovoo"
DASHBOARD_FOLDER: Final = "/var/lib/ovoo-dashboards"
"""Where the provider looks for the JSON files; the compose file mounts them there."""
_TOKEN: Final = "Token ${OVOO_INFLUX_TOKEN}"  # noqa: S105 - the name of a variable, not a secret


def data_source(url: str, database: str) -> Json:
    """The parts that both dialects share: InfluxQL over POST, points no closer than a minute."""
    return {
        "access": "proxy",
        "editable": False,
        "isDefault": True,
        "jsonData": {"dbName": database, "httpMode": "POST", "timeInterval": "1m"},
        "name": "Ovoo",
        "orgId": 1,
        "type": "influxdb",
        "uid": DATA_SOURCE_UID,
        "url": url,
    }


def data_source_2x() -> Json:
    """InfluxDB 2.x: InfluxQL needs the token in a header and a DBRP mapping of the bucket."""
    source = data_source("${OVOO_INFLUX_URL}", "${OVOO_INFLUX_DATABASE}")
    source["jsonData"] |= {"httpHeaderName1": "Authorization"}
    source["secureJsonData"] = {"httpHeaderValue1": _TOKEN}
    return {"apiVersion": 1, "datasources": [source]}


def data_source_1x() -> Json:
    """InfluxDB 1.x: a user that may only read its own database."""
    source = data_source("${OVOO_INFLUX_URL}", "${OVOO_INFLUX_DATABASE}")
    source["user"] = "${OVOO_INFLUX_USER}"
    source["secureJsonData"] = {"password": "${OVOO_INFLUX_PASSWORD}"}
    return {"apiVersion": 1, "datasources": [source]}


def provider(language: Language) -> Json:
    """Loads every JSON file of `DASHBOARD_FOLDER` into our folder."""
    return {
        "apiVersion": 1,
        "providers": [
            {
                "allowUiUpdates": False,
                "disableDeletion": True,
                "folder": text("folder").in_language(language),
                "folderUid": FOLDER_UID,
                "name": "ovoo",
                "options": {"foldersFromFilesStructure": False, "path": DASHBOARD_FOLDER},
                "orgId": 1,
                "type": "file",
                "updateIntervalSeconds": 60,
            }
        ],
    }
