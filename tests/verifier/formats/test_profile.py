"""The strict parser, its slow twin that explains, and the same rules on Python values (protocol 2.1)."""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings

from tests.verifier.formats import strategies
from verifier_cli import profile
from verifier_cli.canonical import canonical
from verifier_cli.diagnosis import diagnose
from verifier_cli.errors import MisuseError, ProfileError


def _read_leniently(text: str) -> Any:
    """Any value that has canonical bytes, also one that the profile refuses; other texts stand for
    themselves."""
    try:
        value = json.loads(text)
        canonical(value)
    except (ValueError, RecursionError, MisuseError):
        return text
    return value


if TYPE_CHECKING:
    from collections.abc import Iterator

REFUSED: dict[str, tuple[bytes, str]] = {
    "duplicate member": (b'{"a":1,"b":{"c":1,"c":1}}', "$.b.c"),
    "duplicate through an escape": (b'{"a":1,"\\u0061":2}', "$.a"),
    "minus zero": (b'{"a":[0,-0]}', "$.a[1]"),
    "minus zero decimal": (b"[-0.0]", "$[0]"),
    "trailing zero": (b'{"a":1.50}', "$.a"),
    "whole decimal": (b"[5.0]", "$[0]"),
    "exponent": (b"[1e3]", "$[0]"),
    "capital exponent": (b"[1E-2]", "$[0]"),
    "six fraction digits": (b"[0.000001]", "$[0]"),
    "decimal of 10^9": (b"[1000000000.5]", "$[0]"),
    "integer 2^53": (b"[9007199254740992]", "$[0]"),
    "integer -2^53": (b"[-9007199254740992]", "$[0]"),
    "integer of 5000 digits": (b"[" + b"1" * 5000 + b"]", "$[0]"),
    "NaN": (b'{"a":NaN}', "$.a"),
    "Infinity": (b"[Infinity]", "$[0]"),
    "minus Infinity": (b"[-Infinity]", "$[0]"),
    "lone high surrogate": (b'["\\ud800"]', "$[0]"),
    "lone low surrogate": (b'["\\udc00a"]', "$[0]"),
    "swapped surrogates": (b'{"a":"\\udc00\\ud800"}', "$.a"),
    "lone surrogate in a name": (b'{"\\ud800":1}', "$"),
    "surrogate as UTF-8": (b'["\xed\xa0\x80"]', "$"),
    "overlong UTF-8": (b'["\xc0\xaf"]', "$"),
    "Latin-1": (b'["\xe9"]', "$"),
    "UTF-16": ("[1]".encode("utf-16"), "$"),
    "byte order mark": (b"\xef\xbb\xbf[]", "$"),
    "space in a name": (b'{"a b":1}', "$"),
    "empty name": (b'{"x":{"":1}}', "$.x"),
    "digit first": (b'{"1a":1}', "$"),
    "hyphen in a name": (b'{"a-b":1}', "$"),
    "accent in a name": ('{"é":1}'.encode(), "$"),
    "name ending in a line feed": (b'{"a\\n":1}', "$"),
    "two at signs": (b'{"@@a":1}', "$"),
    "control character": (b'["a\nb"]', "$[0]"),
    "bad escape": (b'["\\x41"]', "$[0]"),
    "trailing comma": (b"[1,]", "$[1]"),
    "missing comma": (b"[1 2]", "$"),
    "missing colon": (b'{"a" 1}', "$"),
    "unclosed object": (b'{"a":1', "$"),
    "unclosed string": (b'{"a":"x', "$.a"),
    "text after the value": (b"[] []", "$"),
    "comment": (b"[1] // one", "$"),
    "leading zero": (b"[01]", "$"),
    "leading plus": (b"[+1]", "$[0]"),
    "bare point": (b"[1.]", "$"),
    "nothing": (b"", "$"),
    "spaces": (b" \n", "$"),
    "form feed as space": (b"[1,\x0c2]", "$[1]"),
    "no-break space": (b"[1,\xc2\xa02]", "$[1]"),
    "33 arrays": (b"[" * 33 + b"]" * 33, "$" + "[0]" * 32),
    "33 arrays, not empty": (b"[" * 33 + b"1" + b"]" * 33, "$" + "[0]" * 32),
    "33 objects": (b'{"a":' * 33 + b"1" + b"}" * 33, "$" + ".a" * 32),
    "600 arrays": (b"[" * 600 + b"]" * 600, "$" + "[0]" * 32),
    "60,000 openings": (b"[" * 60_000, "$" + "[0]" * 32),
}
ACCEPTED: dict[str, tuple[bytes, Any]] = {
    "space around": (b" \t\r\n[ 1 , 2 ] \n", [1, 2]),
    "largest integers": (b"[9007199254740991,-9007199254740991]", [2**53 - 1, 1 - 2**53]),
    "smallest decimal": (b"[0.00001,-0.00001]", [0.00001, -0.00001]),
    "largest decimal": (b"[999999999.99999]", [999999999.99999]),
    "JSON-LD names": (b'{"@context":1,"@vocab":2}', {"@context": 1, "@vocab": 2}),
    "escapes": (b'["\\u00e9\\ud83d\\ude00\\/\\b"]', ["é😀/\b"]),
    "text that is not NFC": (b'["e\\u0301"]', ["e\u0301"]),
    "32 arrays": (b"[" * 32 + b"1" + b"]" * 32, None),
    "32 objects, the last empty": (b'{"a":' * 31 + b"{}" + b"}" * 31, None),
    "31 arrays with an empty one": (b"[" * 31 + b"[]" + b"]" * 31, None),
    "scalar": (b"true", True),
    "null": (b"null", None),
}


