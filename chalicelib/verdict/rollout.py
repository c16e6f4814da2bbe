"""observation -> verdict: an ordered list of small rules, the first that matches decides.

`judge` is for a deployment that is being rolled out, `judge_return` for one that is being rolled
back. Neither ever looks at running counts alone: those are already right for the old tasks, and a
rollback satisfies them (see `ServiceDeployment.status` in the ECS API reference).
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

from chalicelib.model.deployments import Deployment, Status
from chalicelib.model.task_definitions import short_name
from chalicelib.model.verdicts import Observation, Remedy, Verdict
from chalicelib.verdict.hopeless import hopeless
from chalicelib.verdict.ours import (
    SETTLING,
    began_after,
    deployed_instead,
    ended_long_ago,
    primary_of,
    runs_ours,
    settled,
)

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
    primary = primary_of(seen)
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
    primary = primary_of(seen)
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
    elif not _completed_by_the_service_alone(deployment, seen):
        return None
    desired = seen.service.desired if seen.service else 0
    early = seen.service is not None and seen.service.early_percent == 0
    reason = "" if desired else "the service wants 0 tasks, so none was started to prove the image"
    proven = desired > 0 and not early
    return Verdict(rule="completed", status=Status.SUCCESSFUL, reason=reason, proven=proven)


def _completed_by_the_service_alone(deployment: Deployment, seen: Observation) -> bool:
    """Without a service deployment to ask: our PRIMARY is steady, and there is none to come.

    None comes behind a Classic Load Balancer, nor where nothing had to be updated (ECS keeps them
    for 90 days), nor past the deadline. Otherwise ECS does not show it yet.
    """
    service = seen.service
    steady = service.steady if service else None
    if service is None or steady is None or steady.task_definition != deployment.revision:
        return False
    classic = not steady.rollout_state and service.strategy.name == "ROLLING"
    late = deployment.deadline is not None and seen.at >= deployment.deadline
    if not (classic or late or deployment.changed_nothing):
        return False
    return steady.id == deployment.ecs_deployment or not deployment.ecs_deployment


def superseded(deployment: Deployment, seen: Observation) -> Verdict | None:
    """The service now works towards another revision: not ours to judge, never to be touched."""
    instead = deployed_instead(deployment, seen)
    return _superseded_by(instead.task_definition, instead.id) if instead else None


def _superseded_by(revision: str, mark: str) -> Verdict:
    return Verdict(
        rule="superseded",
        status=Status.SUPERSEDED,
        reason=f"{short_name(revision)} was deployed to the service instead ({mark})",
    )


def adopted(deployment: Deployment, seen: Observation) -> Verdict | None:
    """Our revision under another, newer id: somebody changed another setting of the service."""
    primary = primary_of(seen)
    if primary is None or not runs_ours(deployment, seen) or not deployment.ecs_deployment:
        return None
    if primary.id == deployment.ecs_deployment or not began_after(deployment, primary):
        return None
    return Verdict(
        rule="adopted",
        status=Status.IN_PROGRESS,
        reason="another setting of the service was changed; the same revision goes on under a "
        "new deployment",
        adopt=primary.id,
    )


def stopped(deployment: Deployment, seen: Observation) -> Verdict | None:
    """STOPPED also means "failed, and no rollback is configured"; it cannot be stopped again.

    ECS stops ours as well when somebody starts another one, which DescribeServices may not show
    yet. So either ECS calls the rollout FAILED, or it was stopped long enough ago.
    """
    if seen.ours is None or seen.ours.status != "STOPPED" or not runs_ours(deployment, seen):
        return None
    if stopped_just_now(deployment, seen):
        return None
    why = seen.ours.reason or _rollout_reason(seen) or "ECS stopped the deployment"
    return _failed("stopped", deployment, why, Remedy.UPDATE)


def rollout_failed(deployment: Deployment, seen: Observation) -> Verdict | None:
    """`rolloutState` FAILED while the service deployment has not ended: ECS gave up."""
    if not _ecs_gave_up(deployment, seen):
        return None
    if seen.ours is not None and seen.ours.status == "STOP_REQUESTED":
        return None  # ECS is ending it
    if seen.ours is None and not settled(deployment.since, seen.at):
        return None  # it is not shown yet, and says more
    why = _rollout_reason(seen) or "ECS marked the rollout as failed"
    return _failed("rollout_failed", deployment, why, _stop_or_update(deployment, seen))


def will_not_heal(deployment: Deployment, seen: Observation) -> Verdict | None:
    """The tasks' ends say that no retry can help: called before ECS' threshold and the deadline."""
    primary = primary_of(seen)
    if primary is None or seen.tasks is None or not runs_ours(deployment, seen):
        return None
    why = hopeless(seen.tasks, primary.desired, seen.at)
    if not why:
        return None
    verdict = _failed("will_not_heal", deployment, why, _stop_or_update(deployment, seen))
    return verdict.model_copy(update={"explained": True})


def past_deadline(deployment: Deployment, seen: Observation) -> Verdict | None:
    """The deadline counts from UpdateService: the target's, and what the strategy itself takes."""
    if not _past(deployment, seen) or not runs_ours(deployment, seen):
        return None
    return _failed(
        "past_deadline",
        deployment,
        f"{_late(deployment)}{_counts(seen)}",
        _stop_or_update(deployment, seen),
    )


