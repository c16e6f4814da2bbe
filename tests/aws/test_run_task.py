"""The task of a `before` or `after`: what is sent to ECS, and what an answer becomes."""

from __future__ import annotations

import json
from typing import Any

import pytest

from chalicelib.aws.standalone_tasks import StandaloneTasks
from chalicelib.definition.run_request import run_request, with_token
from chalicelib.errors import Denied, NotStarted, Refused, Unanswered, Unavailable
from chalicelib.model.services import StoppedContainer
from tests.aws.endpoint import Answer, Endpoint, answers, fails, is_lost
from tests.fixtures.examples import revision

CLUSTER, FAMILY = "dev", "web"
OURS, TASK = "slipway/web-1-b", "arn:aws:ecs:us-west-2:123456789012:task/dev/1"
REQUEST: dict[str, Any] = json.loads(
    with_token(
        run_request(
            {"cluster": CLUSTER, "launchType": "FARGATE"}, revision(8, FAMILY), "web", ("migrate",)
        ),
        "web-1-b",
    )
)


def _task(name: str, started_by: str, **fields: Any) -> dict[str, Any]:
    return {"taskArn": name, "startedBy": started_by, "lastStatus": "RUNNING", **fields}


def test_a_request_is_sent_as_it_was_saved(endpoint: Endpoint) -> None:
    endpoint.answers = [answers({"tasks": [{"taskArn": TASK}], "failures": []})]
    assert StandaloneTasks().run_task(REQUEST) == TASK
    (attempt,) = endpoint.sent
    assert (attempt.operation, attempt.parameters) == ("RunTask", REQUEST)


@pytest.mark.parametrize(
    ("answer", "error", "words"),
    [
        pytest.param(is_lost, Unanswered, "AWS did not answer", id="not answered"),
        pytest.param(
            fails("ServerException", 500), Unanswered, "ServerException", id="a server error"
        ),
        pytest.param(
            fails("ThrottlingException"), Unavailable, "ThrottlingException", id="throttled"
        ),
        pytest.param(fails("AccessDeniedException"), Denied, "permission", id="denied"),
        pytest.param(
            fails("InvalidParameterException"), Refused, "could not run the task: no", id="refused"
        ),
        pytest.param(
            fails("ConflictException", resourceIds=[]), Refused, "no", id="a conflict with nothing"
        ),
        pytest.param(fails("ConflictException"), Refused, "no", id="a conflict without a member"),
        pytest.param(
            answers({"tasks": [], "failures": [{"reason": "RESOURCE:CPU"}, {"reason": "AGENT"}]}),
            NotStarted,
            "ECS could start no task: AGENT, RESOURCE:CPU",
            id="no host takes it",
        ),
        pytest.param(
            answers({"tasks": [], "failures": [{"reason": "AGENT"}, {"reason": "AGENT"}]}),
            NotStarted,
            "ECS could start no task: AGENT",
            id="two hosts that do not take it, for one reason",
        ),
        pytest.param(
            answers({"tasks": [], "failures": [{}]}), NotStarted, "no reason", id="no reason"
        ),
        pytest.param(
            answers({"tasks": [], "failures": []}), Unanswered, "neither", id="nothing at all"
        ),
        pytest.param(answers({}), Unanswered, "neither", id="an empty answer"),
    ],
)
def test_a_request_is_sent_once_whatever_the_answer(
    endpoint: Endpoint, answer: Answer, error: type[Exception], words: str
) -> None:
    endpoint.answers = [answer]
    with pytest.raises(error, match=words) as raised:
        StandaloneTasks().run_task(REQUEST)
    assert type(raised.value) is error
    assert len(endpoint.sent) == 1


def test_a_conflict_names_the_task_that_the_token_started_before(endpoint: Endpoint) -> None:
    endpoint.answers = [fails("ConflictException", resourceIds=[TASK])]
    assert StandaloneTasks().run_task(REQUEST) == TASK
    assert len(endpoint.sent) == 1


