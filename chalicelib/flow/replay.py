"""event -> reply: what this event of EventBridge would do to which service, and why.

Nothing changes, and only the ledger and the service are read. ECR is not asked, so the replay takes
from the event that the image is there and can be run.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any

from chalicelib.decide.admit import Admission
from chalicelib.decide.follow import followers
from chalicelib.decide.hold import kept
from chalicelib.decide.news import no_news, no_scan_news
from chalicelib.decide.ready import without_looking
from chalicelib.events.event import Ignored, elsewhere
from chalicelib.events.image import untimely
from chalicelib.events.scan import Scanned
from chalicelib.events.service import Changed, RunStopped, recognise_change
from chalicelib.flow.dry_run import DryRun, dry_run
from chalicelib.flow.image_event import recognised
from chalicelib.flow.outcome import Outcome, ignored
from chalicelib.flow.ports import World
from chalicelib.flow.push import asked_for
from chalicelib.flow.request import request
from chalicelib.flow.service import service_of
from chalicelib.flow.service_event import every_open, owner_of
from chalicelib.flow.start import awaited_by
from chalicelib.flow.write import read
from chalicelib.model.base import iso
from chalicelib.model.deployments import Deployment
from chalicelib.model.happenings import Held, Waits
from chalicelib.model.images import Image, ImagePush
from chalicelib.model.targets import Target

_NUDGES = "advance"


def replay(world: World, event: Mapping[str, Any]) -> dict[str, Any]:
    """Return `{"event", "would"}`: the event in words, and what each service would do, and why.

    When the event means nothing to Slipway, `would` is empty, and `why` says so.

    Raises:
        Unavailable: when AWS does not answer.
    """
    happened = _recognised(event)
    if isinstance(happened, Ignored):
        return _nothing("an event that Slipway ignores", happened.reason)
    if (foreign := elsewhere(event, world.here)) is not None:
        return _nothing(_words(happened), foreign.reason)
    if isinstance(happened, ImagePush):
        return _push(world, happened)
    outcomes = _scan(world, happened) if isinstance(happened, Scanned) else _ecs(world, happened)
    if not outcomes:
        return _nothing(_words(happened), _nobody(happened))
    return {"event": _words(happened), "would": [_told(outcome) for outcome in outcomes]}


def _recognised(event: Mapping[str, Any]) -> ImagePush | Scanned | Changed | RunStopped | Ignored:
    """Return what the event tells of; the rules of the stack send ECS' events to one function."""
    return recognise_change(event) if event.get("source") == "aws.ecs" else recognised(event)


def _words(happened: ImagePush | Scanned | Changed | RunStopped) -> str:
    if isinstance(happened, ImagePush):
        return (
            f"the push of {happened.tag} ({happened.digest[:19]}) to {happened.repository} at "
            f"{iso(happened.time)}"
        )
    if isinstance(happened, Scanned):
        return f"the end of a scan in {happened.repository}"
    if isinstance(happened, RunStopped):
        return f"a `before` or `after` task of {happened.deployment} ended"
    what = "a task ended" if happened.ended else "the state of an ECS deployment changed"
    return f"{what} in {happened.service}"


def _nothing(event: str, why: str) -> dict[str, Any]:
    return {"event": event, "would": [], "why": why}


def _nobody(happened: Scanned | Changed | RunStopped) -> str:
    if isinstance(happened, Scanned):
        return f"no target has a gate on scans of {happened.repository}"
    if isinstance(happened, RunStopped):
        return "its deployment is not open"
    return f"{happened.service} is no target"


def _push(world: World, pushed: ImagePush) -> dict[str, Any]:
    event = _words(pushed)
    if (why := untimely(pushed, world.now)) is not None:
        return _nothing(event, why.reason)
    following = world.targets.following(pushed.repository)
    if not following:
        none = followers(pushed, world.targets.all)
        return _nothing(event, none.reason if isinstance(none, Ignored) else "")
    return {"event": event, "would": [_pushed(world, pushed, target) for target in following]}


