"""Hypothesis strategies: values of the JSON profile, and JSON texts near its border."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

from verifier_cli.profile import MAX_INTEGER

text = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
names = st.from_regex(r"\A@?[A-Za-z][A-Za-z0-9_]{0,8}\Z")
integers = st.integers(-MAX_INTEGER, MAX_INTEGER)
# n / 10^5 with |n| < 10^14: every decimal of the profile; whole ones are integers there.
decimals = st.integers(1 - 10**14, 10**14 - 1).filter(lambda n: n % 10**5).map(lambda n: n / 10**5)
small_decimals = st.integers(-99, 99).filter(bool).map(lambda n: n / 10**5)
scalars = st.none() | st.booleans() | integers | decimals | small_decimals | text


def _containers(children: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return st.lists(children, max_size=5) | st.dictionaries(names, children, max_size=5)


values = st.recursive(scalars, _containers, max_leaves=25)

# Pieces whose concatenations are often JSON, seldom of the profile, and sometimes neither.
_PIECES = [
    "{",
    "}",
    "[",
    "]",
    ":",
    ",",
    '"',
    "a",
    '"a"',
    '"b":',
    '"@vocab":',
    "\\",
    "\\u",
    "\\ud800",
    "\\udc00",
    "\\u0041",
    "\\n",
    "0",
    "-0",
    "1",
    "9007199254740992",
    ".",
    "5",
    "50",
    "1e5",
    "E-",
    "1.5",
    "1.50",
    "1.000001",
    "true",
    "false",
    "null",
    "NaN",
    "Infinity",
    "-",
    "+",
    "é",
    "\x00",
    "\ufeff",
    "//",
    '"a b":',
    " ",
    "\n",
    '"',
    '"',
]
json_like = st.lists(st.sampled_from(_PIECES), max_size=14).map("".join)
