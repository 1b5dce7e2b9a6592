"""The cohort as the sheets a registrar would hand in."""

from __future__ import annotations

from datetime import date

from samples.cohort import (
    ENROLLED_UNTIL,
    FIRST_MONDAY,
    OUTCOME_DATE,
    PROCESS_DATE,
    PROCESS_WEEKS,
    REQUIRED_MINUTES,
    WEEKS,
    Trainee,
    practice,
    scores,
    trainees,
)
from samples.facts import ELEMENTARY, FIRMS, INTERMEDIATE, ITEMS, SCHOOL, STANDARD, VERSION
from samples.workbook import Rows

CREDITS_ON = date(2026, 10, 20)
ISSUED_ON = date(2026, 11, 10)
DAYS = ("周一", "周二", "周三", "周四", "周五")
LEVELS = {
    ELEMENTARY: (
        "初级",
        "Elementary",
        2,
        "传感网应用开发（初级）",
        "Sensor Network Application Development (Elementary)",
    ),
    INTERMEDIATE: (
        "中级",
        "Intermediate",
        3,
        "传感网应用开发（中级）",
        "Sensor Network Application Development (Intermediate)",
    ),
}
OVERTIME = (
    (17, 9),
    (140, 20),
    (255, 28),
)  # (trainee, week): the full day is written as 08:00-19:00(60), ten hours


def sheets() -> dict[str, Rows]:
    """Every sheet of cohort.xlsx."""
    cohort = trainees()
    return {
        "主体": parties(),
        "标准": standards(),
        "标准级别": levels(),
        "标准条目": items(),
        "培养登记": enrolments(cohort),
        "实践记录": activities(cohort),
        "评价": evaluations(cohort),
        "实践学分": practice_credits(cohort),
        "技能证书": certificates(cohort),
    }


def parties() -> Rows:
    """The school and the chain."""
    day = date(2026, 2, 20)
    did, zh, en, number = SCHOOL
    rows: Rows = [["主体标识", "名称", "英文名称", "类别", "角色", "统一社会信用代码", "登记日期"]]
    rows.append([did, zh, en, "单位", "学校", number, day])
    rows += [[firm.did, firm.zh, firm.en, "单位", firm.role, firm.register_number, day] for firm in FIRMS]
    return rows


def standards() -> Rows:
    """One standard with two levels."""
    header: list[object] = [
        "标准代码",
        "版本",
        "标准名称",
        "英文名称",
        "类别",
        "生效日期",
        "要求实践分钟",
        "企业学分占比（万分之）",
        "要求学分",
    ]
    name = "Sensor Network Application Development"
    return [
        header,
        [STANDARD, VERSION, "传感网应用开发", name, "技能标准", date(2026, 1, 1), REQUIRED_MINUTES, 3000, 6],
    ]


def levels() -> Rows:
    """Elementary and intermediate, with their places on the scale of eight."""
    rows: Rows = [["标准代码", "版本", "级别编号", "等级", "级别名称", "英文名称"]]
    return rows + [[STANDARD, VERSION, key, grade, zh, en] for key, (zh, en, grade, _, _) in LEVELS.items()]


def items() -> Rows:
    """The requirements and what is practised for them."""
    rows: Rows = [
        [
            "标准代码",
            "版本",
            "条目编号",
            "级别编号",
            "技能要求",
            "技能要求（英文）",
            "实践内容",
            "实践内容（英文）",
            "实践分钟",
            "技术条目",
            "来源",
        ]
    ]
    return rows + [
        [STANDARD, VERSION, number, level, zh, en, content, content_en, minutes, "是", "企业"]
        for number, level, zh, en, content, content_en, minutes in ITEMS
    ]


def enrolments(cohort: list[Trainee]) -> Rows:
    """One row a trainee."""
    rows: Rows = [
        [
            "登记编号",
            "学号",
            "姓名",
            "学校",
            "企业",
            "专业代码",
            "专业名称",
            "班级",
            "开始日期",
            "结束日期",
            "状态",
            "培养阶段",
            "学员身份",
            "应修学分",
            "标准代码",
            "标准版本",
            "企业导师工号",
            "已签协议",
            "已投保险",
        ]
    ]
    for trainee in cohort:
        stage = 2 if trainee.level == ELEMENTARY else 3
        rows.append(
            [
                f"PY-{trainee.number}",
                trainee.number,
                trainee.name,
                SCHOOL[1],
                trainee.firm.zh,
                "510102",
                "物联网应用技术",
                f"物联{trainee.number[2:4]}{trainee.group:02}",
                FIRST_MONDAY,
                ENROLLED_UNTIL,
                "在读",
                stage,
                "学徒",
                6,
                STANDARD,
                VERSION,
                trainee.mentor,
                "是",
                "是",
            ]
        )
    return rows


