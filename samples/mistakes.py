"""A small workbook with one of each mistake, and the list of them: sheet, row, column, code."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path

from samples.cohort import Trainee, trainees
from samples.sheets import (
    activities,
    certificates,
    enrolments,
    evaluations,
    items,
    levels,
    parties,
    practice_credits,
    standards,
)
from samples.workbook import Rows, write_workbook

GOOD = 4  # trainees whose enrolment is right; the mistakes of the other sheets are theirs
WEEKS_WITHOUT_MISTAKE = 2


@dataclass
class Mistakes:
    """The workbook while mistakes are planted in it."""

    sheets: dict[str, Rows]
    planted: list[dict[str, object]] = field(default_factory=list)

    def plant(
        self, sheet: str, index: int, column: str, value: object, code: str, shown_at: str | None = None
    ) -> None:
        """Write ``value`` into data row ``index`` (0 is the first below the header) and note it.

        ``shown_at`` is the column that the error names where it is another one; empty for the row as a whole.
        """
        rows = self.sheets[sheet]
        header = next(number for number, row in enumerate(rows) if column in row)
        rows[header + 1 + index][rows[header].index(column)] = value
        self.expect(sheet, header + 2 + index, column if shown_at is None else shown_at, code)

    def expect(self, sheet: str, row: int, column: str, code: str) -> None:
        """Note a mistake that must be found."""
        header = next((cells for cells in self.sheets[sheet] if column in cells), [])
        label = f"{chr(ord('A') + header.index(column))} {column}" if column in header else ""
        self.planted.append({"sheet": sheet, "row": row, "column": label, "code": code})


def _enrolment_mistakes(book: Mistakes) -> None:
    sheet = "培养登记"
    plant: Callable[..., None] = book.plant
    first = GOOD
    for offset, (column, value, code) in enumerate(
        (
            ("学号", 2023060199, "identifier-as-number"),
            ("学号", 441202200503071234, "identifier-as-number"),
            ("登记编号", "2.02306E+09", "identifier-as-number"),
            ("登记编号", "PY 2023", "identifier-malformed"),
            ("标准代码", "传感网", "identifier-malformed"),
            ("姓名", None, "missing-value"),
            ("姓名", "陈\u202e嘉", "control-character"),
            ("班级", "物联" * 40, "cell-too-long"),
            ("开始日期", "2026-02-30", "date-malformed"),
            ("结束日期", date(2026, 1, 1), "period-reversed"),
            ("状态", "休学", "choice-unknown"),
            ("培养阶段", 7, "number-out-of-range"),
            ("应修学分", "六", "number-malformed"),
            ("应修学分", "=3+3", "formula-without-value"),
            ("应修学分", "#N/A", "error-cell"),
            ("已签协议", "也许", "boolean-malformed"),
            ("企业", "不存在的公司", "unknown-organisation"),
        )
    ):
        plant(sheet, first + offset, column, value, code)
    after = first + offset + 1
    plant(sheet, after, "标准版本", "2019.9", "unknown-reference", "标准代码")
    plant(sheet, after + 1, "登记编号", book.sheets[sheet][1][0], "duplicate-row")
    plant(sheet, after + 2, "学校", "did:web:duanzhou-iot.example", "not-a-signer", "")
    for column, code in (("血型", "unknown-column"), ("身份证号", "personal-column")):
        book.sheets[sheet][0].append(column)
        book.expect(sheet, 1, column, code)


def _activity_mistakes(book: Mistakes, per_trainee: int) -> None:
    sheet = "实践记录"
    rows = [index for index in range(GOOD * per_trainee) if index % per_trainee >= WEEKS_WITHOUT_MISTAKE]
    for index, (column, value, code, shown_at) in zip(
        rows,
        (
            ("周一日期", date(2026, 3, 17), "not-a-monday", None),
            ("周一", "8:30~25:00", "times-malformed", None),
            ("周五", 8, "times-malformed", None),
            ("周一日期", date(2062, 3, 20), "date-in-future", None),
            ("周一日期", date(2026, 2, 2), "outside-enrolment", None),
            ("学号", "2099999999", "unknown-reference", None),
            ("姓名", "李雷", "name-mismatch", None),
            ("记录编号", book.sheets[sheet][2][0], "duplicate-row", None),
            ("失误次数", 99, "number-out-of-range", None),
            ("实践项目", "  ", "missing-value", None),
            ("企业", "did:web:nobody.example", "unknown-organisation", None),
        ),
        strict=False,
    ):
        book.plant(sheet, index, column, value, code, shown_at)
    empty, double = rows[11], rows[12]
    for day in ("周一", "周二", "周三", "周四", "周五"):
        place = book.sheets[sheet][1].index(day)
        book.sheets[sheet][2 + empty][place] = None
        book.sheets[sheet][2 + double][place] = book.sheets[sheet][2 + double - 1][place]
    book.expect(sheet, empty + 3, "", "no-days")
    monday = book.sheets[sheet][2 + double - 1][5]
    book.plant(sheet, double, "周一日期", monday, "overlapping-times", "记录编号")


def _result_mistakes(book: Mistakes, per_evaluation: int) -> None:
    sheet = "评价"
    rows = [index * per_evaluation for index in range(2 * GOOD)][1:]
    book.plant(sheet, rows[0], "企业评分", 120, "score-above-maximum")
    book.plant(sheet, rows[1], "企业评分", "优", "number-malformed")
    book.plant(sheet, rows[2], "条目编号", "SNAD-X-99", "unknown-reference")
    book.plant(sheet, rows[3] + 1, "评价日期", date(2026, 6, 21), "group-conflict")
    book.plant(sheet, rows[4], "企业评分", None, "no-score")
    book.plant(sheet, rows[4], "学校评分", None, "no-score", "企业评分")
    book.planted.pop()  # the two empty cells are one mistake
    for part in range(per_evaluation):
        book.plant(sheet, rows[5] + part, "依据周次", "1-99", "list-malformed")
    for part in range(per_evaluation):
        book.plant(sheet, rows[6] + part, "依据周次", "30", "unknown-reference")
    del book.planted[-per_evaluation + 1 :]  # reported once, at the first row of the evaluation
    good = str(book.sheets[sheet][1][0])
    book.plant("实践学分", 0, "学分", -1, "number-out-of-range")
    book.plant("实践学分", 1, "评价编号", good, "evidence-of-another")
    book.plant("实践学分", 2, "评价编号", "PJ-0", "unknown-reference")
    book.plant("技能证书", 0, "级别编号", "SNAD-Z", "unknown-reference")
    first = book.sheets["技能证书"][1]
    book.sheets["技能证书"][2] = [f"{first[0]}B", *first[1:]]  # rests on the one evaluation without a mistake
    book.plant("技能证书", 1, "级别编号", None, "missing-value")
    book.sheets["技能证书"][0].append("有效期至")
    for row in book.sheets["技能证书"][1:]:
        row.append(None)
    book.plant("技能证书", 2, "有效期至", date(2026, 1, 1), "period-reversed")


def _cohort_sheets(people: list[Trainee]) -> tuple[dict[str, Rows], int, int]:
    """A small cohort without a mistake; rows of practice a trainee, rows of one evaluation."""
    good = people[:GOOD]
    log = activities(good)
    weeks = (len(log) - 2) // GOOD
    kept = 6
    log = log[:2] + [row for index, row in enumerate(log[2:]) if index % weeks < kept]
    marks = evaluations(good)
    column = marks[0].index("依据周次")
    few = [row for row in marks[1:] if str(row[8])[-1] in "12"]  # two items of each evaluation
    for row in few:
        row[column] = "1-2"
    credits_, certified = practice_credits(good), certificates(good)
    for rows in (credits_, certified):
        column = rows[0].index("评价编号")
        for row, trainee in zip(rows[1:], good, strict=True):
            row[column] = f"PJ-{trainee.number}-1"
    sheets: dict[str, Rows] = {
        "主体": parties(), "标准": standards(), "标准级别": levels(), "标准条目": items(),
        "培养登记": enrolments(people),
        "实践记录": log, "评价": [marks[0], *few], "实践学分": credits_, "技能证书": certified,
    }  # fmt: skip
    return sheets, kept, 2


def write_mistakes(folder: Path) -> None:
    """Write mistakes.xlsx and mistakes.json."""
    sheets, weeks, rows = _cohort_sheets(trainees()[:24])
    book = Mistakes(sheets)
    _enrolment_mistakes(book)
    _activity_mistakes(book, weeks)
    _result_mistakes(book, rows)
    for row in book.sheets["主体"]:
        del row[4]
    book.expect("主体", 1, "", "missing-column")
    book.sheets["备注"] = [["由教务处填写", "仅供内部使用"]]
    book.expect("备注", 0, "", "unknown-sheet")
    book.sheets["证书"] = [list(row) for row in book.sheets["技能证书"][:2]]
    book.expect("证书", 0, "", "duplicate-sheet")
    write_workbook(folder / "mistakes.xlsx", book.sheets)
    text = json.dumps(book.planted, ensure_ascii=False, indent=1)
    (folder / "mistakes.json").write_text(text + "\n", encoding="utf-8")
