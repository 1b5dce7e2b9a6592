"""What can be done to a record's status, and the reasons for it (protocol section 5)."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum

WORD_BITS = 256


class Plane(IntEnum):
    """Bit planes, read at the same status number."""

    REVOKED = 0
    SUSPENDED = 1
    SUPERSEDED = 2


class Reason(IntEnum):
    """RFC 5280 reason codes where one fits, and ours from 32 on."""

    UNSPECIFIED = 0
    KEY_COMPROMISE = 1
    CA_COMPROMISE = 2
    AFFILIATION_CHANGED = 3
    SUPERSEDED = 4
    CESSATION_OF_OPERATION = 5
    CERTIFICATE_HOLD = 6
    REMOVE_FROM_CRL = 8
    PRIVILEGE_WITHDRAWN = 9
    AA_COMPROMISE = 10
    ISSUED_IN_ERROR = 32
    HOLDER_REQUEST = 33
    REVOCATION_ANNULLED = 34


def reason_name(reason: int) -> str:
    """The reason as the API and RFC 5280 write it: ``issuedInError``."""
    head, *rest = Reason(reason).name.lower().split("_")
    short = {"ca": "cA", "aa": "aA"}.get(head, head)
    return short + "".join("CRL" if part == "crl" else part.capitalize() for part in rest)


REASONS = {reason_name(reason): reason for reason in Reason}


@dataclass(frozen=True)
class Action:
    """A plane, whether its bit is set or cleared, and the reason where none is given."""

    plane: Plane
    on: bool
    default: Reason


# Annulling a revocation is the accreditor's, with a manage account that no service holds: see `commands`.
ACTIONS = {
    "revoke": Action(Plane.REVOKED, True, Reason.UNSPECIFIED),
    "suspend": Action(Plane.SUSPENDED, True, Reason.CERTIFICATE_HOLD),
    "reinstate": Action(Plane.SUSPENDED, False, Reason.REMOVE_FROM_CRL),
    "supersede": Action(Plane.SUPERSEDED, True, Reason.SUPERSEDED),
}


def action_name(plane: int, on: bool) -> str:
    """The action that sets (or clears) a bit of ``plane``; clearing planes 0 and 2 is ``annul``."""
    for name, action in ACTIONS.items():
        if (action.plane, action.on) == (plane, on):
            return name
    return "annul"
