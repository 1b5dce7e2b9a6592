"""Proof sets: exactly issuer and countersigners, in any order (protocol 2.5 and 3)."""

from __future__ import annotations

import copy
from typing import TYPE_CHECKING, Any

import pytest

from tests.support.records import (
    EVALUATOR,
    FIRM,
    SCHOOL,
    complete_document,
    make_key,
    sample_document,
    sign,
    signer_key,
)
from tests.verifier.formats.changes import changed, paths
from verifier_cli.canonical import canonical
from verifier_cli.errors import SchemaError, SignatureError
from verifier_cli.record import Record
from verifier_cli.signature import (
    signature_digest,
    verify_proof_set,
)

if TYPE_CHECKING:
    pass

PERSON = make_key("person")
PERSON_DID = f"did:key:{PERSON.multikey}"


def _record(document: dict[str, Any], *proofs: dict[str, Any]) -> Record:
    return Record.parse(canonical({**document, "proof": list(proofs)} if proofs else document))


DOCUMENT = sample_document("activity.1")
BY_FIRM = sign(DOCUMENT, FIRM, signer_key(FIRM).private)
BY_SCHOOL = sign(DOCUMENT, SCHOOL, signer_key(SCHOOL).private)
BY_EVALUATOR = sign(DOCUMENT, EVALUATOR, signer_key(EVALUATOR).private)
FIRM_OTHER_KEY = sign(DOCUMENT, FIRM, make_key("second key of the firm").private)
BY_SCHOOL_ELSEWHERE = sign(sample_document("activity.1", name="b"), SCHOOL, signer_key(SCHOOL).private)
FOREIGN = {"type": "DataIntegrityProof", "cryptosuite": "eddsa-rdfc-2022", "proofValue": "z1"}


@pytest.mark.parametrize(
    "proofs", [(BY_FIRM, BY_SCHOOL), (BY_SCHOOL, BY_FIRM), (FOREIGN, BY_SCHOOL, BY_FIRM)]
)
def test_complete_set_in_any_order(proofs: tuple[dict[str, Any], ...]) -> None:
    record = _record(DOCUMENT, *proofs)
    assert list(verify_proof_set(record).items()) == [
        (FIRM, signer_key(FIRM).public),
        (SCHOOL, signer_key(SCHOOL).public),
    ]
    assert signature_digest(record.proofs) == signature_digest([BY_FIRM, BY_SCHOOL])
    assert record.foreign_proofs == tuple(proof for proof in proofs if proof == FOREIGN)
    assert len(record.native_proofs) == 2


BAD_SETS: dict[str, tuple[tuple[dict[str, Any], ...], str]] = {
    "draft": ((), "$.proof"),
    "issuer missing": ((BY_SCHOOL,), "$.proof"),
    "countersigner missing": ((BY_FIRM,), "$.proof"),
    "countersigner replaced by a foreign proof": ((BY_FIRM, FOREIGN), "$.proof"),
    "extra signer": ((BY_FIRM, BY_SCHOOL, BY_EVALUATOR), "$.proof[2]"),
    "swapped countersigner": ((BY_FIRM, BY_EVALUATOR), "$.proof[1]"),
    "same proof twice": ((BY_FIRM, BY_SCHOOL, BY_SCHOOL), "$.proof[2]"),
    "second key of a signer": ((BY_FIRM, BY_SCHOOL, FIRM_OTHER_KEY), "$.proof[2]"),
    "proof of another record": ((BY_FIRM, BY_SCHOOL_ELSEWHERE), "$.proof[1].proofValue"),
    "malformed native proof": ((BY_FIRM, {**BY_SCHOOL, "extra": 1}), "$.proof[1]"),
    "native proof without method": ((BY_FIRM, {"type": "x", "cryptosuite": "eddsa-jcs-2022"}), "$.proof[1]"),
}


@pytest.mark.parametrize("case", BAD_SETS)
def test_wrong_sets(case: str) -> None:
    proofs, path = BAD_SETS[case]
    with pytest.raises(SignatureError) as error:
        verify_proof_set(_record(DOCUMENT, *proofs))
    assert error.value.path == path


def test_a_person_signs_with_the_key_of_the_did() -> None:
    document = sample_document("activity.1", countersigners=[(SCHOOL, "school"), (PERSON_DID, "trainee")])
    organisations = [sign(document, did, signer_key(did).private) for did in (FIRM, SCHOOL)]
    record = _record(document, *organisations, sign(document, PERSON_DID, PERSON.private))
    assert verify_proof_set(record)[PERSON_DID] == PERSON.public
    other = sign(document, PERSON_DID, make_key("somebody else").private)
    with pytest.raises(SignatureError) as error:
        verify_proof_set(_record(document, *organisations, other))
    assert error.value.path == "$.proof[2].verificationMethod"


@pytest.mark.parametrize("name", ["activity.1", "credential.1"])
def test_every_altered_member_breaks_the_record(name: str) -> None:
    """Each scalar of the signed document, altered: refused by a rule or by the signature, never accepted."""
    document = complete_document(sample_document(name))
    tried = 0
    for path in paths({member: value for member, value in document.items() if member != "proof"}):
        altered = _altered(document, path)
        if altered is None:
            continue
        tried += 1
        with pytest.raises((SchemaError, SignatureError)):
            verify_proof_set(Record.parse(canonical(altered)))
    assert tried >= 35


def _altered(document: dict[str, Any], path: str) -> dict[str, Any] | None:
    value: Any = copy.deepcopy(document)
    for step in path.replace("[", ".[").split(".")[1:]:
        value = value[int(step[1:-1]) if step.startswith("[") else step]
    if isinstance(value, bool):
        return changed(document, path, not value)
    if isinstance(value, int | float):
        return changed(document, path, value + 1)
    if isinstance(value, str):
        # The middle character: first and last are often held by a pattern.
        at = len(value) // 2
        return changed(document, path, value[:at] + ("b" if value[at] == "a" else "a") + value[at + 1 :])
    return None
