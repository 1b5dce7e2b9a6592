"""Requests to change the status of records, all or none."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy.engine import Connection

from trace_service.database import AnyRow, utc_now
from trace_service.problems import Problem, not_found
from trace_service.status import queries
from trace_service.status.reasons import ACTIONS, REASONS, Plane, Reason

MAX_CHANGES = 1_000  # in one request; a cohort has a few hundred
MAX_NOTE = 500


@dataclass(frozen=True)
class Request:
    """Do ``action`` to record ``record_id``; ``reason`` None takes the action's usual one."""

    record_id: str
    action: str
    reason: str | None = None
    note: str = ""


def request_changes(connection: Connection, organisation_pk: int, requests: Sequence[Request]) -> list[str]:
    """Store the requested changes of the organisation's own records; returns their ids in order.

    A change that is under way or in force already keeps its id, so that the same request twice does nothing
    twice. Raises `Problem` 404 for a record of others or none, 422 for an action or reason that does not fit.
    """
    if not 1 <= len(requests) <= MAX_CHANGES:
        raise Problem(422, "status.count", "Wrong number of changes", path="$", fix=f"1 to {MAX_CHANGES}")
    known = queries.own_records(connection, organisation_pk, [r.record_id for r in requests])
    ids = []
    for index, request in enumerate(requests):
        if request.record_id not in known:
            raise not_found("record")
        ids.append(_store(connection, organisation_pk, known[request.record_id], request, f"$[{index}]"))
    return ids


def _store(connection: Connection, organisation_pk: int, record_pk: int, request: Request, path: str) -> str:
    action = ACTIONS.get(request.action)
    if action is None:
        fix = f"choose from {', '.join(ACTIONS)}; a revocation is annulled by the accreditor"
        raise Problem(422, "status.action", "Unknown action", path=f"{path}.action", fix=fix)
    reason = action.default if request.reason is None else REASONS.get(request.reason)
    if reason is None or reason is Reason.REVOCATION_ANNULLED:
        fix = f"choose from {', '.join(sorted(set(REASONS) - {'revocationAnnulled'}))}"
        raise Problem(422, "status.reason", "Reason does not fit", path=f"{path}.reason", fix=fix)
    last = queries.newest_change(connection, record_pk, action.plane)
    if last is not None and bool(last.on) == action.on:
        return str(last.id)
    if last is None and not action.on:
        raise Problem(409, "status.not_suspended", "The record is not suspended", path=path)
    change_id = str(uuid.uuid4())
    queries.insert(
        connection,
        {
            "id": change_id,
            "organisation_pk": organisation_pk,
            "record_pk": record_pk,
            "plane": int(Plane(action.plane)),
            "on": action.on,
            "reason": int(reason),
            "note": request.note[:MAX_NOTE],
            "requested_at": utc_now(),
        },
    )
    return change_id


def state_of(row: AnyRow) -> str:
    """Where a change is: requested, effective (on chain), final, or refused."""
    if row.refused is not None:
        return "refused"
    if row.final_at is not None:
        return "final"
    return "requested" if row.effective_at is None else "effective"
