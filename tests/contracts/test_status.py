"""Status bits: three planes, who may switch them, nonces and annulment."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from eth_account.signers.local import LocalAccount

from tests.contracts.harness import refuses
from tests.contracts.world import (
    DAY,
    REVOKED,
    STATUS_TYPE,
    SUPERSEDED,
    SUSPENDED,
    StatusAsk,
    World,
    org_id,
)

(
    NOT_ACCREDITED,
    ACCOUNT,
    PASSED,
    TOO_FAR,
    SIGNATURE,
    PLANE,
    WORD,
    MASK,
    REASON,
    NONCE,
) = (4, 6, 7, 8, 9, 10, 11, 12, 13, 14)
ANNULLED = 34
MAX_WORD = (10**13 - 1) // 256
MAX_STEP = 2**20


def refused(world: World, ask: StatusAsk, signer: LocalAccount, code: int) -> None:
    with refuses("StatusNotSet", ask.org, ask.plane, ask.word, code):
        world.set_status(ask, signer)


def annul(world: World, mask: int, **changes: Any) -> StatusAsk:
    changes = {"on": False, "reason": ANNULLED, "account": world.regulator.manager.address, **changes}
    return world.status(world.school, REVOKED, 3, mask, **changes)


@pytest.mark.parametrize("plane", [REVOKED, SUSPENDED, SUPERSEDED])
def test_bits_are_set(world: World, plane: int) -> None:
    school = world.school
    sent = world.set_status(world.status(school, plane, 5, 0b110, reason=1), school.status)
    told = {
        "org": school.id,
        "plane": plane,
        "word": 5,
        "changed": 0b110,
        "on": True,
        "reason": 1,
        "account": school.status.address,
    }
    assert (sent.only.name, sent.only.args) == ("StatusChanged", told)
    expected = [0, 0, 0]
    expected[plane] = 0b110
    assert world.words(school, 5) == expected
    assert world.ask("statusWordCount", school.id) == 6
    nonce = world.ask("statusNonce", school.id)
    assert nonce == (1 if plane == SUSPENDED else 0)
    more = world.status(school, plane, 5, 0b1011, nonce=nonce)
    assert world.set_status(more, school.status).only.args["changed"] == 0b1001
    assert world.ask("statusWordCount", school.id) == 6


def test_the_word_count_is_one_over_all_planes(world: World) -> None:
    for plane, word, count in ((REVOKED, 9, 10), (SUPERSEDED, 2, 10), (SUSPENDED, 40, 41)):
        world.set_status(world.status(world.school, plane, word, 1), world.school.status)
        assert world.ask("statusWordCount", world.school.id) == count


def test_what_is_in_force_is_a_no_op_whoever_asks(world: World) -> None:
    school = world.school
    world.set_status(world.status(school, REVOKED, 0, 0b11), school.status)
    request = world.status(school, REVOKED, 0, 0b10, deadline=1, reason=7, nonce=99).tuple(b"")
    assert world.chain.send(world.chain.anchors, "setStatus", request, by=world.stranger).events == ()
    off = world.status(school, SUSPENDED, 0, 1, on=False).tuple(b"")
    assert world.chain.send(world.chain.anchors, "setStatus", off, by=world.stranger).events == ()


def test_an_account_may_call_by_itself(world: World) -> None:
    request = world.status(world.school, REVOKED, 0, 1, deadline=0).tuple(b"")
    with refuses("StatusNotSet", world.school.id, REVOKED, 0, SIGNATURE):
        world.chain.send(world.chain.anchors, "setStatus", request, by=world.relayer)
    sent = world.chain.send(world.chain.anchors, "setStatus", request, by=world.school.status)
    assert sent.only.name == "StatusChanged"


def test_planes_words_and_masks_have_limits(world: World) -> None:
    school = world.school
    refused(world, world.status(school, 3, 0, 1), school.status, PLANE)
    refused(world, world.status(school, REVOKED, MAX_WORD + 1, 1), school.status, WORD)
    refused(world, world.status(school, REVOKED, 2**64 - 1, 1), school.status, WORD)
    refused(world, world.status(school, REVOKED, 0, 0), school.status, MASK)


@pytest.mark.parametrize("plane", [REVOKED, SUSPENDED, SUPERSEDED])
def test_one_change_reaches_only_so_far_beyond_the_words_in_use(world: World, plane: int) -> None:
    school = world.school
    assert world.ask("MAX_WORD_STEP") == MAX_STEP
    for nonce, count in enumerate((0, MAX_STEP + 1)):
        far = world.status(school, plane, count + MAX_STEP, 1, nonce=nonce if plane == SUSPENDED else 0)
        refused(world, replace(far, word=far.word + 1), school.status, WORD)
        assert world.set_status(far, school.status).only.args["word"] == far.word
        assert world.ask("statusWordCount", school.id) == far.word + 1
    # What lies further is refused even where it would change nothing.
    refused(world, world.status(school, plane, 4 * MAX_STEP, 1, on=False), school.status, WORD)


def test_a_thief_cannot_reach_the_last_word_at_once(world: World) -> None:
    assert world.ask("MAX_WORD") == MAX_WORD
    refused(world, world.status(world.school, REVOKED, MAX_WORD, 1), world.school.status, WORD)
    assert world.ask("statusWordCount", world.school.id) == 0


def test_reasons(world: World) -> None:
    school, taken = world.school, {*range(7), 8, 9, 10, 32, 33}
    for bit, reason in enumerate((*range(12), 31, 32, 33, 34, 35, 255)):
        ask = world.status(school, REVOKED, 0, 1 << bit, reason=reason)
        if reason in taken:
            assert world.set_status(ask, school.status).only.args["reason"] == reason
        else:
            refused(world, ask, school.status, REASON)


def test_the_account_has_the_status_scope(world: World) -> None:
    school = world.school
    ask = world.status(school, REVOKED, 0, 1, account=school.anchorer.address)
    refused(world, ask, school.anchorer, ACCOUNT)
    ask = world.status(school, REVOKED, 0, 1, account=world.regulator.manager.address)
    refused(world, ask, world.regulator.manager, ACCOUNT)
    world.trust("compromiseAccount", school.id, school.status.address, 1, by=school.manager)
    refused(world, world.status(school, REVOKED, 0, 1), school.status, ACCOUNT)


def test_deadlines(world: World) -> None:
    school, now = world.school, world.chain.next + 50
    for deadline, code in ((now - 1, PASSED), (now + DAY + 1, TOO_FAR)):
        world.chain.at(now)
        refused(world, world.status(school, REVOKED, 0, 1, deadline=deadline), school.status, code)


CHANGED: dict[str, Any] = {"plane": SUPERSEDED, "word": 1, "mask": 2, "reason": 1, "deadline": 1, "nonce": 1}


@pytest.mark.parametrize("field", sorted(CHANGED))
def test_the_signature_covers_each_field(world: World, field: str) -> None:
    ask = world.status(world.school, REVOKED, 0, 1)
    signature = world.sign(STATUS_TYPE, ask.message(), world.school.status)
    value: Any = ask.deadline + 1 if field == "deadline" else CHANGED[field]
    changed = replace(ask, **{field: value})
    with refuses("StatusNotSet", changed.org, changed.plane, changed.word, SIGNATURE):
        world.chain.send(world.chain.anchors, "setStatus", changed.tuple(signature), by=world.relayer)


def test_the_signature_covers_on(world: World) -> None:
    school = world.school
    world.set_status(world.status(school, SUSPENDED, 0, 1), school.status)
    ask = world.status(school, SUSPENDED, 0, 3, nonce=1)
    signature = world.sign(STATUS_TYPE, ask.message(), school.status)
    with refuses("StatusNotSet", school.id, SUSPENDED, 0, SIGNATURE):
        request = replace(ask, on=False).tuple(signature)
        world.chain.send(world.chain.anchors, "setStatus", request, by=world.relayer)


def test_a_suspension_is_lifted_and_cannot_be_replayed(world: World) -> None:
    school = world.school
    suspend = world.status(school, SUSPENDED, 3, 1, reason=6)
    world.set_status(suspend, school.status)
    lift = world.status(school, SUSPENDED, 3, 1, on=False, reason=8, nonce=1)
    assert world.set_status(lift, school.status).only.args["on"] is False
    refused(world, suspend, school.status, NONCE)
    assert world.words(school, 3) == [0, 0, 0]
    assert (world.ask("statusNonce", school.id), world.ask("statusNonce", world.leader.id)) == (2, 0)


def test_a_change_of_plane_1_uses_up_the_authorisations_of_every_word(world: World) -> None:
    school = world.school
    never_sent = world.status(school, SUSPENDED, 3, 1)
    world.set_status(world.status(school, SUSPENDED, 4, 1), school.status)
    refused(world, never_sent, school.status, NONCE)
    world.set_status(replace(never_sent, nonce=1), school.status)
    lift = world.status(school, SUSPENDED, 3, 1, on=False, nonce=2)
    world.set_status(lift, school.status)
    for word, nonce in ((3, 0), (3, 1), (3, 2), (4, 0)):
        old = world.status(school, SUSPENDED, word, 0b11, nonce=nonce)
        refused(world, old, school.status, NONCE)
    assert (world.words(school, 3), world.words(school, 4)) == ([0, 0, 0], [0, 1, 0])


def test_what_changes_nothing_uses_up_nothing(world: World) -> None:
    school = world.school
    world.set_status(world.status(school, SUSPENDED, 3, 1), school.status)
    assert world.set_status(world.status(school, SUSPENDED, 3, 1, nonce=1), school.status).events == ()
    assert world.ask("statusNonce", school.id) == 1


def test_a_direct_call_names_the_nonce_too(world: World) -> None:
    school = world.school
    ask = world.status(school, SUSPENDED, 3, 1, nonce=1).tuple(b"")
    with refuses("StatusNotSet", school.id, SUSPENDED, 3, NONCE):
        world.chain.send(world.chain.anchors, "setStatus", ask, by=school.status)


@pytest.mark.parametrize("plane", [REVOKED, SUPERSEDED])
def test_bits_that_stay_are_set_in_any_order(world: World, plane: int) -> None:
    """Authorisations made at one time stay good beside one another and beside suspensions."""
    school = world.school
    asks = [world.status(school, plane, word, 1 << word) for word in range(3)]
    for nonce, ask in enumerate(reversed(asks)):
        world.set_status(world.status(school, SUSPENDED, 5, 1, on=nonce % 2 == 0, nonce=nonce), school.status)
        world.set_status(ask, school.status)
        assert world.set_status(ask, school.status).events == ()
    assert [world.ask("statusWord", school.id, plane, word) for word in range(3)] == [1, 2, 4]
    assert (world.ask("statusNonce", school.id), world.ask("annulments", school.id)) == (3, 0)


def test_annulment_is_the_accreditors_alone(world: World) -> None:
    school = world.school
    world.set_status(world.status(school, REVOKED, 3, 0b111), school.status)
    refused(world, annul(world, 1, account=school.status.address), school.status, ACCOUNT)
    refused(world, annul(world, 1, account=world.owner.address), world.owner, ACCOUNT)
    refused(world, annul(world, 1, reason=8), world.regulator.manager, REASON)
    refused(world, world.status(school, REVOKED, 9, 1, reason=ANNULLED), school.status, REASON)
    refused(world, world.status(school, SUSPENDED, 9, 1, reason=ANNULLED), school.status, REASON)
    sent = world.set_status(annul(world, 0b101), world.regulator.manager)
    assert (sent.only.args["changed"], sent.only.args["on"], sent.only.args["reason"]) == (
        0b101,
        False,
        ANNULLED,
    )
    assert world.words(school, 3) == [0b010, 0, 0]
    assert world.ask("annulments", school.id) == 1


def test_neither_a_revocation_nor_its_annulment_is_replayed(world: World) -> None:
    school = world.school
    revoke = world.status(school, REVOKED, 3, 1)
    world.set_status(revoke, school.status)
    undo = annul(world, 1)
    world.set_status(undo, world.regulator.manager)
    refused(world, revoke, school.status, NONCE)
    world.set_status(replace(revoke, nonce=1), school.status)
    refused(world, undo, world.regulator.manager, NONCE)
    assert world.words(school, 3) == [1, 0, 0]


def test_an_annulment_voids_what_was_authorised_before_it_in_planes_0_and_2_only(world: World) -> None:
    school = world.school
    world.set_status(world.status(school, REVOKED, 3, 1), school.status)
    waiting = [world.status(school, plane, 6, 1) for plane in (REVOKED, SUSPENDED, SUPERSEDED)]
    second = annul(world, 1, deadline=world.chain.now + DAY // 3)
    world.set_status(annul(world, 1), world.regulator.manager)
    world.set_status(world.status(school, REVOKED, 3, 1, nonce=1), school.status)
    refused(world, second, world.regulator.manager, NONCE)
    for ask in waiting:
        if ask.plane == SUSPENDED:
            assert world.set_status(ask, school.status).only.args["changed"] == 1
        else:
            refused(world, ask, school.status, NONCE)
    assert world.words(school, 3) == [1, 0, 0]
    assert (world.ask("statusNonce", school.id), world.ask("annulments", school.id)) == (1, 1)


def test_the_owner_annuls_for_top_organisations(world: World) -> None:
    regulator = world.regulator
    world.set_status(world.status(regulator, SUPERSEDED, 0, 1), regulator.status)
    undo = world.status(regulator, SUPERSEDED, 0, 1, on=False, reason=ANNULLED, account=world.owner.address)
    assert world.set_status(undo, world.owner).only.args["changed"] == 1


@pytest.mark.parametrize("who", ["regulator", "owner"])
def test_after_the_end_the_accreditor_or_the_owner_sets_status(world: World, who: str) -> None:
    school = world.school
    signer = world.owner if who == "owner" else world.regulator.manager
    ask = world.status(school, REVOKED, 0, 1, account=signer.address)
    refused(world, ask, signer, ACCOUNT)
    world.trust("endAccreditation", school.id, 0)
    refused(world, world.status(school, REVOKED, 0, 1), school.status, NOT_ACCREDITED)
    stranger = world.stranger
    refused(world, replace(ask, account=stranger.address), stranger, NOT_ACCREDITED)
    assert world.set_status(ask, signer).only.args["account"] == signer.address


def test_nobody_sets_status_of_an_unknown_organisation(world: World) -> None:
    ask = replace(world.status(world.school, REVOKED, 0, 1), org=org_id("did:web:nobody"))
    refused(world, replace(ask, account=world.owner.address), world.owner, NOT_ACCREDITED)
