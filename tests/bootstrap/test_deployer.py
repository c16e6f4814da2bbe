"""bootstrap/slipway.yaml: the deployer can make bounded roles only, and they lack nothing."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from typing import Any

import pytest

from chalicelib.model.targets import load_targets
from cli.package.boundary import parameters
from cli.package.policies import generate
from embedded.account import EmbeddedAws
from embedded.iam.evaluate import Statement, arn_like, read_policy, statements
from embedded.services.cloudformation.deploy import Stack
from rehearsal.permissions import resolved
from tests.bootstrap.templates import REPOSITORY, arns, deploy, listed, roles, template
from tests.bootstrap.templates import statements as written_statements
from tests.cli.packages import written
from tests.cli.test_privilege_bounds import ARNS

KEPT = """
[[target]]
repository = "conflicto-backend-{env}"
cluster = "conflicto-{env}"
service = "conflicto-backend-service-{env}"
family = "conflicto-backend-{env}"
keep_revisions = 20
"""
WRITES_ROLES = {"iam:CreateRole", "iam:PutRolePolicy", "iam:PutRolePermissionsBoundary"}


@pytest.fixture(scope="module")
def aws() -> Iterator[EmbeddedAws]:
    with EmbeddedAws(rate=60) as embedded:
        yield embedded


@pytest.fixture(scope="module")
def made(aws: EmbeddedAws, tmp_path_factory: pytest.TempPathFactory) -> tuple[Stack, Stack]:
    """The deployer's stack, and Slipway's within its boundary."""
    deployer = deploy(aws, "slipway.yaml", "slipway-deployer-dev", GitHubRepository=REPOSITORY)
    package = written(tmp_path_factory, "dev")
    bounded = {"PermissionsBoundary": deployer.outputs["BoundaryArn"]}
    stack = aws.deploy(package.directory / "sam.json", package.archive, parameters=bounded)
    return deployer, stack


def test_what_may_make_a_role_may_make_only_one_within_the_boundary() -> None:
    found = [
        one
        for name, one in written_statements(template("slipway.yaml"))
        if name == "Role" and WRITES_ROLES & set(listed(one["Action"]))
    ]
    assert {action for one in found for action in one["Action"]} == WRITES_ROLES
    for one in found:
        assert one["Condition"] == {
            "StringEquals": {"iam:PermissionsBoundary": {"Ref": "Boundary"}}
        }
    granted = {
        action
        for name, one in written_statements(template("slipway.yaml"))
        if name == "Role"
        for action in listed(one["Action"])
        if action.startswith("iam:")
    }
    escalating = {"iam:AttachRolePolicy", "iam:DeleteRolePermissionsBoundary", "iam:CreateUser"}
    escalating |= {"iam:UpdateAssumeRolePolicy", "iam:CreatePolicyVersion"}
    assert not granted & escalating


def test_the_boundary_holds_nothing_of_iam_but_passing_task_roles_to_ecs_and_schedulers() -> None:
    for name, one in written_statements(template("slipway.yaml")):
        if name == "Boundary":
            actions = [action for action in listed(one["Action"]) if "iam:" in action]
            assert actions in ([], ["iam:PassRole"])
            if actions:
                (to,) = one["Condition"]["StringEquals"].values()
                none = {"Ref": "AWS::NoValue"}
                assert to == [
                    "ecs-tasks.amazonaws.com",
                    {"Fn::If": ["HasRules", "events.amazonaws.com", none]},
                    {"Fn::If": ["HasSchedules", "scheduler.amazonaws.com", none]},
                ]
                assert one["Resource"] == {"Ref": "TaskRoles"}
            assert not any("sts:" in action for action in listed(one["Action"]))


def test_every_role_of_slipway_is_within_the_boundary(
    aws: EmbeddedAws, made: tuple[Stack, Stack]
) -> None:
    deployer, stack = made
    assert len(roles(stack)) == 10
    for role in roles(stack):
        found = aws.client("iam").get_role(RoleName=role)["Role"]
        bound = found["PermissionsBoundary"]["PermissionsBoundaryArn"]
        assert bound == deployer.outputs["BoundaryArn"]


def test_the_boundary_allows_whatever_slipways_roles_are_granted(
    aws: EmbeddedAws, made: tuple[Stack, Stack]
) -> None:
    deployer, stack = made
    ceiling = boundary(aws, deployer)
    for role in roles(stack):
        assert list(lacking(ceiling, statements(role))) == [], role


FOLLOWING = """
[[target]]
repository = "conflicto-backend-dev"
cluster    = "conflicto-dev"
service    = "conflicto-backend-service-dev"
family     = "conflicto-backend-dev"
pass_roles = ["arn:aws:iam::*:role/conflicto-*-dev"]
follow.rules = ["nightly-dev", "nightly-x-dev"]
follow.schedules = ["default/report-*"]
follow.families = ["conflicto-report-dev"]

