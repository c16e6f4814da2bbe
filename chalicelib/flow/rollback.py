"""payload -> deployment -> reply: `rollback` by hand stops a deployment or goes back from one."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, ConfigDict

from chalicelib.decide.already_back import already_words, is_back, on_its_way
from chalicelib.decide.befores import barrier
from chalicelib.decide.rollback_target import back, judged, named
from chalicelib.errors import Refused, Unavailable
from chalicelib.explain.missing import missing
from chalicelib.flow.by_hand import ask, reply_of
from chalicelib.flow.choices import choices
from chalicelib.flow.dry_run import DryRun, dry_run
from chalicelib.flow.hold import tell_holds
from chalicelib.flow.payload import Name, Text, followers_named, parsed, target_named
from chalicelib.flow.planned import Played, played, told
from chalicelib.flow.ports import World
from chalicelib.flow.proven_image import image_of
from chalicelib.flow.retry import retried
from chalicelib.flow.roll_back_all import roll_back_all
from chalicelib.flow.running import digest_that_runs
from chalicelib.flow.service import service_of
from chalicelib.flow.stop_open import Stop, stay_back, stop_open
from chalicelib.flow.sweep.foreign import remember
from chalicelib.model.deployments import GOES_BACK, Cause, Deployment
from chalicelib.model.heads import Head, Proven
from chalicelib.model.requests import Request
from chalicelib.model.targets import Target


class RollbackRequest(BaseModel):
    """The payload of `rollback`: of one service, or of all that follow a repository.

    `to` is a deployment id, family:revision, a tag or a digest; with `repository`, a tag or a
    digest. `hold` says whether pushes are held afterwards; the target decides when it is left out.
    `override` goes back also to a revision that is older than what a `before` task left.
    """

    model_config = ConfigDict(defer_build=True, extra="forbid", strict=True)

    service: Name | None = None
    repository: Name | None = None
    to: Name | None = None
    by: Text
    why: Text
    key: Text | None = None
    hold: bool | None = None
    override: bool = False
    plan: bool = False


def rollback_by_hand(world: World, payload: object) -> dict[str, Any]:
    """Stop the rollout under way, or go back to a proven revision.

    Return `{"deployment", "status"}`, or a plan if that is asked for. Pushes are held afterwards,
    until somebody releases them. So a deployment that only waits becomes HELD, and the service goes
    back as well; without a hold, it is refused. The service also goes back when the deployment has
    just ended, or when somebody else's has just taken its place. Of one that is PREPARING, the task
    is stopped, and the service stays as it is.

    With `repository`, return what became of each service that follows it: see `roll_back_all`.

    Raises:
        Refused: when there is nothing to go back to, or when `to` names no proven revision; without
            `override`, also when the revision is older than a `before` task.
        Unavailable: when AWS does not answer, or another step is acting; the person may ask again.
    """
    asked = parsed(RollbackRequest, payload)
    if (asked.service is None) == (asked.repository is None):
        raise Refused("give either `service` (CLUSTER/SERVICE) or `repository`, and not both")
    if asked.repository is not None:
        followers = followers_named(world, asked.repository)
        if asked.to is not None:
            _everywhere(asked.to)
        each = roll_back_all(world.targets, followers, lambda one: _one(world, one, asked))
        return {"repository": asked.repository, "rollbacks": each}
    return _one(world, target_named(world, asked.service or ""), asked)


def _everywhere(to: str) -> None:
    """Return if `to` may name a revision of every service.

    Raises:
        Refused: when it is `family:revision`, which only one family has.
    """
    if ":" in to and not to.startswith("sha256:"):
        raise Refused(
            f"`to`: expected a tag or a digest, which several services may have run, found {to!r}. "
            "Next: name a tag, or give `service` instead of `repository`."
        )


def _one(world: World, target: Target, asked: RollbackRequest) -> dict[str, Any]:
    if asked.plan:
        return _planned(world, target, asked)
    reply = _rolled_back(world, target, asked)
    if _holds(target, asked):
        _tell_of_hold(world, target)
    return reply


def _planned(world: World, target: Target, asked: RollbackRequest) -> dict[str, Any]:
    """Return what the rollback would do, and the proven revisions that a person may choose."""
    dry = dry_run(world)
    outcome = played(dry, target, asked.key, lambda dry: _rolled_back(dry, target, asked))
    plain, default = _default(world, target, asked, (dry, outcome))
    service = service_of(world, target.cluster, target.service)
    proven = choices(plain.world, target, service.revision if service else "", default)
    return told(dry, target, outcome, service) | {"proven": proven}


def _default(
    world: World, target: Target, asked: RollbackRequest, made: tuple[DryRun, Played]
) -> tuple[DryRun, str]:
    """Return a dry run of the rollback without `to`, and the revision that it would choose.

    `made` is the dry run of what was asked. Where nothing else was asked, it is the same. Whether
    the revision needs `override` does not change which one it is.
    """
    dry, outcome = made
    if asked.to is None and asked.key is None and outcome.would.does != "refuse":
        return dry, outcome.goes_to
    plain = RollbackRequest(
        service=asked.service,
        repository=asked.repository,
        by=asked.by,
        why=asked.why,
        hold=asked.hold,
        override=True,
    )
    dry = dry_run(world)
    try:
        chosen = played(dry, target, None, lambda dry: _rolled_back(dry, target, plain)).goes_to
    except Unavailable:
        chosen = ""  # another step acts, so nobody can say it now
    return dry, chosen


def _tell_of_hold(world: World, target: Target) -> None:
    """Tell people that pushes are held from now on; no error stops the reply."""
    try:
        head = world.ledger.head(target.name)
    except Unavailable:
        return
    if head is not None and any(hold.since == world.now for hold in head.holds):
        tell_holds(world, head, "set")


def _rolled_back(world: World, target: Target, asked: RollbackRequest) -> dict[str, Any]:
    head = _head(world, target)
    if asked.key and (known := _asked_before(world, head, asked.key)) is not None:
        return known
    if asked.to is not None:
        return _go_back(world, target, asked, named(head, asked.to))
    under_way = _on_its_way(world, head) if asked.repository else None
    stop = Stop(by=asked.by, why=asked.why, hold=_holds(target, asked))
    stopped, waits = stop_open(world, head, stop, but=under_way.id if under_way else "")
    if under_way is not None:
        return _already(world, under_way, stop)
    if stopped is not None and (stopped.status in GOES_BACK or stopped.only_prepared):
        return {"deployment": stopped.id, "status": stopped.status.value}
    if stopped is not None and stopped.open:
        raise Unavailable(f"{stopped.id} could not be stopped yet; ask again in half a minute")
    try:
        earlier = _earlier(world, target, asked)
        if isinstance(earlier, Deployment):
            return _already(world, earlier, stop)
        return _go_back(world, target, asked, earlier)
    except Refused as refused:
        ended = stopped or waits
        if ended is None:
            raise
        error = f"{ended.id} is {ended.status}; but the service stays as it is: {refused}"
        return {"deployment": ended.id, "status": ended.status.value, "error": error}


def _on_its_way(world: World, head: Head) -> Deployment | None:
    """Return the rollback by hand that is under way; None when there is none."""
    opened = (
        world.ledger.deployment(head.service, deployment) for deployment in head.open_deployments
    )
    return next((record for record in opened if record and on_its_way(record)), None)


def _already(world: World, record: Deployment, stop: Stop) -> dict[str, Any]:
    """Return the reply of a service that is back already, with pushes held where that is wanted."""
    retried(record.service, lambda: stay_back(world, record, stop))
    return {"deployment": record.id, "status": record.status.value, "reason": already_words(record)}


def _go_back(
    world: World, target: Target, asked: RollbackRequest, proven: Proven
) -> dict[str, Any]:
    if not asked.override and (why := barrier(_head(world, target), proven)):
        raise Refused(why)
    image, tag = image_of(world, target, proven)
    left = _running_digest(world, target)
    return ask(
        world,
        target,
        Request(
            service=target.name,
            cause=Cause.ROLLBACK,
            digest=image.digest,
            order=world.now,
            tag=tag,
            tags=proven.tags,
            key=asked.key or "",
            by=asked.by,
            why=asked.why,
            override=asked.override,
            goes_to=proven.revision,
            leaves="" if left == image.digest else left,
            holds=_holds(target, asked),
        ),
        image,
    )


def _running_digest(world: World, target: Target) -> str:
    """Return the digest that the service runs or is rolling out; empty when it is not known."""
    service = service_of(world, target.cluster, target.service)
    revision = service.revision if service else ""
    return digest_that_runs(world, target, _head(world, target), revision) if revision else ""


def _asked_before(world: World, head: Head, key: str) -> dict[str, Any] | None:
    """Return the reply to the earlier request with this key; None when there is none."""
    same = next((recent for recent in head.recent if recent.key == key), None)
    record = world.ledger.deployment(head.service, same.deployment) if same else None
    return reply_of(record) if record is not None else None


def _holds(target: Target, asked: RollbackRequest) -> bool:
    """Whether pushes are held after this rollback; nothing is held where nothing is deployed."""
    wanted = target.hold_after_rollback if asked.hold is None else asked.hold
    return wanted and target.mode == "deploy"


def _earlier(world: World, target: Target, asked: RollbackRequest) -> Proven | Deployment:
    """Return the revision of a rollback without `to`; first remember what others deployed.

    For a whole repository, it is the deployment that took the service back already, if one did. So
    a call that is repeated, because it failed for some services, takes no other further back.
    """
    return retried(target.name, lambda: _before(world, target, asked))


def _before(world: World, target: Target, asked: RollbackRequest) -> Proven | Deployment:
    head = _head(world, target)
    service = service_of(world, target.cluster, target.service)
    if service is None or service.status == "INACTIVE":
        raise Refused(missing(target.cluster, target.service))
    if remember(world, target, head, service) is not None:
        head = _head(world, target)
    record = None
    for recent in judged(head):
        record = world.ledger.deployment(target.name, recent.deployment)
        if asked.repository and record is not None and is_back(record, service.revision):
            return record
        if record is None or not record.only_prepared:
            break  # one whose `before` failed never changed the service
    return back(head, service.revision, record)


def _head(world: World, target: Target) -> Head:
    head = world.ledger.head(target.name)
    if head is None:
        raise Refused(
            f"Slipway has not met {target.name} yet, so it knows nothing to go back to. "
            "The next sweep (every 10 minutes) or push will."
        )
    return head
