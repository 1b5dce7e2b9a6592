"""Attacks on the registries, tried and refused."""

from __future__ import annotations

from dataclasses import replace

import pytest
from eth_account.signers.local import LocalAccount

from tests.contracts.harness import ZERO, refuses
from tests.contracts.world import (
    ALL_KINDS,
    ANCHOR,
    LEADER,
    MANAGE,
    MEMBER,
    SCHOOL,
    Grant,
    Org,
    World,
    org_id,
    root_of,
)

KEY = b"k" * 32
UNIVERSITY = "did:web:famous-university.example"


def outsiders(world: World) -> list[LocalAccount]:
    """Everybody who manages nothing, with accounts of the school among them."""
    return [world.stranger, world.relayer, world.school.anchorer, world.school.status]


def test_nobody_squats_on_an_organisation(world: World) -> None:
    before = world.ask_trust("organisationCount")
    for thief in outsiders(world):
        with refuses("OwnableUnauthorizedAccount", thief.address.lower()):
            world.trust("accredit", UNIVERSITY, Grant().tuple, by=thief)
        for accreditor in (world.regulator, world.school):
            with refuses("NotManager", accreditor.id, thief.address.lower()):
                world.trust("accredit", UNIVERSITY, Grant(accreditor=accreditor.id).tuple, by=thief)
        with refuses("UnknownOrganisation", org_id(UNIVERSITY)):
            world.trust("addKey", org_id(UNIVERSITY), KEY, 0, 0, by=thief)
    # A school that may delegate nothing cannot create anybody either.
    with refuses("KindsNotDelegable", ALL_KINDS, 0):
        world.trust("accredit", UNIVERSITY, Grant(accreditor=world.school.id).tuple, by=world.school.manager)
    assert world.ask_trust("organisationCount") == before


def test_no_other_accreditor_hijacks_an_organisation(world: World) -> None:
    thief = world.leader.manager
    grant = Grant(roles=MEMBER, accreditor=world.leader.id)
    with refuses("NotAccreditor", world.school.id, thief.address.lower()):
        world.accredit(world.school, grant, by=thief)
    world.trust("endAccreditation", world.school.id, 0)
    with refuses("NotAccreditor", world.school.id, thief.address.lower()):
        world.accredit(world.school, grant, by=thief)
    for name in ("endAccreditation", "distrust"):
        with refuses("NotAccreditor", world.school.id, thief.address.lower()):
            world.trust(name, world.school.id, 0, by=thief)
    with refuses("NotManager", world.school.id, thief.address.lower()):
        world.trust("addAccount", world.school.id, thief.address, MANAGE, 0, 0, by=thief)
    # Nor does one reach through its own accredited organisation to those below or above.
    with refuses("NotManager", world.member.id, world.regulator.manager.address.lower()):
        world.trust("addKey", world.member.id, KEY, 0, 0, by=world.regulator.manager)
    with refuses("NotManager", world.regulator.id, thief.address.lower()):
        world.trust("addKey", world.regulator.id, KEY, 0, 0, by=thief)


def test_an_organisation_does_not_accredit_itself(world: World) -> None:
    leader = world.leader
    world.trust("endAccreditation", leader.id, world.chain.next + 10, by=world.regulator.manager)
    start = world.chain.next + 20
    grant = Grant(start=start, roles=MEMBER, accreditor=leader.id)
    with refuses("NotAccreditor", leader.id, leader.manager.address.lower()):
        world.accredit(leader, grant, by=leader.manager)
    with refuses("NotAccreditor", leader.id, leader.manager.address.lower()):
        world.trust("endAccreditation", leader.id, 0, by=leader.manager)


def test_a_firm_does_not_make_its_own_school(world: World) -> None:
    shell = world.new_org("did:web:shell-school.example")
    for roles in (SCHOOL, SCHOOL | MEMBER, LEADER):
        with refuses("RolesNotDelegable", roles, MEMBER):
            world.accredit(shell, Grant(roles=roles, accreditor=world.leader.id), by=world.leader.manager)


