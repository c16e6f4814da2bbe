"""payload -> released deployment -> reply: `release` ends holds and gives approvals."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict

from chalicelib.decide.hold import holding, kept
from chalicelib.errors import Conflict, Refused, Unavailable
from chalicelib.explain.hold import hold_words
from chalicelib.flow.payload import Name, Text, parsed, target_named, unknown_deployment
from chalicelib.flow.ports import World
from chalicelib.flow.resume import Answer, resume
from chalicelib.flow.retry import retried
from chalicelib.flow.tell import tell
from chalicelib.flow.watch import start_next
from chalicelib.flow.write import Items, write
from chalicelib.model import happenings as happened
from chalicelib.model.changes import changed_head
from chalicelib.model.deployments import Deployment, Status
from chalicelib.model.happenings import Released
from chalicelib.model.heads import Head
from chalicelib.model.holds import Approval, Release
from chalicelib.model.targets import Target


class ReleaseRequest(BaseModel):
    """The payload of `release`: a service, or the deployment that is HELD or paused.

    `deploy` says what becomes of the deployment: "newest" lets it go, and "none" refuses it. With
    `stage`, the deployment is one that ECS has paused in this stage: "newest" lets it go on, and
    "none" rolls it back.
    """

    model_config = ConfigDict(defer_build=True, extra="forbid", strict=True)

    service: Name | None = None
    deployment: Name | None = None
    stage: Name | None = None
    deploy: Literal["newest", "none"] = "newest"
    by: Text
    why: Text
    key: Text | None = None


def release_by_hand(world: World, payload: object) -> dict[str, Any]:
    """End a service's holds, approve what is HELD, and let it go; return what became of it.

    The reply is `{"service", "released", "deployment", "status"}`. `released` are the holds that
    ended, in words; `deployment` and `status` are those of what was HELD, if anything was. A freeze
    is never lifted: the deployment then stays HELD until its end, and `reason` says so. The same
    `key` again changes nothing. With `stage`, the reply is that of `resume`.

    Raises:
        Refused: when the payload is wrong, when nothing is held, or when what is HELD is not what
            was named, or changed meanwhile.
        Unavailable: when the ledger does not answer; the person may ask again.
    """
    asked = parsed(ReleaseRequest, payload)
    target = _target(world, asked)
    if asked.stage is not None:
        return _resumed(world, target, asked, asked.stage)
    head = _head(world, target)
    if asked.key and head.release is not None and asked.key == head.release.key:
        known = head.release.deployment
        return _reply(target, (), world.ledger.deployment(target.name, known) if known else None)
    shown = asked.deployment or (head.held.deployment if head.held else "")
    ended = tuple(hold_words(hold) for hold in holding(head, world.now))
    record = retried(target.name, lambda: _released(world, target, asked, shown))
    if record is not None and record.status is Status.PENDING:
        _go_on(world, record)
    return _reply(target, ended, record)


def _resumed(world: World, target: Target, asked: ReleaseRequest, stage: str) -> dict[str, Any]:
    if asked.deployment is None:
        raise Refused("`stage` is that of one deployment: give `deployment` too")
    back = asked.deploy == "none"
    answer = Answer(stage=stage, back=back, approval=_approval(world, asked))
    return resume(world, target.name, asked.deployment, answer)


def _approval(world: World, asked: ReleaseRequest) -> Approval:
    return Approval(by=asked.by, why=asked.why, at=world.now, request=world.holder)


def _target(world: World, asked: ReleaseRequest) -> Target:
    if (asked.service is None) == (asked.deployment is None):
        raise Refused("give either `service` (CLUSTER/SERVICE) or `deployment`, and not both")
    if asked.deployment is None:
        return target_named(world, asked.service or "")
    service = world.ledger.service_of(asked.deployment)
    if service is None:
        raise unknown_deployment(world, asked.deployment)
    return target_named(world, service)


def _head(world: World, target: Target) -> Head:
    head = world.ledger.head(target.name)
    if head is None:
        raise Refused(f"Slipway has not met {target.name} yet, so nothing is held there")
    return head


def _released(world: World, target: Target, asked: ReleaseRequest, shown: str) -> Deployment | None:
    """Write the release, and return the record of what was HELD; None when nothing was."""
    head = _head(world, target)
    held = head.held.deployment if head.held else ""
    if shown != held:
        raise Refused(_changed(world, target, shown, held))
    if not held and not holding(head, world.now):
        raise Refused(f"nothing is held on {target.name}")
    release = Release(key=asked.key or "", deployment=held)
    head = changed_head(head, holds=(), release=release)
    record = world.ledger.deployment(target.name, held) if held else None
    if record is None:
        world.ledger.save(head)
        return None
    if asked.deploy == "none":
        reason = f"released without it by {asked.by}: {asked.why}"
        return tell(world, *write(world, head, record, happened.Refused(reason=reason)))
    items = write(world, head, record, Released(approval=_approval(world, asked)))
    return tell(world, *_frozen(world, target, *items))


def _frozen(world: World, target: Target, head: Head, record: Deployment) -> Items:
    """Return HEAD and the record, which is HELD again where a freeze goes on."""
    stop = kept(record, head, target, world.now)
    return (head, record) if stop is None else write(world, head, record, stop)


def _changed(world: World, target: Target, shown: str, held: str) -> str:
    now = f"held now is {held}" if held else "nothing is held now"
    record = world.ledger.deployment(target.name, shown) if shown else None
    was = f"{shown} is {record.status}" if record else "nothing was held before"
    return f"{was}, so it was not released; {now}. Look at it with `status`, then release that."


def _go_on(world: World, record: Deployment) -> None:
    """Start the watcher that takes the next step; if it cannot be started, the sweep starts it."""
    try:
        start_next(world, record.service, record.id)
    except (Conflict, Unavailable):
        return


def _reply(target: Target, ended: tuple[str, ...], record: Deployment | None) -> dict[str, Any]:
    reply: dict[str, Any] = {"service": target.name, "released": list(ended)}
    if record is None:
        return reply
    reply |= {"deployment": record.id, "status": record.status.value}
    return {**reply, "reason": record.reason} if record.status is Status.HELD else reply
