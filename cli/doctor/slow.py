"""facts -> what makes a service's rollouts slow, and the seconds that each change would save.

Each rule says what would change in the `Pace`. They are taken in their order, each on top of those
before it. So the seconds add up, and none is counted twice.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator
from typing import Any

from chalicelib.model.base import Frozen
from cli.doctor.facts import TargetFacts, TargetGroup
from cli.doctor.finding import Finding, advice, listed, named
from cli.doctor.pace import WITHOUT_CHECKS, Pace, pace_of, saved, stop_timeout
from cli.doctor.remedy import configured, update

_INTERVAL = 5  # Amazon ECS developer guide, "Optimize load balancer health check parameters"
_THRESHOLD = 2  # as above
_MOST_CHECKS = 10  # Elastic Load Balancing API reference, UnhealthyThresholdCount
_GRACE = 60
_DELAY = 5  # "Optimize load balancer connection draining parameters": responses under a second
_CHECK = 10.0  # of a container: interval 5, and a start that takes as long
_QUICK_STOP = 3.0
# AWS' blog, "Reducing AWS Fargate Startup Times with zstd Compressed Container Images": up to 27 %.
_ZSTD = 0.27
_LONG_PULL = 20.0
_WORTH_SECONDS = 2  # less is not worth a change


class Faster(Frozen):
    """A change that makes rollouts faster: the pace's new values, why, and how."""

    changes: dict[str, Any]
    sentence: str
    remedy: str


SlowRule = Callable[[TargetFacts, Pace], Faster | None]


def target_health_check(facts: TargetFacts, _: Pace) -> Faster | None:
    """Save interval - 5 s a wave: a new target waits for one check."""
    slow = [group for group in facts.target_groups or () if group.interval > _INTERVAL]
    if not slow:
        return None
    return Faster(
        changes={"target": float(_INTERVAL)},
        sentence=f"The load balancer checks a target of {_named(slow)} every {slow[0].interval} s, "
        "and ECS waits for a check that passes before a new task counts.",
        remedy=_each(slow, _check_more_often) + _with_time_to_start(facts),
    )


def deregistration_delay(facts: TargetFacts, _: Pace) -> Faster | None:
    """Save delay - 5 s: the last old tasks drain for so long before they are stopped."""
    groups = facts.target_groups or ()
    slow = [group for group in groups if group.delay is not None and group.delay > _DELAY]
    if not slow:
        return None
    return Faster(
        changes={"drain": float(_DELAY)},
        sentence=f"Old tasks of {_named(slow)} drain for {slow[0].delay} s. If all requests are "
        f"answered within a second, {_DELAY} s are enough; for uploads or streams, keep more.",
        remedy=_each(slow, _drain_less),
    )


def container_health_check(facts: TargetFacts, pace: Pace) -> Faster | None:
    """Save 40 - 10 s a wave without any check, interval - 10 s where the check comes late."""
    base = facts.base
    if base is None or pace.container <= _CHECK:
        return None
    name = next((each.name for each in base.containers if each.essential), "")
    if pace.container == WITHOUT_CHECKS and not any(
        each.essential and each.health_check for each in base.containers
    ):
        why = "No essential container has a health check, so ECS waits 40 s after a task runs."
    else:
        why = f"The container's health check comes only {pace.container:.0f} s after its start."
    return Faster(
        changes={"container": _CHECK},
        sentence=why,
        remedy=f'task definition, container {name}: "healthCheck": {{"command": ["CMD-SHELL", '
        '"YOUR CHECK"], "interval": 5, "timeout": 4, "retries": 3, "startPeriod": 60}',
    )


def image_size(facts: TargetFacts, pace: Pace) -> Faster | None:
    """Save 27 % of the pull a wave: what zstd saves at most. A smaller image saves more."""
    if pace.pull < _LONG_PULL:
        return None
    return Faster(
        changes={"pull": pace.pull * (1 - _ZSTD)},
        sentence=f"A task pulls its image for {_pull(facts, pace)}; a smaller image, or one "
        "compressed with zstd, starts sooner.",
        remedy="docker buildx build --output type=registry,oci-mediatypes=true,"
        "compression=zstd,force-compression=true",
    )


