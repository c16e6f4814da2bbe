"""record -> notice: what people are told, in words that need no console.

The subject fits a phone's lock screen and SNS' limit of 100 printable ASCII characters (SNS API
reference, Publish); the body is plain text.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from zlib import crc32

from chalicelib.errors import Denied
from chalicelib.explain.hold import hold_words, minute
from chalicelib.explain.permission import how_to_grant
from chalicelib.explain.scheduled import will_follow
from chalicelib.explain.text import cut, listed, one_line, plain, sentence
from chalicelib.model.base import iso
from chalicelib.model.changes import changed_notice
from chalicelib.model.deployments import FAILURES, Cause, Deployment, Notice, Status
from chalicelib.model.holds import Hold
from chalicelib.model.runs import RunOutcome
from chalicelib.model.task_definitions import short_name

Facts = tuple[tuple[str, str], ...]
_SUBJECT = 99
_TEXT = 5_000
_FACT = 500
_VERBS = {
    Status.PENDING: "waits",
    Status.HELD: "is held",
    Status.PREPARING: "runs its `before` task",
    Status.IN_PROGRESS: "is being deployed",
    Status.ROLLBACK_IN_PROGRESS: "failed; rolling back",
    Status.SUCCESSFUL: "is live",
    Status.FAILED: "FAILED",
    Status.ROLLBACK_SUCCESSFUL: "failed and was rolled back",
    Status.ROLLBACK_FAILED: "FAILED, and so did the rollback",
    Status.SUPERSEDED: "was superseded",
    Status.REFUSED: "was refused",
    Status.OBSERVED: "would be deployed (observe mode)",
}
_TELLS_CHANGES = frozenset({Status.HELD, Status.IN_PROGRESS, Status.OBSERVED})
_TELLS_TRAFFIC = FAILURES | {Status.ROLLBACK_IN_PROGRESS}
_TELLS_BEFORE = _TELLS_TRAFFIC | {Status.REFUSED, Status.SUPERSEDED}
_FIELDS = 50  # of the new task definition that are named
# Of a rollback by hand.
_GOES_BACK = {Status.IN_PROGRESS: "going back to", Status.SUCCESSFUL: "back on"}
_NEW_IMAGE = "correct the cause and push a new image; this digest will not be deployed again."
_NEXT_STEPS = {
    Status.FAILED: _NEW_IMAGE,
    Status.ROLLBACK_SUCCESSFUL: _NEW_IMAGE,
    Status.ROLLBACK_FAILED: "see the service's events, then roll back by hand (`rollback` with "
    "`to`).",
}
CAUSES = {
    Cause.PUSH: "a push to ECR",
    Cause.MANUAL: "a deployment by hand",
    Cause.ROLLBACK: "a rollback by hand",
    Cause.SWEEP: "a push whose event never came (found by the sweep)",
    Cause.FOREIGN: "somebody else's deployment",
}


def notice(deployment: Deployment) -> Notice:
    """The notice of a deployment's present status."""
    kind = deployment.status.lower().replace("_", "-")
    if deployment.held is not None:  # it may be held more than once
        kind = f"{kind}-{deployment.held.since:%Y%m%d%H%M%S}"
    if deployment.denied:  # each permission that is missing has a notice of its own
        kind = f"{kind}-{crc32(deployment.missing_permission.encode()):08x}-denied"
    return Notice(
        id=f"{deployment.id}-{kind}",
        status=deployment.status,
        subject=plain(f"{deployment.service_name}: {_what(deployment)}", _SUBJECT),
        text=cut("\n".join(_lines(deployment)), _TEXT),
        facts=_facts(deployment, deployment.updated, _took(deployment)),
        at=deployment.updated,
    )


def with_line(told: Notice, line: str) -> Notice:
    """Return the notice with one more line above what is so now; with an empty line, as it is.

    A notice that some channel has already is left as it is: its readers would not get the same.
    """
    if not line or told.unsent is not None or line in told.text:
        return told
    before, now, rest = told.text.rpartition("\nNow: ")
    text = f"{before}\nTime: {line}\n{now}{rest}" if now else f"{told.text}\n\nTime: {line}"
    return changed_notice(told, text=cut(text, _TEXT))


