"""Errors that are the user's to mend, and how they are said. Imported only once something went wrong."""

from __future__ import annotations

from trace_service.config import SettingsError
from trace_service.evm.errors import ChainError
from trace_service.evm_node import NodeError
from trace_service.installation import InstallationError
from trace_service.keys.files import KeyFileError
from trace_service.keys.passphrase import PassphraseError
from trace_service.migrate import SchemaVersionError
from trace_service.problems import Problem
from trace_service.signer.client import SigningRefused
from verifier_cli.errors import TraceError

EXPECTED = (
    SettingsError,
    InstallationError,
    KeyFileError,
    PassphraseError,
    SchemaVersionError,
    SigningRefused,
    NodeError,
    ChainError,
    TraceError,
    OSError,
)


def refusal(error: Exception) -> str | None:
    """Return the one line to show for ``error``; None where it is a defect of ours."""
    if isinstance(error, Problem):
        return "; ".join(part for part in (error.title, error.detail, error.fix) if part)
    if isinstance(error, OSError) and error.strerror and error.filename is not None:
        return f"{error.filename}: {error.strerror}"
    return str(error) if isinstance(error, EXPECTED) else None
