"""The demo's second package: a line more in the targets file, and the packager's own words."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from chalicelib.errors import Refused
from chalicelib.model.targets import load_targets
from demo.repackaged import Repackaged, with_before

TARGETS = Path("chalicelib/targets.toml").read_text("utf-8")


def test_dev_gets_a_before_and_nothing_else_changes() -> None:
    after = with_before(TARGETS)
    (plain,), (target,) = load_targets(TARGETS, "dev").all, load_targets(after, "dev").all
    assert plain.before is None
    assert target.before is not None
    assert target.before.command == ("python", "manage.py", "migrate")
    assert target.model_copy(update={"before": None}) == plain
    assert load_targets(after, "prod") == load_targets(TARGETS, "prod")


def test_a_before_that_dev_has_already_stays() -> None:
    after = with_before(TARGETS)
    assert with_before(after) == after


def test_targets_without_an_environment_dev_are_refused() -> None:
    with pytest.raises(Refused, match=r"has no \[environment.dev\]"):
        with_before(TARGETS.replace("[environment.dev]", "[environment.test]"))


def test_what_the_packager_refuses_is_told_in_its_words(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    function = {"Properties": {"Architectures": ["sparc"]}}
    (tmp_path / "dev").mkdir()
    template = json.dumps({"Resources": {"Table": {}, "Function": function}})
    (tmp_path / "dev" / "sam.json").write_text(template)
    with Repackaged(tmp_path / "dev") as later, pytest.raises(Refused, match="'sparc'"):
        later.made()


def test_a_story_that_ends_early_leaves_no_packager_behind(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    template = json.dumps({"Resources": {"F": {"Properties": {"Architectures": ["x86_64"]}}}})
    (tmp_path / "sam.json").write_text(template)
    with Repackaged(tmp_path) as later:
        process = later.process
        assert process.poll() is None
    assert process.poll() is not None
