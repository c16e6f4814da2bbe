"""The service scheduler: compares what a service wants with what runs, and starts and stops tasks.

It looks at a service a moment after anything about it has changed. Documented: the percentages
(see `rollout`), the two stages of the circuit breaker (tasks that never become healthy count until
one does, then the count is reset and no longer evaluated unless `resetOnHealthyTask` is off), the
throttling of tasks that repeatedly never reach RUNNING ("Amazon ECS service throttle logic").
Inferred: a task that reaches RUNNING and exits before it counts as healthy is a failed task; a
failing task keeps its place until it is STOPPED; only the PRIMARY deployment starts tasks; a task
that cannot be placed counts as failed; spot interruptions, host failures and people stopping tasks
do not count.
"""

from __future__ import annotations

from datetime import timedelta

from embedded.clock.clock import seconds_between
from embedded.services.ecs import words
from embedded.services.ecs.deployments import Deployments
from embedded.services.ecs.events import Events
from embedded.services.ecs.failures import Failures
from embedded.services.ecs.faults import Fault, NoCapacity, UnhealthyTarget
from embedded.services.ecs.lifecycle import Lifecycle, containers_of, target_group
from embedded.services.ecs.names import Place
from embedded.services.ecs.rollout import Counts, Moves, early_success, moves_beside, next_moves
from embedded.services.ecs.service import Deployment, Service
from embedded.services.ecs.simulation import Simulation
from embedded.services.ecs.tasks import OWN_FAILURES, Task
from embedded.services.ecs.timings import RETENTION_OF_STOPPED_TASKS
from embedded.services.ecs.traffic import shifts

IMPAIRED_AFTER = 3  # failed tasks in a row before ECS says so; inferred


