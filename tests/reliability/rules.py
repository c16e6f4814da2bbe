"""What must be true of every run, seen from outside: a table, ECS' own history, what people heard.

Nothing here asks the product: items are read as they are stored, deployments as ECS keeps them,
acts as they crossed the wire. Each rule yields a sentence for each time that it is broken.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import Any

from boto3.dynamodb.types import TypeDeserializer

from embedded.services.ecs.service_deployments import ServiceDeployment
from tests.reliability.machine import Act, Machine, followers

CLOSED = frozenset(
    {
        "SUCCESSFUL",
        "FAILED",
        "ROLLBACK_SUCCESSFUL",
        "ROLLBACK_FAILED",
        "SUPERSEDED",
        "REFUSED",
        "OBSERVED",
    }
)
_TAG = "slipway:deployment"
_UPDATE = "ecs:UpdateService"
_REGISTER = "ecs:RegisterTaskDefinition"
_STOP = "ecs:StopServiceDeployment"
_WRITE = "dynamodb:TransactWriteItems"
_read = TypeDeserializer().deserialize
Record = Mapping[str, Any]
Rule = Callable[["Seen"], Iterator[str]]


@dataclass
class Seen:
    """One run, when all is quiet."""

    machine: Machine

    @cached_property
    def records(self) -> list[dict[str, Any]]:
        return self.machine.records()

    @cached_property
    def heads(self) -> dict[str, dict[str, Any]]:
        return self.machine.heads()

    @cached_property
    def notices(self) -> list[dict[str, Any]]:
        """Those about a deployment's status; the state machine's own have no service."""
        told = self.machine.notices()
        return [one for one in told if "service" in one["attributes"]]

    @cached_property
    def definitions(self) -> dict[str, dict[str, str]]:
        """The tags of every task definition that carries ours, by ARN."""
        region = next(iter(self.machine.ecs._regions.values()))
        tagged = {
            each.arn: {tag["key"]: tag["value"] for tag in each.tags}
            for family in region.definitions._families.values()
            for each in family
        }
        return {arn: tags for arn, tags in tagged.items() if _TAG in tags}

    def acts(self, call: str, service: str = "") -> list[Act]:
        return [
            act
            for act in self.machine.acts
            if act.call == call and service in ("", _service_of(act))
        ]

    @property
    def ours(self) -> list[dict[str, Any]]:
        """Without those of what others deployed: nobody needs to hear of them."""
        return [record for record in self.records if record["cause"] != "foreign"]

    def of(self, service: str) -> list[dict[str, Any]]:
        return [record for record in self.records if record["service"] == service]

    def rollouts(self, record: Record) -> list[ServiceDeployment]:
        """What ECS did for a record: its revision's deployments since it was made, newest first."""
        return [
            one
            for one in self.machine.ecs.service_deployments(record["service"])
            if one.target.revision.definition.arn == record.get("revision", "")
            and one.created_at >= _moment(record["created"])
        ]

    def applied(self, service: str) -> list[dict[str, Any]]:
        """The records whose own revision the service was brought to, in the order of doing so."""
        found: dict[str, dict[str, Any]] = {}
        for act in self.acts(_UPDATE, service):
            revision = act.asked["taskDefinition"]
            mine = [
                record
                for record in self.of(service)
                if record.get("revision") == revision and _moment(record["created"]) <= act.at
            ]
            if mine and mine[-1].get("return_to") != revision:
                found.setdefault(mine[-1]["id"], mine[-1])
        return list(found.values())


def _moment(text: str) -> datetime:
    return datetime.fromisoformat(text)


def _place(record: Record) -> tuple[str, str]:
    """Its place in the order: the second, then ECR's push time, or that of the invocation."""
    return record["order"][:19], record.get("pushed_at") or record["order"]


def _service_of(act: Act) -> str:
    asked = act.asked
    if act.call == _UPDATE:
        return f"{asked['cluster']}/{asked['service']}"
    if act.call == _STOP:
        return "/".join(asked["serviceDeploymentArn"].split("/")[1:3])
    if act.call == _WRITE:
        return str(_read(asked["TransactItems"][0]["Put"]["Item"]["pk"]))
    tags = {tag["key"]: tag["value"] for tag in asked.get("tags", ())}
    return tags.get(_TAG, "")


# The rules


