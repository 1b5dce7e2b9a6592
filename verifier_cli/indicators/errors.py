"""What can be wrong with a definition or a run of it."""

from __future__ import annotations

from verifier_cli.errors import DataError

__all__ = ["DefinitionError", "RunError"]


class DefinitionError(DataError):
    """A definition that must not be run. `code` names it, `path` the member, `reason` says why."""

    def __init__(self, code: str, path: str, reason: str) -> None:
        super().__init__(path, f"{code}: {reason}")
        self.code = code


class RunError(DataError):
    """A definition that was run and did not end in a value: `code`, and what the engine said."""

    def __init__(self, code: str, reason: str) -> None:
        super().__init__("$.sql", f"{code}: {reason}")
        self.code = code
