"""Step 7: may these signers have said this, then? Judged from the facts that the chain gives (protocol 5, 9).

The contracts only report windows and paths; what suffices is decided here, with the reason named. All times
are chain seconds; a window is open from `start` up to, not including, `end` (0: no end).
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final, NamedTuple

from verifier_cli.did import org_id
from verifier_cli.evidence import Account, Batch, KeyWindow, PathStep
from verifier_cli.kinds import Kind, Role
from verifier_cli.trust import Deployment

__all__ = ["MAX_DEPTH", "SCOPE_ANCHOR", "Objection", "judge_account", "judge_key", "judge_path", "path_text"]

MAX_DEPTH: Final = 4
"""Organisations on an accreditation path, the signer included (protocol section 5)."""

SCOPE_ANCHOR: Final = 1


class Objection(NamedTuple):
    """Why something does not hold: a reason code, what was needed, what was found."""

    reason: str
    expected: str
    actual: str


def _covers(start: int, end: int, time: int) -> bool:
    return start <= time and (end == 0 or time < end)


def _judge_window(what: str, window: KeyWindow | Account, time: int) -> Objection | None:
    """`what` is "key" or "account" and begins the reason code."""
    if window.start == 0:
        return Objection(f"{what}_unknown", f"a registered {what}", "not registered")
    if time < window.start:
        return Objection(f"{what}_not_yet_active", f"active at {time}", f"from {window.start}")
    if window.end and time >= window.end:
        return Objection(f"{what}_ended", f"active at {time}", f"ended {window.end}")
    if window.compromised_from and time >= window.compromised_from:
        return Objection(
            f"{what}_compromised", f"not compromised at {time}", f"from {window.compromised_from}"
        )
    return None


def judge_key(window: KeyWindow, time: int) -> Objection | None:
    """Was the record key registered, active and not compromised at `time`?"""
    return _judge_window("key", window, time)


def judge_account(account: Account, time: int) -> Objection | None:
    """Was the batch's account registered, active, not compromised, and allowed to anchor at `time`?"""
    objection = _judge_window("account", account, time)
    if objection is None and not account.scopes & SCOPE_ANCHOR:
        return Objection("account_scope", "scope anchor", f"scopes {account.scopes}")
    return objection


def judge_path(
    path: tuple[PathStep, ...], org: bytes, kind: Kind, roles: int, time: int, deployment: Deployment
) -> Objection | None:
    """Was `org` accredited at `time` for records of `kind`, holding one of `roles` (a mask)?

    Its own period must cover the time and have kind and role; each accreditor's named period must cover it
    and be able to delegate the kind; nobody on the path is distrusted at or before it; the last one answers
    to the owner alone.
    """
    if not path or path[0].org != org:
        return Objection("not_accredited", f"accredited at {time}", "no accreditation at that time")
    own = path[0].period
    if not own.kinds >> kind & 1:
        return Objection("kind_not_accredited", kind.name.lower(), _kind_names(own.kinds))
    if not own.roles & roles:
        return Objection("role_missing", _role_names(roles), _role_names(own.roles))
    if path[-1].period.accreditor != bytes(32) or len(path) > MAX_DEPTH:
        return Objection("path_broken", f"at most {MAX_DEPTH} steps to the owner", f"{len(path)} steps")
    for index, step in enumerate(path):
        objection = _judge_step(path, index, step, kind, time)
        if objection is not None:
            return objection
    return _judge_root(path, kind, deployment)


def _judge_step(
    path: tuple[PathStep, ...], index: int, step: PathStep, kind: Kind, time: int
) -> Objection | None:
    name = f"0x{step.org.hex()[:16]}"
    if step.distrusted_from and step.distrusted_from <= time:
        return Objection("distrusted", f"trusted at {time}", f"{name} distrusted from {step.distrusted_from}")
    if not _covers(step.period.start, step.period.end, time):
        window = f"{name} accredited from {step.period.start} to {step.period.end}"
        return Objection("not_accredited" if index == 0 else "accreditor_ended", f"at {time}", window)
    if index == 0:
        return None
    below = path[index - 1].period
    if (below.accreditor, below.accreditor_period) != (step.org, step.period_index):
        return Objection("path_broken", f"0x{below.accreditor.hex()[:16]} as accreditor", name)
    if not step.period.delegable_kinds >> kind & 1:
        return Objection("cannot_delegate", kind.name.lower(), _kind_names(step.period.delegable_kinds))
    return None


def _judge_root(path: tuple[PathStep, ...], kind: Kind, deployment: Deployment) -> Objection | None:
    """The limits that the trust file sets on organisations at the top, when it sets any."""
    if not deployment.roots:
        return None
    for root in deployment.roots:
        if org_id(root.org) == path[-1].org:
            if not root.kinds >> kind & 1:
                return Objection("root_kind", kind.name.lower(), _kind_names(root.kinds))
            if len(path) > root.depth:
                return Objection("root_depth", f"at most {root.depth} steps", f"{len(path)} steps")
            return None
    return Objection("root_not_trusted", "a root of the trust file", f"0x{path[-1].org.hex()}")


def judge_batch_kind(batch: Batch, kind: Kind) -> Objection | None:
    """Is the record's kind among those that the batch was anchored for?"""
    if not batch.kinds >> kind & 1:
        return Objection("kind_not_in_batch", kind.name.lower(), _kind_names(batch.kinds))
    return None


def path_text(path: Iterable[PathStep], names: dict[bytes, str]) -> str:
    """The path for people, from the signer up; organisations that the record does not name show their id."""
    return " <- ".join(names.get(step.org, f"0x{step.org.hex()[:16]}") for step in path)


def _kind_names(mask: int) -> str:
    return ", ".join(kind.name.lower() for kind in Kind if mask >> kind & 1) or "none"


def _role_names(mask: int) -> str:
    return ", ".join(role.name.lower() for role in Role if mask >> role & 1) or "none"
