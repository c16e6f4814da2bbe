"""A region as it was some seconds ago, for `lag`: it is copied after every change.

Copies share what never changes: revisions, task definitions, whatever has finished or is STOPPED.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TypeVar

from embedded.services.ecs.region import Region
from embedded.services.ecs.service import Deployment, Service
from embedded.services.ecs.service_deployments import ServiceDeployment
from embedded.services.ecs.tasks import Task

_Kind = TypeVar("_Kind")


@dataclass(frozen=True)
class Moment:
    """A region as it was from `at` on."""

    at: datetime
    services: dict[str, Service]
    tasks: dict[str, Task]


class Past:
    """A region's last seconds: `keep` after every change."""

    def __init__(self, region: Region, seconds: float) -> None:
        self._region = region
        self._kept: deque[Moment] = deque()
        self._span = timedelta(seconds=seconds)
        self.keep()

    def keep(self) -> None:
        """Remember the region as it is now; an earlier state of the same instant is forgotten."""
        now = self._region.simulation.now()
        while self._kept and self._kept[-1].at >= now:
            self._kept.pop()
        while len(self._kept) > 1 and self._kept[1].at <= now - self._span:
            self._kept.popleft()
        services = {key: _service(each) for key, each in self._region.services.items()}
        tasks = {key: _task(each) for key, each in self._region.tasks.items()}
        self._kept.append(Moment(now, services, tasks))

    def at(self, moment: datetime) -> Moment:
        """The region at `moment`, or as far back as is known."""
        known = (each for each in reversed(self._kept) if each.at <= moment)
        return next(known, self._kept[0])


def twin_of(original: _Kind) -> _Kind:
    """A shallow copy."""
    twin: _Kind = object.__new__(type(original))
    twin.__dict__.update(original.__dict__)
    return twin


def _service(service: Service) -> Service:
    if service.status == "INACTIVE":
        return service
    twin = twin_of(service)
    twin.settings = dict(service.settings)
    twin.tags = list(service.tags)
    twin.events = service.events.copy()
    twin.revisions = list(service.revisions)
    twin.deployments = [_deployment(each) for each in service.deployments]
    twin.service_deployments = [_service_deployment(each) for each in service.service_deployments]
    return twin


def _deployment(deployment: Deployment) -> Deployment:
    twin = twin_of(deployment)
    twin.tasks = [_task(each) for each in deployment.tasks]
    return twin


def _service_deployment(found: ServiceDeployment) -> ServiceDeployment:
    if found.finished:
        return found
    twin = twin_of(found)
    twin.target = twin_of(found.target)
    twin.sources = [twin_of(each) for each in found.sources]
    twin.triggered_alarms = list(found.triggered_alarms)
    return twin


def _task(task: Task) -> Task:
    if task.last_status == "STOPPED":
        return task
    twin = twin_of(task)
    twin.containers = [twin_of(each) for each in task.containers]
    return twin
