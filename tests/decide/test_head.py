"""What HEAD knows, and how it changes together with a record."""

from __future__ import annotations

from datetime import datetime

import pytest

from chalicelib.decide.happened import happened
from chalicelib.decide.head import applied, met, recorded
from chalicelib.decide.transitions import TRANSITIONS
from chalicelib.model.deployments import OPEN, Status
from chalicelib.model.services import Service
from tests.decide.leads_to import LEADS_TO
from tests.fixtures import examples
from tests.fixtures.examples import DIGEST, OTHER_DIGEST, at, ecs_deployment, revision


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


@pytest.mark.parametrize("then", sorted(TRANSITIONS[Status.PENDING] & LEADS_TO.keys()))
def test_head_knows_what_is_open_and_what_became_of_it(then: Status) -> None:
    record = examples.deployment()
    head = recorded(examples.head(open_deployments=("d-0",)), record, examples.request())
    head, _ = happened(head, record, LEADS_TO[then], at(1))
    assert head.open_deployments == (("d-0", record.id) if then in OPEN else ("d-0",))
    assert [recent.status for recent in head.recent] == [then]


def test_only_the_newest_verdicts_are_kept_newest_first() -> None:
    head = examples.head()
    for number in range(25):
        record = examples.deployment(id=f"d-{number}")
        head, _ = happened(head, record, LEADS_TO[Status.PENDING], at(number))
    kept = [recent.deployment for recent in head.recent]
    assert kept == [f"d-{number}" for number in range(24, 4, -1)]
    record = examples.rolling_out(id="d-10")
    head, _ = happened(head, record, LEADS_TO[Status.FAILED], at(30))
    assert head.recent[14].deployment == "d-10"
    assert head.recent[14].status is Status.FAILED


def test_head_knows_what_last_changed_the_service() -> None:
    record = examples.deployment(order=at(3))
    head = applied(examples.head(), record, revision(8))
    assert (head.applied_deployment, head.applied_order, head.applied_revision) == (
        record.id, at(3), revision(8),
    )  # fmt: skip


@pytest.mark.parametrize("status", [Status.ROLLBACK_IN_PROGRESS, Status.ROLLBACK_SUCCESSFUL])
def test_what_goes_back_or_is_back_works_towards_what_it_returns_to(status: Status) -> None:
    record = examples.rolling_out()
    head = applied(examples.head(), record, record.revision)
    head, _ = happened(head, record, LEADS_TO[status], at(60))
    assert head.applied_revision == record.return_to
