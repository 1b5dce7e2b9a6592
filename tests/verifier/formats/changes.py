"""Changing one member of a document, named by its JSON path."""

from __future__ import annotations

import copy
import re
from typing import Any

REMOVE = object()
"""As a value: take the member away."""


def changed(document: dict[str, Any], path: str, value: Any) -> dict[str, Any]:
    """A copy in which the member at `path` (`$.days[0].end`) is `value`."""
    out = copy.deepcopy(document)
    steps: list[str | int] = [
        int(index) if index else name for name, index in re.findall(r"\.([^.\[]+)|\[([0-9]+)\]", path)
    ]
    parent: Any = out
    for step in steps[:-1]:
        parent = parent[step]
    if value is REMOVE:
        del parent[steps[-1]]
    else:
        parent[steps[-1]] = value
    return out


def paths(value: Any, path: str = "$") -> list[str]:
    """Every member and item below a value, deepest last."""
    out: list[str] = []
    if isinstance(value, dict):
        for name, member in value.items():
            out += [f"{path}.{name}", *paths(member, f"{path}.{name}")]
    elif isinstance(value, list):
        for index, item in enumerate(value):
            out += [f"{path}[{index}]", *paths(item, f"{path}[{index}]")]
    return out
