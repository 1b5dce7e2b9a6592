"""Clients of a service that dies under them. Each keeps asking until it is answered, and repeats a request
whose answer was lost with the same idempotency key.
"""

from __future__ import annotations

import random
import threading
import time
import uuid
from typing import Any

import orjson

from tests.faults.ledger import Ledger
from tests.faults.wire import RETRY_PAUSE, UnexpectedAnswerError, Wire
from tests.support.records import sample_document, sign
from tests.support.service import SCHOOL, activity, party
from trace_service.signer.proofs import RecordSigner
from verifier_cli.encoding import digest_multibase, format_time, parse_digest_multibase
from verifier_cli.record import record_digest

NUMBERS = 256  # status numbers reserved at a time: one word
BULK = 16  # proofs in one request
ROWS = 12  # of an imported file
REPEAT_ONE_IN = 8  # answered requests of which one is made again
FILE_HEADER = "主体标识,名称,类别,角色,所属单位,登记日期"


class Client(threading.Thread):
    """Takes one step after another until it is asked to stop; a request under way is brought to its end."""

    pause = 0.1  # seconds between steps

    def __init__(self, wire: Wire, ledger: Ledger, stop: threading.Event) -> None:
        super().__init__(name=type(self).__name__, daemon=True)
        self.wire, self.ledger, self.asked_to_stop = wire, ledger, stop
        self.random = random.Random(type(self).__name__)

    def run(self) -> None:
        """Go on; what goes wrong is left in the ledger."""
        try:
            while not self.asked_to_stop.wait(self.pause):
                self.step()
            self.finish()
        except BaseException as error:
            self.ledger.failures.append(error)

    def step(self) -> None:
        """Ask for one thing and see it answered."""
        raise NotImplementedError

    def finish(self) -> None:
        """See to the end what takes longer than a step."""

    def post_record(self, body: dict[str, Any], *codes: int) -> dict[str, Any]:
        """POST /v1/records with a fresh key; now and then a second time, which must answer the same."""
        content, key = orjson.dumps(body), str(uuid.uuid4())
        answer = self.wire.send("POST", "/v1/records", *codes, key=key, content=content)
        if self.random.randrange(REPEAT_ONE_IN) == 0:
            again = self.wire.send("POST", "/v1/records", *codes, key=key, content=content)
            self.ledger.count("repeated")
            if again.content != answer.content:
                self.ledger.break_word(f"repeated: {again.text}, before: {answer.text}")
        found: dict[str, Any] = answer.json()
        return found

    def receipt(self, record_id: str) -> dict[str, Any] | None:
        """The receipt of a record; None while it is not complete."""
        answer = self.wire.send("GET", f"/v1/records/{record_id}/receipt", 200, 409)
        return answer.json() if answer.status_code == 200 else None


class DirectClient(Client):
    """An organisation with software of its own: composes and signs records itself, one a request."""

    pause = 0.05

    def __init__(self, signer: RecordSigner, chain: tuple[int, str], *rest: Any) -> None:
        super().__init__(*rest)
        self.signer = signer
        self.chain_id, self.registry = chain
        self._numbers: list[int] = []
        self.ids: list[str] = []

    def step(self) -> None:
        """One signed record; the answer carries its receipt."""
        mark = self.ledger.new_mark()
        document = sample_document(
            "party.1",
            name=str(uuid.uuid4()),
            number=self._number(),
            issuer=self.signer.did,
            chain_id=self.chain_id,
            registry=self.registry,
            subject={
                "id": f"urn:uuid:{uuid.uuid4()}",
                "kind": "person",
                "name": {"zh": mark},
                "roles": ["trainee"],
                "registerNumber": None,
            },
        )
        proof = sign(document, self.signer.did, self.signer.key, format_time(int(time.time())))
        answer = self.post_record({"document": {**document, "proof": [proof]}}, 201)
        digest = digest_multibase(record_digest(document))
        self.ledger.acknowledge(mark, "posted signed", digest, answer["receipt"])
        self.ids.append(document["id"])

    def _number(self) -> int:
        if not self._numbers:
            answer = self.wire.send("POST", "/v1/status-numbers", 201, json={"count": NUMBERS})
            self._numbers = answer.json()["numbers"]
        return self._numbers.pop()


