"""A small AWS in memory behind the Protocols of `flow/ports.py`, with a fault where one is wanted.

Every port call is an act: `Aws.acts` lists the writes in order, and a `Fault` breaks one call,
before or after its effect.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from fnmatch import fnmatch
from typing import Any, TypeVar

from chalicelib.errors import Conflict, Refused, Unreadable
from chalicelib.flow.ports import World
from chalicelib.model.deployments import Delivery, Deployment, Notice
from chalicelib.model.heads import Head
from chalicelib.model.health import TargetHealth
from chalicelib.model.images import Image
from chalicelib.model.outcomes import Outlines
from chalicelib.model.revisions import ServiceUse
from chalicelib.model.runs import StandaloneTask
from chalicelib.model.scans import Scan
from chalicelib.model.scheduled import FollowSettings, Kind, ScheduledTask, ScheduledTasksFound
from chalicelib.model.services import (
    EcsDeployment,
    RunningTask,
    Service,
    ServiceDeployment,
    ServiceTask,
    ServiceTasks,
    StoppedContainer,
    StoppedTask,
)
from chalicelib.model.stages import Hook
from chalicelib.model.targets import Targets
from chalicelib.model.task_definitions import TaskDefinition, short_name
from chalicelib.model.times import RolloutTimes, TaskTimes
from tests.fixtures import examples

_Key = TypeVar("_Key")
_Found = TypeVar("_Found")
READS = {
    "head", "deployment", "read_heads", "read_deployments", "service_of",
    "unfinished", "history", "outlines", "image", "tagged", "scan",
    "service", "services",
    "service_deployment", "newest_service_deployment", "service_deployments_since",
    "revision_task_definition",
    "task_definition", "newest_revisions", "stopped_tasks", "running_tasks", "alive",
    "express_task_definitions",
    "target_health", "service_tasks", "task_settings", "standalone_task", "find_task",
    "found", "scheduled_task", "ended_tasks", "rollout_times", "task_times",
    "active", "clusters", "uses", "tasks", "task_definitions",
}  # fmt: skip


_ECS = {"register", "update", "stop", "run_task", "stop_task", "deregister"}


class Died(BaseException):
    """The process ended here: no code of ours may catch it."""


@dataclass
class Fault:
    """Call number `call` (counted from 0) of `name` (empty: of any port) raises `error`."""

    call: int
    error: BaseException
    after: bool = False
    name: str = ""


class Port:
    """A port whose every call is counted, may break, and is listed when it writes."""

    def __init__(self, real: object, aws: Aws) -> None:
        self._real, self._aws = real, aws

    def __getattr__(self, name: str) -> Any:
        def call(*arguments: Any, **keywords: Any) -> Any:
            fault = self._aws.next_fault(name)
            if fault and not fault.after:
                raise fault.error
            answer = getattr(self._real, name)(*arguments, **keywords)
            if name not in READS and name != "save":
                told = arguments[0].status if name == "publish" else arguments[-1]
                told = told["clientToken"].rsplit("-", 1)[1] if name == "run_task" else told
                told = short_name(told) if isinstance(told, str) else told
                self._aws.acts.append(name if name == "register" else f"{name} {told}")
            if fault:
                raise fault.error
            return answer

        return call


class Ledger:
    def __init__(self) -> None:
        self.heads: dict[str, Head] = {}
        self.records: dict[tuple[str, str], Deployment] = {}
        self.writes = 0

    def head(self, service: str) -> Head | None:
        return self.heads.get(service)

    def deployment(self, service: str, deployment: str) -> Deployment | None:
        return self.records.get((service, deployment))

    def read_heads(self, services: Sequence[str]) -> Mapping[str, Head | Unreadable]:
        return _readable(self.head, {name: (name,) for name in services})

    def read_deployments(
        self, keys: Sequence[tuple[str, str]]
    ) -> Mapping[tuple[str, str], Deployment | Unreadable]:
        return _readable(self.deployment, {key: key for key in keys})

    def service_of(self, deployment: str) -> str | None:
        return next((service for service, one in self.records if one == deployment), None)

    def save(self, head: Head, deployment: Deployment | None = None) -> Head:
        known = self.heads.get(head.service)
        if (known.version if known else 0) != head.version:
            raise Conflict(head.service)
        # Through JSON and back, as a table would: what cannot be written cannot be faked.
        after = head.model_copy(update={"version": head.version + 1})
        self.heads[head.service] = Head.model_validate_json(after.model_dump_json())
        if deployment is not None:
            written = Deployment.model_validate_json(deployment.model_dump_json())
            self.records[deployment.service, deployment.id] = written
        self.writes += 1
        return after

    def unfinished(self) -> Sequence[tuple[str, str]]:
        return [key for key, record in self.records.items() if not record.finished]

    def history(self, service: str, limit: int) -> Sequence[Deployment]:
        own = [record for (name, _), record in self.records.items() if name == service]
        return sorted(own, key=lambda record: record.id, reverse=True)[:limit]

    def outlines(self, service: str, behind: str, limit: int) -> Outlines:
        own = self.history(service, len(self.records))
        found = [record for record in reversed(own) if record.id > f"{behind}!"]
        more = found[limit - 1].id if len(found) > limit else ""
        return Outlines(records=tuple(found[:limit]), behind=more)


def _readable(
    read: Callable[..., _Found | None], asked: Mapping[_Key, tuple[str, ...]]
) -> Mapping[_Key, _Found | Unreadable]:
    """What the keys lead to, or the error in its place."""
    found: dict[_Key, _Found | Unreadable] = {}
    for key, arguments in asked.items():
        try:
            if (one := read(*arguments)) is not None:
                found[key] = one
        except Unreadable as error:
            found[key] = error
    return found


class Images:
    def __init__(self) -> None:
        self.all: list[Image] = []

    def image(self, repository: str, reference: str) -> Image | None:
        own = (one for one in self.all if one.repository == repository)
        return next((one for one in own if reference in {one.digest, *one.tags}), None)

    def tagged(self, repository: str) -> Sequence[Image]:
        found = [one for one in self.all if one.repository == repository and one.tags]
        return sorted(found, key=lambda one: one.pushed_at)


class Scans:
    def __init__(self) -> None:
        self.all: dict[str, Scan] = {}

    def scan(self, repository: str, digest: str) -> Scan:
        return self.all.get(digest, Scan(state="waiting"))


class Services:
    """ECS: rollouts move only when a test says how (`complete`, `fail`, `breaker`, …)."""

    def __init__(self) -> None:
        self.all: dict[str, Service] = {}
        self.definitions: dict[str, TaskDefinition] = {}
        self.service_deployments: dict[str, list[ServiceDeployment]] = {}
        self.ended: list[StoppedTask] = []
        self.tasks: list[ServiceTask] = []
        self.times: list[TaskTimes] = []
        self.alters: dict[str, Any] = {}
        self.shown: dict[str, Service] = {}  # what is still answered of a service
        self.hidden: set[str] = set()  # service deployments that are not shown yet, by ARN
        self.now: datetime | None = None
        self.express: Sequence[str] = ()  # what DescribeExpressGatewayService names
        self.runs: dict[str, StandaloneTask] = {}  # the standalone tasks, by their tokens
        self.requests: list[Mapping[str, Any]] = []  # what RunTask was asked for
        self.refusals: list[Exception] = []  # what RunTask answers first
        self.scheduled_runs: list[StandaloneTask] = []  # ended tasks of rules and schedules
        self.unshown: set[str] = set()  # tokens whose tasks ECS does not show (any more)

    # What Slipway asks

    def service(self, cluster: str, service: str) -> Service | None:
        name = f"{cluster}/{service}"
        return self.shown.get(name) or self.all.get(name)

    def services(self, cluster: str, services: Sequence[str]) -> Sequence[Service]:
        found = (self.all.get(f"{cluster}/{service}") for service in services)
        return [one for one in found if one is not None]

    def service_deployment(self, arn: str) -> ServiceDeployment | None:
        every = [one for name in self.service_deployments for one in self._listed(name)]
        return next((one for one in every if one.arn == arn), None)

    def _listed(self, name: str) -> list[ServiceDeployment]:
        own = self.service_deployments.get(name, [])
        return [one for one in own if one.arn not in self.hidden]

    def newest_service_deployment(
        self, cluster: str, service: str, status: str | None = None
    ) -> ServiceDeployment | None:
        own = self._listed(f"{cluster}/{service}")
        return next((one for one in reversed(own) if status in {None, one.status}), None)

    def service_deployments_since(
        self, cluster: str, service: str, since: datetime
    ) -> Sequence[ServiceDeployment]:
        own = self._listed(f"{cluster}/{service}")
        return [one for one in reversed(own) if one.created_at and one.created_at > since]

    def revision_task_definition(self, service_revision: str) -> str:
        return service_revision.partition("|")[2]

    def task_definition(self, name: str) -> TaskDefinition | None:
        if ":" in name:
            return self.definitions.get(name)
        newest = self.newest_revisions(name)
        return self.definitions[newest[0]] if newest else None

    def newest_revisions(self, family: str) -> Sequence[str]:
        own = [one for one in self.definitions.values() if one.family == family and one.active]
        own.sort(key=lambda one: one.body["revision"], reverse=True)
        return [one.arn for one in own][:10]

    def register(self, registration: Mapping[str, Any]) -> TaskDefinition:
        body = {**copy.deepcopy(dict(registration)), **self.alters}
        tags = {tag["key"]: tag["value"] for tag in body.pop("tags")}
        family = body["family"]
        known = [one.body["revision"] for one in self.definitions.values() if one.family == family]
        body |= {"revision": max(known, default=0) + 1, "status": "ACTIVE"}
        body["taskDefinitionArn"] = examples.revision(body["revision"], family)
        made = TaskDefinition(body=body, tags=tags)
        self.definitions[made.arn] = made
        return made

    def inactive(self, revision: str) -> None:
        """The revision is deregistered, by Slipway or by anybody."""
        known = self.definitions[revision]
        self.definitions[revision] = TaskDefinition(
            body={**known.body, "status": "INACTIVE"}, tags=known.tags
        )

    def express_task_definitions(self, service: str) -> Sequence[str]:
        return self.express

    def update(self, cluster: str, service: Service, task_definition: str) -> Service:
        name = f"{cluster}/{service.name}"
        definition = self.definitions.get(task_definition)
        if definition is not None and not definition.active:
            raise Refused("ECS answered ClientException: TaskDefinition is inactive")
        primary = self.all[name].primary
        if primary is None or primary.task_definition != task_definition:
            self.begin(name, task_definition)
        return self.shown.get(name) or self.all[name]

    def stop(self, service_deployment: str) -> None:
        for name, own in self.service_deployments.items():
            for one in own:
                if one.arn == service_deployment:
                    if one.status not in {"PENDING", "IN_PROGRESS"}:
                        raise Refused(f"could not stop the service deployment: it is {one.status}")
                    self.breaker(name, "stopped by a user")

    def answer_hook(self, service_deployment: str, hook: str, *, back: bool) -> None:
        for name, own in self.service_deployments.items():
            if own[-1].arn == service_deployment:
                if not own[-1].waiting_hooks:
                    raise Refused("could not continue the service deployment: no hook waits")
                if back:
                    self.breaker(name, f"the hook {hook} failed")
                else:
                    self.stage(name, "PRODUCTION_TRAFFIC_SHIFT", 100)

    def stopped_tasks(
        self, cluster: str, service: str, ecs_deployment: str
    ) -> Sequence[StoppedTask]:
        return tuple(self.ended)

    def running_tasks(
        self, cluster: str, service: str, ecs_deployment: str
    ) -> Sequence[RunningTask]:
        return ()

    def service_tasks(self, cluster: str, service: str) -> ServiceTasks:
        return ServiceTasks(tasks=tuple(self.tasks), complete=len(self.tasks) < 500)

    def rollout_times(self, cluster: str, service: str) -> RolloutTimes:
        found = self.all.get(f"{cluster}/{service}")
        return RolloutTimes(events=found.events if found else ())

    def task_times(self, cluster: str, ids: Sequence[str]) -> Sequence[TaskTimes]:
        return [task for task in self.times if task.id in ids]

    def task_settings(self, cluster: str, service: str) -> Mapping[str, Any]:
        return {"cluster": cluster, "launchType": "FARGATE"}

    def run_task(self, request: Mapping[str, Any]) -> str:
        token = request["clientToken"]
        self.requests.append(request)
        if token not in self.runs:
            if self.refusals:
                raise self.refusals.pop(0)
            arn = f"{examples.ARN}:task/{request['cluster']}/run-{len(self.runs) + 1}"
            container = request["overrides"]["containerOverrides"][0]["name"]
            end = StoppedTask(id=arn, containers=(StoppedContainer(name=container),))
            self.runs[token] = StandaloneTask(arn=arn, status="PROVISIONING", end=end)
        return self.runs[token].arn

    def standalone_task(self, cluster: str, task: str) -> StandaloneTask | None:
        shown = (one for token, one in self.runs.items() if token not in self.unshown)
        return next((one for one in shown if one.arn == task), None)

    def find_task(self, cluster: str, family: str, started_by: str) -> StandaloneTask | None:
        token = started_by.removeprefix("slipway/")
        return None if token in self.unshown else self.runs.get(token)

    def ended_tasks(self, cluster: str, family: str) -> Sequence[StandaloneTask]:
        return [one for one in self.scheduled_runs if f"/{family}:" in one.task_definition]

    def stop_task(self, cluster: str, task: str, reason: str) -> None:
        for token, one in self.runs.items():
            if one.arn == task and not one.stopped:
                self.ends(143, token=token, stop_code="UserInitiated")

    # What happens in ECS

    def runs_now(self) -> None:
        """The newest standalone task runs."""
        token, one = list(self.runs.items())[-1]
        end = one.end.model_copy(update={"started_at": self.now})
        self.runs[token] = StandaloneTask(arn=one.arn, status="RUNNING", end=end)

    def ends(
        self, code: int | None, *, token: str = "", stop_code: str = "EssentialContainerExited"
    ) -> None:
        """The standalone task of this token, or the newest, has ended with this exit code."""
        token = token or list(self.runs)[-1]
        one = self.runs[token]
        containers = tuple(
            StoppedContainer(name=each.name, exit_code=code) for each in one.end.containers
        )
        started = one.end.started_at or (None if code is None else self.now)
        end = StoppedTask(
            id=one.end.id,
            stop_code=stop_code,
            containers=containers,
            started_at=started,
            stopped_at=self.now,
        )
        self.runs[token] = StandaloneTask(arn=one.arn, status="STOPPED", ending=True, end=end)

    def begin(self, name: str, task_definition: str) -> None:
        """A rollout begins, ours or anybody's; the one under way is stopped."""
        service = self.all[name]
        own = self.service_deployments.setdefault(name, [])
        if own and own[-1].status in {"IN_PROGRESS", "ROLLBACK_IN_PROGRESS"}:
            own[-1] = own[-1].model_copy(update={"status": "STOPPED"})
        number = len(own) + 1
        created_at = self.now and self.now + timedelta(milliseconds=number)
        own.append(
            ServiceDeployment(
                arn=f"{examples.ARN}:service-deployment/{name}/{number}",
                status="IN_PROGRESS",
                created_at=created_at,
                target_revision=f"{examples.ARN}:service-revision/{name}/{number}|{task_definition}",
            )
        )
        primary = EcsDeployment(
            id=f"ecs-svc/{name}/{number}",
            status="PRIMARY",
            task_definition=task_definition,
            desired=service.desired,
            rollout_state="IN_PROGRESS",
            created_at=created_at,
        )
        old = tuple(one.model_copy(update={"status": "ACTIVE"}) for one in service.deployments)
        self._set(name, (primary, *old), service_deployment=own[-1].arn)

    def complete(self, name: str) -> None:
        self._settle(name, "SUCCESSFUL")

    def breaker(self, name: str, reason: str = "circuit breaker: tasks failed to start") -> None:
        """ECS rolls back: the deployment before becomes PRIMARY again, under its old id."""
        failed, before = self.all[name].deployments[:2]
        self._end(name, "ROLLBACK_IN_PROGRESS", rollback_reason=reason)
        self._set(
            name,
            (
                before.model_copy(update={"status": "PRIMARY", "rollout_state": "IN_PROGRESS"}),
                failed.model_copy(update={"status": "ACTIVE", "rollout_state": "FAILED"}),
            ),
        )

    def stage(self, name: str, stage: str, traffic: float = 0, *hooks: Hook) -> None:
        """The service deployment under way is in this stage, and these hooks are in it."""
        own = self.service_deployments[name]
        own[-1] = own[-1].model_copy(update={"stage": stage, "traffic": traffic, "hooks": hooks})

    def rolled_back(self, name: str) -> None:
        self._settle(name, "ROLLBACK_SUCCESSFUL")

    def stopped(self, name: str) -> None:
        """ECS gives up without a rollback configured."""
        self._end(name, "STOPPED", reason="tasks failed to start")
        primary, *others = self.all[name].deployments
        self._set(name, (primary.model_copy(update={"rollout_state": "FAILED"}), *others))

    def _settle(self, name: str, status: str) -> None:
        service = self.all[name]
        self._end(name, status)
        primary = service.deployments[0].model_copy(
            update={"rollout_state": "COMPLETED", "running": service.desired}
        )
        self._set(name, (primary,))

    def _end(self, name: str, status: str, **fields: str) -> None:
        own = self.service_deployments[name]
        own[-1] = own[-1].model_copy(update={"status": status, **fields})

    def _set(self, name: str, deployments: tuple[EcsDeployment, ...], **fields: str) -> None:
        own = "" if self.all[name].express else deployments[0].task_definition
        update = {"deployments": deployments, "task_definition": own}
        self.all[name] = self.all[name].model_copy(update={**update, **fields})


