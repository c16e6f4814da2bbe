"""EventBridge Scheduler: what it keeps of a schedule, what it refuses, and when it invokes."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

import pytest
from botocore.exceptions import ClientError

from embedded.gate.faults import Error, Throttle
from embedded.services.read_lag import ReadLag
from embedded.services.scheduler.schedule import changed_schedule, new_schedule
from tests.embedded.scheduled_tasks import (
    ACCOUNT,
    CLUSTER,
    LONG,
    START,
    ScheduledTasks,
    scheduled_tasks,
)

EVERY_MINUTE = "cron(* * * * ? *)"
NEVER = "cron(0 0 1 1 ? 2190)"
OFF = {"Mode": "OFF"}


class Schedules(ScheduledTasks):
    """Schedules of tasks, through one client."""

    def __init__(self, opened: ScheduledTasks) -> None:
        self.__dict__.update(opened.__dict__)
        self.api = self.aws.client("scheduler")

    def job(self, revision: str = "arn:task", **more: Any) -> dict[str, Any]:
        """A target of a schedule."""
        target = self.target(revision, **more)
        del target["Id"]
        return target

    def create(self, name: str, target: dict[str, Any] | None = None, **more: Any) -> None:
        self.api.create_schedule(**self.request(name, target, **more))

    def update(self, name: str, target: dict[str, Any] | None = None, **more: Any) -> None:
        self.api.update_schedule(**self.request(name, target, **more))

    def request(self, name: str, target: dict[str, Any] | None, **more: Any) -> dict[str, Any]:
        return {
            "Name": name,
            "ScheduleExpression": NEVER,
            "FlexibleTimeWindow": OFF,
            "Target": target or self.job(),
            **more,
        }

    def names(self, **filters: Any) -> list[str]:
        return [each["Name"] for each in self.api.list_schedules(**filters)["Schedules"]]

    def raw(self, operation: str, body: dict[str, Any], **named: Any) -> None:
        """Send this JSON, whatever botocore's model has."""
        client = self.aws._clients.admin("scheduler")

        def send(params: dict[str, Any], **_: Any) -> None:
            params["body"] = json.dumps(body).encode()

        event = f"before-call.scheduler.{operation}"
        client.meta.events.register(event, send)
        method = {"CreateSchedule": "create_schedule", "UpdateSchedule": "update_schedule"}
        try:
            getattr(client, method[operation])(**self.request("x", None) | named)
        finally:
            client.meta.events.unregister(event, send)

    def raw_answer(self, name: str) -> dict[str, Any]:
        """The JSON that GetSchedule answers."""
        client, received = self.aws._clients.admin("scheduler"), []

        def keep(response_dict: dict[str, Any], **_: Any) -> None:
            received.append(json.loads(response_dict["body"]))

        client.meta.events.register("before-parse.scheduler.GetSchedule", keep)
        try:
            client.get_schedule(Name=name)
        finally:
            client.meta.events.unregister("before-parse.scheduler.GetSchedule", keep)
        [answer] = received
        return dict(answer)

    def now(self) -> datetime:
        return self.aws.clock.now()

    def at(self, seconds: float) -> str:
        """`at(...)`, so many seconds from now."""
        return f"at({self.now() + timedelta(seconds=seconds):%Y-%m-%dT%H:%M:%S})"


@pytest.fixture(scope="module")
def opened() -> Iterator[Schedules]:
    with scheduled_tasks() as tasks:
        yield Schedules(tasks)


@pytest.fixture
def job(opened: Schedules) -> Iterator[Schedules]:
    yield opened
    opened.aws.scheduler.lag_reads()
    opened.aws.faults.clear()
    for each in opened.api.list_schedules()["Schedules"]:
        opened.api.delete_schedule(Name=each["Name"], GroupName=each["GroupName"])
    for group in opened.api.list_schedule_groups()["ScheduleGroups"][1:]:
        opened.api.delete_schedule_group(Name=group["Name"])


