"""record + HEAD of the service that it waits for -> waits, refused or goes on (`waits_for`)."""

from __future__ import annotations

from datetime import datetime, timedelta

from chalicelib.explain.text import duration
from chalicelib.model.deployments import OPEN, Deployment
from chalicelib.model.happenings import Refused, Waits
from chalicelib.model.heads import Before, Head
from chalicelib.model.runs import RunOutcome
from chalicelib.model.targets import Target


def awaited(
    deployment: Deployment, target: Target, other: Head | None, now: datetime
) -> Waits | Refused | None:
    """Return what a PENDING deployment waits for at `now` (UTC); None when it waits for nothing.

    It waits until the newest `before` of the same digest ended well on the service that its target
    waits for; `other` is that service's HEAD. It is refused when that `before` ended badly, or when
    the deployment there ended without one. A digest that ran there successfully needs no `before`
    any more. Where the service has not heard of the digest within the target's deadline, it is
    refused too. A rollback waits for nothing, and neither does `override`.
    """
    name = target.waits_for
    if name is None or deployment.goes_to or deployment.override:
        return None
    run = _newest(other, deployment.digest)
    if run is not None:
        if run.outcome is RunOutcome.SUCCEEDED:
            return None
        if run.outcome is None:
            return Waits(reason=f"the `before` task of {name} runs ({run.deployment})")
        return Refused(reason=f"the `before` task of {name} did not end well ({run.deployment})")
    if other is not None and any(one.digest == deployment.digest for one in other.proven):
        return None
    return _without_run(deployment, name, target.deadline, other, now)


def _without_run(
    deployment: Deployment, name: str, deadline: int, other: Head | None, now: datetime
) -> Waits | Refused:
    known = other.verdict_of(deployment.digest) if other is not None else None
    if known is not None and known.status not in OPEN:
        return Refused(
            reason=f"{known.deployment} of {name} is {known.status}; its `before` task never ran"
        )
    since = deployment.approval.at if deployment.approval else deployment.created
    if known is None and now >= since + timedelta(seconds=deadline):
        return Refused(
            reason=f"no deployment of this image to {name} began within {duration(deadline)}, "
            "and this one waits for its `before` task. Deploy it there first."
        )
    return Waits(reason=f"it waits for the `before` task of {name}")


def _newest(other: Head | None, digest: str) -> Before | None:
    befores = other.befores if other is not None else ()
    return next((one for one in befores if one.digest == digest), None)
