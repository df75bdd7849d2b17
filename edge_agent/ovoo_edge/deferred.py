"""Work that imports leave for later: modules that load at their first use, methods that are made at their first call.

A gateway shall be small and collect soon after it was started. Libraries import much that most gateways never use, such
as TLS where no connection has any, and the decorator `dataclass` compiles up to six methods of every class, of which
asyncua alone has four hundred. Nothing is left out: whoever uses it gets the real thing, a moment later.
"""

from __future__ import annotations

import importlib.machinery
import sys
import threading
import types
from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from importlib.abc import Loader, MetaPathFinder
else:
    Loader = MetaPathFinder = object  # the module of their base classes imports much that is to be deferred

__all__ = ["defer_methods", "defer_modules"]


class _Deferred(types.ModuleType):
    """Stands for a module until one of its names is asked for; then it is that module."""

    def __getattr__(self, name: str) -> Any:
        if not name.startswith("__"):  # those the import system and inspection ask for: no use of the module
            pending: _Pending | None = self.__dict__.get("_ovoo_pending")
            if pending is not None:
                pending.load(self)
            if name in self.__dict__:
                return self.__dict__[name]
        raise AttributeError(f"module {self.__name__!r} has no attribute {name!r}")


class _Pending(Loader):
    """Loads nothing at the import and the module itself later, once, whichever thread is first."""

    def __init__(self, loader: Loader) -> None:
        self._loader = loader
        self._lock = threading.RLock()
        self._loading = False

    def create_module(self, spec: importlib.machinery.ModuleSpec) -> types.ModuleType:
        """The stand-in."""
        return _Deferred(spec.name)

    def exec_module(self, module: types.ModuleType) -> None:
        """Puts the work off."""
        module.__dict__["_ovoo_pending"] = self

    def load(self, module: types.ModuleType) -> None:
        """Does it now; a module that looks at itself meanwhile sees what it has so far."""
        with self._lock:
            if self._loading or "_ovoo_pending" not in module.__dict__:
                return
            self._loading = True
            try:
                self._loader.exec_module(module)
            finally:
                self._loading = False
            del module.__dict__["_ovoo_pending"]
            if module.__spec__ is not None:
                module.__spec__.loader = module.__loader__ = self._loader
            module.__class__ = types.ModuleType  # from now on there is nothing to wait for


class _Finder(MetaPathFinder):
    """Finds modules as Python does, and puts the loading of some off."""

    def __init__(self, names: Iterable[str]) -> None:
        self._names = frozenset(names)

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: types.ModuleType | None = None
    ) -> importlib.machinery.ModuleSpec | None:
        """A spec for the names to be deferred; None leaves the rest to Python."""
        if fullname not in self._names:
            return None
        spec = importlib.machinery.PathFinder.find_spec(fullname, path, target)
        if spec is not None and isinstance(spec.loader, importlib.machinery.SourceFileLoader):
            spec.loader = _Pending(spec.loader)
        return spec


def defer_modules(names: Iterable[str]) -> None:
    """Lets modules load at their first use instead of their import; those that are loaded already stay as they are."""
    sys.meta_path.insert(0, _Finder(names))


def defer_methods() -> None:
    """Lets `dataclass` compile each method of later classes at its first call; where it cannot, nothing changes."""
    import dataclasses  # it imports much that may be deferred itself

    make = getattr(dataclasses, "_create_fn", None)  # Python 3.11 and 3.12; 3.13 compiles a class at once
    if make is not None and make.__module__ == "dataclasses":
        dataclasses._create_fn = _later(make)  # type: ignore[attr-defined]


def _later(make: Callable[..., Callable[..., Any]]) -> Callable[..., Callable[..., Any]]:
    def create(name: str, *recipe: Any, **more: Any) -> Callable[..., Any]:
        def method(self: Any, *arguments: Any, **named: Any) -> Any:
            real = make(name, *recipe, **more)
            for owner in type(self).__mro__:
                if owner.__dict__.get(name) is method:
                    real.__qualname__ = method.__qualname__
                    setattr(owner, name, real)
            return real(self, *arguments, **named)

        method.__name__ = name
        return method

    return create
