"""Issuing with a key at hand: the same records as over HTTP, in transactions of many."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import sqlalchemy as sa
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from tests.support.service import FIRM, SCHOOL, Service, activity, draft, party
from trace_service.database import read
from trace_service.problems import Problem
from trace_service.records.bulk import CHUNK, issue_many
from trace_service.records.compose import Draft
from trace_service.records.queries import RECORD, find_record, outbox, signatures_of
from trace_service.records.views import whole_document
from trace_service.signer.proofs import RecordSigner
from verifier_cli.record import Record
from verifier_cli.signature import verify_proof_set


def _count(service: Service) -> int:
    with read(service.engine) as connection:
        return int(connection.execute(sa.select(sa.func.count()).select_from(RECORD)).scalar_one())


def test_issued_records_are_complete_and_verify(service: Service) -> None:
    issued = issue_many(
        service.engine, service.settings, (draft(party(), FIRM) for _ in range(300)), service.signers[FIRM]
    )
    assert (issued.stored, issued.complete) == (300, 300)
    with read(service.engine) as connection:
        waiting = outbox(connection, 1, 1000)
        assert len(waiting) == 300
        for entry in waiting[::50]:
            row = find_record(connection, FIRM, entry.id)
            assert row is not None
            record = Record.parse(whole_document(row, signatures_of(connection, row.pk)))
            assert verify_proof_set(record) == {FIRM: service.signers[FIRM].public_key}
            assert record.digest == entry.digest
            assert (row.anchor_by - row.completed_at).total_seconds() == service.settings.anchor_within


def test_countersigned_records_wait(served: Service) -> None:
    issued = issue_many(
        served.engine, served.settings, [draft(activity(), FIRM), draft(party(), FIRM)], served.signers[FIRM]
    )
    assert (issued.stored, issued.complete) == (2, 1)
    with served.client(SCHOOL) as client:
        (item,) = client.get("/v1/signing/requests").json()["items"]
    assert "receipt" in served.sign(SCHOOL, item["digest"])


def test_a_bad_draft_undoes_its_chunk_alone(service: Service) -> None:
    def drafts() -> Iterator[Draft]:
        for number in range(CHUNK + 5):
            yield draft(party(externalRef=f"P-{number}"), FIRM)
        yield draft(party(externalRef="P-0"), FIRM)

    with pytest.raises(Problem) as caught:
        issue_many(service.engine, service.settings, drafts(), service.signers[FIRM])
    assert (caught.value.code, caught.value.detail) == ("record.exists", "P-0")
    assert _count(service) == CHUNK


def test_only_own_records(service: Service) -> None:
    with pytest.raises(Problem) as caught:
        issue_many(service.engine, service.settings, [draft(party(), SCHOOL)], service.signers[FIRM])
    assert caught.value.code == "record.issuer"
    assert _count(service) == 0


def test_only_with_a_known_key(service: Service) -> None:
    stranger = RecordSigner(FIRM, Ed25519PrivateKey.generate())
    with pytest.raises(Problem) as caught:
        issue_many(service.engine, service.settings, [draft(party(), FIRM)], stranger)
    assert caught.value.code == "proof.key_unknown"
    assert _count(service) == 0


def test_nothing_to_issue(service: Service) -> None:
    issued = issue_many(service.engine, service.settings, [], service.signers[FIRM])
    assert (issued.stored, issued.complete) == (0, 0)
