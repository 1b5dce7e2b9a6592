"""Write the sample files: ``python -m samples.generate [--out FOLDER]``. The same bytes on every run."""

from __future__ import annotations

import argparse
import csv
import io
import json
from datetime import date
from pathlib import Path

from samples.cohort import REQUIRED_MINUTES, practice, trainees
from samples.facts import FIRMS, SCHOOL
from samples.mistakes import write_mistakes
from samples.sheets import sheets
from samples.workbook import Rows, write_workbook

CSV_ROWS = 40  # the header and the first trainees, enough for names of every sort


def organisations() -> list[dict[str, object]]:
    """The organisations to register and accredit before the import; ``roles`` as in the registry."""
    did, zh, en, _ = SCHOOL
    found: list[dict[str, object]] = [
        {"did": did, "name_zh": zh, "name_en": en, "roles": ["school"], "uploader": True}
    ]
    roles = {"链主": "leader", "链员": "member"}
    found += [
        {
            "did": firm.did,
            "name_zh": firm.zh,
            "name_en": firm.en,
            "roles": [roles[firm.role]],
            "uploader": False,
        }
        for firm in FIRMS
    ]
    return found


def write_csv(path: Path, rows: Rows, encoding: str, delimiter: str) -> None:
    """Write rows as text, dates as 2026-03-02."""
    stream = io.StringIO(newline="")
    writer = csv.writer(stream, delimiter=delimiter, lineterminator="\r\n")
    for row in rows:
        writer.writerow([value.isoformat() if isinstance(value, date) else value for value in row])
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(stream.getvalue().encode(encoding))


def main() -> None:
    """Write every sample file."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, default=Path(__file__).parent)
    out: Path = parser.parse_args().out
    out.mkdir(parents=True, exist_ok=True)
    short = [
        trainee.number
        for trainee in trainees()
        if sum(week.minutes for week in practice(trainee)) <= REQUIRED_MINUTES
    ]
    if short:
        raise SystemExit(f"trainees at or below the required practice: {short}")
    everything = sheets()
    write_workbook(out / "cohort.xlsx", everything)
    (out / "organisations.json").write_text(
        json.dumps(organisations(), ensure_ascii=False, indent=2) + "\n", encoding="utf-8"
    )
    few = everything["培养登记"][: CSV_ROWS + 1]
    write_csv(out / "utf8" / "enrolments.csv", few, "utf-8-sig", ",")
    write_csv(out / "gb18030" / "enrolments.csv", few, "gb18030", "\t")
    write_mistakes(out)


if __name__ == "__main__":
    main()
