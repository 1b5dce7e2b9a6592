"""The community put together: base, timeline, scenes."""

from __future__ import annotations

from collections import Counter

from samples.community.agreements import add_agreements, add_mentor_agreements
from samples.community.credentials import add_credentials, add_overrides
from samples.community.credits import add_credits
from samples.community.demands import add_demands, add_forecasts
from samples.community.evaluations import (
    add_adaptation,
    add_mutual,
    add_outcome,
    add_process,
    outcome_ref,
    process_ref,
)
from samples.community.governance import add_governance
from samples.community.mentoring import add_firm_teachers, add_mentoring
from samples.community.model import Community
from samples.community.outcomes import add_career, add_retention, add_yearly_outcomes, start_of
from samples.community.parties import add_parties
from samples.community.plan import YEARS
from samples.community.practice import add_practice
from samples.community.resources import add_resources
from samples.community.roster import Trainee, mentors, roster
from samples.community.scenes import add_scenes
from samples.community.standards import add_courses, add_posts, add_programmes
from samples.community.surveys import add_surveys
from samples.community.trainees import add_end, add_first_stages, add_last_stages

__all__ = ["build"]


def build(scale: float = 1.0, *, with_scenes: bool = True) -> Community:
    """The community at a scale: 1.0 is every trainee, 0 the base without trainees.

    The plan's numbers hold at 1.0 without scenes; planted facts are there at every scale above 0.
    """
    community = Community(scale)
    _add_base(community)
    if scale > 0:
        _add_timeline(community)
    if with_scenes:
        add_scenes(community)
    return community


def _add_base(c: Community) -> None:
    """What does not depend on who is enrolled."""
    add_parties(c)
    add_posts(c)
    add_programmes(c)
    add_agreements(c)
    add_forecasts(c)
    for year in range(len(YEARS)):
        add_demands(c, year)
        add_courses(c, year)
    add_resources(c)
    add_governance(c)


def _add_timeline(c: Community) -> None:
    cohorts = roster(c.scale)
    present = mentors(cohorts)
    add_mentor_agreements(c, present)
    add_overrides(c)
    for year, cohort in enumerate(cohorts):
        add_mentoring(c, year, present[year])
        add_firm_teachers(c, year)
        hired: Counter[str] = Counter()
        for trainee in cohort:
            _add_trainee(c, trainee, hired)
        add_yearly_outcomes(c, year)
    add_mutual(c)
    add_surveys(c)


def _add_trainee(c: Community, trainee: Trainee, hired: Counter[str]) -> None:
    """One trainee from the first stage to the first job; `hired` counts the hires of each firm."""
    add_first_stages(c, trainee)
    add_practice(c, trainee)
    if trainee.leaves:
        return
    add_process(c, trainee)
    add_last_stages(c, trainee, process_ref(trainee))
    add_outcome(c, trainee)
    add_end(c, trainee, outcome_ref(trainee))
    add_credentials(c, trainee)
    add_credits(c, trainee)
    add_career(c, trainee, hired[trainee.firm.code])
    if trainee.hire is not None:
        hired[trainee.firm.code] += 1
        add_adaptation(c, trainee, start_of(trainee))
        add_retention(c, trainee)
