"""Events have the shape of the published samples."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import botocore.session
import pytest

from embedded.services.ecs import NoCapacity, OutOfMemory
from tests.embedded.ecs.web_service import (
    BAD,
    BETTER,
    BREAKER,
    SERVICE,
    WebService,
    sample,
    web_service,
)

TASK: Any = botocore.session.get_session().get_service_model("ecs").shape_for("Task")
PATTERNS = {
    "second": re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ"),
    "millisecond": re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z"),
    "deployment": re.compile(r"ecs-svc/\d{19}"),
    "arn": re.compile(r"arn:aws:ecs:us-west-2:123456789012:[a-z-]+/\S+"),
    "uuid": re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}"),
}


@pytest.fixture
def web() -> Iterator[WebService]:
    with web_service() as opened:
        opened.create(deploymentConfiguration=BREAKER)
        yield opened


def kind(value: Any) -> str:
    """The kind of a value: it tells a time from an id."""
    if isinstance(value, str):
        return next((name for name, each in PATTERNS.items() if each.fullmatch(value)), "text")
    return type(value).__name__


def lacking(wanted: Any, found: Any, path: str = "event") -> Iterator[str]:
    """The members of the sample `wanted` that `found` lacks."""
    if isinstance(wanted, dict):
        for name, value in wanted.items():
            if name in found:
                yield from lacking(value, found[name], f"{path}.{name}")
            else:
                yield f"{path}.{name} is missing"
    elif isinstance(wanted, list) and wanted and found:
        yield from lacking(wanted[0], found[0], f"{path}[0]")
    elif kind(wanted) != kind(found):
        yield f"{path} is {found!r}, not like {wanted!r}"


def find(web: WebService, **detail: Any) -> dict[str, Any]:
    matching = (each for each in web.events if detail.items() <= each["detail"].items())
    found: dict[str, Any] = next(matching)
    return found


@pytest.mark.parametrize(
    ("name", "detail"),
    [
        ("ecs-deployment-in-progress", {"eventName": "SERVICE_DEPLOYMENT_IN_PROGRESS"}),
        ("ecs-deployment-completed", {"eventName": "SERVICE_DEPLOYMENT_COMPLETED"}),
        ("ecs-deployment-failed", {"eventName": "SERVICE_DEPLOYMENT_FAILED"}),
        ("ecs-task-stopped-oom", {"stopCode": "EssentialContainerExited", "lastStatus": "STOPPED"}),
    ],
)
def test_events_have_everything_that_the_samples_have(
    web: WebService, name: str, detail: dict[str, Any]
) -> None:
    web.ecs.faults.image("c" * 64, OutOfMemory())
    web.update(web.register(BAD))
    web.finish(600)
    wanted, found = sample("events", name), find(web, **detail)
    assert not list(lacking(wanted, found))
    assert set(found) == set(wanted)
    if "deployment" in name:
        assert set(found["detail"]) == set(wanted["detail"])


def test_a_rollback_is_worded_as_in_the_samples(web: WebService) -> None:
    web.ecs.faults.image("c" * 64, OutOfMemory())
    web.update(web.register(BAD))
    web.finish(600)
    failed = sample("events", "ecs-deployment-failed")["detail"]
    started = sample("events", "ecs-deployment-rollback-started")["detail"]
    events = web.told("ECS Deployment State Change")
    assert (events[1]["reason"], events[1]["eventType"]) == (failed["reason"], "ERROR")
    again = events[2]
    assert again["reason"] == started["reason"].replace(
        started["deploymentId"], again["deploymentId"]
    )


def test_a_placement_failure_looks_like_the_sample() -> None:
    with web_service() as web:
        strategy = [{"capacityProvider": "asg", "weight": 1}]
        web.ecs.faults.service(SERVICE, NoCapacity())
        web.api.create_service(
            cluster="dev",
            serviceName="web",
            taskDefinition=web.register(),
            desiredCount=1,
            capacityProviderStrategy=strategy,
        )
        web.clock.advance(30)
        wanted = sample("events", "ecs-service-placement-failure")
        found = find(web, eventName="SERVICE_TASK_PLACEMENT_FAILURE")
        assert not list(lacking(wanted, found))
        assert set(found["detail"]) == set(wanted["detail"])
        assert found["detail"]["reason"] == wanted["detail"]["reason"]


def test_task_events_have_members_of_the_task_shape_only(web: WebService) -> None:
    web.update(web.register(BETTER))
    web.finish(600)
    for detail in web.told("ECS Task State Change"):
        assert set(detail) <= set(TASK.members)
        assert detail["group"] == "service:web"
        assert PATTERNS["deployment"].fullmatch(detail["startedBy"])


def test_a_task_event_says_what_describe_tasks_says(web: WebService) -> None:
    arn = web.ecs.tasks(SERVICE)[0].arn
    web.api.stop_task(cluster="dev", task=arn)
    last = web.told("ECS Task State Change")[-1]
    [described] = web.api.describe_tasks(cluster="dev", tasks=[arn])["tasks"]
    assert set(last) == set(described)
    assert (last["version"], last["lastStatus"]) == (described["version"], described["lastStatus"])


def test_events_are_sent_at_the_moment_they_tell_of(web: WebService) -> None:
    web.update(web.register(BETTER))
    web.finish(600)
    times = [each["time"] for each in web.events]
    assert times == sorted(times)
    for event in web.events:
        detail = event["detail"]
        if detail.get("lastStatus") in ("RUNNING", "STOPPED"):
            moment = detail["startedAt" if detail["lastStatus"] == "RUNNING" else "stoppedAt"]
            assert event["time"] == moment[:19] + "Z"
