"""Composing and storing drafts: numbers, links, NFC, and what is refused."""

from __future__ import annotations

import unicodedata
from typing import Any

import pytest
import sqlalchemy as sa

from tests.support.service import CHAIN, FIRM, OTHER, SCHOOL, Service, activity, draft, party
from trace_service.database import read, utc_now, write
from trace_service.organisations.queries import ORGANISATION
from trace_service.problems import Problem
from trace_service.records.compose import Draft, DraftLink, new_id
from trace_service.records.numbers import WORD
from trace_service.records.queries import RECORD, outbox, signatures_of
from trace_service.records.service import DraftedRecord, draft_many
from verifier_cli.errors import SchemaError
from verifier_cli.record import Record
from verifier_cli.schema import validate


def _draft(service: Service, proposer: str, *drafts: Draft, whole_words: bool = True) -> list[DraftedRecord]:
    with write(service.engine) as connection:
        return draft_many(connection, CHAIN, proposer, drafts, whole_words=whole_words)


def _refused(service: Service, proposer: str, *drafts: Draft) -> Problem:
    with pytest.raises(Problem) as caught:
        _draft(service, proposer, *drafts)
    with read(service.engine) as connection:
        assert connection.execute(sa.select(sa.func.count()).select_from(RECORD)).scalar() == 0
    return caught.value


def _enrolment(issuer: str, **changes: Any) -> Draft:
    body = {
        "schema": "enrolment.1",
        "subject": {
            "id": "urn:uuid:5a8c2f57-36f7-4c0e-9a37-9d7f1c0f7f20",
            "type": ["Enrolment"],
            "programme": {"code": "510301", "name": {"zh": "物联网应用技术"}},
            "from": "2026-03-01",
            "to": "2026-12-31",
            "status": "active",
            "stage": 1,
        },
        "validFrom": "2026-03-01T00:00:00Z",
        "countersigners": [
            {"id": SCHOOL if issuer == FIRM else FIRM, "role": "school" if issuer == FIRM else "enterprise"}
        ],
    }
    return draft(body | changes, issuer)


def test_stored_document_is_valid_and_is_the_one_signed(service: Service) -> None:
    (made,) = _draft(service, FIRM, draft(activity(), FIRM))
    with read(service.engine) as connection:
        row = connection.execute(sa.select(RECORD)).one()
        signatures = signatures_of(connection, made.pk)
    again = Record.parse(row.document)
    validate(again.document)
    assert again.digest == row.digest == made.digest
    assert again.issuer == FIRM
    assert [(s.position, s.signer_did, s.role, s.proof) for s in signatures] == [
        (0, FIRM, "issuer", None),
        (1, SCHOOL, "school", None),
    ]


def test_ids_and_salts_are_fresh(service: Service) -> None:
    body = activity()
    made = _draft(service, FIRM, *(draft(body, FIRM) for _ in range(50)))
    assert len({one.id for one in made}) == len({one.record.document["salt"] for one in made}) == 50


def test_text_is_stored_in_nfc(service: Service) -> None:
    body = party()
    body["subject"]["name"] = {"zh": "Zoe\u0308", "en": "\u1e9b\u0323"}
    (made,) = _draft(service, FIRM, draft(body, FIRM))
    names = made.record.document["credentialSubject"]["name"]
    assert names == {"zh": "Zo\u00eb", "en": unicodedata.normalize("NFC", "\u1e9b\u0323")}


