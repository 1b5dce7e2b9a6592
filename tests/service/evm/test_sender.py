"""The relayer's transaction manager against a real anvil: one test per row of the reliability table."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from tests.support.nodes import anvil_node, rpc
from tests.support.world import World, fund, make_world, settle
from trace_service import database
from trace_service.anchoring import queries
from trace_service.database import AnyRow, utc_now
from trace_service.evm import fees
from trace_service.evm.errors import ChainRefused, ChainUnavailable
from trace_service.evm.fees import Fees
from trace_service.evm.queries import TX
from trace_service.evm.sender import Intent, Sender
from trace_service.evm.wire import Call, sign
from verifier_cli.did import org_id

pytestmark = pytest.mark.node


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    with anvil_node() as node:
        yield make_world(node, tmp_path)


def transactions(world: World) -> list[AnyRow]:
    with database.read(world.engine) as connection:
        return list(connection.execute(sa.select(TX).order_by(TX.c.pk)).all())


def batches(world: World) -> list[AnyRow]:
    with database.read(world.engine) as connection:
        return list(connection.execute(sa.select(queries.BATCH).order_by(queries.BATCH.c.pk)).all())


def heads(world: World) -> int:
    return sum(
        int(world.client.call("AnchorRegistry", world.chain.anchor_registry, "head", org_id(did)))
        for did in world.pks
    )


def mining(world: World, on: bool) -> None:
    rpc(world.node.url, "evm_setAutomine", on)


def sealed(world: World) -> None:
    world.add_record()
    assert world.seal().count == 1


def null_call(world: World, gas: int = 21_000) -> Intent:
    return Intent("fill", Call(world.relayer.address, b"", gas))


class LosesAnswers(Sender):
    """A sender whose node takes the bytes, and whose answer never arrives."""

    def _send(self, pk: int) -> None:
        super()._send(pk)
        raise ChainUnavailable("eth_sendRawTransaction", "ReadTimeout", "no answer")


def test_lost_acknowledgement_is_found_by_the_local_hash(world: World) -> None:
    sealed(world)
    with pytest.raises(ChainUnavailable):
        world.anchoring(LosesAnswers(world.engine, world.client, world.chain, world.relayer)).advance()
    settle(world.anchoring())
    assert len(transactions(world)) == 1
    assert heads(world) == 1


def test_stored_and_never_sent_is_sent_as_it_was_stored(world: World) -> None:
    sender = world.sender()
    pk = sender.store(null_call(world), lambda _connection, _pk: True)
    stored = transactions(world)[0]
    assert (pk, stored.sent_at) == (stored.pk, None)
    while world.sender().advance().in_flight:
        pass
    assert transactions(world)[0].raw == stored.raw
    assert transactions(world)[0].settled_at is not None
    assert world.client.nonce(world.relayer.address) == 1


def test_dropped_transaction_is_sent_again_with_the_same_bytes(world: World) -> None:
    sealed(world)
    mining(world, False)
    world.anchoring().advance()
    first = transactions(world)[0]
    rpc(world.node.url, "anvil_dropTransaction", "0x" + first.hash.hex())
    assert not world.client.transaction_known(first.hash)
    world.anchoring().advance()
    assert world.client.transaction_known(first.hash)
    mining(world, True)
    rpc(world.node.url, "evm_mine")
    settle(world.anchoring())
    assert [row.hash for row in transactions(world)] == [first.hash]


@pytest.mark.parametrize("depth", [1, 3])
def test_a_reorganisation_puts_the_batch_back_and_it_is_sent_again(tmp_path: Path, depth: int) -> None:
    with anvil_node() as node:
        world = make_world(node, tmp_path, settle_seconds=3600)
        sealed(world)
        anchoring = world.anchoring()
        while not batches(world)[0].anchored_at:
            anchoring.advance()
        for _ in range(depth - 1):
            rpc(node.url, "evm_mine")
        rpc(node.url, "anvil_reorg", depth, [])
        assert heads(world) == 0
        anchoring.advance()
        assert batches(world)[0].final_at is None
        for _ in range(3):
            anchoring.advance()
        assert heads(world) == 1
        rpc(node.url, "evm_increaseTime", 3601)
        rpc(node.url, "evm_mine")
        settle(world.anchoring())
        assert batches(world)[0].final_at is not None
        assert [row.abandoned_at for row in transactions(world)] == [None]


def test_blocks_lost_below_a_final_batch_are_made_again(world: World) -> None:
    """The chain was restored from an old state: the database is ahead (fault 13)."""
    from trace_service.anchoring.reconcile import put_back_lost

    snapshot = rpc(world.node.url, "evm_snapshot")
    sealed(world)
    settle(world.anchoring())
    rpc(world.node.url, "evm_revert", snapshot)
    assert heads(world) == 0
    assert put_back_lost(world.engine, world.client, world.chain) == 1
    settle(world.anchoring())
    assert heads(world) == 1


def test_stuck_transaction_is_replaced_with_both_fees_at_least_ten_percent_up(world: World) -> None:
    mining(world, False)
    sealed(world)
    world.anchoring().advance()
    later = utc_now() + timedelta(seconds=120)
    world.anchoring(world.sender(clock=lambda: later)).advance()
    first, second = transactions(world)
    assert first.nonce == second.nonce
    for name in ("max_fee_per_gas", "max_priority_fee_per_gas"):
        old, new = int(getattr(first, name)), int(getattr(second, name))
        assert new * 100 >= old * 110
    mining(world, True)
    rpc(world.node.url, "evm_mine")
    settle(world.anchoring())
    first, second = transactions(world)
    assert (first.settled_at, second.abandoned_at) == (None, None)
    assert first.abandoned_at is not None
    assert batches(world)[0].transaction_hash == second.hash


def test_replacement_stops_at_the_limit(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    mining(world, False)
    sealed(world)
    world.anchoring().advance()
    monkeypatch.setattr(fees, "MAX_FEE_PER_GAS", int(transactions(world)[0].max_fee_per_gas))
    later = utc_now() + timedelta(seconds=120)
    world.anchoring(world.sender(clock=lambda: later)).advance()
    assert len(transactions(world)) == 1


@pytest.mark.parametrize(
    ("old", "now", "expected"),
    [
        (Fees(100, 10), Fees(0, 0), Fees(110, 11)),
        (Fees(101, 1), Fees(0, 0), Fees(112, 2)),
        (Fees(100, 10), Fees(500, 50), Fees(500, 50)),
        (Fees(fees.MAX_FEE_PER_GAS, 10), Fees(0, 0), None),
    ],
)
def test_replacement_fees_are_rounded_up_and_capped(old: Fees, now: Fees, expected: Fees | None) -> None:
    assert fees.replacement(old, now) == expected


def foreign(world: World, nonce: int) -> bytes:
    """Somebody else uses the relayer's key."""
    call = Call(world.owner.address, b"", 21_000)
    raw, tx_hash = sign(world.relayer, world.chain.chain_id, nonce, call, fees.market(world.client), 1)
    world.client.send_raw(raw)
    return tx_hash


