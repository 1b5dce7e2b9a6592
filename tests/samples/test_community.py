"""What is in the community: counts, links, planted facts, who can upload it."""

from __future__ import annotations

import pytest

from samples.community import Community, build, record_id, to_records
from samples.community.organisations import BY_DID
from samples.community.plan import CLASS_SIZE, MENTORS, TEACHERS, TRAINEES
from samples.community.planted import planted
from samples.community.roster import ALWAYS, mentors, roster
from samples.community.workbooks import REFUSED_ROUND, rounds
from verifier_cli.record import Record
from verifier_cli.rules import SCHEMAS

COUNTS = {
    # 400 x 31 and 20 x 10 weeks a year, less 2 x 6 of the third, one more at a second place;
    # mentors by month, a teacher from a firm at each school for 30 weeks.
    "activity.1": 3 * (400 * 31 + 20 * 10) - 2 * 6 + 1 + 3 * 84 * 10 + 3 * 3 * 30,
    # Chain, members, programmes, strategies, projects; order class, bank, recognition, base twice; mentors.
    "agreement.1": 1 + 14 + 21 + 7 + 15 + 5 + 84,
    # Credits of both kinds but for one graduate; skill levels.
    "credential.1": 2 * (3 * 400 - 1) + 320 + 352 + 368,
    # Deposits; a quarter converts, an eighth redeems, a tenth transfers; one expires, one is tried twice.
    "creditentry.1": 2 * (3 * 400 - 1) + 3 * (100 + 50 + 40) + 1 + 1,
    # Stages, meetings and audits, the case, two exceptions.
    "decision.1": 3 + 3 * (4 + 1) + 3 + 2,
    # One a firm and year, the unanswered one, two forecasts.
    "demand.1": 3 * 7 + 1 + 2,
    "enrolment.1": 3 * (400 * 5 + 20 * 2),
    # January and June, second attempts, 342 of 380 hires independent in two years; firms on firms; surveys.
    "evaluation.1": 3 * 2 * 400 + 2 + 2 * 342 + 3 + 3 * 2 * 51,
    # Work or study; a year later; jobs, converted projects, cases delivered.
    "outcome.1": 3 * 400 + 2 * 380 + 3 * 7 + (2 + 3 + 4) + (5 + 6 + 7),
    "party.1": 15 + 1,
    # Equipment by year and firm, an incentive a year, a laboratory.
    "resource.1": 3 * 7 + 3 + 1,
    # Two posts, three courses in four versions, programme and skill standard in three.
    "standard.1": 2 + 3 * 4 + 3 + 3,
}
CODES = {
    "agreement_ended_shallow",
    "circular_endorsement",
    "credit_expired",
    "double_deposit",
    "early_leaver",
    "ended_agreement_used",
    "evidence_revoked",
    "failed_then_passed",
    "forecast",
    "identical_scores",
    "improvement_case",
    "late_entry",
    "long_day",
    "low_enterprise_share",
    "mentor_overload",
    "night_work",
    "no_contract",
    "no_insurance",
    "order_class",
    "overlap",
    "override",
    "recognition",
    "score_gap",
    "short_practice",
    "unanswered_demand",
    "underpaid",
}


def test_counts_by_type(whole: Community) -> None:
    assert whole.counts() == COUNTS
    assert 57_000 <= len(whole) <= 63_000


def test_every_type_and_every_organisation_takes_part(small: Community) -> None:
    assert set(small.counts()) == set(SCHEMAS)
    signers = {
        did for entry in small.entries for did in (entry.issuer, *(d for d, _ in entry.countersigners))
    }
    assert signers == set(BY_DID)


def test_every_record_of_the_small_community_is_valid(small: Community) -> None:
    records = list(to_records(small))
    assert [record.id for record in records] == [record_id(entry.ref) for entry in small.entries]
    assert len({record.digest for record in records}) == len(records)


