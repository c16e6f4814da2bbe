"""The arithmetic of a rollout: what it waits for -> how many seconds it takes."""

from __future__ import annotations

import math
from statistics import median

from chalicelib.model.base import Frozen
from cli.doctor.facts import Measured, Revision, TargetFacts

# Amazon ECS API reference, DeploymentConfiguration.minimumHealthyPercent: without a load balancer
# and without a health check, a task counts as healthy 40 seconds after it is RUNNING.
WITHOUT_CHECKS = 40.0
STOP_TIMEOUT = 30.0  # ECS API reference, ContainerDefinition.stopTimeout, on Fargate
_START = 10.0  # the network interface, and the start of the containers: an assumption
_STOP = 3.0  # a program that obeys SIGTERM: an assumption
_BYTES_A_SECOND = 50e6  # of a compressed image, pulled and unpacked: an assumption
_SHORTEST_PULL = 2.0
_DRAINING = 300.0  # Elastic Load Balancing, deregistration_delay.timeout_seconds


class Pace(Frozen):
    """What a rollout of a service waits for: seconds, numbers of tasks, and percents."""

    desired: int
    minimum: int = 100
    maximum: int = 200
    rolling: bool = True
    start: float = _START
    pull: float = _SHORTEST_PULL
    container: float = 0.0  # RUNNING -> the containers count as healthy
    target: float = 0.0  # RUNNING -> healthy in the target group
    drain: float = 0.0
    stop: float = _STOP

    @property
    def healthy(self) -> float:
        """RUNNING -> healthy: ECS waits for both, containers and load balancer, side by side."""
        return max(self.container, self.target)


def waves(pace: Pace) -> int:
    """How many times ECS starts tasks and waits for them before all are new.

    A wave replaces as many tasks as fit between the floor (`minimumHealthyPercent` of the desired
    count, rounded up) and the ceiling (`maximumPercent`, rounded down). Tasks that drain count for
    neither. BLUE_GREEN, LINEAR and CANARY start all new tasks at once.
    """
    if not pace.rolling or pace.desired <= 0:
        return 1
    floor = math.ceil(pace.desired * pace.minimum / 100)
    ceiling = pace.desired * pace.maximum // 100
    return math.ceil(pace.desired / max(1, min(pace.desired, ceiling - floor)))


def rollout_seconds(pace: Pace) -> float:
    """Return how long a good rollout takes: waves * (start + pull + healthy) + drain + stop.

    The last wave's old tasks leave the load balancer (`drain`) and end (`stop`); those of earlier
    waves do so meanwhile.
    """
    return waves(pace) * (pace.start + pace.pull + pace.healthy) + pace.drain + pace.stop


def saved(before: Pace, after: Pace) -> int:
    """Return the whole seconds that a rollout with `after` saves, compared with `before`."""
    return round(rollout_seconds(before) - rollout_seconds(after))


def pace_of(facts: TargetFacts) -> Pace | None:
    """Return what the service's rollouts wait for; None where the service is not known.

    A new target is healthy after one check, an interval after its registration, whatever the
    healthy threshold is (Amazon ECS developer guide, "Optimize load balancer health check
    parameters"). A container is HEALTHY after the first check that passes, an interval after its
    start. What Slipway has measured in recent deployments counts for the start and the pull. Else
    the pull is the median of the tasks that are there, or what the image's size comes to.
    """
    service = facts.service
    if service is None:
        return None
    revision = facts.base or facts.running
    groups = facts.target_groups or ()
    pace = Pace(
        desired=service.desired,
        minimum=100 if service.minimum_percent is None else service.minimum_percent,
        maximum=200 if service.maximum_percent is None else service.maximum_percent,
        rolling=service.strategy.name == "ROLLING",
        pull=_pull(facts),
        container=_container(revision, balanced=bool(service.target_groups)),
        target=max((float(group.interval) for group in groups), default=0.0),
        drain=max((_DRAINING if g.delay is None else float(g.delay) for g in groups), default=0.0),
        stop=stop_timeout(revision, facts.tasks.killed) if killed(facts) and facts.tasks else _STOP,
    )
    return _as_measured(pace, facts.measured)


def _as_measured(pace: Pace, measured: Measured | None) -> Pace:
    """Return the pace with what was measured; that was all waves together."""
    if measured is None:
        return pace
    times = waves(pace)
    measures = {"pull": measured.pull / times, "start": measured.start / times}
    return pace.model_copy(update=measures)


def killed(facts: TargetFacts) -> bool:
    """Whether ECS had to kill a container that ignored SIGTERM."""
    return bool(facts.tasks and facts.tasks.killed)


def stop_timeout(revision: Revision | None, names: tuple[str, ...]) -> float:
    """The longest time that ECS leaves one of these containers between SIGTERM and SIGKILL."""
    known = revision.containers if revision else ()
    own = {each.name: each.stop_timeout for each in known}
    given = (own.get(name) for name in names)
    return max((STOP_TIMEOUT if each is None else float(each) for each in given), default=_STOP)


def _container(revision: Revision | None, *, balanced: bool) -> float:
    checks = [
        float(each.health_check.interval)
        for each in (revision.containers if revision else ())
        if each.essential and each.health_check
    ]
    return max(checks) if checks else (0.0 if balanced or revision is None else WITHOUT_CHECKS)


def _pull(facts: TargetFacts) -> float:
    if facts.tasks and facts.tasks.pulls:
        return float(median(facts.tasks.pulls))
    newest = next(iter(facts.repository.images or ()), None)
    return max(_SHORTEST_PULL, newest.size / _BYTES_A_SECOND) if newest else _SHORTEST_PULL
