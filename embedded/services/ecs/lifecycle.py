"""Moves tasks through their states, on the clock.

The states and their order are those of "Amazon ECS task lifecycle" in the developer guide, as on
Fargate: PROVISIONING, PENDING, ACTIVATING, RUNNING, DEACTIVATING, STOPPING, DEPROVISIONING,
STOPPED. A task that ends by its own fault goes to DEPROVISIONING at once (inferred). The texts of
`stoppedReason` are those of "Amazon ECS stopped tasks error messages".

A container whose command is overridden runs a program that ends, all others run for ever. When an
essential container ends, ECS stops the others; when another one ends, the task runs on (API
reference, ContainerDefinition.essential).
Inferred: a service's containers handle SIGTERM and exit with 0, those of a standalone task do not;
a task whose machine disappears is a TerminationNotice, and has no exit codes.
"""

from __future__ import annotations

from typing import Any

from embedded.services.ecs import container_logs, health
from embedded.services.ecs.containers import Container
from embedded.services.ecs.events import Events
from embedded.services.ecs.faults import (
    Crash,
    Fault,
    HostLost,
    IgnoresSigterm,
    OutOfMemory,
    SlowStart,
    UnhealthyContainer,
    UnhealthyTarget,
)
from embedded.services.ecs.names import Place
from embedded.services.ecs.observer import Observer
from embedded.services.ecs.programs import Exits
from embedded.services.ecs.simulation import Simulation
from embedded.services.ecs.start_failures import start_failure
from embedded.services.ecs.stop_reasons import (
    EXITED,
    FAILED_CONTAINER_CHECK,
    FAILED_START,
    HOST_FAILURE,
    KILLED,
    OUT_OF_MEMORY,
    TERMINATED,
    failed_target_check,
)
from embedded.services.ecs.tasks import Task
from embedded.services.ecs.timings import Timings


