"""Chain readers: where the facts of steps 4-8 come from (protocol section 9, "Reading").

`verify` knows only `ChainReader`; a node, a quorum of nodes and a snapshot are all readers, so there is no
offline branch. Every trouble is `NoReading`, which is CouldNotRead with the number of requests spent. Reasons
besides those of `rpc`: wrong_chain_id, wrong_genesis, wrong_code, no_code, inconsistent, head_too_old,
head_in_future, disagree, not_final, no_endpoint, frozen.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple, Protocol

from verifier_cli.errors import CouldNotRead
from verifier_cli.evidence import Evidence, EvidenceQuery, decode_evidence, encode_evidence_call
from verifier_cli.rpc import Call, Endpoint, eth_call, header_call, hex_bytes, hex_int
from verifier_cli.trust import Deployment

__all__ = ["BlockRef", "ChainReader", "EndpointReader", "NoReading", "Reading", "check_head", "probe"]


class BlockRef(NamedTuple):
    """A block header's members that matter here; hashes are 32 bytes, the time is chain seconds."""

    number: int
    hash: bytes
    parent_hash: bytes
    timestamp: int


class Reading(NamedTuple):
    """Evidence at block R (`final`, `block`) and at the newest block (`latest`, `head`), read together.

    With finality "latest" and in a snapshot both are the same. `sources` counts the nodes that agreed,
    `requests` the HTTP requests spent, `source` is "node" or "snapshot".
    """

    final: Evidence
    latest: Evidence
    block: BlockRef
    head: BlockRef
    source: str = "node"
    sources: int = 1
    requests: int = 1


class NoReading(CouldNotRead):
    """The chain could not be read after `requests` HTTP requests."""

    def __init__(self, reason: str, detail: str, requests: int = 0) -> None:
        super().__init__(reason, detail)
        self.requests = requests

    def __reduce__(self) -> tuple[type[NoReading], tuple[str, str, int]]:  # type: ignore[override]
        return type(self), (self.reason, self.detail, self.requests)


class ChainReader(Protocol):
    """Anything that can answer for a deployment.

    `read` returns facts already held against the deployment's pins (chain id, genesis hash, code hashes) and
    its limits on age at `now` (epoch seconds). It keeps nothing that a later call relies on, does its own
    retries, and raises NoReading for every trouble, never another exception. A reader serves one thread.
    """

    def read(self, deployment: Deployment, query: EvidenceQuery, now: int) -> Reading:
        """Evidence for `query` at block R and at the newest block."""
        ...


def check_head(deployment: Deployment, head: BlockRef, now: int) -> None:
    """Refuse a chain whose newest block is too old (stalled or behind) or lies in the future."""
    if now - head.timestamp > deployment.max_head_age:
        raise CouldNotRead(
            "head_too_old",
            f"the newest block is {now - head.timestamp} s old, at most {deployment.max_head_age} s",
        )
    if head.timestamp - now > deployment.max_skew:
        raise CouldNotRead(
            "head_in_future",
            f"the newest block is {head.timestamp - now} s in the future, at most {deployment.max_skew} s",
        )


def _header(value: Any) -> BlockRef:
    if isinstance(value, CouldNotRead):
        raise value
    if not isinstance(value, dict):
        raise CouldNotRead("garbled", "the node does not know the block")
    return BlockRef(
        hex_int(value.get("number")),
        hex_bytes(value.get("hash"), 32),
        hex_bytes(value.get("parentHash"), 32),
        hex_int(value.get("timestamp")),
    )


def _evidence(value: Any, signers: int) -> Evidence:
    if isinstance(value, CouldNotRead):
        raise value
    return decode_evidence(hex_bytes(value), signers)


def _check_chain(deployment: Deployment, chain_id: Any, genesis: Any) -> None:
    """Is this the pinned chain at all? Asked first: on a wrong chain every other answer would mislead."""
    if isinstance(chain_id, CouldNotRead):
        raise chain_id
    if (found := hex_int(chain_id)) != deployment.chain_id:
        raise CouldNotRead("wrong_chain_id", f"chain {found} where {deployment.chain_id} is pinned")
    if (block := _header(genesis)).hash != deployment.genesis_hash:
        raise CouldNotRead("wrong_genesis", f"the chain starts with block 0x{block.hash.hex()}")


def _check_pins(deployment: Deployment, evidence: Evidence) -> None:
    if evidence.chain_id != deployment.chain_id:
        raise CouldNotRead("wrong_chain_id", f"chain {evidence.chain_id}, {deployment.chain_id} is pinned")
    pinned = deployment.code_hashes
    for name, found, wanted in (
        ("TrustRegistry", evidence.trust_code_hash, pinned.trust_registry),
        ("AnchorRegistry", evidence.anchor_code_hash, pinned.anchor_registry),
        ("EvidenceReader", evidence.reader_code_hash, pinned.evidence_reader),
    ):
        if found != wanted:
            raise CouldNotRead("wrong_code", f"{name} has the code hash 0x{found.hex()}")
    if evidence.trust_registry != deployment.trust_registry:
        raise CouldNotRead("wrong_code", f"another TrustRegistry, 0x{evidence.trust_registry.hex()}")


