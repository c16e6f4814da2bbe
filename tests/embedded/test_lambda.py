"""Functions in real processes: cold and warm starts, time-outs, crashes, retries, failures."""

from __future__ import annotations

import base64
import json
import sys
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest

from embedded.account import EmbeddedAws, FunctionError
from embedded.services.cloudformation.deploy import Stack
from tests.embedded import application

START = datetime(2026, 3, 2, 10, 0, tzinfo=UTC)


@pytest.fixture(scope="module")
def aws(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmbeddedAws]:
    with EmbeddedAws(rate=120, start=START) as aws:
        aws.deploy(*application.package(tmp_path_factory.mktemp("package")), stack="acme")
        yield aws


@pytest.fixture(scope="module")
def stack(aws: EmbeddedAws) -> Stack:
    return aws.cloudformation.describe("acme")


def act(aws: EmbeddedAws, **event: Any) -> dict[str, Any]:
    return dict(aws.client("lambda").invoke(FunctionName="acme-act", Payload=json.dumps(event)))


def test_an_environment_is_reused_while_it_is_idle(aws: EmbeddedAws) -> None:
    first = aws.invoke("acme-act", {})
    second = aws.invoke("acme-act", {})

    assert second["starts"] == first["starts"] + 1
    assert not aws.invocations[-1].cold


def test_a_function_lives_on_the_simulated_clock(aws: EmbeddedAws) -> None:
    answer = aws.invoke("acme-act", {})

    assert START.timestamp() <= answer["time"] <= aws.clock.now().timestamp()
    assert 1000 < answer["remaining"] <= 3000


def test_a_function_imports_its_own_package_and_the_lambda_runtime_only(aws: EmbeddedAws) -> None:
    answer = aws.invoke("acme-act", {})

    assert answer["modules"] == []
    assert "code" in answer["path"][0]
    assert answer["path"][1].endswith("runtime")


def test_an_error_comes_back_as_lambda_words_it(aws: EmbeddedAws) -> None:
    answer = act(aws, do="raise", message="no such order")

    error = json.load(answer["Payload"])
    assert answer["FunctionError"] == "Unhandled"
    assert (error["errorType"], error["errorMessage"]) == ("RuntimeError", "no such order")


def test_a_function_that_runs_too_long_is_killed(aws: EmbeddedAws) -> None:
    before = time.monotonic()
    answer = act(aws, do="sleep", seconds=30)

    error = json.load(answer["Payload"])
    assert error["errorType"] == "Sandbox.Timedout"
    assert error["errorMessage"].endswith("Task timed out after 3.00 seconds")
    assert time.monotonic() - before < 10
    assert aws.invoke("acme-act", {})["starts"] >= 1


def test_a_process_that_exits_fails_its_invocation_and_swallows_no_other(aws: EmbeddedAws) -> None:
    answer = act(aws, do="exit")

    error = json.load(answer["Payload"])
    assert error["errorType"] == "Runtime.ExitError"
    assert error["errorMessage"].endswith("Runtime exited with error: exit status 3")
    assert "going down" in aws.invocations[-1].lines
    assert aws.invoke("acme-act", {})["starts"] >= 1


def test_a_package_that_cannot_be_imported_fails_as_init_error(
    aws: EmbeddedAws, tmp_path_factory: pytest.TempPathFactory
) -> None:
    _, code = application.package(tmp_path_factory.mktemp("bad"), source="import chalice")
    client, role = aws.client("lambda"), aws.client("iam").list_roles()["Roles"][0]["Arn"]
    client.create_function(
        FunctionName="bad",
        Runtime=f"python3.{sys.version_info.minor}",
        Handler="app.act",
        Role=role,
        Code={"ZipFile": code.read_bytes()},
    )

    with pytest.raises(
        FunctionError, match=r"Runtime\.ImportModuleError.*No module named 'chalice'"
    ):
        aws.invoke("bad", {})


def test_the_tail_of_the_log_comes_with_the_answer_when_asked(aws: EmbeddedAws) -> None:
    answer = aws.client("lambda").invoke(
        FunctionName="acme-act", LogType="Tail", Payload=b'{"do": "raise", "message": "told"}'
    )

    assert "[ERROR] RuntimeError: told" in base64.b64decode(answer["LogResult"]).decode()


def test_lines_are_in_cloudwatch_logs_with_start_end_and_report(aws: EmbeddedAws) -> None:
    aws.invoke("acme-act", {})

    logs = aws.client("logs").filter_log_events(logGroupName="/aws/lambda/acme-act")["events"]
    words = [event["message"].split()[0] for event in logs]
    assert {"START", "END", "REPORT"} <= set(words)
    assert logs[0]["timestamp"] >= START.timestamp() * 1000


