"""Work spread over processes, in order, holding only a window of it in memory."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from itertools import islice
from typing import Any, Final, TypeVar

__all__ = ["parallel"]

CHUNK: Final = 64
"""Items sent at once: their transport then costs a few per cent of their verification."""

WINDOW: Final = 4
"""Chunks under way per process."""

T = TypeVar("T")
R = TypeVar("R")

_worker: Callable[[Any], Any] | None = None


def _start(factory: Callable[..., Callable[[Any], Any]], arguments: tuple[Any, ...]) -> None:
    global _worker
    _worker = factory(*arguments)


def _work(chunk: list[Any]) -> list[Any]:
    assert _worker is not None
    return [_worker(item) for item in chunk]


def parallel(
    factory: Callable[..., Callable[[T], R]], arguments: tuple[Any, ...], items: Iterable[T], jobs: int
) -> Iterator[R]:
    """Results of `factory(*arguments)(item)` in the order of `items`; the factory runs once per process."""
    iterator = iter(items)
    pending: deque[Future[list[R]]] = deque()
    with ProcessPoolExecutor(jobs, initializer=_start, initargs=(factory, arguments)) as executor:
        while True:
            while len(pending) < jobs * WINDOW and (chunk := list(islice(iterator, CHUNK))):
                pending.append(executor.submit(_work, chunk))
            if not pending:
                return
            yield from pending.popleft().result()
