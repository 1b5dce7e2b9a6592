"""The commands: accredit a new organisation, anchor on demand, change a status and annul it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from typer.testing import CliRunner

from tests.support.nodes import anvil_node
from tests.support.records import FIRM, SCHOOL
from tests.support.world import PASSPHRASE, World, make_installation
from trace_service import database
from trace_service.anchoring.service import REFUSALS
from trace_service.cli.main import make_app
from trace_service.config import Settings
from trace_service.keys.files import create
from trace_service.organisations.service import register
from verifier_cli.did import org_id
from verifier_cli.kinds import Kind, Role, kind_mask, role_mask

pytestmark = pytest.mark.node

NEW = "did:web:new.example"
INTERFACE = Path(__file__).parents[3] / "contracts" / "src" / "interfaces" / "IAnchorRegistry.sol"


@pytest.fixture
def installation(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[World, Settings]]:
    monkeypatch.setenv("TRACE_PASSPHRASE", PASSPHRASE)
    with anvil_node() as node:
        yield make_installation(node, tmp_path / "data")


def run(settings: Settings, *arguments: str) -> str:
    result = CliRunner().invoke(make_app(), [*arguments, "--data-dir", str(settings.data_dir)])
    assert result.exit_code == 0, (result.output, result.exception)
    return result.output


def test_an_organisation_gets_everything_it_needs_in_one_command(
    installation: tuple[World, Settings], tmp_path: Path
) -> None:
    world, settings = installation
    org_dir, owner_dir = tmp_path / "org", tmp_path / "owner"
    create(org_dir / "record.json", "ed25519", PASSPHRASE)
    manager = create(org_dir / "manage.json", "secp256k1", PASSPHRASE)
    owner = create(owner_dir / "manage.json", "secp256k1", PASSPHRASE)
    with database.write(world.engine) as connection:
        pk = register(connection, NEW, "新学校")
    _hand_over(world, owner)
    for _ in range(2):
        run(
            settings,
            *("org", "accredit", NEW, "--key-dir", str(owner_dir), "--org-dir", str(org_dir)),
            *("--role", "school", "--kind", "activity", "--kind", "credential"),
        )
    period = world.authority.period(org_id(NEW), world.authority.chain_time())
    assert period is not None
    assert period.kinds == kind_mask(Kind.ACTIVITY, Kind.CREDENTIAL)
    assert period.roles == role_mask(Role.SCHOOL)
    assert world.authority.account(org_id(NEW), manager).scopes == 4
    anchor = world.keyring.account("anchor", pk).address
    status = world.keyring.account("status", pk).address
    assert world.authority.account(org_id(NEW), anchor).scopes == 1
    assert world.authority.account(org_id(NEW), status).scopes == 2


def _hand_over(world: World, owner: str) -> None:
    """The registry's ownership moves to an account with a key file."""
    from tests.support.nodes import rpc
    from trace_service.evm.abi import codec
    from trace_service.evm.transact import transact

    registry = world.chain.trust_registry
    transact(world.client, world.owner, registry, codec("TrustRegistry").call("transferOwnership", owner))
    rpc(world.node.url, "anvil_setBalance", owner, hex(10**20))
    rpc(world.node.url, "anvil_impersonateAccount", owner)
    data = "0x" + codec("TrustRegistry").call("acceptOwnership").hex()
    rpc(world.node.url, "eth_sendTransaction", {"from": owner, "to": registry, "data": data})


def test_anchor_now_seals_and_waits_until_final(installation: tuple[World, Settings]) -> None:
    world, settings = installation
    world.add_record("activity.1")
    world.add_record("party.1", issuer=SCHOOL)
    output = run(settings, "anchor", "--now")
    assert len(re.findall(r"batch 0\t1 records\tfinal", output)) == 2
    assert "no batch yet" not in run(settings, "anchor")


def test_a_revocation_by_command_and_its_annulment_by_the_owner(
    installation: tuple[World, Settings], tmp_path: Path
) -> None:
    world, settings = installation
    record = world.add_record("activity.1", number=4)
    owner_dir = tmp_path / "owner"
    _hand_over(world, create(owner_dir / "manage.json", "secp256k1", PASSPHRASE))
    run(settings, "status", "change", FIRM, "revoke", record.id, "--reason", "issuedInError")
    run(settings, "anchor", "--now")
    assert "revoke\tissuedInError\tfinal" in run(settings, "status", "list", FIRM)
    word = ("AnchorRegistry", world.chain.anchor_registry, "statusWord", org_id(FIRM), 0, 0)
    assert world.client.call(*word) == 1 << 4
    run(settings, "status", "annul", record.id, "--key-dir", str(owner_dir))
    assert world.client.call(*word) == 0


def test_refusals_are_numbered_as_in_the_contract() -> None:
    body = re.search(r"enum Refusal \{(.*?)\}", INTERFACE.read_text("utf-8"), re.DOTALL)
    assert body is not None
    names = re.findall(r"^\s*([A-Z]\w+)", body[1], re.MULTILINE)
    assert tuple(names) == REFUSALS
