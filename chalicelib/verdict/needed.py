"""What the service shows -> what else must be read of ECS before there can be a verdict."""

from __future__ import annotations

from chalicelib.model.deployments import Deployment, Status
from chalicelib.model.verdicts import Observation
from chalicelib.verdict.ours import primary_of
from chalicelib.verdict.rollout import crash_looping, no_retry_helps, past_deadline


def needs_tasks(record: Deployment, observation: Observation) -> bool:
    """Whether ECS counts failed tasks of ours, so that their ends may tell more."""
    primary = primary_of(observation)
    return (
        primary is not None
        and record.status is Status.IN_PROGRESS
        and primary.id == record.ecs_deployment
        and primary.failed > 0
    )


def needs_service_deployment(record: Deployment, observation: Observation) -> bool:
    """Whether the service alone cannot answer, so that the service deployment must be read.

    While the PRIMARY deployment is ours and in progress before the deadline, there is nothing
    more to learn; DescribeServices answers most of a rollout's polls.
    """
    primary = primary_of(observation)
    if primary is None:
        return False
    fails = (no_retry_helps, crash_looping, past_deadline)
    if any(rule(record, observation) for rule in fails):
        return True
    return (
        record.status is Status.ROLLBACK_IN_PROGRESS
        or primary.id != record.ecs_deployment
        or primary.rollout_state != "IN_PROGRESS"
    )
