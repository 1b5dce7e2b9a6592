"""Attack vectors on formats and signatures: each is refused at the step that it names."""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import cache
from typing import Any

import pytest

from tests.support.corpora import COUNT_PROPERTY
from tests.vectors import generate_attacks as generator
from tests.vectors.patching import patched
from tests.verifier.formats import slow_reference as slow
from verifier_cli.canonical import canonical
from verifier_cli.errors import ProfileError, SchemaError, SignatureError
from verifier_cli.record import Record
from verifier_cli.signature import verify_proof_set

FILES = ("altered", "proofs", "removed", "signers", "swapped", "texts")


@cache
def _records() -> dict[str, dict[str, Any]]:
    return generator.golden_records()


def _load() -> list[dict[str, Any]]:
    return [
        vector
        for name in FILES
        for vector in json.loads((generator.ATTACKS / f"{name}.json").read_text(encoding="utf-8"))
    ]


VECTORS = _load()


def _bytes(vector: dict[str, Any]) -> bytes:
    if "base" in vector:
        return canonical(patched(_records()[vector["base"]], vector["patch"]))
    text: str = vector["prefix"] + vector["repeat"] * vector["times"] + vector["suffix"]
    return text.encode()


def _refusing_step(data: bytes) -> str:
    try:
        record = Record.parse(data)
    except ProfileError:
        return "parse"
    except SchemaError:
        return "schema"
    try:
        verify_proof_set(record)
    except SignatureError:
        return "signatures"
    return "none"


@pytest.mark.parametrize("vector", VECTORS, ids=lambda vector: vector["name"])
def test_refused_at_its_step(vector: dict[str, Any]) -> None:
    step = _refusing_step(_bytes(vector))
    if vector["step"] == "any":
        assert step in ("schema", "signatures")
    else:
        assert step == vector["step"]


def test_what_the_signatures_refuse_the_slow_reference_refuses_too() -> None:
    """Altered members that no rule forbids: no proof of the record holds any more."""
    tried = 0
    for vector in VECTORS:
        if vector["step"] != "any" or _refusing_step(_bytes(vector)) != "signatures":
            continue
        if tried % 8 == 0:  # a slow verification takes 60 ms
            record = json.loads(_bytes(vector))
            assert not any(slow.proof_holds(record, proof) for proof in record["proof"])
        tried += 1
    assert tried >= 30


def test_the_generator_reproduces_every_file() -> None:
    files = generator.attack_files()
    assert sorted(files) == [f"{name}.json" for name in FILES]
    for name, vectors in files.items():
        assert json.loads((generator.ATTACKS / name).read_text(encoding="utf-8")) == vectors


def test_every_vector_is_counted(record_property: Callable[[str, object], None]) -> None:
    """Names are unique; how many there are stands in the summary of the run."""
    names = [vector["name"] for vector in VECTORS]
    assert len(set(names)) == len(names) >= 140
    record_property(COUNT_PROPERTY, f"attack vectors on records and texts: {len(VECTORS)}")
