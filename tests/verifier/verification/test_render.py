"""What an employer reads: the sentence at the top, labelled members, claims kept apart from facts."""

from __future__ import annotations

import re
from typing import Any

import pytest

from tests.support.records import SCHOOL, sample_document
from tests.verifier.verification.world import World, make_world
from verifier_cli import texts
from verifier_cli.chain import NoReading
from verifier_cli.contents import describe
from verifier_cli.render import render, render_line, render_summary
from verifier_cli.report import Report, Step, Verdict
from verifier_cli.rules import SCHEMAS
from verifier_cli.schema import schema_json
from verifier_cli.texts import Language, language_from, printable
from verifier_cli.words import VALUES

LANGUAGES: tuple[Language, ...] = ("en", "zh")


def _text(world: World, language: Language = "en", **options: Any) -> str:
    return render(world.verify().named("/a/long/way/a.trace.json"), language, **options)


# ----- the sentence at the top -----


def test_valid_certificate_is_one_sentence() -> None:
    lines = _text(make_world()).splitlines()
    assert lines[:5] == [
        "VALID — Sensor Network Application Development, intermediate of 阿依古丽·买买提,",
        "issued by Zhaoqing Demo College (did:web:school.example),",
        "countersigned by did:web:firm.example:plant-2 (enterprise),",
        "unchanged since 2026-07-02 09:00:00 UTC, not revoked as of 2026-07-03 08:59:55 UTC.",
        "",
    ]
    assert _text(make_world(), "zh").splitlines()[:5] == [
        "有效 —— 阿依古丽·买买提的“Sensor Network Application Development, intermediate”，",
        "由 Zhaoqing Demo College（did:web:school.example）签发，",
        "由 did:web:firm.example:plant-2（企业）会签，",
        "自 2026-07-02 09:00:00 UTC 上链以来未被改动，截至 2026-07-03 08:59:55 UTC 未被撤销。",
        "",
    ]


PRACTICE_CREDIT = {"kind": "practice_credit", "creditsEarned": 4.5, "creditKind": "enterprise", "level": None}


@pytest.mark.parametrize(
    ("schema", "subject", "english", "chinese"),
    [
        (
            "activity.1",
            {},
            "practice log of week 1: 2 days, 15.25 hours",
            "第 1 周实践记录：2 天，15.25 小时",
        ),
        ("activity.1", {"week": None, "kind": "teaching"}, "teaching log: 2 days", "授课记录：2 天"),
        ("evaluation.1", {}, "practice evaluation: 2 of 2 items passed", "实践评价：2 项中 2 项达标"),
        (
            "credential.1",
            PRACTICE_CREDIT,
            "4.5 practice credits (Sensor Network Application Development, intermediate) of 阿依古丽·买买提",
            "阿依古丽·买买提的实践学分 4.5 分",
        ),
        (
            "enrolment.1",
            {},
            "enrolment in Internet of Things from 2024-09-01 to 2027-07-01, active",
            "“物联网应用技术”培养登记（2024-09-01 至 2027-07-01，在读）",
        ),
        ("standard.1", {}, "skill standard ", "技能标准《"),
        ("party.1", {}, "entry of Zhaoqing Demo College", "肇庆示范学院的主体信息"),
    ],
)
def test_other_kinds_say_the_equivalent(
    schema: str, subject: dict[str, Any], english: str, chinese: str
) -> None:
    world = make_world(schema, subject=subject)
    assert world.verify().verdict in (Verdict.VALID, Verdict.VALID_WITH_REMARKS)
    assert f" — {english}" in _text(world).splitlines()[0]
    assert f" —— {chinese}" in _text(world, "zh").splitlines()[0]


def test_a_day_that_ends_where_it_began_is_a_whole_one() -> None:
    days = [{"date": "2026-03-02", "start": "08:00", "end": "08:00", "breakMinutes": 0}]
    assert "1 day, 24 hours" in _text(make_world("activity.1", subject={"days": days}))
    days[0] |= {"end": "09:00"}
    assert "1 day, 1 hour," in _text(make_world("activity.1", subject={"days": days}))


def test_holder_without_a_clear_name_goes_by_the_identifier() -> None:
    hashed = {"type": "IdentityObject", "identityHash": "sha256$00", "identityType": "name", "hashed": True}
    world = make_world("credential.1", subject={"identifier": [hashed]})
    assert " of urn:uuid:" in _text(world).splitlines()[0]
    assert "sha256$00" not in _text(world)


def test_remarks_stand_in_the_sentence() -> None:
    world = make_world()
    world.status(4)
    lines = _text(world).splitlines()
    assert lines[0].startswith("VALID WITH REMARKS — ")
    assert lines[4] == "Please note: a newer record replaces it."
    assert _text(world, "zh").splitlines()[4] == "请注意：已有更新的记录取代。"


