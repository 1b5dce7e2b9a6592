"""Write the community as workbooks: `python -m samples.community --out FOLDER [--scale S] [--no-scenes]`."""

from __future__ import annotations

import argparse
from pathlib import Path

from samples.community.build import build
from samples.community.workbooks import rounds, write_files


def main() -> None:
    """Write workbooks, `import-order.json` and `organisations.json`, and print the counts."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--scale", type=float, default=1.0)
    parser.add_argument("--no-scenes", action="store_true")
    given = parser.parse_args()
    community = build(given.scale, with_scenes=not given.no_scenes)
    paths = write_files(community, given.out)
    for schema, count in community.counts().items():
        print(f"{count:>7} {schema}")
    left_out = rounds(community).left_out
    print(f"{len(community) - len(left_out):>7} records in {len(paths)} workbooks")
    for ref in left_out:
        print(f"        {ref} rests on records that no signer of it signed: not in a workbook")


if __name__ == "__main__":
    main()
