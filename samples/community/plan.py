"""The plan: what is planted in plain numbers, and what the indicators must therefore be.

Three cohorts, one for each academic year (index 0, 1, 2 = 2023/24, 2024/25, 2025/26). A cohort has 3 schools
x 7 firms = 21 classes of 20 trainees = 420; a mentor for every 5 of a class. The last trainee of each of the
first 20 classes leaves after ten weeks: 20 leavers, 400 graduates, numbered 0..399 by class and place. Every
pattern below ("every fifth graduate") goes by that number, so totals are exact. See the README.
"""

from __future__ import annotations

from fractions import Fraction
from typing import Final

__all__ = [
    "ADAPTATION_DAYS",
    "ALIGNED",
    "BY_DEFINITION",
    "CHANGED_ITEMS",
    "CLASS_SIZE",
    "COMPOSED",
    "CREDITS",
    "EXPECTED",
    "FAILING",
    "GRADUATES",
    "HIRES_PER_DEMAND",
    "IN_FIELD_EVERY",
    "LATE_HIRED",
    "LEAVERS",
    "LEFT_AFTER_WEEKS",
    "MAIN_POSTS",
    "MENTORS",
    "OP_ERRORS",
    "RETENTION_EVERY",
    "SCHEDULED_MINUTES",
    "TEACHERS",
    "TRAINEES",
    "WAGES",
    "WEEKS",
    "YEARS",
]

YEARS: Final = (2023, 2024, 2025)
"""Academic years by the year of their 1 September."""
CLASS_SIZE: Final = 20
TRAINEES: Final = 420
LEAVERS: Final = 20
GRADUATES: Final = 400
WEEKS: Final = 31
"""Weeks of one 8 h day: 31 x 480 min = 14,880 min = 248 h, 8 h more than the 240 h required."""
LEFT_AFTER_WEEKS: Final = 10
MENTORS: Final = 84
"""21 classes x 4, the same persons in all years; a record a month each, September to June, of 4 x 120 min."""
TEACHERS: Final = ((42, 42, 42), (28, 28, 28), (19, 19, 18))
"""School teachers who look after trainees, by year and school."""

ALIGNED: Final = (("K1", "K2", "K3"), ("K4",), ("K5",))
"""Post skills that the course is aligned to on 1 April of each year. A demand asks for K1..K5."""
CHANGED_ITEMS: Final = (1, 2, 3)
"""Of the 10 items of each course (480 min each), how many change on 1 April of each year."""
FAILING: Final = ((5, (4,)), (25, (4, 14, 24)), (25, (12, 14)))
"""(modulus, residues): these graduates fail the four technical items in June: 80, 48 and 32 of 400."""
CREDITS: Final = (960, 1080, 1200)
"""Enterprise credits of a graduate in hundredths; with the school's they make 40.00."""
OP_ERRORS: Final = (3, 2, 1)
"""Mean errors in the 100 operations of a week: one less or more by week and trainee, which cancels out."""
SCHEDULED_MINUTES: Final = (148_800, 111_600, 93_000)
"""Of each firm's equipment in a year; used are 12 groups x 31 weeks x 240 min = 89,280."""

MAIN_POSTS: Final = 60
"""Posts of each firm's demand of a year."""
HIRES_PER_DEMAND: Final = (30, 36, 45)
"""Hires that name the demand they meet; the firm's other hires name none."""
LATE_HIRED: Final = ((17, 18), (18,), ())
"""Graduates mod 20 who start on 20 August instead of the 1st; 19 mod 20 go on to study instead."""
WAGES: Final = (
    (510_000, 540_000, 570_000),
    (560_000, 590_000, 620_000),
    (590_000, 620_000, 650_000),
)
"""Start wages in fen by hire mod 3; the benchmark is 500,000."""
IN_FIELD_EVERY: Final = (5, 10, 20)
"""Every n-th hire works outside the field."""
RETENTION_EVERY: Final = (4, 5)
"""Every n-th hire of the first two cohorts has left within twelve months."""
ADAPTATION_DAYS: Final = ((90, 100, 110), (60, 70, 80))
"""Days until a hire works independently, by hire mod 3; every tenth never does."""


def _cri(cov: Fraction, time: Fraction, attain: Fraction, fill: Fraction) -> Fraction:
    return (4 * cov + 2 * time + 2 * attain + 2 * fill) / 10


# Alignments are 204, 203 and 203 days after the demands of 10 September; earlier ones count in full.
_TIME = (
    Fraction(730 - 204, 547),
    (3 + Fraction(730 - 203, 547)) / 4,
    (4 + Fraction(730 - 203, 547)) / 5,
)
_LAST_CRI = _cri(Fraction(1), _TIME[2], Fraction(1), Fraction(45, 60))

