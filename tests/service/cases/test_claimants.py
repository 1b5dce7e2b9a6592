"""Others claim the name of a community: its members go on as before, who is in both says which."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import orjson
import pytest
from typer.testing import CliRunner

from tests.service.cases.watched import PERIOD, STRANGER, Watched, watched
from tests.service.indicators.anchored import COMMUNITY
from tests.support.records import FIRM, SCHOOL
from trace_service.cli.main import make_app
from verifier_cli.encoding import digest_multibase
from verifier_cli.record import Record

OPERATOR = "did:web:trace.example"
PATHS = ("/v1/indicators/values", "/v1/exceptions")


@dataclass
class Contested:
    """A community, its agreement, and a later one that says it were the community."""

    world: Watched
    ours: Record
    rival: Record

    @property
    def digests(self) -> list[str]:
        return [digest_multibase(digest) for digest in sorted((self.ours.digest, self.rival.digest))]

    def ask(self, path: str, did: str, community: str = COMMUNITY) -> tuple[int, dict[str, Any]]:
        answer = self.world.get(did, path, **PERIOD, community=community)
        return answer.status_code, answer.json()


@pytest.fixture(scope="module")
def contested(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Contested]:
    with watched(tmp_path_factory.mktemp("contested")) as world:
        made = world.community.world
        ours = next(record for record in made.made if record.schema == "agreement.1")
        claim = {**ours.document["credentialSubject"], "terms": None, "ended": None}
        # The school signs it as a witness and is no party.
        parties = [{"id": FIRM, "role": "leader"}]
        rival = made.add_record(
            "agreement.1",
            subject={**claim, "parties": parties},
            issuer=FIRM,
            countersigners=[(SCHOOL, "school")],
            number=70_000,
        )
        world.community.anchor()
        yield Contested(world, ours, rival)


@pytest.mark.parametrize("path", PATHS)
def test_a_party_of_one_is_not_disturbed(contested: Contested, path: str) -> None:
    status, body = contested.ask(path, SCHOOL)
    assert (status, body["community"]) == (200, COMMUNITY)


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("did", [FIRM, OPERATOR])
def test_who_is_in_both_or_in_none_is_told_which_there_are(contested: Contested, path: str, did: str) -> None:
    status, body = contested.ask(path, did)
    assert (status, body["code"], body["candidates"]) == (409, "indicators.community", contested.digests)


@pytest.mark.parametrize("path", PATHS)
def test_and_names_one_by_digest_or_record_id(contested: Contested, path: str) -> None:
    for name in (digest_multibase(contested.ours.digest), contested.ours.id):
        assert contested.ask(path, FIRM, name)[0] == 200
    status, body = contested.ask("/v1/indicators/values", FIRM, contested.ours.id)
    assert (status, body["community"]) == (200, COMMUNITY)


@pytest.mark.parametrize("path", PATHS)
def test_to_a_stranger_neither_exists(contested: Contested, path: str) -> None:
    for name in (COMMUNITY, contested.ours.id, *contested.digests):
        assert contested.ask(path, STRANGER, name)[0] == 404


@pytest.mark.parametrize("path", PATHS)
def test_who_is_in_one_cannot_read_the_other_by_its_digest(contested: Contested, path: str) -> None:
    assert contested.ask(path, SCHOOL, digest_multibase(contested.rival.digest))[0] == 404


def test_a_report_is_of_the_agreement_of_its_issuer(contested: Contested) -> None:
    fixed = ["indicators", "run", "--data-dir", str(contested.world.community.settings.data_dir), "--json"]
    asked = [*fixed, "--community", COMMUNITY, "--from", PERIOD["from"], "--to", PERIOD["to"]]
    app = make_app("indicators")
    assert CliRunner().invoke(app, asked).exit_code != 0
    told = CliRunner().invoke(app, [*asked, "--issuer", SCHOOL])
    assert told.exit_code == 0, told.output
    assert orjson.loads(told.stdout)["community"] == COMMUNITY
