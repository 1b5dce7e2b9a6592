"""Record keys and accounts: windows, scopes, compromise, and who may change them."""

from __future__ import annotations

import pytest

from tests.contracts.harness import ZERO, ZERO_ADDRESS, refuses
from tests.contracts.world import ANCHOR, DAY, MANAGE, STATUS, World

KEY = b"k" * 32


def lower(address: str) -> str:
    return address.lower()


def test_a_key_is_added_ended_and_listed(world: World) -> None:
    school = world.school
    sent = world.trust("addKey", school.id, KEY, 0, 0, by=school.manager)
    start = sent.time
    told = {"org": school.id, "key": KEY, "from": start, "to": 0}
    assert (sent.only.name, sent.only.args) == ("KeyAdded", told)
    assert world.ask_trust("keyCount", school.id) == 1
    assert world.ask_trust("keyAt", school.id, 0) == (KEY, (start, 0, 0))
    end = world.chain.next + DAY
    sent = world.trust("endKey", school.id, KEY, end, by=school.manager)
    assert (sent.only.name, sent.only.args) == ("KeyEnded", {"org": school.id, "key": KEY, "to": end})
    with refuses("AlreadyEnded", end, end):
        world.trust("endKey", school.id, KEY, end, by=school.manager)
    sooner = world.trust("endKey", school.id, KEY, 0, by=world.regulator.manager).time
    assert world.ask_trust("keyWindow", school.id, KEY) == (start, sooner, 0)


def test_an_ended_key_is_never_added_again(world: World) -> None:
    school = world.school
    world.trust("addKey", school.id, KEY, 0, 0, by=school.manager)
    world.trust("endKey", school.id, KEY, 0, by=school.manager)
    with refuses("KeyExists", school.id, KEY):
        world.trust("addKey", school.id, KEY, 0, 0, by=school.manager)
    world.trust("endAccount", school.id, school.anchorer.address, 0, by=school.manager)
    with refuses("AccountExists", school.id, lower(school.anchorer.address)):
        world.trust("addAccount", school.id, school.anchorer.address, ANCHOR, 0, 0, by=school.manager)


def test_windows_begin_and_end_ahead_only(world: World) -> None:
    school, now = world.school, world.chain.next
    with refuses("TimeInPast", now - 1, now):
        world.trust("addKey", school.id, KEY, now - 1, 0, by=school.manager)
    with refuses("EmptyWindow", now + 5, now + 5):
        world.trust("addKey", school.id, KEY, now + 5, now + 5, by=school.manager)
    with refuses("TimeInPast", now - 1, now):
        world.trust("endAccount", school.id, school.status.address, now - 1, by=school.manager)
    world.trust("addKey", school.id, KEY, now + 5, now + 9, by=school.manager)
    assert world.ask_trust("keyWindow", school.id, KEY) == (now + 5, now + 9, 0)


def test_zero_and_unknown(world: World) -> None:
    school = world.school
    with refuses("ZeroKey", school.id):
        world.trust("addKey", school.id, ZERO, 0, 0, by=school.manager)
    with refuses("ZeroAccount", school.id):
        world.trust("addAccount", school.id, ZERO_ADDRESS, ANCHOR, 0, 0, by=school.manager)
    for name, extra in (("endKey", 0), ("compromiseKey", 1)):
        with refuses("UnknownKey", school.id, KEY):
            world.trust(name, school.id, KEY, extra, by=school.manager)
    stranger = world.stranger.address
    for name, extra in (("endAccount", 0), ("compromiseAccount", 1)):
        with refuses("UnknownAccount", school.id, lower(stranger)):
            world.trust(name, school.id, stranger, extra, by=school.manager)


@pytest.mark.parametrize("scopes", [0, 8, 255])
def test_scopes_are_anchor_status_and_manage(world: World, scopes: int) -> None:
    with refuses("ScopesNotValid", scopes):
        world.trust(
            "addAccount", world.school.id, world.stranger.address, scopes, 0, 0, by=world.school.manager
        )


def test_an_account_is_added_and_listed(world: World) -> None:
    school, account = world.school, world.stranger.address
    end = world.chain.next + DAY
    sent = world.trust("addAccount", school.id, account, ANCHOR | STATUS, 0, end, by=school.manager)
    told = {"org": school.id, "account": account, "scopes": 3, "from": sent.time, "to": end}
    assert (sent.only.name, sent.only.args) == ("AccountAdded", told)
    assert world.ask_trust("accountCount", school.id) == 4
    assert world.ask_trust("accountAt", school.id, 3) == (account, (sent.time, end, 0, 3))
    sent = world.trust("endAccount", school.id, account, 0, by=school.manager)
    assert (sent.only.name, sent.only.args) == (
        "AccountEnded",
        {"org": school.id, "account": account, "to": sent.time},
    )


