"""Accreditation: who may open and end periods, and what the walk over accreditors answers."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.contracts.harness import ZERO, refuses
from tests.contracts.world import (
    ALL_KINDS,
    ALL_ROLES,
    DAY,
    LEADER,
    MANAGE,
    MEMBER,
    REGULATOR,
    SCHOOL,
    Grant,
    World,
    may_give,
    org_id,
)

CREDENTIAL = 7


def under(accreditor: bytes, **changes: int) -> Grant:
    return replace(Grant(accreditor=accreditor), **changes)  # type: ignore[arg-type]


def test_accredit_hashes_the_did_itself_and_tells_it(world: World) -> None:
    did = "did:web:new.example"
    org = world.new_org(did)
    sent = world.accredit(org, Grant(kinds=0xF0, delegable=0x80, roles=SCHOOL), by=world.owner)
    period = {
        "from": sent.time,
        "to": 0,
        "kinds": 0xF0,
        "delegableKinds": 0x80,
        "roles": SCHOOL,
        "accreditorPeriod": 0,
        "accreditor": ZERO,
    }
    expected = {"org": org_id(did), "index": 0, "accreditor": ZERO, "did": did, "period": period}
    assert (sent.only.name, sent.only.args) == ("Accredited", expected)
    assert world.ask_trust("periodAt", org.id, 0) == tuple(period.values())
    assert world.ask_trust("organisationAt", world.ask_trust("organisationCount") - 1) == org.id


@pytest.mark.parametrize("length", [0, 513])
def test_a_did_has_a_length(world: World, length: int) -> None:
    with refuses("DidLength", length):
        world.trust("accredit", "d" * length, Grant().tuple)


def test_the_longest_did_is_taken(world: World) -> None:
    assert world.trust("accredit", "d" * 512, Grant().tuple).only.name == "Accredited"


def test_a_period_names_the_accreditors_own_period(world: World) -> None:
    cut = world.trust("endAccreditation", world.leader.id, 0, by=world.regulator.manager).time
    grant = under(world.regulator.id, delegable=ALL_KINDS, roles=LEADER | may_give(MEMBER))
    world.accredit(world.leader, replace(grant, start=cut + 10), by=world.regulator.manager)
    world.chain.at(cut + 10)
    world.trust("endAccreditation", world.member.id, 0, by=world.leader.manager)
    world.accredit(world.member, under(world.leader.id, roles=MEMBER), by=world.leader.manager)
    assert world.ask_trust("periodAt", world.member.id, 1)[5:] == (1, world.leader.id)


def test_periods_do_not_overlap(world: World) -> None:
    grant = under(world.regulator.id, roles=SCHOOL)
    now = world.chain.next
    with refuses("PeriodOverlaps", world.school.id, now, 0):
        world.accredit(world.school, grant, by=world.regulator.manager)
    end = now + DAY
    world.trust("endAccreditation", world.school.id, end, by=world.regulator.manager)
    with refuses("PeriodOverlaps", world.school.id, end - 1, end):
        world.accredit(world.school, replace(grant, start=end - 1), by=world.regulator.manager)
    world.accredit(world.school, replace(grant, start=end), by=world.regulator.manager)
    assert world.ask_trust("periodCount", world.school.id) == 2
    assert world.ask_trust("periodCovering", world.school.id, end - 1)[:2] == (True, 0)
    assert world.ask_trust("periodCovering", world.school.id, end)[:2] == (True, 1)
    assert world.ask_trust("periodCovering", world.school.id, now - DAY) == (
        False,
        0,
        (0, 0, 0, 0, 0, 0, ZERO),
    )


def test_nothing_is_written_into_the_past(world: World) -> None:
    now = world.chain.next
    new = world.new_org("did:web:new.example")
    with refuses("TimeInPast", now - 1, now):
        world.accredit(new, Grant(start=now - 1), by=world.owner)
    with refuses("EmptyWindow", now, now):
        world.accredit(new, Grant(end=now), by=world.owner)
    with refuses("TimeInPast", now - 1, now):
        world.trust("endAccreditation", world.school.id, now - 1)


def test_an_accreditor_gives_only_what_it_may_delegate(world: World) -> None:
    world.trust("endAccreditation", world.leader.id, 0)
    narrow = under(world.regulator.id, kinds=0xFF, delegable=0x0F, roles=LEADER | may_give(MEMBER))
    world.accredit(world.leader, narrow, by=world.regulator.manager)
    new = world.new_org("did:web:new.example")
    for grant in (under(world.leader.id, kinds=0x10), under(world.leader.id, kinds=0, delegable=0x10)):
        with refuses("KindsNotDelegable", 0x10, 0x0F):
            world.accredit(new, grant, by=world.leader.manager)
    for roles in (SCHOOL, may_give(SCHOOL)):
        with refuses("RolesNotDelegable", SCHOOL, MEMBER):
            world.accredit(new, under(world.leader.id, kinds=0x01, roles=roles), by=world.leader.manager)


def test_an_accreditor_out_of_force_accredits_nobody(world: World) -> None:
    new = world.new_org("did:web:new.example")
    grant = under(world.leader.id, roles=MEMBER)
    world.trust("distrust", world.leader.id, 0)
    with refuses("AccreditorNotAccredited", world.leader.id):
        world.accredit(new, grant, by=world.leader.manager)
    world.trust("withdrawDistrust", world.leader.id)
    world.trust("endAccreditation", world.leader.id, 0)
    with refuses("AccreditorNotAccredited", world.leader.id):
        world.accredit(new, grant, by=world.leader.manager)


def test_a_path_has_four_organisations_at_most(world: World) -> None:
    world.trust("endAccreditation", world.member.id, 0)
    grant = under(world.leader.id, delegable=ALL_KINDS, roles=MEMBER)
    world.accredit(world.member, grant, by=world.leader.manager)
    last = world.new_org("did:web:last.example")
    below = under(world.member.id)
    world.enrol(last, replace(below, delegable=ALL_KINDS), world.member)
    t = world.chain.now
    assert world.ask_trust("accreditedFor", last.id, CREDENTIAL, t)
    with refuses("PathTooLong", last.id):
        world.accredit(world.new_org("did:web:fifth.example"), under(last.id), by=last.manager)


def test_accredited_for_walks_the_whole_path(world: World) -> None:
    start = world.chain.now
    walk = ("accreditedFor", world.member.id, CREDENTIAL)
    assert world.ask_trust(*walk, start)
    assert not world.ask_trust(*walk, world.ask_trust("periodAt", world.member.id, 0)[0] - 1)
    assert not world.ask_trust("accreditedFor", world.member.id, 12, start)
    assert not world.ask_trust("accreditedFor", world.member.id, 24, start)
    assert not world.ask_trust("accreditedFor", org_id("did:web:nobody"), CREDENTIAL, start)
    end = world.trust("endAccreditation", world.regulator.id, 0).time
    assert world.ask_trust(*walk, end - 1)
    assert not world.ask_trust(*walk, end)
    # A new period of the accreditor does not revive what its old one gave.
    again = Grant(delegable=ALL_KINDS, roles=REGULATOR | may_give(ALL_ROLES))
    later = world.accredit(world.regulator, again, by=world.owner).time
    assert not world.ask_trust(*walk, later)
    assert world.ask_trust("accreditedFor", world.regulator.id, CREDENTIAL, later)


def test_own_kinds_and_delegable_kinds_are_different_things(world: World) -> None:
    new = world.new_org("did:web:new.example")
    world.enrol(
        new, under(world.regulator.id, kinds=0x01, delegable=0x80, roles=may_give(MEMBER)), world.regulator
    )
    below = world.new_org("did:web:below.example")
    world.accredit(below, under(new.id, kinds=0x80, roles=MEMBER), by=new.manager)
    t = world.chain.now
    answers = [world.ask_trust("accreditedFor", org.id, kind, t) for org in (new, below) for kind in (0, 7)]
    assert answers == [True, False, False, True]


@pytest.mark.parametrize("depth", ["school", "regulator"])
def test_distrust_covers_every_path_through_an_organisation(world: World, depth: str) -> None:
    org = getattr(world, depth)
    t = world.chain.now
    sent = world.trust("distrust", org.id, t)
    assert (sent.only.name, sent.only.args) == ("Distrusted", {"org": org.id, "from": t})
    assert world.ask_trust("distrustedFrom", org.id) == t
    assert world.ask_trust("accreditedFor", world.school.id, CREDENTIAL, t - 1)
    assert not world.ask_trust("accreditedFor", world.school.id, CREDENTIAL, t)
    sent = world.trust("withdrawDistrust", org.id)
    assert (sent.only.name, sent.only.args) == ("DistrustWithdrawn", {"org": org.id, "from": t})
    assert world.ask_trust("accreditedFor", world.school.id, CREDENTIAL, t)


def test_distrust_moves_only_earlier_and_never_ahead(world: World) -> None:
    now = world.chain.next
    with refuses("TimeInFuture", now + 1, now):
        world.trust("distrust", world.school.id, now + 1)
    first = world.trust("distrust", world.school.id, 0, by=world.regulator.manager).time
    with refuses("AlreadyDistrusted", world.school.id, first):
        world.trust("distrust", world.school.id, first)
    world.trust("distrust", world.school.id, 1)
    assert world.ask_trust("distrustedFrom", world.school.id) == 1
    with refuses("NotDistrusted", world.leader.id):
        world.trust("withdrawDistrust", world.leader.id)
    with refuses("OwnableUnauthorizedAccount", world.regulator.manager.address.lower()):
        world.trust("withdrawDistrust", world.school.id, by=world.regulator.manager)


def test_ending_cuts_what_runs_and_empties_what_has_not_begun(world: World) -> None:
    end = world.chain.next + DAY
    world.trust("endAccreditation", world.school.id, end, by=world.regulator.manager)
    grant = under(world.regulator.id, roles=SCHOOL, start=end + DAY)
    world.accredit(world.school, grant, by=world.regulator.manager)
    sent = world.trust("endAccreditation", world.school.id, 0, by=world.regulator.manager)
    told = [(event.name, event.args["index"], event.args["to"]) for event in sent.events]
    assert told == [("AccreditationEnded", 1, sent.time), ("AccreditationEnded", 0, sent.time)]
    assert world.ask_trust("periodAt", world.school.id, 1)[:2] == (sent.time, sent.time)
    assert not world.ask_trust("periodCovering", world.school.id, sent.time)[0]
    assert not world.ask_trust("periodCovering", world.school.id, end + DAY)[0]
    with refuses("NothingToEnd", world.school.id, world.chain.next):
        world.trust("endAccreditation", world.school.id, 0)
    world.accredit(world.school, replace(grant, start=0), by=world.regulator.manager)
    assert world.ask_trust("authorityNow", world.school.id, world.school.anchorer.address) == (
        True,
        True,
        ALL_KINDS,
        1,
    )


def test_a_running_period_counts_while_the_next_waits(world: World) -> None:
    end = world.chain.next + DAY
    world.trust("endAccreditation", world.school.id, end)
    grant = under(world.regulator.id, kinds=1, roles=SCHOOL, start=end + DAY)
    world.accredit(world.school, grant, by=world.regulator.manager)
    account = world.school.manager.address
    assert world.ask_trust("authorityNow", world.school.id, account) == (True, True, ALL_KINDS, MANAGE)
    world.chain.at(end)
    world.chain.tester.mine_block()
    assert world.ask_trust("authorityNow", world.school.id, account) == (True, False, 0, MANAGE)
    world.chain.at(end + DAY)
    world.chain.tester.mine_block()
    assert world.ask_trust("authorityNow", world.school.id, account) == (True, True, 1, MANAGE)
    assert world.ask_trust("authorityNow", org_id("did:web:nobody"), account) == (False, False, 0, 0)


def test_changing_the_accreditor_is_the_owners(world: World) -> None:
    change = ("changeAccreditor", world.school.id, world.leader.id)
    with refuses("OwnableUnauthorizedAccount", world.regulator.manager.address.lower()):
        world.trust(*change, by=world.regulator.manager)
    with refuses("SelfAccreditation", world.school.id):
        world.trust("changeAccreditor", world.school.id, world.school.id)
    nobody = org_id("did:web:nobody")
    with refuses("UnknownOrganisation", nobody):
        world.trust("changeAccreditor", nobody, world.leader.id)
    with refuses("UnknownOrganisation", nobody):
        world.trust("changeAccreditor", world.school.id, nobody)
    sent = world.trust(*change)
    told = {"org": world.school.id, "previous": world.regulator.id, "current": world.leader.id}
    assert (sent.only.name, sent.only.args) == ("AccreditorChanged", told)
    assert world.ask_trust("accreditorOf", world.school.id) == world.leader.id
    assert world.ask_trust("isAccreditor", world.school.id, world.leader.manager.address)
    assert not world.ask_trust("isAccreditor", world.school.id, world.regulator.manager.address)
    assert world.ask_trust("periodAt", world.school.id, 0)[6] == world.regulator.id
    with refuses("NotAccreditor", world.school.id, world.regulator.manager.address.lower()):
        world.trust("endAccreditation", world.school.id, 0, by=world.regulator.manager)


def test_an_accreditation_by_the_owner_takes_the_organisation_over(world: World) -> None:
    world.trust("endAccreditation", world.school.id, 0)
    sent = world.accredit(world.school, Grant(roles=SCHOOL), by=world.owner)
    assert [event.name for event in sent.events] == ["AccreditorChanged", "Accredited"]
    assert world.ask_trust("accreditorOf", world.school.id) == ZERO
    assert world.ask_trust("isAccreditor", world.school.id, world.owner.address)


def test_unknown_organisations(world: World) -> None:
    nobody = org_id("did:web:nobody")
    calls = (
        ("endAccreditation", nobody, 0),
        ("distrust", nobody, 0),
        ("withdrawDistrust", nobody),
        ("addKey", nobody, b"k" * 32, 0, 0),
        ("addAccount", nobody, world.owner.address, MANAGE, 0, 0),
    )
    for call in calls:
        with refuses("UnknownOrganisation", nobody):
            world.trust(*call)
    assert not world.ask_trust("isAccreditor", nobody, world.owner.address)
