"""The crash campaign: a sound build survives it, a broken one does not."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import pytest

import trace_service
from tests.faults.broken_build import ANSWER_BEFORE_COMMIT, ANSWERED, SEND_BEFORE_STORE
from tests.faults.campaign import RANDOM, TARGETS, Campaign, Target
from tests.faults.site import Site, Victim
from tests.service import countersigning

CYCLES = 10
PURPOSES = ("anchor", "status")  # of transactions; "fill" needs a nonce that somebody else took

pytestmark = [pytest.mark.faults, pytest.mark.slow, pytest.mark.timeout(1800)]


@pytest.fixture(scope="module")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An installation at rest; making one takes longer than some campaigns."""
    home = tmp_path_factory.mktemp("prepared")
    site = Site(home)
    try:
        site.set_up()
    finally:
        code = site.stop()
    assert code == 0
    site.engine.dispose()  # the last connection writes the log back into the file
    return home


@pytest.fixture
def home(prepared: Path, tmp_path: Path) -> Path:
    """A copy of it."""
    return shutil.copytree(prepared, tmp_path / "site")


def test_nothing_is_lost_double_or_missing(home: Path) -> None:
    campaign = Campaign(home, CYCLES)
    verdict = campaign.run()
    assert verdict.in_words() == []
    assert len(campaign.kills) == CYCLES
    assert len({target.victim for target in campaign.kills}) == 4
    assert verdict.records == len(campaign.ledger.records) > 0
    assert set(campaign.ledger.by_way()) == {
        "posted signed",
        "drafted, signed in bulk",
        "drafted, countersigned",
        "imported",
    }
    assert campaign.ledger.revoked
    assert campaign.ledger.answers_lost > 0


def test_a_build_that_sends_before_it_stores_is_found_out(home: Path) -> None:
    target = Target(Victim.WORKER, "anchor.after_send")
    campaign = Campaign(home, 1, targets=[target], build=SEND_BEFORE_STORE)
    verdict = campaign.run()
    assert not verdict.sound
    assert verdict.unfiled[0] == 1
    assert verdict.lost.total() == verdict.double.total() == 0


def test_a_build_that_answers_before_it_commits_is_found_out(home: Path) -> None:
    campaign = Campaign(home, 1, targets=[Target(Victim.API, ANSWERED)], build=ANSWER_BEFORE_COMMIT)
    verdict = campaign.run()
    assert verdict.lost[0] >= 1
    assert any(defect.startswith("fsck: code=promise_broken") for defect in verdict.defects)
    assert any(defect.startswith("lost: mark-") for defect in verdict.defects)


def _killed_by_tests_of_their_own() -> set[str]:
    source = Path(countersigning.__file__).with_name("test_crash.py").read_text("utf-8")
    return set(re.findall(r'"((?:approvals|rejections|revision)\.[a-z_]+)"', source))


def test_every_hold_point_of_the_service_is_aimed_at() -> None:
    root = Path(trace_service.__file__).parent
    source = "".join(path.read_text("utf-8") for path in sorted(root.rglob("*.py")))
    plain = set(re.findall(r'\bhold\("([a-z_.]+)"\)', source))
    parts = set(re.findall(r'\bhold\(f"\{[a-z_.]+\}\.([a-z_]+)"\)', source))
    calls = len(re.findall(r"\n +hold\(", source))
    assert calls >= len(plain) + len(parts)
    wanted = plain | {f"{purpose}.{part}" for purpose in PURPOSES for part in parts}
    aimed = {target.point for target in TARGETS} - {RANDOM}
    # The campaign has no people who approve or revise: their tests kill there themselves.
    assert wanted - aimed == _killed_by_tests_of_their_own()
    assert aimed <= wanted
    assert len(set(TARGETS)) == len(TARGETS)
    assert {target.victim for target in TARGETS if target.point == RANDOM} == set(Victim)
