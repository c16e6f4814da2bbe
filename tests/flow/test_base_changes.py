"""What the base of a deployment changes besides the image, and who hears of it."""

from __future__ import annotations

import copy
from collections.abc import Callable
from functools import partial
from typing import Any
from unittest.mock import patch

import pytest

from chalicelib.errors import Unavailable
from chalicelib.flow.advance import advance
from chalicelib.flow.deploy import deploy_by_hand
from chalicelib.flow.image_event import image_event
from chalicelib.flow.rollback import rollback_by_hand
from chalicelib.flow.status import tell_status
from chalicelib.model.deployments import Status
from chalicelib.model.task_definitions import TaskDefinition
from tests.fixtures import examples
from tests.fixtures.examples import (
    DIGEST,
    NAME,
    OLD_DIGEST,
    OTHER_DIGEST,
    at,
    push_event,
    revision,
)
from tests.flow.fakes import Aws, aws

SIDECAR = {"name": "helper", "image": "docker.io/library/busybox", "essential": False}
BY_HAND = {"service": NAME, "by": "ann", "why": "a test"}


def somebody_registers(world: Aws, sidecar: dict[str, Any] = SIDECAR, **body: Any) -> None:
    """A revision in the family that Slipway did not make: another size, one container more."""
    seven = world.services.definitions[revision(7)]
    containers = [*copy.deepcopy(seven.body["containerDefinitions"]), sidecar]
    eight = examples.task_definition(8, containerDefinitions=containers, **body)
    world.services.definitions[eight.arn] = eight


def test_what_somebody_put_into_the_base_is_told_before_it_runs() -> None:
    world = aws()
    somebody_registers(world, cpu="512")
    image_event(world.world(), push_event())
    record = world.record()
    assert record.status is Status.IN_PROGRESS
    assert record.base_changes == ("+containerDefinitions[helper]", "cpu")
    (told,) = world.topic.published
    assert "Changes besides the image" in told.text
    assert "+containerDefinitions[helper], cpu" in told.text


def test_an_unchanged_base_is_not_worth_a_word() -> None:
    world = aws()
    image_event(world.world(), push_event())
    assert world.record().base_changes == ()
    (told,) = world.topic.published
    assert "besides the image" not in told.text


def test_the_same_base_registered_again_changes_nothing() -> None:
    world = aws()
    seven = world.services.definitions[revision(7)]
    again = examples.task_definition(
        8, containerDefinitions=copy.deepcopy(seven.body["containerDefinitions"])
    )
    world.services.definitions[again.arn] = again
    image_event(world.world(), push_event())
    assert (world.record().status, world.record().base_changes) == (Status.IN_PROGRESS, ())


def test_status_tells_the_fields_and_no_value() -> None:
    world = aws()
    somebody_registers(world, sidecar={**SIDECAR, "command": ["a-secret-word"]})
    image_event(world.world(), push_event())
    (shown,) = tell_status(world.world(), {"service": NAME})["deployments"]
    assert shown["base_changes"] == ["+containerDefinitions[helper]"]
    assert "a-secret-word" not in str(shown)


@pytest.mark.parametrize("mode", ["deploy", "observe"])
def test_a_target_may_refuse_them_and_changes_nothing(mode: str) -> None:
    world = aws(examples.target(base_changes="refuse", mode=mode))
    somebody_registers(world)
    image_event(world.world(), push_event())
    record = world.record()
    assert record.status is Status.REFUSED
    assert "+containerDefinitions[helper]" in record.reason
    assert "`override`" in record.reason
    assert [act for act in world.acts if act.startswith(("register", "update"))] == []


def test_a_person_may_override_the_refusal() -> None:
    world = aws(examples.target(base_changes="refuse"))
    somebody_registers(world)
    asked = {**BY_HAND, "image": DIGEST}
    assert deploy_by_hand(world.world(), asked)["status"] == "REFUSED"
    assert deploy_by_hand(world.world(), {**asked, "override": True})["status"] == "IN_PROGRESS"


def test_nothing_is_refused_for_what_only_an_old_view_of_the_service_differs_in() -> None:
    world = aws(examples.target(base_changes="refuse"))
    somebody_registers(world)
    before = world.services.all[NAME]
    deploy_by_hand(world.world(1), {**BY_HAND, "image": DIGEST, "override": True})
    world.services.complete(NAME)
    advance(world.world(1), NAME, world.record().id)
    world.services.shown[NAME] = before  # ECS still shows what ran before the sidecar
    world.images.all.append(examples.image(OTHER_DIGEST, at(12), tags=("def5678",)))
    image_event(world.world(10), push_event(digest=OTHER_DIGEST, tag="def5678", time=at(12)))
    assert world.record().status is Status.PENDING
    world.services.shown.clear()
    assert advance(world.world(8), NAME, world.record().id).status is Status.IN_PROGRESS


def test_a_rollback_is_never_refused_for_them() -> None:
    world = aws(examples.target(base_changes="refuse"))
    world.images.all.append(examples.image(OLD_DIGEST, tags=("old",)))
    image_event(world.world(), push_event())
    world.services.complete(NAME)
    advance(world.world(60), NAME, world.record().id)
    world.services.definitions[revision(7)].body["cpu"] = "1024"  # so that going back changes it
    reply = rollback_by_hand(world.world(90), {**BY_HAND, "to": revision(7)})
    assert reply["status"] == "IN_PROGRESS"
    assert world.record().base_changes == ("cpu",)


@pytest.mark.parametrize(
    ("base_changes", "status"),
    [("tell", Status.IN_PROGRESS), ("refuse", Status.PENDING)],
    ids=["only told", "may be refused"],
)
def test_only_a_refusal_waits_until_what_runs_can_be_read(
    base_changes: str, status: Status
) -> None:
    world = aws(examples.target(base_changes=base_changes))
    somebody_registers(world)
    unread = partial(_unread, world.services.task_definition, revision(7))
    with patch.object(world.services, "task_definition", unread):
        image_event(world.world(), push_event())
    assert (world.record().status, world.record().base_changes) == (status, ())


def _unread(
    read: Callable[[str], TaskDefinition | None], revision: str, name: str
) -> TaskDefinition | None:
    if name == revision:
        raise Unavailable("throttled")
    return read(name)
