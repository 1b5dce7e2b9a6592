"""ABI words by hand, held against a general coder, and against noise (protocol section 5)."""

from __future__ import annotations

from typing import Any

import pytest
from eth_abi.abi import encode
from eth_utils.crypto import keccak
from hypothesis import given, settings
from hypothesis import strategies as st

from contracts import artifact
from tests.verifier.verification.world import make_world
from trace_service.evm.abi import codec, type_text
from verifier_cli.enumeration import (
    SELECTORS,
    batches_call,
    decode_batches,
    decode_organisation,
    decode_organisations,
    decode_status_words,
    organisation_call,
    organisations_call,
    status_words_call,
)
from verifier_cli.errors import CouldNotRead
from verifier_cli.evidence import (
    EVIDENCE_SELECTOR,
    MAX_PATH_ANSWER,
    Evidence,
    EvidenceQuery,
    PathStep,
    decode_evidence,
    encode_evidence_call,
)

REGISTRY = b"\xaa" * 20
ORG, KEY = b"\x01" * 32, b"\x02" * 32
ADDRESS = "0x" + "aa" * 20


def output_type(function: str) -> str:
    """ABI type of what a view of EvidenceReader returns."""
    (entry,) = [item for item in artifact("EvidenceReader")["abi"] if item.get("name") == function]
    return type_text(entry["outputs"][0])


def _step(step: PathStep) -> tuple[Any, ...]:
    return step.org, step.period_index, tuple(step.period), step.distrusted_from


def encoded(evidence: Evidence) -> bytes:
    """The answer of a node that saw this evidence, by the general coder."""
    signers = [
        (tuple(s.key), [_step(step) for step in s.path], [_step(step) for step in s.path_now])
        for s in evidence.signers
    ]
    batch = (evidence.batch.root, "0x" + evidence.batch.account.hex(), *evidence.batch[2:])
    head = (*evidence[:7], "0x" + evidence.trust_registry.hex(), evidence.head)
    value = (*head, batch, tuple(evidence.account), evidence.status, signers)
    return encode([output_type("evidence")], [value])


EVIDENCE = make_world().final
SOUND = encoded(EVIDENCE)


def test_selectors_are_those_of_the_signatures() -> None:
    signature = "evidence(address,bytes32,uint64,uint64,(bytes32,bytes32)[])"
    assert keccak(text=signature)[:4] == EVIDENCE_SELECTOR
    assert {text: keccak(text=text)[:4] for text in SELECTORS} == SELECTORS


def test_calls_are_those_of_a_general_coder() -> None:
    reader = codec("EvidenceReader")
    query = EvidenceQuery(ORG, 7, 2**40, ((ORG, KEY), (KEY, ORG)))
    signers = [{"org": ORG, "key": KEY}, {"org": KEY, "key": ORG}]
    assert encode_evidence_call(REGISTRY, query) == reader.call("evidence", ADDRESS, ORG, 7, 2**40, signers)
    assert organisations_call(REGISTRY, 3, 9) == reader.call("organisations", ADDRESS, 3, 9)
    assert organisation_call(REGISTRY, ORG) == reader.call("organisation", ADDRESS, ORG)
    assert batches_call(REGISTRY, ORG, 3, 9) == reader.call("batches", ADDRESS, ORG, 3, 9)
    assert status_words_call(REGISTRY, ORG, 3, 9) == reader.call("statusWords", ADDRESS, ORG, 3, 9)


def test_evidence_is_decoded_as_it_was_encoded() -> None:
    assert decode_evidence(SOUND, 2) == EVIDENCE
    nobody = EVIDENCE._replace(signers=())
    assert decode_evidence(encoded(nobody), 0) == nobody


