"""The collector's pause ends with its block, however that ends."""

from __future__ import annotations

import gc

import pytest

from trace_service.collector import collector_paused


def test_off_inside_and_on_again() -> None:
    assert gc.isenabled()
    with collector_paused():
        assert not gc.isenabled()
        with collector_paused():
            assert not gc.isenabled()
        assert not gc.isenabled()
    assert gc.isenabled()


def test_on_again_after_an_error() -> None:
    with pytest.raises(KeyError), collector_paused():
        raise KeyError
    assert gc.isenabled()
