"""Status changes reach the chain once, together where they share a word, and in the order asked for."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa

from tests.support.nodes import anvil_node
from tests.support.records import FIRM, SCHOOL
from tests.support.world import World, make_world
from trace_service import database
from trace_service.evm import eip712
from trace_service.evm.abi import codec
from trace_service.evm.queries import TX
from trace_service.evm.transact import transact
from trace_service.problems import Problem
from trace_service.status import queries
from trace_service.status.relay import StatusRelay
from trace_service.status.service import Request, request_changes
from verifier_cli.did import org_id


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    with anvil_node() as node:
        yield make_world(node, tmp_path)


def ask(world: World, *requests: Request, did: str = FIRM) -> list[str]:
    with database.write(world.engine) as connection:
        return request_changes(connection, world.pks[did], requests)


def run(world: World) -> None:
    sender = world.sender()
    relay = StatusRelay(world.engine, world.client, world.chain, world.keyring, sender)
    end = time.monotonic() + 60
    while time.monotonic() < end:
        sender.advance()
        if relay.advance() == 0:
            return
    raise AssertionError("status changes do not settle")


def relay(world: World) -> StatusRelay:
    return StatusRelay(world.engine, world.client, world.chain, world.keyring, world.sender())


def counter(world: World, name: str) -> int:
    return int(world.client.call("AnchorRegistry", world.chain.anchor_registry, name, org_id(FIRM)))


def word(world: World, plane: int, number: int = 0, did: str = FIRM) -> int:
    found = world.client.call(
        "AnchorRegistry", world.chain.anchor_registry, "statusWord", org_id(did), plane, number
    )
    return int(found)


def changes(world: World) -> list[database.AnyRow]:
    with database.read(world.engine) as connection:
        return list(connection.execute(sa.select(queries.CHANGE).order_by(queries.CHANGE.c.pk)))


def transactions(world: World) -> int:
    with database.read(world.engine) as connection:
        return int(connection.execute(sa.select(sa.func.count()).select_from(TX)).scalar_one())


def test_neighbours_are_revoked_by_one_transaction(world: World) -> None:
    records = [world.add_record(number=number) for number in (3, 200, 255, 256)]
    ask(world, *(Request(record.id, "revoke", "issuedInError") for record in records))
    run(world)
    assert word(world, 0, 0) == 1 << 3 | 1 << 200 | 1 << 255
    assert word(world, 0, 1) == 1
    assert transactions(world) == 2
    rows = changes(world)
    assert all(row.final_at is not None for row in rows)
    first = world.client.tx_receipt(_hash(world, rows[0].transaction_pk))
    assert first is not None
    block = world.client.block(first.block_number)
    assert block is not None
    assert rows[0].effective_at == block.timestamp


def _hash(world: World, pk: int) -> bytes:
    with database.read(world.engine) as connection:
        return bytes(connection.execute(sa.select(TX.c.hash).where(TX.c.pk == pk)).scalar_one())


def test_suspend_reinstate_suspend_asked_at_once_end_in_the_last_state(world: World) -> None:
    record = world.add_record(number=9)
    for action in ("suspend", "reinstate", "suspend"):
        ask(world, Request(record.id, action))
    run(world)
    assert word(world, 1) == 1 << 9
    assert transactions(world) == 3
    assert counter(world, "statusNonce") == 3


def test_one_change_of_plane_1_at_a_time_and_the_others_together(world: World) -> None:
    records = [world.add_record(number=number) for number in (1, 300, 600)]
    ask(world, *(Request(record.id, "suspend") for record in records))
    ask(world, *(Request(record.id, "revoke") for record in records))
    relay(world).advance()
    assert sorted(row.plane for row in changes(world) if row.transaction_pk is not None) == [0, 0, 0, 1]
    relay(world).advance()
    assert transactions(world) == 4
    run(world)
    assert [word(world, plane, number) for plane in (0, 1) for number in range(3)] == [
        1 << (number % 256) for number in (1, 300, 600)
    ] * 2
    assert (transactions(world), counter(world, "statusNonce"), counter(world, "annulments")) == (6, 3, 0)


def test_suspensions_of_two_organisations_do_not_wait_for_each_other(world: World) -> None:
    for did, schema in ((FIRM, "activity.1"), (SCHOOL, "party.1")):
        record = world.add_record(schema, number=1)
        assert record.issuer == did
        ask(world, Request(record.id, "suspend"), did=did)
    relay(world).advance()
    assert transactions(world) == 2


def suspend_directly(world: World, nonce: int) -> None:
    account = world.keyring.account("status", world.pks[FIRM])
    transact(world.client, world.owner, account.address, b"", value=10**18)
    request = eip712.SetStatus(org_id(FIRM), 1, 9, 1, True, 0, account.address, nonce, 0)
    data = codec("AnchorRegistry").call("setStatus", eip712.request(request, b""))
    transact(world.client, account, world.chain.anchor_registry, data)


def test_a_change_that_another_one_overtakes_is_signed_again(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    record = world.add_record(number=5)
    ask(world, Request(record.id, "suspend"))
    # The other one is mined between the look at the nonce and the request.
    suspend_directly(world, 0)
    overtaken = relay(world)
    monkeypatch.setattr(overtaken, "_nonce", lambda word: 0)
    assert overtaken.advance() == 1
    assert (transactions(world), changes(world)[0].refused) == (0, None)
    run(world)
    assert (word(world, 1), word(world, 1, 9), counter(world, "statusNonce")) == (1 << 5, 1, 2)


def test_the_same_request_twice_is_one_change(world: World) -> None:
    record = world.add_record(number=5)
    before = ask(world, Request(record.id, "revoke"))
    run(world)
    assert ask(world, Request(record.id, "revoke")) == before
    run(world)
    assert transactions(world) == 1


def test_a_bit_in_force_already_needs_no_transaction(world: World) -> None:
    first, second = world.add_record(number=5), world.add_record(number=6)
    ask(world, Request(first.id, "supersede"), Request(second.id, "supersede"))
    run(world)
    with database.write(world.engine) as connection:
        connection.execute(queries.CHANGE.update().values(final_at=None, transaction_pk=None))
    run(world)
    assert transactions(world) == 1


def test_an_account_without_the_scope_is_refused_and_the_reason_kept(world: World) -> None:
    record = world.add_record(number=5)
    account = world.keyring.account("status", world.pks[FIRM]).address
    world.admin().end_account(org_id(FIRM), account)
    ask(world, Request(record.id, "revoke"))
    run(world)
    assert changes(world)[0].refused == "AccountNotAuthorised"
    assert transactions(world) == 0


def test_records_of_others_do_not_exist(world: World) -> None:
    record = world.add_record(number=5)
    with pytest.raises(Problem) as caught:
        ask(world, Request(record.id, "revoke"), did=SCHOOL)
    assert caught.value.status == 404


@pytest.mark.parametrize(
    ("request_", "status", "code"),
    [
        (("annul", None), 422, "status.action"),
        (("revoke", "noSuchReason"), 422, "status.reason"),
        (("revoke", "revocationAnnulled"), 422, "status.reason"),
        (("reinstate", None), 409, "status.not_suspended"),
    ],
)
def test_what_cannot_be_asked_for(
    world: World, request_: tuple[str, str | None], status: int, code: str
) -> None:
    record = world.add_record(number=5)
    with pytest.raises(Problem) as caught:
        ask(world, Request(record.id, request_[0], request_[1]))
    assert (caught.value.status, caught.value.code) == (status, code)
    assert changes(world) == []
