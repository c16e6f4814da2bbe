"""One service of one scenario on a simulated ECS, before, during and after a tool's update.

    trial = Trial("backend", scenario, client, ecs, clock, ship)
    trial.build()                 # then let time pass until trial.ready
    trial.begin()                 # then let the tool deploy trial.tag()

It works in one process on a virtual clock and on the embedded AWS. Before the update, people act
through `client`. After it, the simulated ECS acts by itself, on `clock`.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal

from embedded.clock.clock import Clock
from embedded.services.ecs import Ecs, Fault, Place
from embedded.services.ecs.service import Service
from embedded.services.ecs.simulation import HookFunction
from embedded.services.ecs.tasks import Task
from example import conflicto
from example.certainty import Certainty, certainty

Verdict = Literal["successful", "failed", "superseded"]
Build = Literal["first", "earlier", "new", "newer"]
Runs = Build | Literal["nothing"]  # whose tasks are healthy at the end
Settings = Mapping[str, Any]

CLUSTER = "conflicto-dev"
BUILDS: tuple[Build, ...] = ("first", "earlier", "new", "newer")
_PLACE = Place(conflicto.ACCOUNT, conflicto.REGION)
_LOOKS = 3600  # once a second
_BREAKER = {
    "deploymentConfiguration": {"deploymentCircuitBreaker": {"enable": True, "rollback": True}}
}
_REPLICA = {
    "launchType": "FARGATE",
    "desiredCount": 2,
    "networkConfiguration": {
        "awsvpcConfiguration": {"subnets": ["subnet-0a"], "securityGroups": ["sg-0a"]}
    },
    **_BREAKER,
}
_DAEMON = {"launchType": "EC2", **_BREAKER}


Acts = Callable[["Trial"], None]


@dataclass(frozen=True)
class Scenario:
    """One rollout: how the service is made, what goes wrong, what a tool must say, what runs.

    `right` is the verdict that a tool must reach; `runs` is whose tasks are healthy at the end.
    `fault` strikes the tasks of the new image, `first_fault` those of the first image. `happens`
    acts from the update on. With `earlier`, the tool itself has deployed the revision that runs.
    `functions` are the Lambda functions of its lifecycle hooks, by ARN. With `events_lost`, no
    event of ECS about the service arrives.
    `container` is added to the container definition; a `sidecar` is listed before it. With
    `old_arn` the service's ARN does not name its cluster.
    """

    name: str
    story: str
    right: Verdict = "successful"
    runs: Runs = "new"
    service: Settings = field(default_factory=dict)
    container: Settings = field(default_factory=dict)
    fault: Fault | None = None
    first_fault: Fault | None = None
    earlier: bool = False
    sidecar: Settings = field(default_factory=dict)
    old_arn: bool = False
    functions: Mapping[str, HookFunction] = field(default_factory=dict)
    events_lost: bool = False
    happens: Acts | None = None


@dataclass
class Trial:
    """One service of one scenario on a simulated ECS.

    `ship(trial, build)` deploys an image as users of the tool do: with `docker push` where a push
    deploys, else with a run of their pipeline. It must not block the clock's thread.
    """

    name: str
    scenario: Scenario
    client: conflicto.Client
    ecs: Ecs
    clock: Clock
    ship: Callable[[Trial, Build], None]
    _certain: Certainty | None = field(default=None, init=False)

    @property
    def service_name(self) -> str:
        return f"conflicto-{self.name}-service-dev"

    @property
    def key(self) -> str:
        return f"{CLUSTER}/{self.service_name}"

    @property
    def repository(self) -> str:
        """The repository of the images; the task definition's family has the same name."""
        return f"conflicto-{self.name}-dev"

    @property
    def service(self) -> Service:
        return self.ecs.service(self.key)

    @property
    def ready(self) -> bool:
        """Whether no rollout is under way, so that the service is built."""
        return self.service.ongoing is None

    def tag(self, build: Build = "new") -> str:
        """A tag like a commit's, different for every image of every service.

        The first image's tag is not like a commit's, so that a tool does not deploy its push.
        """
        commit = hashlib.sha256(f"{self.name}/{build}".encode()).hexdigest()[:10]
        return f"first-{commit}" if build == "first" else commit

    def digest(self, build: Build = "new") -> str:
        return conflicto.digest_of(self._source(build))

    def push(self, build: Build) -> None:
        """Push the image to ECR, as the tools' pipelines all do."""
        conflicto.push(self.client, self.repository, [self.tag(build)], self._source(build))

    def build(self) -> None:
        """Make repository, task definition and service; the first rollout begins."""
        chosen, ecs = self.scenario, self.client("ecs")
        self.client("ecr").create_repository(repositoryName=self.repository)
        self.client("logs").create_log_group(logGroupName=f"/ecs/{self.repository}")
        self.push("first")
        self._strike("first", chosen.first_fault)
        registered = ecs.register_task_definition(**self.definition("first"))
        strategy: dict[str, Any] = _REPLICA
        if chosen.service.get("schedulingStrategy") == "DAEMON":
            self.ecs.set_container_instances(CLUSTER, 2)
            strategy = _DAEMON
        settings = {**strategy, **chosen.service}
        self.ecs.hooks.update(chosen.functions)
        for balancer in settings.get("loadBalancers", ()):
            balancer["containerName"] = f"conflicto-{self.name}"
        if chosen.old_arn:
            self.ecs.simulation.short_arns.add(self.key)
        ecs.create_service(
            cluster=CLUSTER,
            serviceName=self.service_name,
            taskDefinition=registered["taskDefinition"]["taskDefinitionArn"],
            **settings,
        )

    def definition(self, build: Build) -> dict[str, Any]:
        """What RegisterTaskDefinition takes, with this build's image."""
        image = f"{conflicto.repository_uri(self.repository)}:{self.tag(build)}"
        definition = conflicto.task_definition("gunicorn_fargate", self.name, "dev", image)
        definition["containerDefinitions"][0] |= self.scenario.container
        if self.scenario.sidecar:
            definition["containerDefinitions"].insert(0, dict(self.scenario.sidecar))
        if self.scenario.service.get("schedulingStrategy") == "DAEMON":
            definition |= {"requiresCompatibilities": ["EC2"]}
        return definition

    def begin(self) -> None:
        """Prepare the fault and what happens; the tool's update comes next."""
        self._strike("new", self.scenario.fault)
        if self.scenario.events_lost:
            self.ecs.lose_events(self.key)
        self.when(lambda: self.certain_at, lambda: None)
        if self.scenario.happens is not None:
            self.scenario.happens(self)

    @property
    def certain_at(self) -> datetime | None:
        """When the end of the new image's rollout became certain; None while it is not."""
        return self.certain.at if self.certain is not None else None

    @property
    def certain(self) -> Certainty | None:
        """What made the end of the new image's rollout certain; None while nothing has.

        It is looked for every second and kept, since ECS forgets tasks and deleted services.
        """
        if self._certain is None:
            tasks = self.ecs.tasks(self.key)
            fault = self.scenario.fault
            self._certain = certainty(self.service, tasks, self._is_new, fault)
        return self._certain

    def builds(self, images: tuple[str, ...]) -> set[Build]:
        """Which builds these image URIs name, by tag or by digest."""
        return {
            build
            for build in BUILDS
            for image in images
            if self.tag(build) in image or self.digest(build) in image
        }

    def running(self, build: Build = "new") -> list[Task]:
        """The tasks of a build that run and are not told to stop."""
        return [
            task
            for task in self.service.tasks
            if task.live
            and task.last_status == "RUNNING"
            and build in self.builds(task.definition.images)
        ]

    def runs(self) -> set[Runs]:
        """Whose tasks are healthy now."""
        healthy = (task for task in self.service.tasks if task.live and task.healthy)
        found = {build for task in healthy for build in self.builds(task.definition.images)}
        return {*found} or {"nothing"}

    def when(self, reached: Callable[[], object], act: Callable[[], None]) -> None:
        """Act once `reached()` is true; look every second, for an hour at most."""
        looks = iter(range(_LOOKS))

        def look() -> None:
            if reached():
                act()
            elif next(looks, None) is not None:
                self.clock.call_later(1, look)

        look()

    def half_way(self, act: Callable[[], None]) -> None:
        """Act when the first task of the new image runs, while the old ones still run."""
        self.when(self.running, act)

    def person(self, operation: str, **request: Any) -> dict[str, Any]:
        """Call an operation as a person does in the console."""
        return self.ecs.call(_PLACE, operation, {"cluster": CLUSTER, **request})

    def _is_new(self, images: tuple[str, ...]) -> bool:
        return "new" in self.builds(images)

    def _source(self, build: Build) -> str:
        return f"{self.name}: the {build} image"

    def _strike(self, build: Build, fault: Fault | None) -> None:
        """By digest and by tag: a tool may write either into the task definition."""
        if fault is not None:
            self.ecs.faults.image(self.digest(build), fault)
            self.ecs.faults.image(f":{self.tag(build)}", fault)