@pytest.mark.parametrize("name", REFUSED)
def test_refused_with_path(name: str) -> None:
    data, path = REFUSED[name]
    with pytest.raises(ProfileError) as error:
        profile.parse(data)
    assert error.value.path == path
    assert error.value.reason not in ("", "refused by the parser")


@pytest.mark.parametrize("name", ACCEPTED)
def test_accepted(name: str) -> None:
    data, value = ACCEPTED[name]
    parsed = profile.parse(data)
    assert parsed == (json.loads(data) if value is None else value)
    profile.check(parsed)


def test_size_limit() -> None:
    data = b'["' + b"a" * (profile.MAX_SIZE - 4) + b'"]'
    assert len(profile.parse(data)[0]) == profile.MAX_SIZE - 4
    with pytest.raises(ProfileError) as error:
        profile.parse(data + b" ")
    assert error.value.path == "$"
    assert profile.parse(data + b" ", max_size=profile.MAX_SIZE + 1)


def test_many_names_are_no_leak() -> None:
    """Names beyond those remembered are still checked."""
    for start in range(0, 6000, 500):
        text = ",".join(f'"n{number}":1' for number in range(start, start + 500))
        profile.parse(b"{" + text.encode() + b"}")
    assert len(profile._known_names) == profile._MAX_KNOWN_NAMES
    with pytest.raises(ProfileError):
        profile.parse(b'{"never met":1}')
    assert profile.parse(b'{"neverMet":1}') == {"neverMet": 1}


@pytest.fixture
def high_recursion_limit() -> Iterator[None]:
    before = sys.getrecursionlimit()
    sys.setrecursionlimit(100_000)  # as web3 does when it is imported
    yield
    sys.setrecursionlimit(before)


