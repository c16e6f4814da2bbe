"""What is installed: every requirements*.txt names all packages, also indirect ones, by hash."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import yaml
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parent.parent
LOCKS = sorted(ROOT.glob("requirements*.txt"))
MAKEFILE = (ROOT / "Makefile").read_text("utf-8")
every_lock = pytest.mark.parametrize("lock", LOCKS, ids=lambda lock: lock.name)
HASH = re.compile(r" --hash=sha256:[0-9a-f]{64}")


def entries(path: Path) -> list[str]:
    """The requirements, one a line: without comments, continued lines put together."""
    text = re.sub(r"\\\n *", "", path.read_text("utf-8"))
    lines = (line.partition(" #")[0].strip() for line in text.splitlines())
    return [line for line in lines if line and not line.startswith("#")]


def pinned(path: Path) -> dict[str, set[str]]:
    """The versions of each package: more than one where a marker chooses."""
    found: dict[str, set[str]] = {}
    for line in entries(path):
        requirement = Requirement(HASH.sub("", line))
        found.setdefault(canonicalize_name(requirement.name), set()).add(str(requirement.specifier))
    return found


def chosen(path: Path) -> list[str]:
    return [line for line in entries(path) if not line.startswith("-")]


@every_lock
def test_each_package_has_one_version_and_its_hashes_and_nothing_else(lock: Path) -> None:
    assert entries(lock)
    for line in entries(lock):
        bare = HASH.sub("", line)
        (one,) = Requirement(bare).specifier
        assert (one.operator, "*" in one.version) == ("==", False), bare
        assert HASH.search(line), bare
        assert "--" not in bare
        assert "@" not in bare


@every_lock
def test_a_list_says_nothing_of_where_packages_are_fetched(lock: Path) -> None:
    for path in (lock, lock.with_suffix(".in")):
        assert not re.search(r"https?:|-index|--find-links|--trusted", path.read_text("utf-8"))


@every_lock
def test_a_list_has_every_version_that_was_chosen(lock: Path) -> None:
    for line in chosen(lock.with_suffix(".in")):
        requirement = Requirement(line)
        versions = pinned(lock)[canonicalize_name(requirement.name)]
        assert versions == {str(requirement.specifier)}, line


@every_lock
def test_a_list_was_written_by_the_command_that_make_lock_runs(lock: Path) -> None:
    source = lock.with_suffix(".in").name
    _, header, *_ = lock.read_text("utf-8").splitlines()
    flags = "--universal --python-version 3.11 --generate-hashes --output-file"
    assert header == f"#    uv pip compile {flags} {lock.name} {source}"
    recipe = " ".join(MAKEFILE.partition("\nlock:")[2].partition("\n\n")[0].split())
    assert flags in recipe.replace("\\ ", "")
    assert lock.name in MAKEFILE.partition("\nLOCKS :=")[2].partition("\n\n")[0].split()


@pytest.mark.parametrize("name", ["requirements.txt", "requirements-deploy.txt"])
def test_the_tests_run_what_is_shipped_and_what_deploys_it(name: str) -> None:
    used, tested = pinned(ROOT / name), pinned(ROOT / "requirements-dev.txt")
    assert {name: tested[name] for name in used} == used


def test_whatever_make_installs_is_a_list_with_hashes() -> None:
    installed = re.findall(r"cli/install\.py \S+ (\S+)", MAKEFILE)
    assert len(installed) >= 4
    assert {ROOT / name for name in installed} <= set(LOCKS)
    assert "pip install" not in MAKEFILE


def test_dependabot_keeps_both_the_chosen_and_the_whole_list_new() -> None:
    updates = yaml.safe_load((ROOT / ".github" / "dependabot.yml").read_text("utf-8"))["updates"]
    kept = {update["package-ecosystem"] for update in updates}
    assert kept == {"github-actions", "uv"}  # `pip` would write the lists by another command
