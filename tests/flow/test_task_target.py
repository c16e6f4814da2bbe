"""A [[task]] has the ledger, order, holds and gates of a service, for rules and schedules alone."""

from __future__ import annotations

from typing import Any

import pytest

from chalicelib.errors import Denied, Refused, Unavailable
from chalicelib.flow.deploy import deploy_by_hand
from chalicelib.flow.hold import hold_by_hand
from chalicelib.flow.image_event import image_event
from chalicelib.flow.release import release_by_hand
from chalicelib.flow.rollback import rollback_by_hand
from chalicelib.flow.status import tell_status
from chalicelib.flow.sweep.sweep import sweep_targets
from chalicelib.flow.watch import watch
from chalicelib.model.deployments import Cause, Status
from chalicelib.model.runs import RunOutcome, StandaloneTask
from chalicelib.model.scans import Scan
from chalicelib.model.scheduled import ScheduledTask
from chalicelib.model.services import StoppedContainer, StoppedTask
from chalicelib.model.targets import Gate, ScanGate
from chalicelib.model.task_targets import TaskTable
from tests.fixtures import examples
from tests.fixtures.examples import FAMILY, OLD_DIGEST, OTHER_DIGEST, at, push_event, revision
from tests.flow.fakes import Aws, Died, Fault, aws
from tests.flow.steps import push_later, step

NAME = f"@task/{FAMILY}"
HAND = {"service": NAME, "by": "sam", "why": "try it"}
S = Status


def nightly(**fields: Any) -> Aws:
    """A rule and a schedule run revision 7; Slipway has met the [[task]]."""
    keys = {"repository": examples.REPOSITORY, "family": FAMILY, **fields}
    names = {"rules": ("nightly-dev",), "schedules": ("default/report-dev",)}
    world = aws(TaskTable(**{**names, **keys}).target)
    world.images.all.append(examples.image(OLD_DIGEST, at(-90_000), tags=("0a1b2c3",)))
    world.scheduled.add("rule", "nightly-dev", revision(7))
    world.scheduled.add("schedule", "default/report-dev", revision(7))
    sweep_targets(world.world())
    return world


def names(world: Aws) -> list[str]:
    return [world.scheduled.names(name) for name in ("nightly-dev", "default/report-dev")]


def swept(world: Aws) -> None:
    world.now += at(600) - at(0)
    sweep_targets(world.world())


def ran(world: Aws, number: int, code: int, **end: Any) -> None:
    """A task of this revision, which a rule started, has ended with this exit code."""
    fields = {"stop_code": "EssentialContainerExited", "started_at": world.now, "exit_code": code}
    container = StoppedContainer(name="report", exit_code=code)
    stopped = StoppedTask(
        id=f"task-{len(world.services.scheduled_runs)}",
        container="report",
        containers=(container,),
        **{**fields, **end},
    )
    world.services.scheduled_runs.append(
        StandaloneTask(
            arn=stopped.id, status="STOPPED", task_definition=revision(number), end=stopped
        )
    )


def proven(world: Aws) -> list[int]:
    return [int(one.revision.rpartition(":")[2]) for one in world.ledger.heads[NAME].proven]


def test_a_push_puts_a_new_revision_into_its_rules_and_schedules_at_once() -> None:
    world = nightly()
    push_later(world)
    assert names(world) == [f"{FAMILY}:8"] * 2
    assert world.record(NAME).status is S.SUCCESSFUL
    assert not [act for act in world.ecs_acts if act.startswith("update")]


def test_the_meeting_deploys_nothing_and_what_ran_then_is_proven() -> None:
    world = nightly()
    assert names(world) == [f"{FAMILY}:7"] * 2
    assert proven(world) == [7]


def test_nobody_asks_ecs_for_a_service() -> None:
    world = nightly()
    push_later(world)
    swept(world)
    asked = {"service", "update", "stopped_tasks", "service_deployments_since", "service_tasks"}
    assert not asked & set(world.calls)


def test_a_run_that_ended_with_0_proves_the_revision() -> None:
    world = nightly()
    push_later(world)
    swept(world)
    assert proven(world) == [7]
    ran(world, 8, 0)
    swept(world)
    assert proven(world) == [8, 7]
    assert world.record(NAME).after is not None


def test_a_run_that_failed_proves_nothing_and_is_told_once() -> None:
    world = nightly()
    push_later(world)
    ran(world, 8, 3)
    swept(world)
    swept(world)
    assert proven(world) == [7]
    told = [one for one in world.topic.published if "failed" in one.subject]
    assert len(told) == 1
    assert "exited with code 3" in told[0].text
    assert f"slipway rollback {NAME}" in told[0].text


