"""Text forms of bytes and times: base58btc, base64url, multibase digests, multikeys, timestamps.

Every decoder is strict: one text per value, so that nothing signed can be respelled. Sources: W3C Controlled
Identifiers 1.0 (multibase, Multikey), multihash (sha2-256 = 0x12 0x20), protocol 2.4 and 3.
"""

from __future__ import annotations

import base64
import binascii
import re
from datetime import UTC, datetime

from verifier_cli.errors import DataError, MisuseError

__all__ = [
    "b64url_decode",
    "b64url_encode",
    "base58btc_decode",
    "base58btc_encode",
    "digest_multibase",
    "format_time",
    "multikey",
    "parse_digest_multibase",
    "parse_multikey",
    "parse_time",
]

_ALPHABET = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"
_DIGIT_OF = bytes(_ALPHABET.find(chr(c)) if chr(c) in _ALPHABET else 255 for c in range(256))
# Longest text that is decoded: nothing in the protocol is longer than a 64-byte signature (88 characters).
MAX_BASE58_CHARS = 128
_SHA2_256 = b"\x12\x20"  # multihash: function sha2-256, length 32
_ED25519_PUB = b"\xed\x01"  # multicodec ed25519-pub as an unsigned varint
_TIME = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}Z")
_B64URL = re.compile(r"[A-Za-z0-9_-]*")
# To the alphabet of `binascii`; what that has and base64url has not becomes a character of neither.
_TO_BASE64 = bytes.maketrans(b"-_+/=", b"+/!!!")
_BASE64 = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
_LAST_DIGITS = (
    _BASE64,
    b"",
    _BASE64[::16],
    _BASE64[::4],
)  # by length mod 4: those whose unused bits are zero


