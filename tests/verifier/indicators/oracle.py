"""The formulas once more, slowly, in plain Python over literal rows: what the definitions are held against.

Nothing here knows SQL, views or finishers. Sums are Fractions; the last division prints a Decimal.
"""

from __future__ import annotations

import datetime
from collections.abc import Iterable, Mapping, Sequence
from decimal import ROUND_HALF_EVEN, Decimal, localcontext
from fractions import Fraction
from typing import Any

Row = Mapping[str, Any]
FROM, TO = datetime.date(2025, 9, 1), datetime.date(2026, 9, 1)


def day(text: str) -> datetime.date:
    """A date of a row."""
    return datetime.date.fromisoformat(text)


def within(text: str) -> bool:
    """Whether a day lies in the period."""
    return FROM <= day(text) < TO


def clip(x: Fraction) -> Fraction:
    """x within 0 and 1."""
    return Fraction(0) if x < 0 else Fraction(1) if x > 1 else x


def printed(exact: Fraction) -> str:
    """Four digits, half-even, by Decimal with digits to spare."""
    with localcontext() as context:
        context.prec = 200
        quotient = Decimal(exact.numerator) / Decimal(exact.denominator)
        return f"{quotient.quantize(Decimal('0.0001'), ROUND_HALF_EVEN):f}"


def mean(numbers: Sequence[Fraction]) -> Fraction:
    """Of at least one number."""
    return sum(numbers, Fraction(0)) / len(numbers)


def cri(
    demands: Iterable[Row],
    aligned: Mapping[str, str],
    attempts: Sequence[tuple[str, str, bool]],
    hires: Mapping[str, int],
) -> Fraction | None:
    """CRI of demands (posts, from, until, skills, quota).

    `aligned` is skill -> day of its alignment, `attempts` (person, skill, pass) of the firm in order of time,
    `hires` demand -> persons hired.
    """
    last = {(person, skill): passed for person, skill, passed in attempts}
    total, posts = Fraction(0), 0
    for demand in demands:
        if day(demand["from"]) >= TO or day(demand["until"]) < FROM:
            continue
        covered = [skill for skill in demand["skills"] if skill in aligned]
        scores = [passed for (_, skill), passed in last.items() if skill in covered]
        parts = [(4, Fraction(len(covered), len(demand["skills"])))]
        if covered:
            lags = [(day(aligned[skill]) - day(demand["from"])).days for skill in covered]
            parts.append((2, mean([clip(Fraction(730 - lag, 547)) for lag in lags])))
        if scores:
            parts.append((2, clip(Fraction(sum(scores), len(scores)) / Fraction(92, 100))))
        places = demand["posts"] if demand["quota"] is None else min(demand["posts"], demand["quota"])
        parts.append((2, clip(Fraction(hires.get(demand["record"], 0), places))))
        weight = sum(share for share, _ in parts)
        total += demand["posts"] * sum((share * found for share, found in parts), Fraction(0)) / weight
        posts += demand["posts"]
    return 100 * total / posts if posts else None


def median(numbers: Iterable[int]) -> Fraction:
    """The middle one, or the mean of the middle two."""
    ordered = sorted(numbers)
    half = len(ordered) // 2
    return Fraction(ordered[half]) if len(ordered) % 2 else Fraction(ordered[half - 1] + ordered[half], 2)


def competitiveness(graduates: Sequence[Row]) -> Fraction | None:
    """I3 of graduates: start (or None), limit (a month after completing), kept, wage, benchmark, in_field."""
    hired = [one for one in graduates if one["start"] is not None]
    parts = []
    if graduates:
        soon = sum(day(one["start"]) <= day(one["limit"]) for one in hired)
        parts.append(clip(Fraction(soon, len(graduates)) / Fraction(99, 100)))
    if hired:
        parts.append(clip(Fraction(sum(one["kept"] for one in hired), len(hired)) / Fraction(81, 100)))
        paid = [one for one in hired if one["wage"] is not None]
        if paid:
            ratio = median(one["wage"] for one in paid) / median(one["benchmark"] for one in paid)
            parts.append(clip(ratio / Fraction(118, 100)))
        known = [one["in_field"] for one in hired if one["in_field"] is not None]
        if known:
            parts.append(Fraction(sum(known), len(known)))
    return 100 * mean(parts) if parts else None


def depth(minutes: Sequence[Mapping[str, int]], credits: Sequence[tuple[int, int]]) -> Fraction | None:
    """I5 over one academic year: minutes by day of each trainee, credits (enterprise, whole) of holders."""
    if not minutes:
        return None
    hours = [
        clip(Fraction(sum(min(480, done) for date, done in days.items() if within(date)), 14_400))
        for days in minutes
    ]
    parts = [mean(hours)]
    if credits:
        share = Fraction(sum(earned for earned, _ in credits), sum(whole for _, whole in credits))
        parts.append(clip((share - Fraction(18, 100)) / Fraction(12, 100)))
    return mean(parts)


def kaplan_meier(times: Sequence[tuple[int, bool]]) -> int | None:
    """The first time at which at most half survive; (time, event), False is censored."""
    survival = Fraction(1)
    for moment in sorted({time for time, event in times if event}):
        at_risk = sum(time >= moment for time, _ in times)
        events = sum(time == moment and event for time, event in times)
        survival *= Fraction(at_risk - events, at_risk)
        if survival <= Fraction(1, 2):
            return moment
    return None


def alpha(answers: Sequence[Sequence[int | None]]) -> Fraction | None:
    """Cronbach's alpha of respondents' scores by item; a None is an item left out."""
    columns = [column for column in zip(*answers, strict=True) if any(score is not None for score in column)]
    whole = [row for row in zip(*columns, strict=True) if None not in row]
    size = len(columns)
    if size < 2 or len(whole) < 2:
        return None
    spread = _variance([sum(score or 0 for score in row) for row in whole])
    if spread == 0:
        return None
    single = sum(
        (_variance([score or 0 for score in item]) for item in zip(*whole, strict=True)), Fraction(0)
    )
    return Fraction(size, size - 1) * (1 - single / spread)


def _variance(numbers: Sequence[int]) -> Fraction:
    middle = mean([Fraction(number) for number in numbers])
    return sum(((number - middle) ** 2 for number in numbers), Fraction(0)) / (len(numbers) - 1)


def composite(entries: Iterable[tuple[Fraction | None, Fraction, Fraction, int]]) -> Fraction | None:
    """Of (value, base, target, weight): what has no value leaves its weight to the others."""
    known = [(value, base, target, weight) for value, base, target, weight in entries if value is not None]
    weights = sum(weight for *_, weight in known)
    if not weights:
        return None
    total = sum(
        (weight * clip((value - base) / (target - base)) for value, base, target, weight in known),
        Fraction(0),
    )
    return total / weights
