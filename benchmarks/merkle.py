"""Merkle trees: build, and extraction of every proof."""

from __future__ import annotations

import hashlib
import statistics

from benchmarks.model import Figure, Scale, times
from verifier_cli.merkle import Tree, root_from_path

TITLE = "Merkle tree: build, and the proofs of all leaves"
SIZES = {
    Scale.TINY: (100,),
    Scale.NORMAL: (1_000, 10_000, 100_000),
    Scale.FULL: (1_000, 10_000, 100_000, 1_000_000),
}
REPEATED_BELOW = 1_000_000  # larger trees are built once
REPEATS = 3
CHECKED = 20  # proofs of each tree that are held against its root


def run(scale: Scale) -> list[Figure]:
    """Build and extract for each size."""
    return [figure for size in SIZES[scale] for figure in _figures(size)]


def _figures(size: int) -> list[Figure]:
    leaves = [hashlib.sha256(number.to_bytes(8)).digest() for number in range(size)]
    repeats = REPEATS if size < REPEATED_BELOW else 1
    hashing = statistics.median(times(lambda: _bare_hashes(size - 1), repeats))
    build = statistics.median(times(lambda: Tree(leaves), repeats))
    tree = Tree(leaves)
    extract = statistics.median(times(lambda: _every_path(tree), repeats))
    for index in range(0, size, max(1, size // CHECKED)):
        assert root_from_path(leaves[index], index, size, tree.path(index)) == tree.root
    return [
        Figure(f"{size:,} leaves, build", round(build * 1000, 2), "ms"),
        Figure(f"{size:,} leaves, build over bare hashing", round(build / hashing, 2), "x"),
        Figure(f"{size:,} leaves, all proofs", round(extract * 1000, 2), "ms"),
        Figure(f"{size:,} leaves, each proof", round(extract / size * 1e6, 2), "us"),
    ]


def _bare_hashes(count: int) -> None:
    node = bytes(65)
    for _ in range(count):
        hashlib.sha256(node).digest()


def _every_path(tree: Tree) -> None:
    for index in range(tree.size):
        tree.path(index)
