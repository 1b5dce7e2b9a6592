"""Writes attack vectors on proof files and chain states: `python -m tests.vectors.generate_chain_attacks`.

A vector is a golden proof file with a JSON Patch (`file`, `patch`) or a text, read against the golden
snapshot with a JSON Patch (`state`) and a golden trust file, at `checkedAt`. Its verdict is named, and where
that is not VALID the step that decides and the stable reason code; `remarks` where there are some.
"""

from __future__ import annotations

from tests.vectors import chain_file_attacks as files
from tests.vectors import chain_state_attacks as states
from tests.vectors.chain_vectors import ACTIVITY, CREDENTIAL, VALID, Vector, make_vector
from tests.vectors.generate_attacks import ATTACKS
from tests.vectors.generate_golden import text_of

FILE = "chain.json"


def chain_attacks() -> list[Vector]:
    """Every vector of the file."""
    untouched = [
        make_vector(f"untouched {name}", VALID, "", "", base=name) for name in (ACTIVITY, CREDENTIAL)
    ]
    return [
        *untouched,
        *files.swapped_parts(),
        *files.inclusion_paths(),
        *files.proof_files(),
        *files.other_versions_and_deployments(),
        *files.signer_sets(),
        *files.texts(),
        *states.keys_and_accounts(),
        *states.strangers_and_clocks(),
        *states.accreditations(),
        *states.batches(),
        *states.status_bits(),
        *states.snapshots(),
    ]


def main() -> None:
    """Write the file."""
    (ATTACKS / FILE).write_text(text_of(chain_attacks()), encoding="utf-8")


if __name__ == "__main__":
    main()