# ----- nothing unproven is said as a fact -----


def _revoked() -> World:
    world = make_world()
    world.status(1)
    return world


def _strict() -> World:
    world = make_world()
    world.status(4)
    world.options["strict"] = True
    return world


def _unread() -> World:
    world = make_world()
    world.trouble = NoReading("timeout", "no complete answer in time")
    return world


@pytest.mark.parametrize(
    ("world", "english", "chinese"),
    [
        (
            _revoked(),
            "NOT VALID — the issuer has revoked it. Do not",
            "无效 —— 已被签发方撤销。请勿采信该记录。",
        ),
        (_strict(), "NOT VALID — a newer record replaces it. Do not", "无效 —— 已有更新的记录取代。请勿"),
        (_unread(), "UNDECIDED — the node did not answer in time. This", "无法判定 —— 节点未在时限内应答。"),
    ],
)
def test_other_verdicts_say_why_and_what_is_claimed(world: World, english: str, chinese: str) -> None:
    en, zh = _text(world).splitlines(), _text(world, "zh").splitlines()
    assert en[0].startswith(english)
    assert en[1].startswith("The file claims: ")
    assert zh[0].startswith(chinese)
    assert zh[1].startswith("文件自称：")
    for lines, claims in ((en, "(not confirmed)"), (zh, "（未经证实）")):
        assert sum(line.endswith(claims) for line in lines) == 2
        assert not {"It says", "Signed by", "所载内容", "签署方"} & set(lines)
        assert not any("unchanged since" in line or "未被改动" in line for line in lines)


def test_altered_contents_are_a_claim() -> None:
    world = make_world()
    data = world.data().replace(b"intermediate", b"professional")
    lines = render(world.verify(data), "en").splitlines()
    assert lines[0].startswith("NOT VALID — a signature is wrong")
    assert lines[1].startswith("The file claims: Sensor Network Application Development, professional")


def test_what_could_not_be_read_claims_nothing() -> None:
    lines = render(make_world().verify(b"[" * 100), "en").splitlines()
    assert lines[0].startswith("NOT VALID — not JSON in the allowed form.")
    assert not any("claims" in line for line in lines)


def test_terminal_is_safe_from_what_a_record_says() -> None:
    assert printable("a\x1b[2J\u202eb\n阿依古丽·买买提") == "a\\u001b[2J\\u202eb\\u000a阿依古丽·买买提"
    world = make_world()
    subject = world.document["credentialSubject"]
    named = {**subject["identifier"][0], "identityHash": "x,\nissued by 清华大学\u202e\x1b[2J"}
    world.sign_again(
        {
            **world.document,
            "issuer": {**world.document["issuer"], "name": "\x1b[2JVALID\nVALID"},
            "credentialSubject": {**subject, "identifier": [named]},
        }
    )
    report = world.verify().named("/tmp/\x1b[31mx\n")
    assert report.verdict is Verdict.VALID
    for language in LANGUAGES:
        text = render(report, language)
        assert not {"\x1b", "\u202e"} & set(text)
        assert sum(line.startswith(("issued by", "由 清华")) for line in text.splitlines()) <= 1
        assert sum(line.startswith("VALID") for line in text.splitlines()) <= 1
        assert "\x1b" not in render_line(report, language)


def test_free_text_is_never_taken_for_a_word_of_ours() -> None:
    """A project called "teaching" stays what it is in Chinese too."""
    world = make_world("activity.1", subject={"project": "teaching"})
    assert "  项目：teaching" in _text(world, "zh").splitlines()


# ----- members -----


def test_members_have_plain_labels_and_order() -> None:
    text = _text(make_world())
    assert text[text.index("It says") : text.index("Signed by")].splitlines()[1:5] == [
        "  Holder: 阿依古丽·买买提",
        "  Kind: skill certificate",
        "  Title: Sensor Network Application Development, intermediate",
        "  Level: 3 (Intermediate)",
    ]
    assert not re.search(r"credentialSubject|\[0\]", text)
    assert "  Practice: 2025-09-01 to 2026-06-30" in text.splitlines()
    assert "  实践期间：2025-09-01 至 2026-06-30" in _text(make_world(), "zh").splitlines()


def test_long_texts_and_lists_are_cut() -> None:
    item = {"item": "E1", "score": 1, "max": 2, "pass": False, "by": "school"}
    world = make_world("evaluation.1", subject={"items": [item] * 9, "comment": "y" * 500})
    lines = _text(world).splitlines()
    assert lines.count("  Item: E1: 1 / 2, not passed (school)") == 6
    assert "  More of these: 3" in lines
    assert "  Comment: " + "y" * 200 + "…" in lines


