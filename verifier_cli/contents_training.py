"""What records of training say, in words: parties, standards, enrolments, activities and what came of it."""

from __future__ import annotations

from typing import Any, Final

from verifier_cli.contents_form import Members, named, number, plural, word_for
from verifier_cli.schema_words import LISTED
from verifier_cli.texts import Sentence
from verifier_cli.words import VALUES

__all__ = ["activity", "credential", "enrolment", "evaluation", "party", "standard"]

MINUTES_A_DAY: Final = 24 * 60


def _hours(minutes: int) -> str:
    return number(round(minutes / 60, 2))


def credential(subject: dict[str, Any], members: Members) -> Sentence:
    """A certificate, credits or an award: enter its members, return its title."""
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
    for equivalent in achievement.get("alignment", ()):
        members.add("equivalent", _equivalent(equivalent))
    members.rest("credential.1", subject, "award")
    if kind == "practice_credit" and "creditsEarned" in subject:
        credits = number(subject["creditsEarned"])
        english = f"{plural(credits, 'practice credit')} ({name}) of {holder}"
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


def _equivalent(alignment: dict[str, Any]) -> str:
    framework = alignment.get("targetFramework")
    name = alignment["targetName"]
    return name if framework is None else f"{name} ({framework})"


def _clock(text: str) -> int:
    hours, minutes = text.split(":")
    return int(hours) * 60 + int(minutes)


def _minutes(day: dict[str, Any]) -> int:
    """Minutes of one day without the break; an end at or before the start is on the next day."""
    length = (_clock(day["end"]) - _clock(day["start"])) % MINUTES_A_DAY or MINUTES_A_DAY
    return int(length) - int(day["breakMinutes"])


def activity(subject: dict[str, Any], members: Members) -> Sentence:
    """Shifts of practice or teaching: enter its members, return its title."""
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
    members.rest("activity.1", subject, "employer", "online", "tasks", "visitors")
    members.add("person", subject["id"])
    what = VALUES[f"{subject['kind']}_log"]
    week = subject.get("week")
    english = what[0] if week is None else f"{what[0]} of week {week}"
    chinese = what[1] if week is None else f"第 {week} 周{what[1]}"
    counted = f"{plural(str(count), 'day')}, {plural(hours, 'hour')}"
    return f"{english}: {counted}", f"{chinese}：{count} 天，{hours} 小时"


def evaluation(subject: dict[str, Any], members: Members) -> Sentence:
    """Scores or a survey: enter its members, return its title."""
    items = subject.get("items", [])
    passed = sum(item["pass"] for item in items)
    members.word("kind", f"{subject['kind']}_evaluation")
    members.word("phase", subject["phase"])
    if items:
        members.add("passed", f"{passed} / {len(items)}")
    for item in items[:LISTED]:
        by = word_for(item["by"], members.language)
        verdict = word_for("passed" if item["pass"] else "not_passed", members.language)
        scores = f"{number(item['score'])} / {number(item['max'])}"
        members.add("item", f"{item['item']}: {scores}, {verdict} ({by})")
    if len(items) > LISTED:
        members.add("more", len(items) - LISTED)
    members.add("independent", subject.get("independentFrom"))
    members.add("comment", subject.get("comment"))
    members.rest("evaluation.1", subject, "survey")
    members.add("person", subject["id"])
    what = VALUES[f"{subject['kind']}_evaluation"]
    if not items:
        answers = len(subject["survey"]["answers"])
        return f"{what[0]}: {plural(str(answers), 'answer')}", f"{what[1]}：{answers} 项答案"
    count = f"{passed} of {plural(str(len(items)), 'item')} passed"
    return f"{what[0]}: {count}", f"{what[1]}：{len(items)} 项中 {passed} 项达标"


def enrolment(subject: dict[str, Any], members: Members) -> Sentence:
    """Where a trainee is enrolled: enter its members, return its title."""
    name = subject["programme"]["name"]
    members.add("programme", f"{named(name, members.language)} ({subject['programme']['code']})")
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
    members.rest("enrolment.1", subject, "kind", "plan", "payRatioBp", "region", "leftReason", "stageSince")
    members.add("person", subject["id"])
    status = VALUES[subject["status"]]
    return (
        f"enrolment in {named(name, 'en')} from {subject['from']} to {subject['to']}, {status[0]}",
        f"“{named(name, 'zh')}”培养登记（{subject['from']} 至 {subject['to']}，{status[1]}）",
    )


_STANDARD_REST: Final = (
    "area",
    "occupation",
    "elective",
    "semester",
    "targetPost",
    "alignments",
    "resources",
    "research",
    "requirements",
)


def standard(subject: dict[str, Any], members: Members) -> Sentence:
    """A standard or course: enter its members, return its title."""
    edition = f"{subject['code']} {subject['version']}"
    what = VALUES[subject["kind"]]
    members.word("kind", subject["kind"])
    members.add("edition", edition)
    members.add("effective", subject["effective"])
    for level in subject["levels"]:
        members.add("level", f"{level['level']} ({named(level['name'], members.language)})")
    members.add("items", len(subject["items"]))
    members.rest("standard.1", subject, *_STANDARD_REST)
    name = subject["name"]
    return f"{what[0]} {named(name, 'en')} ({edition})", f"{what[1]}《{named(name, 'zh')}》（{edition}）"


def party(subject: dict[str, Any], members: Members) -> Sentence:
    """Who somebody is: enter its members, return its title."""
    name = subject["name"]
    members.word("kind", subject["kind"])
    words = (word_for(role, members.language) for role in subject["roles"])
    members.add("roles", ("、" if members.language == "zh" else ", ").join(words))
    members.add("registerNumber", subject.get("registerNumber"))
    members.add("employer", subject.get("employer"))
    members.rest("party.1", subject, "members", "chainRole")
    members.add("identifier", subject["id"])
    return f"entry of {named(name, 'en')}", f"{named(name, 'zh')}的主体信息"