def test_a_job_gets_whole_words_in_random_order(service: Service) -> None:
    body = party()
    made = _draft(service, FIRM, *(draft(body, FIRM) for _ in range(WORD + 44)))
    numbers = [one.record.status.number for one in made]
    assert sorted(numbers[:WORD]) == list(range(WORD))
    assert all(number // WORD == 1 for number in numbers[WORD:])
    assert len(set(numbers)) == len(numbers)
    assert numbers[:WORD] != sorted(numbers[:WORD])
    (later,) = _draft(service, FIRM, draft(body, FIRM))
    assert later.record.status.number // WORD == 2


def test_single_records_share_a_word_until_it_is_full(service: Service) -> None:
    body = party()
    numbers = [
        _draft(service, FIRM, draft(body, FIRM), whole_words=False)[0].record.status.number for _ in range(20)
    ]
    assert len(set(numbers)) == 20
    assert {number // WORD for number in numbers} == {0}
    assert numbers != sorted(numbers)
    rest = _draft(service, FIRM, *(draft(body, FIRM) for _ in range(WORD - 20)), whole_words=False)
    assert {one.record.status.number for one in rest} == set(range(WORD)) - set(numbers)
    (over,) = _draft(service, FIRM, draft(body, FIRM), whole_words=False)
    assert over.record.status.number // WORD == 1


def test_open_word_is_not_given_to_a_job(service: Service) -> None:
    body = party()
    (single,) = _draft(service, FIRM, draft(body, FIRM), whole_words=False)
    job = _draft(service, FIRM, *(draft(body, FIRM) for _ in range(3)))
    (next_single,) = _draft(service, FIRM, draft(body, FIRM), whole_words=False)
    words = [one.record.status.number // WORD for one in (single, *job, next_single)]
    assert words == [0, 1, 1, 1, 0]


def test_numbers_are_each_organisations_own(service: Service) -> None:
    ours, theirs = (_draft(service, did, draft(party(), did))[0].record.status for did in (FIRM, SCHOOL))
    assert ours.number // WORD == theirs.number // WORD == 0
    assert ours.org_id != theirs.org_id


def test_numbers_run_out_at_thirteen_digits(service: Service) -> None:
    with write(service.engine) as connection:
        connection.execute(sa.update(ORGANISATION).values(next_status_number=10**13 // WORD * WORD))
    problem = _refused(service, FIRM, draft(party(), FIRM))
    assert (problem.status, problem.code) == (409, "record.numbers_exhausted")


def test_link_within_one_call_and_to_a_stored_record(service: Service) -> None:
    enrolment_id = new_id()
    log = activity(links=[{"id": enrolment_id, "rel": "performedUnder"}])
    first, second = _draft(service, FIRM, _draft_with_id(_enrolment(FIRM), enrolment_id), draft(log, FIRM))
    (third,) = _draft(service, SCHOOL, draft(log | {"issuer": FIRM}, SCHOOL))
    for made in (second, third):
        assert [(link.id, link.digest, link.rel) for link in made.record.links] == [
            (enrolment_id, first.digest, "performedUnder")
        ]


def _draft_with_id(one: Draft, record_id: str) -> Draft:
    return Draft(
        one.schema, one.issuer, one.subject, one.valid_from, countersigners=one.countersigners, id=record_id
    )


def test_link_to_nothing(service: Service) -> None:
    problem = _refused(
        service, FIRM, draft(activity(links=[{"id": new_id(), "rel": "performedUnder"}]), FIRM)
    )
    assert (problem.code, problem.path) == ("record.link_unknown", "$.links[0]")


def test_link_to_another_tenants_record_needs_its_digest(service: Service) -> None:
    (theirs,) = _draft(service, FIRM, _enrolment(FIRM))
    log = activity(links=[{"id": theirs.id, "rel": "performedUnder"}])
    with pytest.raises(Problem) as caught:
        _draft(service, OTHER, draft(log, OTHER))
    assert caught.value.code == "record.link_unknown"
    known = Draft(
        "activity.1",
        OTHER,
        log["subject"],
        log["validFrom"],
        links=(DraftLink(theirs.id, "performedUnder", digest=theirs.digest),),
        countersigners=((SCHOOL, "school"),),
    )
    assert _draft(service, OTHER, known)[0].record.links[0].digest == theirs.digest


def test_link_with_a_wrong_digest(service: Service) -> None:
    enrolment_id = new_id()
    wrong = Draft(
        "activity.1",
        FIRM,
        activity()["subject"],
        "2026-07-03T00:00:00Z",
        links=(DraftLink(enrolment_id, "performedUnder", digest=bytes(32)),),
        countersigners=((SCHOOL, "school"),),
    )
    problem = _refused(service, FIRM, _draft_with_id(_enrolment(FIRM), enrolment_id), wrong)
    assert problem.code == "record.link_digest"


@pytest.mark.parametrize("stored", [False, True])
def test_link_to_a_record_of_a_type_that_is_not_allowed(service: Service, *, stored: bool) -> None:
    target = draft(activity(), FIRM)
    target_id = new_id()
    one = Draft(
        target.schema,
        target.issuer,
        target.subject,
        target.valid_from,
        countersigners=target.countersigners,
        id=target_id,
    )
    bad = draft(activity(links=[{"id": target_id, "rel": "performedUnder"}]), FIRM)
    if stored:
        _draft(service, FIRM, one)
    with pytest.raises(Problem) as caught:
        _draft(service, FIRM, *([bad] if stored else [one, bad]))
    problem = caught.value
    assert (problem.status, problem.code, problem.path) == (422, "record.link_type", "$.links[0]")
    assert problem.fix == "performedUnder may name: enrolment, agreement"


def test_only_its_issuer_supersedes_a_record(service: Service) -> None:
    (theirs,) = _draft(service, FIRM, draft(activity(), FIRM))
    after = activity(
        issuer=SCHOOL,
        countersigners=[{"id": FIRM, "role": "enterprise"}],
        links=[{"id": theirs.id, "rel": "supersedes"}],
    )
    with pytest.raises(Problem) as caught:
        _draft(service, SCHOOL, draft(after, SCHOOL))
    assert (caught.value.code, caught.value.path) == ("record.link_issuer", "$.links[0]")


def test_unknown_relation_is_refused_with_its_path(service: Service) -> None:
    (theirs,) = _draft(service, FIRM, draft(activity(), FIRM))
    with pytest.raises(SchemaError) as caught:
        _draft(service, FIRM, draft(activity(links=[{"id": theirs.id, "rel": "awards"}]), FIRM))
    assert caught.value.path == "$.relatedResource[0].rel"


def test_proposer_must_be_a_signer(service: Service) -> None:
    problem = _refused(service, OTHER, draft(activity(issuer=FIRM), OTHER))
    assert (problem.status, problem.code) == (403, "record.not_a_signer")


@pytest.mark.parametrize(
    "body",
    [
        activity(countersigners=[{"id": "did:web:nobody.example", "role": "school"}]),
        activity(issuer="did:web:nobody.example", countersigners=[{"id": FIRM, "role": "enterprise"}]),
    ],
)
def test_unknown_signer(service: Service, body: dict[str, Any]) -> None:
    problem = _refused(service, FIRM, draft(body, FIRM))
    assert (problem.status, problem.code, problem.detail) == (
        422,
        "record.signer_unknown",
        "did:web:nobody.example",
    )


def test_person_as_issuer_is_refused(service: Service) -> None:
    did = "did:key:z6MkrFMgwYPzieN7J1VAFrWmbCsDax1FU4comf88ef97cgnA"
    problem = _refused(
        service, FIRM, draft(activity(issuer=did, countersigners=[{"id": FIRM, "role": "school"}]), FIRM)
    )
    assert problem.code == "record.signer_unknown"


def test_signer_combination_is_the_schemas(service: Service) -> None:
    with pytest.raises(SchemaError) as caught:
        _draft(service, FIRM, draft(activity(countersigners=[]), FIRM))
    assert caught.value.path == "$.countersigners"


@pytest.mark.parametrize("revision", [1, 2])
def test_reference_and_revision_are_drafted_once(service: Service, revision: int) -> None:
    one = draft(party(externalRef="P-1", revision=revision), FIRM)
    _draft(service, FIRM, one)
    with pytest.raises(Problem) as caught:
        _draft(service, FIRM, draft(party(externalRef="P-1", revision=1), FIRM))
    assert (caught.value.status, caught.value.code, caught.value.detail) == (409, "record.exists", "P-1")
    _draft(service, FIRM, draft(party(externalRef="P-1", revision=3), FIRM))
    _draft(service, SCHOOL, draft(party(externalRef="P-1"), SCHOOL))


def test_a_rejected_draft_holds_no_reference(service: Service) -> None:
    """A partner may draft in an issuer's name; what the issuer rejects must not block its own numbering."""
    taken = activity(externalRef="A-1", revision=1_000_000)
    taken["countersigners"] = [{"id": SCHOOL, "role": "school"}]
    (blocking,) = _draft(service, SCHOOL, draft(taken, FIRM))
    own = activity(externalRef="A-1", revision=1)
    with pytest.raises(Problem):
        _draft(service, FIRM, draft(own, FIRM))
    _reject(service, blocking.pk)
    _draft(service, FIRM, draft(own, FIRM))
    _draft(service, FIRM, draft(taken, FIRM))  # the very revision too


def _reject(service: Service, record_pk: int) -> None:
    with write(service.engine) as connection:
        connection.execute(RECORD.update().where(RECORD.c.pk == record_pk).values(rejected_at=utc_now()))


def test_reference_twice_in_one_call(service: Service) -> None:
    one = draft(party(externalRef="P-1"), FIRM)
    assert _refused(service, FIRM, one, one).code == "record.exists"


def test_id_twice(service: Service) -> None:
    one = _draft_with_id(draft(party(), FIRM), new_id())
    assert _refused(service, FIRM, one, one).path == "$.id"


def test_drafts_are_not_in_the_outbox(service: Service) -> None:
    _draft(service, FIRM, draft(party(), FIRM))
    with read(service.engine) as connection:
        assert not outbox(connection, 1, 10)