@pytest.mark.parametrize(
    ("reason", "sent"), [("too long", "too long"), ("x" * 300, "x" * 255)], ids=["short", "long"]
)
def test_a_stop_says_why_in_as_many_characters_as_ecs_takes(
    endpoint: Endpoint, reason: str, sent: str
) -> None:
    endpoint.answers = [is_lost, answers({"task": {"taskArn": TASK}})]
    StandaloneTasks().stop_task(CLUSTER, TASK, reason)
    first, again = endpoint.sent
    assert first.operation == "StopTask"
    assert first.parameters == again.parameters
    assert again.parameters == {"cluster": CLUSTER, "task": TASK, "reason": sent}


def test_a_task_is_read_with_how_it_ended_so_far(endpoint: Endpoint) -> None:
    containers = [{"name": "web", "exitCode": 0}, {"name": "envoy", "lastStatus": "RUNNING"}]
    shown = _task(TASK, OURS, desiredStatus="RUNNING", startedAt=1.5, containers=containers)
    endpoint.answers = [answers({"tasks": [shown]})]
    task = StandaloneTasks().standalone_task(CLUSTER, TASK)
    assert task is not None
    assert (task.arn, task.status, task.ending) == (TASK, "RUNNING", False)
    assert (task.exit_code("web"), task.exit_code("envoy")) == (0, None)
    assert task.end.containers[1] == StoppedContainer(name="envoy")
    (attempt,) = endpoint.sent
    assert attempt.parameters == {"cluster": CLUSTER, "tasks": [TASK]}


@pytest.mark.parametrize("status", ["RUNNING", "DEPROVISIONING", "STOPPED"])
def test_a_task_that_ecs_stops_is_ending_before_it_has_stopped(
    endpoint: Endpoint, status: str
) -> None:
    endpoint.answers = [
        answers({"tasks": [_task(TASK, OURS, lastStatus=status, desiredStatus="STOPPED")]})
    ]
    task = StandaloneTasks().standalone_task(CLUSTER, TASK)
    assert task is not None
    assert (task.ending, task.stopped) == (True, status == "STOPPED")


def test_a_task_that_ecs_does_not_show_is_none(endpoint: Endpoint) -> None:
    endpoint.answers = [answers({"tasks": [], "failures": [{"reason": "MISSING"}]})]
    assert StandaloneTasks().standalone_task(CLUSTER, TASK) is None


def _lists(endpoint: Endpoint, *lists: list[dict[str, Any]]) -> None:
    """ListTasks answers with each of these, and DescribeTasks says what they are."""
    endpoint.answers = []
    for tasks in lists:
        endpoint.answers.append(answers({"taskArns": [task["taskArn"] for task in tasks]}))
        endpoint.answers += [answers({"tasks": tasks})] if tasks else []


STOPPED = {"lastStatus": "STOPPED", "desiredStatus": "STOPPED"}


@pytest.mark.parametrize(
    ("running", "ended", "found"),
    [
        pytest.param([_task("r", OURS)], [], "r", id="it runs"),
        pytest.param([], [_task("s", OURS, **STOPPED)], "s", id="it has ended"),
        pytest.param([_task("r", OURS)], [_task("s", OURS, **STOPPED)], "r", id="it ends just now"),
        pytest.param(
            [],
            [_task("o", f"{OURS}2", **STOPPED), _task("n", "ecs-svc/1"), _task("s", OURS)],
            "s",
            id="beside others that have ended",
        ),
        pytest.param([], [_task("o", f"{OURS}2", **STOPPED)], None, id="only another attempt's"),
        pytest.param([_task("o", "slipway/web-1-a")], [], None, id="only that of its `after`"),
        pytest.param([], [{"taskArn": "x"}], None, id="only one that nobody started"),
        pytest.param([], [], None, id="none"),
    ],
)
def test_a_task_is_found_by_who_started_it_and_never_taken_for_another(
    endpoint: Endpoint,
    running: list[dict[str, Any]],
    ended: list[dict[str, Any]],
    found: str | None,
) -> None:
    _lists(endpoint, running, ended)
    task = StandaloneTasks().find_task(CLUSTER, FAMILY, OURS)
    assert (task.arn if task else None) == found
    asked = [one.parameters for one in endpoint.sent if one.operation == "ListTasks"]
    assert [{k: v for k, v in one.items() if k != "maxResults"} for one in asked] == [
        {"cluster": CLUSTER, "startedBy": OURS},
        {"cluster": CLUSTER, "family": FAMILY, "desiredStatus": "STOPPED"},
    ]
