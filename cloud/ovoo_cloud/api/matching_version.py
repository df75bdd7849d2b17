"""If-Match and ETag: the version of a thing that a writer read, so that nobody writes over another's change."""

from __future__ import annotations

import re
from typing import Annotated, Final

from fastapi import Depends, Header
from ovoo_contract.errors import ConfigError

from ovoo_cloud.centre.entries import ANY

__all__ = ["ReadVersion", "etag"]

_TAG: Final = re.compile(r'"([0-9]{1,9})"', re.ASCII)


def read_version(
    if_match: Annotated[
        str | None, Header(max_length=40, description='the ETag that was read, e.g. "3"; * for any; none for a new one')
    ] = None,
) -> int:
    """The version read; 0 for something new."""
    if if_match is None:
        return 0
    if if_match.strip() == "*":
        return ANY
    found = _TAG.fullmatch(if_match.strip())
    if found is None:
        raise ConfigError("not a version", offender="If-Match", value=if_match, remedy='send the ETag, e.g. "3", or *')
    return int(found[1])


ReadVersion = Annotated[int, Depends(read_version)]


def etag(version: int) -> dict[str, str]:
    """The header that names a version."""
    return {"ETag": f'"{version}"'}
