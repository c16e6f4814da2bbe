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
_UNDER_WAY = frozenset({"PENDING", "IN_PROGRESS"})


def could_be_ours(record: Deployment, created_at: datetime | None) -> bool:
    """Whether what ECS created at this moment may carry our revision: not if it is older."""
    if record.since is None or created_at is None:
        return False
    return created_at >= record.since - SKEW


def runs_ours(record: Deployment, seen: Observation) -> bool:
    """Whether ECS works towards our revision, as far as DescribeServices shows."""
    primary = primary_of(seen)
    return primary is not None and primary.task_definition == record.revision


def primary_of(seen: Observation) -> EcsDeployment | None:
    """The deployment that ECS works towards, as far as DescribeServices shows."""
    return seen.service.primary if seen.service else None


def began_after(record: Deployment, other: EcsDeployment) -> bool:
    """Whether this ECS deployment is newer than ours; an old one may be shown for some seconds.

    A circuit breaker's rollback reuses the deployment from before ours, with its old time.
    """
    return (
        record.since is not None
        and other.created_at is not None
        and other.created_at > record.since
    )


def deployed_instead(record: Deployment, seen: Observation) -> EcsDeployment | None:
    """The PRIMARY that somebody put in the place of ours; None while that is not certain.

    It must be newer than ours. ECS stops our service deployment when another one is started;
    where it does not say so yet, the two answers have `SETTLING` to agree. An older PRIMARY counts
    only once ours has been STOPPED for as long: then what replaced ours is gone again.
    """
    primary = primary_of(seen)
    if primary is None or primary.task_definition == record.revision:
        return None
    if began_after(record, primary):
        stopped = seen.ours is not None and seen.ours.status not in _UNDER_WAY
        return primary if stopped or settled(primary.created_at, seen.at) else None
    gone = seen.ours is not None and seen.ours.status == "STOPPED"
    return primary if gone and ended_long_ago(record, seen) else None


def ended_long_ago(record: Deployment, seen: Observation) -> bool:
    """Whether our service deployment ended so long ago that every answer knows of it."""
    ended = seen.ours.ended_at if seen.ours else None
    return settled(ended or record.since, seen.at)


def settled(since: datetime | None, now: datetime) -> bool:
    """Whether what happened at `since` is known to every answer given at `now`; None: it is."""
    return since is None or now - since >= SETTLING


def newest_of_ours(
    record: Deployment, listed: Iterable[tuple[ServiceDeployment, str]]
) -> ServiceDeployment | None:
    """The newest service deployment of our revision that is not older than our UpdateService.

    `listed` are service deployments with the ARNs of their task definitions, newest first; they are
    read up to the one that is ours.
    """
    return next(
        (
            one
            for one, revision in listed
            if revision == record.revision and could_be_ours(record, one.created_at)
        ),
        None,
    )
