"""What `pip install .` brings to an employer's machine, from the declared dependencies of every package."""

from __future__ import annotations

import ast
import subprocess
import sys
import tomllib
from importlib.metadata import requires
from pathlib import Path
from typing import Any

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[2]
NOT_FOR_EMPLOYERS = {
    "eth-abi",
    "eth-account",
    "fastapi",
    "httpx",
    "jsonschema",
    "pydantic",
    "pydantic-core",
    "sqlalchemy",
    "sqlmodel",
    "typer",
    "uvicorn",
    "web3",
}


def _wanted(requirement: Requirement, extras: set[str]) -> bool:
    """Whether an installer takes it, for a package that was asked for with these extras."""
    if requirement.marker is None:
        return True
    return any(requirement.marker.evaluate({"extra": extra}) for extra in {"", *extras})


def _closure(declared: list[str]) -> set[str]:
    """Names of everything that an installer brings for these requirements."""
    found: set[tuple[str, frozenset[str]]] = set()
    waiting = [item for item in map(Requirement, declared) if _wanted(item, set())]
    while waiting:
        requirement = waiting.pop()
        key = canonicalize_name(requirement.name), frozenset(requirement.extras)
        if key not in found:
            found.add(key)
            below = map(Requirement, requires(requirement.name) or ())
            waiting += [item for item in below if _wanted(item, requirement.extras)]
    return {name for name, _ in found}


def _project() -> dict[str, Any]:
    project: dict[str, Any] = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    return project


def test_base_install_is_the_verifier_alone() -> None:
    brought = _closure(_project()["dependencies"])
    assert brought & NOT_FOR_EMPLOYERS == set()
    assert {"cryptography", "jsonschema-rs", "orjson", "rich", "pygments"} <= brought


def test_service_extra_would_be_noticed() -> None:
    """The walk finds what it looks for: the extra brings each of them but those of the tests."""
    brought = _closure(_project()["optional-dependencies"]["service"])
    assert NOT_FOR_EMPLOYERS - {"jsonschema"} <= brought


def _named(path: Path) -> set[str]:
    """Top-level modules that a file imports anywhere."""
    named = set()
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            named |= {alias.name.partition(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module is not None:
            named.add(node.module.partition(".")[0])
    return named


def test_installed_verifier_imports_only_what_it_declares() -> None:
    """Third-party modules that verifier_cli names anywhere, against the declared dependencies."""
    modules = {
        "cryptography": "cryptography",
        "jsonschema_rs": "jsonschema-rs",
        "orjson": "orjson",
        "rich": "rich",
    }
    package = ROOT / "verifier_cli"
    own = sys.stdlib_module_names | {"verifier_cli"}
    inside = set((package / "indicators").rglob("*.py"))
    foreign = set().union(*(_named(path) for path in set(package.rglob("*.py")) - inside)) - own
    assert foreign == modules.keys()
    declared = {canonicalize_name(Requirement(text).name) for text in _project()["dependencies"]}
    assert declared == set(modules.values())
    # Recomputing needs the columnar engine, an extra of its own: nothing outside that room may name it.
    engine = set().union(*map(_named, inside)) - own - modules.keys()
    extra = {Requirement(text).name for text in _project()["optional-dependencies"]["indicators"]}
    assert engine == extra == {"duckdb"}


def test_verifying_loads_no_engine() -> None:
    """The commands come without the extra: only a recomputation asks for it."""
    code = "import sys, verifier_cli.cli, verifier_cli.verify; sys.exit('duckdb' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
