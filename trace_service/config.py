"""Settings of one installation: ``service.toml`` in the data directory, written by ``trace-service init``."""

from __future__ import annotations

import json
import os
import tomllib
from dataclasses import MISSING, dataclass, field, fields
from pathlib import Path
from typing import Any

SETTINGS_FILE = "service.toml"
DATABASE_FILE = "skilltrace.db"
# Where the embedded node answers in this run: `serve` finds a port and tells its children.
RPC_VARIABLE = "TRACE_RPC_URL"
# Types as they are written below -> as TOML has them, and in words.
_TOML_TYPES: dict[str, tuple[type, str]] = {
    "str": (str, "text in quotes"),
    "int": (int, "a whole number"),
    "bool": (bool, "true or false"),
    "dict[str, str]": (dict, "a table"),
}


class SettingsError(Exception):
    """The settings cannot be used; the message says which one and how to mend it."""


@dataclass(frozen=True)
class ChainSettings:
    """Which chain to anchor on. ``embedded`` means that `serve` starts our own node on ``data_dir/chain``."""

    embedded: bool
    chain_id: int
    rpc_url: str  # of an external node; for the embedded one the port is found at start
    genesis_hash: str
    trust_registry: str
    anchor_registry: str
    evidence_reader: str
    code_hashes: dict[str, str] = field(default_factory=dict)
    finality: str = "latest"  # or "finalized"
    settle_seconds: int = 0


@dataclass(frozen=True)
class Settings:
    """Everything that may differ between installations. Durations in seconds."""

    data_dir: Path
    database_url: str
    operator: str  # DID of the operator
    chain: ChainSettings
    host: str = "127.0.0.1"
    port: int = 0  # 0: any free port, printed at start
    executor_id: str = "worker-1"  # stable over restarts: DBOS recovers by it
    seal_count: int = 4096  # a batch is sealed when so many records wait ...
    seal_interval: int = 60  # ... or when the oldest has waited so long
    anchor_within: int = 900  # promised in receipts
    sign_within: int = 14 * 86_400  # drafts that name no time are to be signed within this

    @property
    def keys_dir(self) -> Path:
        """Where the service's own keys are: relayer, receipt key, anchor and status accounts."""
        return self.data_dir / "keys"

    @property
    def chain_dir(self) -> Path:
        """The embedded chain's store."""
        return self.data_dir / "chain"

    @property
    def uploads_dir(self) -> Path:
        """Uploaded files, named by their SHA-256, kept until their import ended."""
        return self.data_dir / "uploads"

    @property
    def trust_file(self) -> Path:
        """The trust file for verifiers of this installation."""
        return self.data_dir / "trust.toml"


def load_settings(data_dir: Path) -> Settings:
    """Read ``data_dir/service.toml``; raises `SettingsError` where it is missing or malformed."""
    path = data_dir / SETTINGS_FILE
    try:
        values = tomllib.loads(path.read_text("utf-8"))
    except FileNotFoundError:
        raise SettingsError(f"{path} does not exist; run: trace-service init --data-dir {data_dir}") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise SettingsError(f"{path} is not valid TOML: {error}") from None
    chain = values.pop("chain", None)
    if not isinstance(chain, dict):
        raise SettingsError(f"{path} has no [chain] table; run `trace-service init` again or add it")
    _check_members(path, "[chain] ", ChainSettings, chain)
    values.setdefault("database_url", f"sqlite:///{data_dir / DATABASE_FILE}")
    _check_members(path, "", Settings, {"data_dir": "", "chain": chain, **values})
    chain["rpc_url"] = os.environ.get(RPC_VARIABLE) or chain.get("rpc_url", "")
    return Settings(data_dir=data_dir, chain=ChainSettings(**chain), **values)


def _check_members(path: Path, table: str, model: type[Any], values: dict[str, Any]) -> None:
    """Raise `SettingsError` for a setting that is unknown, missing or of another type than ``model`` has."""
    known = {item.name: item for item in fields(model)}
    for name in values.keys() - known.keys():
        raise SettingsError(f"{path}: {table}{name} is no setting; remove or rename it")
    for name, item in known.items():
        if name not in values:
            if item.default is MISSING and item.default_factory is MISSING:
                raise SettingsError(f"{path}: {table}{name} is missing; restore the file from its backup")
        elif str(item.type) in _TOML_TYPES:
            wanted, words = _TOML_TYPES[str(item.type)]
            if type(values[name]) is not wanted:
                raise SettingsError(f"{path}: {table}{name} is not {words}; correct it")


def settings_text(settings: Settings) -> str:
    """Return the TOML from which `load_settings` reads ``settings`` again; defaults are left out."""
    lines = ["# Written by trace-service init. Durations are in seconds."]
    for item in fields(Settings):
        value = getattr(settings, item.name)
        if item.name not in ("data_dir", "chain", "database_url") and value != item.default:
            lines.append(f"{item.name} = {_toml(value)}")
    if settings.database_url != f"sqlite:///{settings.data_dir / DATABASE_FILE}":
        lines.append(f"database_url = {_toml(settings.database_url)}")
    lines += ["", "[chain]"]
    for item in fields(ChainSettings):
        if item.name != "code_hashes":
            lines.append(f"{item.name} = {_toml(getattr(settings.chain, item.name))}")
    lines += ["", "[chain.code_hashes]"]
    lines += [f"{name} = {_toml(value)}" for name, value in settings.chain.code_hashes.items()]
    return "\n".join(lines) + "\n"


def _toml(value: str | int | bool) -> str:
    # JSON's strings, integers and booleans are TOML's; TOML has no escaped DEL, which none of ours contains.
    return json.dumps(value, ensure_ascii=False)