def again(deployment: Deployment, now: datetime) -> Notice:
    """The notice of a day later that a deployment still waits for a person."""
    first = notice(deployment)
    identity, what = f"{first.id}-again-{now:%Y%m%d}", f"{_what(deployment)} (still)"
    return about(deployment, identity, what, first.text, now)


def unheld(deployment: Deployment) -> Notice:
    """The notice that a deployment goes on by itself, because all that held it has ended."""
    what = f"{deployment.version} is no longer held"
    text = (
        f"{one_line(f'{deployment.service}: {what}.')}\n\nWhy: {sentence(deployment.reason)}\n\n"
        "Now: it is deployed as soon as nothing else goes first."
    )
    identity = f"{deployment.id}-unheld-{deployment.updated:%Y%m%d%H%M%S}"
    return about(deployment, identity, what, text, deployment.updated)


def holding(service: str, holds: Sequence[Hold], waiting: str, now: datetime, kind: str) -> Notice:
    """The notice of a service's holds; `waiting` is the id of the deployment that they hold.

    `kind` tells apart the first notice of a hold ("set"), and the reminder of each day.
    """
    name = service.rsplit("/", 1)[-1]
    now_words = f"{waiting} waits." if waiting else "nothing waits yet; the next push will."
    text = (
        f"{one_line(f'{service}: pushes are held.')}\n\n"
        f"Why: {sentence('; '.join(map(hold_words, holds)))}\n\n"
        f"Now: {now_words} Rollbacks go through.\nNext: {_until_then(holds)}type "
        f"slipway release {service}, or invoke `release`."
    )
    return Notice(
        id=f"hold-{service}-{kind}-{now:%Y%m%d%H%M%S}".replace("/", "-"),
        status=Status.HELD,
        subject=plain(f"{name}: pushes are held", _SUBJECT),
        text=cut(text, _TEXT),
        facts=_known({"Service": service, "Time": iso(now)}),
        at=now,
    )


def _until_then(holds: Sequence[Hold]) -> str:
    ends = [hold.until for hold in holds]
    known = [end for end in ends if end is not None]
    if len(known) < len(ends):
        return "to let pushes go, "
    return f"nothing; pushes go again at {minute(max(known))}. To let them go before, "


def denial(denied: Denied, now: datetime) -> Notice:
    """The notice of a denial that no deployment's notice tells: there is none, or it goes on.

    Its status is PENDING: what needs the permission waits for it.
    """
    who, action = denied.who or "a function", denied.action or "do what it needs"
    text = (
        f"{sentence(str(denied))}\n\nNow: what needs it waits, or is left out.\n"
        f"Next: {how_to_grant(str(denied))}; nothing else needs to be done."
    )
    facts = {"Function": denied.who, "Action": denied.action, "On": denied.resource}
    return Notice(
        id=f"denied-{who}-{action}".replace(":", "-").replace(" ", "-"),
        status=Status.PENDING,
        subject=plain(f"Slipway: {who} may not {action}", _SUBJECT),
        text=cut(text, _TEXT),
        facts=_known({**facts, "Time": iso(now)}),
        at=now,
    )


def image_missing(deployment: Deployment, why: str, now: datetime) -> Notice:
    """The notice that a proven deployment's image cannot be pulled any more."""
    what = f"the image of {deployment.version} cannot be pulled"
    text = (
        f"{one_line(f'{deployment.service}: {what}.')}\n\nWhy: {sentence(why)}\n\n"
        f"Now: nothing has changed, but ECS can start no task of "
        f"{short_name(deployment.revision)}, neither to replace one that ends nor to roll back.\n"
        "Next: push that image again, or deploy another one."
    )
    return about(deployment, f"{deployment.id}-image-missing-{now:%Y%m%d%H}", what, text, now)