class Scheduler:
    """The service scheduler of one account and region; `tasks` are all tasks there, by id."""

    def __init__(
        self, simulation: Simulation, place: Place, events: Events, tasks: dict[str, Task]
    ) -> None:
        self._simulation = simulation
        self._place = place
        self._events = events
        self._tasks = tasks
        self.lifecycle = Lifecycle(simulation, place, events, self)
        self.deployments = Deployments(simulation, place, events, self.wake)
        self.failures = Failures(simulation, events, self.deployments, self.wake)

    def wake(self, service: Service) -> None:
        """Look at `service` in a moment; several changes until then make one look."""
        if not service.wake_pending:
            service.wake_pending = True
            delay = self._simulation.timings.scheduler_delay
            self._simulation.later(delay, lambda: self._look(service))

    # What tasks report

    def task_running(self, task: Task) -> None:
        if task.deployment is None or task.service is None:
            return
        task.deployment.failed_starts = 0
        task.deployment.not_before = None
        if task.balanced:
            told = words.registered(task.service, target_group(task))
            self.deployments.tell(task.service, told)
        self._count(task.service)

    def task_healthy(self, task: Task) -> None:
        deployment, service = task.deployment, task.service
        if deployment is None or service is None:
            return
        ongoing = service.ongoing
        resets = ongoing is None or ongoing.breaker.get("resetOnHealthyTask", True)
        if resets and deployment is service.primary:
            deployment.failed_tasks = 0
            deployment.evaluated = False
            if ongoing is not None and ongoing.breaker_status == "MONITORING":
                ongoing.failure_count = 0
                ongoing.breaker_status = "MONITORING_COMPLETE"
        self.wake(service)

    def task_failed_check(self, task: Task) -> None:
        if task.service is None:
            return
        service = task.service
        if task.checked and task.health == "UNHEALTHY":
            self.deployments.tell(service, words.unhealthy_container(service, task))
        else:
            balancer = (task.settings.get("loadBalancers") or [{}])[0]
            port = int(balancer.get("containerPort", 0))
            why = (task.target_fault or UnhealthyTarget()).description
            told = words.unhealthy_target(service, task, port, target_group(task), why)
            self.deployments.tell(service, told)
        service.steady = False
        self.wake(service)

    def task_stopped(self, task: Task) -> None:
        self._simulation.later(RETENTION_OF_STOPPED_TASKS, lambda: self._forget(task))
        deployment, service = task.deployment, task.service
        if deployment is None or service is None:
            return
        deployment.tasks.remove(task)
        self._judge(service, deployment, task)
        self.wake(service)

    # What the scheduler does

    def _forget(self, task: Task) -> None:
        self._tasks.pop(task.id, None)

    def _start_task(
        self, service: Service, deployment: Deployment, faults: tuple[Fault, ...]
    ) -> Task:
        identifier = self._simulation.ids.hexadecimal()
        definition = deployment.revision.definition
        execute = service.settings.get("enableExecuteCommand")
        task = Task(
            id=identifier,
            arn=self._place.arn(f"task/{service.cluster}/{identifier}"),
            cluster_arn=service.cluster_arn,
            cluster=service.cluster,
            group=f"service:{service.name}",
            started_by=deployment.id,
            definition=definition,
            settings=deployment.revision.settings | {"enableExecuteCommand": execute},
            containers=containers_of(
                definition, self._simulation, self._place, service.cluster, identifier
            ),
            created_at=self._simulation.now(),
            attachment_id=self._simulation.ids.dashed(),
            faults=faults,
            deployment=deployment,
            service=service,
        )
        self._tasks[identifier] = task
        deployment.tasks.append(task)
        self.lifecycle.start(task)
        return task

    def _look(self, service: Service) -> None:
        service.wake_pending = False
        primary, ongoing = service.primary, service.ongoing
        if ongoing is not None and ongoing.status == "PENDING":
            return  # its launch wakes the scheduler again
        if service.status != "ACTIVE":
            self._drain(service)
        elif primary is not None:
            self._move(service, primary, _moves(service, primary))
            if service.primary is primary:
                self._conclude(service, primary)
        self._count(service)

    def _drain(self, service: Service) -> None:
        for deployment in service.deployments:
            deployment.desired_count = 0
            self._stop(service, deployment.live, deployment.id)
        if not service.tasks:
            service.status = "INACTIVE"
            service.deployments.clear()

    def _move(self, service: Service, primary: Deployment, moves: Moves) -> None:
        primary.desired_count = service.desired_count
        excess = sorted(primary.live, key=lambda task: task.healthy)[: moves.scale_in]
        self._stop(service, excess, primary.id)
        if not primary.launches:
            return
        old = [task for each in service.deployments if each is not primary for task in each.live]
        unhealthy = [task for task in old if not task.healthy][: moves.stop_unhealthy]
        healthy = [task for task in old if task.healthy][: moves.stop_healthy]
        self._stop(service, unhealthy + healthy, primary.id)
        self._start(service, primary, moves.start)
        for each in service.deployments:
            if each is not primary:
                each.desired_count = len(each.live)
        if moves.stuck and not primary.told_stuck:
            primary.told_stuck = True
            self.deployments.tell(service, words.stuck(service))

    def _start(self, service: Service, deployment: Deployment, count: int) -> None:
        now = self._simulation.now()
        if not count or (deployment.not_before is not None and now < deployment.not_before):
            return
        started: list[Task] = []
        for _ in range(count):
            faults = self._simulation.faults.strike(
                deployment.revision.definition.images, service.key
            )
            full = next((each for each in faults if isinstance(each, NoCapacity)), None)
            if full is not None:
                self._not_placed(service, deployment, full.reason)
                break
            started.append(self._start_task(service, deployment, faults))
        if started:
            self.deployments.tell(service, words.started(service, started))

    def _not_placed(self, service: Service, deployment: Deployment, reason: str) -> None:
        fargate = deployment.revision.settings.get("launchType") == "FARGATE"
        self.deployments.tell(service, words.not_placed(service, reason, fargate=fargate))
        self._events.service_action(service, "ERROR", "SERVICE_TASK_PLACEMENT_FAILURE", reason)
        self._hold_back(service, deployment, self._simulation.timings.placement_retry)
        self._fail(service, deployment)

    def _stop(self, service: Service, tasks: list[Task], deployment_id: str) -> None:
        if not tasks:
            return
        service.steady = False
        for task in tasks:
            self.lifecycle.stop(task, "ServiceSchedulerInitiated", words.scaling(deployment_id))
        balanced = [task for task in tasks if task.balanced]
        if balanced:
            group = target_group(balanced[0])
            self.deployments.tell(service, words.deregistered(service, len(balanced), group))
            self.deployments.tell(service, words.draining(service, len(balanced)))
        self.deployments.tell(service, words.stopped(service, tasks))

    def _judge(self, service: Service, deployment: Deployment, task: Task) -> None:
        """Count a stopped task as failed, and hold the next start back, where that is due."""
        own_failure = task.stop_code in OWN_FAILURES
        if own_failure or task.failed_health:
            service.steady = False
        if own_failure and task.started_at is None:
            deployment.failed_starts += 1
            delay = self._simulation.timings.backoff(deployment.failed_starts)
            self._hold_back(service, deployment, delay)
        if (own_failure and not task.was_healthy) or task.failed_health:
            self._fail(service, deployment)

    def _fail(self, service: Service, deployment: Deployment) -> None:
        rolling_out = deployment.rollout_state == "IN_PROGRESS"
        if deployment is not service.primary or not rolling_out or not deployment.evaluated:
            return
        deployment.failed_tasks += 1
        deployment.updated_at = self._simulation.now()
        if deployment.failed_tasks >= IMPAIRED_AFTER and not deployment.told_impaired:
            deployment.told_impaired = True
            self.deployments.tell(service, words.impaired(service))
            self._events.service_action(service, "WARN", "SERVICE_TASK_START_IMPAIRED")
        self.failures.trip_breaker(service)

    def _hold_back(self, service: Service, deployment: Deployment, seconds: float) -> None:
        deployment.not_before = self._simulation.now() + timedelta(seconds=seconds)
        self._simulation.later(seconds, lambda: self.wake(service))

    def _conclude(self, service: Service, primary: Deployment) -> None:
        """Recognise the steady state, and with it or before it the end of the deployment."""
        service.deployments = [
            each for each in service.deployments if each is primary or each.tasks
        ]
        up = len(primary.tasks) == len(primary.healthy) == service.desired_count
        settled = up and len(service.deployments) == 1
        shifts = up and _shifts(service, primary)
        if not primary.launches or not (settled or shifts or _early(service, primary)):
            return
        if settled and not service.steady:
            service.steady = True
            self.deployments.tell(service, words.steady(service))
            self._events.service_action(service, "INFO", "SERVICE_STEADY_STATE")
        ongoing = service.ongoing
        if primary.rollout_state != "IN_PROGRESS" or primary.baking:
            return
        if ongoing is not None and ongoing.status not in ("IN_PROGRESS", "ROLLBACK_IN_PROGRESS"):
            return
        if ongoing is not None and ongoing.rollback is not None:
            early = self._simulation.timings.rollback - seconds_between(
                ongoing.rollback.started_at, self._simulation.now()
            )
            if early > 0:
                self._simulation.later(early, lambda: self.wake(service))
                return
        if shifts and not settled:
            self.deployments.shift(service, primary)
            return
        minutes = service.deployment_configuration.get("bakeTimeInMinutes") or 0
        bakes = minutes and ongoing is not None and not ongoing.rolling_back
        if bakes and not primary.cleaning:
            self.deployments.bake(service, primary, minutes * 60.0)
        else:
            self.deployments.clean_up(service)

    def _count(self, service: Service) -> None:
        """Keep the task counts of the ongoing service deployment up to date."""
        ongoing = service.ongoing
        if ongoing is None:
            return
        by_revision = {each.revision.arn: each for each in service.deployments}
        for summary in (ongoing.target, *ongoing.sources):
            found = by_revision.get(summary.revision.arn)
            summary.requested = found.desired_count if found else 0
            summary.running = found.running_count if found else 0
            summary.pending = found.pending_count if found else 0


