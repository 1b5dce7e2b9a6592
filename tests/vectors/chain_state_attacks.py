"""Attack vectors that change what the chain says: keys, accounts, accreditations, batches, status."""

from __future__ import annotations

from typing import Any

from tests.support import records as samples
from tests.vectors.chain_vectors import (
    CREDENTIAL,
    EARLIER,
    FIRM,
    LATER,
    NOT_VALID,
    REMARKS,
    SCHOOL,
    TOP,
    UNDECIDED,
    VALID,
    Operation,
    Vector,
    golden_json,
    in_state,
)
from tests.vectors.golden_chain import ANCHORED_AT, BLOCK_TIME, START, account_of


def keys_and_accounts() -> list[Vector]:
    """Windows of record keys and of the anchoring account, a second before and after the batch."""
    vectors = []
    # Columns of a row: name, start, end, compromised from.
    windows: list[tuple[str, int, int, str]] = [
        ("not yet active", 1, LATER, "not_yet_active"),
        ("ended a second before", 2, EARLIER, "ended"),
        ("ended in that second", 2, ANCHORED_AT, "ended"),
        ("ended a second after", 2, LATER, ""),
        ("compromised long before", 3, START, "compromised"),
        ("compromised in that second", 3, ANCHORED_AT, "compromised"),
        ("compromised a second after", 3, LATER, ""),
    ]
    for who, path, code in (
        ("issuer's key", f"/organisations/{FIRM}/keys/0", "key"),
        ("countersigner's key", f"/organisations/{SCHOOL}/keys/0", "key"),
        ("account", f"/organisations/{FIRM}/accounts/0", "account"),
    ):
        for name, column, value, reason in windows:
            ending = (NOT_VALID, "authority", f"{code}_{reason}") if reason else (VALID, "", "")
            vectors.append(in_state(f"{who} {name}", *ending, ("replace", f"{path}/{column}", value)))
        vectors.append(
            in_state(f"{who} unknown", NOT_VALID, "authority", f"{code}_unknown", ("remove", path, None))
        )
    return vectors


def strangers_and_clocks() -> list[Vector]:
    """Keys and accounts that belong to somebody else, and signatures from the future."""
    school_key = golden_json("snapshot.json")["organisations"][SCHOOL]["keys"][0]
    account = f"/organisations/{FIRM}/accounts/0"
    school_account = "0x" + account_of(samples.SCHOOL).hex()
    return [
        in_state(
            "key of another organisation",
            NOT_VALID,
            "authority",
            "key_unknown",
            ("replace", f"/organisations/{FIRM}/keys", [school_key]),
        ),
        in_state(
            "account without scope", NOT_VALID, "authority", "account_scope", ("replace", f"{account}/4", 6)
        ),
        in_state(
            "account of another organisation",
            NOT_VALID,
            "authority",
            "account_unknown",
            ("replace", f"/organisations/{FIRM}/batches/0/1", school_account),
        ),
        in_state(
            "signed after it was anchored",
            NOT_VALID,
            "authority",
            "created_after_anchor",
            ("replace", f"/organisations/{FIRM}/batches/0/2", ANCHORED_AT - 3600 - 121),
        ),
        in_state(
            "signed as late as clocks may differ",
            VALID,
            "",
            "",
            ("replace", f"/organisations/{FIRM}/batches/0/2", ANCHORED_AT - 3600 - 120),
        ),
    ]


