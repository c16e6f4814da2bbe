"""a family's revisions + what runs or names them -> those that may be deregistered, and why not."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from datetime import datetime

from chalicelib.decide.lease import busy
from chalicelib.definition.render import PROVENANCE
from chalicelib.model.base import Frozen
from chalicelib.model.changes import changed_tidied
from chalicelib.model.deployments import Deployment
from chalicelib.model.heads import Head, Tidied
from chalicelib.model.revisions import ServiceUse
from chalicelib.model.targets import Target, Targets
from chalicelib.model.task_definitions import TaskDefinition, short_name

_HOUR = 3600
_NAME_OF_ECS = "A-Za-z0-9_-"


class Family(Frozen):
    """A family that is kept tidy: its newest `keep` revisions of ours stay.

    `targets` are all whose service may run one of its revisions. The first of them that keeps it
    tidy is `first`, whose HEAD remembers what was done.
    """

    name: str
    keep: int
    first: Target
    targets: tuple[Target, ...]


class Note(Frozen):
    """What HEAD remembers of a family after a run, and what is told: each text may be empty."""

    tidied: Tidied | None
    sum: str = ""
    why: str = ""


def families(targets: Targets) -> tuple[Family, ...]:
    """Return the families that are kept tidy, in the order of the targets file.

    Where several targets share a family, the largest of their numbers counts. A target without
    `family` may run revisions of any family, so it belongs to each of them.
    """
    tidying: dict[str, list[Target]] = {}
    for target in targets.all:
        if target.tidies and target.family:
            tidying.setdefault(target.family, []).append(target)
    return tuple(
        Family(
            name=name,
            keep=max(target.keep_revisions for target in own),
            first=own[0],
            targets=tuple(other for other in targets.all if other.family in {name, None}),
        )
        for name, own in tidying.items()
    )


def in_turn(every: Sequence[Family], now: datetime) -> tuple[Family, ...]:
    """Return the families in the order of this hour: each hour begins with another one.

    So a family with many old revisions does not keep the others waiting.
    """
    if not every:
        return ()
    begin = int(now.timestamp()) // _HOUR % len(every)
    return (*every[begin:], *every[:begin])


def part(revisions: Sequence[str], size: int, now: datetime) -> tuple[str, ...]:
    """Return the part of the revisions that this hour looks at, at most `size` of them.

    Each hour looks at the next part, and after the last one at the first one again. So revisions
    that must stay, or are not ours, never hide those behind them.
    """
    parts = -(-len(revisions) // size)
    if not parts:
        return ()
    begin = int(now.timestamp()) // _HOUR % parts * size
    return tuple(revisions[begin : begin + size])


def quiet(head: Head | None, holder: str, now: datetime) -> bool:
    """Whether nothing goes on at a service: it is met, no deployment is open, and nobody acts.

    Registering comes first, and what is open may still go back to any revision that it knows.
    """
    return (
        head is not None
        and not head.open_deployments
        and head.attempt is None
        and not busy(head, holder, now)
    )


def is_ours(definition: TaskDefinition | None, family: str, records: Iterable[Deployment]) -> bool:
    """Whether Slipway registered this ACTIVE revision of the family.

    It has our tag. `records` are those that the tag may name. Whoever registers a copy of ours may
    copy the tag too, so a record that names another revision as its own says that it is not ours.
    """
    if definition is None or not definition.active or definition.family != family:
        return False
    mine = [record for record in records if record.id == definition.tags.get(PROVENANCE)]
    copied = any(record.revision not in {"", definition.arn} for record in mine)
    return PROVENANCE in definition.tags and not copied


def known_by(head: Head, last: Deployment | None) -> frozenset[str]:
    """Return the names (FAMILY:REVISION) of the revisions that a service may go back to.

    They are the proven ones, what the service works towards, and what its last deployment was made
    from, brought, and would go back to.
    """
    found = [proven.revision for proven in head.proven] + [head.applied_revision]
    if last is not None:
        found += [last.base, last.revision, last.goes_to, last.return_to]
    return frozenset(short_name(revision) for revision in found if revision)


def rolls_out(services: Iterable[ServiceUse], family: str) -> str:
    """Return the first service that runs the family and rolls out now; empty for none.

    ECS may take it back to a revision that no answer names.
    """
    prefix = f"{family}:"
    return next(
        (
            service.name
            for service in services
            if service.rolls_out
            and any(short_name(name).startswith(prefix) for name in service.revisions)
        ),
        "",
    )


def named(texts: Iterable[str], family: str, newest: str) -> frozenset[str]:
    """Return the names (FAMILY:REVISION) of the family's revisions that these texts name.

    A text is an ARN, FAMILY:REVISION, or the JSON of a request. FAMILY alone means the newest
    ACTIVE revision, `newest` (API reference, RunTask: `taskDefinition`).
    """
    pattern = re.compile(rf"(?<![{_NAME_OF_ECS}]){re.escape(family)}(?![{_NAME_OF_ECS}])(:[0-9]+)?")
    return frozenset(
        f"{family}{match[1]}" if match[1] else short_name(newest)
        for text in texts
        for match in pattern.finditer(text)
    )


def noted(before: Tidied | None, day: str, removed: Sequence[str], why: str) -> Note:
    """Return what HEAD remembers after a run, and what people are told of it.

    `removed` are the revisions that the run deregistered, oldest first. `why` says why it could not
    go on; empty when it could. `day` is today (UTC). The sum of a day is told once, by the first
    run of a later day. Of all reasons, the first one of a day is told.
    """
    after, words = before, ""
    if after and after.count and not after.told and after.day != day:
        after, words = changed_tidied(after, told=True), _sum(after)
    if removed:
        after = _added(after, day, removed)
    told_on = before.why_on if before else ""
    if why or (after and after.why):
        after = changed_tidied(after or Tidied(), why=why, why_on=day if why else told_on)
    return Note(tidied=after, sum=words, why=why if told_on != day else "")


def _added(before: Tidied | None, day: str, removed: Sequence[str]) -> Tidied:
    today = before or Tidied(day=day)
    if today.day != day:
        today = Tidied(day=day, why=today.why, why_on=today.why_on)
    return changed_tidied(
        today,
        count=today.count + len(removed),
        first=today.first or short_name(removed[0]),
        last=short_name(removed[-1]),
    )


def _sum(tidied: Tidied) -> str:
    if tidied.count == 1:
        return f"on {tidied.day}, 1 old revision was deregistered, {tidied.first}"
    return (
        f"on {tidied.day}, {tidied.count} old revisions were deregistered, "
        f"from {tidied.first} to {tidied.last}"
    )
