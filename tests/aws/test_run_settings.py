"""service -> the fields of a RunTask request: where and how a `before` or `after` runs."""

from __future__ import annotations

from typing import Any

import pytest

from chalicelib.aws.standalone_tasks import StandaloneTasks, run_settings
from chalicelib.definition.run_request import run_request
from chalicelib.errors import Refused
from tests.aws.endpoint import Endpoint, answers
from tests.fixtures.examples import revision

CLUSTER, SERVICE = "dev", "web"
NETWORK = {"awsvpcConfiguration": {"subnets": ["subnet-1"], "securityGroups": ["sg-1"]}}
SPOT = [{"capacityProvider": "FARGATE_SPOT", "weight": 1, "base": 0}]
TAGS = [{"key": "team", "value": "a"}, {"key": "aws:cloudformation:stack-name", "value": "b"}]


def _service(primary: dict[str, Any] | None = None, **fields: Any) -> dict[str, Any]:
    """A service as DescribeServices shows it, while an old deployment still drains."""
    old = {"status": "ACTIVE", "launchType": "EC2", "networkConfiguration": {"old": {}}}
    deployments = [old] if primary is None else [old, {"status": "PRIMARY", **primary}]
    return {"serviceName": SERVICE, "deployments": deployments, **fields}


FARGATE = {"launchType": "FARGATE", "networkConfiguration": NETWORK, "platformVersion": "1.4.0"}


@pytest.mark.parametrize(
    ("service", "settings"),
    [
        pytest.param(_service(FARGATE, platformVersion="LATEST"), FARGATE, id="its PRIMARY's own"),
        pytest.param(_service(None, **FARGATE), FARGATE, id="no PRIMARY: the service's"),
        pytest.param({"serviceName": SERVICE, **FARGATE}, FARGATE, id="no deployment at all"),
        pytest.param(
            _service({"launchType": "EC2"}, placementStrategy=[{"type": "random"}],
                     placementConstraints=[{"type": "distinctInstance"}]),
            {"launchType": "EC2", "placementStrategy": [{"type": "random"}],
             "placementConstraints": [{"type": "distinctInstance"}]},
            id="and what only the service has",
        ),
        pytest.param(
            _service({"capacityProviderStrategy": SPOT}, launchType="FARGATE"),
            {"capacityProviderStrategy": SPOT},
            id="capacity providers take the place of a launch type",
        ),
        pytest.param(
            _service({}, enableECSManagedTags=True), {"enableECSManagedTags": True}, id="ECS' tags"
        ),
        pytest.param(_service({}, enableECSManagedTags=False), {}, id="no tags of ECS"),
        pytest.param(
            _service({}, propagateTags="TASK_DEFINITION", tags=TAGS),
            {"propagateTags": "TASK_DEFINITION"},
            id="the task definition's tags",
        ),
        pytest.param(
            _service({}, propagateTags="SERVICE", tags=TAGS),
            {"tags": [{"key": "team", "value": "a"}]},
            id="the service's tags, without those of AWS",
        ),
        pytest.param(_service({}, propagateTags="SERVICE"), {}, id="a service without tags"),
        pytest.param(_service({}, propagateTags="NONE", tags=TAGS), {}, id="no tags"),
        pytest.param(_service({"volumeConfigurations": []}), {}, id="no volumes"),
    ],
)  # fmt: skip
def test_the_task_runs_where_and_as_the_services_own(
    service: dict[str, Any], settings: dict[str, Any]
) -> None:
    assert run_settings(service) == settings


def test_ebs_volumes_that_are_configured_at_launch_are_refused() -> None:
    with pytest.raises(Refused, match="web has EBS volumes that are configured at launch"):
        run_settings(_service({"volumeConfigurations": [{"name": "data"}]}))


def test_all_settings_of_a_service_are_fields_that_run_task_takes(endpoint: Endpoint) -> None:
    service = _service(
        FARGATE,
        placementStrategy=[{"type": "spread", "field": "instanceId"}],
        placementConstraints=[{"type": "memberOf", "expression": "attribute:a == b"}],
        enableECSManagedTags=True,
        propagateTags="SERVICE",
        tags=TAGS,
    )
    service["deployments"][0]["networkConfiguration"] = NETWORK
    endpoint.answers = [answers({"services": [service]}), answers({"tasks": [{"taskArn": "t"}]})]
    settings = StandaloneTasks().task_settings(CLUSTER, SERVICE)
    request = run_request(settings, revision(8), "web", ("migrate",))
    StandaloneTasks().run_task(request)
    read, ran = endpoint.sent
    assert read.parameters == {"cluster": CLUSTER, "services": [SERVICE], "include": ["TAGS"]}
    assert {**ran.parameters, **settings} == ran.parameters
    assert settings.keys() == {
        "cluster", *FARGATE, "placementStrategy", "placementConstraints", "enableECSManagedTags",
        "tags",
    }  # fmt: skip


def test_a_service_that_is_gone_is_refused(endpoint: Endpoint) -> None:
    endpoint.answers = [answers({"services": [], "failures": [{"reason": "MISSING"}]})]
    with pytest.raises(Refused, match="the cluster dev has no service web"):
        StandaloneTasks().task_settings(CLUSTER, SERVICE)
