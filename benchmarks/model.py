"""What a benchmark says: figures with units, the goal where there is one, and whether it was met."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from enum import Enum
from typing import Any, Literal


class Scale(Enum):
    """How much is measured: ``TINY`` only shows that it runs, ``FULL`` has the large sizes."""

    TINY = "tiny"
    NORMAL = "normal"
    FULL = "full"

    def pick(self, tiny: int, normal: int, full: int) -> int:
        """The size for this scale."""
        return {Scale.TINY: tiny, Scale.NORMAL: normal, Scale.FULL: full}[self]


@dataclass(frozen=True, slots=True)
class Goal:
    """A bound that the protocol or the design asks for."""

    bound: Literal["at_least", "at_most", "exactly"]
    value: float

    def met(self, value: float) -> bool:
        """Whether ``value`` keeps the bound."""
        if self.bound == "exactly":
            return value == self.value
        return value >= self.value if self.bound == "at_least" else value <= self.value


@dataclass(frozen=True, slots=True)
class Figure:
    """One measured value. ``goal`` is None where nothing was promised."""

    name: str
    value: float | str
    unit: str = ""
    goal: Goal | None = None

    @property
    def met(self) -> bool | None:
        """Whether the goal is met; None without one."""
        return None if self.goal is None or isinstance(self.value, str) else self.goal.met(self.value)

    def json(self) -> dict[str, Any]:
        """As the results file has it."""
        goal = None if self.goal is None else {"bound": self.goal.bound, "value": self.goal.value}
        return {"name": self.name, "value": self.value, "unit": self.unit, "goal": goal, "met": self.met}


@dataclass(slots=True)
class Watch:
    """Wall and CPU seconds of a block; both are 0 until it ends."""

    wall: float = 0.0
    cpu: float = 0.0


@contextmanager
def stopwatch() -> Iterator[Watch]:
    """Time a block. CPU seconds are this process's alone, and do not grow when others share the machine."""
    watch = Watch()
    wall, cpu = time.perf_counter(), time.process_time()
    yield watch
    watch.wall, watch.cpu = time.perf_counter() - wall, time.process_time() - cpu


def times(call: Callable[[], object], repeats: int) -> list[float]:
    """Wall seconds of each of ``repeats`` calls."""
    taken = []
    for _ in range(repeats):
        started = time.perf_counter()
        call()
        taken.append(time.perf_counter() - started)
    return taken


def percentile(values: Sequence[float], share: float) -> float:
    """The value below which ``share`` of the values lie (nearest rank)."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]


def latency(name: str, seconds: Sequence[float], goal: Goal | None = None) -> list[Figure]:
    """Median (with its goal) and 99th percentile, in milliseconds."""
    return [
        Figure(f"{name}, p50", round(statistics.median(seconds) * 1000, 3), "ms", goal),
        Figure(f"{name}, p99", round(percentile(seconds, 0.99) * 1000, 3), "ms"),
    ]
