"""What is asked of the members of a zip file that comes from other people."""

from __future__ import annotations

import zipfile
from typing import Final

__all__ = ["require_usual_packing"]

_USUAL: Final = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)


def require_usual_packing(member: zipfile.ZipInfo) -> None:
    """Lets stored and deflated members pass: damage of the other packings shows as errors of their own libraries.

    Raises:
        zipfile.BadZipFile: the member is packed otherwise.
    """
    if member.compress_type not in _USUAL:
        raise zipfile.BadZipFile(f"{member.filename[:120]} is packed strangely")
