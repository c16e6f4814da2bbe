"""observation -> verdict, for a deployment that is being rolled out.

`RULES` is the policy: the first rule that matches decides. No rule looks at running counts alone:
those are right for the old tasks already, and a rollback satisfies them too (ECS API reference,
`ServiceDeployment.status`).
"""

from __future__ import annotations

from datetime import timedelta

from chalicelib.model.deployments import Deployment, Status
from chalicelib.model.runs import RunOutcome
from chalicelib.model.task_definitions import short_name
from chalicelib.model.verdicts import Observation, Verdict
from chalicelib.verdict.hopeless import certain_cause, crash_loop
from chalicelib.verdict.ours import (
    SETTLING,
    began_after,
    deployed_instead,
    ecs_gave_up,
    our_status,
    primary_of,
    runs_ours,
    settled,
    stopped_just_now,
    waits_for_a_person,
)
from chalicelib.verdict.rule import Rule, Words, ends, fails, first_verdict, succeeds

_DELETED = frozenset({"DRAINING", "INACTIVE"})


def judge(record: Deployment, observation: Observation) -> Verdict:
    """The verdict on a deployment that is IN_PROGRESS; IN_PROGRESS again when none is due."""
    rules = RULES if record.succeeded is None else WATCHED
    return first_verdict(rules, record, observation) or Verdict(
        rule="in_progress", status=Status.IN_PROGRESS
    )


def withdrawn(record: Deployment, observation: Observation, why: str) -> Verdict:
    """The verdict when a person stops a deployment: it is rolled back like one that failed."""
    verdict = fails(lambda *_: why)("withdrawn", record, observation)
    return verdict.model_copy(update={"by": "person"})


def service_gone(_: Deployment, observation: Observation) -> bool:
    """ECS knows no such service, or calls it DRAINING or INACTIVE: somebody deleted it.

    DeleteService makes it DRAINING while its tasks stop, then INACTIVE, and ECS takes neither back
    (API reference, DeleteService).
    """
    return observation.service is None or observation.service.status in _DELETED


def why_service_gone(record: Deployment, _: Observation) -> str:
    return f"the service {record.service} was deleted during the rollout"


def rolled_back(_: Deployment, observation: Observation) -> bool:
    """ECS rolls back, or has: its circuit breaker, an alarm, a lifecycle hook, or a person."""
    return our_status(observation).startswith("ROLLBACK_")


def _why_rolled_back(record: Deployment, observation: Observation) -> str:
    pause, ours = record.pause, observation.ours
    if pause is not None and pause.back and pause.answer is not None:
        by = pause.answer
        return f"{by.by} rolled it back in stage {pause.stage}: {by.why}"
    told = (ours.rollback_reason or ours.reason) if ours else ""
    return told or "ECS rolled the deployment back"


def completed(record: Deployment, observation: Observation) -> bool:
    """Our service deployment ended SUCCESSFUL; where there is none to ask, the service tells."""
    if observation.ours is not None:
        return observation.ours.status == "SUCCESSFUL"
    return _steady_on_ours(record, observation) and _none_to_come(record, observation)


def _succeeds_or_is_watched(rule: str, record: Deployment, observation: Observation) -> Verdict:
    """The outcome of a rollout that completed: its target may want it to be watched first."""
    if record.watch_after or record.has_after:
        return Verdict(rule=rule, status=Status.IN_PROGRESS, watch=True)
    return succeeds(rule, record, observation)


def after_failed(record: Deployment, _: Observation) -> bool:
    """Its `after` task exited with another code than 0, or ran longer than its time-out."""
    return record.after is not None and record.after.outcome is RunOutcome.FAILED


def _why_after_failed(record: Deployment, _: Observation) -> str:
    return record.after.reason if record.after else ""


def _succeeds_as_proven(rule: str, record: Deployment, observation: Observation) -> Verdict:
    """The outcome of a success: where an `after` had to prove it and did not, it is not proven."""
    verdict = succeeds(rule, record, observation)
    after = record.after
    if not record.has_after or (after is not None and after.succeeded):
        return verdict
    why = after.reason if after else ""
    unproven = f"its `after` task proved nothing: {why or 'it had not ended'}"
    return Verdict(rule=rule, status=verdict.status, reason=unproven)


