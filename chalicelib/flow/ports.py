"""The protocols by which the flows reach the world; `aws/` implements them, and tests fake them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

from chalicelib.errors import Unreadable
from chalicelib.model.deployments import Delivery, Deployment, Notice
from chalicelib.model.heads import Head
from chalicelib.model.health import TargetHealth
from chalicelib.model.images import Image
from chalicelib.model.outcomes import Measure, Outlines
from chalicelib.model.places import Place
from chalicelib.model.revisions import ServiceUse
from chalicelib.model.runs import StandaloneTask
from chalicelib.model.scans import Scan
from chalicelib.model.scheduled import FollowSettings, Kind, ScheduledTask, ScheduledTasksFound
from chalicelib.model.services import (
    RunningTask,
    Service,
    ServiceDeployment,
    ServiceTasks,
    StoppedTask,
)
from chalicelib.model.targets import Targets
from chalicelib.model.task_definitions import TaskDefinition
from chalicelib.model.times import RolloutTimes, TaskTimes


class Ledger(Protocol):
    """The deployments of all services. A read is strongly consistent, unless its method differs."""

    def head(self, service: str) -> Head | None: ...

    def deployment(self, service: str, deployment: str) -> Deployment | None: ...

    def read_heads(self, services: Sequence[str]) -> Mapping[str, Head | Unreadable]:
        """Return the HEADs of many services in few reads; a service without one is left out.

        In place of a HEAD that a newer release wrote, there is the error that says so.
        """

    def read_deployments(
        self, keys: Sequence[tuple[str, str]]
    ) -> Mapping[tuple[str, str], Deployment | Unreadable]:
        """Return the records of many (service, deployment), as `read_heads` returns HEADs."""

    def service_of(self, deployment: str) -> str | None:
        """Return the service of a deployment; None when it is not found.

        This read is eventually consistent: it may not find a record that was just made.
        """

    def save(self, head: Head, deployment: Deployment | None = None) -> Head:
        """Write both items in one transaction, and return HEAD with its new version.

        Raises:
            Conflict: when the stored HEAD no longer has the version of `head`.
        """

    def unfinished(self) -> Sequence[tuple[str, str]]:
        """Return (service, deployment) of each record that is open or has unsent notices."""

    def history(self, service: str, limit: int) -> Sequence[Deployment]:
        """Return at most `limit` records of a service, newest first."""

    def outlines(self, service: str, behind: str, limit: int) -> Outlines:
        """Return at most `limit` records whose ids come behind `behind`, oldest first.

        An id begins with its time, so `behind` may be a time alone. A record has only the fields
        that the figures need, and else defaults. This read is eventually consistent.
        """


class Images(Protocol):
    """ECR."""

    def image(self, repository: str, reference: str) -> Image | None:
        """Return the image of this tag or digest; None when the repository does not have it."""

    def tagged(self, repository: str) -> Sequence[Image]:
        """Return all tagged images of a repository, oldest push first."""


class Scans(Protocol):
    """Vulnerability scans of images, which gates wait for."""

    def scan(self, repository: str, digest: str) -> Scan:
        """Return the scan of an image; for an index, the worst scan of its images."""


class Services(Protocol):
    """ECS."""

    def service(self, cluster: str, service: str) -> Service | None: ...

    def services(self, cluster: str, services: Sequence[str]) -> Sequence[Service]:
        """Return those of at most ten services that exist; none where the cluster is gone."""

    def service_deployment(self, arn: str) -> ServiceDeployment | None: ...

    def newest_service_deployment(
        self, cluster: str, service: str, status: str | None = None
    ) -> ServiceDeployment | None: ...

    def service_deployments_since(
        self, cluster: str, service: str, since: datetime
    ) -> Sequence[ServiceDeployment]:
        """Return the service deployments created after `since` (UTC), newest first."""

    def revision_task_definition(self, service_revision: str) -> str:
        """Return the ARN of a service revision's task definition; empty when ECS shows none."""

    def task_definition(self, name: str) -> TaskDefinition | None: ...

    def newest_revisions(self, family: str) -> Sequence[str]:
        """Return the ARNs of the family's ten newest ACTIVE revisions, newest first."""

    def register(self, registration: Mapping[str, Any]) -> TaskDefinition: ...

    def express_task_definitions(self, service: str) -> Sequence[str]:
        """Return the ARNs of the task definitions that an Express service runs, newest first."""

    def update(self, cluster: str, service: Service, task_definition: str) -> Service:
        """Deploy a revision to the service, as it was read; return it as ECS then shows it."""

    def stop(self, service_deployment: str) -> None:
        """Ask ECS to stop this service deployment and roll it back.

        Raises:
            Refused: when ECS can no longer stop it.
        """

    def answer_hook(self, service_deployment: str, hook: str, *, back: bool) -> None:
        """Ask ECS to go on with a service deployment that this PAUSE hook holds up, or to go back.

        Raises:
            Refused: when the hook does not wait any more.
        """

    def stopped_tasks(
        self, cluster: str, service: str, ecs_deployment: str
    ) -> Sequence[StoppedTask]:
        """Return the ended tasks of an ECS deployment, newest first.

        They are searched among five hundred ended tasks of the service.
        """

    def running_tasks(
        self, cluster: str, service: str, ecs_deployment: str
    ) -> Sequence[RunningTask] | None:
        """Return the tasks that run or are starting; None when there are more than 500."""

    def service_tasks(self, cluster: str, service: str) -> ServiceTasks:
        """Return the tasks of a service, running and ended ones, at most 500 of each."""

    def rollout_times(self, cluster: str, service: str) -> RolloutTimes:
        """Return the events that ECS keeps of a service, at most 100, without any task."""

    def task_times(self, cluster: str, ids: Sequence[str]) -> Sequence[TaskTimes]:
        """Return the times of those of at most 100 tasks that ECS still shows."""


