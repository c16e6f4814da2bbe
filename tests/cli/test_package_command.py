"""The command: what it says, what it refuses, and that a refusal writes nothing."""

from __future__ import annotations

import json
import re
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.model.freezes import Freeze
from chalicelib.model.notices import NoticeChannels
from chalicelib.model.scans import Severity
from chalicelib.model.targets import Gate, ScanGate, Target, Targets, load_targets
from cli.package import staging
from cli.package.command import freezes, main, moving_tags
from cli.package.version import version
from tests.cli.conftest import FUNCTIONS
from tests.cli.packages import CACHE, copy_project
from tests.model.freezes import any_freezes, freeze

TARGET = '[[target]]\nrepository = "shop"\ncluster = "shop"\nservice = "api"\n'

BROKEN = {
    "a key is missing": (
        '[[target]]\nrepository = "shop"\ncluster = "shop"\n',
        ("[[target]] number 1", "`service`"),
    ),
    "a key is unknown": (TARGET + 'dealine = "30m"\n', ("[[target]] number 1", "`dealine`")),
    "a value is wrong": (TARGET + 'deadline = "soon"\n', ("[[target]] number 1", "`deadline`")),
    "a pattern is wrong": (TARGET + "tags = '['\n", ("[[target]] number 1", "`tags`")),
    "a service is named twice": (TARGET + TARGET, ("shop/api", "two [[target]] tables")),
    "a table is unknown": (TARGET + "[enviroment.dev]\n", ("`enviroment`",)),
    "the stage is unknown": (TARGET + "[environment.prod]\n", ("[environment.dev]", "prod")),
    "it is not TOML": ("[[target]\n", ("targets.toml is not TOML",)),
    "another environment's key is unknown": (
        TARGET + "[environment.dev]\n[environment.prod]\ndealine = '4m'\n",
        ("[environment.prod]", "Did you mean `deadline`?"),
    ),
    "another environment's role names nothing": (
        TARGET
        + '[environment.dev]\naccount = "111111111111"\n'
        + '[environment.prod]\naccount = "222222222222"\npass_roles = ["*"]\n',
        ("`pass_roles`", "This is wrong in [environment.prod]; every environment is checked."),
    ),
    "a role names nothing": (TARGET + 'pass_roles = ["*"]\n', ("shop/api", "`pass_roles`")),
}


@pytest.fixture
def project(tmp_path: Path) -> Path:
    copy = tmp_path / "project"
    copy_project(copy)
    return copy


def run(project: Path, *arguments: Any) -> int:
    return main([*arguments, "--project", str(project), "--cache", str(CACHE)])


@pytest.mark.parametrize(("text", "expected"), BROKEN.values(), ids=BROKEN)
def test_broken_targets_are_refused_in_one_sentence_and_nothing_is_written(
    project: Path, capsys: pytest.CaptureFixture[str], text: str, expected: tuple[str, ...]
) -> None:
    (project / "chalicelib" / "targets.toml").write_text(text)
    assert run(project, "dev") == 1
    said = capsys.readouterr()
    assert said.out == ""
    assert len(said.err.strip().splitlines()) == 1
    assert all(part in said.err for part in expected), said.err
    assert not (project / "out").exists()


