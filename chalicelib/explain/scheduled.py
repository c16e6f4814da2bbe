"""record with scheduled tasks -> the lines of a notice: which follow, and which do not."""

from __future__ import annotations

from collections.abc import Sequence

from chalicelib.explain.text import listed, one_line, sentence
from chalicelib.model.deployments import Deployment
from chalicelib.model.scheduled import ChangeState, ScheduledChange
from chalicelib.model.task_definitions import short_name

_NAMED = 20  # scheduled tasks that a notice names


def will_follow(deployment: Deployment) -> list[str]:
    """Return the lines of the first notice: which scheduled tasks follow, and which do not."""
    due = [one.label for one in deployment.scheduled if not one.why]
    left = [one for one in deployment.scheduled if one.why]
    when = "now" if deployment.is_task else "once it is live"
    follow = f"- These get the new revision {when}: {listed(due, _NAMED)}."
    return [one_line(line) for line in (*([follow] if due else ()), *map(_line, left[:_NAMED]))]


def _line(change: ScheduledChange) -> str:
    return f"- {change.label}: {sentence(change.why)}"


def do_not_follow(wrong: Sequence[ScheduledChange]) -> list[str]:
    """Return a line for each scheduled task that does not follow, although it should."""
    return [one_line(_wrong(one)) for one in wrong[:_NAMED]]


def _wrong(change: ScheduledChange) -> str:
    still = change.named and change.state in {ChangeState.DUE, ChangeState.GIVEN_UP}
    runs = f" still runs {short_name(change.named)}" if still else ""
    return f"- {change.label}{runs}: {sentence(change.why)}"


def labels(changes: Sequence[ScheduledChange]) -> str:
    """Return the names of scheduled tasks, with commas."""
    return one_line(listed([one.label for one in changes], _NAMED))
