"""Rules and schedules: what is read of them, what is sent, and what an answer becomes."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import parse_qs, urlsplit

import botocore.session
import pytest

from chalicelib.aws.scheduled_tasks import RESPONSE_ONLY, ScheduledTasks
from chalicelib.errors import Denied, Refused, Unanswered, Unavailable
from chalicelib.model.scheduled import FollowSettings, ScheduledTask
from tests.aws.endpoint import Answer, Endpoint, answers, fails, is_lost
from tests.fixtures.examples import revision

CLUSTER = "arn:aws:ecs:us-west-2:123456789012:cluster/dev"
ROLE = "arn:aws:iam::123456789012:role/cron"
OLD, NEW = revision(7), revision(8)
# `…New` are members that no SDK knows yet.
TARGET: dict[str, Any] = {
    "Id": "job",
    "Arn": CLUSTER,
    "RoleArn": ROLE,
    "Input": '{"containerOverrides": [{"name": "web", "command": ["x"]}]}',
    "EcsParameters": {
        "TaskDefinitionArn": OLD,
        "TaskCount": 2,
        "EnableECSManagedTags": False,
        "EcsNew": [None, {"deep": 1.5}],
    },
    "RetryPolicy": {"MaximumRetryAttempts": 0},
    "TargetNew": {"kept": ""},
}
QUEUE = {"Id": "queue", "Arn": "arn:aws:sqs:us-west-2:123456789012:q"}
SCHEDULE: dict[str, Any] = {
    "Arn": "arn:aws:scheduler:us-west-2:123456789012:schedule/batch/report",
    "ActionAfterCompletion": "NONE",
    "CreationDate": 1.772445600123e9,
    "EndDate": 1798761600,
    "FlexibleTimeWindow": {"Mode": "FLEXIBLE", "MaximumWindowInMinutes": 5},
    "GroupName": "batch",
    "LastModificationDate": 1772445600.5,
    "Name": "report",
    "ScheduleExpression": "cron(0 3 * * ? *)",
    "ScheduleExpressionTimezone": "Europe/Berlin",
    "ScheduleNew": [1, "two", None],
    "StartDate": 1772445600.25,
    "State": "DISABLED",
    "Target": {key: value for key, value in TARGET.items() if key != "Id"},
}


def found(
    rules: tuple[str, ...] = (), schedules: tuple[str, ...] = ()
) -> tuple[list[tuple[str, str, str]], tuple[str, ...]]:
    settings = FollowSettings(rules=rules, schedules=schedules)
    answer = ScheduledTasks().found(settings)
    return [(one.name, one.target, one.task_definition) for one in answer.tasks], answer.missing


def targets(*all_: dict[str, Any], **more: Any) -> Answer:
    return answers({"Targets": list(all_), **more})


def rule(body: dict[str, Any] = TARGET) -> ScheduledTask:
    return ScheduledTask(kind="rule", name="nightly", target="job", task_definition=OLD, body=body)


def schedule(body: dict[str, Any] = SCHEDULE) -> ScheduledTask:
    return ScheduledTask(kind="schedule", name="batch/report", task_definition=OLD, body=body)


def asked(endpoint: Endpoint) -> list[tuple[str, dict[str, list[str]]]]:
    """The path and the query of each request to Scheduler."""
    urls = [urlsplit(attempt.request.url) for attempt in endpoint.sent]
    return [(url.path, parse_qs(url.query)) for url in urls]


# Reads


def test_a_rule_has_its_ecs_targets_as_they_are_and_no_other(endpoint: Endpoint) -> None:
    second = {**TARGET, "Id": "other"}
    endpoint.answers = [targets(TARGET, QUEUE, second)]
    read = ScheduledTasks().found(FollowSettings(rules=("nightly",)))
    assert [(one.name, one.target, one.body) for one in read.tasks] == [
        ("nightly", "job", TARGET),
        ("nightly", "other", second),
    ]
    assert read.missing == ()
    (attempt,) = endpoint.sent
    assert (attempt.operation, attempt.parameters) == ("ListTargetsByRule", {"Rule": "nightly"})


def test_the_targets_of_a_rule_come_in_parts(endpoint: Endpoint) -> None:
    endpoint.answers = [targets(QUEUE, NextToken="more"), targets(TARGET)]
    assert found(rules=("nightly",)) == ([("nightly", "job", OLD)], ())
    assert endpoint.sent[1].parameters == {"Rule": "nightly", "NextToken": "more"}


def test_an_error_before_the_answer_is_no_part_of_it(endpoint: Endpoint) -> None:
    endpoint.answers = [
        lambda attempt: attempt.answer(503, b"<html>"),
        fails("ThrottlingException"),
        targets(TARGET),
    ]
    assert found(rules=("nightly",)) == ([("nightly", "job", OLD)], ())


def test_a_rule_that_ends_in_a_star_is_all_rules_with_that_prefix(endpoint: Endpoint) -> None:
    endpoint.answers = [
        answers({"Rules": [{"Name": "nightly-a"}], "NextToken": "more"}),
        answers({"Rules": [{"Name": "nightly-b"}]}),
        targets(TARGET),
        targets(QUEUE),
    ]
    assert found(rules=("nightly-*",)) == ([("nightly-a", "job", OLD)], ())
    listed = [one.parameters for one in endpoint.sent if one.operation == "ListRules"]
    assert listed == [
        {"NamePrefix": "nightly-"},
        {"NamePrefix": "nightly-", "NextToken": "more"},
    ]
    read = [one.parameters["Rule"] for one in endpoint.sent[2:]]
    assert read == ["nightly-a", "nightly-b"]


def test_a_star_alone_is_every_rule(endpoint: Endpoint) -> None:
    endpoint.answers = [answers({"Rules": []})]
    assert found(rules=("*",)) == ([], ("rule *",))
    assert endpoint.sent[0].parameters == {}


def test_a_task_that_two_names_lead_to_is_one(endpoint: Endpoint) -> None:
    endpoint.answers = [
        targets(TARGET),
        answers({"Rules": [{"Name": "nightly"}]}),
        targets(TARGET),
    ]
    assert found(rules=("nightly", "night*")) == ([("nightly", "job", OLD)], ())


@pytest.mark.parametrize(
    "answer",
    [fails("ResourceNotFoundException"), targets(), targets(QUEUE)],
    ids=["no such rule", "no target", "no target that starts tasks"],
)
def test_a_rule_that_starts_nothing_is_missing(endpoint: Endpoint, answer: Answer) -> None:
    endpoint.answers = [answer]
    assert found(rules=("nightly",)) == ([], ("rule nightly",))


def test_a_schedule_is_read_as_it_is(endpoint: Endpoint) -> None:
    endpoint.answers = [answers(SCHEDULE)]
    (read,) = ScheduledTasks().found(FollowSettings(schedules=("batch/report",))).tasks
    assert read == schedule()
    assert asked(endpoint) == [("/schedules/report", {"groupName": ["batch"]})]


@pytest.mark.parametrize("prefix", ["rep", ""])
def test_schedules_are_listed_by_prefix_within_their_group(endpoint: Endpoint, prefix: str) -> None:
    endpoint.answers = [
        answers({"Schedules": [{"Name": "report"}], "NextToken": "more"}),
        answers({"Schedules": []}),
        answers(SCHEDULE),
    ]
    assert found(schedules=(f"batch/{prefix}*",)) == ([("batch/report", "", OLD)], ())
    by_prefix = {"NamePrefix": [prefix]} if prefix else {}
    assert asked(endpoint) == [
        ("/schedules", {"ScheduleGroup": ["batch"], **by_prefix}),
        ("/schedules", {"ScheduleGroup": ["batch"], **by_prefix, "NextToken": ["more"]}),
        ("/schedules/report", {"groupName": ["batch"]}),
    ]


@pytest.mark.parametrize(
    "answer",
    [
        fails("ResourceNotFoundException", 404),
        answers({**SCHEDULE, "Target": QUEUE}),
        answers({**SCHEDULE, "Target": {"Arn": "arn:aws:scheduler:::aws-sdk:sqs:sendMessage"}}),
    ],
    ids=["no such schedule", "another target", "a universal target of another service"],
)
def test_a_schedule_that_starts_nothing_is_missing(endpoint: Endpoint, answer: Answer) -> None:
    endpoint.answers = [answer]
    assert found(schedules=("batch/report",)) == ([], ("schedule batch/report",))


def test_a_universal_target_that_runs_tasks_is_found_and_names_nothing(endpoint: Endpoint) -> None:
    universal = {"Arn": "arn:aws:scheduler:::aws-sdk:ecs:runTask", "RoleArn": ROLE, "Input": "{}"}
    endpoint.answers = [answers({**SCHEDULE, "Target": universal})]
    assert found(schedules=("batch/report",)) == ([("batch/report", "", "")], ())


def test_one_task_is_read_again_by_its_names(endpoint: Endpoint) -> None:
    tasks = ScheduledTasks()
    endpoint.answers = [targets(QUEUE, TARGET)]
    assert tasks.scheduled_task("rule", "nightly", "job") == rule()
    assert tasks.scheduled_task("rule", "nightly", "gone") is None
    endpoint.answers = [fails("ResourceNotFoundException")]
    assert tasks.scheduled_task("rule", "nightly", "job") is None
    endpoint.answers = [answers(SCHEDULE)]
    assert tasks.scheduled_task("schedule", "batch/report", "") == schedule()


def test_who_may_not_read_is_told_so(endpoint: Endpoint) -> None:
    endpoint.answers = [fails("AccessDeniedException")]
    with pytest.raises(Denied, match="read the targets of the rule nightly"):
        found(rules=("nightly",))
    with pytest.raises(Denied, match="list the rules nightly"):
        found(rules=("nightly*",))
    endpoint.answers = [fails("AccessDeniedException", 403)]
    with pytest.raises(Denied, match="read the schedule batch/report"):
        found(schedules=("batch/report",))
    with pytest.raises(Denied, match=r"list the schedules batch/\*"):
        found(schedules=("batch/*",))


# Changes


def test_a_rule_gets_the_revision_and_all_else_of_its_target_stays(endpoint: Endpoint) -> None:
    endpoint.answers = [answers({"FailedEntryCount": 0, "FailedEntries": []})]
    ScheduledTasks().move(rule(), NEW)
    (attempt,) = endpoint.sent
    changed = {**TARGET, "EcsParameters": {**TARGET["EcsParameters"], "TaskDefinitionArn": NEW}}
    assert attempt.operation == "PutTargets"
    assert attempt.parameters == {"Rule": "nightly", "Targets": [changed]}


def test_a_schedule_gets_the_revision_and_all_else_of_it_stays(endpoint: Endpoint) -> None:
    endpoint.answers = [answers({"ScheduleArn": SCHEDULE["Arn"]})]
    ScheduledTasks().move(schedule(), NEW)
    (attempt,) = endpoint.sent
    settings = {**TARGET["EcsParameters"], "TaskDefinitionArn": NEW}
    target = {**SCHEDULE["Target"], "EcsParameters": settings}
    kept = {key: value for key, value in SCHEDULE.items() if key not in RESPONSE_ONLY}
    assert attempt.request.method == "PUT"
    assert asked(endpoint) == [("/schedules/report", {})]
    assert attempt.parameters == {**kept, "Target": target}


def test_numbers_are_sent_as_they_were_read(endpoint: Endpoint) -> None:
    endpoint.answers = [answers(SCHEDULE), answers({})]
    read = ScheduledTasks().scheduled_task("schedule", "batch/report", "")
    assert read is not None
    ScheduledTasks().move(read, NEW)
    body: Any = endpoint.sent[-1].request.body
    sent = json.loads(body, parse_float=str, parse_int=str)
    assert (sent["StartDate"], sent["EndDate"]) == ("1772445600.25", "1798761600")
    assert sent["Target"]["EcsParameters"]["EcsNew"] == [None, {"deep": "1.5"}]


def test_one_change_leaves_nothing_behind_for_the_next(endpoint: Endpoint) -> None:
    endpoint.answers = [answers({"FailedEntryCount": 0, "FailedEntries": []})]
    other = {"Id": "job", "Arn": CLUSTER, "EcsParameters": {"TaskDefinitionArn": OLD}}
    ScheduledTasks().move(rule(), NEW)
    ScheduledTasks().move(rule(other), NEW)
    assert endpoint.sent[1].parameters == {
        "Rule": "nightly",
        "Targets": [{**other, "EcsParameters": {"TaskDefinitionArn": NEW}}],
    }


def test_what_only_the_answer_has_is_what_the_request_does_not_take() -> None:
    """By botocore's model: else UpdateSchedule would refuse it, or leave a setting out."""
    model = botocore.session.get_session().get_service_model("scheduler")
    answer: Any = model.operation_model("GetSchedule").output_shape
    request: Any = model.operation_model("UpdateSchedule").input_shape
    read, taken = answer.members, request.members
    in_the_path = {name for name, shape in taken.items() if shape.serialization.get("location")}
    assert set(read) - (set(taken) - in_the_path) == RESPONSE_ONLY
    assert set(taken) - set(read) == {"ClientToken"}


