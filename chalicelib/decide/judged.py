"""record + observation + verdict -> what happened: the verdict as a change of the record."""

from __future__ import annotations

from chalicelib.model.changes import changed
from chalicelib.model.deployments import Deployment, Return, Status
from chalicelib.model.happenings import (
    Adopted,
    Completed,
    Failed,
    GoesOn,
    Noted,
    RollsBack,
    Superseded,
)
from chalicelib.model.verdicts import Observation, Remedy, Verdict
from chalicelib.verdict.ours import could_be_ours, primary_of
from chalicelib.verdict.returning import judge_return
from chalicelib.verdict.rollout import judge

Judged = GoesOn | Adopted | Completed | Superseded | RollsBack | Failed


def verdict_of(record: Deployment, observation: Observation) -> Verdict:
    """The verdict on a rollout, or on the rollback of one.

    ECS rolls back by itself, and may have finished already when that is first seen: then
    the verdict is how the rollback ended.
    """
    if record.status is Status.ROLLBACK_IN_PROGRESS:
        return judge_return(record, observation)
    verdict = judge(record, observation)
    if verdict.status is not Status.ROLLBACK_IN_PROGRESS or verdict.remedy is not Remedy.NONE:
        return verdict
    # The rollback's own deadline begins now.
    begun = changed(record, reason=verdict.reason, deadline=None)
    later = judge_return(begun, observation)
    return verdict if later.status is Status.ROLLBACK_IN_PROGRESS else later


def judged(record: Deployment, observation: Observation, verdict: Verdict) -> Judged:
    """What the verdict makes of the record, with what is worth remembering of the observation."""
    noted, reason = noted_of(record, observation), verdict.reason
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
            return GoesOn(noted=noted, reason=reason)


def _adopted(
    record: Deployment, observation: Observation, verdict: Verdict, noted: Noted
) -> Adopted:
    """Our revision goes on under another ECS deployment; its verdict is the next step's.

    It has a deadline of its own, as long as the first one's.
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
    """How it goes back, and until when: as long as it was given to get there."""
    if verdict.remedy is Remedy.NONE:
        returning = Return(by="ecs", how="breaker", began=observation.at, done=True)
    else:
        how = "stop" if verdict.remedy is Remedy.STOP else "update"
        returning = Return(by=verdict.by, how=how, began=observation.at)
    deadline = observation.at + record.given if record.given is not None else None
    return RollsBack(noted=noted, reason=verdict.reason, returning=returning, deadline=deadline)


def noted_of(record: Deployment, observation: Observation) -> Noted:
    """What is worth remembering of an observation, whatever the verdict."""
    primary = primary_of(observation)
    ours = primary if primary and primary.task_definition == record.revision else None
    new = ours and not record.ecs_deployment and could_be_ours(record, ours.created_at)
    return Noted(
        desired=ours.desired if ours else None,
        running=ours.running if ours else None,
        ecs_deployment=ours.id if ours and new else None,
        looked=observation.at if observation.tasks is not None else None,
        ended=len(observation.tasks.stopped) if observation.tasks is not None else None,
        service_deployment=observation.ours.arn
        if observation.ours is not None and not record.service_deployment
        else None,
    )
