"""record + observation -> in which stage the rollout is, its traffic, and whether ECS waits."""

from __future__ import annotations

from chalicelib.model.changes import changed_pause
from chalicelib.model.deployments import Deployment
from chalicelib.model.services import ServiceDeployment
from chalicelib.model.stages import Pause, goes_on, is_beyond
from chalicelib.model.verdicts import Observation
from chalicelib.verdict.ours import settled

_SEEN = 40  # hooks of earlier pauses; LINEAR moves traffic in 34 parts at most


def stage_of(record: Deployment, observation: Observation) -> str | None:
    """Return the stage that the rollout has reached; None when the look showed nothing newer."""
    ours = observation.ours
    if ours is None or not ours.rolls_out or not goes_on(record.stage, ours.stage):
        return None
    return ours.stage


def traffic_of(record: Deployment, observation: Observation) -> float | None:
    """Return the percentage of the production traffic that goes to our revision.

    It only grows while a revision rolls out, so a lower one is out of date. It is None when ECS
    showed none.
    """
    ours = observation.ours
    if ours is None or ours.traffic is None or not ours.rolls_out:
        return None
    return max(ours.traffic, record.traffic or 0)


def pause_of(record: Deployment, observation: Observation) -> Pause | None:
    """Return the rollout's last pause as it is now: it began, goes on or has ended.

    A hook that waits has an id of its own. So an answer of ECS from before the pause ended is
    recognised, and nobody is told of the same pause twice.
    """
    known, ours = record.pause, observation.ours
    if ours is None:
        return known
    waiting = tuple(hook.id for hook in ours.waiting_hooks)
    if not waiting:
        return _without(known, ours, observation)
    if known is None or not set(waiting) <= {*known.hooks, *known.seen}:
        return _began(known, ours, observation)
    if known.ended is None or not set(waiting) <= set(known.hooks):
        return known
    if not settled(known.ended, observation.at):
        return known
    return changed_pause(known, since=known.ended, ended=None)  # it had never ended


def _began(known: Pause | None, ours: ServiceDeployment, observation: Observation) -> Pause:
    hooks = ours.waiting_hooks
    first = min(hooks, key=lambda hook: (hook.expires is None, hook.expires or observation.at))
    return Pause(
        stage=ours.stage,
        hooks=tuple(hook.id for hook in hooks),
        seen=(*known.hooks, *known.seen)[:_SEEN] if known else (),
        since=observation.at,
        expires=first.expires,
        at_timeout=first.at_timeout,
    )


def _without(
    known: Pause | None, ours: ServiceDeployment, observation: Observation
) -> Pause | None:
    """Return the pause when ECS shows no hook that waits; a look may be older than the pause."""
    if known is None or known.ended is not None:
        return known
    answered = {hook.id for hook in ours.hooks} >= set(known.hooks)
    beyond = is_beyond(known.stage, ours.stage)
    certain = answered or beyond or not ours.rolls_out or settled(known.since, observation.at)
    return changed_pause(known, ended=observation.at) if certain else known