def test_without_a_readable_targets_file_it_says_so_in_one_sentence(
    project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = project / "chalicelib" / "targets.toml"
    file.write_bytes(b"\xff\xfe[[target]]")
    assert run(project, "dev") == 1
    assert "targets.toml is not UTF-8 text" in capsys.readouterr().err
    file.unlink()
    assert run(project, "dev") == 1
    assert "targets.toml is not there" in capsys.readouterr().err


@pytest.mark.parametrize("stage", ["Dev", "dev_1", "-dev", "d" * 33, "", "1st"])
def test_a_stage_that_cannot_be_part_of_every_name_is_refused(
    project: Path, capsys: pytest.CaptureFixture[str], stage: str
) -> None:
    assert main(["--project", str(project), "--", stage]) == 1
    assert "STAGE: expected an environment's name" in capsys.readouterr().err


def test_code_that_chalice_cannot_load_is_refused_with_its_own_words(
    project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (project / "app.py").write_text("import nothing_of_that_name\n")
    assert run(project, "dev") == 1
    assert "nothing_of_that_name" in capsys.readouterr().err
    assert not (project / "out" / "dev" / "sam.json").exists()


def test_a_finding_keeps_the_package_that_was_there(
    project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = project / "out" / "dev"
    out.mkdir(parents=True)
    (out / "sam.json").write_text("the one before")
    resources = project / ".chalice" / "resources.yaml"
    resources.write_text(resources.read_text().replace("Default: Pause", "Default: Puase"))
    assert run(project, "dev") == 1
    assert "Puase" in capsys.readouterr().err
    assert (out / "sam.json").read_text() == "the one before"
    assert not (out / "deployment.zip").exists()


def test_it_says_in_a_line_what_it_made(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(project, "dev") == 0
    said = capsys.readouterr()
    assert said.err == ""
    (line,) = said.out.splitlines()
    assert line.startswith("Packaged dev: 1 target, 9 functions among ")
    assert re.search(r" in \S*out/dev \(\d\.\d MB\)$", line)


def test_asked_to_it_says_all_that_it_did(
    project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(project, "dev", "--verbose") == 0
    said = capsys.readouterr().out
    assert said.startswith("dev: 1 target, x86_64\n")
    assert "from the cache" in said or "fetched" in said
    assert "9 functions among" in said
    assert f"compiled for python3.{sys.version_info.minor}, the functions' runtime" in said
    assert all(f"{name} " in said for name in FUNCTIONS)
    assert "`*` in ListTasks (7 roles): ECS lists tasks by" in said
    assert "no findings" in said
    assert (
        "parameters of bootstrap/slipway.yaml, for its boundary: Clusters='conflicto-dev' "
        "Families='conflicto-backend-dev' Repositories='conflicto-backend-dev' "
        "LogGroups='/ecs/conflicto-backend-dev' TaskRoles='arn:aws:iam::*:role/conflicto-*-dev'"
    ) in said
    assert len(said.splitlines()) < 15


def test_environments_that_are_not_apart_are_refused_whichever_is_packaged(
    project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    text = TARGET + 'family = "api"\n[environment.dev]\n[environment.prod]\n'
    (project / "chalicelib" / "targets.toml").write_text(text)
    for stage in ("dev", "prod"):
        assert run(project, stage) == 1
        said = capsys.readouterr()
        assert said.out == ""
        assert len(said.err.strip().splitlines()) == 1
        assert "so one could reach the other. Write {env} into it" in said.err
    assert not (project / "out").exists()


def test_the_template_names_the_account_that_the_file_names(project: Path) -> None:
    text = TARGET + '[environment.dev]\naccount = "111111111111"\n'
    (project / "chalicelib" / "targets.toml").write_text(text)
    assert run(project, "dev") == 0
    template = json.loads((project / "out" / "dev" / "sam.json").read_text("utf-8"))
    assert template["Metadata"] == {"Account": "111111111111", "Version": version()}


@pytest.mark.parametrize(
    ("tags", "warned"),
    [
        ("", False),
        ("tags = '^[0-9a-f]{7,40}$'", False),
        ("tags = '(?!latest$).+'", False),
        ("tags = '.*'", True),
        ("tags = 'latest|v.*'", True),
        ("tags = '[a-z]+'", True),
    ],
)
def test_it_warns_where_pushes_of_latest_deploy(tags: str, warned: bool) -> None:
    lines = list(moving_tags(load_targets(TARGET + tags, "dev")))
    assert bool(lines) is warned
    assert all(line.startswith("  `tags` admits `latest`: shop/api; no record") for line in lines)


def test_of_many_targets_that_deploy_latest_one_is_named() -> None:
    two = TARGET + "tags = '.*'\n" + TARGET.replace('"api"', '"web"') + "tags = 'latest'\n"
    (line,) = moving_tags(load_targets(two, "dev"))
    assert "shop/api and 1 more" in line


def test_it_says_when_names_were_widened_and_when_roles_are_missing(
    project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    many = "".join(TARGET.replace('"api"', f'"api-{n}"') for n in range(300))
    (project / "chalicelib" / "targets.toml").write_text(many)
    assert run(project, "dev") == 0
    said = capsys.readouterr().out
    assert "dev: 300 targets" in said
    assert "too long with every name, so it covers every service of the targets' clusters" in said
    assert "without `pass_roles`: shop/api-0 and 299 more; deploying is denied when" in said
    assert len(said.splitlines()) < 25


@pytest.mark.parametrize("option", [(), ("--verbose",)])
def test_it_says_when_pushes_wait(
    project: Path, capsys: pytest.CaptureFixture[str], option: tuple[str, ...]
) -> None:
    text = TARGET + 'freeze = [{from = "fri 16:00", to = "mon 08:00", why = "weekend"}]\n'
    (project / "chalicelib" / "targets.toml").write_text(text)
    assert run(project, "dev", *option) == 0
    said = capsys.readouterr().out
    assert "\n  frozen from Friday 16:00 to Monday 08:00, UTC (weekend); " in said


WEEKEND = freeze("fri 16:00", "mon 08:00", why="weekend")
HOLIDAYS = freeze("2026-12-23 18:00", "2027-01-02 08:00", why="holidays")
WEEKEND_LINE = "frozen from Friday 16:00 to Monday 08:00, Europe/Berlin (weekend)"
HOLIDAYS_LINE = (
    "frozen from 23 December 2026 18:00 to 2 January 2027 08:00, Europe/Berlin (holidays)"
)


@pytest.mark.parametrize(
    ("now", "having", "lines"),
    [
        pytest.param("2026-11-25 12:00", [()], [], id="no freeze"),
        pytest.param(
            "2026-11-25 12:00", [(WEEKEND,), (WEEKEND,)],
            [f"  {WEEKEND_LINE}; the next begins Friday 27 November 2026 16:00"],
            id="all targets have it",
        ),
        pytest.param(
            "2026-11-28 12:00", [(WEEKEND,), (HOLIDAYS, WEEKEND), ()],
            [
                f"  c/s0 and 1 more: {WEEKEND_LINE}; "
                "this holds now, until Monday 30 November 2026 08:00",
                f"  c/s1: {HOLIDAYS_LINE}; the next begins Wednesday 23 December 2026 18:00",
            ],
            id="some have it",
        ),
        pytest.param("2027-01-02 07:00", [(HOLIDAYS,)], [f"  {HOLIDAYS_LINE}; this is over"],
            id="over",
        ),
    ],
)  # fmt: skip
def test_each_freeze_is_told_once_with_its_targets_and_its_next_time(
    now: str, having: list[tuple[Freeze, ...]], lines: list[str]
) -> None:
    all_ = tuple(
        Target(repository="r", cluster="c", service=f"s{number}", freeze=each)
        for number, each in enumerate(having)
    )
    moment = datetime.fromisoformat(now).replace(tzinfo=UTC)
    assert list(freezes(Targets(stage="dev", all=all_), moment)) == lines


def test_the_repository_is_not_dirtied(project: Path) -> None:
    before = {path for path in project.rglob("*") if "__pycache__" not in path.parts}
    assert run(project, "dev") == 0
    after = {path for path in project.rglob("*") if "__pycache__" not in path.parts}
    assert {path.relative_to(project).parts[0] for path in after - before} == {"out"}


words = st.from_regex(r"[a-z][a-z0-9-]{0,20}", fullmatch=True)
anything = st.text(st.characters(exclude_categories=["Cs"]), max_size=30)


@given(
    st.builds(
        Target,
        repository=st.from_regex(r"[a-z][a-z0-9]{0,20}", fullmatch=True),
        cluster=words,
        service=words,
        family=st.none() | words,
        containers=st.lists(words, max_size=3).map(tuple),
        tags=st.none() | anything.map(lambda text: "".join(f"[{ord(c)}]" for c in text)),
        mode=st.sampled_from(["deploy", "observe"]),
        deadline=st.integers(60, 48 * 3600),
        log_groups=st.lists(anything.filter(lambda text: "{" not in text)).map(tuple),
        gate=st.builds(
            Gate,
            scan=st.none()
            | st.builds(
                ScanGate,
                max=st.sampled_from(Severity),
                wait=st.integers(60, 48 * 3600),
                on_timeout=st.sampled_from(["deploy", "refuse"]),
            ),
        ),
        freeze=any_freezes,
    ),
    st.fixed_dictionaries(
        {},
        optional={
            "slack": st.sampled_from(
                [
                    "ssm:/slipway/dev/slack",
                    {"token": "ssm:/t", "channel": "C1", "mention": {"failures": "<!here>"}},
                ]
            ),
            "teams": st.just({"webhook": "secretsmanager:teams", "only": ["held", "FAILED"]}),
            "events": st.booleans(),
            "only": st.just(["failures"]),
        },
    ).map(NoticeChannels.model_validate),
)
def test_the_stages_file_is_read_back_as_the_same_targets(
    target: Target, notices: NoticeChannels
) -> None:
    targets = Targets(stage="dev", all=(target,), notices=notices)
    assert load_targets(staging.as_toml(targets), "dev") == targets
