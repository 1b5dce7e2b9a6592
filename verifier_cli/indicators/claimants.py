"""Which chain agreement a community's name means.

Nobody owns a URN: any two organisations may anchor an Agreement of kind `chain` with the
`credentialSubject.id` of somebody else's. Such a claim takes nothing from the first community: the agreement
that whoever asks belongs to decides. Where that leaves several, one is named by its digest or record id.
"""

from __future__ import annotations

import datetime
from collections.abc import Sequence

from verifier_cli.encoding import digest_multibase
from verifier_cli.indicators.community import CommunityError, Facts, members, superseded

__all__ = ["candidates", "claimants", "of_party"]


def claimants(
    counted: Sequence[Facts], name: str, period_from: datetime.date, period_to: datetime.date
) -> list[Facts]:
    """Chain agreements that `name` may mean: it is their subject.id, their digestMultibase or record id.

    Revisions are one: what its own issuer has superseded is left out. So is what had ended before the
    period, where another has not. Ordered by digest.
    """
    begun = [item for item in counted if item.agreement is not None and item.start < period_to]
    gone = superseded(begun)
    found = [item for item in begun if item.digest not in gone and _is_called(item, name)]
    in_force = [item for item in found if _in_force(item, period_from)]
    return sorted(in_force or found, key=lambda item: item.digest)


def of_party(
    found: Sequence[Facts],
    counted: Sequence[Facts],
    did: str,
    period_from: datetime.date,
    period_to: datetime.date,
) -> list[Facts]:
    """Those of the claimants to whose community `did` belongs.

    Nobody is made a member by strangers: every party of an agreement signs it.
    """
    own = []
    for item in found:
        try:
            belonging = members(item.digest, counted, period_from, period_to)
        except CommunityError:
            continue  # over before the period: nobody belongs to it
        if did in {member.did for member in belonging}:
            own.append(item)
    return own


def candidates(found: Sequence[Facts]) -> list[str]:
    """What to name one of several by: the digestMultibase of each."""
    return [_multibase(item) for item in found]


def _multibase(item: Facts) -> str:
    return digest_multibase(bytes.fromhex(item.digest))


def _is_called(item: Facts, name: str) -> bool:
    agreement = item.agreement
    if agreement is None or agreement.kind != "chain":
        return False
    return name in (agreement.subject, agreement.record_id, _multibase(item))


def _in_force(item: Facts, period_from: datetime.date) -> bool:
    return item.agreement is not None and not (
        item.agreement.last is not None and item.agreement.last < period_from
    )
