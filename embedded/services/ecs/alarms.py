"""CloudWatch alarms that fail a deployment.

Documented: "How CloudWatch alarms detect Amazon ECS deployment failures". Inferred: all texts.
"""

from __future__ import annotations

from embedded.services.ecs.failures import Failure, Failures
from embedded.services.ecs.service import Service


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
    watched = ongoing is not None and ongoing.status == "IN_PROGRESS"
    if ongoing is None or not watched or not ongoing.alarms.get("enable"):
        return False
    if name not in ongoing.alarms.get("alarmNames", []):
        return False
    ongoing.triggered_alarms.append(name)
    failures.give_up(service, ALARM, rollback=bool(ongoing.alarms.get("rollback")))
    return True
