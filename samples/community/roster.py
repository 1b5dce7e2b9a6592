"""Who is in the cohorts: schools x firms x 20, and which of them a smaller scale keeps."""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass
from functools import cache, cached_property

from samples.community.model import person, thing
from samples.community.organisations import ALL_FIRMS, FIRM_CODES, SCHOOL_CODES, SCHOOLS, Organisation
from samples.community.plan import CLASS_SIZE, LEFT_AFTER_WEEKS, TEACHERS, TRAINEES, WEEKS, YEARS
from samples.facts import GIVEN, SPECIAL_NAMES, SURNAMES

__all__ = ["ALWAYS", "SHORT_WEEKS", "Mentor", "Trainee", "mentors", "roster", "trainee"]

SHORT_WEEKS = {"25-YF-NF-01": 25, "25-YF-NF-05": 25}
"""Trainees with 25 weeks, 200 h, instead of 31."""
MOVED_TO_FIRST_MENTOR = "25-YF-BR-06"
"""The sixth trainee of a class who is with its first mentor, instead of the second."""

ALWAYS = (
    *(f"25-{code}" for code in ("ZQ-JX-01", "ZQ-JX-02", "ZQ-JX-13", "ZQ-JX-20", "ZQ-LH-01", "ZQ-XK-19")),
    *(f"25-{code}" for code in ("ZQ-XK-20", "FS-XK-01", "FS-HD-01", "FS-HD-02", "FS-NF-01", "ZQ-NF-01")),
    *(f"25-{code}" for code in ("ZQ-NF-02", "FS-LH-01", "FS-LH-02", "FS-LH-03", "YF-NF-01", "YF-NF-05")),
    *(f"25-{code}" for code in ("YF-LH-01", "YF-LH-02")),
    *(f"25-YF-BR-{place:02}" for place in range(1, 7)),
    *("23-ZQ-JX-01", "23-FS-XK-02", "23-YF-DS-03", "24-ZQ-JX-01", "24-FS-XK-02", "24-YF-DS-03"),
    *(f"25-YF-BR-{place:02}" for place in range(7, 11)),
)
"""Trainees kept at every scale above 0: those of the planted facts (ten of the class with identical scores),
and three of each earlier cohort."""


@dataclass(frozen=True)
class Mentor:
    """A firm's mentor of up to five trainees of one class a year."""

    school: Organisation
    firm: Organisation
    group: int

    @property
    def code(self) -> str:
        """E.g. ZQ-JX-0."""
        return f"{self.school.code}-{self.firm.code}-{self.group}"

    @property
    def person(self) -> str:
        """The person's urn."""
        return person(f"mentor-{self.code}")

    @property
    def number(self) -> int:
        """0..83."""
        return (SCHOOLS.index(self.school) * len(ALL_FIRMS) + ALL_FIRMS.index(self.firm)) * 4 + self.group


@dataclass(frozen=True)
class Trainee:
    """One trainee of one year; `place` is 1..20 within the class of a school and a firm."""

    year: int
    school: Organisation
    firm: Organisation
    place: int

    @cached_property
    def code(self) -> str:
        """E.g. 25-ZQ-JX-01."""
        return f"{YEARS[self.year] % 100}-{self.school.code}-{self.firm.code}-{self.place:02}"

    @cached_property
    def person(self) -> str:
        """The person's urn."""
        return person(f"trainee-{self.code}")

    @property
    def class_number(self) -> int:
        """0..20."""
        return SCHOOLS.index(self.school) * len(ALL_FIRMS) + ALL_FIRMS.index(self.firm)

    @cached_property
    def serial(self) -> int:
        """0..419 within the cohort."""
        return self.class_number * CLASS_SIZE + self.place - 1

    @property
    def leaves(self) -> bool:
        """The last of each class but the last class."""
        return self.place == CLASS_SIZE and self.class_number < TRAINEES // CLASS_SIZE - 1

    @cached_property
    def graduate(self) -> int:
        """0..399 among those who do not leave."""
        return self.serial - self.class_number

    @cached_property
    def hire(self) -> int | None:
        """0..379 among those who take up work: nineteen of every twenty graduates; the others study on."""
        return None if self.graduate % 20 == 19 else self.graduate - self.graduate // 20

    @property
    def weeks(self) -> int:
        """Weeks of practice: 1..weeks."""
        return LEFT_AFTER_WEEKS if self.leaves else SHORT_WEEKS.get(self.code, WEEKS)

    @cached_property
    def mentor(self) -> Mentor:
        """The firm's mentor."""
        group = 0 if self.code == MOVED_TO_FIRST_MENTOR else (self.place - 1) // 5
        return Mentor(self.school, self.firm, group)

    @cached_property
    def teacher(self) -> str:
        """The school teacher's urn; so many by year and school as the plan says."""
        school = SCHOOLS.index(self.school)
        return person(f"teacher-{self.school.code}-{self.serial % TEACHERS[self.year][school]:02}")

    @cached_property
    def name(self) -> str:
        """A name; planted trainees have those that systems break."""
        return _name(self.code, self.year * TRAINEES + self.serial)

    def thing(self, what: str) -> str:
        """The urn of something of this trainee's."""
        return thing(f"{what}-{self.code}")


def _name(code: str, number: int) -> str:
    if code in ALWAYS or number % 97 == 5:
        place = ALWAYS.index(code) if code in ALWAYS else number // 97
        return unicodedata.normalize("NFC", SPECIAL_NAMES[place % len(SPECIAL_NAMES)])
    first, second = GIVEN[number * 7 % len(GIVEN)], GIVEN[(number * 11 + number // 50) % len(GIVEN)]
    return SURNAMES[number % len(SURNAMES)] + first + (second if second != first and number % 9 else "")


@cache
def trainee(code: str) -> Trainee:
    """The trainee with this code, e.g. 25-ZQ-JX-01."""
    year, school, firm, place = code.split("-")
    return Trainee(YEARS.index(2000 + int(year)), SCHOOL_CODES[school], FIRM_CODES[firm], int(place))


def roster(scale: float) -> list[list[Trainee]]:
    """The trainees of each cohort at a scale; at 1.0 all 420, at 0 none."""
    if scale <= 0:
        return [[] for _ in YEARS]
    everyone = len(YEARS) * TRAINEES
    share = 1.0 if scale >= 1 else max(0.0, scale - len(ALWAYS) / everyone)
    kept: list[list[Trainee]] = [[] for _ in YEARS]
    for number in range(everyone):
        year, serial = divmod(number, TRAINEES)
        found = _by_serial(year, serial)
        if int((number + 1) * share) > int(number * share) or found.code in ALWAYS:
            kept[year].append(found)
    return kept


def _by_serial(year: int, serial: int) -> Trainee:
    class_number, place = divmod(serial, CLASS_SIZE)
    school, firm = divmod(class_number, len(ALL_FIRMS))
    return Trainee(year, SCHOOLS[school], ALL_FIRMS[firm], place + 1)


def mentors(cohorts: list[list[Trainee]]) -> list[list[Mentor]]:
    """The mentors of each cohort, by number."""
    return [
        sorted({entry.mentor for entry in cohort}, key=lambda mentor: mentor.number) for cohort in cohorts
    ]