def test_nonce_taken_by_another_sender_frees_the_work_for_a_new_nonce(world: World) -> None:
    sealed(world)
    mining(world, False)
    foreign(world, 0)
    mining(world, True)

    class Blind(Sender):
        """Thinks that nonce 0 is free, as a node behind would say."""

        def _free_nonce(self, connection: Any, mined: int, pending: int) -> int | None:
            return 0

    rpc(world.node.url, "evm_mine")
    world.anchoring(Blind(world.engine, world.client, world.chain, world.relayer)).advance()
    settle(world.anchoring())
    first, second = transactions(world)
    assert (first.nonce, second.nonce) == (0, 1)
    assert first.abandoned_at is not None
    assert second.settled_at is not None
    assert heads(world) == 1


def test_a_foreign_pending_transaction_keeps_its_nonce(world: World) -> None:
    mining(world, False)
    foreign(world, 0)
    world.sender().submit(null_call(world), lambda _connection, _pk: True)
    assert transactions(world)[0].nonce == 1


def test_a_nonce_gap_is_filled(world: World) -> None:
    class Skips(Sender):
        def _free_nonce(self, connection: Any, mined: int, pending: int) -> int | None:
            return 2

    skips = Skips(world.engine, world.client, world.chain, world.relayer)
    skips.submit(null_call(world), lambda _connection, _pk: True)
    assert world.client.nonce(world.relayer.address) == 0
    sender = world.sender()
    while sender.advance().in_flight:
        pass
    assert world.client.nonce(world.relayer.address) == 3
    assert sorted(row.nonce for row in transactions(world)) == [0, 1, 2]
    assert all(row.settled_at is not None for row in transactions(world))


