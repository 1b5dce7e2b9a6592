"""Columns of the sheets of enrolments and practice logs, and those that all sheets of trainees share."""

from __future__ import annotations

from dataclasses import replace

from trace_service.imports.field_types import Cell, Field, SheetSpec
from trace_service.imports.fields_standards import REVISION

ENROLMENT_STATUS = {
    "在读": "active",
    "在培": "active",
    "完成": "completed",
    "结业": "completed",
    "退出": "left",
    "离开": "left",
}
IDENTITIES = {
    "学生": "student",
    "学徒": "apprentice",
    "准员工": "quasi_employee",
    "预备员工": "prospective_employee",
    "员工": "employee",
}
ACTIVITY_KINDS = {
    "岗位实践": "practice",
    "生产实践": "practice",
    "虚拟仿真": "simulation",
    "仿真": "simulation",
    "授课": "teaching",
    "挂职": "secondment",
    "企业锻炼": "secondment",
}
STUDENT_NUMBER = Field(
    "studentNumber",
    "学号",
    "Student number",
    Cell.IDENTIFIER,
    True,
    ("学员编号", "学生编号", "学籍号", "Trainee number", "Student ID", "Student no"),
    high=32,
    example="2023060101",
)
NAME = Field(
    "name",
    "姓名",
    "Name",
    synonyms=("学员姓名", "学生姓名", "Trainee name", "Student name", "Full name"),
    example="张三",
)
SCHOOL = Field(
    "school",
    "学校",
    "School",
    Cell.ORGANISATION,
    synonyms=("院校", "学校名称", "College"),
    note="登记名称或 DID；留空取自培养登记 / registered name or DID; empty: as enrolled",
    example="did:web:school.example",
)
ENTERPRISE = Field(
    "enterprise",
    "企业",
    "Enterprise",
    Cell.ORGANISATION,
    synonyms=("实践单位", "企业名称", "实习单位", "Company", "Firm"),
    note="登记名称或 DID；留空取自培养登记 / registered name or DID; empty: as enrolled",
    example="did:web:firm.example",
)
ENROLMENT = Field(
    "enrolment",
    "登记编号",
    "Enrolment number",
    Cell.IDENTIFIER,
    synonyms=("培养登记编号", "Enrollment number", "Enrolment no"),
    note="学员只有一条培养登记时可留空 / may be empty where the trainee has one enrolment",
    example="PY-2023060101",
)
STANDARD_CODE = Field(
    "standardCode",
    "标准代码",
    "Standard code",
    Cell.TOKEN,
    True,
    ("标准编号", "标准号", "Standard no"),
    example="SNAD",
)
STANDARD_VERSION = Field(
    "standardVersion",
    "标准版本",
    "Standard version",
    Cell.TOKEN,
    True,
    ("版本", "版本号", "Version"),
    example="2026.1",
)
MENTOR = Field(
    "mentor",
    "企业导师工号",
    "Enterprise mentor",
    Cell.IDENTIFIER,
    synonyms=("导师工号", "企业导师", "Mentor"),
    note="企业内的工号，不是姓名 / the staff number in the enterprise, not a name",
    example="M-017",
)

