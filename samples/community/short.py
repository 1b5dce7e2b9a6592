"""Short forms for scenes: a record with the members that matter there, the rest filled in plainly.

Each adds one entry and returns its reference, so that the next can link to it. `members` go into the subject
as they are, and win over what is filled in. Dates are local days.
"""

from __future__ import annotations

from typing import Any

from samples.community.making import label, made
from samples.community.model import Community, LinkTo
from samples.community.organisations import Organisation

__all__ = [
    "activity",
    "agreement",
    "credential",
    "credit",
    "decision",
    "demand",
    "enrolment",
    "evaluation",
    "item",
    "outcome",
    "resource",
    "standard",
]

Signers = tuple[Organisation, ...]


def _add(
    c: Community,
    ref: str,
    schema: str,
    signers: Signers,
    day: str,
    links: tuple[LinkTo, ...],
    filled: dict[str, Any],
    members: dict[str, Any],
) -> str:
    c.add(made(ref, schema, signers, {**filled, **members}, day, *links))
    return ref


def item(code: str, **members: Any) -> dict[str, Any]:
    """An item of a standard, 60 minutes long."""
    return {"code": code, "text": label(f"条目{code}", f"Item {code}"), "minutes": 60, **members}


def agreement(
    c: Community, ref: str, kind: str, signers: Signers, day: str, *links: LinkTo, **members: Any
) -> str:
    """An Agreement whose parties are its signers, in force from `day`."""
    filled = {
        "id": c.thing(ref),
        "kind": kind,
        "code": ref,
        "name": label(f"协议{ref}", f"Agreement {ref}"),
        "from": day,
        "parties": [{"id": signer.did, "role": signer.signs_as} for signer in signers],
    }
    return _add(c, ref, "agreement", signers, day, links, filled, members)


def standard(
    c: Community, ref: str, kind: str, signers: Signers, day: str, *links: LinkTo, **members: Any
) -> str:
    """A Standard of version 1 in force from `day`, without levels; `items` may be given as codes."""
    items = [
        {"code": item, "text": label(f"条目{item}", f"Item {item}")} if isinstance(item, str) else item
        for item in members.pop("items", ("A",))
    ]
    filled = {
        "id": c.thing(ref),
        "kind": kind,
        "code": ref,
        "version": "1",
        "name": label(f"标准{ref}", f"Standard {ref}"),
        "effective": day,
        "levels": [],
        "items": items,
    }
    return _add(c, ref, "standard", signers, day, links, filled, members)


def demand(
    c: Community, ref: str, signers: Signers, posts: int, day: str, *links: LinkTo, **members: Any
) -> str:
    """A Demand for posts, needed and valid for a while from `day`'s year on."""
    year = int(day[:4]) + 1
    filled = {
        "id": c.thing(ref),
        "kind": "post",
        "post": {"code": f"{ref}-P", "name": label(f"岗位{ref}", f"Post {ref}")},
        "posts": posts,
        "skills": ["A"],
        "from": day,
        "neededBy": f"{year}-07-01",
        "validUntil": f"{year}-12-31",
    }
    return _add(c, ref, "demand", signers, day, links, filled, members)


def enrolment(
    c: Community, ref: str, who: str, signers: Signers, day: str, *links: LinkTo, **members: Any
) -> str:
    """An active Enrolment of stage 1 over one academic year from `day`; `who` names the person."""
    filled = {
        "id": c.person(who),
        "programme": {"code": "SCENE", "name": label("情景专业", "Scene programme")},
        "from": day,
        "to": f"{int(day[:4]) + 1}-08-31",
        "status": "active",
        "stage": 1,
    }
    return _add(c, ref, "enrolment", signers, day, links, filled, members)