def test_a_later_run_that_ends_well_proves_it_after_all() -> None:
    world = nightly()
    push_later(world)
    ran(world, 8, 3)
    swept(world)
    ran(world, 8, 0)
    swept(world)
    assert proven(world) == [8, 7]
    after = world.record(NAME).after
    assert after is not None
    assert after.outcome is RunOutcome.SUCCEEDED


@pytest.mark.parametrize(
    ("number", "end"),
    [
        pytest.param(7, {}, id="an older revision"),
        pytest.param(8, {"stop_code": "UserInitiated"}, id="somebody stopped it"),
        pytest.param(8, {"started_at": at(-86_400)}, id="before the deployment"),
    ],
)
def test_other_runs_prove_nothing(number: int, end: dict[str, Any]) -> None:
    world = nightly()
    push_later(world)
    ran(world, number, 0, **end)
    swept(world)
    assert proven(world) == [7]


def test_a_rollback_by_hand_goes_back_and_bars_what_it_left() -> None:
    world = nightly()
    push_later(world)
    ran(world, 8, 0)
    swept(world)
    reply = rollback_by_hand(world.world(), HAND)
    assert reply["status"] == "SUCCESSFUL"
    assert names(world) == [f"{FAMILY}:7"] * 2
    push_later(world)
    assert names(world) == [f"{FAMILY}:7"] * 2


def test_a_rollback_goes_to_proven_revisions_only() -> None:
    world = nightly()
    push_later(world)
    push_later(world, "def5678", OTHER_DIGEST)
    assert names(world) == [f"{FAMILY}:9"] * 2
    with pytest.raises(Refused, match="names no revision that ran successfully"):
        rollback_by_hand(world.world(), {**HAND, "to": f"{FAMILY}:8"})
    rollback_by_hand(world.world(), HAND)
    assert names(world) == [f"{FAMILY}:7"] * 2


def test_a_second_rollback_does_not_go_to_what_the_first_one_left() -> None:
    world = nightly(hold_after_rollback=False)
    push_later(world)
    ran(world, 8, 0)
    swept(world)
    rollback_by_hand(world.world(), HAND)
    push_later(world, "def5678", OTHER_DIGEST)
    rollback_by_hand(world.world(), HAND)
    assert names(world) == [f"{FAMILY}:7"] * 2


def test_observe_changes_nothing_and_says_what_would_be_done() -> None:
    world = nightly(mode="observe")
    push_later(world)
    record = world.record(NAME)
    assert record.status is S.OBSERVED
    assert record.reason.startswith("would register a revision of conflicto-backend-dev from")
    assert record.reason.endswith("and let its rules and schedules run it")
    assert names(world) == [f"{FAMILY}:7"] * 2


def test_a_hold_keeps_a_push_and_a_release_lets_it_go() -> None:
    world = nightly()
    hold_by_hand(world.world(), HAND)
    push_later(world)
    assert world.record(NAME).status is S.HELD
    assert names(world) == [f"{FAMILY}:7"] * 2
    release_by_hand(world.world(), {**HAND, "deploy": "newest"})
    watch(world.world(), world.record(NAME).id)
    assert names(world) == [f"{FAMILY}:8"] * 2


def test_an_approval_shows_what_would_be_done() -> None:
    world = nightly(approval="7d")
    push_later(world)
    record = world.record(NAME)
    assert record.status is S.HELD
    assert "would register a revision of conflicto-backend-dev" in record.reason


def test_a_gate_refuses_an_image_with_findings() -> None:
    world = nightly(gate=Gate(scan=ScanGate(max="HIGH")))
    world.scans.all[examples.DIGEST] = Scan(state="done", counts=(("CRITICAL", 1),))
    push_later(world)
    assert world.record(NAME).status is S.REFUSED
    assert names(world) == [f"{FAMILY}:7"] * 2


def test_the_newest_push_wins_whatever_order_they_come_in() -> None:
    world = nightly()
    push_later(world, "def5678", OTHER_DIGEST)
    image_event(world.world(), push_event(time=world.now - (at(600) - at(0))))
    assert names(world) == [f"{FAMILY}:8"] * 2
    assert world.record(NAME).digest == OTHER_DIGEST


def test_a_lost_push_is_found_by_the_sweep() -> None:
    world = nightly()
    world.now += at(3600) - at(0)
    world.images.all.append(examples.image(OTHER_DIGEST, world.now, tags=("def5678",)))
    swept(world)
    assert world.record(NAME).cause is Cause.SWEEP
    assert names(world) == [f"{FAMILY}:8"] * 2


