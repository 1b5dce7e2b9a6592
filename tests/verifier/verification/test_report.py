"""Reports: verdicts, exit codes, the JSON form, the texts, and numbers that agree everywhere."""

from __future__ import annotations

import ast
import itertools
import pickle
import re
from pathlib import Path

import orjson
import pytest

import verifier_cli
from tests.verifier.verification.world import make_world
from verifier_cli import texts
from verifier_cli.chain import NoReading
from verifier_cli.report import (
    REPORT_VERSION,
    REQUIRED_STEPS,
    Outcome,
    Remark,
    Step,
    StepResult,
    Verdict,
    folder_exit_code,
    judge,
)
from verifier_cli.words import LABELS, VALUES

PACKAGE = Path(verifier_cli.__file__).parent
REMARK = Remark("superseded")


@pytest.mark.parametrize("outcomes", list(itertools.product(Outcome, repeat=2)))
@pytest.mark.parametrize("remarks", [(), (REMARK,)])
@pytest.mark.parametrize("strict", [False, True])
def test_verdict(outcomes: tuple[Outcome, ...], remarks: tuple[Remark, ...], strict: bool) -> None:
    steps = [StepResult(Step.PARSE, outcomes[0]), StepResult(Step.STATUS, outcomes[1])]
    steps.append(StepResult(Step.LINEAGE, Outcome.FAILED))  # has a verdict of its own
    if Outcome.FAILED in outcomes:
        expected = Verdict.NOT_VALID
    elif Outcome.NOT_CHECKED in outcomes:
        expected = Verdict.UNDECIDED
    elif remarks:
        expected = Verdict.NOT_VALID if strict else Verdict.VALID_WITH_REMARKS
    else:
        expected = Verdict.VALID
    assert judge(steps, remarks, strict) is expected


def test_exit_codes() -> None:
    assert [verdict.exit_code for verdict in Verdict] == [0, 0, 1, 2]
    table = {(0,): 0, (0, 1): 1, (0, 2): 2, (1, 2): 1, (0, 1, 2, 3): 1, (3,): 3, (): 3, (0, 3): 2, (2, 3): 2}
    assert {codes: folder_exit_code(codes) for codes in table} == table


def test_json_form() -> None:
    value = orjson.loads(orjson.dumps(make_world().verify().named("a.trace.json").to_json()))
    assert list(value) == [
        "reportVersion",
        "name",
        "verdict",
        "exitCode",
        "strict",
        "record",
        "signers",
        "checkedAt",
        "validAt",
        "anchoredAt",
        "requests",
        "chain",
        "steps",
        "remarks",
        "lineage",
    ]
    assert (value["reportVersion"], value["verdict"], value["exitCode"]) == (REPORT_VERSION, "VALID", 0)
    assert [(step["step"], step["name"]) for step in value["steps"]] == [
        (int(step), step.name.lower()) for step in Step
    ]


def test_report_survives_the_way_between_processes() -> None:
    report = make_world().verify()
    assert pickle.loads(pickle.dumps(report)) == report  # noqa: S301
    trouble = pickle.loads(pickle.dumps(NoReading("timeout", "x", 3)))  # noqa: S301
    assert (trouble.reason, trouble.detail, trouble.requests) == ("timeout", "x", 3)


# ----- numbers and codes that must agree -----


def test_step_numbers_agree_in_code_and_document() -> None:
    source = (PACKAGE / "verify.py").read_text("utf-8")
    in_code = re.findall(r"^ +# (\d) (\w+)", source, re.MULTILINE)
    document = (PACKAGE.parent / "docs" / "protocol.md").read_text("utf-8")
    in_document = re.findall(r"^\| (\d) (\w+)[^|]*\|", document, re.MULTILINE)
    expected = [(str(int(step)), step.name.lower()) for step in Step]
    assert in_code == expected
    assert in_document == expected


def test_verify_runs_the_steps_in_the_order_of_their_numbers() -> None:
    """What runs, not only what the comments beside it say."""
    tree = ast.parse((PACKAGE / "verify.py").read_text("utf-8"))
    (function,) = [node for node in tree.body if isinstance(node, ast.FunctionDef) and node.name == "verify"]
    run = [
        (call.args[0].attr, call.args[1].id, call.lineno)
        for call in ast.walk(function)
        if isinstance(call, ast.Call)
        and isinstance(call.func, ast.Name)
        and call.func.id == "_run"
        and isinstance(call.args[0], ast.Attribute)
        and isinstance(call.args[1], ast.Name)
    ]
    run.sort(key=lambda item: item[2])
    assert [(step, check) for step, check, _ in run] == [
        (step.name, f"check_{step.name.lower()}") for step in REQUIRED_STEPS
    ]
    assert [result.step for result in make_world().verify().steps] == list(Step)


def _codes_raised() -> set[str]:
    """First arguments of everything that carries a reason code into a report."""
    carriers = {"Objection", "NotChecked", "CouldNotRead", "NoReading"}
    found: set[str] = set()
    for path in PACKAGE.glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if not (isinstance(node, ast.Call) and node.args):
                continue
            name = node.func.id if isinstance(node.func, ast.Name) else getattr(node.func, "attr", "")
            first = node.args[0]
            if name in carriers and isinstance(first, ast.Constant) and isinstance(first.value, str):
                found.add(first.value)
    return found


def test_every_reason_has_its_sentences() -> None:
    windows = {f"{what}_{end}" for what in ("key", "account") for end in ("unknown", "ended", "compromised")}
    codes = _codes_raised() | windows | {"key_not_yet_active", "account_not_yet_active", "http_status"}
    assert len(codes) > 40
    assert codes - texts.REASONS.keys() == set()
    assert texts.ADVICE.keys() - texts.REASONS.keys() == set()


def test_every_remark_has_its_sentences() -> None:
    source = (PACKAGE / "steps.py").read_text("utf-8")
    assert set(re.findall(r'\.remark\("(\w+)"', source)) == texts.REMARKS.keys()


@pytest.mark.parametrize(
    "table",
    [texts.REASONS, texts.REMARKS, texts.ADVICE, texts.STEPS, texts.CAUTIONS, texts.OUTCOMES, LABELS, VALUES],
)
def test_sentences_exist_in_both_languages(table: dict[object, texts.Sentence]) -> None:
    for english, chinese in table.values():
        assert english.isascii()
        assert any("\u4e00" <= c <= "\u9fff" for c in chinese)
