"""What the door knows of the chain: never asked within a request, never stopped by a dead node."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import cast

import pytest

from tests.support.service import FIRM, OTHER, SCHOOL, Service
from trace_service.chainview import ChainView
from trace_service.database import read
from trace_service.evm.errors import ChainUnavailable
from trace_service.evm.registry import Authority, Window
from verifier_cli.did import org_id

NOW = 1_780_000_000


@dataclass
class FakeAuthority:
    """The registry as far as the view reads it."""

    windows: dict[tuple[bytes, bytes], Window] = field(default_factory=dict)
    now: int = NOW
    dead: bool = False
    reads: int = 0

    def chain_time(self) -> int:
        """Time of the head."""
        self.reads += 1
        if self.dead:
            raise ChainUnavailable("eth_getBlockByNumber", "refused", "nobody there")
        return self.now

    def key(self, org: bytes, public_key: bytes) -> Window:
        """Window of a key; unknown where none was set."""
        return self.windows.get((org, public_key), Window(0, 0, 0))


def _view(fake: FakeAuthority) -> ChainView:
    return ChainView(cast(Authority, fake))


def _may(service: Service, view: ChainView, did: str = FIRM) -> bool:
    with read(service.engine) as connection:
        return view.may_sign(connection, did, service.signers[did].public_key)


def test_clock_is_this_machines_until_the_chain_was_read() -> None:
    view = _view(FakeAuthority())
    assert abs(view.clock() - time.time()) < 5
    view.refresh()
    assert abs(view.clock() - NOW) < 5


@pytest.mark.parametrize(
    ("window", "may"),
    [
        (Window(0, 0, 0), True),
        (Window(NOW - 10, 0, 0), True),
        (Window(NOW + 10, 0, 0), True),
        (Window(NOW - 10, NOW + 10, 0), True),
        (Window(NOW - 10, NOW - 1, 0), False),
        (Window(NOW - 10, 0, NOW - 5), False),
    ],
)
def test_keys_that_the_chain_has_ended_are_refused(service: Service, window: Window, may: bool) -> None:
    key = (org_id(FIRM), service.signers[FIRM].public_key)
    view = _view(FakeAuthority({key: window}))
    assert _may(service, view)  # not read yet: the list of known keys decides
    view.refresh()
    assert _may(service, view) is may
    assert _may(service, view, SCHOOL)


def test_keys_that_nobody_told_us_of_are_refused(service: Service) -> None:
    view = _view(FakeAuthority())
    with read(service.engine) as connection:
        assert not view.may_sign(connection, FIRM, bytes(32))
        assert not view.may_sign(connection, OTHER, service.signers[FIRM].public_key)


def test_asking_reads_nothing_from_the_chain(service: Service) -> None:
    fake = FakeAuthority(dead=True)
    view = _view(fake)
    assert _may(service, view)
    view.clock()
    assert fake.reads == 0


def test_a_dead_chain_leaves_what_was_read(service: Service, caplog: pytest.LogCaptureFixture) -> None:
    key = (org_id(FIRM), service.signers[FIRM].public_key)
    fake = FakeAuthority({key: Window(NOW - 10, NOW - 1, 0)})
    view = _view(fake)
    _may(service, view)
    view.refresh()
    fake.dead = True
    view.start()
    deadline = time.monotonic() + 20
    while "chain not readable" not in caplog.text:
        assert time.monotonic() < deadline
        time.sleep(0.01)
    view.stop()
    assert not _may(service, view)
    assert abs(view.clock() - NOW) < 30
