"""What members ask of the service's API, and how the sample waits for it."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import httpx

from demo.community import Community, Member
from demo.processes import Processes
from demo.stage import DemoError

POLL_SECONDS = 0.25
PATIENCE_SECONDS = 300.0  # without any progress


def answer_of(answer: httpx.Response) -> dict[str, Any]:
    """The JSON of an answer; raises `DemoError` where the service refused."""
    if answer.is_error:
        asked = f"{answer.request.method} {answer.request.url.path}"
        raise DemoError(f"{asked} answered {answer.status_code}: {answer.text}")
    body: dict[str, Any] = answer.json()
    return body


def wait_until(done: Callable[[], object], processes: Processes, what: str) -> None:
    """Ask ``done`` again until it answers True; any other answer that stays the same for
    `PATIENCE_SECONDS` raises `DemoError`."""
    seen: object = None
    moved = time.monotonic()
    while (state := done()) is not True:
        processes.check()
        if state != seen:
            seen, moved = state, time.monotonic()
        if time.monotonic() - moved > PATIENCE_SECONDS:
            raise DemoError(f"{what}: nothing has moved for {PATIENCE_SECONDS:.0f} s: {state}")
        time.sleep(POLL_SECONDS)


def seal(community: Community, *members: Member) -> None:
    """Let members ask that what waits of them be sealed now."""
    for member in members:
        with community.client(member) as client:
            answer_of(client.post("/v1/batches:seal"))


def record_of(community: Community, member: Member, ref: str) -> dict[str, Any]:
    """What the service says of the record that ``member`` signs under this external reference."""
    with community.client(member) as client:
        found = answer_of(client.get("/v1/records", params={"external_ref": ref}))["items"]
    if len(found) != 1:
        raise DemoError(f"{len(found)} records have the reference {ref}")
    record: dict[str, Any] = found[0]
    return record


def revoke(community: Community, processes: Processes, issuer: Member, record_ids: list[str]) -> None:
    """Let ``issuer`` revoke records, and wait until the chain says so."""
    with community.client(issuer) as client:
        changes = [{"record": name, "action": "revoke", "reason": "issuedInError"} for name in record_ids]
        answer_of(client.post("/v1/status-changes", json={"changes": changes}))

        def final() -> object:
            states = [
                answer_of(client.get("/v1/status-changes", params={"record": name}))["items"][-1]["state"]
                for name in record_ids
            ]
            return set(states) == {"final"} or states

        wait_until(final, processes, "revocation")


def proof_file_of(community: Community, member: Member, record_id: str) -> bytes | None:
    """The proof file of a record; None while it is not final."""
    with community.client(member) as client:
        answer = client.get(f"/v1/records/{record_id}/proof-file")
    if answer.status_code == httpx.codes.CONFLICT:
        return None
    return answer.raise_for_status().content
