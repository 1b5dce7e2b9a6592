"""What stands before every route: body limits, the nesting guard and the request log.

A body is bounded before it is read and its nesting before it is parsed: importing web3 raises the recursion
limit to 100,000, and then 100 KB of ``[`` would end the process inside a recursive parser.
"""

from __future__ import annotations

import logging
import re
import secrets
import time
import traceback

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from trace_service.problems import Problem, defect

MAX_JSON_DEPTH = 40  # a record has at most 32 levels, its envelope in a request a few more
MAX_BODY = 256 * 1024  # a record has at most 64 KiB; its JSON may be escaped, and an envelope surrounds it
MAX_BULK_BODY = 4 * 1024 * 1024  # 1,000 proofs of 700 bytes, with room for escaping
MAX_UPLOAD_BODY = 32 * 1024 * 1024  # a workbook of 100,000 rows has about 8 MiB

# Longest prefix first.
BODY_LIMITS = (
    ("/v1/signing/", MAX_BULK_BODY),
    ("/v1/imports", MAX_UPLOAD_BODY),
    ("/v1/verif", MAX_BULK_BODY),
)

_STRING = re.compile(rb'"[^"\\]*(?:\\.[^"\\]*)*(?:"|\\?\Z)', re.DOTALL)
_NOT_BRACKETS = bytes(set(range(256)) - set(b"[]{}"))

_log = logging.getLogger("trace_service.requests")


def body_limit(path: str) -> int:
    """Return how many bytes a request to ``path`` may carry."""
    return next((limit for prefix, limit in BODY_LIMITS if path.startswith(prefix)), MAX_BODY)


def json_depth(data: bytes) -> int:
    """Return the deepest nesting of arrays and objects in ``data``, in linear time and without recursion."""
    deepest = depth = 0
    for bracket in _STRING.sub(b"", data).translate(None, _NOT_BRACKETS):
        if bracket in b"[{":
            depth += 1
            deepest = max(deepest, depth)
        else:
            depth -= 1
    return deepest


def too_large(limit: int) -> Problem:
    """The body has more than ``limit`` bytes."""
    return Problem(
        413, "request.too_large", "The body is too large", detail=f"the limit here is {limit} bytes"
    )


class _TooLargeError(Exception):
    """The streamed body went over its limit; turned into an answer by `Guard`."""


class Guard:
    """ASGI middleware: bounds each body, and reads JSON whole so that its nesting is known before any parser
    runs."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, or answer 413 or 400 in its place."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        try:
            limited = _limited(receive, body_limit(scope["path"]))
            if not _is_upload(scope):
                limited = _replay(await _read_json(limited), limited)
            await self.app(scope, limited, send)
        except _TooLargeError:
            await too_large(body_limit(scope["path"])).response()(scope, receive, send)
        except Problem as problem:
            await problem.response()(scope, receive, send)


def _is_upload(scope: Scope) -> bool:
    kinds = (value for name, value in scope["headers"] if name == b"content-type")
    return next(kinds, b"").startswith((b"multipart/", b"application/octet-stream"))


def _limited(receive: Receive, limit: int) -> Receive:
    seen = 0

    async def read() -> Message:
        nonlocal seen
        message = await receive()
        seen += len(message.get("body", b""))
        if seen > limit:
            raise _TooLargeError
        return message

    return read


async def _read_json(receive: Receive) -> list[Message]:
    messages: list[Message] = []
    while True:
        message = await receive()
        messages.append(message)
        if message["type"] != "http.request" or not message.get("more_body"):
            break
    body = b"".join(message.get("body", b"") for message in messages)
    if json_depth(body) > MAX_JSON_DEPTH:
        raise Problem(400, "request.too_deep", "The body is nested too deeply", fix="send a flatter document")
    whole: Message = {"type": "http.request", "body": body, "more_body": False}
    return [whole] if messages[-1]["type"] == "http.request" else [messages[-1]]


def _replay(messages: list[Message], receive: Receive) -> Receive:
    waiting = iter(messages)

    async def read() -> Message:
        # Afterwards the connection itself is asked: a streamed answer listens there for the client's leaving.
        return next(waiting, None) or await receive()

    return read


class RequestLog:
    """ASGI middleware: one line a request with method, path, status and time; never a body, a query or a
    header."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on and log its answer under a fresh request id."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        request_id = secrets.token_hex(8)
        started = time.perf_counter()
        status = 500
        started_answer = False

        async def answer(message: Message) -> None:
            nonlocal status, started_answer
            if message["type"] == "http.response.start":
                status, started_answer = message["status"], True
                message["headers"] = [*message.get("headers", ()), (b"x-request-id", request_id.encode())]
            await send(message)

        try:
            await self.app(scope, receive, answer)
        except Exception as error:
            # Type and places alone: the text of a foreign exception may quote what the caller sent.
            places = " < ".join(
                f"{f.name}:{f.lineno}" for f in reversed(traceback.extract_tb(error.__traceback__))
            )
            _log.error("%s unexpected %s at %s", request_id, type(error).__name__, places)
            if not started_answer:
                await defect(request_id).response()(scope, receive, answer)
        finally:
            took = (time.perf_counter() - started) * 1000
            _log.info("%s %s %d %.1f ms %s", scope["method"], _clean(scope["path"]), status, took, request_id)


def _clean(path: str) -> str:
    # A path is the caller's text: control characters would forge log lines.
    return "".join(c if c.isprintable() else "?" for c in path[:200])