def about(deployment: Deployment, identity: str, what: str, text: str, now: datetime) -> Notice:
    """A notice that tells something else about a deployment than its status."""
    return Notice(
        id=identity,
        status=deployment.status,
        subject=plain(f"{deployment.service_name}: {what}", _SUBJECT),
        text=cut(text, _TEXT),
        facts=_facts(deployment, now),
        at=now,
    )


def _lines(deployment: Deployment) -> list[str]:
    lines = [one_line(f"{deployment.service}: {_what(deployment)}."), ""]
    if deployment.reason:
        lines += [f"Why: {sentence(deployment.reason)}", ""]
    if deployment.denied and deployment.denial not in deployment.reason:
        lines += [f"Denied: {sentence(deployment.denial)}", ""]
    if deployment.stage and deployment.status in _TELLS_TRAFFIC:
        lines += [f"Traffic: {went_to(deployment)}.", ""]
    if ran := before_words(deployment):
        lines += [f"Data: {ran}.", ""]
    if deployment.base_changes and deployment.status in _TELLS_CHANGES:
        fields = one_line(listed(deployment.base_changes, _FIELDS))
        lines += [f"Changes besides the image (+ new, - gone): {fields}.", ""]
    if deployment.status is Status.IN_PROGRESS and (follow := will_follow(deployment)):
        lines += ["Scheduled tasks:", *follow, ""]
    told = [deployment.case, "" if deployment.log_private else deployment.log]
    if case := [one_line(line) for text in told for line in text.splitlines()]:
        lines += [*case, ""]
    lines += [f"Now: {_now(deployment)}"]
    step = _next_step(deployment)
    return [*lines, f"Next: {step}"] if step else lines


def before_words(deployment: Deployment) -> str:
    """What its `before` did to the data, and that a rollback does not take that back.

    Empty where it has none, while all goes well, and where its container never ran.
    """
    run = deployment.before
    if run is None or run.outcome in {None, RunOutcome.NOT_STARTED}:
        return ""
    if deployment.status not in _TELLS_BEFORE:
        return ""
    if run.succeeded:
        return "its `before` task ended well, and its changes stay"
    if run.outcome is RunOutcome.UNKNOWN:
        return "nobody knows whether its `before` task changed anything; look at the data first"
    return "the changes that its `before` task made stay"


def went_to(deployment: Deployment) -> str:
    """How much of the production traffic went to the new revision when it was last seen."""
    if deployment.traffic is None:
        return f"it was last seen in stage {deployment.stage}"
    share = f"{deployment.traffic:g} %" if deployment.traffic else "none"
    return (
        f"{share} of the production traffic went to it when it was last seen, in stage "
        f"{deployment.stage}"
    )


def _what(deployment: Deployment) -> str:
    """What became of which image, in a clause."""
    if deployment.denied:
        return f"{deployment.version} waits for a permission"
    if deployment.cause is Cause.ROLLBACK and deployment.status in _GOES_BACK:
        return f"{_GOES_BACK[deployment.status]} {deployment.version}"
    return f"{deployment.version} {_VERBS[deployment.status]}"


def _now(deployment: Deployment) -> str:
    """What the service runs, or what ECS does with it."""
    if deployment.is_task and (words := _now_of_task(deployment)):
        return words
    ours, before = short_name(deployment.revision), short_name(deployment.return_to)
    waits = f"nothing has changed; it still runs {before or 'what it ran'}."
    tasks = f" ({deployment.running} of {deployment.desired} tasks)" if deployment.desired else ""
    should = f"; it should run {before}" if before else ""
    back = f"is back on {before}" if before else "runs what it ran before"
    return {
        Status.PENDING: waits,
        Status.HELD: waits,
        Status.PREPARING: waits,
        Status.IN_PROGRESS: f"ECS replaces {before or 'the running tasks'} with {ours}.",
        Status.ROLLBACK_IN_PROGRESS: f"ECS goes back to {before or 'the last revision that ran'}.",
        Status.SUCCESSFUL: f"the service runs {ours}{tasks}.",
        Status.FAILED: waits
        if deployment.only_prepared
        else f"look at the service: it was left as it is, with {ours or 'no change'}.",
        Status.ROLLBACK_SUCCESSFUL: f"the service {back}.",
        Status.ROLLBACK_FAILED: f"the service needs a person{should}.",
        Status.SUPERSEDED: "the newer deployment goes on; this one is over.",
        Status.REFUSED: "nothing was changed.",
        Status.OBSERVED: "nothing was changed; the target's mode is `observe`.",
    }[deployment.status]


