"""Kill -9 loses nothing that was acknowledged; and the check that says so can fail."""

from pathlib import Path

import pytest

from tests.evm_node.client import Client
from tests.evm_node.kill_cycles import ChainLostSomethingError, Run, check, run_cycles
from tests.support.nodes import embedded_node, rpc

CYCLES = 10


@pytest.mark.faults
@pytest.mark.slow
def test_ten_kills_lose_nothing(chain_dir: Path) -> None:
    run = run_cycles(chain_dir, CYCLES, seed=1)
    assert run.cycles == CYCLES
    assert len(run.acknowledged) >= CYCLES
    # Held at after_accept, the client never got its answer: the cut is real.
    assert run.unanswered == CYCLES


@pytest.mark.faults
def test_the_check_notices_losses(chain_dir: Path) -> None:
    with embedded_node(chain_dir) as node:
        client = Client(node)
        client.send(value=1)
        head = rpc(node.url, "eth_getBlockByNumber", "latest", False)
        check(node.url, client.account.address, Run(acknowledged=head["transactions"]))
        invented = "0x" + "ab" * 32
        with pytest.raises(ChainLostSomethingError) as lost:
            check(node.url, client.account.address, Run(acknowledged=[*head["transactions"], invented]))
        assert lost.value.facts == ([invented],)
        with pytest.raises(ChainLostSomethingError):
            check(node.url, client.account.address, Run(blocks=[invented]))
