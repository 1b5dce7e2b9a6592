"""Each planted fact with the references of exactly the records that make it, at any scale above 0."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Final

from samples.community.agreements import BASE_ENDED, RECOGNITION
from samples.community.credentials import (
    LOW_SHARE,
    OVERRIDDEN,
    RECOGNISED,
    credit_ref,
    override_ref,
    skill_credential_ref,
)
from samples.community.credits import TWICE, deposit_ref, expiry_ref, second_deposit_ref
from samples.community.demands import FORECASTS, ORDER_CLASS, UNANSWERED
from samples.community.evaluations import (
    CIRCLE,
    FAR_APART,
    IDENTICAL_CLASS,
    RETESTED,
    outcome_ref,
    retest_ref,
)
from samples.community.governance import CASE
from samples.community.model import Community, record_id
from samples.community.plan import CLASS_SIZE
from samples.community.practice import (
    AFTER_END,
    LATE,
    LONG_DAYS,
    NIGHTS,
    REVOKED,
    SECOND_PLACE,
    activity_ref,
    second_place_ref,
)
from samples.community.roster import SHORT_WEEKS, Trainee, roster, trainee
from samples.community.trainees import NO_CONTRACT, NO_INSURANCE, UNDERPAID

__all__ = ["Planted", "planted"]


@dataclass(frozen=True, slots=True)
class Planted:
    """A planted fact.

    `refs` are its records; `persons` the persons it is about; `dependents` the records that rest on the first
    one of `refs`, where it was revoked; `refused` says that a service must not take the last one of `refs`.
    """

    code: str
    what: str
    refs: tuple[str, ...]
    persons: tuple[str, ...] = ()
    dependents: tuple[str, ...] = ()
    refused: bool = False

    @property
    def record_ids(self) -> tuple[str, ...]:
        """The record ids of `refs`."""
        return tuple(map(record_id, self.refs))


_OVERLOADED: Final = tuple(f"25-YF-BR-{place:02}" for place in range(1, 7))


def planted(community: Community) -> tuple[Planted, ...]:
    """Every planted fact that this community has: all of them at a scale above 0."""
    if community.scale <= 0:
        return ()
    everyone = [entry for cohort in roster(community.scale) for entry in cohort]
    return (*_practice(), *_people(everyone), *_judgements(everyone), *_papers(), *_credits())


def _weeks(code: str, what: str, keys: Iterable[tuple[str, int]], *more: str) -> Planted:
    keys = tuple(keys)
    refs = (*(activity_ref(*key) for key in keys), *more)
    return Planted(code, what, refs, _persons(dict.fromkeys(key[0] for key in keys)))


def _persons(codes: Iterable[str]) -> tuple[str, ...]:
    return tuple(trainee(code).person for code in codes)


def _practice() -> tuple[Planted, ...]:
    revoked, week = REVOKED
    holder = f"{revoked}-"
    dependents = (
        f"EVA-{holder}outcome",
        f"ENR-{holder}5",
        *(f"CRD-{holder}{kind}" for kind in ("enterprise", "school", "skill")),
        *(f"CBK-{holder}{entry}" for entry in ("deposit-enterprise", "deposit-school", "transfer")),
        f"OUT-{holder}employment",
    )
    evidence = Planted(
        "evidence_revoked",
        "practice revoked after credentials rested on it",
        (activity_ref(revoked, week),),
        _persons((revoked,)),
        dependents,
    )
    return (
        _weeks("long_day", "days of 9.5 h", LONG_DAYS),
        _weeks("night_work", "work between 22:00 and 07:00", NIGHTS),
        _weeks("overlap", "one person at two places at once", (SECOND_PLACE,), second_place_ref()),
        _weeks("late_entry", "signed sixty days after", LATE),
        _weeks("ended_agreement_used", "practice under an agreement that had ended", AFTER_END, BASE_ENDED),
        evidence,
    )


def _people(everyone: list[Trainee]) -> tuple[Planted, ...]:
    leavers = [entry for entry in everyone if entry.leaves]
    last_record: Callable[[str], str] = "ENR-{}-5".format
    found = [
        Planted(
            "early_leaver",
            "left after ten weeks",
            tuple(f"ENR-{entry.code}-2" for entry in leavers),
            tuple(entry.person for entry in leavers),
        ),
        Planted(
            "mentor_overload",
            "six trainees with one mentor",
            tuple(map(last_record, _OVERLOADED)),
            (trainee(_OVERLOADED[0]).mentor.person,),
        ),
    ]
    for code, what, who in (
        ("short_practice", "200 h instead of 240", tuple(SHORT_WEEKS)),
        ("no_insurance", "enrolment without insurance", (NO_INSURANCE,)),
        ("no_contract", "enrolment without contract", (NO_CONTRACT,)),
        ("underpaid", "75 % of the wage where 80 % are required", (UNDERPAID,)),
    ):
        found.append(Planted(code, what, tuple(map(last_record, who)), _persons(who)))
    return tuple(found)


def _judgements(everyone: list[Trainee]) -> tuple[Planted, ...]:
    alike = [
        entry.code
        for entry in everyone
        if entry.code.startswith(IDENTICAL_CLASS) and entry.place < CLASS_SIZE
    ]
    attempts = tuple(ref for code in RETESTED for ref in (outcome_ref(code), retest_ref(code)))
    return (
        Planted("failed_then_passed", "failed in June, passed ten days later", attempts, _persons(RETESTED)),
        Planted(
            "identical_scores",
            "a whole class with the same scores",
            tuple(map(outcome_ref, alike)),
            _persons(alike),
        ),
        Planted(
            "score_gap",
            "60 by the firm, 95 by the school",
            tuple(map(outcome_ref, FAR_APART)),
            _persons(FAR_APART),
        ),
        Planted("circular_endorsement", "two firms praise each other", CIRCLE),
    )


def _papers() -> tuple[Planted, ...]:
    recognised = (RECOGNITION, *map(skill_credential_ref, RECOGNISED))
    overrides = tuple(map(override_ref, OVERRIDDEN))
    return (
        Planted("unanswered_demand", "20 posts that no course is aligned to", (UNANSWERED,)),
        Planted("agreement_ended_shallow", "a base given up as shallow", (BASE_ENDED,)),
        Planted("order_class", "a quota of 40 for a demand of 60", (ORDER_CLASS, "DEM-25-XK")),
        Planted("forecast", "400 and 500 posts forecast", tuple(f"DEM-{name}" for name in FORECASTS)),
        Planted("recognition", "equivalents of a foreign body", recognised, _persons(RECOGNISED)),
        Planted("improvement_case", "diagnosis, improvement, verification", CASE),
        Planted("override", "a requirement let pass by decision", overrides, _persons(OVERRIDDEN)),
    )


def _credits() -> tuple[Planted, ...]:
    return (
        Planted(
            "low_enterprise_share",
            "25 % of the credits where 30 % are required",
            tuple(credit_ref(code, "enterprise") for code in LOW_SHARE),
            _persons(LOW_SHARE),
        ),
        Planted("credit_expired", "one credit expired", (expiry_ref(),)),
        Planted(
            "double_deposit",
            "one credential deposited at two banks",
            (deposit_ref(TWICE, "enterprise"), second_deposit_ref()),
            _persons((TWICE,)),
            refused=True,
        ),
    )
