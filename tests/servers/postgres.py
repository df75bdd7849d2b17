"""PostgreSQL on a temporary folder; it refuses to run as root, so it runs as its own user."""

from __future__ import annotations

import os
import pathlib
import shutil
import subprocess
import tempfile

from tests.servers.process import find_program, free_port


class PostgresServer:
    """initdb, pg_ctl and a fresh database per caller, over loopback TCP with trust authentication."""

    def __init__(self) -> None:
        self._folder = pathlib.Path(tempfile.mkdtemp(prefix="ovoo-postgres-"))
        self.port = free_port()
        self._programs = pathlib.Path(find_program("/usr/lib/postgresql/15/bin/initdb", "initdb")).parent
        if os.getuid() == 0:
            shutil.chown(self._folder, "postgres", "postgres")

    def start(self) -> None:
        """Creates the cluster and starts it without fsync: tests only."""
        data = self._folder / "data"
        self._run("initdb", "-D", str(data), "-U", "ovoo", "-A", "trust", "-E", "UTF8", "--locale=C", "--no-sync")
        options = f"-p {self.port} -c listen_addresses=127.0.0.1 -c unix_socket_directories={self._folder} -c fsync=off"
        self._run("pg_ctl", "-D", str(data), "-w", "-l", str(self._folder / "log"), "-o", options, "start")

    def stop(self) -> None:
        """Stops at once and removes the folder."""
        self._run("pg_ctl", "-D", str(self._folder / "data"), "-m", "immediate", "stop")
        shutil.rmtree(self._folder, ignore_errors=True)

    def fresh_database(self, name: str, like: str = "template1") -> str:
        """The SQLAlchemy URL of a new database, empty or as that one which nobody has open now."""
        create = f'CREATE DATABASE "{name}" TEMPLATE "{like}"'
        statements = (f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)', create)
        commands = [part for statement in statements for part in ("-c", statement)]
        self._run("psql", "-h", "127.0.0.1", "-p", str(self.port), "-U", "ovoo", "-d", "postgres", "-q", *commands)
        return f"postgresql+psycopg://ovoo@127.0.0.1:{self.port}/{name}"

    def _run(self, program: str, *arguments: str) -> None:
        path = self._programs / program
        command = [str(path if path.exists() else find_program(program)), *arguments]
        if os.getuid() == 0:
            command = ["runuser", "-u", "postgres", "--", *command]
        # pg_ctl's server inherits its pipes and would keep them open for ever
        stream = subprocess.DEVNULL if program == "pg_ctl" else subprocess.PIPE
        done = subprocess.run(
            command, stdout=stream, stderr=stream, stdin=subprocess.DEVNULL, text=True, cwd="/", timeout=60, check=False
        )
        if done.returncode != 0:
            raise RuntimeError(f"{program} failed: {done.stderr or done.stdout}")
