"""What ran of `before` and `after`: once, one after the other, and nothing goes on without it.

A task counts as run once ECS called it RUNNING.
"""

from __future__ import annotations

import json
from collections.abc import Iterator

from tests.dialect.ran import Ran, at_once, misreported, repeated, uncounted
from tests.reliability.account import followed
from tests.reliability.calls import RUN, UPDATE, WRITE, Act
from tests.reliability.history import (
    TAG,
    History,
    Record,
    deployment_of,
    is_task,
    service_of,
    written,
)


def no_command_runs_twice(history: History) -> Iterator[str]:
    """At most one task of a deployment runs its `before`, and at most one its `after`."""
    for deployment, kind in repeated(history.ran):
        yield f"{deployment}: its `{kind}` ran more than once"


def one_before_at_a_time(history: History) -> Iterator[str]:
    """On one service."""
    owner = {record["id"]: record["service"] for record in history.records}
    for service in history.heads:
        mine = [run for run in _befores(history) if owner.get(run.deployment) == service]
        for one, other in at_once(mine):
            yield f"{service}: {other.token} began before {one.token} had ended"


def a_request_is_saved_before_it_is_sent(history: History) -> Iterator[str]:
    """And it is sent as it was saved: the same token never has two requests."""
    saved: set[str] = set()
    for act in history.account.acts:
        if act.call == WRITE:
            for record in written(act)[1]:
                runs = (record.get(kind) or {} for kind in ("before", "after"))
                saved |= {run["request"] for run in runs if "request" in run}
        elif act.call == RUN and json.dumps(act.asked, sort_keys=True) not in saved:
            yield f"{deployment_of(act.asked)}: {act.asked['clientToken']} was sent and not saved"


def a_service_changes_only_after_its_before(history: History) -> Iterator[str]:
    """UpdateService waits until the `before` of its revision's deployment exited with 0."""
    prepared = {target.name for target in followed() if target.before is not None}
    for act, record in _updates(history):
        if service_of(act) not in prepared:
            continue
        good = (run for run in _ended_well(history, act) if run.deployment == record["id"])
        if next(good, None) is None:
            yield f"{record['id']} was applied without a `before` that ended well"


def what_waits_goes_after_the_other_before(history: History) -> Iterator[str]:
    """`waits_for`: the `before` of the same digest ended well on the other service."""
    waits = {target.name: target.waits_for for target in followed() if target.waits_for}
    digests = {record["id"]: (record["service"], record["digest"]) for record in history.records}
    for act, record in _updates(history):
        first = waits.get(service_of(act))
        if first is None or record.get("override"):
            continue
        wanted = (first, record["digest"])
        if all(digests.get(run.deployment) != wanted for run in _ended_well(history, act)):
            yield f"{record['id']} did not wait for the `before` of {first}"


def head_keeps_each_before_that_ran(history: History) -> Iterator[str]:
    """What it did to the data stays, whatever became of its deployment."""
    return uncounted(history.heads, history.ran)


def what_a_command_did_is_told_rightly(history: History) -> Iterator[str]:
    """A [[task]] has no commands: its runs are those of rules and schedules."""
    services = (record for record in history.records if not is_task(record["service"]))
    return misreported(services, history.ran)


def only_a_good_after_proves(history: History) -> Iterator[str]:
    """Where a target has an `after`, HEAD calls only what it proved proven."""
    proves = {target.name for target in followed() if target.after is not None}
    good = {run.deployment for run in history.ran if run.kind == "after" and run.exit_code == 0}
    applied = {
        record["id"] for record in history.ours if "applied" in record and not goes_back(record)
    }
    for service in proves & history.heads.keys():
        for one in history.heads[service].get("proven", ()):
            if one.get("deployment") in applied - good:
                yield f"{service}: {one['deployment']} is proven, and its `after` was not good"


def goes_back(record: Record) -> bool:
    """Whether a record brings back what ran before: neither command runs then."""
    return bool(record.get("goes_to"))


def _befores(history: History) -> list[Ran]:
    return [run for run in history.ran if run.kind == "before"]


def _ended_well(history: History, act: Act) -> Iterator[Ran]:
    """The `before` tasks that had exited with 0 when this call was made."""
    for run in _befores(history):
        if run.exit_code == 0 and run.ended is not None and run.ended <= act.at:
            yield run


def _updates(history: History) -> Iterator[tuple[Act, Record]]:
    """The calls of UpdateService to a revision of ours, each with that revision's record."""
    by_id = {record["id"]: record for record in history.records}
    for act in history.acts(UPDATE):
        tags = history.definitions.get(act.asked["taskDefinition"], {})
        record = by_id.get(tags.get(TAG, ""))
        if record is not None and not goes_back(record):
            yield act, record
