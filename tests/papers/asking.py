"""Asking the community what a row's check says, and comparing with what was written by hand."""

from __future__ import annotations

import copy
import datetime
import re
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import duckdb

from tests.papers.rows import Check
from tests.papers.stage import community_of, document_of
from verifier_cli.errors import SchemaError
from verifier_cli.indicators.definition import Definition, shipped
from verifier_cli.indicators.engine import closure, run
from verifier_cli.indicators.errors import RunError
from verifier_cli.indicators.sandbox import Sandbox
from verifier_cli.indicators.values import rounded
from verifier_cli.schema import validate

__all__ = ["DisagreementError", "ask", "changed"]

_STEP = re.compile(r"\.([A-Za-z@]+)|\[(\d+)\]")


class DisagreementError(AssertionError):
    """The community does not say what was written by hand."""


def ask(check: Check, sandbox: Sandbox, *, validator: Callable[[Any], None] = validate) -> None:
    """Raise DisagreementError unless the check holds. `validator` judges the documents of refusals."""
    if check.form == "refusal":
        _refusal(check, validator)
        return
    found = _FORMS[check.form](check, sandbox)
    if found != check.data["expect"]:
        raise DisagreementError(f"expected {check.data['expect']}, found {found}")


def _query(check: Check, sandbox: Sandbox) -> list[list[Any]]:
    try:
        rows = sandbox.connection.execute(check.data["sql"]).fetchall()
    except duckdb.Error as error:
        raise DisagreementError(str(error)) from None
    return [[_plain(value) for value in row] for row in rows]


def _exception(check: Check, sandbox: Sandbox) -> list[str]:
    """References of the records that an exception names, sorted; `among` limits them to a prefix."""
    rule = closure(shipped(), [check.data["code"]])
    new = [item for item in rule if item.code not in sandbox.tables]  # a view of the check before is there
    answer = run(sandbox, new).exceptions[check.data["code"]]
    refs = dict(sandbox.connection.execute("SELECT record, ref FROM entry").fetchall())
    named = {refs[row["record"]] for row in answer}
    return sorted(ref for ref in named if ref.startswith(check.data.get("among", "")))


def _indicator(check: Check, sandbox: Sandbox) -> str:
    """The value of an indicator over a community and period, or of one of its parts; else its state."""
    with community_of(sandbox, check.data["over"]) as narrowed:
        try:
            values = run(narrowed, _needed(check.data["code"]), published=False).values
        except RunError as error:
            raise DisagreementError(str(error)) from None
    value = values[check.data["code"]]
    exact = dict(value.parts).get(check.data["part"]) if "part" in check.data else value.exact
    return value.state if exact is None else rounded(exact)


def _needed(code: str) -> tuple[Definition, ...]:
    """The definition with what it reads; all indicators before one that reads their results."""
    known = shipped()
    if "result" not in known[code].sources:
        return closure(known, [code])
    before = [
        name for name, item in known.items() if item.form == "indicator" and "result" not in item.sources
    ]
    return closure(known, [*before, code])


_FORMS: dict[str, Callable[[Check, Sandbox], Any]] = {
    "query": _query,
    "exception": _exception,
    "indicator": _indicator,
}


def _refusal(check: Check, validator: Callable[[Any], None]) -> None:
    try:
        validator(changed(check))
    except SchemaError as error:
        if error.path != check.data["path"]:
            raise DisagreementError(f"refused at {error.path}, not at {check.data['path']}") from None
        return
    raise DisagreementError(f"{check.data['ref']}, changed, was accepted")


def changed(check: Check) -> dict[str, Any]:
    """The document of a refusal's record with its `set` and `remove` carried out."""
    document = copy.deepcopy(document_of(check.data["ref"]))
    for path, value in check.data.get("set", {}).items():
        holder, last = _place(document, path)
        holder[last] = value
    for path in check.data.get("remove", ()):
        holder, last = _place(document, path)
        del holder[last]
    return document


def _place(document: Any, path: str) -> tuple[Any, Any]:
    steps = [match[1] or int(match[2]) for match in _STEP.finditer(path)]
    for step in steps[:-1]:
        document = document[step]
    return document, steps[-1]


def _plain(value: Any) -> Any:
    if isinstance(value, Decimal):
        return int(value) if value == value.to_integral_value() else str(value)
    if value is None:
        return "NULL"  # TOML has none
    return value.isoformat() if isinstance(value, datetime.date) else value