def activities(cohort: list[Trainee]) -> Rows:
    """One row a trainee and week, with the times of each day; overtime as planted."""
    header: list[object] = ["记录编号", "学号", "姓名", "企业", "周次", "周一日期", *DAYS]
    header += ["实践项目", "真实项目", "真实设备", "真实标准", "操作次数", "失误次数", "企业导师工号"]
    rows: Rows = [["2026 年企业实践周志（每格填写起止时间，括号内为休息分钟数）"], header]
    for trainee in cohort:
        for week in practice(trainee):
            times = dict(week.times)
            if (trainee.index, week.number) in OVERTIME:
                times[trainee.days[0]] = "08:00-19:00(60)"
            row = [
                f"SJ-{trainee.number}-{week.number:02}",
                trainee.number,
                trainee.name,
                trainee.firm.zh,
                week.number,
            ]
            row += [week.monday, *(times.get(day) for day in range(len(DAYS)))]
            row += [
                week.project,
                "是",
                "是",
                "是" if week.number > 8 else "否",
                week.ops,
                week.errors,
                trainee.mentor,
            ]
            rows.append(row)
    return rows


def evaluations(cohort: list[Trainee]) -> Rows:
    """Two evaluations a trainee, one row an item, scored by firm and school."""
    rows: Rows = [
        [
            "评价编号",
            "学号",
            "姓名",
            "评价类别",
            "评价阶段",
            "评价日期",
            "标准代码",
            "标准版本",
            "条目编号",
            "满分",
            "合格分",
            "企业评分",
            "学校评分",
            "企业评价人工号",
            "学校评价人工号",
            "依据周次",
        ]
    ]
    for trainee in cohort:
        for outcome in (False, True):
            phase, day = ("结果", OUTCOME_DATE) if outcome else ("过程", PROCESS_DATE)
            weeks = f"{PROCESS_WEEKS + 1}-{WEEKS}" if outcome else f"1-{PROCESS_WEEKS}"
            for score in scores(trainee, outcome):
                rows.append(
                    [
                        evaluation_number(trainee, outcome),
                        trainee.number,
                        trainee.name,
                        "实践评价",
                        phase,
                        day,
                        STANDARD,
                        VERSION,
                        score.item,
                        100,
                        60,
                        score.enterprise,
                        score.school,
                        trainee.mentor,
                        trainee.teacher,
                        weeks,
                    ]
                )
    return rows


def evaluation_number(trainee: Trainee, outcome: bool) -> str:
    """The number of one of a trainee's two evaluations."""
    return f"PJ-{trainee.number}-{2 if outcome else 1}"


def practice_credits(cohort: list[Trainee]) -> Rows:
    """Six credits a trainee for the practice in the firm."""
    rows: Rows = [
        [
            "学分编号",
            "学号",
            "姓名",
            "课程名称",
            "课程英文名称",
            "学分",
            "学分类别",
            "开始日期",
            "结束日期",
            "标准代码",
            "标准版本",
            "评价编号",
            "认定日期",
        ]
    ]
    last = FIRST_MONDAY.fromordinal(FIRST_MONDAY.toordinal() + 7 * WEEKS - 1)
    for trainee in cohort:
        both = ";".join(evaluation_number(trainee, outcome) for outcome in (False, True))
        rows.append(
            [
                f"XF-{trainee.number}",
                trainee.number,
                trainee.name,
                "企业实践",
                "Practice in the enterprise",
                6,
                "企业学分",
                FIRST_MONDAY,
                last,
                STANDARD,
                VERSION,
                both,
                CREDITS_ON,
            ]
        )
    return rows


def certificates(cohort: list[Trainee]) -> Rows:
    """One skill certificate a trainee, at the level of the class."""
    rows: Rows = [
        [
            "证书编号",
            "学号",
            "姓名",
            "证书类别",
            "证书名称",
            "证书英文名称",
            "标准代码",
            "标准版本",
            "级别编号",
            "评价编号",
            "发证日期",
        ]
    ]
    for trainee in cohort:
        _, _, _, zh, en = LEVELS[trainee.level]
        rows.append(
            [
                f"ZS-{trainee.number}",
                trainee.number,
                trainee.name,
                "技能等级",
                zh,
                en,
                STANDARD,
                VERSION,
                trainee.level,
                evaluation_number(trainee, True),
                ISSUED_ON,
            ]
        )
    return rows