def ignored_sigterm(facts: TargetFacts, _: Pace) -> Faster | None:
    """Save `stopTimeout` - 3 s: ECS kills the program only after it."""
    if facts.tasks is None or not facts.tasks.killed:
        return None
    waited = stop_timeout(facts.base or facts.running, facts.tasks.killed)
    name = facts.tasks.killed[0]
    return Faster(
        changes={"stop": _QUICK_STOP},
        sentence=f"The container {name} ignores SIGTERM: ECS waits {waited:.0f} s and kills it "
        "(exit code 137). Let the program end when it gets SIGTERM.",
        remedy=f'task definition, container {name}: "linuxParameters": '
        '{"initProcessEnabled": true}, and `exec` before the program in its start script',
    )


def head_room(facts: TargetFacts, pace: Pace) -> Faster | None:
    """Save all waves but one: with 200 % all new tasks start at once."""
    whole = pace.model_copy(update={"maximum": 200, "minimum": 100})
    if not pace.rolling or saved(pace, whole) <= 0:
        return None
    return Faster(
        changes={"maximum": 200, "minimum": 100},
        sentence=f"With minimumHealthyPercent {pace.minimum} and maximumPercent {pace.maximum}, "
        f"{pace.desired} tasks are replaced a few at a time.",
        remedy=configured(facts, maximumPercent=200, minimumHealthyPercent=100),
    )


SLOW: tuple[SlowRule, ...] = (
    target_health_check,
    deregistration_delay,
    container_health_check,
    image_size,
    ignored_sigterm,
    head_room,
)


def slow(facts: TargetFacts) -> Iterator[Finding]:
    """Every change without which rollouts would be longer, with the seconds that it saves.

    A change may save nothing before a later one is made too: where load balancer and container are
    both checked late, ECS waits for the later one.
    """
    before = pace_of(facts)
    if before is None:
        return
    found = [(rule.__name__, faster) for rule in SLOW if (faster := rule(facts, before))]
    best, pace = _after(before, found), before
    for name, faster in found:
        without = _after(before, [one for one in found if one[1] is not faster])
        if saved(without, best) < _WORTH_SECONDS:
            continue
        after = _after(pace, [(name, faster)])
        seconds = saved(pace, after)
        yield named(advice(faster.sentence, faster.remedy, seconds), facts.target.name, name)
        pace = after


def _after(pace: Pace, changes: Iterable[tuple[str, Faster]]) -> Pace:
    for _, faster in changes:
        pace = pace.model_copy(update=faster.changes)
    return pace


def _named(groups: list[TargetGroup]) -> str:
    return f"the target group {listed(group.name for group in groups)}"


def _pull(facts: TargetFacts, pace: Pace) -> str:
    if facts.measured is None:
        return f"about {pace.pull:.0f} s"
    count = facts.measured.deployments
    which = f"median of the last {count} deployments" if count > 1 else "in the last deployment"
    return f"{pace.pull:.0f} s ({which})"


def _each(groups: list[TargetGroup], command: Callable[[TargetGroup], str]) -> str:
    return " && ".join(map(command, groups))


def _check_more_often(group: TargetGroup) -> str:
    """More checks may fail now before the target is unhealthy: about as much time as before."""
    tolerated = math.ceil(group.interval * group.unhealthy_threshold / _INTERVAL)
    return (
        f"aws elbv2 modify-target-group --target-group-arn {group.arn} "
        f"--health-check-interval-seconds {_INTERVAL} "
        f"--health-check-timeout-seconds {min(group.timeout, _INTERVAL - 1)} "
        f"--healthy-threshold-count {_THRESHOLD} "
        f"--unhealthy-threshold-count {min(tolerated, _MOST_CHECKS)}"
    )


def _with_time_to_start(facts: TargetFacts) -> str:
    """The grace period that a slow start needs where the load balancer checks more often."""
    grace = facts.settings.grace if facts.settings else None
    if (grace or 0) >= _GRACE:
        return ""
    return f" && {update(facts, f'--health-check-grace-period-seconds {_GRACE}')}"


def _drain_less(group: TargetGroup) -> str:
    return (
        f"aws elbv2 modify-target-group-attributes --target-group-arn {group.arn} "
        f"--attributes Key=deregistration_delay.timeout_seconds,Value={_DELAY}"
    )