def out_of_sight(deployment: Deployment, seen: Observation) -> Verdict | None:
    """Past the deadline, and ECS works towards something else that nobody put there since.

    That should not be: its answers had time to agree. It is not ours to touch.
    """
    if not _past(deployment, seen, by=SETTLING):
        return None
    primary = primary_of(seen)
    runs = short_name(primary.task_definition) if primary else "nothing"
    return Verdict(
        rule="out_of_sight",
        status=Status.FAILED,
        reason=f"{_late(deployment)}, and ECS says that the service works towards {runs}; nothing "
        "was touched",
    )


def withdrawn(deployment: Deployment, seen: Observation, why: str) -> Verdict:
    """A person stops a deployment that is being rolled out: it is rolled back like a failure."""
    verdict = _failed("withdrawn", deployment, why, _stop_or_update(deployment, seen))
    return verdict.model_copy(update={"by": "person"})


def unless_deployed_since(deployment: Deployment, verdict: Verdict, newer: str) -> Verdict:
    """The verdict when ECS lists a service deployment after ours, of the revision `newer`.

    ECS stops ours when somebody starts another one, so nothing of theirs is set back. `newer` is
    empty when ECS does not show which revision it is yet.
    """
    goes_back = deployment.status is Status.ROLLBACK_IN_PROGRESS
    if newer == deployment.revision and goes_back:
        return verdict  # another setting was changed: still ours, and still to be set back
    if newer in {"", deployment.revision} or (newer == deployment.return_to and goes_back):
        return look_again(deployment)
    if goes_back:
        return _return_superseded_by(deployment, newer)
    return _superseded_by(newer, "a newer service deployment")


def look_again(deployment: Deployment) -> Verdict:
    """No verdict yet: nothing changes, and the next step looks again."""
    return Verdict(rule="look_again", status=deployment.status, reason=deployment.reason)


def stopped_just_now(deployment: Deployment, seen: Observation) -> bool:
    """Whether ours was STOPPED so recently that what it was stopped for may not be shown yet.

    Not where ECS calls the rollout FAILED: then it was not stopped for another one.
    """
    stopped = seen.ours is not None and seen.ours.status == "STOPPED"
    return stopped and not _ecs_gave_up(deployment, seen) and not ended_long_ago(deployment, seen)


def _past(deployment: Deployment, seen: Observation, by: timedelta = timedelta()) -> bool:
    return deployment.deadline is not None and seen.at >= deployment.deadline + by


def _late(deployment: Deployment) -> str:
    minutes = round((deployment.given or timedelta()).total_seconds() / 60)
    return f"the rollout did not complete within its deadline of {minutes} minutes"


def _counts(seen: Observation) -> str:
    primary = primary_of(seen)
    if primary is None:
        return ""
    return f" ({primary.running} of {primary.desired} tasks run, {primary.failed} failed)"


def _ecs_gave_up(deployment: Deployment, seen: Observation) -> bool:
    primary = primary_of(seen)
    failed = primary is not None and primary.rollout_state == "FAILED"
    return failed and runs_ours(deployment, seen)


def _stop_or_update(deployment: Deployment, seen: Observation) -> Remedy:
    """What cannot be stopped is set back; what ECS does not show yet is stopped once it does."""
    if seen.ours is None:
        return Remedy.UPDATE if settled(deployment.since, seen.at) else Remedy.STOP
    return Remedy.UPDATE if seen.ours.status == "STOPPED" else Remedy.STOP


def _failed(rule: str, deployment: Deployment, why: str, remedy: Remedy) -> Verdict:
    """A failure that ECS does not heal: rolled back where there is something to return to."""
    if not deployment.return_to or deployment.return_to == deployment.revision:
        return Verdict(
            rule=rule,
            status=Status.FAILED,
            reason=f"{why}; there is no earlier revision to return to, so nothing was touched",
        )
    return Verdict(rule=rule, status=Status.ROLLBACK_IN_PROGRESS, reason=why, remedy=remedy)


