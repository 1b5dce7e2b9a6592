"""The evidence reader says exactly what the views that it sums up say, and enumerates everything."""

from __future__ import annotations

from typing import Any

from tests.contracts.harness import ZERO, ZERO_ADDRESS
from tests.contracts.world import (
    ALL_KINDS,
    REVOKED,
    SUPERSEDED,
    SUSPENDED,
    Grant,
    Org,
    World,
    org_id,
)

KEYS = {"school": b"s" * 32, "member": b"m" * 32}


def step(world: World, org: Org, index: int) -> tuple[Any, ...]:
    period = world.ask_trust("periodAt", org.id, index)
    return (org.id, index, period, world.ask_trust("distrustedFrom", org.id))


def evidence(
    world: World, org: Org, sequence: int, number: int, *signers: tuple[bytes, bytes]
) -> dict[str, Any]:
    names = [entry["name"] for entry in _evidence_members(world)]
    return dict(zip(names, world.read("evidence", org.id, sequence, number, list(signers)), strict=True))


def _evidence_members(world: World) -> Any:
    declared: Any = world.chain.reader.abi
    (function,) = (entry for entry in declared if entry.get("name") == "evidence")
    return function["outputs"][0]["components"]


def test_evidence_of_a_batch(world: World) -> None:
    for name, key in KEYS.items():
        org: Org = getattr(world, name)
        world.trust("addKey", org.id, key, 0, 0, by=org.manager)
    anchored = world.anchor(world.member, 0).time
    world.trust("distrust", world.leader.id, anchored)
    for plane in (REVOKED, SUPERSEDED):
        world.set_status(world.status(world.member, plane, 1, 1 << 44), world.member.status)
    e = evidence(world, world.member, 0, 300, *((getattr(world, n).id, k) for n, k in KEYS.items()))
    chain, head = world.chain, world.chain.w3.eth.get_block("latest")
    codes = [
        chain.w3.keccak(chain.w3.eth.get_code(c.address)) for c in (chain.trust, chain.anchors, chain.reader)
    ]
    assert [e["trustCodeHash"], e["anchorCodeHash"], e["readerCodeHash"]] == codes
    assert (e["chainId"], e["trustRegistry"]) == (chain.w3.eth.chain_id, chain.trust.address)
    assert (e["head"], e["batch"]) == (1, world.ask("batchAt", world.member.id, 0))
    account = world.ask_trust("accountOf", world.member.id, world.member.anchorer.address)
    assert (e["account"], e["status"]) == (account, 0b101)
    school_path = (step(world, world.school, 0), step(world, world.regulator, 0))
    member_path = (
        step(world, world.member, 0),
        step(world, world.leader, 0),
        step(world, world.regulator, 0),
    )
    assert member_path[1][3] == anchored
    paths = {"school": school_path, "member": member_path}
    for (name, key), signer in zip(KEYS.items(), e["signers"], strict=True):
        window = world.ask_trust("keyWindow", getattr(world, name).id, key)
        assert signer == (window, paths[name], paths[name])
    # eth-tester runs a call in the block it names: its own number, time and parent.
    assert (e["blockNumber"], e["timestamp"]) == (head["number"], head["timestamp"])
    assert e["parentHash"] == bytes(head["parentHash"])


def test_paths_are_read_then_and_now(world: World) -> None:
    anchored = world.anchor(world.school, 0).time
    world.trust("endAccreditation", world.school.id, 0)
    ended = evidence(world, world.school, 0, 0, (world.school.id, b"s" * 32))["signers"][0]
    then = (step(world, world.school, 0), step(world, world.regulator, 0))
    assert ended == ((0, 0, 0), then, ())
    world.accredit(world.school, Grant(), by=world.owner)
    again = evidence(world, world.school, 0, 0, (world.school.id, b"s" * 32))["signers"][0]
    assert again == ((0, 0, 0), then, (step(world, world.school, 1),))
    assert then[0][2][1] > anchored


def test_a_path_names_the_accreditors_period_even_when_it_has_ended(world: World) -> None:
    end = world.trust("endAccreditation", world.regulator.id, 0).time
    world.accredit(world.regulator, Grant(delegable=ALL_KINDS), by=world.owner)
    signer = evidence(world, world.school, 0, 0, (world.school.id, ZERO))["signers"][0]
    assert signer[2] == (step(world, world.school, 0), step(world, world.regulator, 0))
    assert signer[2][1][2][1] == end


