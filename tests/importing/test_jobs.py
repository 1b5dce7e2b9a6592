"""Jobs: whole or nothing, partial, dry, again, revised, killed, and beside each other."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from datetime import date
from pathlib import Path

import pytest
import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError

from tests.importing.support import SCHOOL, Installation, Sheets, small_sheets, workbook
from trace_service.database import read, write
from trace_service.imports import limits, service
from trace_service.imports.codes import Code
from trace_service.imports.errors import ImportRefusedError
from trace_service.imports.queries import unfinished_jobs
from trace_service.imports.service import run_job
from trace_service.records.queries import RECORD
from verifier_cli.record import Record

RUNNER = "tests.importing.run_job"
WAIT_SECONDS = 60
TABLES = ("record", "record_signature", "person")


def counts(installation: Installation) -> dict[str, int]:
    """Rows of what an import writes."""
    return {table: installation.count(table) for table in TABLES}


def refs(installation: Installation) -> list[tuple[str, str, int]]:
    """(schema, external reference, revision) of every record."""
    query = sa.select(RECORD.c.schema_name, RECORD.c.external_ref, RECORD.c.revision)
    with read(installation.service.engine) as connection:
        return sorted(tuple(row) for row in connection.execute(query))


def with_mistake(sheets: Sheets) -> Sheets:
    """One week of the first trainee without a project."""
    sheets["实践记录"][3][11] = None
    return sheets


def test_a_dry_run_stores_nothing_but_the_job(installation: Installation) -> None:
    job = installation.run("a.xlsx", workbook(small_sheets()), dry_run=True)
    assert (job.outcome, job.drafted, job.errors) == ("checked", 21, 0)
    assert counts(installation) == dict.fromkeys(TABLES, 0)
    with read(installation.service.engine) as connection:
        numbers = connection.execute(sa.text("SELECT max(next_status_number) FROM organisation")).scalar_one()
    assert numbers == 0


def test_the_columns_that_signers_are_judged_by_say_what_the_document_says(
    installation: Installation,
) -> None:
    installation.run("a.xlsx", workbook(small_sheets()))
    query = sa.select(RECORD.c.schema_name, RECORD.c.subkind, RECORD.c.subject, RECORD.c.document)
    with read(installation.service.engine) as connection:
        rows = connection.execute(query).all()
    for row in rows:
        record = Record.from_document(json.loads(row.document))
        told = record.subkind, record.document["credentialSubject"]["id"]
        assert (row.subkind, row.subject) == told
    assert ("activity.1", "practice") in {(row.schema_name, row.subkind) for row in rows}


def test_one_mistake_keeps_the_whole_file_out(installation: Installation) -> None:
    job = installation.run("a.xlsx", workbook(with_mistake(small_sheets())))
    assert (job.outcome, job.drafted, job.errors) == ("refused", 0, 1)
    assert counts(installation) == dict.fromkeys(TABLES, 0)


def test_partial_takes_what_does_not_rest_on_the_mistake(installation: Installation) -> None:
    job = installation.run("a.xlsx", workbook(with_mistake(small_sheets())), partial=True)
    found = [(row.sheet, row.row, Code(row.code)) for row in installation.found(job)]
    # Week 2 of the first trainee is missing; both evaluations rest on it, credits and certificate on these.
    assert found[0] == ("实践记录", 4, Code.MISSING_VALUE)
    assert {code for _, _, code in found[1:]} == {Code.DEPENDS_ON_ERROR}
    assert {sheet for sheet, _, _ in found[1:]} == {"评价", "实践学分", "技能证书"}
    assert job.outcome == "imported"
    assert job.drafted == installation.count("record") == 21 - 1 - 2 - 2
    again = installation.run("b.xlsx", workbook(small_sheets()))
    assert (again.outcome, again.drafted, again.unchanged) == ("imported", 5, 16)


def test_partial_with_nothing_good_is_refused(installation: Installation) -> None:
    sheets = small_sheets()
    sheets["培养登记"][1][8] = "2026-02-30"
    job = installation.run("a.xlsx", workbook({"培养登记": sheets["培养登记"][:2]}), partial=True)
    assert (job.outcome, job.drafted) == ("refused", 0)


def test_a_raised_revision_supersedes(installation: Installation) -> None:
    sheets = small_sheets(trainees=1)
    installation.run("a.xlsx", workbook(sheets))
    log = {"实践记录": sheets["实践记录"]}
    log["实践记录"][3][11] = "更正后的项目"
    job = installation.run("log.xlsx", workbook(log))
    assert [(row.code, row.row) for row in installation.found(job)] == [(Code.REVISION_NOT_RAISED, 4)]
    for number, row in enumerate(log["实践记录"][1:]):
        row.append("修订号" if number == 0 else 2 if number == 2 else None)
    job = installation.run("log2.xlsx", workbook(log))
    assert (job.outcome, job.drafted, job.unchanged) == ("imported", 1, 2)
    old, new = (d for d in installation.documents("activity.1") if "-02" in _ref(installation, d["id"]))
    links = {link["rel"]: link["id"] for link in new["relatedResource"]}
    assert links["supersedes"] == old["id"]
    assert new["credentialSubject"]["project"] == "更正后的项目"
    # What rested on the old one is unchanged by itself; a low revision is refused.
    job = installation.run("marks.xlsx", workbook({"评价": sheets["评价"]}))
    assert (job.drafted, job.unchanged) == (0, 2)
    log["实践记录"][3][11], log["实践记录"][3][-1] = "再改", 1
    job = installation.run("log3.xlsx", workbook(log))
    assert [row.code for row in installation.found(job)] == [Code.REVISION_NOT_RAISED]


def _ref(installation: Installation, record_id: str) -> str:
    with read(installation.service.engine) as connection:
        query = sa.select(RECORD.c.external_ref).where(RECORD.c.id == record_id)
        return str(connection.execute(query).scalar_one())


def test_revisions_of_one_file_in_any_order(installation: Installation) -> None:
    sheets = small_sheets(trainees=1)
    first = {name: sheets[name] for name in list(sheets)[:5]}
    header, row, *_ = first["培养登记"]
    first["培养登记"] = [[*header, "修订号"], [*row, 2], [*row, 1]]
    job = installation.run("a.xlsx", workbook(first))
    assert (job.outcome, job.errors) == ("imported", 0)
    old, new = (one["id"] for one in installation.documents("enrolment.1"))
    assert {link["rel"]: link["id"] for link in installation.documents("enrolment.1")[1]["relatedResource"]}[
        "supersedes"
    ] == old
    assert new != old


def test_a_revision_below_the_newest_is_refused(installation: Installation) -> None:
    sheets = small_sheets(trainees=1)
    first = {name: sheets[name] for name in list(sheets)[:5]}
    first["培养登记"][0].append("修订号")
    first["培养登记"][1].append(3)
    assert installation.run("a.xlsx", workbook(first)).outcome == "imported"
    first["培养登记"][1][-1] = 2
    job = installation.run("b.xlsx", workbook(first))
    assert installation.places(job) == {("培养登记", 2, "T 修订号", Code.REVISION_TOO_LOW)}


def test_two_revisions_in_one_file(installation: Installation) -> None:
    sheets = small_sheets(trainees=1)
    first = {name: sheets[name] for name in list(sheets)[:5]}
    first["培养登记"][0].append("修订号")
    first["培养登记"][1].append(1)
    first["培养登记"].append([*first["培养登记"][1][:-1], 2])
    first["培养登记"][2][11] = 4
    job = installation.run("a.xlsx", workbook(first))
    assert (job.outcome, job.errors) == ("imported", 0)
    old, new = installation.documents("enrolment.1")
    assert {link["rel"]: link["id"] for link in new["relatedResource"]}["supersedes"] == old["id"]
    assert installation.run("a.xlsx", workbook(first)).unchanged == job.drafted


def test_what_a_signer_rejected_is_neither_named_nor_superseded(installation: Installation) -> None:
    sheets = small_sheets(trainees=1)
    installation.run("a.xlsx", workbook({name: sheets[name] for name in list(sheets)[:5]}))
    with write(installation.service.engine) as connection:
        connection.execute(
            sa.text("UPDATE record SET rejected_at = '2026-11-01 00:00:00' WHERE schema_name = 'enrolment.1'")
        )
    job = installation.run("log.xlsx", workbook({"实践记录": sheets["实践记录"]}))
    assert {row.code for row in installation.found(job)} == {Code.UNKNOWN_REFERENCE}
    sheets["培养登记"][1][11] = 4
    # Corrected under the same revision: the rejected draft holds none.
    job = installation.run("b.xlsx", workbook({"培养登记": sheets["培养登记"]}))
    assert (job.outcome, job.drafted) == ("imported", 1)
    links = installation.documents("enrolment.1")[-1]["relatedResource"]
    assert [link["rel"] for link in links] == ["alignsTo"]


@pytest.mark.faults
@pytest.mark.parametrize(
    ("point", "stored"), [("import.before_commit", False), ("import.after_commit", True)]
)
def test_a_killed_job_is_finished_by_the_next_run(
    installation: Installation, tmp_path: Path, point: str, stored: bool
) -> None:
    job = installation.submit("a.xlsx", workbook(small_sheets()))
    reached = tmp_path / "reached"
    environment = os.environ | {"TRACE_HOLD_AT": point, "TRACE_HOLD_FILE": str(reached)}
    command = [sys.executable, "-m", RUNNER, str(tmp_path), str(job.pk)]
    child = subprocess.Popen(command, env=environment, cwd=Path(__file__).parents[2])
    try:
        deadline = time.monotonic() + WAIT_SECONDS
        while not reached.exists():
            assert child.poll() is None, "the job ended before the point"
            assert time.monotonic() < deadline, "the point was not reached"
            time.sleep(0.02)
    finally:
        child.send_signal(signal.SIGKILL)
        child.wait()
    engine = installation.service.engine
    with read(engine) as connection:
        assert unfinished_jobs(connection) == ([] if stored else [job.pk])
    assert installation.count("record") == (21 if stored else 0)
    done = run_job(engine, installation.service.settings, job.pk)
    assert (done.outcome, done.drafted) == ("imported", 21)
    assert counts(installation)["record"] == 21 == len(set(refs(installation)))
    assert list(installation.service.settings.uploads_dir.iterdir()) == []


def test_a_finished_job_run_again_does_nothing(installation: Installation) -> None:
    job = installation.run("a.xlsx", workbook(small_sheets()))
    before = counts(installation)
    again = run_job(installation.service.engine, installation.service.settings, job.pk)
    assert (again.finished_at, counts(installation)) == (job.finished_at, before)


def test_two_jobs_of_one_file_keep_it_until_both_are_done(installation: Installation) -> None:
    data = workbook(small_sheets())
    first, second = (installation.submit("a.xlsx", data) for _ in range(2))
    engine, settings = installation.service.engine, installation.service.settings
    assert len(list(settings.uploads_dir.iterdir())) == 1
    assert run_job(engine, settings, first.pk).drafted == 21
    assert len(list(settings.uploads_dir.iterdir())) == 1
    assert run_job(engine, settings, second.pk).unchanged == 21
    assert list(settings.uploads_dir.iterdir()) == []


def test_a_race_with_another_job_is_run_again(
    installation: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The other job stores the same records between our look and our commit."""
    data = workbook(small_sheets())
    ours, other = (installation.submit("a.xlsx", data) for _ in range(2))
    engine, settings = installation.service.engine, installation.service.settings
    finish = service._finish
    raced: list[bool] = []

    def after_the_other(*arguments: object) -> None:
        if not raced:
            raced.append(True)
            run_job(engine, settings, other.pk)
        finish(*arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(service, "_finish", after_the_other)
    assert run_job(engine, settings, ours.pk).unchanged == 21
    assert installation.count("record") == 21


def test_a_conflict_that_stays_is_not_hidden(
    installation: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise IntegrityError("statement", {}, Exception("always"))

    job = installation.submit("a.xlsx", workbook(small_sheets()))
    monkeypatch.setattr(service, "_finish", fail)
    with pytest.raises(IntegrityError):
        run_job(installation.service.engine, installation.service.settings, job.pk)
    with read(installation.service.engine) as connection:
        assert unfinished_jobs(connection) == [job.pk]


def test_a_lost_upload_ends_the_job_with_its_reason(installation: Installation) -> None:
    job = installation.submit("a.xlsx", workbook(small_sheets()))
    for path in installation.service.settings.uploads_dir.iterdir():
        path.unlink()
    done = run_job(installation.service.engine, installation.service.settings, job.pk)
    assert done.outcome == "refused"
    assert [row.code for row in installation.found(done)] == [Code.NOT_READABLE]


@pytest.mark.parametrize(
    ("name", "data", "code"),
    [
        ("a.csv", b"", Code.UNKNOWN_TYPE),
        ("enrolments.csv", b"", Code.NOTHING_TO_IMPORT),
        ("a.xlsx", b"PK\x03\x04", Code.NOT_READABLE),
        ("enrolments.csv", b"a\x00", Code.UNKNOWN_ENCODING),
        ("a.xlsx", workbook({"Sheet1": [["a"]]}), Code.UNKNOWN_TYPE),
    ],
)
def test_files_that_cannot_be_read_are_refused_as_a_whole(
    installation: Installation, name: str, data: bytes, code: Code
) -> None:
    job = installation.run(name, data)
    errors = [row for row in installation.found(job) if row.severity == "error"]
    assert (job.outcome, [row.code for row in errors], errors[0].row) == ("refused", [code], 0)


def test_a_file_beyond_the_size_limit_is_not_kept(
    installation: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    data = b"a,b\n"
    monkeypatch.setattr(limits, "MAX_FILE_BYTES", len(data))
    installation.submit("enrolments.csv", data)
    with pytest.raises(ImportRefusedError) as caught:
        installation.submit("enrolments.csv", data + b"c")
    assert caught.value.error.code is Code.FILE_TOO_LARGE
    assert len(list(installation.service.settings.uploads_dir.iterdir())) == 1


def test_errors_are_counted_beyond_those_kept(
    installation: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("trace_service.imports.errors.MAX_ERRORS", 5)
    sheets = small_sheets(trainees=7)
    for row in sheets["培养登记"][1:]:
        row[8] = "2026-02-30"
    job = installation.run("a.xlsx", workbook({"培养登记": sheets["培养登记"]}))
    assert (job.errors, len(installation.found(job))) == (7, 5)


def test_a_mapping_reads_foreign_headers_and_sheet_names(installation: Installation) -> None:
    sheets = small_sheets(trainees=1)
    base = {name: sheets[name] for name in list(sheets)[:4]}
    rows = sheets["培养登记"]
    rows[0] = [f"列{number}" for number in range(len(rows[0]))]
    fields = [
        "ref",
        "studentNumber",
        "name",
        "school",
        "enterprise",
        "programmeCode",
        "programmeName",
        "cohort",
        "from",
        "to",
        "status",
        "stage",
        "identity",
        "requiredCredits",
        "standardCode",
        "standardVersion",
        "mentor",
        "contract",
        "insurance",
    ]
    columns = dict(zip(rows[0], fields, strict=True))
    mapping = json.dumps({"名单": {"@type": "enrolments", **columns}}, ensure_ascii=False)
    job = installation.run("a.xlsx", workbook({**base, "名单": rows}), mapping=mapping)
    assert (job.outcome, job.errors, job.notes) == ("imported", 0, 0)
    assert installation.documents("enrolment.1")[0]["credentialSubject"]["from"] == "2026-03-02"


def test_a_csv_file_with_its_type_given(installation: Installation) -> None:
    day = date(2026, 2, 20).isoformat()
    text = f"主体标识;名称;类别;角色;登记日期\n{SCHOOL};肇庆示例职业学院;单位;学校;{day}\n"
    job = installation.run("export 1.csv", text.encode("gb18030"), sheet_type="主体")
    assert (job.outcome, job.drafted) == ("imported", 1)
