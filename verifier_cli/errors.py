"""Typed errors of the verification library.

```
TraceError
├── DataError            bad data: what was given does not say what it must (`path`, `reason`)
│   ├── ProfileError         not JSON of the profile (protocol 2.1)
│   ├── SchemaError          not a valid record of its type and version (protocol 2.2-2.6)
│   │   └── UnknownSchemaError   a type or version that this verifier does not know: never a failure
│   ├── SignatureError       proof set wrong (protocol 3)
│   ├── InclusionError       leaf not under the root (protocol 4)
│   ├── ProofFileError       proof file wrong (protocol 7)
│   ├── DossierError         dossier wrong (protocol 7)
│   ├── TrustFileError       trust file wrong (protocol 8)
│   └── SnapshotError        snapshot wrong (protocol 9)
├── MisuseError          the caller's mistake: wrong length, wrong type
└── CouldNotRead         the chain gave no usable answer (`reason` code, `detail`)
```

No other exception leaves the library on bad input.
"""

from __future__ import annotations

__all__ = [
    "CouldNotRead",
    "DataError",
    "DossierError",
    "InclusionError",
    "MisuseError",
    "ProfileError",
    "ProofFileError",
    "SchemaError",
    "SignatureError",
    "SnapshotError",
    "TraceError",
    "TrustFileError",
    "UnknownSchemaError",
]


class TraceError(Exception):
    """Root of every error that this library raises."""


class DataError(TraceError):
    """The data given is wrong. `path` is a JSON path (`$.issuer.id`) or a field name, `reason` says why."""

    def __init__(self, path: str, reason: str) -> None:
        super().__init__(f"{path}: {reason}")
        self.path = path
        self.reason = reason

    def __reduce__(self) -> tuple[type[DataError], tuple[str, str]]:
        # Errors cross process borders when many cores verify; the default would pass the message alone.
        return type(self), (self.path, self.reason)


class ProfileError(DataError):
    """Bytes that are not JSON of the profile (protocol 2.1)."""


class SchemaError(DataError):
    """A record that is not valid for its type and version (protocol 2.2-2.6)."""


class UnknownSchemaError(SchemaError):
    """A record type or version that this verifier does not know: NOT_CHECKED, never FAILED (protocol 9)."""


class SignatureError(DataError):
    """A proof or a proof set that does not hold (protocol 3)."""


class InclusionError(DataError):
    """An inclusion path that does not fit index and size (protocol 4)."""


class ProofFileError(DataError):
    """A proof file or its carrier that cannot be read (protocol 7)."""


class DossierError(DataError):
    """A dossier whose parts do not belong together or exceed its limits (protocol 7)."""


class TrustFileError(DataError):
    """A trust file that cannot be used (protocol 8)."""


class SnapshotError(DataError):
    """A snapshot that cannot be used (protocol 9)."""


class MisuseError(TraceError):
    """The caller broke the contract of a function: wrong length, wrong type, impossible argument."""


class CouldNotRead(TraceError):  # noqa: N818 - named for what happened; it is no verdict
    """The chain could not be read. `reason` is a stable code, `detail` says more."""

    def __init__(self, reason: str, detail: str) -> None:
        super().__init__(f"{reason}: {detail}")
        self.reason = reason
        self.detail = detail

    def __reduce__(self) -> tuple[type[CouldNotRead], tuple[str, str]]:
        return type(self), (self.reason, self.detail)
