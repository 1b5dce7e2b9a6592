"""What is decided about the year of `eight_dimensions`: targets, the report of the year before, a case."""

from __future__ import annotations

from samples.community import short
from samples.community.model import CHAIN_ID, Community, LinkTo
from samples.community.organisations import AUDITOR, LEADER, ZQ

__all__ = ["scene"]

_VALUES = {
    "I1": "4.0000",
    "I2": "0.4000",
    "I3": "80.0000",
    "I4": "0.2000",
    "I5": "0.4000",
    "I6": "0.6000",
    "I7": "0.7000",
    "I8": "0.7000",
}
"""Of the report on 2021-09-01 to 2022-09-01."""


def scene(c: Community) -> None:
    """Targets fixed before the year, the former report, and a case from diagnosis to verification."""
    targets = [
        {"code": "I1", "base": 0, "target": 10, "unit": "hours"},
        {"code": "I2", "base": 0, "target": 80, "unit": "percent"},
    ]
    short.decision(c, "ED-TARGETS", "targets", (LEADER, ZQ), "2022-08-15", targets=targets)
    _report(c)
    _case(c)


def _report(c: Community) -> None:
    report = {
        "from": "2021-09-01",
        "to": "2022-09-01",
        "community": c.thing("ED-CHAIN"),
        "chainId": CHAIN_ID,
        "block": 100,
        "inputRoot": "0x" + "ed" * 32,
        "inputCount": 20,
        "definitions": [{"code": code, "version": "1"} for code in _VALUES],
        "values": [{"code": code, "state": "value", "value": value} for code, value in _VALUES.items()],
    }
    short.decision(c, "ED-REPORT", "report", (AUDITOR,), "2022-09-20", report=report)


def _case(c: Community) -> None:
    """Practice was 40 hours of the 60 that were wanted, and is 65 after the improvement."""
    hours = {"code": "practice", "target": 60}
    short.decision(
        c,
        "ED-DIAGNOSIS",
        "diagnosis",
        (AUDITOR,),
        "2022-10-01",
        case="ED-CASE",
        result="open",
        criteria=[{**hours, "value": 40, "result": "unmet"}],
    )
    answers = LinkTo("ED-DIAGNOSIS", "answers")
    short.decision(c, "ED-IMPROVEMENT", "improvement", (ZQ,), "2022-12-01", answers, case="ED-CASE")
    short.decision(
        c,
        "ED-VERIFICATION",
        "verification",
        (AUDITOR,),
        "2023-06-20",
        LinkTo("ED-IMPROVEMENT", "answers"),
        case="ED-CASE",
        result="met",
        criteria=[{**hours, "value": 65, "result": "met"}],
    )
