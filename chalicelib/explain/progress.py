"""record before and after a look -> the notices of a rollout's progress: at most one a stage."""

from __future__ import annotations

from zlib import crc32

from chalicelib.explain.hold import minute
from chalicelib.explain.notice import about, went_to
from chalicelib.explain.text import one_line
from chalicelib.model.deployments import Deployment, Notice, Status
from chalicelib.model.stages import BAKING, Pause
from chalicelib.model.task_definitions import short_name


def progress(before: Deployment, new: Deployment) -> tuple[Notice, ...]:
    """Return the notice of what a look at the rollout showed that people should know.

    They are told when traffic first goes to the new revision, when ECS begins to watch it with all
    traffic, of each pause, and when Slipway watches on after ECS' success. The other stages change
    nothing for anybody.
    """
    if new.status is not Status.IN_PROGRESS:
        return ()
    if new.succeeded is not None and before.succeeded is None:
        return (_watched(new),)
    pause = new.paused
    if pause is not None and pause.answer is None and pause.hooks != _waited_for(before):
        return (_paused(new, pause),)
    if new.traffic and new.stage == BAKING and before.stage != BAKING:
        return (_baking(new),)
    if new.traffic and not before.traffic:
        return (_shifting(new),)
    return ()


def _paused(deployment: Deployment, pause: Pause) -> Notice:
    """The notice that ECS waits for a person, and how the rollout goes on."""
    what = f"{deployment.version} is paused in stage {pause.stage}"
    command = f"slipway release {deployment.id}"
    text = "\n".join(
        [
            one_line(f"{deployment.service}: {what}."),
            "",
            f"Why: a PAUSE hook of the service waits for a person; {_seen_by(deployment)}.",
            "",
            f"Now: ECS waits{_until(pause)}. Newer pushes wait too; rollbacks do not.",
            f"Next: to go on, type {command} --at {pause.stage}, or invoke `release` with `stage`; "
            f"to roll it back, type {command} --drop.",
        ]
    )
    kind = f"{crc32(' '.join(sorted(pause.hooks)).encode()):08x}"
    return about(deployment, f"{deployment.id}-paused-{kind}", what, text, deployment.updated)


def _waited_for(record: Deployment) -> tuple[str, ...]:
    return record.pause.hooks if record.pause else ()


def _until(pause: Pause) -> str:
    if pause.expires is None:
        return " until somebody answers"
    then = "goes on" if pause.at_timeout == "CONTINUE" else "rolls it back"
    return f", until {minute(pause.expires)} at the latest; then it {then} by itself"


def _shifting(deployment: Deployment) -> Notice:
    return _told(
        deployment,
        "shifting",
        f"{deployment.version} gets {deployment.traffic:g} % of the traffic",
        f"the tasks of {short_name(deployment.revision)} are healthy, and ECS moves the "
        f"production traffic to them (stage {deployment.stage}).",
    )


def _baking(deployment: Deployment) -> Notice:
    return _told(
        deployment,
        "baking",
        f"{deployment.version} has all traffic; ECS still watches it",
        f"all production traffic goes to {short_name(deployment.revision)}. The tasks before "
        f"it stay until the bake time is over (stage {deployment.stage}).",
    )


def _watched(deployment: Deployment) -> Notice:
    if deployment.has_after:
        return _told(
            deployment,
            "proving",
            f"{deployment.version} runs; its `after` task tests it",
            f"ECS calls {short_name(deployment.revision)} successful. If the task fails, Slipway "
            "goes back.",
        )
    minutes = f"{deployment.watch_after / 60:g}"
    return _told(
        deployment,
        "watched",
        f"{deployment.version} runs; it is watched for {minutes} minutes more",
        f"ECS calls {short_name(deployment.revision)} successful, and guards it no more. If "
        "its tasks crash one after another, or an alarm of the service rings, Slipway goes back.",
    )


def _told(deployment: Deployment, kind: str, what: str, now: str) -> Notice:
    """The notice of this kind: what happened, and what that means now."""
    text = f"{one_line(f'{deployment.service}: {what}.')}\n\nNow: {now}"
    return about(deployment, f"{deployment.id}-{kind}", what, text, deployment.updated)


def _seen_by(deployment: Deployment) -> str:
    if deployment.traffic is None:
        return "no traffic is moved by ECS"
    return went_to(deployment) if deployment.traffic else "no production traffic goes to it yet"
