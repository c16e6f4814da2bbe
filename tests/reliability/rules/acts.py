"""What Slipway did to ECS: in order, in turns, once, and nothing that was not asked for."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from tests.reliability.calls import CONTINUE, REGISTER, STOP, UPDATE, WRITE
from tests.reliability.history import TAG, History, Record, place, service_of, written


def what_is_newer_is_applied_later(history: History) -> Iterator[str]:
    for service in history.heads:
        orders = [place(record) for record in history.applied(service)]
        if orders != sorted(orders):
            yield f"{service}: applied in the order {orders}"


def nobody_acts_between_two_acts_of_another(history: History) -> Iterator[str]:
    """One actor at a time, by the lease. A person's answer to a pause needs no lease."""
    owner = {record["id"]: record["service"] for record in history.records}
    acts = [
        (owner.get(service_of(act), service_of(act)), act)
        for act in history.account.acts
        if act.call not in (WRITE, CONTINUE)
    ]
    for service in history.heads:
        order = [act.invocation for of, act in acts if of == service]
        turns = [one for number, one in enumerate(order) if number == 0 or order[number - 1] != one]
        yield from (
            f"{service}: {one} acted, then another, then {one} again"
            for one, count in Counter(turns).items()
            if count > 1
        )


def a_deployment_registers_and_updates_at_most_once(history: History) -> Iterator[str]:
    """Also when it died between the call and the write. Each family has a revision of its own."""
    registered = Counter((service_of(act), act.asked["family"]) for act in history.acts(REGISTER))
    yield from (f"{one} registered {count} times" for one, count in registered.items() if count > 1)
    updated = Counter(
        (service_of(act), act.asked["taskDefinition"]) for act in history.acts(UPDATE)
    )
    for (service, revision), count in updated.items():
        reasons = sum(
            (record.get("revision") == revision)
            + (record.get("return_to") == revision and "returning" in record)
            + record.get("acting", False)  # done, and not written yet
            for record in history.of(service)
        )
        if count > reasons:
            yield f"{service} was brought to {revision[-12:]} {count} times, for {reasons} reasons"
    # The SDK may repeat StopServiceDeployment: what is stopped already is not stopped again.
    stops = {(act.asked["serviceDeploymentArn"], act.invocation) for act in history.acts(STOP)}
    stopped = Counter(one for one, _ in stops)
    yield from (f"{one} stopped {count} times" for one, count in stopped.items() if count > 1)


def only_the_revision_is_changed(history: History) -> Iterator[str]:
    """UpdateService names the revision and nothing else: autoscaling owns `desiredCount`."""
    for act in history.acts(UPDATE):
        if extra := act.asked.keys() - {"cluster", "service", "taskDefinition"}:
            yield f"UpdateService was sent {sorted(extra)}"


def images_are_written_by_digest(history: History) -> Iterator[str]:
    digests = {record["id"]: record["digest"] for record in history.records}
    for act in history.acts(REGISTER):
        images = [container["image"] for container in act.asked["containerDefinitions"]]
        if not any(one.endswith("@" + digests.get(service_of(act), "?")) for one in images):
            yield f"{service_of(act)} registered {images}"


def every_revision_of_ours_has_its_record(history: History) -> Iterator[str]:
    by_id = {record["id"]: record for record in history.records}
    for arn, tags in history.definitions.items():
        record = by_id.get(tags[TAG])
        if record is None:
            yield f"{arn[-12:]} names {tags[TAG]}, which has no record"
        elif record.get("revision") != arn and not _of_another_family(arn, record):
            named = record.get("revision", "none")[-12:]
            yield f"{arn[-12:]} names {record['id']} ({record['status']}), which names {named}"


def _of_another_family(arn: str, record: Record) -> bool:
    """Whether it is for the scheduled tasks that follow a deployment with another family."""
    family = arn.rpartition(":")[0]
    return bool(record.get("has_scheduled")) and not record["revision"].startswith(f"{family}:")


def a_pause_is_answered_as_a_person_said(history: History) -> Iterator[str]:
    """Who answers is written first. ECS is told the same, and no other answer of one pause."""
    said: dict[str, str] = {}
    for act in history.account.acts:
        if act.call == WRITE:
            pauses = [record.get("pause") or {} for record in written(act)[1]]
            answered = [pause for pause in pauses if pause.get("answer")]
            said |= {
                hook: "ROLLBACK" if pause.get("back") else "CONTINUE"
                for pause in answered
                for hook in pause["hooks"]
            }
        elif act.call == CONTINUE:
            hook, action = act.asked["hookId"], act.asked["action"]
            if said.get(hook) != action:
                yield f"{hook}: ECS was told {action}, and the record says {said.get(hook)}"