def _lanes() -> list[tuple[int, int, int]]:
    """Masks for folding 128 base-58 digits, one per byte, pairwise into one number (see `_fold`)."""
    lanes = []
    width = 8
    while width < 8 * MAX_BASE58_CHARS:
        ones = sum(((1 << width) - 1) << shift for shift in range(0, 8 * MAX_BASE58_CHARS, 2 * width))
        lanes.append((width, ones, 58 ** (width // 8)))
        width *= 2
    return lanes


_LANES = _lanes()
_LANE = 128  # bits; each holds 8 digits as a number before `_spread`
_LANE_BASE = 58**8


def _splits() -> list[tuple[int, int, int, int, int]]:
    """For `_spread`: lane width, divisor, and its reciprocal as factor, shift and mask of the quotients."""
    splits = []
    for width, digits in ((64, 4), (32, 2), (16, 1)):
        base = 58**digits
        # With this shift the rounded-up reciprocal is exact for every number below base squared.
        shift = (base * base).bit_length() + base.bit_length()
        quotient = (1 << base.bit_length()) - 1
        mask = sum(quotient << at for at in range(0, _LANE * MAX_BASE58_CHARS // 8, 2 * width))
        splits.append((width, base, -(-(1 << shift) // base), shift, mask))
    return splits


_SPLITS = _splits()
_LETTERS = _ALPHABET.encode().ljust(256, b"\0")


def _fold(digits: bytes) -> int:
    """Value of base-58 digits. Neighbouring lanes are joined seven times: 3 us less than digit by digit."""
    value = int.from_bytes(digits, "big")
    for width, low, base in _LANES:
        value = (value & low) + ((value >> width) & low) * base
    return value


def base58btc_encode(data: bytes) -> str:
    """Base58 of the Bitcoin alphabet, without a multibase prefix; each leading zero byte is a `1`."""
    number = int.from_bytes(data, "big")
    text = ""
    while number:
        number, low = divmod(number, 58**MAX_BASE58_CHARS)  # nothing of the protocol has a second round
        text = _spread(low).rjust(MAX_BASE58_CHARS, "1") + text
    return "1" * (len(data) - len(data.lstrip(b"\0"))) + text.lstrip("1")


def _spread(number: int) -> str:
    """128 digits at most, in whole lanes: all lanes are halved at once, 2 us less than digit by digit."""
    lanes = at = 0
    while number:
        number, lane = divmod(number, _LANE_BASE)
        lanes |= lane << at
        at += _LANE
    for width, base, factor, shift, mask in _SPLITS:
        high = (lanes * factor >> shift) & mask
        lanes += (high << width) - high * base
    return lanes.to_bytes(at // 8, "big")[1::2].translate(_LETTERS).decode()


def base58btc_decode(text: str) -> bytes:
    """Bytes of base58btc text (no prefix). Raises DataError on foreign characters or more than 128."""
    if len(text) > MAX_BASE58_CHARS:
        raise DataError("base58btc", f"longer than {MAX_BASE58_CHARS} characters")
    try:
        digits = text.encode("ascii").translate(_DIGIT_OF)
    except UnicodeEncodeError:
        raise DataError("base58btc", "character outside the alphabet") from None
    if b"\xff" in digits:
        raise DataError("base58btc", "character outside the alphabet")
    value = _fold(digits)
    zeros = len(digits) - len(digits.lstrip(b"\0"))
    return bytes(zeros) + value.to_bytes((value.bit_length() + 7) // 8, "big")


def b64url_encode(data: bytes) -> str:
    """Base64url without padding (RFC 4648 section 5)."""
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode("ascii")


def b64url_decode(text: str) -> bytes:
    """Bytes of unpadded base64url. Raises DataError on padding, foreign characters or unused bits set."""
    try:
        digits = text.encode("ascii").translate(_TO_BASE64)
        data = binascii.a2b_base64(digits + b"=" * (-len(digits) % 4), strict_mode=True)
    except ValueError:  # both errors are
        reason = "impossible length" if _B64URL.fullmatch(text) else "character outside the alphabet"
        raise DataError("base64url", reason) from None
    if digits[-1:] not in _LAST_DIGITS[len(digits) % 4]:
        raise DataError("base64url", "unused bits are not zero")
    return data


def digest_multibase(digest: bytes) -> str:
    """`u` + base64url of the sha2-256 multihash of a 32-byte digest (protocol 2.4)."""
    if len(digest) != 32:
        raise MisuseError("a SHA-256 digest has 32 bytes")
    return "u" + b64url_encode(_SHA2_256 + digest)


def parse_digest_multibase(text: str) -> bytes:
    """The 32-byte digest of a digestMultibase. Raises DataError for any other base, function or length."""
    if not text.startswith("u"):
        raise DataError("digestMultibase", "not multibase base64url")
    data = b64url_decode(text[1:])
    if len(data) != 34 or data[:2] != _SHA2_256:
        raise DataError("digestMultibase", "not a sha2-256 multihash of 32 bytes")
    return data[2:]


def multikey(public_key: bytes) -> str:
    """Multikey text (`z6Mk...`) of a 32-byte Ed25519 public key."""
    if len(public_key) != 32:
        raise MisuseError("an Ed25519 public key has 32 bytes")
    return "z" + base58btc_encode(_ED25519_PUB + public_key)


def parse_multikey(text: str) -> bytes:
    """The 32 bytes of an Ed25519 multikey. Raises DataError for anything else. Says nothing of the point."""
    if not text.startswith("z"):
        raise DataError("multikey", "not multibase base58btc")
    data = base58btc_decode(text[1:])
    if len(data) != 34 or data[:2] != _ED25519_PUB:
        raise DataError("multikey", "not an Ed25519 public key")
    return data[2:]


def parse_time(text: str) -> int:
    """Epoch seconds of `YYYY-MM-DDTHH:MM:SSZ`, the only form used. Raises DataError, also for 30 February."""
    if not _TIME.fullmatch(text):
        raise DataError("time", "not of the form YYYY-MM-DDTHH:MM:SSZ")
    try:
        return int(datetime.fromisoformat(text).timestamp())
    except ValueError:
        raise DataError("time", "no such date or time of day") from None


def format_time(seconds: int) -> str:
    """`YYYY-MM-DDTHH:MM:SSZ` of epoch seconds. Raises MisuseError outside the years 1 to 9999."""
    try:
        return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ").rjust(20, "0")
    except (OverflowError, ValueError, OSError):
        raise MisuseError("time outside the years 1 to 9999") from None
