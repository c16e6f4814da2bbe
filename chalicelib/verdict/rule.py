"""What a rule is, and what may follow from one. A list of rules is a policy."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

from chalicelib.model.deployments import Deployment, Status
from chalicelib.model.verdicts import Observation, Remedy, Verdict
from chalicelib.verdict.ours import ecs_gave_up, settled

_OVER = frozenset({"STOPPED", "SUCCESSFUL"})  # a service deployment that cannot be stopped
Predicate = Callable[[Deployment, Observation], bool]
Words = Callable[[Deployment, Observation], str]
Outcome = Callable[[str, Deployment, Observation], Verdict]


class Rule(NamedTuple):
    """`recognises`, a named function, gives the rule its name; `outcome` makes its verdict."""

    recognises: Predicate
    outcome: Outcome


def first_verdict(
    rules: Sequence[Rule], record: Deployment, observation: Observation
) -> Verdict | None:
    """The verdict of the first rule that matches; None when none does."""
    for recognises, outcome in rules:
        if recognises(record, observation):
            return outcome(recognises.__name__, record, observation)
    return None


def ends(status: Status, words: Words) -> Outcome:
    """The outcome with this status and these words; nothing is asked of ECS."""

    def outcome(rule: str, record: Deployment, observation: Observation) -> Verdict:
        return Verdict(rule=rule, status=status, reason=words(record, observation))

    return outcome


def succeeds(rule: str, _: Deployment, observation: Observation) -> Verdict:
    """The outcome of a rollout that completed.

    With zero desired tasks, or an early success at zero percent, ECS completes without running a
    task: then the revision is not proven.
    """
    service = observation.service
    desired = service.desired if service else 0
    early = service is not None and service.early_percent == 0
    reason = "" if desired else "the service wants 0 tasks, so none was started to prove the image"
    proven = desired > 0 and not early
    return Verdict(rule=rule, status=Status.SUCCESSFUL, reason=reason, proven=proven)


def fails(words: Words, *, explained: bool = False) -> Outcome:
    """The outcome of a failure that ECS does not heal.

    It is rolled back where there is something to return to. `explained`: the words name the tasks'
    cause already.
    """

    def outcome(rule: str, record: Deployment, observation: Observation) -> Verdict:
        why = words(record, observation)
        if record.return_to in {"", record.revision}:
            why = f"{why}; there is no earlier revision to return to, so nothing was touched"
            return Verdict(rule=rule, status=Status.FAILED, reason=why, explained=explained)
        status, remedy = Status.ROLLBACK_IN_PROGRESS, _remedy(record, observation)
        return Verdict(rule=rule, status=status, reason=why, explained=explained, remedy=remedy)

    return outcome


def _remedy(record: Deployment, observation: Observation) -> Remedy:
    """What cannot be stopped is set back; what ECS does not show yet is stopped once it does.

    What ECS gave up and is stopping ends STOPPED, whatever it is asked.
    """
    if observation.ours is None:
        return Remedy.UPDATE if settled(record.since, observation.at) else Remedy.STOP
    stops = observation.ours.status == "STOP_REQUESTED" and ecs_gave_up(record, observation)
    return Remedy.UPDATE if stops or observation.ours.status in _OVER else Remedy.STOP
