"""Who belongs to a community, and which records its report is made of."""

from __future__ import annotations

import datetime
from dataclasses import replace

import pytest

from verifier_cli.indicators.community import (
    Agreement,
    CommunityError,
    Facts,
    inputs,
    members,
    superseded,
)

DAY = datetime.date.fromisoformat
PERIOD = DAY("2025-09-01"), DAY("2026-09-01")
LEADER, SCHOOL, FIRM, SUPPLIER, STRANGER = (f"did:web:{name}.example" for name in ("a", "b", "c", "d", "e"))


def agreement(
    digest: str,
    kind: str,
    *parties: str,
    signers: tuple[str, ...] = (),
    under: tuple[str, ...] = (),
    start: str = "2024-01-01",
    last: str | None = "2030-01-01",
    supersedes: tuple[str, ...] = (),
    subject: str = "",
) -> Facts:
    body = Agreement(
        subject or f"urn:{digest}",
        kind,
        DAY(start),
        None if last is None else DAY(last),
        tuple((did, "member", "upstream") for did in parties),
        frozenset(signers or parties),
        under,
    )
    return Facts(digest, "agreement", parties[0], DAY(start), 1, supersedes, body)


CHAIN = agreement("chain", "chain", LEADER, SCHOOL)


def dids(*counted: Facts) -> set[str]:
    return {item.did for item in members("chain", counted, *PERIOD)}


def test_the_parties_of_the_chain_belong() -> None:
    assert dids(CHAIN) == {LEADER, SCHOOL}


def test_who_joins_by_an_agreement_belongs_and_so_on() -> None:
    joins = agreement("m1", "member", LEADER, FIRM, under=("chain",))
    below = agreement("m2", "member", FIRM, SUPPLIER, under=("m1",))
    assert dids(CHAIN, below, joins) == {LEADER, SCHOOL, FIRM, SUPPLIER}


def test_nobody_joins_without_the_signature_of_a_member() -> None:
    assert dids(CHAIN, agreement("m", "member", STRANGER, FIRM, under=("chain",))) == {LEADER, SCHOOL}


@pytest.mark.parametrize("kind", ["strategic", "programme", "chain"])
def test_only_a_member_agreement_admits(kind: str) -> None:
    assert dids(CHAIN, agreement("m", kind, LEADER, FIRM, under=("chain",))) == {LEADER, SCHOOL}


@pytest.mark.parametrize(
    ("start", "last", "belongs"),
    [
        ("2024-01-01", None, True),
        ("2024-01-01", "2025-09-01", True),  # the first day of the period
        ("2024-01-01", "2025-08-31", False),
        ("2026-08-31", None, True),  # its last day
        ("2026-09-01", None, False),
    ],
)
def test_a_membership_counts_that_is_in_force_on_a_day_of_the_period(
    start: str, last: str | None, belongs: bool
) -> None:
    joins = agreement("m", "member", LEADER, FIRM, under=("chain",), start=start, last=last)
    assert (FIRM in dids(CHAIN, joins)) is belongs


def test_a_membership_that_was_replaced_does_not_count() -> None:
    old = agreement("m1", "member", LEADER, FIRM, under=("chain",))
    new = agreement("m2", "member", LEADER, under=("chain",), supersedes=("m1",))
    assert dids(CHAIN, old, new) == {LEADER, SCHOOL}


def test_a_membership_may_name_an_earlier_version_of_the_chain() -> None:
    first = agreement("first", "chain", LEADER, SCHOOL, subject="urn:chain")
    second = replace(agreement("chain", "chain", LEADER, SCHOOL, subject="urn:chain"), supersedes=("first",))
    joins = agreement("m", "member", LEADER, FIRM, under=("first",))
    assert dids(first, second, joins) == {LEADER, SCHOOL, FIRM}


@pytest.mark.parametrize(
    "counted",
    [
        (),
        (agreement("chain", "strategic", LEADER, SCHOOL),),
        (CHAIN, agreement("next", "chain", LEADER, SCHOOL, supersedes=("chain",))),
        (agreement("chain", "chain", LEADER, SCHOOL, start="2026-09-01"),),
    ],
    ids=["not counted", "no chain", "superseded", "not begun"],
)
def test_without_a_chain_agreement_in_force_there_is_no_community(counted: tuple[Facts, ...]) -> None:
    with pytest.raises(CommunityError):
        members("chain", counted, *PERIOD)


def test_a_successor_that_begins_after_the_period_replaces_nothing_in_it() -> None:
    later = agreement("next", "chain", LEADER, SCHOOL, supersedes=("chain",), start="2026-09-01")
    assert dids(CHAIN, later) == {LEADER, SCHOOL}


def record(digest: str, issuer: str = LEADER, start: str = "2025-10-01", *replaced: str) -> Facts:
    return Facts(digest, "activity", issuer, DAY(start), 1, replaced)


def test_inputs_are_of_members_of_a_type_that_is_read_and_begun() -> None:
    given = [
        record("a"),
        record("b", STRANGER),
        record("c", start="2026-08-31"),
        record("d", start="2026-09-01"),
        record("e", start="2020-01-01"),
        replace(record("f"), schema="party"),
    ]
    assert [item.digest for item in inputs(given, {LEADER}, {"activity"}, PERIOD[1])] == ["a", "c", "e"]


def test_only_the_issuer_of_a_record_supersedes_it_and_by_one_of_its_type() -> None:
    assert superseded([record("a"), record("b", LEADER, "2025-10-01", "a")]) == {"a"}
    assert superseded([record("a"), record("b", STRANGER, "2025-10-01", "a")]) == set()
    other = replace(record("b", LEADER, "2025-10-01", "a"), schema="outcome")
    assert superseded([record("a"), other]) == set()
    assert superseded([record("b", LEADER, "2025-10-01", "a")]) == set()
