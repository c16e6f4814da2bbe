"""Services, tasks and service deployments over the API: shapes, pages, refusals."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import botocore.session
import pytest
from botocore.exceptions import ClientError

from embedded.services.ecs import Crash
from embedded.services.ecs.api import OPERATIONS
from embedded.services.ecs.definitions import RESPONSE_ONLY
from embedded.services.ecs.errors import EcsError, Throttled
from tests.embedded.ecs.web_service import (
    BALANCED,
    BETTER,
    BREAKER,
    HEALTH_CHECK,
    SERVICE,
    WebService,
    deviations,
)

MODEL: Any = botocore.session.get_session().get_service_model("ecs")


def subclasses(base: type[EcsError]) -> Iterator[type[EcsError]]:
    for each in base.__subclasses__():
        yield each
        yield from subclasses(each)


def test_every_operation_and_error_is_one_of_the_model() -> None:
    assert set(OPERATIONS) <= set(MODEL.operation_names)
    for error in subclasses(EcsError):
        if error is not Throttled:  # a common error: no service's model has it
            assert error.code in MODEL.shape_names


def test_the_response_only_fields_are_what_the_answer_has_beyond_the_request() -> None:
    answer = set(MODEL.shape_for("TaskDefinition").members)
    request = set(MODEL.shape_for("RegisterTaskDefinitionRequest").members)
    assert set(RESPONSE_ONLY) == answer - request


def test_a_deviation_from_the_model_would_be_noticed() -> None:
    shape = MODEL.shape_for("Service")
    wrong = {"runningCount": "2", "novelty": 1, "launchType": "MOON", "createdAt": "today"}
    assert len(list(deviations(shape, wrong, "service"))) == 4


def test_answers_hold_to_the_model_in_every_phase_of_a_rollback(web: WebService) -> None:
    """Each raw answer is compared with botocore's model, at every second of a rollout."""
    definition = web.register(healthCheck=HEALTH_CHECK)
    web.create(definition, deploymentConfiguration=BREAKER, loadBalancers=BALANCED)
    web.ecs.faults.image("b" * 64, Crash())
    web.update(web.register(BETTER))
    for _ in range(80):
        web.clock.advance(1)
        web.service()
        found = web.deployment()
        arns = [task.arn for task in web.ecs.tasks("dev/web")]
        web.api.describe_tasks(cluster="dev", tasks=arns, include=["TAGS"])
        revisions = [found["targetServiceRevision"]["arn"]]
        web.api.describe_service_revisions(serviceRevisionArns=revisions)
        web.api.list_service_deployments(cluster="dev", service="web")
    assert web.deployment()["status"] == "ROLLBACK_SUCCESSFUL"


def test_the_sdk_waits_for_a_stable_service(web: WebService) -> None:
    web.create()
    web.api.get_waiter("services_stable").wait(cluster="dev", services=["web"])


def test_a_service_is_described_with_all_its_settings(web: WebService) -> None:
    web.create(
        deploymentConfiguration=BREAKER,
        loadBalancers=BALANCED,
        healthCheckGracePeriodSeconds=30,
        tags=[{"key": "team", "value": "a"}],
    )
    found = web.service()
    assert found["deploymentConfiguration"]["minimumHealthyPercent"] == 100
    assert found["deploymentConfiguration"]["maximumPercent"] == 200
    assert found["loadBalancers"] == BALANCED
    assert found["healthCheckGracePeriodSeconds"] == 30
    assert found["deploymentController"] == {"type": "ECS"}
    assert found["currentServiceDeployment"] == web.deployment()["serviceDeploymentArn"]
    [revision] = found["currentServiceRevisions"]
    assert (revision["requestedTaskCount"], revision["runningTaskCount"]) == (2, 2)
    tagged = web.api.describe_services(cluster="dev", services=["web"], include=["TAGS"])
    assert tagged["services"][0]["tags"] == [{"key": "team", "value": "a"}]


def test_services_that_do_not_exist_are_failures(web: WebService) -> None:
    answer = web.api.describe_services(cluster="dev", services=["nothing"])
    [failure] = answer["failures"]
    assert failure["reason"] == "MISSING"
    assert failure["arn"].endswith("service/dev/nothing")


def test_at_most_ten_services_and_a_hundred_tasks_are_described(web: WebService) -> None:
    with pytest.raises(ClientError, match="more than 10"):
        web.api.describe_services(cluster="dev", services=["x"] * 11)
    with pytest.raises(ClientError, match="more than 100"):
        web.api.describe_tasks(cluster="dev", tasks=["x"] * 101)


def test_unknown_clusters_and_services_are_refused(web: WebService) -> None:
    exceptions = web.api.exceptions
    with pytest.raises(exceptions.ClusterNotFoundException):
        web.api.describe_services(cluster="prod", services=["web"])
    with pytest.raises(exceptions.ServiceNotFoundException):
        web.update(desiredCount=1)
    with pytest.raises(exceptions.ServiceNotFoundException):
        web.api.list_tasks(cluster="dev", serviceName="web")
    with pytest.raises(exceptions.ServiceNotFoundException):
        web.api.list_service_deployments(cluster="dev", service="web")


def test_a_service_cannot_be_created_twice(web: WebService) -> None:
    web.create()
    with pytest.raises(ClientError, match="not idempotent"):
        web.api.create_service(cluster="dev", serviceName="web", taskDefinition="web")


