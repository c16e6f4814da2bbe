"""An Express service: what it is rendered from, how it is deployed, and where it goes back to."""

from __future__ import annotations

from typing import Any

import pytest

from chalicelib.errors import Denied, Refused, Unanswered, Unavailable
from chalicelib.flow.deploy import deploy_by_hand
from chalicelib.flow.image_event import image_event
from chalicelib.flow.rollback import rollback_by_hand
from chalicelib.flow.status import tell_status
from chalicelib.flow.sweep.sweep import sweep_targets
from chalicelib.model.deployments import Status
from tests.fixtures import examples
from tests.fixtures.examples import NAME, OLD_DIGEST, OTHER_DIGEST, push_event, revision
from tests.flow.by_hand import WHO
from tests.flow.fakes import Aws, Fault, aws
from tests.flow.steps import step


def _express(*named: str, **keys: Any) -> Aws:
    """The examples' service in Express Mode; `named` are its active configurations' revisions."""
    world = aws(examples.target(**keys))
    world.images.all += [
        examples.image(OTHER_DIGEST, tags=("def5678",)),
        examples.image(OLD_DIGEST, tags=("old",)),
    ]
    world.services.all[NAME] = world.services.all[NAME].model_copy(
        update={"express": True, "task_definition": ""}
    )
    world.services.express = named or (revision(7),)
    return world


def _another_revision(world: Aws) -> str:
    """The ARN of a revision that somebody else registered in the family."""
    return world.services.register({**examples.task_definition().body, "tags": []}).arn


def _pushed(world: Aws) -> Aws:
    image_event(world.world(), push_event())
    return world


def test_the_base_is_what_the_service_runs_and_not_the_familys_newest_revision() -> None:
    world = _express()
    newest = _another_revision(world)
    record = _pushed(world).record()
    assert (record.base, record.return_to) == (revision(7), revision(7))
    assert newest != record.base
    assert world.ecs_acts == ["register", "update conflicto-backend-dev:9"]
    assert record.base_changes == ()


def test_every_field_of_the_base_is_sent_back() -> None:
    world = _pushed(_express())
    body = world.services.definitions[world.record().revision].body
    assert body["unknownToTheSdk"] == {"kept": True, "empty": ""}


@pytest.mark.parametrize(
    ("named", "base"),
    [
        pytest.param([8, 7], 7, id="several are active: PRIMARY's"),
        pytest.param([8], 8, id="PRIMARY's is not active: an old view, so the newest"),
        pytest.param([], 7, id="ECS names none: PRIMARY's"),
    ],
)
def test_of_several_active_configurations_the_primary_deployments_is_the_base(
    named: list[int], base: int
) -> None:
    world = _express()
    _another_revision(world)
    world.services.express = tuple(revision(number) for number in named)
    assert _pushed(world).record().base == revision(base)


@pytest.mark.parametrize("keys", [{"family": "another"}, {"base": "service"}], ids=str)
def test_no_key_of_the_target_chooses_another_base(keys: dict[str, str]) -> None:
    world = _pushed(_express(**keys))
    assert world.record().status is Status.IN_PROGRESS
    assert world.record().base == revision(7)


def test_it_is_described_once_for_a_revision_and_never_while_a_rollout_is_watched() -> None:
    world = _pushed(_express())
    assert world.calls.count("task_definition") == 1  # the base, which is not read twice
    step(world)
    world.services.complete(NAME)
    assert step(world).status is Status.SUCCESSFUL
    assert world.calls.count("express_task_definitions") == 1


def test_an_ordinary_service_is_never_described_so() -> None:
    world = _pushed(aws())
    assert "express_task_definitions" not in world.calls


def test_the_answer_to_an_update_shows_no_deployment_and_a_later_step_finds_it() -> None:
    world = _express()
    world.services.shown[NAME] = world.services.all[NAME]  # as it was read before
    record = _pushed(world).record()
    assert (record.ecs_deployment, record.service_deployment) == ("", "")
    world.services.shown.clear()
    assert step(world).status is Status.IN_PROGRESS
    world.services.complete(NAME)
    assert step(world).status is Status.SUCCESSFUL


def test_a_failed_rollout_goes_back_to_the_revision_before() -> None:
    world = _pushed(_express())
    world.services.stopped(NAME)
    assert step(world).status is Status.ROLLBACK_IN_PROGRESS
    world.services.complete(NAME)
    assert step(world).status is Status.ROLLBACK_SUCCESSFUL
    assert world.ecs_acts[-1] == "update conflicto-backend-dev:7"
    assert world.services.all[NAME].revision == revision(7)


def test_a_refusal_closes_the_deployment_with_ecs_words() -> None:
    world = _express()
    world.faults = [Fault(0, Refused("there is no container named Main"), name="update")]
    record = _pushed(world).record()
    assert record.status is Status.REFUSED
    assert record.reason == "there is no container named Main"
    assert world.told == ["REFUSED"]


@pytest.mark.parametrize("error", [Unavailable("throttled"), Denied("may not describe")], ids=str)
def test_what_cannot_be_described_now_is_described_later(error: Exception) -> None:
    world = _express()
    world.faults = [Fault(0, error, name="express_task_definitions")]
    _pushed(world)
    assert world.record().status is Status.PENDING
    assert world.ecs_acts == []
    assert step(world).status is Status.IN_PROGRESS


def test_an_attempt_that_died_after_the_registration_finds_its_revision_again() -> None:
    """In the family that the service runs, although the target names another one."""
    world = _express(family="another")
    world.faults = [Fault(0, Unanswered("no answer"), name="register", after=True)]
    _pushed(world)
    assert step(world).status is Status.IN_PROGRESS
    assert world.ecs_acts == ["register", "update conflicto-backend-dev:8"]


def _live() -> Aws:
    """After a push that went well."""
    world = _pushed(_express())
    world.services.complete(NAME)
    assert step(world).status is Status.SUCCESSFUL
    world.services.express = (revision(8),)
    world.acts.clear()
    return world


def test_a_rollback_by_hand_gives_the_earlier_arn() -> None:
    world = _live()
    rollback_by_hand(world.world(), WHO)
    assert world.ecs_acts == ["update conflicto-backend-dev:7"]
    assert world.calls.count("express_task_definitions") == 1  # of the push
    assert examples.DIGEST in world.ledger.heads[NAME].barred


def test_a_plan_says_what_would_be_registered_and_changes_nothing() -> None:
    world = _live()
    told = deploy_by_hand(world.world(), {**WHO, "image": "def5678", "plan": True})
    assert (told["would"], told["base"]) == ("deploy", "conflicto-backend-dev:8")
    assert told["from"]["revision"] == "conflicto-backend-dev:8"
    assert [change["field"] for change in told["changes"]] == [
        "containerDefinitions[conflicto-backend].image"
    ]
    told = rollback_by_hand(world.world(), {**WHO, "plan": True})
    assert told["revision"] == "conflicto-backend-dev:7"
    assert world.ecs_acts == []


def test_status_shows_what_runs_now() -> None:
    world = _live()
    reply = tell_status(world.world(), {"service": NAME, "now": True})
    assert reply["now"]["revision"] == "conflicto-backend-dev:8"
    assert reply["now"]["by"] == "Slipway"


def test_the_sweep_remembers_what_somebody_else_deployed() -> None:
    world = _live()
    other = _another_revision(world)
    world.world(3600)
    world.services.begin(NAME, other)
    world.services.complete(NAME)
    for _ in range(6):  # one turn in an hour looks for it
        sweep_targets(world.world(600))
    assert world.record().revision == other
    assert world.ecs_acts == []
