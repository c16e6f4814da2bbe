"""failed deployment -> case: read what tells why, and put it into words.

Nothing here may keep a verdict waiting: what cannot be read is left out, or said.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from chalicelib.decide.classify import Kind
from chalicelib.decide.compare import changed_fields
from chalicelib.decide.explain import explain, headline, kinds
from chalicelib.errors import DeployerError
from chalicelib.flow.ports import World
from chalicelib.model.base import Frozen
from chalicelib.model.deployments import Deployment
from chalicelib.model.services import StoppedTask, Tasks
from chalicelib.model.task_definitions import TaskDefinition
from chalicelib.model.verdicts import Observation

_LINES = 30


class Case(Frozen):
    """Why a deployment failed: in one clause (empty when unknown), and on one screen."""

    headline: str
    text: str


class _Output(Frozen):
    """The last lines of a failing container, or why there are none."""

    lines: tuple[str, ...] = ()
    note: str = ""


def case(world: World, record: Deployment, seen: Observation) -> Case:
    """The case of a deployment that fails now; causes that nobody knows are counted."""
    try:
        tasks = seen.tasks or world.services.tasks(
            record.cluster, record.service_name, record.ecs_deployment
        )
    except DeployerError as error:
        return Case(headline="", text=f"The stopped tasks could not be read: {error}")
    if world.counts is not None and (unknown := kinds(tasks.stopped)[Kind.UNKNOWN]):
        world.counts.count("UnknownCause", unknown)
    ours = _definition(world, record.revision)
    output = _output(world, record, ours, tasks)
    text = explain(
        tasks.stopped,
        seen.service,
        record.applied,
        logs=output.lines,
        logs_note=output.note,
        changed=_changed(ours, _definition(world, record.return_to)),
        alarms=seen.ours.alarms if seen.ours else (),
    )
    return Case(headline=headline(tasks.stopped, seen.service, record.applied), text=text)


def _definition(world: World, name: str) -> TaskDefinition | None:
    try:
        return world.services.task_definition(name) if name else None
    except DeployerError:
        return None


def _changed(ours: TaskDefinition | None, before: TaskDefinition | None) -> Sequence[str]:
    return changed_fields(before.body, ours.body) if ours and before else ()


def _output(world: World, record: Deployment, ours: TaskDefinition | None, tasks: Tasks) -> _Output:
    """The last lines of the newest container that ended by itself.

    With the `awslogs` driver, a container's stream is PREFIX/CONTAINER/TASK (Amazon ECS developer
    guide, "Send Amazon ECS logs to CloudWatch").
    """
    ended = next((task for task in tasks.stopped if task.container and task.started_at), None)
    if ended is None or ours is None or world.logs is None:
        return _Output()
    settings = _log_settings(ours, ended)
    if settings.get("logDriver") != "awslogs":
        driver = settings.get("logDriver", "no")
        return _Output(note=f"{ended.container} logs with the {driver} driver, not to CloudWatch")
    options = settings.get("options", {})
    group, prefix = options.get("awslogs-group", ""), options.get("awslogs-stream-prefix", "")
    target = world.targets.named(record.service)
    if target is None or group not in target.log_groups:
        return _Output(note=f"add {group} to the target's `log_groups` to see the last lines here")
    try:
        stream = f"{prefix}/{ended.container}/{ended.id}"
        return _Output(lines=tuple(world.logs.last_lines(group, stream, _LINES)))
    except DeployerError as error:
        return _Output(note=str(error))


def _log_settings(definition: TaskDefinition, task: StoppedTask) -> Mapping[str, Any]:
    for container in definition.body.get("containerDefinitions", []):
        if container.get("name") == task.container:
            settings: Mapping[str, Any] = container.get("logConfiguration", {})
            return settings
    return {}
