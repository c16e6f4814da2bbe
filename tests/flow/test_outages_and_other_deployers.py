"""At a bad moment others deploy, or AWS answers late, denies, refuses, or does not answer."""

from __future__ import annotations

from datetime import timedelta

import pytest

from chalicelib.errors import Conflict, Denied, Refused, Unanswered, Unavailable
from chalicelib.flow.advance import advance
from chalicelib.flow.image_event import image_event
from chalicelib.flow.sweep.sweep import sweep_targets
from chalicelib.model.deployments import Deployment, Status
from chalicelib.model.scans import Scan, Severity
from chalicelib.model.targets import Gate, ScanGate
from tests.fixtures import examples
from tests.fixtures.examples import DIGEST, NAME, at, push_event, revision
from tests.flow.fakes import Aws, Died, Fault, aws

THROTTLED = Unavailable("throttled")


def _step(world: Aws, after: float = 60) -> Deployment:
    record = world.record()
    return advance(world.world(after), record.service, record.id)


def _pushed() -> Aws:
    world = aws()
    image_event(world.world(), push_event())
    return world


def _to_be_rolled_back(world: Aws) -> Aws:
    """Past its deadline, and ECS throttled the stop."""
    world.faults = [Fault(0, THROTTLED, name="stop")]
    assert _step(world, after=1800).status is Status.ROLLBACK_IN_PROGRESS
    return world


def _fails_next(world: Aws, name: str, error: Exception) -> None:
    world.faults = [Fault(world.calls.count(name), error, name=name)]


def _with_failed_tasks(world: Aws) -> Aws:
    service = world.services.all[NAME]
    primary, *others = service.deployments
    failed = (primary.model_copy(update={"failed": 2}), *others)
    world.services.all[NAME] = service.model_copy(update={"deployments": failed})
    return world


def _swept_for_an_hour(world: Aws) -> list[str]:
    """The causes of all that is recorded then, the newest first."""
    for _ in range(7):
        sweep_targets(world.world(600))
    return [one.cause.value for one in world.ledger.history(NAME, 9)]


def pushed_with_a_late_answer() -> Aws:
    """UpdateService's answer still showed the deployment before ours; every look since shows it."""
    world = aws()
    world.services.shown[NAME] = world.services.all[NAME]
    image_event(world.world(), push_event())
    world.services.shown.clear()
    return world


def somebody_starts_another(world: Aws) -> None:
    """Only DescribeServiceDeployments shows it yet: it says that ours was STOPPED."""
    world.services.shown[NAME] = world.services.all[NAME]
    world.services.begin(NAME, revision(9))
    own = world.services.service_deployments[NAME]
    own[-2] = own[-2].model_copy(update={"ended_at": world.now})
    world.services.hidden.add(own[-1].arn)


# What somebody else deployed


def test_at_the_deadline_what_was_stopped_a_moment_ago_is_not_set_back() -> None:
    world = _pushed()
    deadline = _step(world).deadline
    assert deadline is not None
    world.now = deadline - timedelta(seconds=2)
    somebody_starts_another(world)
    assert _step(world, after=3).status is Status.IN_PROGRESS
    assert world.ecs_acts[2:] == []
    assert world.told == ["IN_PROGRESS"]


def test_while_going_back_what_was_stopped_a_moment_ago_is_not_set_back() -> None:
    world = _to_be_rolled_back(_pushed())
    somebody_starts_another(world)
    assert _step(world, after=3).status is Status.ROLLBACK_IN_PROGRESS
    assert world.ecs_acts[2:] == []


def test_an_older_push_is_refused_although_ecs_did_not_answer_at_the_meeting() -> None:
    world = aws()
    (runs,) = world.services.all[NAME].deployments
    deployed_since = (runs.model_copy(update={"created_at": at(-600)}),)
    world.services.all[NAME] = world.services.all[NAME].model_copy(
        update={"deployments": deployed_since}
    )
    world.faults = [Fault(0, Unavailable("down"), name="service")]
    image_event(world.world(), push_event(time=at(-1800)))
    assert world.record().status is Status.REFUSED
    assert "what the service runs was deployed at" in world.record().reason
    assert world.ecs_acts == []


def test_what_somebody_deployed_is_recorded_although_a_refused_push_saw_it_first() -> None:
    world = aws(examples.target(gate=Gate(scan=ScanGate(max=Severity.HIGH))))
    sweep_targets(world.world(0))
    world.images.all.clear()
    world.now = world.services.now = at(100)
    theirs = world.services.register({**examples.task_definition().body, "tags": []})
    world.services.begin(NAME, theirs.arn)
    world.services.complete(NAME)
    world.images.all.append(examples.image(pushed_at=at(150)))
    world.scans.all[DIGEST] = Scan(state="done", counts=((Severity.CRITICAL, 1),))
    image_event(world.world(), push_event(time=at(150)))
    assert world.record().status is Status.REFUSED
    assert "foreign" in _swept_for_an_hour(world)
    assert world.ledger.heads[NAME].proven[0].revision == theirs.arn


# What is ours is never taken for somebody else's


def test_what_could_not_be_rolled_back_is_never_recorded_as_somebody_elses() -> None:
    world = _pushed()
    world.services.stopped(NAME)
    world.faults = [Fault(1, Refused("TaskDefinition is inactive"), name="update")]
    assert _step(world).status is Status.ROLLBACK_FAILED
    world.services.complete(NAME)
    assert _swept_for_an_hour(world) == ["push"]


