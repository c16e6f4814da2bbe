"""payload -> reply: `status` shows the records that a person asks for, newest first."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field

from chalicelib.decide.hold import holding
from chalicelib.errors import Refused, Unreadable
from chalicelib.explain.timeline import timeline
from chalicelib.flow.board import board, following
from chalicelib.flow.hold import described as hold_of
from chalicelib.flow.payload import Name, parsed, target_named, unknown_deployment
from chalicelib.flow.ports import World
from chalicelib.flow.progress import progress_of
from chalicelib.flow.replay import replay
from chalicelib.flow.running import running
from chalicelib.flow.stats import stats
from chalicelib.flow.told_times import length_of, times_told
from chalicelib.model.base import iso
from chalicelib.model.deployments import Deployment
from chalicelib.model.heads import Head
from chalicelib.model.scheduled import ScheduledChange
from chalicelib.model.targets import Target
from chalicelib.model.task_definitions import short_name

_RECORDS = 20
_SEARCHED = 200  # the records of a service in which an image is looked for


class StatusRequest(BaseModel):
    """The payload of `status`: it chooses a service, a deployment or an image (tag or digest).

    Without any of them it means all services. `now` adds what ECS runs at this moment, and `board`
    asks for one row a service instead; `after` is the `next` of the page before. `names` asks only
    which services and repositories there are. `stats` asks how the deployments of the last `days`
    ended. `event`, alone, asks what an event of EventBridge would do.
    """

    model_config = ConfigDict(defer_build=True, extra="forbid", strict=True)

    service: Name | None = None
    deployment: Name | None = None
    image: Name | None = None
    now: bool = False
    board: bool = False
    after: Name | None = None
    names: bool = False
    stats: bool = False
    days: Annotated[int, Field(ge=1, le=400)] | None = None
    event: dict[str, Any] | None = None


def tell_status(world: World, payload: object) -> dict[str, Any]:
    """Return `{"deployments": [...]}`, newest first.

    A service shows its last 20 records; an image is looked for in the last 200 of each service.
    Where pushes are held, the reply also has `{"holds": [...]}`. With `now`, it also has
    `{"now": {...}}` (see `running`), and with `board` it is a page of the board (see `board`). With
    `event` it says what the event would do (see `replay`). With `names`, it is
    `{"services": [...], "repositories": [...]}`, in the order of the targets file. With `stats`, it
    is a page of outcomes (see `stats`). When all services are asked for, those that a newer release
    wrote are left out, and `unreadable` says why. Every reply has `at`, the time at which it was
    asked.

    Raises:
        Refused: when the payload is malformed, or when a name is not known.
        Unreadable: when a newer release wrote the service or deployment that was asked for.
        Unavailable: when AWS does not answer.
    """
    asked = parsed(StatusRequest, payload or {})
    return {"at": iso(world.now), **_told(world, asked)}


def _told(world: World, asked: StatusRequest) -> dict[str, Any]:
    if asked.event is not None:
        return _replayed(world, asked, asked.event)
    if asked.names:
        every = world.targets.all
        repositories = dict.fromkeys(target.repository for target in every)
        return {"services": [one.name for one in every], "repositories": list(repositories)}
    if asked.stats or asked.days is not None:
        return _stats(world, asked)
    if asked.board:
        return board(world, _of_the_page(world, asked))
    if asked.after is not None:
        raise Refused("`after` asks for the next page of the board: give `board` too, or `stats`")
    if not asked.now:
        return _recorded(world, asked)
    target = world.targets.named(asked.service) if asked.service else None
    if asked.service is None:
        raise Refused("`now` looks at one service: give `service` (CLUSTER/SERVICE) too")
    reply = _recorded(world, asked)
    return reply | ({"now": running(world, target)} if target else {})


def _replayed(world: World, asked: StatusRequest, event: dict[str, Any]) -> dict[str, Any]:
    others = sorted(asked.model_fields_set - {"event"})
    if others:
        raise Refused(f"`event` stands alone; leave out {', '.join(f'`{key}`' for key in others)}")
    return replay(world, event)


def _stats(world: World, asked: StatusRequest) -> dict[str, Any]:
    if not asked.stats:
        raise Refused("`days` is the period of `stats`: give `stats` too")
    others = sorted(asked.model_fields_set - {"stats", "days", "service", "after"})
    if others:
        listed = ", ".join(f"`{key}`" for key in others)
        raise Refused(f"`stats` goes with `service`, `days` and `after`; leave out {listed}")
    return stats(world, _asked_for(world, asked), asked.days, asked.after)


def _recorded(world: World, asked: StatusRequest) -> dict[str, Any]:
    if asked.deployment:
        service = asked.service or world.ledger.service_of(asked.deployment)
        record = world.ledger.deployment(service, asked.deployment) if service else None
        if record is None:
            raise unknown_deployment(world, asked.deployment, asked.service)
        one = described(record, world.ledger.head(record.service))
        return {"deployments": [one | _story(record)]}
    shown: list[dict[str, Any]] = []
    holds: list[dict[str, Any]] = []
    unreadable: list[str] = []
    for target in _asked_for(world, asked):
        try:
            head = world.ledger.head(target.name)
            shown += _history(world, head, target.name, asked.image)
            holds += _holds(world, head)
        except Unreadable as error:
            if asked.service:
                raise
            unreadable.append(str(error))
    shown.sort(key=lambda deployment: str(deployment["created"]), reverse=True)
    reply: dict[str, Any] = {"deployments": shown}
    if holds:
        reply["holds"] = holds
    return {**reply, "unreadable": unreadable} if unreadable else reply


def _asked_for(world: World, asked: StatusRequest) -> Sequence[Target]:
    """Return the targets that are asked for.

    Raises:
        Refused: when no target has the name.
    """
    if asked.service is None:
        return world.targets.all
    return (target_named(world, asked.service),)


def _of_the_page(world: World, asked: StatusRequest) -> Sequence[Target]:
    """Return the targets that are asked for, without those of the pages before.

    Raises:
        Refused: when no target has the name, or a page of one service is asked for.
    """
    if asked.after is None:
        return _asked_for(world, asked)
    if asked.service is not None:
        raise Refused("`after` and `service` do not go together: one service has no next page")
    return following(world.targets.all, target_named(world, asked.after))


def _holds(world: World, head: Head | None) -> list[dict[str, Any]]:
    """Return the service's holds in the form of a reply, with the service's name."""
    if head is None:
        return []
    return [{"service": head.service, **hold_of(hold)} for hold in holding(head, world.now)]


def _history(
    world: World, head: Head | None, service: str, image: str | None
) -> list[dict[str, Any]]:
    """Return the service's newest records, or those of an image, in the form of a reply."""
    records = world.ledger.history(service, _SEARCHED if image else _RECORDS)
    chosen = [
        record
        for record in records
        if image in {None, record.digest, record.image, *record.all_tags}
    ]
    newest_first = sorted(chosen, key=lambda record: record.created, reverse=True)
    return [described(record, head) for record in newest_first]


