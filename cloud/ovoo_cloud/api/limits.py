"""How large a request body may be."""

from __future__ import annotations

import re
from typing import Final

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from ovoo_cloud.api.errors import problem

__all__ = ["LARGEST_BODY", "LARGEST_FILE", "BodyLimit"]

LARGEST_BODY: Final = 4 * 1024 * 1024
LARGEST_FILE: Final = 128 * 1024 * 1024
_FILES: Final = re.compile(
    r"/api/v1/enterprises/[^/]+/(cases/[^/]+/(documents|questionnaire)|case-imports)|/cases/[^/]+/[^/]+/documents"
)
"""Where a body is a file: a document of a case, or a whole case."""


class _TooLarge(Exception):
    """Ends the reading of a body that went over the limit."""


class BodyLimit:
    """ASGI middleware: 413 for a body above the limit, whether it says its length or not."""

    def __init__(self, app: ASGIApp, largest: int = LARGEST_BODY) -> None:
        self._app = app
        self._largest = largest

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serves one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        largest = LARGEST_FILE if _FILES.fullmatch(scope["path"]) else self._largest
        length = dict(scope["headers"]).get(b"content-length", b"0")
        if length.isdigit() and int(length) > largest:
            await self._refuse(scope, receive, send, largest)
            return
        taken = 0
        refused = False

        async def counted() -> Message:
            nonlocal taken
            message = await receive()
            taken += len(message.get("body", b""))
            if taken > largest:
                raise _TooLarge
            return message

        async def guarded(message: Message) -> None:
            # frameworks turn the exception into a 400 of their own: what they say is replaced here
            nonlocal refused
            if taken <= largest:
                await send(message)
            elif not refused:
                refused = True
                await self._refuse(scope, receive, send, largest)

        await self._app(scope, counted, guarded)

    async def _refuse(self, scope: Scope, receive: Receive, send: Send, largest: int) -> None:
        detail = f"a request holds at most {largest} bytes"
        await problem(413, "too-large", "the request is too large", detail=detail)(scope, receive, send)
