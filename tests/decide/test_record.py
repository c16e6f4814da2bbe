"""How the ledger's two items change together."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import pytest

from chalicelib.decide.record import applied, busy, leased, met, moved, proved, recorded, released
from chalicelib.decide.transitions import TRANSITIONS
from chalicelib.model.deployments import OPEN, Cause, Lease, Proven, Status
from chalicelib.model.services import Service
from tests.fixtures import examples
from tests.fixtures.examples import DIGEST, OTHER_DIGEST, at, ecs_deployment, revision

SILENT = {Status.PENDING}


def test_a_reason_is_one_line_and_cut_to_size() -> None:
    reason = "x\nNow: all is well " + "y" * 100_000
    _, after = moved(examples.head(), examples.deployment(), at(1), reason=reason)
    assert len(after.reason) == 1_000
    assert after.reason.startswith("x Now: all is well yyy")


@pytest.mark.parametrize(
    ("seen", "proven", "order"),
    [
        pytest.param(examples.service(), (revision(7),), at(-60), id="steady"),
        pytest.param(None, (), at(-7200), id="no such service"),
        pytest.param(examples.rolling_service(), (), at(0), id="a rollout is under way"),
        pytest.param(
            examples.service(ecs_deployment(7, running=0, desired=0)), (), at(-60), id="no task"
        ),
    ],
)
def test_what_runs_steadily_when_a_service_is_met_is_proven(
    seen: Service | None, proven: tuple[str, ...], order: datetime
) -> None:
    head = met(examples.NAME, seen, at(0))
    assert (head.met, head.order, head.version, head.digest) == (at(0), order, 0, "")
    assert tuple(one.revision for one in head.proven) == proven


def test_a_new_record_is_what_the_service_was_last_asked_to_run() -> None:
    record = examples.deployment()
    head = recorded(examples.head(), record, examples.request(order=at(5), pushed_at=at(4)))
    assert (head.order, head.pushed_at, head.digest) == (at(5), at(4), DIGEST)
    assert head.open_deployments == (record.id,)
    assert head.recent[0].deployment == record.id


def test_a_service_met_by_a_push_takes_the_pushs_order() -> None:
    head = met(examples.NAME, None, at(60))
    request = examples.request(order=at(0))
    assert recorded(head, examples.deployment(), request).order == at(0)


def test_the_order_never_goes_back() -> None:
    head = examples.head(order=at(60), digest=OTHER_DIGEST)
    assert recorded(head, examples.deployment(), examples.request(order=at(0))).order == at(60)


@pytest.mark.parametrize(
    ("before", "after"),
    [(before, after) for before in Status for after in Status],
    ids=lambda status: status.value,
)
def test_only_what_the_table_allows_is_written(before: Status, after: Status) -> None:
    record = examples.deployment(status=before)
    if before == after or after in TRANSITIONS[before]:
        _, written = moved(examples.head(), record, at(1), status=after)
        assert (written.status, written.updated) == (after, at(1))
    else:
        with pytest.raises(ValueError, match="is not allowed"):
            moved(examples.head(), record, at(1), status=after)


@pytest.mark.parametrize("after", sorted(TRANSITIONS[Status.PENDING] | {Status.PENDING}))
def test_a_change_of_status_is_told_once(after: Status) -> None:
    _, record = moved(examples.head(), examples.deployment(), at(1), status=after)
    told = 0 if after in SILENT else 1
    assert [notice.status for notice in record.notices] == [after] * told
    _, again = moved(examples.head(), record, at(2), reason="more is known")
    assert again.notices == record.notices


def test_notices_wait_in_the_order_of_what_happened() -> None:
    head, record = moved(examples.head(), examples.deployment(), at(1), status=Status.IN_PROGRESS)
    _, record = moved(head, record, at(2), status=Status.FAILED, reason="it crashed")
    assert [notice.status for notice in record.notices] == [Status.IN_PROGRESS, Status.FAILED]


@pytest.mark.parametrize("after", sorted(TRANSITIONS[Status.PENDING]))
def test_head_knows_what_is_open_and_what_became_of_it(after: Status) -> None:
    record = examples.deployment()
    head = recorded(examples.head(open_deployments=("d-0",)), record, examples.request())
    head, _ = moved(head, record, at(1), status=after)
    assert head.open_deployments == (("d-0", record.id) if after in OPEN else ("d-0",))
    assert [one.status for one in head.recent] == [after]


def test_only_the_newest_verdicts_are_kept_newest_first() -> None:
    head = examples.head()
    for number in range(25):
        head, _ = moved(head, examples.deployment(id=f"d-{number}"), at(number))
    assert [one.deployment for one in head.recent] == [f"d-{number}" for number in range(24, 4, -1)]
    head, _ = moved(head, examples.deployment(id="d-10"), at(30), status=Status.FAILED)
    assert [one.deployment for one in head.recent][14] == "d-10"
    assert head.recent[14].status is Status.FAILED


@pytest.mark.parametrize(
    ("lease", "is_busy"),
    [
        pytest.param(None, False, id="no lease"),
        pytest.param(Lease(holder="me", until=at(9)), False, id="my own lease"),
        pytest.param(Lease(holder="other", until=at(9)), True, id="another's lease"),
        pytest.param(Lease(holder="other", until=at(0)), False, id="another's lease has ended"),
    ],
)
def test_a_service_is_busy_while_another_holds_its_lease(
    lease: Lease | None, is_busy: bool
) -> None:
    assert busy(examples.head(lease=lease), "me", at(0)) is is_busy


def test_a_lease_is_taken_and_given_back() -> None:
    head = leased(examples.head(), "me", at(9))
    assert busy(head, "other", at(0))
    assert released(head) == examples.head()


def test_head_knows_what_last_changed_the_service() -> None:
    record = examples.deployment(order=at(3))
    head = applied(examples.head(), record, revision(8))
    assert (head.applied, head.applied_order, head.applied_revision) == (
        record.id, at(3), revision(8),
    )  # fmt: skip


def _proven(number: int, **fields: Any) -> Proven:
    return Proven(revision=revision(number), first=at(number), **fields)


def test_the_last_ten_proven_revisions_are_kept_newest_first() -> None:
    head = examples.head(proven=tuple(_proven(number) for number in range(10, 0, -1)))
    head = proved(head, examples.rolling_out(revision=revision(11), applied=at(11)), at(99))
    assert [one.revision for one in head.proven] == [revision(n) for n in range(11, 1, -1)]
    newest = head.proven_revision(revision(11))
    assert newest == _proven(11, deployment=examples.rolling_out().id, digest=DIGEST, tag="abc1234")


def test_a_revision_proven_again_keeps_its_first_time_and_comes_first() -> None:
    head = examples.head(proven=(_proven(8), _proven(7)))
    head = proved(head, examples.rolling_out(revision=revision(7)), at(99))
    assert [(one.revision, one.first) for one in head.proven] == [
        (revision(7), at(7)),
        (revision(8), at(8)),
    ]


@pytest.mark.parametrize(("cause", "left"), [(Cause.ROLLBACK, True), (Cause.PUSH, False)])
def test_only_a_rollback_by_hand_leaves_what_ran_before(cause: Cause, left: bool) -> None:
    head = examples.head(proven=(_proven(8), _proven(7), _proven(6, left=True)))
    record = examples.rolling_out(cause=cause, revision=revision(7), return_to=revision(8))
    head = proved(head, record, at(99))
    assert [one.left for one in head.proven] == [False, left, True]


@pytest.mark.parametrize("status", [Status.ROLLBACK_IN_PROGRESS, Status.ROLLBACK_SUCCESSFUL])
def test_what_goes_back_or_is_back_works_towards_what_it_returns_to(status: Status) -> None:
    record = examples.rolling_out()
    head = applied(examples.head(), record, record.revision)
    head, _ = moved(head, record, at(60), status=status)
    assert head.applied_revision == record.return_to


@pytest.mark.parametrize(
    ("denial", "told"),
    [
        pytest.param("could not x: watch may not ecs:A on r", 0, id="the same, met by another"),
        pytest.param("could not x: sweep may not ecs:B on r", 1, id="another permission"),
        pytest.param("", 0, id="none any more"),
    ],
)
def test_a_missing_permission_is_told_once_whichever_function_meets_it(
    denial: str, told: int
) -> None:
    record = examples.rolling_out(denial="could not x: sweep may not ecs:A on r")
    _, after = moved(examples.head(), record, at(60), denial=denial)
    assert len(after.notices) == told
