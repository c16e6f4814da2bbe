"""What every release stored is read, means what it meant, and is written back as it was."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from chalicelib.model.deployments import Cause, Deployment, Return, Status
from chalicelib.model.heads import Attempt, Head, Lease, Proven, Recent, Tidied
from tests.aws.conftest import Table
from tests.fixtures.stored import Item, is_head, items

HEADS = {name: item for name, item in items().items() if is_head(item)}
RECORDS = {name: item for name, item in items().items() if not is_head(item)}
SERVICE = "conflicto-dev/conflicto-backend-service-dev"
FAMILY = "conflicto-backend-dev"
REGISTRY = "123456789012.dkr.ecr.us-west-2.amazonaws.com"
ECS = "arn:aws:ecs:us-west-2:123456789012"
SERVICE_ARN = f"{ECS}:service/{SERVICE}"
REVISION_1, REVISION_2 = (f"{ECS}:task-definition/{FAMILY}:{number}" for number in (1, 2))


def clock(time: str) -> datetime:
    """That time of the day on which the stored items were written, in UTC."""
    return datetime.fromisoformat(f"2026-03-02T{time}+00:00")


@pytest.mark.parametrize("item", RECORDS.values(), ids=RECORDS)
def test_a_record_of_any_release_is_read_and_written_back_as_it_was(
    table: Table, item: Item
) -> None:
    table.put(item)
    service, identity = item["service"]["S"], item["id"]["S"]
    record = table.ledger.deployment(service, identity)
    assert record is not None
    assert table.ledger.history(service, 1) == [record]
    table.ledger.save(Head(service=service, order=record.order), record)
    assert table.get(service, f"DEPLOYMENT#{identity}") == item


@pytest.mark.parametrize("item", HEADS.values(), ids=HEADS)
def test_a_head_of_any_release_is_read_and_written_back_as_it_was(table: Table, item: Item) -> None:
    table.put(item)
    head = table.ledger.head(item["service"]["S"])
    assert head is not None
    assert table.ledger.save(head).version == head.version + 1
    version = {"version": {"N": str(head.version + 1)}}
    assert table.get(head.service, "HEAD") == {**item, **version}


def test_a_stored_record_means_what_it_meant(table: Table) -> None:
    item = RECORDS["1/rollback-in-progress-update"]
    table.put(item)
    record = table.ledger.deployment(SERVICE, item["id"]["S"])
    assert record is not None
    assert (record.service, record.status) == (SERVICE, Status.ROLLBACK_IN_PROGRESS)
    assert (record.cause, record.mode, record.override) == (Cause.PUSH, "deploy", False)
    assert (record.repository, record.tag, record.commit) == (FAMILY, "bad0000", "bad0000")
    assert record.image == f"{REGISTRY}/{FAMILY}@{record.digest}"
    assert record.digest[:14] == "sha256:78e1b96"
    assert (record.order, record.pushed_at) == (clock("10:05:00"), clock("10:05:00"))
    assert (record.created, record.updated) == (clock("10:05:01"), clock("10:05:56"))
    assert (record.attempted, record.applied_at) == (clock("10:05:01"), clock("10:05:01"))
    assert (record.looked, record.deadline) == (clock("10:05:56"), clock("10:35:56"))
    assert (record.base, record.revision, record.return_to) == (REVISION_1, REVISION_2, REVISION_1)
    assert record.ecs_deployment == "ecs-svc/1863270679003799806"
    assert record.service_deployment.endswith(
        f":service-deployment/{SERVICE}/8EQdSP-0syQbDkhdXipz3"
    )
    assert record.returning == Return(
        by="slipway", how="update", began=clock("10:05:56"), done=True
    )
    assert (record.desired, record.running, record.ended, record.watcher) == (2, 0, 4, 1)
    assert record.case.startswith("What failed:\n- 4 tasks")
    assert record.reason.startswith("container conflicto-backend exited with code 3 (4 tasks)")
    (notice,) = record.notices
    assert (notice.status, notice.unsent) == (Status.ROLLBACK_IN_PROGRESS, None)
    assert (notice.at, notice.id) == (clock("10:05:56"), f"{record.id}-rollback-in-progress")
    assert notice.facts[0] == ("Service", SERVICE)
    assert notice.subject == "conflicto-backend-service-dev: bad0000 failed; rolling back"


def test_what_waits_means_what_it_meant(table: Table) -> None:
    rollback, gated, untold, denied = (
        RECORDS[f"1/{name}"]
        for name in (
            "pending-acting-rollback",
            "pending-gated",
            "in-progress-untold",
            "pending-denied",
        )
    )
    read: dict[int, Deployment] = {}
    for item in (rollback, gated, untold, denied):
        table.put(item)
        record = table.ledger.deployment(SERVICE, item["id"]["S"])
        assert record is not None
        read[id(item)] = record
    asked = read[id(rollback)]
    assert (asked.status, asked.acting, asked.attempted) == (
        Status.PENDING,
        True,
        clock("10:05:30"),
    )
    assert (asked.cause, asked.goes_to, asked.return_to) == (Cause.ROLLBACK, REVISION_1, REVISION_2)
    assert (asked.by, asked.why, asked.key) == ("ann", "a test", "back")
    assert read[id(gated)].gated is True
    assert read[id(untold)].notices[0].unsent == ("slack",)
    assert read[id(denied)].denial.endswith(f"may not ecs:UpdateService on {SERVICE_ARN}")


def test_a_stored_head_means_what_it_meant(table: Table) -> None:
    table.put(HEADS["1/head-acting"])
    head = table.ledger.head(SERVICE)
    assert head is not None
    first = "20260302t100500-conflicto-backend-service-dev-3755b7c1"
    second = "20260302t100529-conflicto-backend-service-dev-0ae3c287"
    later = datetime(2026, 3, 2, 10, 5, 29, 600_000, UTC)
    pushed = clock("10:05:00")
    assert (head.service, head.version, head.hold) == (SERVICE, 9, "")
    assert (head.order, head.pushed_at, head.digest[:14]) == (later, pushed, "sha256:af60edc")
    assert head.open_deployments == (second,)
    assert (head.applied_deployment, head.applied_revision) == (first, REVISION_2)
    assert (head.applied_order, head.applied_pushed_at) == (pushed, pushed)
    assert head.lease == Lease(holder="request-13", until=later + timedelta(seconds=60))
    assert head.attempt == Attempt(deployment=second, order=later, pushed_at=pushed)
    digest = head.digest
    assert head.proven == (
        Proven(revision=REVISION_2, first=later, deployment=first, digest=digest, tag="abc1234"),
        Proven(revision=REVISION_1, first=clock("10:05:01")),
    )
    assert head.recent == (
        Recent(deployment=second, digest=digest, status=Status.PENDING, key="one"),
        Recent(deployment=first, digest=digest, status=Status.SUCCESSFUL),
    )


def test_what_is_open_or_untold_is_listed_and_the_rest_expires(table: Table) -> None:
    for item in RECORDS.values():
        table.put(item)
    open_ones = {(item["pk"]["S"], item["id"]["S"]) for item in RECORDS.values() if "open" in item}
    assert set(table.ledger.unfinished()) == open_ones
    assert all(("open" in item) is not ("expires" in item) for item in RECORDS.values())
    (record,) = [item for name, item in RECORDS.items() if name == "1/successful"]
    left = datetime.fromisoformat(record["updated"]["S"]) + timedelta(days=400)
    assert int(record["expires"]["N"]) == int(left.timestamp())


def test_what_was_deregistered_of_a_family_means_what_it_meant(table: Table) -> None:
    table.put(HEADS["2/head-tidied"])
    head = table.ledger.head(SERVICE)
    assert head is not None
    assert head.tidied == Tidied(
        day="2026-03-02",
        count=3,
        first=f"{FAMILY}:1",
        last=f"{FAMILY}:3",
        told=True,
        why="could not list the services of conflicto-dev yet: AWS answered ThrottlingException",
        why_on="2026-03-03",
    )