class StandaloneTasks(Protocol):
    """ECS' tasks that no service starts."""

    def task_settings(self, cluster: str, service: str) -> Mapping[str, Any]:
        """Return the fields of a RunTask request that the service's own tasks have."""

    def run_task(self, request: Mapping[str, Any]) -> str:
        """Start the task of this request, or find the one that its token started; return its ARN.

        Raises:
            NotStarted: when ECS answers that it could start none.
        """

    def standalone_task(self, cluster: str, task: str) -> StandaloneTask | None:
        """Return the task of this ARN; None while ECS does not show it, or not any more."""

    def find_task(self, cluster: str, family: str, started_by: str) -> StandaloneTask | None:
        """Return the task of this family with this `startedBy`, running or ended; else None."""

    def ended_tasks(self, cluster: str, family: str) -> Sequence[StandaloneTask]:
        """Return the tasks of a family that ended within the last hour, in no order."""

    def stop_task(self, cluster: str, task: str, reason: str) -> None:
        """Ask ECS to stop a task."""


class ScheduledTasks(Protocol):
    """EventBridge's rules and EventBridge Scheduler's schedules that start ECS tasks."""

    def found(self, settings: FollowSettings) -> ScheduledTasksFound:
        """Return the scheduled tasks that these names lead to."""

    def scheduled_task(self, kind: Kind, name: str, target: str) -> ScheduledTask | None:
        """Return one of them as AWS shows it now; None when it does not exist."""

    def move(self, task: ScheduledTask, revision: str) -> None:
        """Let it run this revision; all else in it stays as it was read."""


class Revisions(Protocol):
    """ECS' revisions of a family, and what runs them in the whole account.

    A read that would be incomplete raises Refused.
    """

    def active(self, family: str) -> Sequence[str]:
        """Return the ARNs of the family's newest ACTIVE revisions, newest first, at most 1,000."""

    def clusters(self) -> Sequence[str]:
        """Return the ARNs of all clusters."""

    def uses(self, clusters: Sequence[str]) -> Sequence[ServiceUse]:
        """Return what each service of these clusters runs."""

    def tasks(self, clusters: Sequence[str], family: str) -> Sequence[str]:
        """Return the revisions of the family that tasks in these clusters have: each one's ARN.

        They are the tasks that run, are starting or stopping, or ended within the last hour.
        """

    def deregister(self, revision: str) -> None:
        """Send DeregisterTaskDefinition once."""


class RuleTargets(Protocol):
    """EventBridge's rules."""

    def task_definitions(self, clusters: Sequence[str]) -> Sequence[str]:
        """Return what the ECS targets of all rules name, of rules that are disabled too.

        Raises:
            Refused: when there are more than are read.
        """


class ScheduleTargets(Protocol):
    """EventBridge Scheduler's schedules."""

    def task_definitions(self) -> Sequence[str]:
        """Return what the ECS targets of all schedules name, of disabled ones too.

        A target that calls ECS by its API names it somewhere in the JSON of its request.

        Raises:
            Refused: when there are more than are read.
        """


class Watchers(Protocol):
    """The state machine; an execution of it polls one deployment until that is closed."""

    def start(self, deployment: str, number: int) -> None:
        """Start the execution `<deployment>-<number>`; leave one alone that already exists."""

    def alive(self, deployment: str, number: int) -> bool: ...


class Topic(Protocol):
    """The way of notices to people: one or more channels."""

    def publish(
        self, notice: Notice, deployment: str, service: str, record: Deployment | None = None
    ) -> Delivery:
        """Send a notice to the channels in `notice.unsent`, and return which were not reached.

        When `unsent` is None, the notice goes to all channels that want it. `record` is that of the
        deployment, where the notice is about one.

        Raises:
            Unavailable: when this was the first attempt and no channel was reached.
        """


class LoadBalancers(Protocol):
    """Elastic Load Balancing."""

    def target_health(self, target_group: str) -> Sequence[TargetHealth]:
        """Return the health of each target of a target group (an ARN), draining ones too."""


class Alarms(Protocol):
    """CloudWatch's alarms."""

    def ringing(self, names: Sequence[str]) -> Sequence[str]:
        """Return those of at most a hundred alarms that are in ALARM."""


class Logs(Protocol):
    """CloudWatch Logs."""

    def last_lines(self, group: str, stream: str, count: int) -> Sequence[str]:
        """Return at most `count` of the newest lines of a log stream, oldest first."""


class Counts(Protocol):
    """CloudWatch metrics."""

    def count(self, name: str, value: int) -> None: ...

    def measure(self, measure: Measure) -> None: ...


@dataclass(frozen=True)
class World:
    """All that a flow reaches outside itself, for one invocation.

    `now` is when the invocation began (UTC), `holder` is its name on a lease, and `here` is the
    account and region in which it runs. The last four are None where a caller needs none.
    """

    ledger: Ledger
    images: Images
    scans: Scans
    services: Services
    standalone: StandaloneTasks
    scheduled: ScheduledTasks
    revisions: Revisions
    rule_targets: RuleTargets
    schedule_targets: ScheduleTargets
    watchers: Watchers
    topic: Topic
    targets: Targets
    here: Place
    holder: str
    lease_seconds: int
    now: datetime
    load_balancers: LoadBalancers | None = None
    alarms: Alarms | None = None
    logs: Logs | None = None
    counts: Counts | None = None