EXPECTED: Final[dict[str, tuple[Fraction | None, Fraction | None, Fraction | None]]] = {
    # The third year has 440 posts, of which 20 find no answer and score 0; Xinke's demand has an order class
    # with a quota of 40, so 45 hires fill it.
    "cri": (
        100 * _cri(Fraction(3, 5), _TIME[0], Fraction(80, 92), Fraction(30, 60)),
        100 * _cri(Fraction(4, 5), _TIME[1], Fraction(88, 92), Fraction(36, 60)),
        100 * (6 * _LAST_CRI + _LAST_CRI + Fraction(1, 20)) * 60 / 440,
    ),
    # 84 mentors x 10 months x 480 min + 3 schools x 30 weeks x 360 min = 435,600 min.
    "enterprise_minutes_per_trainee": (Fraction(435_600, 420),) * 3,
    "tech_conversion": (Fraction(2, 5), Fraction(3, 5), Fraction(4, 5)),
    # Half of their enterprise credits for a quarter of the graduates; one of the third year's has 10.00.
    "converted_share": (Fraction(1, 4), Fraction(1, 4), Fraction(99 * 1_200 + 1_000, 478_400)),
    # The cohort that finished a year earlier.
    "employed_in_a_month": (None, Fraction(340, 400), Fraction(360, 400)),
    "retention": (None, Fraction(285, 380), Fraction(304, 380)),
    "median_wage_to_benchmark": (None, Fraction(54, 50), Fraction(59, 50)),
    "in_field": (None, Fraction(304, 380), Fraction(342, 380)),
    "curriculum_currency": (Fraction(1, 10), Fraction(2, 10), Fraction(3, 10)),
    # One graduate of the third year has no credits, two have 10.00.
    "enterprise_credit_share": (Fraction(24, 100), Fraction(27, 100), Fraction(478_400, 399 * 4_000)),
    "mean_practice": (
        (400 + 20 * Fraction(80, 240)) / 420,
        (400 + 20 * Fraction(80, 240)) / 420,
        (398 + 2 * Fraction(200, 240) + 20 * Fraction(80, 240)) / 420,
    ),
    "firm_mentor_share": (Fraction(84, 210), Fraction(84, 168), Fraction(84, 140)),
    "mentors_within_five": (Fraction(1), Fraction(1), Fraction(83, 84)),
    "fee_to_benchmark": (Fraction(115, 100),) * 3,
    # 400 x 4 technical items; in the third year two of the 32 who failed pass a second time.
    "technical_compliance": (Fraction(1280, 1600), Fraction(1408, 1600), Fraction(1480, 1600)),
    "firm_satisfaction": (Fraction(540, 600), Fraction(564, 600), Fraction(588, 600)),
    "survey_response": (Fraction(50, 80), Fraction(50, 64), Fraction(50, 57)),
    "utilisation": (Fraction(6, 10), Fraction(8, 10), Fraction(96, 100)),
    "error_rate": (Fraction(3, 100), Fraction(2, 100), Fraction(1, 100)),
    "jobs_12_months": (Fraction(280), Fraction(315), Fraction(350)),
    "jobs_24_months": (Fraction(280), Fraction(595), Fraction(665)),
    "certified": (Fraction(320, 420), Fraction(352, 420), Fraction(368, 420)),
    # The first year's process evaluation (3 of 9 items) is scored by the firm alone.
    "co_evaluation": (Fraction(2, 3), Fraction(1), Fraction(1)),
    # Two of a hundred on every item, but 35 on 2 x 6: of 1,200 + 2,400 + 2 x 4 + 342 items of the third year.
    "mean_score_gap": (Fraction(2, 100), Fraction(2, 100), Fraction(3_938 * 2 + 12 * 35, 3_950 * 100)),
    "terms_met": (Fraction(7, 12), Fraction(9, 12), Fraction(11, 12)),
    "forecast_accuracy": (None, 1 - Fraction(20, 420), 1 - Fraction(60, 440)),
    "adaptation_days_median": (None, Fraction(100), Fraction(70)),
}
"""Exact values by year at scale 1.0 without scenes; None where no cohort or forecast is there yet."""

BY_DEFINITION: Final[dict[str, tuple[str, Fraction]]] = {
    "CRI": ("cri", Fraction(1)),
    "I1": ("enterprise_minutes_per_trainee", Fraction(1, 60)),
    "I2": ("tech_conversion", Fraction(1)),
    "EMPLOYED": ("employed_in_a_month", Fraction(1)),
    "RETENTION": ("retention", Fraction(1)),
    "WAGE_MEDIAN": ("median_wage_to_benchmark", Fraction(1)),
    "IN_FIELD": ("in_field", Fraction(1)),
    "I4": ("curriculum_currency", Fraction(1)),
    "ENTERPRISE_CREDITS": ("enterprise_credit_share", Fraction(1)),
    "PRACTICE_HOURS": ("mean_practice", Fraction(1)),
    "MENTOR_SHARE": ("firm_mentor_share", Fraction(1)),
    "MENTOR_LOAD": ("mentors_within_five", Fraction(1)),
    "MENTOR_FEE": ("fee_to_benchmark", Fraction(1)),
    "I7": ("technical_compliance", Fraction(1)),
    "I8": ("firm_satisfaction", Fraction(1)),
    "EQUIPMENT_USE": ("utilisation", Fraction(1)),
    "EQUIPMENT_ERRORS": ("error_rate", Fraction(1)),
    "CHAIN_POSTS_12": ("jobs_12_months", Fraction(1)),
    "CHAIN_POSTS_24": ("jobs_24_months", Fraction(1)),
    "CERTIFIED": ("certified", Fraction(1)),
    "COEVALUATION": ("co_evaluation", Fraction(1)),
    "FULFILMENT": ("terms_met", Fraction(1)),
    "FORECAST": ("forecast_accuracy", Fraction(1)),
    "ADAPTATION": ("adaptation_days_median", Fraction(48, 1461)),
}
"""Code of a shipped definition -> the number above that it must come to, and the factor between their units:
an hour has 60 minutes, a month 1461 / 48 days."""

# I3: mean of the parts over their targets, each at most 1. I5, I6: mean of scores between base and target.
COMPOSED: Final[dict[str, tuple[str | None, str, str]]] = {
    "I3": (None, "87.4942", "94.9186"),
    "I5": ("0.7341", "0.8591", "0.9827"),
    "I6": ("0.6500", "0.7833", "0.9127"),
}
"""Composed indicators of the domain, half-even to four digits, with base and target of the papers."""
