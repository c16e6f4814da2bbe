"""facts -> what is wrong with a service."""

from __future__ import annotations

from chalicelib.decide.ready import PERMANENT_CONTROLLERS, unsupported
from cli.doctor.facts import TargetFacts
from cli.doctor.finding import Found, advice, error, listed, warning
from cli.doctor.remedy import configured, near, update


def service_exists(facts: TargetFacts) -> Found | None:
    if facts.exists is not False:
        return None
    target = facts.target
    if not facts.others:
        return error(
            f"The cluster {target.cluster} has no service {target.service}, and no other one.",
            f"targets.toml: correct `cluster` and `service`, or aws ecs create-service --cluster "
            f"{target.cluster} --service-name {target.service}",
        )
    return error(
        f"The cluster {target.cluster} has no service {target.service}; it has "
        f"{listed(facts.others)}.",
        f'targets.toml: service = "{near(target.service, facts.others)}"',
    )


def service_active(facts: TargetFacts) -> Found | None:
    if facts.service is None or facts.service.status == "ACTIVE":
        return None
    return error(
        f"The service is {facts.service.status}: it has been deleted, and starts no task.",
        "aws ecs create-service, or remove the target from targets.toml",
    )


def controller(facts: TargetFacts) -> Found | None:
    if facts.service is None or facts.service.controller not in PERMANENT_CONTROLLERS:
        return None
    words = (
        f"Its deployment controller is {facts.service.controller}; Slipway deploys services whose "
        "controller is ECS."
    )
    if facts.service.controller == "EXTERNAL":
        return error(words, "aws ecs create-service, with the controller ECS")
    return error(
        f"{words} docs/code-deploy.md has the steps, of which this command is one.",
        update(facts, "--deployment-controller type=ECS"),
    )


def percents(facts: TargetFacts) -> Found | None:
    """ECS must have room to start or to stop one task (ECS API, DeploymentConfiguration)."""
    service = facts.service
    if service is None or service.controller in PERMANENT_CONTROLLERS:
        return None
    if (why := unsupported(service)) is None:
        return None
    return error(f"{why[0].upper()}{why[1:]}", configured(facts, maximumPercent=200))


def circuit_breaker(facts: TargetFacts) -> Found | None:
    if not _rolling(facts) or facts.settings is None or facts.settings.breaker:
        return None
    return warning(
        "The circuit breaker is off: ECS tries a broken image again and again, until Slipway's "
        "own rules or the deadline end it.",
        configured(facts, deploymentCircuitBreaker={"enable": True, "rollback": True}),
    )


def rollback(facts: TargetFacts) -> Found | None:
    settings = facts.settings
    if not _rolling(facts) or settings is None or not settings.breaker or settings.rollback:
        return None
    return warning(
        "The circuit breaker stops a broken rollout and does not roll back; only Slipway does, at "
        "its next look.",
        configured(facts, deploymentCircuitBreaker={"enable": True, "rollback": True}),
    )


def grace_period(facts: TargetFacts) -> Found | None:
    """Without a grace period, a slow start behind a load balancer ends in a kill.

    The load balancer calls a target unhealthy after `UnhealthyThresholdCount` checks.
    """
    settings, groups = facts.settings, facts.target_groups
    if settings is None or not groups or (settings.grace or 0) > 0 or _express(facts):
        return None
    limit = min(group.interval * group.unhealthy_threshold for group in groups)
    return advice(
        f"There is no health check grace period: ECS kills a task that takes longer than about "
        f"{limit} s to answer its first health check.",
        update(facts, "--health-check-grace-period-seconds 60"),
    )


RULES = (
    service_exists,
    service_active,
    controller,
    percents,
    circuit_breaker,
    rollback,
    grace_period,
)


def _rolling(facts: TargetFacts) -> bool:
    service = facts.service
    return service is not None and service.strategy.name == "ROLLING"


def _express(facts: TargetFacts) -> bool:
    """Whether ECS itself sets what the command would change."""
    return facts.service is not None and facts.service.express