def _pushed(world: World, pushed: ImagePush, target: Target) -> dict[str, str]:
    """Return what one target would do: the product's own matcher, admission and holds decide."""
    chosen = followers(pushed, (target,))
    if isinstance(chosen, Ignored):
        return _would(target.name, "nothing", chosen.reason)
    if world.ledger.head(target.name) is None:
        # The first meeting would only pass over what ECS does not answer; a reply should say it.
        service_of(world, target.cluster, target.service)
    dry = dry_run(world)
    image = Image(
        repository=pushed.repository,
        digest=pushed.digest,
        tags=(pushed.tag,),
        pushed_at=pushed.time,
        uri="",
    )
    found = request(dry.world, target, asked_for(target, pushed, image), image)
    admitted = found.admitted
    if admitted.admission is Admission.KNOWN:
        known = f": {found.deployment}" if found.deployment else ""
        return _would(target.name, "nothing", f"{admitted.reason}{known}")
    if admitted.admission is Admission.REFUSED:
        return _would(target.name, "refuse", admitted.reason)
    return _would(target.name, *_first_step(dry, target, found.deployment))


def _first_step(dry: DryRun, target: Target, deployment: str) -> tuple[str, str]:
    """Return what the first step of the new deployment would do, as far as the ledger decides."""
    head, record = read(dry.world, target.name, deployment)
    stop = (
        kept(record, head, target, dry.world.now)
        or without_looking(record, head, target)
        or awaited_by(dry.world, record, target)
    )
    if isinstance(stop, Held):
        return "hold", stop.reason
    if stop is not None:
        return ("wait" if isinstance(stop, Waits) else "refuse"), stop.reason
    return _goes(record, target)


def _goes(record: Deployment, target: Target) -> tuple[str, str]:
    rule = f"`tags` ({target.tags})" if target.tags else 'every tag but "latest"'
    follows = f"the tag {record.tag!r} matches {rule}, and no hold keeps it"
    if record.mode == "observe":
        return "observe", f"{follows}; the target only observes"
    if target.gate.scan is not None:
        return "wait", f"{follows}; it waits for the scan of its image"
    if target.before is not None:
        return "deploy", f"{follows}; its `before` task runs first"
    return "deploy", follows


def _scan(world: World, scanned: Scanned) -> list[Outcome]:
    def outcome(target: Target, deployment: str) -> Outcome:
        _, record = read(world, target.name, deployment)
        return _step_of(record, no_scan_news(record))

    gated = (t for t in world.targets.following(scanned.repository) if t.gate.scan is not None)
    return [
        each
        for target in gated
        for each in every_open(world, target.name, partial(outcome, target))
    ]


def _ecs(world: World, changed: Changed | RunStopped) -> list[Outcome]:
    if isinstance(changed, RunStopped):
        service = owner_of(world, changed)
        return [_step_of(read(world, service, changed.deployment)[1], "")] if service else []

    def outcome(target: Target, deployment: str) -> Outcome:
        _, record = read(world, target.name, deployment)
        return _step_of(record, no_news(record, changed, world.now))

    return [
        each
        for target in world.targets.called(changed.service)
        if not target.is_task
        for each in every_open(world, target.name, partial(outcome, target))
    ]


def _step_of(record: Deployment, no_news: str) -> Outcome:
    if no_news:
        return ignored(no_news, record.service, record.id)
    return Outcome(
        outcome=_NUDGES, service=record.service, deployment=record.id, status=record.status
    )


def _told(outcome: Outcome) -> dict[str, str]:
    about = f"{outcome.deployment}: " if outcome.deployment else ""
    if outcome.outcome == _NUDGES:
        why = f"{outcome.deployment} is {outcome.status}, and takes its next step"
        return _would(outcome.service, "advance", why)
    return _would(outcome.service, "nothing", f"{about}{outcome.reason}")


def _would(service: str, does: str, why: str) -> dict[str, str]:
    return {"service": service, "does": does, "why": why}