@pytest.mark.usefixtures("high_recursion_limit")
@pytest.mark.parametrize("opening", [b"[", b'{"a":', b'[{"a":'])
def test_deep_nesting_does_not_kill_the_process(opening: bytes) -> None:
    data = opening * (profile.MAX_SIZE // len(opening))
    with pytest.raises(ProfileError) as error:
        profile.parse(data)
    assert error.value.reason == f"nested deeper than {profile.MAX_DEPTH}"


@settings(max_examples=300, deadline=None)
@given(strategies.values)
def test_round_trip(value: Any) -> None:
    """parse(canonical(x)) is x, with the same types, whatever the layout of the text."""
    profile.check(value)
    assert repr(_sorted(profile.parse(canonical(value)))) == repr(_sorted(value))
    spaced = json.dumps(value, ensure_ascii=True, indent=3).encode()
    if "e-" not in json.dumps(_numbers(value)):  # the standard library writes 0.00001 as 1e-05
        assert repr(_sorted(profile.parse(spaced))) == repr(_sorted(value))


@settings(max_examples=600, deadline=None)
@given(strategies.values | strategies.json_like.map(_read_leniently))
def test_own_bytes_are_read_as_strictly(value: Any) -> None:
    """`parse_own` and `parse` say the same of whatever `canonical` wrote."""
    text = canonical(value)
    assert _outcome(profile.parse_own, text) == _outcome(profile.parse, text)


def test_own_bytes_have_the_same_limits() -> None:
    deep: Any = 1
    for _ in range(profile.MAX_DEPTH + 1):
        deep = [deep]
    for value in (deep, {"a": "x" * profile.MAX_SIZE}, {"b c": 1}, 2**53, {"a": [2.0**60]}, "text"):
        text = canonical(value)
        assert _outcome(profile.parse_own, text) == _outcome(profile.parse, text)


def _outcome(parse: Any, text: bytes) -> str:
    try:
        return repr(parse(text))
    except ProfileError:
        return "refused"


def _sorted(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _sorted(value[name]) for name in sorted(value)}
    return [_sorted(item) for item in value] if isinstance(value, list) else value


def _numbers(value: Any) -> list[float]:
    if isinstance(value, dict):
        value = list(value.values())
    if isinstance(value, list):
        return [number for item in value for number in _numbers(item)]
    return [value] if isinstance(value, float) else []


@settings(max_examples=600, deadline=None)
@given(strategies.json_like)
def test_fast_and_slow_parser_agree(text: str) -> None:
    """What the fast parser refuses, the slow one explains; what it accepts, the slow one passes."""
    data = text.encode()
    explained = diagnose(data).reason != "refused by the parser"
    try:
        value = profile.parse(data)
    except ProfileError:
        refused = True
    else:
        refused = False
        profile.check(value)
        assert value == json.loads(data)
    assert refused is explained


BAD_VALUES: dict[str, tuple[Any, str]] = {
    "NaN": ([float("nan")], "$[0]"),
    "infinity": ({"a": float("-inf")}, "$.a"),
    "minus zero": ([-0.0], "$[0]"),
    "big integer": ({"a": [2**53]}, "$.a[0]"),
    "big whole float": ([2.0**53], "$[0]"),
    "six fraction digits": ([0.000001], "$[0]"),
    "decimal of 10^9": ([1e9 + 0.5], "$[0]"),
    "binary sum": ([0.1 + 0.2], "$[0]"),
    "lone surrogate": ({"a": "\ud800"}, "$.a"),
    "bad name": ({"a": {"b c": 1}}, "$.a"),
    "name no text": ({"a": {1: 1}}, "$.a"),
    "tuple": ({"a": (1,)}, "$.a"),
    "bytes": ([b"a"], "$[0]"),
    "int subclass": ([type("Int", (int,), {})(1)], "$[0]"),
}


@pytest.mark.parametrize("name", BAD_VALUES)
def test_check_refuses(name: str) -> None:
    value, path = BAD_VALUES[name]
    with pytest.raises(ProfileError) as error:
        profile.check(value)
    assert error.value.path == path


def test_check_depth() -> None:
    value: Any = 1
    for _ in range(profile.MAX_DEPTH):
        value = [value]
    profile.check(value)
    with pytest.raises(ProfileError):
        profile.check([value])


def test_whole_floats_are_integers_when_issued() -> None:
    profile.check([5.0, 4e9])
    normal = profile.normalise({"a": [5.0, 4e9, 0.5, -0.0], "b": ("e\u0301",)})
    assert repr(normal) == "{'a': [5, 4000000000, 0.5, 0], 'b': ['é']}"


def test_normalise_keeps_what_is_no_whole_number() -> None:
    assert profile.normalise(1e300) == 1e300
    assert repr(profile.normalise(float("inf"))) == "inf"
    assert profile.normalise(True) is True
