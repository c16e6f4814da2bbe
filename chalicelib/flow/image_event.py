"""scan event -> the step, for every deployment that waits for a scan in that repository."""

from __future__ import annotations

from functools import partial

from chalicelib.errors import DeployerError
from chalicelib.events.image import Ignored, elsewhere
from chalicelib.events.scan import recognise_scan
from chalicelib.flow.advance import advance, read
from chalicelib.flow.ports import World
from chalicelib.flow.push import Outcome, push
from chalicelib.flow.service_event import every_open
from chalicelib.model.targets import Target


def image_event(world: World, event: object) -> tuple[Outcome, ...]:
    """An image was pushed, or scanned.

    Raises:
        DeployerError: the first, when all have had their turn; Lambda retries the event.
    """
    scanned = recognise_scan(event)
    if isinstance(scanned, Ignored):
        return push(world, event)
    if (foreign := elsewhere(event, world.here)) is not None:
        return (Outcome(outcome="ignored", reason=foreign.reason),)
    outcomes: list[Outcome] = []
    failed: list[DeployerError] = []
    for target in world.targets.following(scanned.repository):
        if target.gate.scan is not None:
            try:
                outcomes += every_open(world, target.name, partial(_nudged, world, target))
            except DeployerError as error:
                failed.append(error)
    if failed:
        raise failed[0]
    none = f"no target has a gate on scans of {scanned.repository}"
    return tuple(outcomes) or (Outcome(outcome="ignored", reason=none),)


def _nudged(world: World, target: Target, deployment: str) -> Outcome:
    """By repository: of an image index, it is the images that it names that are scanned."""
    _, record = read(world, target.name, deployment)
    if not record.gated:
        reason = "it waits for no scan"
        return Outcome(outcome="ignored", service=target.name, deployment=deployment, reason=reason)
    record = advance(world, target.name, deployment)
    return Outcome(
        outcome="nudged",
        service=target.name,
        deployment=deployment,
        status=record.status,
        reason=record.reason,
    )
