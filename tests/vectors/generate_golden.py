"""Writes the golden vectors of protocol section 12: records here, the chain around them in `golden_chain`.

Run as `python -m tests.vectors.generate_golden`. Deterministic: keys, ids and salts come from fixed names,
Ed25519 signatures have no randomness, and the EIP-712 signatures are RFC 6979. A second implementation needs
the protocol and these files, nothing else.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from eth_account import Account
from eth_account.messages import encode_typed_data

from tests.support import records as samples
from tests.vectors.golden_chain import chain_files
from verifier_cli.canonical import canonical
from verifier_cli.did import org_id
from verifier_cli.encoding import digest_multibase
from verifier_cli.merkle import Tree, leaf_hash
from verifier_cli.record import Record
from verifier_cli.schema import SCHEMAS, schema_json
from verifier_cli.signature import signature_digest, signing_input

GOLDEN = Path(__file__).parent / "golden"
PARTIES = (samples.SCHOOL, samples.FIRM, samples.EVALUATOR)
SUPERSEDED_NAME = "first edition"
TREE_SIZE = 11  # three levels with an odd node, and a promoted one
# A well-known test key; it never holds anything.
ACCOUNT_KEY = "0x" + "11" * 32
DEADLINE = 1_782_979_200
EIP712_TYPES: dict[str, list[tuple[str, str]]] = {
    "AnchorBatch": [
        ("org", "bytes32"),
        ("sequence", "uint64"),
        ("root", "bytes32"),
        ("count", "uint24"),
        ("kinds", "uint24"),
        ("format", "uint8"),
        ("account", "address"),
        ("deadline", "uint40"),
    ],
    "SetStatus": [
        ("org", "bytes32"),
        ("plane", "uint8"),
        ("word", "uint64"),
        ("mask", "uint256"),
        ("on", "bool"),
        ("reason", "uint8"),
        ("account", "address"),
        ("nonce", "uint64"),
        ("deadline", "uint40"),
    ],
}


def keys() -> list[dict[str, Any]]:
    """Record keys of the parties."""
    out = []
    for did in PARTIES:
        key = samples.signer_key(did)
        out.append(
            {
                "did": did,
                "orgId": "0x" + org_id(did).hex(),
                "seed": key.private.private_bytes_raw().hex(),
                "publicKey": key.public.hex(),
                "multikey": key.multikey,
            }
        )
    return out


def golden_documents() -> dict[str, dict[str, Any]]:
    """One document of each type, linked as a lineage, and one that supersedes another."""
    old = samples.sample_document("standard.1", name=SUPERSEDED_NAME, number=0)
    standard = samples.sample_document("standard.1", number=1, links=[samples.link(old, "supersedes")])
    enrolment = samples.sample_document("enrolment.1", number=255, links=[samples.link(standard, "alignsTo")])
    activity = samples.sample_document(
        "activity.1", number=256, links=[samples.link(enrolment, "performedUnder")]
    )
    evaluation = samples.sample_document(
        "evaluation.1",
        number=131_071,
        links=[samples.link(activity, "evaluates"), samples.link(standard, "alignsTo", "E1")],
    )
    credential = samples.sample_document(
        "credential.1",
        number=131_072,
        links=[samples.link(evaluation, "evidencedBy"), samples.link(standard, "awards", "intermediate")],
        validUntil="2036-07-01T00:00:00Z",
    )
    return {
        "party": samples.sample_document("party.1", number=2),
        "standard-superseded": old,
        "standard": standard,
        "enrolment": enrolment,
        "activity": activity,
        "evaluation": evaluation,
        "credential": credential,
    }


def record_vector(name: str, document: dict[str, Any]) -> dict[str, Any]:
    """A signed record with every intermediate value."""
    record = Record.parse(canonical(samples.complete_document(document)))
    signed = signature_digest(record.proofs)
    proofs = []
    for proof in record.proofs:
        options = {member: value for member, value in proof.items() if member != "proofValue"}
        proofs.append(
            {
                "canonicalOptions": canonical(options).decode(),
                "signingInput": signing_input(record.digest, options).hex(),
                "proofValue": proof["proofValue"],
            }
        )
    status = record.status
    return {
        "name": name,
        "kind": int(record.kind),
        "record": {**record.document, "proof": list(record.proofs)},
        "canonical": record.canonical.decode(),
        "recordDigest": record.digest.hex(),
        "digestMultibase": digest_multibase(record.digest),
        "proofs": proofs,
        "signatureDigest": signed.hex(),
        "leafHash": leaf_hash(record.digest, signed).hex(),
        "status": {
            "chainId": status.chain_id,
            "registry": status.registry,
            "orgId": "0x" + status.org_id.hex(),
            "number": status.number,
            "word": status.number // 256,
            "bit": status.number % 256,
        },
    }


def type_vectors() -> list[dict[str, Any]]:
    """Every example of every schema: its kinds, canonical text and digest. The document is in the schema."""
    out = []
    for schema in SCHEMAS:
        for index, example in enumerate(schema_json(schema)["examples"]):
            record = Record.from_document(example)
            out.append(
                {
                    "schema": schema,
                    "example": index,
                    "kind": int(record.kind),
                    "subkind": record.subkind,
                    "canonical": record.canonical.decode(),
                    "recordDigest": record.digest.hex(),
                }
            )
    return out


def tree_vector(leaves: list[bytes]) -> dict[str, Any]:
    """Tree over the leaves of the records, filled up with more records of the school."""
    tree = Tree(leaves)
    return {
        "leaves": [leaf.hex() for leaf in leaves],
        "root": tree.root.hex(),
        "paths": [[node.hex() for node in tree.path(index)] for index in range(tree.size)],
        "tilesOf4": [tile.hex() for tile in tree.tiles(4)],
        "rootsOfFirstN": [Tree(leaves[:size]).root.hex() for size in range(1, len(leaves) + 1)],
    }


def eip712_vector(primary: str, message: dict[str, Any]) -> dict[str, Any]:
    """Digest and signature of one authorisation."""
    members = [{"name": name, "type": kind} for name, kind in EIP712_TYPES[primary]]
    domain = {
        "name": "SkillTrace",
        "version": "1",
        "chainId": samples.CHAIN_ID,
        "verifyingContract": samples.REGISTRY,
    }
    signable = encode_typed_data(domain, {primary: members}, message)
    signed = Account.sign_message(signable, ACCOUNT_KEY)
    return {
        "type": primary + "(" + ",".join(f"{kind} {name}" for name, kind in EIP712_TYPES[primary]) + ")",
        "domain": domain,
        "message": message,
        "digest": signed.message_hash.hex(),
        "privateKey": ACCOUNT_KEY,
        "signature": signed.signature.hex(),
    }


def authorisations(root: bytes) -> list[dict[str, Any]]:
    """An anchor batch and a status change of the school."""
    org = "0x" + org_id(samples.SCHOOL).hex()
    account = Account.from_key(ACCOUNT_KEY).address
    batch = {
        "org": org,
        "sequence": 3,
        "root": "0x" + root.hex(),
        "count": TREE_SIZE,
        "kinds": 0b1111_0101,
        "format": 1,
        "account": account,
        "deadline": DEADLINE,
    }
    status = {
        "org": org,
        "plane": 1,
        "word": 512,
        "mask": 1 << 255 | 1,
        "on": True,
        "reason": 6,
        "account": account,
        "nonce": 9,
        "deadline": DEADLINE,
    }
    return [eip712_vector("AnchorBatch", batch), eip712_vector("SetStatus", status)]


def golden_files() -> dict[str, Any]:
    """File name -> content."""
    documents = golden_documents()
    vectors = [record_vector(name, document) for name, document in documents.items()]
    leaves = [bytes.fromhex(vector["leafHash"]) for vector in vectors]
    for number in range(len(leaves), TREE_SIZE):
        filler = record_vector("", samples.sample_document("party.1", name=f"leaf {number}", number=number))
        leaves.append(bytes.fromhex(filler["leafHash"]))
    tree = tree_vector(leaves)
    authorised = authorisations(bytes.fromhex(tree["root"]))
    return {
        "keys.json": keys(),
        "records.json": vectors,
        "tree.json": tree,
        "types.json": type_vectors(),
        "eip712.json": authorised,
        **chain_files(documents, authorised),
    }


def text_of(content: Any) -> str:
    """How a file is written; text as it is."""
    if isinstance(content, str):
        return content
    return json.dumps(content, ensure_ascii=False, indent=1) + "\n"


def main() -> None:
    """Write every file."""
    GOLDEN.mkdir(exist_ok=True)
    for name, content in golden_files().items():
        (GOLDEN / name).write_text(text_of(content), encoding="utf-8")


if __name__ == "__main__":
    main()