def test_evidence_without_a_batch(world: World) -> None:
    e = evidence(
        world, world.school, 5, 10**13 - 1, (world.school.id, ZERO), (org_id("did:web:nobody"), ZERO)
    )
    assert (e["head"], e["batch"], e["status"]) == (0, (bytes(32), ZERO_ADDRESS, 0, 0, 0, 0), 0)
    path = (step(world, world.school, 0), step(world, world.regulator, 0))
    assert e["signers"] == (((0, 0, 0), path, path), ((0, 0, 0), (), ()))
    assert evidence(world, world.school, 0, 0)["signers"] == ()


def test_the_longest_path_is_read_whole(world: World) -> None:
    chain = [world.regulator]
    for depth in range(3):
        org = world.new_org(f"did:web:depth{depth}.example")
        grant = Grant(delegable=ALL_KINDS, accreditor=chain[-1].id)
        world.enrol(org, grant, chain[-1])
        chain.append(org)
    signer = evidence(world, chain[-1], 0, 0, (chain[-1].id, ZERO))["signers"][0]
    assert [part[0] for part in signer[2]] == [org.id for org in reversed(chain)]
    reader = world.chain.reader
    assert world.chain.call(reader, "MAX_PATH") == world.ask_trust("MAX_PATH") == len(chain)


def test_organisations_are_enumerated(world: World) -> None:
    everyone = tuple(org.id for org in (world.regulator, world.school, world.leader, world.member))
    assert world.read("organisations", 0, 100) == everyone
    assert world.read("organisations", 1, 2) == everyone[1:3]
    assert world.read("organisations", 3, 2**255) == everyone[3:]
    assert world.read("organisations", 4, 1) == world.read("organisations", 2**255, 1) == ()


def test_an_organisation_is_shown_whole(world: World) -> None:
    school = world.school
    for key in (b"a" * 32, b"b" * 32):
        world.trust("addKey", school.id, key, 0, 0, by=school.manager)
    world.trust("endKey", school.id, b"a" * 32, 0, by=school.manager)
    world.trust("endAccreditation", school.id, 0)
    world.accredit(school, Grant(kinds=1), by=world.owner)
    distrusted = world.trust("distrust", school.id, 0).time
    world.trust("withdrawDistrust", school.id)
    world.trust("distrust", school.id, distrusted - 1)
    world.anchor(school, 0, kinds=1)
    world.set_status(world.status(school, SUSPENDED, 2, 1), school.status)
    accounts = (school.manager.address, school.anchorer.address, school.status.address)
    expected = (
        school.id,
        distrusted - 1,
        1,
        3,
        tuple(world.ask_trust("periodAt", school.id, i) for i in range(2)),
        (b"a" * 32, b"b" * 32),
        tuple(world.ask_trust("keyWindow", school.id, key) for key in (b"a" * 32, b"b" * 32)),
        accounts,
        tuple(world.ask_trust("accountOf", school.id, account) for account in accounts),
    )
    assert world.read("organisation", school.id) == expected
    nobody = org_id("did:web:nobody")
    assert world.read("organisation", nobody) == (nobody, 0, 0, 0, (), (), (), (), ())


def test_batches_are_enumerated(world: World) -> None:
    school = world.school
    for sequence in range(4):
        world.anchor(school, sequence, count=sequence + 1)
    every = tuple(world.ask("batchAt", school.id, sequence) for sequence in range(4))
    assert [batch[3] for batch in every] == [1, 2, 3, 4]
    assert world.read("batches", school.id, 0, 2**64 - 1) == every
    assert world.read("batches", school.id, 1, 2) == every[1:3]
    assert world.read("batches", school.id, 4, 2) == ()


def test_status_words_are_enumerated(world: World) -> None:
    school = world.school
    for plane, word, mask in ((REVOKED, 0, 1), (SUSPENDED, 1, 2), (SUPERSEDED, 3, 4), (REVOKED, 3, 8)):
        world.set_status(world.status(school, plane, word, mask), school.status)
    every = (1, 0, 0, 0, 2, 0, 0, 0, 0, 8, 0, 4)
    assert world.read("statusWords", school.id, 0, 100) == every
    assert world.read("statusWords", school.id, 1, 2) == every[3:9]
    assert world.read("statusWords", school.id, 4, 1) == ()
