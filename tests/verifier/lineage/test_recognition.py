"""Mutual recognition: an equivalent is as good as the agreement behind it on the day of the credential."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.support.records import FIRM, SCHOOL, link
from tests.verifier.lineage.ledger import REVOKED, SUPERSEDED, SUSPENDED, TRUST_TEXT, Ledger
from verifier_cli.cli import run
from verifier_cli.lineage import Collection, LineageExaminer
from verifier_cli.record import Record
from verifier_cli.report import Equivalent

ROWS = [{"achievement": "SNAD", "level": "3", "targetType": "EQF", "targetLevel": "4"}]
CLAIM = {
    "type": ["Alignment"],
    "targetName": "EQF level 4",
    "targetUrl": "https://eqf.example/4",
    "targetFramework": "EQF",
    "targetCode": "4",
}


class Bodies:
    """School and firm recognise each other; a certificate of SNAD, level 3, is valid from 2026-07-01."""

    def __init__(self) -> None:
        self.ledger = Ledger()
        self.standard = self.ledger.make("standard.1", name="standard")
        self.left_out: list[Record] = []

    def agreement(self, *links: tuple[str, Record], name: str = "agreement", **subject: Any) -> Record:
        """An agreement on recognition; `subject` changes members."""
        base = {
            "kind": "recognition",
            "code": "REC-1",
            "name": {"zh": "互认协议"},
            "from": "2025-01-01",
            "to": "2028-01-01",
            "parties": [{"id": SCHOOL, "role": "school"}, {"id": FIRM, "role": "leader"}],
            "recognition": {"framework": "EQF", "equivalences": ROWS},
            "terms": None,
            "scope": None,
        }
        valid_from = subject.pop("valid_from", "2025-01-01T00:00:00Z")
        return self.ledger.make(
            "agreement.1", *links, name=name, subject={**base, **subject}, validFrom=valid_from
        )

    def certificate(self, *agreements: Record, claims: Any = (CLAIM,), **changes: Any) -> Record:
        """A certificate under these agreements."""
        subject = changes.pop("subject", {})
        achievement = dict(self.ledger.make("credential.1").document["credentialSubject"]["achievement"])
        if claims:
            achievement["alignment"] = list(claims)
        links = [("recognisedUnder", agreement) for agreement in agreements]
        return self.ledger.make(
            "credential.1",
            ("awards", self.standard),
            *links,
            name="certificate",
            subject={"achievement": achievement, **subject},
            **changes,
        )

    def examine(self, certificate: Record, withheld: dict[bytes, str] | None = None) -> list[Equivalent]:
        """The equivalents of the certificate, from everything that is not left out."""
        place = Collection(self.ledger.files(*self.left_out), withheld)
        examiner = LineageExaminer([place], self.ledger.verifier())
        return list(examiner(certificate).equivalents)


@pytest.fixture
def bodies() -> Bodies:
    return Bodies()


def test_confirmed_by_an_agreement_in_force_that_lists_it(bodies: Bodies) -> None:
    agreement = bodies.agreement()
    found = bodies.examine(bodies.certificate(agreement))
    assert found == [Equivalent(agreement.id, "EQF", "EQF", "4", (SCHOOL, FIRM), None)]
    assert bodies.examine(bodies.certificate(agreement, claims=())) == found
    assert bodies.examine(bodies.certificate()) == []


def test_row_without_a_level_is_for_every_level(bodies: Bodies) -> None:
    rows = [{"achievement": "SNAD", "targetType": "ceterms:Credential", "targetLevel": "IHK-4"}]
    agreement = bodies.agreement(recognition={"framework": "IHK", "equivalences": rows})
    claim = {**CLAIM, "targetFramework": "IHK", "targetCode": "IHK-4"}
    (found,) = bodies.examine(bodies.certificate(agreement, claims=[claim]))
    assert (found.target_type, found.target_level, found.reason) == ("ceterms:Credential", "IHK-4", None)


Change = Callable[[Bodies], Record]


def _with(**subject: Any) -> Change:
    return lambda bodies: bodies.certificate(bodies.agreement(**subject))


def _status(plane: int) -> Change:
    def change(bodies: Bodies) -> Record:
        agreement = bodies.agreement()
        bodies.ledger.set_status(agreement, plane)
        return bodies.certificate(agreement)

    return change


def _missing(bodies: Bodies) -> Record:
    bodies.left_out = [bodies.agreement()]
    return bodies.certificate(*bodies.left_out)


def _no_standard(bodies: Bodies) -> Record:
    bodies.left_out = [bodies.standard]
    return bodies.certificate(bodies.agreement())


def _other_kind(bodies: Bodies) -> Record:
    return bodies.certificate(bodies.ledger.make("agreement.1", name="strategic"))


def _other_level(bodies: Bodies) -> Record:
    return bodies.certificate(bodies.agreement(), subject={"level": "4"})


def _newer(bodies: Bodies, *, valid_from: str, **subject: Any) -> Record:
    agreement = bodies.agreement()
    bodies.agreement(("supersedes", agreement), name="newer", valid_from=valid_from, **subject)
    bodies.ledger.set_status(agreement, SUPERSEDED)
    return bodies.certificate(agreement)


REFUSED: list[tuple[str, Change, str]] = [
    ("ended before", _with(ended={"on": "2026-07-01", "reason": "mutual"}), "agreement_ended"),
    ("expired", _with(to="2026-06-30"), "agreement_not_in_force"),
    ("not begun", _with(**{"from": "2026-07-02"}), "agreement_not_in_force"),
    (
        "other standard",
        _with(recognition={"framework": "EQF", "equivalences": [{**ROWS[0], "achievement": "OTHER"}]}),
        "not_listed",
    ),
    (
        "other target",
        _with(recognition={"framework": "EQF", "equivalences": [{**ROWS[0], "targetLevel": "5"}]}),
        "not_listed",
    ),
    ("other level", _other_level, "not_listed"),
    ("revoked", _status(REVOKED), "agreement_revoked"),
    ("suspended", _status(SUSPENDED), "agreement_suspended"),
    ("superseded, by nobody knows what", _status(SUPERSEDED), "agreement_superseded"),
    ("missing", _missing, "agreement_missing"),
    ("no standard", _no_standard, "standard_unknown"),
    ("other kind", _other_kind, "agreement_not_recognition"),
    (
        "replaced before",
        lambda b: _newer(b, valid_from="2026-06-30T00:00:00Z"),
        "agreement_superseded",
    ),
    (
        "ended by a newer revision",
        lambda b: _newer(
            b, valid_from="2026-09-01T00:00:00Z", ended={"on": "2026-05-01", "reason": "breach"}
        ),
        "agreement_ended",
    ),
]


@pytest.mark.parametrize(("change", "reason"), [c[1:] for c in REFUSED], ids=[c[0] for c in REFUSED])
def test_claim_is_not_confirmed(bodies: Bodies, change: Change, reason: str) -> None:
    found = bodies.examine(change(bodies))
    claims = [item for item in found if item.target_level == "4"]
    assert [item.reason for item in claims] == [reason]
    assert all(item.reason != "not_listed" for item in found if item not in claims)


BORDERS: list[tuple[str, Change]] = [
    ("first day", _with(**{"from": "2026-07-01"})),
    ("last day", _with(to="2026-07-01")),
    ("ended the day after", _with(ended={"on": "2026-07-02", "reason": "completed"})),
    ("replaced later", lambda b: _newer(b, valid_from="2026-07-02T00:00:00Z")),
    (
        "ended by a newer revision later",
        lambda b: _newer(
            b, valid_from="2026-09-01T00:00:00Z", ended={"on": "2026-07-02", "reason": "mutual"}
        ),
    ),
]


@pytest.mark.parametrize("change", [c[1] for c in BORDERS], ids=[c[0] for c in BORDERS])
def test_on_the_border_it_still_holds(bodies: Bodies, change: Change) -> None:
    assert [item.reason for item in bodies.examine(change(bodies))] == [None]


def test_days_are_those_of_shanghai(bodies: Bodies) -> None:
    """16:00 UTC on 30 June is 1 July there."""
    agreement = bodies.agreement(**{"from": "2026-07-01"})
    late = bodies.certificate(agreement, validFrom="2026-06-30T16:00:00Z")
    assert [item.reason for item in bodies.examine(late)] == [None]
    early = bodies.certificate(agreement, validFrom="2026-06-30T15:59:59Z")
    assert [item.reason for item in bodies.examine(early)] == ["agreement_not_in_force"]


def test_withheld_and_other_agreements_say_so(bodies: Bodies) -> None:
    agreement = bodies.agreement()
    certificate = bodies.certificate(agreement)
    bodies.left_out = [agreement]
    (found,) = bodies.examine(certificate, {agreement.digest: "agreement"})
    assert found.reason == "agreement_withheld"
    entry = {**link(agreement.document, "recognisedUnder"), "digestMultibase": _other_digest(bodies)}
    forged = bodies.ledger.make("credential.1", ("awards", bodies.standard), links=[entry])
    bodies.left_out = []
    assert [item.reason for item in bodies.examine(forged)] == ["agreement_digest_differs"]


def _other_digest(bodies: Bodies) -> str:
    other = str(link(bodies.standard.document, "awards")["digestMultibase"])
    return other[:-4] + ("AAAA" if not other.endswith("AAAA") else "BBBB")


def test_one_of_two_agreements_is_enough(bodies: Bodies) -> None:
    ended = bodies.agreement(name="a", to="2026-01-01")
    good = bodies.agreement(name="b")
    found = bodies.examine(bodies.certificate(ended, good))
    assert [(item.agreement, item.reason) for item in found] == [
        (ended.id, "agreement_not_in_force"),
        (good.id, None),
    ]


def test_forged_revision_ends_nothing(bodies: Bodies) -> None:
    """Another organisation's record may say that it supersedes; only the issuer's own does."""
    agreement = bodies.agreement()
    certificate = bodies.certificate(agreement)
    bodies.ledger.make(
        "agreement.1",
        ("supersedes", agreement),
        name="forged",
        issuer=FIRM,
        countersigners=[(SCHOOL, "school")],
        subject={
            **agreement.document["credentialSubject"],
            "ended": {"on": "2026-01-01", "reason": "breach"},
        },
    )
    assert [item.reason for item in bodies.examine(certificate)] == [None]


def test_shown_by_verify_and_lineage_and_outside_the_verdict(
    bodies: Bodies, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    certificate = bodies.certificate(bodies.agreement(to="2026-01-01"))
    good = bodies.certificate(bodies.agreement(name="good"))
    (tmp_path / "files").mkdir()
    for name, data in bodies.ledger.files():
        (tmp_path / "files" / name).write_bytes(data)
    for name, record in {"bad": certificate, "good": good}.items():
        (tmp_path / f"{name}.trace.json").write_bytes(bodies.ledger.file(record))
    (tmp_path / "t.toml").write_text(
        TRUST_TEXT.replace("snapshot_max_age = 604800", "snapshot_max_age = 99999999")
    )
    (tmp_path / "s.json").write_bytes(bodies.ledger.snapshot().serialise())
    common = ["--trust", str(tmp_path / "t.toml"), "--offline", "--snapshot", str(tmp_path / "s.json")]

    def show(command: str, name: str, *options: str) -> str:
        assert run([command, str(tmp_path / f"{name}.trace.json"), *common, *options]) == 0
        return str(capsys.readouterr().out)

    source = ["--source", str(tmp_path / "files")]
    came = ["--lineage", "--from", str(tmp_path / "files")]
    for text in (
        show("lineage", "good", *source, "--lang", "en"),
        show("verify", "good", *came, "--lang", "en"),
    ):
        assert f"✔ EQF 4: confirmed by the agreement of {SCHOOL} + {FIRM}" in text
    for text in (
        show("lineage", "bad", *source, "--lang", "en"),
        show("verify", "bad", *came, "--lang", "en"),
    ):
        assert "? EQF 4: NOT CONFIRMED: the agreement was not in force" in text
    assert "EQF 4：未经证实" in show("lineage", "bad", *source, "--lang", "zh")
    assert "--lineage" in show("verify", "good", "--lang", "en")
    value = json.loads(show("verify", "good", *came, "--json"))["lineage"]
    assert [item["confirmed"] for item in value["equivalents"]] == [True]
    graph = json.loads(show("lineage", "bad", *source, "--json"))
    assert (graph["exitCode"], graph["equivalents"][0]["reason"]) == (0, "agreement_not_in_force")
