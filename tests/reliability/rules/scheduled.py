"""What scheduled tasks run: only what was live, soon what is live, and what others wrote stays."""

from __future__ import annotations

import copy
from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from typing import Any

from chalicelib.model.targets import Target
from tests.reliability.account import followed
from tests.reliability.calls import WRITE, Rewrite, revision_named
from tests.reliability.history import History, Key, Record, is_task, written

_LAG = timedelta(seconds=5)  # the age of the oldest read
_TOLD = "-scheduled-"


def a_scheduled_task_gets_only_what_was_live(history: History) -> Iterator[str]:
    """Each change is in the ledger before it is sent; what it brings, ECS has completed by then.

    A [[task]] has no rollout: it gets the revision of a deployment that is IN_PROGRESS.
    """
    for one in _ours(history):
        wrote, revision = _wrote(history, one), revision_named(one)
        if wrote is None or _entry(wrote, one)["revision"] != revision:
            yield f"{one.name} got {revision[-20:]}, and no record said so before"
            continue
        named = f"{one.name} got {revision[-20:]} for {wrote['id']}, which"
        if is_task(wrote["service"]):
            if (wrote["status"], wrote["revision"]) != ("IN_PROGRESS", revision):
                yield f"{named} was {wrote['status']} with {wrote['revision'][-20:]}"
        elif wrote["status"] != "SUCCESSFUL" or not _live(history, wrote, one.at):
            yield f"{named} was {wrote['status']} and not live"
        elif revision != wrote["revision"] and not _runs(history, revision, wrote["image"]):
            yield f"{named} is of {wrote['image'][-40:]}"


def scheduled_tasks_run_what_is_live(history: History) -> Iterator[str]:
    """In the end; but what somebody else wrote since stays, and people know of it.

    What a [[task]] changed before its deployment failed stays so.
    """
    for target in followed():
        since = _newest_live(history, target.name)
        for key in history.account.scheduled_tasks.keys if since else ():
            if since and _follows(target, key):
                yield from _not_followed(history, key, *since)


def what_others_wrote_is_not_overwritten(history: History) -> Iterator[str]:
    """A deployment that has changed a scheduled task never goes over what others wrote since.

    A read may be five seconds old. If AWS did not answer, and somebody wrote what was there before,
    nobody can tell that from a change that was never carried out.
    """
    for key, rewrites in history.rewrites.items():
        first: dict[str, int] = {}
        for number, one in enumerate(rewrites):
            wrote = _wrote(history, one) if one.invocation else None
            if wrote is None:
                continue
            before = first.setdefault(wrote["id"], number)
            seen = (
                other
                for other in rewrites[before:number]
                if not other.invocation and other.at <= one.read - _LAG
            )
            if any(not _undone(history, rewrites[before], other, one) for other in seen):
                yield f"{wrote['id']} went over what others wrote into {key}"


def only_the_revision_of_a_scheduled_task_is_changed(history: History) -> Iterator[str]:
    """Everything else stays, unless somebody else wrote after it was read."""
    for one in _ours(history):
        meanwhile = (
            other
            for other in history.rewrites[one.kind, one.name, one.target]
            if not other.invocation and one.read - _LAG < other.at <= one.at
        )
        if next(meanwhile, None) is None and _besides(one.before) != _besides(one.after):
            yield f"{one.name} was {_besides(one.before)} and is {_besides(one.after)}"


def scheduled_tasks_change_no_verdict(history: History) -> Iterator[str]:
    """A deployment whose scheduled tasks are due is SUCCESSFUL, and stays so."""
    due: set[str] = set()
    for act in history.acts(WRITE):
        for record in written(act)[1]:
            due |= {record["id"]} if "scheduled_due" in record else set()
            if record["id"] in due and record["status"] != "SUCCESSFUL":
                yield f"{record['id']} was live, and is {record['status']}"


def a_task_ends_as_its_scheduled_tasks_do(history: History) -> Iterator[str]:
    """A [[task]] is SUCCESSFUL when all that it changes has named its revision at some time."""
    for record in history.ours:
        if not is_task(record["service"]) or record["status"] != "SUCCESSFUL":
            continue
        for one in record.get("scheduled", ()):
            key = one["kind"], one["name"], one.get("target", "")
            rewrites = history.rewrites.get(key, ())
            named = {one["named"], *map(revision_named, rewrites)}
            if one["state"] not in ("DONE", "LEFT") or record["revision"] not in named:
                yield f"{record['id']} is SUCCESSFUL, and {one['name']} is {one['state']}"


