"""ECR event -> a push, or the end of a scan: what `on_image_push` receives.

A push makes deployments (`flow/push.py`). A scan that ended lets those go on that wait for it.
"""

from __future__ import annotations

from functools import partial

from chalicelib.errors import DeployerError
from chalicelib.events.event import Ignored, elsewhere
from chalicelib.events.image import recognise_push
from chalicelib.events.scan import Scanned, recognise_scan
from chalicelib.flow.advance import advance
from chalicelib.flow.outcome import Outcome, ignored
from chalicelib.flow.ports import World
from chalicelib.flow.push import push
from chalicelib.flow.service_event import every_open
from chalicelib.flow.write import read
from chalicelib.model.images import ImagePush
from chalicelib.model.targets import Target


def image_event(world: World, event: object) -> tuple[Outcome, ...]:
    """What an event of ECR, or of Amazon Inspector, came to: one outcome a service.

    Raises:
        DeployerError: the first, when all services have had their turn; Lambda retries the event.
    """
    happened = _recognised(event)
    if isinstance(happened, Ignored):
        return (ignored(happened.reason),)
    if (foreign := elsewhere(event, world.here)) is not None:
        return (ignored(foreign.reason),)
    if isinstance(happened, Scanned):
        return _scan_ended(world, happened.repository)
    return push(world, happened)


def _recognised(event: object) -> ImagePush | Scanned | Ignored:
    scan = recognise_scan(event)
    return recognise_push(event) if isinstance(scan, Ignored) else scan


def _scan_ended(world: World, repository: str) -> tuple[Outcome, ...]:
    """Take the step of every deployment that waits for a scan in this repository."""
    outcomes: list[Outcome] = []
    failed: list[DeployerError] = []
    for target in world.targets.following(repository):
        if target.gate.scan is not None:
            try:
                outcomes += every_open(world, target.name, partial(_advanced, world, target))
            except DeployerError as error:
                failed.append(error)
    if failed:
        raise failed[0]
    return tuple(outcomes) or (ignored(f"no target has a gate on scans of {repository}"),)


def _advanced(world: World, target: Target, deployment: str) -> Outcome:
    """Whichever image was scanned: an index waits for the scans of the images that it names."""
    _, record = read(world, target.name, deployment)
    if not record.gated:
        return ignored("it waits for no scan", target.name, deployment)
    record = advance(world, target.name, deployment)
    return Outcome(
        outcome="nudged",
        service=target.name,
        deployment=deployment,
        status=record.status,
        reason=record.reason,
    )
