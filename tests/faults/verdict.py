"""What the campaign found: defects by the cycle in which they arose."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field

MAX_TOLD = 20  # defects of one kind that are said in words; all are counted


@dataclass
class Verdict:
    """Defects that were counted, and those in words. Sound when there is none of either."""

    lost: Counter[int] = field(default_factory=Counter)  # acknowledged, and in no anchored leaf
    double: Counter[int] = field(default_factory=Counter)  # one request, two records
    gaps: Counter[int] = field(default_factory=Counter)  # sequences missing between two batches
    unfiled: Counter[int] = field(default_factory=Counter)  # transactions on chain that are not on file
    defects: list[str] = field(default_factory=list)
    records: int = 0  # in anchored batches, counted in the export
    batches: int = 0
    statements: list[str] = field(default_factory=list)  # what the other judges said
    _told: set[tuple[str, str]] = field(default_factory=set)

    @property
    def sound(self) -> bool:
        """Whether nothing at all was found."""
        return not self.defects

    def note(self, defect: str) -> None:
        """Add a defect of the whole campaign."""
        self.defects.append(defect)

    def add(self, kind: str, cycle: int, names: Iterable[str]) -> None:
        """Count defects of a kind (``lost``, ``double``, ``gaps``, ``unfiled``) that are new in ``cycle``."""
        for name in names:
            if (kind, name) in self._told:
                continue
            self._told.add((kind, name))
            getattr(self, kind)[cycle] += 1
            self.note(f"{kind}: {name}")

    def in_words(self) -> list[str]:
        """The defects for a person to read; a long list is cut."""
        more = len(self.defects) - MAX_TOLD
        return [*self.defects[:MAX_TOLD], *([f"… and {more} more"] if more > 0 else [])]
