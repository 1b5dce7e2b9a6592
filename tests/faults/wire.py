"""Asking a service that dies: again and again, until it answers."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import httpx

from tests.faults.ledger import Ledger

REQUEST_SECONDS = 120.0  # a held request ends with its process; a crowded machine answers late
RETRY_PAUSE = 0.05  # before asking a service that is up again
NOT_NOW = frozenset({429, 500, 502, 503, 504})

Waiter = Callable[[], object]  # returns once the service is up again


class UnexpectedAnswerError(Exception):
    """The service refused what it should take. ``status`` and ``text`` are its answer's."""

    def __init__(self, status: int, text: str) -> None:
        super().__init__(f"{status}: {text[:500]}")
        self.status = status
        self.text = text


class Wire:
    """One organisation's connection, with its API key."""

    def __init__(self, url: str, api_key: str, ledger: Ledger, wait_until_up: Waiter) -> None:
        self._http = httpx.Client(
            base_url=url,
            headers={"Authorization": f"Bearer {api_key}"},
            timeout=REQUEST_SECONDS,
            trust_env=False,
        )
        self._ledger = ledger
        self._wait_until_up = wait_until_up

    def send(
        self, method: str, path: str, *codes: int, key: str | None = None, **content: Any
    ) -> httpx.Response:
        """Ask until there is an answer; raises `UnexpectedAnswerError` unless its status is in ``codes``."""
        headers = {} if key is None else {"Idempotency-Key": key}
        while True:
            try:
                answer = self._http.request(method, path, headers=headers, **content)
            except httpx.TransportError:
                self._ledger.count("answers_lost")
                self._wait_until_up()
                time.sleep(RETRY_PAUSE)
                continue
            if answer.status_code in NOT_NOW:
                self._ledger.count("put_off")
                time.sleep(RETRY_PAUSE)
                continue
            if answer.status_code not in codes:
                raise UnexpectedAnswerError(answer.status_code, answer.text)
            self._ledger.count("answers")
            return answer
