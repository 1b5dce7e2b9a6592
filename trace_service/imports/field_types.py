"""What a column and a sheet are, for the table in `fields`."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum, auto
from typing import Any


class Cell(Enum):
    """What a cell holds once it is read; `values` has one converter for each."""

    TEXT = auto()
    IDENTIFIER = auto()  # a number that somebody gave to something: text, never a numeric value
    TOKEN = auto()  # an identifier of a standard's parts: ASCII letters, digits and . _ / -
    ORGANISATION = auto()  # DID or registered name
    DATE = auto()
    INTEGER = auto()
    DECIMAL = auto()
    BOOLEAN = auto()
    CHOICE = auto()
    CHOICES = auto()  # several of the choices
    SPANS = auto()  # 08:30-17:30(60)
    DATED_SPANS = auto()  # 2026-03-02 08:30-17:30(60)
    WEEKS = auto()  # 1-15;17
    IDENTIFIERS = auto()  # a list
    TIME = auto()  # 2026-03-02T08:00:00Z, or a date: its 00:00 UTC
    CLOCK = auto()  # 08:30
    PERSON = auto()  # a number that an organisation gave, or a URN or DID
    JSON = auto()  # what no cell has a better form for
    SIGNERS = auto()  # school=did:web:school.example; enterprise=did:web:firm.example
    LINKS = auto()  # performedUnder=PY-0001; alignsTo=SNAD@2026.2[E1,E2]


@dataclass(frozen=True, slots=True, eq=False)
class Field:
    """One column. ``low`` and ``high`` bound numbers, or the length of a text (0: the usual);
    ``choices`` maps accepted texts to record values.
    """

    name: str
    zh: str
    en: str
    cell: Cell = Cell.TEXT
    required: bool = False
    synonyms: tuple[str, ...] = ()
    choices: dict[str, str] | None = None
    low: int = 0
    high: int = 0
    note: str = ""
    example: str = ""
    common: bool = True  # equal in all rows of one number (an evaluation spans several rows)
    reader: Callable[[Any, Any], object] | None = None  # instead of the usual one of ``cell``

    @property
    def headers(self) -> tuple[str, ...]:
        """Every header text accepted for this column, the template's first."""
        return (self.zh, self.en, self.name, *self.synonyms, f"{self.zh} {self.en}")


@dataclass(frozen=True, slots=True, eq=False)
class SheetSpec:
    """One kind of sheet. ``key`` names the fields that make a row (or group of rows) one record."""

    name: str
    zh: str
    en: str
    key: tuple[str, ...]
    fields: tuple[Field, ...]
    synonyms: tuple[str, ...] = ()
    grouped: bool = False  # several rows make one record
    remarks: bool = False  # rows whose first field begins with # are remarks

    @property
    def names(self) -> tuple[str, ...]:
        """Every sheet or file name that means this sheet."""
        return (self.zh, self.en, self.name, *self.synonyms, f"{self.zh} {self.en}")

    def field(self, name: str) -> Field:
        """The field of that name."""
        return next(field for field in self.fields if field.name == name)
