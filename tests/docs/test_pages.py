"""Links between pages lead somewhere, and every decision is listed where decisions are listed."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
DECISIONS = DOCS / "adr"
PAGES = sorted([*ROOT.glob("*.md"), *DOCS.rglob("*.md"), *(ROOT / "samples").rglob("*.md")])

_FENCE = re.compile(r"^```.*?^```", re.MULTILINE | re.DOTALL)
_CODE = re.compile(r"`[^`\n]*`")
_LINK = re.compile(r"\]\(([^()\s]+)\)")
_HEADING = re.compile(r"^#{1,6} +(.+?) *$", re.MULTILINE)
_NOT_IN_ANCHOR = re.compile(r"[^\w\- ]")


def links(text: str) -> list[str]:
    """Targets of the links of a page that lead into the repository; code is no link."""
    plain = _CODE.sub("", _FENCE.sub("", text))
    return [target for target in _LINK.findall(plain) if not re.match(r"[a-z]+:", target)]


def anchors(text: str) -> Iterator[str]:
    """Anchors of the headings of a page, as hosts of repositories make them."""
    for heading in _HEADING.findall(_FENCE.sub("", text)):
        yield _NOT_IN_ANCHOR.sub("", heading.lower()).replace(" ", "-")


def broken(page: Path) -> list[str]:
    """Links of a page that lead nowhere."""
    found = []
    for link in links(page.read_text("utf-8")):
        path, _, anchor = link.partition("#")
        target = page.parent / path if path else page
        if not target.exists() or (anchor and anchor not in anchors(target.read_text("utf-8"))):
            found.append(link)
    return found


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_links_lead_somewhere(page: Path) -> None:
    assert broken(page) == []


def test_broken_links_are_found(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    (tmp_path / "other.md").write_text("# One thing\n", "utf-8")
    page.write_text(
        "[a](other.md) [b](other.md#one-thing) [c](other.md#two) [d](none.md) [e](https://example.org/x)\n"
        "`[f](code.md)` [g](#here)\n\n```\n[h](fenced.md)\n```\n\n## Here\n",
        "utf-8",
    )
    assert broken(page) == ["other.md#two", "none.md"]


def test_every_decision_is_listed_with_its_title() -> None:
    listed = re.findall(
        r"^\| (\d+) \| \[(.+)\]\(adr/(.+)\) \|$", (DOCS / "architecture.md").read_text("utf-8"), re.M
    )
    pages = sorted(DECISIONS.glob("*.md"))
    heads = [page.read_text("utf-8").partition("\n")[0] for page in pages]
    expected = [
        (*head.removeprefix("# ").split(". ", 1), page.name) for head, page in zip(heads, pages, strict=True)
    ]
    assert listed == expected


def test_decisions_are_numbered_in_order() -> None:
    names = [path.name for path in sorted(DECISIONS.glob("*.md"))]
    assert [int(name[:4]) for name in names] == list(range(1, len(names) + 1))
    for name in names:
        head = (DECISIONS / name).read_text("utf-8").partition("\n")[0]
        assert head.startswith(f"# {int(name[:4])}. ")


def test_every_guide_is_listed() -> None:
    guides = {path.name for path in (DOCS / "guides").glob("*.md")} - {"README.md"}
    for page in (DOCS / "guides" / "README.md", ROOT / "README.md"):
        named = {Path(link).name for link in links(page.read_text("utf-8"))}
        assert guides <= named, page
