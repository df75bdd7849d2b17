"""Idempotency-Key: a changing request that is sent again does its work once and gets the first answer again."""

from __future__ import annotations

import re
from collections.abc import Callable, Coroutine
from typing import Any, Final

import orjson
from fastapi import Request
from fastapi.routing import APIRoute
from ovoo_contract.errors import ConfigError, Forbidden, Unauthenticated
from starlette.concurrency import run_in_threadpool
from starlette.responses import Response

from ovoo_cloud.access.tokens import split_secret
from ovoo_cloud.api.access import caller, services_of
from ovoo_cloud.api.errors import problem
from ovoo_cloud.catalogue.answered import Answer, AnswerBook, Asked, Conflict, Running
from ovoo_cloud.services import Services

__all__ = ["CHANGING", "HEADER", "REPLAYED", "KeyedByToken", "KeyedRoute"]

HEADER: Final = "Idempotency-Key"
REPLAYED: Final = "Idempotency-Replayed"
CHANGING: Final = frozenset({"POST", "PUT", "PATCH", "DELETE"})
_KEY: Final = re.compile(r"[!-~]{1,200}")
_REMEDY: Final = "1 to 200 visible ASCII characters, best a UUID"
_HOUR_NS: Final = 3_600_000_000_000
_Handler = Callable[[Request], Coroutine[Any, Any, Response]]


class KeyedRoute(APIRoute):
    """A route whose changing methods honour the header.

    A key counts for one user, method and path. Only a success is kept: a refused request changed nothing, and its
    key may be used again once the mistake is mended. A process that dies between its commit and its note leaves the
    key taken: the next request hears that the end is not known instead of doing the work a second time.
    """

    def get_route_handler(self) -> _Handler:
        """The handler with the book in front of it."""
        inner: _Handler = super().get_route_handler()

        async def handle(request: Request) -> Response:
            key = request.headers.get(HEADER)
            if key is None or request.method not in CHANGING:
                return await inner(request)
            if not _KEY.fullmatch(key):
                raise ConfigError("not a key", offender=HEADER, value=key[:80], remedy=_REMEDY)
            try:
                user = await self.user(request)
            except (Unauthenticated, Forbidden):
                return await inner(request)  # refuses with the route's own words, and nothing is noted
            asked = Asked(user, request.method, request.url.path, key, await request.body())
            return await _keyed(request, inner, asked)

        return handle

    async def user(self, request: Request) -> str:
        """Whose keys the request's key is one of."""
        scope = await run_in_threadpool(caller, request, services_of(request))
        if scope.consents is None:
            return scope.user
        live = "/".join(each.grant for each in scope.consents)
        return f"{scope.user}/{live}"  # an answer is not given again once the consent that it stood on has ended


class KeyedByToken(KeyedRoute):
    """For enrolment, which takes no user's credential: the one-time token in the body says who calls."""

    async def user(self, request: Request) -> str:
        """The id of the token, which is no name of a user."""
        try:
            token_id, _ = split_secret(str(orjson.loads(await request.body())["token"]))
        except (orjson.JSONDecodeError, KeyError, TypeError) as error:
            raise Unauthenticated("no token", offender="token", remedy="ask for one") from error
        return f"token:{token_id}"


async def _keyed(request: Request, inner: _Handler, asked: Asked) -> Response:
    services = services_of(request)
    book = _book(services)
    try:
        earlier = await run_in_threadpool(book.reserve, asked, services.clock())
    except Conflict:
        return _conflict(asked.key)
    except Running as running:
        return _running(asked.key, running)
    if earlier is not None:
        return _again(earlier)
    return await _first(request, inner, book, asked)


async def _first(request: Request, inner: _Handler, book: AnswerBook, asked: Asked) -> Response:
    """Runs the request that holds the key; a cancelled one keeps it, for its thread may still commit."""
    try:
        response = await inner(request)
    except Exception:
        await run_in_threadpool(book.release, asked)
        raise
    if response.status_code >= 300:
        await run_in_threadpool(book.release, asked)
        return response
    answer = Answer(
        response.status_code,
        response.headers.get("content-type", ""),
        response.headers.get("location", ""),
        bytes(response.body),
    )
    await run_in_threadpool(book.keep, asked, answer)
    return response


def _book(services: Services) -> AnswerBook:
    settings = services.settings
    return AnswerBook(services.database, settings.answers_key, settings.idempotency_hours * _HOUR_NS)


def _again(answer: Answer) -> Response:
    headers = {REPLAYED: "true"}
    if answer.media_type:
        headers["Content-Type"] = answer.media_type
    if answer.location:
        headers["Location"] = answer.location
    return Response(answer.body, answer.status, headers=headers)


def _conflict(key: str) -> Response:
    remedy = "use a new key for a new request"
    return problem(
        422,
        "idempotency-conflict",
        "this key was used for another request",
        detail=f"{HEADER} {key}: the body is not the one it came with before; {remedy}",
        extra={"offender": HEADER, "value": key, "remedy": remedy},
    )


def _running(key: str, running: Running) -> Response:
    if running.abandoned:
        title, remedy = "how the first request ended is not known", "look whether it did its work, then use a new key"
    else:
        title, remedy = "the first request with this key is still running", "send it again in a second"
    answer = problem(
        409,
        "idempotency-running",
        title,
        detail=f"{HEADER} {key}: {remedy}",
        extra={"offender": HEADER, "value": key, "remedy": remedy},
    )
    if not running.abandoned:
        answer.headers["Retry-After"] = "1"
    return answer
