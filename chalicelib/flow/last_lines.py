"""ended task -> the last log lines of the container that ended it.

This never fails: a note says why lines cannot be read.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from chalicelib.errors import DeployerError
from chalicelib.flow.ports import World
from chalicelib.model.base import Frozen
from chalicelib.model.deployments import Deployment
from chalicelib.model.services import StoppedTask
from chalicelib.model.task_definitions import TaskDefinition

_LINES = 30


class Output(Frozen):
    """The last log lines of a container, oldest first, or a note that says why there are none."""

    lines: tuple[str, ...] = ()
    note: str = ""


def last_lines(world: World, record: Deployment, task: StoppedTask) -> Output:
    """Return the last thirty log lines of the container that ended `task`, from CloudWatch Logs.

    With the `awslogs` driver, a container's stream is PREFIX/CONTAINER/TASK (Amazon ECS developer
    guide, "Send Amazon ECS logs to CloudWatch").
    """
    try:
        definition = world.services.task_definition(record.revision)
        if definition is None or world.logs is None:
            return Output()
        settings = _log_settings(definition, task)
        if settings.get("logDriver") != "awslogs":
            driver = settings.get("logDriver", "no")
            return Output(note=f"{task.container} logs with the {driver} driver, not to CloudWatch")
        options = settings.get("options", {})
        group, prefix = options.get("awslogs-group", ""), options.get("awslogs-stream-prefix", "")
        target = world.targets.named(record.service)
        if target is not None and target.log_lines == "never":
            return Output(note='`log_lines = "never"` of the target keeps its lines out')
        if target is None or group not in target.log_groups:
            note = f"add {group} to the target's `log_groups` to see the last lines here"
            return Output(note=note)
        stream = f"{prefix}/{task.container}/{task.id}"
        return Output(lines=tuple(world.logs.last_lines(group, stream, _LINES)))
    except DeployerError as error:
        return Output(note=str(error))


def _log_settings(definition: TaskDefinition, task: StoppedTask) -> Mapping[str, Any]:
    for container in definition.body.get("containerDefinitions", []):
        if container.get("name") == task.container:
            settings: Mapping[str, Any] = container.get("logConfiguration", {})
            return settings
    return {}
