"""Canonical bytes: RFC 8785 (JCS) on the JSON profile of protocol 2.1.

On that profile member names are ASCII, so byte order is the UTF-16 order of JCS, and orjson with sorted keys
gives the bytes of RFC 8785 except for whole floats (`5.0`) and, in some releases, small decimals (`1e-5`).
Those texts are looked for, and the exact writer below is used where they may be present. Equality with a
reference implementation of RFC 8785 is a property test.
"""

from __future__ import annotations

import json
import re
from decimal import Decimal
from typing import Any

import orjson

from verifier_cli.errors import MisuseError

__all__ = ["canonical", "canonical_parsed"]

_OPTIONS = (
    orjson.OPT_SORT_KEYS
    | orjson.OPT_PASSTHROUGH_DATACLASS
    | orjson.OPT_PASSTHROUGH_DATETIME
    | orjson.OPT_PASSTHROUGH_SUBCLASS
)


# Whether this release of orjson writes the nine decimals below 0.0001 with an exponent, which JCS does not.
_EXPONENTS = b"e" in orjson.dumps(1e-5)
_WHOLE = re.compile(rb"\.0(?![^,\]}])")
_EXPONENT = re.compile(rb"[1-9]e-0?5(?![^,\]}])")


def canonical(value: object) -> bytes:
    """JCS bytes of a value of the profile. Raises MisuseError where no JSON text exists.

    It does not check the profile (`profile.check` and `profile.parse` do): outside of it the bytes are
    deterministic, but need not be those of RFC 8785.
    """
    out = _dumps(value)
    # The patterns also meet such text inside strings; then the exact writer only costs time.
    if _WHOLE.search(out) or (_EXPONENTS and _EXPONENT.search(out)):
        return _exact(value).encode()
    return out


def canonical_parsed(value: object) -> bytes:
    """The same for what `profile.parse` returned: there, no float is whole, so there is less to look for."""
    out = _dumps(value)
    if _EXPONENTS and _EXPONENT.search(out):
        return _exact(value).encode()
    return out


def _dumps(value: object) -> bytes:
    try:
        return orjson.dumps(value, option=_OPTIONS)
    except TypeError as error:  # orjson.JSONEncodeError is one
        raise MisuseError(f"no JSON: {error}") from None


def _exact(value: Any) -> str:
    """The same without orjson: slow, right about every number of the profile."""
    if isinstance(value, dict):
        members = (f"{_string(name)}:{_exact(value[name])}" for name in sorted(value))
        return "{" + ",".join(members) + "}"
    if isinstance(value, list | tuple):
        return "[" + ",".join(map(_exact, value)) + "]"
    if isinstance(value, float):
        return _decimal(value)
    if isinstance(value, str):
        return _string(value)
    return orjson.dumps(value).decode()


def _string(text: str) -> str:
    # The standard library escapes as JCS does when ASCII is not forced.
    return json.dumps(text, ensure_ascii=False)


def _decimal(number: float) -> str:
    """Shortest decimal text without exponent and without trailing zeros, `5.0` as `5`, `-0.0` as `0`."""
    if number != number or abs(number) == float("inf"):
        return "null"
    text = format(Decimal(repr(number)), "f")
    if "." in text:
        text = text.rstrip("0").rstrip(".")
    return "0" if text == "-0" else text
