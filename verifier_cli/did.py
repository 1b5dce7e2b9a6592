"""Names of parties: did:web for organisations, did:key for persons (protocol 1).

A did:web is accepted in exactly one spelling, because `org_id` hashes its text.
"""

from __future__ import annotations

import hashlib
import re
from functools import lru_cache

from verifier_cli.encoding import parse_multikey
from verifier_cli.errors import DataError

__all__ = ["check_did_web", "did_key_public", "did_web_host", "is_organisation", "org_id"]

MAX_DID_CHARS = 255  # a DNS name has at most 253; the contract stores the text in an event
_LABEL = r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?"
# The last label of a host is no number: did:web forbids IP addresses.
_DID_WEB = re.compile(
    rf"did:web:((?:{_LABEL}\.)*(?![0-9]+(?:%3A|:|\Z)){_LABEL})(?:%3A([1-9][0-9]{{0,4}}))?"
    r"((?::(?!\.{1,2}(?::|\Z))[a-z0-9._-]+)*)"
)
MAX_PORT = 65535
_CACHE = 4096  # organisations met by one process; a chain has tens


@lru_cache(maxsize=_CACHE)
def _host(did: str) -> str:
    match = _DID_WEB.fullmatch(did) if len(did) <= MAX_DID_CHARS else None
    if match is None:
        raise DataError("did", "not a did:web in lower case with A-labels and %3A before a port")
    host, port = match[1], match[2]
    if port is None:
        return str(host)
    if int(port) > MAX_PORT:
        raise DataError("did", "port above 65535")
    return f"{host}:{port}"


def check_did_web(did: str) -> None:
    """Raises DataError unless `did` is a did:web in its only accepted spelling."""
    _host(did)


def did_web_host(did: str) -> str:
    """Host, with `:port` where there is one, of a did:web. Raises DataError."""
    return _host(did)


@lru_cache(maxsize=_CACHE)
def org_id(did: str) -> bytes:
    """SHA-256 of the did:web text: the organisation's identifier on chain. Raises DataError."""
    check_did_web(did)
    return hashlib.sha256(did.encode()).digest()


@lru_cache(maxsize=_CACHE)
def did_key_public(did: str) -> bytes:
    """The 32-byte Ed25519 public key of a did:key. Raises DataError."""
    if not did.startswith("did:key:"):
        raise DataError("did", "not a did:key")
    return parse_multikey(did[8:])


def is_organisation(did: str) -> bool:
    """Whether the name is a did:web in its accepted spelling; everything else names a person or nothing."""
    try:
        check_did_web(did)
    except DataError:
        return False
    return True
