"""The front page is short and leads to every page; no link, path or command on a page is dead."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.pages import PATHS, ROOT, anchors, blocks, code, links, page, prose, section

pages = pytest.mark.parametrize("path", PATHS, ids=lambda path: path.stem)
# Paths in the reader's own repository, and names of repositories.
_ELSEWHERE = re.compile(
    r"\.github/workflows/conflicto-\w+\.yml|(backend|slipway|octo-org|aquasecurity|conflicto-(dev|prod))/.*"
    r"|slipway\.toml"  # of a person
)
_TOLD = ("*.toml", ".ci/run", ".github/**/*.yml", ".github/**/*.sh", "app.py", "bench/**/*.py",
         "bootstrap/*.yaml", "chalicelib/**/*", "cli/**/*.py", "docs/examples/*", "demo/**/*.py",
         "embedded/**/*.py", "example/**/*.py", "rehearsal/**/*.py", "tests/**/*.py")  # fmt: skip


def _named(text: str) -> set[str]:
    """The paths of this repository that are named in code."""
    return {
        name
        for name in code(prose(text))
        if re.fullmatch(r"\.?[\w-]+(/[\w.-]+)+|[\w-]+\.(py|toml|md)", name)
        and not name.startswith(("out/", ".venv/", "CLUSTER/", "GROUP/"))
        and not _ELSEWHERE.fullmatch(name)
    }


def test_the_front_page_is_short() -> None:
    assert len((ROOT / "README.md").read_bytes()) <= 8192


@pages
def test_every_block_of_code_is_closed_and_says_its_language(path: Path) -> None:
    fences = re.findall(r"^```(.*)$", path.read_text("utf-8"), flags=re.M)
    assert len(fences) % 2 == 0
    assert all(fences[0::2])
    assert not any(fences[1::2])


@pages
def test_every_path_that_is_named_exists(path: Path) -> None:
    assert [name for name in sorted(_named(path.read_text("utf-8"))) if not _exists(name)] == []


def _exists(name: str) -> bool:
    """From the root, or a file of docs/ or of the product by its name alone."""
    return any((folder / name).exists() for folder in (ROOT, ROOT / "docs", ROOT / "chalicelib"))


@pages
def test_every_link_leads_to_a_file_and_to_a_heading_in_it(path: Path) -> None:
    for link in links(path.read_text("utf-8")):
        if link.startswith("https://"):
            continue
        file, _, anchor = link.partition("#")
        target = (path.parent / file).resolve() if file else path
        assert target.is_relative_to(ROOT), link
        assert target.exists(), link
        assert not anchor or anchor in anchors(target.read_text("utf-8")), link


def test_every_page_is_reached_from_the_front_page() -> None:
    reached, todo = set(), [ROOT / "README.md"]
    while todo:
        path = todo.pop()
        if path not in reached:
            reached.add(path)
            files = (link.partition("#")[0] for link in links(path.read_text("utf-8")))
            found = ((path.parent / file).resolve() for file in files if file.endswith(".md"))
            todo.extend(one for one in found if one.exists())
    assert set(PATHS) - reached == set()


def test_every_page_that_code_or_a_workflow_names_exists() -> None:
    named = {
        (path.relative_to(ROOT).as_posix(), name)
        for pattern in _TOLD
        for path in ROOT.glob(pattern)
        if path.is_file() and "__pycache__" not in path.parts
        for name in re.findall(r"\bdocs/[\w-]+\.md\b", path.read_text("utf-8"))
    }
    assert {name for _, name in named} >= {"docs/github.md", "docs/targets.md"}
    assert {one for one in named if not (ROOT / one[1]).exists()} == set()


def test_every_make_target_that_is_named_exists() -> None:
    made = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text("utf-8"), flags=re.M))
    commands = ""
    for path in PATHS:
        text = path.read_text("utf-8")
        in_prose = [one for one in code(prose(text)) if "make" in one]
        commands += "\n".join([*blocks("sh", text), *in_prose, ""])
    named = set(re.findall(r"\bmake ([a-z-]+)", commands))
    assert {"demo", "test", "local", "package", "deploy", "check"} <= named <= made


def test_the_figures_of_the_front_page_are_those_of_the_measured_pages() -> None:
    compared = section(page("README"), "Why not the steps in my pipeline?")
    prices = set(re.findall(r"\$([\d.]*\d)", compared))
    assert len(prices) >= 9
    assert prices <= set(re.findall(r"\d[\d.]*\d", page("price")))
    crash, without = (
        re.search(rf"^\| \*\*{name}\*\*:[^|]+\|[^|]+\| failed, (\d+ s)", page("bench"), flags=re.M)
        for name in ("crash", "crash-no-breaker")
    )
    assert crash is not None
    assert without is not None
    assert f"failed after {crash[1]}, {without[1]} without a circuit breaker" in compared


def test_the_front_page_shows_the_two_commands_and_five_to_adopt_it() -> None:
    look, adopt = blocks("sh", page("README"))
    assert re.findall(r"^make \w+", look, flags=re.M) == ["make demo", "make test"]
    commands = [line for line in adopt.splitlines() if not line.startswith("#")]
    assert len(commands) == len(adopt.splitlines()) / 2 == 5
