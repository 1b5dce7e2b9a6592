"""Compiled contract artifacts (ABI and bytecode) as package data; see ``contracts/src`` for the sources."""

from __future__ import annotations

import json
from functools import cache
from importlib.resources import files
from typing import Any


@cache
def artifact(name: str) -> dict[str, Any]:
    """Return the committed artifact of contract ``name``: ``abi``, ``bytecode``, ``runtime``.

    ``bytecode`` is the creation code. Bytecode values are 0x-prefixed hex.
    Raises ``FileNotFoundError`` for an unknown contract.
    """
    data: dict[str, Any] = json.loads(
        files(__name__).joinpath("artifacts", f"{name}.json").read_text("utf-8")
    )
    return data
