"""The JSON profile of protocol 2.1: a strict parser, and the same rules on Python values.

The fast way is the standard library's C scanner with hooks. Only when it refuses does the slow parser of
`diagnosis` run, to say where and why.
"""

from __future__ import annotations

import json
import re
import sys
import unicodedata
from collections.abc import Callable, Iterable
from typing import Any, NoReturn

import orjson

from verifier_cli.errors import ProfileError

__all__ = [
    "MAX_DECIMALS",
    "MAX_DEPTH",
    "MAX_INTEGER",
    "MAX_SIZE",
    "Json",
    "check",
    "normalise",
    "parse",
    "parse_own",
]

# A JSON value. Members are typed where they are read; mypy cannot follow a recursive alias through indexing.
Json = Any

MAX_SIZE = 64 * 1024  # a record of the largest real class roll is under 20 KiB
MAX_DEPTH = 32  # nested containers; records use at most 7
MAX_INTEGER = 2**53 - 1  # beyond it, readers that hold numbers as doubles change the value
MAX_DECIMALS = 5  # |x| < 10^9 with 5 fraction digits has one shortest text in every double formatter
DECIMAL = re.compile(rf"-?(?:0|[1-9][0-9]{{0,8}})\.[0-9]{{0,{MAX_DECIMALS - 1}}}[1-9]")
NAME = re.compile(r"@?[A-Za-z][A-Za-z0-9_]*")
_SPACE = " \t\n\r"
_MAX_INTEGER_CHARS = 17  # sign and 16 digits
# The C scanner stops at the recursion limit. Some libraries raise that to 100,000, where the stack overflows
# first; then orjson looks before (it stops at 1,024 levels).
_SAFE_RECURSION = 3000
_DEPTH_INDENT = b"\n" + b"  " * MAX_DEPTH
# Names met before. Bounded, so that hostile input cannot fill the memory; a name not kept is matched again.
_known_names: set[str] = set()
_MAX_KNOWN_NAMES = 2000


class _Refused(ValueError):  # noqa: N818 - never leaves this module
    """Something the profile does not allow; `diagnosis` finds out where."""


def parse(data: bytes, *, max_size: int = MAX_SIZE) -> Json:
    """Value of strict JSON. Raises ProfileError with JSON path and reason; `max_size` is in bytes."""
    if len(data) > max_size:
        raise ProfileError("$", f"longer than {max_size} bytes")
    try:
        if sys.getrecursionlimit() > _SAFE_RECURSION:
            orjson.loads(data)
        text = data.decode().strip(_SPACE)
        value, end = _scan(text, 0)
        # Indented text shows the depth as spaces, and orjson writes no lone surrogate.
        indented = orjson.dumps(value, option=orjson.OPT_INDENT_2)
        if end != len(text) or (_DEPTH_INDENT in indented and _depth(value) > MAX_DEPTH):
            raise _Refused
    except (ValueError, TypeError, StopIteration, RecursionError):
        from verifier_cli.diagnosis import diagnose

        raise diagnose(data) from None
    return value


def parse_own(data: bytes) -> Json:
    """The same for bytes that `canonical` wrote, at two thirds of the cost; for issuing, never for reading.

    Such bytes have no member twice and one text per number: what is left to check shows in the values.
    """
    if len(data) > MAX_SIZE:
        raise ProfileError("$", f"longer than {MAX_SIZE} bytes")
    value = orjson.loads(data)
    if not _plain(value, 1):
        check(value)
    return value


def _plain(value: Json, depth: int) -> bool:
    """Whether what `canonical` wrote surely keeps to the profile; what is rare is left to `check`."""
    if type(value) is dict:
        if not _known_names.issuperset(value) and not _learn(value):
            return False
        value = value.values()
    elif type(value) is not list:
        return False
    for member in value:
        kind = type(member)
        if kind is str or kind is bool or member is None:
            continue
        if kind is int:
            if not -MAX_INTEGER <= member <= MAX_INTEGER:
                return False
        elif kind is float:
            if not DECIMAL.fullmatch(repr(member)):
                return False
        elif depth == MAX_DEPTH or not _plain(member, depth + 1):
            return False
    return True


