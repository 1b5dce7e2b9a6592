"""`trace-verify inspect`."""

from __future__ import annotations

from pathlib import Path

import orjson

from verifier_cli.commands.setup import choose_language
from verifier_cli.errors import ProofFileError
from verifier_cli.profile import parse
from verifier_cli.proof_file import MAX_PROOF_FILE, carriers
from verifier_cli.render import flatten
from verifier_cli.texts import Sentence, printable, say

__all__ = ["run"]

WARNING: Sentence = (
    "NOT VERIFIED: this is only what the file says. Use `trace-verify verify` before relying on it.",
    "未经验证：以下仅为文件所载内容。采信之前请使用 `trace-verify verify`。",
)


def run(file: Path, *, as_json: bool, lang: str | None) -> int:
    """Print the signed members of a proof file or a bare record; 0 unless it cannot be read.

    Raises:
        DataError: the file cannot be read, or is not JSON of the profile.
    """
    language = choose_language(lang)
    for carrier in carriers(file):
        if carrier.data is None:
            assert carrier.problem is not None
            raise carrier.problem
        value = parse(carrier.data, max_size=MAX_PROOF_FILE)
        record = value.get("record", value) if isinstance(value, dict) else None
        if not isinstance(record, dict):
            raise ProofFileError(carrier.name, "holds no record")
        document = {name: member for name, member in record.items() if name != "proof"}
        if as_json:
            print(orjson.dumps(document, option=orjson.OPT_INDENT_2).decode())
            continue
        print(say(WARNING, language))
        for path, text in flatten(document):
            print(f"  {printable(path)}: {printable(text)}")
    return 0
