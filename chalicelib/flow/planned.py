"""call by hand -> what it would do -> reply: play the call in a dry run, and tell the outcome."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from chalicelib.decide.proven import found_running
from chalicelib.decide.would import Would, would
from chalicelib.definition.shown import shown_changes
from chalicelib.errors import Refused
from chalicelib.flow.dry_run import DryRun, dry_run
from chalicelib.flow.plan import Plan, plan
from chalicelib.flow.ports import World
from chalicelib.flow.running import Version, version_of
from chalicelib.flow.scheduled import will_follow
from chalicelib.flow.service import service_of
from chalicelib.model.base import Frozen
from chalicelib.model.deployments import Deployment
from chalicelib.model.heads import Head
from chalicelib.model.images import commit_named
from chalicelib.model.scheduled import family_named
from chalicelib.model.services import Service
from chalicelib.model.targets import Target
from chalicelib.model.task_definitions import TaskDefinition, short_name

Call = Callable[[World], dict[str, Any]]
_FOLLOWED = frozenset({"deploy", "wait", "hold", "observe"})  # where others would follow


class Played(Frozen):
    """The outcome of a dry run. `record` is None when the call was refused before any record.

    `goes_to` is the ARN of the existing revision that the service would go to; empty when a new one
    would be registered.
    """

    would: Would
    record: Deployment | None = None
    goes_to: str = ""


def planned(world: World, target: Target, key: str | None, call: Call) -> dict[str, Any]:
    """Return what a call by hand would do, in the form of a reply. Nothing changes, nobody is told.

    Raises:
        Unavailable: when AWS does not answer, or when the call itself would reply so.
    """
    dry = dry_run(world)
    outcome = played(dry, target, key, call)
    return told(dry, target, outcome, service_of(world, target.cluster, target.service))


def played(dry: DryRun, target: Target, key: str | None, call: Call) -> Played:
    """Play the call in the dry run, and return the outcome."""
    before = dry.world.ledger.head(target.name)
    known = key is not None and before is not None and _has(before, key)
    try:
        reply = call(dry.world)
    except Refused as refused:
        return Played(would=Would(does="refuse", reason=str(refused)))
    record = dry.ledger.deployment(target.name, reply["deployment"])
    if record is None:
        raise Refused(f"the ledger has no deployment {reply['deployment']} of {target.name}")
    real = dry.ledger.as_it_is(target.name, record.id)
    error = str(reply.get("error", ""))
    does = would(record, real, error=error, key_known=known, updates=dry.services.updates)
    return Played(
        would=does,
        record=record,
        goes_to=record.return_to if does.does == "stop" else record.goes_to,
    )


def _has(head: Head, key: str) -> bool:
    return any(recent.key == key for recent in head.recent)


def told(dry: DryRun, target: Target, outcome: Played, service: Service | None) -> dict[str, Any]:
    """Return the reply of a plan; its form is the same for `deploy` and `rollback`."""
    runs = service.revision if service else ""
    before = _version(dry, target, runs)
    to = _to(dry, target, outcome)
    base, changes = _changes(dry, target, outcome, service)
    return {
        "service": target.name,
        "would": outcome.would.does,
        "reason": outcome.would.reason,
        "image": to.image,
        "digest": to.digest,
        "tag": to.tag,
        "commit": commit_named(to.tags),
        "from": {"revision": short_name(runs), "tag": before.tag, "digest": before.digest},
        "base": base,
        "revision": short_name(outcome.goes_to),
        "before": _before(outcome),
        "scheduled": _scheduled(dry, target, outcome, runs),
        "changes": changes,
    }


def _before(outcome: Played) -> dict[str, Any] | None:
    """Return the `before` task that would run first; None where none would."""
    run = outcome.record.before if outcome.record else None
    if run is None or outcome.would.does != "deploy":
        return None
    override = json.loads(run.request)["overrides"]["containerOverrides"][0]
    return {"container": run.container, "command": override["command"]}


def _scheduled(dry: DryRun, target: Target, outcome: Played, runs: str) -> list[dict[str, str]]:
    """Return the scheduled tasks that would follow once it is live, and those that would not."""
    if outcome.would.does not in _FOLLOWED:
        return []
    return [
        {"task": one.label, "names": short_name(one.named), "left": one.why}
        for one in will_follow(dry.world, target, target.family or family_named(runs))
    ]


def _to(dry: DryRun, target: Target, outcome: Played) -> Version:
    """Return the image that would run."""
    record = outcome.record
    if outcome.would.does == "stop":
        return _version(dry, target, outcome.goes_to)
    if record is None:
        return Version()
    return Version(image=record.image, digest=record.digest, tags=record.all_tags)


def _version(dry: DryRun, target: Target, revision: str) -> Version:
    if not revision:
        return Version()
    return version_of(dry.world, target, dry.ledger.head(target.name), revision)


def _changes(
    dry: DryRun, target: Target, outcome: Played, service: Service | None
) -> tuple[str, list[dict[str, Any]]]:
    """Return the revision to render from (empty when none is registered), and what would change."""
    running = dry.world.services.task_definition(service.revision) if service else None
    if service is None or running is None:
        return "", []
    found = _after(dry, target, outcome, service)
    if isinstance(found, Plan):
        base = found.base.name if found.registration else ""
        return base, _fields(running, found.registration or found.base.body)
    return "", _fields(running, found.body) if found else []


def _after(
    dry: DryRun, target: Target, outcome: Played, service: Service
) -> Plan | TaskDefinition | None:
    """Return what would be deployed: a plan, or an existing revision; None when nothing would."""
    record = outcome.record
    if outcome.would.does == "stop":
        return dry.world.services.task_definition(outcome.goes_to) if outcome.goes_to else None
    head = dry.ledger.head(target.name)
    first = dry.ledger.first.get(record.id) if record else None
    if first is None or head is None or first.request != dry.world.holder:
        return None  # the call would record nothing new
    try:
        return plan(dry.world, first, target, service, found_running(head, service, dry.world.now))
    except Refused:
        return None  # it would be refused for this


def _fields(before: TaskDefinition, after: dict[str, Any]) -> list[dict[str, Any]]:
    return [
        {"field": change.field, "from": change.before, "to": change.after}
        for change in shown_changes(before.body, after)
    ]
