"""ECR or Inspector event -> push or end of a scan -> outcomes: the flow of `on_image_push`.

A push makes deployments (`flow/push.py`). The end of a scan moves on those that wait for it.
"""

from __future__ import annotations

from functools import partial

from chalicelib.decide.news import no_scan_news
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
    """Handle an event of ECR or Amazon Inspector, and return one outcome for each service.

    Raises:
        DeployerError: the first error, after all services had their turn; Lambda retries the event.
    """
    happened = recognised(event)
    if isinstance(happened, Ignored):
        return (ignored(happened.reason),)
    if (foreign := elsewhere(event, world.here)) is not None:
        return (ignored(foreign.reason),)
    if isinstance(happened, Scanned):
        return _scan_ended(world, happened.repository)
    return push(world, happened)


def recognised(event: object) -> ImagePush | Scanned | Ignored:
    """Return the push or the end of a scan that an event tells of, or why it tells of neither."""
    scan = recognise_scan(event)
    return recognise_push(event) if isinstance(scan, Ignored) else scan


def _scan_ended(world: World, repository: str) -> tuple[Outcome, ...]:
    """Take the step of each deployment that waits for a scan in this repository."""
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
    """Take the step when the deployment waits for any scan.

    The event may name another digest: an index waits for the scans of its images.
    """
    _, record = read(world, target.name, deployment)
    if no_news := no_scan_news(record):
        return ignored(no_news, target.name, deployment)
    record = advance(world, target.name, deployment)
    return Outcome(
        outcome="nudged",
        service=target.name,
        deployment=deployment,
        status=record.status,
        reason=record.reason,
    )