def _now_of_task(deployment: Deployment) -> str:
    """What the rules and schedules of a [[task]] run; empty where the usual words are right."""
    ours = short_name(deployment.revision)
    return {
        Status.IN_PROGRESS: f"its rules and schedules get {ours}.",
        Status.SUCCESSFUL: f"its rules and schedules name {ours}; the next run is of it.",
        Status.FAILED: "look at its rules and schedules; what was changed stays so.",
    }.get(deployment.status, "")


def _next_step(deployment: Deployment) -> str:
    """What a person should do; empty where nothing is to be done."""
    if deployment.denied:
        return f"{how_to_grant(deployment.denial)}; {_then(deployment)}."
    if deployment.status is Status.HELD:
        return _release_step(deployment)
    if deployment.status is Status.FAILED and _never_ran(deployment):
        return (
            "when that is mended, deploy it by hand (`deploy`); its `before` task then runs again. "
            "Or push a new image."
        )
    if deployment.status is Status.FAILED and deployment.is_task:
        return (
            "mend what the reason names, and deploy it by hand (`deploy`); or push a new image. "
            f"To go back, type slipway rollback {deployment.service}."
        )
    step = _NEXT_STEPS.get(deployment.status, "")
    return "" if step == _NEW_IMAGE and not deployment.digest else step


def _then(deployment: Deployment) -> str:
    """What follows once a missing permission is granted."""
    run = deployment.before
    if run is None or run.outcome is not None or run.task:
        return "the deployment goes on by itself"
    return f"its `before` task is tried again until {minute(run.start_by)}, and then it has failed"


def _never_ran(deployment: Deployment) -> bool:
    """Whether its `before` task could not be started, or nobody knows whether it ran."""
    run = deployment.before
    return run is not None and run.outcome in {RunOutcome.NOT_STARTED, RunOutcome.UNKNOWN}


def _release_step(deployment: Deployment) -> str:
    """How a held deployment goes on."""
    held = deployment.held
    if held is not None and held.until is not None:
        return (
            f"nothing; it goes on by itself at {minute(held.until)}. To run it now, deploy this "
            "digest by hand with `override`."
        )
    command = f"slipway release {deployment.id}"
    return f"to deploy it, type {command}, or invoke `release`; to drop it, type {command} --drop."


def _facts(deployment: Deployment, now: datetime, took: str = "") -> Facts:
    repository, tag = deployment.repository, deployment.tag
    facts = {
        "Service": deployment.service,
        "Image": f"{repository}:{tag}" if tag else repository,
        "Digest": deployment.digest,
        "Commit": "" if deployment.commit == tag else deployment.commit,
        "Scan": f"none: {deployment.unscanned}" if deployment.unscanned else "",
        "Revision": short_name(deployment.revision),
        "Before": short_name(deployment.return_to),
        "Cause": CAUSES[deployment.cause] + (f", by {deployment.by}" if deployment.by else ""),
        "Reason": deployment.why,
        "Took": took,
        "Time": iso(now),
        "Deployment": deployment.id,
    }
    return _known(facts)


def _known(facts: dict[str, str]) -> Facts:
    """The facts that are known, each on one line."""
    return tuple((name, cut(one_line(value), _FACT)) for name, value in facts.items() if value)


def _took(deployment: Deployment) -> str:
    """From UpdateService to the end, in minutes and seconds; empty before that."""
    if deployment.applied_at is None or deployment.open:
        return ""
    total = round((deployment.updated - deployment.applied_at).total_seconds())
    minutes, seconds = divmod(max(0, total), 60)
    return f"{minutes} min {seconds} s" if minutes else f"{seconds} s"
