"""A RunTask that is sent again: the same tasks, a conflict, or, much later, new tasks."""

from __future__ import annotations

from typing import Any

import pytest
from botocore.exceptions import ClientError

from embedded.services.ecs import Exits, Lag, NoCapacity
from tests.embedded.ecs.standalone import command, described, run, started, until
from tests.embedded.ecs.web_service import WebService, web_service

TOKEN = "20261130t101112-web-ab12-b"
HOUR = 3600.0


def family(web: WebService) -> list[Any]:
    """The tasks that run."""
    found: list[Any] = web.api.list_tasks(cluster="dev", family="web")["taskArns"]
    return found


def conflict(web: WebService, definition: str, **parameters: Any) -> list[str]:
    """The `resourceIds` of the ConflictException."""
    with pytest.raises(web.api.exceptions.ConflictException, match="already in use") as caught:
        run(web, definition, clientToken=TOKEN, **parameters)
    found: list[str] = caught.value.response["resourceIds"]
    return found


def test_the_same_request_starts_nothing_and_gets_the_same_answer(web: WebService) -> None:
    definition = web.register()
    first = run(web, definition, clientToken=TOKEN, count=2)
    web.clock.advance(60)
    again = run(web, definition, clientToken=TOKEN, count=2)
    assert again["tasks"] == first["tasks"]
    assert {task["lastStatus"] for task in again["tasks"]} == {"PROVISIONING"}
    told = [each["lastStatus"] for each in web.told("ECS Task State Change")]
    assert told.count("PROVISIONING") == 2


@pytest.mark.parametrize(
    "changed",
    [{"overrides": command("other")}, {"count": 2}, {"startedBy": "me"}, {"group": "jobs"}],
    ids=lambda changed: next(iter(changed)),
)
def test_the_token_with_other_parameters_is_a_conflict_that_names_the_tasks(
    web: WebService, changed: dict[str, Any]
) -> None:
    definition = web.register()
    arn = started(web, definition, clientToken=TOKEN)
    assert conflict(web, definition, **changed) == [arn]
    assert family(web) == [arn]


def test_another_revision_is_a_conflict_too(web: WebService) -> None:
    arn = started(web, web.register(), clientToken=TOKEN)
    with pytest.raises(ClientError) as caught:
        run(web, web.register(), clientToken=TOKEN)
    assert caught.value.response["Error"]["Code"] == "ConflictException"
    assert conflict(web, "web:2") == [arn]


def test_a_token_counts_in_its_cluster(web: WebService) -> None:
    web.api.create_cluster(clusterName="prod")
    definition = web.register()
    arn = started(web, definition, clientToken=TOKEN)
    other = started(web, definition, clientToken=TOKEN, cluster="prod")
    assert other != arn
    by_arn = described(web, arn)["clusterArn"]
    assert started(web, definition, clientToken=TOKEN, cluster=by_arn) == arn


def test_requests_without_a_token_of_their_own_are_told_apart(web: WebService) -> None:
    definition = web.register()
    assert started(web, definition) != started(web, definition)


def test_a_token_lives_an_hour_longer_than_its_task(web: WebService) -> None:
    definition = web.register()
    arn = started(web, definition, clientToken=TOKEN)
    until(web, arn, "STOPPED")
    web.clock.advance(HOUR - 1)
    assert started(web, definition, clientToken=TOKEN) == arn
    web.clock.advance(1)
    assert started(web, definition, clientToken=TOKEN) != arn


def test_a_token_lives_at_most_24_hours(web: WebService) -> None:
    web.ecs.faults.run(Exits(after=100 * HOUR))
    definition = web.register()
    arn = started(web, definition, clientToken=TOKEN)
    web.clock.advance(24 * HOUR - 1)
    assert started(web, definition, clientToken=TOKEN) == arn
    web.clock.advance(1)
    assert started(web, definition, clientToken=TOKEN) != arn


def test_the_token_of_several_tasks_lives_an_hour_longer_than_the_last(web: WebService) -> None:
    web.ecs.faults.run(Exits(after=10, times=1))
    web.ecs.faults.run(Exits(after=5 * HOUR, times=1))
    definition = web.register()
    first = run(web, definition, clientToken=TOKEN, count=2)
    web.clock.advance(5.5 * HOUR)
    assert run(web, definition, clientToken=TOKEN, count=2)["tasks"] == first["tasks"]


def test_a_request_that_started_nothing_leaves_no_token(web: WebService) -> None:
    web.ecs.faults.image("a" * 64, NoCapacity(times=1))
    definition = web.register()
    answer = run(web, definition, clientToken=TOKEN)
    assert (answer["tasks"], len(answer["failures"])) == ([], 1)
    with pytest.raises(web.api.exceptions.InvalidParameterException):
        run(web, definition, clientToken=TOKEN, overrides=command(name="db"))
    assert started(web, definition, clientToken=TOKEN, startedBy="slipway/again")


def test_a_token_is_answered_when_there_is_no_more_room(web: WebService) -> None:
    definition = web.register()
    web.ecs.faults.run(Exits(after=HOUR))
    first = run(web, definition, clientToken=TOKEN)
    web.ecs.faults.image("a" * 64, NoCapacity())
    assert run(web, definition, clientToken=TOKEN)["tasks"] == first["tasks"]


def test_a_token_is_known_at_once_although_the_task_is_not_seen_yet() -> None:
    with web_service(lag=Lag(fresh=0.0), rates=()) as web:
        definition = web.register()
        web.clock.advance(60)
        arn = started(web, definition, clientToken=TOKEN, startedBy="slipway/x-b")
        unseen = web.api.describe_tasks(cluster="dev", tasks=[arn])
        assert [each["reason"] for each in unseen["failures"]] == ["MISSING"]
        assert not web.api.list_tasks(cluster="dev", startedBy="slipway/x-b")["taskArns"]
        assert started(web, definition, clientToken=TOKEN, startedBy="slipway/x-b") == arn
        assert conflict(web, definition) == [arn]
        web.clock.advance(5)
        assert web.api.list_tasks(cluster="dev", startedBy="slipway/x-b")["taskArns"] == [arn]
        assert described(web, arn)["taskArn"] == arn
