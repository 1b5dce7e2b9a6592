"""The signer's side of the signing routes: kept-alive HTTP, retried with growing pauses."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import httpx
import orjson

from trace_service.signer.policy import Question
from verifier_cli.encoding import digest_multibase

TIMEOUT = httpx.Timeout(60.0, connect=10.0)  # a bulk answer may wait for another's write
FIRST_PAUSE = 0.2
LONGEST_PAUSE = 15.0
RETRIED_STATUS = frozenset({429, 500, 502, 503, 504})

Parameters = dict[str, str | int | list[str]]

_log = logging.getLogger(__name__)


class SigningRefused(Exception):  # noqa: N818 - what the service did
    """The service refused the signer itself. ``status`` is the HTTP status, ``code`` the problem's code."""

    def __init__(self, status: int, code: str) -> None:
        fix = "check the API key and its scopes" if status in (401, 403) else "check the address (--url)"
        super().__init__(f"the service answered {status} {code}; {fix}")
        self.status = status
        self.code = code


class Interrupted(Exception):  # noqa: N818 - no error: somebody asked to stop
    """A stop was asked for while waiting."""


@dataclass(frozen=True, slots=True)
class Page:
    """Requests that wait, and the cursor of the page after them."""

    items: list[dict[str, Any]]
    cursor: str | None


class SigningClient:
    """Talks to one service with one API key. ``wait(seconds)`` returns True where a stop was asked for.

    Network trouble and overload are retried for ever, with pauses up to `LONGEST_PAUSE`: every request here
    may be repeated without harm. Other refusals raise `SigningRefused`.
    """

    def __init__(self, url: str, api_key: str, wait: Callable[[float], bool]) -> None:
        self._wait = wait
        self._http = httpx.Client(
            base_url=url, headers={"Authorization": f"Bearer {api_key}"}, timeout=TIMEOUT, trust_env=False
        )

    def close(self) -> None:
        """Close the connections."""
        self._http.close()

    def requests(self, cursor: str | None, limit: int, question: Question | None = None) -> Page:
        """Return what waits for this organisation's signature: everything, or what the question names."""
        parameters: Parameters = {"limit": limit}
        if cursor is not None:
            parameters["cursor"] = cursor
        if question is not None and question.approved:
            parameters["approved"] = "true"
        if question is not None and question.schemas:
            parameters["schema"] = list(question.schemas)
        answer = self.ask("GET", "/v1/signing/requests", parameters, None)
        return Page(answer["items"], answer["next"])

    def proofs(self, proofs: Sequence[tuple[bytes, bytes]]) -> list[dict[str, Any]]:
        """Hand in proofs as (record_digest, JSON) and return their results."""
        items = ",".join(
            f'{{"digest":"{digest_multibase(digest)}","proof":{proof.decode()}}}' for digest, proof in proofs
        )
        answer = self.ask("POST", "/v1/signing/proofs", {}, f'{{"items":[{items}]}}'.encode())
        return list(answer["items"])

    def ask(self, method: str, path: str, parameters: Parameters, body: bytes | None) -> Any:
        """Send one request and return the JSON of its answer."""
        pause = FIRST_PAUSE
        while True:
            try:
                answer = self._http.request(
                    method,
                    path,
                    params=parameters,
                    content=body,
                    headers={"Content-Type": "application/json"},
                )
                if answer.status_code not in RETRIED_STATUS:
                    return _read(answer)
                trouble = f"HTTP {answer.status_code}"
            except (httpx.TransportError, orjson.JSONDecodeError) as error:
                trouble = type(error).__name__
            _log.warning("%s %s: %s; again in %.1f s", method, path, trouble, pause)
            if self._wait(pause):
                raise Interrupted
            pause = min(pause * 2, LONGEST_PAUSE)


def _read(answer: httpx.Response) -> Any:
    value = orjson.loads(answer.content)
    if not answer.is_success:
        raise SigningRefused(answer.status_code, str(value.get("code")))
    return value
