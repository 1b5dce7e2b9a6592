"""Places where linked records may be: files at hand, a place on the web, a service (protocol section 9).

Nothing that a source returns is trusted: the caller compares digests and verifies. A source may say that it
keeps a record back; that too is only its word, and a record that it does hand out is verified all the same.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final, NamedTuple, Protocol

from verifier_cli.encoding import digest_multibase, parse_digest_multibase
from verifier_cli.errors import CouldNotRead, DataError
from verifier_cli.proof_file import MAX_PROOF_FILE, ProofFile
from verifier_cli.record import Link, record_digest
from verifier_cli.wire import HttpConnection, HttpStatusError

__all__ = ["Collection", "Files", "Found", "Service", "Source", "Website", "Withheld", "digest_of"]

MAX_CITING: Final = 10_000
"""Records remembered as citing one record; a whole community builds on a standard."""

MAX_LINEAGE: Final = 64 << 20
"""Bytes of a service's answer: 10,000 records and their links."""

PROOF_FILES: Final = "/v1/proof-files"


@dataclass(frozen=True, slots=True)
class Found:
    """A proof file for a link: `name` for people, and its bytes."""

    name: str
    data: bytes


class Withheld(NamedTuple):
    """A record that exists, as its keeper says, and is not shown. `type` is the record type's name
    (`activity`), "" where the keeper does not say."""

    type: str


class Source(Protocol):
    """A place where linked records may be. `find` returns None for what it does not have; it raises
    CouldNotRead when it could not look. What it returns is checked by the caller, never trusted."""

    def find(self, link: Link) -> Found | Withheld | None:
        """A proof file whose record has the link's digest, or at least its id; or that it is kept back."""
        ...


class Files:
    """Proof files at hand, found by the digest of their record, else by its id."""

    def __init__(self, files: Iterable[tuple[str, bytes]]) -> None:
        self._by_digest: dict[bytes, list[Found]] = {}
        self._by_id: dict[str, Found] = {}
        for name, data in files:
            try:
                record = ProofFile.parse(data).record
                found = Found(name, data)
                digest = record_digest(record)
                self._by_digest.setdefault(digest, []).append(found)
                self._by_id.setdefault(str(record.get("id")), found)
                self._note(record, digest, found)
            except DataError:
                # Not a proof file: it is reported where it is verified itself, and nothing can link to it.
                continue

    def _note(self, record: dict[str, Any], digest: bytes, found: Found) -> None:
        """For collections that remember more of each file; the record is not validated yet."""

    def find(self, link: Link) -> Found | Withheld | None:
        """See `Source.find`."""
        return next(iter(self.copies(link)), None) or self._by_id.get(link.id)

    def copies(self, link: Link) -> list[Found]:
        """Every file with the link's very record; they may differ in proofs and anchor."""
        return self._by_digest.get(link.digest, [])


class Collection(Files):
    """Files that also know who cites whom, and which records their keeper withholds (a dossier's)."""

    def __init__(
        self, files: Iterable[tuple[str, bytes]], withheld: Mapping[bytes, str] | None = None
    ) -> None:
        self._citing: dict[str, dict[bytes, Found]] = {}
        self._withheld = withheld or {}
        super().__init__(files)

    def _note(self, record: dict[str, Any], digest: bytes, found: Found) -> None:
        for target in _targets(record):
            known = self._citing.setdefault(target, {})
            if len(known) <= MAX_CITING:
                known.setdefault(digest, found)

    def find(self, link: Link) -> Found | Withheld | None:
        """See `Source.find`: a file at hand first, whatever the keeper says about it."""
        found = super().find(link)
        if found is None and link.digest in self._withheld:
            return Withheld(self._withheld[link.digest])
        return found

    def citing(self, record_id: str, digest: bytes) -> list[Found]:
        """Files whose records say that they build on this one, by its digest or at least by its id."""
        found = {**self._citing.get(record_id, {}), **self._citing.get(digest_multibase(digest), {})}
        return list(found.values())


