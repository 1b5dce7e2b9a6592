"""What the partnership is judged by: government, third parties, a survey, interviews, labour rights."""

from __future__ import annotations

from typing import Any

from samples.community import short
from samples.community.making import label
from samples.community.model import Community, LinkTo
from samples.community.organisations import AUDITOR, DONGSHENG, EVALUATOR, REGULATOR, YF

__all__ = ["scene"]

_DAY = "2024-09-01"
_BOTH = (YF, DONGSHENG)


def scene(c: Community) -> None:
    """Add every part; `partnership` comes before, by name."""
    _government(c)
    _ownership(c)
    _survey(c)
    _effects(c)
    _labour(c)
    _models(c)


def _government(c: Community) -> None:
    """Selected, funded, evaluated: the second payment follows the evaluation."""
    chosen = short.decision(
        c,
        "PA-SELECTED",
        "accreditation",
        (REGULATOR,),
        "2024-10-01",
        LinkTo("PA-STRATEGIC", "verifies"),
        result="passed",
    )
    for number, (day, amount) in enumerate((("2024-11-01", 60), ("2025-12-01", 40))):
        short.resource(
            c,
            f"PA-FUND-{number}",
            "incentive",
            (REGULATOR,),
            day,
            LinkTo("PA-STRATEGIC", "performedUnder"),
            incentive={"basis": "fiscal", "amountFen": amount * 1_000_000},
        )
    short.decision(
        c, "PA-PERFORMED", "audit", (REGULATOR,), "2025-11-15", LinkTo(chosen, "basedOn"), result="passed"
    )
    for number, basis in enumerate(("staff", "award", "tax", "land")):
        short.resource(
            c, f"PA-MOTIVE-{number}", "incentive", (REGULATOR,), "2025-01-01", incentive={"basis": basis}
        )
    short.decision(c, "PA-HONOUR", "recognition", (YF,), "2025-12-20", result="adopted")


def _ownership(c: Community) -> None:
    parties = [
        {"id": YF.did, "role": "school", "stakeBp": 5_100},
        {"id": DONGSHENG.did, "role": "enterprise", "stakeBp": 4_900},
    ]
    short.agreement(c, "PA-MIXED", "consortium", _BOTH, _DAY, parties=parties)
    short.evaluation(
        c,
        "PA-THIRD",
        YF.did,
        (EVALUATOR, YF),
        "2025-12-10",
        LinkTo("PA-MIXED", "evaluates"),
        items=[("GOVERNANCE", 77, "evaluator")],
    )


def _survey(c: Community) -> None:
    """Sent 60, valid 53; five of the answers are here: four dimensions of two questions each."""
    dims = ("participation", "governance", "satisfaction", "quality")
    for number in range(5):
        answers = [
            {"dim": dim, "item": f"{dim}-{n}", "score": 3 + (place + n + number) % 3}
            for place, dim in enumerate(dims)
            for n in range(2)
        ]
        survey: dict[str, Any] = {"instrument": "PA-LIKERT", "respondent": "enterprise", "answers": answers}
        if number == 0:
            survey |= {"sent": 60, "valid": 53}
        short.evaluation(
            c,
            f"PA-LIKERT-{number}",
            c.person(f"PA-R{number}"),
            (AUDITOR,),
            "2025-11-01",
            kind="survey",
            survey=survey,
        )
    for number in range(12):
        short.evaluation(
            c,
            f"PA-INTERVIEW-{number:02}",
            f"PA-X{number}",
            (EVALUATOR,),
            "2025-10-10",
            kind="interview",
            comment="访谈记录",
            items=[("I1", 60 + number, "evaluator")],
        )


def _effects(c: Community) -> None:
    for ref, kind, value, baseline, unit in (
        ("PA-TRANSITION", "transition", 69, 210, "days"),
        ("PA-HIRING", "hiring_cost", 300_000, 500_000, "fen"),
    ):
        short.outcome(
            c, ref, DONGSHENG.did, kind, (DONGSHENG,), "2025-12-31", value=value, baseline=baseline, unit=unit
        )


def _labour(c: Community) -> None:
    for number, (insured, ratio) in enumerate(((True, 8_000), (True, 8_500), (False, 7_900))):
        short.enrolment(
            c,
            f"PA-LABOUR-{number}",
            f"PA-L{number}",
            _BOTH,
            _DAY,
            contract=True,
            insurance=insured,
            payRatioBp=ratio,
        )
    times = (("08:30", "17:30"), ("08:00", "18:30"), ("21:00", "05:30"))
    for number, (start, end) in enumerate(times):
        short.activity(
            c,
            f"PA-SHIFT-{number}",
            f"PA-L{number}",
            (DONGSHENG, YF),
            "2025-04-10",
            LinkTo(f"PA-LABOUR-{number}", "performedUnder"),
            days=[{"date": "2025-04-08", "start": start, "end": end, "breakMinutes": 60}],
        )
    short.decision(
        c, "PA-INCIDENT", "incident", (YF,), "2025-04-11", LinkTo("PA-SHIFT-2", "basedOn"), result="open"
    )


def _models(c: Community) -> None:
    under = LinkTo("PA-STRATEGIC", "performedUnder")
    plan = {"theoryMonths": 12, "practiceMonths": 24, "daysPerWeek": 4}
    short.enrolment(
        c, "PA-DUAL", "PA-D0", _BOTH, _DAY, under, kind="apprenticeship", identity="apprentice", plan=plan
    )
    for week in range(2):
        days = [f"2025-06-{2 + 7 * week + n:02}" for n in range(4)]
        short.activity(
            c,
            f"PA-DUAL-W{week}",
            "PA-D0",
            (DONGSHENG, YF),
            days[-1],
            LinkTo("PA-DUAL", "performedUnder"),
            days=days,
        )
    short.resource(
        c,
        "PA-COST",
        "fund",
        (DONGSHENG,),
        _DAY,
        under,
        costShareBp=7_000,
        name=label("培养成本", "Cost of training"),
    )
