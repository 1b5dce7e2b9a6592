"""Status numbers: unique per organisation, given out by whole words of 256 (protocol section 2.6).

Neighbours in a word share one storage write when a class is revoked, and hide each other: inside a word the
order is random, so that a number says nothing of the order of issue.
"""

from __future__ import annotations

import secrets

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from trace_service.organisations.queries import ORGANISATION
from trace_service.problems import Problem
from trace_service.records.queries import RECORD

WORD = 256  # bits of one storage word
MAX_NUMBER = 10**13 - 1  # protocol 2.6: at most 13 digits

_random = secrets.SystemRandom()


def reserve_words(connection: Connection, organisation_pk: int, count: int) -> list[int]:
    """Return ``count`` fresh numbers of whole words, each word in random order; the rest of the last stays
    free."""
    words = -(-count // WORD)
    first = _take_words(connection, organisation_pk, words)
    numbers: list[int] = []
    for word in range(first, first + words):
        inside = list(range(word * WORD, (word + 1) * WORD))
        _random.shuffle(inside)
        numbers += inside
    return numbers[:count]


def next_numbers(connection: Connection, organisation_pk: int, count: int) -> list[int]:
    """Return ``count`` numbers from the organisation's open word, opening the next one where it is full."""
    numbers: list[int] = []
    while len(numbers) < count:
        word = connection.execute(
            sa.select(ORGANISATION.c.open_status_word)
            .where(ORGANISATION.c.pk == organisation_pk)
            .with_for_update(key_share=True)
        ).scalar_one()
        free = [] if word is None else sorted(_free(connection, organisation_pk, word) - set(numbers))
        if not free:
            word = _take_words(connection, organisation_pk, 1)
            connection.execute(
                sa.update(ORGANISATION)
                .where(ORGANISATION.c.pk == organisation_pk)
                .values(open_status_word=word)
            )
            free = list(range(word * WORD, (word + 1) * WORD))
        numbers += _random.sample(free, min(len(free), count - len(numbers)))
    return numbers


def check_reserved(connection: Connection, organisation_pk: int, number: int) -> None:
    """Raise `Problem` 422 unless ``number`` was reserved and no record has it."""
    reserved = connection.execute(
        sa.select(ORGANISATION.c.next_status_number).where(ORGANISATION.c.pk == organisation_pk)
    ).scalar_one()
    taken = connection.execute(
        sa.select(RECORD.c.pk).where(
            RECORD.c.organisation_pk == organisation_pk, RECORD.c.status_number == number
        )
    ).scalar()
    if number >= reserved or taken is not None:
        raise Problem(
            422,
            "record.status_number",
            "The status number is taken or was never reserved",
            path="$.document.credentialStatus.id",
            fix="reserve numbers with POST /v1/status-numbers",
        )


def _take_words(connection: Connection, organisation_pk: int, words: int) -> int:
    after = connection.execute(
        sa.update(ORGANISATION)
        .where(ORGANISATION.c.pk == organisation_pk)
        .values(next_status_number=ORGANISATION.c.next_status_number + words * WORD)
        .returning(ORGANISATION.c.next_status_number)
    ).scalar_one()
    if after - 1 > MAX_NUMBER:
        raise Problem(409, "record.numbers_exhausted", "The organisation's status numbers are used up")
    return int(after) // WORD - words


def _free(connection: Connection, organisation_pk: int, word: int) -> set[int]:
    low, high = word * WORD, (word + 1) * WORD
    used = connection.execute(
        sa.select(RECORD.c.status_number).where(
            RECORD.c.organisation_pk == organisation_pk,
            RECORD.c.status_number >= low,
            RECORD.c.status_number < high,
        )
    ).scalars()
    return set(range(low, high)) - set(used)
