"""The invented cohort as plain Python data, the same on every machine: seeded, without a clock."""

from __future__ import annotations

import random
from dataclasses import dataclass
from datetime import date, timedelta

from samples.facts import ELEMENTARY, FIRMS, GIVEN, INTERMEDIATE, ITEMS, SPECIAL_NAMES, SURNAMES, Firm

SEED = 20260302
TRAINEES = 300
WEEKS = 31
FIRST_MONDAY = date(2026, 3, 2)
ENROLLED_UNTIL = date(2026, 10, 12)
PROCESS_DATE = date(2026, 6, 20)
OUTCOME_DATE = date(2026, 10, 12)
PROCESS_WEEKS = 15  # the process evaluation covers weeks 1-15, the outcome evaluation the others
HOLIDAYS = frozenset(
    map(
        date.fromisoformat,
        (
            "2026-04-06",
            "2026-05-01",
            "2026-05-04",
            "2026-05-05",
            "2026-06-19",
            "2026-09-25",
            "2026-10-01",
            "2026-10-02",
        ),
    )
)
REQUIRED_MINUTES = 240 * 60

CLASSES = 8
ELEMENTARY_CLASSES = 5  # classes 1-5 are in their fifth semester, 6-8 in their seventh


HALF_DAY = "13:30-17:30"


@dataclass(frozen=True)
class Trainee:
    """One trainee. ``days`` are the weekdays (Monday 0) of the full day and of the half day in the firm."""

    index: int
    number: str
    name: str
    group: int
    level: str
    firm: Firm
    mentor: str
    teacher: str
    days: tuple[int, int]

    @property
    def items(self) -> list[str]:
        """The standard's items of the trainee's level."""
        return [item[0] for item in ITEMS if item[1] == self.level]


def trainees() -> list[Trainee]:
    """The cohort, by student number."""
    dice = random.Random(SEED)
    firms = [firm for firm in FIRMS for _ in range(firm.trainees)]
    dice.shuffle(firms)
    names = _names(dice)
    places = [0] * len(FIRMS)
    found = []
    for index in range(TRAINEES):
        group = index * CLASSES // TRAINEES + 1
        firm = firms[index]
        position = FIRMS.index(firm)
        mentor = f"M-{position + 1}{places[position] // 5 + 1:02}"  # one mentor, five trainees
        places[position] += 1
        level = ELEMENTARY if group <= ELEMENTARY_CLASSES else INTERMEDIATE
        days = ((group - 1) % 5, (group + 1) % 5)
        teacher = f"T-{(index % 12) + 1:02}"
        number = f"{2023 if level == ELEMENTARY else 2022}06{group:02}{index % 100:02}{index // 100}"
        found.append(Trainee(index, number, names[index], group, level, firm, mentor, teacher, days))
    return found


def _names(dice: random.Random) -> list[str]:
    names: dict[str, None] = {}
    while len(names) < TRAINEES - len(SPECIAL_NAMES):
        names[dice.choice(SURNAMES) + "".join(dice.sample(GIVEN, dice.choice((1, 2, 2, 2))))] = None
    listed = list(names)
    step = TRAINEES // len(SPECIAL_NAMES)
    for place, name in enumerate(SPECIAL_NAMES):
        listed.insert(place * step, name)
    return listed


@dataclass(frozen=True)
class Week:
    """One row of the practice log: times by weekday (Monday 0)."""

    number: int
    monday: date
    times: dict[int, str]
    minutes: int
    ops: int
    errors: int
    project: str


def practice(trainee: Trainee) -> list[Week]:
    """Thirty-one weeks: one full day and one half day in the firm, with absences, make-ups and holidays."""
    dice = random.Random(f"{SEED}-{trainee.number}")
    weeks = []
    for number in range(1, WEEKS + 1):
        monday = FIRST_MONDAY + timedelta(weeks=number - 1)
        times = _times(trainee, monday, dice)
        minutes = sum(
            240 if text == HALF_DAY else 600 if text.startswith("08:00-19") else 480
            for text in times.values()
        )
        ops = dice.randint(15, 60)
        project = trainee.firm.projects[(number - 1) * len(trainee.firm.projects) // WEEKS]
        weeks.append(
            Week(number, monday, times, minutes, ops, dice.choice((0, 0, 0, 0, 0, 1, 1, 2)), project)
        )
    return weeks


def _times(trainee: Trainee, monday: date, dice: random.Random) -> dict[int, str]:
    full, half = trainee.days
    holiday = {day for day in range(5) if monday + timedelta(days=day) in HOLIDAYS}
    times = {}
    if full not in holiday and dice.random() > 0.04:
        times[full] = trainee.firm.shift
    if half not in holiday and dice.random() > 0.12:
        times[half] = HALF_DAY
    if not times:  # made up for on the first free working day
        times[next(day for day in range(5) if day not in holiday and day != full)] = trainee.firm.shift
    return times


@dataclass(frozen=True)
class Score:
    """One item of one evaluation, scored by both sides out of 100."""

    item: str
    enterprise: float
    school: int


def scores(trainee: Trainee, outcome: bool) -> list[Score]:
    """The process evaluation covers the first half of the items, the outcome evaluation all of them."""
    dice = random.Random(f"{SEED}-{trainee.number}-{outcome}")
    items = trainee.items if outcome else trainee.items[: len(trainee.items) // 2]
    able = dice.gauss(84 if outcome else 78, 5)
    found = []
    for item in items:
        enterprise = min(100.0, max(62.0, round(2 * dice.gauss(able, 4)) / 2))
        found.append(Score(item, enterprise, round(min(100.0, max(62.0, dice.gauss(able + 2, 3))))))
    return found
