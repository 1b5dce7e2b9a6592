"""Surveys of firms and trainees, once a year: four dimensions of three questions, answered 1 to 5."""

from __future__ import annotations

from typing import Any, Final

from samples.community.days import in_year
from samples.community.making import made
from samples.community.model import Community, person, thing
from samples.community.organisations import AUDITOR, REGULATOR
from samples.community.plan import YEARS

__all__ = ["add_surveys"]

_DIMENSIONS: Final = ("participation", "governance", "satisfaction", "talent_quality")
_QUESTIONS: Final = 3
_VALID: Final = 50
_SENT: Final = (80, 64, 57)
# Of the 600 answers of a wave, numbered through, these modulo the first number are a 3: 60, 36 and 12.
_LOW: Final = ((10, (9,)), (50, (9, 29, 49)), (50, (49,)))
_TRAINEES_SENT: Final = 60
_FEWEST: Final = 10


def add_surveys(c: Community) -> None:
    """Two waves a year: one record for the counts, and one for each respondent."""
    respondents = _VALID if c.scale >= 1 else _FEWEST
    for year, sent in enumerate(_SENT):
        for who, invited in (("enterprise", sent), ("trainee", _TRAINEES_SENT)):
            name = f"{YEARS[year] % 100}-{who}"
            counts = {"answers": [], "sent": invited, "valid": respondents}
            _add(c, f"EVA-SURVEY-{name}-counts", thing(f"survey-{name}"), who, year, counts)
            for number in range(respondents):
                answers = {"answers": _answers(year, number, who)}
                _add(
                    c, f"EVA-SURVEY-{name}-{number:02}", person(f"survey-{name}-{number}"), who, year, answers
                )


def _add(c: Community, ref: str, about: str, who: str, year: int, survey: dict[str, Any]) -> None:
    subject = {
        "id": about,
        "kind": "survey",
        "phase": "outcome",
        "survey": {"instrument": "LIKERT-4D", "respondent": who, **survey},
    }
    c.add(made(ref, "evaluation", (AUDITOR, REGULATOR), subject, in_year(year, "06-28")))


def _answers(year: int, number: int, who: str) -> list[dict[str, Any]]:
    modulus, residues = _LOW[year] if who == "enterprise" else (5, (4,))
    found = []
    for place in range(len(_DIMENSIONS) * _QUESTIONS):
        low = (number * len(_DIMENSIONS) * _QUESTIONS + place) % modulus in residues
        dimension = _DIMENSIONS[place // _QUESTIONS]
        item = f"{dimension}.{place % _QUESTIONS + 1}"
        found.append({"dim": dimension, "item": item, "score": 3 if low else 5 - number % 2})
    return found