# What it keeps


def test_every_member_of_a_schedule_comes_back_as_it_was_sent(job: Schedules) -> None:
    target = job.job(Input="{}", RetryPolicy={"MaximumRetryAttempts": 0})
    target["EcsParameters"] |= {"TaskCount": 1, "New": [False], "Tags": [{"key": "a", "value": ""}]}
    sent = {
        "ScheduleExpression": "cron(0 9 ? * MON-FRI *)",
        "ScheduleExpressionTimezone": "Europe/Berlin",
        "FlexibleTimeWindow": {"Mode": "FLEXIBLE", "MaximumWindowInMinutes": 15},
        "State": "DISABLED",
        "Description": "",
        "StartDate": 1793000000,
        "EndDate": 1993248000.5,
        "ActionAfterCompletion": "DELETE",
        "FieldOfNextYear": {"mode": "", "list": [], "count": 0, "share": 1.5},
        "Target": target | {"NewParameters": {"x": 1}},
    }
    job.raw("CreateSchedule", sent, Name="lossless")

    answer = job.raw_answer("lossless")
    assert {name: answer[name] for name in sent} == sent
    assert set(answer) - set(sent) == {
        *("Arn", "Name", "GroupName", "CreationDate", "LastModificationDate"),
    }
    assert answer["Arn"] == f"arn:aws:scheduler:us-west-2:{ACCOUNT}:schedule/default/lossless"
    assert isinstance(answer["Target"]["EcsParameters"]["TaskCount"], int)


def test_what_was_got_can_be_put_back_and_changes_nothing_but_the_date(job: Schedules) -> None:
    job.create("same", Description="as it was", State="DISABLED")
    before = job.raw_answer("same")
    not_sent = {"Arn", "Name", "CreationDate", "LastModificationDate"}
    body = {name: value for name, value in before.items() if name not in not_sent}
    job.raw("UpdateSchedule", body, Name="same")

    after = job.raw_answer("same")
    assert after.pop("LastModificationDate") > before.pop("LastModificationDate")
    assert after == before


def test_an_update_puts_back_to_its_default_what_it_leaves_out(job: Schedules) -> None:
    job.create(
        "whole",
        Description="nightly",
        State="DISABLED",
        ActionAfterCompletion="DELETE",
        ScheduleExpressionTimezone="Europe/Berlin",
        EndDate=job.now() + timedelta(days=9),
    )
    job.update("whole")

    found = job.api.get_schedule(Name="whole")
    assert (found["State"], found["ActionAfterCompletion"]) == ("ENABLED", "NONE")
    assert found["ScheduleExpressionTimezone"] == "UTC"
    assert {"Description", "EndDate"} & set(found) == set()
    assert found["Target"]["RetryPolicy"] == {
        "MaximumEventAgeInSeconds": 86400,
        "MaximumRetryAttempts": 185,
    }


def test_schedules_are_listed_by_group_prefix_and_state_in_parts(job: Schedules) -> None:
    job.api.create_schedule_group(Name="batch")
    for name in ("web.1", "web.2", "webx1"):
        job.create(name, GroupName="batch")
    job.create("web.1")
    job.create("off", GroupName="batch", State="DISABLED")
    assert job.names(GroupName="batch", NamePrefix="web.") == ["web.1", "web.2"]
    assert job.names(State="DISABLED") == ["off"]
    pages = job.api.get_paginator("list_schedules").paginate(PaginationConfig={"PageSize": 2})
    sizes = [len(page["Schedules"]) for page in pages]
    assert sizes == [2, 2, 1]
    [first] = job.api.list_schedules(GroupName="default")["Schedules"]
    assert first["Arn"].endswith(":schedule/default/web.1")
    assert first["Target"] == {"Arn": CLUSTER}