def test_tasks_are_listed_by_service_status_starter_and_family_in_pages(web: WebService) -> None:
    web.create(desired=7)
    deployment = web.service()["deployments"][0]["id"]
    listed = web.api.list_tasks(cluster="dev", startedBy=deployment, maxResults=5)
    rest = web.api.list_tasks(
        cluster="dev", startedBy=deployment, maxResults=5, nextToken=listed["nextToken"]
    )
    assert (len(listed["taskArns"]), len(rest["taskArns"])) == (5, 2)
    assert "nextToken" not in rest
    assert not web.api.list_tasks(cluster="dev", family="other")["taskArns"]
    assert not web.api.list_tasks(cluster="dev", desiredStatus="STOPPED")["taskArns"]
    assert len(web.api.list_tasks(cluster="dev", family="web")["taskArns"]) == 7
    with pytest.raises(ClientError, match="Invalid token"):
        web.api.list_tasks(cluster="dev", nextToken="?")


def test_service_deployments_are_listed_newest_first_and_by_status(web: WebService) -> None:
    web.create()
    web.update(web.register(BETTER))
    web.clock.advance(5)
    listed = web.api.list_service_deployments(cluster="dev", service="web")
    statuses = [each["status"] for each in listed["serviceDeployments"]]
    assert statuses == ["IN_PROGRESS", "SUCCESSFUL"]
    done = web.api.list_service_deployments(
        cluster="dev",
        service="web",
        status=["SUCCESSFUL"],
        createdAt={"before": web.clock.now()},
    )
    assert len(done["serviceDeployments"]) == 1


def test_unknown_service_deployments_and_revisions_are_failures(web: WebService) -> None:
    deployments = web.api.describe_service_deployments(serviceDeploymentArns=["arn:none"])
    revisions = web.api.describe_service_revisions(serviceRevisionArns=["arn:none"])
    assert deployments["failures"] == revisions["failures"]
    assert revisions["failures"] == [{"arn": "arn:none", "reason": "MISSING"}]


def test_a_service_revision_names_its_images_by_digest(web: WebService) -> None:
    web.create(web.register(BETTER))
    arn = web.deployment()["targetServiceRevision"]["arn"]
    [found] = web.api.describe_service_revisions(serviceRevisionArns=[arn])["serviceRevisions"]
    assert found["containerImages"] == [
        {"containerName": "web", "image": BETTER, "imageDigest": "sha256:" + "b" * 64}
    ]


@pytest.mark.parametrize(
    ("settings", "deploys"),
    [
        ({"forceNewDeployment": True}, True),
        ({"networkConfiguration": {"awsvpcConfiguration": {"subnets": ["s-2"]}}}, True),
        ({"platformVersion": "1.4.0"}, True),
        ({"taskDefinition": "web"}, False),
        ({"desiredCount": 3}, False),
        ({"healthCheckGracePeriodSeconds": 9}, False),
        ({"deploymentConfiguration": {"minimumHealthyPercent": 50}}, False),
    ],
    ids=lambda value: next(iter(value)) if isinstance(value, dict) else None,
)
def test_only_changes_of_the_revision_make_a_deployment(
    web: WebService, settings: dict[str, Any], *, deploys: bool
) -> None:
    web.create()
    updated = web.update(**settings)
    assert (len(updated["deployments"]) == 2) == deploys
    expected = "deploymentConfiguration"
    if expected in settings:
        assert updated[expected]["minimumHealthyPercent"] == 50
        assert updated[expected]["maximumPercent"] == 200


@pytest.mark.parametrize("controller", ["CODE_DEPLOY", "EXTERNAL"])
def test_services_of_other_controllers_cannot_be_deployed_with_update_service(
    web: WebService, controller: str
) -> None:
    definition = web.register()
    web.api.create_service(
        cluster="dev",
        serviceName="web",
        taskDefinition=definition,
        desiredCount=1,
        deploymentController={"type": controller},
    )
    web.clock.advance(60)
    found = web.service()
    assert found["deployments"] == []
    assert len(found["taskSets"]) == (controller == "CODE_DEPLOY")
    with pytest.raises(ClientError, match=f"with an? {controller} deployment controller"):
        web.update(definition)
    with pytest.raises(web.api.exceptions.UnsupportedFeatureException):
        web.api.list_service_deployments(cluster="dev", service="web")


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"desiredCount": -1}, "desiredCount cannot be negative"),
        (
            {"deploymentConfiguration": {"canaryConfiguration": {"canaryPercent": 5.0}}},
            "canaryConfiguration is for the strategy CANARY, not ROLLING",
        ),
        (
            {
                "deploymentConfiguration": {
                    "strategy": "LINEAR",
                    "linearConfiguration": {"stepPercent": 1.0},
                }
            },
            "stepPercent must be between 3.0 and 100",
        ),
        (
            {
                "deploymentConfiguration": {
                    "deploymentCircuitBreaker": {
                        "enable": True,
                        "rollback": True,
                        "thresholdConfiguration": {"type": "COUNT", "value": 0},
                    }
                }
            },
            "value of thresholdConfiguration must be at least 1",
        ),
    ],
    ids=["negative", "another strategy's", "too small a step", "no threshold"],
)
def test_what_ecs_refuses_is_refused_when_made_and_when_changed(
    web: WebService, settings: dict[str, Any], words: str
) -> None:
    with pytest.raises(web.api.exceptions.InvalidParameterException, match=words):
        web.create(**settings)
    web.create()
    with pytest.raises(web.api.exceptions.InvalidParameterException, match=words):
        web.update(**settings)
    assert len(web.ecs.service_deployments(SERVICE)) == 1
