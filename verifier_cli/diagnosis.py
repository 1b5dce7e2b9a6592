"""A second, slow parser of the JSON profile that knows where it is: it names the JSON path and the reason.

It runs only after the fast parser refused. It stops at 32 levels, so its own recursion is bounded.
"""

from __future__ import annotations

import re

from verifier_cli.errors import ProfileError
from verifier_cli.profile import DECIMAL, MAX_DEPTH, MAX_INTEGER, NAME

__all__ = ["diagnose"]

_SPACE = re.compile(r"[ \t\n\r]*")
_NUMBER = re.compile(r"-?(?:0|[1-9][0-9]*)(\.[0-9]+)?([eE][+-]?[0-9]+)?")
_PLAIN = re.compile(r'[^"\\\x00-\x1f]*')
_ESCAPE = re.compile(r'\\(?:["\\/bfnrt]|u[0-9A-Fa-f]{4})')
_ESCAPED = {"b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t"}
_WORDS = ("true", "false", "null")
_SHOWN = 40  # characters of a member name shown in a path: errors are printed


def diagnose(data: bytes) -> ProfileError:
    """The first fault of `data` that the profile does not allow."""
    try:
        text = data.decode()
    except UnicodeDecodeError as error:
        return ProfileError("$", f"not UTF-8 at byte {error.start}")
    walker = _Walker(text)
    try:
        walker.value("$", 1)
        walker.end()
    except ProfileError as error:
        return error
    return ProfileError("$", "refused by the parser")


class _Walker:
    """Recursive descent over the text; `at` is the position reached."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.at = 0

    def value(self, path: str, depth: int) -> None:
        self._space()
        char = self.text[self.at : self.at + 1]
        if char in ("{", "[") and depth > MAX_DEPTH:
            raise ProfileError(path, f"nested deeper than {MAX_DEPTH}")
        if char == "{":
            self._object(path, depth)
        elif char == "[":
            self._array(path, depth)
        elif char == '"':
            self._string(path)
        else:
            self._scalar(path)
        self._space()

    def end(self) -> None:
        if self.at != len(self.text):
            raise self._syntax("$", "text after the value")

    def _object(self, path: str, depth: int) -> None:
        self.at += 1
        seen: set[str] = set()
        self._space()
        if self._take("}"):
            return
        while True:
            self._space()
            if self.text[self.at : self.at + 1] != '"':
                raise self._syntax(path, "member name expected")
            name = self._string(path)
            if not NAME.fullmatch(name):
                raise ProfileError(path, f"member name {name[:_SHOWN]!r} not allowed")
            if name in seen:
                raise ProfileError(f"{path}.{name[:_SHOWN]}", "member given twice")
            seen.add(name)
            self._space()
            if not self._take(":"):
                raise self._syntax(path, "':' expected")
            self.value(f"{path}.{name[:_SHOWN]}", depth + 1)
            if self._take("}"):
                return
            if not self._take(","):
                raise self._syntax(path, "',' or '}' expected")

    def _array(self, path: str, depth: int) -> None:
        self.at += 1
        self._space()
        if self._take("]"):
            return
        index = 0
        while True:
            self.value(f"{path}[{index}]", depth + 1)
            index += 1
            if self._take("]"):
                return
            if not self._take(","):
                raise self._syntax(path, "',' or ']' expected")

    def _string(self, path: str) -> str:
        self.at += 1
        parts: list[str] = []
        while True:
            plain = self._match(_PLAIN)
            parts.append(plain)
            if self._take('"'):
                break
            escape = self._match(_ESCAPE)
            if not escape:
                raise self._syntax(path, "control character, bad escape or end of text inside a string")
            parts.append(chr(int(escape[2:], 16)) if escape[1] == "u" else _ESCAPED.get(escape[1], escape[1]))
        # Escaped pairs of surrogates become the character they stand for; what is left over is lone.
        text = "".join(parts).encode("utf-16", "surrogatepass")
        try:
            return text.decode("utf-16")
        except UnicodeDecodeError:
            raise ProfileError(path, "lone surrogate") from None

    def _scalar(self, path: str) -> None:
        for word in _WORDS:
            if self.text.startswith(word, self.at):
                self.at += len(word)
                return
        match = _NUMBER.match(self.text, self.at)
        if match is None:
            raise self._syntax(path, "value expected")
        self.at = match.end()
        _check_number(path, match[0], match[1], match[2])

    def _space(self) -> None:
        self._match(_SPACE)

    def _match(self, pattern: re.Pattern[str]) -> str:
        match = pattern.match(self.text, self.at)
        if match is None:
            return ""
        self.at = match.end()
        return match[0]

    def _take(self, char: str) -> bool:
        if self.text.startswith(char, self.at):
            self.at += 1
            return True
        return False

    def _syntax(self, path: str, reason: str) -> ProfileError:
        return ProfileError(path, f"{reason} at character {self.at}")


def _check_number(path: str, text: str, fraction: str | None, exponent: str | None) -> None:
    if exponent:
        raise ProfileError(path, "number with an exponent")
    if fraction is None:
        if text == "-0":
            raise ProfileError(path, "minus zero")
        if len(text) > len(str(-MAX_INTEGER)) or abs(int(text)) > MAX_INTEGER:
            raise ProfileError(path, "integer beyond 2^53-1")
    elif not DECIMAL.fullmatch(text):
        raise ProfileError(
            path, "decimal not below 10^9, with more than 5 fraction digits or a trailing zero"
        )
