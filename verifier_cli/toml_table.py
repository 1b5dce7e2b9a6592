"""A TOML table taken apart member by member, so that every error names its path."""

from __future__ import annotations

import re
from typing import Any, Final

from verifier_cli.errors import TrustFileError

__all__ = ["TomlTable"]

_ABSENT: Final = object()


class TomlTable:
    """One TOML table, taken apart member by member so that every error names its path."""

    def __init__(self, path: str, table: dict[str, Any]) -> None:
        self.path = path
        self._left = dict(table)

    def take(self, name: str, kind: type, default: Any = _ABSENT) -> Any:
        """The member `name`, of exactly this Python type; `default` where it may be missing."""
        value = self._left.pop(name, default)
        if value is _ABSENT:
            raise TrustFileError(f"{self.path}.{name}", "is missing")
        if value is not default and type(value) is not kind:
            raise TrustFileError(f"{self.path}.{name}", f"must be {_KIND_NAMES[kind]}")
        return value

    def has(self, name: str) -> bool:
        """Whether the member is there and not taken yet."""
        return name in self._left

    def text(self, name: str, default: Any = _ABSENT) -> str:
        """Text."""
        return str(self.take(name, str, default))

    def integer(self, name: str, low: int, high: int, default: Any = _ABSENT) -> int:
        """A whole number from `low` to `high`."""
        value = int(self.take(name, int, default))
        if not low <= value <= high:
            raise TrustFileError(f"{self.path}.{name}", f"must lie between {low} and {high}")
        return value

    def choice(self, name: str, allowed: tuple[str, ...], default: str) -> str:
        """One of a few words."""
        value = self.text(name, default)
        if value not in allowed:
            raise TrustFileError(f"{self.path}.{name}", f"must be one of {', '.join(allowed)}")
        return value

    def hexadecimal(self, name: str, size: int) -> bytes:
        """0x and the digits of `size` bytes."""
        value = self.text(name)
        if not re.fullmatch(rf"0x[0-9a-fA-F]{{{2 * size}}}", value):
            raise TrustFileError(f"{self.path}.{name}", f"must be 0x and {2 * size} hexadecimal digits")
        return bytes.fromhex(value[2:])

    def tables(self, name: str) -> list[TomlTable]:
        """A list of tables, `[[name]]`; empty where there is none."""
        items = self.take(name, list, [])
        if not all(type(item) is dict for item in items):
            raise TrustFileError(f"{self.path}.{name}", "must be written [[...]]")
        return [TomlTable(f"{self.path}.{name}[{index}]", item) for index, item in enumerate(items)]

    def done(self) -> None:
        """Refuse what nobody has asked for: a misspelt safety setting would be silently ignored."""
        for name in self._left:
            raise TrustFileError(f"{self.path}.{name}", "unknown member")


_KIND_NAMES = {str: "text", int: "a whole number", list: "a list", dict: "a table"}