def _rollout_reason(seen: Observation) -> str:
    primary = primary_of(seen)
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
    out_of_sight,
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
    primary, steady = primary_of(seen), seen.service.steady if seen.service else None
    if primary is None or runs_ours(deployment, seen):
        return None
    known = primary.task_definition == deployment.return_to or not deployment.return_to
    status = seen.ours.status if seen.ours else ""
    if status == "ROLLBACK_SUCCESSFUL":
        runs = steady is not None or not known
    elif status in _ROLLING_BACK:  # ECS says itself when it is done
        runs = known and steady is not None and _past(deployment, seen)
    else:
        runs = known and steady is not None and _is_since_the_return(deployment, seen)
    if not runs:
        return None
    reason = deployment.reason
    if not known:
        reason = f"{reason}; {short_name(primary.task_definition)} was deployed since"
    return Verdict(rule="returned", status=Status.ROLLBACK_SUCCESSFUL, reason=reason)


def _is_since_the_return(deployment: Deployment, seen: Observation) -> bool:
    """Whether the PRIMARY is what we returned to, and not a view from before ours was applied."""
    primary = primary_of(seen)
    began = deployment.returning.began if deployment.returning else None
    newer = primary is not None and began_after(deployment, primary)
    return newer or settled(began, seen.at)


def return_superseded(deployment: Deployment, seen: Observation) -> Verdict | None:
    """Somebody deployed a third revision while ours was being rolled back."""
    if not deployment.return_to or _ecs_is_rolling_back(seen):
        return None
    instead = deployed_instead(deployment, seen)
    if instead is None or instead.task_definition == deployment.return_to:
        return None
    return _return_superseded_by(deployment, instead.task_definition)


def _return_superseded_by(deployment: Deployment, revision: str) -> Verdict:
    return Verdict(
        rule="return_superseded",
        status=Status.FAILED,
        reason=f"{deployment.reason}; before it was rolled back, {short_name(revision)} was "
        "deployed instead",
    )


def _ecs_is_rolling_back(seen: Observation) -> bool:
    """ECS may go back to another revision than ours: its last COMPLETED deployment."""
    return seen.ours is not None and seen.ours.status in _ROLLING_BACK


def return_failed(deployment: Deployment, seen: Observation) -> Verdict | None:
    """ECS ended our service deployment ROLLBACK_FAILED, or the rollout of `return_to` FAILED.

    Without a `return_to` there was nothing to roll back to: it has FAILED, no more.
    """
    why = _why_the_return_failed(deployment, seen)
    if not why:
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


def _why_the_return_failed(deployment: Deployment, seen: Observation) -> str:
    """Empty when it did not; ROLLBACK_FAILED may also mean that somebody started another one."""
    primary = primary_of(seen)
    failed = primary is not None and primary.rollout_state == "FAILED"
    ended = seen.ours is not None and seen.ours.status == "ROLLBACK_FAILED"
    if ended and seen.ours is not None and (failed or ended_long_ago(deployment, seen)):
        return seen.ours.reason or "ECS could not roll it back"
    if primary is None or not failed or primary.task_definition != deployment.return_to:
        return ""
    if _ecs_is_rolling_back(seen) or _is_since_the_return(deployment, seen):
        return primary.rollout_reason or f"{short_name(deployment.return_to)} failed as well"
    return ""


def return_unasked(deployment: Deployment, seen: Observation) -> Verdict | None:
    """The rollback that we decided on was not asked for, or asking came to nothing: ask now.

    A deployment that ECS was already stopping, without a rollback, ends STOPPED whatever it is
    asked: then the revision is set back. Only while the service works towards our revision.
    """
    returning = deployment.returning
    if returning is None or returning.by == "ecs" or not runs_ours(deployment, seen):
        return None
    if seen.ours is not None and seen.ours.status.startswith("ROLLBACK_"):
        return None
    stopped_already = seen.ours is not None and seen.ours.status == "STOPPED"
    ended = stopped_already or (seen.ours is None and settled(returning.began, seen.at))
    if returning.done and not (ended and returning.how == "stop"):
        return None
    if not ended and (seen.ours is None or not settled(returning.began, seen.at)):
        stop = returning.how == "stop" and seen.ours is not None
        return _ask(deployment, Remedy.STOP) if stop else None
    stop = returning.how == "stop" and not ended
    return _ask(deployment, Remedy.STOP if stop else Remedy.UPDATE)


def _ask(deployment: Deployment, remedy: Remedy) -> Verdict:
    return Verdict(
        rule="return_unasked",
        status=Status.ROLLBACK_IN_PROGRESS,
        reason=deployment.reason,
        remedy=remedy,
    )


def return_past_deadline(deployment: Deployment, seen: Observation) -> Verdict | None:
    """The rollback is given as long as the rollout was; past that, a person is needed."""
    if not _past(deployment, seen):
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
