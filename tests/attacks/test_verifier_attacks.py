"""Attacks on the verifier by nodes, files and trust files: never another exception, never a bent verdict."""

from __future__ import annotations

import os
import zipfile
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import orjson
import pytest

from tests.support.records import CHAIN_ID, FIRM, SCHOOL
from tests.verifier.verification.test_abi import encoded
from tests.verifier.verification.test_snapshot import make_snapshot
from tests.verifier.verification.world import ANCHORED_AT, DEPLOYMENT, NOW, block, make_world, outcome
from verifier_cli.canonical import canonical
from verifier_cli.chain import BlockRef, EndpointReader
from verifier_cli.did import org_id
from verifier_cli.enumeration import SELECTORS, OrganisationView
from verifier_cli.errors import CouldNotRead, MisuseError, SnapshotError, TrustFileError
from verifier_cli.evidence import Evidence, EvidenceQuery
from verifier_cli.proof_file import carriers
from verifier_cli.quorum import Nodes, Quorum
from verifier_cli.report import Outcome, Step, Verdict
from verifier_cli.rpc import Call, Endpoint
from verifier_cli.snapshot import Snapshot
from verifier_cli.snapshot_build import MAX_LISTED, build_snapshot
from verifier_cli.trust import Trust, write_trust
from verifier_cli.verify import verify

LATEST = replace(DEPLOYMENT, finality="latest", settle_seconds=3600)
QUERY = EvidenceQuery(org_id(SCHOOL), 0, 7, ((org_id(SCHOOL), bytes(32)), (org_id(FIRM), bytes(32))))
FAR_FUTURE = (1 << 40) - 1


class Node(Endpoint):
    """A node that answers with the evidence and blocks it is given, true or not."""

    def __init__(self, final: Evidence, final_block: BlockRef, head: BlockRef, host: str = "liar") -> None:
        super().__init__(f"http://{host}.invalid")
        self._blocks = {"finalized": final_block, "latest": head}
        self._evidence = final

    def batch(self, calls: Sequence[Call], *, limit: int = 0) -> list[Any]:
        """Answers for exactly these calls."""
        return [self._answer(method, params) for method, params in calls]

    def _answer(self, method: str, params: list[Any]) -> Any:
        if method == "eth_chainId":
            return hex(CHAIN_ID)
        if method == "eth_getBlockByNumber":
            if params[0] == "0x0":
                return _header(BlockRef(0, DEPLOYMENT.genesis_hash, bytes(32), 1))
            return _header(self._blocks[params[0]])
        seen = self._blocks[params[1]]
        said = self._evidence._replace(
            block_number=seen.number, timestamp=seen.timestamp, parent_hash=seen.parent_hash
        )
        return "0x" + encoded(said).hex()


def _header(of: BlockRef) -> dict[str, str]:
    return {
        "number": hex(of.number),
        "hash": "0x" + of.hash.hex(),
        "parentHash": "0x" + of.parent_hash.hex(),
        "timestamp": hex(of.timestamp),
    }


# ----- nodes that lie about time -----


@pytest.mark.parametrize("anchored_at", [FAR_FUTURE, NOW + 1])
def test_a_batch_anchored_after_its_own_block_is_a_contradiction(anchored_at: int) -> None:
    world = make_world()
    world.batch(anchored_at=anchored_at)
    node = Node(world.final, block(100, NOW - 900), block(140, NOW - 5))
    report = verify(world.data(), world.trust, Quorum([EndpointReader(node)], 1), NOW)
    assert report.verdict is Verdict.UNDECIDED
    assert outcome(report, Step.FINALITY) == (Outcome.NOT_CHECKED, "inconsistent")


@pytest.mark.parametrize("time", [1 << 63, NOW])
def test_a_final_block_younger_than_the_newest_is_a_contradiction(time: int) -> None:
    world = make_world()
    node = Node(world.final, block(100, time), block(140, NOW - 5))
    report = verify(world.data(), world.trust, Quorum([EndpointReader(node)], 1), NOW)
    assert outcome(report, Step.FINALITY) == (Outcome.NOT_CHECKED, "inconsistent")


