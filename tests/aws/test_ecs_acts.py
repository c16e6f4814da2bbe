"""The three calls that change ECS: what is sent, how often, and what an answer becomes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from chalicelib.aws.ecs import Ecs, service_of
from chalicelib.errors import Denied, Refused, Unanswered, Unavailable
from tests.aws.endpoint import Answer, Endpoint, answers, fails, is_lost
from tests.fixtures.examples import revision

CLUSTER, SERVICE = "dev", "web"
SERVICE_DEPLOYMENT = "arn:aws:ecs:us-west-2:123456789012:service-deployment/dev/web/abc"
# No SDK knows these fields yet.
REGISTRATION: dict[str, Any] = {
    "family": "web",
    "containerDefinitions": [{"name": "web", "image": "web:1", "newInThere": [None, {"a": 1}]}],
    "newOutside": {"kept": True, "empty": "", "none": None},
    "tags": [{"key": "team", "value": "a"}],
}
REGISTERED: dict[str, Any] = {
    **{key: value for key, value in REGISTRATION.items() if key != "tags"},
    "taskDefinitionArn": revision(8, "web"),
    "newInTheAnswer": {"deep": [1, 2]},
}
UPDATED: dict[str, Any] = {
    "serviceName": SERVICE,
    "serviceArn": f"arn:aws:ecs:us-west-2:123456789012:service/{CLUSTER}/{SERVICE}",
    "status": "ACTIVE",
    "desiredCount": 3,
    "runningCount": 2,
    "pendingCount": 1,
}

READ = service_of(UPDATED)
EXPRESS = service_of({**UPDATED, "resourceManagementType": "ECS"})


def test_a_registration_is_sent_as_it_is_and_answered_as_it_is(endpoint: Endpoint) -> None:
    tags = [{"key": "team", "value": "a"}, {"key": "without a value"}]
    endpoint.answers = [answers({"taskDefinition": REGISTERED, "tags": tags})]
    registered = Ecs().register(REGISTRATION)
    (attempt,) = endpoint.sent
    assert (attempt.operation, attempt.parameters) == ("RegisterTaskDefinition", REGISTRATION)
    assert registered.body == REGISTERED
    assert registered.tags == {"team": "a", "without a value": ""}


def test_one_registration_leaves_nothing_behind_for_the_next_call(endpoint: Endpoint) -> None:
    endpoint.answers = [answers({"taskDefinition": REGISTERED})]
    other = {"family": "other", "containerDefinitions": []}
    Ecs().register(REGISTRATION)
    Ecs().register(other)
    Ecs().task_definition("web")
    assert [attempt.parameters for attempt in endpoint.sent] == [
        REGISTRATION,
        other,
        {"taskDefinition": "web", "include": ["TAGS"]},
    ]


def test_a_task_definition_is_read_as_it_is(endpoint: Endpoint) -> None:
    endpoint.answers = [fails("ServerException", 500), answers({"taskDefinition": REGISTERED})]
    read = Ecs().task_definition("web:8")
    assert read is not None
    assert (read.body, read.tags, len(endpoint.sent)) == (REGISTERED, {}, 2)
    endpoint.answers = [fails("ClientException")]  # "Unable to describe task definition."
    assert Ecs().task_definition("web:9") is None


def test_an_update_names_the_revision_and_nothing_else(endpoint: Endpoint) -> None:
    """Above all no `desiredCount`: autoscaling owns it."""
    endpoint.answers = [answers({"service": UPDATED})]
    service = Ecs().update(CLUSTER, READ, revision(8))
    (attempt,) = endpoint.sent
    assert attempt.operation == "UpdateService"
    assert attempt.parameters == {
        "cluster": CLUSTER,
        "service": SERVICE,
        "taskDefinition": revision(8),
    }
    assert (service.desired, service.running, service.pending) == (3, 2, 1)


def test_an_express_service_is_updated_by_its_own_operation(endpoint: Endpoint) -> None:
    """The answer is not looked at: it shows no deployment and no count."""
    endpoint.answers = [answers({"service": {"newInThere": {"a": 1}}})]
    assert Ecs().update(CLUSTER, EXPRESS, revision(8)) == EXPRESS
    (attempt,) = endpoint.sent
    assert attempt.operation == "UpdateExpressGatewayService"
    assert attempt.parameters == {
        "serviceArn": UPDATED["serviceArn"],
        "taskDefinitionArn": revision(8),
    }


def test_a_refusal_by_express_mode_says_what_ecs_said_and_what_to_do(endpoint: Endpoint) -> None:
    body = {"__type": "InvalidParameterException", "message": "There is no container named Main."}
    endpoint.answers = [answers(body, 400)]
    with pytest.raises(Refused) as raised:
        Ecs().update(CLUSTER, EXPRESS, revision(8))
    assert str(raised.value).startswith(
        "could not update the Express service dev/web: There is no container named Main. An "
        "Express service takes a task definition with FARGATE compatibility"
    )
    assert str(raised.value).endswith("Correct the one that the service runs, and deploy again.")


def _configuration(number: int, created: float) -> dict[str, object]:
    return {"taskDefinitionArn": revision(number, "web"), "createdAt": created}


@pytest.mark.parametrize(
    ("express", "named"),
    [
        ({"activeConfigurations": [_configuration(4, 1.0)]}, [4]),
        ({"activeConfigurations": [_configuration(4, 1.0), _configuration(5, 2.0)]}, [5, 4]),
        ({"activeConfigurations": [_configuration(4, 2.0), _configuration(4, 1.0)]}, [4]),
        ({"activeConfigurations": [{"cpu": "256"}, _configuration(4, 1.0)]}, [4]),
        ({"activeConfigurations": []}, []),
        ({}, []),
    ],
    ids=["one", "the newest first", "one revision twice", "without a name", "none", "no member"],
)
def test_an_express_service_names_the_task_definitions_that_it_runs(
    endpoint: Endpoint, express: dict[str, Any], named: list[int]
) -> None:
    endpoint.answers = [answers({"service": express})]
    found = Ecs().express_task_definitions(UPDATED["serviceArn"])
    assert list(found) == [revision(number, "web") for number in named]
    (attempt,) = endpoint.sent
    assert attempt.operation == "DescribeExpressGatewayService"
    assert attempt.parameters == {"serviceArn": UPDATED["serviceArn"]}


def test_a_stop_rolls_back(endpoint: Endpoint) -> None:
    endpoint.answers = [answers({"serviceDeploymentArn": SERVICE_DEPLOYMENT})]
    Ecs().stop(SERVICE_DEPLOYMENT)
    (attempt,) = endpoint.sent
    assert attempt.operation == "StopServiceDeployment"
    assert attempt.parameters == {
        "serviceDeploymentArn": SERVICE_DEPLOYMENT,
        "stopType": "ROLLBACK",
    }


def _register() -> None:
    Ecs().register(REGISTRATION)


def _update() -> None:
    Ecs().update(CLUSTER, READ, revision(8))


def _update_express() -> None:
    Ecs().update(CLUSTER, EXPRESS, revision(8))


def _answer() -> None:
    Ecs().answer_hook(SERVICE_DEPLOYMENT, "ecs-pause-1", back=False)


def _stop() -> None:
    Ecs().stop(SERVICE_DEPLOYMENT)


ERRORS = {
    "not answered": (is_lost, Unanswered),
    "a server error": (fails("ServerException", 500), Unanswered),
    "throttled": (fails("ThrottlingException"), Unavailable),
    "denied": (fails("AccessDeniedException"), Denied),
    "refused": (fails("InvalidParameterException"), Refused),
}


@pytest.mark.parametrize("act", [_register, _update, _update_express, _answer])
@pytest.mark.parametrize(("answer", "error"), ERRORS.values(), ids=ERRORS)
def test_what_takes_no_client_token_is_sent_once_whatever_the_answer(
    endpoint: Endpoint, act: Callable[[], None], answer: Answer, error: type[Exception]
) -> None:
    endpoint.answers = [answer]
    with pytest.raises(error) as raised:
        act()
    assert type(raised.value) is error
    assert len(endpoint.sent) == 1


def test_a_stop_that_was_not_answered_is_sent_again(endpoint: Endpoint) -> None:
    """A second StopServiceDeployment of one service deployment does no harm."""
    endpoint.answers = [is_lost, answers({"serviceDeploymentArn": SERVICE_DEPLOYMENT})]
    _stop()
    first, second = endpoint.sent
    assert first.parameters == second.parameters


def test_what_can_no_longer_be_stopped_is_refused(endpoint: Endpoint) -> None:
    endpoint.answers = [fails("ConflictException")]
    with pytest.raises(Refused, match=r"^could not stop the service deployment: no"):
        _stop()


def test_two_registrations_of_one_family_at_once_are_tried_again_later(endpoint: Endpoint) -> None:
    words = "Too many concurrent attempts to create a new revision of the specified family."
    endpoint.answers = [answers({"__type": "ClientException", "message": words}, 400)]
    with pytest.raises(Unavailable) as raised:
        _register()
    assert type(raised.value) is Unavailable
