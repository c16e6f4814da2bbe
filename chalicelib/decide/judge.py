"""observation -> verdict: an ordered list of small rules, the first that matches decides.

`judge` is for a deployment that is being rolled out, `judge_return` for one that is being rolled
back. Neither ever looks at running counts alone: those are already right for the old tasks, and a
rollback satisfies them (see `ServiceDeployment.status` in the ECS API reference).
"""

from __future__ import annotations

from collections.abc import Callable

from chalicelib.decide.heal import hopeless
from chalicelib.model.deployments import Deployment, Status
from chalicelib.model.services import EcsDeployment
from chalicelib.model.task_definitions import short_name
from chalicelib.model.verdicts import Observation, Remedy, Verdict

_ROLLING_BACK = frozenset({"ROLLBACK_REQUESTED", "ROLLBACK_IN_PROGRESS"})
Rule = Callable[[Deployment, Observation], Verdict | None]


def judge(deployment: Deployment, seen: Observation) -> Verdict:
    """The verdict on a deployment that is IN_PROGRESS; IN_PROGRESS again when none is due."""
    return _first(_RULES, deployment, seen) or Verdict(
        rule="in_progress", status=Status.IN_PROGRESS
    )


def judge_return(deployment: Deployment, seen: Observation) -> Verdict:
    """The verdict on a deployment that is ROLLBACK_IN_PROGRESS."""
    return _first(_RETURN_RULES, deployment, seen) or Verdict(
        rule="returning", status=Status.ROLLBACK_IN_PROGRESS
    )


def needs_tasks(deployment: Deployment, seen: Observation) -> bool:
    """Whether ECS counts failed tasks of ours, so that their ends may tell more."""
    primary = _primary(seen)
    return (
        primary is not None
        and deployment.status is Status.IN_PROGRESS
        and primary.id == deployment.ecs_deployment
        and primary.failed > 0
    )


def needs_service_deployment(deployment: Deployment, seen: Observation) -> bool:
    """Whether the service alone cannot answer, so that the service deployment must be read.

    While the PRIMARY deployment is ours and in progress before the deadline, there is nothing
    more to learn; DescribeServices answers most of a rollout's polls.
    """
    primary = seen.service.primary if seen.service else None
    if primary is None:
        return False
    if past_deadline(deployment, seen) or will_not_heal(deployment, seen):
        return True
    return (
        deployment.status is Status.ROLLBACK_IN_PROGRESS
        or primary.id != deployment.ecs_deployment
        or primary.rollout_state != "IN_PROGRESS"
    )


def service_gone(deployment: Deployment, seen: Observation) -> Verdict | None:
    """ECS knows no such service, or calls it INACTIVE: it was deleted, so nothing can be done."""
    if seen.service is not None and seen.service.status != "INACTIVE":
        return None
    return Verdict(
        rule="service_gone",
        status=Status.FAILED,
        reason=f"the service {deployment.service} was deleted during the rollout",
    )


def rolled_back(deployment: Deployment, seen: Observation) -> Verdict | None:
    """ECS rolls back, or has: its circuit breaker, an alarm, a lifecycle hook, or a person.

    How that went, and what runs now, is for the rules of a return to say.
    """
    ours = seen.ours
    if ours is None or not ours.status.startswith("ROLLBACK_"):
        return None
    why = ours.rollback_reason or ours.reason or "ECS rolled the deployment back"
    return Verdict(rule="rolled_back", status=Status.ROLLBACK_IN_PROGRESS, reason=why)


def completed(deployment: Deployment, seen: Observation) -> Verdict | None:
    """Our service deployment ended SUCCESSFUL, whatever came after it.

    Zero desired tasks, or an early success at zero percent, completes without running one:
    successful, but it proves nothing.
    """
    if seen.ours is not None:
        if seen.ours.status != "SUCCESSFUL":
            return None
    elif not _completed_classic(deployment, seen):
        return None
    desired = seen.service.desired if seen.service else 0
    early = seen.service is not None and seen.service.early_percent == 0
    reason = "" if desired else "the service wants 0 tasks, so none was started to prove the image"
    proven = desired > 0 and not early
    return Verdict(rule="completed", status=Status.SUCCESSFUL, reason=reason, proven=proven)


def _completed_classic(deployment: Deployment, seen: Observation) -> bool:
    """Without a service deployment to ask: our PRIMARY is the only one, and steady."""
    steady = seen.service.steady if seen.service else None
    return (
        steady is not None
        and steady.id == deployment.ecs_deployment
        and steady.task_definition == deployment.revision
    )


def superseded(deployment: Deployment, seen: Observation) -> Verdict | None:
    """The service now works towards another revision: not ours to judge, never to be touched."""
    primary = _primary(seen)
    if primary is None or primary.task_definition == deployment.revision:
        return None
    return Verdict(
        rule="superseded",
        status=Status.SUPERSEDED,
        reason=f"{short_name(primary.task_definition)} was deployed to the service instead "
        f"({primary.id})",
    )


