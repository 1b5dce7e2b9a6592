"""What is known of one trainee, as plain values: the input of the gate's rules."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import NamedTuple

ItemKey = tuple[str, str]  # (standard's subject id, item code): stable over versions


@dataclass(frozen=True, slots=True)
class Stay:
    """One revision of an enrolment; ``end`` is the last day. ``current``: no later revision counts.

    ``number`` is the trainee's at the school. ``gates_passed`` is False where a stage gate or an evaluation
    that the revision rests on was not passed.
    """

    start: date
    end: date
    stage: int
    contract: bool = False
    insurance: bool = False
    pay_ratio_bp: int = 0
    number: str | None = None
    gates_passed: bool = True
    current: bool = True


class Shift(NamedTuple):
    """One shift on a local day, in minutes after its midnight; ``end`` may lie beyond 1,440.

    ``rest`` is the break. ``counts`` says that it is practice; other shifts matter to the labour checks
    alone.
    """

    day: date
    start: int
    end: int
    rest: int = 0
    counts: bool = True


@dataclass(frozen=True, slots=True)
class Score:
    """One side's verdict on one item; attempts come in order, the last one holds."""

    item: ItemKey
    by: str
    passed: bool


@dataclass(frozen=True, slots=True)
class Earned:
    """Credits of one practice credit, in hundredths; ``kind`` is ``enterprise`` or ``school``."""

    amount: int
    kind: str


@dataclass(frozen=True, slots=True)
class TraineeFacts:
    """Everything about one trainee that a gate asks for. ``stays`` by revision, ``scores`` by attempt."""

    stays: tuple[Stay, ...] = ()
    shifts: tuple[Shift, ...] = ()
    scores: tuple[Score, ...] = ()
    credits: tuple[Earned, ...] = ()


@dataclass(frozen=True, slots=True)
class Missing:
    """One requirement that is not met. ``code`` is stable: an override names it.

    ``needed`` and ``found`` are whole numbers of ``unit``; ``about`` names academic years, items or days.
    """

    code: str
    needed: int
    found: int
    unit: str
    about: tuple[str, ...] = ()