def accreditations() -> list[Vector]:
    """What the registry says of issuer, countersigner and their accreditor. Columns of a period: from, to,
    kinds, delegable kinds, roles, the accreditor's period, accreditor.
    """
    firm, school, top = (f"/organisations/{org}/periods/0" for org in (FIRM, SCHOOL, TOP))
    failing: list[tuple[str, str, str, Any]] = [
        ("accreditation ended before", "not_accredited", f"{firm}/1", ANCHORED_AT),
        ("accreditation began after", "not_accredited", f"{firm}/0", LATER),
        ("countersigner's accreditation ended before", "not_accredited", f"{school}/1", ANCHORED_AT),
        ("never accredited", "not_accredited", f"/organisations/{FIRM}/periods", []),
        ("accredited for other kinds", "kind_not_accredited", f"{firm}/2", 0b1000_0000),
        ("countersigner for other kinds", "kind_not_accredited", f"{school}/2", 0b1000_0000),
        ("accredited in another role", "role_missing", f"{firm}/4", 0b10),
        ("countersigner in another role", "role_missing", f"{school}/4", 0b100),
        ("role that it may only give", "role_missing", f"{firm}/4", 0b100 << 8),
        ("accreditor ended before", "accreditor_ended", f"{top}/1", ANCHORED_AT),
        ("accreditor cannot delegate", "cannot_delegate", f"{top}/3", 0b1000_0000),
        ("accreditors in a circle", "path_broken", f"{top}/6", TOP),
        ("distrusted from then", "distrusted", f"/organisations/{FIRM}/distrustedFrom", ANCHORED_AT),
        ("accreditor distrusted", "distrusted", f"/organisations/{TOP}/distrustedFrom", START),
    ]
    later: list[tuple[str, str, int]] = [
        ("accreditation ended after", f"{firm}/1", LATER),
        ("accreditor ended after", f"{top}/1", LATER),
        ("distrusted a second after", f"/organisations/{FIRM}/distrustedFrom", LATER),
    ]
    return [
        *(
            in_state(name, NOT_VALID, "authority", reason, ("replace", path, value))
            for name, reason, path, value in failing
        ),
        *(
            in_state(name, REMARKS, "", "", ("replace", path, value), remarks=["no_longer_accredited"])
            for name, path, value in later
        ),
        in_state("countersigner's ended after", VALID, "", "", ("replace", f"{school}/1", LATER)),
    ]


def batches() -> list[Vector]:
    """The issuer's batch as the chain shows it."""
    batch = f"/organisations/{FIRM}/batches/0"
    school_root = golden_json("snapshot.json")["organisations"][SCHOOL]["batches"][0][0]
    firm_row = golden_json("snapshot.json")["organisations"][FIRM]["batches"][0]
    other_root = ("replace", f"{batch}/0", school_root)
    other_kinds = ("replace", f"{batch}/4", 0b1000_0000)
    return [
        in_state("root of another batch", NOT_VALID, "anchor", "root_differs", other_root),
        in_state(
            "anchored by another organisation only",
            NOT_VALID,
            "anchor",
            "root_differs",
            ("replace", f"/organisations/{SCHOOL}/batches/0", firm_row),
            other_root,
        ),
        in_state(
            "count that does not fit", NOT_VALID, "inclusion", "inclusion", ("replace", f"{batch}/3", 2)
        ),
        in_state("batch of other kinds", NOT_VALID, "authority", "kind_not_in_batch", other_kinds),
        in_state("later batch format", UNDECIDED, "anchor", "unknown_format", ("replace", f"{batch}/5", 2)),
    ]


def status_bits() -> list[Vector]:
    """The three planes at the record's number and at its neighbour's."""
    none, own, neighbour = ("0x" + "0" * 63 + digit for digit in "012")

    def word(*planes: str) -> Operation:
        return "replace", f"/organisations/{FIRM}/status", [[1, *planes]]

    return [
        in_state("revoked", NOT_VALID, "status", "revoked", word(own, none, none)),
        in_state("suspended", NOT_VALID, "status", "suspended", word(none, own, none)),
        in_state("superseded", REMARKS, "", "", word(none, none, own), remarks=["superseded"]),
        in_state("neighbour revoked", VALID, "", "", word(neighbour, none, none)),
        in_state("revoked and superseded", NOT_VALID, "status", "revoked", word(own, none, own)),
    ]


def snapshots() -> list[Vector]:
    """What the state as a whole says, and what time it is."""
    week = BLOCK_TIME + 7 * 86400
    far = 2_100_000_000  # after 2036-07-01, when the golden credential ends
    genesis = ("replace", "/deployment/genesisHash", "0x" + "08" * 32)
    gone = ("remove", f"/organisations/{SCHOOL}", None)
    later = ("replace", "/block/timestamp", far)
    return [
        in_state("snapshot as old as allowed", VALID, "", "", checkedAt=week),
        in_state("old snapshot", UNDECIDED, "inclusion", "snapshot_too_old", checkedAt=week + 1),
        in_state("snapshot of another chain", UNDECIDED, "inclusion", "snapshot_other_deployment", genesis),
        in_state("snapshot without the countersigner", UNDECIDED, "inclusion", "not_covered", gone),
        in_state("expired", REMARKS, "", "", later, base=CREDENTIAL, checkedAt=far, remarks=["expired"]),
    ]
