"""Text forms of bytes and times: one text per value, everything else refused."""

from __future__ import annotations

import pickle
import string
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.verifier.formats import slow_reference as slow
from verifier_cli import encoding, errors
from verifier_cli.errors import DataError, MisuseError

if TYPE_CHECKING:
    from collections.abc import Callable

# Published examples of the base58 draft (draft-msporny-base58) and of base64url (RFC 4648).
BASE58 = [
    (b"Hello World!", "2NEpo7TZRRrLZSi2U"),
    (
        b"The quick brown fox jumps over the lazy dog.",
        "USm3fpXnKG5EUBx2ndxBDMPVciP5hGey2Jh4NDv6gmeo1LkMeiKrLJUUBk6Z",
    ),
    (bytes.fromhex("0000287fb4cd"), "11233QC4"),
    (b"", ""),
    (b"\0", "1"),
]


@pytest.mark.parametrize(("data", "text"), BASE58)
def test_base58_examples(data: bytes, text: str) -> None:
    assert encoding.base58btc_encode(data) == text
    assert encoding.base58btc_decode(text) == data


def test_base58_of_a_long_number_with_zeros_inside() -> None:
    data = (7 * 58**encoding.MAX_BASE58_CHARS + 5).to_bytes(95, "big").lstrip(b"\0")
    assert encoding.base58btc_encode(data) == slow.b58_encode(data) == "8" + "1" * 127 + "6"


@given(st.binary(max_size=80))
def test_base58_equals_the_slow_reference(data: bytes) -> None:
    text = encoding.base58btc_encode(data)
    assert text == slow.b58_encode(data)
    assert encoding.base58btc_decode(text) == data == slow.b58_decode(text)


@pytest.mark.parametrize("text", ["0", "O", "I", "l", "2NEpo7TZRRrLZSi2U ", "é", "😀", "a\0"])
def test_base58_refuses(text: str) -> None:
    with pytest.raises(DataError) as error:
        encoding.base58btc_decode(text)
    assert error.value.path == "base58btc"


def test_base58_length_limit() -> None:
    longest = "z" * encoding.MAX_BASE58_CHARS
    assert encoding.base58btc_decode(longest) == slow.b58_decode(longest)
    with pytest.raises(DataError):
        encoding.base58btc_decode(longest + "z")


@given(st.binary(max_size=80))
def test_base64url_equals_the_slow_reference(data: bytes) -> None:
    text = encoding.b64url_encode(data)
    assert text == slow.b64_encode(data)
    assert encoding.b64url_decode(text) == data


@pytest.mark.parametrize("text", ["A", "AB=", "AA==", "A+", "A/", "AB", "AAB", "AA\n", " AA", "é"])
def test_base64url_refuses(text: str) -> None:
    with pytest.raises(DataError) as error:
        encoding.b64url_decode(text)
    assert error.value.path == "base64url"


DIGEST = bytes(range(32))


def test_digest_multibase() -> None:
    text = encoding.digest_multibase(DIGEST)
    assert text.startswith("uEiA")
    assert len(text) == 47
    assert encoding.parse_digest_multibase(text) == DIGEST


def _multibase(data: bytes, prefix: str = "u") -> str:
    return prefix + encoding.b64url_encode(data)


@pytest.mark.parametrize(
    "text",
    [
        "",
        _multibase(b"\x12\x20" + DIGEST, "m"),
        _multibase(b"\x12\x20" + DIGEST, ""),
        _multibase(b"\x13\x20" + DIGEST),
        _multibase(b"\x12\x1f" + DIGEST[1:]),
        _multibase(b"\x12\x20" + DIGEST + b"\0"),
        _multibase(b"\x12\x20" + DIGEST) + "=",
        _multibase(b"\x12\x20" + DIGEST)[:-1],
    ],
)
def test_digest_multibase_refuses(text: str) -> None:
    with pytest.raises(DataError):
        encoding.parse_digest_multibase(text)


