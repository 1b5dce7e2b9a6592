"""Builds with one defect each, which the campaign must find.

`python -m tests.faults.broken_build NAME ARGUMENTS` is `trace-service ARGUMENTS` with the defect NAME:

* send-before-store: the worker sends a transaction before it stores it;
* answer-before-commit: the API answers 201 for a record that it commits only with its next one.
"""

from __future__ import annotations

import copy
import sys
import threading
from typing import Any

from trace_service import serving
from trace_service.cli import main
from trace_service.database import read
from trace_service.holdpoints import hold
from trace_service.idempotency.service import Answer, IdempotentRequest, recall
from trace_service.records import posting, routes
from trace_service.security import Caller, Context

SEND_BEFORE_STORE = "send-before-store"
ANSWER_BEFORE_COMMIT = "answer-before-commit"
ANSWERED = "record.answered"  # hold point: a client has its 201, and nothing is committed

_Post = tuple[Context, Caller, dict[str, Any], IdempotentRequest]


class _WriteBehind:
    """Owes the database the record that it answered last. Whoever asks again has seen that answer."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._owed: list[_Post] = []

    def post(self, shared: Context, who: Caller, body: dict[str, Any], request: IdempotentRequest) -> Answer:
        """In place of `post_record`."""
        if "document" not in body:
            return posting.post_record(shared, who, body, request)
        with self._lock:
            if self._owed:
                hold(ANSWERED)
                posting.post_record(*self._owed.pop())
            return self._answer(shared, who, body, request)

    def _answer(
        self, shared: Context, who: Caller, body: dict[str, Any], request: IdempotentRequest
    ) -> Answer:
        with read(shared.engine) as connection:
            remembered = recall(connection, request)
        if remembered is not None:
            return remembered
        self._owed.append((shared, who, copy.deepcopy(body), request))  # reading takes the proofs out of it
        with shared.engine.connect().execution_options(write=True) as connection:
            stored = posting._store(connection, shared, who, body, posting.door(shared))
            answer = posting._answer(connection, shared, who, stored)
            connection.rollback()
        return answer


def _break(defect: str) -> None:
    if defect == SEND_BEFORE_STORE:
        serving.WORKER_COMMAND = (sys.executable, "-m", "tests.support.broken_worker")
    elif defect == ANSWER_BEFORE_COMMIT:
        routes.post_record = _WriteBehind().post  # type: ignore[attr-defined]
    else:
        raise SystemExit(f"no such defect: {defect}")


if __name__ == "__main__":
    _break(sys.argv.pop(1))
    main()
