"""What a record says, in words: one phrase that names it, and its important members with plain labels.

Only called on documents that passed the schema step, so members are where the schema puts them. Whether what
is said is true, is not decided here: `render` says it as a fact or as a claim.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final, NamedTuple

from verifier_cli.texts import Language, Sentence, printable, say
from verifier_cli.words import LABELS, VALUES

__all__ = ["Contents", "describe", "word_for"]

LISTED: Final = 6
"""Days or items shown one by one; `inspect` shows all."""

MAX_TEXT: Final = 200
"""Characters of one text; names are no longer, and `inspect` shows long criteria whole."""

MINUTES_A_DAY: Final = 24 * 60
_YES_NO: Final = {True: "yes", False: "no"}


class Contents(NamedTuple):
    """`title` is a noun phrase, `members` are (label, text) in the order of their weight."""

    title: str
    members: tuple[tuple[str, str], ...]


class _Members:
    """Collects the labelled members of one document; absent ones are passed over."""

    def __init__(self, language: Language) -> None:
        self.language = language
        self.items: list[tuple[str, str]] = []

    def add(self, label: str, value: str | float | None) -> None:
        """A value as it is."""
        if value is not None:
            text = _number(value) if isinstance(value, int | float) else value
            shown = text if len(text) <= MAX_TEXT else text[:MAX_TEXT] + "…"
            self.items.append((say(LABELS[label], self.language), printable(shown)))

    def word(self, label: str, value: str | bool | None) -> None:
        """The word for one of a fixed set of values. Free text never goes this way: it is not translated."""
        if value is not None:
            self.add(label, word_for(value if isinstance(value, str) else _YES_NO[value], self.language))

    def period(self, label: str, first: str | None, last: str | None) -> None:
        """Two dates or times; only their days are shown."""
        if first or last:
            between = " 至 " if self.language == "zh" else " to "
            self.add(label, between.join(moment[:10] if moment else "…" for moment in (first, last)))

    def contents(self, title: Sentence) -> Contents:
        """Everything collected, under a title."""
        return Contents(printable(say(title, self.language)), tuple(self.items))


def describe(schema: str, document: dict[str, Any], language: Language) -> Contents:
    """The contents of a valid document of `schema` (`activity.1`), for people."""
    members = _Members(language)
    title = _DESCRIBERS[schema](document["credentialSubject"], members)
    if "validUntil" in document:
        members.add("valid_until", document["validUntil"][:10])
    return members.contents(title)


def word_for(role: str, language: Language) -> str:
    """The word for a role or another value of a fixed set."""
    return say(VALUES.get(role, (role, role)), language)


def _named(label: dict[str, str], language: Language) -> str:
    return label["zh"] if language == "zh" else label.get("en", label["zh"])


def _number(value: float) -> str:
    """With at most the five fraction digits of protocol 2.1."""
    return f"{value:.5f}".rstrip("0").rstrip(".")


def _hours(minutes: int) -> str:
    return _number(round(minutes / 60, 2))


def _plural(number: str, noun: str) -> str:
    return f"{number} {noun}" if number == "1" else f"{number} {noun}s"


def _credential(subject: dict[str, Any], members: _Members) -> Sentence:
    achievement = subject["achievement"]
    name, kind = achievement["name"], subject["kind"]
    names = [
        entry["identityHash"]
        for entry in subject["identifier"]
        if entry["identityType"] == "name" and not entry["hashed"]
    ]
    holder = names[0] if names else subject["id"]
    members.add("holder", holder)
    members.word("kind", kind)
    members.add("achievement", name)
    members.add("level", _level_text(subject))
    members.add("credits", subject.get("creditsEarned"))
    members.word("credit_kind", subject.get("creditKind"))
    members.period("practice", subject.get("activityStartDate"), subject.get("activityEndDate"))
    for result in subject.get("result", ()):
        members.add("result", result.get("value") or result.get("status"))
    if achievement["description"] != name:
        members.add("description", achievement["description"])
    members.add("criteria", achievement["criteria"]["narrative"])
    if kind == "practice_credit" and "creditsEarned" in subject:
        credits = _number(subject["creditsEarned"])
        english = f"{_plural(credits, 'practice credit')} ({name}) of {holder}"
        return english, f"{holder}的实践学分 {credits} 分（{name}）"
    return f"{name} of {holder}", f"{holder}的“{name}”"


def _level_text(subject: dict[str, Any]) -> str | None:
    """The level's number, and its name where a result of the record points to one."""
    level = subject.get("level")
    achieved = {result.get("achievedLevel") for result in subject.get("result", ())}
    for described in subject["achievement"].get("resultDescription", ()):
        for rung in described.get("rubricCriterionLevel", ()):
            if rung["id"] in achieved:
                return rung["name"] if level is None else f"{level} ({rung['name']})"
    return level


def _clock(text: str) -> int:
    hours, minutes = text.split(":")
    return int(hours) * 60 + int(minutes)