def test_without_money_it_waits_and_goes_on_after_the_top_up(world: World) -> None:
    sealed(world)
    rpc(world.node.url, "anvil_setBalance", world.relayer.address, "0x1")
    anchoring = world.anchoring()
    anchoring.advance()
    assert anchoring.advance().no_funds
    assert heads(world) == 0
    fund(world, 10**18)
    settle(anchoring)
    assert heads(world) == 1
    assert len(transactions(world)) == 1


def test_a_mined_revert_is_not_repeated(world: World) -> None:
    data = bytes.fromhex("deadbeef")  # the registry has no such function
    sender = world.sender()
    intent = Intent("fill", Call(world.chain.anchor_registry, data, 100_000))
    sender.submit(intent, lambda _connection, _pk: True)
    while sender.advance().in_flight:
        pass
    (row,) = transactions(world)
    assert (row.succeeded, row.abandoned_at) == (False, None)
    sender.advance()
    assert world.client.nonce(world.relayer.address) == 1


def test_a_batch_refused_by_the_contract_waits_with_the_reason(world: World) -> None:
    sealed(world)
    did = next(d for d, pk in world.pks.items() if pk == batches(world)[0].organisation_pk)
    world.admin().end_account(org_id(did), world.keyring.account("anchor", world.pks[did]).address)
    found = world.anchoring().advance()
    assert found.refused == 1
    assert batches(world)[0].refused == "AccountNotAuthorised"
    assert transactions(world) == []


def test_an_identical_batch_already_on_chain_is_success(world: World) -> None:
    sealed(world)
    settle(world.anchoring())
    with database.write(world.engine) as connection:
        connection.execute(queries.BATCH.update().values(**queries.NOT_ANCHORED))
        connection.execute(queries.LINK.delete())
    settle(world.anchoring())
    assert heads(world) == 1
    assert len(transactions(world)) == 1
    assert batches(world)[0].final_at is not None


def test_another_root_at_our_sequence_stops_the_organisation(world: World) -> None:
    sealed(world)
    settle(world.anchoring())
    with database.write(world.engine) as connection:
        changed = {**queries.NOT_ANCHORED, "root": bytes(32)}
        connection.execute(queries.BATCH.update().values(**changed))
    found = world.anchoring().advance()
    assert (found.refused, batches(world)[0].refused) == (1, "SequenceTaken")


def test_two_senders_at_once_send_a_batch_once(world: World) -> None:
    sealed(world)
    mining(world, False)
    world.anchoring().advance()
    world.anchoring().advance()
    assert len(transactions(world)) == 1


def test_an_authorisation_past_its_deadline_is_given_anew_for_the_same_root(world: World) -> None:
    sealed(world)
    anchoring = world.anchoring()
    mining(world, False)
    anchoring.advance()
    rpc(world.node.url, "anvil_dropTransaction", "0x" + transactions(world)[0].hash.hex())
    rpc(world.node.url, "evm_increaseTime", 13 * 3600)
    mining(world, True)
    rpc(world.node.url, "evm_mine")
    settle(anchoring)
    with database.read(world.engine) as connection:
        given = connection.execute(sa.select(queries.AUTHORISATION)).all()
    assert heads(world) == 1
    assert len({row.deadline for row in given}) == len(given) == 2


def test_a_chain_that_is_away_concludes_nothing(world: World) -> None:
    sealed(world)
    mining(world, False)
    world.anchoring().advance()
    before = (transactions(world), batches(world))
    world.node.kill()
    with pytest.raises(ChainUnavailable):
        world.anchoring().advance()
    assert (transactions(world), batches(world)) == before


def test_a_deadline_is_at_most_a_day_ahead() -> None:
    from trace_service.anchoring.authorise import RENEW_SECONDS, VALID_SECONDS

    assert RENEW_SECONDS < VALID_SECONDS < timedelta(days=1).total_seconds()
    assert isinstance(utc_now(), datetime)


def test_refusals_of_the_node_are_typed(world: World) -> None:
    with pytest.raises(ChainRefused) as caught:
        world.admin().end_account(org_id("did:web:nobody.example"), world.owner.address)
    assert caught.value.error == "UnknownAccount"
