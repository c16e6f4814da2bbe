"""bootstrap/people.yaml: who may invoke what, in an account with several stages.

`dev-x` is here because its names begin as those of `dev` do.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator

import pytest
from botocore.exceptions import ClientError

from embedded.account import EmbeddedAws
from embedded.iam.evaluate import Statement, read_policy, statements
from tests.bootstrap.templates import REPOSITORY, deploy, template
from tests.pages import ROOT, code, page, rows, section

STAGES = ("dev", "dev-x", "prod")
MAY = {
    "reader": {"status"},
    "operator": {"hold", "rollback", "status"},
    "approver": {"deploy", "release", "status"},
}
# Every function of the app, and the two by which people hold and release.
FUNCTIONS = {
    "hold",
    "release",
    *re.findall(r"^def (\w+)\(", (ROOT / "app.py").read_text("utf-8"), flags=re.M),
}
# What somebody would use who wants to get past Slipway, or at its ledger.
BESIDE = {
    "cloudformation:UpdateStack": "cloudformation:{here}:stack/slipway-{stage}/x",
    "dynamodb:PutItem": "dynamodb:{here}:table/slipway-{stage}-Ledger-1A2B",
    "ecs:UpdateService": "ecs:{here}:service/conflicto-{stage}/conflicto-backend-service-{stage}",
    "ecs:UpdateExpressGatewayService": "ecs:{here}:service/conflicto-{stage}/web-{stage}",
    "iam:PassRole": "iam::{account}:role/slipway-{stage}-DeployRole-1A2B",
    "lambda:UpdateFunctionCode": "lambda:{here}:function:slipway-{stage}-status",
    "states:StartExecution": "states:{here}:stateMachine:slipway-{stage}",
}
every_kind = pytest.mark.parametrize("kind", MAY)
every_stage = pytest.mark.parametrize("stage", STAGES)


@pytest.fixture(scope="module")
def aws() -> Iterator[EmbeddedAws]:
    """An account with the policies of every stage. A role that has one is named like it."""
    with EmbeddedAws(rate=60) as embedded:
        iam = embedded.client("iam")
        for stage in STAGES:
            made = deploy(embedded, "people.yaml", f"slipway-people-{stage}", Stage=stage)
            for kind in MAY:
                name = f"slipway-{kind}-{stage}"
                arn = made.outputs[f"{kind.title()}Arn"]
                assert arn == f"arn:aws:iam::{embedded.account}:policy/{name}"
                iam.create_role(RoleName=name, AssumeRolePolicyDocument=json.dumps({}))
                iam.attach_role_policy(RoleName=name, PolicyArn=arn)
        yield embedded


def policy(aws: EmbeddedAws, kind: str, stage: str) -> tuple[Statement, ...]:
    arn = f"arn:aws:iam::{aws.account}:policy/slipway-{kind}-{stage}"
    version = aws.client("iam").get_policy_version(PolicyArn=arn, VersionId="v1")
    return read_policy(f"{kind}-{stage}", version["PolicyVersion"]["Document"])


def function(aws: EmbeddedAws, stage: str, name: str) -> str:
    return f"arn:aws:lambda:{aws.region}:{aws.account}:function:slipway-{stage}-{name}"


def invoked(aws: EmbeddedAws, kind: str, stage: str, name: str) -> str:
    """What Lambda says. There is no function here, and only who may invoke one is told so."""
    role = f"arn:aws:iam::{aws.account}:role/slipway-{kind}-{stage}"
    with pytest.raises(ClientError) as told:
        aws._clients.as_role(role, "sam", "lambda").invoke(FunctionName=name)
    return str(told.value.response["Error"]["Code"])


@every_stage
@every_kind
def test_a_person_may_invoke_the_functions_of_their_policy_and_no_other(
    aws: EmbeddedAws, kind: str, stage: str
) -> None:
    assert {"status", "deploy", "rollback", "sweep", "watch"} < FUNCTIONS
    for name in sorted(FUNCTIONS):
        allowed = "ResourceNotFoundException" if name in MAY[kind] else "AccessDeniedException"
        assert invoked(aws, kind, stage, f"slipway-{stage}-{name}") == allowed, name


@every_stage
@every_kind
def test_a_policy_names_each_function_in_full(aws: EmbeddedAws, kind: str, stage: str) -> None:
    for one in policy(aws, kind, stage):
        assert (one.effect, one.actions) == ("Allow", ("lambda:InvokeFunction",))
        assert not one.not_actions + one.not_resources
        assert not [name for name in one.resources if "*" in name or "?" in name]
        assert set(one.resources) == {function(aws, stage, name) for name in MAY[kind]}


@every_stage
@every_kind
def test_the_policies_of_one_stage_allow_nothing_of_another(
    aws: EmbeddedAws, kind: str, stage: str
) -> None:
    for other in set(STAGES) - {stage}:
        for name in sorted(FUNCTIONS):
            said = invoked(aws, kind, stage, f"slipway-{other}-{name}")
            assert said == "AccessDeniedException", (other, name)
        for action, arn in beside(aws, other):
            assert not allowed(policy(aws, kind, stage), action, arn), (action, arn)


@every_stage
def test_who_may_stop_a_push_can_neither_approve_nor_deploy_one(
    aws: EmbeddedAws, stage: str
) -> None:
    for name, said in {
        "hold": "ResourceNotFoundException",
        "rollback": "ResourceNotFoundException",
        "release": "AccessDeniedException",
        "deploy": "AccessDeniedException",
        "watch": "AccessDeniedException",
        "on_image_push": "AccessDeniedException",
    }.items():
        assert invoked(aws, "operator", stage, f"slipway-{stage}-{name}") == said, name


@every_stage
def test_a_reader_can_change_nothing(aws: EmbeddedAws, stage: str) -> None:
    for name in sorted(FUNCTIONS - {"status"}):
        said = invoked(aws, "reader", stage, f"slipway-{stage}-{name}")
        assert said == "AccessDeniedException", name


@every_stage
@every_kind
def test_nobody_gets_past_the_functions(aws: EmbeddedAws, kind: str, stage: str) -> None:
    for action, arn in beside(aws, stage):
        assert not allowed(policy(aws, kind, stage), action, arn), (action, arn)


def beside(aws: EmbeddedAws, stage: str) -> Iterator[tuple[str, str]]:
    here = f"{aws.region}:{aws.account}"
    for action, arn in BESIDE.items():
        yield action, f"arn:aws:{arn.format(here=here, account=aws.account, stage=stage)}"


def allowed(policy_: tuple[Statement, ...], action: str, arn: str) -> bool:
    return any(one.applies(action, arn, {}) for one in policy_)


@pytest.mark.parametrize("deploys", [*STAGES, "people", "reader"])
def test_no_deployer_may_touch_a_policy_of_people(aws: EmbeddedAws, deploys: str) -> None:
    """Not even that of a stage whose name begins as theirs do."""
    given = {"Stage": deploys, "GitHubRepository": REPOSITORY, "CreateOidcProvider": "false"}
    deploy(aws, "slipway.yaml", f"slipway-deployer-{deploys}", **given)
    role = tuple(statements(f"slipway-deployer-{deploys}"))
    actions = {action for one in role for action in one.actions if action.startswith("iam:")}
    actions |= {"iam:AttachRolePolicy", "iam:CreatePolicyVersion", "iam:DeletePolicy"}
    assert len(actions) > 10
    for action in sorted(actions):
        for kind in MAY:
            for stage in STAGES:
                arn = f"arn:aws:iam::{aws.account}:policy/slipway-{kind}-{stage}"
                assert not [one.name for one in role if one.applies(action, arn, {})], (action, arn)


def test_a_stage_is_named_as_for_the_deployer() -> None:
    pattern = template("people.yaml")["Parameters"]["Stage"]["AllowedPattern"]
    assert pattern == template("slipway.yaml")["Parameters"]["Stage"]["AllowedPattern"]
    for refused in ("*", "dev*", "de?", "", "Dev", "-x", "dev:x", "${AWS::Region}"):
        assert not re.fullmatch(pattern, refused), refused


def test_the_page_says_of_each_policy_what_it_says() -> None:
    written = {
        code(named)[0]: set(code(functions))
        for named, functions, _ in rows(section(page("operate"), "Who may do what"))
    }
    assert written == {f"slipway-{kind}-STAGE": names for kind, names in MAY.items()}