def every_push_has_one_record(seen: Seen) -> Iterator[str]:
    """Nothing lost, nothing twice: however many events, tags and retries told of it.

    Only a push that a newer one overtook before anybody heard of it has none, and one from before
    the service was first met whose event ended in the queue of failures: the ledger was denied.
    """
    letters = "on_image_push" in seen.machine.letters
    for service, repository in ((one.name, one.repository) for one in followers()):
        pushes = [one for one in seen.machine.pushes if one.repository == repository]
        for digest, count in Counter(one.digest for one in pushes).items():
            made = [
                record
                for record in seen.of(service)
                if record["digest"] == digest and record["cause"] in ("push", "sweep")
            ]
            if len([one for one in made if one["status"] != "REFUSED"]) > count:
                yield f"{service}: {len(made)} records of {digest[:15]}, pushed {count} times"
            last = max(one.at for one in pushes if one.digest == digest)
            overtaken = any(_moment(one["order"]) > last for one in seen.of(service))
            met = seen.heads.get(service, {}).get("met")
            before = letters and met is not None and _moment(met) > last
            if not made and not overtaken and not before:
                yield f"{service}: no record of {digest[:15]}"


def no_key_is_used_twice(seen: Seen) -> Iterator[str]:
    keys = Counter((one["service"], one["key"]) for one in seen.records if one.get("key"))
    yield from (f"{key}: {count} records" for key, count in keys.items() if count > 1)


def what_is_newer_is_applied_later(seen: Seen) -> Iterator[str]:
    for service in seen.heads:
        orders = [_place(one) for one in seen.applied(service)]
        if orders != sorted(orders):
            yield f"{service}: applied in the order {orders}"


def nobody_acts_between_two_acts_of_another(seen: Seen) -> Iterator[str]:
    """One actor at a time, by the lease."""
    owner = {record["id"]: record["service"] for record in seen.records}
    acts = [
        (owner.get(_service_of(act), _service_of(act)), act)
        for act in seen.machine.acts
        if act.call != _WRITE
    ]
    for service in seen.heads:
        order = [act.invocation for of, act in acts if of == service]
        turns = [one for number, one in enumerate(order) if number == 0 or order[number - 1] != one]
        yield from (
            f"{service}: {one} acted, then another, then {one} again"
            for one, count in Counter(turns).items()
            if count > 1
        )


def a_deployment_registers_and_updates_at_most_once(seen: Seen) -> Iterator[str]:
    """Also when it died between the call and the write."""
    registered = Counter(_service_of(act) for act in seen.acts(_REGISTER))
    yield from (f"{one} registered {count} times" for one, count in registered.items() if count > 1)
    updated = Counter((_service_of(act), act.asked["taskDefinition"]) for act in seen.acts(_UPDATE))
    for (service, revision), count in updated.items():
        reasons = sum(
            (one.get("revision") == revision)
            + (one.get("return_to") == revision and "returning" in one)
            + one.get("acting", False)  # done, and not written yet
            for one in seen.of(service)
        )
        if count > reasons:
            yield f"{service} was brought to {revision[-12:]} {count} times, for {reasons} reasons"
    # The SDK may repeat StopServiceDeployment: what is stopped already is not stopped again.
    stops = {(act.asked["serviceDeploymentArn"], act.invocation) for act in seen.acts(_STOP)}
    stopped = Counter(one for one, _ in stops)
    yield from (f"{one} stopped {count} times" for one, count in stopped.items() if count > 1)


def only_the_revision_is_changed(seen: Seen) -> Iterator[str]:
    """UpdateService names the revision and nothing else: autoscaling owns `desiredCount`."""
    for act in seen.acts(_UPDATE):
        if extra := act.asked.keys() - {"cluster", "service", "taskDefinition"}:
            yield f"UpdateService was sent {sorted(extra)}"


def images_are_written_by_digest(seen: Seen) -> Iterator[str]:
    digests = {record["id"]: record["digest"] for record in seen.records}
    for act in seen.acts(_REGISTER):
        images = [one["image"] for one in act.asked["containerDefinitions"]]
        if not any(one.endswith("@" + digests.get(_service_of(act), "?")) for one in images):
            yield f"{_service_of(act)} registered {images}"


def every_revision_of_ours_has_its_record(seen: Seen) -> Iterator[str]:
    by_id = {record["id"]: record for record in seen.records}
    for arn, tags in seen.definitions.items():
        record = by_id.get(tags[_TAG])
        if record is None:
            yield f"{arn[-12:]} names {tags[_TAG]}, which has no record"
        elif record.get("revision") != arn:
            named = record.get("revision", "none")[-12:]
            yield f"{arn[-12:]} names {record['id']} ({record['status']}), which names {named}"


