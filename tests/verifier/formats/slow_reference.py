"""A second implementation of protocol sections 2 to 4, slow and plain, sharing no code with the library.

Written from RFC 8785, RFC 8032, RFC 6962, FIPS 202 and the protocol; SHA-2 is all it takes from Python.
"""

from __future__ import annotations

import hashlib
from typing import Any

B58 = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"
B64 = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"

# ----- text forms of bytes -----


def b58_encode(data: bytes) -> str:
    number, out = int.from_bytes(data, "big"), ""
    while number:
        out = B58[number % 58] + out
        number //= 58
    for byte in data:
        if byte:
            break
        out = "1" + out
    return out


def b58_decode(text: str) -> bytes:
    number = 0
    for char in text:
        number = number * 58 + B58.index(char)
    body = number.to_bytes((number.bit_length() + 7) // 8, "big")
    ones = len(text) - len(text.lstrip("1"))
    return bytes(ones) + body


def b64_encode(data: bytes) -> str:
    bits = "".join(f"{byte:08b}" for byte in data)
    bits += "0" * (-len(bits) % 6)
    return "".join(B64[int(bits[at : at + 6], 2)] for at in range(0, len(bits), 6))


def sha256(data: bytes) -> bytes:
    return hashlib.sha256(data).digest()


# ----- RFC 8785 -----


def jcs(value: Any) -> str:
    if value is None or isinstance(value, bool):
        return {None: "null", True: "true", False: "false"}[value]
    if isinstance(value, str):
        return jcs_text(value)
    if isinstance(value, int | float):
        return jcs_number(float(value))
    if isinstance(value, list):
        return "[" + ",".join(jcs(item) for item in value) + "]"
    names = sorted(value, key=lambda name: name.encode("utf-16-be"))
    return "{" + ",".join(f"{jcs_text(name)}:{jcs(value[name])}" for name in names) + "}"


def jcs_text(text: str) -> str:
    short = {'"': '\\"', "\\": "\\\\", "\b": "\\b", "\f": "\\f", "\n": "\\n", "\r": "\\r", "\t": "\\t"}
    return '"' + "".join(short.get(c, f"\\u{ord(c):04x}" if c < " " else c) for c in text) + '"'


def jcs_number(number: float) -> str:
    """ECMAScript's Number to String."""
    if number == 0:
        return "0"
    if number < 0:
        return "-" + jcs_number(-number)
    mantissa, _, exponent = f"{number!r}e0".partition("e")
    whole, _, fraction = mantissa.partition(".")
    digits = (whole + fraction).lstrip("0")
    point = len(whole) + int(exponent.partition("e")[0]) - (len(whole + fraction) - len(digits))
    digits = digits.rstrip("0")
    count = len(digits)
    if count <= point <= 21:
        return digits + "0" * (point - count)
    if 0 < point <= 21:
        return digits[:point] + "." + digits[point:]
    if -6 < point <= 0:
        return "0." + "0" * -point + digits
    tail = "" if count == 1 else "." + digits[1:]
    return f"{digits[0]}{tail}e{point - 1:+d}"


# ----- RFC 8032, affine coordinates -----

P = 2**255 - 19
L = 2**252 + 27742317777372353535851937790883648493
D = -121665 * pow(121666, -1, P) % P
Point = tuple[int, int]
ZERO: Point = (0, 1)


def add(a: Point, b: Point) -> Point:
    product = D * a[0] * b[0] * a[1] * b[1] % P
    x = (a[0] * b[1] + b[0] * a[1]) * pow(1 + product, -1, P) % P
    y = (a[1] * b[1] + a[0] * b[0]) * pow(1 - product, -1, P) % P
    return x, y


def times(number: int, point: Point) -> Point:
    out = ZERO
    for bit in bin(number)[2:]:
        out = add(out, out)
        if bit == "1":
            out = add(out, point)
    return out


def pack(point: Point) -> bytes:
    return (point[1] | (point[0] & 1) << 255).to_bytes(32, "little")


def unpack(data: bytes) -> Point | None:
    """The point of a canonical encoding, None for anything else."""
    number = int.from_bytes(data, "little")
    sign, y = number >> 255, number % 2**255
    if y >= P:
        return None
    square = (y * y - 1) * pow(D * y * y + 1, -1, P) % P
    x = pow(square, (P + 3) // 8, P)
    if x * x % P != square:
        x = x * pow(2, (P - 1) // 4, P) % P
    if x * x % P != square or (x == 0 and sign):
        return None
    return (P - x if x & 1 != sign else x), y


_BASE = unpack((4 * pow(5, -1, P) % P).to_bytes(32, "little"))
assert _BASE is not None
BASE: Point = _BASE


def sha512_number(*parts: bytes) -> int:
    return int.from_bytes(hashlib.sha512(b"".join(parts)).digest(), "little")


def ed25519_sign(seed: bytes, message: bytes) -> tuple[bytes, bytes]:
    """Public key and signature."""
    digest = hashlib.sha512(seed).digest()
    secret = int.from_bytes(digest[:32], "little") & (2**254 - 8) | 2**254
    public = pack(times(secret, BASE))
    nonce = sha512_number(digest[32:], message) % L
    commitment = pack(times(nonce, BASE))
    response = (nonce + sha512_number(commitment, public, message) * secret) % L
    return public, commitment + response.to_bytes(32, "little")


def ed25519_verify(public: bytes, message: bytes, signature: bytes) -> bool:
    """Strict: canonical encodings, reduced S, no small-order key."""
    key = unpack(public)
    commitment = unpack(signature[:32])
    response = int.from_bytes(signature[32:], "little")
    if len(signature) != 64 or key is None or commitment is None or response >= L or times(8, key) == ZERO:
        return False
    challenge = sha512_number(signature[:32], public, message) % L
    return times(response, BASE) == add(commitment, times(challenge, key))


# ----- protocol sections 2 to 4 -----


def record_digest(record: dict[str, Any]) -> bytes:
    return sha256(jcs({name: value for name, value in record.items() if name != "proof"}).encode())


def proof_input(record: dict[str, Any], proof: dict[str, Any]) -> bytes:
    options = {name: value for name, value in proof.items() if name != "proofValue"}
    return sha256(jcs(options).encode()) + record_digest(record)


def signature_digest(record: dict[str, Any]) -> bytes:
    native = [proof for proof in record["proof"] if proof.get("cryptosuite") == "eddsa-jcs-2022"]
    native.sort(key=lambda proof: str(proof["verificationMethod"]))
    return sha256(jcs(native).encode())


def proof_holds(record: dict[str, Any], proof: dict[str, Any]) -> bool:
    key = b58_decode(proof["verificationMethod"].split("#")[1][1:])
    value = b58_decode(proof["proofValue"][1:])
    return key[:2] == b"\xed\x01" and ed25519_verify(key[2:], proof_input(record, proof), value)


def leaf(record: dict[str, Any]) -> bytes:
    return sha256(b"\x00" + record_digest(record) + signature_digest(record))


def split(count: int) -> int:
    """Largest power of two below `count`."""
    power = 1
    while power * 2 < count:
        power *= 2
    return power


def tree_root(leaves: list[bytes]) -> bytes:
    if len(leaves) == 1:
        return leaves[0]
    middle = split(len(leaves))
    return sha256(b"\x01" + tree_root(leaves[:middle]) + tree_root(leaves[middle:]))


def tree_path(index: int, leaves: list[bytes]) -> list[bytes]:
    if len(leaves) == 1:
        return []
    middle = split(len(leaves))
    if index < middle:
        return [*tree_path(index, leaves[:middle]), tree_root(leaves[middle:])]
    return [*tree_path(index - middle, leaves[middle:]), tree_root(leaves[:middle])]


# ----- Keccak-256 and EIP-712 -----


def _rotate(lane: int, by: int) -> int:
    by %= 64
    return (lane << by | lane >> (64 - by)) % 2**64


def _permute(lanes: dict[tuple[int, int], int]) -> None:
    register = 1
    for _ in range(24):
        column = [lanes[x, 0] ^ lanes[x, 1] ^ lanes[x, 2] ^ lanes[x, 3] ^ lanes[x, 4] for x in range(5)]
        for x, y in lanes:
            lanes[x, y] ^= column[(x - 1) % 5] ^ _rotate(column[(x + 1) % 5], 1)
        x, y, held = 1, 0, lanes[1, 0]
        for step in range(24):
            x, y = y, (2 * x + 3 * y) % 5
            held, lanes[x, y] = lanes[x, y], _rotate(held, (step + 1) * (step + 2) // 2)
        for y in range(5):
            row = [lanes[x, y] for x in range(5)]
            for x in range(5):
                lanes[x, y] = row[x] ^ ~row[(x + 1) % 5] & row[(x + 2) % 5] & (2**64 - 1)
        for power in range(7):
            lanes[0, 0] ^= (register & 1) << (2**power - 1)
            register = register << 1 ^ (0x171 if register & 0x80 else 0)
            register &= 0xFF


def keccak256(data: bytes) -> bytes:
    rate = 136
    padded = data + b"\x01" + bytes(-(len(data) + 2) % rate) + b"\x80"
    if (len(data) + 1) % rate == 0:
        padded = data + b"\x81"
    lanes = {(x, y): 0 for y in range(5) for x in range(5)}
    for block in range(0, len(padded), rate):
        for lane in range(rate // 8):
            at = block + 8 * lane
            lanes[lane % 5, lane // 5] ^= int.from_bytes(padded[at : at + 8], "little")
        _permute(lanes)
    return b"".join(lanes[x, 0].to_bytes(8, "little") for x in range(4))


def _word(value: int | str | bool) -> bytes:
    return (int(value, 16) if isinstance(value, str) else int(value)).to_bytes(32, "big")


def eip712_digest(chain_id: int, contract: str, struct: str, values: list[int | str | bool]) -> bytes:
    """`struct` is the encoded type; `values` its members in order, bytes32 and addresses as hex."""
    domain_type = "EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)"
    domain = keccak256(
        keccak256(domain_type.encode())
        + keccak256(b"SkillTrace")
        + keccak256(b"1")
        + _word(chain_id)
        + _word(contract)
    )
    body = keccak256(keccak256(struct.encode()) + b"".join(map(_word, values)))
    return keccak256(b"\x19\x01" + domain + body)
