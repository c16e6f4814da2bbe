"""The command as a whole: what it writes, what it refuses, and what it says."""

from __future__ import annotations

import json
import subprocess
import sys
import tomllib
from pathlib import Path

import boto3
import pytest
import typer
from typer.testing import CliRunner

from chalicelib.errors import Refused
from chalicelib.model.targets import load_targets
from cli.init.command import Options, init, is_example, summary
from cli.project import PROJECT
from cli.verbs.init import init as verb
from example import conflicto
from tests.cli.init.conftest import MANY
from tests.cli.init.worlds import targets_in
from tests.cli.packages import CACHE, copy_project

CLUSTERS = tuple(f"conflicto-{stage}" for stage in conflicto.STAGES)
EXAMPLE = PROJECT / "chalicelib" / "targets.toml"


@pytest.fixture
def checkout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A checkout with the shipped example, where the command is typed."""
    project = tmp_path / "project"
    copy_project(project)
    monkeypatch.chdir(project)
    return project


def test_the_examples_account_becomes_the_examples_file(
    session: boto3.Session, checkout: Path
) -> None:
    """The shipped example is what init writes; only `tags` and `deadline` are a person's choice."""
    made = init(session, Options())
    text = (checkout / "chalicelib" / "targets.toml").read_text("utf-8")
    assert made.out == "chalicelib/targets.toml"
    assert (made.targets, made.environments) == (1, conflicto.STAGES)
    (target,) = tomllib.loads(text)["target"]
    (shipped,) = tomllib.loads(EXAMPLE.read_text("utf-8"))["target"]
    same = ("repository", "cluster", "service", "family", "log_groups")
    assert {key: target[key] for key in same} == {key: shipped[key] for key in same}
    assert set(targets_in(text)) == set(conflicto.STAGES)


def test_what_is_written_packages_without_a_change(session: boto3.Session, checkout: Path) -> None:
    init(session, Options())
    package = [sys.executable, "-m", "cli.package", "dev", "--project", str(checkout)]
    ran = subprocess.run(
        [*package, "--cache", str(CACHE)], cwd=PROJECT, capture_output=True, text=True, check=False
    )
    assert ran.returncode == 0, ran.stderr
    assert ran.stdout.startswith("Packaged dev: 1 target, ")


def test_a_file_that_is_there_is_never_overwritten_unasked(
    session: boto3.Session, checkout: Path
) -> None:
    file = checkout / "chalicelib" / "targets.toml"
    file.write_text("# mine\n")
    with pytest.raises(Refused, match=r"is there already.*Next: --force .* --out other.toml"):
        init(session, Options(clusters=CLUSTERS))
    assert file.read_text() == "# mine\n"
    init(session, Options(clusters=CLUSTERS, out="other.toml"))
    assert (checkout / "other.toml").exists()
    assert file.read_text() == "# mine\n"
    init(session, Options(clusters=CLUSTERS, force=True))
    assert load_targets(file.read_text(), "dev").all


def test_what_it_wrote_itself_is_not_the_example_any_more(
    session: boto3.Session, checkout: Path
) -> None:
    init(session, Options(clusters=CLUSTERS))
    with pytest.raises(Refused, match="is there already"):
        init(session, Options(clusters=CLUSTERS))


def test_beside_a_checkout_it_writes_where_it_is(
    session: boto3.Session, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert init(session, Options(clusters=CLUSTERS)).out == "targets.toml"
    with pytest.raises(Refused, match=r"no is no folder. Next: mkdir -p no"):
        init(session, Options(out="no/targets.toml"))


@pytest.mark.parametrize("name", ["Dev", "", "dev_1", "1st", "d" * 28])
def test_the_name_of_an_environment_must_be_one(session: boto3.Session, name: str) -> None:
    with pytest.raises(Refused, match=r"--env .*: expected an environment's name .* Next: --env"):
        init(session, Options(environments=(name,), out="-"))


def test_without_any_target_nothing_is_written(session: boto3.Session, checkout: Path) -> None:
    with pytest.raises(
        Refused, match=rf"none of the {MANY} services .* no image of ECR, but nginx"
    ):
        init(session, Options(clusters=("many",)))
    assert (checkout / "chalicelib" / "targets.toml").read_bytes() == EXAMPLE.read_bytes()


def test_without_any_service_it_says_where_it_looked(
    session: boto3.Session, checkout: Path
) -> None:
    elsewhere = boto3.Session(region_name="eu-west-1")
    with pytest.raises(Refused, match=r"no ECS service .* 123456789012 in eu-west-1. Next: --reg"):
        init(elsewhere, Options())


def test_the_summary_counts_what_was_written_and_left_out(
    session: boto3.Session, checkout: Path
) -> None:
    lines = list(summary(init(session, Options(out="new.toml"))))
    assert lines[0] == f"Read {MANY + 5} services of 5 clusters."
    assert lines[1] == "Wrote new.toml: 1 target for 3 services, in dev, staging, prod."
    assert lines[2] == f"Left out {MANY + 2} services; the file says what to do:"
    assert lines[3] == "  many/web0: it runs no image of ECR, but nginx"
    assert lines[-2] == f"  and {MANY - 3} more"
    assert lines[-1] == "Next: read the comments in the file, then make package STAGE=dev"
    text = (checkout / "new.toml").read_text("utf-8")
    assert text.count("# - many/web") == 1
    assert sum(f"many/web{number}" in text for number in range(MANY)) == MANY


def ran(*arguments: str) -> tuple[str, str]:
    """What the verb itself says on stdout and stderr."""
    app = typer.Typer()
    app.command()(verb)
    result = CliRunner().invoke(app, list(arguments), catch_exceptions=False)
    assert result.exit_code == 0, result.output
    return result.stdout, result.stderr


def test_the_verb_takes_what_it_says(session: boto3.Session, checkout: Path) -> None:
    told, _ = ran("--cluster", "conflicto-dev", "--cluster", "conflicto-prod", "--env", "dev",
                  "--env", "prod", "--region", "us-west-2", "--json", "--force")  # fmt: skip
    assert json.loads(told) == {
        "out": "chalicelib/targets.toml",
        "clusters": 2,
        "services": 2,
        "targets": 1,
        "environments": ["dev", "prod"],
        "left_out": [],
        "unread": [],
    }


def test_on_stdout_is_nothing_but_the_file(session: boto3.Session, checkout: Path) -> None:
    text, told = ran("--cluster", "conflicto-dev", "--out", "-")
    assert load_targets(text, "dev").all[0].name == "conflicto-dev/conflicto-backend-service-dev"
    assert told.startswith("Read 1 service of 1 cluster.\nWrote to stdout: 1 target")
    assert (checkout / "chalicelib" / "targets.toml").read_bytes() == EXAMPLE.read_bytes()


def test_a_profile_that_is_not_there_is_told(session: boto3.Session) -> None:
    with pytest.raises(Refused, match=r"nobody.* Next: --profile with a name of"):
        ran("--profile", "nobody")


def test_the_shipped_example_is_known_as_nobodys_work() -> None:
    """When the example changes, so must the number in `cli/init/command.py`."""
    assert is_example(EXAMPLE)
