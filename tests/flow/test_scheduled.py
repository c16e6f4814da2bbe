"""Scheduled tasks follow a live deployment, back too, and what fails there changes no verdict."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from chalicelib.definition.render import RESPONSE_ONLY
from chalicelib.errors import Denied, Refused, Unanswered, Unavailable
from chalicelib.flow.deploy import deploy_by_hand
from chalicelib.flow.rollback import rollback_by_hand
from chalicelib.flow.sweep.sweep import sweep_targets
from chalicelib.model.deployments import Deployment, Status
from chalicelib.model.heads import Head
from chalicelib.model.scheduled import ChangeState, FollowSettings, ScheduledTask
from chalicelib.model.task_definitions import TaskDefinition
from tests.fixtures import examples
from tests.fixtures.examples import FAMILY, NAME, OLD_DIGEST, OTHER_DIGEST, at, revision
from tests.flow.fakes import Aws, Died, Fault, aws
from tests.flow.steps import push_later, step

C = ChangeState
REPORT = "conflicto-report-dev"
FOLLOW = FollowSettings(rules=("nightly-*",), schedules=("default/report-dev",))
HAND = {"service": NAME, "by": "sam", "why": "try it"}


def following(follow: FollowSettings = FOLLOW, **fields: Any) -> Aws:
    """A rule and a schedule run revision 7 of the service's family; nothing was pushed yet."""
    world = aws(examples.target(follow=follow, **fields))
    world.images.all.append(examples.image(OLD_DIGEST, at(-90_000), tags=("0a1b2c3",)))
    world.scheduled.add("rule", "nightly-dev", revision(7), Arn="cluster", Input='{"a": 1}')
    world.scheduled.add("schedule", "default/report-dev", revision(7))
    return world


def live(world: Aws) -> Aws:
    """ECS calls the newest deployment successful."""
    world.services.complete(NAME)
    step(world)
    return world


def runs(world: Aws) -> list[str]:
    return [world.scheduled.names(name) for name in ("nightly-dev", "default/report-dev")]


def states(world: Aws) -> list[ChangeState]:
    return [change.state for change in world.record().scheduled]


def swept(world: Aws, minutes: int = 10) -> None:
    world.now += at(60 * minutes) - at(0)
    sweep_targets(world.world())


def test_they_get_the_new_revision_once_it_is_live_and_not_before() -> None:
    world = following()
    push_later(world)
    assert runs(world) == [f"{FAMILY}:7"] * 2
    live(world)
    assert runs(world) == [f"{FAMILY}:8"] * 2
    assert world.record().status is Status.SUCCESSFUL
    assert world.record().finished


def test_the_first_notice_names_what_will_follow() -> None:
    world = following()
    push_later(world)
    (began,) = [one for one in world.topic.published if one.status is Status.IN_PROGRESS]
    assert (
        "- These get the new revision once it is live: rule nightly-dev (target Id1), "
        "schedule default/report-dev." in began.text
    )


def test_the_plan_names_what_would_follow_and_changes_nothing() -> None:
    world = following()
    world.scheduled.add("rule", "nightly-newest", revision(7).rsplit(":", 1)[0])
    reply = deploy_by_hand(world.world(), {**HAND, "image": "abc1234", "plan": True})
    labels = {one["task"]: one["left"] for one in reply["scheduled"]}
    assert labels.keys() == {
        "rule nightly-dev (target Id1)",
        "rule nightly-newest (target Id1)",
        "schedule default/report-dev",
    }
    assert "names no revision" in labels["rule nightly-newest (target Id1)"]
    assert runs(world) == [f"{FAMILY}:7"] * 2


def test_a_deployment_that_fails_never_touches_them() -> None:
    world = following()
    push_later(world)
    world.services.breaker(NAME)
    world.services.rolled_back(NAME)
    step(world)
    assert world.record().status is Status.ROLLBACK_SUCCESSFUL
    assert runs(world) == [f"{FAMILY}:7"] * 2
    assert not [act for act in world.acts if act.startswith("move")]


