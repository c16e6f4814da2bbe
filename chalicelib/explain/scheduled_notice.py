"""record -> the notice that scheduled tasks do not run a live deployment, or that they do now."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from zlib import crc32

from chalicelib.explain.hold import minute
from chalicelib.explain.notice import about
from chalicelib.explain.permission import how_to_grant
from chalicelib.explain.scheduled import do_not_follow, labels
from chalicelib.explain.text import one_line, sentence
from chalicelib.model.deployments import Deployment, Notice
from chalicelib.model.runs import TaskRun
from chalicelib.model.scheduled import GIVE_UP, ChangeState, ScheduledChange
from chalicelib.model.task_definitions import short_name

_BY_HAND = (
    "nothing is tried again. Look at it; the next deployment changes it again, and so does a "
    "deployment of this image by hand."
)


def scheduled_news(deployment: Deployment, now: datetime) -> Notice | None:
    """The notice of scheduled tasks that do not follow, or that follow now after all.

    None where people know all of it already.
    """
    changes = deployment.scheduled
    if any(one.tells and not one.told for one in changes):
        return _wrong(deployment, [one for one in changes if one.tells], now)
    mended = [one for one in changes if one.told and one.state is ChangeState.DONE]
    return _mended(deployment, mended, now) if mended else None


def _wrong(deployment: Deployment, wrong: Sequence[ScheduledChange], now: datetime) -> Notice:
    count = f"{len(wrong)} scheduled {'task does' if len(wrong) == 1 else 'tasks do'}"
    what = f"{count} not run {deployment.version}"
    again = any(one.due for one in wrong)
    text = "\n".join(
        [
            one_line(f"{deployment.service}: {what}."),
            "",
            *do_not_follow(wrong),
            "",
            f"Now: the service itself runs {short_name(deployment.revision)}.",
            f"Next: {_again(deployment, wrong) if again else _BY_HAND}",
        ]
    )
    facts = ";".join(f"{one.label}={one.state}:{one.why}" for one in wrong)
    return about(deployment, _identity(deployment, facts), what, text, now)


def _again(deployment: Deployment, wrong: Sequence[ScheduledChange]) -> str:
    """What a person does, and until when Slipway tries again."""
    due = deployment.scheduled_due
    until = f" until {minute(due + GIVE_UP)}" if due else ""
    denied = next((one.why for one in wrong if one.due and " may not " in one.why), "")
    mend = how_to_grant(denied) if denied else "mend what the reason names"
    return f"{mend}; Slipway tries again every ten minutes{until}."


def _mended(deployment: Deployment, mended: Sequence[ScheduledChange], now: datetime) -> Notice:
    what = f"scheduled tasks follow {deployment.version} now"
    names = labels(mended)
    text = f"{one_line(f'{deployment.service}: {what}.')}\n\nThey are: {names}."
    return about(deployment, _identity(deployment, f"done:{names}"), what, text, now)


def _identity(deployment: Deployment, facts: str) -> str:
    return f"{deployment.id}-scheduled-{crc32(facts.encode()):08x}"


def run_failed(deployment: Deployment, run: TaskRun, now: datetime) -> Notice:
    """The notice that a run of a [[task]] failed, after it was brought to a new image."""
    what = f"a run of {deployment.version} failed"
    ours = short_name(deployment.revision)
    text = "\n".join(
        [
            one_line(f"{deployment.service}: {what}."),
            "",
            f"Why: {sentence(run.reason)}",
            "",
            f"Now: nothing was rolled back; the next run is of {ours} too.",
            f"Next: look at the logs of its task {short_name(run.task)}. To go back, type "
            f"slipway rollback {deployment.service}.",
        ]
    )
    return about(deployment, f"{deployment.id}-run-{short_name(run.task)}", what, text, now)
