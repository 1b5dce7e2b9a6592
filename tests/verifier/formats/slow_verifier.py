"""A second verifier for records that are well-formed: steps 3 to 8 of protocol section 9 against a snapshot.

Written from the protocol's text over plain JSON values; shares no code with the library. It stops at the
first step that does not pass, so it names one step where the library reports them all. Remarks are not its
business.
"""

from __future__ import annotations

from typing import Any

from tests.verifier.formats import slow_reference as slow

KIND_BITS = {"party": 0, "standard": 2, "enrolment": 4, "activity": 5, "evaluation": 6, "credential": 7}
ROLE_BITS = {"regulator": 0b1, "school": 0b10, "enterprise": 0b1100, "evaluator": 0b10000}
# Who issues, given that these kinds of records are as the golden ones: (type, countersigner roles) -> issuer
ISSUER_ROLE = {
    ("enrolment", "enterprise"): "school",
    ("activity", "school"): "enterprise",
    ("evaluation", "school"): "enterprise",
    ("credential", "enterprise"): "school",
    ("standard", ""): "school",
    ("party", ""): "school",
}
Answer = tuple[str, str]
VALID: Answer = ("VALID", "")


def not_valid(step: str) -> Answer:
    return "NOT_VALID", step


def undecided(step: str) -> Answer:
    return "UNDECIDED", step


def seconds(text: str) -> int:
    """Epoch seconds of YYYY-MM-DDTHH:MM:SSZ, counting days by hand."""
    year, month, day = (int(part) for part in text[:10].split("-"))
    months = [31, 29 if year % 4 == 0 and (year % 100 or not year % 400) else 28, 31, 30, 31, 30]
    months += [31, 31, 30, 31, 30, 31]
    leap_days = sum(1 for y in range(1970, year) if y % 4 == 0 and (y % 100 or not y % 400))
    days = (year - 1970) * 365 + leap_days + sum(months[: month - 1]) + day - 1
    hours, minutes, rest = (int(part) for part in text[11:19].split(":"))
    return days * 86400 + hours * 3600 + minutes * 60 + rest


def org(did: str) -> str:
    return "0x" + slow.sha256(did.encode()).hex()


def hashed(data: bytes) -> str:
    return "0x" + data.hex()


def path_length(index: int, size: int) -> int:
    """How many siblings RFC 6962 gives a leaf."""
    if size == 1:
        return 0
    middle = slow.split(size)
    if index < middle:
        return 1 + path_length(index, middle)
    return 1 + path_length(index - middle, size - middle)


def fold(leaf: bytes, index: int, size: int, path: list[bytes]) -> bytes:
    """The root over a leaf, from the top of the tree downwards; the last sibling is the topmost."""
    if size == 1:
        return leaf
    middle, sibling = slow.split(size), path[-1]
    if index < middle:
        return slow.sha256(b"\x01" + fold(leaf, index, middle, path[:-1]) + sibling)
    return slow.sha256(b"\x01" + sibling + fold(leaf, index - middle, size - middle, path[:-1]))


def b64_decode(text: str) -> bytes:
    bits = "".join(f"{slow.B64.index(char):06b}" for char in text)
    return bytes(int(bits[at : at + 8], 2) for at in range(0, len(bits) - 7, 8))


def open_at(start: int, end: int, moment: int) -> bool:
    return start <= moment and (end == 0 or moment < end)


def slow_verify(
    proof_file: dict[str, Any], trust: dict[str, Any], snapshot: dict[str, Any], checked_at: int
) -> Answer:
    record, anchor = proof_file["record"], proof_file["anchor"]
    keys = check_signatures(record)
    if keys is None:
        return not_valid("signatures")
    _, _, _, _, chain_id, registry, issuer, number = record["credentialStatus"]["id"].split(":")
    if (anchor["chainId"], anchor["registry"]) != (int(chain_id), registry):
        return not_valid("anchor")
    pinned = [
        item
        for item in trust["deployment"]
        if (item["chain_id"], item["anchor_registry"]) == (int(chain_id), registry)
    ]
    states = snapshot["organisations"]
    at = snapshot["deployment"]
    if not pinned or (at["chainId"], at["genesisHash"], at["anchorRegistry"]) != (
        pinned[0]["chain_id"],
        pinned[0]["genesis_hash"],
        pinned[0]["anchor_registry"],
    ):
        return undecided("inclusion")
    if checked_at - snapshot["block"]["timestamp"] > pinned[0]["snapshot_max_age"]:
        return undecided("inclusion")
    if any(org(did) not in states for did in keys) or "batches" not in states[issuer]:
        return undecided("inclusion")
    return check_chain(record, anchor, keys, states, issuer, int(number))


