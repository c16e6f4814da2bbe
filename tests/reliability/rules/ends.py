"""How a deployment ended, and what serves afterwards, is what ECS did."""

from __future__ import annotations

from collections.abc import Iterator

from tests.reliability.history import History, Record, is_task, moment, place


def the_end_is_what_ecs_did(history: History) -> Iterator[str]:
    """SUCCESSFUL is said only of what ECS completed, and always of that."""
    for record in history.ours:
        if is_task(record["service"]):
            continue
        states = {one.status for one in history.rollouts(record)}
        status, name = record["status"], f"{record['id']} ({record['status']})"
        if status == "SUCCESSFUL" and "SUCCESSFUL" not in states:
            yield f"{name}: ECS says {sorted(states)}"
        # A person who stops what completes at that moment has it set back all the same.
        returning = record.get("returning", {})
        set_back = (returning.get("by"), returning.get("how")) == ("person", "update")
        proved_bad = record.get("after", {}).get("outcome") == "FAILED"
        undone = status == "ROLLBACK_SUCCESSFUL" and (set_back or proved_bad)
        if status not in ("SUCCESSFUL", "FAILED") and "SUCCESSFUL" in states and not undone:
            yield f"{name}: ECS says {sorted(states)}"
        ended = states & {"ROLLBACK_SUCCESSFUL", "STOPPED"}
        if status == "ROLLBACK_SUCCESSFUL" and not ended and not undone:
            yield f"{name}: ECS says {sorted(states)}"
        if status in ("REFUSED", "OBSERVED") and states:
            yield f"{name}: ECS was told to deploy it ({sorted(states)})"


def what_serves_is_what_the_newest_record_says(history: History) -> Iterator[str]:
    for service in history.heads:
        applied = history.applied(service)
        if not applied or history.account.ecs.service(service).status != "ACTIVE":
            continue
        found = history.account.ecs.service(service)
        newest = applied[-1]
        touched = history.account.touched.get(service)
        if touched is not None and touched >= moment(newest["created"]):
            continue  # somebody else has had the last word, or may have
        wanted = {
            "SUCCESSFUL": newest.get("revision"),
            "ROLLBACK_SUCCESSFUL": newest.get("return_to"),
        }.get(newest["status"])
        primary = found.primary
        runs = primary.revision.definition.arn if primary else None
        if wanted != runs:
            yield f"{service} works towards {runs}; {newest['id']} is {newest['status']}"
        elif primary and len(primary.healthy) != found.desired_count:
            yield f"{service} runs {len(primary.healthy)} of {found.desired_count}"
        waiting = [
            record
            for record in history.of(service)
            if record["status"] not in ("REFUSED", "OBSERVED")
            and place(record) > place(newest)
            and not _overtaken_by_held(history, record)
            and not _failed_before(record)
        ]
        yield from (f"{service}: {one['id']} is newer and was never applied" for one in waiting)


def _failed_before(record: Record) -> bool:
    """Whether its `before` failed, so that the service was left alone."""
    return record["status"] == "FAILED" and "before" in record and "applied" not in record


def _overtaken_by_held(history: History, record: Record) -> bool:
    """Whether it was superseded by a newer one that was HELD, whatever became of that one."""
    return record["status"] == "SUPERSEDED" and any(
        "HELD" in history.statuses.get(other["id"], ()) and place(other) > place(record)
        for other in history.of(record["service"])
    )
