"""The committed sample: reproduced by its generator, found to be what its README says, drafted whole."""

from __future__ import annotations

import json
import subprocess
import sys
import unicodedata
import zipfile
from collections import Counter
from pathlib import Path

import orjson
import pytest
import sqlalchemy as sa

from tests.importing.support import SAMPLES, SCHOOL, Installation, make_installation, sample_module
from trace_service.database import read
from trace_service.records.queries import RECORD, SIGNATURE
from verifier_cli.record import Record

EXPECTED = {
    "party.1": 4,
    "standard.1": 1,
    "enrolment.1": 300,
    "activity.1": 9_300,
    "evaluation.1": 600,
    "credential.1": 600,
}
GENERATED = ("organisations.json", "mistakes.json", "utf8/enrolments.csv", "gb18030/enrolments.csv")
MAX_COHORT_BYTES = 1_572_864


@pytest.fixture(scope="module")
def imported(tmp_path_factory: pytest.TempPathFactory) -> Installation:
    """The cohort imported once."""
    installation = make_installation(tmp_path_factory.mktemp("cohort"))
    job = installation.run("cohort.xlsx", (SAMPLES / "cohort.xlsx").read_bytes())
    assert (job.outcome, job.errors, job.notes) == ("imported", 0, 0)
    return installation


def test_generator_reproduces_the_committed_files(tmp_path: Path) -> None:
    command = [sys.executable, "-B", "-m", "samples.generate", "--out", str(tmp_path)]
    subprocess.run(command, check=True, timeout=120, cwd=SAMPLES.parent)
    for name in GENERATED:
        assert (tmp_path / name).read_bytes() == (SAMPLES / name).read_bytes(), name
    for name in ("cohort.xlsx", "mistakes.xlsx"):
        # Part by part: another build of zlib may pack the same bytes otherwise.
        assert _parts(tmp_path / name) == _parts(SAMPLES / name), name


def _parts(path: Path) -> list[tuple[str, tuple[int, ...], bytes]]:
    with zipfile.ZipFile(path) as archive:
        return [(entry.filename, entry.date_time, archive.read(entry)) for entry in archive.infolist()]


def test_whole_cohort_is_drafted_with_every_signer(imported: Installation) -> None:
    with read(imported.service.engine) as connection:
        counts = connection.execute(
            sa.select(RECORD.c.schema_name, sa.func.count()).group_by(RECORD.c.schema_name)
        )
        assert dict(tuple(row) for row in counts) == EXPECTED
        signers = connection.execute(sa.select(SIGNATURE.c.role, sa.func.count()).group_by(SIGNATURE.c.role))
        # The school issues its party, the standard, enrolments and credentials, and countersigns the rest.
        assert dict(tuple(row) for row in signers) == {"issuer": 10_805, "school": 9_903, "enterprise": 900}
    assert (SAMPLES / "cohort.xlsx").stat().st_size < MAX_COHORT_BYTES


def test_every_draft_is_a_valid_record_and_a_lineage_leads_to_the_standard(imported: Installation) -> None:
    with read(imported.service.engine) as connection:
        documents = list(connection.execute(sa.select(RECORD.c.document)).scalars())
    records = {record.id: record for record in map(Record.parse, documents)}
    assert len(records) == len(documents)
    for record in records.values():
        for link in record.links:
            assert records[link.id].digest == link.digest
    certificate = next(r for r in records.values() if r.subkind == "skill_level")
    seen = Counter[str]()
    waiting = [certificate]
    while waiting:
        record = waiting.pop()
        seen[record.schema] += 1
        waiting += [records[link.id] for link in record.links]
    assert {schema for schema, _ in seen.items()} == set(EXPECTED) - {"party.1"}
    assert seen["activity.1"] == 16  # weeks 16 to 31 of the outcome evaluation


def test_practice_of_every_trainee_exceeds_the_requirement(imported: Installation) -> None:
    minutes: Counter[str] = Counter()
    long_days = 0
    for document in imported.documents("activity.1"):
        for day in document["credentialSubject"]["days"]:
            start, end = (int(day[name][:2]) * 60 + int(day[name][3:]) for name in ("start", "end"))
            worked = end - start - day["breakMinutes"]
            long_days += worked > 480
            minutes[document["credentialSubject"]["id"]] += worked
    assert len(minutes) == 300
    assert min(minutes.values()) > 240 * 60
    assert long_days == 3  # as planted


def test_difficult_names_arrive_unchanged(imported: Installation) -> None:
    names = {
        identity["identityHash"]
        for document in imported.documents("credential.1")
        for identity in document["credentialSubject"]["identifier"]
    }
    assert len(names) == 300
    assert {unicodedata.normalize("NFC", name) for name in sample_module("facts").SPECIAL_NAMES} <= names


def test_the_same_file_again_changes_nothing(imported: Installation) -> None:
    before = imported.count("record"), imported.count("person"), imported.count("record_signature")
    job = imported.run("cohort.xlsx", (SAMPLES / "cohort.xlsx").read_bytes())
    assert (job.outcome, job.drafted, job.unchanged) == ("imported", 0, 10_805)
    assert (imported.count("record"), imported.count("person"), imported.count("record_signature")) == before


@pytest.mark.parametrize("encoding", ["utf8", "gb18030"])
def test_the_csv_form_of_the_same_rows_is_unchanged(imported: Installation, encoding: str) -> None:
    job = imported.run("enrolments.csv", (SAMPLES / encoding / "enrolments.csv").read_bytes())
    assert (job.outcome, job.rows, job.drafted, job.unchanged) == ("imported", 40, 0, 40)


def test_each_planted_mistake_is_found_and_nothing_else(tmp_path: Path) -> None:
    installation = make_installation(tmp_path)
    job = installation.run("mistakes.xlsx", (SAMPLES / "mistakes.xlsx").read_bytes())
    planted = json.loads((SAMPLES / "mistakes.json").read_text("utf-8"))
    expected = [(entry["sheet"], entry["row"], entry["column"], entry["code"]) for entry in planted]
    found = [(row.sheet, row.row, row.column, row.code) for row in installation.found(job)]
    assert sorted(found) == sorted(expected)
    assert (job.outcome, job.drafted) == ("refused", 0)
    assert installation.count("record") == 0
    assert installation.count("person") == 0


def test_numbers_of_residents_are_masked_in_errors(tmp_path: Path) -> None:
    installation = make_installation(tmp_path)
    job = installation.run("mistakes.xlsx", (SAMPLES / "mistakes.xlsx").read_bytes())
    shown = orjson.dumps([tuple(row) for row in installation.found(job)])
    assert b"4412022005" not in shown
    assert b"441***" in shown


def test_organisations_name_the_uploader() -> None:
    entries = json.loads((SAMPLES / "organisations.json").read_text("utf-8"))
    assert [entry["did"] for entry in entries if entry["uploader"]] == [SCHOOL]
    assert [role for entry in entries for role in entry["roles"]] == ["school", "leader", "member", "member"]