class Scheduled:
    """Rules and schedules: `all` as AWS holds them, `stale` as it still shows them."""

    def __init__(self) -> None:
        self.all: dict[tuple[str, str, str], ScheduledTask] = {}
        self.stale: dict[tuple[str, str, str], ScheduledTask] = {}
        self.refusals: list[Exception] = []  # what PutTargets or UpdateSchedule answer first

    def add(self, kind: Kind, name: str, task_definition: str, **body: Any) -> None:
        """A rule's ECS target, or a schedule, that names this task definition."""
        target = "Id1" if kind == "rule" else ""
        named = {"EcsParameters": {"TaskDefinitionArn": task_definition}, **body}
        self.all[kind, name, target] = ScheduledTask(
            kind=kind,
            name=name,
            target=target,
            task_definition=task_definition,
            cluster=examples.CLUSTER,
            body=named,
        )

    def names(self, name: str) -> str:
        """`family:revision` that the rule or schedule of this name runs."""
        return short_name(
            next(one.task_definition for one in self.all.values() if one.name == name)
        )

    def found(self, settings: FollowSettings) -> ScheduledTasksFound:
        found: list[ScheduledTask] = []
        missing: list[str] = []
        for kind, patterns in (("rule", settings.rules), ("schedule", settings.schedules)):
            for pattern in patterns:
                own = [
                    self.scheduled_task(*key)
                    for key in self.all
                    if key[0] == kind and fnmatch(key[1], pattern)
                ]
                found += filter(None, own)
                missing += [] if own else [f"{kind} {pattern}"]
        return ScheduledTasksFound(tasks=tuple(found), missing=tuple(missing))

    def scheduled_task(self, kind: str, name: str, target: str) -> ScheduledTask | None:
        key = (kind, name, target)
        return self.stale.get(key) or self.all.get(key)

    def move(self, task: ScheduledTask, revision: str) -> None:
        if self.refusals:
            raise self.refusals.pop(0)
        key = (task.kind, task.name, task.target)
        body = {**task.body, "EcsParameters": {"TaskDefinitionArn": revision}}
        update = {"task_definition": revision, "body": body}
        self.all[key] = task.model_copy(update=update)


