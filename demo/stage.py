"""What the demo says and counts: steps with their times, expectations that must hold, a closing table."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.markup import escape
from rich.table import Table
from rich.text import Text

WIDTH = 100  # of lines where no terminal says how wide it is
_BRANCHES = re.compile(r"[\s│├└─]*")
_GOES_ON = str.maketrans("├└─", "│  ")  # what stands below a branch


class DemoError(Exception):
    """A step was not as it should be; the message says which and what was seen."""


class Stage:
    """The demo's voice. `figure` collects rows of the summary; `expect` raises `DemoError`."""

    def __init__(self) -> None:
        self.console = Console(highlight=False)
        if not self.console.is_terminal:
            self.console.width = WIDTH
        self._figures: list[tuple[str, str]] = []
        self._started = time.monotonic()

    @contextmanager
    def step(self, title: str) -> Iterator[None]:
        """Announce a step, and say how long it took."""
        self.console.print(f"\n[bold cyan]{escape(title)}[/]", soft_wrap=True)
        begun = time.monotonic()
        yield
        self.console.print(f"  [dim]{time.monotonic() - begun:.1f} s[/]")

    def say(self, text: str) -> None:
        """One plain line."""
        self.console.print("  " + escape(text), soft_wrap=True)

    def show(self, command: str, output: str) -> None:
        """A command as one would type it, and what it printed."""
        parts = Text(command).wrap(self.console, self.console.width - 8)
        typed = " \\\n      ".join(part.plain.rstrip() for part in parts)
        self.console.print(f"  [green]$ {escape(typed)}[/]", soft_wrap=True)
        for line in output.rstrip().splitlines():
            for part in self._folded(line):
                self.console.print("    " + escape(part), soft_wrap=True)

    def _folded(self, line: str) -> Iterator[str]:
        """A long line in several: what follows stands under the text, and branches of a tree go on."""
        match = _BRANCHES.match(line)
        start = match[0] if match else ""
        below = start.translate(_GOES_ON) + "  "
        room = max(WIDTH // 2, self.console.width - len(below) - 4)
        for number, part in enumerate(Text(line[len(start) :]).wrap(self.console, room)):
            yield (below if number else start) + part.plain.rstrip()

    def figure(self, name: str, value: str) -> None:
        """A row of the closing table."""
        self._figures.append((name, value))

    def expect(self, holds: bool, what: str) -> None:
        """Raise `DemoError` unless ``holds``."""
        if not holds:
            raise DemoError(what)

    def fail(self, what: str) -> None:
        """Say that the demo ends here, and why."""
        self.console.print("\n[bold red]The demo failed:[/]", escape(what), soft_wrap=True)

    def close(self) -> None:
        """Print the table."""
        table = Table(title="Summary", title_justify="left", show_header=False)
        table.add_column()
        table.add_column(justify="right")
        for name, value in self._figures:
            table.add_row(escape(name), escape(value))
        table.add_row("whole demo", f"{time.monotonic() - self._started:.0f} s")
        self.console.print()
        self.console.print(table)