def _ours(history: History) -> list[Rewrite]:
    return [one for one in history.account.rewrites if one.invocation]


def _wrote(history: History, one: Rewrite) -> Record | None:
    """The record, as it was then, of which the same invocation had saved this change to be sent."""
    for act in reversed(history.account.acts[: one.acts]):
        if act.call == WRITE and act.invocation == one.invocation:
            for record in written(act)[1]:
                if "sent" in _entry(record, one):
                    return record
    return None


def _entry(record: Record, one: Rewrite) -> Mapping[str, Any]:
    return _of(record, (one.kind, one.name, one.target))


def _of(record: Record, key: Key) -> Mapping[str, Any]:
    """What a record keeps of one scheduled task."""
    found: dict[Key, Mapping[str, Any]] = {
        (one["kind"], one["name"], one.get("target", "")): one
        for one in record.get("scheduled", ())
    }
    return found.get(key, {})


def _live(history: History, record: Record, at: datetime) -> bool:
    """Whether ECS had completed a deployment of the record's revision."""
    return any(
        one.target.revision.definition.arn == record["revision"]
        and one.status == "SUCCESSFUL"
        and one.finished_at is not None
        and one.finished_at <= at
        for one in history.account.ecs.service_deployments(record["service"])
    )


def _runs(history: History, arn: str, image: str) -> bool:
    """Whether a container of this revision runs the image."""
    families = (region.definitions for region in history.account.ecs._regions.values())
    found = next(filter(None, (each.find(arn) for each in families)), None)
    return found is not None and image in found.images


def _newest_live(history: History, service: str) -> tuple[Record, int] | None:
    """The record that became SUCCESSFUL last, and how many acts there were before that."""
    became: dict[str, int] = {}
    for number, act in enumerate(history.account.acts):
        if act.call == WRITE:
            for record in written(act)[1]:
                if record["status"] == "SUCCESSFUL" and record["service"] == service:
                    became.setdefault(record["id"], number)
    found = [one for one in history.ours if one["id"] in became]
    newest = max(found, key=lambda one: became[one["id"]], default=None)
    return None if newest is None else (newest, became[newest["id"]])


def _follows(target: Target, key: Key) -> bool:
    kind, name, _ = key
    patterns = target.follow.rules if kind == "rule" else target.follow.schedules
    return any(name.startswith(one[:-1]) if one.endswith("*") else name == one for one in patterns)


def _not_followed(history: History, key: Key, live: Record, since: int) -> Iterator[str]:
    body = history.account.scheduled_tasks.present(*key) or {}
    named = body.get("Target", body)["EcsParameters"]["TaskDefinitionArn"]
    family, own = named.rpartition(":")[0], live["revision"].rpartition(":")[0]
    if named == live["revision"] or (family != own and _runs(history, named, live["image"])):
        return
    if is_task(live["service"]) and named in _failed_since(history, live):
        return
    rewrites = history.rewrites.get(key, [])
    last = rewrites[-1] if rewrites else None
    what = f"{key} names {named[-20:]}, and {live['id']} is live"
    if last is None or last.invocation or last.acts <= since:
        yield what
    elif not _of(live, key) or _of(live, key)["state"] == "DONE":
        return  # somebody changed it, or made it, when all was done
    elif not is_task(live["service"]) and not _told_of(history, live, key):
        yield f"{what}; nobody heard of it"


def _failed_since(history: History, live: Record) -> set[str]:
    later = (one for one in history.of(live["service"]) if one["created"] > live["created"])
    return {one.get("revision", "") for one in later if one["status"] == "FAILED"}


def _told_of(history: History, record: Record, key: Key) -> bool:
    return any(
        notice["attributes"]["deployment"] == record["id"]
        and _TOLD in notice["attributes"]["notice"]
        and key[1] in notice["body"]
        for notice in history.notices
    )


def _undone(history: History, first: Rewrite, other: Rewrite, one: Rewrite) -> bool:
    """Whether somebody wrote what was there before a change that AWS had not answered."""
    known = False
    for act in history.account.acts[first.acts : one.acts]:
        for record in written(act)[1] if act.call == WRITE else ():
            entry = _entry(record, one)
            known |= entry.get("sent") is not None and bool(entry.get("answered"))
    return other.after == first.before and not known


def _besides(body: Mapping[str, Any] | None) -> Any:
    """A scheduled task without its revision."""
    rest: Any = copy.deepcopy(body)
    if rest:
        rest.get("Target", rest)["EcsParameters"].pop("TaskDefinitionArn", None)
    return rest