def _same_block(evidence: Evidence, block: BlockRef) -> bool:
    return (evidence.block_number, evidence.timestamp, evidence.parent_hash) == (
        block.number,
        block.timestamp,
        block.parent_hash,
    )


def _check_times(found: Sequence[Evidence], blocks: Sequence[BlockRef]) -> None:
    """Refuse what cannot be: a batch from after the block that shows it, a final block after the newest."""
    if any(item.batch.anchored_at > item.timestamp for item in found):
        raise CouldNotRead("inconsistent", "the batch was anchored after the block that shows it")
    first, last = blocks[0], blocks[-1]
    if first.number > last.number or first.timestamp > last.timestamp:
        raise CouldNotRead("inconsistent", "the final block is newer than the newest one")


def probe(endpoint: Endpoint, deployment: Deployment, block: str) -> BlockRef:
    """The header of `block` (a tag or a hexadecimal number) at a node that passes every pin. One request.

    Raises:
        CouldNotRead: as for `ChainReader`.
    """
    data = encode_evidence_call(deployment.anchor_registry, EvidenceQuery(bytes(32), 0, 0, ()))
    call = eth_call(deployment.evidence_reader, data, block)
    answers = endpoint.batch([("eth_chainId", []), header_call("0x0"), header_call(block), call])
    _check_chain(deployment, answers[0], answers[1])
    _check_pins(deployment, _evidence(answers[3], 0))
    return _header(answers[2])


class EndpointReader:
    """Reads one node: one HTTP request, and a second one only if the chain moved while it answered."""

    def __init__(self, endpoint: Endpoint) -> None:
        self._endpoint = endpoint

    @property
    def address(self) -> str:
        """The same text for every spelling of the node's URL."""
        return self._endpoint.address

    @property
    def host(self) -> str:
        """Name for messages: host and port only, since paths of hosted nodes carry access tokens."""
        return self._endpoint.host

    def close(self) -> None:
        """Give the connection back."""
        self._endpoint.close()

    def read(self, deployment: Deployment, query: EvidenceQuery, now: int) -> Reading:
        """See `ChainReader.read`."""
        tags = ("latest",) if deployment.finality == "latest" else ("finalized", "latest")
        return self._counted(deployment, query, now, tags)

    def read_at(
        self, deployment: Deployment, query: EvidenceQuery, now: int, block: int, head: int
    ) -> Reading:
        """The same at two given block numbers, for nodes that saw different newest blocks."""
        tags = (hex(head),) if deployment.finality == "latest" else (hex(block), hex(head))
        return self._counted(deployment, query, now, tags)

    def _counted(
        self, deployment: Deployment, query: EvidenceQuery, now: int, tags: Sequence[str]
    ) -> Reading:
        before = self._endpoint.requests
        try:
            reading = self._read(deployment, query, tags)
            check_head(deployment, reading.head, now)
        except CouldNotRead as error:
            spent = self._endpoint.requests - before
            raise NoReading(error.reason, error.detail, spent) from None
        return reading._replace(requests=self._endpoint.requests - before)

    def _read(self, deployment: Deployment, query: EvidenceQuery, tags: Sequence[str]) -> Reading:
        data = encode_evidence_call(deployment.anchor_registry, query)
        reader, count = deployment.evidence_reader, len(tags)
        calls: list[Call] = [("eth_chainId", []), header_call("0x0")]
        calls += [header_call(tag) for tag in tags]
        calls += [eth_call(reader, data, tag) for tag in tags]
        answers = self._endpoint.batch(calls)
        _check_chain(deployment, answers[0], answers[1])
        blocks = [_header(answer) for answer in answers[2 : 2 + count]]
        if count == 2 and answers[-2] == "0x" and answers[-1] != "0x":
            raise CouldNotRead("not_final", "the contracts themselves are not final yet")
        found = [_evidence(answer, len(query.signers)) for answer in answers[2 + count :]]
        if not all(map(_same_block, found, blocks)):
            # A block arrived between two calls of the batch: ask again at exactly the blocks whose headers
            # we hold (EIP-1898).
            pinned = [{"blockHash": "0x" + block.hash.hex()} for block in blocks]
            answers = self._endpoint.batch([eth_call(reader, data, pin) for pin in pinned])
            found = [_evidence(answer, len(query.signers)) for answer in answers]
            if not all(map(_same_block, found, blocks)):
                raise CouldNotRead("inconsistent", "evidence and block headers do not belong together")
        for evidence in found:
            _check_pins(deployment, evidence)
        _check_times(found, blocks)
        return Reading(found[0], found[-1], blocks[0], blocks[-1])
