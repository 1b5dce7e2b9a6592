"""The graph over HTTP: what a caller sees of it, and its bounds."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from fastapi.testclient import TestClient

from tests.support.records import complete_record, link
from tests.support.service import FIRM, OTHER, SCHOOL, Service, make_service
from trace_service.database import read, utc_now, write
from trace_service.lineage.links import LINK
from trace_service.organisations.queries import ORGANISATION
from trace_service.records.rows import NewRecord, insert_open_signatures, insert_records
from trace_service.security import create_key
from verifier_cli.encoding import digest_multibase
from verifier_cli.record import Record


@dataclass
class Desk:
    """A service with records of firm, school and another firm."""

    service: Service
    client: TestClient
    numbers: int = 0
    pks: dict[str, int] = field(default_factory=dict)

    def add(
        self, schema: str, issuer: str, *signers: tuple[str, str], links: Any = (), **changes: Any
    ) -> Record:
        """Store a record that cites others, given as (relation, record)."""
        self.numbers += 1
        entries = [link(target.document, rel) for rel, target in links] + changes.pop("entries", [])
        record = complete_record(
            schema,
            name=f"r{self.numbers}",
            number=self.numbers,
            issuer=issuer,
            countersigners=list(signers),
            links=entries,
            **changes,
        )
        pk = self.pks[issuer]
        with write(self.service.engine) as connection:
            now = utc_now()
            new = [NewRecord(record, pk, pk, self.numbers)]
            stored = insert_records(connection, new, now, completed_at=now, anchor_by=now)
            insert_open_signatures(connection, stored)
        return record

    def get(self, did: str, record: Record, **query: Any) -> Any:
        """The answer of the lineage route."""
        headers = {"Authorization": f"Bearer {self.service.api_keys[did]}"}
        return self.client.get(f"/v1/records/{record.id}/lineage", params=query, headers=headers)


@pytest.fixture
def desk(tmp_path: Path, database_url: str | None) -> Iterator[Desk]:
    service = make_service(tmp_path, database_url)
    with read(service.engine) as connection:
        rows = connection.execute(sa.select(ORGANISATION.c.did, ORGANISATION.c.pk))
        pks = {row.did: row.pk for row in rows}
    with TestClient(service.app()) as client:
        yield Desk(service, client, pks=pks)
    service.engine.dispose()


@dataclass
class Case:
    """certificate (school + firm) -> evaluation (firm + school) -> activity (firm + school) -> enrolment;
    certificate -> decision (school alone) -> report (other firm alone); standard (school), open to all."""

    standard: Record
    enrolment: Record
    activity: Record
    evaluation: Record
    report: Record
    decision: Record
    certificate: Record


@pytest.fixture
def case(desk: Desk) -> Case:
    school, firm = (SCHOOL, "school"), (FIRM, "enterprise")
    standard = desk.add("standard.1", SCHOOL)
    enrolment = desk.add("enrolment.1", SCHOOL, firm, links=[("alignsTo", standard)])
    activity = desk.add("activity.1", FIRM, school, links=[("performedUnder", enrolment)])
    evaluation = desk.add("evaluation.1", FIRM, school, links=[("evaluates", activity)])
    report = desk.add("decision.1", OTHER, subject={"body": OTHER})
    decision = desk.add("decision.1", SCHOOL, links=[("basedOn", report), ("basedOn", enrolment)])
    certificate = desk.add(
        "credential.1",
        SCHOOL,
        firm,
        links=[("evidencedBy", evaluation), ("awards", standard), ("basedOn", decision)],
    )
    return Case(standard, enrolment, activity, evaluation, report, decision, certificate)


def _name(record: Record) -> str:
    return digest_multibase(record.digest)


def _outcomes(answer: Any) -> dict[str, str | None]:
    assert answer.status_code == 200, answer.text
    return {node["digest"]: node["outcome"] for node in answer.json()["nodes"]}


def test_signer_sees_what_it_signs_and_digest_and_type_of_the_rest(desk: Desk, case: Case) -> None:
    value = desk.get(FIRM, case.certificate).json()
    nodes = {node["digest"]: node for node in value["nodes"]}
    hidden = nodes[_name(case.decision)]
    assert hidden == {
        "digest": _name(case.decision),
        "id": case.decision.id,
        "depth": 1,
        "outcome": "WITHHELD",
        "reason": "withheld",
        "type": "decision",
    }
    # What a withheld record cites is not the firm's to know, and here not reachable in another way.
    assert _name(case.report) not in nodes
    assert value["counts"] == {"ancestors": 5, "descendants": 0, "withheld": 1}
    assert (value["cut"], value["root"]) == (None, _name(case.certificate))
    shown = nodes[_name(case.activity)]
    assert shown["issuer"]["id"] == FIRM
    assert shown["countersigners"] == [{"id": SCHOOL, "role": "school"}]
    assert set(shown["title"]) == {"zh", "en"}
    assert (shown["final"], shown["status"], shown["anchoredAt"]) == (False, [], None)


def test_edges_say_whether_digest_and_type_fit(desk: Desk, case: Case) -> None:
    value = desk.get(FIRM, case.certificate).json()
    edges = {(e["source"], e["target"]): e for e in value["edges"]}
    assert len(edges) == len(value["edges"]) == 6
    to_standard = edges[_name(case.certificate), _name(case.standard)]
    assert (to_standard["rel"], to_standard["digestMatches"], to_standard["allowed"]) == (
        "awards",
        True,
        True,
    )
    assert edges[_name(case.certificate), _name(case.decision)]["allowed"] is None
    party = desk.add("party.1", SCHOOL)
    odd = desk.add("credential.1", SCHOOL, (FIRM, "enterprise"), links=[("evidencedBy", party)])
    assert [e["allowed"] for e in desk.get(SCHOOL, odd).json()["edges"]] == [False]
    assert [e["allowed"] for e in desk.get(FIRM, odd).json()["edges"]] == [False]


def test_school_sees_its_decision_and_the_others_report_is_withheld(desk: Desk, case: Case) -> None:
    outcomes = _outcomes(desk.get(SCHOOL, case.certificate))
    assert outcomes[_name(case.decision)] is None
    assert outcomes[_name(case.report)] == "WITHHELD"


def test_foreign_record_is_not_there_and_standards_are(desk: Desk, case: Case) -> None:
    for answer in (desk.get(OTHER, case.certificate), desk.get(FIRM, case.report)):
        assert (answer.status_code, answer.json()["code"]) == (404, "record.not_found")
    unknown = desk.client.get(
        "/v1/records/urn:uuid:0/lineage", headers={"Authorization": f"Bearer {desk.service.api_keys[OTHER]}"}
    )
    assert unknown.json() == desk.get(OTHER, case.certificate).json()
    assert _outcomes(desk.get(OTHER, case.standard)) == {_name(case.standard): None}


def test_descendants_of_others_do_not_exist(desk: Desk, case: Case) -> None:
    """A standard is open to all; who builds on it is not."""
    mine = _outcomes(desk.get(FIRM, case.standard, direction="descendants"))
    assert mine.keys() == {
        _name(r) for r in (case.standard, case.enrolment, case.activity, case.evaluation, case.certificate)
    }
    assert set(mine.values()) == {None}
    assert _outcomes(desk.get(OTHER, case.standard, direction="both")).keys() == {_name(case.standard)}
    both = desk.get(FIRM, case.activity, direction="both").json()
    assert {node["depth"] for node in both["nodes"]} == {-2, -1, 0, 1, 2}


def test_rejected_drafts_are_no_descendants(desk: Desk, case: Case) -> None:
    with write(desk.service.engine) as connection:
        connection.execute(
            sa.text("UPDATE record SET rejected_at = '2026-07-02 00:00:00' WHERE id = :id"),
            {"id": case.evaluation.id},
        )
    found = _outcomes(desk.get(FIRM, case.activity, direction="descendants"))
    assert found.keys() == {_name(case.activity)}


def test_link_to_nowhere_and_link_with_a_wrong_id(desk: Desk, case: Case) -> None:
    nowhere = {
        "id": "urn:uuid:11111111-1111-4111-8111-111111111111",
        "digestMultibase": digest_multibase(bytes(32)),
        "rel": "alignsTo",
    }
    wrong = {**link(case.standard.document, "alignsTo"), "id": case.enrolment.id}
    record = desk.add("standard.1", FIRM, entries=[nowhere, wrong])
    value = desk.get(FIRM, record).json()
    assert [(n["id"], n["reason"]) for n in value["nodes"][1:]] == [
        (nowhere["id"], "missing"),
        (case.standard.id, None),
    ]
    assert [e["digestMatches"] for e in value["edges"]] == [None, False]


def test_bounds_are_kept_and_said(desk: Desk, case: Case) -> None:
    value = desk.get(SCHOOL, case.certificate, limit=3).json()
    assert (value["cut"], len(value["nodes"])) == ("too_many", 4)
    value = desk.get(SCHOOL, case.certificate, depth=1).json()
    assert (value["cut"], {n["depth"] for n in value["nodes"]}) == ("too_deep", {0, 1})
    value = desk.get(SCHOOL, case.standard, direction="descendants", limit=1).json()
    assert (value["cut"], len(value["nodes"])) == ("too_many", 2)
    value = desk.get(SCHOOL, case.standard, direction="descendants", depth=1).json()
    assert value["cut"] == "too_deep"
    assert desk.get(SCHOOL, case.certificate, limit=6).json()["cut"] is None
    assert desk.get(SCHOOL, case.certificate, depth=3).json()["cut"] is None


@pytest.mark.parametrize(
    ("name", "value"),
    [("limit", 0), ("limit", 10_001), ("depth", 0), ("depth", 33), ("direction", "up"), ("limit", "x")],
)
def test_parameters_out_of_range_are_named(desk: Desk, case: Case, name: str, value: Any) -> None:
    answer = desk.get(SCHOOL, case.certificate, **{name: value})
    assert (answer.status_code, answer.json()["path"]) == (422, f"$query.{name}")


def test_diamonds_are_walked_once(desk: Desk) -> None:
    layer = [desk.add("standard.1", SCHOOL) for _ in range(3)]
    for _ in range(5):
        layer = [desk.add("standard.1", SCHOOL, links=[("alignsTo", r) for r in layer]) for _ in range(3)]
    value = desk.get(SCHOOL, layer[0]).json()
    assert (len(value["nodes"]), len(value["edges"])) == (1 + 15, 3 + 4 * 9)


def test_index_has_each_link_once(desk: Desk, case: Case) -> None:
    twice = [link(case.standard.document, "alignsTo"), {**link(case.standard.document, "supersedes")}]
    twice[1]["id"] = case.enrolment.id
    desk.add("standard.1", SCHOOL, entries=twice)
    with read(desk.service.engine) as connection:
        count = sa.select(sa.func.count()).where(LINK.c.target_digest == case.standard.digest)
        assert connection.execute(count).scalar_one() == 3


def test_key_needs_the_scope(desk: Desk, case: Case) -> None:
    with write(desk.service.engine) as connection:
        key = create_key(connection, desk.pks[FIRM], frozenset(("issue",)))
    for path in ("lineage", "dossier"):
        url = f"/v1/records/{case.certificate.id}/{path}"
        assert desk.client.get(url, headers={"Authorization": f"Bearer {key}"}).status_code == 403
        assert desk.client.get(url).status_code == 401


def test_dossier_of_what_is_not_final_or_not_ones_own(desk: Desk, case: Case) -> None:
    def ask(did: str, record: Record, **body: Any) -> tuple[int, str]:
        headers = {"Authorization": f"Bearer {desk.service.api_keys[did]}"}
        url = f"/v1/records/{record.id}/dossier"
        answer = desk.client.post(url, json=body, headers=headers) if body else None
        answer = answer or desk.client.get(url, headers=headers)
        return answer.status_code, answer.json()["code"]

    assert ask(FIRM, case.certificate) == (409, "record.not_final")
    assert ask(OTHER, case.certificate) == (404, "record.not_found")
    assert ask(FIRM, case.certificate, withhold=["x"]) == (422, "request.invalid")
    assert ask(FIRM, case.certificate, withhold=[_name(case.certificate)]) == (422, "request.invalid")
    assert ask(FIRM, case.certificate, hide=[]) == (422, "request.invalid")
