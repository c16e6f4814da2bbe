"""target health, service events -> the load balancer's reasons."""

from __future__ import annotations

import pytest

from chalicelib.explain.load_balancer import passed_on, reasons
from chalicelib.model.health import TargetHealth
from chalicelib.model.services import ServiceEvent
from tests.fixtures.examples import at

WRONG_CODE = ("Target.ResponseCodeMismatch", "Health checks failed with these codes: [503]")
TIMEOUT = ("Target.Timeout", "Request timed out")
NOT_IN_USE = (
    "Target.NotInUse",
    "Target group is not configured to receive traffic from the load balancer",
)
INITIAL = ("Elb.InitialHealthChecking", "Initial health checks in progress")


def _target(host: int, state: str, words: tuple[str, str] = ("", "")) -> TargetHealth:
    reason, description = words
    target = f"10.0.0.{host}:8000"
    return TargetHealth(target=target, state=state, reason=reason, description=description)


def _event(description: str, who: str = "(task 0a1b) ") -> ServiceEvent:
    group = "arn:aws:elasticloadbalancing:us-west-2:123456789012:targetgroup/web/6d0e"
    return ServiceEvent(
        at=at(0),
        message=f"(service web) {who}(port 8000) is unhealthy in (target-group {group}) "
        f"due to (reason {description}).",
    )


HEALTHY = _target(1, "healthy")
DRAINING = _target(
    2, "draining", ("Target.DeregistrationInProgress", "Target deregistration is in progress")
)
STARTING = _target(3, "initial", INITIAL)


@pytest.mark.parametrize(
    ("health", "events", "expected"),
    [
        pytest.param([], [], [], id="nothing"),
        pytest.param([HEALTHY, DRAINING], [], [], id="healthy and draining ones say nothing"),
        pytest.param([_target(1, "unavailable", ("Target.HealthCheckDisabled", "x"))], [], [],
                     id="nor do those that are not checked"),
        pytest.param(
            [HEALTHY, _target(5, "unhealthy", WRONG_CODE), _target(6, "unhealthy", TIMEOUT),
             _target(7, "unhealthy.draining", WRONG_CODE), _target(8, "unhealthy", WRONG_CODE)],
            [],
            ["Target.ResponseCodeMismatch: Health checks failed with these codes: [503] "
             "(10.0.0.5:8000, 10.0.0.7:8000 and 1 more)",
             "Target.Timeout: Request timed out (10.0.0.6:8000)"],
            id="one line a reason, two targets named",
        ),
        pytest.param(
            [_target(5, "unused", NOT_IN_USE)], [],
            ["Target.NotInUse: Target group is not configured to receive traffic from the load "
             "balancer (10.0.0.5:8000)"],
            id="a target group without a listener",
        ),
        pytest.param([_target(5, "unhealthy")], [], ["unhealthy (10.0.0.5:8000)"],
                     id="the state where there is no reason"),
        pytest.param(
            [DRAINING], [_event(WRONG_CODE[1]), _event(WRONG_CODE[1], "(task 2c3d) ")],
            ["Target.ResponseCodeMismatch: Health checks failed with these codes: [503] "
             "(task 0a1b:8000, task 2c3d:8000)"],
            id="once it drains, what ECS passed on",
        ),
        pytest.param(
            [_target(5, "unhealthy", TIMEOUT)],
            [_event(TIMEOUT[1]), _event("Health checks failed")],
            ["Target.Timeout: Request timed out (10.0.0.5:8000)",
             "Target.FailedHealthChecks: Health checks failed (task 0a1b:8000)"],
            id="what is said now comes first and is not repeated",
        ),
        pytest.param([STARTING, HEALTHY], [],
                     ["Elb.InitialHealthChecking: Initial health checks in progress "
                      "(10.0.0.3:8000)"],
                     id="what the deployment still waited for"),
        pytest.param([STARTING, _target(5, "unhealthy", TIMEOUT)], [],
                     ["Target.Timeout: Request timed out (10.0.0.5:8000)"],
                     id="first checks are told only when nothing else is"),
    ],
)  # fmt: skip
def test_the_load_balancers_reasons(
    health: list[TargetHealth], events: list[ServiceEvent], expected: list[str]
) -> None:
    assert reasons(health, events, ended=False) == expected


def test_first_checks_say_nothing_of_tasks_that_ended_by_themselves() -> None:
    assert reasons([STARTING], [], ended=True) == []


@pytest.mark.parametrize(
    ("description", "code"),
    [
        ("Health checks failed with these codes: [404, 503]", "Target.ResponseCodeMismatch"),
        ("Request timed out", "Target.Timeout"),
        ("Health checks failed", "Target.FailedHealthChecks"),
        ("Health checks failed due to an internal error", "Elb.InternalError"),
        ("The moon was in the way", None),
    ],
)
def test_a_description_names_its_reason_code(description: str, code: str | None) -> None:
    found = passed_on(_event(description).message)
    assert (found.reason if found else None) == code
    assert found is None or found.description == description


@pytest.mark.parametrize(
    ("message", "target"),
    [
        ("(service web) (port 80) is unhealthy in (target-group web) due to (reason {}).",
         "port 80"),
        ("(service web) (instance i-0a) (port 80) is unhealthy in (target-group web) due to "
         "(reason {})", "instance i-0a:80"),
        ("service web (port 80) is unhealthy in target-group web due to (reason {}).", "port 80"),
        ("(service web) (instance i-0a) is unhealthy in (elb web) due to (reason {}).", None),
        ("(service web) has reached a steady state.", None),
    ],
)  # fmt: skip
def test_events_that_pass_a_reason_on_are_recognised(message: str, target: str | None) -> None:
    found = passed_on(message.format("Request timed out"))
    assert (found.target if found else None) == target
