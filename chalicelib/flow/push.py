"""push -> deployments: record one for each service that follows the image, then begin them."""

from __future__ import annotations

from collections.abc import Sequence

from chalicelib.decide.admit import Admission
from chalicelib.decide.follow import followers, undeployable
from chalicelib.errors import DeployerError, Refused, Unavailable
from chalicelib.events.event import Ignored
from chalicelib.events.image import untimely
from chalicelib.flow.advance import advance
from chalicelib.flow.outcome import Outcome, ignored
from chalicelib.flow.ports import World
from chalicelib.flow.request import Asked, request
from chalicelib.model.deployments import Cause
from chalicelib.model.images import Image, ImagePush
from chalicelib.model.requests import Request
from chalicelib.model.targets import Target

# ECS registers twenty task definitions in a burst, and then one a second ("Request throttling for
# the Amazon ECS API"). When more services follow an image, their watchers take the first steps.
_STEPS_AT_ONCE = 20


def push(world: World, pushed: ImagePush) -> tuple[Outcome, ...]:
    """Record a deployment for each service that follows the pushed image, then begin them.

    A push that no target follows, or whose image ECS cannot run, is ignored with the reason. All
    deployments are recorded before the first one begins. When a first step fails, or there is no
    time for it, the watcher takes it; the watcher was started with the record. To record needs only
    the ledger: when ECR does not answer, the push is recorded unconfirmed.

    Raises:
        Unavailable: when the push could not be recorded for some service; Lambda retries the
            event, and what was recorded already is recognised.
    """
    if (why := untimely(pushed, world.now)) is not None:
        return (ignored(why.reason),)
    targets = followers(pushed, world.targets.all)
    if isinstance(targets, Ignored):
        return (ignored(targets.reason),)
    image = _image(world, pushed)
    if isinstance(image, Ignored):
        return (ignored(image.reason),)
    return _recorded_and_begun(world, targets, pushed, image)


def _recorded_and_begun(
    world: World, targets: Sequence[Target], pushed: ImagePush, image: Image | None
) -> tuple[Outcome, ...]:
    recorded: list[tuple[Target, Asked]] = []
    refused: list[Outcome] = []
    unrecorded: list[Unavailable] = []
    for target in targets:
        try:
            recorded.append(
                (target, request(world, target, asked_for(target, pushed, image), image))
            )
        except Unavailable as unavailable:
            unrecorded.append(unavailable)
        except Refused as error:
            refused.append(Outcome(outcome="failed", service=target.name, reason=str(error)))
    at_once = len(recorded) <= _STEPS_AT_ONCE
    begun = [_begun(world, target, asked, at_once=at_once) for target, asked in recorded]
    if unrecorded:  # only now, so that one service's fault keeps no other from being deployed
        raise unrecorded[0]
    return (*refused, *begun)


def _image(world: World, pushed: ImagePush) -> Image | Ignored | None:
    """Return the image, or why it is ignored; None when ECR does not answer."""
    try:
        image = world.images.image(pushed.repository, pushed.digest)
    except Unavailable:
        return None
    if image is None:
        return Ignored(reason=f"{pushed.repository} no longer holds {pushed.digest}")
    if (why := undeployable(image)) is not None:
        return Ignored(reason=f"{pushed.tag}: {why}")
    return image


def asked_for(target: Target, pushed: ImagePush, image: Image | None) -> Request:
    """Return the request of a push to a target that follows it."""
    return Request(
        service=target.name,
        cause=Cause.PUSH,
        digest=pushed.digest,
        order=pushed.time,
        pushed_at=image.pushed_at if image else None,
        tag=pushed.tag,
        observes=target.mode == "observe",
    )


def _begun(world: World, target: Target, asked: Asked, *, at_once: bool) -> Outcome:
    status, reason = "", asked.admitted.reason
    if asked.deployment and at_once:
        try:
            record = advance(world, target.name, asked.deployment)
            status, reason = record.status, reason or record.reason
        except DeployerError as error:
            reason = f"recorded; the watcher goes on: {error}"
    outcome = (
        "recorded" if asked.admitted.admission is Admission.NEW else asked.admitted.admission.value
    )
    return Outcome(
        outcome=outcome,
        reason=reason,
        service=target.name,
        deployment=asked.deployment,
        status=status,
    )
