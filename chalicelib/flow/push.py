"""ECR event -> deployments: recognise it, record it for its followers, take the first steps."""

from __future__ import annotations

from chalicelib.decide.admit import Admission, Request
from chalicelib.errors import DeployerError, Refused, Unavailable
from chalicelib.events.image import Ignored, elsewhere, following, recognise, undeployable, untimely
from chalicelib.flow.advance import advance
from chalicelib.flow.ports import World
from chalicelib.flow.request import Asked, request
from chalicelib.model.base import Frozen
from chalicelib.model.deployments import Cause
from chalicelib.model.images import Image, ImagePush
from chalicelib.model.targets import Target

# ECS registers twenty task definitions in a burst, then one a second ("Request throttling for the
# Amazon ECS API"): where more services follow an image, the first steps are their watchers'.
_STEPS_AT_ONCE = 20


class Outcome(Frozen):
    """What one event (or its part for one service) came to; one log line."""

    outcome: str
    reason: str = ""
    service: str = ""
    deployment: str = ""
    status: str = ""


def push(world: World, event: object) -> tuple[Outcome, ...]:
    """Record a deployment for every service that follows the pushed image, then begin them.

    Whatever is not the push of a deployable image that some target follows is ignored, with the
    reason. All are recorded before any is begun: a first step that does not get through, or that
    there is no time for, is left to the watcher, already started. Recording needs the ledger only:
    where ECR does not answer, a push is recorded unconfirmed.

    Raises:
        Unavailable: when the push could not be recorded for some service; Lambda retries the
            event, and what was recorded already is recognised.
    """
    recognised = recognise(event)
    if isinstance(recognised, Ignored):
        return (Outcome(outcome="ignored", reason=recognised.reason),)
    not_ours = elsewhere(event, world.here) or untimely(recognised, world.now)
    if not_ours is not None:
        return (Outcome(outcome="ignored", reason=not_ours.reason),)
    targets = following(recognised, world.targets.all)
    if isinstance(targets, Ignored):
        return (Outcome(outcome="ignored", reason=targets.reason),)
    image = _image(world, recognised)
    if isinstance(image, Ignored):
        return (Outcome(outcome="ignored", reason=image.reason),)
    recorded: list[tuple[Target, Asked]] = []
    outcomes: list[Outcome] = []
    unrecorded: list[Unavailable] = []
    for target in targets:
        try:
            recorded.append((target, _recorded(world, target, recognised, image)))
        except Unavailable as unavailable:
            unrecorded.append(unavailable)
        except Refused as refused:
            reason = str(refused)
            outcomes.append(Outcome(outcome="failed", service=target.name, reason=reason))
    at_once = len(recorded) <= _STEPS_AT_ONCE
    outcomes += [_begun(world, target, asked, at_once=at_once) for target, asked in recorded]
    if unrecorded:  # only now, so that one service's fault keeps no other from being deployed
        raise unrecorded[0]
    return tuple(outcomes)


def _image(world: World, pushed: ImagePush) -> Image | Ignored | None:
    """The image, or why it is none; None when ECR does not answer: the first step asks again."""
    try:
        image = world.images.image(pushed.repository, pushed.digest)
    except Unavailable:
        return None
    if image is None:
        return Ignored(reason=f"{pushed.repository} no longer holds {pushed.digest}")
    if (why := undeployable(image)) is not None:
        return Ignored(reason=f"{pushed.tag}: {why}")
    return image


def _recorded(world: World, target: Target, pushed: ImagePush, image: Image | None) -> Asked:
    return request(
        world,
        target,
        Request(
            service=target.name,
            cause=Cause.PUSH,
            digest=pushed.digest,
            order=pushed.time,
            pushed_at=image.pushed_at if image else None,
            tag=pushed.tag,
            observes=target.mode == "observe",
        ),
        image,
    )


def _begun(world: World, target: Target, asked: Asked, *, at_once: bool) -> Outcome:
    status, reason = "", asked.admitted.reason
    if asked.deployment and at_once:
        try:
            record = advance(world, target.name, asked.deployment)
            status, reason = record.status, reason or record.reason
        except DeployerError as error:
            reason = f"recorded; the watcher goes on: {error}"
    outcome = "recorded" if asked.admitted.what is Admission.NEW else asked.admitted.what.value
    return Outcome(
        outcome=outcome,
        reason=reason,
        service=target.name,
        deployment=asked.deployment,
        status=status,
    )
