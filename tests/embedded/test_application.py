"""A small application runs in the embedded AWS: events, Lambda, tables, loops, topics."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest

from embedded.account import EmbeddedAws
from embedded.services.cloudformation.deploy import Stack
from embedded.services.events import Disturbance
from tests.embedded import application


@pytest.fixture(scope="module")
def aws() -> Iterator[EmbeddedAws]:
    with EmbeddedAws(rate=60) as aws:
        yield aws


@pytest.fixture(scope="module")
def stack(aws: EmbeddedAws, tmp_path_factory: pytest.TempPathFactory) -> Stack:
    return aws.deploy(*application.package(tmp_path_factory.mktemp("package")), stack="acme")


def push(aws: EmbeddedAws, order: str) -> None:
    entry = {
        "Source": "acme.registry",
        "DetailType": "Pushed",
        "Detail": json.dumps({"order": order}),
    }
    aws.client("events").put_events(Entries=[entry])


def status(aws: EmbeddedAws, order: str) -> str | None:
    return next((e.status for e in aws.executions() if e.name == order), None)


def test_an_event_reaches_the_table_the_state_machine_and_the_topic(
    aws: EmbeddedAws, stack: Stack
) -> None:
    push(aws, "one")

    assert aws.wait_until(lambda: status(aws, "one") == "SUCCEEDED", 300)
    notice = next(n for n in aws.notices() if n.body == "one is done")
    assert (notice.subject, notice.attributes) == ("done", {"execution": "one"})
    polls = [i for i in aws.invocations if i.function == stack.outputs["Poll"]]
    assert [p.response["polls"] for p in polls if p.payload["order"] == "one"] == [1, 2, 3]


def test_an_event_that_no_rule_matches_goes_nowhere(aws: EmbeddedAws, stack: Stack) -> None:
    before = len(aws.invocations)
    entry = {"Source": "acme.other", "DetailType": "Pushed", "Detail": '{"order": "none"}'}
    aws.client("events").put_events(Entries=[entry])

    assert aws.wait_until(lambda: aws.idle, 60)
    assert len(aws.invocations) == before


def test_every_event_on_the_bus_can_be_listened_to(aws: EmbeddedAws, stack: Stack) -> None:
    heard: list[dict[str, object]] = []
    aws.subscribe(heard.append)
    aws.events.emit({"source": "acme.ecs", "detail-type": "Told", "detail": {"a": 1}})

    event = next(e for e in heard if e["source"] == "acme.ecs")
    assert (event["account"], event["region"]) == ("123456789012", "us-west-2")


def test_a_step_is_retried_after_its_interval_on_the_clock(aws: EmbeddedAws, stack: Stack) -> None:
    push(aws, "flaky-one")

    assert aws.wait_until(lambda: status(aws, "flaky-one") == "SUCCEEDED", 400)
    polls = [i for i in aws.invocations if i.payload and i.payload.get("order") == "flaky-one"]
    assert [bool(p.error) for p in polls] == [True, False, False]
    assert (polls[1].started - polls[0].started).total_seconds() >= 20
    assert (polls[2].started - polls[1].started).total_seconds() >= 30


def test_a_caught_error_writes_by_direct_integration_with_the_machines_role(
    aws: EmbeddedAws, stack: Stack
) -> None:
    push(aws, "broken-one")

    assert aws.wait_until(lambda: status(aws, "broken-one") == "FAILED", 400)
    item = aws.client("dynamodb").get_item(
        TableName=stack.outputs["Table"], Key={"id": {"S": "broken-one"}}
    )["Item"]
    assert item["watcher"] == {"S": "lost"}
    assert aws.recorder.count("dynamodb", "UpdateItem", "stepfunctions") >= 1


def test_an_execution_is_visible_through_the_api(aws: EmbeddedAws, stack: Stack) -> None:
    push(aws, "seen")
    assert aws.wait_until(lambda: status(aws, "seen") == "SUCCEEDED", 400)
    client = aws.client("stepfunctions")

    listed = client.list_executions(stateMachineArn=stack.outputs["Machine"])["executions"]
    arn = next(e["executionArn"] for e in listed if e["name"] == "seen")
    described = client.describe_execution(executionArn=arn)
    assert (described["status"], json.loads(described["input"])) == ("SUCCEEDED", {"order": "seen"})
    assert (described["stopDate"] - described["startDate"]).total_seconds() >= 60
    kinds = [e["type"] for e in client.get_execution_history(executionArn=arn)["events"]]
    assert (kinds[0], kinds[-1]) == ("ExecutionStarted", "ExecutionSucceeded")

    pages = client.get_paginator("get_execution_history").paginate(
        executionArn=arn, reverseOrder=True, PaginationConfig={"PageSize": 3}
    )
    parts = [[event["type"] for event in page["events"]] for page in pages]
    assert {len(part) for part in parts[:-1]} == {3}
    assert [kind for part in parts for kind in part] == kinds[::-1]
    with pytest.raises(client.exceptions.InvalidToken):
        client.get_execution_history(executionArn=arn, nextToken="not one of ours")


def test_an_execution_name_is_taken_once(aws: EmbeddedAws, stack: Stack) -> None:
    client, machine = aws.client("stepfunctions"), stack.outputs["Machine"]
    start = {"stateMachineArn": machine, "name": "twice", "input": '{"order": "twice"}'}
    first = client.start_execution(**start)

    assert client.start_execution(**start)["executionArn"] == first["executionArn"]
    with pytest.raises(client.exceptions.ExecutionAlreadyExists):
        client.start_execution(**{**start, "input": "{}"})
    with pytest.raises(client.exceptions.InvalidName):
        client.start_execution(**{**start, "name": "a:b"})
    assert aws.wait_until(lambda: status(aws, "twice") == "SUCCEEDED", 400)
    with pytest.raises(client.exceptions.ExecutionAlreadyExists):
        client.start_execution(**start)


def test_a_stopped_execution_leaves_its_wait_at_once(aws: EmbeddedAws, stack: Stack) -> None:
    client = aws.client("stepfunctions")
    definition = {
        "StartAt": "Wait",
        "States": {"Wait": {"Type": "Wait", "Seconds": 86400, "End": True}},
    }
    role = client.describe_state_machine(stateMachineArn=stack.outputs["Machine"])["roleArn"]
    machine = client.create_state_machine(
        name="waits", definition=json.dumps(definition), roleArn=role
    )["stateMachineArn"]
    arn = client.start_execution(stateMachineArn=machine, name="long")["executionArn"]
    aws.wait_until(lambda: False, 5)
    client.stop_execution(executionArn=arn)

    assert aws.wait_until(lambda: status(aws, "long") == "ABORTED", 60)


def test_ends_of_executions_are_announced_on_the_bus(aws: EmbeddedAws, stack: Stack) -> None:
    heard: list[dict[str, object]] = []
    aws.subscribe(heard.append)
    push(aws, "announced")

    def ended() -> bool:
        return any(
            e["detail-type"] == "Step Functions Execution Status Change"
            and e["detail"]["status"] == "SUCCEEDED"  # type: ignore[index]
            for e in heard
        )

    assert aws.wait_until(ended, 400)


def test_a_rate_rule_fires_on_the_clock(aws: EmbeddedAws, stack: Stack) -> None:
    events, sqs = aws.client("events"), aws.client("sqs")
    url = sqs.create_queue(QueueName="ticks")["QueueUrl"]
    events.put_rule(Name="tick", ScheduleExpression="rate(1 minute)")
    target = {"Id": "q", "Arn": "arn:aws:sqs:us-west-2:123456789012:ticks", "Input": '{"tick": 1}'}
    events.put_targets(Rule="tick", Targets=[target])

    def ticks() -> int:
        attributes = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["All"])["Attributes"]
        return int(attributes["ApproximateNumberOfMessages"])

    assert aws.wait_until(lambda: ticks() >= 2, 300)
    events.disable_rule(Name="tick")


def test_an_event_may_be_lost_or_doubled(aws: EmbeddedAws, stack: Stack) -> None:
    try:
        aws.events.disturb(Disturbance(drop=1.0))
        push(aws, "lost")
        assert aws.wait_until(lambda: aws.idle, 60)
        aws.events.disturb(Disturbance(duplicate=1.0))
        push(aws, "doubled")
        doubled = {"order": "doubled"}
        assert aws.wait_until(
            lambda: len([i for i in aws.invocations if _detail(i.payload) == doubled]) >= 2, 100
        )
    finally:
        aws.events.disturb()
    assert status(aws, "lost") is None


def test_a_function_that_does_not_let_events_in_is_not_invoked(
    aws: EmbeddedAws, stack: Stack
) -> None:
    events = aws.client("events")
    events.put_rule(Name="uninvited", EventPattern='{"source": ["acme.uninvited"]}')
    arn = aws.client("lambda").get_function(FunctionName="acme-act")["Configuration"]["FunctionArn"]
    events.put_targets(Rule="uninvited", Targets=[{"Id": "f", "Arn": arn}])
    aws.events.emit({"source": "acme.uninvited", "detail-type": "x", "detail": {}})

    assert aws.wait_until(lambda: aws.events.failures, 60)
    assert "NO_PERMISSIONS" in aws.events.failures[-1].error


def test_an_operation_that_nobody_implements_says_so_and_is_not_retried(aws: EmbeddedAws) -> None:
    client = aws.client("ssm")
    with pytest.raises(client.exceptions.ClientError) as error:
        client.describe_inventory_deletions()
    assert error.value.response["ResponseMetadata"]["HTTPStatusCode"] == 501
    assert error.value.response["ResponseMetadata"]["RetryAttempts"] == 0


def _detail(payload: object) -> object:
    return payload.get("detail") if isinstance(payload, dict) else None
