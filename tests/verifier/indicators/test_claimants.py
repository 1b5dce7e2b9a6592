"""Which agreement a community's name means where strangers claim it."""

from __future__ import annotations

import datetime
import hashlib

import pytest

from verifier_cli.encoding import digest_multibase
from verifier_cli.indicators.claimants import candidates, claimants, of_party
from verifier_cli.indicators.community import Agreement, Facts

DAY = datetime.date.fromisoformat
PERIOD = DAY("2025-09-01"), DAY("2026-09-01")
NAME = "urn:community"
SCHOOL, FIRM, MALLORY, ACCOMPLICE = (
    f"did:web:{name}.example" for name in ("school", "firm", "mallory", "accomplice")
)


def digest(name: str) -> str:
    return hashlib.sha256(name.encode()).hexdigest()


def agreement(
    name: str,
    kind: str,
    *parties: str,
    under: tuple[str, ...] = (),
    last: str = "2030-01-01",
    supersedes: tuple[str, ...] = (),
) -> Facts:
    rows = tuple((did, "member", None) for did in parties)
    above = tuple(map(digest, under))
    bound = frozenset(parties)
    subject = NAME if kind == "chain" else f"urn:{name}"
    body = Agreement(subject, kind, DAY("2024-01-01"), DAY(last), rows, bound, above, f"urn:record:{name}")
    former = tuple(map(digest, supersedes))
    issuer = parties[0]
    return Facts(digest(name), "agreement", issuer, DAY("2024-01-01"), 1, former, body)


OURS = agreement("ours", "chain", SCHOOL, FIRM)
THEIRS = agreement("theirs", "chain", MALLORY, ACCOMPLICE)


def meant(did: str, *counted: Facts) -> list[str]:
    """Digests of the agreements that the name may mean to `did`."""
    found = claimants(counted, NAME, *PERIOD)
    return [item.digest for item in of_party(found, counted, did, *PERIOD)]


def test_strangers_claim_a_name_beside_its_owner() -> None:
    assert [item.digest for item in claimants([OURS, THEIRS], NAME, *PERIOD)] == sorted(
        [OURS.digest, THEIRS.digest]
    )


@pytest.mark.parametrize(("did", "own"), [(SCHOOL, OURS), (FIRM, OURS), (MALLORY, THEIRS)])
def test_the_agreement_of_a_party_decides(did: str, own: Facts) -> None:
    assert meant(did, OURS, THEIRS) == [own.digest]


def test_who_joined_belongs_to_the_community_that_he_joined() -> None:
    joining = agreement("joining", "member", FIRM, ACCOMPLICE, under=("ours",))
    rival = agreement("rival", "chain", MALLORY, "did:web:x.example")
    assert meant(ACCOMPLICE, OURS, joining, rival) == [OURS.digest]


def test_who_signed_two_has_to_say_which() -> None:
    second = agreement("second", "chain", FIRM, MALLORY)
    assert sorted(meant(FIRM, OURS, second)) == sorted([OURS.digest, second.digest])
    assert meant("did:web:nobody.example", OURS, second) == []


def test_revisions_of_its_issuer_are_one() -> None:
    newer = agreement("newer", "chain", SCHOOL, FIRM, supersedes=("ours",))
    assert [item.digest for item in claimants([OURS, newer], NAME, *PERIOD)] == [newer.digest]


def test_nobody_supersedes_what_another_issued() -> None:
    usurping = agreement("usurping", "chain", MALLORY, ACCOMPLICE, supersedes=("ours",))
    assert meant(SCHOOL, OURS, usurping) == [OURS.digest]


def test_what_had_ended_claims_nothing_beside_what_is_in_force() -> None:
    ended = agreement("ended", "chain", MALLORY, ACCOMPLICE, last="2025-08-31")
    assert [item.digest for item in claimants([OURS, ended], NAME, *PERIOD)] == [OURS.digest]
    assert [item.digest for item in claimants([ended], NAME, *PERIOD)] == [ended.digest]


@pytest.mark.parametrize("name", ["digest", "record"])
def test_one_is_named_by_its_digest_or_record_id(name: str) -> None:
    given = digest_multibase(bytes.fromhex(OURS.digest)) if name == "digest" else "urn:record:ours"
    assert claimants([OURS, THEIRS], given, *PERIOD) == [OURS]


def test_candidates_are_digests() -> None:
    assert candidates([OURS]) == [digest_multibase(bytes.fromhex(OURS.digest))]


def test_only_a_chain_agreement_has_the_name_of_a_community() -> None:
    assert claimants([agreement("m", "member", SCHOOL, FIRM)], "urn:m", *PERIOD) == []