def activity(
    c: Community, ref: str, who: str, signers: Signers, day: str, *links: LinkTo, **members: Any
) -> str:
    """A trainee's practice on `day`, 08:30 to 17:30 with an hour's break: 480 minutes.

    `days` may be given as dates for such days.
    """
    days = [
        {"date": given, "start": "08:30", "end": "17:30", "breakMinutes": 60}
        if isinstance(given, str)
        else given
        for given in members.pop("days", (day,))
    ]
    filled = {
        "id": c.person(who),
        "role": "trainee",
        "kind": "practice",
        "project": "情景项目",
        "days": days,
    }
    return _add(c, ref, "activity", signers, day, links, filled, members)


def evaluation(
    c: Community, ref: str, about: str, signers: Signers, day: str, *links: LinkTo, **members: Any
) -> str:
    """An Evaluation of practice; `about` is a person's name here, or an identifier (urn: or did:).

    `items` are (item, score of 100, by); 60 passes.
    """
    items = [
        {"item": item, "score": score, "max": 100, "pass": score >= 60, "by": by}
        for item, score, by in members.pop("items", ())
    ]
    filled: dict[str, Any] = {
        "id": about if about.startswith(("urn:", "did:")) else c.person(about),
        "kind": "practice",
        "phase": "outcome",
    }
    if items:
        filled["items"] = items
        filled["evaluators"] = [
            {"id": c.person(f"{signer.code}-EVALUATOR"), "org": signer.did, "role": signer.signs_as}
            for signer in signers
        ]
    return _add(c, ref, "evaluation", signers, day, links, filled, members)


def credential(
    c: Community, ref: str, kind: str, who: str, signers: Signers, day: str, *links: LinkTo, **members: Any
) -> str:
    """A Credential (Open Badges achievement) of a holder called `who`."""
    filled = {
        "id": c.person(who),
        "kind": kind,
        "identifier": [
            {"type": "IdentityObject", "identityHash": "情景学员", "identityType": "name", "hashed": False}
        ],
        "achievement": {
            "id": c.thing(f"{ref}-ACHIEVEMENT"),
            "type": ["Achievement"],
            "achievementType": "Certificate",
            "name": "情景证书",
            "description": "情景所需的证书。",
            "criteria": {"narrative": "见所引用的评价。"},
        },
    }
    return _add(c, ref, "credential", signers, day, links, filled, members)


def credit(
    c: Community,
    ref: str,
    op: str,
    who: str,
    amount: int,
    signers: Signers,
    day: str,
    *links: LinkTo,
    **members: Any,
) -> str:
    """A CreditEntry of enterprise credits in hundredths at the issuer's bank."""
    filled = {
        "id": c.person(who),
        "op": op,
        "bank": signers[0].did,
        "creditKind": "enterprise",
        "amount": amount,
        "on": day,
    }
    return _add(c, ref, "creditentry", signers, day, links, filled, members)


def outcome(
    c: Community, ref: str, about: str, kind: str, signers: Signers, day: str, *links: LinkTo, **members: Any
) -> str:
    """An Outcome as of `day`; `about` as in `evaluation`."""
    subject = about if about.startswith(("urn:", "did:")) else c.person(about)
    filled = {"id": subject, "kind": kind, "asOf": day}
    return _add(c, ref, "outcome", signers, day, links, filled, members)


def resource(
    c: Community, ref: str, kind: str, signers: Signers, day: str, *links: LinkTo, **members: Any
) -> str:
    """A Resource that its issuer provides from `day` on."""
    filled = {
        "id": c.thing(ref),
        "kind": kind,
        "code": ref,
        "name": label(f"资源{ref}", f"Resource {ref}"),
        "provider": signers[0].did,
        "from": day,
    }
    return _add(c, ref, "resource", signers, day, links, filled, members)


def decision(
    c: Community, ref: str, kind: str, signers: Signers, day: str, *links: LinkTo, **members: Any
) -> str:
    """A Decision of its issuer on `day`, adopted."""
    filled = {
        "id": c.thing(ref),
        "kind": kind,
        "code": ref,
        "title": label(f"决议{ref}", f"Decision {ref}"),
        "body": signers[0].did,
        "on": day,
        "result": "adopted",
    }
    return _add(c, ref, "decision", signers, day, links, filled, members)
