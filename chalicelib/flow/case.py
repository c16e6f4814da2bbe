"""failed deployment -> case: read the facts that tell why it failed, and put them into words.

An explanation must never fail. It leaves out what cannot be read, or says so.
"""

from __future__ import annotations

from collections.abc import Sequence

from chalicelib.decide.runs import ended_by
from chalicelib.definition.compare import changed_fields
from chalicelib.errors import Denied, DeployerError
from chalicelib.explain.case import explain, headline, kinds
from chalicelib.explain.causes import Kind
from chalicelib.flow.ended import ended_tasks
from chalicelib.flow.last_lines import Output, last_lines
from chalicelib.flow.ports import World
from chalicelib.model.base import Frozen
from chalicelib.model.deployments import Deployment
from chalicelib.model.health import TargetHealth
from chalicelib.model.runs import RunOutcome, TaskRun
from chalicelib.model.services import Service, StoppedTask
from chalicelib.model.task_definitions import TaskDefinition
from chalicelib.model.verdicts import Observation

_NO_PERMISSION = (
    "the permission elasticloadbalancing:DescribeTargetHealth is missing. The stack's roles have "
    "it: look for a boundary or an organization's policy that denies it"
)


class Case(Frozen):
    """Why a deployment failed: in one clause (empty if unknown), and as a text for one screen.

    `log` holds the last log lines of the failed container, or says why there are none.
    """

    headline: str
    text: str
    log: str = ""


class _Targets(Frozen):
    """The health of the targets of a service's target groups, and why some are not known."""

    health: tuple[TargetHealth, ...] = ()
    note: str = ""


def case(world: World, record: Deployment, observation: Observation) -> Case:
    """Return the case of a deployment that fails now, and count the unknown causes as a metric."""
    if record.is_task:
        return Case(headline="", text="")  # its reason says all that is known
    if (run := _failed_run(record)) is not None:
        return _case_of_run(world, record, run)
    try:
        stopped = _stopped(world, record, observation)
    except DeployerError as error:
        return Case(headline="", text=f"The stopped tasks could not be read: {error}")
    if world.counts is not None and (unknown := kinds(stopped)[Kind.UNKNOWN]):
        world.counts.count("UnknownCause", unknown)
    ours = _definition(world, record.revision)
    ended = next((task for task in stopped if task.container and task.started_at), None)
    output = last_lines(world, record, ended) if ended else Output()
    targets = _targets(world, observation.service)
    text, log = explain(
        stopped,
        observation.service,
        record.applied_at,
        logs=output.lines,
        logs_note=output.note,
        targets=targets.health,
        targets_note=targets.note,
        changed=_changed(ours, _definition(world, record.return_to)),
        alarms=observation.ours.alarms if observation.ours else (),
    )
    clause = headline(stopped, observation.service, record.applied_at)
    return Case(headline=clause, text=text, log=log)


def _failed_run(record: Deployment) -> TaskRun | None:
    """Return the `before` or `after` for which the deployment fails; None when it is neither."""
    if record.only_prepared:
        return record.before
    after = record.after
    return after if after is not None and after.outcome is RunOutcome.FAILED else None


def _case_of_run(world: World, record: Deployment, run: TaskRun) -> Case:
    """Return the case of a run that failed: what its container said; empty without a task."""
    if not run.task or run.succeeded:
        return Case(headline="", text="")
    try:
        task = world.standalone.standalone_task(record.cluster, run.task)
    except DeployerError as error:
        return Case(headline="", text=f"Its task could not be read: {error}")
    if task is None:
        return Case(headline="", text=f"ECS does not show its task {run.task} any more.")
    ended = ended_by(task.end, run.container)
    output = last_lines(world, record, ended) if ended.started_at else Output()
    text, log = explain([ended], None, None, logs=output.lines, logs_note=output.note, command=True)
    return Case(headline="", text=text, log=log)


def _stopped(world: World, record: Deployment, observation: Observation) -> Sequence[StoppedTask]:
    if observation.tasks is not None:
        return observation.tasks.stopped
    return ended_tasks(world, record)


def _definition(world: World, name: str) -> TaskDefinition | None:
    try:
        return world.services.task_definition(name) if name else None
    except DeployerError:
        return None


def _changed(ours: TaskDefinition | None, before: TaskDefinition | None) -> Sequence[str]:
    return changed_fields(before.body, ours.body) if ours and before else ()


def _targets(world: World, service: Service | None) -> _Targets:
    """Return what the load balancers say now; the reading ends at the first group that fails."""
    found: list[TargetHealth] = []
    if service is None or world.load_balancers is None:
        return _Targets()
    try:
        for group in service.target_groups:
            found += world.load_balancers.target_health(group)
    except Denied:
        return _Targets(health=tuple(found), note=_NO_PERMISSION)
    except DeployerError as error:
        return _Targets(health=tuple(found), note=str(error))
    return _Targets(health=tuple(found))