def adopted(deployment: Deployment, seen: Observation) -> Verdict | None:
    """Our revision under another id: somebody changed another setting of the service."""
    primary = _primary(seen)
    if primary is None or primary.id == deployment.ecs_deployment:
        return None
    return Verdict(
        rule="adopted",
        status=Status.IN_PROGRESS,
        reason="another setting of the service was changed; the same revision goes on under a "
        "new deployment",
        adopt=primary.id,
    )


def stopped(deployment: Deployment, seen: Observation) -> Verdict | None:
    """STOPPED also means "failed, and no rollback is configured"; it cannot be stopped again."""
    if seen.ours is None or seen.ours.status != "STOPPED":
        return None
    why = seen.ours.reason or _rollout_reason(seen) or "ECS stopped the deployment"
    return _failed("stopped", deployment, why, Remedy.UPDATE)


def rollout_failed(deployment: Deployment, seen: Observation) -> Verdict | None:
    """`rolloutState` FAILED while the service deployment has not ended: ECS gave up."""
    primary = _primary(seen)
    if primary is None or primary.rollout_state != "FAILED":
        return None
    if seen.ours is not None and seen.ours.status == "STOP_REQUESTED":
        return None  # ECS is ending it
    why = primary.rollout_reason or "ECS marked the rollout as failed"
    return _failed("rollout_failed", deployment, why, _stop_or_update(seen))


def will_not_heal(deployment: Deployment, seen: Observation) -> Verdict | None:
    """The tasks' ends say that no retry can help: called before ECS' threshold and the deadline."""
    primary = _primary(seen)
    if primary is None or seen.tasks is None:
        return None
    why = hopeless(seen.tasks, primary.desired, seen.at)
    if not why:
        return None
    verdict = _failed("will_not_heal", deployment, why, _stop_or_update(seen))
    return verdict.model_copy(update={"explained": True})


def past_deadline(deployment: Deployment, seen: Observation) -> Verdict | None:
    """The deadline counts from UpdateService and is the target's (plus bake time)."""
    if deployment.deadline is None or seen.at < deployment.deadline:
        return None
    given = deployment.deadline - (deployment.applied or deployment.deadline)
    minutes = round(given.total_seconds() / 60)
    counts = ""
    if seen.service is not None and seen.service.primary is not None:
        primary = seen.service.primary
        counts = f" ({primary.running} of {primary.desired} tasks run, {primary.failed} failed)"
    return _failed(
        "past_deadline",
        deployment,
        f"the rollout did not complete within its deadline of {minutes} minutes{counts}",
        _stop_or_update(seen),
    )


def withdrawn(deployment: Deployment, seen: Observation, why: str) -> Verdict:
    """A person stops a deployment that is being rolled out: it is rolled back like a failure."""
    verdict = _failed("withdrawn", deployment, why, _stop_or_update(seen))
    return verdict.model_copy(update={"by": "person"})


def _stop_or_update(seen: Observation) -> Remedy:
    return Remedy.UPDATE if seen.ours is None or seen.ours.status == "STOPPED" else Remedy.STOP


def _failed(rule: str, deployment: Deployment, why: str, remedy: Remedy) -> Verdict:
    """A failure that ECS does not heal: rolled back where there is something to return to."""
    if not deployment.return_to or deployment.return_to == deployment.revision:
        return Verdict(
            rule=rule,
            status=Status.FAILED,
            reason=f"{why}; there is no earlier revision to return to, so nothing was touched",
        )
    return Verdict(rule=rule, status=Status.ROLLBACK_IN_PROGRESS, reason=why, remedy=remedy)


def _primary(seen: Observation) -> EcsDeployment | None:
    return seen.service.primary if seen.service else None


def _rollout_reason(seen: Observation) -> str:
    primary = _primary(seen)
    return primary.rollout_reason if primary else ""


_RULES: tuple[Rule, ...] = (
    service_gone,
    rolled_back,
    completed,
    superseded,
    adopted,
    stopped,
    rollout_failed,
    will_not_heal,
    past_deadline,
)


def return_gone(deployment: Deployment, seen: Observation) -> Verdict | None:
    """As `service_gone`, while rolling back: what was to be returned to cannot run any more."""
    if (gone := service_gone(deployment, seen)) is None:
        return None
    return gone.model_copy(update={"rule": "return_gone", "status": Status.ROLLBACK_FAILED})


