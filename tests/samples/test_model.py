"""Ids from references, the order of entries, documents that are the same on every run."""

from __future__ import annotations

import hashlib
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from samples.community import Community, Entry, LinkTo, build, person, record_id, thing, to_records
from samples.community.model import RefError
from samples.community.organisations import BANK, LEADER, ZQ
from tests.support.records import REGISTRY
from verifier_cli.errors import SchemaError

UUID4 = re.compile(r"urn:uuid:[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}")
ROOT = Path(__file__).parents[2]
DIGEST = """
import hashlib
from samples.community import build, to_records
print(hashlib.sha256(b"".join(r.canonical for r in to_records(build(0.02), check=False))).hexdigest())
"""


def entry(ref: str, *links: LinkTo) -> Entry:
    """A party record of the school."""
    subject = {"id": ZQ.did, "kind": "organisation", "name": {"zh": ZQ.zh}, "roles": ["school"]}
    return Entry(ref, "party.1", ZQ.did, (), subject, "2024-01-01T00:00:00Z", links)


def test_ids_are_version_4_and_of_separate_spaces() -> None:
    found = [make(ref) for make in (record_id, person, thing) for ref in ("a", "b", "人")]
    assert len(set(found)) == 9
    assert all(UUID4.fullmatch(urn) for urn in found)
    assert found[0] == record_id("a") == Community.record_id("a")


def test_a_reference_stands_once_and_links_lead_back() -> None:
    community = Community()
    community.add(entry("first"), entry("second", LinkTo("first", "supersedes")))
    assert [one.ref for one in community.entries] == ["first", "second"]
    with pytest.raises(RefError) as twice:
        community.add(entry("first"))
    assert twice.value.ref == "first"
    with pytest.raises(RefError) as dangling:
        community.add(entry("third", LinkTo("nowhere", "supersedes")))
    assert dangling.value.ref == "nowhere"
    assert "third" not in community
    assert len(community) == 2


def test_links_carry_the_digest_of_their_target() -> None:
    community = Community()
    community.add(entry("first"), entry("second", LinkTo("first", "supersedes")))
    first, second = to_records(community)
    (link,) = second.links
    assert (link.id, link.digest, link.rel) == (record_id("first"), first.digest, "supersedes")
    assert [record.status.number for record in (first, second)] == [0, 1]


def test_chain_and_registry_can_be_given() -> None:
    community = Community()
    community.add(entry("first"))
    (record,) = to_records(community, chain_id=7, registry=REGISTRY)
    assert (record.status.chain_id, record.status.registry) == (7, REGISTRY)


def test_an_invalid_entry_does_not_become_a_record() -> None:
    community = Community()
    subject = {"id": person("a"), "op": "deposit", "bank": LEADER.did, "creditKind": "school", "amount": 0}
    community.add(
        Entry("wrong", "creditentry.1", BANK.did, (), {**subject, "on": "2024-01-01"}, "2024-01-01T00:00:00Z")
    )
    with pytest.raises(SchemaError) as refused:
        list(to_records(community))
    assert refused.value.path == "$.credentialSubject.bank"


def test_unchecked_records_are_the_checked_ones(small: Community) -> None:
    pairs = zip(to_records(small), to_records(small, check=False), strict=True)
    assert all(checked == unchecked for checked, unchecked in pairs)


def test_the_same_bytes_in_another_process(small: Community) -> None:
    here = hashlib.sha256(b"".join(record.canonical for record in to_records(small, check=False)))
    for seed in ("1", "2"):
        environment = {**os.environ, "PYTHONHASHSEED": seed}
        command = [sys.executable, "-c", DIGEST]
        done = subprocess.run(
            command, capture_output=True, text=True, check=True, timeout=120, cwd=ROOT, env=environment
        )
        assert done.stdout.strip() == here.hexdigest()


def test_two_builds_are_equal(small: Community) -> None:
    assert build(scale=0.02).entries == small.entries
