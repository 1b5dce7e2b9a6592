"""The service checks its own output with the very code that an employer runs."""

from __future__ import annotations

import time
from functools import cache

from trace_service.anchoring.release import Trouble, Verifier
from trace_service.config import Settings
from verifier_cli.quorum import Nodes
from verifier_cli.report import Outcome, Step
from verifier_cli.trust import Trust
from verifier_cli.verify import verify

JUDGED = frozenset(
    (Step.PARSE, Step.SCHEMA, Step.SIGNATURES, Step.INCLUSION, Step.ANCHOR, Step.FINALITY, Step.AUTHORITY)
)
"""Not the status: a record may rightly be revoked before its proof file is given out."""

OF_THE_BATCH = frozenset((Step.INCLUSION, Step.ANCHOR, Step.FINALITY))
"""Steps that fail for every record of a batch alike."""


def make_verifier(settings: Settings) -> Verifier:
    """A verifier on the installation's own trust file and chain."""

    @cache
    def believed() -> tuple[Trust, Nodes]:
        return Trust.load(settings.trust_file), Nodes((settings.chain.rpc_url,))

    def check(proof_file: bytes) -> Trouble | None:
        trust, nodes = believed()
        report = verify(proof_file, trust, nodes, int(time.time()))
        for result in report.steps:
            if result.step in JUDGED and result.outcome is not Outcome.PASSED:
                reason = result.reason or result.step.name.lower()
                failed = result.outcome is Outcome.FAILED
                return Trouble(reason, certain=failed, own=result.step not in OF_THE_BATCH)
        return None

    return check