def test_what_cannot_be_changed_is_tried_until_the_deadline_and_then_it_failed() -> None:
    world = nightly()
    world.scheduled.refusals = [Denied("x may not events:PutTargets")] * 99
    push_later(world)
    assert world.record(NAME).status is S.IN_PROGRESS
    world.now += at(1900) - at(0)
    step(world, world.record(NAME))
    record = world.record(NAME)
    assert record.status is S.FAILED
    assert record.reason.startswith("0 of 2 run the new revision. rule nightly-dev")
    assert "x may not events:PutTargets" in record.reason
    assert "look at its rules and schedules" in world.topic.published[-1].text


def test_a_permission_that_is_granted_in_time_makes_it_successful() -> None:
    world = nightly()
    world.scheduled.refusals = [Denied("x may not events:PutTargets")]
    push_later(world)
    assert names(world) == [f"{FAMILY}:7", f"{FAMILY}:8"]
    step(world, world.record(NAME))
    assert world.record(NAME).status is S.SUCCESSFUL


def test_what_somebody_changes_at_the_same_time_stays_theirs() -> None:
    world = nightly(schedules=())

    def overwritten(*_: Any) -> None:
        world.scheduled.add("rule", "nightly-dev", revision(5))

    world.scheduled.move = overwritten  # type: ignore[assignment]
    push_later(world)
    assert world.record(NAME).status is S.FAILED
    assert "somebody else changed it at the same time" in world.record(NAME).reason
    del world.scheduled.move
    swept(world)
    assert world.scheduled.names("nightly-dev") == f"{FAMILY}:5"


def test_one_that_names_no_revision_is_refused_with_the_reason() -> None:
    world = nightly(schedules=())
    world.scheduled.add("rule", "nightly-dev", revision(7).rsplit(":", 1)[0])
    push_later(world)
    record = world.record(NAME)
    assert record.status is S.REFUSED
    assert "no rule or schedule" in record.reason


def test_a_rollback_where_nothing_names_a_revision_says_so() -> None:
    world = nightly(schedules=())
    world.scheduled.add("rule", "nightly-dev", revision(7).rsplit(":", 1)[0])
    with pytest.raises(Refused, match=r"no rule or schedule of the .* names a revision of"):
        rollback_by_hand(world.world(), HAND)


def test_what_somebody_else_put_there_is_remembered() -> None:
    world = nightly()
    push_later(world)
    for name in ("nightly-dev", "default/report-dev"):
        kind = "schedule" if "/" in name else "rule"
        world.services.definitions[revision(9)] = examples.task_definition(9)
        world.scheduled.add(kind, name, revision(9))  # type: ignore[arg-type]
    for _ in range(6):
        swept(world)
    assert world.record(NAME).cause is Cause.FOREIGN
    assert names(world) == [f"{FAMILY}:9"] * 2


def test_stopping_one_by_hand_leaves_what_is_not_changed_yet() -> None:
    world = nightly()
    world.scheduled.refusals = [Unavailable("AWS answered ThrottlingException")] * 4
    push_later(world)
    rollback_by_hand(world.world(), HAND)
    assert names(world) == [f"{FAMILY}:7"] * 2


def test_one_is_taken_back_although_aws_still_shows_what_it_ran_before() -> None:
    """Somebody stops it half way: the schedule was changed a moment ago, and the rule was not."""
    world = nightly()
    world.scheduled.refusals = [Unavailable("AWS answered ThrottlingException")]
    world.scheduled.stale = dict(world.scheduled.all)
    push_later(world)
    assert names(world) == [f"{FAMILY}:7", f"{FAMILY}:8"]
    world.now -= at(50) - at(0)
    rollback_by_hand(world.world(), HAND)
    world.scheduled.stale = {}
    step(world, world.record(NAME))
    assert names(world) == [f"{FAMILY}:7"] * 2
    assert world.record(NAME).cause is Cause.ROLLBACK
    assert world.record(NAME).status is S.SUCCESSFUL


def test_a_newer_push_takes_the_place_of_one_that_is_half_way() -> None:
    world = nightly()
    world.scheduled.refusals = [Unavailable("AWS answered ThrottlingException")]
    push_later(world)
    first = world.record(NAME)
    assert names(world) == [f"{FAMILY}:7", f"{FAMILY}:8"]
    push_later(world, "def5678", OTHER_DIGEST)
    assert names(world) == [f"{FAMILY}:9"] * 2
    older = step(world, first)
    assert older.status is S.SUPERSEDED
    assert world.record(NAME).status is S.SUCCESSFUL
    assert names(world) == [f"{FAMILY}:9"] * 2
    assert not [one for one in world.topic.published if "somebody else" in one.text]


