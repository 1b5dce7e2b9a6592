"""A service's public API as the source of an audit: leaf lists without a key, records with one that may read
them.
"""

from __future__ import annotations

import http.client
import re
from collections.abc import Iterator
from typing import Any, Final
from urllib.parse import urlsplit

import orjson

from verifier_cli.audit.sources import SourceError
from verifier_cli.did import org_id
from verifier_cli.errors import CouldNotRead, DataError
from verifier_cli.leaf_list import MAX_LINE, MAX_RECORD_LINE, LeafListError

TIMEOUT_SECONDS: Final = 60
"""One answer of a busy service; lists are streamed, so this is a pause, not a length."""
MAX_PAGE_BYTES: Final = 4 << 20
"""One page of organisations or batches."""
READ_BYTES: Final = 1 << 16
"""Bytes taken from the connection at a time."""
MAX_PAGES: Final = 100_000
"""Pages of one listing: a service whose cursor never ends is stopped here."""
CURSOR: Final = re.compile(r"[A-Za-z0-9_-]{1,200}")
NOT_GIVEN: Final = (401, 403, 404)
"""Answers that mean: not for you, or not there. The records are then withheld."""


class HttpSource:
    """Reads ``<base>/v1/public/...``; a connection per request, so that an audit may take its time.

    Besides the errors of `Source`, every read raises `CouldNotRead` ("service_unreadable") for a network or a
    server in trouble.
    """

    def __init__(self, base: str, api_key: str | None = None) -> None:
        parts = urlsplit(base)
        self._secure = parts.scheme == "https"
        self._address = parts.hostname or "", parts.port
        self._prefix = parts.path.rstrip("/") + "/v1/public"
        self._headers = {} if api_key is None else {"Authorization": f"Bearer {api_key}"}

    def organisations(self) -> list[str]:
        """DIDs that the service publishes."""
        found = [str(item.get("did")) for item in self._items("/organisations")]
        for did in found:
            try:
                org_id(did)
            except DataError as error:
                raise SourceError("/organisations", f"{did!r}: {error.reason}") from None
        return found

    def sequences(self, did: str) -> list[int]:
        """Sequences of the organisation's published batches."""
        path = f"/organisations/{org_id(did).hex()}/batches"
        found = [item.get("sequence") for item in self._items(path)]
        numbers = [number for number in found if type(number) is int and number >= 0]
        if len(numbers) != len(found):
            raise SourceError(path, "a sequence is not a number")
        return numbers

    def leaves(self, did: str, sequence: int) -> Iterator[bytes]:
        """Lines of a leaf list."""
        return self._lines(f"/organisations/{org_id(did).hex()}/batches/{sequence}/leaves", MAX_LINE)

    def records(self, did: str, sequence: int) -> Iterator[bytes]:
        """Lines of records; none where the key may not read them."""
        return self._lines(f"/organisations/{org_id(did).hex()}/batches/{sequence}/records", MAX_RECORD_LINE)

    def _items(self, path: str) -> Iterator[dict[str, Any]]:
        cursor = ""
        for _ in range(MAX_PAGES):
            page = self._page(path + cursor)
            items = page.get("items")
            if not isinstance(items, list) or not all(isinstance(item, dict) for item in items):
                raise SourceError(path, "a page without items")
            yield from items
            after = page.get("next")
            if after is None:
                return
            if not isinstance(after, str) or not CURSOR.fullmatch(after):
                raise SourceError(path, "a page with an impossible cursor")
            cursor = f"?cursor={after}"
        raise SourceError(path, f"more than {MAX_PAGES} pages")

    def _page(self, path: str) -> dict[str, Any]:
        connection, response = self._get(path)
        try:
            data = response.read(MAX_PAGE_BYTES + 1)
        except (OSError, http.client.HTTPException) as error:
            raise _trouble(path, f"the answer broke off: {error}") from None
        finally:
            connection.close()
        if response.length and len(data) <= MAX_PAGE_BYTES:
            raise _trouble(path, "the answer broke off")
        if response.status >= http.client.INTERNAL_SERVER_ERROR:
            raise _trouble(path, f"status {response.status}")
        if response.status != http.client.OK or len(data) > MAX_PAGE_BYTES:
            raise SourceError(path, f"status {response.status}, {len(data)} bytes")
        try:
            value = orjson.loads(data)
        except orjson.JSONDecodeError as error:
            raise SourceError(path, f"not JSON: {error.msg}") from None
        if not isinstance(value, dict):
            raise SourceError(path, "not an object")
        return value

    def _lines(self, path: str, limit: int) -> Iterator[bytes]:
        connection, response = self._get(path)
        try:
            if response.status in NOT_GIVEN:
                return
            if response.status != http.client.OK:
                raise _trouble(path, f"status {response.status}")
            yield from _split(response, path, limit)
        except (OSError, http.client.HTTPException) as error:
            raise _trouble(path, f"the answer broke off: {error}") from None
        finally:
            connection.close()

    def _get(self, path: str) -> tuple[http.client.HTTPConnection, http.client.HTTPResponse]:
        kind = http.client.HTTPSConnection if self._secure else http.client.HTTPConnection
        connection = kind(*self._address, timeout=TIMEOUT_SECONDS)
        try:
            connection.request("GET", self._prefix + path, headers=self._headers)
            return connection, connection.getresponse()
        except (OSError, http.client.HTTPException) as error:
            connection.close()
            raise _trouble(path, f"the service does not answer: {error}") from None


def _split(response: http.client.HTTPResponse, path: str, limit: int) -> Iterator[bytes]:
    """Lines of an answer. Not `readline`: that takes a chunked answer which breaks off for a whole one."""
    rest = b""
    while data := response.read1(READ_BYTES):
        *lines, rest = (rest + data).split(b"\n")
        if max(map(len, (rest, *lines))) > limit:
            raise LeafListError(path, f"a line is longer than {limit} bytes")
        for line in lines:
            yield line + b"\n"
    if rest or response.length:
        raise _trouble(path, "the answer broke off")


def _trouble(path: str, detail: str) -> CouldNotRead:
    """Trouble with the network says nothing about the records: the audit ends undecided."""
    return CouldNotRead("service_unreadable", f"{path}: {detail}")