def _early(service: Service, primary: Deployment) -> bool:
    """Whether the PRIMARY meets the early success criteria, or waits for old tasks to be gone."""
    early = service.ongoing.early if service.ongoing is not None else {}
    if primary.cleaning:
        return len(service.deployments) == 1
    return bool(early) and len(primary.healthy) >= early_success(
        service.desired_count, early["healthyPercent"]
    )


def _shifts(service: Service, primary: Deployment) -> bool:
    """Whether the traffic has still to be shifted to the PRIMARY, or is being shifted."""
    ongoing = service.ongoing
    forward = ongoing is not None and ongoing.status in ("IN_PROGRESS", "PENDING")
    return forward and shifts(service.deployment_configuration) and not primary.cleaning


def _moves(service: Service, primary: Deployment) -> Moves:
    counts = _counts(service, primary)
    if _shifts(service, primary):
        return moves_beside(service.desired_count, counts)
    return next_moves(service.desired_count, service.limits, counts, cleaning=primary.cleaning)


def _counts(service: Service, primary: Deployment) -> Counts:
    old = [task for each in service.deployments if each is not primary for task in each.live]
    return Counts(
        new=len(primary.live) + sum(task.failing for task in primary.tasks),
        new_healthy=len(primary.healthy),
        old=len(old),
        old_healthy=sum(task.healthy for task in old),
    )
