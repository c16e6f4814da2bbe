"""ECS event -> the step, for every open deployment of its service."""

from __future__ import annotations

from typing import Any

import pytest

from chalicelib.flow.change import change
from chalicelib.flow.push import push
from tests.fixtures import examples
from tests.fixtures.examples import NAME, event, push_event
from tests.flow.fakes import aws

COMPLETED = event("ecs-deployment-completed")


def test_an_event_brings_the_verdict_before_any_poll() -> None:
    world = aws()
    push(world.world(), push_event())
    world.services.complete(NAME)
    (outcome,) = change(world.world(), COMPLETED)
    assert (outcome.outcome, outcome.service, outcome.status) == ("nudged", NAME, "SUCCESSFUL")
    assert outcome.deployment == world.record().id


@pytest.mark.parametrize(
    "name", ["ecs-deployment-failed", "ecs-deployment-rollback-started", "ecs-deployment-completed"]
)
def test_an_event_says_that_something_happened_and_never_what(name: str) -> None:
    world = aws()
    push(world.world(), push_event())
    (outcome,) = change(world.world(), event(name))
    assert outcome.status == "IN_PROGRESS"


@pytest.mark.parametrize(
    ("sent", "reason"),
    [
        pytest.param(event("ecs-task-stopped-oom"), "tells of no deployment", id="another event"),
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
    (outcome,) = change(world.world(), sent)
    assert outcome.outcome == "ignored"
    assert reason in outcome.reason
    assert not world.ledger.writes


def test_with_nothing_open_an_event_is_ignored() -> None:
    world = aws()
    push(world.world(), push_event())
    world.services.complete(NAME)
    change(world.world(), COMPLETED)
    (outcome,) = change(world.world(), COMPLETED)
    assert (outcome.outcome, outcome.reason) == ("ignored", "no open deployment")
