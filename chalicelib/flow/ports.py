"""What the flows need of the world; `aws/` implements it, tests fake it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

from chalicelib.model.deployments import Deployment, Notice
from chalicelib.model.heads import Head
from chalicelib.model.health import TargetHealth
from chalicelib.model.images import Image
from chalicelib.model.places import Place
from chalicelib.model.scans import Scan
from chalicelib.model.services import RunningTask, Service, ServiceDeployment, StoppedTask
from chalicelib.model.targets import Targets
from chalicelib.model.task_definitions import TaskDefinition


class Ledger(Protocol):
    """The deployments of all services; every read is strongly consistent unless said."""

    def head(self, service: str) -> Head | None: ...

    def deployment(self, service: str, deployment: str) -> Deployment | None: ...

    def service_of(self, deployment: str) -> str | None:
        """Eventually consistent: a record just made may not be found yet."""

    def save(self, head: Head, deployment: Deployment | None = None) -> Head:
        """Write both in one transaction; returns the HEAD with its new version.

        Raises:
            Conflict: when HEAD's version is no longer the one that `head` was read with.
        """

    def unfinished(self) -> Sequence[tuple[str, str]]:
        """(service, deployment) of every record that is open or has unsent notices."""

    def history(self, service: str, limit: int) -> Sequence[Deployment]:
        """The newest records of a service, newest first."""


class Images(Protocol):
    """ECR."""

    def image(self, repository: str, reference: str) -> Image | None:
        """The image of this tag or digest; None when the repository does not have it."""

    def tagged(self, repository: str) -> Sequence[Image]:
        """Every tagged image of a repository, oldest push first."""


class Scans(Protocol):
    """Vulnerability scans, for gates."""

    def scan(self, repository: str, digest: str) -> Scan:
        """What a scan says of an image; of an index, the worst of its images."""


class Services(Protocol):
    """ECS."""

    def service(self, cluster: str, service: str) -> Service | None: ...

    def services(self, cluster: str, services: Sequence[str]) -> Sequence[Service]:
        """Those of at most ten services that there are; none where the cluster is gone."""

    def service_deployment(self, arn: str) -> ServiceDeployment | None: ...

    def newest_service_deployment(
        self, cluster: str, service: str, status: str | None = None
    ) -> ServiceDeployment | None: ...

    def service_deployments_since(
        self, cluster: str, service: str, since: datetime
    ) -> Sequence[ServiceDeployment]:
        """Those created after `since` (UTC), newest first."""

    def revision_task_definition(self, service_revision: str) -> str:
        """The ARN of the task definition of a service revision."""

    def task_definition(self, name: str) -> TaskDefinition | None: ...

    def newest_revisions(self, family: str) -> Sequence[str]:
        """The ARNs of the family's ten newest ACTIVE revisions, newest first."""

    def register(self, registration: Mapping[str, Any]) -> TaskDefinition: ...

    def update(self, cluster: str, service: str, task_definition: str) -> Service: ...

    def stop(self, service_deployment: str) -> None:
        """Ask ECS to roll this service deployment back.

        Raises:
            Refused: when it cannot be stopped (any more).
        """

    def stopped_tasks(
        self, cluster: str, service: str, ecs_deployment: str
    ) -> Sequence[StoppedTask]:
        """The ended tasks of an ECS deployment, newest first: of five hundred of the service."""

    def running_tasks(
        self, cluster: str, service: str, ecs_deployment: str
    ) -> Sequence[RunningTask] | None:
        """Those that run or are about to; None when there are more than five hundred."""


class Watchers(Protocol):
    """The state machine whose executions come back to a deployment until it is closed."""

    def start(self, deployment: str, number: int) -> None:
        """Start execution `<deployment>-<number>`; one that already exists is left alone."""

    def alive(self, deployment: str, number: int) -> bool: ...


class Topic(Protocol):
    """Where notices go: one or more channels."""

    def publish(self, notice: Notice, deployment: str, service: str) -> Sequence[str] | None:
        """Send to the channels in `notice.unsent` (None: to all); returns those not reached.

        Raises:
            Unavailable: when none was reached.
        """


class LoadBalancers(Protocol):
    """Elastic Load Balancing."""

    def target_health(self, target_group: str) -> Sequence[TargetHealth]:
        """Every target that is registered in a target group (its ARN), or still drains."""


class Logs(Protocol):
    """CloudWatch Logs."""

    def last_lines(self, group: str, stream: str, count: int) -> Sequence[str]:
        """The newest lines of a stream, oldest first."""


class Counts(Protocol):
    """CloudWatch metrics."""

    def count(self, name: str, value: int) -> None: ...


@dataclass(frozen=True)
class World:
    """Everything outside, for one invocation: it began at `now` (UTC), it calls itself `holder`.

    `here` is the account and region in which it runs.
    """

    ledger: Ledger
    images: Images
    scans: Scans
    services: Services
    watchers: Watchers
    topic: Topic
    targets: Targets
    here: Place
    holder: str
    lease_seconds: int
    now: datetime
    load_balancers: LoadBalancers | None = None
    logs: Logs | None = None
    counts: Counts | None = None