def every_record_is_closed(seen: Seen) -> Iterator[str]:
    for record in seen.records:
        if record["status"] not in CLOSED:
            yield f"{record['id']} is {record['status']}: {record.get('reason', '')}"
        if record.get("acting"):
            yield f"{record['id']} is {record['status']} and acting"
        if "open" in record or "expires" not in record:
            yield f"{record['id']} is {record['status']} and indexed as unfinished"


def what_is_foreign_others_did(seen: Seen) -> Iterator[str]:
    """Recorded as somebody else's: only what somebody else did, what ECS completed, and once."""
    foreign = [record for record in seen.records if record["cause"] == "foreign"]
    for record in foreign:
        completed = {
            one.target.revision.definition.arn
            for one in seen.machine.ecs.service_deployments(record["service"])
            if one.status in ("SUCCESSFUL", "ROLLBACK_SUCCESSFUL")
        }
        if record["service"] not in seen.machine.touched:
            yield f"{record['id']}: nobody else has touched {record['service']}"
        if record["revision"] not in completed:
            yield f"{record['id']}: ECS never completed {record['revision'][-12:]}"
    found = Counter((one["service"], one["order"], one["revision"]) for one in foreign)
    yield from (f"{one}: {count} records" for one, count in found.items() if count > 1)


def the_end_is_what_ecs_did(seen: Seen) -> Iterator[str]:
    """SUCCESSFUL is said only of what ECS completed, and always of that."""
    for record in seen.ours:
        states = {one.status for one in seen.rollouts(record)}
        status, name = record["status"], f"{record['id']} ({record['status']})"
        if status == "SUCCESSFUL" and "SUCCESSFUL" not in states:
            yield f"{name}: ECS says {sorted(states)}"
        # A person who stops what completes at that moment has it set back all the same.
        returning = record.get("returning", {})
        set_back = (returning.get("by"), returning.get("how")) == ("person", "update")
        undone = status == "ROLLBACK_SUCCESSFUL" and set_back
        if status not in ("SUCCESSFUL", "FAILED") and "SUCCESSFUL" in states and not undone:
            yield f"{name}: ECS says {sorted(states)}"
        ended = states & {"ROLLBACK_SUCCESSFUL", "STOPPED"}
        if status == "ROLLBACK_SUCCESSFUL" and not ended and not undone:
            yield f"{name}: ECS says {sorted(states)}"
        if status in ("REFUSED", "OBSERVED") and states:
            yield f"{name}: ECS was told to deploy it ({sorted(states)})"


def what_serves_is_what_the_newest_record_says(seen: Seen) -> Iterator[str]:
    for service in seen.heads:
        applied = seen.applied(service)
        found = seen.machine.ecs.service(service)
        if not applied or found.status != "ACTIVE":
            continue
        newest = applied[-1]
        touched = seen.machine.touched.get(service)
        if touched is not None and touched >= _moment(newest["created"]):
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
            one
            for one in seen.of(service)
            if one["status"] not in ("REFUSED", "OBSERVED") and _place(one) > _place(newest)
        ]
        yield from (f"{service}: {one['id']} is newer and was never applied" for one in waiting)


def everybody_is_told(seen: Seen) -> Iterator[str]:
    """Every end, and every beginning, is told at least once; the end after the beginning."""
    for record in seen.ours:
        told = [
            one["attributes"]["status"]
            for one in seen.notices
            if one["attributes"]["deployment"] == record["id"]
        ]
        if record["status"] not in told:
            yield f"{record['id']}: nobody heard that it is {record['status']} ({told})"
        if "applied" in record and "IN_PROGRESS" not in told:
            yield f"{record['id']}: nobody heard that it began"
        first = list(dict.fromkeys(told))
        if record["status"] in first and first[-1] != record["status"]:
            yield f"{record['id']}: told {told}, and is {record['status']}"


