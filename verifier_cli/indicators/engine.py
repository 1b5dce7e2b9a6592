"""Definitions run over a loaded, locked sandbox, each after those that it reads."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal

from verifier_cli.indicators.definition import Definition, in_order
from verifier_cli.indicators.errors import DefinitionError, RunError
from verifier_cli.indicators.finishers import FINISHERS, Context, check_numbers
from verifier_cli.indicators.sandbox import BASELINE, RESULT, Answer, Sandbox
from verifier_cli.indicators.values import Value, publish, rounded

__all__ = ["Outcome", "closure", "run"]

Progress = Callable[[str], None]


@dataclass(slots=True)
class Outcome:
    """What a run found: values of indicators as published, and rows of exceptions, by code."""

    values: dict[str, Value] = field(default_factory=dict)
    exceptions: dict[str, Answer] = field(default_factory=dict)


def closure(definitions: Mapping[str, Definition], codes: Iterable[str]) -> tuple[Definition, ...]:
    """The definitions of these codes with every view that they read, in order. Raises DefinitionError."""
    chosen: dict[str, Definition] = {}
    waiting = list(codes)
    while waiting:
        code = waiting.pop()
        if code in chosen:
            continue
        if code not in definitions:
            raise DefinitionError(code, "$.code", "no such definition")
        chosen[code] = definitions[code]
        waiting += [source for source in definitions[code].sources if source in definitions]
    return in_order(chosen.values())


def run(
    sandbox: Sandbox,
    definitions: Iterable[Definition],
    *,
    published: bool = True,
    progress: Progress = lambda code: None,
) -> Outcome:
    """Compute all of them. The sandbox is locked; `progress` hears each code before it is computed.

    `published` False keeps values about few persons, for tests and for who may see the records anyway.
    Raises DefinitionError, RunError.
    """
    outcome = Outcome()
    exact: dict[str, Value] = {}
    ordered = in_order(definitions)
    sandbox.insert(BASELINE, [(item.code, item.base, item.target) for item in ordered if item.form != "view"])
    for item in ordered:
        progress(item.code)
        if item.form == "view":
            sandbox.create_view(item.code, item.sql, item.sources)
            continue
        answer = sandbox.select(item.code, item.sql, item.sources)
        if item.form == "exception":
            outcome.exceptions[item.code] = answer
            continue
        value = _finish(item, answer, exact)
        shown = publish(value, item.min_persons) if published else value
        # What is not published must not shine through a composite either.
        exact[item.code] = outcome.values[item.code] = shown
        sandbox.insert(RESULT, [_result(shown)])
    return outcome


def _finish(item: Definition, answer: Answer, values: Mapping[str, Value]) -> Value:
    rows = list(answer)
    check_numbers(item.code, rows)
    try:
        return FINISHERS[item.finisher](Context(item.code, values), rows)
    except KeyError as error:
        raise RunError(item.code, f"{item.finisher} needs a column {error.args[0]}") from None
    except (ArithmeticError, TypeError) as error:
        # A stranger's SQL answered with something that is no number, or divides by nothing.
        raise RunError(item.code, f"{item.finisher}: {error}") from None


def _result(value: Value) -> tuple[str, str, Decimal | None, int | None, int | None]:
    number = None if value.exact is None else Decimal(rounded(value.exact))
    return value.code, value.state, number, value.n, value.coverage_bp
