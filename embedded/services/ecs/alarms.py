"""CloudWatch alarms that fail a deployment.

Documented: "How CloudWatch alarms detect Amazon ECS deployment failures". Inferred: all texts; that
of BLUE_GREEN, LINEAR and CANARY they watch the stages from SCALE_UP to BAKE_TIME.
"""

from __future__ import annotations

from embedded.services.ecs.failures import Failure, Failures
from embedded.services.ecs.service import Service
from embedded.services.ecs.service_deployments import ServiceDeployment
from embedded.services.ecs.strategy import CLEAN_UP, PRE_SCALE_UP, RECONCILE_SERVICE


def _rolling_back(deployment_id: str) -> str:
    return f"ECS deployment alarm: rolling back to deploymentId {deployment_id}."


ALARM = Failure(
    event="ECS deployment failed: alarm detected.",
    rollout="ECS deployment failed: alarm detected.",
    service_event="alarm detected",
    stopped="Service deployment stopped because a CloudWatch alarm was triggered.",
    rolled_back="Service deployment rolled back because a CloudWatch alarm was triggered.",
    rolling_back=_rolling_back,
)


def trigger(service: Service, name: str, failures: Failures) -> bool:
    """The alarm `name` goes off; False when no ongoing deployment watches it."""
    ongoing = service.ongoing
    watched = ongoing is not None and ongoing.status == "IN_PROGRESS" and _watches(ongoing)
    if ongoing is None or not watched or not ongoing.alarms.get("enable"):
        return False
    if name not in ongoing.alarms.get("alarmNames", []):
        return False
    ongoing.triggered_alarms.append(name)
    failures.give_up(service, ALARM, rollback=bool(ongoing.alarms.get("rollback")))
    return True


def _watches(ongoing: ServiceDeployment) -> bool:
    """Whether the stage is one that alarms can fail; a rolling update is watched all the time."""
    if ongoing.rolling:
        return True
    unwatched = (RECONCILE_SERVICE, PRE_SCALE_UP, CLEAN_UP)
    return ongoing.step is not None and ongoing.step.stage not in unwatched
