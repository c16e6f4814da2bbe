"""What IAM asks for Express Mode: by the Service Authorization Reference, and as inferred."""

from __future__ import annotations

from typing import Any

import pytest

from embedded.calls.call import Call
from embedded.iam.actions.ecs import needs

_HERE = "arn:aws:ecs:us-west-2:123456789012"
SERVICE = f"{_HERE}:service/dev/web"
GIVEN = f"{_HERE}:task-definition/own:4"
ROLE = "arn:aws:iam::123456789012:role/web"


def _asked(operation: str, **parameters: Any) -> list[tuple[str, str]]:
    call = Call("ecs", f"{operation}ExpressGatewayService", "us-west-2", parameters=parameters)
    return [(need.action, resource) for need in needs(call) for resource in need.resources]


@pytest.mark.parametrize("operation", ["Describe", "Update", "Delete"])
def test_the_service_is_the_resource(operation: str) -> None:
    asked = _asked(operation, serviceArn=SERVICE)
    assert asked == [(f"ecs:{operation}ExpressGatewayService", SERVICE)]


def test_a_task_definition_that_is_given_needs_nothing_more() -> None:
    asked = _asked("Update", serviceArn=SERVICE, taskDefinitionArn=GIVEN)
    assert asked == [("ecs:UpdateExpressGatewayService", SERVICE)]


def test_no_condition_key_names_the_task_definition_of_an_update() -> None:
    parameters = {"serviceArn": SERVICE, "taskDefinitionArn": GIVEN}
    call = Call("ecs", "UpdateExpressGatewayService", "us-west-2", parameters=parameters)
    (need,) = needs(call)
    assert need.context == {"ecs:cluster": f"{_HERE}:cluster/dev"}


def test_a_container_needs_what_ecs_does_with_it() -> None:
    asked = _asked(
        "Update", serviceArn=SERVICE, primaryContainer={"image": "web:1"}, executionRoleArn=ROLE
    )
    assert asked == [
        ("ecs:UpdateExpressGatewayService", SERVICE),
        ("ecs:RegisterTaskDefinition", f"{_HERE}:task-definition/dev-web:*"),
        ("iam:PassRole", ROLE),
    ]


def test_a_creation_passes_its_roles_and_may_name_a_task_definition() -> None:
    parameters = {
        "cluster": "dev",
        "serviceName": "web",
        "infrastructureRoleArn": ROLE,
        "taskDefinitionArn": GIVEN,
    }
    call = Call("ecs", "CreateExpressGatewayService", "us-west-2", parameters=parameters)
    creation, passing = needs(call)
    assert creation.resources == (SERVICE,)
    assert creation.context["ecs:task-definition"] == GIVEN
    assert (passing.action, passing.resources) == ("iam:PassRole", (ROLE,))
    assert passing.context == {"iam:PassedToService": "ecs.amazonaws.com"}