ENROLMENTS = SheetSpec(
    "enrolments",
    "培养登记",
    "Enrolments",
    ("ref",),
    (
        Field(
            "ref",
            "登记编号",
            "Enrolment number",
            Cell.IDENTIFIER,
            True,
            ("培养登记编号", "Enrollment number", "编号"),
            example="PY-2023060101",
        ),
        STUDENT_NUMBER,
        replace(NAME, required=True),
        replace(SCHOOL, note="留空为上传单位 / empty: the uploader", example=""),
        replace(ENTERPRISE, required=True, note="登记名称或 DID / registered name or DID"),
        Field(
            "programmeCode",
            "专业代码",
            "Programme code",
            Cell.TOKEN,
            True,
            ("专业编号",),
            example="510102",
        ),
        Field(
            "programmeName",
            "专业名称",
            "Programme name",
            required=True,
            synonyms=("专业", "Programme"),
            example="物联网应用技术",
        ),
        Field("cohort", "班级", "Class", synonyms=("班", "Cohort", "年级"), high=64, example="物联2301"),
        Field(
            "from",
            "开始日期",
            "From",
            Cell.DATE,
            True,
            ("培养开始", "起始日期", "Start", "Start date"),
            example="2026-03-02",
        ),
        Field(
            "to",
            "结束日期",
            "To",
            Cell.DATE,
            True,
            ("培养结束", "终止日期", "End", "End date"),
            example="2026-10-31",
        ),
        Field("status", "状态", "Status", Cell.CHOICE, True, ("培养状态",), ENROLMENT_STATUS, example="在读"),
        Field("completedOn", "完成日期", "Completed on", Cell.DATE, synonyms=("结业日期",), example=""),
        Field(
            "stage",
            "培养阶段",
            "Stage (1-4)",
            Cell.INTEGER,
            True,
            ("阶段", "Stage"),
            low=1,
            high=4,
            example="3",
        ),
        Field(
            "identity",
            "学员身份",
            "Identity",
            Cell.CHOICE,
            synonyms=("身份",),
            choices=IDENTITIES,
            example="学徒",
        ),
        Field(
            "requiredCredits",
            "应修学分",
            "Required credits",
            Cell.INTEGER,
            synonyms=("要求学分",),
            low=0,
            high=1000,
            example="12",
        ),
        STANDARD_CODE,
        STANDARD_VERSION,
        MENTOR,
        Field(
            "contract",
            "已签协议",
            "Contract signed",
            Cell.BOOLEAN,
            synonyms=("实习协议", "三方协议", "Contract"),
            example="是",
        ),
        Field(
            "insurance", "已投保险", "Insured", Cell.BOOLEAN, synonyms=("实习保险", "Insurance"), example="是"
        ),
        REVISION,
    ),
    ("登记", "Enrollments", "Trainees", "学员"),
)
DAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_DAY_NAMES = ("周一", "周二", "周三", "周四", "周五", "周六", "周日")
ACTIVITIES = SheetSpec(
    "activities",
    "实践记录",
    "Activities",
    ("ref",),
    (
        Field(
            "ref",
            "记录编号",
            "Activity number",
            Cell.IDENTIFIER,
            True,
            ("实践编号", "编号", "Record number", "Log number"),
            example="SJ-2023060101-01",
        ),
        STUDENT_NUMBER,
        NAME,
        ENROLMENT,
        ENTERPRISE,
        SCHOOL,
        Field(
            "week", "周次", "Week", Cell.INTEGER, synonyms=("周", "Week number"), low=1, high=60, example="1"
        ),
        Field(
            "weekOf",
            "周一日期",
            "Monday date",
            Cell.DATE,
            synonyms=("周起始日期", "本周周一", "Week of", "Week beginning"),
            example="2026-03-02",
        ),
        *(
            Field(
                day,
                zh,
                day.capitalize(),
                Cell.SPANS,
                synonyms=(zh.replace("周", "星期"), day[:3], f"{zh}时间"),
                example=example,
            )
            for day, zh, example in zip(
                DAYS, _DAY_NAMES, ("08:30-17:30(60)", "", "", "", "", "", ""), strict=True
            )
        ),
        Field(
            "days",
            "实践时间",
            "Days",
            Cell.DATED_SPANS,
            synonyms=("日期时间", "实践日期时间"),
            note="可代替周一至周日各列 / instead of the day columns: 2026-03-02 08:30-17:30(60); …",
            example="",
        ),
        Field(
            "kind",
            "实践类别",
            "Kind",
            Cell.CHOICE,
            synonyms=("类别", "类型"),
            choices=ACTIVITY_KINDS,
            note="留空为岗位实践 / empty: practice",
            example="岗位实践",
        ),
        Field(
            "project",
            "实践项目",
            "Project",
            required=True,
            synonyms=("项目", "项目名称", "实践内容"),
            example="冷链仓储温湿度采集",
        ),
        Field("realProject", "真实项目", "Real project", Cell.BOOLEAN, synonyms=("真项目",), example="是"),
        Field(
            "realEquipment", "真实设备", "Real equipment", Cell.BOOLEAN, synonyms=("真设备",), example="是"
        ),
        Field("realStandard", "真实标准", "Real standard", Cell.BOOLEAN, synonyms=("真标准",), example="是"),
        Field("ops", "操作次数", "Operations", Cell.INTEGER, low=0, high=1_000_000, example="40"),
        Field(
            "opErrors",
            "失误次数",
            "Operation errors",
            Cell.INTEGER,
            synonyms=("操作失误",),
            low=0,
            high=1_000_000,
            example="1",
        ),
        replace(MENTOR, example="M-017"),
        REVISION,
    ),
    ("实践日志", "实践周志", "Practice log", "Practice"),
)
