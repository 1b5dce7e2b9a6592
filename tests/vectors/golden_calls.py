"""Golden contract calls: what is asked of EvidenceReader and sent to AnchorRegistry (protocol section 5)."""

from __future__ import annotations

from typing import Any

from eth_abi.abi import encode

from contracts import artifact
from tests.support import records as samples
from trace_service.evm.abi import codec, type_text
from verifier_cli import enumeration
from verifier_cli.did import org_id
from verifier_cli.evidence import Evidence, EvidenceQuery, PathStep, encode_evidence_call


def _hex(data: bytes) -> str:
    return "0x" + data.hex()


def _call(function: str, arguments: list[Any], data: bytes) -> dict[str, Any]:
    return {"function": function, "arguments": arguments, "data": _hex(data)}


def evidence_calls(query: EvidenceQuery) -> list[dict[str, Any]]:
    """What a verifier asks EvidenceReader, and the enumeration calls of a snapshot."""
    registry, org = bytes.fromhex(samples.REGISTRY[2:]), org_id(samples.SCHOOL)
    signers = [[_hex(o), _hex(key)] for o, key in query.signers]
    asked = [_hex(registry), _hex(query.org), query.sequence, query.status_number, signers]
    return [
        _call(
            "evidence(address,bytes32,uint64,uint64,(bytes32,bytes32)[])",
            asked,
            encode_evidence_call(registry, query),
        ),
        _call(
            "organisations(address,uint256,uint256)",
            [_hex(registry), 0, 50],
            enumeration.organisations_call(registry, 0, 50),
        ),
        _call(
            "organisation(address,bytes32)",
            [_hex(registry), _hex(org)],
            enumeration.organisation_call(registry, org),
        ),
        _call(
            "batches(address,bytes32,uint64,uint64)",
            [_hex(registry), _hex(org), 1, 50],
            enumeration.batches_call(registry, org, 1, 50),
        ),
        _call(
            "statusWords(address,bytes32,uint64,uint64)",
            [_hex(registry), _hex(org), 512, 8],
            enumeration.status_words_call(registry, org, 512, 8),
        ),
    ]


_REQUEST_TYPES = {
    "AnchorBatch": ("anchor", "((bytes32,uint64,bytes32,uint24,uint24,uint8,address,uint40,bytes)[])"),
    "SetStatus": (
        "setStatus",
        "((bytes32,uint8,uint64,uint256,bool,uint8,address,uint64,uint40,bytes))",
    ),
}


def relayed_calls(authorisations: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """What the relayer sends with the authorisations of eip712.json."""
    calls = []
    for vector in authorisations:
        name, types = _REQUEST_TYPES[vector["type"].partition("(")[0]]
        values = {
            member: bytes.fromhex(value[2:]) if member in ("org", "root") else value
            for member, value in vector["message"].items()
        }
        values["signature"] = bytes.fromhex(vector["signature"])
        argument = [values] if name == "anchor" else values
        data = codec("AnchorRegistry").call(name, argument)
        shown = [hex(v) if type(v) is int and v >= 1 << 53 else v for v in vector["message"].values()]
        row = [*shown, "0x" + vector["signature"]]
        calls.append(_call(name + types, [[row] if name == "anchor" else row], data))
    return calls


def _evidence_values(evidence: Evidence) -> list[Any]:
    """The answer as nested lists in the order of the contract's structs, bytes as hex."""

    def plain(value: Any) -> Any:
        if isinstance(value, bytes):
            return _hex(value)
        return [plain(item) for item in value] if isinstance(value, tuple) else value

    found = plain(evidence)
    assert isinstance(found, list)
    return found


def evidence_answer(evidence: Evidence) -> dict[str, Any]:
    """The answer of EvidenceReader as ABI words, and what they say."""
    (entry,) = [item for item in artifact("EvidenceReader")["abi"] if item.get("name") == "evidence"]
    kind = type_text(entry["outputs"][0])

    def step(item: PathStep) -> tuple[Any, ...]:
        return item.org, item.period_index, tuple(item.period), item.distrusted_from

    signers = [
        (tuple(s.key), [step(item) for item in s.path], [step(item) for item in s.path_now])
        for s in evidence.signers
    ]
    batch = (evidence.batch.root, _hex(evidence.batch.account), *evidence.batch[2:])
    head = (*evidence[:7], _hex(evidence.trust_registry), evidence.head)
    value = (*head, batch, tuple(evidence.account), evidence.status, signers)
    return {"type": kind, "value": _evidence_values(evidence), "data": _hex(encode([kind], [value]))}
