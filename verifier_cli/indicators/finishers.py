"""Finishers: the exact rows that a definition's SQL returns -> a value.

SQL counts and sums integers; what it cannot say exactly (a mean of ratios, a median, a variance) is done here
in fractions. A finisher is part of the protocol's version: its name in a definition means this code.

Columns that every finisher reads, of any row, if the SQL has them: `n` and `complement` (distinct persons),
`covered` and `coverable` (each the same in all rows: the largest is taken).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from fractions import Fraction
from typing import Any, Final

from verifier_cli.indicators.errors import RunError
from verifier_cli.indicators.values import BP, Value

__all__ = ["FINISHERS", "Context", "Finisher", "check_numbers", "clip", "score"]

Row = Mapping[str, Any]

_NUMBERS = """
    numerator denominator n complement covered coverable
    weight part_weight score base target divisor consistency_bp level
"""
NUMBERS: Final = frozenset(_NUMBERS.split())
"""Columns in which finishers take numbers."""


@dataclass(frozen=True, slots=True)
class Context:
    """What a finisher may know beside its rows: the indicator's code and the values before it."""

    code: str
    values: Mapping[str, Value]


Finisher = Callable[[Context, Sequence[Row]], Value]


def clip(x: Fraction) -> Fraction:
    """x within 0 and 1."""
    return min(max(x, Fraction(0)), Fraction(1))


def score(x: Fraction, base: Fraction, target: Fraction) -> Fraction:
    """clip((x - base) / (target - base)); a target below its base means that less is better."""
    return clip((x - base) / (target - base))


def _fraction(row: Row, code: str) -> Fraction | None:
    """numerator / denominator of a row; None where either is missing or the denominator is 0."""
    numerator, denominator = row.get("numerator"), row.get("denominator", 1)
    if numerator is None or not denominator:
        return None
    if denominator < 0:
        raise RunError(code, "a negative denominator")
    return Fraction(numerator) / Fraction(denominator)


def check_numbers(code: str, rows: Iterable[Row]) -> None:
    """Raises RunError for a row with something else than an integer or decimal where a number belongs.

    A text such as 1e999999999 would be a number too, of a gigabyte.
    """
    for row in rows:
        for column in NUMBERS.intersection(row):
            if not isinstance(row[column], int | Decimal | None):
                raise RunError(code, f"{column} is no number")


def _largest(rows: Iterable[Row], column: str) -> int | None:
    return max((int(row[column]) for row in rows if row.get(column) is not None), default=None)


def settle(
    context: Context,
    rows: Sequence[Row],
    exact: Fraction | None,
    *,
    n: int | None = None,
    covered: int | None = None,
    coverable: int | None = None,
    parts: Iterable[tuple[str, Fraction]] = (),
    flags: Iterable[str] = (),
) -> Value:
    """A value with its counts: those of the rows win over those that the finisher counted itself."""
    found = _largest(rows, "covered")
    covered = covered if found is None else found
    found = _largest(rows, "coverable")
    coverable = coverable if found is None else found
    found = _largest(rows, "n")
    state = "value" if exact is not None else "missing_input" if coverable else "no_data"
    return Value(
        context.code,
        state,
        exact,
        n if found is None else found,
        _largest(rows, "complement"),
        covered,
        coverable,
        tuple(sorted(parts)) if exact is not None else (),
        tuple(sorted(flags)),
    )


def ratio(context: Context, rows: Sequence[Row]) -> Value:
    """numerator / denominator of the row without `part`; rows with one are shown beside it, those with `n`
    (persons) where they are about enough of them."""
    main = [row for row in rows if row.get("part") is None]
    if len(main) > 1:
        raise RunError(context.code, f"{len(main)} rows without a part")
    parts = [(str(row["part"]), _fraction(row, context.code)) for row in rows if row.get("part") is not None]
    value = settle(
        context,
        rows,
        _fraction(main[0], context.code) if main else None,
        parts=[(part, exact) for part, exact in parts if exact is not None],
        flags=[f"no_{part}" for part, exact in parts if exact is None],
    )
    few = [row for row in rows if row.get("part") is not None and row.get("n") is not None]
    return replace(value, part_persons=tuple(sorted((str(row["part"]), int(row["n"])) for row in few)))


