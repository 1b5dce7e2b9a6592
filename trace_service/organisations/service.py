"""Registering organisations and their public record keys.

Registering gives no authority: that comes from the registry on chain. It says who may use this service.
"""

from __future__ import annotations

import unicodedata

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from trace_service.database import utc_now
from trace_service.organisations.queries import ORGANISATION, RECORD_KEY, open_record_keys, organisation_pk
from trace_service.problems import Problem
from verifier_cli.did import check_did_web, org_id
from verifier_cli.encoding import parse_multikey
from verifier_cli.errors import DataError

MAX_NAME = 200  # characters; the longest registered names of schools have about 60


def register(connection: Connection, did: str, name_zh: str, name_en: str = "") -> int:
    """Add an organisation and return its row; the same DID and names again return the row that is there.

    Raises `Problem` 422 for a DID that is not a did:web in its one spelling or a name out of range, and 409
    for a known DID under another name.
    """
    try:
        check_did_web(did)
    except DataError as error:
        raise Problem(
            422,
            "organisation.did",
            "Not a did:web",
            detail=error.reason,
            path="$.did",
            fix="use did:web:<host> in lower case, with A-labels and %3A before a port",
        ) from None
    names = [unicodedata.normalize("NFC", name.strip()) for name in (name_zh, name_en)]
    if not names[0] or max(map(len, names)) > MAX_NAME:
        raise Problem(
            422, "organisation.name", "Name out of range", path="$.name", fix=f"1 to {MAX_NAME} characters"
        )
    known = connection.execute(sa.select(ORGANISATION).where(ORGANISATION.c.did == did)).one_or_none()
    if known is not None:
        if [known.name_zh, known.name_en] != names:
            raise Problem(
                409, "organisation.exists", "This DID is registered under another name", path="$.did"
            )
        return int(known.pk)
    result = connection.execute(
        sa.insert(ORGANISATION)
        .values(
            did=did,
            org_id=org_id(did),
            name_zh=names[0],
            name_en=names[1],
            next_status_number=0,
            created_at=utc_now(),
        )
        .returning(ORGANISATION.c.pk)
    )
    return int(result.scalar_one())


def add_record_key(connection: Connection, did: str, multikey: str) -> None:
    """Make a public record key known; again changes nothing.

    Raises `Problem` 422 for anything but an Ed25519 multikey, 409 for a key that another organisation uses
    or that was ended: an ended key never returns (protocol section 5).
    """
    organisation = organisation_pk(connection, did)
    try:
        public_key = parse_multikey(multikey)
    except DataError as error:
        raise Problem(
            422, "record_key.form", "Not an Ed25519 multikey", detail=error.reason, path="$.key"
        ) from None
    if public_key in open_record_keys(connection, organisation):
        return
    if connection.execute(sa.select(RECORD_KEY.c.pk).where(RECORD_KEY.c.public_key == public_key)).scalar():
        raise Problem(
            409, "record_key.used", "This key was ended or belongs to another", fix="make a new key"
        )
    connection.execute(
        sa.insert(RECORD_KEY).values(
            organisation_pk=organisation, public_key=public_key, created_at=utc_now()
        )
    )


def end_record_key(connection: Connection, did: str, multikey: str) -> None:
    """Accept nothing more that is signed with this key; raises `Problem` 404 where it is not open."""
    organisation = organisation_pk(connection, did)
    ended = connection.execute(
        sa.update(RECORD_KEY)
        .where(
            RECORD_KEY.c.organisation_pk == organisation,
            RECORD_KEY.c.public_key == parse_multikey(multikey),
            RECORD_KEY.c.ended_at.is_(None),
        )
        .values(ended_at=utc_now())
    )
    if not ended.rowcount:
        raise Problem(404, "record_key.not_found", "No such open key")
