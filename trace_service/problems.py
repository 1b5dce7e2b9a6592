"""The one error shape at the HTTP edge: RFC 9457 problem details with a stable code, a path and a fix.

``code`` is what software may depend on; titles and details are for people and may change. No problem carries
a request body, a key or a document: bodies of errors end up in logs.
"""

from __future__ import annotations

import logging
from typing import Any

import orjson
from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from sqlalchemy.exc import OperationalError
from starlette.exceptions import HTTPException

from verifier_cli.errors import DataError

CONTENT_TYPE = "application/problem+json"
TYPE_PREFIX = "urn:skilltrace:problem:"
RETRY_AFTER_SECONDS = 2  # longer than a usual write transaction, shorter than a user's patience

_log = logging.getLogger(__name__)


class Problem(Exception):  # noqa: N818 - an HTTP answer, not always an error of ours
    """An answer other than success. Raise it anywhere beneath a route.

    ``status`` is the HTTP status, ``code`` a stable dotted name, ``path`` the JSON path or parameter at
    fault, ``fix`` what the caller can do about it; ``more`` are members of this problem's own.
    """

    def __init__(
        self,
        status: int,
        code: str,
        title: str,
        *,
        detail: str | None = None,
        path: str | None = None,
        fix: str | None = None,
        headers: dict[str, str] | None = None,
        more: dict[str, Any] | None = None,
    ) -> None:
        super().__init__(f"{status} {code}: {title}")
        self.status = status
        self.code = code
        self.title = title
        self.detail = detail
        self.path = path
        self.fix = fix
        self.headers = headers
        self.more = more or {}

    def body(self) -> dict[str, Any]:
        """Return the members of the problem details object; absent ones are left out."""
        members = {
            "type": TYPE_PREFIX + self.code,
            "title": self.title,
            "status": self.status,
            "code": self.code,
            "detail": self.detail,
            "path": self.path,
            "fix": self.fix,
            **self.more,
        }
        return {name: value for name, value in members.items() if value is not None}

    def response(self) -> Response:
        """Return the HTTP response."""
        return Response(orjson.dumps(self.body()), self.status, headers=self.headers, media_type=CONTENT_TYPE)


def not_found(what: str) -> Problem:
    """What is not there, or is not the caller's: the two are not told apart."""
    return Problem(404, f"{what}.not_found", f"No such {what.replace('_', ' ')}")


def from_data_error(error: DataError, *, prefix: str = "$") -> Problem:
    """Bad data as a 422 whose code names the family; ``prefix`` is where the data lies in the request."""
    family = type(error).__name__.removesuffix("Error")
    snake = "".join(f"_{c.lower()}" if c.isupper() else c for c in family).lstrip("_")
    path = prefix + error.path.removeprefix("$") if error.path else prefix
    return Problem(
        422,
        f"record.{snake}",
        "The record does not conform",
        detail=error.reason,
        path=path,
        fix="correct the value at this path and send the request again",
    )


_HTTP_CODES = {
    404: ("route.not_found", "No such resource"),
    405: ("route.method", "This method is not offered here"),
    408: ("request.too_slow", "The body did not come in time"),
    413: ("request.too_large", "The body is too large"),
    415: ("request.media_type", "The content type is not accepted"),
    400: ("request.unreadable", "The body could not be read"),
}


def _on_http(_request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    code, title = _HTTP_CODES.get(error.status_code, ("request.refused", "The request was refused"))
    headers = dict(error.headers) if error.headers else None
    path = "$" if error.status_code == 400 else None  # the framework tells it of bodies alone
    return Problem(error.status_code, code, title, path=path, headers=headers).response()


def _on_validation(_request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)
    first = error.errors()[0]
    where, *steps = (str(step) for step in first["loc"])
    path = ".".join([f"${where}" if where != "body" else "$", *steps])
    return Problem(
        422,
        "request.invalid",
        "The request does not conform",
        detail=str(first["msg"]),
        path=path,
        fix="see /docs for the shape of this request",
    ).response()


def _on_busy(_request: Request, error: Exception) -> Response:
    _log.error("database trouble: %s", type(getattr(error, "orig", error)).__name__)
    return Problem(
        503,
        "database.busy",
        "The database could not be used in time",
        fix="send the same request again with the same Idempotency-Key",
        headers={"Retry-After": str(RETRY_AFTER_SECONDS)},
    ).response()


def defect(request_id: str) -> Problem:
    """An exception that nobody expected; its text stays here, because it may quote what the caller sent."""
    return Problem(
        500, "internal", "The service failed", detail=f"request {request_id}", fix="report this request"
    )


def install(app: FastAPI) -> None:
    """Answer every error of ``app`` with problem details."""

    async def on_problem(_request: Request, error: Exception) -> Response:
        assert isinstance(error, Problem)
        return error.response()

    async def on_data(_request: Request, error: Exception) -> Response:
        assert isinstance(error, DataError)
        return from_data_error(error).response()

    app.add_exception_handler(Problem, on_problem)
    app.add_exception_handler(DataError, on_data)
    app.add_exception_handler(HTTPException, _on_http)
    app.add_exception_handler(RequestValidationError, _on_validation)
    app.add_exception_handler(OperationalError, _on_busy)