def test_a_rollback_by_hand_takes_them_back() -> None:
    world = following()
    push_later(world)
    live(world)
    rollback_by_hand(world.world(), HAND)
    assert runs(world) == [f"{FAMILY}:8"] * 2
    live(world)
    assert runs(world) == [f"{FAMILY}:7"] * 2


def test_everything_else_in_them_stays() -> None:
    world = live_after_push()
    body = world.scheduled.all["rule", "nightly-dev", "Id1"].body
    assert body == {
        "Arn": "cluster",
        "Input": '{"a": 1}',
        "EcsParameters": {"TaskDefinitionArn": revision(8)},
    }


def live_after_push(**fields: Any) -> Aws:
    world = following(**fields)
    push_later(world)
    return live(world)


def test_one_that_names_no_revision_is_told_of_and_left() -> None:
    world = following()
    newest = revision(7).rsplit(":", 1)[0]
    world.scheduled.add("schedule", "default/report-dev", newest)
    push_later(world)
    began = next(one for one in world.topic.published if one.status is Status.IN_PROGRESS)
    assert "names no revision, so it runs the newest one of conflicto-backend-dev" in began.text
    live(world)
    assert runs(world) == [f"{FAMILY}:8", FAMILY]
    assert states(world) == [C.DONE, C.LEFT]


def test_a_name_that_leads_to_nothing_is_told_of() -> None:
    world = following(FollowSettings(rules=("nightly-*", "weekly")))
    push_later(world)
    began = next(one for one in world.topic.published if one.status is Status.IN_PROGRESS)
    assert "rule weekly: no rule of this name has an ECS target" in began.text


def test_a_target_that_follows_nothing_reads_no_rule() -> None:
    world = aws()
    push_later(world)
    live(world)
    assert not {"found", "scheduled_task", "move"} & set(world.calls)


# Another family


def another_family(world: Aws) -> None:
    """The schedule runs revision 3 of a family of its own, with an image of the same repository."""
    body = {**examples.task_definition(7).body}
    body |= {"family": REPORT, "revision": 3, "taskDefinitionArn": revision(3, REPORT)}
    world.services.definitions[revision(3, REPORT)] = TaskDefinition(body=body)
    world.scheduled.add("schedule", "default/report-dev", revision(3, REPORT))


def with_families() -> FollowSettings:
    return FollowSettings(schedules=("default/report-dev",), families=(REPORT,))


def test_another_family_gets_a_revision_with_the_image_and_nothing_else_changed() -> None:
    world = following(with_families())
    another_family(world)
    push_later(world)
    live(world)
    assert world.scheduled.names("default/report-dev") == f"{REPORT}:4"
    made = world.services.definitions[revision(4, REPORT)]
    images = [container["image"] for container in made.body["containerDefinitions"]]
    assert world.record().image in images
    before = world.services.definitions[revision(3, REPORT)].body
    kept = before.keys() - RESPONSE_ONLY
    assert {key for key in kept if before[key] != made.body.get(key)} == {"containerDefinitions"}


def test_another_family_goes_back_to_the_revision_that_it_had() -> None:
    world = following(with_families())
    another_family(world)
    push_later(world)
    live(world)
    push_later(world, "def5678", OTHER_DIGEST)
    live(world)
    assert world.scheduled.names("default/report-dev") == f"{REPORT}:5"
    rollback_by_hand(world.world(), HAND)
    live(world)
    assert world.scheduled.names("default/report-dev") == f"{REPORT}:4"


def test_another_family_is_registered_once_although_a_step_dies() -> None:
    world = following(with_families())
    another_family(world)
    push_later(world)
    world.services.complete(NAME)
    world.restart()
    world.faults = [Fault(0, Died(), after=True, name="register")]
    with pytest.raises(Died):
        step(world)
    swept(world)
    assert world.scheduled.names("default/report-dev") == f"{REPORT}:4"
    assert revision(5, REPORT) not in world.services.definitions