def test_a_snapshot_with_a_batch_from_after_its_block_is_refused() -> None:
    world = make_world()
    world.batch(anchored_at=FAR_FUTURE)
    with pytest.raises(SnapshotError):
        Snapshot.parse(make_snapshot(world).serialise(), Trust((DEPLOYMENT,)))


@pytest.mark.parametrize("liar", [0, 1, 2])
def test_one_liar_of_three_cannot_settle_a_batch_early(liar: int) -> None:
    """All three tell the same facts; the liar's clock alone says that the settling time is over."""
    world = make_world()
    world.trust_file(finality="latest", settle_seconds=3600)
    now = ANCHORED_AT + 3600
    heads = [block(140, ANCHORED_AT + 60), block(140, ANCHORED_AT + 60), block(140, ANCHORED_AT + 60)]
    heads[liar] = block(139, ANCHORED_AT + 3600)
    deployment = replace(world.deployment, max_head_age=3600)
    nodes = [EndpointReader(Node(world.final, head, head, f"n{i}")) for i, head in enumerate(heads)]
    report = verify(world.data(), Trust((deployment,)), Quorum(nodes, 2), now)
    assert (report.verdict, report.step(Step.FINALITY).reason) == (Verdict.UNDECIDED, "not_final")


# ----- reports that say more than was shown -----


def test_a_record_that_is_not_in_the_batch_shows_no_time_of_anchoring() -> None:
    world = make_world()
    world.batch(root=b"\x55" * 32)
    report = world.verify()
    assert (report.verdict, report.step(Step.ANCHOR).reason) == (Verdict.NOT_VALID, "root_differs")
    assert report.anchored_at is None


# ----- one node in two spellings -----

SPELLINGS = [
    ("http://node.example:8545", "http://NODE.example:8545"),
    ("http://node.example:8545", "http://node.example:8545/"),
    ("http://node.example", "http://node.example:80"),
    ("https://node.example/key", "https://node.example:443/key/"),
    ("http://node.example", "http://node.example."),
    ("http://node.example/a", "HTTP://node.example/a"),
]


@pytest.mark.parametrize("urls", SPELLINGS)
def test_one_node_in_two_spellings_does_not_agree_with_itself(urls: tuple[str, str]) -> None:
    text = write_trust([replace(DEPLOYMENT, rpc=urls, agree=2)])
    with pytest.raises(TrustFileError):
        Trust.parse(text)
    pair = replace(DEPLOYMENT, rpc=("http://a.example", "http://b.example"), agree=2)
    with pytest.raises(MisuseError):
        Nodes(urls)
    with pytest.raises(MisuseError):
        build_snapshot([Endpoint(url.lower()) for url in urls], pair, None, NOW)


def test_two_paths_of_one_host_may_be_two_nodes() -> None:
    urls = ("http://gateway.example/one", "http://gateway.example/two")
    assert Trust.parse(write_trust([replace(DEPLOYMENT, rpc=urls, agree=2)])).deployments[0].rpc == urls


@pytest.mark.parametrize(
    "url", ["http://127.0.0.1:99999", "http://[::1", "http://127.0.0.1:abc", "http://[zz]/", "http://:80"]
)
def test_an_impossible_address_is_refused_with_the_trust_file(url: str) -> None:
    with pytest.raises(TrustFileError):
        Trust.parse(write_trust([replace(DEPLOYMENT, rpc=(url,))]))


def test_a_number_of_five_thousand_digits_is_a_bad_trust_file() -> None:
    with pytest.raises(TrustFileError):
        Trust.parse(write_trust([DEPLOYMENT]).replace("chain_id = ", "chain_id = " + "1" * 5000))


# ----- snapshots in a second spelling -----


def _spaced_hash(document: dict[str, Any]) -> None:
    document["block"]["hash"] = document["block"]["hash"][:-2] + "  "


def _true_version(document: dict[str, Any]) -> None:
    document["version"] = True


@pytest.mark.parametrize("spoil", [_spaced_hash, _true_version])
def test_a_snapshot_in_a_second_spelling_is_refused(spoil: Callable[[dict[str, Any]], None]) -> None:
    document = orjson.loads(make_snapshot(make_world()).serialise())
    spoil(document)
    with pytest.raises(SnapshotError):
        Snapshot.parse(canonical(document), Trust((DEPLOYMENT,)))


# ----- files -----


