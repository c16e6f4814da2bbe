"""HEAD -> reply: the proven revisions that a rollback may go back to, for a person to choose."""

from __future__ import annotations

from typing import Any

from chalicelib.errors import Unreadable
from chalicelib.flow.ports import World
from chalicelib.flow.running import version_of
from chalicelib.model.base import iso
from chalicelib.model.deployments import Deployment
from chalicelib.model.heads import Head, Proven
from chalicelib.model.images import commit_named
from chalicelib.model.targets import Target
from chalicelib.model.task_definitions import short_name


def choices(world: World, target: Target, runs: str, default: str) -> list[dict[str, Any]]:
    """Return the proven revisions, the newest proven first.

    `runs` is the ARN of the revision that the service runs, and `default` of the one that a
    rollback without `to` would choose; each is empty when there is none.
    """
    head = world.ledger.head(target.name)
    if head is None:
        return []
    return [_choice(world, target, head, proven, (runs, default)) for proven in head.proven]


def _choice(
    world: World, target: Target, head: Head, proven: Proven, marks: tuple[str, str]
) -> dict[str, Any]:
    record = _record(world, target, proven)
    digest, tags = proven.digest, proven.all_tags
    if not digest:  # Slipway only met it, so its task definition says what it runs
        version = version_of(world, target, head, proven.revision)
        digest, tags = version.digest, version.tags
    runs, default = marks
    return {
        "revision": short_name(proven.revision),
        "deployment": proven.deployment,
        "tag": next(iter(tags), ""),
        "tags": list(tags),
        "digest": digest,
        "commit": commit_named(tags),
        "first": iso(proven.first),
        "by": record.by if record else "",
        "cause": record.cause.value if record else "",
        "left": proven.rolled_away,
        "missing": proven.missing,
        "runs": proven.revision == runs,
        "default": proven.revision == default,
    }


def _record(world: World, target: Target, proven: Proven) -> Deployment | None:
    """Return the record that brought it last; None when it is gone, or a newer release wrote it."""
    if not proven.deployment:
        return None
    try:
        return world.ledger.deployment(target.name, proven.deployment)
    except Unreadable:
        return None
