"""observation -> verdict, for a deployment that is being rolled back.

`RULES` is the policy: the first rule that matches decides.
"""

from __future__ import annotations

from datetime import timedelta

from chalicelib.model.deployments import Deployment, Status
from chalicelib.model.task_definitions import short_name
from chalicelib.model.verdicts import Observation, Remedy, Verdict
from chalicelib.verdict.ours import (
    began_after,
    deployed_instead,
    ended_long_ago,
    our_status,
    primary_of,
    runs_ours,
    settled,
)
from chalicelib.verdict.rollout import completed, is_late, service_gone, why_service_gone
from chalicelib.verdict.rule import Outcome, Rule, Words, ends, first_verdict, succeeds

_ECS_ROLLS_BACK = frozenset({"ROLLBACK_REQUESTED", "ROLLBACK_IN_PROGRESS"})


def judge_return(record: Deployment, observation: Observation) -> Verdict:
    """The verdict on a deployment that is ROLLBACK_IN_PROGRESS; the same again when none is due."""
    return first_verdict(RULES, record, observation) or Verdict(
        rule="returning", status=Status.ROLLBACK_IN_PROGRESS
    )


def return_gone(record: Deployment, observation: Observation) -> bool:
    """The service was deleted: what was to be returned to cannot run any more."""
    return service_gone(record, observation)


def completed_meanwhile(record: Deployment, observation: Observation) -> bool:
    """ECS completed what Slipway had given up, before it was asked to roll it back."""
    returning = record.returning
    if returning is None or returning.by != "slipway" or returning.done:
        return False
    if record.succeeded is not None:  # it was given up for what came after its success
        return False
    return observation.ours is not None and completed(record, observation)


def returned(record: Deployment, observation: Observation) -> bool:
    """What we return to is the steady PRIMARY again; nothing else proves a rollback.

    Once ECS itself calls its rollback successful, a third revision only came after it.
    """
    primary = primary_of(observation)
    if primary is None or runs_ours(record, observation):
        return False
    steady = observation.service is not None and observation.service.steady is not None
    known = _is_return_to(record, primary.task_definition)
    status = our_status(observation)
    if status == "ROLLBACK_SUCCESSFUL":
        return steady or not known
    if status in _ECS_ROLLS_BACK:  # ECS says itself when it is done; at the deadline we look
        return steady and known and is_late(record, observation)
    return steady and known and _is_since_the_return(record, observation)


def _why_returned(record: Deployment, observation: Observation) -> str:
    primary = primary_of(observation)
    if primary is None or _is_return_to(record, primary.task_definition):
        return record.reason
    return f"{record.reason}; {short_name(primary.task_definition)} was deployed since"


def _is_return_to(record: Deployment, revision: str) -> bool:
    """Whether this is what is returned to; without a `return_to`, ECS chooses, so any may be."""
    return record.return_to in {"", revision}


def _is_since_the_return(record: Deployment, observation: Observation) -> bool:
    """Whether the PRIMARY is what we returned to, and not a view from before ours was applied."""
    primary = primary_of(observation)
    began = record.returning.began if record.returning else None
    newer = primary is not None and began_after(record, primary)
    return newer or settled(began, observation.at)


def return_superseded(record: Deployment, observation: Observation) -> bool:
    """Somebody deployed a third revision while ours was being rolled back.

    Not while ECS itself rolls back: it may go to another revision than `return_to` (its last
    COMPLETED deployment).
    """
    if not record.return_to or our_status(observation) in _ECS_ROLLS_BACK:
        return False
    instead = deployed_instead(record, observation)
    return instead is not None and instead.task_definition != record.return_to


def _why_superseded(record: Deployment, observation: Observation) -> str:
    instead = deployed_instead(record, observation)
    return another_revision(record, instead.task_definition) if instead else record.reason


def another_revision(record: Deployment, revision: str) -> str:
    """That `revision` came before ours was rolled back."""
    return (
        f"{record.reason}; before it was rolled back, {short_name(revision)} was deployed instead"
    )


def ecs_failed_to_return(record: Deployment, observation: Observation) -> bool:
    """ECS ended our service deployment ROLLBACK_FAILED.

    It may also say so because somebody started another one, which DescribeServices may not show
    yet. So either the rollout is FAILED too, or it ended long enough ago.
    """
    primary = primary_of(observation)
    if our_status(observation) != "ROLLBACK_FAILED":
        return False
    failed = primary is not None and primary.rollout_state == "FAILED"
    return failed or ended_long_ago(record, observation)


def _why_ecs_failed(_: Deployment, observation: Observation) -> str:
    return (observation.ours.reason if observation.ours else "") or "ECS could not roll it back"


