"""The faults that tasks can suffer, and for which image or service.

A fault strikes every task that it matches and that starts from now on; tasks that already run are
spared. `times` limits it to so many tasks.

A standalone task suffers them too, apart from two kinds. `Crash` and `OutOfMemory` are what the
image's own program does: a container whose command is overridden runs another. Health checks stop
no standalone task. `Exits` says what an overridden command does.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass, field, replace

from embedded.services.ecs.programs import Exits, Programs


@dataclass(frozen=True)
class Fault:
    """Base of all faults."""


@dataclass(frozen=True)
class Crash(Fault):
    """An essential container exits `after` seconds of running: EssentialContainerExited.

    It is the container whose image the fault is for, or else the first essential one. ECS stops the
    others. With `under_traffic`, the seconds count from the moment at which the task runs and its
    revision has some of the production traffic. Where ECS shifts no traffic, that is at once.
    """

    exit_code: int = 1
    after: float = 5.0
    reason: str | None = None
    logs: tuple[str, ...] = ()
    times: int | None = None
    container: int | None = None  # its place in the task definition
    under_traffic: bool = False


@dataclass(frozen=True)
class OutOfMemory(Fault):
    """The kernel kills the container `after` seconds of running: exit code 137."""

    after: float = 5.0
    logs: tuple[str, ...] = ()
    times: int | None = None
    container: int | None = None


@dataclass(frozen=True)
class PullError(Fault):
    """The image cannot be pulled: TaskFailedToStart."""

    message: str = (
        "pull image manifest has been retried 1 time(s): failed to resolve ref: not found"
    )
    times: int | None = None

    @property
    def reason(self) -> str:
        prefix = "CannotPullContainerError: "
        return self.message if self.message.startswith(prefix) else prefix + self.message


@dataclass(frozen=True)
class StartError(Fault):
    """The task fails to start with the given text, e.g. `ResourceInitializationError: …`."""

    reason: str
    times: int | None = None


@dataclass(frozen=True)
class UnhealthyContainer(Fault):
    """The container health check never passes; after `after` seconds ECS stops the task.

    It strikes only where the task definition has a `healthCheck`: without one ECS cannot know. With
    `healthy_first` the check passes at first and fails `after` seconds later.
    """

    after: float = 20.0
    healthy_first: bool = False
    times: int | None = None


@dataclass(frozen=True)
class UnhealthyTarget(Fault):
    """The load balancer's health check never passes (`after`, `healthy_first` as above).

    It strikes only services with load balancers, and not before the service's
    `healthCheckGracePeriodSeconds` is over. `reason` and `description` are what the load balancer
    says of the target (API reference, TargetHealth).
    """

    after: float = 20.0
    healthy_first: bool = False
    reason: str = "Target.FailedHealthChecks"
    description: str = "Health checks failed"
    times: int | None = None


@dataclass(frozen=True)
class NoCapacity(Fault):
    """No task can be placed: SERVICE_TASK_PLACEMENT_FAILURE with this reason."""

    reason: str = "RESOURCE:CPU"
    times: int | None = None


@dataclass(frozen=True)
class SlowStart(Fault):
    """Tasks take this much longer from PENDING to RUNNING."""

    seconds: float
    times: int | None = None


@dataclass(frozen=True)
class IgnoresSigterm(Fault):
    """The program ignores SIGTERM: ECS kills it after its `stopTimeout`, exit code 137.

    API reference, ContainerDefinition, stopTimeout: 30 seconds by default on Fargate.
    """

    times: int | None = None


@dataclass(frozen=True)
class HostLost(Fault):
    """The machine under the task disappears `after` seconds of running.

    The task is STOPPED at once, and no container has an exit code: nobody saw them end.
    """

    after: float = 5.0
    times: int | None = None


@dataclass
class _Rule:
    image: str | None
    service: str | None
    fault: Fault
    left: int | None = field(init=False)

    def __post_init__(self) -> None:
        self.left = getattr(self.fault, "times", None)

    def matches(self, images: Iterable[str], service: str) -> bool:
        if self.left == 0:
            return False
        if self.service is not None:
            return self.service == service
        return any(self.image in image for image in images if self.image is not None)

    def strikes_standalone(self, images: tuple[str, ...], overridden: Collection[int]) -> bool:
        """Whether a standalone task can suffer it; the containers at `overridden` run commands."""
        if isinstance(self.fault, UnhealthyContainer | UnhealthyTarget):
            return False
        fault = self.on(images)
        if not isinstance(fault, Crash | OutOfMemory):
            return True
        return not overridden if fault.container is None else fault.container not in overridden

    def on(self, images: tuple[str, ...]) -> Fault:
        """The fault as a task with these images suffers it."""
        fault = self.fault
        if self.image is None or not isinstance(fault, Crash | OutOfMemory):
            return fault
        place = next(number for number, image in enumerate(images) if self.image in image)
        return fault if fault.container is not None else replace(fault, container=place)


class Faults:
    """The faults in force."""

    def __init__(self) -> None:
        self._rules: list[_Rule] = []
        self._programs = Programs()

    def image(self, image: str, fault: Fault) -> None:
        """Make every task whose image URI contains `image` (a digest, a tag, …) suffer `fault`."""
        self._rules.append(_Rule(image=image, service=None, fault=fault))

    def service(self, service: str, fault: Fault) -> None:
        """Make every new task of `CLUSTER/SERVICE` suffer `fault`.

        `CLUSTER/GROUP` are standalone tasks, for instance `dev/family:web`.
        """
        self._rules.append(_Rule(image=None, service=service, fault=fault))

    def run(self, exits: Exits, image: str = "", command: str = "") -> None:
        """Say what overridden commands do, in standalone tasks that start from now on.

        It is for the tasks one of whose images contains `image`, and there for the containers whose
        command, its words joined by blanks, contains `command`. Of several that match, the first
        one is used until its `times` are used up.
        """
        self._programs.add(exits, image, command)

    def clear(self) -> None:
        self._rules.clear()
        self._programs.clear()

    def strike(
        self, images: Iterable[str], service: str, overridden: Collection[int] | None = None
    ) -> tuple[Fault, ...]:
        """The faults that a task about to start suffers; each counts as used once.

        `overridden` are the places of the containers with overridden commands, in a standalone
        task; without it, the task is a service's.
        """
        uris = tuple(images)
        struck = [rule for rule in self._rules if rule.matches(uris, service)]
        if overridden is not None:
            struck = [rule for rule in struck if rule.strikes_standalone(uris, overridden)]
        for rule in struck:
            if rule.left is not None:
                rule.left -= 1
        return tuple(rule.on(uris) for rule in struck)

    def program(self, images: Iterable[str], command: Iterable[str]) -> Exits | None:
        """What an overridden command about to start does, if that was said; it counts as used."""
        return self._programs.take(tuple(images), " ".join(command))