class Revisions:
    """The revisions of the simulated ECS, and what runs in the account beside its services."""

    def __init__(self, services: Services) -> None:
        self._services = services
        self.others: list[ServiceUse] = []  # services that are no targets
        self.run_by_tasks: list[str] = []

    def active(self, family: str) -> Sequence[str]:
        every = self._services.definitions.values()
        own = [one for one in every if one.family == family and one.active]
        own.sort(key=lambda one: one.body["revision"], reverse=True)
        return [one.arn for one in own]

    def clusters(self) -> Sequence[str]:
        return [f"{examples.ARN}:cluster/{examples.CLUSTER}"]

    def uses(self, clusters: Sequence[str]) -> Sequence[ServiceUse]:
        own = [
            ServiceUse(
                name=name,
                revisions=tuple(each.task_definition for each in service.deployments),
                rolls_out=any(each.rollout_state == "IN_PROGRESS" for each in service.deployments),
            )
            for name, service in self._services.all.items()
        ]
        return [*own, *self.others]

    def tasks(self, clusters: Sequence[str], family: str) -> Sequence[str]:
        return self.run_by_tasks

    def deregister(self, revision: str) -> None:
        self._services.inactive(revision)


class Named:
    """What the rules, or the schedules, of the account name."""

    def __init__(self) -> None:
        self.all: list[str] = []

    def task_definitions(self, *clusters: Sequence[str]) -> Sequence[str]:
        return self.all


