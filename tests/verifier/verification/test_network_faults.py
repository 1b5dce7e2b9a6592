"""No trouble of the network by itself yields VALID or NOT_VALID: source x fault, before real nodes.

Each cell asserts verdict, reason and the number of HTTP requests that the proxy counted.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from tests.support.deployment import DeploymentFixture, deploy, number_of
from tests.support.fault_proxy import Fault, FaultProxy
from tests.support.nodes import anvil_node, embedded_node
from tests.support.records import FIRM
from verifier_cli.chain import EndpointReader
from verifier_cli.errors import CouldNotRead
from verifier_cli.kinds import Role, role_mask
from verifier_cli.quorum import Nodes, Quorum
from verifier_cli.report import Outcome, Report, Step, Verdict
from verifier_cli.rpc import Endpoint
from verifier_cli.snapshot_build import build_snapshot
from verifier_cli.trust import Deployment, Trust
from verifier_cli.verify import verify

PATIENCE = 1.0
"""Seconds that readers wait where the fault is that no answer comes."""

Rewrite = Callable[[Any], Any]


@dataclass
class Site:
    """A node with a deployment and two anchored records: `good`, and `revoked`."""

    fixture: DeploymentFixture
    good: bytes
    revoked: bytes
    block_before: int

    @property
    def deployment(self) -> Deployment:
        return self.fixture.deployment


def _site(url: str, funded_key: str) -> Site:
    fixture = deploy(url, funded_key)
    before = fixture.client.latest().number
    good, revoked = fixture.issue("activity.1", count=2)
    fixture.set_status(FIRM, plane=0, number=number_of(revoked))
    return Site(fixture, good, revoked, before)


@pytest.fixture(scope="module", params=["anvil", "embedded"])
def site(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """Real nodes: anvil and the embedded chain."""
    if request.param == "anvil":
        with anvil_node() as node:
            yield _site(node.url, node.funded_key)
    else:
        folder: Path = tmp_path_factory.mktemp("chain")
        with embedded_node(folder / "data") as node:
            yield _site(node.url, node.funded_key)


@pytest.fixture
def proxy(site: Site) -> Iterator[FaultProxy]:
    """A proxy before the site's node."""
    with FaultProxy(site.fixture.url) as made:
        yield made


def _quorum(agree: int, *proxies: FaultProxy, seconds: float = 60.0) -> Quorum:
    return Quorum([EndpointReader(Endpoint(p.url, total_seconds=seconds)) for p in proxies], agree)


def _verify(site: Site, chain: Quorum | Nodes, data: bytes | None = None, **changes: Any) -> Report:
    now = changes.pop("now", int(time.time()))
    trust = Trust((replace(site.deployment, **changes),))
    return verify(site.good if data is None else data, trust, chain, now)


def _assert_undecided(report: Report, reason: str, proxies: list[FaultProxy], requests: int) -> None:
    assert (report.verdict, report.exit_code) == (Verdict.UNDECIDED, 2)
    assert report.step(Step.FINALITY).outcome is Outcome.NOT_CHECKED
    assert report.step(Step.FINALITY).reason == reason
    assert report.requests == requests
    assert sum(proxy.requests for proxy in proxies) == requests


TRANSPORT = [
    (Fault.RESET, "reset", 1),
    (Fault.CLOSED, "reset", 1),
    (Fault.SLOW, "timeout", 1),
    (Fault.SLOW_HEADERS, "timeout", 1),
    (Fault.GARBLED, "garbled", 1),
    (Fault.NOT_HTTP, "garbled", 1),
    (Fault.HALF, "reset", 1),
    (Fault.BLACK_HOLE, "timeout", 1),
    (Fault.ERROR_500, "http_status", 1),
    (Fault.REDIRECT, "http_status", 1),
    (Fault.HUGE, "too_large", 1),
    (Fault.HUGE_ANNOUNCED, "too_large", 1),
]


@pytest.mark.parametrize("record", ["good", "revoked"])
@pytest.mark.parametrize(("fault", "reason", "requests"), TRANSPORT, ids=[c[0].name for c in TRANSPORT])
def test_transport_fault(
    site: Site, proxy: FaultProxy, fault: Fault, reason: str, requests: int, record: str
) -> None:
    proxy.fault = fault
    report = _verify(site, _quorum(1, proxy, seconds=PATIENCE), getattr(site, record))
    _assert_undecided(report, reason, [proxy], requests)


def test_refused(site: Site, proxy: FaultProxy) -> None:
    proxy.refuse()
    _assert_undecided(_verify(site, _quorum(1, proxy)), "refused", [proxy], 0)


