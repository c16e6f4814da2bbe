"""`status` with `event`: what an event would do, and why, in the words of the product's rules."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable
from typing import Any

import pytest

from chalicelib.errors import Refused
from chalicelib.flow.advance import advance
from chalicelib.flow.hold import hold_by_hand
from chalicelib.flow.image_event import image_event
from chalicelib.flow.rollback import rollback_by_hand
from chalicelib.flow.service_event import service_event
from chalicelib.flow.status import tell_status
from chalicelib.model.targets import Target
from tests.fixtures import examples
from tests.fixtures.examples import (
    DIGEST,
    NAME,
    OTHER_DIGEST,
    SAMPLE_EVENTS,
    at,
    event,
    push_event,
)
from tests.flow.by_hand import WHO, deployed, end
from tests.flow.fakes import Aws, aws
from tests.flow.steps import pushed

GATE = {"scan": {"max": "HIGH"}}
WEB = examples.target(service="web", tags="v[0-9]+")
COMPLETED = event("ecs-deployment-completed")
Situation = Callable[[], Aws]


def _replayed(world: Aws, sent: dict[str, Any]) -> dict[str, Any]:
    """The replay, which must leave the world as it was and ask nothing but the ledger and ECS."""
    heads, records = dict(world.ledger.heads), dict(world.ledger.records)
    told = len(world.topic.published)
    world.acts.clear()
    world.restart()
    reply = tell_status(world.world(), {"event": sent})
    assert world.acts == []
    assert (world.ledger.heads, world.ledger.records) == (heads, records)
    assert len(world.topic.published) == told
    assert set(world.calls) <= {"head", "deployment", "service"}  # what its role allows
    assert json.loads(json.dumps(reply)) == reply
    return reply


def _newer(world: Aws) -> dict[str, Any]:
    world.images.all.append(examples.image(OTHER_DIGEST, tags=("def5678",)))
    return push_event(OTHER_DIGEST, "def5678", world.now)


def _held() -> Aws:
    world = deployed()
    hold_by_hand(world.world(), WHO)
    return world


def _rolled_back_by_hand() -> Aws:
    world = deployed()
    rollback_by_hand(world.world(), {**WHO, "hold": False})
    end(world)
    return world


def _held_newer() -> Aws:
    world = _held()
    world.images.all.append(examples.image("sha256:" + "c" * 64, tags=("later",)))
    image_event(world.world(), push_event("sha256:" + "c" * 64, "later", at(600)))
    return world


PUSHES: list[tuple[str, Situation, Callable[[Aws], dict[str, Any]], str, str]] = [
    ("a new image", deployed, _newer, "deploy", "matches every tag but"),
    ("the first look", aws, _newer, "deploy", "matches every tag but"),
    ("the same event, again", deployed, lambda _: push_event(), "nothing", "was last asked to run"),
    ("a late push", deployed, lambda _: push_event(OTHER_DIGEST, "x", at(-9)), "refuse", "newer"),
    (
        "an image that failed", lambda: deployed(well=False),
        lambda world: push_event(DIGEST, "again", world.now), "nothing", "was last asked to run",
    ),
    (
        "an image that a person rolled back", _rolled_back_by_hand,
        lambda world: push_event(DIGEST, "again", world.now), "refuse", "rolled this very image",
    ),
    ("a hold", _held, _newer, "hold", "ann holds pushes (a test)"),
    ("an approval", lambda: aws(examples.target(approval="7d")), _newer, "hold", "an approval"),
    ("mode observe", lambda: aws(examples.target(mode="observe")), _newer, "observe", "observes"),
    ("a gate", lambda: aws(examples.target(gate=GATE)), _newer, "wait", "the scan of its image"),
    ("a pattern", lambda: aws(examples.target(tags="[0-9a-f]+")), _newer, "deploy", "[0-9a-f]+"),
    ("no match", lambda: aws(examples.target(tags="v.*")), _newer, "nothing", "the rule (v.*)"),
    ("a newer one is held", _held_newer, _newer, "refuse", "a newer image was asked for"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("situation", "sent", "does", "why"),
    [row[1:] for row in PUSHES],
    ids=[row[0] for row in PUSHES],
)
def test_a_replay_of_a_push_says_what_the_push_then_does(
    situation: Situation, sent: Callable[[Aws], dict[str, Any]], does: str, why: str
) -> None:
    world = situation()
    happened = sent(world)
    real = copy.deepcopy(world)
    (found,) = _replayed(world, happened)["would"]
    assert (found["service"], found["does"]) == (NAME, does)
    assert why in found["why"]
    (outcome,) = image_event(real.world(), happened)
    expected = {"known": "nothing", "ignored": "nothing", "refused": "refuse"}
    statuses = {
        "IN_PROGRESS": "deploy", "HELD": "hold", "OBSERVED": "observe", "PENDING": "wait",
    }  # fmt: skip
    assert expected.get(outcome.outcome, statuses.get(outcome.status)) == does


def test_each_target_of_the_repository_is_told_and_which_pattern_did_not_match() -> None:
    world = aws(examples.target(), WEB)
    reply = _replayed(world, _newer(world))
    assert reply["event"].startswith("the push of def5678 (sha256:bbbbbbbbbbbb) to conflicto-")
    assert [(one["service"], one["does"]) for one in reply["would"]] == [
        (NAME, "deploy"), (WEB.name, "nothing"),
    ]  # fmt: skip
    assert reply["would"][1]["why"] == "the tag 'def5678' is outside the rule (v[0-9]+)"


@pytest.mark.parametrize(
    ("sent", "why"),
    [
        pytest.param(event("ecr-delete"), "action-type is DELETE", id="no push"),
        pytest.param(event("ecr-push-untagged"), "no tag", id="no tag"),
        pytest.param(push_event(repository="another"), "no target follows", id="repository"),
        pytest.param(push_event() | {"account": "1"}, "an event of account", id="account"),
        pytest.param(push_event() | {"time": "1999-01-01T00:00:00Z"}, "nothing can", id="time"),
        pytest.param({}, "not an EventBridge event", id="nothing"),
        pytest.param({"source": "aws.ecs"}, "not an EventBridge event", id="half an event"),
        pytest.param(event("ecs-service-placement-failure"), "tells of no deployment", id="ECS"),
        pytest.param(
            COMPLETED | {"resources": [f"{examples.ARN}:service/{NAME}x"]}, "is no target",
            id="another service",
        ),
        pytest.param(event("ecr-scan-basic"), "no target has a gate on scans", id="no gate"),
    ],
)  # fmt: skip
def test_an_event_that_means_nothing_says_why(sent: dict[str, Any], why: str) -> None:
    reply = _replayed(aws(), sent)
    assert reply["would"] == []
    assert why in reply["why"]
    assert reply["event"]


@pytest.mark.parametrize("name", SAMPLE_EVENTS)
def test_no_sample_of_aws_changes_anything_or_ends_in_an_error(name: str) -> None:
    assert _replayed(pushed(), event(name))["event"]


def test_an_event_of_ecs_names_the_deployments_that_take_a_step() -> None:
    world = pushed()
    reply = _replayed(world, COMPLETED)
    assert reply["event"] == f"the state of an ECS deployment changed in {NAME}"
    (found,) = reply["would"]
    assert found == {
        "service": NAME,
        "does": "advance",
        "why": f"{world.record().id} is IN_PROGRESS, and takes its next step",
    }
    (outcome,) = service_event(world.world(), COMPLETED)
    assert outcome.outcome == "nudged"


def test_an_event_of_ecs_without_news_says_so() -> None:
    world = pushed()
    began = event("ecs-deployment-in-progress")
    began["detail"]["deploymentId"] = world.record().ecs_deployment
    (found,) = _replayed(world, began)["would"]
    assert (found["does"], "its own rollout began" in found["why"]) == ("nothing", True)


def test_an_event_of_ecs_for_a_service_at_rest_does_nothing() -> None:
    (found,) = _replayed(deployed(), COMPLETED)["would"]
    assert (found["does"], found["why"]) == ("nothing", "no open deployment")


@pytest.mark.parametrize("gated", [True, False])
def test_the_end_of_a_scan_advances_what_waits_for_it(gated: bool) -> None:
    world = pushed(gate=GATE)
    if not gated:
        advance(world.world(700), NAME, world.record().id)
    (found,) = _replayed(world, event("ecr-scan-basic"))["would"]
    assert found["does"] == ("advance" if gated else "nothing")


@pytest.mark.parametrize("other", [{"service": NAME}, {"board": True}, {"now": True}])
def test_an_event_stands_alone(other: dict[str, Any]) -> None:
    with pytest.raises(Refused, match="`event` stands alone; leave out"):
        tell_status(aws().world(), {"event": push_event(), **other})


@pytest.mark.parametrize("sent", ["text", 7, [push_event()]])
def test_an_event_is_an_object(sent: Any) -> None:
    with pytest.raises(Refused, match="`event`"):
        tell_status(aws().world(), {"event": sent})


def test_a_tag_that_looks_like_a_log_line_stays_in_its_quotes() -> None:
    target: Target = examples.target(tags="v.*")
    sent = push_event()
    sent["detail"]["image-tag"] = "a\nb"
    assert "is not an image tag" in _replayed(aws(target), sent)["why"]