def test_a_group_goes_with_its_schedules(job: Schedules) -> None:
    job.api.create_schedule_group(Name="batch", Tags=[{"Key": "team", "Value": "a"}])
    job.create("one", GroupName="batch")
    arn = job.api.get_schedule_group(Name="batch")["Arn"]
    tags = job.api.list_tags_for_resource(ResourceArn=arn)["Tags"]
    assert tags == [{"Key": "team", "Value": "a"}]
    job.api.delete_schedule_group(Name="batch")
    assert job.names() == []
    groups = job.api.list_schedule_groups()["ScheduleGroups"]
    assert [group["Name"] for group in groups] == ["default"]


@pytest.mark.parametrize(
    ("operation", "parameters"),
    [
        ("get_schedule", {"Name": "lost"}),
        ("get_schedule", {"Name": "there", "GroupName": "lost"}),
        ("delete_schedule", {"Name": "lost"}),
        ("list_schedules", {"GroupName": "lost"}),
        ("get_schedule_group", {"Name": "lost"}),
        ("update_schedule", {"Name": "lost"}),
        ("create_schedule", {"Name": "new", "GroupName": "lost"}),
    ],
)
def test_what_is_missing_is_not_found(
    job: Schedules, operation: str, parameters: dict[str, Any]
) -> None:
    job.create("there")
    if operation in ("update_schedule", "create_schedule"):
        parameters = job.request("x", None) | parameters
    with pytest.raises(job.api.exceptions.ResourceNotFoundException) as caught:
        getattr(job.api, operation)(**parameters)
    assert caught.value.response["ResponseMetadata"]["HTTPStatusCode"] == 404


def test_a_name_is_taken_once_but_the_same_request_is_answered_again(job: Schedules) -> None:
    request = job.request("once", None, ClientToken="token")
    first = job.api.create_schedule(**request)["ScheduleArn"]
    assert job.api.create_schedule(**request)["ScheduleArn"] == first
    with pytest.raises(job.api.exceptions.ConflictException):
        job.create("once")


# What it refuses


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"ScheduleExpression": "cron(0 9 * * * *)"}, "Invalid Schedule Expression cron"),
        ({"ScheduleExpression": "cron(0 9 L * ? *)"}, "does not evaluate L, W and #"),
        ({"ScheduleExpressionTimezone": "Mars/Olympus"}, "Invalid ScheduleExpressionTimezone"),
        ({"FlexibleTimeWindow": {"Mode": "FLEXIBLE"}}, "MaximumWindowInMinutes"),
        ({"FlexibleTimeWindow": {"Mode": "SOMETIMES"}}, "FlexibleTimeWindow.Mode"),
        ({"State": "ON"}, "State"),
        ({"Target": {"Arn": CLUSTER}}, "Target.RoleArn"),
        ({"Description": "x" * 513}, "Description"),
    ],
    ids=lambda value: next(iter(value)) if isinstance(value, dict) else None,
)
def test_a_wrong_schedule_is_refused(job: Schedules, changed: dict[str, Any], words: str) -> None:
    body = job.request("wrong", None) | changed
    for operation in ("CreateSchedule", "UpdateSchedule"):
        with pytest.raises(ClientError, match=words) as caught:
            job.raw(operation, body, Name="wrong")
        assert caught.value.response["Error"]["Code"] == "ValidationException"
    assert job.names() == []


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"Arn": "cluster/dev"}, "not in correct format"),
        ({"EcsParameters": None}, "EcsParameters is required"),
        ({"RoleArn": f"arn:aws:iam::{ACCOUNT}:role/lost"}, "to assume the role"),
        ({"Arn": "arn:aws:scheduler:::aws-sdk:ecs:runTask"}, "Invalid RequestJson"),
        (
            {"Arn": "arn:aws:scheduler:::aws-sdk:ecs:runTask", "Input": '{"cluster": "dev"}'},
            "PascalCase",
        ),
    ],
    ids=str,
)
def test_a_wrong_target_is_refused(job: Schedules, changed: dict[str, Any], words: str) -> None:
    target = {k: v for k, v in (job.job() | changed).items() if v is not None}
    with pytest.raises(ClientError, match=words):
        job.create("wrong", target)
    assert job.names() == []


