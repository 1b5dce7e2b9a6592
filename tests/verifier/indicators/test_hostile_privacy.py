"""What a report must not tell about few persons, beside the value itself."""

from __future__ import annotations

from fractions import Fraction

import pytest

from tests.verifier.indicators.helpers import compute
from verifier_cli.indicators.values import Value, publish

TEN = 10


def test_a_part_about_few_is_not_shown_beside_a_value_about_many() -> None:
    waves = [
        {"record": "t", "respondent": "trainee", "sent": 50, "valid": 40},
        {"record": "e", "respondent": "enterprise", "sent": 3, "valid": 2},
    ]
    rows = [
        {
            "record": wave["record"],
            "kind": "survey",
            "survey_respondent": wave["respondent"],
            "survey_sent": wave["sent"],
            "survey_valid": wave["valid"],
        }
        for wave in waves
    ]
    value = compute("SURVEY_RESPONSE", published=True, evaluation=rows)
    assert (value.state, value.exact, value.n) == ("value", Fraction(42, 53), 42)
    assert (value.parts, value.flags) == ((("trainee", Fraction(4, 5)),), ("few_enterprise",))


@pytest.mark.parametrize(("persons", "shown"), [(TEN - 1, False), (TEN, True)])
def test_the_least_number_is_that_of_each_part(persons: int, shown: bool) -> None:
    value = Value("X", "value", Fraction(1), 50, parts=(("p", Fraction(1)),), part_persons=(("p", persons),))
    assert bool(publish(value, TEN).parts) is shown


@pytest.mark.parametrize("state", ["missing_input", "no_data"])
def test_where_there_is_no_value_nothing_is_said_about_few_either(state: str) -> None:
    value = Value("X", state, None, 5, 2, 5, 5, flags=("zero_variance",))
    assert publish(value, TEN).to_subject() == {"code": "X", "state": state}


def test_what_is_about_nobody_is_left_as_it_is() -> None:
    value = Value("X", "value", Fraction(1, 2), 3, parts=(("p", Fraction(1)),), part_persons=(("p", 1),))
    assert publish(value, 0) == value


@pytest.mark.parametrize(
    ("complement", "state"), [(0, "value"), (1, "too_few"), (9, "too_few"), (10, "value")]
)
def test_a_complement_of_few_hides_the_group(complement: int, state: str) -> None:
    assert publish(Value("X", "value", Fraction(1), 200, complement), TEN).state == state
