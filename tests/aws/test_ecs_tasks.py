"""The tasks of one ECS deployment: which calls find them, in whatever order ECS lists them."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from botocore.stub import Stubber

from chalicelib.aws import clients
from chalicelib.aws.ecs import Ecs, service_of
from chalicelib.model.services import BreakerThreshold
from tests.fixtures.examples import at

CLUSTER, SERVICE, OURS = "c", "web", "ecs-svc/2"
STOPPED = {"cluster": CLUSTER, "serviceName": SERVICE, "desiredStatus": "STOPPED"}
RUNNING = {"cluster": CLUSTER, "startedBy": OURS}
ARN = "arn:aws:ecs:eu-central-1:123456789012:task/c/"


@pytest.fixture
def ecs(monkeypatch: pytest.MonkeyPatch) -> Iterator[Stubber]:
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-central-1")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "x")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "x")
    clients.forget()
    with Stubber(clients.client("ecs")) as stubber:
        yield stubber
    clients.forget()


def _page(
    ecs: Stubber, number: int, tasks: list[dict[str, Any]], more: bool, **filters: str
) -> None:
    """One page of ListTasks and what DescribeTasks says of it."""
    names = [task["taskArn"] for task in tasks]
    after = {"nextToken": str(number)} if number else {}
    before = {"nextToken": str(number + 1)} if more else {}
    ecs.add_response(
        "list_tasks", {"taskArns": names, **before}, {**filters, **after, "maxResults": 100}
    )
    if names:
        ecs.add_response("describe_tasks", {"tasks": tasks}, {"cluster": CLUSTER, "tasks": names})


def _task(name: str, started_by: str = OURS, seconds: float = 0, **fields: Any) -> dict[str, Any]:
    return {"taskArn": f"{ARN}{name}", "startedBy": started_by, "stoppedAt": at(seconds), **fields}


def test_tasks_of_ours_are_found_behind_a_page_full_of_old_ones(ecs: Stubber) -> None:
    old = [_task(f"old{number}", "ecs-svc/1") for number in range(100)]
    _page(ecs, 0, old, more=True, **STOPPED)
    _page(
        ecs, 1, [_task("first", seconds=1), *old[:98], _task("third", seconds=3)], True, **STOPPED
    )
    _page(ecs, 2, [_task("second", seconds=2)], more=False, **STOPPED)
    found = Ecs().stopped_tasks(CLUSTER, SERVICE, OURS)
    assert [task.id for task in found] == ["third", "second", "first"]
    assert found[0].stopped_at == at(3)
    ecs.assert_no_pending_responses()


def test_an_empty_page_does_not_end_the_search(ecs: Stubber) -> None:
    _page(ecs, 0, [], more=True, **STOPPED)
    _page(ecs, 1, [_task("first")], more=False, **STOPPED)
    assert [task.id for task in Ecs().stopped_tasks(CLUSTER, SERVICE, OURS)] == ["first"]


def test_at_most_five_pages_are_read(ecs: Stubber) -> None:
    for number in range(5):
        _page(ecs, number, [_task(str(number), seconds=-number)], more=True, **STOPPED)
    assert len(Ecs().stopped_tasks(CLUSTER, SERVICE, OURS)) == 5
    ecs.assert_no_pending_responses()


def test_running_tasks_are_asked_for_by_who_started_them_and_nothing_else(ecs: Stubber) -> None:
    started = at(0) - timedelta(minutes=1)
    _page(ecs, 0, [_task("a", startedAt=started)], more=True, **RUNNING)
    _page(ecs, 1, [_task("b")], more=False, **RUNNING)
    running = Ecs().running_tasks(CLUSTER, SERVICE, OURS)
    assert running is not None
    assert [(task.id, task.started_at) for task in running] == [("a", started), ("b", None)]


def test_running_tasks_that_are_too_many_to_read_are_not_known(ecs: Stubber) -> None:
    for number in range(5):
        _page(ecs, number, [_task(str(number))], more=True, **RUNNING)
    assert Ecs().running_tasks(CLUSTER, SERVICE, OURS) is None


def test_a_stopped_task_is_told_by_the_container_that_ended_it_and_keeps_all(ecs: Stubber) -> None:
    containers = [
        {"name": "log_router", "exitCode": 0},
        {"name": "web", "exitCode": 127},
        {"name": "init", "reason": "", "lastStatus": "PENDING"},
    ]
    ended = _task("a", stopCode="EssentialContainerExited", containers=containers)
    _page(ecs, 0, [ended], more=False, **STOPPED)
    (task,) = Ecs().stopped_tasks(CLUSTER, SERVICE, OURS)
    assert (task.container, task.exit_code) == ("web", 127)
    assert [one.name for one in task.containers] == ["log_router", "web", "init"]
    assert task.containers[2].exit_code is None


@pytest.mark.parametrize(
    ("breaker", "threshold"),
    [
        ({}, None),
        ({"enable": True, "rollback": True}, None),
        (
            {"enable": True, "thresholdConfiguration": {"type": "COUNT", "value": 9}},
            BreakerThreshold(kind="COUNT", value=9),
        ),
    ],
)
def test_the_threshold_that_a_service_sets_is_read(
    breaker: dict[str, Any], threshold: BreakerThreshold | None
) -> None:
    counts = dict.fromkeys(("desiredCount", "runningCount", "pendingCount"), 2)
    answer = {"serviceName": "web", "serviceArn": "arn", "status": "ACTIVE", **counts}
    configuration = {"deploymentCircuitBreaker": breaker} if breaker else {}
    service = service_of({**answer, "deploymentConfiguration": configuration})
    assert service.breaker_threshold == threshold


def test_the_tasks_of_a_service_run_or_ended_lately_and_the_newest_come_first(ecs: Stubber) -> None:
    of_service = {"cluster": CLUSTER, "serviceName": SERVICE}
    running = _task("b", createdAt=at(2), lastStatus="RUNNING", healthStatus="HEALTHY")
    ended: dict[str, Any] = {
        "desiredStatus": "STOPPED",
        "lastStatus": "STOPPED",
        "stoppedReason": "it crashed",
    }
    _page(ecs, 0, [running, _task("a", createdAt=at(1))], more=False, **of_service)
    _page(ecs, 0, [_task("c", createdAt=at(3), **ended)], more=False, **STOPPED)
    found = Ecs().service_tasks(CLUSTER, SERVICE)
    assert [task.id for task in found.tasks] == ["c", "b", "a"]
    assert [task.end.reason if task.end else "" for task in found.tasks] == ["it crashed", "", ""]
    assert (found.tasks[1].status, found.tasks[1].health) == ("RUNNING", "HEALTHY")
    assert found.tasks[1].ecs_deployment == OURS
    assert found.complete


def test_more_tasks_than_were_read_are_said(ecs: Stubber) -> None:
    for number in range(5):
        _page(ecs, number, [], more=True, cluster=CLUSTER, serviceName=SERVICE)
    _page(ecs, 0, [], more=False, **STOPPED)
    assert not Ecs().service_tasks(CLUSTER, SERVICE).complete
