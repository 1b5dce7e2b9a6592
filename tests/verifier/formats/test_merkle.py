"""Tree and inclusion paths against a recursive reference, and every way a path can be wrong (protocol 4)."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.verifier.formats import slow_reference as slow
from verifier_cli import merkle
from verifier_cli.errors import InclusionError, MisuseError
from verifier_cli.merkle import Tree, leaf_hash, node_hash, path_length, root, root_from_path

if TYPE_CHECKING:
    from collections.abc import Callable


def _leaves(count: int) -> list[bytes]:
    return [leaf_hash(hashlib.sha256(b"%d" % n).digest(), bytes(32)) for n in range(count)]


def test_hashes() -> None:
    assert leaf_hash(b"a" * 32, b"b" * 32) == slow.sha256(b"\x00" + b"a" * 32 + b"b" * 32)
    assert node_hash(b"a" * 32, b"b" * 32) == slow.sha256(b"\x01" + b"a" * 32 + b"b" * 32)


@settings(max_examples=60, deadline=None)
@given(st.integers(1, 300))
def test_equals_the_recursive_definition(size: int) -> None:
    leaves = _leaves(size)
    tree = Tree(leaves)
    assert tree.root == root(leaves) == slow.tree_root(leaves)
    for index in {0, 1, size // 2, size - 2, size - 1} & set(range(size)):
        path = tree.path(index)
        assert path == slow.tree_path(index, leaves)
        assert len(path) == path_length(index, size)
        assert root_from_path(leaves[index], index, size, path) == tree.root


@pytest.mark.parametrize("size", range(1, 34))
def test_every_path_of_small_trees(size: int) -> None:
    leaves = _leaves(size)
    tree = Tree(leaves)
    for index, leaf in enumerate(leaves):
        assert root_from_path(leaf, index, size, tree.path(index)) == tree.root
        assert tree.path(index) == slow.tree_path(index, leaves)


@pytest.mark.parametrize("size", [1, 255, 256, 257, 511, 600])
def test_tiles(size: int) -> None:
    leaves = _leaves(size)
    for width in (1, 4, 256):
        tiles = Tree(leaves).tiles(width)
        assert tiles == [slow.tree_root(leaves[at : at + width]) for at in range(0, size, width)]
    assert slow.tree_root(Tree(leaves).tiles()) == Tree(leaves).root


SIZE = 11
LEAVES = _leaves(SIZE)
TREE = Tree(LEAVES)


def _flip(node: bytes) -> bytes:
    return bytes([node[0] ^ 1]) + node[1:]


ALTERED: dict[str, Callable[[int, list[bytes]], tuple[bytes, int, int, list[bytes]]]] = {
    "leaf": lambda i, p: (_flip(LEAVES[i]), i, SIZE, p),
    "index plus one": lambda i, p: (LEAVES[i], i + 1, SIZE, p),
    "index minus one": lambda i, p: (LEAVES[i], i - 1, SIZE, p),
    "index of the sibling": lambda i, p: (LEAVES[i], i ^ 1, SIZE, p),
    "index beyond": lambda i, p: (LEAVES[i], i + SIZE, SIZE, p),
    "size doubled": lambda i, p: (LEAVES[i], i, 2 * SIZE, p),
    "size halved": lambda i, p: (LEAVES[i], i, SIZE // 2, p),
    "size zero": lambda i, p: (LEAVES[i], i, 0, p),
    "size negative": lambda i, p: (LEAVES[i], i, -SIZE, p),
    "path without its first": lambda i, p: (LEAVES[i], i, SIZE, p[1:]),
    "path without its last": lambda i, p: (LEAVES[i], i, SIZE, p[:-1]),
    "path with the root": lambda i, p: (LEAVES[i], i, SIZE, [*p, TREE.root]),
    "path with the leaf before": lambda i, p: (LEAVES[i], i, SIZE, [LEAVES[i], *p]),
    "path reversed": lambda i, p: (LEAVES[i], i, SIZE, p[::-1]),
    "first node altered": lambda i, p: (LEAVES[i], i, SIZE, [_flip(p[0]), *p[1:]]),
    "last node altered": lambda i, p: (LEAVES[i], i, SIZE, [*p[:-1], _flip(p[-1])]),
    "short node": lambda i, p: (LEAVES[i], i, SIZE, [p[0][:31], *p[1:]]),
    "long node": lambda i, p: (LEAVES[i], i, SIZE, [p[0] + b"\0", *p[1:]]),
    "long leaf": lambda i, p: (LEAVES[i] + b"\0", i, SIZE, p),
    "inner node as leaf": lambda i, p: (TREE._levels[1][:32], i, SIZE, p),
    "inner node as leaf, shorter path": lambda i, p: (
        node_hash(LEAVES[i & ~1], LEAVES[i | 1]),
        i,
        SIZE,
        p[1:],
    ),
    "inner node as leaf of a smaller tree": lambda i, p: (LEAVES[i], i // 2, 6, p[1:]),
}


@pytest.mark.parametrize("name", ALTERED)
@pytest.mark.parametrize("index", [0, 3, 6, 9])
def test_altered_paths_do_not_lead_to_the_root(name: str, index: int) -> None:
    leaf, at, size, path = ALTERED[name](index, TREE.path(index))
    try:
        found = root_from_path(leaf, at, size, path)
    except InclusionError as error:
        found = error.reason.encode()
    assert found != TREE.root


@pytest.mark.parametrize(
    "name", [name for name in ALTERED if name.startswith(("size", "path w", "short", "long"))]
)
def test_impossible_shapes_are_refused(name: str) -> None:
    leaf, at, size, path = ALTERED[name](3, TREE.path(3))
    with pytest.raises(InclusionError):
        root_from_path(leaf, at, size, path)


def test_no_node_is_duplicated() -> None:
    """[a, b, c] and [a, b, c, c] have different roots."""
    assert root(_leaves(3)) != root([*_leaves(3), _leaves(3)[2]])


def test_the_root_of_a_tree_is_no_leaf_of_it() -> None:
    """A one-leaf tree over an inner node has that node as root, but never the root of the larger tree."""
    inner = node_hash(LEAVES[0], LEAVES[1])
    assert root([inner]) == inner
    assert root([inner, *LEAVES[2:4]]) != root(LEAVES[:4])


def test_size_limit() -> None:
    leaf = bytes(32)
    path = [bytes(32)] * 20
    assert root_from_path(leaf, merkle.MAX_LEAVES - 1, merkle.MAX_LEAVES, path)
    with pytest.raises(InclusionError):
        root_from_path(leaf, 0, merkle.MAX_LEAVES + 1, [*path, leaf])


@pytest.mark.parametrize("leaves", [[], [bytes(31)], [bytes(32), bytes(33)]])
def test_misuse(leaves: list[bytes]) -> None:
    with pytest.raises(MisuseError):
        Tree(leaves)
    with pytest.raises(MisuseError):
        root(leaves)


def test_too_many_leaves() -> None:
    with pytest.raises(MisuseError):
        root([bytes(32)] * (merkle.MAX_LEAVES + 1))


@pytest.mark.parametrize("index", [-1, SIZE, 10**9])
def test_path_outside_the_tree(index: int) -> None:
    with pytest.raises(MisuseError):
        TREE.path(index)
    with pytest.raises(MisuseError):
        path_length(index, SIZE)


@pytest.mark.parametrize("width", [0, -1, 3, 255])
def test_tile_width(width: int) -> None:
    with pytest.raises(MisuseError):
        TREE.tiles(width)


def test_leaf_is_made_of_digests() -> None:
    for pair in ((bytes(31), bytes(32)), (bytes(32), bytes(33))):
        with pytest.raises(MisuseError):
            leaf_hash(*pair)
