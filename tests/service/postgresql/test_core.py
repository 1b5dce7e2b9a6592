"""The core's own tests on PostgreSQL: from draft to receipt, signing, answers that are remembered."""

from __future__ import annotations

from tests.service.core.test_drafting import *  # noqa: F403
from tests.service.core.test_handed_in import *  # noqa: F403
from tests.service.core.test_idempotency import *  # noqa: F403
from tests.service.core.test_records_api import *  # noqa: F403
from tests.service.core.test_signing import *  # noqa: F403
