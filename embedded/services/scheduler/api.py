"""The operations of Scheduler on schedules and their groups; tags are moto's.

Documented (API reference): the errors, the filters, that lists come in parts; that deleting a group
deletes its schedules. "Schedule groups": the group `default` cannot be deleted.
Inferred: lists come in parts of 50 unless told otherwise, oldest first; a request that is sent
again with its ClientToken is answered as the first one; a group is gone at once.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from moto.scheduler.models import scheduler_backends

from embedded.calls.paging import part
from embedded.calls.sessions import ACCOUNT, REGION
from embedded.services.scheduler.refusals import (
    conflict,
    invalid,
    not_found,
    refuse_schedule,
)
from embedded.services.scheduler.schedule import (
    DEFAULT_GROUP,
    Group,
    Schedule,
    changed_schedule,
    new_schedule,
)
from embedded.services.scheduler.store import Store

Request = dict[str, Any]
Answer = dict[str, Any]
PART = 50


def create_schedule(store: Store, request: Request) -> Answer:
    refuse_schedule(request, "CreateSchedule", store.now(), store.trusts)
    _group(store, request.get("GroupName"))
    made = new_schedule(request, store.now())
    token = request.get("ClientToken")
    existing = store.schedules.get(made.key)
    if existing is not None:
        if token is None or store.tokens.get(existing.key) != (token, made.body):
            raise conflict(f"Schedule {made.name} already exists.")
        return {"ScheduleArn": existing.arn}
    store.tokens[made.key] = (token, made.body)
    store.put(made)
    return {"ScheduleArn": made.arn}


def update_schedule(store: Store, request: Request) -> Answer:
    refuse_schedule(request, "UpdateSchedule", store.now(), store.trusts)
    before = _present(store, request)
    store.put(changed_schedule(before, request, store.now()))
    return {"ScheduleArn": before.arn}


def get_schedule(store: Store, request: Request) -> Answer:
    group = _group(store, request.get("GroupName"))
    found = store.read(f"{group.name}/{request['Name']}")
    if found is None:
        raise not_found(f"Schedule {request['Name']}")
    return found.described()


def delete_schedule(store: Store, request: Request) -> Answer:
    store.remove(_present(store, request))
    return {}


def list_schedules(store: Store, request: Request) -> Answer:
    group, state = request.get("GroupName"), request.get("State")
    if group:
        _group(store, group)
    found = [
        each.listed()
        for each in store.read_all()
        if group in (None, "", each.group)
        and state in (None, "", each.state)
        and each.name.startswith(request.get("NamePrefix") or "")
    ]
    return _part("Schedules", found, request)


def create_schedule_group(store: Store, request: Request) -> Answer:
    name = request["Name"]
    if name in store.groups:
        raise conflict(f"Schedule group {name} already exists.")
    made = Group(name, store.now())
    store.groups[name] = made
    scheduler_backends[ACCOUNT][REGION].tagger.tag_resource(made.arn, request.get("Tags") or [])
    return {"ScheduleGroupArn": made.arn}


def get_schedule_group(store: Store, request: Request) -> Answer:
    return _group(store, request["Name"]).described()


def delete_schedule_group(store: Store, request: Request) -> Answer:
    group = _group(store, request["Name"])
    if group.name == DEFAULT_GROUP:
        raise invalid("The default schedule group cannot be deleted.")
    for schedule in list(store.schedules.values()):
        if schedule.group == group.name:
            store.remove(schedule)
    del store.groups[group.name]
    return {}


def list_schedule_groups(store: Store, request: Request) -> Answer:
    prefix = request.get("NamePrefix") or ""
    found = [g.described() for g in store.groups.values() if g.name.startswith(prefix)]
    return _part("ScheduleGroups", found, request)


def _group(store: Store, name: str | None) -> Group:
    found = store.groups.get(name or DEFAULT_GROUP)
    if found is None:
        raise not_found(f"Schedule group {name}")
    return found


def _present(store: Store, request: Request) -> Schedule:
    group = _group(store, request.get("GroupName"))
    found = store.schedules.get(f"{group.name}/{request['Name']}")
    if found is None:
        raise not_found(f"Schedule {request['Name']}")
    return found


def _part(name: str, items: list[Answer], request: Request) -> Answer:
    try:
        found, token = part(items, int(request.get("MaxResults") or PART), request.get("NextToken"))
    except ValueError:
        raise invalid("Invalid NextToken.") from None
    return {name: found, **({"NextToken": token} if token else {})}


OPERATIONS: dict[str, Callable[[Store, Request], Answer]] = {
    "CreateSchedule": create_schedule,
    "UpdateSchedule": update_schedule,
    "GetSchedule": get_schedule,
    "DeleteSchedule": delete_schedule,
    "ListSchedules": list_schedules,
    "CreateScheduleGroup": create_schedule_group,
    "GetScheduleGroup": get_schedule_group,
    "DeleteScheduleGroup": delete_schedule_group,
    "ListScheduleGroups": list_schedule_groups,
}
