"""what ECS shows -> whether it is ours, and whether it is recent enough to be believed.

ECS' reads may be older than its writes (API reference, RunTask: "eventual consistency"), each API
by itself, and so may the answer of UpdateService. What does not fit is not ours yet: look again.
Two APIs that disagree are given `SETTLING` to agree.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta

from chalicelib.model.deployments import Deployment
from chalicelib.model.services import EcsDeployment, ServiceDeployment
from chalicelib.model.verdicts import Observation

SETTLING = timedelta(seconds=30)  # AWS names no figure; other clients saw some seconds
SKEW = timedelta(seconds=5)  # between Lambda's clock and ECS'


def could_be_ours(record: Deployment, created_at: datetime | None) -> bool:
    """Whether what ECS created at this moment may carry our revision: not if it is older."""
    if record.since is None or created_at is None:
        return False
    return created_at >= record.since - SKEW


def primary_of(observation: Observation) -> EcsDeployment | None:
    """The deployment that ECS works towards, as far as DescribeServices shows."""
    return observation.service.primary if observation.service else None


def runs_ours(record: Deployment, observation: Observation) -> bool:
    """Whether ECS works towards our revision, as far as DescribeServices shows."""
    primary = primary_of(observation)
    return primary is not None and primary.task_definition == record.revision


def our_status(observation: Observation) -> str:
    """The status of our service deployment; empty where ECS does not show one."""
    return observation.ours.status if observation.ours else ""


def waits_for_a_person(observation: Observation) -> bool:
    """Whether a PAUSE hook holds our rollout up, as far as ECS shows."""
    return observation.ours is not None and bool(observation.ours.waiting_hooks)


def began_after(record: Deployment, other: EcsDeployment) -> bool:
    """Whether this ECS deployment is newer than ours; an old one may be shown for some seconds.

    A circuit breaker's rollback reuses the deployment from before ours, with its old time.
    """
    return (
        record.since is not None
        and other.created_at is not None
        and other.created_at > record.since
    )


def deployed_instead(record: Deployment, observation: Observation) -> EcsDeployment | None:
    """The PRIMARY that somebody put in the place of ours; None while that is not certain.

    It must be newer than ours. ECS stops our service deployment when another one is started;
    where it does not say so yet, the two answers have `SETTLING` to agree. An older PRIMARY counts
    only once ours has been STOPPED for as long: then what replaced ours is gone again.
    """
    primary = primary_of(observation)
    if primary is None or primary.task_definition == record.revision:
        return None
    ours, status = observation.ours, our_status(observation)
    if began_after(record, primary):
        certain = ours is not None and not ours.rolls_out
        certain = certain or settled(primary.created_at, observation.at)
    else:
        certain = status == "STOPPED" and ended_long_ago(record, observation)
    return primary if certain else None


def ended_long_ago(record: Deployment, observation: Observation) -> bool:
    """Whether our service deployment ended so long ago that every answer knows of it."""
    ended = observation.ours.ended_at if observation.ours else None
    return settled(ended or record.since, observation.at)


def ecs_gave_up(record: Deployment, observation: Observation) -> bool:
    """Whether ECS works towards our revision and calls its rollout FAILED."""
    primary = primary_of(observation)
    failed = primary is not None and primary.rollout_state == "FAILED"
    return failed and runs_ours(record, observation)


def stopped_just_now(record: Deployment, observation: Observation) -> bool:
    """Whether ours was STOPPED so recently that what it was stopped for may not be shown yet.

    Not where ECS calls the rollout FAILED: then it was not stopped for another one.
    """
    if our_status(observation) != "STOPPED" or ecs_gave_up(record, observation):
        return False
    return not ended_long_ago(record, observation)


def settled(since: datetime | None, now: datetime) -> bool:
    """Whether what happened at `since` is known to every answer given at `now`; None: it is."""
    return since is None or now - since >= SETTLING


def newest_of_ours(
    record: Deployment, listed: Iterable[tuple[ServiceDeployment, str]]
) -> ServiceDeployment | None:
    """The newest service deployment of our revision that is not older than our UpdateService.

    `listed` are service deployments with the ARNs of their task definitions, newest first. They
    are read only up to the first that is ours.
    """
    for service_deployment, revision in listed:
        if revision == record.revision and could_be_ours(record, service_deployment.created_at):
            return service_deployment
    return None
