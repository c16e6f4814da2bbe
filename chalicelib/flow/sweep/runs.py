"""[[task]] + its ended runs -> outcomes: a run that ended with 0 proves it, another one is told."""

from __future__ import annotations

from collections.abc import Iterator

from chalicelib.decide.happened import happened
from chalicelib.decide.proven import proved
from chalicelib.decide.task_runs import judged_run
from chalicelib.flow.outcome import Outcome
from chalicelib.flow.ports import World
from chalicelib.flow.tell import tell
from chalicelib.model.deployments import Deployment, Status
from chalicelib.model.happenings import RunSeen
from chalicelib.model.heads import Head
from chalicelib.model.runs import StandaloneTask
from chalicelib.model.targets import Target
from chalicelib.model.task_targets import TaskTarget


def runs(world: World, target: Target, head: Head) -> list[Outcome]:
    """Look at the runs of the revision that a [[task]] was brought to; return what they tell.

    A run that began since and ended with 0 proves the revision, so that a rollback may go to it.
    Another one is told once; nothing is rolled back for it. ECS shows an ended task for about an
    hour, so the sweep misses none.

    Raises:
        Unavailable: when AWS does not answer; the next sweep looks again.
    """
    record = _awaiting(world, head)
    if record is None:
        return []
    run = judged_run(record, _ended(world, target, record), target.containers, world.now)
    if run is None or (record.after is not None and run.outcome is record.after.outcome):
        return []
    head, record = happened(head, record, RunSeen(run=run), world.now)
    head = proved(head, record, world.now) if run.succeeded else head
    record = tell(world, world.ledger.save(head, record), record)
    return [
        Outcome(
            outcome="proven" if run.succeeded else "run failed",
            service=target.name,
            deployment=record.id,
            status=record.status,
            reason=run.reason,
        )
    ]


def _awaiting(world: World, head: Head) -> Deployment | None:
    """Return the deployment whose revision no run has proven yet; None when there is none."""
    if not head.applied_deployment or head.open_deployments:
        return None
    if head.proven_revision(head.applied_revision) is not None:
        return None
    record = world.ledger.deployment(head.service, head.applied_deployment)
    return record if record is not None and record.status is Status.SUCCESSFUL else None


def _ended(world: World, target: Target, record: Deployment) -> Iterator[StandaloneTask]:
    """Yield the ended tasks of the family, in the clusters where its rules and schedules run it."""
    own = target.runs_in if isinstance(target, TaskTarget) else None
    named = (change.cluster for change in record.scheduled if change.cluster)
    for cluster in [own] if own else dict.fromkeys(named):
        yield from world.standalone.ended_tasks(cluster, target.service)
