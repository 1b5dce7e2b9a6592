"""Scenes: a few records each, with numbers chosen by hand, for single mechanisms of the domain.

A module of this package has `def scene(c: Community) -> None` and adds entries after the timeline. So that
scenes do not disturb each other or the plan's totals, a scene
- names its references, persons and things with a prefix of its own ("SC18-...");
- links only to its own entries and to those of the base (parties, standards, demands, agreements, resources);
- is tested on `build(scale=0)`: the base and the scenes, without trainees of the timeline.
"""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Callable, Iterator

from samples.community.model import Community

__all__ = ["add_scenes", "scenes"]


def scenes() -> Iterator[tuple[str, Callable[[Community], None]]]:
    """(module name, its `scene`) of every scene, by name."""
    for name in sorted(module.name for module in pkgutil.iter_modules(__path__)):
        yield name, importlib.import_module(f"{__name__}.{name}").scene


def add_scenes(community: Community) -> None:
    """Play every scene."""
    for _, scene in scenes():
        scene(community)
