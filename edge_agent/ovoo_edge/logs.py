"""key=value lines on standard error; one event a line, numbers belong to the metrics."""

from __future__ import annotations

import logging
import sys
import time
from typing import TextIO

__all__ = ["LineFormatter", "configure"]


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
    formatter = LineFormatter()
    formatter.converter = time.gmtime
    handler.setFormatter(formatter)
    root = logging.getLogger()
    for old in list(root.handlers):
        root.removeHandler(old)
    root.addHandler(handler)
    root.setLevel(level.upper())
    if root.level >= logging.INFO:
        # the OPC UA library tells every step of a connection
        logging.getLogger("asyncua").setLevel(logging.WARNING)
