"""A rollout under way: somebody else deploys, or changes another setting."""

from __future__ import annotations

from chalicelib.model.deployments import Status
from tests.fixtures import examples
from tests.fixtures.examples import NAME, revision
from tests.flow.steps import pushed, step


def test_who_deploys_something_else_supersedes_and_is_left_alone() -> None:
    world = pushed()
    foreign = world.services.register({**examples.task_definition().body, "tags": []})
    world.services.begin(NAME, foreign.arn)
    record = step(world)
    assert record.status is Status.SUPERSEDED
    assert "conflicto-backend-dev:9 was deployed to the service instead" in record.reason
    assert len(world.ecs_acts) == 2


def test_another_setting_changed_meanwhile_is_adopted() -> None:
    world = pushed()
    world.services.begin(NAME, revision(8))
    record = step(world)
    assert record.status is Status.IN_PROGRESS
    assert record.ecs_deployment == world.services.all[NAME].deployments[0].id
    world.services.complete(NAME)
    record = step(world)
    assert record.status is Status.SUCCESSFUL
    assert record.service_deployment == world.services.all[NAME].service_deployment
