"""record + observation -> verdict -> happening: judge, and say what happened to the record."""

from __future__ import annotations

from chalicelib.decide.progress import pause_of, stage_of, traffic_of
from chalicelib.model.changes import changed
from chalicelib.model.deployments import Deployment, Return, Status
from chalicelib.model.happenings import (
    Adopted,
    Completed,
    Failed,
    GoesOn,
    Noted,
    RollsBack,
    Succeeded,
    Superseded,
)
from chalicelib.model.verdicts import Observation, Remedy, Verdict
from chalicelib.verdict.ours import could_be_ours, primary_of
from chalicelib.verdict.returning import judge_return
from chalicelib.verdict.rollout import judge

Judged = GoesOn | Adopted | Succeeded | Completed | Superseded | RollsBack | Failed


def verdict_of(record: Deployment, observation: Observation) -> Verdict:
    """Return the verdict on a rollout, or on its rollback.

    ECS may have rolled back by itself, and may have finished before Slipway looks. Then the verdict
    tells how the rollback ended.
    """
    if record.status is Status.ROLLBACK_IN_PROGRESS:
        return judge_return(record, observation)
    verdict = judge(record, observation)
    if verdict.status is not Status.ROLLBACK_IN_PROGRESS or verdict.remedy is not Remedy.NONE:
        return verdict
    # The rollback has a deadline of its own, which begins now.
    begun = changed(record, reason=verdict.reason, deadline=None)
    later = judge_return(begun, observation)
    return verdict if later.status is Status.ROLLBACK_IN_PROGRESS else later


def judged(record: Deployment, observation: Observation, verdict: Verdict) -> Judged:
    """Return the happening that the verdict means, with the facts to keep of the observation."""
    noted, reason = noted_of(record, observation), verdict.reason
    if verdict.watch:
        return Succeeded(noted=noted)
    if verdict.adopt:
        return _adopted(record, observation, verdict, noted)
    match verdict.status:
        case Status.SUCCESSFUL:
            return Completed(noted=noted, reason=reason, proven=verdict.proven)
        case Status.SUPERSEDED:
            return Superseded(noted=noted, reason=reason)
        case Status.FAILED | Status.ROLLBACK_SUCCESSFUL | Status.ROLLBACK_FAILED as status:
            return Failed(noted=noted, status=status, reason=reason)
        case Status.ROLLBACK_IN_PROGRESS if record.status is Status.IN_PROGRESS:
            return _rolls_back(record, observation, verdict, noted)
        case _:
            return GoesOn(noted=noted, reason=reason or observation.unread)


def _adopted(
    record: Deployment, observation: Observation, verdict: Verdict, noted: Noted
) -> Adopted:
    """Return that another ECS deployment carries our revision now; the next step judges it.

    Its deadline is new, and as long after its beginning as the first deadline was.
    """
    primary = primary_of(observation)
    began = (primary.created_at if primary else None) or observation.at
    return Adopted(
        noted=noted,
        reason=verdict.reason,
        ecs_deployment=verdict.adopt,
        began=began,
        deadline=began + record.given if record.given else record.deadline,
    )


def _rolls_back(
    record: Deployment, observation: Observation, verdict: Verdict, noted: Noted
) -> RollsBack:
    """Return how the service goes back; the rollback may take as long as the rollout might."""
    if verdict.remedy is Remedy.NONE:
        returning = Return(by="ecs", how="breaker", began=observation.at, done=True)
    else:
        how = "stop" if verdict.remedy is Remedy.STOP else "update"
        returning = Return(by=verdict.by, how=how, began=observation.at)
    deadline = observation.at + record.given if record.given is not None else None
    return RollsBack(noted=noted, reason=verdict.reason, returning=returning, deadline=deadline)


def noted_of(record: Deployment, observation: Observation) -> Noted:
    """Return the facts of an observation that the record keeps, whatever the verdict is."""
    primary = primary_of(observation)
    ours = primary if primary and primary.task_definition == record.revision else None
    new = ours and not record.ecs_deployment and could_be_ours(record, ours.created_at)
    return Noted(
        desired=ours.desired if ours else None,
        running=ours.running if ours else None,
        ecs_deployment=ours.id if ours and new else None,
        looked=observation.at if observation.tasks is not None else None,
        ended=len(observation.tasks.stopped) if observation.tasks is not None else None,
        service_deployment=observation.ours.arn if observation.ours is not None else None,
        stage=stage_of(record, observation),
        traffic=traffic_of(record, observation),
        pause=pause_of(record, observation),
        ecs_ended=observation.ours.ended_at if observation.ours is not None else None,
    )
