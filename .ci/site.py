"""The pages of the repository -> out/site: copied, built by Zensical, and every link followed.

`python .ci/site.py` prints what is wrong and exits with 1: a warning of Zensical, a link that leads
nowhere, or a script, style, font or picture that a reader's browser would fetch from elsewhere.
"""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote

ROOT = Path(__file__).resolve().parent.parent
OUT = ROOT / "out"
SOURCE, SITE = OUT / "docs", OUT / "site"
# Pages outside of docs/, and their names in the site.
PAGES = {
    "README.md": "index.md",
    "CONTRIBUTING.md": "CONTRIBUTING.md",
    "CHANGELOG.md": "CHANGELOG.md",
    "SECURITY.md": "SECURITY.md",
}
_LINK = re.compile(r"(?<=\]\()(?![a-z]+:|#)([^)\s#]+)(?=[)#])")
_BLOCK = re.compile(r"^```.*?^```$", flags=re.M | re.S)
# Pages with an element of these classes make Zensical's script fetch another one from elsewhere.
_FETCHING = {"mermaid", "glightbox", "pyodide"}


def main() -> int:
    copy()
    built = subprocess.run(["zensical", "build", "--strict", "--clean"], cwd=OUT, check=False)
    if built.returncode:
        return built.returncode
    faults = list(check(SITE))
    for fault in faults:
        sys.stderr.write(f"{fault}\n")
    if not faults:
        sys.stdout.write(f"{len(list(SITE.rglob('*.html')))} pages. Open out/site/index.html\n")
    return 1 if faults else 0


def copy() -> None:
    """Copy the settings, the pages and what they link to, into out/."""
    for folder in (SOURCE, SITE):
        shutil.rmtree(folder, ignore_errors=True)
    shutil.copytree(ROOT / "docs", SOURCE)
    shutil.copy(ROOT / "zensical.toml", OUT)
    for page in [*(ROOT / "docs").rglob("*.md"), *(ROOT / name for name in PAGES)]:
        name = page.relative_to(ROOT).as_posix()
        copied = SOURCE / placed(name)
        copied.write_text(undrawn(relinked(page.read_text("utf-8"), name)), encoding="utf-8")
        for file in linked(page.read_text("utf-8"), name):
            if not (SOURCE / placed(file)).exists() and (ROOT / file).is_file():
                (SOURCE / placed(file)).parent.mkdir(parents=True, exist_ok=True)
                shutil.copy(ROOT / file, SOURCE / placed(file))


def placed(name: str) -> str:
    """Where the site has a file of the repository: docs/ is its root, the rest is in files/."""
    if name in PAGES:
        return PAGES[name]
    # Zensical leaves out what begins with a dot.
    return name[5:] if name.startswith("docs/") else f"files/{name.removeprefix('.')}"


def undrawn(text: str) -> str:
    """The page with Mermaid pictures as text: GitHub draws them, the site would load a script."""
    return re.sub(r"^```mermaid$", "```text", text, flags=re.M)


def linked(text: str, page: str) -> set[str]:
    """The files of the repository that a page links to, by their paths from the root."""
    return {_from_root(link, page) for link in _LINK.findall(_BLOCK.sub("", text))}


def relinked(text: str, page: str) -> str:
    """The page with each link as the site needs it; blocks of code stay as they are."""
    up = "../" * placed(page).count("/")
    mended = (
        _LINK.sub(lambda link: up + placed(_from_root(link[1], page)), part)
        for part in _BLOCK.split(text)
    )
    blocks = [*_BLOCK.findall(text), ""]
    return "".join(part + block for part, block in zip(mended, blocks, strict=True))


def _from_root(link: str, page: str) -> str:
    return ((ROOT / page).parent / link).resolve().relative_to(ROOT).as_posix()


class Page(HTMLParser):
    """What a built page refers to: its links, what a browser fetches for it, and its anchors."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.links: list[str] = []
        self.fetched: list[str] = []
        self.anchors: set[str] = set()
        self.classes: set[str] = set()
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        self.anchors |= {given[name] for name in ("id", "name") if name in given}
        self.classes |= set(given.get("class", "").split())
        if "href" in given:
            (self.links if tag == "a" else self.fetched).append(given["href"])
        if "src" in given:
            self.fetched.append(given["src"])


def check(site: Path) -> Iterator[str]:
    """What is wrong with a built site, a line each."""
    pages = {path: Page(path.read_text("utf-8")) for path in sorted(site.rglob("*.html"))}
    for path, page in pages.items():
        name = path.relative_to(site)
        yield from (f"{name} fetches {one}" for one in page.fetched if _elsewhere(one))
        yield from (f"{name} has a {one}, for which a script is fetched from elsewhere"
                    for one in sorted(page.classes & _FETCHING))  # fmt: skip
        for link in page.links + page.fetched:
            if not _elsewhere(link) and not _leads(link, path, site, pages):
                yield f"{name} links to {link}, which is not there"
    for path in [*site.rglob("*.css"), *site.rglob("*.svg")]:
        text = path.read_text("utf-8")
        for one in re.findall(r"(?:url\(|@import |xlink:href=|\bhref=)[\"']?([^\"')\s]+)", text):
            if _elsewhere(one) and not one.startswith("data:"):
                yield f"{path.relative_to(site)} fetches {one}"


def _elsewhere(link: str) -> bool:
    return re.match(r"[a-z]+:|//", link) is not None


def _leads(link: str, path: Path, site: Path, pages: dict[Path, Page]) -> bool:
    file, _, anchor = unquote(link).partition("#")
    base = site / file.lstrip("/") if file.startswith("/") else path.parent / file
    target = (base if file else path).resolve()
    if target.is_dir():
        target /= "index.html"
    known = target.is_file() and target.is_relative_to(site.resolve())
    return known and (not anchor or target not in pages or anchor in pages[target].anchors)


if __name__ == "__main__":
    sys.exit(main())
