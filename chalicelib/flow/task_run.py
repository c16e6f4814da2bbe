"""record with a `before` or `after` -> one look at its task -> record: run a task once, not twice.

The request is saved before it is sent. Whoever comes later sends the same one again, under the same
token, so a step that dies half way starts nothing twice.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from chalicelib.decide.lease import released
from chalicelib.decide.runs import (
    Due,
    due,
    failed_to_start,
    not_shown,
    refused,
    shown,
    token,
    tried_again,
)
from chalicelib.definition.run_request import (
    deciding_container,
    refuse_volumes,
    run_request,
    under_token,
    with_token,
)
from chalicelib.errors import Denied, NotStarted, Refused, Unanswered, Unavailable
from chalicelib.flow.ports import World
from chalicelib.flow.write import Items, with_lease, write, write_news
from chalicelib.model.base import Frozen
from chalicelib.model.changes import changed_run
from chalicelib.model.commands import TaskSettings
from chalicelib.model.deployments import Deployment
from chalicelib.model.happenings import RunEnded, RunNoted
from chalicelib.model.heads import Head
from chalicelib.model.runs import Kind, StandaloneTask, TaskRun
from chalicelib.model.task_definitions import short_name

_MAY_PASS = ("container instances", "capacity")  # in ECS' words: a later attempt may start


class Needed(Frozen):
    """What the first RunTask request of a run needs besides the revision.

    `placed` are the fields that the service's own tasks have.
    """

    settings: TaskSettings
    container: str
    placed: Mapping[str, Any]


def needed(
    world: World, record: Deployment, kind: Kind, settings: TaskSettings, body: Mapping[str, Any]
) -> Needed:
    """Return what the run of a target's command needs, in a task definition with this body.

    Raises:
        Refused: when no container can run it, or a volume is configured at launch.
        Unavailable: when ECS does not answer for the service's settings.
    """
    container = deciding_container(body, settings.container, record.image, kind)
    refuse_volumes(body)
    placed = world.standalone.task_settings(record.cluster, record.service_name)
    return Needed(settings=settings, container=container, placed=placed)


def first_run(
    world: World, record: Deployment, kind: Kind, needs: Needed, revision: str
) -> TaskRun:
    """Return the run whose first attempt is about to be sent."""
    request = run_request(needs.placed, revision, needs.container, needs.settings.command)
    return TaskRun(
        container=needs.container,
        timeout=needs.settings.timeout,
        began=world.now,
        request=with_token(request, token(record.id, kind, 1)),
        asked=world.now,
    )


def run_of(record: Deployment, kind: Kind) -> TaskRun:
    """Return the run of a record that has one."""
    run = record.before if kind == "before" else record.after
    if run is None:
        raise ValueError(f"{record.id} has no `{kind}`")
    return run


def run_on(world: World, head: Head, record: Deployment, kind: Kind) -> Items:
    """Return HEAD and the record after one look at a run that has not ended.

    Raises:
        Unavailable: when ECS does not answer for the task.
    """
    run = run_of(record, kind)
    match due(run, world.now):
        case Due.NOTHING:
            return head, record
        case Due.GIVE_UP:
            run = failed_to_start(run, kind, run.reason, world.now)
        case Due.TRY_AGAIN:
            again = under_token(run.request, token(record.id, kind, run.attempt + 1))
            new = tried_again(run, again, world.now)
            noted = RunNoted(kind=kind, run=new, denial=record.denial)
            head, record = write(world, with_lease(world, head), record, noted)
            return send(world, head, record, kind, first=True)
        case Due.SEND:
            return send(world, head, record, kind, first=False)
        case Due.FIND:
            return _seen(world, head, record, kind, _found(world, record, run))
        case Due.LOOK:
            task = world.standalone.standalone_task(record.cluster, run.task)
            return _seen(world, head, record, kind, task)
    return _written(world, head, record, kind, run)


def _found(world: World, record: Deployment, run: TaskRun) -> StandaloneTask | None:
    """Return the task that the run's request started, as ECS lists it; None when it lists none."""
    asked = json.loads(run.request)
    family = short_name(asked["taskDefinition"]).rsplit(":", 1)[0]
    return world.standalone.find_task(record.cluster, family, asked["startedBy"])


def _seen(
    world: World, head: Head, record: Deployment, kind: Kind, task: StandaloneTask | None
) -> Items:
    """Write what ECS shows of the task, and ask ECS to stop it where that is due.

    Each step asks again until the run has ended. A task whose container has exited may run on in
    other containers: it is stopped too, but asked for only once, because its run has ended.
    """
    run = run_of(record, kind)
    if task is None:
        return _written(world, head, record, kind, not_shown(run, kind, world.now))
    run = shown(run, kind, task, world.now)
    head, record = _written(world, head, record, kind, run)
    if not task.ending and (run.stopping is not None or run.outcome is not None):
        stop(world, record, kind)
    return head, record


def send(world: World, head: Head, record: Deployment, kind: Kind, *, first: bool) -> Items:
    """Send the saved request, write what came of it, and give the lease back.

    Only the `first` one who sends it knows that an error means that nothing was started. Whoever
    sends it again cannot know whether the one before had started a task. To them only ECS' own word
    counts that it could start none: the same request would have named the task.
    """
    run = run_of(record, kind)
    denial = ""
    try:
        task = world.standalone.run_task(json.loads(run.request))
        run = changed_run(run, task=task, reason="", missing=None)
    except NotStarted as error:
        run = failed_to_start(run, kind, str(error), world.now)
    except Refused as error:
        words = str(error)
        if not first:
            run = changed_run(run, reason=words)
        elif any(part in words.lower() for part in _MAY_PASS):
            run = failed_to_start(run, kind, words, world.now)
        else:
            run = refused(run, kind, words, world.now)
    except Unavailable as error:
        denial = str(error) if isinstance(error, Denied) else ""
        run = _not_sent(world, run, kind, error, first=first)
    return _written(world, released(head), record, kind, run, denial)


def _not_sent(
    world: World, run: TaskRun, kind: Kind, error: Unavailable, *, first: bool
) -> TaskRun:
    """Return the run after AWS throttled or denied the request, or did not answer it."""
    if first and not isinstance(error, Unanswered):
        return failed_to_start(run, kind, str(error), world.now)
    return changed_run(run, reason=str(error))


def _written(  # noqa: PLR0913, PLR0917 - each is one thing that is written
    world: World, head: Head, record: Deployment, kind: Kind, run: TaskRun, denial: str = ""
) -> Items:
    if run.outcome is not None:
        return write(world, head, record, RunEnded(kind=kind, run=run))
    return write_news(world, head, record, RunNoted(kind=kind, run=run, denial=denial))


def stop(world: World, record: Deployment, kind: Kind) -> None:
    """Ask ECS to stop a run's task, if its task is known and ECS answers; it may have ended."""
    run = run_of(record, kind)
    try:
        world.standalone.stop_task(record.cluster, run.task, run.stopped_for or "it is done")
    except (Refused, Unavailable):
        return  # while the run goes on, the next step asks again