def completed_meanwhile(deployment: Deployment, seen: Observation) -> Verdict | None:
    """ECS completed what Slipway had given up, before it was asked to roll it back."""
    returning = deployment.returning
    if returning is None or returning.by != "slipway" or returning.done:
        return None
    verdict = completed(deployment, seen) if seen.ours is not None else None
    return verdict and verdict.model_copy(update={"rule": "completed_meanwhile"})


def returned(deployment: Deployment, seen: Observation) -> Verdict | None:
    """What we return to is the steady PRIMARY again; nothing else proves a rollback.

    Once ECS itself calls its rollback successful, a third revision only came after it.
    """
    primary, steady = _primary(seen), seen.service.steady if seen.service else None
    if primary is None or primary.task_definition == deployment.revision:
        return None
    ecs_says_so = seen.ours is not None and seen.ours.status == "ROLLBACK_SUCCESSFUL"
    if primary.task_definition == deployment.return_to or not deployment.return_to:
        runs = steady is not None
    else:
        runs = ecs_says_so
    if not runs:
        return None
    reason = deployment.reason
    if primary.task_definition != deployment.return_to and deployment.return_to:
        reason = f"{reason}; {short_name(primary.task_definition)} was deployed since"
    return Verdict(rule="returned", status=Status.ROLLBACK_SUCCESSFUL, reason=reason)


def return_superseded(deployment: Deployment, seen: Observation) -> Verdict | None:
    """Somebody deployed a third revision while ours was being rolled back."""
    primary = _primary(seen)
    if primary is None or not deployment.return_to or _ecs_is_rolling_back(seen):
        return None
    if primary.task_definition in {deployment.return_to, deployment.revision}:
        return None
    return Verdict(
        rule="return_superseded",
        status=Status.FAILED,
        reason=f"{deployment.reason}; before it was rolled back, "
        f"{short_name(primary.task_definition)} was deployed instead",
    )


def _ecs_is_rolling_back(seen: Observation) -> bool:
    """ECS may go back to another revision than ours: its last COMPLETED deployment."""
    return seen.ours is not None and seen.ours.status in _ROLLING_BACK


def return_failed(deployment: Deployment, seen: Observation) -> Verdict | None:
    """ECS ended our service deployment ROLLBACK_FAILED, or the rollout of `return_to` FAILED.

    Without a `return_to` there was nothing to roll back to: it has FAILED, no more.
    """
    primary = _primary(seen)
    if seen.ours is not None and seen.ours.status == "ROLLBACK_FAILED":
        why = seen.ours.reason or "ECS could not roll it back"
    elif (
        primary is not None
        and primary.task_definition == deployment.return_to
        and primary.rollout_state == "FAILED"
    ):
        why = primary.rollout_reason or f"{short_name(deployment.return_to)} failed as well"
    else:
        return None
    if not deployment.return_to:
        return Verdict(
            rule="return_failed",
            status=Status.FAILED,
            reason=f"{deployment.reason}; there is no earlier revision to return to",
        )
    return Verdict(
        rule="return_failed",
        status=Status.ROLLBACK_FAILED,
        reason=f"{deployment.reason}; the rollback failed too: {why}",
    )


def return_unasked(deployment: Deployment, seen: Observation) -> Verdict | None:
    """The rollback that we decided on was not asked for, or asking came to nothing: ask now.

    A deployment that ECS was already stopping, without a rollback, ends STOPPED whatever it is
    asked: then the revision is set back.
    """
    returning, primary = deployment.returning, _primary(seen)
    if returning is None or returning.by == "ecs":
        return None
    if primary is not None and primary.task_definition == deployment.return_to:
        return None
    ended = seen.ours is None or seen.ours.status == "STOPPED"
    if returning.done and not (ended and returning.how == "stop"):
        return None
    if seen.ours is not None and seen.ours.status.startswith("ROLLBACK_"):
        return None
    stop = returning.how == "stop" and not ended
    return Verdict(
        rule="return_unasked",
        status=Status.ROLLBACK_IN_PROGRESS,
        reason=deployment.reason,
        remedy=Remedy.STOP if stop else Remedy.UPDATE,
    )


def return_past_deadline(deployment: Deployment, seen: Observation) -> Verdict | None:
    """The rollback is given as long as the rollout was; past that, a person is needed."""
    if deployment.deadline is None or seen.at < deployment.deadline:
        return None
    return Verdict(
        rule="return_past_deadline",
        status=Status.ROLLBACK_FAILED,
        reason=f"{deployment.reason}; the rollback did not complete within its deadline either",
    )


_RETURN_RULES: tuple[Rule, ...] = (
    return_gone,
    completed_meanwhile,
    returned,
    return_superseded,
    return_failed,
    return_unasked,
    return_past_deadline,
)


def _first(rules: tuple[Rule, ...], deployment: Deployment, seen: Observation) -> Verdict | None:
    return next((verdict for rule in rules if (verdict := rule(deployment, seen))), None)