def test_no_newer_deployment_begins_while_a_change_is_on_its_way() -> None:
    world = nightly()
    move = world.scheduled.move

    def slow(task: ScheduledTask, revision: str) -> None:
        world.scheduled.move = move  # type: ignore[method-assign]
        world.now -= at(3650) - at(0)  # `push_later` lets an hour pass, and a world a minute
        push_later(world, "def5678", OTHER_DIGEST)
        move(task, revision)

    world.scheduled.move = slow  # type: ignore[method-assign]
    push_later(world)
    assert names(world) == [f"{FAMILY}:8"] * 2
    assert world.record(NAME).status is S.PENDING
    step(world, world.record(NAME))
    assert names(world) == [f"{FAMILY}:9"] * 2
    assert world.ledger.heads[NAME].lease is None


def test_a_push_just_after_another_one_takes_no_old_view_for_somebody_elses_change() -> None:
    world = nightly()
    before = dict(world.scheduled.all)
    push_later(world)
    world.now -= at(3640) - at(0)
    world.scheduled.move, move = _showing(world, before), world.scheduled.move  # type: ignore[method-assign]
    push_later(world, "def5678", OTHER_DIGEST)
    assert world.record(NAME).status is S.IN_PROGRESS
    world.scheduled.stale, world.scheduled.move = {}, move  # type: ignore[method-assign]
    step(world, world.record(NAME))
    assert world.record(NAME).status is S.SUCCESSFUL
    assert names(world) == [f"{FAMILY}:9"] * 2


def _showing(world: Aws, old: dict[tuple[str, str, str], ScheduledTask]) -> Any:
    """A change after which AWS shows what was there before the change before it."""
    move = world.scheduled.move

    def moved(task: ScheduledTask, to: str) -> None:
        move(task, to)
        world.scheduled.stale = dict(old)

    return moved


def test_a_plan_says_what_would_be_registered_and_which_would_run_it() -> None:
    world = nightly()
    reply = deploy_by_hand(world.world(), {**HAND, "image": "abc1234", "plan": True})
    assert reply["would"] == "deploy"
    assert reply["base"] == f"{FAMILY}:7"
    assert [one["task"] for one in reply["scheduled"]] == [
        "rule nightly-dev (target Id1)",
        "schedule default/report-dev",
    ]
    assert names(world) == [f"{FAMILY}:7"] * 2


def test_status_shows_what_it_runs_now() -> None:
    world = nightly()
    push_later(world)
    reply = tell_status(world.world(), {"service": NAME, "now": True})
    now = reply["now"][0] if isinstance(reply["now"], list) else reply["now"]
    assert now["revision"] == f"{FAMILY}:8"
    assert now["by"] == "Slipway"
    assert now["scheduled"] == [
        {"task": "rule nightly-dev (target Id1)", "names": f"{FAMILY}:8"},
        {"task": "schedule default/report-dev", "names": f"{FAMILY}:8"},
    ]
    (row,) = tell_status(world.world(), {"board": True})["board"]
    assert row["runs"]["revision"] == f"{FAMILY}:8"


def test_a_step_that_dies_at_any_call_is_taken_up_by_the_watcher() -> None:
    for call in range(60):
        world = nightly()
        world.now += at(3600) - at(0)
        world.restart()
        world.faults = [Fault(call, Died(), after=bool(call % 2))]
        event = push_event(time=world.now)
        try:
            image_event(world.world(), event)
        except Died:
            image_event(world.world(120), event)
            for _ in range(4):
                swept(world)
        assert names(world) == [f"{FAMILY}:8"] * 2, call
        assert revision(9) not in world.services.definitions, call
        assert world.record(NAME).status is S.SUCCESSFUL, call


def test_a_rollback_of_the_repository_takes_back_the_service_and_the_task() -> None:
    keys = {"repository": examples.REPOSITORY, "family": FAMILY, "rules": ("nightly-dev",)}
    world = aws(examples.target(), TaskTable(**keys).target)
    world.images.all.append(examples.image(OLD_DIGEST, at(-90_000), tags=("0a1b2c3",)))
    world.scheduled.add("rule", "nightly-dev", revision(7))
    sweep_targets(world.world())
    push_later(world)
    world.services.complete(examples.NAME)
    step(world, world.record(examples.NAME))
    asked = {"repository": examples.REPOSITORY, "by": "sam", "why": "try it"}
    reply = rollback_by_hand(world.world(), asked)
    assert {one["service"] for one in reply["rollbacks"]} == {NAME, examples.NAME}
    assert world.scheduled.names("nightly-dev") == f"{FAMILY}:7"