def index(context: Context, rows: Sequence[Row], scale: int = 1) -> Value:
    """Weighted mean over items (`item`, `weight`) of the weighted mean of their parts (`part`,
    `part_weight`), each clipped to 0..1.

    A part without a value drops out of its item and the others share its weight; an item without any drops
    out. Both are flagged, and coverage is the share of parts that had a value.
    """
    items: dict[Any, list[tuple[str, Fraction, Fraction | None]]] = defaultdict(list)
    weights: dict[Any, Fraction] = {}
    for row in rows:
        part, exact = str(row["part"]), _fraction(row, context.code)
        weight = Fraction(row.get("part_weight", 1))
        items[row.get("item")].append((part, weight, None if exact is None else clip(exact)))
        weights[row.get("item")] = Fraction(row.get("weight", 1))
    total, weighed = Fraction(0), Fraction(0)
    parts: dict[str, list[Fraction]] = defaultdict(lambda: [Fraction(0), Fraction(0)])
    missing: set[str] = set()
    for item, entries in items.items():
        defined = [(part, weight, exact) for part, weight, exact in entries if exact is not None]
        missing |= {part for part, _, exact in entries if exact is None}
        share = sum((weight for _, weight, _ in defined), Fraction(0))
        if not share:
            continue
        total += weights[item] * sum((weight * exact for _, weight, exact in defined), Fraction(0)) / share
        weighed += weights[item]
        for part, _, exact in defined:
            parts[part][0] += weights[item] * exact
            parts[part][1] += weights[item]
    return settle(
        context,
        rows,
        scale * total / weighed if weighed else None,
        covered=sum(_fraction(row, context.code) is not None for row in rows) if weighed else None,
        coverable=len(rows) if weighed else None,
        parts=[(part, sums[0] / sums[1]) for part, sums in sorted(parts.items()) if sums[1]],
        flags=[f"no_{part}" for part in missing],
    )


def index100(context: Context, rows: Sequence[Row]) -> Value:
    """`index` on a scale of 0 to 100."""
    return index(context, rows, 100)


def median(context: Context, rows: Sequence[Row]) -> Value:
    """The middle of the rows' fractions; the mean of the two middle ones of an even number."""
    found = sorted(exact for row in rows if (exact := _fraction(row, context.code)) is not None)
    middle = len(found) // 2
    exact = None
    if found:
        exact = found[middle] if len(found) % 2 else (found[middle - 1] + found[middle]) / 2
    return settle(context, rows, exact, n=len(found), covered=len(found), coverable=len(rows))


def km_median(context: Context, rows: Sequence[Row]) -> Value:
    """Kaplan-Meier: the first time at which at most half are left; rows with `event` false are censored.

    Those censored at the time of an event still count as at risk then.
    """
    times: dict[Fraction, list[int]] = defaultdict(lambda: [0, 0])
    for row in rows:
        time = _fraction(row, context.code)
        if time is None:
            raise RunError(context.code, "a row without a time")
        times[time][0 if row["event"] else 1] += 1
    at_risk, left, reached = len(rows), Fraction(1), None
    for time, (events, censored) in sorted(times.items()):
        left *= 1 - Fraction(events, at_risk)
        at_risk -= events + censored
        if reached is None and events and left <= Fraction(1, 2):
            reached = time
    events = sum(bool(row["event"]) for row in rows)
    parts = [("censored", Fraction(len(rows) - events)), ("events", Fraction(events))]
    flags = ["median_not_reached"] if rows and reached is None else []
    return settle(
        context, rows, reached, n=len(rows), covered=events, coverable=len(rows), parts=parts, flags=flags
    )


