"""Anchoring: one gap-free list of batches per organisation, whoever sends the transaction."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from tests.contracts.harness import ZERO_ADDRESS, Sent, refuses
from tests.contracts.world import (
    ANCHOR,
    BATCH_TYPE,
    DAY,
    SCHOOL,
    STATUS_TYPE,
    BatchAsk,
    Grant,
    Org,
    World,
    org_id,
    root_of,
)

TAKEN, AHEAD, NOT_VALID, NOT_ACCREDITED, KINDS, ACCOUNT, PASSED, TOO_FAR, SIGNATURE = range(1, 10)


def events(sent: Sent) -> list[tuple[str, bytes, int]]:
    return [(event.name, event.args["org"], event.args["sequence"]) for event in sent.events]


def lone(world: World, org: Org, sequence: int, code: int, request: tuple[Any, ...]) -> None:
    """The request is refused with ``code`` alone, and beside a good one without harm to that."""
    with refuses("BatchNotAnchored", org.id, sequence, code):
        world.relay(request)
    good = world.signed(world.batch(world.leader, 0), world.leader.anchorer)
    sent = world.relay(request, good)
    assert sent.events[0].name == "BatchRefused"
    assert sent.events[0].args == {"org": org.id, "sequence": sequence, "code": code}
    assert events(sent)[1] == ("BatchAnchored", world.leader.id, 0)
    assert world.ask("head", world.leader.id) == 1


def test_a_batch_is_anchored(world: World) -> None:
    school = world.school
    sent = world.anchor(school, 0, count=7, kinds=0xA0, format=1)
    root = root_of(f"{school.did} 0")
    told = {
        "org": school.id,
        "sequence": 0,
        "root": root,
        "count": 7,
        "kinds": 0xA0,
        "format": 1,
        "account": school.anchorer.address,
    }
    assert (sent.only.name, sent.only.args) == ("BatchAnchored", told)
    assert world.ask("batchAt", school.id, 0) == (root, school.anchorer.address, sent.time, 7, 0xA0, 1)
    assert world.ask("head", school.id) == 1
    assert world.ask("batchAt", school.id, 1) == (bytes(32), ZERO_ADDRESS, 0, 0, 0, 0)
    assert world.ask("trust") == world.chain.trust.address


def test_an_account_may_call_by_itself_without_deadline(world: World) -> None:
    school = world.school
    request = world.batch(school, 0, deadline=0).tuple(b"")
    with refuses("BatchNotAnchored", school.id, 0, SIGNATURE):
        world.relay(request)
    sent = world.chain.send(world.chain.anchors, "anchor", [request], by=school.anchorer)
    assert sent.only.name == "BatchAnchored"


def test_many_organisations_in_one_transaction(world: World) -> None:
    asks = [(world.school, 0), (world.leader, 0), (world.school, 1), (world.member, 0)]
    sent = world.relay(*(world.signed(world.batch(org, n), org.anchorer) for org, n in asks))
    assert events(sent) == [("BatchAnchored", org.id, n) for org, n in asks]


def test_a_repeat_is_a_no_op_whoever_sends_it_and_how(world: World) -> None:
    school = world.school
    world.anchor(school, 0)
    later = world.chain.now + 30 * DAY
    world.chain.at(later)
    for request in (
        world.batch(school, 0, deadline=1).tuple(b"no signature"),
        world.batch(school, 0, account=ZERO_ADDRESS).tuple(b""),
    ):
        assert world.relay(request).events == ()
    assert world.ask("head", school.id) == 1


@pytest.mark.parametrize("change", [{"root": root_of("fork")}, {"count": 99}, {"kinds": 0x40}, {"format": 2}])
def test_a_fork_is_refused(world: World, change: dict[str, Any]) -> None:
    school = world.school
    world.anchor(school, 0)
    request = world.signed(world.batch(school, 0, **change), school.anchorer)
    lone(world, school, 0, TAKEN, request)
    assert world.ask("batchAt", school.id, 0)[0] == root_of(f"{school.did} 0")


def test_a_gap_is_refused(world: World) -> None:
    lone(world, world.school, 1, AHEAD, world.signed(world.batch(world.school, 1), world.school.anchorer))


@pytest.mark.parametrize(
    "change", [{"count": 0}, {"count": 2**20 + 1}, {"root": bytes(32)}, {"kinds": 0}, {"format": 0}]
)
def test_a_batch_has_a_shape(world: World, change: dict[str, Any]) -> None:
    request = world.signed(world.batch(world.school, 0, **change), world.school.anchorer)
    lone(world, world.school, 0, NOT_VALID, request)


def test_the_largest_batch_is_taken(world: World) -> None:
    assert world.anchor(world.school, 0, count=2**20).only.args["count"] == 2**20
    assert world.ask("MAX_COUNT") == 2**20


def test_a_period_must_be_open(world: World) -> None:
    school = world.school
    world.trust("endAccreditation", school.id, 0)
    lone(world, school, 0, NOT_ACCREDITED, world.signed(world.batch(school, 0), school.anchorer))
    grant = Grant(roles=SCHOOL, accreditor=world.regulator.id)
    world.accredit(school, grant, by=world.regulator.manager)
    assert world.anchor(school, 0).only.name == "BatchAnchored"


def test_an_unknown_organisation_anchors_nothing(world: World) -> None:
    nobody = replace(world.school, did="did:web:nobody")
    lone(world, nobody, 0, NOT_ACCREDITED, world.signed(world.batch(nobody, 0), nobody.anchorer))


def test_kinds_are_within_the_period(world: World) -> None:
    request = world.signed(world.batch(world.school, 0, kinds=0x1080), world.school.anchorer)
    lone(world, world.school, 0, KINDS, request)


def wrong_scope(world: World) -> tuple[Any, ...]:
    ask = world.batch(world.school, 0, account=world.school.status.address)
    return world.signed(ask, world.school.status)


def ended_account(world: World) -> tuple[Any, ...]:
    world.trust("endAccount", world.school.id, world.school.anchorer.address, 0, by=world.school.manager)
    return world.signed(world.batch(world.school, 0), world.school.anchorer)


def compromised_account(world: World) -> tuple[Any, ...]:
    world.trust(
        "compromiseAccount", world.school.id, world.school.anchorer.address, 1, by=world.school.manager
    )
    return world.signed(world.batch(world.school, 0), world.school.anchorer)


def waiting_account(world: World) -> tuple[Any, ...]:
    stranger, start = world.stranger, world.chain.now + DAY
    world.trust("addAccount", world.school.id, stranger.address, ANCHOR, start, 0, by=world.school.manager)
    return world.signed(world.batch(world.school, 0, account=stranger.address), stranger)


def foreign_account(world: World) -> tuple[Any, ...]:
    ask = world.batch(world.school, 0, account=world.leader.anchorer.address)
    return world.signed(ask, world.leader.anchorer)


@pytest.mark.parametrize(
    "made", [wrong_scope, ended_account, compromised_account, waiting_account, foreign_account]
)
def test_the_account_is_in_scope_and_active(world: World, made: Callable[[World], tuple[Any, ...]]) -> None:
    lone(world, world.school, 0, ACCOUNT, made(world))


def test_deadlines(world: World) -> None:
    school, now = world.school, world.chain.next + 100
    for deadline, code in ((now - 1, PASSED), (now + DAY + 1, TOO_FAR)):
        world.chain.at(now)
        request = world.signed(world.batch(school, 0, deadline=deadline), school.anchorer)
        with refuses("BatchNotAnchored", school.id, 0, code):
            world.relay(request)
    world.chain.at(now)
    assert world.anchor(school, 0, deadline=now).only.name == "BatchAnchored"
    now = world.chain.next
    assert world.anchor(school, 1, deadline=now + DAY).only.name == "BatchAnchored"
    assert world.ask("MAX_AHEAD") == DAY


@pytest.mark.parametrize("signature", [b"\0" * 65, b"\1" * 64, b"\xff" * 65, b"x"])
def test_a_broken_signature(world: World, signature: bytes) -> None:
    lone(world, world.school, 0, SIGNATURE, world.batch(world.school, 0).tuple(signature))


CHANGED: dict[str, Any] = {
    "org": org_id("did:web:leader.example"),
    "root": root_of("other"),
    "count": 101,
    "kinds": 0x40,
    "format": 2,
    "deadline": 1,
}


@pytest.mark.parametrize("field", sorted(CHANGED))
def test_the_signature_covers_each_field(world: World, field: str) -> None:
    school = world.school
    ask = world.batch(school, 0)
    signature = world.sign(BATCH_TYPE, ask.message(), school.anchorer)
    value: Any = ask.deadline + 1 if field == "deadline" else CHANGED[field]
    changed: BatchAsk = replace(ask, **{field: value})
    code = ACCOUNT if field == "org" else SIGNATURE
    with refuses("BatchNotAnchored", changed.org, 0, code):
        world.relay(changed.tuple(signature))


def test_the_signature_covers_the_sequence_and_the_account(world: World) -> None:
    school = world.school
    first = world.batch(school, 0)
    signature = world.sign(BATCH_TYPE, first.message(), school.anchorer)
    world.relay(first.tuple(signature))
    with refuses("BatchNotAnchored", school.id, 1, SIGNATURE):
        world.relay(replace(first, sequence=1).tuple(signature))
    world.trust("addAccount", school.id, world.stranger.address, ANCHOR, 0, 0, by=school.manager)
    ask = world.batch(school, 1)
    signature = world.sign(BATCH_TYPE, ask.message(), school.anchorer)
    with refuses("BatchNotAnchored", school.id, 1, SIGNATURE):
        world.relay(replace(ask, account=world.stranger.address).tuple(signature))


def test_the_signature_belongs_to_one_deployment(world: World) -> None:
    other = world.chain.deploy("AnchorRegistry", world.chain.trust.address)
    request = world.signed(world.batch(world.school, 0), world.school.anchorer)
    with refuses("BatchNotAnchored", world.school.id, 0, SIGNATURE):
        world.chain.send(other, "anchor", [request], by=world.relayer)
    domain = world.ask("eip712Domain")
    assert domain[1:5] == ("SkillTrace", "1", world.chain.w3.eth.chain_id, world.chain.anchors.address)


def test_the_types_are_those_of_the_protocol(world: World) -> None:
    for name, types in (("ANCHOR_BATCH_TYPEHASH", BATCH_TYPE), ("SET_STATUS_TYPEHASH", STATUS_TYPE)):
        ((struct, members),) = types.items()
        listed = ",".join(f"{member['type']} {member['name']}" for member in members)
        assert world.ask(name) == world.chain.w3.keccak(text=f"{struct}({listed})")


def test_no_requests(world: World) -> None:
    with refuses("NoRequests"):
        world.relay()


def test_an_anchor_registry_needs_a_trust_registry(world: World) -> None:
    with refuses("TrustRegistryMissing", world.stranger.address.lower()):
        world.chain.deploy("AnchorRegistry", world.stranger.address)


def test_close_is_the_owners_once_and_final(world: World) -> None:
    chain, successor = world.chain, world.stranger.address
    world.anchor(world.school, 0)
    with refuses("NotOwner", world.relayer.address.lower()):
        chain.send(chain.anchors, "close", successor, by=world.relayer)
    with refuses("SuccessorNotValid", chain.anchors.address.lower()):
        chain.send(chain.anchors, "close", chain.anchors.address)
    assert (world.ask("closed"), world.ask("successor")) == (False, ZERO_ADDRESS)
    sent = chain.send(chain.anchors, "close", successor)
    assert (sent.only.name, sent.only.args) == ("RegistryClosed", {"successor": successor})
    assert (world.ask("closed"), world.ask("successor")) == (True, successor)
    with refuses("AlreadyClosed", successor.lower()):
        world.anchor(world.school, 1)
    with refuses("AlreadyClosed", successor.lower()):
        chain.send(chain.anchors, "close", successor)
    assert (
        world.set_status(world.status(world.school, 0, 0, 1), world.school.status).only.name
        == "StatusChanged"
    )