def test_every_tenth_of_the_whole_is_valid(whole: Community) -> None:
    """Links need every digest, so all are made; the tenth that is checked varies in type and year."""
    for record in list(to_records(whole, check=False))[::10]:
        assert Record.from_document(record.document).digest == record.digest


def test_the_base_alone_has_no_trainees() -> None:
    base = build(scale=0, with_scenes=False)
    assert {"activity.1", "enrolment.1", "credential.1"}.isdisjoint(base.counts())
    assert planted(base) == ()


@pytest.mark.parametrize("scale", [0.001, 0.05, 0.5])
def test_a_smaller_community_is_part_of_the_whole(whole: Community, scale: float) -> None:
    part = build(scale, with_scenes=False)
    assert {entry.ref for entry in part.entries} < {entry.ref for entry in whole.entries}
    people = [entry.code for cohort in roster(scale) for entry in cohort]
    assert set(ALWAYS) <= set(people)
    assert len(people) == pytest.approx(3 * TRAINEES * scale, abs=len(ALWAYS))


def test_cohorts_classes_mentors_and_teachers() -> None:
    cohorts = roster(1.0)
    for year, cohort in enumerate(cohorts):
        assert len(cohort) == TRAINEES
        assert len({entry.person for entry in cohort}) == TRAINEES
        assert [entry.graduate for entry in cohort if not entry.leaves] == list(range(400))
        hires = [entry.hire for entry in cohort if not entry.leaves and entry.hire is not None]
        assert hires == list(range(380))
        assert len({entry.teacher for entry in cohort}) == sum(TEACHERS[year])
        assert len({entry.code[:-3] for entry in cohort}) == TRAINEES // CLASS_SIZE
    assert [len(of_year) for of_year in mentors(cohorts)] == [MENTORS] * 3
    assert [mentor.number for mentor in mentors(cohorts)[0]] == list(range(MENTORS))


def test_planted_names_are_those_that_systems_break() -> None:
    names = [entry.name for cohort in roster(0.02) for entry in cohort]
    assert any("·" in name for name in names)
    assert any(ord(sign) > 0xFFFF for name in names for sign in name)
    assert any(name.isascii() is False and name[0].isascii() for name in names)


@pytest.mark.parametrize("name", ["small", "whole"])
def test_planted_facts_are_there(name: str, request: pytest.FixtureRequest) -> None:
    community: Community = request.getfixturevalue(name)
    facts = planted(community)
    assert {fact.code for fact in facts} == CODES
    assert len(facts) == len(CODES)
    for fact in facts:
        assert fact.refs
        assert all(ref in community for ref in (*fact.refs, *fact.dependents)), fact.code
        assert fact.record_ids == tuple(map(record_id, fact.refs))


def test_what_rests_on_the_revoked_week_is_listed_whole(whole: Community) -> None:
    (fact,) = (fact for fact in planted(whole) if fact.code == "evidence_revoked")
    resting = set(fact.refs)
    for entry in whole.entries:
        if any(link.ref in resting for link in entry.links):
            resting.add(entry.ref)
    assert resting - set(fact.refs) == set(fact.dependents)
    assert whole.revoked_by("2026-08-19") == frozenset()
    assert whole.revoked_by("2026-08-20") == frozenset(fact.refs)


def test_somebody_can_upload_each_record_of_the_timeline(whole: Community) -> None:
    files, left_out = rounds(whole)
    assert left_out == ()
    assert sum(map(len, files.values())) == len(whole)
    assert list(files)[-1][0] == REFUSED_ROUND
    assert [entry.ref for entry in files[list(files)[-1]]] == ["CBK-25-FS-NF-01-deposit-again"]
    place = {entry.ref: key for key, entries in files.items() for entry in entries}
    for entry in whole.entries:
        for link in entry.links:
            assert place[link.ref] == place[entry.ref] or place[link.ref][0] < place[entry.ref][0]
