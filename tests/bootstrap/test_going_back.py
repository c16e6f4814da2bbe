"""bootstrap/github.yaml: the role by which a workflow goes back while nobody can approve.

`dev-x` is here because its names begin as those of `dev` do.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from botocore.exceptions import ClientError

from embedded.account import EmbeddedAws
from embedded.iam.evaluate import statements
from tests.bootstrap.templates import REPOSITORY, deploy, listed, template
from tests.bootstrap.templates import statements as written
from tests.bootstrap.test_people import FUNCTIONS, MAY

STAGES = ("dev", "dev-x", "prod")
SUBJECT = "token.actions.githubusercontent.com:sub"
every_stage = pytest.mark.parametrize("stage", STAGES)


@pytest.fixture(scope="module")
def aws() -> Iterator[EmbeddedAws]:
    """An account with both roles of every stage."""
    with EmbeddedAws(rate=60) as embedded:
        for stage in STAGES:
            made = _deployed(embedded, stage, CreateRollbackRole="true")
            assert made["RollbackRoleArn"] == f"{made['RoleArn']}-rollback"
        yield embedded


def _deployed(aws: EmbeddedAws, stage: str, **parameters: str) -> dict[str, str]:
    given = {"GitHubRepository": REPOSITORY, "Environment": stage, "CreateOidcProvider": "false"}
    return deploy(aws, "github.yaml", f"slipway-github-{stage}", **given, **parameters).outputs


def _said(aws: EmbeddedAws, role: str, function: str) -> str:
    """What Lambda says. There is no function here, and only who may invoke one is told so."""
    arn = f"arn:aws:iam::{aws.account}:role/{role}"
    with pytest.raises(ClientError) as told:
        aws._clients.as_role(arn, "github-42-1", "lambda").invoke(FunctionName=function)
    return str(told.value.response["Error"]["Code"])


def _trusted(aws: EmbeddedAws, role: str) -> str:
    document = aws.client("iam").get_role(RoleName=role)["Role"]["AssumeRolePolicyDocument"]
    (statement,) = document["Statement"]
    assert set(statement["Condition"]) == {"StringEquals"}
    return str(statement["Condition"]["StringEquals"][SUBJECT])


@every_stage
def test_who_goes_back_may_do_what_people_on_call_may_and_nothing_else(
    aws: EmbeddedAws, stage: str
) -> None:
    (one,) = statements(f"slipway-github-{stage}-rollback")
    assert (one.effect, one.actions) == ("Allow", ("lambda:InvokeFunction",))
    assert not one.not_actions + one.not_resources
    begins = f"arn:aws:lambda:{aws.region}:{aws.account}:function:slipway-{stage}-"
    assert set(one.resources) == {begins + name for name in MAY["operator"]}


@every_stage
def test_who_goes_back_can_neither_deploy_nor_approve_nor_reach_another_stage(
    aws: EmbeddedAws, stage: str
) -> None:
    for other in STAGES:
        for name in sorted(FUNCTIONS):
            allowed = other == stage and name in MAY["operator"]
            said = "ResourceNotFoundException" if allowed else "AccessDeniedException"
            role = f"slipway-github-{stage}-rollback"
            assert _said(aws, role, f"slipway-{other}-{name}") == said, (other, name)


@every_stage
def test_who_deploys_cannot_go_back_and_neither_trusts_the_environment_of_the_other(
    aws: EmbeddedAws, stage: str
) -> None:
    said = _said(aws, f"slipway-github-{stage}", f"slipway-{stage}-rollback")
    assert said == "AccessDeniedException"
    whole = f"repo:{REPOSITORY}:environment:{stage}"
    assert _trusted(aws, f"slipway-github-{stage}") == whole
    assert _trusted(aws, f"slipway-github-{stage}-rollback") == f"{whole}-rollback"


def test_there_is_no_such_role_unless_it_is_asked_for(aws: EmbeddedAws) -> None:
    """GitHub makes an environment that a workflow names, so any branch could be the first there."""
    assert "RollbackRoleArn" not in _deployed(aws, "careful")
    with pytest.raises(ClientError, match="NoSuchEntity"):
        aws.client("iam").get_role(RoleName="slipway-github-careful-rollback")


def test_a_subject_that_an_organization_customized_is_given_for_each_role(aws: EmbeddedAws) -> None:
    subject = "repository:octo-org/conflicto:environment:own"
    _deployed(aws, "own", Subject=subject, CreateRollbackRole="true", RoleName="ours")
    assert _trusted(aws, "ours") == subject
    assert _trusted(aws, "ours-rollback") == f"repo:{REPOSITORY}:environment:own-rollback"
    _deployed(aws, "own", Subject=subject, RollbackSubject=f"{subject}-rollback")
    assert _trusted(aws, "ours-rollback") == f"{subject}-rollback"


@pytest.mark.parametrize(
    ("file", "parameter", "value"),
    [
        ("github.yaml", "Environment", "prod-rollback"),
        ("slipway.yaml", "Environment", "prod-rollback"),
        ("github.yaml", "Subject", "repo:o/n:environment:prod-rollback"),
        ("github.yaml", "Subject", "repo:o/n:environment:prod-rollback:actor:x"),
        ("github.yaml", "RollbackSubject", "repo:o/n:environment:prod"),
        ("github.yaml", "RollbackSubject", "repo:o/n:environment:prod:ref:x-rollback"),
    ],
)
def test_a_role_that_deploys_never_trusts_the_environment_without_reviewers(
    file: str, parameter: str, value: str
) -> None:
    pattern = template(file)["Parameters"][parameter]["AllowedPattern"]
    assert not re.fullmatch(pattern, value)


def test_no_statement_of_it_names_anything_but_functions() -> None:
    mine = [one for role, one in written(template("github.yaml")) if role == "RollbackRole"]
    assert [one["Sid"] for one in mine] == ["StopAndGoBack"]
    assert {action for one in mine for action in listed(one["Action"])} == {"lambda:InvokeFunction"}
