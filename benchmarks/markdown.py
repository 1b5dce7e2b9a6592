"""Put results into docs/benchmarks.md: ``python -m benchmarks.markdown [RESULTS.json ...]``.

Of several files, a later one replaces the benchmarks that it has too.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

from benchmarks.__main__ import RESULTS
from benchmarks.table import cells, number

PAGE = Path(__file__).parent.parent / "docs" / "benchmarks.md"
BEGIN, END = "<!-- results: written by python -m benchmarks.markdown -->", "<!-- end of results -->"


def render(results: dict[str, Any]) -> str:
    """The results as Markdown tables."""
    machine = results["machine"]
    lines = [
        f"{machine['at'][:10]}, scale {results['scale']}: {machine['processor']}, {machine['cores']} cores, "
        f"{machine['memory_gib']} GiB, Python {machine['python']}, {machine['openssl']}. "
        f"Load at the start: {machine['load'][0]}.",
        "",
    ]
    for bench in results["benchmarks"]:
        lines += _bench(bench)
    return "\n".join(lines)


def _bench(bench: dict[str, Any]) -> list[str]:
    lines = [f"### {bench['title']}", ""]
    if bench["error"] is not None:
        return [*lines, f"Did not run: {bench['error']}", ""]
    floors = ", ".join(f"{_plain(name)} {number(us)} us" for name, us in bench["floors"].items())
    own = f"Load before {number(bench['load_before'])}, {number(bench['wall_seconds'])} s."
    lines += [f"Floors: {floors}. {own}", "", "| | value | goal | met |", "|---|---:|---:|---|"]
    for figure in bench["figures"]:
        value, unit, goal, _ = cells(figure)
        met = {None: "", True: "yes", False: "**no**"}[figure["met"]]
        lines.append(f"| {figure['name']} | {value} {unit} | {goal} | {met} |")
    return [*lines, ""]


def _plain(name: str) -> str:
    return name.removesuffix("_us").replace("_", " ")


def write(results: dict[str, Any], page: Path) -> None:
    """Replace what stands between the markers of ``page``."""
    before, _, rest = page.read_text("utf-8").partition(BEGIN)
    _, _, after = rest.partition(END)
    page.write_text(f"{before}{BEGIN}\n\n{render(results)}\n{END}{after}", "utf-8")


def main() -> None:
    """Write the page from the newest results, or from the files named."""
    results, *later = [json.loads(Path(name).read_bytes()) for name in sys.argv[1:] or [str(RESULTS)]]
    for other in later:
        newer = {bench["name"]: bench for bench in other["benchmarks"]}
        results["benchmarks"] = [newer.get(bench["name"], bench) for bench in results["benchmarks"]]
    write(results, PAGE)


if __name__ == "__main__":
    main()