class Lifecycle:
    """Moves the tasks of one account and region."""

    def __init__(
        self, simulation: Simulation, place: Place, events: Events, observer: Observer
    ) -> None:
        self._simulation = simulation
        self._place = place
        self._events = events
        self._observer = observer

    def start(self, task: Task) -> None:
        """Begin with PROVISIONING; all states up to RUNNING follow by themselves."""
        self._events.task_changed(task)
        timings = self._simulation.timings
        self._later(task, timings.provisioning, self._pend)

    def stop(self, task: Task, code: str, reason: str) -> None:
        """Tell a task to stop; nothing happens when it is stopping already."""
        if not task.live:
            return
        self._condemn(task, code, reason)
        if task.last_status == "RUNNING":
            timings = self._timings(task)
            self._enter(task, "DEACTIVATING")
            wait = timings.deactivating + (timings.deregistration if task.balanced else 0.0)
            self._later(task, wait, self._stop_containers)
        else:
            self._deprovision(task)

    def fail_check(self, task: Task, reason: str) -> None:
        """A health check of a RUNNING task has failed for good: the scheduler stops the task."""
        if not task.live:
            return
        for container in task.containers:
            if container.checked and reason == FAILED_CONTAINER_CHECK:
                container.health = "UNHEALTHY"
        task.failed_health = True
        task.healthy = False
        self._observer.task_failed_check(task)
        self.stop(task, "ServiceSchedulerInitiated", reason)

    def exit(
        self, task: Task, exit_code: int, reason: str | None = None, container: int | None = None
    ) -> None:
        """An essential container exits by itself: the one at this index, or the first."""
        if not task.live:
            return
        essential = _essential(task, container)
        essential.exit_code, essential.reason = exit_code, reason
        self._condemn(task, "EssentialContainerExited", EXITED)
        self._deprovision(task)

    def lose(self, task: Task) -> None:
        """The machine under a task disappears: nobody sees how its containers end."""
        if not task.live:
            return
        self._condemn(task, "TerminationNotice", HOST_FAILURE)
        task.execution_stopped_at = self._simulation.now()
        for container in task.containers:
            container.last_status = "STOPPED"
        self._end(task)

    def _timings(self, task: Task) -> Timings:
        if not task.balanced:
            return self._simulation.timings
        return self._simulation.timings_behind(self._place, task.target_group)

    def _later(self, task: Task, seconds: float, step: Any, *arguments: Any) -> None:
        timer = self._simulation.later(seconds, lambda: step(task, *arguments))
        task.timers.append(timer)

    def _enter(self, task: Task, status: str) -> None:
        task.last_status = status
        task.version += 1
        self._events.task_changed(task)

    def _pend(self, task: Task) -> None:
        now = self._simulation.now()
        task.connectivity_at = now
        task.pull_started_at = now
        self._enter(task, "PENDING")
        slow = sum(each.seconds for each in task.faults if isinstance(each, SlowStart))
        wait = self._simulation.timings.pulling + slow
        self._later(task, wait, self._activate)

    def _activate(self, task: Task) -> None:
        failure = start_failure(self._simulation, self._place, task)
        if failure is not None:
            self._fail_to_start(task, failure)
            return
        task.pull_stopped_at = self._simulation.now()
        for container in task.containers:
            container.last_status = "RUNNING"
        self._enter(task, "ACTIVATING")
        self._later(task, self._simulation.timings.activating, self._run)

    def _fail_to_start(self, task: Task, reason: str) -> None:
        """On Fargate the task has the reason, on EC2 the container has ("Stopped tasks errors")."""
        if reason.startswith("Cannot"):
            task.containers[0].reason = reason
        fargate_or_task = task.fargate or not reason.startswith("Cannot")
        self._condemn(task, "TaskFailedToStart", reason if fargate_or_task else FAILED_START)
        self._deprovision(task)

    def _run(self, task: Task) -> None:
        task.started_at = self._simulation.now()
        self._enter(task, "RUNNING")
        for container in task.containers:
            self._log(task, container, (f"{container.name} started from {container.image}",))
            if container.command:
                self._run_command(task, container)
        self._observer.task_running(task)
        for fault in task.faults:
            self._plan(task, fault)
        self._plan_health(task)

    def _run_command(self, task: Task, container: Container) -> None:
        images = task.definition.images
        exits = self._simulation.faults.program(images, container.command)
        exits = exits or Exits(exit_code=0, after=self._simulation.timings.command)
        self._log(task, container, exits.logs)
        self._later(task, exits.after, self._end_command, container, exits)

    def _end_command(self, task: Task, container: Container, exits: Exits) -> None:
        if container.essential:
            self.exit(task, exits.exit_code, exits.reason, task.containers.index(container))
            return
        container.exit_code, container.reason = exits.exit_code, exits.reason
        container.last_status = "STOPPED"
        self._enter(task, task.last_status)

    def _plan(self, task: Task, fault: Fault) -> None:
        match fault:
            case Crash(under_traffic=True) if not self._observer.has_traffic(task):
                return  # `bear_traffic` plans it
            case Crash() | OutOfMemory():
                self._later(task, fault.after, self._crash, fault)
            case HostLost():
                self._later(task, fault.after, self.lose)
            case UnhealthyContainer() if task.checked:
                self._later(task, fault.after, self.fail_check, FAILED_CONTAINER_CHECK)
            case UnhealthyTarget() if task.balanced:
                wait = max(fault.after, self._observer.grace_period(task))
                self._later(task, wait, self.fail_check, failed_target_check(task))

    def bear_traffic(self, task: Task) -> None:
        """A running task's revision gets production traffic, and had none before."""
        if task.live and task.last_status == "RUNNING":
            for fault in task.faults:
                if isinstance(fault, Crash) and fault.under_traffic:
                    self._plan(task, fault)

    def _plan_health(self, task: Task) -> None:
        timings = self._timings(task)
        passing = health.containers_pass_after(task, timings)
        healthy = health.healthy_after(task, timings)
        if passing is not None:
            self._later(task, passing, self._pass_container_check)
        if healthy is not None:
            self._later(task, healthy, self._become_healthy)

    def _pass_container_check(self, task: Task) -> None:
        for container in task.containers:
            if container.checked and not container.command:
                container.health = "HEALTHY"

    def _become_healthy(self, task: Task) -> None:
        task.healthy = True
        task.was_healthy = True
        self._observer.task_healthy(task)

    def _crash(self, task: Task, fault: Crash | OutOfMemory) -> None:
        self._log(task, _essential(task, fault.container), fault.logs)
        if isinstance(fault, OutOfMemory):
            self.exit(task, KILLED, OUT_OF_MEMORY, fault.container)
        else:
            self.exit(task, fault.exit_code, fault.reason, fault.container)

    def _condemn(self, task: Task, code: str, reason: str) -> None:
        task.cancel_timers()
        task.desired_status = "STOPPED"
        task.stop_code, task.stopped_reason = code, reason
        task.stopping_at = self._simulation.now()
        task.healthy = False

    def _stop_containers(self, task: Task) -> None:
        self._enter(task, "STOPPING")
        if any(isinstance(fault, IgnoresSigterm) for fault in task.faults):
            self._later(task, max(each.stop_timeout for each in task.containers), self._kill)
        else:
            self._later(task, self._simulation.timings.stopping, self._deprovision)

    def _kill(self, task: Task) -> None:
        for container in task.containers:
            if container.last_status == "RUNNING":
                container.exit_code = KILLED
        self._deprovision(task)

    def _deprovision(self, task: Task) -> None:
        task.execution_stopped_at = self._simulation.now()
        terminated = TERMINATED if task.failed_health or task.standalone else 0
        for container in task.containers:
            if container.last_status == "RUNNING" and container.exit_code is None:
                container.exit_code = terminated
            container.last_status = "STOPPED"
        self._enter(task, "DEPROVISIONING")
        self._later(task, self._simulation.timings.deprovisioning, self._end)

    def _end(self, task: Task) -> None:
        task.stopped_at = self._simulation.now()
        self._enter(task, "STOPPED")
        task.timers.clear()
        self._observer.task_stopped(task)

    def _log(self, task: Task, container: Container, lines: tuple[str, ...]) -> None:
        container_logs.write(self._simulation, self._place, task, container, lines)


def _essential(task: Task, place: int | None) -> Container:
    if place is not None:
        return task.containers[place]
    return next(each for each in task.containers if each.essential)