def cronbach(context: Context, rows: Sequence[Row]) -> Value:
    """Cronbach's alpha over `respondent`, `item`, `score`; who left an item out is left out (listwise).

    No value for fewer than two items or respondents, nor where the sums do not vary.
    """
    items = sorted({str(row["item"]) for row in rows})
    answers: dict[str, dict[str, int]] = defaultdict(dict)
    for row in rows:
        answers[str(row["respondent"])][str(row["item"])] = int(row["score"])
    whole = [[given[item] for item in items] for given in answers.values() if len(given) == len(items)]
    total = _variance([sum(scores) for scores in whole])
    exact = None
    flags = ["listwise_deletion"] if len(whole) < len(answers) else []
    if len(items) > 1 and len(whole) > 1:
        if total:
            of_items = sum((_variance(list(column)) for column in zip(*whole, strict=True)), Fraction(0))
            exact = Fraction(len(items), len(items) - 1) * (1 - of_items / total)
        else:
            flags.append("zero_variance")
    return settle(context, rows, exact, n=len(whole), covered=len(whole), coverable=len(answers), flags=flags)


def _variance(values: Sequence[int]) -> Fraction:
    """Sum of squared deviations; the divisor is the same in both places of alpha and cancels."""
    if not values:
        return Fraction(0)
    return sum(value * value for value in values) - Fraction(sum(values) ** 2, len(values))


def composite(context: Context, rows: Sequence[Row]) -> Value:
    """Scores of earlier values, weighted: `code`, `weight`, `base` and `target` (over `divisor`), and `part`
    where they are grouped (then the value is the plain mean of the groups).

    What has no value, base or target (or both alike) drops out and is flagged; the rest share its weight.
    """
    groups: dict[str, list[tuple[Fraction, Fraction]]] = defaultdict(list)
    scores: list[tuple[str, Fraction]] = []
    flags: list[str] = []
    covered = 0
    for row in sorted(rows, key=lambda row: (str(row.get("part") or ""), str(row["code"]))):
        code = str(row["code"])
        value = context.values.get(code)
        scaled = None not in (row["base"], row["target"]) and row["base"] != row["target"]
        if value is None or value.exact is None or not scaled:
            flags.append(f"no_{code}")
            continue
        divisor = Fraction(row.get("divisor", 1))
        found = score(value.exact, Fraction(row["base"]) / divisor, Fraction(row["target"]) / divisor)
        covered += int(row["weight"])
        groups[str(row.get("part") or "")].append((Fraction(row["weight"]), found))
        scores.append((code, found))
    means = {part: _mean(entries) for part, entries in groups.items() if sum(w for w, _ in entries)}
    exact = sum(means.values(), Fraction(0)) / len(means) if means else None
    shown = [(part, mean) for part, mean in means.items() if part] or scores
    ratios = {row["consistency_bp"] for row in rows if row.get("consistency_bp") is not None}
    shown += [("CR", Fraction(bp, BP)) for bp in sorted(ratios)]
    coverable = sum(int(row["weight"]) for row in rows)
    return settle(
        context, rows, exact, covered=covered, coverable=coverable, parts=shown, flags=sorted(set(flags))
    )


def _mean(entries: Sequence[tuple[Fraction, Fraction]]) -> Fraction:
    weights = sum((weight for weight, _ in entries), Fraction(0))
    return sum((weight * found for weight, found in entries), Fraction(0)) / weights


def level(context: Context, rows: Sequence[Row]) -> Value:
    """The highest `level` that is `met` with all levels below it; 0 where the first is not."""
    reached = 0
    ordered = sorted(rows, key=lambda row: int(row["level"]))
    for row in ordered:
        if int(row["level"]) != reached + 1 or not row["met"]:
            break
        reached += 1
    parts = [(f"level{row['level']}", Fraction(bool(row["met"]))) for row in ordered]
    return settle(context, rows, Fraction(reached) if rows else None, parts=parts)


FINISHERS: Final[Mapping[str, Finisher]] = {
    "ratio": ratio,
    "index": index,
    "index100": index100,
    "median": median,
    "km_median": km_median,
    "cronbach": cronbach,
    "composite": composite,
    "level": level,
}
"""By the name that a definition gives."""
