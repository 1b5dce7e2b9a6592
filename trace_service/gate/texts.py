"""What a gate's findings are called, in Chinese and English."""

from __future__ import annotations

from trace_service.gate.facts import Missing

BETWEEN = " | "

_TEXTS = {
    "enrolment": ("培养登记", "an enrolment"),
    "practice_minutes": ("每学年实践分钟数", "minutes of practice in the academic year"),
    "credits": ("学分", "credits"),
    "enterprise_share": ("企业学分", "credits of the enterprise"),
    "evaluated_by_enterprise": ("企业评价合格", "items passed by the enterprise"),
    "evaluated_by_school": ("学校评价合格", "items passed by the school"),
    "evaluated_by_evaluator": ("评价机构评价合格", "items passed by the evaluator"),
    "stages": ("四阶段依次完成", "the four stages in order"),
    "stage_gate": ("阶段评审通过", "stage gates passed"),
    "labour_day": ("单日不超过8小时", "no day over eight hours"),
    "labour_night": ("无夜班", "no work between 22:00 and 06:00"),
    "labour_contract": ("三方协议", "a contract"),
    "labour_insurance": ("实习保险", "insurance"),
    "pay_ratio": ("报酬比例", "the pay ratio"),
    "override": ("有权机构的放行决定", "a decision of the body that may override"),
}
CODES = tuple(_TEXTS)


def name_of(missing: Missing) -> str:
    """The requirement in both languages with what it is about, Chinese first."""
    zh, en = _TEXTS[missing.code]
    about = ", ".join(missing.about)
    return BETWEEN.join((f"{zh}（{about}）", f"{en} ({about})") if about else (zh, en))


def amount(value: int, unit: str) -> str:
    """A number as people read it: hundredths as a decimal, parts of 10,000 as per cent."""
    if unit in ("hundredths", "bp"):
        whole, part = divmod(value, 100)
        text = f"{whole}.{part:02}" if part else str(whole)
        return f"{text} %" if unit == "bp" else text
    return f"{value:,}"
