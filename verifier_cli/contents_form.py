"""The labelled members of one record in words, and small words that all types use (see `contents`)."""

from __future__ import annotations

from typing import Any, Final, NamedTuple

from verifier_cli.schema_words import shown_members
from verifier_cli.texts import Language, Sentence, printable, say
from verifier_cli.words import LABELS, VALUES

__all__ = ["Contents", "Members", "named", "number", "plural", "word_for"]

MAX_TEXT: Final = 200
"""Characters of one text; names are no longer, and `inspect` shows long criteria whole."""

_YES_NO: Final = {True: "yes", False: "no"}


class Contents(NamedTuple):
    """`title` is a noun phrase, `members` are (label, text) in the order of their weight."""

    title: str
    members: tuple[tuple[str, str], ...]


class Members:
    """Collects the labelled members of one document; absent ones are passed over."""

    def __init__(self, language: Language) -> None:
        self.language = language
        self.items: list[tuple[str, str]] = []

    def add(self, label: str, value: str | float | None) -> None:
        """A value as it is."""
        if value is not None:
            text = number(value) if isinstance(value, int | float) else value
            self._put(say(LABELS[label], self.language), text)

    def word(self, label: str, value: str | bool | None) -> None:
        """The word for one of a fixed set of values. Free text never goes this way: it is not translated."""
        if value is not None:
            self.add(label, word_for(value if isinstance(value, str) else _YES_NO[value], self.language))

    def period(self, label: str, first: str | None, last: str | None) -> None:
        """Two dates or times; only their days are shown."""
        if first or last:
            between = " 至 " if self.language == "zh" else " to "
            self.add(label, between.join(moment[:10] if moment else "…" for moment in (first, last)))

    def rest(self, schema: str, subject: dict[str, Any], *names: str) -> None:
        """Members as their schema titles them, all or those named."""
        for label, text in shown_members(schema, subject, self.language, names or None):
            self._put(label, text)

    def _put(self, label: str, text: str) -> None:
        shown = text if len(text) <= MAX_TEXT else text[:MAX_TEXT] + "…"
        self.items.append((label, printable(shown)))

    def contents(self, title: Sentence) -> Contents:
        """Everything collected, under a title."""
        return Contents(printable(say(title, self.language)), tuple(self.items))


def word_for(role: str, language: Language) -> str:
    """The word for a role or another value of a fixed set."""
    return say(VALUES.get(role, (role, role)), language)


def named(label: dict[str, str], language: Language) -> str:
    return label["zh"] if language == "zh" else label.get("en", label["zh"])


def number(value: float) -> str:
    """With at most the five fraction digits of protocol 2.1."""
    return f"{value:.5f}".rstrip("0").rstrip(".")


def plural(number: str, noun: str) -> str:
    return f"{number} {noun}" if number == "1" else f"{number} {noun}s"
