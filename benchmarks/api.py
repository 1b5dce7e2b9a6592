"""Latency of one record over HTTP: a real server process, its database on disk, kept-alive connections."""

from __future__ import annotations

import http.client
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from urllib.parse import urlsplit

import orjson

from benchmarks.model import Figure, Scale, latency
from benchmarks.sample import awards
from tests.support.installation import PASSPHRASES, Installation, Running, make_installation
from tests.support.service import SCHOOL
from trace_service.config import load_settings
from trace_service.keys.files import load_ed25519
from trace_service.records.compose import Draft, LinkIndex, compose
from trace_service.signer.proofs import RecordSigner
from verifier_cli.encoding import digest_multibase, parse_digest_multibase

TITLE = "One record over HTTP (201 after a durable commit)"
CLIENTS = 4
WARMUP = 20
SCHEMA = "credential.1"


def run(scale: Scale) -> list[Figure]:
    """Records drafted and proved in two requests, and complete ones in a single request."""
    count = scale.pick(5, 200, 1_000)
    with TemporaryDirectory(prefix="bench-api-") as folder:
        installation = make_installation(Path(folder))
        school = _School(installation)
        with installation.serving() as service:
            client = _Client(installation, service)
            bodies = iter(school.complete(client, WARMUP + count + CLIENTS * count))
            for _ in range(WARMUP):
                client.post("/v1/records", next(bodies), 201)
            two = [_two_steps(client, school, draft) for draft in awards(SCHOOL, count)]
            one = [client.post("/v1/records", next(bodies), 201)[1] for _ in range(count)]
            clients = [_Client(installation, service) for _ in range(CLIENTS)]
            shares = [[next(bodies) for _ in range(count)] for _ in clients]
            started = time.perf_counter()
            with ThreadPoolExecutor(CLIENTS) as pool:
                many = [taken for part in pool.map(_Client.post_all, clients, shares) for taken in part]
            rate = len(many) / (time.perf_counter() - started)
    return [
        *latency("draft (202)", [first for first, _ in two]),
        *latency("its proof (201)", [second for _, second in two]),
        *latency("complete record in one request (201)", one),
        *latency(f"the same, {CLIENTS} clients", many),
        Figure(f"{CLIENTS} clients together", round(rate), "records/s"),
    ]


class _Client:
    """One kept-alive connection with the school's API key."""

    def __init__(self, installation: Installation, service: Running) -> None:
        at = urlsplit(service.url)
        assert at.hostname is not None
        self._http = http.client.HTTPConnection(at.hostname, at.port, timeout=60)
        self._headers = {
            "Authorization": f"Bearer {installation.api_key(SCHOOL)}",
            "Content-Type": "application/json",
        }

    def post(self, path: str, body: bytes, status: int) -> tuple[Any, float]:
        """The answer, which must have this status, and its seconds."""
        started = time.perf_counter()
        self._http.request("POST", path, body, self._headers)
        response = self._http.getresponse()
        answer = response.read()
        taken = time.perf_counter() - started
        assert response.status == status, answer
        return orjson.loads(answer), taken

    def post_all(self, bodies: list[bytes]) -> list[float]:
        """Seconds of each of these complete records."""
        return [self.post("/v1/records", body, 201)[1] for body in bodies]


class _School:
    """Composes and signs as an organisation with software of its own does."""

    def __init__(self, installation: Installation) -> None:
        key = load_ed25519(installation.org_dir(SCHOOL) / "record.json", PASSPHRASES[SCHOOL])
        self.signer = RecordSigner(SCHOOL, key)
        self._chain = load_settings(installation.data_dir).chain

    def complete(self, client: _Client, count: int) -> list[bytes]:
        """Bodies with signed documents, for numbers reserved at the service."""
        wanted = orjson.dumps({"count": count})
        numbers = client.post("/v1/status-numbers", wanted, 201)[0]["numbers"]
        pairs = zip(awards(SCHOOL, count), numbers, strict=False)
        return [self._signed(draft, number) for draft, number in pairs]

    def _signed(self, draft: Draft, number: int) -> bytes:
        record = compose(draft, SCHOOL, self._chain, number, LinkIndex())
        proof = self.signer.proof(record.digest, SCHEMA, int(time.time()))
        return b'{"document":%s,"proof":[%s]}}' % (record.canonical[:-1], proof)


def _two_steps(client: _Client, school: _School, draft: Draft) -> tuple[float, float]:
    links = [
        {"id": link.id, "rel": link.rel, "digestMultibase": digest_multibase(link.digest)}
        for link in draft.links
        if link.digest is not None
    ]
    body = {"schema": SCHEMA, "subject": draft.subject, "validFrom": draft.valid_from, "links": links}
    drafted, first = client.post("/v1/records", orjson.dumps(body), 202)
    digest = parse_digest_multibase(drafted["recordDigest"])
    proof = school.signer.proof(digest, SCHEMA, int(time.time()))
    _, second = client.post(f"/v1/records/{drafted['id']}/proofs", proof, 201)
    return first, second