def test_a_start_date_of_more_than_five_minutes_ago_is_refused(job: Schedules) -> None:
    long_ago = job.now() - timedelta(days=1)
    with pytest.raises(ClientError, match="cannot be earlier than 5 minutes ago"):
        job.create("started", StartDate=long_ago)
    job.create("started")
    with pytest.raises(ClientError, match="cannot be earlier than 5 minutes ago"):
        job.update("started", StartDate=long_ago)
    job.create("once", ScheduleExpression="at(2190-01-01T00:00:00)", StartDate=long_ago)


def test_a_role_that_scheduler_cannot_assume_is_refused(job: Schedules) -> None:
    role = job.make_role("events-only", services=("events.amazonaws.com",))
    with pytest.raises(ClientError, match="must allow AWS EventBridge Scheduler to assume"):
        job.create("untrusted", job.job(RoleArn=role))


def test_who_updates_a_schedule_may_do_so_and_may_pass_its_role(job: Schedules) -> None:
    job.create("guarded")
    arn = job.api.get_schedule(Name="guarded")["Arn"]
    reads_and_writes = {
        "Effect": "Allow",
        "Action": ["scheduler:GetSchedule", "scheduler:UpdateSchedule"],
        "Resource": arn,
    }
    passes = {
        "Effect": "Allow",
        "Action": "iam:PassRole",
        "Resource": job.role,
        "Condition": {"StringEquals": {"iam:PassedToService": "scheduler.amazonaws.com"}},
    }
    both = job.make_role("updates-and-passes", reads_and_writes, passes)
    only = job.make_role("updates", reads_and_writes)

    def client(role: str) -> Any:
        return job.aws._clients.as_role(role, "deployer", "scheduler")

    client(both).get_schedule(Name="guarded")
    client(both).update_schedule(**job.request("guarded", None))
    with pytest.raises(ClientError, match="perform: iam:PassRole on resource") as caught:
        client(only).update_schedule(**job.request("guarded", None))
    error = caught.value.response
    assert error["Error"]["Code"] == "AccessDeniedException"
    assert error["ResponseMetadata"]["HTTPStatusCode"] == 403
    assert job.aws.recorder.count("scheduler", "UpdateSchedule", "deployer") == 2


def test_faults_strike_the_calls_of_scheduler(job: Schedules) -> None:
    job.create("struck")
    client = job.aws._clients.admin("scheduler")
    job.aws.faults.add(
        Throttle(), service="scheduler", where=lambda call: call.parameters["Name"] == "struck"
    )
    with pytest.raises(client.exceptions.ThrottlingException):
        client.get_schedule(Name="struck")
    client.get_schedule(Name="struck")


# When it invokes


def test_a_cron_schedule_starts_a_task_and_after_an_update_one_of_the_new_revision(
    job: Schedules,
) -> None:
    old, new = job.register(), job.register()
    overrides = {"containerOverrides": [{"name": "job", "command": ["clean", "up"]}]}
    more = {"EcsParameters": {"Group": "cron"}, "Input": json.dumps(overrides)}
    job.create("nightly", job.job(old, **more), ScheduleExpression=EVERY_MINUTE)
    task = job.wait_for_task("chronos-schedule/nightly", old)
    assert (task["overrides"], task["group"]) == (overrides, "cron")

    job.update("nightly", job.job(new, **more), ScheduleExpression=EVERY_MINUTE)
    assert job.wait_for_task("chronos-schedule/nightly", new)["overrides"] == overrides


def test_the_name_of_the_schedule_is_cut_to_what_started_by_takes(job: Schedules) -> None:
    name = "a-schedule-whose-name-is-rather-long"
    job.create(name, job.job(job.register()), ScheduleExpression=EVERY_MINUTE)
    job.wait_for_task("chronos-schedule/a-schedule-whose-na")