class BulkClient(Client):
    """The same organisation's other software: drafts at the service, hands proofs in many at a time."""

    pause = 0.5

    def __init__(self, signer: RecordSigner, *rest: Any) -> None:
        super().__init__(*rest)
        self.signer = signer

    def step(self) -> None:
        """Draft some records, then complete all of them with one request."""
        waiting: dict[str, tuple[str, str]] = {}  # (mark, id) by digest
        for _ in range(BULK):
            mark = self.ledger.new_mark()
            answer = self.post_record(party(subject=party()["subject"] | {"name": {"zh": mark}}), 202)
            self.ledger.acknowledge(mark, "drafted, signed in bulk", answer["recordDigest"])
            waiting[answer["recordDigest"]] = mark, answer["id"]
        created = int(time.time())
        items = [
            {
                "digest": digest,
                "proof": orjson.Fragment(
                    self.signer.proof(parse_digest_multibase(digest), "party.1", created)
                ),
            }
            for digest in waiting
        ]
        content = orjson.dumps({"items": items})
        results = self.wire.send("POST", "/v1/signing/proofs", 200, content=content).json()["items"]
        for result in results:
            mark, record_id = waiting[result["digest"]]
            # Where the first answer was lost, the second says "already"; the receipt is there to be fetched.
            receipt = result.get("receipt") or self.receipt(record_id)
            if receipt is None:
                self.ledger.break_word(f"{mark}: {result['result']}, yet there is no receipt")
            else:
                self.ledger.keep_receipt(mark, receipt)


class DraftClient(Client):
    """A firm that drafts practice logs; its own signer and the school's complete them."""

    pause = 0.15

    def __init__(self, *rest: Any) -> None:
        super().__init__(*rest)
        self._waiting: dict[str, str] = {}  # id of the record by mark

    def step(self) -> None:
        """One draft, and a look at the oldest one that waits."""
        mark = self.ledger.new_mark()
        answer = self.post_record(activity(subject=activity()["subject"] | {"project": mark}), 202)
        self.ledger.acknowledge(mark, "drafted, countersigned", answer["recordDigest"])
        self._waiting[mark] = answer["id"]
        self._look(next(iter(self._waiting)))

    def finish(self) -> None:
        """Every draft is signed by both in the end."""
        while self._waiting:
            self._look(next(iter(self._waiting)))
            time.sleep(RETRY_PAUSE)

    def _look(self, mark: str) -> None:
        receipt = self.receipt(self._waiting[mark])
        if receipt is not None:
            self.ledger.keep_receipt(mark, receipt)
            del self._waiting[mark]


class ImportClient(Client):
    """A school that uploads one file after another."""

    pause = 0.1

    def __init__(self, *rest: Any) -> None:
        super().__init__(*rest)
        self._job: str | None = None
        self._marks: list[str] = []

    def step(self) -> None:
        """Upload a file, or look how the last one is doing."""
        if self._job is None:
            self._upload()
        else:
            self._look(self._job)

    def finish(self) -> None:
        """The last file's import ends too."""
        while self._job is not None:
            self._look(self._job)
            time.sleep(RETRY_PAUSE)

    def _upload(self) -> None:
        self._marks = [self.ledger.new_mark() for _ in range(ROWS)]
        rows = (f"{mark},{mark},个人,教师,{SCHOOL},2026-07-01" for mark in self._marks)
        data = "\n".join([FILE_HEADER, *rows, ""]).encode()
        answer = self.wire.send(
            "POST",
            "/v1/imports",
            202,
            key=str(uuid.uuid4()),
            files={"file": ("parties.csv", data)},
            data={"type": "parties"},
        )
        self._job = answer.json()["id"]

    def _look(self, job: str) -> None:
        found = self.wire.send("GET", f"/v1/imports/{job}", 200).json()
        if found["state"] != "finished":
            return
        if (found["outcome"], found["drafted"]) != ("imported", ROWS):
            raise UnexpectedAnswerError(200, str(found))
        for mark in self._marks:
            self.ledger.acknowledge(mark, "imported")
        self._job = None


class StatusClient(Client):
    """Revokes records that were acknowledged."""

    pause = 0.7

    def __init__(self, ids: list[str], *rest: Any) -> None:
        super().__init__(*rest)
        self._ids = ids
        self._tried: set[str] = set()

    def step(self) -> None:
        """Revoke one record that is not revoked yet."""
        chosen = next((record for record in reversed(self._ids) if record not in self._tried), None)
        if chosen is None:
            return
        self._tried.add(chosen)
        body = {"changes": [{"record": chosen, "action": "revoke"}]}
        first, again = (self.wire.send("POST", "/v1/status-changes", 202, 404, json=body) for _ in range(2))
        self.ledger.count("repeated")
        if (first.status_code, first.content) != (again.status_code, again.content):
            self.ledger.break_word(f"revocation of {chosen}: {first.text}, then {again.text}")
        if first.status_code == 404:
            self.ledger.break_word(f"{chosen} was acknowledged, and is not known")
        else:
            self.ledger.revoked.add(chosen)
