"""record + HEAD + service -> refuse, wait, or go."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import pytest

from chalicelib.decide.ready import Go, foreign_rollout, ready, unclear, unsupported
from chalicelib.model.deployments import Cause, Status
from chalicelib.model.happenings import Refused, Superseded, Waits
from chalicelib.model.heads import Recent
from chalicelib.model.services import Service, Strategy
from tests.fixtures import examples
from tests.fixtures.examples import OTHER_DIGEST, at, ecs_deployment, revision

FOREIGN = examples.service(
    ecs_deployment(9, rollout_state="IN_PROGRESS"), ecs_deployment(7, status="ACTIVE")
)
WITHOUT_STATE = examples.service(ecs_deployment(9, rollout_state="", running=1))
NEWER = {"applied_deployment": "d-2", "applied_order": at(1), "applied_revision": revision(9)}
BOTH_100 = examples.service(minimum_percent=100, maximum_percent=100)
GO, WAIT, REFUSED, OVER = Go, Waits, Refused, Superseded


@pytest.mark.parametrize(
    ("service", "head", "seconds", "expected", "reason"),
    [
        pytest.param(examples.service(), {}, 0, GO, "", id="a steady service"),
        pytest.param(
            None, NEWER, 0, OVER, "a newer deployment was applied (d-2)", id="overtaken, before all"
        ),
        pytest.param(
            examples.service(),
            {"applied_deployment": "d-0", "applied_order": at(-1)},
            0, GO, "", id="an older one was applied",
        ),
        pytest.param(None, {}, 0, REFUSED, "has no active service", id="no service"),
        pytest.param(
            examples.service(status="INACTIVE"), {}, 0, REFUSED, "has no active service",
            id="an inactive service",
        ),
        pytest.param(
            examples.service(controller="CODE_DEPLOY"), {}, 0, REFUSED,
            '"Migrate CodeDeploy blue/green deployments to Amazon ECS blue/green deployments"',
            id="CodeDeploy",
        ),
        pytest.param(
            examples.service(controller="EXTERNAL"), {}, 0, REFUSED,
            "is EXTERNAL; Slipway deploys services whose controller is ECS. Recreate the service",
            id="external",
        ),
        pytest.param(BOTH_100, {}, 0, REFUSED, "are both 100", id="both percents 100"),
        pytest.param(
            examples.service(minimum_percent=100, maximum_percent=200), {}, 0, GO, "",
            id="ECS' default percents",
        ),
        pytest.param(
            examples.service(minimum_percent=0, maximum_percent=100), {}, 0, GO, "",
            id="one task at a time",
        ),
        pytest.param(examples.service(), {}, 9e9, GO, "", id="no deadline on what may go"),
        pytest.param(
            FOREIGN, {}, 0, WAIT, "waiting for a rollout of conflicto-backend-dev:9 that Slipway",
            id="a foreign rollout",
        ),
        pytest.param(
            FOREIGN, {"applied_revision": revision(9)}, 0, GO, "", id="our own rollout is replaced"
        ),
    ],
)  # fmt: skip
def test_a_deployment_is_ready_by_the_first_rule_that_matches(
    service: Service | None, head: dict[str, Any], seconds: float, expected: type, reason: str
) -> None:
    readiness = ready(
        examples.deployment(), examples.head(**head), service, examples.target(), at(seconds)
    )
    assert type(readiness) is expected
    said = "" if isinstance(readiness, Go) else readiness.reason
    assert reason in said
    assert bool(said) is (expected is not GO)


@pytest.mark.parametrize(
    ("waiting", "seconds", "expected", "since"),
    [
        pytest.param(None, 0, WAIT, at(0), id="it begins to wait"),
        pytest.param(None, 9e6, WAIT, at(9e6), id="pending for months: it begins to wait now"),
        pytest.param(at(0), 1799, WAIT, at(0), id="it waits on"),
        pytest.param(at(0), 1800, REFUSED, None, id="at the deadline"),
        pytest.param(at(9000), 10_799, WAIT, at(9000), id="only the wait itself counts"),
    ],
)
def test_a_foreign_rollout_is_waited_for_until_the_deadline_counted_from_the_waits_begin(
    waiting: datetime | None, seconds: float, expected: type, since: datetime | None
) -> None:
    record = examples.deployment(waiting=waiting)
    readiness = ready(record, examples.head(), FOREIGN, examples.target(), at(seconds))
    assert type(readiness) is expected
    if isinstance(readiness, Waits):
        assert readiness.waiting == since
    else:
        assert isinstance(readiness, Refused)
        assert "has not ended within 30 minutes" in readiness.reason


@pytest.mark.parametrize(
    ("newest", "mine", "gate", "expected"),
    [
        pytest.param(
            {"status": Status.PENDING}, {}, {}, WAIT, id="a newer one waits, so this one does"
        ),
        pytest.param(
            {"status": Status.IN_PROGRESS},
            {},
            {},
            GO,
            id="a newer one is under way: it will be told",
        ),
        pytest.param({"status": Status.REFUSED}, {}, {}, GO, id="a newer one was refused"),
        pytest.param({"status": Status.HELD}, {}, {}, GO, id="a newer one waits for a person"),
        pytest.param(
            {"status": Status.PENDING},
            {"cause": Cause.MANUAL},
            {},
            GO,
            id="a person is not kept back",
        ),
        pytest.param(
            {"status": Status.PENDING},
            {},
            {"gate": {"scan": {"max": "HIGH"}}},
            GO,
            id="a newer one may wait for a scan",
        ),
    ],
)
def test_a_push_lets_a_newer_one_that_waits_go_first(
    newest: dict[str, Any], mine: dict[str, Any], gate: dict[str, Any], expected: type
) -> None:
    recent = Recent(deployment="d-2", digest=OTHER_DIGEST, **newest)
    head, target = examples.head(recent=(recent,)), examples.target(**gate)
    readiness = ready(examples.deployment(**mine), head, examples.service(), target, at(0))
    assert type(readiness) is expected
    assert isinstance(readiness, Go) or "d-2" in readiness.reason


def test_one_that_was_applied_already_is_not_overtaken_by_itself() -> None:
    record = examples.deployment()
    head = examples.head(applied_deployment=record.id, applied_order=at(9))
    assert ready(record, head, examples.service(), examples.target(), at(0)) == Go(
        service=examples.service()
    )


@pytest.mark.parametrize(
    ("service", "foreign"),
    [
        pytest.param(FOREIGN, True, id="another revision on its way in"),
        pytest.param(examples.service(ecs_deployment(9)), False, id="it has ended"),
        pytest.param(
            examples.service(ecs_deployment(9), ecs_deployment(7, status="ACTIVE")),
            False,
            id="the old tasks drain",
        ),
        pytest.param(
            examples.service(ecs_deployment(9, rollout_state="FAILED")), False, id="it has failed"
        ),
        pytest.param(examples.service(deployments=()), False, id="nothing was ever deployed"),
        pytest.param(
            examples.service(ecs_deployment(9, rollout_state="IN_PROGRESS", running=0, failed=2)),
            False,
            id="the very first rollout fails",
        ),
        pytest.param(
            examples.service(ecs_deployment(9, rollout_state="IN_PROGRESS", running=0)),
            True,
            id="the very first rollout",
        ),
        pytest.param(
            examples.service(ecs_deployment(8, rollout_state="IN_PROGRESS")), False, id="our own"
        ),
    ],
)
def test_a_foreign_rollout_is_known_by_its_revision(service: Service, foreign: bool) -> None:
    record = examples.deployment(revision=revision(8))
    assert foreign_rollout(record, examples.head(), service) is foreign


NOT_ROLLING = Strategy(name="CANARY")


@pytest.mark.parametrize(
    ("fields", "room"),
    [
        pytest.param({"desired": 1, "maximum_percent": 150}, False, id="ECS rounds 1.5 down"),
        pytest.param({"desired": 1, "maximum_percent": 200}, True, id="a second one may start"),
        pytest.param({"desired": 2, "maximum_percent": 150}, True, id="a third one may start"),
        pytest.param({"desired": 3, "maximum_percent": 133}, False, id="3.99 is three"),
        pytest.param({"desired": 0, "maximum_percent": 150}, True, id="nothing is to be replaced"),
        pytest.param(
            {"desired": 1, "minimum_percent": 0, "maximum_percent": 100}, True, id="stopped first"
        ),
        pytest.param(
            {"desired": 3, "minimum_percent": 50, "maximum_percent": 100}, True, id="one of three"
        ),
        pytest.param(
            {"desired": 1, "minimum_percent": 50, "maximum_percent": 150}, False,
            id="half a task is rounded up to one",
        ),
        pytest.param(
            {"desired": 1, "maximum_percent": 150, "strategy": NOT_ROLLING}, True,
            id="only a rolling update replaces tasks one by one",
        ),
    ],
)  # fmt: skip
def test_a_rolling_update_without_room_to_replace_a_task_is_refused(
    fields: dict[str, Any], room: bool
) -> None:
    service = examples.service(**{"minimum_percent": 100, **fields})
    reason = unsupported(service)
    assert (reason is None) is room
    if reason is not None:
        assert "leave no room to replace one" in reason


@pytest.mark.parametrize(
    ("service", "status", "foreign"),
    [
        pytest.param(WITHOUT_STATE, "IN_PROGRESS", True, id="one goes on"),
        pytest.param(WITHOUT_STATE, "ROLLBACK_IN_PROGRESS", True, id="one goes back"),
        pytest.param(WITHOUT_STATE, "SUCCESSFUL", False, id="it has ended, and a task is missing"),
        pytest.param(WITHOUT_STATE, "STOPPED", False, id="it was stopped"),
        pytest.param(WITHOUT_STATE, None, False, id="ECS knows none"),
        pytest.param(
            WITHOUT_STATE.model_copy(update={"strategy": NOT_ROLLING}), "IN_PROGRESS", True,
            id="a canary goes on",
        ),
    ],
)  # fmt: skip
def test_where_the_service_does_not_say_it_the_service_deployment_tells_of_a_foreign_rollout(
    service: Service, status: str | None, foreign: bool
) -> None:
    rollout = examples.service_deployment(status, number=9) if status else None
    readiness = ready(
        examples.deployment(), examples.head(), service, examples.target(), at(0), rollout=rollout
    )
    assert isinstance(readiness, Waits) is foreign
    assert unclear(service)


@pytest.mark.parametrize(
    ("service", "asks"),
    [
        pytest.param(examples.service(), False, id="ECS calls it completed"),
        pytest.param(FOREIGN, False, id="ECS says that it goes on"),
        pytest.param(examples.service(deployments=()), False, id="nothing was ever deployed"),
        pytest.param(
            examples.service(ecs_deployment(9, rollout_state="")), False,
            id="behind a Classic Load Balancer, all tasks run",
        ),
        pytest.param(
            examples.service(ecs_deployment(9, rollout_state=""), strategy=NOT_ROLLING), True,
            id="a canary with all its tasks may still bake",
        ),
    ],
)  # fmt: skip
def test_ecs_is_asked_for_its_service_deployments_only_where_the_service_does_not_tell(
    service: Service, asks: bool
) -> None:
    assert unclear(service) is asks