def test_compromise_reaches_back_and_is_said_once(world: World) -> None:
    school = world.school
    start = world.trust("addKey", school.id, KEY, 0, 0, by=school.manager).time
    now = world.chain.next
    with refuses("TimeInFuture", now + 1, now):
        world.trust("compromiseKey", school.id, KEY, now + 1, by=school.manager)
    with refuses("TimeInPast", 0, now):
        world.trust("compromiseKey", school.id, KEY, 0, by=school.manager)
    sent = world.trust("compromiseKey", school.id, KEY, start - DAY, by=school.manager)
    told = {"org": school.id, "key": KEY, "from": start - DAY}
    assert (sent.only.name, sent.only.args) == ("KeyCompromised", told)
    with refuses("AlreadyCompromised", start - DAY):
        world.trust("compromiseKey", school.id, KEY, start, by=school.manager)
    world.trust("compromiseKey", school.id, KEY, start, by=world.regulator.manager)
    assert world.ask_trust("keyWindow", school.id, KEY) == (start, 0, start)
    world.trust("compromiseKey", school.id, KEY, 0, by=world.regulator.manager)
    assert world.ask_trust("keyWindow", school.id, KEY) == (start, 0, 0)


def test_a_compromised_manager_manages_nothing(world: World) -> None:
    school = world.school
    address = school.manager.address
    sent = world.trust("compromiseAccount", school.id, address, world.chain.next, by=school.manager)
    told = {"org": school.id, "account": address, "from": sent.time}
    assert (sent.only.name, sent.only.args) == ("AccountCompromised", told)
    with refuses("NotManager", school.id, lower(address)):
        world.trust("addKey", school.id, KEY, 0, 0, by=school.manager)
    assert world.ask_trust("authorityNow", school.id, address)[3] == 0
    assert world.ask_trust("accountOf", school.id, address)[2:] == (sent.time, MANAGE)


@pytest.mark.parametrize("when", ["before", "inside", "after"])
def test_a_manager_acts_inside_its_window(world: World, when: str) -> None:
    school, now = world.school, world.chain.next
    world.trust(
        "addAccount", school.id, world.stranger.address, MANAGE, now + DAY, now + 2 * DAY, by=school.manager
    )
    world.chain.at({"before": now + DAY - 1, "inside": now + DAY, "after": now + 2 * DAY}[when])
    if when == "inside":
        assert world.trust("addKey", school.id, KEY, 0, 0, by=world.stranger).only.name == "KeyAdded"
    else:
        with refuses("NotManager", school.id, lower(world.stranger.address)):
            world.trust("addKey", school.id, KEY, 0, 0, by=world.stranger)


@pytest.mark.parametrize("how", ["endAccreditation", "distrust"])
def test_an_accreditor_out_of_force_acts_for_nobody_and_the_owner_steps_in(world: World, how: str) -> None:
    manager = world.leader.manager
    world.trust(how, world.leader.id, 0)
    with refuses("NotManager", world.member.id, lower(manager.address)):
        world.trust("addKey", world.member.id, KEY, 0, 0, by=manager)
    with refuses("NotAccreditor", world.member.id, lower(manager.address)):
        world.trust("distrust", world.member.id, 0, by=manager)
    assert world.trust("endAccreditation", world.member.id, 0).only.name == "AccreditationEnded"
    world.trust("changeAccreditor", world.member.id, ZERO)
    assert world.trust("addKey", world.member.id, KEY, 0, 0).only.name == "KeyAdded"


def test_ownership_moves_in_two_steps_and_never_ends(world: World) -> None:
    with refuses("OwnershipNotRenounceable"):
        world.trust("renounceOwnership")
    new = world.stranger
    with refuses("OwnableUnauthorizedAccount", lower(new.address)):
        world.trust("transferOwnership", new.address, by=new)
    sent = world.trust("transferOwnership", new.address)
    told = {"previousOwner": world.owner.address, "newOwner": new.address}
    assert (sent.only.name, sent.only.args) == ("OwnershipTransferStarted", told)
    assert world.ask_trust("pendingOwner") == new.address
    assert world.ask_trust("owner") == world.owner.address
    sent = world.trust("acceptOwnership", by=new)
    assert (sent.only.name, sent.only.args) == ("OwnershipTransferred", told)
    assert world.ask_trust("owner") == new.address
    with refuses("OwnableUnauthorizedAccount", lower(world.owner.address)):
        world.trust("withdrawDistrust", world.school.id)


def test_a_registry_needs_an_owner(world: World) -> None:
    with refuses("OwnableInvalidOwner", ZERO_ADDRESS):
        world.chain.deploy("TrustRegistry", ZERO_ADDRESS)


def test_limits_are_public(world: World) -> None:
    assert (world.ask_trust("MAX_PATH"), world.ask_trust("MAX_DID_LENGTH")) == (4, 512)
