"""The containers of a task, as plain values."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from embedded.services.ecs.definitions import TaskDefinition
from embedded.services.ecs.names import Place
from embedded.services.ecs.simulation import Simulation


@dataclass
class Container:
    name: str
    image: str
    arn: str
    runtime_id: str
    essential: bool
    checked: bool  # has a health check
    cpu: int
    memory: int | None
    image_digest: str | None
    log_options: dict[str, str] | None
    command: tuple[str, ...] = ()  # as RunTask overrides it; empty: the image's own program runs
    stop_timeout: float = 30.0  # API reference, ContainerDefinition.stopTimeout
    last_status: str = "PENDING"
    health: str = "UNKNOWN"
    exit_code: int | None = None
    reason: str | None = None


def containers_of(
    definition: TaskDefinition,
    simulation: Simulation,
    place: Place,
    task_arn: str,
    overrides: Sequence[dict[str, Any]] = (),
) -> list[Container]:
    """The containers of a new task, in the order of its task definition.

    `overrides` are ContainerOverrides (API reference).
    """
    cluster, task_id = task_arn.split("/")[-2:]
    changed = {each["name"]: each for each in overrides}
    bodies = [each | changed.get(each["name"], {}) for each in definition.containers]
    return [
        Container(
            name=body["name"],
            image=body["image"],
            arn=place.arn(f"container/{cluster}/{task_id}/{simulation.ids.dashed()}"),
            runtime_id=f"{task_id}-{simulation.ids.digits()[:10]}",
            essential=body.get("essential", True),
            checked=bool(body.get("healthCheck")),
            cpu=body.get("cpu", 0),
            memory=body.get("memory") or body.get("memoryReservation"),
            image_digest=simulation.digest(place, body["image"]),
            log_options=_awslogs(body),
            command=tuple(changed.get(body["name"], {}).get("command") or ()),
            stop_timeout=float(body.get("stopTimeout", 30)),
        )
        for body in bodies
    ]


def _awslogs(body: dict[str, Any]) -> dict[str, str] | None:
    configuration = body.get("logConfiguration") or {}
    if configuration.get("logDriver") != "awslogs":
        return None
    return dict(configuration.get("options") or {})