def test_multikey_of_the_specification() -> None:
    """The key of the W3C test vectors."""
    text = "z6MkrJVnaZkeFzdQyMZu1cgjg7k1pZZ6pvBQ7XJPt4swbTQ2"
    public = encoding.parse_multikey(text)
    assert slow.b58_decode(text[1:]) == b"\xed\x01" + public
    assert encoding.multikey(public) == text


@pytest.mark.parametrize(
    "text",
    [
        "",
        "6MkrJVnaZkeFzdQyMZu1cgjg7k1pZZ6pvBQ7XJPt4swbTQ2",
        "Z6MkrJVnaZkeFzdQyMZu1cgjg7k1pZZ6pvBQ7XJPt4swbTQ2",
        "z6MkrJVnaZkeFzdQyMZu1cgjg7k1pZZ6pvBQ7XJPt4swbTQ",
        "z6MkrJVnaZkeFzdQyMZu1cgjg7k1pZZ6pvBQ7XJPt4swbTQ22",
        "z16MkrJVnaZkeFzdQyMZu1cgjg7k1pZZ6pvBQ7XJPt4swbTQ2",
        "z" + encoding.base58btc_encode(b"\xe7\x01" + bytes(32)),
        "z" + encoding.base58btc_encode(b"\xed\x01" + bytes(33)),
    ],
)
def test_multikey_refuses(text: str) -> None:
    with pytest.raises(DataError):
        encoding.parse_multikey(text)


@pytest.mark.parametrize("call", [encoding.multikey, encoding.digest_multibase])
def test_wrong_length_is_misuse(call: Callable[[bytes], str]) -> None:
    with pytest.raises(MisuseError):
        call(bytes(31))


TIMES = [
    ("1970-01-01T00:00:00Z", 0),
    ("2024-02-29T23:59:59Z", 1709251199),
    ("9999-12-31T23:59:59Z", 253402300799),
]


@pytest.mark.parametrize(("text", "seconds"), TIMES)
def test_times(text: str, seconds: int) -> None:
    assert encoding.parse_time(text) == seconds
    assert encoding.format_time(seconds) == text


@given(st.integers(-62135596800, 253402300799))
def test_times_round_trip(seconds: int) -> None:
    assert encoding.parse_time(encoding.format_time(seconds)) == seconds


@pytest.mark.parametrize(
    "text",
    [
        "2026-02-30T00:00:00Z",
        "2026-02-28T24:00:00Z",
        "2026-02-28T23:59:60Z",
        "2026-02-28T23:59Z",
        "2026-02-28T23:59:59",
        "2026-02-28T23:59:59+00:00",
        "2026-02-28T23:59:59.0Z",
        "2026-02-28t23:59:59z",
        "2026-02-28 23:59:59Z",
        " 2026-02-28T23:59:59Z",
        "2026-02-28T23:59:59Z\n",
        "٢٠٢٦-02-28T23:59:59Z",
        "0000-01-01T00:00:00Z",
        "",
    ],
)
def test_times_refused(text: str) -> None:
    with pytest.raises(DataError) as error:
        encoding.parse_time(text)
    assert error.value.path == "time"


@pytest.mark.parametrize("seconds", [253402300800, -62135596801, 10**30])
def test_impossible_times(seconds: int) -> None:
    with pytest.raises(MisuseError):
        encoding.format_time(seconds)


@pytest.mark.parametrize("name", errors.__all__)
def test_errors_cross_process_borders(name: str) -> None:
    kind = getattr(errors, name)
    arguments = ("$.a", "why") if issubclass(kind, DataError | errors.CouldNotRead) else ("why",)
    copy = pickle.loads(pickle.dumps(kind(*arguments)))  # noqa: S301 - our own bytes
    assert type(copy) is kind
    assert vars(copy) == vars(kind(*arguments))
    assert str(copy) == ": ".join(arguments)


def test_alphabet_is_all_letters_and_digits_but_four() -> None:
    missing = set(string.ascii_letters + string.digits) - set(encoding._ALPHABET)
    assert missing == set("0OIl")
