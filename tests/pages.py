"""The pages that people read, and their parts: README.md, CONTRIBUTING.md … and docs/."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).parent.parent
_AT_THE_ROOT = ("README", "CONTRIBUTING", "CHANGELOG", "SECURITY")
PATHS = [ROOT / f"{name}.md" for name in _AT_THE_ROOT] + sorted((ROOT / "docs").rglob("*.md"))


def page(name: str) -> str:
    """The text of a page by its name without `.md`: one of the root's, or one of docs/."""
    folder = ROOT if name in _AT_THE_ROOT else ROOT / "docs"
    return (folder / f"{name}.md").read_text("utf-8")


def section(text: str, title: str) -> str:
    """The text under a heading, up to the next one of its level or above."""
    found = re.search(rf"^(#+) {re.escape(title)}$", text, flags=re.M)
    assert found is not None, f"no section {title!r}"
    return re.split(rf"^#{{1,{len(found[1])}}} ", text[found.end() :], flags=re.M)[0]


def rows(text: str) -> list[list[str]]:
    """The cells of every table row that begins with `code`, stripped."""
    lines = [line for line in text.splitlines() if line.startswith("| `")]
    return [[cell.strip() for cell in re.split(r"(?<!\\)\|", line)[1:-1]] for line in lines]


def code(text: str) -> list[str]:
    return re.findall(r"`([^`]+)`", text)


def blocks(language: str, text: str) -> list[str]:
    """The blocks of code in a language, without their fences."""
    return re.findall(rf"^```{language}\n(.*?)^```$", text, flags=re.M | re.S)


def prose(text: str) -> str:
    """The text without its blocks of code."""
    return re.sub(r"^```.*?^```$", "", text, flags=re.M | re.S)


def links(text: str) -> list[str]:
    """What the prose links to, pictures included; not what stands in `code`."""
    return re.findall(r"\]\(([^)\s]+)\)", re.sub(r"`[^`\n]*`", "", prose(text)))


def anchors(text: str) -> set[str]:
    """The names that GitHub gives to the headings; the second of one name gets a number."""
    names: list[str] = []
    for heading in re.findall(r"^#+ (.+)$", prose(text), flags=re.M):
        name = re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-")
        names.append(f"{name}-{names.count(name)}" if name in names else name)
    return set(names)
