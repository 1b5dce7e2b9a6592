"""How a step ended, the answer for a record, and the answer over several."""

from __future__ import annotations

from collections.abc import Iterable
from enum import StrEnum

__all__ = ["Outcome", "Verdict", "worst"]


class Outcome(StrEnum):
    """How a step ended. There is no fourth value: what was not looked at is never called passed."""

    PASSED = "PASSED"
    FAILED = "FAILED"
    NOT_CHECKED = "NOT_CHECKED"


class Verdict(StrEnum):
    """The answer for one record."""

    VALID = "VALID"
    VALID_WITH_REMARKS = "VALID_WITH_REMARKS"
    NOT_VALID = "NOT_VALID"
    UNDECIDED = "UNDECIDED"

    @property
    def exit_code(self) -> int:
        """Process exit code of protocol section 9: 0, 0, 1, 2."""
        return _EXIT_CODES[self]


_EXIT_CODES = {Verdict.VALID: 0, Verdict.VALID_WITH_REMARKS: 0, Verdict.NOT_VALID: 1, Verdict.UNDECIDED: 2}

_WORST_FIRST = (Verdict.NOT_VALID, Verdict.UNDECIDED, Verdict.VALID_WITH_REMARKS, Verdict.VALID)


def worst(verdicts: Iterable[Verdict]) -> Verdict:
    """The verdict over several: NOT_VALID, then UNDECIDED, then VALID_WITH_REMARKS, then VALID."""
    present = {*verdicts, Verdict.VALID}
    return next(verdict for verdict in _WORST_FIRST if verdict in present)
