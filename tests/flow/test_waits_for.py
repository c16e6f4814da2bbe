"""A push waits for the `before` of the service that its target names."""

from __future__ import annotations

from chalicelib.flow.deploy import deploy_by_hand
from chalicelib.flow.image_event import image_event
from chalicelib.flow.service_event import service_event
from chalicelib.model.commands import BeforeSettings
from chalicelib.model.deployments import Deployment, Status
from tests.fixtures import examples
from tests.fixtures.examples import CLUSTER, DIGEST, NAME, push_event
from tests.flow.fakes import Aws, aws
from tests.flow.steps import step

WORKER = "conflicto-worker-service-dev"
WORKERS = f"{CLUSTER}/{WORKER}"
BEFORE = BeforeSettings(command=("migrate",))
S = Status


def both() -> Aws:
    """A worker that waits for the web service's `before`, and the push of their image."""
    world = aws(examples.target(service=WORKER, waits_for=NAME), examples.target(before=BEFORE))
    image_event(world.world(), push_event())
    return world


def ended(world: Aws) -> dict[str, object]:
    """ECS' event of the newest standalone task, which has stopped."""
    token, task = list(world.services.runs.items())[-1]
    return {
        "source": "aws.ecs",
        "detail-type": "ECS Task State Change",
        "account": examples.PLACE.account,
        "region": examples.PLACE.region,
        "detail": {
            "clusterArn": f"{examples.ARN}:cluster/{CLUSTER}",
            "lastStatus": "STOPPED",
            "group": f"family:{examples.FAMILY}",
            "startedBy": f"slipway/{token}",
            "taskArn": task.arn,
        },
    }


def test_it_waits_and_goes_at_the_event_of_the_end() -> None:
    world = both()
    waiting = world.record(WORKERS)
    assert (waiting.status, world.record().status) == (S.PENDING, S.PREPARING)
    assert f"the `before` task of {NAME}" in step(world, waiting).reason
    world.services.ends(0)
    outcomes = service_event(world.world(1), ended(world))
    assert [one.service for one in outcomes] == [NAME, WORKERS]
    assert [world.record(one).status for one in (NAME, WORKERS)] == [S.IN_PROGRESS] * 2


def test_it_is_refused_when_that_task_failed() -> None:
    world = both()
    world.services.ends(1)
    service_event(world.world(1), ended(world))
    refused = world.record(WORKERS)
    assert refused.status is S.REFUSED
    assert refused.reason.startswith(f"the `before` task of {NAME} did not end well")


def test_it_waits_as_long_as_the_other_one_is_held() -> None:
    world = aws(
        examples.target(service=WORKER, waits_for=NAME),
        examples.target(before=BEFORE, approval=7 * 86_400),
    )
    image_event(world.world(), push_event())
    assert world.record().status is S.HELD
    for _ in range(50):
        assert step(world, world.record(WORKERS)).status is S.PENDING


def test_it_is_refused_when_the_other_one_ended_without_its_task() -> None:
    world = both()
    _closed(world, Status.SUPERSEDED)
    refused = step(world, world.record(WORKERS))
    assert refused.status is S.REFUSED
    assert "is SUPERSEDED; its `before` task never ran" in refused.reason


def _closed(world: Aws, status: Status) -> None:
    head = world.ledger.heads[NAME]
    recent = tuple(one.model_copy(update={"status": status}) for one in head.recent)
    world.ledger.heads[NAME] = head.model_copy(update={"recent": recent, "befores": ()})


def test_a_digest_of_which_the_other_one_never_hears_is_refused_at_the_deadline() -> None:
    world = both()
    head = world.ledger.heads[NAME]
    world.ledger.heads[NAME] = head.model_copy(update={"recent": (), "befores": ()})
    assert step(world, world.record(WORKERS)).status is S.PENDING
    for _ in range(30):
        step(world, world.record(WORKERS))
    assert "within 30 minutes" in world.record(WORKERS).reason
    assert world.record(WORKERS).status is S.REFUSED


def test_a_deployment_by_hand_waits_too_unless_it_overrides() -> None:
    world = both()
    asked = {"service": WORKERS, "image": DIGEST, "by": "ana", "why": "now"}
    deploy_by_hand(world.world(), asked)
    assert world.record(WORKERS).status is S.PENDING
    deploy_by_hand(world.world(), {**asked, "override": True})
    assert world.record(WORKERS).status is S.IN_PROGRESS


def test_the_event_of_a_task_that_belongs_to_no_open_deployment_is_ignored() -> None:
    world = both()
    world.services.ends(0)
    event = ended(world)
    service_event(world.world(1), event)
    done: Deployment = world.record()
    world.services.complete(NAME)
    assert step(world, done).status is S.SUCCESSFUL
    (outcome,) = service_event(world.world(1), event)
    assert (outcome.outcome, outcome.reason) == ("ignored", "its deployment is not open")
