"""The gate of an import: a dry run over a class names every missing requirement at the trainee's row."""

from __future__ import annotations

from collections import defaultdict
from pathlib import Path
from typing import Any

import pytest

from tests.importing.support import (
    Installation,
    Sheets,
    make_installation,
    sample_module,
    small_sheets,
    workbook,
)

TRAINEES = 5


@pytest.fixture
def installation(tmp_path: Path) -> Installation:
    """An installation with the sample's organisations."""
    return make_installation(tmp_path)


def _class(weeks: int) -> Sheets:
    """Five trainees of the sample before the sample's own standard: 240 hours, 30 % and 6 credits."""
    return {**small_sheets(TRAINEES, weeks), "标准": sample_module("sheets").standards()}


def _messages(installation: Installation, sheets: Sheets, **options: Any) -> dict[int, list[str]]:
    """English texts of the gate's findings by the certificate's row."""
    job = installation.run("class.xlsx", workbook(sheets), **options)
    found: dict[int, list[str]] = defaultdict(list)
    for row in installation.found(job):
        assert (row.sheet, row.code) == ("技能证书", "gate-missing")
        found[row.row].append(row.message.partition(" / ")[2])
    return found


def test_every_missing_requirement_of_everyone_in_one_dry_run(installation: Installation) -> None:
    sheets = _class(weeks=3)
    del sheets["实践学分"][2]  # the second trainee has no credits
    found = _messages(installation, sheets, dry_run=True)
    assert sorted(found) == [2, 3, 4, 5, 6]
    for row, messages in found.items():
        named = [message.partition(": ")[2].partition(";")[0] for message in messages]
        hours = "minutes of practice in the academic year"
        credit = ["credits", "credits of the enterprise"] if row == 3 else []
        assert named == [f"{hours} (2025-2026)", f"{hours} (2026-2027)", *credit]
    assert found[3][-1].endswith("needed 1.80, found 0")  # 30 % of six
    assert installation.count("record") == 0


def test_records_of_the_same_file_are_evidence(installation: Installation) -> None:
    assert _messages(installation, _class(weeks=31)) == {}
    assert len(installation.documents("credential.1")) == 2 * TRAINEES


def test_what_was_drafted_before_is_evidence_only_once_complete(installation: Installation) -> None:
    sheets = _class(weeks=31)
    certificates = sheets.pop("技能证书")
    assert installation.run("evidence.xlsx", workbook(sheets)).outcome == "imported"
    alone = {"技能证书": certificates}
    found = _messages(installation, alone, dry_run=True)
    assert sorted(found) == [2, 3, 4, 5, 6]


def test_partial_import_takes_the_others(installation: Installation) -> None:
    sheets = _class(weeks=31)
    del sheets["实践学分"][2]
    found = _messages(installation, sheets, partial=True)
    assert sorted(found) == [3]
    kinds = [one["credentialSubject"]["kind"] for one in installation.documents("credential.1")]
    assert kinds.count("skill_level") == TRAINEES - 1
