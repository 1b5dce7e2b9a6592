"""Canonical bytes: equal to an independent implementation of RFC 8785 on the whole profile."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Any

import pytest
import rfc8785
from hypothesis import given, settings

from tests.verifier.formats import slow_reference as slow
from tests.verifier.formats import strategies
from verifier_cli import canonical as module
from verifier_cli.canonical import canonical, canonical_parsed
from verifier_cli.errors import MisuseError
from verifier_cli.profile import parse


@settings(max_examples=250, deadline=None)
@given(strategies.values)
def test_equals_rfc_8785(value: Any) -> None:
    expected = rfc8785.dumps(value)
    assert canonical(value) == expected
    assert module._exact(value).encode() == expected
    assert slow.jcs(value).encode() == expected
    assert canonical_parsed(parse(expected)) == expected


NUMBERS: list[tuple[float, bytes]] = [
    (5.0, b"5"),
    (-12.0, b"-12"),
    (-0.0, b"0"),
    (0.0, b"0"),
    (0.00001, b"0.00001"),
    (-0.00009, b"-0.00009"),
    (0.00012, b"0.00012"),
    (999999999.99999, b"999999999.99999"),
    (1e15, b"1000000000000000"),
    (0.5, b"0.5"),
]


@pytest.mark.parametrize(("number", "text"), NUMBERS)
def test_numbers(number: float, text: bytes) -> None:
    assert canonical(number) == text == rfc8785.dumps(number)
    assert canonical([number, {"a": number}, number]) == b'[%s,{"a":%s},%s]' % (text, text, text)


@pytest.mark.parametrize("number", range(1, 10))
def test_an_orjson_that_writes_exponents(number: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Older releases write 0.00001 as 1e-5; the exact writer then takes over."""
    plain = module._dumps

    def older(value: object) -> bytes:
        return re.sub(rb"0\.0000([1-9])(?=[,\]}])", rb"\1e-5", plain(value))

    monkeypatch.setattr(module, "_EXPONENTS", True)
    monkeypatch.setattr(module, "_dumps", older)
    value: Any = [number / 10**5, -number / 10**5, {"a": number / 10**5}]
    assert older(value).count(b"e-5") == 3
    assert canonical(value) == canonical_parsed(value) == rfc8785.dumps(value)


def test_exact_writer_on_what_the_profile_refuses() -> None:
    """Both writers agree there too, so that bytes never depend on which one ran."""
    nan = float("nan")
    assert canonical([nan]) == b"[null]"
    assert canonical([nan, 5.0]) == b"[null,5]"


TEXTS = ["\x00\x1f\x7f\x80", '"\\/', "\b\f\n\r\t", "\u2028\u2029", "😀é\u0301", "5.0,", "1e-5]", "</script>"]


@pytest.mark.parametrize("text", TEXTS)
def test_texts(text: str) -> None:
    assert canonical({"a": text}) == rfc8785.dumps({"a": text})
    assert canonical({"a": text, "b": 5.0}) == rfc8785.dumps({"a": text, "b": 5})


@pytest.mark.parametrize(
    "value", ["\ud800", {"a": object()}, {1: 1}, [datetime(2026, 1, 1, tzinfo=UTC)], {"a": {1, 2}}, 2**65]
)
def test_no_json(value: Any) -> None:
    with pytest.raises(MisuseError):
        canonical(value)