def test_a_dry_run_runs_nothing(aws: EmbeddedAws) -> None:
    before = len(aws.invocations)
    answer = aws.client("lambda").invoke(FunctionName="acme-act", InvocationType="DryRun")

    assert answer["StatusCode"] == 204
    assert len(aws.invocations) == before


def test_an_unknown_function_is_not_found(aws: EmbeddedAws) -> None:
    client = aws.client("lambda")
    with pytest.raises(client.exceptions.ResourceNotFoundException):
        client.invoke(FunctionName="nobody")


def test_moto_still_describes_the_functions(aws: EmbeddedAws, stack: Stack) -> None:
    got = aws.client("lambda").get_function(FunctionName="acme-act")["Configuration"]

    assert (got["Timeout"], got["MemorySize"], got["Handler"]) == (3, 256, "app.act")
    names = {f["FunctionName"] for f in aws.client("lambda").list_functions()["Functions"]}
    assert names >= {"acme-act", stack.outputs["Poll"]}


def test_functions_are_listed_in_pages(aws: EmbeddedAws, stack: Stack) -> None:
    client = aws.client("lambda")
    whole = client.list_functions()
    assert "NextMarker" not in whole
    pages = list(client.get_paginator("list_functions").paginate(PaginationConfig={"PageSize": 1}))
    assert [len(page["Functions"]) for page in pages] == [1] * len(whole["Functions"])
    names = [page["Functions"][0]["FunctionName"] for page in pages]
    assert names == [function["FunctionName"] for function in whole["Functions"]]
    assert stack.outputs["Poll"] in names
    with pytest.raises(client.exceptions.InvalidParameterValueException):
        client.list_functions(Marker="not one of ours")


def test_an_asynchronous_error_is_retried_after_one_and_two_minutes_and_then_given_up(
    aws: EmbeddedAws, stack: Stack
) -> None:
    payload = {"do": "raise", "message": "always"}
    aws.client("lambda").invoke(
        FunctionName="acme-act", InvocationType="Event", Payload=json.dumps(payload)
    )

    def attempts() -> list[datetime]:
        return [i.started for i in aws.invocations if i.payload == payload]

    def given_up() -> bool:
        return any("RetriesExhausted" in notice.body for notice in aws.notices())

    assert aws.wait_until(given_up, 400)
    first, second, third = attempts()
    assert 60 <= (second - first).total_seconds() < 75
    assert 120 <= (third - second).total_seconds() < 135
    report = json.loads(next(n.body for n in aws.notices() if "RetriesExhausted" in n.body))
    assert report["requestContext"]["approximateInvokeCount"] == 3
    assert report["requestPayload"] == payload
    letters: list[dict[str, Any]] = []

    def delivered() -> bool:
        """SNS and SQS are told one after the other."""
        queue = stack.outputs["Letters"]
        answer = aws.client("sqs").receive_message(QueueUrl=queue, MessageAttributeNames=["All"])
        letters.extend(answer.get("Messages", ()))
        return bool(letters)

    assert aws.wait_until(delivered, 60)
    letter = letters[0]
    assert json.loads(letter["Body"]) == payload
    assert letter["MessageAttributes"]["ErrorMessage"]["StringValue"] == "always"


def test_two_invocations_at_once_run_in_two_environments(aws: EmbeddedAws) -> None:
    before = len(aws.invocations)
    for _ in range(2):
        aws.lambda_.invoke_async("acme-act", b'{"do": "sleep", "seconds": 0.5}')

    assert aws.wait_until(lambda: len(aws.invocations) == before + 2, 60)
    first, second = aws.invocations[-2:]
    assert abs((first.started - second.started).total_seconds()) < 0.5


def test_reserved_concurrency_throttles(aws: EmbeddedAws) -> None:
    client = aws.client("lambda")
    client.put_function_concurrency(FunctionName="acme-act", ReservedConcurrentExecutions=0)
    try:
        with pytest.raises(client.exceptions.TooManyRequestsException):
            aws._clients.admin("lambda").invoke(FunctionName="acme-act")
    finally:
        client.delete_function_concurrency(FunctionName="acme-act")


def test_the_clock_runs_at_its_rate_while_idle_and_at_one_during_an_invocation(
    aws: EmbeddedAws,
) -> None:
    aws.invoke("acme-act", {})
    began, real = aws.clock.now(), time.monotonic()
    aws.invoke("acme-act", {"do": "sleep", "seconds": 0.3})
    running = (aws.clock.now() - began).total_seconds() / (time.monotonic() - real)
    began, real = aws.clock.now(), time.monotonic()
    time.sleep(0.2)
    idle = (aws.clock.now() - began).total_seconds() / (time.monotonic() - real)

    assert running < 10
    assert 100 < idle < 140
