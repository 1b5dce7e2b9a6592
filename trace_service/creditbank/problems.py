"""What the credit bank refuses: problem details with members of their own beside the usual ones."""

from __future__ import annotations

from typing import Any

from trace_service.problems import Problem


class CreditProblem(Problem):
    """A refusal of the ledger. ``facts`` are the extension members of the problem details (RFC 9457,
    section 3.2): amounts in hundredths of a credit, ids of records."""

    def __init__(
        self,
        status: int,
        code: str,
        title: str,
        *,
        path: str | None = None,
        detail: str | None = None,
        fix: str | None = None,
        **facts: Any,
    ) -> None:
        super().__init__(status, f"credit.{code}", title, path=path, detail=detail, fix=fix)
        self.facts = facts

    def body(self) -> dict[str, Any]:
        """Return the members of the problem details object, with the facts."""
        return {**super().body(), **self.facts}


class OverdraftError(CreditProblem):
    """The account has less than is asked for: ``available`` and ``asked`` in hundredths."""

    def __init__(self, available: int, asked: int) -> None:
        super().__init__(
            409,
            "overdraft",
            "The account has not that much",
            path="$.amount",
            detail="what is reserved for open drafts or has lapsed does not count",
            fix="ask for less, or have open drafts signed or rejected first",
            available=available,
            asked=asked,
        )
        self.available = available
        self.asked = asked


class NotLapsedError(CreditProblem):
    """Less than ``asked`` has lapsed by the day of the entry: ``available``."""

    def __init__(self, available: int, asked: int) -> None:
        super().__init__(
            409,
            "not_lapsed",
            "So much has not lapsed by that day" if available else "Nothing has lapsed by that day",
            path="$.amount",
            fix="leave the amount out to expire what has lapsed" if available else None,
            available=available,
            asked=asked,
        )
        self.available = available
        self.asked = asked


class AlreadyDepositedError(CreditProblem):
    """The credential, or one that it supersedes, stands behind the deposit ``record`` already."""

    def __init__(self, record: str) -> None:
        super().__init__(
            409,
            "already_deposited",
            "This credential was deposited before",
            path="$.credential",
            detail=record,
            fix="a credential is deposited once, at one bank",
            record=record,
        )
        self.record = record


def not_party() -> CreditProblem:
    """The caller has no part in the holder's credits at this bank."""
    return CreditProblem(
        403,
        "not_party",
        "Only the bank, and who signs entries of this holder there, may draft this",
        path="$.bank",
        fix="ask the bank to draft it",
    )


def unknown_rule(code: str, version: str) -> CreditProblem:
    """The agreement has no such rule."""
    return CreditProblem(
        422,
        "rule_unknown",
        "The agreement has no such rule",
        path="$.rule",
        detail=f"{code} {version}",
        fix="name a rule of the agreement by its code and version",
    )


def bad_credential(why: str, title: str, *, status: int = 422, **facts: Any) -> CreditProblem:
    """The credential cannot be deposited like this; ``why`` is the last part of the code."""
    return CreditProblem(status, f"credential_{why}", title, path="$.credential", **facts)


def bad_agreement(why: str, title: str, *, fix: str | None = None) -> CreditProblem:
    """The agreement does not carry this conversion; ``why`` is the last part of the code."""
    return CreditProblem(422, f"agreement_{why}", title, path="$.agreement", fix=fix)
