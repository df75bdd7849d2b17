"""The 2.x side of InfluxDB through `influxdb-client`: bytes to /api/v2/write, buckets and their mappings."""

from __future__ import annotations

from typing import Any, Final

import influxdb_client
import urllib3
from influxdb_client.client.write_api import SYNCHRONOUS
from influxdb_client.rest import ApiException
from ovoo_contract.errors import StoreUnavailable

__all__ = ["InfluxV2"]

_LATER: Final = frozenset({0, 401, 403, 404, 429})
"""What a person or time can mend: the delivery waits."""


class InfluxV2:
    """One server's 2.x API; StoreUnavailable for whatever may pass."""

    def __init__(self, url: str, token: str, org: str, timeout_s: float) -> None:
        self._url = url
        self._org = org
        library: Any = influxdb_client  # its types are not exported
        self._library = library
        self._client = library.InfluxDBClient(
            url, token=token, org=org, enable_gzip=True, timeout=int(timeout_s * 1000), retries=urllib3.Retry(0)
        )

    def write(self, bucket: str, lines: bytes) -> tuple[int, bytes] | None:
        """Writes line protocol; status and body when the server refused some or all of it for good."""
        try:
            self._client.write_api(write_options=SYNCHRONOUS).write(bucket, self._org, lines)
        except ApiException as error:
            status, body = int(error.status or 0), _body(error)
            if status >= 500 or status in _LATER:
                raise self._unavailable(f"{status} {body.decode('utf-8', 'replace')[:200]}") from error
            return status, body
        except urllib3.exceptions.HTTPError as error:
            raise self._unavailable(f"InfluxDB does not answer: {error}") from error
        return None

    def create(self, name: str) -> bool:
        """Creates bucket and InfluxQL mapping; False where there is no bucket API (1.8 has the write path only)."""
        try:
            buckets = self._client.buckets_api()
            bucket = buckets.find_bucket_by_name(name)
            if bucket is None:
                bucket = buckets.create_bucket(bucket_name=name, org=self._org)
            mappings = self._library.DBRPsService(self._client.api_client)
            if not mappings.get_dbr_ps(org=self._org, db=name).content:
                wanted = self._library.DBRPCreate(
                    org=self._org, bucket_id=bucket.id, database=name, retention_policy="autogen", default=True
                )
                mappings.post_dbrp(wanted)
        except ApiException as error:
            if error.status == 404:
                return False
            raise self._unavailable(f"{error.status} {_body(error).decode('utf-8', 'replace')[:200]}") from error
        except urllib3.exceptions.HTTPError as error:
            raise self._unavailable(f"InfluxDB does not answer: {error}") from error
        return True

    def close(self) -> None:
        """Closes the connections."""
        self._client.close()

    def _unavailable(self, message: str) -> StoreUnavailable:
        return StoreUnavailable(message, offender=self._url, remedy="check the server, token, organisation and bucket")


def _body(error: ApiException) -> bytes:
    body = error.body or b""
    return body.encode() if isinstance(body, str) else bytes(body)
