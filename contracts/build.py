"""Compiles the contracts into ``contracts/artifacts`` (``python -m contracts.build``).

The output depends on the sources, the compiler version and the settings below alone: source names are
relative, and the metadata hash, which would name paths, is left out of the bytecode. Needs the ``dev`` extra
and ``npm ci`` in ``contracts``.
"""

from __future__ import annotations

import json
import posixpath
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

from solcx import compile_standard

ROOT = Path(__file__).resolve().parent
SOURCES = ROOT / "src"
LIBRARY = ROOT / "node_modules"
ARTIFACTS = ROOT / "artifacts"
LAUNCHER = ROOT / "solc_launcher.py"
NAMES = ("TrustRegistry", "AnchorRegistry", "EvidenceReader")
SOLC_VERSION = "0.8.37"
IMPORT = re.compile(r'^import\s[^;]*?"([^"]+)"\s*;', re.MULTILINE)
SETTINGS: dict[str, Any] = {
    # The oldest rules that the chains in use share; a later default would change the bytecode.
    "evmVersion": "cancun",
    "viaIR": True,
    # Anchoring runs for years and deployment once.
    "optimizer": {"enabled": True, "runs": 100_000},
    "metadata": {"bytecodeHash": "none", "appendCBOR": False},
    "outputSelection": {"*": {"*": ["abi", "evm.bytecode.object", "evm.deployedBytecode.object"]}},
}


def compiler() -> Path:
    """Path of a native ``solc`` of the pinned version where there is one, else of the launcher of npm's."""
    native = shutil.which("solc")
    if native is not None:
        answer = subprocess.run([native, "--version"], capture_output=True, text=True, check=False)
        if f"Version: {SOLC_VERSION}+" in answer.stdout:
            return Path(native)
    return LAUNCHER


def sources() -> dict[str, str]:
    """Every source the contracts need, by its compiler name: relative to ``src``, or as imported from npm."""
    found: dict[str, str] = {}
    pending = [path.relative_to(SOURCES).as_posix() for path in SOURCES.glob("*.sol")]
    while pending:
        name = pending.pop()
        if name in found:
            continue
        found[name] = ((LIBRARY if name.startswith("@") else SOURCES) / name).read_text("utf-8")
        for target in IMPORT.findall(found[name]):
            relative = target.startswith(".")
            pending.append(
                posixpath.normpath(posixpath.join(posixpath.dirname(name), target)) if relative else target
            )
    return dict(sorted(found.items()))


def standard_input() -> dict[str, Any]:
    """The compiler's standard JSON input, complete: it depends on no path of this machine."""
    contents = {name: {"content": text} for name, text in sources().items()}
    return {"language": "Solidity", "sources": contents, "settings": SETTINGS}


def compile_all() -> dict[str, str]:
    """Compile and return the text of each artifact by contract name.

    Raises ``SolcError`` on a compiler error and ``SystemExit`` with the texts on a warning.
    """
    answer = compile_standard(standard_input(), solc_binary=compiler())
    problems = [problem["formattedMessage"] for problem in answer.get("errors", ())]
    if problems:
        raise SystemExit("\n".join(problems))
    texts = {}
    for name in NAMES:
        contract = answer["contracts"][f"{name}.sol"][name]
        artifact = {
            "abi": sorted(contract["abi"], key=lambda entry: json.dumps(entry, sort_keys=True)),
            "bytecode": "0x" + contract["evm"]["bytecode"]["object"],
            "runtime": "0x" + contract["evm"]["deployedBytecode"]["object"],
        }
        texts[name] = json.dumps(artifact, indent=1, sort_keys=True) + "\n"
    return texts


def main(arguments: list[str]) -> None:
    """Write the artifacts; with ``--standard-input FILE`` only the compiler's input, for block explorers."""
    if arguments[:1] == ["--standard-input"]:
        Path(arguments[1]).write_text(json.dumps(standard_input()), "utf-8")
        return
    ARTIFACTS.mkdir(exist_ok=True)
    for name, text in compile_all().items():
        (ARTIFACTS / f"{name}.json").write_text(text, "utf-8")
        sys.stdout.write(f"{name}: {len(json.loads(text)['runtime']) // 2 - 1} bytes\n")


if __name__ == "__main__":
    main(sys.argv[1:])