def _minutes(day: dict[str, Any]) -> int:
    """Minutes of one day without the break; an end at or before the start is on the next day."""
    length = (_clock(day["end"]) - _clock(day["start"])) % MINUTES_A_DAY or MINUTES_A_DAY
    return int(length) - int(day["breakMinutes"])


def _activity(subject: dict[str, Any], members: _Members) -> Sentence:
    days = subject["days"]
    hours = _hours(sum(map(_minutes, days)))
    dates = sorted(day["date"] for day in days)
    count = len(set(dates))
    members.add("project", subject["project"])
    members.word("kind", subject["kind"])
    members.word("actor", subject["role"])
    members.period("dates", dates[0], dates[-1])
    for day in days[:LISTED]:
        members.add("day", f"{day['date']} {day['start']}-{day['end']}, {_hours(_minutes(day))} h")
    if len(days) > LISTED:
        members.add("more", len(days) - LISTED)
    for name in ("realProject", "realEquipment", "realStandard"):
        members.word(name, subject.get(name))
    members.add("ops", subject.get("ops"))
    members.add("opErrors", subject.get("opErrors"))
    members.add("person", subject["id"])
    what = VALUES[f"{subject['kind']}_log"]
    week = subject.get("week")
    english = what[0] if week is None else f"{what[0]} of week {week}"
    chinese = what[1] if week is None else f"第 {week} 周{what[1]}"
    counted = f"{_plural(str(count), 'day')}, {_plural(hours, 'hour')}"
    return f"{english}: {counted}", f"{chinese}：{count} 天，{hours} 小时"


def _evaluation(subject: dict[str, Any], members: _Members) -> Sentence:
    items = subject["items"]
    passed = sum(item["pass"] for item in items)
    members.word("kind", f"{subject['kind']}_evaluation")
    members.word("phase", subject["phase"])
    members.add("passed", f"{passed} / {len(items)}")
    for item in items[:LISTED]:
        by = word_for(item["by"], members.language)
        verdict = word_for("passed" if item["pass"] else "not_passed", members.language)
        scores = f"{_number(item['score'])} / {_number(item['max'])}"
        members.add("item", f"{item['item']}: {scores}, {verdict} ({by})")
    if len(items) > LISTED:
        members.add("more", len(items) - LISTED)
    members.add("independent", subject.get("independentFrom"))
    members.add("comment", subject.get("comment"))
    members.add("person", subject["id"])
    what = VALUES[f"{subject['kind']}_evaluation"]
    count = f"{passed} of {_plural(str(len(items)), 'item')} passed"
    return f"{what[0]}: {count}", f"{what[1]}：{len(items)} 项中 {passed} 项达标"


def _enrolment(subject: dict[str, Any], members: _Members) -> Sentence:
    name = subject["programme"]["name"]
    members.add("programme", f"{_named(name, members.language)} ({subject['programme']['code']})")
    members.period("dates", subject["from"], subject["to"])
    members.word("status", subject["status"])
    members.add("completed", subject.get("completedOn"))
    members.add("cohort", subject.get("cohort"))
    members.add("stage", subject["stage"])
    members.word("identity", subject.get("identity"))
    members.add("studentNumber", subject.get("studentNumber"))
    members.add("requiredCredits", subject.get("requiredCredits"))
    members.word("contract", subject.get("contract"))
    members.word("insurance", subject.get("insurance"))
    members.add("person", subject["id"])
    status = VALUES[subject["status"]]
    return (
        f"enrolment in {_named(name, 'en')} from {subject['from']} to {subject['to']}, {status[0]}",
        f"“{_named(name, 'zh')}”培养登记（{subject['from']} 至 {subject['to']}，{status[1]}）",
    )


def _standard(subject: dict[str, Any], members: _Members) -> Sentence:
    edition = f"{subject['code']} {subject['version']}"
    what = VALUES[subject["kind"]]
    members.word("kind", subject["kind"])
    members.add("edition", edition)
    members.add("effective", subject["effective"])
    for level in subject["levels"]:
        members.add("level", f"{level['level']} ({_named(level['name'], members.language)})")
    members.add("items", len(subject["items"]))
    name = subject["name"]
    return f"{what[0]} {_named(name, 'en')} ({edition})", f"{what[1]}《{_named(name, 'zh')}》（{edition}）"


def _party(subject: dict[str, Any], members: _Members) -> Sentence:
    name = subject["name"]
    members.word("kind", subject["kind"])
    words = (word_for(role, members.language) for role in subject["roles"])
    members.add("roles", ("、" if members.language == "zh" else ", ").join(words))
    members.add("registerNumber", subject.get("registerNumber"))
    members.add("employer", subject.get("employer"))
    members.add("identifier", subject["id"])
    return f"entry of {_named(name, 'en')}", f"{_named(name, 'zh')}的主体信息"


_DESCRIBERS: Final[dict[str, Callable[[dict[str, Any], _Members], Sentence]]] = {
    "party.1": _party,
    "standard.1": _standard,
    "enrolment.1": _enrolment,
    "activity.1": _activity,
    "evaluation.1": _evaluation,
    "credential.1": _credential,
}
