"""Bodies of lineage requests."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from trace_service.lineage.walk import MAX_NODES


class DossierBody(BaseModel):
    """``withhold``: ``digestMultibase`` of records to leave out beside those that the caller may not read."""

    model_config = ConfigDict(extra="forbid")

    withhold: Annotated[list[Annotated[str, Field(max_length=64)]], Field(max_length=MAX_NODES)] = []
