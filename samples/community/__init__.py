"""An invented community over three academic years: who it is, what it signs, what its indicators must be.

`build(scale)` gives the entries; `to_records` turns them into records; `plan` states the numbers.
"""

from __future__ import annotations

from samples.community.build import build
from samples.community.model import Community, Entry, LinkTo, person, record_id, thing, to_records

__all__ = ["Community", "Entry", "LinkTo", "build", "person", "record_id", "thing", "to_records"]
