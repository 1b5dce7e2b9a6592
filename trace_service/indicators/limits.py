"""How many runs of definitions a service does at once."""

from __future__ import annotations

from typing import Final

from fastapi import Request

from trace_service.problems import Problem
from trace_service.verification.limits import Places

__all__ = ["MAX_RUNS_AT_ONCE", "RETRY_SECONDS", "Runs", "places_of"]

MAX_RUNS_AT_ONCE: Final = 2
"""Runs together, of indicators and of exceptions: each may hold a sandbox's memory, and keep a processor busy
for as long as a statement may take. Two let a short one pass a long one."""

RETRY_SECONDS: Final = 10
"""What a whole report of a community of some size takes."""


class Runs(Places):
    """At most ``MAX_RUNS_AT_ONCE`` runs of definitions together; the next is refused, not queued."""

    def __init__(self, places: int = MAX_RUNS_AT_ONCE) -> None:
        super().__init__(places)

    def refusal(self) -> Problem:
        """503: all places are taken."""
        return Problem(
            503,
            "indicators.busy",
            "Too many indicators or exceptions are being computed",
            fix="wait and send it again, or compute on your own machine: trace-verify exceptions, recompute",
            headers={"Retry-After": str(RETRY_SECONDS)},
        )


async def places_of(request: Request) -> Runs:
    """Dependency: the places of this service, the same for every route that runs definitions.

    A coroutine, so that two requests never make them at once.
    """
    state = request.app.state
    if not hasattr(state, "runs"):
        state.runs = Runs()
    found: Runs = state.runs
    return found
