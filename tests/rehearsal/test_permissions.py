"""A rehearsal denies what a function's generated policy does not allow, and only that."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from botocore.exceptions import ClientError

from chalicelib.aws.clients import client
from chalicelib.aws.ecr import Ecr
from chalicelib.aws.ecs import Ecs
from chalicelib.aws.logs import CloudWatchLogs
from chalicelib.errors import Denied
from chalicelib.model.services import Service
from example import conflicto
from rehearsal.rehearsal import Rehearsal, rehearse
from tests.fixtures import examples

TARGETS = """
[[target]]
repository = "shop"
cluster = "shop"
service = "api"
family = "shop"
pass_roles = ["arn:aws:iam::*:role/shop-*"]
"""
ROLE = f"arn:aws:iam::{conflicto.ACCOUNT}:role"
CONTAINERS = [{"name": "web", "image": "web:1", "memory": 128}]


@pytest.fixture
def team() -> Iterator[Rehearsal]:
    with rehearse(TARGETS, Rehearsal) as t:
        for name in ("shop", "others"):
            t.client("ecs").create_cluster(clusterName=name)
            t.client("ecr").create_repository(repositoryName=name)
        yield t


def definition(**more: Any) -> dict[str, Any]:
    return {"family": "shop", "containerDefinitions": CONTAINERS, "tags": [], **more}


SERVICE = f"arn:aws:ecs:{conflicto.REGION}:{conflicto.ACCOUNT}:service"


def another(**more: Any) -> Service:
    """A service of the cluster that no target names."""
    return examples.service(name="web", arn=f"{SERVICE}/shop/web", **more)


REFUSED: dict[str, tuple[str, str, Callable[[], object]]] = {
    "another service": ("watch", "ecs:DescribeServices", lambda: Ecs().service("shop", "web")),
    "another cluster": ("watch", "ecs:DescribeServices", lambda: Ecs().service("others", "api")),
    "a change of another service": (
        "watch",
        "ecs:UpdateService",
        lambda: Ecs().update("shop", another(), "shop:1"),
    ),
    "a change of another Express service": (
        "watch",
        "ecs:UpdateExpressGatewayService",
        lambda: Ecs().update("shop", another(express=True), "shop:1"),
    ),
    "an Express service, by who renders nothing": (
        "rollback",
        "ecs:DescribeExpressGatewayService",
        lambda: Ecs().express_task_definitions(f"{SERVICE}/shop/api"),
    ),
    "another repository": (
        "deploy",
        "ecr:DescribeImages",
        lambda: Ecr(conflicto.REGION).image("others", "v1"),
    ),
    "a repository, by who never reads one": (
        "status",
        "ecr:DescribeImages",
        lambda: Ecr(conflicto.REGION).image("shop", "v1"),
    ),
    "another family": (
        "watch",
        "ecs:RegisterTaskDefinition",
        lambda: Ecs().register(definition(family="others")),
    ),
    "another role": (
        "watch",
        "iam:PassRole",
        lambda: Ecs().register(definition(taskRoleArn=f"{ROLE}/admin")),
    ),
    "another role to pull with": (
        "watch",
        "iam:PassRole",
        lambda: Ecs().register(definition(executionRoleArn=f"{ROLE}/admin")),
    ),
    "another cluster's tasks": (
        "watch",
        "ecs:ListTasks",
        lambda: Ecs().stopped_tasks("others", "api", "ecs-svc/1"),
    ),
    "a log group that no target names": (
        "watch",
        "logs:GetLogEvents",
        lambda: CloudWatchLogs().last_lines("/ecs/shop", "s", 1),
    ),
    "a service's history, by who only looks at what it runs": (
        "status",
        "ecs:ListServiceDeployments",
        lambda: Ecs().newest_service_deployment("shop", "api"),
    ),
}


@pytest.mark.parametrize(("function", "action", "call"), REFUSED.values(), ids=REFUSED)
def test_what_no_statement_allows_is_denied_and_says_to_whom(
    team: Rehearsal, function: str, action: str, call: Callable[[], object]
) -> None:
    with team.permissions.acting(function), pytest.raises(Denied) as denied:
        call()
    found = denied.value
    assert (found.who, found.action) == (f"slipway-dev-{function}", action)
    assert f"slipway-dev-{function} may not {action} on {found.resource}" in str(found)
    assert found.resource.startswith(("arn:aws:", "*"))


def test_what_is_denied_takes_no_effect(team: Rehearsal) -> None:
    with team.permissions.acting("watch"), pytest.raises(Denied):
        Ecs().register(definition(taskRoleArn=f"{ROLE}/admin"))
    assert team.client("ecs").list_task_definitions()["taskDefinitionArns"] == []


def test_what_a_statement_allows_passes_and_the_statement_is_known(team: Rehearsal) -> None:
    with team.permissions.acting("watch"):
        tags = [{"key": "a", "value": "b"}]
        made = Ecs().register(definition(taskRoleArn=f"{ROLE}/shop-task", tags=tags))
    assert made.name == "shop:1"
    used = team.permissions.iam.used("slipway-dev-watch")
    assert used == {"RegisterFamilies", "TagFamilies", "PassRoles"}


def test_a_person_may_do_everything_and_is_never_asked(team: Rehearsal) -> None:
    team.client("ecs").describe_services(cluster="others", services=["web"])
    assert team.permissions.iam.decisions == []


def test_a_tag_is_set_while_registering_and_never_afterwards(team: Rehearsal) -> None:
    made = team.client("ecs").register_task_definition(
        family="shop", containerDefinitions=CONTAINERS
    )
    arn = made["taskDefinition"]["taskDefinitionArn"]
    denied = pytest.raises(ClientError, match=r"AccessDenied.*ecs:TagResource")
    with team.permissions.acting("watch"), denied:
        client("ecs").tag_resource(resourceArn=arn, tags=[{"key": "a", "value": "b"}])


def test_an_image_of_the_targets_repository_may_be_read(team: Rehearsal) -> None:
    conflicto.push(team.client, "shop", ["v1"])
    with team.permissions.acting("sweep"):
        assert len(Ecr(conflicto.REGION).tagged("shop")) == 1


def test_the_policies_are_those_that_are_packaged_with_every_reference_filled_in(
    team: Rehearsal,
) -> None:
    text = json.dumps(team.permissions.policies)
    assert "Fn::" not in text
    assert "Ref" not in text
    assert "${" not in text
