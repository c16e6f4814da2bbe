"""The scripts of the workflows: what each asks, decides, refuses, and gives to the next step."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from markdown_it import MarkdownIt

from tests.github.conftest import AwsCommand
from tests.github.records import DIGEST, SERVICE, record, replied
from tests.github.runner import SCRIPTS, Runs, Step, bare, run

COMMIT = "abc1234def5678abc1234def5678abc1234def56"
OTHER = "sha256:" + "0" * 64
MISSING = "error An error occurred (ImageNotFoundException) when calling DescribeImages: no"
PROMOTED = {
    "FROM": "dev",
    "FROM_SERVICE": SERVICE,
    "FROM_ECR_REPOSITORY": "conflicto-backend-dev",
    "IMAGE": DIGEST,
    "OVERRIDE": "",
    "FROM_ACCOUNT": "",
}


def image(*tags: str, digest: str = DIGEST) -> str:
    return "plain " + json.dumps({"imageDetails": [{"imageDigest": digest, "imageTags": tags}]})


@pytest.fixture
def runs(status: AwsCommand, shell: dict[str, str], tmp_path: Path) -> Runs:
    """Runs a script; `replies` are what its `aws` answers."""

    def step(script: str, *replies: Any, **inputs: str) -> Step:
        status.replies(*replies or ("error nobody asked for this",))
        return run(SCRIPTS / script, tmp_path, shell | inputs)

    return step


READY = {
    "ENVIRONMENT": "dev",
    "ROLE_ARN": "arn:aws:iam::123456789012:role/slipway-github-dev",
    "REGION": "us-west-2",
    "ACTIONS_ID_TOKEN_REQUEST_URL": "https://example.com",
}


def test_what_is_set_up_is_told(tmp_path: Path) -> None:
    step = run(SCRIPTS / "preflight.sh", tmp_path, bare() | READY)
    assert (step.code, step.commands) == (0, [])
    assert READY["ROLE_ARN"] in step.log


@pytest.mark.parametrize(
    ("missing", "told"),
    [
        ({"ROLE_ARN": ""}, "has no variable AWS_DEPLOYER_ROLE_ARN"),
        ({"ROLE_ARN": "slipway-github-dev"}, "AWS_DEPLOYER_ROLE_ARN: expected the ARN of a role"),
        ({"REGION": "Oregon"}, "AWS_REGION: expected a region"),
        ({"ACTIONS_ID_TOKEN_REQUEST_URL": ""}, "id-token: write"),
    ],
)
def test_what_is_not_set_up_is_named_before_aws_is_asked(
    tmp_path: Path, missing: dict[str, str], told: str
) -> None:
    step = run(SCRIPTS / "preflight.sh", tmp_path, bare() | READY | missing)
    assert step.code == 2
    assert told in step.errors[0]


GOES_BACK = READY | {
    "GOES_BACK": "true",
    "ROLE_ARN": "arn:aws:iam::123456789012:role/slipway-github-dev-rollback",
}


def test_a_rollback_says_in_which_environment_it_runs(tmp_path: Path) -> None:
    step = run(SCRIPTS / "preflight.sh", tmp_path, bare() | GOES_BACK)
    assert (step.code, step.commands) == (0, [])
    assert f"{GOES_BACK['ROLE_ARN']} in us-west-2" in step.log
    assert "in the environment dev-rollback" in step.log


def test_a_rollback_that_is_not_set_up_names_its_own_variable_and_the_command_line(
    tmp_path: Path,
) -> None:
    step = run(SCRIPTS / "preflight.sh", tmp_path, bare() | GOES_BACK | {"ROLE_ARN": ""})
    assert step.code == 2
    (error,) = step.errors
    assert "'dev-rollback' has no variable AWS_ROLLBACK_ROLE_ARN" in error
    assert "RollbackRoleArn of the stack slipway-github-dev," in error
    assert "CreateRollbackRole=true" in error
    assert "slipway rollback --stage dev" in error


@pytest.mark.parametrize("goes_back", ["true", ""])
def test_nothing_is_asked_for_the_environment_without_reviewers_itself(
    tmp_path: Path, goes_back: str
) -> None:
    inputs = READY | {"ENVIRONMENT": "dev-rollback", "GOES_BACK": goes_back}
    step = run(SCRIPTS / "preflight.sh", tmp_path, bare() | inputs)
    assert step.code == 2
    assert "expected the environment itself, like 'dev'" in step.errors[0]


def named(tmp_path: Path, **changes: str) -> Step:
    inputs = {"REGISTRY": "1.dkr.ecr.us-west-2.amazonaws.com", "ECR_REPOSITORY": "team/app"}
    inputs |= {"GITHUB_SHA": COMMIT, "GITHUB_REF_TYPE": "branch", "GITHUB_REF_NAME": "main"}
    return run(SCRIPTS / "image-names.sh", tmp_path, bare() | inputs | changes)


def test_an_image_is_tagged_with_its_commit_and_latest(tmp_path: Path) -> None:
    outputs = named(tmp_path).outputs
    assert outputs["commit"] == "abc1234"
    assert outputs["version"] == ""
    image_name = "1.dkr.ecr.us-west-2.amazonaws.com/team/app"
    assert outputs["tags"] == f"{image_name}:abc1234,{image_name}:latest"


def test_a_git_tag_gives_the_version_too(tmp_path: Path) -> None:
    step = named(tmp_path, GITHUB_REF_TYPE="tag", GITHUB_REF_NAME="v1.2.3")
    assert step.outputs["version"] == "v1.2.3"
    assert [tag.split(":")[1] for tag in step.outputs["tags"].split(",")] == [
        "abc1234", "v1.2.3", "latest"
    ]  # fmt: skip


@pytest.mark.parametrize("name", ["v1", "latest", "v1.2.3-rc1", "v1.2.3,evil:latest"])
def test_a_git_tag_that_is_no_version_names_no_image(tmp_path: Path, name: str) -> None:
    assert named(tmp_path, GITHUB_REF_TYPE="tag", GITHUB_REF_NAME=name).code == 2


FOUND = {"ECR_REPOSITORY": "conflicto-backend-dev", "COMMIT": "abc1234", "VERSION": ""}


def test_what_ecr_has_not_is_built(runs: Runs) -> None:
    step = runs("find-image.sh", MISSING, **FOUND)
    assert (step.code, step.outputs["digest"]) == (0, "")
    assert step.outputs["since"].endswith("Z")


def test_what_ecr_has_is_not_built_again(runs: Runs) -> None:
    step = runs("find-image.sh", image("abc1234"), **FOUND)
    assert (step.code, step.outputs["digest"]) == (0, DIGEST)
    assert [command.name for command in step.commands] == ["notice"]


def test_a_version_that_names_another_image_is_never_moved(runs: Runs, status: AwsCommand) -> None:
    taken = image("v1.0.0", digest=OTHER)
    step = runs("find-image.sh", image("abc1234"), taken, **FOUND | {"VERSION": "v1.0.0"})
    assert step.code == 1
    assert "choose the next version" in step.errors[0]
    assert not any("put-image" in call for call in status.calls)


@pytest.mark.parametrize(
    ("said", "next_step"),
    [
        ("(RepositoryNotFoundException)", "bootstrap/repositories.yaml"),
        ("(AccessDeniedException)", "bootstrap/github.yaml"),
    ],
)
def test_what_ecr_refuses_is_told_with_the_next_step(runs: Runs, said: str, next_step: str) -> None:
    step = runs("find-image.sh", f"error An error occurred {said}", **FOUND)
    assert step.code == 6
    assert next_step in step.errors[0]
    assert "digest" not in step.outputs


AGAIN = {"ENVIRONMENT": "dev", "SERVICE": SERVICE, "DIGEST": DIGEST, "WHY": "run again"}


@pytest.mark.parametrize("known", ["SUCCESSFUL", "IN_PROGRESS", "PENDING"])
def test_a_service_that_was_last_asked_for_the_image_is_not_asked_again(
    runs: Runs, status: AwsCommand, known: str
) -> None:
    refused = record("REFUSED", digest=OTHER)
    step = runs("deploy-again.sh", replied(refused, record(known)), **AGAIN)
    assert step.outputs == {"deployment": record()["deployment"]}
    assert len(status.calls) == 1


@pytest.mark.parametrize(
    "history", [[], [record("FAILED")], [record(digest=OTHER), record()]], ids=str
)
def test_an_image_that_was_left_is_deployed_by_hand(
    runs: Runs, status: AwsCommand, history: list[Any]
) -> None:
    reply = {"deployment": "new", "status": "IN_PROGRESS"}
    step = runs("deploy-again.sh", replied(*history), reply, **AGAIN)
    assert step.outputs == {"deployment": "new"}
    assert status.asked[1] == {
        "service": SERVICE,
        "image": DIGEST,
        "by": "github:sam",
        "why": "run again",
        "key": "github-42-1-dev",
    }


def test_an_image_that_was_successful_before_is_promoted_with_its_tags(
    runs: Runs, status: AwsCommand
) -> None:
    step = runs(
        "check-promotion.sh", replied(record()), image("latest", "abc1234", "v1.2.3"), **PROMOTED
    )
    assert step.code == 0, step.log
    assert step.outputs == {"digest": DIGEST, "tags": "abc1234 v1.2.3"}
    assert status.asked == [{"service": SERVICE, "image": DIGEST}]


def test_without_a_name_what_was_successful_last_is_promoted(runs: Runs) -> None:
    by_others = record(cause="foreign", digest="")  # deployed by a tag: nobody knows its bytes
    history = replied(by_others, record("FAILED", digest=OTHER), record(), record(digest=OTHER))
    step = runs(
        "check-promotion.sh",
        history,
        replied(record()),
        image("abc1234"),
        **PROMOTED | {"IMAGE": ""},
    )
    assert step.outputs["digest"] == DIGEST


@pytest.mark.parametrize(
    ("history", "said"),
    [
        ([], "never deployed"),
        (["FAILED"], "FAILED"),
        (["ROLLBACK_SUCCESSFUL", "SUCCESSFUL"], "ROLLBACK_SUCCESSFUL"),
        (["REFUSED"], "never deployed"),
        (["OBSERVED"], "never deployed"),
        (["SUPERSEDED"], "never deployed"),
        (["IN_PROGRESS", "SUCCESSFUL"], "Wait for its verdict"),
        (["PREPARING"], "Wait for its verdict"),
        (["ROLLBACK_IN_PROGRESS"], "Wait for its verdict"),
    ],
)
def test_what_was_not_successful_is_refused_and_an_override_is_told(
    runs: Runs, history: list[str], said: str
) -> None:
    known = replied(*map(record, history))
    refused = runs("check-promotion.sh", known, **PROMOTED)
    assert (refused.code, refused.outputs) == (1, {})
    assert said in refused.errors[0]
    assert "Not promoted" in refused.summary

    reason = {"OVERRIDE": "the fix of ticket 7"}
    step = runs("check-promotion.sh", known, image("abc1234"), **PROMOTED | reason)
    assert step.code == 0, step.log
    (warning,) = step.commands
    assert warning.name == "warning"
    assert "sam overrides that: the fix of ticket 7" in warning.message


@pytest.mark.parametrize(
    "known",
    [
        pytest.param(record(proven=False, desired=0, running=0), id="it ran no task"),
        pytest.param(record(cause="foreign"), id="somebody else deployed it"),
        pytest.param({**record(), "proven": None}, id="an earlier release does not say"),
    ],
)
def test_what_never_ran_here_as_slipways_own_is_not_promoted(
    runs: Runs, known: dict[str, Any]
) -> None:
    refused = runs("check-promotion.sh", replied(known), **PROMOTED)
    assert (refused.code, refused.outputs) == (1, {})
    assert "SUCCESSFUL but not proven" in refused.errors[0]
    reason = {"OVERRIDE": "nothing runs at night"}
    step = runs("check-promotion.sh", replied(known), image("abc1234"), **PROMOTED | reason)
    assert step.code == 0, step.log


def test_an_earlier_run_of_the_same_bytes_proves_them(runs: Runs) -> None:
    asleep = record(proven=False, desired=0, running=0)
    step = runs("check-promotion.sh", replied(asleep, record()), image("abc1234"), **PROMOTED)
    assert step.code == 0, step.log


def test_without_a_name_what_never_ran_is_passed_over(runs: Runs) -> None:
    asleep = record(proven=False, digest=OTHER)
    history = replied(asleep, record())
    named = PROMOTED | {"IMAGE": ""}
    step = runs("check-promotion.sh", history, replied(record()), image("abc1234"), **named)
    assert step.outputs["digest"] == DIGEST


@pytest.mark.parametrize("history", [["SUPERSEDED", "SUCCESSFUL"], ["REFUSED", "SUCCESSFUL"]])
def test_what_says_nothing_about_the_image_does_not_spoil_its_verdict(
    runs: Runs, history: list[str]
) -> None:
    step = runs("check-promotion.sh", replied(*map(record, history)), image("abc1234"), **PROMOTED)
    assert step.code == 0


def test_an_image_without_a_tag_that_people_know_is_not_promoted(runs: Runs) -> None:
    tags = image("latest", "sha256-" + "1" * 64 + ".sig")
    step = runs("check-promotion.sh", replied(record()), tags, **PROMOTED)
    assert step.code == 1
    assert "has no tag" in step.errors[0]


def test_another_account_is_asked_by_its_number(runs: Runs, status: AwsCommand) -> None:
    there = {"FROM_ACCOUNT": "210987654321", "IMAGE": "abc1234"}
    runs(
        "check-promotion.sh",
        image("abc1234"),
        replied(record()),
        image("abc1234"),
        **PROMOTED | there,
    )
    first, second, third = status.calls
    assert "--registry-id 210987654321" in first
    assert "arn:aws:lambda:us-west-2:210987654321:function:slipway-dev-status" in second
    assert "--registry-id 210987654321" in third


def test_a_tag_that_names_another_image_there_stops_the_promotion(
    runs: Runs,
) -> None:
    step = runs(
        "copy-image.sh",
        image("abc1234", digest=OTHER),
        FROM_IMAGE="r/dev", TO_IMAGE="r/prod", ECR_REPOSITORY="prod", DIGEST=DIGEST,
        TAGS="abc1234",
    )  # fmt: skip
    assert step.code == 1
    assert "never given to another image" in step.errors[0]


BACK = {"ENVIRONMENT": "dev", "SERVICE": SERVICE, "WHY": "errors since noon", "TO": ""}


def test_a_rollback_says_who_and_why_and_is_the_same_when_run_again(
    runs: Runs, status: AwsCommand
) -> None:
    step = runs("roll-back.sh", {"deployment": "back", "status": "IN_PROGRESS"}, **BACK)
    assert step.outputs == {"deployment": "back"}
    asked = {"service": SERVICE, "by": "github:sam", "why": BACK["WHY"], "key": "github-42"}
    assert status.asked == [asked]
    runs("roll-back.sh", {"deployment": "back", "status": "x"}, **BACK | {"TO": "v1.2.3"})
    assert status.asked == [asked | {"to": "v1.2.3"}]


AGAIN_BY = {"GITHUB_TRIGGERING_ACTOR": "alex"}


def test_a_run_that_was_started_again_is_by_who_did_that(runs: Runs, status: AwsCommand) -> None:
    reply = {"deployment": "new", "status": "IN_PROGRESS"}
    runs("roll-back.sh", reply, **BACK | AGAIN_BY)
    assert status.asked[-1]["by"] == "github:alex"
    runs("deploy-again.sh", replied(), reply, **AGAIN | AGAIN_BY)
    assert status.asked[-1]["by"] == "github:alex"


def test_an_override_is_by_who_started_the_run_again(runs: Runs) -> None:
    failed = replied(record("FAILED"))
    reason = PROMOTED | AGAIN_BY | {"OVERRIDE": "the fix of ticket 7"}
    step = runs("check-promotion.sh", failed, image("abc1234"), **reason)
    assert "alex overrides that" in step.commands[0].message


def test_a_rollback_that_is_refused_ends_with_slipways_words(runs: Runs) -> None:
    step = runs("roll-back.sh", {"error": "already back on x:1; name `to`"}, **BACK)
    assert step.code == 6
    assert step.errors == ["already back on x:1; name `to`"]


def test_a_rollback_needs_a_reason(runs: Runs, status: AwsCommand) -> None:
    assert runs("roll-back.sh", **BACK | {"WHY": ""}).code == 2
    assert status.calls == []


HOSTILE = "$(touch pwned)`touch pwned`; touch pwned #\n::error::x"


def test_what_people_type_is_data(runs: Runs, status: AwsCommand, tmp_path: Path) -> None:
    reply = {"deployment": "back", "status": "IN_PROGRESS"}
    step = runs("roll-back.sh", reply, **BACK | {"WHY": HOSTILE, "TO": HOSTILE})
    assert step.commands == []
    assert status.asked[0]["why"] == HOSTILE
    assert status.asked[0]["to"] == HOSTILE
    for inputs in ({"OVERRIDE": HOSTILE}, {"IMAGE": HOSTILE}, {"FROM": HOSTILE}):
        runs("check-promotion.sh", replied(), image("abc1234"), **PROMOTED | inputs)
    assert not (tmp_path / "pwned").exists()


def test_the_summary_names_image_digest_and_what_the_scan_found(tmp_path: Path) -> None:
    report = tmp_path / "report.json"
    found = [{"Severity": "HIGH"}, {"Severity": "HIGH"}, {"Severity": "LOW"}]
    report.write_text(json.dumps({"Results": [{"Vulnerabilities": found}, {"Target": "none"}]}))
    inputs = {"IMAGE": "1.dkr.ecr.us-west-2.amazonaws.com/team/app", "COMMIT": "abc1234"}
    inputs |= {"DIGEST": DIGEST, "ENVIRONMENT": "dev", "AWS_REGION": "us-west-2"}
    step = run(SCRIPTS / "summarize-image.sh", tmp_path, bare() | inputs | {"REPORT": str(report)})
    assert step.code == 0, step.log
    page = MarkdownIt("commonmark", {"html": True}).enable("table").render(step.summary)
    for text in ("team/app:abc1234", DIGEST, "2 high, 1 low", "actions/runs/42"):
        assert text in page
    without = run(SCRIPTS / "summarize-image.sh", tmp_path, bare() | inputs)
    assert "Vulnerabilities" not in without.summary
