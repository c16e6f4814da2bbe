"""`hold`, `release` and the board over fakes: what they write, reply and refuse."""

from __future__ import annotations

from datetime import timedelta

import pytest

from chalicelib.errors import Refused, Unavailable
from chalicelib.flow.hold import hold_by_hand
from chalicelib.flow.image_event import image_event
from chalicelib.flow.release import release_by_hand
from chalicelib.flow.status import tell_status
from chalicelib.flow.sweep.sweep import sweep_targets
from chalicelib.model.deployments import Status
from tests.fixtures.examples import NAME, OTHER_DIGEST, push_event
from tests.flow.by_hand import WHO, deployed
from tests.flow.fakes import Aws, Fault, aws

WHY = {"by": "ann", "why": "a test"}


def held() -> Aws:
    """A world in which a hold keeps a push."""
    world = deployed()
    hold_by_hand(world.world(), WHO)
    image_event(world.world(), push_event(OTHER_DIGEST, "def5678", world.now))
    assert world.record().status is Status.HELD
    return world


@pytest.mark.parametrize(
    ("until", "seconds"),
    [("90m", 5400), ("4h", 14_400), ("2d", 172_800)],
)
def test_a_span_counts_from_now(until: str, seconds: int) -> None:
    world = deployed()
    hold_by_hand(world.world(), {**WHO, "until": until})
    (hold,) = world.ledger.heads[NAME].holds
    assert hold.until == world.now + timedelta(seconds=seconds)


@pytest.mark.parametrize("until", ["2026-03-03T08:00:00Z", "2026-03-03T09:00:00+01:00"])
def test_a_time_may_have_any_offset(until: str) -> None:
    world = deployed()
    reply = hold_by_hand(world.world(), {**WHO, "until": until})
    assert reply["holds"][0]["until"] == "2026-03-03T08:00:00.000Z"


@pytest.mark.parametrize("until", ["soon", "9999999d", "2026-13-01", "1h30"])
def test_what_is_no_moment_is_refused_and_holds_nothing(until: str) -> None:
    world = deployed()
    with pytest.raises(Refused, match="`until`: expected"):
        hold_by_hand(world.world(), {**WHO, "until": until})
    assert world.ledger.heads[NAME].holds == ()


def test_a_hold_stands_when_nobody_can_be_told() -> None:
    world = deployed()
    world.faults = [Fault(0, Unavailable("no channel"), name="publish")]
    assert hold_by_hand(world.world(), WHO)["held"] == ""
    assert len(world.ledger.heads[NAME].holds) == 1


def test_a_release_by_deployment_lets_it_go_and_starts_its_watcher() -> None:
    world = held()
    before = world.record()
    reply = release_by_hand(world.world(), {"deployment": before.id, **WHY})
    assert (reply["deployment"], reply["status"]) == (before.id, "PENDING")
    assert (before.id, before.watcher + 1) in world.watchers.running
    assert world.ledger.heads[NAME].held is None


def test_a_release_without_anything_that_waits_ends_the_holds() -> None:
    world = deployed()
    hold_by_hand(world.world(), WHO)
    asked = {"service": NAME, "key": "k", **WHY}
    assert release_by_hand(world.world(), asked)["released"] == ["ann holds pushes (a test)"]
    assert release_by_hand(world.world(), asked) == {"service": NAME, "released": []}
    with pytest.raises(Refused, match="nothing is held"):
        release_by_hand(world.world(), {"service": NAME, **WHY})


def test_a_watcher_that_cannot_be_started_is_left_to_the_sweep() -> None:
    world = held()
    world.faults = [Fault(0, Unavailable("throttled"), name="start")]
    asked = {"deployment": world.record().id, **WHY}
    assert release_by_hand(world.world(), asked)["status"] == "PENDING"


@pytest.mark.parametrize("whom", [{}, {"service": NAME, "deployment": "x"}])
def test_a_release_names_a_service_or_a_deployment(whom: dict[str, str]) -> None:
    with pytest.raises(Refused, match="give either `service`"):
        release_by_hand(deployed().world(), {**whom, **WHY})


def test_a_release_of_an_unknown_deployment_is_refused() -> None:
    with pytest.raises(Refused, match="the ledger has no deployment nobody"):
        release_by_hand(deployed().world(), {"deployment": "nobody", **WHY})


def test_people_are_reminded_of_a_hold_by_the_sweep_after_a_day() -> None:
    world = deployed()
    hold_by_hand(world.world(), WHO)
    told = len(world.topic.published)
    sweep_targets(world.world(3600))
    assert len(world.topic.published) == told
    sweep_targets(world.world(86_400))
    assert world.topic.published[-1].subject.endswith("pushes are held")


def test_the_board_tells_what_runs_what_waits_and_what_holds() -> None:
    world = held()
    (row,) = tell_status(world.world(), {"board": True})["board"]
    assert row["runs"]["revision"] == "conflicto-backend-dev:8"
    assert [one["status"] for one in row["under_way"]] == [Status.HELD]
    assert [hold["by"] for hold in row["holds"]] == ["ann"]
    assert row["last"]["status"] is Status.SUCCESSFUL
    (one,) = tell_status(world.world(), {"board": True, "service": NAME})["board"]
    assert one["service"] == NAME


def test_the_board_says_when_it_knows_nothing() -> None:

    (row,) = tell_status(aws().world(), {"board": True})["board"]
    assert row["note"] == "Slipway has not met this service yet"


def test_status_says_who_released_a_deployment() -> None:
    world = held()
    deployment = world.record().id
    release_by_hand(world.world(), {"deployment": deployment, **WHY})
    (shown,) = tell_status(world.world(), {"deployment": deployment})["deployments"]
    assert (shown["released"]["by"], shown["released"]["why"]) == ("ann", "a test")
    with pytest.raises(Refused, match="`now` looks at one service"):
        tell_status(world.world(), {"now": True})
