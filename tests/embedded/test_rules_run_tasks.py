"""Rules with ECS targets: what EventBridge keeps of a target, and the tasks that it starts."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from botocore.exceptions import ClientError

from embedded.services.read_lag import ReadLag
from tests.embedded.scheduled_tasks import ACCOUNT, CLUSTER, LONG, ScheduledTasks, scheduled_tasks

EVERY_MINUTE = "cron(* * * * ? *)"
NEVER = "cron(0 0 1 1 ? 2190)"


@pytest.fixture(scope="module")
def opened() -> Iterator[ScheduledTasks]:
    with scheduled_tasks() as opened:
        yield opened


@pytest.fixture
def job(opened: ScheduledTasks) -> Iterator[ScheduledTasks]:
    yield opened
    opened.aws.events.lag_reads()
    for rule in opened.events.list_rules()["Rules"]:
        targets = opened.events.list_targets_by_rule(Rule=rule["Name"])["Targets"]
        if targets:
            opened.events.remove_targets(Rule=rule["Name"], Ids=[each["Id"] for each in targets])
        opened.events.delete_rule(Name=rule["Name"])


def put(
    job: ScheduledTasks, name: str, *targets: dict[str, Any], schedule: str = EVERY_MINUTE
) -> None:
    job.events.put_rule(Name=name, ScheduleExpression=schedule)
    if targets:
        job.events.put_targets(Rule=name, Targets=list(targets))


def listed(job: ScheduledTasks, rule: str) -> list[dict[str, Any]]:
    targets: list[dict[str, Any]] = job.events.list_targets_by_rule(Rule=rule)["Targets"]
    return targets


def test_a_cron_rule_starts_a_task_as_its_target_says(job: ScheduledTasks) -> None:
    revision = job.register()
    overrides = {"containerOverrides": [{"name": "job", "command": ["clean", "up"]}]}
    more = {
        "PlatformVersion": "1.4.0",
        "Group": "cron",
        "EnableECSManagedTags": True,
        "Tags": [{"Key": "team", "Value": "a"}],
    }
    put(job, "nightly", job.target(revision, EcsParameters=more, Input=json.dumps(overrides)))

    task = job.wait_for_task("events-rule/nightly")
    assert task["taskDefinitionArn"] == revision
    assert (task["group"], task["platformVersion"]) == ("cron", "1.4.0")
    assert task["overrides"] == overrides
    tags = {tag["key"]: tag["value"] for tag in task["tags"]}
    assert tags == {"aws:ecs:clusterName": "dev", "team": "a"}


def test_after_put_targets_the_new_revision_runs(job: ScheduledTasks) -> None:
    old, new = job.register(), job.register()
    put(job, "moves", job.target(old))
    job.wait_for_task("events-rule/moves", old)

    job.events.put_targets(Rule="moves", Targets=[job.target(new)])
    job.wait_for_task("events-rule/moves", new)


def test_the_name_of_the_rule_is_cut_to_what_started_by_takes(job: ScheduledTasks) -> None:
    put(job, "a.rule-whose-name-is-rather-long", job.target(job.register()))
    job.wait_for_task("events-rule/a_rule-whose-name-is-rather-long"[:36])


def test_an_event_that_matches_starts_a_task_and_overrides_nothing(job: ScheduledTasks) -> None:
    pattern = json.dumps({"source": ["acme.orders"]})
    job.events.put_rule(Name="on-order", EventPattern=pattern)
    job.events.put_targets(Rule="on-order", Targets=[job.target(job.register())])
    job.aws.events.emit({"source": "acme.orders", "detail-type": "Ordered", "detail": {}})

    task = job.wait_for_task("events-rule/on-order")
    assert task["overrides"] == {"containerOverrides": [{"name": "job"}]}


def test_an_inactive_revision_is_a_failed_delivery_and_a_dead_letter(job: ScheduledTasks) -> None:
    revision, queue = job.register(), job.queue("letters-of-inactive")
    job.ecs.deregister_task_definition(taskDefinition=revision)
    put(job, "inactive", job.target(revision, DeadLetterConfig={"Arn": queue}))

    attributes = job.wait_for_message(queue)["MessageAttributes"]
    assert "TaskDefinition is inactive" in attributes["ERROR_MESSAGE"]["StringValue"]
    assert attributes["TARGET_ARN"]["StringValue"] == CLUSTER
    assert attributes["RULE_ARN"]["StringValue"].endswith(":rule/inactive")
    failed = [each for each in job.aws.events.failures if each.rule == "inactive"]
    assert failed[0].target == CLUSTER


@pytest.mark.parametrize(
    ("name", "statements", "services", "why"),
    [
        ("no-right", [], ("events.amazonaws.com",), "perform: ecs:RunTask on resource"),
        ("no-trust", [], ("lambda.amazonaws.com",), "events.amazonaws.com may not assume"),
    ],
)
def test_a_role_that_may_not_is_a_failed_delivery(
    job: ScheduledTasks, name: str, statements: list[Any], services: tuple[str, ...], why: str
) -> None:
    role = job.make_role(name, *statements, services=services)
    put(job, name, job.target(job.register(), RoleArn=role))

    def errors() -> list[str]:
        return [each.error for each in job.aws.events.failures if each.rule == name]

    assert job.aws.wait_until(errors, LONG)
    assert why in errors()[0]
    assert job.tasks(f"events-rule/{name}") == []


def test_a_disabled_rule_starts_nothing(job: ScheduledTasks) -> None:
    revision = job.register()
    job.events.put_rule(Name="off", ScheduleExpression=EVERY_MINUTE, State="DISABLED")
    job.events.put_targets(Rule="off", Targets=[job.target(revision)])
    put(job, "on", job.target(revision))
    job.wait_for_task("events-rule/on")
    assert job.tasks("events-rule/off") == []


def test_every_member_of_a_target_comes_back_as_it_was_sent(job: ScheduledTasks) -> None:
    put(job, "lossless", schedule=NEVER)
    sent = job.target("arn:task") | {
        "FieldOfNextYear": {"mode": "", "list": [], "count": 0, "share": 1.5},
        "Input": "{}",
        "RetryPolicy": {"MaximumRetryAttempts": 0},
    }
    sent["EcsParameters"] |= {"TaskCount": 1, "New": [False], "CapacityProviderStrategy": []}
    api, received = job.aws.client("events"), []
    raw = json.dumps({"Rule": "lossless", "Targets": [sent]}).encode()

    def replace(params: dict[str, Any], **_: Any) -> None:
        params["body"] = raw

    def keep(response_dict: dict[str, Any], **_: Any) -> None:
        received.append(json.loads(response_dict["body"]))

    api.meta.events.register("before-call.events.PutTargets", replace)
    api.meta.events.register("before-parse.events.ListTargetsByRule", keep)
    try:
        api.put_targets(Rule="lossless", Targets=[job.target("arn:task")])
        api.list_targets_by_rule(Rule="lossless")
    finally:
        api.meta.events.unregister("before-call.events.PutTargets", replace)
        api.meta.events.unregister("before-parse.events.ListTargetsByRule", keep)
    assert received == [{"Targets": [sent]}]
    assert list(received[0]["Targets"][0]) == list(sent)


def test_only_the_target_with_this_id_is_replaced(job: ScheduledTasks) -> None:
    first, second = job.target("arn:first", "a"), job.target("arn:second", "b")
    put(job, "two", first, second, schedule=NEVER)
    changed = job.target("arn:changed", "a")
    job.events.put_targets(Rule="two", Targets=[changed])
    assert listed(job, "two") == [changed, second]


def test_targets_of_one_cluster_come_in_parts(job: ScheduledTasks) -> None:
    targets = [job.target("arn:task", f"t{number}") for number in range(5)]
    put(job, "five", *targets, schedule=NEVER)
    token: dict[str, str] = {}
    found = []
    for size in (2, 2, 1):
        answer = job.events.list_targets_by_rule(Rule="five", Limit=2, **token)
        assert len(answer["Targets"]) == size
        found += answer["Targets"]
        token = {"NextToken": answer["NextToken"]} if "NextToken" in answer else {}
    assert (found, token) == (targets, {})


def test_rules_are_listed_in_parts_and_by_a_prefix_that_is_no_pattern(job: ScheduledTasks) -> None:
    for name in ("web.1", "web.2", "webx1"):
        put(job, name, schedule=NEVER)
    pages = job.events.get_paginator("list_rules").paginate(
        NamePrefix="web.", PaginationConfig={"PageSize": 1}
    )
    assert [[rule["Name"] for rule in page["Rules"]] for page in pages] == [["web.1"], ["web.2"]]


def test_rules_are_found_by_their_target(job: ScheduledTasks) -> None:
    put(job, "with", job.target("arn:task"), schedule=NEVER)
    put(job, "without", schedule=NEVER)
    assert job.events.list_rule_names_by_target(TargetArn=CLUSTER)["RuleNames"] == ["with"]


def test_a_rule_has_at_most_five_targets(job: ScheduledTasks) -> None:
    targets = [job.target("arn:task", f"t{number}") for number in range(6)]
    put(job, "full", *targets[:5], schedule=NEVER)
    job.events.put_targets(Rule="full", Targets=targets[:1])
    with pytest.raises(job.events.exceptions.LimitExceededException):
        job.events.put_targets(Rule="full", Targets=targets[5:])
    assert listed(job, "full") == targets[:5]


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"Id": "a b"}, "targets.member.id"),
        ({"RoleArn": ""}, "RoleArn is required for target"),
        ({"EcsParameters": {"TaskDefinitionArn": ""}}, "EcsParameters is required"),
        ({"Input": "{"}, "JSON syntax error in input"),
        ({"Input": "{}", "InputPath": "$.detail"}, "Only one of Input, InputPath"),
    ],
    ids=lambda value: next(iter(value)) if isinstance(value, dict) else None,
)
def test_a_wrong_target_is_refused(
    job: ScheduledTasks, changed: dict[str, Any], words: str
) -> None:
    put(job, "wrong", schedule=NEVER)
    client = job.aws._clients.admin("events")
    target = job.target("arn:task") | changed

    def send(params: dict[str, Any], **_: Any) -> None:
        params["body"] = json.dumps({"Rule": "wrong", "Targets": [target]}).encode()

    client.meta.events.register("before-call.events.PutTargets", send)
    try:
        with pytest.raises(ClientError, match=words) as caught:
            client.put_targets(Rule="wrong", Targets=[job.target("arn:task")])
    finally:
        client.meta.events.unregister("before-call.events.PutTargets", send)
    assert caught.value.response["Error"]["Code"] == "ValidationException"


@pytest.mark.parametrize(
    ("expression", "words"),
    [
        ("rate(1 minutes)", "Parameter ScheduleExpression is not valid"),
        ("rate(5 minute)", "Parameter ScheduleExpression is not valid"),
        ("cron(0 10 * * * *)", "Parameter ScheduleExpression is not valid"),
        ("at(2026-03-02T12:30:00)", "Parameter ScheduleExpression is not valid"),
        ("cron(0 0 L * ? *)", "does not evaluate L, W and #"),
    ],
)
def test_a_schedule_that_rules_do_not_have_is_refused(
    job: ScheduledTasks, expression: str, words: str
) -> None:
    with pytest.raises(ClientError, match=words):
        job.events.put_rule(Name="never", ScheduleExpression=expression)
    assert job.events.list_rules()["Rules"] == []


def test_reads_of_targets_lag_only_when_asked_for(job: ScheduledTasks) -> None:
    old, new = job.target("arn:old"), job.target("arn:new")
    put(job, "lags", schedule=NEVER)
    job.aws.events.lag_reads(ReadLag(seconds=10_000, fresh=0.0))
    job.events.put_targets(Rule="lags", Targets=[old])
    job.events.put_targets(Rule="lags", Targets=[new])
    assert listed(job, "lags") in ([], [old])

    assert job.aws.wait_until(lambda: listed(job, "lags") == [new], LONG)
    job.aws.events.lag_reads()
    job.events.put_targets(Rule="lags", Targets=[old])
    assert listed(job, "lags") == [old]


def test_who_puts_targets_may_do_so_and_may_pass_the_role(job: ScheduledTasks) -> None:
    put(job, "guarded", schedule=NEVER)
    rule = f"arn:aws:events:us-west-2:{ACCOUNT}:rule/guarded"
    to_cluster = {"ForAllValues:ArnEquals": {"events:TargetArn": CLUSTER}}
    writes = {
        "Effect": "Allow",
        "Action": "events:PutTargets",
        "Resource": rule,
        "Condition": to_cluster,
    }
    passes = {
        "Effect": "Allow",
        "Action": "iam:PassRole",
        "Resource": job.role,
        "Condition": {"StringEquals": {"iam:PassedToService": "events.amazonaws.com"}},
    }
    both = job.make_role("writes-and-passes", writes, passes)
    only = job.make_role("writes", writes)

    def write(role: str, target: dict[str, Any]) -> None:
        client = job.aws._clients.as_role(role, "deployer", "events")
        client.put_targets(Rule="guarded", Targets=[target])

    write(both, job.target("arn:task"))
    with pytest.raises(ClientError, match="perform: iam:PassRole on resource"):
        write(only, job.target("arn:task"))
    elsewhere = {"Id": "q", "Arn": f"arn:aws:sqs:us-west-2:{ACCOUNT}:q"}
    with pytest.raises(ClientError, match="perform: events:PutTargets on resource"):
        write(both, elsewhere)