class LoadBalancers:
    """What load balancers say of targets, by target group."""

    def __init__(self) -> None:
        self.health: dict[str, tuple[TargetHealth, ...]] = {}

    def target_health(self, target_group: str) -> Sequence[TargetHealth]:
        return self.health[target_group]


class Watchers:
    def __init__(self) -> None:
        self.running: set[tuple[str, int]] = set()

    def start(self, deployment: str, number: int) -> None:
        self.running.add((deployment, number))

    def alive(self, deployment: str, number: int) -> bool:
        return (deployment, number) in self.running


class Topic:
    def __init__(self) -> None:
        self.published: list[Notice] = []

    def publish(
        self, notice: Notice, deployment: str, service: str, record: Deployment | None = None
    ) -> Delivery:
        self.published.append(notice)
        return Delivery()


@dataclass
class Aws:
    """All ports over one state; `world()` is one invocation, a minute after the one before."""

    targets: Targets = field(default_factory=examples.targets)
    ledger: Ledger = field(default_factory=Ledger)
    images: Images = field(default_factory=Images)
    scans: Scans = field(default_factory=Scans)
    services: Services = field(default_factory=Services)
    scheduled: Scheduled = field(default_factory=Scheduled)
    revisions: Revisions = field(init=False)
    rules: Named = field(default_factory=Named)
    schedules: Named = field(default_factory=Named)
    load_balancers: LoadBalancers = field(default_factory=LoadBalancers)
    watchers: Watchers = field(default_factory=Watchers)
    topic: Topic = field(default_factory=Topic)
    acts: list[str] = field(default_factory=list)
    calls: list[str] = field(default_factory=list)
    faults: list[Fault] = field(default_factory=list)
    now: datetime = examples.NOW
    invocations: int = 0

    def __post_init__(self) -> None:
        self.revisions = Revisions(self.services)

    def world(self, after: float = 60) -> World:
        self.now += timedelta(seconds=after)
        self.invocations += 1
        self.services.now = self.now
        return World(
            ledger=Port(self.ledger, self),
            images=Port(self.images, self),
            scans=Port(self.scans, self),
            services=Port(self.services, self),
            standalone=Port(self.services, self),
            scheduled=Port(self.scheduled, self),
            revisions=Port(self.revisions, self),
            rule_targets=Port(self.rules, self),
            schedule_targets=Port(self.schedules, self),
            load_balancers=Port(self.load_balancers, self),
            watchers=Port(self.watchers, self),
            topic=Port(self.topic, self),
            targets=self.targets,
            here=examples.PLACE,
            holder=f"invocation-{self.invocations}",
            lease_seconds=90,
            now=self.now,
        )

    def next_fault(self, name: str) -> Fault | None:
        """The fault of this call, if any; a fault breaks one call and is gone."""
        self.calls.append(name)
        for fault in self.faults:
            counted = self.calls if not fault.name else [one for one in self.calls if one == name]
            if fault.name in {"", name} and len(counted) == fault.call + 1:
                self.faults.remove(fault)
                return fault
        return None

    def restart(self) -> None:
        """Count calls from 0 again."""
        self.calls.clear()

    @property
    def ecs_acts(self) -> list[str]:
        return [act for act in self.acts if act.split()[0] in _ECS]

    @property
    def told(self) -> list[str]:
        """The statuses that people were told of deployments, without notices of a hold alone."""
        return [
            notice.status.value
            for notice in self.topic.published
            if not notice.id.startswith("hold-")
        ]

    def record(self, service: str = examples.NAME) -> Deployment:
        """The newest record of a service."""
        return self.ledger.history(service, 1)[0]


def aws(*targets: Any) -> Aws:
    """The examples' services, each running revision 7 steadily; the examples' image is in ECR."""
    made = Aws(targets=examples.targets(*targets))
    made.services.now = examples.at(-86_400)
    seven = examples.task_definition(7)
    made.services.definitions[seven.arn] = seven
    made.images.all.append(examples.image())
    for target in made.targets.all:
        name = target.name
        if target.is_task:
            continue
        made.services.all[name] = examples.service(desired=2).model_copy(
            update={"name": target.service, "deployments": ()}
        )
        made.services.begin(name, seven.arn)
        made.services.complete(name)
    return made