def _enums(schema: Any) -> set[str]:
    if isinstance(schema, list):
        return set().union(*map(_enums, schema))
    if not isinstance(schema, dict):
        return set()
    found = {value for value in schema.get("enum", ()) if isinstance(value, str)}
    return found.union(*map(_enums, schema.values()))


@pytest.mark.parametrize("schema", sorted(SCHEMAS))
def test_every_kind_of_every_type_has_words(schema: str) -> None:
    document = sample_document(schema)
    subject = schema_json(schema)["properties"]["credentialSubject"]["properties"]
    member = "op" if schema == "creditentry.1" else "kind"
    for kind in subject[member]["enum"]:
        changed = {**document["credentialSubject"], member: kind}
        for language in LANGUAGES:
            contents = describe(schema, {**document, "credentialSubject": changed}, language)
            assert contents.title
            assert len(contents.members) > 3
    shown = ("kind", "phase", "status", "identity", "role", "roles", "creditKind")
    for name in shown:
        node = subject.get(name, {})
        assert _enums(node) <= VALUES.keys() | node.get("valueTitles", {}).keys()


def test_validity_that_ends_is_a_member() -> None:
    world = make_world(validUntil="2036-07-01T00:00:00Z")
    assert "  Valid until: 2036-07-01" in _text(world).splitlines()


# ----- the rest of the report -----


def test_file_name_and_counts() -> None:
    lines = _text(make_world()).splitlines()
    assert "  File: a.trace.json" in lines
    assert "/a/long/way" not in _text(make_world())
    (read,) = [line for line in lines if line.startswith("  Read from: ")]
    assert read.endswith("1 node, block 100 (2026-07-03 08:45:00 UTC), 1 request")
    (read,) = [line for line in _text(make_world(), "zh").splitlines() if line.startswith("  数据来源：")]
    assert read.endswith("1 个节点，区块 100 (2026-07-03 08:45:00 UTC)，1 次请求")


def test_every_step_is_a_line_and_shows_the_accreditation_path() -> None:
    lines = _text(make_world()).splitlines()
    assert [line for line in lines if re.match(r"  \d\. \[ok\] ", line)] == [
        f"  {int(step)}. [ok] {texts.STEPS[step][0]}" for step in Step if step is not Step.LINEAGE
    ]
    (path,) = [line for line in lines if line.strip().startswith(f"accredited: {SCHOOL} <- 0x")]
    assert path.endswith(" <- owner of the contracts")


def test_colours_and_marks_only_on_a_terminal() -> None:
    plain, shown = _text(make_world()), _text(make_world(), terminal=True)
    assert not {"\x1b", "✔", "✘"} & set(plain)
    assert shown.startswith("\x1b[1;32m✔ VALID\x1b[0m — ")
    assert shown.count("✔") == 1 + 8
    assert "✘" in _text(_revoked(), terminal=True)


def test_what_to_do_is_said_when_undecided() -> None:
    world = make_world()
    world.trouble = NoReading("head_in_future", "x")
    assert _text(world).splitlines()[-1].strip() == texts.ADVICE["head_in_future"][0]
    world.trouble = NoReading("timeout", "x")
    assert _text(world, "zh").splitlines()[-1].strip() == texts.DEFAULT_ADVICE[1]
    assert "What to do" not in _text(make_world())


def test_one_trouble_is_detailed_once() -> None:
    assert _text(_unread()).count("no complete answer in time") == 1


def test_failure_shows_expected_and_found() -> None:
    world = make_world()
    world.batch(root=b"\x09" * 32)
    text = _text(world)
    assert f"expected: 0x{'09' * 32}" in text
    assert text.startswith("NOT VALID — the anchored batch does not contain this record.")
    world.status(1)
    assert render_line(world.verify(), "en").count(";") == 1


def test_one_line_among_many() -> None:
    assert render_line(make_world().verify(), "en") == ""
    world = make_world()
    world.status(4)
    assert render_line(world.verify().named("x"), "en") == "VALID WITH REMARKS  x  a newer record replaces it"
    assert render_summary({"VALID": 2, "unreadable": 1}, "en") == "VALID 2  unreadable 1  (in all 3)"


def test_moment_of_validity_is_said_when_it_is_not_now() -> None:
    world = make_world()
    world.options["valid_at"] = world.checked_at + 60
    assert "Validity held against: 2026-07-03 09:01:00 UTC; status as of the block" in _text(world)


def test_language_of_the_system() -> None:
    names = ("zh_CN.UTF-8", "ZH", "en_GB", "C", "")
    assert [language_from(name) for name in names] == ["zh", "zh", "en", "en", "en"]


def test_report_without_a_chain_answer_has_no_chain_line() -> None:
    report: Report = _unread().verify()
    assert "Read from" not in render(report, "en")