def test_a_universal_target_runs_its_input_as_it_stands(job: Schedules) -> None:
    revision = job.register()
    asked = {
        "Cluster": "dev",
        "TaskDefinition": revision,
        "LaunchType": "FARGATE",
        "NetworkConfiguration": {"AwsvpcConfiguration": {"Subnets": ["subnet-1"]}},
        "StartedBy": "universal",
        "Overrides": {"ContainerOverrides": [{"Name": "job", "Command": ["clean"]}]},
    }
    target = {
        "Arn": "arn:aws:scheduler:::aws-sdk:ecs:runTask",
        "RoleArn": job.role,
        "Input": json.dumps(asked),
    }
    job.create("universal", target, ScheduleExpression=EVERY_MINUTE)
    task = job.wait_for_task("universal", revision)
    assert task["overrides"]["containerOverrides"][0]["command"] == ["clean"]


def test_a_one_time_schedule_invokes_once_and_deletes_itself_if_it_says_so(job: Schedules) -> None:
    revision = job.register()
    with job.aws.clock.realtime():  # a slow machine has two minutes
        soon = {"ScheduleExpression": job.at(seconds=120)}
        job.create("once", job.job(revision), **soon)
        job.create("gone", job.job(revision), **soon, ActionAfterCompletion="DELETE")
    job.wait_for_task("chronos-schedule/once")
    job.wait_for_task("chronos-schedule/gone")
    assert job.names() == ["once"]
    job.create("later", job.job(revision), ScheduleExpression=EVERY_MINUTE)
    job.wait_for_task("chronos-schedule/later")
    assert len(job.tasks("chronos-schedule/once")) == 1


def test_a_disabled_schedule_invokes_nothing(job: Schedules) -> None:
    revision = job.register()
    job.create("off", job.job(revision), ScheduleExpression=EVERY_MINUTE, State="DISABLED")
    job.create("on", job.job(revision), ScheduleExpression=EVERY_MINUTE)
    job.wait_for_task("chronos-schedule/on")
    assert job.tasks("chronos-schedule/off") == []


def test_a_message_is_sent_to_a_queue_with_its_keywords_replaced(job: Schedules) -> None:
    role = job.make_role("sends", {"Effect": "Allow", "Action": "sqs:SendMessage", "Resource": "*"})
    queue = job.queue("messages")
    text = "<aws.scheduler.schedule-arn> <aws.scheduler.attempt-number>"
    target = {"Arn": queue, "RoleArn": role, "Input": text}
    job.create("message", target, ScheduleExpression="rate(1 hour)")
    arn = f"arn:aws:scheduler:us-west-2:{ACCOUNT}:schedule/default/message"
    assert job.wait_for_message(queue)["Body"] == f"{arn} 1"


def test_an_inactive_revision_is_a_failed_invocation_and_a_dead_letter(job: Schedules) -> None:
    sends = {"Effect": "Allow", "Action": "sqs:SendMessage", "Resource": "*"}
    runs = {"Effect": "Allow", "Action": "ecs:RunTask", "Resource": "*"}
    role, queue = job.make_role("runs-and-sends", sends, runs), job.queue("letters-of-a-schedule")
    revision = job.register()
    job.ecs.deregister_task_definition(taskDefinition=revision)
    letters = {"DeadLetterConfig": {"Arn": queue}, "RoleArn": role}
    job.create("inactive", job.job(revision, **letters), ScheduleExpression=EVERY_MINUTE)

    words = job.wait_for_message(queue)["MessageAttributes"]
    assert words["ERROR_CODE"]["StringValue"] == "InvalidParameterException"
    assert "TaskDefinition is inactive" in words["ERROR_MESSAGE"]["StringValue"]
    assert words["SCHEDULE_ARN"]["StringValue"].endswith(":schedule/default/inactive")
    assert words["RETRY_ATTEMPTS"]["StringValue"] == "0"
    assert job.aws.scheduler.failures[-1].target == CLUSTER


