"""`make docs`: links lead where the site has the files, and what is dead or foreign is found."""

from __future__ import annotations

import importlib.util
import tomllib
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest

from tests.pages import PATHS, ROOT


@pytest.fixture(scope="module")
def site() -> ModuleType:
    spec = importlib.util.spec_from_file_location("site_of_the_pages", ROOT / ".ci" / "site.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_every_page_is_in_the_menu_once(site: ModuleType) -> None:
    settings = tomllib.loads((ROOT / "zensical.toml").read_text("utf-8"))["project"]
    named = list(pages_of(settings["nav"]))
    placed = [site.placed(path.relative_to(ROOT).as_posix()) for path in PATHS]
    assert sorted(named) == sorted(placed)


def pages_of(menu: object) -> Iterator[str]:
    if isinstance(menu, str):
        yield menu
    elif isinstance(menu, list):
        for entry in menu:
            yield from pages_of(entry)
    elif isinstance(menu, dict):
        for entry in menu.values():
            yield from pages_of(entry)


def test_no_font_is_fetched_and_no_plugin_is_used() -> None:
    settings = tomllib.loads((ROOT / "zensical.toml").read_text("utf-8"))["project"]
    assert settings["theme"]["font"] is False
    assert "plugins" not in settings


@pytest.mark.parametrize(
    ("page", "link", "becomes"),
    [
        ("README.md", "docs/adopt.md", "adopt.md"),
        ("README.md", "docs/statuses.md#sweep", "statuses.md#sweep"),
        ("README.md", "docs/pictures/demo.svg", "pictures/demo.svg"),
        ("README.md", "LICENSE", "files/LICENSE"),
        ("docs/code.md", "../CONTRIBUTING.md", "CONTRIBUTING.md"),
        ("docs/adopt.md", "../README.md", "index.md"),
        ("docs/github.md", "../.github/dependabot.yml", "files/github/dependabot.yml"),
        ("docs/decisions/0010-make-the-package-small.md", "../bench.md", "../bench.md"),
        ("docs/decisions/README.md", "../../SECURITY.md", "../SECURITY.md"),
        ("docs/adopt.md", "#from-github", "#from-github"),
        ("docs/adopt.md", "https://example.com/docs/", "https://example.com/docs/"),
    ],
)
def test_a_link_leads_to_where_the_site_has_the_file(
    site: ModuleType, page: str, link: str, becomes: str
) -> None:
    assert site.relinked(f"[text]({link})", page) == f"[text]({becomes})"


def test_a_picture_that_github_draws_is_a_text_of_the_site(site: ModuleType) -> None:
    assert site.undrawn("```mermaid\ngantt\n```\n") == "```text\ngantt\n```\n"
    assert site.undrawn("the word ```mermaid``` stays\n") == "the word ```mermaid``` stays\n"


def test_a_block_of_code_stays_as_it_is(site: ModuleType) -> None:
    block = "```sh\necho '[text](docs/adopt.md)'\n```"
    assert site.relinked(f"[a](docs/adopt.md)\n\n{block}\n", "README.md") == (
        f"[a](adopt.md)\n\n{block}\n"
    )


@pytest.mark.parametrize(
    ("body", "fault"),
    [
        ('<a href="other.html#here">text</a>', None),
        ('<a href="https://example.com/">text</a>', None),
        ('<img src="picture.svg">', None),
        ('<a href="nowhere.html">text</a>', "links to nowhere.html"),
        ('<a href="other.html#nowhere">text</a>', "links to other.html#nowhere"),
        ('<a href="../outside.html">text</a>', "links to ../outside.html"),
        ('<script src="https://example.com/a.js"></script>', "fetches https://example.com/a.js"),
        ('<script src="//example.com/a.js"></script>', "fetches //example.com/a.js"),
        ('<link rel="stylesheet" href="https://example.com/a.css">', "fetches https://example.com"),
        ('<img src="https://example.com/a.png">', "fetches https://example.com/a.png"),
        ('<pre class="mermaid">flowchart</pre>', "has a mermaid"),
    ],
)
def test_what_is_dead_or_fetched_from_elsewhere_is_found(
    site: ModuleType, tmp_path: Path, body: str, fault: str | None
) -> None:
    built = tmp_path / "site"
    built.mkdir()
    (tmp_path / "outside.html").write_text("outside")
    (built / "picture.svg").write_text("<svg/>")
    (built / "other.html").write_text('<h2 id="here">Here</h2>')
    (built / "page.html").write_text(body)
    found = list(site.check(built))
    if fault is None:
        assert found == []
    else:
        assert len(found) == 1
        assert found[0].startswith(f"page.html {fault}")


@pytest.mark.parametrize(
    "style", ["@font-face {src: url(https://example.com/f.woff2)}", '@import "//example.com/a.css"']
)
def test_a_style_that_fetches_from_elsewhere_is_found(
    site: ModuleType, tmp_path: Path, style: str
) -> None:
    (tmp_path / "a.css").write_text(style)
    assert len(list(site.check(tmp_path))) == 1
