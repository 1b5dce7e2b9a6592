"""The trust file: round trip, and every error with its path (protocol section 8)."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from tests.support.records import make_key
from tests.verifier.verification.world import DEPLOYMENT, REGULATOR
from verifier_cli.errors import TrustFileError
from verifier_cli.trust import MAX_TRUST_FILE, RootLimit, SnapshotSigner, Trust, check_rpc_url, write_trust

FULL = replace(
    DEPLOYMENT,
    name='quoted "name" \\ 链\n',
    state="frozen",
    rpc=("http://127.0.0.1:8545", "https://node.example/v1?key=x"),
    agree=2,
    finality="latest",
    settle_seconds=30,
    max_head_age=60,
    max_skew=5,
    snapshot_max_age=86400,
    final_snapshot_sha256=b"\x0f" * 32,
    roots=(RootLimit(REGULATOR, 255, 3), RootLimit("did:web:other.example", 1, 1)),
)
SIGNER = SnapshotSigner("ministry", make_key("ministry").public)
TEXT = write_trust([DEPLOYMENT])


def test_what_is_written_is_read_back() -> None:
    trust = Trust.parse(write_trust([DEPLOYMENT, replace(FULL, chain_id=5)], [SIGNER]))
    assert trust == Trust((DEPLOYMENT, replace(FULL, chain_id=5)), (SIGNER,))
    assert trust.find(5, FULL.anchor_registry) == replace(FULL, chain_id=5)
    assert trust.find(6, FULL.anchor_registry) is None
    assert trust.find(5, bytes(20)) is None


def test_defaults_hold_where_nothing_is_said() -> None:
    left_out = ("state", "finality", "rpc", "agree", "settle", "max_", "snapshot_max")
    lines = [line for line in TEXT.splitlines() if not line.startswith(left_out)]
    assert Trust.parse("\n".join(lines)).deployments == (DEPLOYMENT,)


def _with(old: str, new: str) -> str:
    assert old in TEXT
    return TEXT.replace(old, new, 1)


HASH = "0x" + "07" * 32
REFUSED: list[tuple[str, str, str]] = [
    ("not TOML", "version = ", "$"),
    ("no version", TEXT.replace("version = 1", ""), "$.version"),
    ("later version", TEXT.replace("version = 1", "version = 2"), "$.version"),
    ("version as text", TEXT.replace("version = 1", 'version = "1"'), "$.version"),
    ("no deployment", "version = 1", "$.deployment"),
    ("deployment as text", 'version = 1\ndeployment = "x"', "$.deployment"),
    ("deployment of numbers", "version = 1\ndeployment = [1]", "$.deployment"),
    ("unknown member at the top", "trust_everybody = true\n" + TEXT, "$.trust_everybody"),
    ("unknown member", _with("agree = 1", "agree = 1\nsettle_second = 3"), "$.deployment[0].settle_second"),
    ("same deployment twice", TEXT + TEXT.replace("version = 1", ""), "$.deployment"),
    ("name missing", _with('name = "memory"', ""), "$.deployment[0].name"),
    ("chain id zero", _with("chain_id = 20261", "chain_id = 0"), "$.deployment[0].chain_id"),
    ("chain id true", _with("chain_id = 20261", "chain_id = true"), "$.deployment[0].chain_id"),
    ("genesis too short", _with(HASH, "0x07"), "$.deployment[0].genesis_hash"),
    ("genesis without 0x", _with(HASH, "07" * 33), "$.deployment[0].genesis_hash"),
    (
        "code hash missing",
        _with('evidence_reader = "0x' + "03" * 32 + '"', ""),
        "$.deployment[0].code_hashes.evidence_reader",
    ),
    ("unknown code hash", TEXT + 'proxy = "0x00"\n', "$.deployment[0].code_hashes.proxy"),
    ("operator no DID", _with("did:web:operator.example", "operator"), "$.deployment[0].operator"),
    ("unknown state", _with('state = "active"', 'state = "asleep"'), "$.deployment[0].state"),
    (
        "frozen without its snapshot",
        _with('state = "active"', 'state = "frozen"'),
        "$.deployment[0].final_snapshot_sha256",
    ),
    (
        "snapshot of a living chain",
        _with("agree = 1", f'agree = 1\nfinal_snapshot_sha256 = "{HASH}"'),
        "$.deployment[0].final_snapshot_sha256",
    ),
    ("unknown finality", _with('finality = "finalized"', 'finality = "safe"'), "$.deployment[0].finality"),
    ("more must agree than there are", _with("agree = 1", "agree = 2"), "$.deployment[0].agree"),
    ("nobody must agree", _with("agree = 1", "agree = 0"), "$.deployment[0].agree"),
    ("rpc as text", _with("rpc = []", 'rpc = "http://a"'), "$.deployment[0].rpc"),
    ("rpc of numbers", _with("rpc = []", "rpc = [1]"), "$.deployment[0].rpc[0]"),
    ("rpc file", _with("rpc = []", 'rpc = ["file:///etc/passwd"]'), "$.deployment[0].rpc[0]"),
    ("rpc with a user", _with("rpc = []", 'rpc = ["http://u:p@a"]'), "$.deployment[0].rpc[0]"),
    ("rpc twice", _with("rpc = []", 'rpc = ["http://a", "http://a"]'), "$.deployment[0].rpc"),
    (
        "age in milliseconds",
        _with("max_head_age = 300", "max_head_age = 300000000000"),
        "$.deployment[0].max_head_age",
    ),
    ("negative wait", _with("settle_seconds = 0", "settle_seconds = -1"), "$.deployment[0].settle_seconds"),
    (
        "root of no kind",
        TEXT + f'[[deployment.root]]\norg = "{REGULATOR}"\nkinds = 0\n',
        "$.deployment[0].root[0].kinds",
    ),
    (
        "signer without key",
        TEXT + '[[snapshot_signer]]\nname = "x"\nmultikey = "z6Mk"\n',
        "$.snapshot_signer[0].multikey",
    ),
]


@pytest.mark.parametrize(("text", "path"), [c[1:] for c in REFUSED], ids=[c[0] for c in REFUSED])
def test_refused_with_its_path(text: str, path: str) -> None:
    with pytest.raises(TrustFileError) as caught:
        Trust.parse(text)
    assert caught.value.path == path


def test_file_errors_are_typed(tmp_path: Path) -> None:
    place = tmp_path / "trust.toml"
    with pytest.raises(TrustFileError):
        Trust.load(place)
    place.write_bytes(b"\xff\xfe")
    with pytest.raises(TrustFileError):
        Trust.load(place)
    place.write_bytes(b"#" * (MAX_TRUST_FILE + 1))
    with pytest.raises(TrustFileError):
        Trust.load(place)
    place.write_text(TEXT.ljust(MAX_TRUST_FILE, "\n"))
    assert Trust.load(place).deployments == (DEPLOYMENT,)


@pytest.mark.parametrize(
    "url", ["", "ftp://a", "http://", "http:///x", "http://a b", "http://a#x", "javascript:x"]
)
def test_only_plain_web_addresses_are_nodes(url: str) -> None:
    with pytest.raises(TrustFileError):
        check_rpc_url(url, "--rpc")