def test_a_service_that_throttles_is_asked_again(job: Schedules) -> None:
    rule = job.aws.faults.add(Throttle(), service="ecs", operation="RunTask", times=2)
    job.create("again", job.job(job.register()), ScheduleExpression="rate(365 days)")
    job.wait_for_task("chronos-schedule/again")
    assert rule.struck == 2


def test_it_is_given_up_after_so_many_attempts(job: Schedules) -> None:
    fault = Error("ServerException", status=500)
    rule = job.aws.faults.add(fault, service="ecs", operation="RunTask", times=None)
    target = job.job(job.register(), RetryPolicy={"MaximumRetryAttempts": 2})
    before = len(job.aws.scheduler.failures)
    job.create("given-up", target, ScheduleExpression="rate(365 days)")
    assert job.aws.wait_until(lambda: len(job.aws.scheduler.failures) > before, LONG)
    assert (rule.struck, job.aws.scheduler.failures[-1].attempts) == (3, 3)


def test_reads_of_schedules_lag_only_when_asked_for(job: Schedules) -> None:
    job.aws.scheduler.lag_reads(ReadLag(seconds=10_000, fresh=0.0))
    job.create("lags", Description="old")
    job.update("lags", Description="new")

    def shown() -> str | None:
        try:
            found: str = job.api.get_schedule(Name="lags")["Description"]
        except job.api.exceptions.ResourceNotFoundException:
            return None
        return found

    assert shown() in (None, "old")
    assert job.aws.wait_until(lambda: shown() == "new", LONG)
    job.api.delete_schedule(Name="lags")
    assert job.names() in ([], ["lags"])
    job.aws.scheduler.lag_reads()
    assert job.names() == []


# When a schedule is due


def due(**body: Any) -> list[str]:
    """The first three times."""
    made = new_schedule(_body(**body), START)
    found: list[str] = []
    following = made.due_first()
    while following is not None and len(found) < 3:
        found.append(f"{following:%d %H:%M:%S}")
        following = made.due_after(following)
    return found


def _body(**more: Any) -> dict[str, Any]:
    expression = {"ScheduleExpression": "rate(1 hour)", "FlexibleTimeWindow": OFF}
    return {"Name": "x", "Target": {}, **expression, **more}


def test_a_rate_begins_at_once_or_at_its_start_date() -> None:
    assert due() == ["02 10:00:30", "02 11:00:30", "02 12:00:30"]
    later = (START + timedelta(minutes=90)).timestamp()
    assert due(StartDate=later) == ["02 11:30:30", "02 12:30:30", "02 13:30:30"]
    earlier = (START - timedelta(minutes=5)).timestamp()
    assert due(StartDate=earlier) == ["02 10:55:30", "02 11:55:30", "02 12:55:30"]


def test_nothing_is_due_after_the_end_date_nor_before_the_start_date() -> None:
    start, end = START + timedelta(hours=30), START + timedelta(hours=80)
    dates = {"StartDate": start.timestamp(), "EndDate": end.timestamp()}
    assert due(ScheduleExpression="cron(0 12 * * ? *)", **dates) == ["04 12:00:00", "05 12:00:00"]
    assert due(ScheduleExpression="at(2026-03-02T12:00:00)", **dates) == ["02 12:00:00"]


def test_an_update_of_something_else_leaves_a_rate_as_it_goes() -> None:
    made, later = new_schedule(_body(), START), START + timedelta(minutes=10)
    kept = changed_schedule(made, _body(Description="new"), later)
    assert kept.due_first() == START + timedelta(hours=1)
    begun_again = changed_schedule(made, _body(ScheduleExpression="rate(2 hours)"), later)
    assert begun_again.due_first() == later


def test_a_flexible_window_is_how_late_an_invocation_may_be() -> None:
    window = {"Mode": "FLEXIBLE", "MaximumWindowInMinutes": 15}
    assert new_schedule(_body(FlexibleTimeWindow=window), START).window == 900
    assert new_schedule(_body(), START).window == 0
