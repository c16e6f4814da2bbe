"""service, its tasks -> when it became certain how the rollout of an image must end.

No tool can honestly know the end before that moment: a verdict before it is a guess. So the time
from this moment to a tool's verdict is what the tool itself can still save. A rollout is certain
from the earliest of these moments:

- ECS has decided: the service deployment is SUCCESSFUL, or ECS was told to stop it or to roll it
  back, by whomever. If a newer deployment of the same task definition takes over, the rollout goes
  on, and ECS' decision on that one counts.
- The service was deleted.
- The first task of the image has ended by a fault that strikes all of them, and was never healthy
  before. ECS needs healthy tasks to complete a deployment, so no later task can help.
- ECS could not place the first task, by a fault that lasts.

A task that was healthy before it failed makes nothing certain: for a moment all tasks may be
healthy, and then ECS completes the deployment. A tool that stops a deployment itself tells ECS so,
too; if the cause is a fault that lasts, it was certain before.

Strategies that move traffic change nothing of this. A lifecycle hook, a pause or an alarm decides
when ECS acts on it, not before: a hook may answer otherwise, and a person may still answer a pause.
Tasks that crash under traffic were healthy before, and ECS may complete such a rollout; so it is
certain when somebody stops it. An event that is lost moves no moment.

The simulator knows whether a fault lasts (`times` is None). A tool does not: after one failed task
it cannot tell a crash loop from a task that crashed once. So zero cannot be reached everywhere.
A task ends when it is told to stop, a few seconds before it is STOPPED: from then on DescribeTasks
tells the stop code and the reason (inferred).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise
from typing import Literal

from embedded.services.ecs import (
    Crash,
    Fault,
    HostLost,
    NoCapacity,
    OutOfMemory,
    PullError,
    StartError,
    UnhealthyContainer,
    UnhealthyTarget,
    words,
)
from embedded.services.ecs.deployments import SUPERSEDED
from embedded.services.ecs.service import Service
from embedded.services.ecs.service_deployments import ServiceDeployment
from embedded.services.ecs.tasks import Task

HasImage = Callable[[tuple[str, ...]], bool]
By = Literal["decision", "deletion", "placement", "task"]


@dataclass(frozen=True, order=True)
class Certainty:
    """From when (UTC) the end of a rollout was certain, and what made it so."""

    at: datetime
    by: By


def certainty(
    service: Service, tasks: Iterable[Task], new: HasImage, fault: Fault | None = None
) -> Certainty | None:
    """Return the earliest moment that made the end of the rollout certain; None while none did.

    `new` says whether a task definition with these image URIs has the image of the rollout.
    `fault` is the one of that image: a task that is not placed does not exist, so it cannot tell.
    """
    moments: dict[By, datetime | None] = {
        "deletion": service.deleted_at,
        "decision": decided(service, new),
        "task": doomed(task for task in tasks if new(task.definition.images)),
        "placement": not_placed(service, new, fault),
    }
    return min((Certainty(at, by) for by, at in moments.items() if at is not None), default=None)


def decided(service: Service, new: HasImage) -> datetime | None:
    """When ECS decided on the service deployment of the image, or on the one that took it over."""
    newest_first = service.service_deployments
    gone_on = [older.arn for newer, older in pairwise(newest_first) if _goes_on(older, newer)]
    moments = (
        each.decided_at
        for each in newest_first
        if each.decided_at is not None and each.arn not in gone_on and _brings(each, new)
    )
    return min(moments, default=None)


def doomed(tasks: Iterable[Task]) -> datetime | None:
    """When the first task ended that shows that no task of its image can become healthy."""
    moments = (
        task.stopping_at
        for task in tasks
        if task.stopping_at is not None
        and not task.was_healthy
        and any(_lasting_cause(fault, task) for fault in task.faults)
    )
    return min(moments, default=None)


def not_placed(service: Service, new: HasImage, fault: Fault | None) -> datetime | None:
    """When ECS first said that it cannot place a task of the image, if that lasts."""
    began = [each.created_at for each in service.service_deployments if _brings(each, new)]
    if not began or not isinstance(fault, NoCapacity) or fault.times is not None:
        return None
    texts = [words.not_placed(service, fault.reason, fargate=fargate) for fargate in (False, True)]
    moments = (event.created_at for event in service.events if event.message in texts)
    return min((moment for moment in moments if moment >= min(began)), default=None)


def _brings(deployment: ServiceDeployment, new: HasImage) -> bool:
    return new(deployment.target.revision.definition.images)


def _goes_on(older: ServiceDeployment, newer: ServiceDeployment) -> bool:
    definitions = [each.target.revision.definition.arn for each in (older, newer)]
    return older.reason == SUPERSEDED and definitions[0] == definitions[1]


def _lasting_cause(fault: Fault, task: Task) -> bool:
    """Whether the task ended by this fault, and all later ones will."""
    match fault:
        case Crash(times=None) | OutOfMemory(times=None):
            return task.stop_code == "EssentialContainerExited"
        case HostLost(times=None):
            return task.stop_code == "TerminationNotice"
        case PullError(times=None) | StartError(times=None):
            return task.stop_code == "TaskFailedToStart"
        case UnhealthyContainer(times=None) | UnhealthyTarget(times=None):
            return task.failed_health
    return False