def _targets(record: dict[str, Any]) -> Iterator[str]:
    """Ids and digests that an unchecked record names in its links."""
    links = record.get("relatedResource")
    for entry in links if isinstance(links, list) else ():
        if isinstance(entry, dict):
            for name in ("id", "digestMultibase"):
                value = entry.get(name)
                if isinstance(value, str):
                    yield value


class Website:
    """A place that the user named; a proof file lives at `<url>/<digestMultibase of its record>`.

    Links inside records only ever contribute the digest, so no record can make us fetch from elsewhere.
    `api_key`, where the place asks for one, is sent to it and to nobody else.
    """

    def __init__(self, url: str, api_key: str | None = None) -> None:
        self._url = url.rstrip("/")
        self._api_key = api_key
        self._http = HttpConnection(self._url)

    def find(self, link: Link) -> Found | Withheld | None:
        """See `Source.find`."""
        return self.by_name(digest_multibase(link.digest))

    def by_name(self, name: str) -> Found | None:
        """The proof file under a digestMultibase; None where the place has none."""
        data = self.get(f"/{name}", MAX_PROOF_FILE)
        return None if data is None else Found(f"{self._url}/{name}", data)

    def get(self, tail: str, limit: int) -> bytes | None:
        """What the place answers under `<url><tail>`, at most `limit` bytes; None for 404 and 410.

        Raises CouldNotRead: no_access, or trouble with the connection.
        """
        try:
            target = self._http.target.rstrip("/") + tail
            return self._http.exchange("GET", target, None, limit, bearer=self._api_key)
        except HttpStatusError as error:
            if error.status in (404, 410):
                return None
            if error.status in (401, 403):
                raise CouldNotRead("no_access", f"HTTP status {error.status}") from None
            raise


class Service(Website):
    """A SkillTrace service: proof files, and what it says about a record's surroundings.

    Its word only tells where to look and what it keeps back; every record is fetched, compared and verified.
    """

    def __init__(self, url: str, api_key: str | None = None) -> None:
        self._base = url.rstrip("/").removesuffix(PROOF_FILES)
        super().__init__(self._base + PROOF_FILES, api_key)
        self._lineages = Website(self._base, api_key)
        self._withheld: dict[bytes, str] = {}
        self._citing: dict[bytes, list[bytes]] = {}

    def look_around(self, record_id: str, *, descendants: bool) -> None:
        """Ask for the lineage of a record. A service that does not know it leaves all as it was.

        Raises CouldNotRead.
        """
        import orjson

        wanted = "both" if descendants else "ancestors"
        answer = self._lineages.get(f"/v1/records/{record_id}/lineage?direction={wanted}", MAX_LINEAGE)
        try:
            value = {} if answer is None else orjson.loads(answer)
            for node in value.get("nodes", ()):
                if node["outcome"] == "WITHHELD":
                    self._withheld[parse_digest_multibase(node["digest"])] = str(node["type"] or "")
            for edge in value.get("edges", ()):
                target, source = (parse_digest_multibase(edge[end]) for end in ("target", "source"))
                self._citing.setdefault(target, []).append(source)
        except (ValueError, TypeError, KeyError, AttributeError, DataError):
            raise CouldNotRead("garbled", "the service's lineage is not of the form") from None

    def find(self, link: Link) -> Found | Withheld | None:
        """See `Source.find`."""
        found = super().find(link)
        if found is None and link.digest in self._withheld:
            return Withheld(self._withheld[link.digest])
        return found

    def citing(self, record_id: str, digest: bytes) -> list[Found]:
        """Proof files of records that the service says build on this one; those that it has not are left."""
        names = map(digest_multibase, self._citing.get(digest, [])[:MAX_CITING])
        return [found for found in map(self.by_name, names) if found is not None]


def digest_of(data: bytes) -> bytes | None:
    """record_digest of the record in a proof file; None where it is none."""
    try:
        return record_digest(ProofFile.parse(data).record)
    except DataError:
        return None
