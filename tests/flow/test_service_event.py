"""ECS event -> the step, for every open deployment of its service."""

from __future__ import annotations

from typing import Any

import pytest

from chalicelib.errors import Refused, Unavailable
from chalicelib.flow.image_event import image_event
from chalicelib.flow.outcome import Outcome
from chalicelib.flow.service_event import service_event
from chalicelib.flow.watch import watch
from chalicelib.model.deployments import Status
from tests.fixtures import examples
from tests.fixtures.examples import NAME, OTHER_DIGEST, at, event, push_event
from tests.flow.fakes import Aws, Fault, aws

COMPLETED = event("ecs-deployment-completed")


def test_an_event_brings_the_verdict_before_any_poll() -> None:
    world = aws()
    image_event(world.world(), push_event())
    world.services.complete(NAME)
    (outcome,) = service_event(world.world(), COMPLETED)
    assert (outcome.outcome, outcome.service, outcome.status) == ("nudged", NAME, "SUCCESSFUL")
    assert outcome.deployment == world.record().id


@pytest.mark.parametrize(
    "name", ["ecs-deployment-failed", "ecs-deployment-rollback-started", "ecs-deployment-completed"]
)
def test_an_event_says_that_something_happened_and_never_what(name: str) -> None:
    world = aws()
    image_event(world.world(), push_event())
    (outcome,) = service_event(world.world(), event(name))
    assert outcome.status == "IN_PROGRESS"


@pytest.mark.parametrize(
    ("sent", "reason"),
    [
        pytest.param(
            event("ecs-service-placement-failure"), "tells of no deployment", id="another event"
        ),
        pytest.param(
            COMPLETED | {"resources": [f"{examples.ARN}:service/{NAME}x"]},
            f"{NAME}x is no target",
            id="another service",
        ),
        pytest.param(COMPLETED, "no open deployment", id="a service never met"),
    ],
)
def test_what_concerns_nothing_of_ours_is_ignored(sent: dict[str, Any], reason: str) -> None:
    world = aws()
    (outcome,) = service_event(world.world(), sent)
    assert outcome.outcome == "ignored"
    assert reason in outcome.reason
    assert not world.ledger.writes


def test_with_nothing_open_an_event_is_ignored() -> None:
    world = aws()
    image_event(world.world(), push_event())
    world.services.complete(NAME)
    service_event(world.world(), COMPLETED)
    (outcome,) = service_event(world.world(), COMPLETED)
    assert (outcome.outcome, outcome.reason) == ("ignored", "no open deployment")


def test_the_beginning_of_its_own_rollout_is_no_news() -> None:
    world = aws()
    image_event(world.world(), push_event())
    began = event("ecs-deployment-in-progress")
    began["detail"]["deploymentId"] = world.record().ecs_deployment
    world.restart()
    (outcome,) = service_event(world.world(), began)
    assert outcome.reason == "the event only says that its own rollout began"
    assert "service" not in world.calls


def test_the_beginning_of_somebodys_rollout_is_news() -> None:
    world = aws()
    image_event(world.world(), push_event())
    foreign = world.services.register({**examples.task_definition().body, "tags": []})
    world.services.begin(NAME, foreign.arn)
    began = event("ecs-deployment-in-progress")
    began["detail"]["deploymentId"] = world.services.all[NAME].deployments[0].id
    (outcome,) = service_event(world.world(), began)
    assert (outcome.outcome, outcome.status) == ("nudged", "SUPERSEDED")


def test_after_an_event_the_service_deployment_tells_where_the_service_shown_is_older() -> None:
    world = aws()
    image_event(world.world(), push_event())
    shown = world.services.all[NAME]
    world.services.complete(NAME)
    world.services.all[NAME] = shown
    (outcome,) = service_event(world.world(), COMPLETED)
    assert (outcome.outcome, outcome.status) == ("nudged", "SUCCESSFUL")


def test_a_poll_reads_no_service_deployment_while_the_service_shows_nothing_new() -> None:
    world = aws()
    image_event(world.world(), push_event())
    world.restart()
    assert watch(world.world(60), world.record().id)["status"] == "IN_PROGRESS"
    assert "service" in world.calls
    assert not any("service_deployment" in call for call in world.calls)


def _task_ended(world: Aws) -> dict[str, Any]:
    ended = event("ecs-task-stopped-oom")
    ended["detail"] |= {
        "startedBy": world.record().ecs_deployment,
        "stoppedAt": world.now.isoformat(),
    }
    return ended


@pytest.mark.parametrize(
    ("port", "call"), [("ledger", "deployment"), ("services", "service")], ids=["before", "after"]
)
def test_of_several_tasks_that_end_together_one_nudge_looks_for_all(
    monkeypatch: pytest.MonkeyPatch, port: str, call: str
) -> None:
    """The second event comes before, or after, the first nudge has said that it looks."""
    world = aws()
    image_event(world.world(), push_event())
    ended, real = _task_ended(world), getattr(getattr(world, port), call)
    seconds: list[tuple[Outcome, ...]] = []

    def meanwhile(*arguments: Any) -> Any:
        answer = real(*arguments)
        if not seconds:
            seconds.append(())
            seconds[0] = service_event(world.world(0.1), ended)
        return answer

    monkeypatch.setattr(getattr(world, port), call, meanwhile)
    world.restart()
    firsts = service_event(world.world(1), ended)
    outcomes = [one.outcome for one in (*firsts, *seconds[0])]
    assert sorted(outcomes) == ["ignored", "nudged"]
    assert world.calls.count("stopped_tasks") == 1


@pytest.mark.parametrize("error", [Unavailable("down"), Refused("odd")])
def test_one_deployments_fault_keeps_no_other_from_its_nudge(error: Exception) -> None:
    world = aws()
    world.faults = [Fault(0, Unavailable("throttled"), name="register")]
    image_event(world.world(), push_event())
    waiting = world.record()
    world.images.all.append(examples.image(OTHER_DIGEST, tags=("def5678",)))
    image_event(world.world(), push_event(OTHER_DIGEST, "def5678", at(60)))
    rolling = world.record()
    assert world.ledger.heads[NAME].open_deployments == (waiting.id, rolling.id)
    world.services.complete(NAME)
    world.restart()
    world.faults = [Fault(0, error, name="save")]
    with pytest.raises(type(error), match=str(error)):
        service_event(world.world(), COMPLETED)
    assert world.record().status is Status.SUCCESSFUL
    (outcome,) = service_event(world.world(), COMPLETED)
    assert (outcome.deployment, outcome.status) == (waiting.id, "SUPERSEDED")


def test_an_event_whose_old_arn_names_no_cluster_tells_of_the_service_in_every_cluster() -> None:
    world = aws(examples.target(), examples.target(cluster="other"), examples.target(service="web"))
    image_event(world.world(), push_event())
    for name in world.services.all:
        world.services.complete(name)
    short_arn = {"resources": [f"{examples.ARN}:service/{examples.SERVICE}"]}
    outcomes = service_event(world.world(), COMPLETED | short_arn)
    assert [(one.service, one.status) for one in outcomes] == [
        (NAME, "SUCCESSFUL"),
        (f"other/{examples.SERVICE}", "SUCCESSFUL"),
    ]