@pytest.mark.parametrize("account", ["anchorer", "status"])
def test_a_stolen_hot_account_changes_no_keys_and_no_accounts(world: World, account: str) -> None:
    school = world.school
    world.trust("addKey", school.id, KEY, 0, 0, by=school.manager)
    thief: LocalAccount = getattr(school, account)
    own = thief.address
    calls = (
        ("addKey", school.id, b"t" * 32, 0, 0),
        ("addAccount", school.id, world.stranger.address, ANCHOR, 0, 0),
        ("endKey", school.id, KEY, 0),
        ("endAccount", school.id, school.manager.address, 0),
        ("compromiseKey", school.id, KEY, 1),
        ("compromiseAccount", school.id, own, 1),
    )
    for call in calls:
        with refuses("NotManager", school.id, own.lower()):
            world.trust(*call, by=thief)


def test_a_stolen_anchor_account_anchors_only_until_it_is_ended(world: World) -> None:
    school = world.school
    ask = world.batch(school, 0, root=root_of("forged"))
    forged = world.signed(ask, school.anchorer)
    world.trust("endAccount", school.id, school.anchorer.address, 0, by=school.manager)
    with refuses("BatchNotAnchored", school.id, 0, 6):
        world.relay(forged)
    world.trust("addAccount", school.id, world.stranger.address, ANCHOR, 0, 0, by=school.manager)
    good = world.batch(school, 0, account=world.stranger.address)
    assert world.relay(world.signed(good, world.stranger)).only.args["root"] == good.root


def test_one_ended_organisation_among_many(world: World) -> None:
    orgs: list[Org] = [world.school, world.leader, world.member, world.regulator]
    requests = [world.signed(world.batch(org, 0), org.anchorer) for org in orgs]
    world.trust("endAccreditation", world.leader.id, 0)
    sent = world.relay(*requests)
    told = [(event.name, event.args["org"]) for event in sent.events]
    # The member's own period still runs: whether its path is whole is for the verifier's walk to say.
    assert told == [
        ("BatchAnchored", world.school.id),
        ("BatchRefused", world.leader.id),
        ("BatchAnchored", world.member.id),
        ("BatchAnchored", world.regulator.id),
    ]
    assert sent.events[1].args["code"] == 4
    assert [world.ask("head", org.id) for org in orgs] == [1, 0, 1, 1]
    assert not world.ask_trust("accreditedFor", world.member.id, 7, sent.time)


def test_a_front_runner_harms_nobody(world: World) -> None:
    school = world.school
    request = world.signed(world.batch(school, 0), school.anchorer)
    assert (
        world.chain.send(world.chain.anchors, "anchor", [request], by=world.stranger).only.name
        == "BatchAnchored"
    )
    assert world.relay(request).events == ()


def test_a_signature_with_the_other_s_is_refused(world: World) -> None:
    order = 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEBAAEDCE6AF48A03BBFD25E8CD0364141
    request = world.signed(world.batch(world.school, 0), world.school.anchorer)
    r, s, v = request[-1][:32], int.from_bytes(request[-1][32:64]), request[-1][64]
    other = r + (order - s).to_bytes(32) + bytes([55 - v])
    with refuses("BatchNotAnchored", world.school.id, 0, 9):
        world.relay((*request[:-1], other))


def test_the_owner_takes_a_squatted_name_back(world: World) -> None:
    squatted = replace(world.new_org(UNIVERSITY))
    world.enrol(squatted, Grant(roles=MEMBER, accreditor=world.leader.id), world.leader)
    world.trust("endAccreditation", squatted.id, 0)
    world.trust("changeAccreditor", squatted.id, ZERO)
    for account in (squatted.manager, squatted.anchorer, squatted.status):
        world.trust("endAccount", squatted.id, account.address, 0)
    with refuses("NotAccreditor", squatted.id, world.leader.manager.address.lower()):
        world.accredit(squatted, Grant(roles=MEMBER, accreditor=world.leader.id), by=world.leader.manager)
    with refuses("NotManager", squatted.id, squatted.manager.address.lower()):
        world.trust("addKey", squatted.id, KEY, 0, 0, by=squatted.manager)
    assert world.accredit(squatted, Grant(roles=SCHOOL), by=world.owner).only.name == "Accredited"