def test_enumeration_is_decoded_as_it_was_encoded() -> None:
    assert decode_organisations(encode(["bytes32[]"], [[ORG, KEY]]), 2) == [ORG, KEY]
    batch = EVIDENCE.batch
    row = (batch.root, "0x" + batch.account.hex(), *batch[2:])
    assert decode_batches(encode([output_type("batches")], [[row, row]]), 2) == [batch, batch]
    assert decode_status_words(encode(["uint256[]"], [[1, 2, 3, 4, 5, 2**256 - 1]]), 2) == [
        (1, 2, 3),
        (4, 5, 2**256 - 1),
    ]
    period, window, life = EVIDENCE.signers[0].path[0].period, (1, 2, 3), (4, 5, 6, 7)
    value = (ORG, 9, 8, 7, [tuple(period)], [KEY], [window], [ADDRESS], [life])
    view = decode_organisation(encode([output_type("organisation")], [value]))
    assert (view.org, view.distrusted_from, view.head, view.status_word_count) == (ORG, 9, 8, 7)
    assert (view.periods, view.keys, view.accounts) == ((period,), ((KEY, window),), ((REGISTRY, life),))


def _patched(position: int, value: int) -> bytes:
    return SOUND[:position] + value.to_bytes(32, "big") + SOUND[position + 32 :]


def test_every_word_is_held_to_its_width() -> None:
    """All bits set in any one word: refused, except where 32 bytes are just 32 bytes."""
    free = 0
    for position in range(0, len(SOUND), 32):
        try:
            decode_evidence(_patched(position, 2**256 - 1), 2)
        except CouldNotRead as error:
            assert error.reason == "garbled"  # noqa: PT017
        else:
            free += 1
    # chain id, parent hash, three code hashes, root, and two hashes in each of eight path steps
    assert free == 6 + 2 * 8


def test_wrong_number_of_signers_is_refused() -> None:
    for count in (0, 1, 3):
        with pytest.raises(CouldNotRead) as caught:
            decode_evidence(SOUND, count)
        assert caught.value.reason == "garbled"


def test_path_at_and_past_the_limit() -> None:
    signer = EVIDENCE.signers[0]

    def with_path(length: int) -> bytes:
        longer = signer._replace(path=signer.path[:1] * length)
        return encoded(EVIDENCE._replace(signers=(longer,)))

    assert len(decode_evidence(with_path(MAX_PATH_ANSWER), 1).signers[0].path) == MAX_PATH_ANSWER
    with pytest.raises(CouldNotRead):
        decode_evidence(with_path(MAX_PATH_ANSWER + 1), 1)


def test_empty_answer_means_that_nothing_lives_there() -> None:
    with pytest.raises(CouldNotRead) as caught:
        decode_evidence(b"", 2)
    assert caught.value.reason == "no_code"


def test_truncated_at_every_length_is_refused() -> None:
    for length in range(1, len(SOUND)):
        with pytest.raises(CouldNotRead):
            decode_evidence(SOUND[:length], 2)


DECODERS = [
    lambda data: decode_evidence(data, 2),
    lambda data: decode_organisations(data, 8),
    lambda data: decode_batches(data, 8),
    lambda data: decode_status_words(data, 8),
    decode_organisation,
]


@pytest.mark.parametrize("decode", DECODERS)
@settings(max_examples=300, deadline=None)
@given(data=st.binary(max_size=2048))
def test_noise_never_raises_anything_else(decode: Any, data: bytes) -> None:
    try:
        decode(data)
    except CouldNotRead as error:
        assert error.reason in ("garbled", "no_code")  # noqa: PT017


@settings(max_examples=500, deadline=None)
@given(
    position=st.integers(0, len(SOUND) // 32 - 1),
    value=st.one_of(st.integers(0, 2**12), st.integers(0, 2**256 - 1)),
)
def test_one_wrong_word_never_raises_anything_else(position: int, value: int) -> None:
    try:
        found = decode_evidence(_patched(position * 32, value), 2)
    except CouldNotRead as error:
        assert error.reason == "garbled"  # noqa: PT017
    else:
        assert len(found.signers) == 2
