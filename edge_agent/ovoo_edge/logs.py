"""key=value lines on standard error and in a small file; one event a line, numbers belong to the metrics."""

from __future__ import annotations

import contextlib
import logging
import logging.handlers
import pathlib
import sys
import time
from collections.abc import Iterator
from typing import TextIO

__all__ = ["LOG_FILE", "LineFormatter", "configure", "keep_file"]

LOG_FILE = "agent.log"
"""In the state folder; with its predecessor `agent.log.1` it stays below 1 MiB."""

_FILE_BYTES = 512 << 10


class LineFormatter(logging.Formatter):
    """`time=... level=... logger=... event=... key=value`; line breaks inside a message are escaped."""

    default_time_format = "%Y-%m-%dT%H:%M:%S"
    default_msec_format = "%s.%03dZ"

    def format(self, record: logging.LogRecord) -> str:
        """One line for the record, a traceback joined by escaped line breaks."""
        message = record.getMessage()
        if "event=" not in message:
            message = f"event=message text={message!r}"
        if record.exc_info:
            message += f" error={self.formatException(record.exc_info)!r}"
        line = f"time={self.formatTime(record)} level={record.levelname.lower()} logger={record.name} {message}"
        return line.replace("\r", "\\r").replace("\n", "\\n")


def configure(level: str, stream: TextIO | None = None) -> None:
    """Sends every logger's lines to the stream (standard error) at `level`; called by the command line only."""
    handler = logging.StreamHandler(stream or sys.stderr)
    handler.setFormatter(_formatter())
    root = logging.getLogger()
    for old in list(root.handlers):
        root.removeHandler(old)
    root.addHandler(handler)
    root.setLevel(level.upper())
    if root.level >= logging.INFO:
        # the OPC UA library tells every step of a connection
        logging.getLogger("asyncua").setLevel(logging.WARNING)


@contextlib.contextmanager
def keep_file(folder: pathlib.Path) -> Iterator[None]:
    """While it is open, the lines also go to `agent.log` in the folder, for a support bundle.

    A full disk only costs the copy.
    """
    folder.mkdir(parents=True, exist_ok=True)
    handler = logging.handlers.RotatingFileHandler(
        folder / LOG_FILE, maxBytes=_FILE_BYTES, backupCount=1, encoding="utf-8", delay=True
    )
    handler.setFormatter(_formatter())
    root = logging.getLogger()
    root.addHandler(handler)
    try:
        yield
    finally:
        root.removeHandler(handler)
        handler.close()


def _formatter() -> LineFormatter:
    formatter = LineFormatter()
    formatter.converter = time.gmtime
    return formatter
