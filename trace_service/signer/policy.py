"""What the signer signs by itself, and what a person has to approve first: one mode for each record type.

::

    default = "ask"          # or "auto"
    [types]
    "activity.1" = "auto"

The service keeps the approvals. A service that lies could pass a draft off as approved: what the signer
checks itself (the document, its own role, the partners named with --with) holds in either mode.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, get_args

from trace_service.config import SettingsError
from verifier_cli.rules import SCHEMAS

Mode = Literal["auto", "ask"]


@dataclass(frozen=True, slots=True)
class Question:
    """What to ask the service for: requests that are ``approved``, or any of these types."""

    approved: bool = False
    schemas: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Policy:
    """``types`` names the mode of single record types (``activity.1``), ``default`` that of all others."""

    default: Mode = "auto"
    types: Mapping[str, Mode] = field(default_factory=dict)

    def may_sign(self, schema: str, approved: bool) -> bool:
        """Whether a record of this type may be signed now."""
        return approved or self.types.get(schema, self.default) == "auto"

    def questions(self) -> Sequence[Question]:
        """Return the questions that find everything that may be signed, and little else."""
        asked = [name for name in SCHEMAS if not self.may_sign(name, approved=False)]
        if not asked:
            return (Question(),)
        auto = tuple(name for name in SCHEMAS if name not in asked)
        return (Question(approved=True), *([Question(schemas=auto)] if auto else []))


SIGN_ALL = Policy("auto")
HOLD_ALL = Policy("ask")


def load_policy(path: Path) -> Policy:
    """Read a policy file; raises `SettingsError` for anything that is no policy."""
    try:
        values: dict[str, Any] = tomllib.loads(path.read_text("utf-8"))
    except FileNotFoundError:
        raise SettingsError(f"{path} does not exist; name a policy file that does") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise SettingsError(f"{path} is not valid TOML: {error}") from None
    types = values.pop("types", {})
    default = values.pop("default", "ask")
    if values or not isinstance(types, dict):
        raise SettingsError(f"{path}: a policy has `default` and a table [types]; nothing else")
    for name, mode in (("default", default), *types.items()):
        if mode not in get_args(Mode):
            raise SettingsError(f'{path}: {name} is not "auto" or "ask"; correct it')
    unknown = types.keys() - set(SCHEMAS)
    if unknown:
        raise SettingsError(f"{path}: unknown record type {min(unknown)}; the types are {', '.join(SCHEMAS)}")
    return Policy(default, types)