def test_sound_node_takes_one_request_per_record_on_one_connection(site: Site, proxy: FaultProxy) -> None:
    chain = Nodes([proxy.url])
    assert _verify(site, chain).verdict is Verdict.VALID
    assert _verify(site, chain, site.revoked).step(Step.STATUS).reason == "revoked"
    assert (proxy.requests, proxy.connections) == (2, 1)


def test_connection_that_idled_out_is_opened_again(site: Site, proxy: FaultProxy) -> None:
    chain = Nodes([proxy.url])
    assert _verify(site, chain).verdict is Verdict.VALID
    proxy.drop_connections()
    report = _verify(site, chain)
    assert report.verdict is Verdict.VALID
    assert (proxy.requests, proxy.connections) == (2, 2)


def test_node_that_closes_after_each_answer_is_asked_on_new_connections(
    site: Site, proxy: FaultProxy
) -> None:
    proxy.fault = Fault.ONCE
    chain = Nodes([proxy.url])
    for _ in range(3):
        assert _verify(site, chain).verdict is Verdict.VALID
    assert (proxy.requests, proxy.connections) == (3, 3)


# ----- lies that a working node could tell -----


def _replace_results(method: str, change: Rewrite) -> Callable[[Any, Any], Any]:
    """Change the result of every call of `method`, whatever the order of the answers."""

    def rewrite(calls: Any, answers: Any) -> Any:
        wanted = {call["id"] for call in calls if call["method"] == method}
        for answer in answers:
            if answer["id"] in wanted:
                answer["result"] = change(answer["result"])
        return answers

    return rewrite


def _word(number: int, value: int) -> Rewrite:
    """Put a value into one word of an evidence answer; word 0 is the offset before the struct."""

    def change(result: str) -> str:
        at = 2 + 64 * (1 + number)
        return result[:at] + f"{value:064x}" + result[at + 64 :]

    return change


def _header(**members: str) -> Rewrite:
    return lambda header: {**header, **members}


def _without_genesis(calls: Any, answers: Any) -> Any:
    for answer in answers:
        if answer["id"] == 1:
            answer["result"]["hash"] = "0x" + "77" * 32
    return answers


LIES: list[tuple[str, Callable[[Any, Any], Any], str, int]] = [
    ("wrong chain id", _replace_results("eth_chainId", lambda _: "0x1"), "wrong_chain_id", 1),
    ("wrong chain id in the evidence", _replace_results("eth_call", _word(0, 1)), "wrong_chain_id", 1),
    ("wrong genesis", _without_genesis, "wrong_genesis", 1),
    ("wrong trust registry code", _replace_results("eth_call", _word(4, 1)), "wrong_code", 1),
    ("wrong anchor registry code", _replace_results("eth_call", _word(5, 1)), "wrong_code", 1),
    ("wrong reader code", _replace_results("eth_call", _word(6, 1)), "wrong_code", 1),
    ("wrong trust registry", _replace_results("eth_call", _word(7, 1)), "wrong_code", 1),
    ("no code", _replace_results("eth_call", lambda _: "0x"), "no_code", 1),
    ("answer of noise", _replace_results("eth_call", lambda _: "0x" + "ff" * 999), "garbled", 1),
    ("answer cut short", _replace_results("eth_call", lambda r: r[:-64]), "garbled", 1),
    ("answer no hex", _replace_results("eth_call", lambda _: "0xzz"), "garbled", 1),
    ("answer null", _replace_results("eth_call", lambda _: None), "garbled", 1),
    ("header null", _replace_results("eth_getBlockByNumber", lambda _: None), "garbled", 1),
    ("header of numbers", _replace_results("eth_getBlockByNumber", lambda _: [1]), "garbled", 1),
    ("other parent", _replace_results("eth_call", _word(3, 1)), "inconsistent", 2),
    ("other block number", _replace_results("eth_call", _word(1, 1)), "inconsistent", 2),
    (
        "error instead of a batch",
        lambda c, a: {"jsonrpc": "2.0", "error": {"code": 1, "message": "no"}},
        "rpc_error",
        1,
    ),
    (
        "error for each call",
        lambda c, a: [{"id": x["id"], "error": {"code": 1, "message": "no"}} for x in a],
        "rpc_error",
        1,
    ),
    ("error without text", lambda c, a: [{"id": x["id"], "error": None} for x in a], "rpc_error", 1),
    ("answers missing", lambda c, a: a[:-1], "garbled", 1),
    ("answer twice", lambda c, a: [*a[:-1], a[0]], "garbled", 1),
    ("answers of texts", lambda c, a: ["x" for _ in a], "garbled", 1),
    ("number", lambda c, a: 5, "garbled", 1),
]


