"""record in rollout -> look -> verdict -> write -> act: judge a rollout, and explain a failure."""

from __future__ import annotations

from contextlib import suppress

from chalicelib.decide.judged import judged, verdict_of
from chalicelib.decide.lease import released
from chalicelib.errors import Denied, Refused, Unavailable
from chalicelib.flow.explained import explained
from chalicelib.flow.look import deployed_since, look, with_log
from chalicelib.flow.ports import World
from chalicelib.flow.prove import prove, stop_after
from chalicelib.flow.write import Items, with_lease, write, write_news
from chalicelib.model.deployments import Deployment
from chalicelib.model.happenings import (
    Adopted,
    CannotBeStopped,
    LookBegan,
    RollbackAsked,
    RollbackRefused,
    RollbackUnanswered,
)
from chalicelib.model.heads import Head
from chalicelib.model.services import ServiceDeployment
from chalicelib.model.verdicts import Observation, Remedy, Verdict
from chalicelib.verdict.before_update import look_again, unless_deployed_since
from chalicelib.verdict.ours import stopped_just_now


def follow(
    world: World,
    head: Head,
    record: Deployment,
    *,
    task_ended: bool,
    rollout_changed: bool = False,
) -> Items:
    """Return HEAD and the record after one look at the rollout, or at its rollback.

    The last two say what an event told: that a task ended, or that the rollout changed.
    """
    head, record = prove(world, head, record)
    if task_ended:  # written first, so that other tasks that end now cause no further look
        head, record = write(world, head, record, LookBegan())
    observation = look(world, record, task_ended=task_ended, rollout_changed=rollout_changed)
    _answer_again(world, record, observation.ours)
    verdict = verdict_of(record, observation)
    if verdict.rule == "in_progress":
        observation = with_log(world, record, observation)
        verdict = verdict_of(record, observation)
    watched = record.succeeded is not None
    head, record = carry_out(world, head, record, observation, verdict)
    return (head, record) if watched else prove(world, head, record)


def carry_out(
    world: World, head: Head, record: Deployment, observation: Observation, verdict: Verdict
) -> Items:
    """Write the verdict, act on it, and only then explain it; return HEAD and the record.

    While Slipway acts, it holds the lease.
    """
    verdict = _unless_replaced(world, record, observation, verdict)
    judgement = judged(record, observation, verdict)
    if isinstance(judgement, Adopted):
        return write(world, head, record, judgement)
    is_explained_already = record.unexplained is not None
    invisible = verdict.remedy is Remedy.STOP and observation.ours is None
    if verdict.remedy is Remedy.NONE or invisible:  # a later step stops what ECS shows then
        head, record = write_news(world, head, record, judgement)
    else:
        head, record = write(world, with_lease(world, head), record, judgement)
        remedied = _remedy(world, record, observation, verdict.remedy)
        head, record = write(world, released(head), record, remedied)
    stop_after(world, record)
    if is_explained_already or record.unexplained is None:
        return head, record
    return explained(world, head, record, observation, named=verdict.explained)


def _answer_again(world: World, record: Deployment, ours: ServiceDeployment | None) -> None:
    """Give ECS a person's answer to a pause again, while it shows that it has not heard it.

    It may only show so: what it has heard it refuses, and nothing changes.
    """
    pause = record.paused
    if pause is None or pause.answer is None or ours is None:
        return
    for hook in ours.waiting_hooks:
        if hook.id in pause.hooks:
            with suppress(Refused):
                world.services.answer_hook(ours.arn, hook.id, back=pause.back)


def _unless_replaced(
    world: World, record: Deployment, observation: Observation, verdict: Verdict
) -> Verdict:
    """Return the verdict, unless it updates the service and somebody else deployed since."""
    if verdict.remedy is not Remedy.UPDATE:
        return verdict
    newer = deployed_since(world, record, observation)
    if newer is not None:
        return unless_deployed_since(record, verdict, newer)
    return look_again(record) if stopped_just_now(record, observation) else verdict


def _remedy(
    world: World, record: Deployment, observation: Observation, remedy: Remedy
) -> RollbackAsked | CannotBeStopped | RollbackRefused | RollbackUnanswered:
    """Ask ECS to roll back, with one call, and return its answer.

    The decision is written and the lease is held by now. When ECS can no longer stop the service
    deployment, the next step updates the service instead.
    """
    stops = remedy is Remedy.STOP
    try:
        _ask(world, record, observation, stops=stops)
    except Refused as refused:
        if stops:
            return CannotBeStopped()
        return RollbackRefused(
            reason=f"{record.reason}; and it could not be rolled back: {refused}"
        )
    except Denied as denied:
        return RollbackUnanswered(denial=str(denied))
    except Unavailable:
        return RollbackUnanswered()
    return RollbackAsked(how="stop" if stops else "update")


def _ask(world: World, record: Deployment, observation: Observation, *, stops: bool) -> None:
    if stops and observation.ours is not None:
        world.services.stop(observation.ours.arn)
    elif observation.service is not None:  # no verdict on a service that is gone asks for anything
        world.services.update(record.cluster, observation.service, record.return_to)
