"""What a service event tells, in AWS' own wording."""

from __future__ import annotations

import pytest

from chalicelib.explain.service_events import kind_of, tasks_in, tasks_named
from tests.explain.rollouts import event

ONE, TWO = "a" * 32, "b" * 32


# Amazon ECS developer guide, "Viewing Amazon ECS service event messages".
@pytest.mark.parametrize(
    ("message", "kind"),
    [
        (f"(service web) has started 2 tasks: (task {ONE}) (task {TWO}).", "started"),
        (f"(service web) has stopped 1 running tasks: (task {ONE}).", "stopped"),
        ("(service web) has begun draining connections on 2 tasks.", "draining"),
        ("(service web, taskSet 1) has begun draining connections on 1 tasks.", "draining"),
        ("(service web) registered 1 targets in (target-group arn)", "registered"),
        ("(service web) deregistered 1 targets in (target-group arn)", "deregistered"),
        ("(service web) has reached a steady state.", "steady"),
        ("(service web) (deployment ecs-svc/1) deployment completed.", "completed"),
        ("(service web) (deployment ecs-svc/1) deployment failed: tasks failed.", "failed"),
        ("(service web) rolling back to deployment ecs-svc/1.", "returning"),
        ("(service web) was unable to place a task because no container instance", "unplaced"),
        (f"(service web) (port 8080) is unhealthy in (target-group {ONE}) due to x", "unhealthy"),
        (f"(service web) (task {ONE}) failed container health checks.", "unhealthy"),
        ("(service web) is unable to consistently start tasks successfully.", "impaired"),
        ("(service web) does something new.", ""),
        ("(service has started 1 tasks)", ""),
        ("somebody has started 1 tasks", ""),
        ("", ""),
    ],
)
def test_a_message_tells_one_thing_or_nothing(message: str, kind: str) -> None:
    assert kind_of(message) == kind


def test_the_tasks_of_the_newest_events_are_named_first_and_each_once() -> None:
    events = (
        event(1, f"has started 1 tasks: (task {ONE})."),
        event(9, f"has stopped 2 running tasks: (task {TWO}) (task {ONE})."),
        event(20, f"(task {'c' * 32}) failed container health checks."),
    )
    assert tasks_named(events, 100) == (TWO, ONE)
    assert tasks_named(events, 1) == (TWO,)


def test_an_id_is_hexadecimal_and_as_long_as_ecs_makes_it() -> None:
    assert tasks_in("(task ../secret) (task abc) (task 1f-2)") == ()
    assert tasks_in("(task 12345678-1234-1234-1234-123456789012)")


def test_a_long_message_is_read_quickly() -> None:
    assert kind_of("(service " + "(task " * 100_000) == ""
    assert tasks_in("(task " * 100_000) == ()
