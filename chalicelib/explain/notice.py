"""record -> notice: what people are told, in words that need no console.

The subject fits a phone's lock screen and SNS' limit of 100 printable ASCII characters (SNS API
reference, Publish); the body is plain text.
"""

from __future__ import annotations

import unicodedata
from datetime import datetime
from zlib import crc32

from chalicelib.errors import Denied
from chalicelib.explain.text import one_line
from chalicelib.model.base import iso
from chalicelib.model.deployments import Cause, Deployment, Notice, Status
from chalicelib.model.task_definitions import short_name

_SUBJECT = 99
_TEXT = 5_000
_FACT = 500
_VERBS = {
    Status.PENDING: "waits",
    Status.HELD: "is held",
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
_BACK = {Status.IN_PROGRESS: "going back to", Status.SUCCESSFUL: "back on"}
# What a missing permission is granted by; the first that the denial names.
_GRANTED_BY = {
    "iam:PassRole": "the role among the target's `pass_roles`",
    "ecs:RegisterTaskDefinition": "the target's `family`",
    "ecs:TagResource": "the target's `family`",
    "ecs:": "the service and its cluster",
    "ecr:": "the target's `repository`",
    "logs:GetLogEvents": "the log group among the target's `log_groups`",
    "ssm:": "the secret in `[notices]`",
    "secretsmanager:": "the secret in `[notices]`",
}
_CAUSES = {
    Cause.PUSH: "a push to ECR",
    Cause.MANUAL: "a deployment by hand",
    Cause.ROLLBACK: "a rollback by hand",
    Cause.SWEEP: "a push whose event never came (found by the sweep)",
    Cause.FOREIGN: "somebody else's deployment",
}


def notice(deployment: Deployment) -> Notice:
    """The notice of a deployment's present status."""
    subject = f"{deployment.service_name}: {_what(deployment)}"
    kind = deployment.status.lower().replace("_", "-")
    if deployment.denied:  # each permission that is missing has a notice of its own
        kind = f"{kind}-{crc32(deployment.missing_permission.encode()):08x}-denied"
    return Notice(
        id=f"{deployment.id}-{kind}",
        status=deployment.status,
        subject=plain(subject, _SUBJECT),
        text=_cut("\n".join(_lines(deployment)), _TEXT),
        facts=_facts(deployment),
        at=deployment.updated,
    )


def denial(denied: Denied, now: datetime) -> Notice:
    """The notice of a denial that stands in no deployment's: there is none, or it goes on without.

    Its status is PENDING: what needs the permission waits for it.
    """
    who, action = denied.who or "a function", denied.action or "do what it needs"
    return Notice(
        id=f"denied-{who}-{action}".replace(":", "-").replace(" ", "-"),
        status=Status.PENDING,
        subject=plain(f"Slipway: {who} may not {action}", _SUBJECT),
        text=_cut(
            f"{_sentence(str(denied))}\n\nNow: what needs it waits, or is left out.\n"
            f"Next: {_granting(str(denied))}; nothing else needs to be done.",
            _TEXT,
        ),
        facts=tuple(
            (name, _cut(one_line(value), _FACT))
            for name, value in (
                ("Function", denied.who),
                ("Action", denied.action),
                ("On", denied.resource),
                ("Time", iso(now)),
            )
            if value
        ),
        at=now,
    )


def image_missing(deployment: Deployment, why: str, now: datetime) -> Notice:
    """The notice that a proven deployment's image cannot be pulled any more."""
    what = f"the image of {deployment.version} cannot be pulled"
    text = [
        one_line(f"{deployment.service}: {what}."),
        "",
        f"Why: {_sentence(why)}",
        "",
        "Now: nothing has changed, but ECS can start no task of "
        f"{short_name(deployment.revision)}: neither for one that ends nor for a rollback.",
        "Next: push that image again, or deploy another one.",
    ]
    return Notice(
        id=f"{deployment.id}-image-missing-{now:%Y%m%d%H}",
        status=deployment.status,
        subject=plain(f"{deployment.service_name}: {what}", _SUBJECT),
        text=_cut("\n".join(text), _TEXT),
        facts=_facts(deployment.model_copy(update={"updated": now, "applied_at": None})),
        at=now,
    )


def _granting(denial: str) -> str:
    """Where the permission that a denial names is granted, and how."""
    words = next((words for name, words in _GRANTED_BY.items() if f" {name}" in denial), "")
    named = f"see that targets.toml names {words}, then " if words else ""
    return (
        f"{named}`make deploy` writes the functions' roles anew (cli/package/policies.py says what "
        "is granted). If it is granted already, look for a permissions boundary or a service "
        "control policy"
    )


def _lines(deployment: Deployment) -> list[str]:
    lines = [
        one_line(f"{deployment.service}: {_what(deployment)}."),
        "",
    ]
    if deployment.reason:
        lines += [f"Why: {_sentence(deployment.reason)}", ""]
    if deployment.denied and deployment.denial not in deployment.reason:
        lines += [f"Denied: {_sentence(deployment.denial)}", ""]
    if deployment.case:
        lines += [*map(one_line, deployment.case.splitlines()), ""]
    lines += [f"Now: {_now(deployment)}"]
    if (step := _next_step(deployment)) is not None:
        lines += [f"Next: {step}"]
    return lines


def _what(deployment: Deployment) -> str:
    if deployment.denied:
        return f"{deployment.version} waits for a permission"
    if deployment.cause is Cause.ROLLBACK and deployment.status in _BACK:
        return f"{_BACK[deployment.status]} {deployment.version}"
    return f"{deployment.version} {_VERBS[deployment.status]}"


def _now(deployment: Deployment) -> str:
    ours, before = short_name(deployment.revision), short_name(deployment.return_to)
    back = f"the service is back on {before}." if before else "the service runs what it ran before."
    return {
        Status.PENDING: f"nothing has changed; it still runs {before or 'what it ran'}.",
        Status.HELD: f"nothing has changed; it still runs {before or 'what it ran'}.",
        Status.IN_PROGRESS: f"ECS replaces {before or 'the running tasks'} with {ours}.",
        Status.ROLLBACK_IN_PROGRESS: f"ECS goes back to {before or 'the last revision that ran'}.",
        Status.SUCCESSFUL: f"the service runs {ours}"
        + (
            f" ({deployment.running} of {deployment.desired} tasks)." if deployment.desired else "."
        ),
        Status.FAILED: f"look at the service: it was left as it is, with {ours or 'no change'}.",
        Status.ROLLBACK_SUCCESSFUL: back,
        Status.ROLLBACK_FAILED: "the service needs a person"
        + (f"; it should run {before}." if before else "."),
        Status.SUPERSEDED: "the newer deployment goes on; this one is over.",
        Status.REFUSED: "nothing was changed.",
        Status.OBSERVED: "nothing was changed; the target's mode is `observe`.",
    }[deployment.status]


def _next_step(deployment: Deployment) -> str | None:
    if deployment.denied:
        return f"{_granting(deployment.denial)}; the deployment goes on by itself."
    if deployment.status in {Status.ROLLBACK_SUCCESSFUL, Status.FAILED} and deployment.digest:
        return "correct the cause and push a new image; this digest will not be deployed again."
    if deployment.status is Status.ROLLBACK_FAILED:
        return "see the service's events, then roll back by hand (`rollback` with `to`)."
    return None


def _facts(deployment: Deployment) -> tuple[tuple[str, str], ...]:
    facts = {
        "Service": deployment.service,
        "Image": f"{deployment.repository}:{deployment.tag}"
        if deployment.tag
        else deployment.repository,
        "Digest": deployment.digest,
        "Commit": "" if deployment.commit == deployment.tag else deployment.commit,
        "Scan": f"none: {deployment.unscanned}" if deployment.unscanned else "",
        "Revision": short_name(deployment.revision),
        "Before": short_name(deployment.return_to),
        "Cause": _CAUSES[deployment.cause] + (f", by {deployment.by}" if deployment.by else ""),
        "Reason": deployment.why,
        "Took": _took(deployment),
        "Time": iso(deployment.updated),
        "Deployment": deployment.id,
    }
    return tuple((name, _cut(one_line(value), _FACT)) for name, value in facts.items() if value)


def _took(deployment: Deployment) -> str:
    if deployment.applied_at is None or deployment.open:
        return ""
    total = round((deployment.updated - deployment.applied_at).total_seconds())
    minutes, seconds = divmod(max(0, total), 60)
    return f"{minutes} min {seconds} s" if minutes else f"{seconds} s"


def plain(text: str, length: int) -> str:
    """`text` as one line of printable ASCII, at most `length` long: what an SNS subject may be."""
    ascii_only = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode()
    return _cut(one_line(ascii_only).lstrip() or "Slipway", length)


def _sentence(text: str) -> str:
    text = one_line(text).strip()
    return text if text.endswith((".", "!", "?")) else f"{text}."


def _cut(text: str, length: int) -> str:
    return text if len(text) <= length else f"{text[: length - 3]}..."