def test_another_family_is_registered_once_although_two_steps_come_at_once() -> None:
    world = following(with_families())
    another_family(world)
    push_later(world)
    register = world.services.register

    def slow(registration: Mapping[str, Any]) -> TaskDefinition:
        world.services.register = register  # type: ignore[method-assign]
        world.now -= at(60) - at(0)
        step(world)
        return register(registration)

    world.services.register = slow  # type: ignore[method-assign]
    live(world)
    assert world.scheduled.names("default/report-dev") == f"{REPORT}:4"
    assert revision(5, REPORT) not in world.services.definitions
    assert world.record().finished
    assert world.ledger.heads[NAME].lease is None


def test_two_scheduled_tasks_of_another_family_get_the_same_revision_while_ecs_lists_it_late(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    world = following(FOLLOW.model_copy(update={"families": (REPORT,)}))
    another_family(world)
    world.scheduled.add("rule", "nightly-dev", revision(3, REPORT))
    push_later(world)
    monkeypatch.setattr(world.services, "newest_revisions", lambda _: [revision(3, REPORT)])
    live(world)
    assert runs(world) == [f"{REPORT}:4"] * 2
    assert revision(5, REPORT) not in world.services.definitions


def test_a_revision_that_ecs_lists_and_does_not_show_yet_is_awaited_and_told_to_nobody(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    world = following(with_families())
    another_family(world)
    push_later(world)
    with monkeypatch.context() as late:
        unseen = [revision(4, REPORT), revision(3, REPORT)]
        late.setattr(world.services, "newest_revisions", lambda _: unseen)
        live(world)
    assert world.topic.published[-1].subject.endswith("is live")
    swept(world)
    assert world.scheduled.names("default/report-dev") == f"{REPORT}:4"
    assert world.topic.published[-1].subject.endswith("is live")


def test_a_family_that_the_target_does_not_name_is_left() -> None:
    world = following(FollowSettings(schedules=("default/report-dev",)))
    another_family(world)
    push_later(world)
    live(world)
    assert world.scheduled.names("default/report-dev") == f"{REPORT}:3"
    assert "which `follow.families` does not name" in world.record().scheduled[0].why


def test_a_family_with_another_image_is_told_and_left() -> None:
    world = following(with_families())
    another_family(world)
    definition = world.services.definitions[revision(3, REPORT)]
    definition.body["containerDefinitions"] = [{"name": "report", "image": "busybox"}]
    push_later(world)
    live(world)
    assert world.scheduled.names("default/report-dev") == f"{REPORT}:3"
    assert "no container of conflicto-report-dev:3 runs an image" in world.topic.published[-1].text


# What fails


@pytest.mark.parametrize(
    "error", [Denied("x may not events:PutTargets"), Refused("could not change it: StartDate")]
)
def test_what_lasts_is_told_at_once_and_the_verdict_stays(error: Exception) -> None:
    world = following()
    world.scheduled.refusals = [error]
    push_later(world)
    live(world)
    record = world.record()
    assert record.status is Status.SUCCESSFUL
    assert runs(world) == [f"{FAMILY}:7", f"{FAMILY}:8"]
    told = world.topic.published[-1]
    assert told.subject.endswith("1 scheduled task does not run abc1234")
    assert str(error) in told.text
    assert "still runs conflicto-backend-dev:7" in told.text


def test_trouble_with_one_is_told_once_while_another_one_is_changed() -> None:
    world = following(FOLLOW.model_copy(update={"families": (REPORT,)}))
    another_family(world)
    definition = world.services.definitions[revision(3, REPORT)]
    definition.body["containerDefinitions"] = [{"name": "report", "image": "busybox"}]
    push_later(world)
    live(world)
    assert world.scheduled.names("nightly-dev") == f"{FAMILY}:8"
    told = [one.subject for one in world.topic.published if "does not run" in one.subject]
    assert len(told) == 1


def test_the_sweep_tries_again_and_people_hear_that_it_worked() -> None:
    world = following()
    world.scheduled.refusals = [Denied("x may not events:PutTargets")]
    push_later(world)
    live(world)
    swept(world)
    assert runs(world) == [f"{FAMILY}:8"] * 2
    assert world.topic.published[-1].subject.endswith("scheduled tasks follow abc1234 now")
    assert world.record().finished


def test_what_may_pass_is_told_only_when_it_lasts() -> None:
    world = following()
    world.scheduled.refusals = [Unavailable("AWS answered ThrottlingException")] * 4
    push_later(world)
    live(world)
    subjects = [one.subject for one in world.topic.published]
    swept(world)
    assert [one.subject for one in world.topic.published] == subjects
    world.scheduled.refusals = [Unavailable("AWS answered ThrottlingException")] * 4
    swept(world)
    assert world.topic.published[-1].subject.endswith("2 scheduled tasks do not run abc1234")


def test_the_same_trouble_is_told_once() -> None:
    world = following()
    world.scheduled.refusals = [Denied("x may not events:PutTargets")] * 20
    push_later(world)
    live(world)
    count = len(world.topic.published)
    for _ in range(3):
        swept(world)
    assert len(world.topic.published) == count


def test_after_a_day_nothing_is_tried_again() -> None:
    world = following()
    world.scheduled.refusals = [Denied("x may not events:PutTargets")] * 20
    push_later(world)
    live(world)
    swept(world, minutes=25 * 60)
    assert states(world) == [C.GIVEN_UP, C.GIVEN_UP]
    assert world.record().finished
    assert "nothing is tried again" in world.topic.published[-1].text


def test_rules_that_cannot_be_read_are_told_and_read_again() -> None:
    world = following()
    push_later(world)
    world.services.complete(NAME)
    world.restart()
    world.faults = [Fault(0, Denied("x may not events:ListRules"), name="found")]
    step(world)
    assert "what `follow` names: x may not events:ListRules." in world.topic.published[-1].text
    swept(world)
    assert runs(world) == [f"{FAMILY}:8"] * 2


# Somebody else


def test_a_lost_race_is_told_and_never_repeated() -> None:
    world = following(FollowSettings(rules=("nightly-dev",)))
    push_later(world)
    world.services.complete(NAME)

    def overwritten(task: ScheduledTask, revision: str) -> None:
        world.scheduled.add("rule", "nightly-dev", examples.revision(5))

    world.scheduled.move = overwritten  # type: ignore[method-assign] # somebody writes after us
    step(world)
    assert states(world) == [C.LOST]
    assert "somebody else changed it at the same time" in world.topic.published[-1].text
    del world.scheduled.move
    swept(world)
    assert world.scheduled.names("nightly-dev") == f"{FAMILY}:5"
    assert world.record().finished


def test_what_somebody_sets_back_stays_so() -> None:
    """Terraform without `ignore_changes` puts the old revision back, just after us."""
    world = following(FollowSettings(rules=("nightly-dev",)))
    push_later(world)
    world.services.complete(NAME)
    world.scheduled.move = lambda *_: None  # type: ignore[method-assign]
    step(world)
    assert states(world) == [C.DUE]
    swept(world)
    assert states(world) == [C.LOST]
    assert "somebody else has set it back" in world.topic.published[-1].text


def test_an_old_view_after_the_change_is_no_lost_race() -> None:
    world = following(FollowSettings(rules=("nightly-dev",)))
    world.scheduled.stale = dict(world.scheduled.all)
    push_later(world)
    live(world)
    assert states(world) == [C.DUE]
    world.scheduled.stale = {}
    swept(world)
    assert states(world) == [C.DONE]
    assert [act for act in world.acts if act.startswith("move")] == [f"move {FAMILY}:8"]


def test_what_somebody_changed_just_before_is_read_again_and_not_overwritten() -> None:
    world = following(FollowSettings(rules=("nightly-dev",)))
    push_later(world)
    world.services.complete(NAME)
    save = world.ledger.save

    def meanwhile(head: Head, deployment: Deployment | None = None) -> Head:
        if "scheduled_task" in world.calls:
            world.ledger.save = save  # type: ignore[method-assign]
            world.scheduled.add("rule", "nightly-dev", revision(7), Input="new")
        return save(head, deployment)

    world.ledger.save = meanwhile  # type: ignore[method-assign]
    step(world)
    swept(world)
    body = world.scheduled.all["rule", "nightly-dev", "Id1"].body
    assert body == {"Input": "new", "EcsParameters": {"TaskDefinitionArn": revision(8)}}


def test_a_change_that_aws_did_not_answer_is_looked_for_and_not_sent_twice() -> None:
    world = following(FollowSettings(rules=("nightly-dev",)))
    push_later(world)
    world.services.complete(NAME)
    world.restart()
    world.faults = [Fault(0, Unanswered("no answer"), after=True, name="move")]
    step(world)
    swept(world)
    assert states(world) == [C.DONE]
    assert len([act for act in world.acts if act.startswith("move")]) == 1


def test_a_change_that_never_arrived_is_sent_again() -> None:
    world = following(FollowSettings(rules=("nightly-dev",)))
    push_later(world)
    world.services.complete(NAME)
    world.restart()
    world.faults = [Fault(0, Unanswered("no answer"), name="move")]
    step(world)
    assert runs(world)[0] == f"{FAMILY}:7"
    swept(world)
    assert runs(world)[0] == f"{FAMILY}:8"


def test_one_that_is_deleted_meanwhile_is_told() -> None:
    world = following(FollowSettings(rules=("nightly-dev",)))
    world.scheduled.refusals = [Unavailable("AWS answered ThrottlingException")]
    push_later(world)
    live(world)
    del world.scheduled.all["rule", "nightly-dev", "Id1"]
    swept(world)
    assert states(world) == [C.GONE]
    assert "does not exist any more" in world.topic.published[-1].text


def test_an_older_deployment_gives_up_once_a_newer_one_is_live() -> None:
    world = following(FollowSettings(rules=("nightly-dev",)))
    world.scheduled.refusals = [Unavailable("AWS answered ThrottlingException")]
    push_later(world)
    live(world)
    first = world.record()
    push_later(world, "def5678", OTHER_DIGEST)
    live(world)
    assert runs(world)[0] == f"{FAMILY}:9"
    older = step(world, first)
    assert older.finished
    assert runs(world)[0] == f"{FAMILY}:9"


def test_a_step_that_dies_at_any_call_is_taken_up_by_the_sweep() -> None:
    for call in range(40):
        world = following(with_families())
        another_family(world)
        push_later(world)
        world.services.complete(NAME)
        world.restart()
        world.faults = [Fault(call, Died(), after=bool(call % 2))]
        try:
            step(world)
        except Died:
            swept(world)
            swept(world)
        assert world.scheduled.names("default/report-dev") == f"{REPORT}:4", call
        assert revision(5, REPORT) not in world.services.definitions, call
        assert world.record().status is Status.SUCCESSFUL, call


def test_another_family_goes_back_to_what_it_ran_when_slipway_met_the_service() -> None:
    """Nobody recorded what it ran then, but the first deployment since found it there."""
    world = following(with_families())
    another_family(world)
    for tag, digest in (("abc1234", examples.DIGEST), ("def5678", OTHER_DIGEST)):
        push_later(world, tag, digest)
        live(world)
    assert world.scheduled.names("default/report-dev") == f"{REPORT}:5"
    rollback_by_hand(world.world(), {**HAND, "to": f"{FAMILY}:7"})
    live(world)
    assert world.scheduled.names("default/report-dev") == f"{REPORT}:3"


def test_no_revision_of_another_family_names_its_image_by_a_tag() -> None:
    world = following(with_families())
    another_family(world)
    seven = world.services.definitions[revision(7)].body
    for container in seven["containerDefinitions"]:
        container["image"] = f"{examples.URI}:0a1b2c3"
    push_later(world)
    live(world)
    world.scheduled.add("schedule", "default/report-dev", revision(4, REPORT))
    del world.services.definitions[revision(3, REPORT)]
    rollback_by_hand(world.world(), HAND)
    live(world)
    assert world.scheduled.names("default/report-dev") == f"{REPORT}:4"
    assert "is not known by its digest" in world.topic.published[-1].text