def replaced(record: Deployment, observation: Observation) -> bool:
    """Something else was deployed since the success, or the service was deleted."""
    return service_gone(record, observation) or not runs_ours(record, observation)


def alarm_rings(_: Deployment, observation: Observation) -> bool:
    """One of the alarms that the service names is in ALARM; ECS does not watch them any more."""
    return bool(observation.alarms)


def _why_alarm_rings(_: Deployment, observation: Observation) -> str:
    return f"the alarm {observation.alarms[0]} rang after ECS had called it successful"


def _since_its_success(words: Words) -> Words:
    def sentence(record: Deployment, observation: Observation) -> str:
        return f"{words(record, observation)} (after ECS had called it successful)"

    return sentence


def watched_long_enough(record: Deployment, observation: Observation) -> bool:
    """The target's `watch_after` is over, and its `after` has ended."""
    if record.succeeded is None or record.awaits_after:
        return False
    return observation.at >= record.succeeded + timedelta(seconds=record.watch_after)


def _steady_on_ours(record: Deployment, observation: Observation) -> bool:
    steady = observation.service.steady if observation.service else None
    if steady is None or steady.task_definition != record.revision:
        return False
    return record.ecs_deployment in {"", steady.id}


def _none_to_come(record: Deployment, observation: Observation) -> bool:
    """Whether ECS has no service deployment of ours to show; otherwise it does not show it yet.

    It has none behind a Classic Load Balancer, and none where nothing had to be updated (ECS keeps
    them for 90 days). Past the deadline it is not waited for any more.
    """
    service, primary = observation.service, primary_of(observation)
    rolling = service is not None and service.strategy.rolling
    classic = rolling and primary is not None and not primary.rollout_state
    return classic or record.changed_nothing or is_late(record, observation)


def superseded(record: Deployment, observation: Observation) -> bool:
    """The service works towards another revision now, which somebody deployed after ours."""
    return deployed_instead(record, observation) is not None


def _why_superseded(record: Deployment, observation: Observation) -> str:
    instead = deployed_instead(record, observation)
    return another_revision(instead.task_definition, instead.id) if instead else ""


def another_revision(revision: str, what: str) -> str:
    """That `revision` came instead of ours; `what` says what brought it."""
    return f"{short_name(revision)} was deployed to the service instead ({what})"


def adopted(record: Deployment, observation: Observation) -> bool:
    """Our revision under another, newer id: somebody changed another setting of the service."""
    primary = primary_of(observation)
    if primary is None or not runs_ours(record, observation):
        return False
    another = record.ecs_deployment not in {"", primary.id}
    return another and began_after(record, primary)


def _goes_on(rule: str, _: Deployment, observation: Observation) -> Verdict:
    primary = primary_of(observation)
    return Verdict(
        rule=rule,
        status=Status.IN_PROGRESS,
        reason="another setting of the service was changed; the same revision goes on under a "
        "new deployment",
        adopt=primary.id if primary else "",
    )


def stopped(record: Deployment, observation: Observation) -> bool:
    """STOPPED also means "failed, and no rollback is configured"; it cannot be stopped again.

    ECS stops ours as well when somebody starts another one, which DescribeServices may not show
    yet. So either ECS calls the rollout FAILED, or it was stopped long enough ago.
    """
    if our_status(observation) != "STOPPED" or not runs_ours(record, observation):
        return False
    return not stopped_just_now(record, observation)


def _why_stopped(_: Deployment, observation: Observation) -> str:
    told = observation.ours.reason if observation.ours else ""
    return told or _rollout_reason(observation) or "ECS stopped the deployment"


def rollout_failed(record: Deployment, observation: Observation) -> bool:
    """ECS gave up (`rolloutState` FAILED), while the service deployment has not ended.

    Where the service asks for no rollback, ECS stops it itself, and nothing else comes of that.
    """
    if not ecs_gave_up(record, observation):
        return False
    # Once ECS shows the service deployment, it says more.
    return observation.ours is not None or settled(record.since, observation.at)


def _why_rollout_failed(_: Deployment, observation: Observation) -> str:
    return _rollout_reason(observation) or "ECS marked the rollout as failed"


def _rollout_reason(observation: Observation) -> str:
    primary = primary_of(observation)
    return primary.rollout_reason if primary else ""


def no_retry_helps(record: Deployment, observation: Observation) -> bool:
    """Tasks ended by a cause that no retry can change, an image that is not there for example."""
    return runs_ours(record, observation) and bool(_why_no_retry_helps(record, observation))


