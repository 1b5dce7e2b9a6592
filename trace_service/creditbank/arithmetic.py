"""The credit bank's arithmetic: conversion by a rule, and which credits are spent first. No database here.

Amounts are integers of hundredths of a credit.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date

__all__ = ["Conversion", "Lot", "Movement", "convert", "converted_lots", "lapsed", "lots_after", "take"]


@dataclass(frozen=True, slots=True)
class Conversion:
    """What a conversion gives: ``amount``, and ``residue``/``denominator`` hundredths lost by rounding."""

    amount: int
    residue: int
    denominator: int


@dataclass(frozen=True, slots=True)
class Lot:
    """Credits that came in together; ``expires_on`` is the first day on which they no longer count."""

    amount: int
    expires_on: date | None = None


@dataclass(frozen=True, slots=True)
class Movement:
    """One posting on a holder's account: in (positive, with its expiry) or out, on a day.

    ``expiry`` says that it is the expiry of lapsed credits.
    """

    amount: int
    on: date
    expires_on: date | None = None
    expiry: bool = False


def convert(amount: int, numerator: int, denominator: int) -> Conversion:
    """Return amount x numerator / denominator rounded down, with what that loses."""
    whole, residue = divmod(amount * numerator, denominator)
    return Conversion(whole, residue, denominator)


def lapsed(lots: Iterable[Lot], on: date) -> int:
    """How much of ``lots`` no longer counts on that day."""
    return sum(lot.amount for lot in lots if _has_lapsed(lot, on))


def take(lots: Sequence[Lot], amount: int, on: date, *, expiry: bool = False) -> tuple[list[Lot], list[Lot]]:
    """Return (taken, left) when ``amount`` goes out on that day.

    What lapses first goes first. Spending takes what still counts, and an expiry what has lapsed; where that
    is not enough, the rest comes from the others, so that the sums always fit. ``amount`` is at most the sum
    of the lots.
    """
    order = sorted(range(len(lots)), key=lambda i: (_has_lapsed(lots[i], on) != expiry, _expiry_key(lots[i])))
    rest = list(lots)
    taken = []
    for index in order:
        part = min(amount, lots[index].amount)
        if part:
            taken.append(Lot(part, lots[index].expires_on))
            rest[index] = Lot(lots[index].amount - part, lots[index].expires_on)
            amount -= part
    if amount:
        raise ValueError("more than the lots hold")
    return taken, [lot for lot in rest if lot.amount]


def lots_after(movements: Iterable[Movement]) -> list[Lot]:
    """Return what is left after ``movements``, in the order in which they were booked."""
    lots: list[Lot] = []
    for movement in movements:
        if movement.amount > 0:
            lots.append(Lot(movement.amount, movement.expires_on))
        else:
            _taken, lots = take(lots, -movement.amount, movement.on, expiry=movement.expiry)
    return lots


def converted_lots(taken: Sequence[Lot], numerator: int, denominator: int) -> list[Lot]:
    """Return the lots that come out of a conversion of ``taken``: each keeps its expiry.

    Rounding is done on the running total: the sum is that of `convert` on the whole.
    """
    made: list[Lot] = []
    before = total = 0
    for lot in taken:
        total += lot.amount
        after = total * numerator // denominator
        if after > before:
            made.append(Lot(after - before, lot.expires_on))
        before = after
    return made


def _has_lapsed(lot: Lot, on: date) -> bool:
    return lot.expires_on is not None and lot.expires_on <= on


def _expiry_key(lot: Lot) -> date:
    return lot.expires_on or date.max
