"""JSON-RPC 2.0 envelopes: single requests, notifications and batches.

No body can end the process: orjson refuses nesting beyond 1,024 levels, and nothing here recurses into what a
caller sent.
"""

import logging
from collections.abc import Callable
from typing import Any

import orjson

from trace_service.evm_node.errors import (
    INTERNAL_ERROR,
    INVALID_REQUEST,
    LIMIT_EXCEEDED,
    PARSE_ERROR,
    RpcError,
    StoreBroken,
    StoreUnavailable,
    invalid_params,
    refused,
)

MAX_BATCH = 500  # requests of one body; at about a millisecond each others wait no longer than that
MAX_RESPONSE_BYTES = 25 * 1024 * 1024  # go-ethereum's limit for the answers to one batch

logger = logging.getLogger("trace_service.evm_node")

Call = Callable[[str, list[Any]], Any]


def handle(body: bytes, call: Call) -> bytes | None:
    """Answer one HTTP body; None when there is nothing to answer (notifications). Raises only StoreBroken."""
    try:
        request = orjson.loads(body)
    except orjson.JSONDecodeError:
        return _dump(_error(None, RpcError(PARSE_ERROR, "parse error")))
    if not isinstance(request, list):
        return _answer(request, call)
    if not request:
        return _dump(_error(None, RpcError(INVALID_REQUEST, "empty batch")))
    if len(request) > MAX_BATCH:
        return _dump(_error(None, RpcError(LIMIT_EXCEEDED, f"batch too large: at most {MAX_BATCH} requests")))
    answers, size = [], 0
    for item in request:
        answer = _answer(item, call) if size <= MAX_RESPONSE_BYTES else _too_large(item)
        if answer is not None:
            answers.append(answer)
            size += len(answer)
    return b"[" + b",".join(answers) + b"]" if answers else None


def _answer(request: Any, call: Call) -> bytes | None:
    try:
        identifier, method, arguments = _read(request)
    except RpcError as error:
        return _dump(_error(_usable_id(request), error))
    try:
        result = call(method, arguments)
        answer = _dump({"jsonrpc": "2.0", "id": identifier, "result": result})
    except RpcError as error:
        answer = _dump(_error(identifier, error))
    except StoreUnavailable as error:
        answer = _dump(_error(identifier, refused(f"{error}; nothing was stored, try again later")))
    except StoreBroken:
        raise
    except Exception:
        # The edge of the process: whatever a request triggers is answered, logged, and does not end the node.
        logger.exception("internal error in %s", method[:80])
        answer = _dump(_error(identifier, RpcError(INTERNAL_ERROR, "internal error")))
    return answer if "id" in request else None


def _read(request: Any) -> tuple[Any, str, list[Any]]:
    if not isinstance(request, dict):
        raise RpcError(INVALID_REQUEST, "invalid request: not an object")
    if request.get("jsonrpc") != "2.0" or not isinstance(request.get("method"), str):
        raise RpcError(INVALID_REQUEST, 'invalid request: needs "jsonrpc": "2.0" and a method')
    if not _is_id(request.get("id")):
        raise RpcError(INVALID_REQUEST, "invalid request: id must be a string, a number or null")
    arguments = request.get("params", [])
    if arguments is None:
        arguments = []
    if not isinstance(arguments, list):
        raise invalid_params("params must be an array")
    return request.get("id"), request["method"], arguments


def _is_id(value: Any) -> bool:
    return value is None or (isinstance(value, str | int | float) and not isinstance(value, bool))


def _usable_id(request: Any) -> Any:
    identifier = request.get("id") if isinstance(request, dict) else None
    return identifier if _is_id(identifier) else None


def _too_large(request: Any) -> bytes | None:
    if isinstance(request, dict) and "id" not in request:
        return None
    return _dump(_error(_usable_id(request), RpcError(LIMIT_EXCEEDED, "response too large")))


def _error(identifier: Any, error: RpcError) -> dict[str, Any]:
    return {"jsonrpc": "2.0", "id": identifier, "error": error.as_object()}


def _dump(value: Any) -> bytes:
    return orjson.dumps(value)