@pytest.mark.parametrize("task", [rule(), schedule()], ids=["rule", "schedule"])
@pytest.mark.parametrize(
    ("answer", "error"),
    [
        pytest.param(is_lost, Unanswered, id="not answered"),
        pytest.param(fails("InternalException", 500), Unanswered, id="a server error"),
        pytest.param(fails("ThrottlingException"), Unavailable, id="throttled"),
        pytest.param(fails("ConcurrentModificationException"), Unavailable, id="changed at once"),
        pytest.param(fails("AccessDeniedException"), Denied, id="denied"),
        pytest.param(fails("ValidationException"), Refused, id="refused"),
    ],
)
def test_a_change_is_sent_once_whatever_the_answer(
    endpoint: Endpoint, task: ScheduledTask, answer: Answer, error: type[Exception]
) -> None:
    endpoint.answers = [answer]
    with pytest.raises(error, match=f"change the {task.kind} {task.name}") as raised:
        ScheduledTasks().move(task, NEW)
    assert type(raised.value) is error
    assert len(endpoint.sent) == 1


def test_a_schedule_that_something_else_changes_is_left_for_later(endpoint: Endpoint) -> None:
    endpoint.answers = [fails("ConflictException", 409)]
    with pytest.raises(Unavailable, match="change the schedule batch/report yet"):
        ScheduledTasks().move(schedule(), NEW)
    assert len(endpoint.sent) == 1


@pytest.mark.parametrize(
    ("entry", "error", "words"),
    [
        (
            {"TargetId": "job", "ErrorCode": "X", "ErrorMessage": "no such cluster"},
            Refused,
            "could not change the rule nightly: no such cluster",
        ),
        ({"TargetId": "job", "ErrorCode": "ManagedRule"}, Refused, "ManagedRule"),
        ({"ErrorCode": "ConcurrentModificationException"}, Unavailable, "ConcurrentModification"),
    ],
    ids=["with words", "without words", "changed at once"],
)
def test_an_answer_with_a_failed_entry_is_an_error(
    endpoint: Endpoint, entry: dict[str, str], error: type[Exception], words: str
) -> None:
    endpoint.answers = [answers({"FailedEntryCount": 1, "FailedEntries": [entry]})]
    with pytest.raises(error, match=words) as raised:
        ScheduledTasks().move(rule(), NEW)
    assert type(raised.value) is error
