"""Gas, to the unit: a committed table, and the goals of protocol section 5 over it.

``python -m tests.contracts.test_gas`` writes the table anew; the difference belongs in the review.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

from tests.contracts.harness import GAS_LIMIT, Chain
from tests.contracts.world import ANCHOR, REVOKED, SUPERSEDED, SUSPENDED, Grant, Org, World

TABLE = Path(__file__).with_name("gas.json")
#: Far ahead of every run's clock, so that times, and with them the calldata, are always the same.
START = 2_000_000_000
ORGS = 10
#: All 256 neighbours of a word; this mask is the dearest calldata.
WHOLE_WORD = 2**256 - 1
KEY = b"k" * 32

GOALS = {
    "anchor: first of an organisation": 115_000,
    "anchor: later": 100_000,
    "anchor: later, each of 10 organisations in one transaction": 80_000,
    "status: revoke, first in a word": 70_000,
    "status: revoke, later in a word": 55_000,
    "status: revoke, first in a word, 256 neighbours": 70_000,
    "status: supersede, first in a word": 70_000,
    "status: supersede, later in a word": 55_000,
    "status: suspend, later in a word": 55_000,
    "status: reinstate": 55_000,
    "status: suspend, first in a word": 70_000,
    "status: suspend, first in a word, 256 neighbours": 70_000,
    "status: suspend, later in a word, 256 neighbours": 55_000,
}


def anchor_rows(world: World, orgs: list[Org]) -> dict[str, int]:
    rows = {
        "anchor: first of an organisation": world.anchor(world.school, 0).gas,
        "anchor: later": world.anchor(world.school, 1).gas,
        "anchor: repeat": world.anchor(world.school, 1).gas,
    }
    for sequence, name in enumerate(("first", "later")):
        requests = [world.signed(world.batch(org, sequence), org.anchorer) for org in orgs]
        gas = world.relay(*requests).gas
        rows[f"anchor: {name}, each of 10 organisations in one transaction"] = gas // ORGS
    return rows


def status_rows(world: World) -> dict[str, int]:
    school, rows = world.school, {}
    planes = {"revoke": REVOKED, "supersede": SUPERSEDED, "suspend": SUSPENDED}
    for word, (name, plane) in enumerate(planes.items()):
        first = world.status(school, plane, word, 1)
        rows[f"status: {name}, first in a word"] = world.set_status(first, school.status).gas
        later = world.status(school, plane, word, 2, nonce=1 if plane == SUSPENDED else 0)
        rows[f"status: {name}, later in a word"] = world.set_status(later, school.status).gas
    whole = world.status(school, REVOKED, 10, WHOLE_WORD)
    rows["status: revoke, first in a word, 256 neighbours"] = world.set_status(whole, school.status).gas
    lift = world.status(school, SUSPENDED, 2, 1, on=False, nonce=2)
    rows["status: reinstate"] = world.set_status(lift, school.status).gas
    for when, word, nonce in (("first", 11, 3), ("later", 2, 4)):
        whole = world.status(school, SUSPENDED, word, WHOLE_WORD, nonce=nonce)
        gas = world.set_status(whole, school.status).gas
        rows[f"status: suspend, {when} in a word, 256 neighbours"] = gas
    return rows


def registry_rows(world: World) -> dict[str, int]:
    school = world.school
    new = world.new_org("did:web:new.example")
    grant = Grant(accreditor=world.regulator.id)
    add = ("addAccount", school.id, new.anchorer.address, ANCHOR, 0, 0)
    return {
        "registry: accredit a new organisation": world.accredit(new, grant, by=world.regulator.manager).gas,
        "registry: add a key": world.trust("addKey", school.id, KEY, 0, 0, by=school.manager).gas,
        "registry: end a key": world.trust("endKey", school.id, KEY, 0, by=school.manager).gas,
        "registry: add an account": world.trust(*add, by=school.manager).gas,
        "registry: distrust": world.trust("distrust", school.id, 0).gas,
    }


def evidence_row(world: World) -> dict[str, int]:
    """Gas of the verifier's call for an enterprise record: two signers, three organisations on a path."""
    signers = [(world.member.id, KEY), (world.school.id, KEY)]
    call = world.chain.reader.functions.evidence(world.chain.anchors.address, world.member.id, 0, 0, signers)
    return {"evidence: two signers": call.estimate_gas({"gas": GAS_LIMIT})}


def measure() -> dict[str, int]:
    """The whole table on a chain of its own."""
    chain = Chain()
    chain.at(START)
    world = World(chain).settle()
    orgs = []
    for number in range(ORGS):
        first = world.school if number % 2 else world.leader
        org = Org(f"did:web:org{number}.example", first.manager, first.anchorer, first.status)
        world.enrol(org, Grant(accreditor=world.regulator.id), world.regulator)
        orgs.append(org)
    deployments = {
        f"deploy: {name}": chain.deployment_gas[name]
        for name in ("TrustRegistry", "AnchorRegistry", "EvidenceReader")
    }
    rows = {**deployments, **anchor_rows(world, orgs), **status_rows(world)}
    world.anchor(world.member, 0)
    return {**rows, **evidence_row(world), **registry_rows(world)}


@pytest.fixture(scope="module")
def table() -> dict[str, int]:
    return measure()


def test_the_table_is_the_committed_one(table: dict[str, int]) -> None:
    assert table == json.loads(TABLE.read_text("utf-8"))


@pytest.mark.parametrize("row", sorted(GOALS))
def test_goals(table: dict[str, int], row: str) -> None:
    assert table[row] <= GOALS[row]


if __name__ == "__main__":
    TABLE.write_text(json.dumps(measure(), indent=1) + "\n", "utf-8")
    sys.stdout.write(TABLE.read_text("utf-8"))
