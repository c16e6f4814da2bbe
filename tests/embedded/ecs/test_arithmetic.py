"""The percentages, the breaker's threshold and the backoff, as properties."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from embedded.clock.clock import VirtualClock
from embedded.services.ecs import Crash, Ecs, Place, Timings
from embedded.services.ecs.breaker import breaker_threshold
from embedded.services.ecs.names import Ids
from embedded.services.ecs.rollout import Counts, Limits, next_moves
from embedded.services.ecs.service import Service
from embedded.services.ecs.simulation import Simulation

HERE = Place("123456789012", "us-west-2")


def simulated(desired: int, minimum: int, maximum: int) -> tuple[VirtualClock, Ecs, Service]:
    """A service without moto and HTTP: just values and the clock."""
    clock = VirtualClock()
    ecs = Ecs(Simulation(clock, lambda _: None, ids=Ids(1)))
    for image in ("web:1", "web:2"):
        container = {"name": "web", "image": image, "memory": 1}
        body = {"family": "web", "containerDefinitions": [container]}
        ecs.call(HERE, "RegisterTaskDefinition", body)
    percents = {"minimumHealthyPercent": minimum, "maximumPercent": maximum}
    ecs.call(
        HERE,
        "CreateService",
        {
            "cluster": "dev",
            "serviceName": "web",
            "taskDefinition": "web:1",
            "desiredCount": desired,
            "deploymentConfiguration": percents,
        },
    )
    clock.advance(60)
    return clock, ecs, ecs.service("dev/web")


@settings(max_examples=120, deadline=None)
@given(
    desired=st.integers(0, 12),
    minimum=st.integers(0, 100),
    maximum=st.integers(100, 300),
    bad=st.booleans(),
)
def test_minimum_and_maximum_are_never_violated(
    desired: int, minimum: int, maximum: int, *, bad: bool
) -> None:
    clock, ecs, service = simulated(desired, minimum, maximum)
    limits = Limits.of(desired, minimum, maximum)
    assert len(service.tasks) == desired
    if bad:
        ecs.faults.image("web:2", Crash(after=2))
    update = {"cluster": "dev", "service": "web", "taskDefinition": "web:2"}
    ecs.call(HERE, "UpdateService", update)
    for _ in range(450):  # seconds: one task at a time takes half a minute each
        clock.advance(1)
        up = [task for task in service.tasks if task.live]
        assert len(up) <= limits.ceiling
        assert sum(task.healthy for task in up) >= limits.floor
    room = limits.ceiling > desired or limits.floor < desired
    done = not bad and (room or not desired)
    assert (service.service_deployments[0].status == "SUCCESSFUL") == (done or not desired)


@given(
    desired=st.integers(0, 50),
    minimum=st.integers(0, 100),
    maximum=st.integers(100, 200),
    new=st.integers(0, 50),
    old=st.integers(0, 50),
    data=st.data(),
)
def test_no_single_move_breaks_a_limit(  # noqa: PLR0917
    desired: int, minimum: int, maximum: int, new: int, old: int, data: st.DataObject
) -> None:
    counts = Counts(new, data.draw(st.integers(0, new)), old, data.draw(st.integers(0, old)))
    limits = Limits.of(desired, minimum, maximum)
    moves = next_moves(desired, limits, counts)
    if moves.start:
        assert counts.new + counts.old + moves.start <= limits.ceiling
    if moves.stop_healthy:
        assert counts.healthy - moves.stop_healthy >= limits.floor
    assert moves.start + counts.new <= max(desired, counts.new)


@pytest.mark.parametrize(
    ("desired", "configuration", "threshold"),
    [
        (1, None, 3),
        (7, None, 4),
        (10, None, 5),
        (1000, None, 200),
        (4, {"type": "COUNT", "value": 9}, 9),
        (4, {"type": "UNBOUNDED_PERCENT", "value": 25}, 1),
        (1000, {"type": "UNBOUNDED_PERCENT", "value": 100}, 1000),
        (100, {"type": "BOUNDED_PERCENT", "value": 10}, 10),
    ],
)
def test_the_breaker_trips_at_half_the_tasks_within_bounds(
    desired: int, configuration: dict[str, object] | None, threshold: int
) -> None:
    assert breaker_threshold(desired, configuration) == threshold


def test_the_backoff_grows_up_to_twenty_seven_minutes() -> None:
    waits = [Timings().backoff(failures) for failures in range(20)]
    assert waits[0] == 0
    assert all(before <= after for before, after in itertools.pairwise(waits))
    assert waits[-1] == 27 * 60


def test_the_percentages_round_up_and_down() -> None:
    assert Limits.of(3, 50, 150) == Limits(floor=2, ceiling=4)
    assert Limits.of(1, 100, 150) == Limits(floor=1, ceiling=1)
