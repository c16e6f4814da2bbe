"""The service scheduler: compares what a service wants with what runs, and starts and stops tasks.

It looks at a service a moment after anything about it has changed. Its parts: `placement` starts
tasks, `lifecycle` moves them through their states, `reports` takes what they report, `throttle`
delays starts after failures, `breaker` counts the failures, `deployments` and `failures` change the
deployments.

Documented: the percentages (see `rollout`).
Inferred: a failing task keeps its place until it is STOPPED; only the PRIMARY deployment starts
tasks.
"""

from __future__ import annotations

from embedded.services.ecs import alarms, words
from embedded.services.ecs.breaker import Breaker
from embedded.services.ecs.deployments import Deployments
from embedded.services.ecs.events import Events
from embedded.services.ecs.failures import Failures
from embedded.services.ecs.hook_runs import HookRuns
from embedded.services.ecs.lifecycle import Lifecycle
from embedded.services.ecs.names import Place
from embedded.services.ecs.placement import Placement
from embedded.services.ecs.reports import Reports
from embedded.services.ecs.rollout import Counts, Moves, early_success, moves_alone, next_moves
from embedded.services.ecs.service import Deployment, Service
from embedded.services.ecs.service_deployments import ServiceDeployment, ServiceRevision
from embedded.services.ecs.simulation import Simulation
from embedded.services.ecs.stages import Stages
from embedded.services.ecs.strategy import POST_SCALE_UP, PRE_SCALE_UP
from embedded.services.ecs.tasks import Task
from embedded.services.ecs.throttle import Throttle


class Scheduler:
    """The service scheduler of one account and region.

    `services` are all services there, by CLUSTER/SERVICE, and `tasks` all tasks, by id.
    """

    def __init__(
        self,
        simulation: Simulation,
        place: Place,
        services: dict[str, Service],
        tasks: dict[str, Task],
    ) -> None:
        self._simulation = simulation
        self._events = events = Events(simulation, place)
        self._deployments = deployments = Deployments(simulation, place, events, self.wake)
        self.failures = Failures(simulation, events, deployments, self.wake)
        self._breaker = counter = Breaker(simulation, events, deployments, self.failures)
        throttle = Throttle(simulation, self.wake)
        reports = Reports(simulation, services, tasks, deployments, throttle, counter, self.wake)
        self.hooks = hooks = HookRuns(simulation, events, self.advance)
        self._stages = Stages(
            simulation, deployments, self.failures, hooks, self.wake, self._bear_traffic
        )
        self.lifecycle = Lifecycle(simulation, place, events, reports)
        self._placement = Placement(
            simulation, place, tasks, events, deployments, self.lifecycle, throttle, counter
        )

    def deploy(self, service: Service, revision: ServiceRevision) -> Deployment:
        """Begin a deployment of `revision`, which the circuit breaker watches."""
        deployment = self._deployments.begin(service, revision)
        self._breaker.watch(service)
        return deployment

    def alarm(self, service: Service, name: str) -> bool:
        """A CloudWatch alarm goes off; False when no ongoing deployment watches it."""
        return alarms.trigger(service, name, self.failures)

    def advance(self, service: Service) -> None:
        """A hook of the ongoing deployment has ended."""
        self._stages.advance(service)

    def _bear_traffic(self, deployment: Deployment) -> None:
        for task in deployment.live:
            self.lifecycle.bear_traffic(task)

    def wake(self, service: Service) -> None:
        """Look at `service` in a moment; several changes until then make one look."""
        if not service.wake_pending:
            service.wake_pending = True
            delay = self._simulation.timings.scheduler_delay
            self._simulation.later(delay, lambda: self._look(service))

    def _look(self, service: Service) -> None:
        service.wake_pending = False
        primary, ongoing = service.primary, service.ongoing
        if ongoing is not None and ongoing.status == "PENDING":
            return  # its launch wakes the scheduler again
        if service.status != "ACTIVE":
            self._drain(service)
        elif primary is not None:
            self._go_on(service, primary)
        service.count_tasks()

    def _go_on(self, service: Service, primary: Deployment) -> None:
        ongoing = service.ongoing
        if ongoing is not None and ongoing.steps:
            self._keep_sizes(service, primary, ongoing)
            self._stages.advance(service)
            return
        if ongoing is not None and not self._stages.passes(service, ongoing, PRE_SCALE_UP):
            self._hold(service, ongoing.source_id)
            return
        self._move(service, primary, _moves(service, primary))
        if service.primary is primary:
            self._conclude(service, primary)

    def _drain(self, service: Service) -> None:
        for deployment in service.deployments:
            deployment.desired_count = 0
            self._stop(service, deployment.live, deployment.id)
        if not service.tasks:
            service.status = "INACTIVE"
            service.deployments.clear()

    def _keep_sizes(
        self, service: Service, primary: Deployment, ongoing: ServiceDeployment
    ) -> None:
        """Keep each environment at its size, from its own revision."""
        for each in service.deployments:
            self._resize(service, each, service.desired_count if ongoing.runs(each.id) else 0)
        service.deployments = [
            each
            for each in service.deployments
            if each is primary or each.tasks or ongoing.runs(each.id)
        ]
        if _settled(service, primary):
            self._tell_steady(service)

    def _resize(self, service: Service, deployment: Deployment, wanted: int) -> None:
        deployment.desired_count = wanted
        moves = moves_alone(wanted, _present(deployment))
        excess = sorted(deployment.live, key=lambda task: task.healthy)[: moves.scale_in]
        self._stop(service, excess, service.primary.id if service.primary else deployment.id)
        if deployment.launches:
            self._placement.start(service, deployment, moves.start)

    def _hold(self, service: Service, source_id: str | None) -> None:
        """Keep the service at its size with old tasks, before the first new one starts."""
        source = service.find(source_id)
        if source is not None:
            others = (each for each in service.deployments if each is not source)
            present = sum(_present(each) for each in others)
            self._resize(service, source, max(0, service.desired_count - present))

    def _tell_steady(self, service: Service) -> None:
        if not service.steady:
            service.steady = True
            self._deployments.tell(service, words.steady(service))
            self._events.service_action(service, "INFO", "SERVICE_STEADY_STATE")

    def _move(self, service: Service, primary: Deployment, moves: Moves) -> None:
        primary.desired_count = service.desired_count
        excess = sorted(primary.live, key=lambda task: task.healthy)[: moves.scale_in]
        self._stop(service, excess, primary.id)
        if not primary.launches:
            return
        old = service.live_beside(primary)
        unhealthy = [task for task in old if not task.healthy][: moves.stop_unhealthy]
        healthy = [task for task in old if task.healthy][: moves.stop_healthy]
        self._stop(service, unhealthy + healthy, primary.id)
        self._placement.start(service, primary, moves.start)
        for each in service.deployments:
            if each is not primary:
                each.desired_count = len(each.live)
        if moves.stuck and not primary.told_stuck:
            primary.told_stuck = True
            self._deployments.tell(service, words.stuck(service))

    def _stop(self, service: Service, tasks: list[Task], deployment_id: str) -> None:
        if not tasks:
            return
        service.steady = False
        for task in tasks:
            self.lifecycle.stop(task, "ServiceSchedulerInitiated", words.scaling(deployment_id))
        balanced = [task for task in tasks if task.balanced]
        if balanced:
            group = balanced[0].target_group
            self._deployments.tell(service, words.deregistered(service, len(balanced), group))
            self._deployments.tell(service, words.draining(service, len(balanced)))
        self._deployments.tell(service, words.stopped(service, tasks))

    def _conclude(self, service: Service, primary: Deployment) -> None:
        """Recognise the steady state and the end of the deployment, which may come before it."""
        service.deployments = [
            each for each in service.deployments if each is primary or each.tasks
        ]
        settled = _settled(service, primary)
        if not primary.launches or not (settled or _early(service, primary)):
            return
        if settled:
            self._tell_steady(service)
        if _concludable(service, primary) and not self._deployments.rollback_lasts(service):
            ongoing = service.ongoing
            if ongoing is None or self._stages.passes(service, ongoing, POST_SCALE_UP):
                self._bake_or_complete(service, primary)

    def _bake_or_complete(self, service: Service, primary: Deployment) -> None:
        ongoing = service.ongoing
        minutes = service.deployment_configuration.get("bakeTimeInMinutes") or 0
        bakes = minutes and ongoing is not None and not ongoing.rolling_back
        if bakes and not primary.cleaning:
            self._deployments.bake(service, primary, minutes * 60.0)
        else:
            self._deployments.clean_up(service)


