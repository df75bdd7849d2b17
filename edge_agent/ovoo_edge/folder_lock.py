"""One agent per state folder: an advisory lock that the kernel releases when the process dies."""

from __future__ import annotations

import fcntl
import os
import pathlib
from types import TracebackType
from typing import IO

from ovoo_contract.errors import SpoolError

__all__ = ["FolderLock"]


class FolderLock:
    """Context manager over `<folder>/lock`.

    Raises:
        SpoolError: another process holds it; the message names its process id.
    """

    def __init__(self, folder: pathlib.Path) -> None:
        self._path = folder / "lock"
        self._file: IO[str] | None = None

    def __enter__(self) -> FolderLock:
        self._path.parent.mkdir(parents=True, exist_ok=True)
        file = self._path.open("a+", encoding="ascii")
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            file.seek(0)
            holder = file.read().strip() or "unknown"
            file.close()
            raise SpoolError(
                "another gateway agent uses this folder",
                offender=str(self._path.parent),
                value=f"process {holder}",
                remedy="stop it, or give this agent a state_dir of its own",
            ) from None
        file.truncate(0)
        file.write(str(os.getpid()))
        file.flush()
        self._file = file
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._file is not None:
            self._file.close()
            self._file = None
