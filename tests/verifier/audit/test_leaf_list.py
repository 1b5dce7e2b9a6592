"""The leaf list format: what is written is read back, and each limit is tried at and past it."""

from __future__ import annotations

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.support.records import SCHOOL
from verifier_cli.encoding import b64url_encode
from verifier_cli.leaf_list import (
    MAX_AUTHORISATIONS,
    MAX_LEAVES,
    MAX_LINE,
    MAX_TILES,
    TILE_LEAVES,
    Authorisation,
    LeafListError,
    LeafListHeader,
    Tile,
    header_line,
    parse_header,
    parse_tile,
    record_line,
    split_record_line,
    tile_line,
    tile_number,
    tiles_of,
)

HASH = st.binary(min_size=32, max_size=32)
LEAF = st.tuples(HASH, HASH, HASH)


def header(**members: object) -> LeafListHeader:
    """A header with some members changed."""
    plain: dict[str, object] = {
        "organisation": SCHOOL,
        "sequence": 3,
        "root": b"\x01" * 32,
        "count": 5,
        "kinds": 128,
        "format": 1,
    }
    return LeafListHeader(**(plain | members))  # type: ignore[arg-type]


def test_a_header_comes_back() -> None:
    given_ = Authorisation(b"\xaa" * 20, 1_800_000_000, b"\x05" * 65)
    value = header(authorisations=(given_, given_))
    assert parse_header(header_line(value)) == value


@pytest.mark.parametrize(
    ("name", "most"), [("sequence", 2**64 - 1), ("count", MAX_LEAVES), ("kinds", 2**24 - 1), ("format", 255)]
)
def test_numbers_of_a_header_end_where_the_contract_ends(name: str, most: int) -> None:
    assert getattr(parse_header(header_line(header(**{name: most}))), name) == most
    line = header_line(header(**{name: 7})).replace(f'"{name}":7'.encode(), f'"{name}":{most + 1}'.encode())
    with pytest.raises(LeafListError) as caught:
        parse_header(line)
    assert caught.value.path == f"$.{name}"


def test_authorisations_are_bounded() -> None:
    one = Authorisation(b"\xaa" * 20, 1, b"")
    assert len(parse_header(header_line(header(authorisations=(one,) * 500))).authorisations) == 500
    value = orjson.loads(header_line(header()))
    value["authorisations"] = [0] * (MAX_AUTHORISATIONS + 1)
    with pytest.raises(LeafListError) as caught:
        parse_header(orjson.dumps(value))
    assert caught.value.path == "$.authorisations"


@settings(max_examples=50)
@given(st.lists(LEAF, min_size=1, max_size=600), st.booleans())
def test_tiles_come_back(leaves: list[tuple[bytes, bytes, bytes]], stored: bool) -> None:
    hashes = [b"\x07" * 32] * 3 if stored else []
    tiles = list(tiles_of(leaves, hashes))
    again = [parse_tile(tile_line(tile)) for tile in tiles]
    assert again == tiles
    assert [tile.count for tile in tiles[:-1]] == [TILE_LEAVES] * (len(tiles) - 1)
    assert b"".join(tile.leaf_hashes for tile in tiles) == b"".join(leaf[2] for leaf in leaves)
    assert all((tile.hash is None) != stored for tile in tiles)


def test_missing_leaves_belong_to_the_tile() -> None:
    column = bytes(32 * 3)
    tile = Tile(2, None, column, column, column, (512, 514))
    assert parse_tile(tile_line(tile)) == tile
    for place in (511, 515, -1):
        with pytest.raises(LeafListError) as caught:
            parse_tile(tile_line(Tile(2, None, column, column, column, (place,))))
        assert caught.value.path == "$.missing"


def test_a_tile_has_at_most_256_leaves() -> None:
    whole = bytes(32 * TILE_LEAVES)
    full = tile_line(Tile(MAX_TILES - 1, bytes(32), whole, whole, whole, ()))
    assert len(full) <= MAX_LINE
    assert parse_tile(full).count == TILE_LEAVES
    more = whole + bytes(32)
    with pytest.raises(LeafListError) as caught:
        parse_tile(tile_line(Tile(0, None, more, more, more)))
    assert caught.value.path == "$.recordDigests"


def test_the_number_of_a_tile_ends_with_the_largest_batch() -> None:
    assert tile_number(b'{"tile":%d,' % (MAX_TILES - 1)) == MAX_TILES - 1
    with pytest.raises(LeafListError):
        tile_number(b'{"tile":%d,' % MAX_TILES)


def test_columns_of_different_length_are_refused() -> None:
    with pytest.raises(LeafListError) as caught:
        parse_tile(tile_line(Tile(0, None, bytes(64), bytes(64), bytes(32))))
    assert caught.value.path == "$.leafHashes"


def test_a_line_beyond_the_limit_is_not_parsed() -> None:
    line = b'{"tile":0,"x":"' + b"a" * MAX_LINE + b'"}'
    with pytest.raises(LeafListError) as caught:
        parse_tile(line)
    assert caught.value.path == "$"


def test_hashes_of_another_length_are_refused() -> None:
    value = orjson.loads(header_line(header()))
    value["root"] = b64url_encode(bytes(31))
    with pytest.raises(LeafListError) as caught:
        parse_header(orjson.dumps(value))
    assert caught.value.path == "$.root"


@pytest.mark.parametrize("index", [None, 0, 7, MAX_LEAVES - 1])
def test_a_record_line_keeps_the_bytes_of_its_record(index: int | None) -> None:
    record = b'{"a":"\xe5\xad\xa6","record":{"leafIndex":1,"record":2}}'
    assert split_record_line(record_line(index, record)) == (index, record)
    assert split_record_line(record_line(index, record).replace(b"\n", b"\r\n")) == (index, record)


@pytest.mark.parametrize(
    "line",
    [
        b"",
        b"{}",
        b'{"leafIndex":1}',
        b'{"leafIndex":1,"record":{}}x',
        b'{"leafIndex":-1,"record":{}}',
        b'{"leafIndex":1.0,"record":{}}',
        b'{"leafIndex":12345678901,"record":{}}',
        b' {"leafIndex":1,"record":{}}',
        b'{"record":{},"leafIndex":1}',
    ],
)
def test_other_record_lines_are_refused(line: bytes) -> None:
    with pytest.raises(LeafListError):
        split_record_line(line)
