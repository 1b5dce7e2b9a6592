"""The three operations of JSON Patch (RFC 6902) that attack vectors use."""

from __future__ import annotations

import copy
from typing import Any


def patched(document: Any, operations: list[dict[str, Any]]) -> Any:
    """A copy of `document` after `add`, `replace` and `remove` operations. Pointers hold no escapes here."""
    out = copy.deepcopy(document)
    for operation in operations:
        *parents, last = operation["path"].split("/")[1:]
        parent = out
        for step in parents:
            parent = parent[int(step)] if isinstance(parent, list) else parent[step]
        _apply(parent, last, operation)
    return out


def _apply(parent: Any, last: str, operation: dict[str, Any]) -> None:
    key: Any = last
    if isinstance(parent, list):
        key = len(parent) if last == "-" else int(last)
    if operation["op"] == "remove":
        del parent[key]
    elif operation["op"] == "add" and isinstance(parent, list):
        parent.insert(key, operation["value"])
    else:
        parent[key] = operation["value"]
