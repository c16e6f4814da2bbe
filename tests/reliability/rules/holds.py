"""What is held waits, and only one deployment of a service is held."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from tests.reliability.calls import UPDATE, WRITE
from tests.reliability.history import TAG, History, moment, place, service_of, written

_PASSES = ("rollback", "foreign")


def nothing_begins_while_it_is_held(history: History) -> Iterator[str]:
    """When an attempt was begun, HEAD had no hold. A hold that comes later stops no attempt."""
    began: dict[str, tuple[dict[str, Any], list[str]]] = {}
    for act in history.account.acts:
        if act.call == WRITE:
            head, records = written(act)
            holds = [
                f"{hold['kind']} by {hold['by']}"
                for hold in (head or {}).get("holds", ())
                if "until" not in hold or moment(hold["until"]) > act.at
            ]
            began |= {one["id"]: (one, holds) for one in records}
        elif act.call == UPDATE:
            tags = history.definitions.get(act.asked["taskDefinition"], {})
            record, holds = began.get(tags.get(TAG, ""), ({}, []))
            if record.get("acting") and holds and not _passes(record):
                yield f"{service_of(act)}: {record['id']} began in spite of {holds}"


def nothing_begins_while_a_person_is_awaited(history: History) -> Iterator[str]:
    """A push waits for the pause of the rollout before it, as far as the ledger knows of one."""
    latest: dict[str, dict[str, Any]] = {}
    for act in history.account.acts:
        if act.call == WRITE:
            latest |= {one["id"]: one for one in written(act)[1]}
        elif act.call == UPDATE:
            tags = history.definitions.get(act.asked["taskDefinition"], {})
            record = latest.get(tags.get(TAG, ""), {})
            if not record.get("acting") or _passes(record) or record.get("goes_to"):
                continue
            yield from (
                f"{service_of(act)}: {record['id']} began while {one['id']} waits for a person"
                for one in latest.values()
                if one["service"] == record["service"] and _awaits_a_person(one)
            )


def _awaits_a_person(record: Mapping[str, Any]) -> bool:
    pause = record.get("pause") or {}
    over = pause.get("ended") or pause.get("answer")
    return record["status"] == "IN_PROGRESS" and bool(pause) and not over


def _passes(record: Mapping[str, Any]) -> bool:
    return bool(record["cause"] in _PASSES or record.get("override"))


def at_most_one_is_held(history: History) -> Iterator[str]:
    """HEAD names the one that is HELD. One that it no longer names is older, and is closed.

    Whoever holds the newer one may die before that. Then the sweep closes the older one, maybe
    after the newer one was released.
    """
    held: dict[str, dict[str, dict[str, Any]]] = {}
    for act in history.acts(WRITE):
        service = service_of(act)
        head, records = written(act)
        own = held.setdefault(service, {})
        named = (head or {}).get("held", {}).get("deployment", "")
        for record in records:
            before = own.pop(record["id"], None)
            if record["status"] == "HELD":
                own[record["id"]] = record
            elif before is not None and record["status"] == "PENDING":
                newer = [one["id"] for one in own.values() if place(one) >= place(before)]
                if newer:
                    yield f"{service}: {record['id']} goes on while {newer} are held"
        if named and named not in own:
            yield f"{service}: HEAD has {named} as held, which is not"
        if named in own:
            yield from (
                f"{service}: {one['id']} is held beside {named}"
                for one in own.values()
                if one["id"] != named and place(one) >= place(own[named])
            )
        elif len(own) > 1:
            yield f"{service}: {list(own)} are held, and HEAD names none"