@pytest.mark.parametrize("record", ["good", "revoked"])
@pytest.mark.parametrize(("lie", "reason", "requests"), [c[1:] for c in LIES], ids=[c[0] for c in LIES])
def test_lie(
    site: Site,
    proxy: FaultProxy,
    lie: Callable[[Any, Any], Any],
    reason: str,
    requests: int,
    record: str,
) -> None:
    proxy.rewrite_answer = lie
    report = _verify(site, _quorum(1, proxy), getattr(site, record))
    _assert_undecided(report, reason, [proxy], requests)


def test_answers_in_another_order_are_the_same_answers(site: Site, proxy: FaultProxy) -> None:
    proxy.rewrite_answer = lambda _, answers: answers[::-1]
    assert _verify(site, _quorum(1, proxy)).verdict is Verdict.VALID


def test_head_too_old_and_in_the_future(site: Site, proxy: FaultProxy) -> None:
    head = site.fixture.chain_time()
    allowed = site.deployment.max_head_age
    late = _verify(site, _quorum(1, proxy), now=head + allowed + 1)
    _assert_undecided(late, "head_too_old", [proxy], 1)
    assert _verify(site, _quorum(1, proxy), now=head + allowed).verdict is Verdict.VALID
    early = _verify(site, _quorum(1, proxy), now=head - site.deployment.max_skew - 1)
    assert early.step(Step.FINALITY).reason == "head_in_future"
    assert early.verdict is Verdict.UNDECIDED
    on_time = _verify(site, _quorum(1, proxy), now=head - site.deployment.max_skew)
    assert on_time.step(Step.FINALITY).outcome is Outcome.PASSED


def test_block_that_arrives_between_two_calls_costs_a_second_request(site: Site, proxy: FaultProxy) -> None:
    """The first answer mixes two blocks; asked again at the block whose header we hold, all is well."""
    lie = _replace_results("eth_call", _word(1, 1))
    proxy.rewrite_answer = lambda calls, answers: lie(calls, answers) if len(calls) > 1 else answers
    report = _verify(site, _quorum(1, proxy))
    assert (report.verdict, report.requests, proxy.requests) == (Verdict.VALID, 2, 2)


def test_snapshot_is_taken_only_from_nodes_that_agree(
    site: Site, proxy: FaultProxy, second: FaultProxy
) -> None:
    both = replace(site.deployment, rpc=(proxy.url, second.url), agree=2)
    now = site.fixture.chain_time()
    endpoints = [Endpoint(proxy.url), Endpoint(second.url)]
    taken = build_snapshot(endpoints, both, None, now)
    assert taken.serialise() == build_snapshot(endpoints[:1], site.deployment, None, now).serialise()
    with pytest.raises(CouldNotRead) as caught:
        build_snapshot(endpoints[:1], both, None, now)
    assert caught.value.reason == "no_endpoint"
    for lie, reason in SNAPSHOT_LIES:
        second.rewrite_answer = lie
        with pytest.raises(CouldNotRead) as caught:
            build_snapshot(endpoints, both, None, now)
        assert caught.value.reason == reason


def _last_byte(result: str) -> str:
    """The last word of a page of batches is the format of its last batch: change it."""
    return result[:-2] + ("00" if result[-2:] != "00" else "01")


def _only(selector: str, change: Rewrite) -> Callable[[Any, Any], Any]:
    """Change the answers of one view."""

    def rewrite(calls: Any, answers: Any) -> Any:
        wanted = {
            call["id"]
            for call in calls
            if call["method"] == "eth_call" and call["params"][0]["data"][2:10] == selector
        }
        for answer in answers:
            if answer["id"] in wanted:
                answer["result"] = change(answer["result"])
        return answers

    return rewrite


ORGANISATION, BATCHES = "0d7b46bf", "5c994a0b"
EMPTY_PAGE = "0x" + f"{32:064x}" + f"{0:064x}"
SNAPSHOT_LIES: list[tuple[Callable[[Any, Any], Any], str]] = [
    (_only(BATCHES, _last_byte), "disagree"),
    (_only(BATCHES, lambda _: EMPTY_PAGE), "inconsistent"),
    (_only(ORGANISATION, _word(0, 5)), "garbled"),
    (_only(ORGANISATION, lambda _: "0x"), "no_code"),
    (_replace_results("eth_getBlockByNumber", _header(hash="0x" + "66" * 32)), "wrong_genesis"),
]


def _at_block(number: int) -> Rewrite:
    """A node that is behind: what it calls latest is an old block."""

    def rewrite(calls: Any) -> Any:
        for call in calls:
            call["params"] = [hex(number) if item == "latest" else item for item in call["params"]]
        return calls

    return rewrite


