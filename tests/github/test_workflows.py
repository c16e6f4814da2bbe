"""The workflows: actions are pinned, rights are few, no input is part of a shell's text."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.github.runner import PROJECT, SCRIPTS

WORKFLOWS = sorted((PROJECT / ".github" / "workflows").glob("*.yml"))
EXAMPLES = sorted((PROJECT / "docs" / "examples").glob("*.yml"))
ACTIONS = sorted((PROJECT / ".github" / "actions").glob("*/action.yml"))
EVERYTHING = [*WORKFLOWS, *EXAMPLES, *ACTIONS]
# Slipway's own; what is not here is for other repositories to copy (docs/github.md).
OWN = {"ci.yml", "nightly.yml", "release.yml", "deploy-slipway.yml"}
# The only job that may write: it creates the release.
WRITES = {("release.yml", "publish"): {"contents": "write"}}
# What a shell step of Slipway's own workflows runs; tests below and beside this file look at each.
OWN_COMMANDS = {
    "make test-all",
    "make reliability",
    "make coverage",
    "make docs",
    ".ci/run",
    ".ci/release",
    ".ci/publish",
    ".ci/package",
    ".ci/deploy",
}
CALLED = [path for path in WORKFLOWS if "workflow_call" in path.read_text("utf-8")]
# A commit and the version that it is, or something of this repository at the running commit.
ROLL_BACK = PROJECT / ".github" / "workflows" / "rollback.yml"
# The GitHub environment of a job, and the environment's variable that names its role.
OF_DEPLOYMENTS = ("${{ inputs.environment }}", "AWS_DEPLOYER_ROLE_ARN")
ROLES = {ROLL_BACK.name: ("${{ inputs.environment }}-rollback", "AWS_ROLLBACK_ROLE_ARN")}
PINNED = re.compile(r"[\w.-]+/[\w./-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+|\$/\.github/[\w./-]+")


def read(path: Path) -> dict[Any, Any]:
    document: dict[Any, Any] = yaml.safe_load(path.read_text("utf-8"))
    return document


def name_of(path: Path) -> str:
    return str(path.relative_to(PROJECT))


def triggers(path: Path) -> dict[str, Any]:
    """YAML 1.1 reads `on` as a boolean."""
    return dict(read(path)[True] or {})


def role_variable(path: Path) -> str:
    """The variable that names the role which the workflow assumes; it is looked at first."""
    (assumed,) = [
        step["with"]["role-to-assume"]
        for step in steps(path)
        if "configure-aws-credentials" in step.get("uses", "")
    ]
    (looked_at,) = [
        step["env"]["ROLE_ARN"] for step in steps(path) if "ROLE_ARN" in step.get("env", {})
    ]
    assert looked_at == assumed
    (name,) = re.findall(r"^\$\{\{ vars\.(\w+) \}\}$", assumed)
    return str(name)


def steps(path: Path) -> list[dict[str, Any]]:
    document = read(path)
    jobs = document.get("jobs", {"": document.get("runs")}).values()
    return [step for job in jobs for step in job.get("steps", [])]


every = pytest.mark.parametrize("path", EVERYTHING, ids=name_of)
every_workflow = pytest.mark.parametrize("path", [*WORKFLOWS, *EXAMPLES], ids=name_of)


@every
def test_everything_that_is_used_is_pinned_by_commit_with_its_version_beside_it(path: Path) -> None:
    used = re.findall(r"^\s*(?:- )?uses: *(.+?) *$", path.read_text("utf-8"), re.MULTILINE)
    assert [one for one in used if not PINNED.fullmatch(one)] == []


def test_one_version_of_each_action_is_used() -> None:
    text = "\n".join(path.read_text("utf-8") for path in EVERYTHING)
    pins = set(re.findall(r"uses: ([\w.-]+/[\w./-]+)@([0-9a-f]{40})", text))
    assert len(pins) == len({action for action, _ in pins})


@every_workflow
def test_a_workflow_begins_without_permissions_and_a_job_takes_only_two(path: Path) -> None:
    document = read(path)
    assert document["permissions"] == {}
    for name, job in document["jobs"].items():
        if job["permissions"] != WRITES.get((path.name, name)):
            assert job["permissions"].items() <= {"contents": "read", "id-token": "write"}.items()
        uses = [step.get("uses", "") for step in job.get("steps", [])]
        assumes = any("configure-aws-credentials" in one for one in uses)
        if "steps" in job:
            assert ("id-token" in job["permissions"]) == assumes


@every
def test_nothing_is_written_into_the_text_of_a_shell(path: Path) -> None:
    assert [step["run"] for step in steps(path) if "${{" in step.get("run", "")] == []


@every
def test_a_shell_step_is_one_command_that_a_test_or_the_readme_runs(path: Path) -> None:
    tested = "".join(path.read_text("utf-8") for path in Path(__file__).parent.glob("test_*.py"))
    for step in steps(path):
        command = step.get("run")
        if command and command not in OWN_COMMANDS:
            script = Path(command.strip('"').split("/", 1)[-1] if "$" in command else command)
            assert f'"{script.name}"' in tested or script.name == "await.sh", command


@every_workflow
def test_a_job_that_runs_steps_has_a_time_limit_of_its_own(path: Path) -> None:
    assert triggers(path)
    for job in read(path)["jobs"].values():
        assert ("uses" in job) != ("timeout-minutes" in job)


def test_every_command_of_a_workflow_exists() -> None:
    makefile = (PROJECT / "Makefile").read_text("utf-8")
    for command in OWN_COMMANDS:
        if command.startswith("make "):
            assert re.search(rf"^{command.removeprefix('make ')}:", makefile, re.MULTILINE), command
        else:
            assert (PROJECT / command).stat().st_mode & 0o111, command


def test_what_is_copied_is_named_on_the_page_and_needs_nothing_of_slipways_own() -> None:
    page = (PROJECT / "docs" / "github.md").read_text("utf-8")
    (names,) = re.findall(r"workflows/\{([\w,-]+)\}\.yml", page)
    copied = {f"{name}.yml" for name in names.split(",")}
    assert copied | OWN == {path.name for path in WORKFLOWS}
    assert not copied & OWN
    for name in copied:
        text = (PROJECT / ".github" / "workflows" / name).read_text("utf-8")
        assert ".ci/" not in text
        assert "make " not in text
        assert [own for own in OWN if f"workflows/{own}" in text] == []
    for name in OWN:
        assert f"`{name.removesuffix('.yml')}`" in page


def test_a_release_publishes_only_what_was_checked_and_built() -> None:
    jobs = read(PROJECT / ".github" / "workflows" / "release.yml")["jobs"]
    assert jobs["check"]["uses"] == "$/.github/workflows/ci.yml"
    assert (jobs["build"]["needs"], jobs["publish"]["needs"]) == ("check", "build")
    ran = [step.get("run") for step in jobs["publish"]["steps"]]
    assert [command for command in ran if command] == [".ci/publish"]  # it may write: nothing else


def test_the_job_that_packages_slipway_can_get_no_token_and_no_variable_of_an_environment() -> None:
    job = read(PROJECT / ".github" / "workflows" / "deploy-slipway.yml")["jobs"]["package"]
    assert job["permissions"] == {"contents": "read"}
    assert "environment" not in job
    assert "secrets" not in str(job)
    assert [step["run"] for step in job["steps"] if "run" in step] == [".ci/package"]


def test_the_job_that_may_get_the_token_deploys_only_the_package_with_the_digest() -> None:
    jobs = read(PROJECT / ".github" / "workflows" / "deploy-slipway.yml")["jobs"]
    assert [name for name, job in jobs.items() if "id-token" in job["permissions"]] == ["deploy"]
    package, deploy = jobs["package"], jobs["deploy"]
    assert (package["needs"], deploy["needs"]) == ("check", "package")
    preflight = ".github/scripts/preflight.sh"
    ran = [step["run"] for step in deploy["steps"] if "run" in step]
    assert ran == [preflight, ".ci/deploy"]
    given = deploy["steps"][-1]["env"]["DIGEST"]
    assert given == "${{ needs.package.outputs.digest }}"
    assert package["outputs"] == {"digest": "${{ steps.package.outputs.digest }}"}
    (handed,) = [step["with"] for step in package["steps"] if "upload" in step.get("uses", "")]
    (taken,) = [step["with"] for step in deploy["steps"] if "download" in step.get("uses", "")]
    assert handed["name"] == taken["name"]
    assert {str(Path(line).parent) for line in handed["path"].splitlines()} == {taken["path"]}


def test_every_script_is_used_and_may_be_run() -> None:
    used = "".join(path.read_text("utf-8") for path in EVERYTHING)
    for script in SCRIPTS.glob("*.sh"):
        assert f".github/scripts/{script.name}" in used
        assert script.stat().st_mode & 0o111


@pytest.mark.parametrize("path", [p for p in CALLED if p.stem != "ci"], ids=name_of)
def test_only_jobs_of_an_environment_assume_its_role(path: Path) -> None:
    for job in read(path)["jobs"].values():
        if "id-token" in job["permissions"]:
            environment = job["environment"]
            name = environment if isinstance(environment, str) else environment["name"]
            assert (name, role_variable(path)) == ROLES.get(path.name, OF_DEPLOYMENTS)
            (role,) = [
                step["with"]
                for step in job["steps"]
                if "configure-aws-credentials" in step.get("uses", "")
            ]
            assert "github.run_id" in role["role-session-name"]
            assert job["env"]["AWS_REGION"] == "${{ vars.AWS_REGION || 'us-west-2' }}"
            assert not {"aws-access-key-id", "aws-secret-access-key"} & role.keys()


def test_a_rollback_waits_for_no_reviewer_of_the_environment_of_deployments() -> None:
    (job,) = read(ROLL_BACK)["jobs"].values()
    for name in ("build-and-push.yml", "promote.yml"):
        (deploys,) = read(ROLL_BACK.with_name(name))["jobs"].values()
        assert job["environment"]["name"] != deploys["environment"]["name"]
        assert role_variable(ROLL_BACK) != role_variable(ROLL_BACK.with_name(name))


def test_a_rollback_asks_for_nothing_that_its_role_may_not_do() -> None:
    used = [step["uses"].split("@")[0] for step in steps(ROLL_BACK) if "uses" in step]
    assert used == [
        "actions/checkout",
        "aws-actions/configure-aws-credentials",
        "$/.github/actions/await-deployment",
    ]
    look, ask = (step for step in steps(ROLL_BACK) if "run" in step)
    assert (look["run"], ask["run"]) == (
        ".github/scripts/preflight.sh",
        ".github/scripts/roll-back.sh",
    )
    assert look["env"]["GOES_BACK"] == "true"
    assert ask["env"]["ENVIRONMENT"] == "${{ inputs.environment }}"


@pytest.mark.parametrize("path", CALLED, ids=name_of)
def test_every_reusable_workflow_has_an_example_that_calls_it_rightly(path: Path) -> None:
    (example,) = [one for one in EXAMPLES if f"$/{name_of(path)}" in one.read_text("utf-8")]
    asked = (triggers(path)["workflow_call"] or {}).get("inputs", {})
    for job in read(example)["jobs"].values():
        given = job.get("with", {})
        assert given.keys() <= asked.keys()
        assert {name for name, one in asked.items() if one.get("required")} <= given.keys()
        inner = read(path)["jobs"].values()
        needed = {key: value for one in inner for key, value in one["permissions"].items()}
        assert job["permissions"] == needed


def test_each_environment_takes_one_deployment_at_a_time_and_ends_none() -> None:
    groups = set()
    for name in ("build-and-push.yml", "promote.yml"):
        (job,) = read(PROJECT / ".github" / "workflows" / name)["jobs"].values()
        assert job["concurrency"]["cancel-in-progress"] is False
        groups.add(job["concurrency"]["group"])
    assert groups == {"slipway-${{ inputs.environment }}-${{ inputs.service }}"}
    (rollback,) = read(PROJECT / ".github" / "workflows" / "rollback.yml")["jobs"].values()
    assert "concurrency" not in rollback  # it may have to stop what runs


@pytest.mark.parametrize("name", ["build-and-push.yml", "promote.yml", "rollback.yml"])
def test_the_environment_of_a_service_has_its_address_which_may_be_empty(name: str) -> None:
    path = PROJECT / ".github" / "workflows" / name
    (job,) = read(path)["jobs"].values()
    assert job["environment"]["url"] == "${{ inputs.url || vars.SERVICE_URL }}"
    asked = triggers(path)["workflow_call"]["inputs"]["url"]
    assert (asked["default"], asked.get("required", False)) == ("", False)


def test_the_inputs_of_await_deployment_are_given_by_their_names() -> None:
    (action,) = [path for path in ACTIONS if path.parent.name == "await-deployment"]
    known = read(action)["inputs"]
    for path in WORKFLOWS:
        for step in steps(path):
            if step.get("uses") == "$/.github/actions/await-deployment":
                assert step["with"].keys() <= known.keys()
                assert {"environment", "service"} <= step["with"].keys()


def test_what_is_scanned_is_what_is_pushed() -> None:
    """The scan's own files lie outside of the directory that is built a second time."""
    build, push = (
        step["with"]
        for step in steps(PROJECT / ".github" / "workflows" / "build-and-push.yml")
        if step.get("uses", "").startswith("docker/build-push-action@")
    )
    for key in ("context", "platforms", "labels", "cache-from"):
        assert build[key] == push[key]
    assert (build["load"], push["push"]) == (True, True)
    for step in steps(PROJECT / ".github" / "workflows" / "build-and-push.yml"):
        if step.get("uses", "").startswith("aquasecurity/trivy-action@"):
            assert step["with"]["image-ref"] == build["tags"]
            assert step["with"]["cache-dir"].startswith("${{ runner.temp }}/")
            assert (
                step["with"].get("output", "${{ runner.temp }}/").startswith("${{ runner.temp }}/")
            )
