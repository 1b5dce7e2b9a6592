"""What every test may rely on: no setting of the developer's shell reaches it."""

import pytest

SETTINGS = ("TRACE_PASSPHRASE", "TRACE_RPC_URL", "TRACE_DATA_DIR", "TRACE_ORG_DIR", "TRACE_URL", "TRACE_DID")
HOLDS = ("TRACE_HOLD_AT", "TRACE_HOLD_FILE", "TRACE_HOLD_DIR")


@pytest.fixture(autouse=True)
def _clean_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in SETTINGS + HOLDS:
        monkeypatch.delenv(name, raising=False)