def _depth(value: Json) -> int:
    if isinstance(value, dict):
        return 1 + max(map(_depth, value.values()), default=0)
    if isinstance(value, list):
        return 1 + max(map(_depth, value), default=0)
    return 0


def _members(pairs: list[tuple[str, Json]]) -> dict[str, Json]:
    members = dict(pairs)
    if len(members) != len(pairs):
        raise _Refused
    if not _known_names.issuperset(members) and not _learn(members):
        raise _Refused
    return members


def _learn(names: Iterable[str]) -> bool:
    for name in names:
        if not NAME.fullmatch(name):
            return False
        if len(_known_names) < _MAX_KNOWN_NAMES:
            _known_names.add(name)
    return True


def _integer(text: str) -> int:
    if len(text) > _MAX_INTEGER_CHARS or text == "-0":
        raise _Refused
    number = int(text)
    if not -MAX_INTEGER <= number <= MAX_INTEGER:
        raise _Refused
    return number


def _decimal(text: str) -> float:
    if not DECIMAL.fullmatch(text):
        raise _Refused
    return float(text)


def _constant(text: str) -> NoReturn:
    raise _Refused


_scan: Callable[[str, int], tuple[Json, int]] = json.scanner.make_scanner(  # type: ignore[attr-defined]
    json.JSONDecoder(
        object_pairs_hook=_members, parse_int=_integer, parse_float=_decimal, parse_constant=_constant
    )
)


def check(value: Json) -> None:
    """The rules of `parse` on a Python value, without the limit on size. Raises ProfileError.

    Only None, bool, int, float, str, list and dict are JSON here, no subclass of them.
    """
    _check(value, "$", 1)


def _check(value: Json, path: str, depth: int) -> None:
    kind = type(value)
    if kind is str:
        _check_text(value, path)
    elif kind is dict or kind is list:
        if depth > MAX_DEPTH:
            raise ProfileError(path, f"nested deeper than {MAX_DEPTH}")
        if kind is list:
            for index, item in enumerate(value):
                _check(item, f"{path}[{index}]", depth + 1)
            return
        for name, member in value.items():
            if type(name) is not str or not NAME.fullmatch(name):
                raise ProfileError(path, f"member name {name!r} not allowed")
            _check(member, f"{path}.{name}", depth + 1)
    elif kind is int:
        if not -MAX_INTEGER <= value <= MAX_INTEGER:
            raise ProfileError(path, "integer beyond 2^53-1")
    elif kind is float:
        _check_decimal(value, path)
    elif value is not None and kind is not bool:
        raise ProfileError(path, f"{kind.__name__} is no JSON type")


def _check_text(value: str, path: str) -> None:
    try:
        value.encode()
    except UnicodeEncodeError:
        raise ProfileError(path, "lone surrogate") from None


def _check_decimal(value: float, path: str) -> None:
    from verifier_cli.canonical import canonical

    if value != value or value in (float("inf"), float("-inf")):
        raise ProfileError(path, "not a finite number")
    if value == 0 and str(value).startswith("-"):
        raise ProfileError(path, "minus zero")
    # A whole float such as 5.0 is an integer in canonical form (protocol 2.1), so it may be ten digits long.
    if value.is_integer():
        if abs(value) > MAX_INTEGER:
            raise ProfileError(path, "integer beyond 2^53-1")
    elif not DECIMAL.fullmatch(canonical(value).decode()):
        raise ProfileError(path, "decimal with more than 5 fraction digits or not below 10^9")


def normalise(value: Json) -> Json:
    """A copy in issuing form: text in NFC, whole floats as integers. Other values stay as they are."""
    if isinstance(value, str):
        return unicodedata.normalize("NFC", value)
    if isinstance(value, dict):
        return {name: normalise(member) for name, member in value.items()}
    if isinstance(value, list | tuple):
        return [normalise(item) for item in value]
    if isinstance(value, float) and value.is_integer() and abs(value) <= MAX_INTEGER:
        return int(value)
    return value
