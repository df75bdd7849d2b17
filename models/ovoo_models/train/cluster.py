"""Parts of a training run on dask.distributed (extra `dask`): the same functions on workers, so the same bytes."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, TypeVar

from ovoo_contract.errors import ConfigError

from ovoo_models.base import FrameBlock
from ovoo_models.train.fit import fit_part
from ovoo_models.train.parts import Fitted, PartTask

__all__ = ["Cluster", "connect"]

_Item = TypeVar("_Item")
_Result = TypeVar("_Result")


class Cluster:
    """A dask client as a `Runner`, and for any function over independent items."""

    def __init__(self, client: Any) -> None:  # distributed has no types
        self._client = client

    def __call__(self, tasks: Sequence[PartTask], frames: FrameBlock) -> Iterator[tuple[str, Fitted]]:
        """Fit the parts on the workers; the rows travel once."""
        shared = self._client.scatter(frames, broadcast=True, hash=False)
        yield from self._each({self._client.submit(fit_part, task, shared, pure=False): task for task in tasks})

    def map(self, function: Callable[[_Item], _Result], items: Sequence[_Item]) -> Iterator[tuple[_Item, _Result]]:
        """Call the function for every item; results come as they are ready."""
        futures = {self._client.submit(function, item, pure=False): item for item in items}
        for future, result in self._completed(futures):
            yield futures[future], result

    def _each(self, futures: dict[Any, PartTask]) -> Iterator[tuple[str, Fitted]]:
        for future, result in self._completed(futures):
            yield futures[future].binding, result

    def _completed(self, futures: dict[Any, Any]) -> Iterator[tuple[Any, Any]]:
        import distributed

        completed: Any = distributed.as_completed
        for future in completed(list(futures)):
            yield future, future.result()


@contextmanager
def connect(address: str) -> Iterator[Cluster]:
    """A cluster at `tcp://host:port`, or `local` for worker processes on this machine.

    Raises:
        ConfigError: dask.distributed is not installed, or nobody answers at the address.
    """
    try:
        import distributed
    except ImportError as error:
        raise ConfigError(
            "dask.distributed is not installed", offender="--dask", value=address,
            remedy="pip install 'ovoo-models[dask]', or leave --dask out",
        ) from error  # fmt: skip
    make: Any = distributed.Client
    try:
        client = (
            make(processes=True, threads_per_worker=1, dashboard_address=None, host="127.0.0.1")
            if address == "local"
            else make(address, timeout=10)
        )
    except (OSError, TimeoutError, ValueError) as error:
        raise ConfigError(
            "no scheduler answers", offender="--dask", value=address, remedy="tcp://host:8786, or local"
        ) from error
    with client:
        yield Cluster(client)
