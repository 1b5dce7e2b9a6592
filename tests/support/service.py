"""A service for tests: a migrated database, organisations with keys, and the application behind a real port.

::

    service = make_service(tmp_path)
    with service.client(FIRM) as firm:
        firm.post("/v1/records", json=activity())
"""

from __future__ import annotations

import tempfile
import threading
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any

import httpx
import orjson
import uvicorn
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from fastapi import FastAPI
from sqlalchemy.engine import Engine

from trace_service.app import create_app
from trace_service.config import ChainSettings, Settings
from trace_service.database import make_engine, write
from trace_service.migrate import upgrade
from trace_service.organisations import service as organisations
from trace_service.records.compose import Draft
from trace_service.records.requests import DraftBody
from trace_service.security import SCOPES, create_key
from trace_service.signer.proofs import RecordSigner
from verifier_cli.encoding import digest_multibase, multikey, parse_digest_multibase

FIRM = "did:web:firm.example"
SCHOOL = "did:web:school.example"
OTHER = "did:web:other.example"
OPERATOR = "did:web:trace.example"
NAMES = {FIRM: "示例企业", SCHOOL: "示例学校", OTHER: "另一企业", OPERATOR: "运营方"}
MEMBER = frozenset(SCOPES) - {"admin"}
START_SECONDS = 20

CHAIN = ChainSettings(
    embedded=True,
    chain_id=730_119,
    rpc_url="",
    genesis_hash="0x" + "ab" * 32,
    trust_registry="0x" + "11" * 20,
    anchor_registry="0x" + "22" * 20,
    evidence_reader="0x" + "33" * 20,
)


@dataclass
class Service:
    """One service: its parts, the organisations' signers and API keys, and a clock that tests can set."""

    settings: Settings
    engine: Engine
    receipt_key: Ed25519PrivateKey
    signers: dict[str, RecordSigner]
    api_keys: dict[str, str]
    now: int = field(default_factory=lambda: int(time.time()))
    url: str = ""

    def app(self) -> FastAPI:
        """The application over the same database."""
        return create_app(self.settings, self.engine, receipt_key=self.receipt_key, clock=lambda: self.now)

    def client(self, did: str | None = None) -> httpx.Client:
        """A client with the API key of ``did``, or with none."""
        headers = {"Authorization": f"Bearer {self.api_keys[did]}"} if did else {}
        return httpx.Client(base_url=self.url, headers=headers, trust_env=False, timeout=30)

    def proof(self, did: str, digest: str, created: int | None = None, schema: str = "activity.1") -> Any:
        """The proof of ``did`` for the record with this digestMultibase."""
        made = self.signers[did].proof(
            parse_digest_multibase(digest), schema, self.now if created is None else created
        )
        return orjson.loads(made)

    def sign(self, did: str, digest: str) -> dict[str, Any]:
        """Hand in the proof of ``did`` over HTTP and return its result."""
        with self.client(did) as client:
            answer = client.post(
                "/v1/signing/proofs", json={"items": [{"digest": digest, "proof": self.proof(did, digest)}]}
            )
        assert answer.status_code == 200, answer.text
        result: dict[str, Any] = answer.json()["items"][0]
        return result


def make_service(data_dir: Path, database_url: str | None = None) -> Service:
    """A service with firm, school, another firm and the operator, all with one record key and one API key.

    ``database_url`` names a migrated database; without one it is a fresh file of SQLite.
    """
    if database_url is None:
        (data_dir / "skilltrace.db").write_bytes(_migrated())
        database_url = f"sqlite:///{data_dir / 'skilltrace.db'}"
    settings = Settings(data_dir=data_dir, database_url=database_url, operator=OPERATOR, chain=CHAIN)
    engine = make_engine(settings.database_url)
    signers, api_keys = {}, {}
    with write(engine) as connection:
        for did, name in NAMES.items():
            signers[did] = RecordSigner(did, Ed25519PrivateKey.generate())
            pk = organisations.register(connection, did, name)
            organisations.add_record_key(connection, did, multikey(signers[did].public_key))
            scopes = frozenset({"admin", "read"}) if did == OPERATOR else MEMBER
            api_keys[did] = create_key(connection, pk, scopes)
    return Service(settings, engine, Ed25519PrivateKey.generate(), signers, api_keys)


@lru_cache(maxsize=1)
def _migrated() -> bytes:
    """An empty database at the newest version: migrating takes longer than most tests."""
    with tempfile.TemporaryDirectory() as scratch:
        path = Path(scratch) / "skilltrace.db"
        engine = make_engine(f"sqlite:///{path}")
        upgrade(engine)
        engine.dispose()  # the last connection writes the log back into the file
        return path.read_bytes()


@contextmanager
def running(service: Service) -> Iterator[Service]:
    """Serve on a free port in a thread, with ``service.url`` set."""
    server = uvicorn.Server(
        uvicorn.Config(service.app(), host="127.0.0.1", port=0, access_log=False, log_config=None)
    )
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    deadline = time.monotonic() + START_SECONDS
    while not server.started:
        assert thread.is_alive(), "the server died at start"
        assert time.monotonic() < deadline, "the server did not start"
        time.sleep(0.01)
    service.url = f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
    try:
        yield service
    finally:
        server.should_exit = True
        thread.join()
        service.engine.dispose()


def person() -> str:
    """A fresh name of a trainee."""
    return f"urn:uuid:{uuid.uuid4()}"


def activity(**changes: Any) -> dict[str, Any]:
    """A practice log of one day, issued by the caller, countersigned by the school: a body of POST
    /v1/records."""
    body: dict[str, Any] = {
        "schema": "activity.1",
        "subject": {
            "id": person(),
            "type": ["Activity"],
            "role": "trainee",
            "kind": "practice",
            "project": "温室传感网络安装",
            "days": [{"date": "2026-07-01", "start": "08:30", "end": "17:00", "breakMinutes": 60}],
        },
        "validFrom": "2026-07-03T00:00:00Z",
        "countersigners": [{"id": SCHOOL, "role": "school"}],
    }
    return body | changes


def party(**changes: Any) -> dict[str, Any]:
    """A record that needs no countersigner: a body of POST /v1/records."""
    body: dict[str, Any] = {
        "schema": "party.1",
        "subject": {
            "id": person(),
            "type": ["Party"],
            "kind": "person",
            "name": {"zh": "张三"},
            "roles": ["trainee"],
        },
        "validFrom": "2026-07-03T00:00:00Z",
    }
    return body | changes


def draft(body: dict[str, Any], issuer: str) -> Draft:
    """The same as a draft for calls within the process."""
    return DraftBody.model_validate(body).draft(issuer)


def multibase(digest: bytes) -> str:
    """A record digest as the API writes it."""
    return digest_multibase(digest)
