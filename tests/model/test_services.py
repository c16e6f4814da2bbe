"""What counts as steady, and other facts that models tell of themselves."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest

from chalicelib.model.base import iso
from chalicelib.model.deployments import Deployment, Status
from chalicelib.model.heads import Head
from chalicelib.model.services import HookSettings, Service, Strategy
from chalicelib.model.task_definitions import short_name
from tests.fixtures import examples
from tests.fixtures.examples import at, ecs_deployment, revision


def hook(kind: str, minutes: float | None, *stages: str) -> HookSettings:
    return HookSettings(kind=kind, minutes=minutes, stages=stages)


@pytest.mark.parametrize(
    ("service", "steady"),
    [
        pytest.param(examples.service(), True, id="completed"),
        pytest.param(examples.service(ecs_deployment(7, running=0)), True, id="completed, 0 tasks"),
        pytest.param(examples.rolling_service(), False, id="a rollout"),
        pytest.param(
            examples.service(ecs_deployment(7), ecs_deployment(6, status="ACTIVE")),
            True,
            id="old tasks still drain",
        ),
        pytest.param(
            examples.service(ecs_deployment(7, rollout_state="FAILED")), False, id="failed"
        ),
        pytest.param(
            examples.service(ecs_deployment(7, rollout_state="")), True, id="classic: all run"
        ),
        pytest.param(
            examples.service(ecs_deployment(7, rollout_state="", running=1)),
            False,
            id="classic: one is missing",
        ),
        pytest.param(
            examples.service(ecs_deployment(7, rollout_state="", pending=1)),
            False,
            id="classic: one is pending",
        ),
        pytest.param(examples.service(deployments=()), False, id="no deployment"),
        pytest.param(examples.service(ecs_deployment(7, status="ACTIVE")), False, id="no PRIMARY"),
    ],
)
def test_a_service_is_steady_when_its_primary_deployment_has_ended_well(
    service: Service, steady: bool
) -> None:
    assert (service.steady is not None) is steady


def test_times_are_written_in_utc_and_sort_as_text() -> None:
    berlin = timezone(timedelta(hours=1))
    assert iso(datetime(2026, 3, 2, 11, 0, tzinfo=berlin)) == "2026-03-02T10:00:00.000Z"
    moments = [at(seconds / 7) for seconds in range(50)]
    assert sorted(map(iso, moments)) == list(map(iso, moments))
    assert iso(datetime(2026, 3, 2, 10, 0, 0, 123456, UTC)).endswith("10:00:00.123Z")


def test_records_survive_being_written_and_read() -> None:
    record = examples.rolling_out(reason="because")
    assert Deployment.model_validate_json(record.model_dump_json()) == record
    head = examples.head(recent=(examples.recent(),), pushed_at=at(1))
    assert Head.model_validate_json(head.model_dump_json(exclude_defaults=True)) == head


def test_a_service_is_named_by_its_cluster_and_its_name() -> None:
    record = examples.deployment()
    assert (record.cluster, record.service_name) == (examples.CLUSTER, examples.SERVICE)


@pytest.mark.parametrize("status", Status)
def test_a_record_knows_whether_it_is_open(status: Status) -> None:
    assert examples.deployment(status=status).open is (
        status.value in {"PENDING", "HELD", "PREPARING", "IN_PROGRESS", "ROLLBACK_IN_PROGRESS"}
    )


def test_a_head_finds_what_it_knows_of_a_revision_and_a_digest() -> None:
    head = examples.head(recent=(examples.recent(name="new"), examples.recent(name="old")))
    newest = head.verdict_of(examples.DIGEST)
    assert newest is not None
    assert newest.deployment == "new"
    assert head.verdict_of(examples.OTHER_DIGEST) is None
    assert head.proven_revision(revision(7)) is None


@pytest.mark.parametrize(
    ("arn", "name"), [(revision(7), "conflicto-backend-dev:7"), ("web:1", "web:1"), (None, "")]
)
def test_a_revision_is_called_family_and_number(arn: str | None, name: str) -> None:
    assert short_name(arn) == name


@pytest.mark.parametrize(
    ("strategy", "minutes"),
    [
        pytest.param({}, 0, id="rolling"),
        pytest.param({"bake_minutes": 3}, 3, id="rolling, baked"),
        pytest.param({"name": "BLUE_GREEN", "bake_minutes": 5}, 5, id="blue/green"),
        pytest.param({"name": "LINEAR", "bake_minutes": 5}, 59, id="linear, ECS' defaults"),
        pytest.param(
            {"name": "LINEAR", "step_percent": 33, "step_minutes": 10}, 30, id="linear, four steps"
        ),
        pytest.param({"name": "LINEAR", "step_percent": 100}, 0, id="linear, in one step"),
        pytest.param({"name": "CANARY", "bake_minutes": 5}, 15, id="canary, ECS' default"),
        pytest.param({"name": "CANARY", "canary_minutes": 1440}, 1440, id="canary, a day"),
        pytest.param({"name": "CANARY", "network_load_balancer": True}, 30, id="canary, NLB"),
        pytest.param({"name": "NEXT_YEARS", "bake_minutes": 2}, 2, id="one that is not known yet"),
    ],
)
def test_a_strategy_takes_its_waits_and_its_bake_time(
    strategy: dict[str, Any], minutes: float
) -> None:
    assert Strategy(**strategy).minutes == minutes


@pytest.mark.parametrize(
    ("fields", "minutes"),
    [
        pytest.param({}, 30, id="since UpdateService"),
        pytest.param({"began": at(600), "deadline": at(2400)}, 30, id="since it was adopted"),
        pytest.param({"began": at(-9e6)}, 30, id="where nothing had to be updated, as well"),
        pytest.param({"deadline": None}, None, id="without a deadline"),
    ],
)
def test_a_rollout_was_given_what_lies_between_its_beginning_and_its_deadline(
    fields: dict[str, Any], minutes: float | None
) -> None:
    given = examples.rolling_out(**fields).given
    assert given == (None if minutes is None else timedelta(minutes=minutes))


@pytest.mark.parametrize(
    ("strategy", "minutes"),
    [
        pytest.param({"name": "CANARY", "canary_minutes": 0,
                      "hooks": (hook("AWS_LAMBDA", 4, "POST_SCALE_UP"),)}, 4, id="a hook's"),
        pytest.param({"name": "BLUE_GREEN", "hooks": (hook("AWS_LAMBDA", None, "POST_SCALE_UP"),)},
                     0, id="a hook without a time-out of its own counts as the rollout's"),
        pytest.param({"name": "BLUE_GREEN", "hooks": (hook("PAUSE", 60, "POST_SCALE_UP"),)},
                     0, id="a pause takes none of it"),
        pytest.param({"name": "BLUE_GREEN",
                      "hooks": (hook("AWS_LAMBDA", 4, "POST_SCALE_UP", "PRE_SCALE_UP"),
                                hook("AWS_LAMBDA", 9, "POST_SCALE_UP"))},
                     13, id="hooks of one stage run together"),
        pytest.param({"name": "CANARY", "canary_minutes": 0,
                      "hooks": (hook("AWS_LAMBDA", 4, "PRODUCTION_TRAFFIC_SHIFT"),)},
                     8, id="a hook of each part of the traffic"),
    ],
)  # fmt: skip
def test_a_hook_may_take_as_long_as_its_time_out_says(
    strategy: dict[str, Any], minutes: float
) -> None:
    assert Strategy(**strategy).minutes == minutes
