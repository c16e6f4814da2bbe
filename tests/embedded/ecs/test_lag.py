"""Reads that lag: what they may show, what they never show, and that writes see the present."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from botocore.exceptions import ClientError

from embedded.services.ecs import Crash, Lag, Place
from embedded.services.ecs.views import service_deployment_view, service_view, task_view
from tests.embedded.ecs.standalone import described, started
from tests.embedded.ecs.web_service import (
    BAD,
    BETTER,
    BREAKER,
    REGION,
    SERVICE,
    WebService,
    web_service,
)

PLACE = Place("123456789012", REGION)
ALWAYS = Lag(fresh=0.0)  # no read is up to date
READS = 200


@pytest.fixture
def web() -> Iterator[WebService]:
    with web_service(lag=ALWAYS, rates=()) as opened:
        opened.create(desired=2)
        opened.clock.advance(60)
        yield opened


def _primary(service: dict[str, Any]) -> str:
    return next(
        str(deployment["taskDefinition"])
        for deployment in service["deployments"]
        if deployment["status"] == "PRIMARY"
    )


def test_without_a_lag_every_read_shows_what_was_just_written() -> None:
    with web_service() as web:
        web.create()
        better = web.register(BETTER)
        assert _primary(web.update(better)) == better
        assert _primary(web.service()) == better
        assert web.deployment()["status"] == "PENDING"


def test_a_read_may_show_what_was_before_a_write_and_later_shows_what_was_written(
    web: WebService,
) -> None:
    better, before = web.register(BETTER), _primary(web.service())
    web.update(better)
    assert _primary(web.service()) == before
    web.clock.advance(ALWAYS.seconds)
    assert _primary(web.service()) == better


def test_no_read_is_older_than_the_lag_and_a_later_one_may_be_older_than_an_earlier_one(
    web: WebService,
) -> None:
    better = web.register(BETTER)
    web.update(better)
    web.clock.advance(2.5)
    shown = [_primary(web.service()) == better for _ in range(READS)]
    assert set(shown) == {True, False}
    assert shown != sorted(shown)
    web.clock.advance(2.5)
    assert all(_primary(web.service()) == better for _ in range(READS))


def test_update_service_itself_may_name_the_deployment_before(web: WebService) -> None:
    before = web.service()
    answer = web.update(web.register(BETTER))
    assert _primary(answer) == _primary(before)
    assert answer["currentServiceDeployment"] == before["currentServiceDeployment"]


def test_the_current_service_deployment_may_be_older_than_the_primary_beside_it(
    web: WebService,
) -> None:
    before, better = web.service()["currentServiceDeployment"], web.register(BETTER)
    web.update(better)
    web.clock.advance(2.5)
    shown = [web.service() for _ in range(READS)]
    pairs = {
        (_primary(view) == better, view["currentServiceDeployment"] == before) for view in shown
    }
    assert pairs == {(True, True), (True, False), (False, True), (False, False)}


def test_a_service_deployment_that_was_just_made_is_missing_at_first(web: WebService) -> None:
    web.update(web.register(BETTER))
    arn = web.ecs.service_deployments(SERVICE)[0].arn
    answer = web.api.describe_service_deployments(serviceDeploymentArns=[arn])
    assert answer["serviceDeployments"] == []
    assert answer["failures"] == [{"arn": arn, "reason": "MISSING"}]
    listed = web.api.list_service_deployments(cluster="dev", service="web")
    assert arn not in {brief["serviceDeploymentArn"] for brief in listed["serviceDeployments"]}
    web.clock.advance(ALWAYS.seconds)
    assert web.deployment()["serviceDeploymentArn"] == arn


def test_a_revision_that_was_just_registered_is_not_there_at_first(web: WebService) -> None:
    first = web.service()["taskDefinition"]
    better = web.register(BETTER)
    with pytest.raises(ClientError, match="Unable to describe task definition"):
        web.api.describe_task_definition(taskDefinition=better)
    newest = web.api.describe_task_definition(taskDefinition="web")["taskDefinition"]
    assert newest["taskDefinitionArn"] == first
    listed = web.api.list_task_definitions(familyPrefix="web")["taskDefinitionArns"]
    assert listed == [first]
    web.clock.advance(ALWAYS.seconds)
    assert web.api.describe_task_definition(taskDefinition=better)


def test_a_deregistered_revision_is_active_at_first(web: WebService) -> None:
    better = web.register(BETTER)
    web.clock.advance(ALWAYS.seconds)
    web.api.deregister_task_definition(taskDefinition=better)
    shown = web.api.describe_task_definition(taskDefinition=better)["taskDefinition"]
    assert (shown["status"], shown.get("deregisteredAt")) == ("ACTIVE", None)
    with pytest.raises(ClientError, match="inactive"):
        web.update(better)  # a write sees the truth


def test_writes_see_the_truth(web: WebService) -> None:
    web.update(web.register(BETTER))
    arn = web.ecs.service_deployments(SERVICE)[0].arn
    web.api.stop_service_deployment(serviceDeploymentArn=arn)
    assert web.ecs.service_deployments(SERVICE)[0].status == "ROLLBACK_REQUESTED"


def test_what_autoscaling_does_is_not_seen_at_first_either(web: WebService) -> None:
    web.ecs.scale(SERVICE, 5)
    assert web.service()["desiredCount"] == 2
    web.clock.advance(ALWAYS.seconds)
    assert web.service()["desiredCount"] == 5


def _text(view: dict[str, Any]) -> str:
    kept = {name: value for name, value in view.items() if name != "currentServiceDeployment"}
    return json.dumps(kept, sort_keys=True)


def test_whatever_an_answer_says_was_true_once(web: WebService) -> None:
    """Each answer in a rollback equals one of the true states, which are noted at every change."""
    region = web.ecs.region(PLACE)
    truths: set[str] = set()

    def note() -> None:
        service = web.ecs.service(SERVICE)
        truths.update(
            _text(service_deployment_view(deployment)) for deployment in service.service_deployments
        )
        truths.update(_text(task_view(task)) for task in web.ecs.tasks(SERVICE))
        truths.add(_text(service_view(service)))

    remember = region.simulation.changed
    assert remember is not None

    def remember_and_note() -> None:
        remember()
        note()

    region.simulation.changed = remember_and_note
    note()
    web.ecs.faults.image("c" * 64, Crash())
    web.update(web.register(BAD), deploymentConfiguration=BREAKER)
    note()
    read: set[str] = set()
    for _ in range(120):
        web.clock.advance(0.7)
        region_answers = [
            web.ecs.call(PLACE, "DescribeServices", {"cluster": "dev", "services": ["web"]}),
            web.ecs.call(
                PLACE,
                "DescribeServiceDeployments",
                {"serviceDeploymentArns": [web.ecs.service_deployments(SERVICE)[0].arn]},
            ),
            web.ecs.call(
                PLACE,
                "DescribeTasks",
                {"cluster": "dev", "tasks": [task.id for task in web.ecs.tasks(SERVICE)]},
            ),
        ]
        for answer in region_answers:
            members = answer.keys() - {"failures"}
            read |= {_text(view) for member in members for view in answer[member]}
    assert len(read) > 40
    assert read <= truths


def _seen(seed: int) -> list[Any]:
    with web_service(lag=Lag(seed=seed)) as web:
        web.create()
        web.update(web.register(BETTER))
        shown = []
        for _ in range(30):
            web.clock.advance(1)
            shown.append((_primary(web.service()), web.service()["runningCount"]))
        return shown


def test_the_same_seed_shows_the_same_again_and_another_one_something_else() -> None:
    assert _seen(1) == _seen(1)
    assert _seen(1) != _seen(2)


def test_tasks_are_listed_in_no_order_and_in_short_pages_each_of_them_once() -> None:
    with web_service(lag=Lag(page=3)) as web:
        web.create(desired=10)
        web.clock.advance(60)
        pages = list(web.api.get_paginator("list_tasks").paginate(cluster="dev", serviceName="web"))
        found = [arn for page in pages for arn in page["taskArns"]]
        assert [len(page["taskArns"]) for page in pages] == [3, 3, 3, 1]
        assert sorted(found) == sorted(task.arn for task in web.ecs.tasks(SERVICE))
        assert found != [task.arn for task in web.ecs.tasks(SERVICE)]


def test_all_pages_of_a_list_show_the_same_moment(web: WebService) -> None:
    first = web.api.list_tasks(cluster="dev", serviceName="web", maxResults=1)
    web.ecs.scale(SERVICE, 9)
    web.clock.advance(2)
    rest = web.api.list_tasks(
        cluster="dev", serviceName="web", maxResults=1, nextToken=first["nextToken"]
    )
    assert "nextToken" not in rest
    assert first["taskArns"] != rest["taskArns"]


@pytest.mark.parametrize("token", ["MQ==", "MQ==.soon", "not a token.1"])
def test_a_token_that_is_none_of_a_list_is_refused(web: WebService, token: str) -> None:
    with pytest.raises(ClientError, match="Invalid token"):
        web.api.list_tasks(cluster="dev", serviceName="web", nextToken=token)


def test_service_deployments_come_newest_first_unless_that_is_taken_away() -> None:
    orders = []
    for unordered in (False, True):
        with web_service(lag=Lag(page=10, unordered=unordered)) as web:
            web.create()
            for image in (BETTER, BAD, BETTER, BAD):
                web.update(web.register(image))
                web.finish(600)
            web.clock.advance(60)
            listed = web.api.list_service_deployments(cluster="dev", service="web")
            times = [brief["createdAt"] for brief in listed["serviceDeployments"]]
            assert len(times) == 5
            orders.append(times == sorted(times, reverse=True))
    assert orders == [True, False]


def test_an_express_service_is_described_as_it_was_some_seconds_ago() -> None:
    with web_service(lag=ALWAYS, rates=()) as web:
        web.clock.advance(60)
        made = web.api.create_express_gateway_service(
            cluster="dev",
            serviceName="web",
            infrastructureRoleArn="arn:aws:iam::123456789012:role/infrastructure",
            executionRoleArn="arn:aws:iam::123456789012:role/execution",
            primaryContainer={"image": BETTER},
        )["service"]
        arn = made["serviceArn"]
        with pytest.raises(ClientError, match="not found"):
            web.api.describe_express_gateway_service(serviceArn=arn)
        web.finish(600)
        web.clock.advance(60)
        web.api.update_express_gateway_service(serviceArn=arn, primaryContainer={"image": BAD})
        before = web.api.describe_express_gateway_service(serviceArn=arn)["service"]
        assert len(before["activeConfigurations"]) == 1
        web.clock.advance(ALWAYS.seconds)
        after = web.api.describe_express_gateway_service(serviceArn=arn)["service"]
        assert len(after["activeConfigurations"]) == 2


def test_a_standalone_task_is_described_as_it_was_some_seconds_ago(web: WebService) -> None:
    """RunTask's own answer shows the present, and StopTask sees it."""
    arn = started(web, web.register(), startedBy="me")
    web.clock.advance(ALWAYS.seconds)
    assert described(web, arn)["lastStatus"] in {"PROVISIONING", "PENDING"}
    shown = set()
    for _ in range(60):
        web.clock.advance(0.5)
        shown.add((described(web, arn)["lastStatus"], _told(web)))
    assert any(seen != told for seen, told in shown)
    web.clock.advance(ALWAYS.seconds)
    assert described(web, arn)["containers"][0]["exitCode"] == 0


def _told(web: WebService) -> str:
    """What the newest task event says."""
    return str(web.told("ECS Task State Change")[-1]["lastStatus"])
