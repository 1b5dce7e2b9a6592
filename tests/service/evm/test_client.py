"""The client, the start-up checks and the typed data, against a real anvil."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from eth_account import Account

from tests.support.nodes import anvil_node
from tests.support.records import FIRM, SCHOOL, make_key
from tests.support.world import World, make_world
from trace_service.evm import eip712
from trace_service.evm.abi import codec
from trace_service.evm.checks import check_chain
from trace_service.evm.client import Client
from trace_service.evm.errors import ChainMismatch, ChainRefused, ChainUnavailable
from trace_service.evm.registry import Authority, Window
from verifier_cli.did import org_id
from verifier_cli.kinds import Kind, Role, role_mask

pytestmark = pytest.mark.node

DOMAIN = eip712.Domain(730_118, "0x00000000000000000000000000000000000a11ce")


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    folder: Path = tmp_path_factory.mktemp("client")
    with anvil_node() as node:
        yield make_world(node, folder)


def batch_message(world: World, **changes: object) -> eip712.AnchorBatch:
    account = world.keyring.account("anchor", world.pks[FIRM])
    deadline = world.client.latest().timestamp + 3600
    message = eip712.AnchorBatch(org_id(FIRM), 0, b"\x01" * 32, 1, 1, 1, account.address, deadline)
    return replace(message, **changes)  # type: ignore[arg-type]


def test_the_contract_accepts_our_signature_and_no_altered_message(world: World) -> None:
    domain = eip712.Domain(world.chain.chain_id, world.chain.anchor_registry)
    account = world.keyring.account("anchor", world.pks[FIRM])
    message = batch_message(world)
    signature = eip712.sign(domain, message, account)
    registry = world.chain.anchor_registry
    world.client.call_raw(
        registry, codec("AnchorRegistry").call("anchor", [eip712.request(message, signature)])
    )
    altered = replace(message, root=b"\x02" * 32)
    with pytest.raises(ChainRefused) as caught:
        world.client.call_raw(
            registry, codec("AnchorRegistry").call("anchor", [eip712.request(altered, signature)])
        )
    assert caught.value.error == "BatchNotAnchored"
    assert caught.value.arguments == (org_id(FIRM), 0, 9)


def test_the_digest_is_what_the_signature_recovers_from() -> None:
    account = Account.create()
    message = eip712.SetStatus(b"\x05" * 32, 0, 7, 1 << 255, True, 32, account.address, 0, 99)
    signature = eip712.sign(DOMAIN, message, account)
    assert Account._recover_hash(eip712.digest(DOMAIN, message), signature=signature) == account.address
    other = replace(DOMAIN, chain_id=1)
    assert eip712.digest(other, message) != eip712.digest(DOMAIN, message)


def test_the_right_chain_passes(world: World) -> None:
    check_chain(world.client, world.chain)


@pytest.mark.parametrize(
    ("change", "what"),
    [
        ({"chain_id": 1}, "chain id"),
        ({"genesis_hash": "0x" + "00" * 32}, "genesis hash"),
        ({"anchor_registry": "0x" + "11" * 20}, "code of anchor_registry"),
        ({"code_hashes": {}}, "code of trust_registry"),
    ],
)
def test_another_chain_is_refused_with_its_name_and_a_fix(
    world: World, change: dict[str, object], what: str
) -> None:
    with pytest.raises(ChainMismatch) as caught:
        check_chain(world.client, replace(world.chain, **change))  # type: ignore[arg-type]
    assert caught.value.what == what
    assert caught.value.fix


def test_a_dead_node_is_unavailable_and_not_a_refusal() -> None:
    with pytest.raises(ChainUnavailable):
        Client("http://127.0.0.1:9").chain_id()


def test_an_unknown_method_is_a_refusal(world: World) -> None:
    with pytest.raises(ChainRefused) as caught:
        world.client.request("eth_noSuchMethod")
    assert caught.value.code == -32601
    assert world.client.priority_fee(7) >= 0


def test_authority_names_what_is_missing(world: World) -> None:
    authority = Authority(world.client, world.chain, cache_seconds=0.0)
    now = authority.chain_time()
    firm, key = org_id(FIRM), make_key(FIRM).public
    member, school = role_mask(Role.MEMBER), role_mask(Role.SCHOOL)
    assert authority.trouble(firm, key, Kind.ACTIVITY, member, now) is None
    assert authority.trouble(firm, key, Kind.ACTIVITY, school, now) == "role_not_held"
    assert authority.trouble(firm, make_key(SCHOOL).public, Kind.ACTIVITY, 0, now) == "key_unknown"
    assert authority.trouble(firm, key, Kind(11), 0, now) is None
    assert authority.trouble(org_id("did:web:nobody.example"), key, 0, 0, now) == "not_accredited"


@pytest.mark.parametrize(
    ("window", "t", "trouble"),
    [
        (Window(0, 0, 0), 10, "unknown"),
        (Window(11, 0, 0), 10, "not_yet_active"),
        (Window(10, 0, 0), 10, None),
        (Window(1, 10, 0), 10, "ended"),
        (Window(1, 11, 0), 10, None),
        (Window(1, 0, 10), 10, "compromised"),
        (Window(1, 0, 11), 10, None),
    ],
)
def test_windows_are_open_from_and_not_including_the_end(window: Window, t: int, trouble: str | None) -> None:
    assert window.trouble_at(t) == trouble


def test_importing_web3_leaves_the_recursion_limit_alone() -> None:
    code = (
        "import json, sys; before = sys.getrecursionlimit()\n"
        "from trace_service.evm.client import _provider\n"
        "_provider('http://127.0.0.1:9')\n"
        "print(json.dumps([before, sys.getrecursionlimit(), 'web3' in sys.modules]))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True)
    before, after, imported = json.loads(done.stdout)
    assert (before, imported) == (after, True)
