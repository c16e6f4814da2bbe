"""`make eyes`: what programs of others find is accepted for a reason, or it is an error."""

from __future__ import annotations

import importlib
import json
import stat
import subprocess
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
import yaml

from tests.cli.packages import written
from tests.github.runner import PROJECT

ACCEPTED = PROJECT / ".ci" / "accepted.toml"
ENTRY = '[[bandit]]\nid = "B101"\nwhere = ["a/*.py"]\nreason = "a test"\n'


@pytest.fixture
def eyes(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    monkeypatch.syspath_prepend(PROJECT / ".ci")
    monkeypatch.delitem(sys.modules, "eyes", raising=False)
    return importlib.import_module("eyes")


@pytest.fixture
def accepted(eyes: ModuleType) -> ModuleType:
    return importlib.import_module(eyes.Finding.__module__)


def run(
    eyes: ModuleType, monkeypatch: pytest.MonkeyPatch, folder: Path, found: list[Any], entries: str
) -> int:
    """Exit code where bandit finds this and no other program is there."""
    place = folder / "accepted.toml"
    place.write_text(entries, "utf-8")
    monkeypatch.setattr(eyes, "ACCEPTED", place)
    monkeypatch.setattr(eyes, "EYES", {"bandit": lambda _: found})
    code: int = eyes.main("template.json")
    return code


def test_what_nobody_accepted_is_an_error(
    eyes: ModuleType,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    found = [eyes.Finding("bandit", "B602", "a/b.py", "line 3: a shell")]
    assert run(eyes, monkeypatch, tmp_path, found, "") == 1
    said = capsys.readouterr()
    assert "bandit: 1 found, 0 accepted, 1 new" in said.out
    assert "bandit: B602 at a/b.py: line 3: a shell. Mend it" in said.err


def test_what_is_accepted_is_told_with_its_reason(
    eyes: ModuleType,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    found = [eyes.Finding("bandit", "B101", "a/b.py", "line 3: an assertion")]
    assert run(eyes, monkeypatch, tmp_path, found, ENTRY) == 0
    assert "B101, accepted 1x: a test" in capsys.readouterr().out


@pytest.mark.parametrize("other", [("B102", "a/b.py"), ("B101", "b/b.py")])
def test_an_acceptance_covers_no_other_check_and_no_other_place(
    accepted: ModuleType, other: tuple[str, str]
) -> None:
    entries = accepted.read(ENTRY, ["bandit"])
    found = [accepted.Finding("bandit", *other, "words")]
    new, gone = accepted.wrong(found, entries)
    assert "Mend it" in new
    assert "no B101 at a/*.py any more" in gone


def test_one_pattern_that_matches_nothing_is_an_error_beside_one_that_does(
    accepted: ModuleType,
) -> None:
    entries = accepted.read(ENTRY.replace('"a/*.py"', '"a/*.py", "c.py"'), ["bandit"])
    found = [accepted.Finding("bandit", "B101", "a/b.py", "words")]
    (gone,) = accepted.wrong(found, entries)
    assert "no B101 at c.py any more" in gone


@pytest.mark.parametrize(
    "text",
    [ENTRY.replace("a test", ""), ENTRY.replace("bandit", "bandid")],
    ids=["without a reason", "of an unknown tool"],
)
def test_an_acceptance_needs_a_reason_and_a_known_tool(accepted: ModuleType, text: str) -> None:
    with pytest.raises(ValueError, match="each needs a reason"):
        accepted.read(text, ["bandit"])


def test_every_acceptance_in_the_file_has_its_form(eyes: ModuleType, accepted: ModuleType) -> None:
    entries = accepted.read(ACCEPTED.read_text("utf-8"), eyes.EYES)
    assert len({(entry.tool, entry.id) for entry in entries}) == len(entries)
    assert all(entry.where for entry in entries)


# The programs


def program(folder: Path, monkeypatch: pytest.MonkeyPatch, eyes: ModuleType, script: str) -> None:
    """A program that prints this instead of each of the real ones."""
    for name in ("checkov", "bandit", "pip-audit", "actionlint"):
        place = folder / name
        place.write_text(f"#!/bin/sh\n{script}\n", "utf-8")
        place.chmod(place.stat().st_mode | stat.S_IXUSR)
    monkeypatch.setattr(eyes, "BESIDE", folder)


@pytest.mark.parametrize("tool", ["checkov", "bandit", "pip-audit", "actionlint"])
def test_a_program_that_crashes_never_counts_as_one_that_found_nothing(
    tool: str, eyes: ModuleType, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    program(tmp_path, monkeypatch, eyes, "echo broken >&2; exit 2")
    with pytest.raises(ValueError, match="said nothing: broken"):
        eyes.EYES[tool](tmp_path / "template.json")


def test_a_database_that_does_not_answer_is_told_and_is_no_error(
    eyes: ModuleType,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    program(tmp_path, monkeypatch, eyes, "echo requests.exceptions.ConnectionError >&2; exit 1")
    monkeypatch.setattr(eyes, "EYES", {"pip-audit": eyes.pip_audit})
    monkeypatch.setattr(eyes, "ACCEPTED", tmp_path / "accepted.toml")
    eyes.ACCEPTED.write_text('[[pip-audit]]\nid = "X"\nwhere = ["y"]\nreason = "z"\n', "utf-8")
    assert eyes.main("template.json") == 0
    assert capsys.readouterr().out == "pip-audit: not known, its database does not answer\n"


def test_a_flaw_counts_also_where_the_database_does_not_know_every_library(
    eyes: ModuleType,
) -> None:
    unknown = {"name": "a", "skip_reason": "not found"}
    flawed = {"name": "b", "version": "1", "vulns": [{"id": "PYSEC-1", "fix_versions": ["2"]}]}
    (flaw,) = eyes.vulnerable([unknown, flawed])
    assert (flaw.id, flaw.where, flaw.words) == ("PYSEC-1", "b", "mended in 2")
    with pytest.raises(eyes.Unreachable, match="nothing of 1 libraries"):
        eyes.vulnerable([unknown, {"name": "b", "version": "1", "vulns": []}])


def test_every_role_of_the_stack_is_shown_with_the_resources_that_limit_it(
    eyes: ModuleType, tmp_path_factory: pytest.TempPathFactory
) -> None:
    sam = written(tmp_path_factory, "dev").directory / "sam.json"
    expand = [sys.executable, "-m", "cli.package.expansion", str(sam)]
    template = json.loads(
        subprocess.run(expand, cwd=PROJECT, capture_output=True, check=True).stdout
    )
    shown = dict(eyes.policies(template))
    kinds = {name: resource["Type"] for name, resource in template["Resources"].items()}
    assert set(shown) == {name for name, kind in kinds.items() if kind == "AWS::IAM::Role"}
    for document in shown.values():
        for statement in document["Statement"]:
            assert all(isinstance(one, str) for one in statement["Resource"])


def test_an_action_without_a_limit_is_another_finding_than_one_with(eyes: ModuleType) -> None:
    def scan(_document: Any, **flags: bool) -> dict[str, Any]:
        every = ["iam:PassRole", "sns:Publish"] if flags else ["iam:PassRole"]
        return {"ResourceExposure": {"findings": every}, "services": []}

    statement = {"Action": "*", "Resource": {"Ref": "Topic"}}
    policy = {"PolicyDocument": {"Statement": [statement]}}
    role = {"Type": "AWS::IAM::Role", "Properties": {"Policies": [policy]}}
    found = eyes.risky({"Resources": {"R": role}}, scan)
    assert [(one.id, one.where) for one in found] == [
        ("unlimited ResourceExposure iam:PassRole", "R"),
        ("ResourceExposure sns:Publish", "R"),
    ]


def test_the_nightly_run_looks() -> None:
    nightly = (PROJECT / ".github" / "workflows" / "nightly.yml").read_text("utf-8")
    steps = [step for job in yaml.safe_load(nightly)["jobs"].values() for step in job["steps"]]
    assert "make eyes" in [step.get("run") for step in steps]
