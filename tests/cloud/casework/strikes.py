"""A process of the cloud that is killed at a chosen one of its calls that change what is on disk."""

from __future__ import annotations

import asyncio
import logging
import multiprocessing
import os
import pathlib
import secrets
import shutil
import signal
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, BinaryIO

import httpx
from ovoo_cloud.api.app import create_app
from ovoo_cloud.catalogue import jobs
from ovoo_cloud.cli import main
from ovoo_cloud.jobs.worker import Worker
from ovoo_cloud.services import Services, build_services
from ovoo_cloud.settings import Settings
from sqlalchemy.engine.default import DefaultDialect

from tests.cloud.api.plant import NOW, OWN

PRELOADED = [__name__, "ovoo_cloud.reports.build", "ovoo_cloud.casework.exchange", "ovoo_cloud.jobs.casework"]
_CALLS = ("replace", "rename", "link", "mkdir", "fsync", "unlink", "rmdir")


@dataclass(frozen=True)
class Act:
    """Something a person or an operator does: a request to the API, or a command with `argv`."""

    name: str
    role: str = ""
    method: str = "POST"
    path: str = ""
    request: Mapping[str, Any] = field(default_factory=dict)
    argv: tuple[str, ...] = ()
    queued: bool = False


class Strikes:
    """The calls of this process by number: at each the disk can be pictured, and at one of them the process killed."""

    def __init__(self, paths: Sequence[pathlib.Path], pictures: pathlib.Path | None, kill_at: int) -> None:
        self._paths, self._pictures, self._kill_at = paths, pictures, kill_at
        self._count, self._picturing = 0, False

    def __call__(self) -> None:
        if self._picturing:
            return
        self._count += 1
        if self._count == self._kill_at:
            os.kill(os.getpid(), signal.SIGKILL)
        if self._pictures is not None:
            self._picturing = True
            keep(self._paths, self._pictures / str(self._count))
            self._picturing = False

    def arm(self) -> None:
        """Counts every file that is moved, linked, made, removed or made durable, the begin and both halves of a write,
        and commits."""
        for name in _CALLS:
            setattr(os, name, self._before(getattr(os, name)))
        commit: Callable[[Any, Any], None] = DefaultDialect.do_commit
        write, fdopen = pathlib.Path.write_bytes, os.fdopen

        def committed(dialect: DefaultDialect, connection: Any) -> None:
            self()
            commit(dialect, connection)
            self()

        def written(path: pathlib.Path, content: bytes) -> int:
            write(path, content[: len(content) // 2])
            self()
            return write(path, content)

        def opened(*args: Any, **rest: Any) -> Any:
            file = fdopen(*args, **rest)
            if file.mode == "wb":
                file.write = self._halved(file)
                self()
            return file

        for owner, name, call in (
            (DefaultDialect, "do_commit", committed), (pathlib.Path, "write_bytes", written), (os, "fdopen", opened),
        ):  # fmt: skip
            setattr(owner, name, call)

    def _halved(self, file: BinaryIO) -> Callable[[bytes], int]:
        write = file.write

        def halved(content: bytes) -> int:
            half = len(content) // 2
            write(content[:half])
            file.flush()
            self()
            return half + write(content[half:])

        return halved

    def _before(self, call: Callable[..., Any]) -> Callable[..., Any]:
        def struck(*args: Any, **rest: Any) -> Any:
            self()
            return call(*args, **rest)

        return struck


@dataclass(frozen=True)
class Run:
    """One process: the paths it works on (the first is the installation), and what happens to it."""

    paths: tuple[pathlib.Path, ...]
    tokens: Mapping[str, str]
    acts: tuple[Act, ...]
    pictures: pathlib.Path | None = None
    kill_at: int = 0

    def exit_code(self) -> int:
        context = multiprocessing.get_context("forkserver")
        context.set_forkserver_preload(PRELOADED)
        process = context.Process(target=_run, args=(self,))
        process.start()
        process.join(120)
        code = process.exitcode
        assert code is not None, f"{self.acts[0].name} hangs"
        process.close()
        return code


def keep(paths: Sequence[pathlib.Path], kept: pathlib.Path) -> None:
    """Copies folders aside."""
    for number, path in enumerate(paths):
        shutil.copytree(path, kept / str(number))


def back(paths: Sequence[pathlib.Path], kept: pathlib.Path) -> None:
    """Puts them into their places again."""
    for number, path in enumerate(paths):
        shutil.rmtree(path)
        shutil.copytree(kept / str(number), path)


def _run(run: Run) -> None:
    logging.disable()
    strikes = Strikes(run.paths, run.pictures, run.kill_at)
    first = run.acts[0]
    if first.argv:
        strikes.arm()
        raise SystemExit(main([*first.argv, "--data-dir", str(run.paths[0])]))
    settings = Settings(data_dir=run.paths[0], access_consent="required")
    with build_services(settings, clock=lambda: NOW) as services:
        with services.database.write() as session:
            jobs.recover(session, NOW)
        _work(services)  # what a process before had queued
        strikes.arm()
        for act in run.acts:
            asyncio.run(_asked(services, run.tokens[act.role], act))
            _work(services)
        os._exit(0)  # closing the store is none of its steps


async def _asked(services: Services, token: str, act: Act) -> None:
    headers = {"Authorization": f"Bearer {token}", "Idempotency-Key": secrets.token_hex(8)}
    request = {**act.request, "headers": {**headers, **act.request.get("headers", {})}}
    transport = httpx.ASGITransport(app=create_app(services))
    async with httpx.AsyncClient(transport=transport, base_url="http://centre") as client:
        answer = await client.request(act.method, f"/api/v1/enterprises/{OWN}{act.path}", **request)
    if answer.status_code == 409 and act.queued:
        return  # it was done: the process before had it in its queue
    assert answer.status_code in (200, 201, 202), answer.text


def _work(services: Services) -> None:
    worker = Worker(services)
    while worker.run_next():
        pass