def _concludable(service: Service, primary: Deployment) -> bool:
    """Whether the deployment is under way, and not baking already."""
    ongoing: ServiceDeployment | None = service.ongoing
    if primary.rollout_state != "IN_PROGRESS" or primary.baking:
        return False
    return ongoing is None or ongoing.moves


def _settled(service: Service, primary: Deployment) -> bool:
    """Whether the PRIMARY runs all its tasks, and nothing else runs."""
    up = len(primary.tasks) == len(primary.healthy) == service.desired_count
    return up and len(service.deployments) == 1


def _early(service: Service, primary: Deployment) -> bool:
    """Whether the PRIMARY meets the early success criteria, or waits for old tasks to be gone."""
    early = service.ongoing.early if service.ongoing is not None else {}
    if primary.cleaning:
        return len(service.deployments) == 1
    return bool(early) and len(primary.healthy) >= early_success(
        service.desired_count, early["healthyPercent"]
    )


def _moves(service: Service, primary: Deployment) -> Moves:
    counts = _counts(service, primary)
    return next_moves(service.desired_count, service.limits, counts, cleaning=primary.cleaning)


def _counts(service: Service, primary: Deployment) -> Counts:
    old = service.live_beside(primary)
    return Counts(
        new=_present(primary),
        new_healthy=len(primary.healthy),
        old=len(old),
        old_healthy=sum(task.healthy for task in old),
    )


def _present(deployment: Deployment) -> int:
    """Its tasks that occupy a place."""
    return len(deployment.live) + sum(task.failing for task in deployment.tasks)