def _why_no_retry_helps(_: Deployment, observation: Observation) -> str:
    return certain_cause(observation.tasks) if observation.tasks else ""


def crash_looping(record: Deployment, observation: Observation) -> bool:
    """One task after another crashes, and none stays up."""
    return runs_ours(record, observation) and bool(_why_crash_looping(record, observation))


def _why_crash_looping(_: Deployment, observation: Observation) -> str:
    primary, tasks = primary_of(observation), observation.tasks
    return crash_loop(tasks, primary.desired, observation.at) if primary and tasks else ""


def past_deadline(record: Deployment, observation: Observation) -> bool:
    """The deadline counts from UpdateService: the target's, and what the strategy itself takes.

    It does not count while ECS waits for a person.
    """
    return is_late(record, observation) and runs_ours(record, observation)


def _why_past_deadline(record: Deployment, observation: Observation) -> str:
    primary = primary_of(observation)
    if primary is None:
        return _how_late(record)
    counts = f"{primary.running} of {primary.desired} tasks run, {primary.failed} failed"
    return f"{_how_late(record)} ({counts})"


def out_of_sight(record: Deployment, observation: Observation) -> bool:
    """Past the deadline, and ECS works towards something else that nobody put there since.

    That should not be: its answers had time to agree. It is not ours to touch.
    """
    return is_late(record, observation, by=SETTLING)


def _why_out_of_sight(record: Deployment, observation: Observation) -> str:
    primary = primary_of(observation)
    runs = short_name(primary.task_definition) if primary else "nothing"
    return (
        f"{_how_late(record)}, and ECS says that the service works towards {runs}; nothing was "
        "touched"
    )


def is_late(record: Deployment, observation: Observation, *, by: timedelta = timedelta()) -> bool:
    """Whether the deadline has passed, and as much time as `by` since; a pause does not count."""
    if waits_for_a_person(observation):
        return False
    paused = observation.at - record.paused.since if record.paused else timedelta()
    return record.deadline is not None and observation.at - paused >= record.deadline + by


def _how_late(record: Deployment) -> str:
    minutes = round((record.given or timedelta()).total_seconds() / 60)
    return f"the rollout did not complete within its deadline of {minutes} minutes"


RULES: tuple[Rule, ...] = (
    # Nothing can be done about a service that does not exist.
    Rule(service_gone, ends(Status.FAILED, why_service_gone)),
    # How ECS' rollback goes, and what runs now, is for the rules of `returning.py` to say.
    Rule(rolled_back, ends(Status.ROLLBACK_IN_PROGRESS, _why_rolled_back)),
    # A success stays one, whatever came after it.
    Rule(completed, _succeeds_or_is_watched),
    # What others deployed is not ours to judge, and never touched.
    Rule(superseded, ends(Status.SUPERSEDED, _why_superseded)),
    # What others changed beside our revision goes on as ours, and is judged again.
    Rule(adopted, _goes_on),
    # From here on the service works towards our revision, and that failed: it is rolled back.
    Rule(stopped, fails(_why_stopped)),
    Rule(rollout_failed, fails(_why_rollout_failed)),
    # The tasks' ends say that it will not heal, before ECS gives up. The words name their cause.
    Rule(no_retry_helps, fails(_why_no_retry_helps, explained=True)),
    Rule(crash_looping, fails(_why_crash_looping, explained=True)),
    # Later than this, nothing is waited for.
    Rule(past_deadline, fails(_why_past_deadline)),
    # Nothing above explains what is seen, and there is no time left to look again.
    Rule(out_of_sight, ends(Status.FAILED, _why_out_of_sight)),
)

# Once ECS calls it successful, where the target has `watch_after` or `after`. ECS rolls nothing
# back now.
WATCHED: tuple[Rule, ...] = (
    # A success stays one, whatever came after it.
    Rule(replaced, _succeeds_as_proven),
    Rule(after_failed, fails(_why_after_failed, explained=True)),
    Rule(alarm_rings, fails(_why_alarm_rings)),
    Rule(no_retry_helps, fails(_since_its_success(_why_no_retry_helps), explained=True)),
    Rule(crash_looping, fails(_since_its_success(_why_crash_looping), explained=True)),
    Rule(watched_long_enough, _succeeds_as_proven),
)