def _story(record: Deployment) -> dict[str, Any]:
    """Return what the reply about one deployment tells besides: its course, and its notices."""
    return {
        "from": short_name(record.return_to),
        "to": short_name(record.revision),
        "timeline": [{"at": iso(entry.at), "what": entry.what} for entry in timeline(record)],
        "notices": [
            {"at": iso(told.at), "status": told.status, "subject": told.subject}
            for told in record.told
        ],
        "times": times_told(record),
    }


def described(record: Deployment, head: Head | None) -> dict[str, Any]:
    """Return a record in the form of a reply of `status`; its times are ISO 8601 in UTC.

    `proven` says that a rollback by hand may go to its revision.
    """
    return {
        "deployment": record.id,
        "service": record.service,
        "status": record.status,
        "reason": record.reason,
        "image": record.image,
        "digest": record.digest,
        "tag": record.tag,
        "tags": list(record.all_tags),
        "commit": record.commit,
        "revision": short_name(record.revision),
        "base_changes": list(record.base_changes),
        "scheduled": [_scheduled(change) for change in record.scheduled],
        "proven": head is not None and head.proven_revision(record.revision) is not None,
        "cause": record.cause,
        "by": record.by,
        "why": record.why,
        "request": record.request,
        "released": _released(record),
        "created": iso(record.created),
        "updated": iso(record.updated),
        **length_of(record),
        "running": record.running,
        "desired": record.desired,
        "case": record.case,
        "log": record.log,
        **progress_of(record),
    }


def _scheduled(change: ScheduledChange) -> dict[str, str]:
    """Return what became of a scheduled task, in the form of a reply."""
    return {
        "task": change.label,
        "state": change.state,
        "from": short_name(change.named),
        "to": short_name(change.revision),
        "why": change.why,
    }


def _released(record: Deployment) -> dict[str, str] | None:
    """Return who released the deployment, in the form of a reply; None when nobody did."""
    approval = record.approval
    if approval is None:
        return None
    at = iso(approval.at)
    return {"by": approval.by, "why": approval.why, "at": at, "request": approval.request}
