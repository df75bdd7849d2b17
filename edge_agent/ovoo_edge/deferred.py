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
from collections.abc import Callable, Iterable
from typing import Any

__all__ = ["defer_methods", "defer_modules"]

_LOADING = threading.RLock()


class _Deferred(types.ModuleType):
    """Stands for a module until one of its names is asked for; then it is that module."""

    _ovoo_loading = False

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):  # asked by the import system and by inspection: no use of the module
            raise AttributeError(f"module {self.__name__!r} has no attribute {name!r}")
        with _LOADING:
            if type(self) is _Deferred and not self.__dict__.get("_ovoo_loading"):
                self._load()
        found = self.__dict__.get(name, self)
        if found is self:
            raise AttributeError(f"module {self.__name__!r} has no attribute {name!r}")
        return found

    def _load(self) -> None:
        parent = self.__name__.rpartition(".")[0]
        path = sys.modules[parent].__path__ if parent else None
        spec = importlib.machinery.PathFinder.find_spec(self.__name__, path)
        if spec is None or spec.loader is None:
            raise ModuleNotFoundError(f"No module named {self.__name__!r}", name=self.__name__)
        self._ovoo_loading = True
        self.__spec__, self.__loader__, self.__file__ = spec, spec.loader, spec.origin
        if spec.submodule_search_locations is not None:
            self.__path__ = list(spec.submodule_search_locations)
        try:
            spec.loader.exec_module(self)
        finally:
            del self._ovoo_loading
        self.__class__ = types.ModuleType  # type: ignore[assignment]  # from now on there is nothing to wait for


def defer_modules(names: Iterable[str]) -> None:
    """Lets modules load at their first use instead of their import; those that are loaded already stay as they are."""
    for name in names:
        if name not in sys.modules:
            module = _Deferred(name)
            module.__spec__ = importlib.machinery.ModuleSpec(name, None)
            sys.modules[name] = module


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
