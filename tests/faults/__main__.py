"""`python -m tests.faults --cycles 50`: kill a working installation again and again, and count what was lost.

Exit code 0: nothing lost, double or missing, every receipt honoured; 1: a defect, named.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path

from rich.console import Console

from tests.faults.campaign import Campaign
from tests.faults.table import show

EXIT_DEFECT = 1
TABLE_WIDTH = 110  # where the output is no terminal, it would be cut at 80


def main() -> int:
    """Run a campaign and print its table."""
    parser = argparse.ArgumentParser(
        prog="python -m tests.faults",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--cycles", type=int, default=50, help="kills (default: %(default)s)")
    parser.add_argument("--seed", type=int, default=1, help="of the random moments (default: %(default)s)")
    parser.add_argument("--home", type=Path, help="new folder for the installation; kept afterwards")
    options = parser.parse_args()
    console = Console(highlight=False, soft_wrap=True)
    console.width = max(console.width, TABLE_WIDTH)
    with tempfile.TemporaryDirectory(prefix="faults-", ignore_cleanup_errors=True) as scratch:
        home = options.home or Path(scratch)
        home.mkdir(parents=True, exist_ok=True)
        campaign = Campaign(home, options.cycles, seed=options.seed, tell=console.print)
        verdict = campaign.run()
    show(campaign, console)
    return 0 if verdict.sound else EXIT_DEFECT


if __name__ == "__main__":
    sys.exit(main())