[notices]
events = true
"""


def test_the_boundary_reaches_rules_and_schedules_where_its_parameters_name_them(
    aws: EmbeddedAws,
) -> None:
    targets = load_targets(FOLLOWING, "dev")
    asked = [
        one
        for policy in generate(targets).documents.values()
        for one in read_policy("p", resolved(policy, ARNS))
        if not one.name.endswith(("Ledger", "Notify", "Watchers", "Failures"))
    ]
    given = {
        "GitHubRepository": REPOSITORY, "CreateOidcProvider": "false", "Stage": "following"
    }  # fmt: skip
    named = deploy(aws, "slipway.yaml", "with", **given, **parameters(targets, ()))
    assert lack(aws, named, asked) == set()
    without = {**given, "Stage": "not-following"}
    plain = deploy(aws, "slipway.yaml", "without", **without)
    assert lack(aws, plain, asked) == {
        "events:ListTargetsByRule",
        "events:PutTargets",
        "scheduler:GetSchedule",
        "scheduler:UpdateSchedule",
    }


def lack(aws: EmbeddedAws, deployer: Stack, asked: Iterable[Statement]) -> set[str]:
    """The actions of other services than Slipway's own stack that the boundary denies."""
    found = {action for action, _ in lacking(boundary(aws, deployer), asked)}
    return {action for action in found if not action.startswith("logs:")}


def test_the_boundary_is_shorter_than_iam_allows(aws: EmbeddedAws) -> None:
    """IAM: 6,144 characters of a managed policy, white space not counted. Some names are long."""
    names = {
        "Clusters": "conflicto-production",
        "Families": "conflicto-*-production",
        "Repositories": "conflicto-*-production",
        "LogGroups": "/ecs/conflicto-*-production",
        "TaskRoles": "arn:aws:iam::*:role/conflicto-*-production",
        "Rules": "conflicto-*-production",
        "Schedules": "conflicto/*-production",
    }
    made = deploy(
        aws,
        "slipway.yaml",
        "long",
        Stage="production",
        GitHubRepository=REPOSITORY,
        CreateOidcProvider="false",
        **names,
    )
    assert len(re.sub(r"\s", "", json.dumps(document(aws, made)))) < 6_144 - 300  # longer regions


def document(aws: EmbeddedAws, deployer: Stack) -> Any:
    policy = aws.client("iam").get_policy(PolicyArn=deployer.outputs["BoundaryArn"])["Policy"]
    version = aws.client("iam").get_policy_version(
        PolicyArn=policy["Arn"], VersionId=policy["DefaultVersionId"]
    )
    return version["PolicyVersion"]["Document"]


def boundary(aws: EmbeddedAws, deployer: Stack) -> tuple[Statement, ...]:
    return read_policy("boundary", document(aws, deployer))


def lacking(
    ceiling: tuple[Statement, ...], granted: Iterable[Statement]
) -> Iterator[tuple[str, str]]:
    """What is granted and above the ceiling: (action, resource)."""
    for statement in granted:
        for action in statement.actions:
            for resource in statement.resources:
                if not covered(ceiling, action, resource):
                    yield action, resource


@pytest.mark.parametrize("kept", ["true", "false"])
def test_the_boundary_lets_revisions_be_deregistered_only_where_that_is_switched_on(
    aws: EmbeddedAws, kept: str
) -> None:
    """Whatever `tidy` is granted is within it then."""
    deployer = deploy(
        aws,
        "slipway.yaml",
        f"slipway-deployer-tidy-{kept}",
        Stage=f"kept-{kept}",
        GitHubRepository=REPOSITORY,
        CreateOidcProvider="false",
        KeepRevisions=kept,
    )
    ceiling = boundary(aws, deployer)
    named = load_targets(KEPT, f"kept-{kept}")
    here, stack = f"{aws.region}:{aws.account}", f"slipway-kept-{kept}"
    known = {
        "AWS::Partition": "aws",
        "AWS::Region": aws.region,
        "AWS::AccountId": aws.account,
        "Ledger.Arn": f"arn:aws:dynamodb:{here}:table/{stack}-Ledger-x",
        "Notices": f"arn:aws:sns:{here}:{stack}-notices",
        "Failures.Arn": f"arn:aws:sqs:{here}:{stack}-failures",
    }
    granted = read_policy("tidy", resolved(generate(named).documents["tidy"], known))
    denied = {action for action, _ in lacking(ceiling, granted)}
    assert ("ecs:DeregisterTaskDefinition" in denied) is (kept == "false")
    assert kept == "false" or denied == set()


def covered(ceiling: tuple[Statement, ...], action: str, resource: str) -> bool:
    return any(
        one.effect == "Allow"
        and action in one.actions
        and any(arn_like(pattern, resource) for pattern in one.resources)
        for one in ceiling
    )


def test_the_deployer_may_touch_everything_that_the_stack_has_and_not_its_neighbours(
    aws: EmbeddedAws, made: tuple[Stack, Stack]
) -> None:
    """By name: the deployer's statements against the physical names of the stack's resources."""
    _, stack = made
    own = list(statements("slipway-deployer-dev"))
    for arn in arns(aws, stack):
        assert any(arn_like(p, arn) for one in own for p in one.resources), arn
        other = re.sub(r"slipway-dev", "slipway-prod", arn)
        named = [p for one in own for p in one.resources if not p.endswith("log-group:*")]
        assert not any(arn_like(pattern, other) for pattern in named), other


def test_without_a_boundary_the_roles_have_none(tmp_path_factory: pytest.TempPathFactory) -> None:
    """An empty parameter must leave the property out."""
    role = written(tmp_path_factory, "dev").template["Resources"]["WatchRole"]["Properties"]
    condition, given, without = role["PermissionsBoundary"]["Fn::If"]
    assert (condition, given) == ("Bounded", {"Ref": "PermissionsBoundary"})
    assert json.dumps(without) == '{"Ref": "AWS::NoValue"}'
