"""The community put together: base, timeline, scenes."""

from __future__ import annotations

from samples.community.model import Community
from samples.community.scenes import add_scenes

__all__ = ["build"]


def build(scale: float = 1.0, *, with_scenes: bool = True) -> Community:
    """The community at a scale: 1.0 is every trainee, 0 the base without trainees.

    The plan's numbers hold at 1.0 without scenes; planted facts are there at every scale above 0.
    """
    community = Community(scale)
    if with_scenes:
        add_scenes(community)
    return community
