"""Who takes part: a record of each organisation, the chain, its members, the council."""

from __future__ import annotations

from typing import Any

from samples.community.making import label, made
from samples.community.model import Community, Entry, LinkTo, thing
from samples.community.organisations import ALL_FIRMS, AUDITOR, LEADER, ORGANISATIONS, REGULATOR, Organisation

__all__ = ["CHAIN", "add_parties", "chain_urn", "party_of"]

CHAIN = "AGR-CHAIN"
_FOUNDED = "2023-09-01"
_ENDS = "2028-09-01"


def chain_urn() -> str:
    """The subject of the chain agreement: what a report calls the community."""
    return thing("chain")


def party_of(organisation: Organisation, **shares: int) -> dict[str, Any]:
    """An organisation as a party of an agreement, in its registry role."""
    found: dict[str, Any] = {"id": organisation.did, "role": organisation.role, **shares}
    if organisation.position:
        found["position"] = organisation.position
    return found


def add_parties(c: Community) -> None:
    """15 parties and the council, the chain and 14 memberships."""
    for organisation in ORGANISATIONS:
        c.add(made(f"PTY-{organisation.code}", "party", (organisation,), _profile(organisation), _FOUNDED))
    others = tuple(entry for entry in ORGANISATIONS if entry is not LEADER)
    chain = {
        "id": chain_urn(),
        "kind": "chain",
        "code": "CHAIN-JX",
        "name": label("吉祥产教共同体", "Jixiang community of school and industry"),
        "from": _FOUNDED,
        "to": _ENDS,
        "parties": [party_of(entry) for entry in ORGANISATIONS],
    }
    c.add(made(CHAIN, "agreement", (LEADER, *others), chain, _FOUNDED))
    for member in others:
        c.add(_membership(member))
    council = {
        "id": thing("council"),
        "kind": "group",
        "name": label("共同体理事会", "Council of the community"),
        "roles": ["leader", "member", "school"],
        "members": [entry.did for entry in ORGANISATIONS if entry.role in {"leader", "member", "school"}],
    }
    c.add(made("PTY-COUNCIL", "party", (LEADER,), council, _FOUNDED))


def _profile(organisation: Organisation) -> dict[str, Any]:
    found: dict[str, Any] = {
        "id": organisation.did,
        "kind": "organisation",
        "name": label(organisation.zh, organisation.en),
        "roles": [organisation.role],
        "registerNumber": organisation.register_number,
    }
    if organisation in ALL_FIRMS:
        found["chainRole"] = organisation.role
    return found


def _membership(member: Organisation) -> Entry:
    # An auditor alone is no second party, so the regulator joins in when one is admitted.
    signers = (LEADER, member, REGULATOR) if member is AUDITOR else (LEADER, member)
    subject = {
        "id": thing(f"membership-{member.code}"),
        "kind": "member",
        "code": f"MEMBER-{member.code}",
        "name": label(f"{member.zh}加入共同体", f"{member.en} joins the community"),
        "from": _FOUNDED,
        "to": _ENDS,
        "parties": [party_of(entry) for entry in signers],
    }
    link = LinkTo(CHAIN, "performedUnder")
    return made(f"AGR-MEMBER-{member.code}", "agreement", signers, subject, _FOUNDED, link)
