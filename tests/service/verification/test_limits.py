"""Limits of public verification: a bucket per address, and few places at once."""

from __future__ import annotations

import pytest

from trace_service.problems import Problem
from trace_service.verification import limits
from trace_service.verification.limits import BURST, MAX_ADDRESSES, PER_SECOND, Buckets, Places


class Clock:
    """Seconds that a test moves."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


def test_a_burst_is_let_through_and_the_next_is_refused() -> None:
    buckets = Buckets(Clock())
    for _ in range(int(BURST)):
        buckets.take("192.0.2.1")
    with pytest.raises(Problem) as caught:
        buckets.take("192.0.2.1")
    assert (caught.value.status, caught.value.code) == (429, "verification.rate")
    assert caught.value.headers == {"Retry-After": str(limits.RETRY_SECONDS)}
    buckets.take("192.0.2.2")


def test_tokens_come_back_with_time_and_not_beyond_the_burst() -> None:
    clock = Clock()
    buckets = Buckets(clock)
    for _ in range(int(BURST)):
        buckets.take("a")
    clock.now += 1 / PER_SECOND
    buckets.take("a")
    with pytest.raises(Problem):
        buckets.take("a")
    clock.now += 1e6
    for _ in range(int(BURST)):
        buckets.take("a")
    with pytest.raises(Problem):
        buckets.take("a")


def test_refused_calls_cost_nothing() -> None:
    clock = Clock()
    buckets = Buckets(clock)
    for _ in range(int(BURST)):
        buckets.take("a")
    for _ in range(5):
        with pytest.raises(Problem):
            buckets.take("a")
    clock.now += 1 / PER_SECOND
    buckets.take("a")


def test_many_addresses_do_not_fill_the_memory() -> None:
    buckets = Buckets(Clock())
    for number in range(MAX_ADDRESSES + 10):
        buckets.take(str(number))
    assert len(buckets._levels) == MAX_ADDRESSES


def test_only_so_many_run_at_once() -> None:
    places = Places(2)
    with places.one(), places.one():
        with pytest.raises(Problem) as caught, places.one():
            pass
        assert (caught.value.status, caught.value.code) == (503, "verification.busy")
    with places.one(), places.one():
        pass


def test_a_place_is_given_back_after_an_error() -> None:
    places = Places(1)
    with pytest.raises(ValueError, match="inside"), places.one():
        raise ValueError("inside")
    with places.one():
        pass