def test_what_completes_before_it_is_rolled_back_is_what_the_service_works_towards() -> None:
    world = _to_be_rolled_back(_pushed())
    world.services.complete(NAME)
    assert _step(world).status is Status.SUCCESSFUL
    assert world.ledger.heads[NAME].applied_revision == revision(8)


def test_what_completes_without_tasks_is_never_recorded_as_somebody_elses() -> None:
    world = aws()
    no_tasks = world.services.all[NAME].model_copy(update={"desired": 0})
    world.services.all[NAME] = no_tasks
    image_event(world.world(), push_event())
    _to_be_rolled_back(world)
    world.services.complete(NAME)
    assert _step(world).status is Status.SUCCESSFUL
    assert _swept_for_an_hour(world) == ["push"]


@pytest.mark.parametrize("minutes", [25, 40])
def test_a_rollback_comes_although_another_setting_was_changed_meanwhile(minutes: int) -> None:
    world = _to_be_rolled_back(_pushed())
    world.services.begin(NAME, revision(8))
    for _ in range(minutes):
        _step(world)
    assert world.ecs_acts[2:] == [f"update {examples.FAMILY}:7"]
    assert world.services.all[NAME].task_definition == revision(7)


def test_a_late_answer_is_not_told_as_another_setting() -> None:
    world = pushed_with_a_late_answer()
    assert "another setting" not in _step(world, after=15).reason
    world.services.complete(NAME)
    assert _step(world).status is Status.SUCCESSFUL
    assert "another setting" not in world.topic.published[-1].body


# What is denied, refused, or not answered


def test_another_permission_that_is_missing_is_told_too() -> None:
    world = aws()
    world.faults = [
        Fault(0, Denied("deploy may not ecs:RegisterTaskDefinition"), name="register"),
        Fault(0, Denied("deploy may not ecs:UpdateService"), name="update"),
    ]
    image_event(world.world(), push_event())
    _step(world, after=300)
    first, second = world.topic.published
    assert "deploy may not ecs:RegisterTaskDefinition" in first.text
    assert "deploy may not ecs:UpdateService" in second.text
    assert first.id != second.id


def test_another_permission_that_is_missing_after_the_scan_is_told_too() -> None:
    gate = Gate(scan=ScanGate(max=Severity.HIGH, on_timeout="deploy"))
    world = aws(examples.target(gate=gate))
    denied = Denied("deploy may not inspector2:ListFindings")
    world.faults = [
        Fault(0, denied, name="scan"),
        Fault(1, denied, name="scan"),
        Fault(0, Denied("deploy may not ecs:RegisterTaskDefinition"), name="register"),
    ]
    image_event(world.world(), push_event())
    _step(world, after=700)
    first, second = world.topic.published
    assert "deploy may not inspector2:ListFindings" in first.text
    assert "deploy may not ecs:RegisterTaskDefinition" in second.text
    assert first.id != second.id


def test_a_push_is_not_refused_because_terraform_registered_between_two_attempts() -> None:
    world = aws()
    world.faults = [
        Fault(0, THROTTLED, name="update"),
        Fault(1, Unanswered("no answer"), name="update"),
    ]
    image_event(world.world(), push_event())
    world.services.register({**examples.task_definition().body, "cpu": "2048", "tags": []})
    _step(world)
    assert _step(world).status is Status.IN_PROGRESS
    assert "REFUSED" not in world.told


def test_an_unconfirmed_push_ends_where_its_repository_is_gone() -> None:
    world = aws()
    world.faults = [Fault(call, Unavailable("down"), name="image") for call in (0, 1)]
    image_event(world.world(), push_event())
    assert world.record().unconfirmed
    gone = Refused("ECR has no repository")
    world.faults = [Fault(call, gone, name="image") for call in range(2, 8)]
    for _ in range(4):
        _step(world)
    assert not world.record().open


@pytest.mark.parametrize(
    "error",
    [
        pytest.param(Denied("watch may not ecs:ListTasks"), id="denied"),
        pytest.param(Unavailable("ListTasks throttled"), id="throttled"),
    ],
)
def test_tasks_that_cannot_be_read_keep_no_stop_waiting(error: Exception) -> None:
    world = _with_failed_tasks(_pushed())
    for _ in range(5):
        _fails_next(world, "stopped_tasks", error)
        _step(world, after=1800)
    assert world.ecs_acts[2:] == ["stop 2"]


def test_tasks_that_cannot_be_read_keep_no_return_waiting() -> None:
    world = _pushed()
    world.services.stopped(NAME)
    _with_failed_tasks(world)
    for _ in range(5):
        _fails_next(world, "stopped_tasks", THROTTLED)
        _step(world, after=120)
    assert world.ecs_acts[2:] == [f"update {examples.FAMILY}:7"]


def test_a_failure_is_told_although_ecs_does_not_answer() -> None:
    world = _pushed()
    world.faults = [Fault(0, Died(), name="stopped_tasks")]
    with pytest.raises(Died):
        _step(world, after=1800)
    assert world.told == ["IN_PROGRESS"]
    for _ in range(6):
        _fails_next(world, "service", Unavailable("down"))
        with pytest.raises(Unavailable):
            _step(world)
    assert world.told == ["IN_PROGRESS", "ROLLBACK_IN_PROGRESS"]


def test_the_lease_is_given_back_although_another_push_was_recorded_meanwhile() -> None:
    world = aws()
    world.services.hidden.add(f"{examples.ARN}:service-deployment/{NAME}/2")
    world.faults = [Fault(2, Conflict("a newer push was recorded"), name="save")]
    image_event(world.world(), push_event())
    assert world.ledger.heads[NAME].lease is None
