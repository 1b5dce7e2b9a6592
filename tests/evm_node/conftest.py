"""Nodes for the tests of this folder."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from web3.contract import Contract

from tests.evm_node.client import Client
from tests.support.nodes import EmbeddedNode, anvil_node, embedded_node


@pytest.fixture(scope="module")
def embedded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmbeddedNode]:
    """An embedded chain shared by the tests of a module."""
    with embedded_node(tmp_path_factory.mktemp("embedded") / "chain") as node:
        yield node


@pytest.fixture
def chain_dir(tmp_path: Path) -> Path:
    """Where a test's own chain goes."""
    return tmp_path / "chain"


@pytest.fixture(scope="module", params=["embedded", pytest.param("anvil", marks=pytest.mark.node)])
def client(request: pytest.FixtureRequest) -> Iterator[Client]:
    """A client of each kind of node in turn."""
    if request.param == "embedded":
        yield Client(request.getfixturevalue("embedded"))
        return
    with anvil_node() as node:
        yield Client(node)


@pytest.fixture(scope="module")
def probe(client: Client) -> Contract:
    """The probe contract on that node."""
    return client.deploy_probe()