@pytest.mark.parametrize("method", [zipfile.ZIP_LZMA, zipfile.ZIP_BZIP2])
def test_a_zip_packed_in_an_unusual_way_is_a_problem_of_its_entry(tmp_path: Path, method: int) -> None:
    """Such data could ask for gigabytes of memory, and its errors are of other kinds."""
    place = tmp_path / "odd.zip"
    with zipfile.ZipFile(place, "w", method) as archive:
        archive.writestr("odd.trace.json", os.urandom(600))
    data = bytearray(place.read_bytes())
    data[64:80] = bytes(16)
    place.write_bytes(data)
    (found,) = carriers(place)
    assert found.data is None
    assert found.problem is not None


def test_a_pipe_in_a_folder_does_not_hold_the_verifier(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.trace.json")
    (tmp_path / "good.trace.json").write_bytes(b"{}")
    found = {Path(item.name).name: item.data for item in carriers(tmp_path)}
    assert found == {"good.trace.json": b"{}", "pipe.trace.json": None}


# ----- enumeration without end -----


class Registry(Node):
    """A node whose registry says how many batches and words an organisation has, and gives none."""

    def __init__(self, view: OrganisationView, endless: bool = False) -> None:
        at = block(140, NOW - 5)
        super().__init__(make_world().final._replace(signers=()), at, at, "registry")
        self._blocks[hex(140)] = at
        self._view = view
        self._endless = endless
        self.calls = 0

    def batch(self, calls: Sequence[Call], *, limit: int = 0) -> list[Any]:
        self.calls += len(calls)
        assert self.calls < 100_000, "asked without end"
        return super().batch(calls, limit=limit)

    def _answer(self, method: str, params: list[Any]) -> Any:
        selector = params[0]["data"][2:10] if method == "eth_call" else ""
        if selector == SELECTORS["organisations(address,uint256,uint256)"].hex():
            start = int(params[0]["data"][74:138], 16)
            page = 256 if self._endless else 1 - min(start, 1)
            return "0x" + _words(32, page, *([int.from_bytes(self._view.org, "big")] * page)).hex()
        if selector == SELECTORS["organisation(address,bytes32)"].hex():
            return "0x" + _organisation(self._view).hex()
        if selector and selector != "a6464efe":
            return "0x" + _words(32, 0).hex()
        return super()._answer(method, params)


def _words(*values: int) -> bytes:
    return b"".join(value.to_bytes(32, "big") for value in values)


def _organisation(view: OrganisationView) -> bytes:
    period = view.periods[0]
    head = _words(32, int.from_bytes(view.org, "big"), 0, view.head, view.status_word_count)
    tails = [_words(1, *period[:6], 0), *[_words(0)] * 4]
    offsets, at = [], 9 * 32
    for tail in tails:
        offsets.append(at)
        at += len(tail)
    return head + _words(*offsets) + b"".join(tails)


def _view(head: int, words: int) -> OrganisationView:
    root = make_world().final.signers[0].path[1].period
    return OrganisationView(org_id(SCHOOL), 0, head, words, (root,), (), ())


@pytest.mark.parametrize(("head", "words"), [(1 << 60, 0), (0, 1 << 60), (0, (10**13 - 1) >> 8)])
def test_an_organisation_too_large_to_list_is_left_out_and_costs_nobody_else(head: int, words: int) -> None:
    """A stolen status account can name a word far out; that must not end snapshots of all others."""
    taken = build_snapshot([Registry(_view(head, words))], LATEST, None, NOW)
    assert taken.organisations[org_id(SCHOOL)].batches is None
    with pytest.raises(CouldNotRead) as caught:
        build_snapshot([Registry(_view(head, words))], LATEST, [org_id(SCHOOL)], NOW)
    assert caught.value.reason == "too_large"


def test_pages_that_end_early_are_a_contradiction() -> None:
    with pytest.raises(CouldNotRead) as caught:
        build_snapshot([Registry(_view(MAX_LISTED, 0))], LATEST, None, NOW)
    assert caught.value.reason == "inconsistent"


def test_a_registry_of_organisations_without_end_is_left() -> None:
    with pytest.raises(CouldNotRead) as caught:
        build_snapshot([Registry(_view(0, 0), endless=True)], LATEST, None, NOW)
    assert caught.value.reason == "too_large"
