"""Messages that could not be read, kept for a person to look at, within a byte budget."""

from __future__ import annotations

import base64
import json
import pathlib

__all__ = ["DeadLetters"]

_PAYLOAD_BYTES = 4096
_RECENT_REASONS = 20


class DeadLetters:
    """JSON lines in `<path>`; at half of the budget the file becomes `<path>.1`, so both stay within it.

    Args:
        path: the file.
        budget_bytes: bound of both files together, 0 = nothing is kept on disk.
    """

    def __init__(self, path: pathlib.Path, budget_bytes: int) -> None:
        self._path = path
        self._half = budget_bytes // 2
        self._size = path.stat().st_size if path.exists() else 0
        self._reasons: dict[str, int] = {}

    @property
    def reasons(self) -> dict[str, int]:
        """How often each reason occurred, for the most recent reasons."""
        return dict(self._reasons)

    def add(self, topic: str, payload: bytes, reason: str, time_ns: int) -> None:
        """Keeps the first 4 KiB of a message with its reason; a full disk only loses the copy."""
        self._reasons[reason] = self._reasons.pop(reason, 0) + 1
        while len(self._reasons) > _RECENT_REASONS:
            self._reasons.pop(next(iter(self._reasons)))
        if self._half == 0:
            return
        letter = {
            "time_ns": str(time_ns),
            "topic": topic[:1024],
            "reason": reason,
            "bytes": len(payload),
            "payload": base64.b64encode(payload[:_PAYLOAD_BYTES]).decode("ascii"),
        }
        line = json.dumps(letter, ensure_ascii=False).encode("utf-8", errors="replace") + b"\n"
        if len(line) > self._half:
            return
        try:
            if self._size + len(line) > self._half:
                self._path.replace(self._path.with_name(self._path.name + ".1"))
                self._size = 0
            with self._path.open("ab") as file:
                file.write(line)
        except OSError:
            # counted in `reasons` all the same; the spool reports the disk
            return
        self._size += len(line)
