"""What the service shows -> what else must be read of ECS before there can be a verdict."""

from __future__ import annotations

from chalicelib.model.deployments import Deployment, Status
from chalicelib.model.verdicts import Observation
from chalicelib.verdict.ours import primary_of
from chalicelib.verdict.rollout import crash_looping, no_retry_helps, past_deadline


def needs_tasks(record: Deployment, observation: Observation) -> bool:
    """Whether tasks of ours may have failed, so that their ends may tell more.

    ECS counts the failed tasks of rolling updates. It promises no count for the other strategies,
    and none after a success. There, tasks are read while some are missing.
    """
    service, primary = observation.service, primary_of(observation)
    if service is None or primary is None or record.status is not Status.IN_PROGRESS:
        return False
    uncounted = not service.strategy.rolling or record.succeeded is not None
    missing = uncounted and primary.running < primary.desired
    return primary.id == record.ecs_deployment and (primary.failed > 0 or missing)


def needs_service_deployment(record: Deployment, observation: Observation) -> bool:
    """Whether the service alone cannot answer, so that the service deployment must be read.

    While the PRIMARY deployment is ours and in progress before the deadline, there is nothing
    more to learn; DescribeServices answers most of a rolling update's polls. Only the service
    deployment tells of hooks, and of the other strategies' stages.
    """
    service, primary = observation.service, primary_of(observation)
    if service is None or primary is None:
        return False
    if service.strategy.hooks:
        return True
    fails = (no_retry_helps, crash_looping, past_deadline)
    if any(rule(record, observation) for rule in fails):
        return True
    return (
        record.status is Status.ROLLBACK_IN_PROGRESS
        or primary.id != record.ecs_deployment
        or primary.rollout_state != "IN_PROGRESS"
    )