def return_failed(record: Deployment, observation: Observation) -> bool:
    """The rollout of what we return to FAILED as well."""
    primary = primary_of(observation)
    if primary is None or primary.rollout_state != "FAILED":
        return False
    if primary.task_definition != record.return_to:
        return False
    by_ecs = our_status(observation) in _ECS_ROLLS_BACK
    return by_ecs or _is_since_the_return(record, observation)


def _why_return_failed(record: Deployment, observation: Observation) -> str:
    primary = primary_of(observation)
    told = primary.rollout_reason if primary else ""
    return told or f"{short_name(record.return_to)} failed as well"


def stop_in_vain(record: Deployment, observation: Observation) -> bool:
    """It ended without a rollback, so stopping it cannot roll it back (any more).

    A deployment that ECS was already stopping, without a rollback, ends STOPPED whatever it is
    asked.
    """
    returning = record.returning
    if returning is None or not _may_ask(record, observation):
        return False
    if our_status(observation) == "STOPPED":
        ended = True
    else:
        ended = observation.ours is None and settled(returning.began, observation.at)
    return returning.how == "stop" and ended


def stop_unasked(record: Deployment, observation: Observation) -> bool:
    """We decided to stop it, and died before ECS was asked, or ECS did not show it until now."""
    returning = record.returning
    if returning is None or returning.done or not _may_ask(record, observation):
        return False
    return returning.how == "stop" and observation.ours is not None


def update_unasked(record: Deployment, observation: Observation) -> bool:
    """We decided to set the revision back, and died before ECS was asked.

    Where the service deployment goes on, or is not shown, the update may have been asked for and
    not be shown yet.
    """
    returning = record.returning
    if returning is None or returning.done or not _may_ask(record, observation):
        return False
    shown = our_status(observation) == "STOPPED" or settled(returning.began, observation.at)
    return returning.how == "update" and shown


def _may_ask(record: Deployment, observation: Observation) -> bool:
    """Whether the rollback is ours to ask for, and the service still works towards our revision."""
    if record.returning is None or record.returning.by == "ecs":
        return False
    if our_status(observation).startswith("ROLLBACK_"):
        return False
    return runs_ours(record, observation)


def return_past_deadline(record: Deployment, observation: Observation) -> bool:
    """The rollback is given as long as the rollout was; past that, a person is needed.

    The time counts from the decision or, if ECS could only be asked later, from when the rollout of
    what is returned to began.
    """
    returning, primary = record.returning, primary_of(observation)
    late = timedelta()
    if returning and primary and primary.created_at and primary.task_definition == record.return_to:
        late = max(late, primary.created_at - returning.began)
    return is_late(record, observation, by=late)


def _why_past_deadline(record: Deployment, _: Observation) -> str:
    return f"{record.reason}; the rollback did not complete within its deadline either"


def _return_fails(words: Words) -> Outcome:
    """ROLLBACK_FAILED; without a `return_to` there was nothing to roll back to: just FAILED."""

    def outcome(rule: str, record: Deployment, observation: Observation) -> Verdict:
        if not record.return_to:
            why = f"{record.reason}; there is no earlier revision to return to"
            return Verdict(rule=rule, status=Status.FAILED, reason=why)
        why = f"{record.reason}; the rollback failed too: {words(record, observation)}"
        return Verdict(rule=rule, status=Status.ROLLBACK_FAILED, reason=why)

    return outcome


def _asks(remedy: Remedy) -> Outcome:
    """Still rolling back, and ECS is asked for it now."""

    def outcome(rule: str, record: Deployment, _: Observation) -> Verdict:
        status = Status.ROLLBACK_IN_PROGRESS
        return Verdict(rule=rule, status=status, reason=record.reason, remedy=remedy)

    return outcome


RULES: tuple[Rule, ...] = (
    # Nothing can be returned to in a service that does not exist.
    Rule(return_gone, ends(Status.ROLLBACK_FAILED, why_service_gone)),
    # A success stays one, also where it came just before the request to roll back.
    Rule(completed_meanwhile, succeeds),
    # The one proof of a rollback.
    Rule(returned, ends(Status.ROLLBACK_SUCCESSFUL, _why_returned)),
    # What others deployed is never touched. Ours failed, and nothing was rolled back.
    Rule(return_superseded, ends(Status.FAILED, _why_superseded)),
    # ECS' rollback failed, or the rollout of what ours asked for: a person is needed.
    Rule(ecs_failed_to_return, _return_fails(_why_ecs_failed)),
    Rule(return_failed, _return_fails(_why_return_failed)),
    # A function that died left something to be asked for. What ended cannot be stopped: set back.
    Rule(stop_in_vain, _asks(Remedy.UPDATE)),
    Rule(stop_unasked, _asks(Remedy.STOP)),
    Rule(update_unasked, _asks(Remedy.UPDATE)),
    # Later than this, nothing is waited for.
    Rule(return_past_deadline, ends(Status.ROLLBACK_FAILED, _why_past_deadline)),
)