def native(record: dict[str, Any]) -> list[dict[str, Any]]:
    return [proof for proof in record.get("proof", ()) if proof["cryptosuite"] == "eddsa-jcs-2022"]


def check_signatures(record: dict[str, Any]) -> dict[str, str] | None:
    """Signer -> key when exactly the issuer and each countersigner signed."""
    wanted = [record["issuer"]["id"], *(entry["id"] for entry in record.get("countersigners", ()))]
    proofs = native(record)
    signers = [proof["verificationMethod"].split("#")[0] for proof in proofs]
    if sorted(signers) != sorted(wanted) or not all(slow.proof_holds(record, proof) for proof in proofs):
        return None
    by_signer = dict(zip(signers, proofs, strict=True))
    keys = {did: by_signer[did]["verificationMethod"].split("#")[1][1:] for did in wanted}
    return {did: hashed(slow.b58_decode(key)[2:]) for did, key in keys.items()}


def check_chain(
    record: dict[str, Any],
    anchor: dict[str, Any],
    keys: dict[str, str],
    states: dict[str, Any],
    issuer: str,
    number: int,
) -> Answer:
    batches = states[issuer]["batches"]
    if anchor["sequence"] >= len(batches):
        return bits_set(states[issuer], number) or undecided("inclusion")
    root, account, time, size, kinds, form = batches[anchor["sequence"]]
    path, index = [b64_decode(node) for node in anchor["path"]], anchor["leafIndex"]
    if index >= size or len(path) != path_length(index, size):
        return not_valid("inclusion")
    if form != 1:
        return undecided("anchor")
    if hashed(fold(slow.leaf(record), index, size, path)) != root:
        return not_valid("anchor")
    if not entitled(record, keys, states, kinds, time) or not active(
        states[issuer]["accounts"], account, time, scope=1
    ):
        return not_valid("authority")
    return bits_set(states[issuer], number) or VALID


def bits_set(state: dict[str, Any], number: int) -> Answer | None:
    for word, revoked, suspended, _ in state["status"]:
        if word == number // 256 and (int(revoked, 16) | int(suspended, 16)) >> number % 256 & 1:
            return not_valid("status")
    return None


def active(rows: list[list[Any]], name: str, time: int, scope: int = 0) -> bool:
    """Is this key or account registered, open and not compromised then?"""
    for row in rows:
        if row[0] == name:
            _, start, end, compromised = row[:4]
            sound = open_at(start, end, time) and not (compromised and time >= compromised)
            return sound and (not scope or bool(row[4] & scope))
    return False


def entitled(
    record: dict[str, Any], keys: dict[str, str], states: dict[str, Any], kinds: int, time: int
) -> bool:
    """Key, role, kind and accreditation path of every signer at the batch's time; when each signed."""
    name = record["credentialSchema"]["id"].split(":")[3]
    roles = {entry["id"]: entry["role"] for entry in record.get("countersigners", ())}
    roles[record["issuer"]["id"]] = ISSUER_ROLE[name, "".join(roles.values())]
    if not kinds >> KIND_BITS[name] & 1:
        return False
    if any(seconds(proof["created"]) > time + 120 for proof in native(record)):
        return False
    return all(
        active(states[org(did)]["keys"], key, time)
        and accredited(states, org(did), KIND_BITS[name], ROLE_BITS[roles[did]], time)
        for did, key in keys.items()
    )


def accredited(states: dict[str, Any], who: str, kind: int, roles: int, time: int) -> bool:
    covering = [row for row in states[who]["periods"] if open_at(row[0], row[1], time)]
    if not covering or not covering[-1][2] >> kind & 1 or not covering[-1][4] & roles:
        return False
    row, depth = covering[-1], 1
    while True:
        distrusted = states[who]["distrustedFrom"]
        if (distrusted and distrusted <= time) or not open_at(row[0], row[1], time) or depth > 4:
            return False
        if int(row[6], 16) == 0:
            return True
        who, row, depth = row[6], states[row[6]]["periods"][row[5]], depth + 1
        if not row[3] >> kind & 1:
            return False
