"""Every push and every request has the records that it should have."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from tests.reliability.account import followed
from tests.reliability.calls import revision_named
from tests.reliability.history import CLOSED, History, Record, is_task, moment


def every_push_has_one_record(history: History) -> Iterator[str]:
    """Nothing lost, nothing twice: however many events, tags and retries told of it.

    Only a push that a newer one overtook before anybody heard of it has none, and one from before
    the service was first met whose event ended in the queue of failures: the ledger was denied.
    """
    letters = "on_image_push" in history.account.letters
    for service, repository in ((target.name, target.repository) for target in followed()):
        pushes = [push for push in history.account.pushes if push.repository == repository]
        for digest, count in Counter(push.digest for push in pushes).items():
            made = [
                record
                for record in history.of(service)
                if record["digest"] == digest and record["cause"] in ("push", "sweep")
            ]
            if len([one for one in made if one["status"] != "REFUSED"]) > count:
                yield f"{service}: {len(made)} records of {digest[:15]}, pushed {count} times"
            last = max(push.at for push in pushes if push.digest == digest)
            overtaken = any(moment(record["order"]) > last for record in history.of(service))
            met = history.heads.get(service, {}).get("met")
            before = letters and met is not None and moment(met) > last
            if not made and not overtaken and not before:
                yield f"{service}: no record of {digest[:15]}"


def no_key_is_used_twice(history: History) -> Iterator[str]:
    keys = Counter(
        (record["service"], record["key"]) for record in history.records if record.get("key")
    )
    yield from (f"{key}: {count} records" for key, count in keys.items() if count > 1)


def every_record_is_closed(history: History) -> Iterator[str]:
    for record in history.records:
        if record["status"] not in CLOSED:
            yield f"{record['id']} is {record['status']}: {record.get('reason', '')}"
        if record.get("acting"):
            yield f"{record['id']} is {record['status']} and acting"
        if "open" in record or "expires" not in record:
            yield f"{record['id']} is {record['status']} and indexed as unfinished"


def what_is_foreign_others_did(history: History) -> Iterator[str]:
    """Recorded as somebody else's: only what somebody else did, what ECS completed, and once."""
    foreign = [record for record in history.records if record["cause"] == "foreign"]
    for record in foreign:
        if is_task(record["service"]):
            yield from _named_by_others(history, record)
            continue
        completed = {
            one.target.revision.definition.arn
            for one in history.account.ecs.service_deployments(record["service"])
            if one.status in ("SUCCESSFUL", "ROLLBACK_SUCCESSFUL")
        }
        if record["service"] not in history.account.touched:
            yield f"{record['id']}: nobody else has touched {record['service']}"
        if record["revision"] not in completed:
            yield f"{record['id']}: ECS never completed {record['revision'][-12:]}"
    found = Counter((record["service"], record["order"], record["revision"]) for record in foreign)
    yield from (f"{one}: {count} records" for one, count in found.items() if count > 1)


def _named_by_others(history: History, record: Record) -> Iterator[str]:
    """Of a [[task]]: somebody else wrote the revision into a rule or a schedule."""
    others = (one for one in history.account.rewrites if not one.invocation)
    if record["revision"] not in map(revision_named, others):
        yield f"{record['id']}: nobody else wrote {record['revision'][-12:]}"