def what_is_told_twice_is_recognised(seen: Seen) -> Iterator[str]:
    """The same status of a deployment is the same notice, to the letter."""
    texts: dict[tuple[str, str], set[tuple[str, str, str]]] = {}
    for one in seen.notices:
        attributes = one["attributes"]
        if attributes["notice"].endswith("-denied") or "-image-missing-" in attributes["notice"]:
            continue  # told beside the status
        about = (attributes["deployment"], attributes["status"])
        text = (attributes["notice"], one["subject"], one["body"])
        texts.setdefault(about, set()).add(text)
    yield from (f"{about}: {len(same)} notices" for about, same in texts.items() if len(same) > 1)


def nobody_is_told_what_was_not_so(seen: Seen) -> Iterator[str]:
    known = {record["id"] for record in seen.records}
    for one in seen.notices:
        attributes = one["attributes"]
        if attributes["deployment"] not in known:
            yield f"{attributes['deployment']} was told of, and has no record"


def head_agrees_with_the_records(seen: Seen) -> Iterator[str]:
    for service, head in seen.heads.items():
        by_id = {record["id"]: record for record in seen.of(service)}
        if head.get("open_deployments"):
            yield f"{service}: open are {head['open_deployments']}"
        for one in head.get("recent", ()):
            if by_id[one["deployment"]]["status"] != one["status"]:
                yield f"{service}: HEAD has {one['deployment']} as {one['status']}"
        applied = seen.applied(service)
        if applied and head.get("applied") != applied[-1]["id"]:
            yield f"{service}: HEAD has {head.get('applied')} applied, not {applied[-1]['id']}"
        for proven in head.get("proven", ()):
            record = by_id.get(proven.get("deployment", ""))
            if record is not None and record["status"] != "SUCCESSFUL":
                yield f"{service}: {record['id']} is proven and {record['status']}"


def no_lease_is_left(seen: Seen) -> Iterator[str]:
    now = seen.machine.clock.now()
    for service, head in seen.heads.items():
        if "lease" in head and _moment(head["lease"]["until"]) > now:
            yield f"{service}: {head['lease']['holder']} holds it until {head['lease']['until']}"


def the_ledger_is_written_in_turns(seen: Seen) -> Iterator[str]:
    """Every write makes HEAD's version one more; what is closed stays as it was closed."""
    versions: dict[str, int] = {}
    statuses: dict[str, str] = {}
    orders: dict[str, str] = {}
    for act in seen.acts(_WRITE):
        for put in act.asked["TransactItems"]:
            item = {name: _read(value) for name, value in put["Put"]["Item"].items()}
            if item["sk"] == "HEAD":
                service, version = item["pk"], int(item["version"])
                if version != versions.get(service, 0) + 1:
                    yield f"{service}: version {version} after {versions.get(service, 0)}"
                if item["order"] < orders.get(service, "") and item.get("digest"):
                    yield f"{service}: order {item['order']} after {orders[service]}"
                versions[service], orders[service] = version, item["order"]
            else:
                before = statuses.get(item["id"])
                if before in CLOSED and item["status"] != before:
                    yield f"{item['id']}: {before}, then {item['status']}"
                statuses[item["id"]] = item["status"]


RULES: tuple[Rule, ...] = (
    every_push_has_one_record,
    no_key_is_used_twice,
    what_is_newer_is_applied_later,
    nobody_acts_between_two_acts_of_another,
    a_deployment_registers_and_updates_at_most_once,
    only_the_revision_is_changed,
    images_are_written_by_digest,
    every_revision_of_ours_has_its_record,
    every_record_is_closed,
    what_is_foreign_others_did,
    the_end_is_what_ecs_did,
    what_serves_is_what_the_newest_record_says,
    everybody_is_told,
    what_is_told_twice_is_recognised,
    nobody_is_told_what_was_not_so,
    head_agrees_with_the_records,
    no_lease_is_left,
    the_ledger_is_written_in_turns,
)
ALWAYS: tuple[Rule, ...] = (
    no_key_is_used_twice,
    what_is_newer_is_applied_later,
    nobody_acts_between_two_acts_of_another,
    a_deployment_registers_and_updates_at_most_once,
    only_the_revision_is_changed,
    images_are_written_by_digest,
    the_ledger_is_written_in_turns,
    what_is_told_twice_is_recognised,
    nobody_is_told_what_was_not_so,
)


def broken(machine: Machine, rules: tuple[Rule, ...] = RULES) -> list[str]:
    """Every rule that this run broke, in words; `ALWAYS` are those that hold at every moment."""
    seen = Seen(machine)
    return [f"{rule.__name__}: {words}" for rule in rules for words in rule(seen)]
