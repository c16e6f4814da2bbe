"""families -> outcomes: deregister old revisions of ours that nothing runs and nothing names.

What is not known for sure stays. A read that fails ends the run, and so does a deployment that
begins meanwhile, because registering comes first.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cache

from chalicelib.decide.tidy import (
    Family,
    families,
    in_turn,
    is_ours,
    known_by,
    named,
    noted,
    part,
    quiet,
    rolls_out,
)
from chalicelib.definition.render import PROVENANCE
from chalicelib.errors import Denied, DeployerError, Refused
from chalicelib.flow.outcome import Outcome
from chalicelib.flow.ports import World
from chalicelib.flow.retry import retried
from chalicelib.model.base import Frozen, iso
from chalicelib.model.changes import changed_head
from chalicelib.model.heads import Head
from chalicelib.model.revisions import ServiceUse
from chalicelib.model.task_definitions import short_name

# RegisterTaskDefinition and DeregisterTaskDefinition share 20 calls at once and one a second after
# that (ECS developer guide, "Request throttling for the Amazon ECS API"). A run takes half.
_MOST_IN_A_RUN = 10
_PART = 50  # the old revisions that a run looks at, in a family
# DescribeTaskDefinition has 50 calls at once and 20 a second, which deployments share.
_MOST_READ = 200


class _Account(Frozen):
    """What runs in the account, and what its rules and schedules name."""

    clusters: tuple[str, ...]
    services: tuple[ServiceUse, ...]
    names: tuple[str, ...]


_Read = Callable[[], _Account]


def tidy_families(world: World) -> tuple[Outcome, ...]:
    """Deregister at most ten revisions of all families that are kept tidy; return what to tell.

    A revision goes only if Slipway registered it, at least `keep_revisions` newer ones of ours are
    ACTIVE, no service may go back to it, nothing in the account runs it, and no rule and no
    schedule names it. Each day's sum of a family is told once, and why it could not be kept tidy is
    told once a day.
    """
    account = cache(lambda: _account(world))
    left, outcomes = _MOST_IN_A_RUN, list[Outcome]()
    for family in in_turn(families(world.targets), world.now):
        removed, error = _tidied(world, family, account, left)
        left -= len(removed)
        outcomes += _remembered(world, family, removed, error)
        if error or not left:
            break
    return tuple(outcomes)


def _tidied(
    world: World, family: Family, account: _Read, most: int
) -> tuple[Sequence[str], DeployerError | None]:
    """Deregister at most so many revisions; return them, and the error that ended this.

    Before each, every HEAD is read again. Whatever has changed there ends this too.
    """
    removed: list[str] = []
    try:
        heads = _heads(world, family)
        for revision in _old(world, family, heads, account)[:most]:
            if _heads(world, family) != heads:
                break
            world.revisions.deregister(revision)
            removed.append(revision)
    except DeployerError as error:
        return removed, error
    return removed, None


def _heads(world: World, family: Family) -> tuple[Head, ...]:
    """Return the HEADs of all services that may run the family; none while anything goes on."""
    heads = [world.ledger.head(target.name) for target in family.targets]
    found = tuple(head for head in heads if quiet(head, world.holder, world.now))
    return tuple(filter(None, found)) if len(found) == len(heads) else ()


def _old(world: World, family: Family, heads: Sequence[Head], account: _Read) -> Sequence[str]:
    """Return revisions (ARNs) that may be deregistered, oldest first.

    What costs little is asked first: mostly nothing is old, and then nobody else is asked.
    """
    listed = world.revisions.active(family.name) if heads else ()
    if len(listed) <= family.keep:
        return ()
    known = _known(world, heads)
    ours = cache(lambda revision: _is_ours(world, family, revision))
    older = [one for one in reversed(listed[family.keep :]) if short_name(one) not in known]
    looked_at = [one for one in part(older, _PART, world.now) if ours(one)]
    beyond = _beyond(family, listed, ours) if looked_at else ()
    found = [one for one in looked_at if one in beyond]
    # ECS may take a rollout back to a revision that no answer names.
    if not found or rolls_out(account().services, family.name):
        return ()
    used = _used(world, family, listed[0], account())
    return [one for one in found if short_name(one) not in used]


def _known(world: World, heads: Sequence[Head]) -> frozenset[str]:
    """Return the revisions to which the services may go back."""
    found: frozenset[str] = frozenset()
    for head in heads:
        applied = head.applied_deployment
        last = world.ledger.deployment(head.service, applied) if applied else None
        found |= known_by(head, last)
    return found


def _is_ours(world: World, family: Family, revision: str) -> bool:
    definition = world.services.task_definition(revision)
    deployment = definition.tags.get(PROVENANCE) if definition else None
    named_by = [target for target in family.targets if target.family] if deployment else []
    records = [world.ledger.deployment(target.name, deployment or "") for target in named_by]
    return is_ours(definition, family.name, filter(None, records))


def _beyond(family: Family, listed: Sequence[str], ours: Callable[[str], bool]) -> Sequence[str]:
    """Return what is older than the newest revisions of ours that stay.

    Raises:
        Refused: when too many others' revisions are among them.
    """
    kept = 0
    for place, revision in enumerate(listed[:_MOST_READ], start=1):
        kept += ours(revision)
        if kept == family.keep:
            return listed[place:]
    if len(listed) <= _MOST_READ:
        return ()
    raise Refused(
        f"of the newest {_MOST_READ} revisions, only {kept} are Slipway's, and Slipway reads no "
        "more. Next: let fewer revisions be kept, or deregister others' old ones by hand"
    )


def _account(world: World) -> _Account:
    """Return what the account runs, last what changes most."""
    clusters = tuple(world.revisions.clusters())
    names = (
        *world.rule_targets.task_definitions(clusters),
        *world.schedule_targets.task_definitions(),
    )
    services = tuple(world.revisions.uses(clusters))
    return _Account(clusters=clusters, services=services, names=names)


def _used(world: World, family: Family, newest: str, account: _Account) -> frozenset[str]:
    """Return the family's revisions that anything runs or names."""
    texts = [
        *account.names,
        *(revision for service in account.services for revision in service.revisions),
        *world.revisions.tasks(account.clusters, family.name),
    ]
    return named(texts, family.name, newest)


def _remembered(
    world: World, family: Family, removed: Sequence[str], error: DeployerError | None
) -> list[Outcome]:
    """Keep in HEAD what this run did; return what is to be told."""
    try:
        return retried(family.first.name, lambda: _noted(world, family, removed, error))
    except DeployerError as unsaved:
        names = ", ".join(map(short_name, removed)) or "nothing"
        reason = f"deregistered {names}, and could not remember it: {unsaved}"
        return [_outcome(family, "failed", reason)]


def _noted(
    world: World, family: Family, removed: Sequence[str], error: DeployerError | None
) -> list[Outcome]:
    head = world.ledger.head(family.first.name)
    if head is None:  # the sweep meets it, or says why it cannot
        return []
    note = noted(head.tidied, iso(world.now)[:10], removed, str(error or ""))
    if note.tidied != head.tidied:
        world.ledger.save(changed_head(head, tidied=note.tidied))
    stopped = "failed" if isinstance(error, Refused | Denied) else "not tidied"
    told = {"tidied": note.sum, stopped: note.why}
    return [_outcome(family, outcome, words) for outcome, words in told.items() if words]


def _outcome(family: Family, outcome: str, reason: str) -> Outcome:
    return Outcome(outcome=outcome, service=family.first.name, reason=f"{family.name}: {reason}")
