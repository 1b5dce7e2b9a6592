"""The gate's rules: pure functions from facts and requirements to what is missing.

Every rule is exact: whole minutes, whole hundredths, and no division before a comparison.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import date
from typing import NamedTuple

from trace_service.gate.facts import Missing, Stay, TraineeFacts
from trace_service.gate.hours import (
    DAY_MINUTES,
    Span,
    academic_years,
    at_night,
    merge,
    minutes_by_day,
    year_name,
)
from trace_service.gate.requirements import Requirements

LAST_STAGE = 4
WHOLE = 10_000  # parts of a share
MAX_NAMED = 20  # days or items that one finding names


class Case(NamedTuple):
    """One trainee before one gate on one day; ``level`` as the credential has it, None for any."""

    requirements: Requirements
    facts: TraineeFacts
    on: date
    level: str | None = None

    @property
    def enrolled(self) -> list[Span]:
        """The days of enrolment up to the day of the gate."""
        stays = [Span(stay.start, min(stay.end, self.on)) for stay in self.facts.stays if stay.current]
        return merge(span for span in stays if span.first <= span.last)

    @property
    def current(self) -> list[Stay]:
        """The newest revision of each enrolment."""
        return [stay for stay in self.facts.stays if stay.current]


def find_missing(case: Case) -> list[Missing]:
    """Return everything that is missing, in the order of `RULES`; nothing where the gate is open."""
    return [missing for rule in RULES for missing in rule(case)]


def _enrolment(case: Case) -> Iterator[Missing]:
    wanted = case.requirements
    if not case.enrolled and (
        wanted.practice_minutes or wanted.stages or wanted.labour or wanted.min_pay_ratio_bp
    ):
        yield Missing("enrolment", 1, 0, "records")


def _practice(case: Case) -> Iterator[Missing]:
    """Each academic year asks for its minutes, in proportion to the days enrolled in it."""
    wanted = case.requirements.practice_minutes
    if not wanted or not case.enrolled:
        return
    worked = minutes_by_day(shift for shift in case.facts.shifts if shift.counts)
    whole = Span(case.enrolled[0].first, case.enrolled[-1].last)
    for year in academic_years(whole):
        spans = [shared for span in case.enrolled if (shared := span.shared(year))]
        needed = wanted * sum(span.days for span in spans)
        found = sum(
            min(minutes, DAY_MINUTES)
            for first, last in spans
            for day, minutes in worked.items()
            if first <= day <= last
        )
        if found * year.days < needed:
            yield Missing("practice_minutes", -(-needed // year.days), found, "minutes", (year_name(year),))


def _credits(case: Case) -> Iterator[Missing]:
    earned = sum(each.amount for each in case.facts.credits)
    if earned < case.requirements.credits:
        yield Missing("credits", case.requirements.credits, earned, "hundredths")


def _enterprise_share(case: Case) -> Iterator[Missing]:
    """Of the credits that the standard asks for; of those earned where it asks for no number."""
    share = case.requirements.enterprise_share_bp
    if not share:
        return
    whole = case.requirements.credits or sum(each.amount for each in case.facts.credits)
    found = sum(each.amount for each in case.facts.credits if each.kind == "enterprise")
    if found * WHOLE < share * whole or not found:
        yield Missing("enterprise_share", max(1, -(-share * whole // WHOLE)), found, "hundredths")


def _evaluations(case: Case) -> Iterator[Missing]:
    """Each side must have passed every item in its last attempt.

    A standard without items asks that every item on which the side scored the trainee was passed in the end.
    """
    wanted = case.requirements
    for role in wanted.evaluated_by:
        last = {score.item: score.passed for score in case.facts.scores if score.by == role}
        if wanted.items:
            asked = [(wanted.standard, code) for code in wanted.items_of(case.level)]
        else:
            asked = sorted(last)
        failed = [item[1] for item in asked if not last.get(item, False)]
        if failed or not asked:
            needed = max(1, len(asked))
            found = len(asked) - len(failed)
            yield Missing(f"evaluated_by_{role}", needed, found, "items", tuple(failed[:MAX_NAMED]))


def _stages(case: Case) -> Iterator[Missing]:
    """Stages 1 to 4, none left out and none taken back, each gate that a stage rests on passed."""
    if not case.requirements.stages or not case.facts.stays:
        return
    reached, skipped = 0, set(range(1, LAST_STAGE + 1))
    backward = 0
    for stay in case.facts.stays:
        if stay.stage < reached:
            backward += 1
        reached = stay.stage
        skipped.discard(stay.stage)
    if backward or skipped:
        about = tuple(str(stage) for stage in sorted(skipped))
        yield Missing("stages", LAST_STAGE, LAST_STAGE - len(skipped), "stages", about)
    closed = [str(stay.stage) for stay in case.facts.stays if not stay.gates_passed]
    if closed:
        yield Missing("stage_gate", len(closed), 0, "gates", tuple(closed))


def _labour(case: Case) -> Iterator[Missing]:
    if not case.requirements.labour:
        return
    days = minutes_by_day(case.facts.shifts)
    long = sorted(day.isoformat() for day, minutes in days.items() if minutes > DAY_MINUTES)
    if long:
        yield Missing("labour_day", 0, len(long), "days", tuple(long[:MAX_NAMED]))
    nights = sorted({shift.day.isoformat() for shift in case.facts.shifts if at_night(shift)})
    if nights:
        yield Missing("labour_night", 0, len(nights), "days", tuple(nights[:MAX_NAMED]))
    for code, held in (
        ("labour_contract", [stay.contract for stay in case.current]),
        ("labour_insurance", [stay.insurance for stay in case.current]),
    ):
        if not all(held):
            yield Missing(code, len(held), sum(held), "enrolments")


def _pay(case: Case) -> Iterator[Missing]:
    wanted = case.requirements.min_pay_ratio_bp
    lowest = min((stay.pay_ratio_bp for stay in case.current), default=wanted)
    if lowest < wanted:
        yield Missing("pay_ratio", wanted, lowest, "bp")


RULES: tuple[Callable[[Case], Iterator[Missing]], ...] = (
    _enrolment,
    _practice,
    _credits,
    _enterprise_share,
    _evaluations,
    _stages,
    _labour,
    _pay,
)