def test_node_behind_does_not_know_the_batch(site: Site, proxy: FaultProxy) -> None:
    proxy.rewrite_request = _at_block(site.block_before)
    _assert_undecided(_verify(site, _quorum(1, proxy)), "not_anchored", [proxy], 1)


# ----- two nodes -----


@pytest.fixture
def second(site: Site) -> Iterator[FaultProxy]:
    """Another way to the same node."""
    with FaultProxy(site.fixture.url) as made:
        yield made


STATUS_WORD = 19
ROOT_WORD = 9


@pytest.mark.parametrize("lie", [_word(STATUS_WORD, 1), _word(ROOT_WORD, 1)], ids=["status", "root"])
@pytest.mark.parametrize("agree", [1, 2])
def test_two_nodes_disagree(
    site: Site, proxy: FaultProxy, second: FaultProxy, lie: Rewrite, agree: int
) -> None:
    second.rewrite_answer = _replace_results("eth_call", lie)
    report = _verify(site, _quorum(agree, proxy, second))
    _assert_undecided(report, "disagree", [proxy, second], 4)


def test_two_nodes_agree_in_one_request_each(site: Site, proxy: FaultProxy, second: FaultProxy) -> None:
    report = _verify(site, _quorum(2, proxy, second))
    assert (report.verdict, report.requests) == (Verdict.VALID, 2)
    assert report.chain is not None
    assert report.chain.sources == 2


def test_one_node_away_is_undecided_only_where_both_must_agree(
    site: Site, proxy: FaultProxy, second: FaultProxy
) -> None:
    second.refuse()
    assert _verify(site, _quorum(1, proxy, second)).verdict is Verdict.VALID
    proxy.requests = 0
    _assert_undecided(_verify(site, _quorum(2, proxy, second)), "refused", [proxy, second], 1)


def test_one_liar_of_three_neither_stops_nor_bends_the_answer(
    site: Site, proxy: FaultProxy, second: FaultProxy
) -> None:
    with FaultProxy(site.fixture.url) as liar:
        liar.rewrite_answer = _replace_results("eth_call", _word(STATUS_WORD, 1))
        assert _verify(site, _quorum(2, liar, proxy, second)).verdict is Verdict.VALID
        liar.rewrite_answer = _replace_results("eth_call", _word(STATUS_WORD, 0))
        report = _verify(site, _quorum(2, liar, proxy, second), site.revoked)
        assert report.step(Step.STATUS).reason == "revoked"


def test_nodes_at_different_blocks_meet_at_the_lower_one(
    site: Site, proxy: FaultProxy, second: FaultProxy
) -> None:
    """One node does not know the revocation yet: asked again at its block, both say the same."""
    head = site.fixture.client.latest().number
    second.rewrite_request = _at_block(head - 1)
    report = _verify(site, _quorum(2, proxy, second), site.revoked)
    assert report.requests == 4
    assert report.chain is not None
    assert report.chain.head_number == head - 1
    assert report.verdict is Verdict.VALID


def test_black_hole_among_three_costs_its_time_once(
    site: Site, proxy: FaultProxy, second: FaultProxy
) -> None:
    with FaultProxy(site.fixture.url) as hole:
        hole.fault = Fault.BLACK_HOLE
        chain = _quorum(2, hole, proxy, second)
        for _ in range(5):
            assert _verify(site, chain).verdict is Verdict.VALID
        assert hole.requests <= 1


def test_trust_file_without_enough_nodes_asks_nobody(site: Site, proxy: FaultProxy) -> None:
    report = _verify(site, Nodes(), rpc=())
    _assert_undecided(report, "no_endpoint", [proxy], 0)
    frozen = _verify(site, Nodes(), state="frozen", final_snapshot_sha256=bytes(32))
    _assert_undecided(frozen, "frozen", [proxy], 0)


def test_addresses_in_a_record_are_never_fetched(site: Site) -> None:
    """A listener stands where the record points to; verification leaves it silent."""
    with FaultProxy(site.fixture.url) as listener:
        port = listener.url.rpartition(":")[2]
        issuer = f"did:web:localhost%3A{port}"
        site.fixture.add_organisation(issuer, role_mask(Role.SCHOOL))
        (data,) = site.fixture.issue("party.1", issuer=issuer)
        assert f"https://localhost:{port}/status/0".encode() in data
        assert _verify(site, Nodes([site.fixture.url]), data).verdict is Verdict.VALID
        assert (listener.connections, listener.requests) == (0, 0)
