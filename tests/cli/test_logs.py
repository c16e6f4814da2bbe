"""`slipway logs --function`: what it follows, what it survives, and what it says when it cannot."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from botocore.exceptions import ClientError

from chalicelib.errors import Refused
from cli import logs
from cli.terminal import INTERRUPTED
from embedded.account import EmbeddedAws

NOW = datetime(2026, 3, 2, 12, tzinfo=UTC)
GROUP = "/aws/lambda/slipway-dev-watch"
PROJECT = Path(__file__).parents[2]
UNCHANGING = {"PATH": os.environ["PATH"], "AWS_EC2_METADATA_DISABLED": "true"}


class NotThere(ClientError):
    """ResourceNotFoundException."""


class Logs:
    """CloudWatch Logs, two events a page; `troubles` are raised before the next answers."""

    exceptions = SimpleNamespace(ResourceNotFoundException=NotThere)
    meta = SimpleNamespace(region_name="us-west-2")

    def __init__(self, *troubles: Any) -> None:
        self.events: list[dict[str, Any]] = []
        self.troubles = list(troubles)
        self.asked: list[str] = []

    def add(self, name: str, message: str, ago: float = 0.0) -> None:
        at = NOW - timedelta(seconds=ago)
        event = {"eventId": name, "timestamp": int(at.timestamp() * 1000), "message": message}
        self.events.append(event)

    def filter_log_events(
        self,
        logGroupName: str,  # noqa: N803 - as boto3 names it
        startTime: int,  # noqa: N803 - as boto3 names it
        nextToken: str = "0",  # noqa: N803 - as boto3 names it
    ) -> dict[str, Any]:
        self.asked.append(logGroupName)
        if self.troubles:
            raise self.troubles.pop(0)
        found = [event for event in self.events if event["timestamp"] >= startTime]
        found.sort(key=lambda event: event["timestamp"])
        start = int(nextToken)
        more = {"nextToken": str(start + 2)} if start + 2 < len(found) else {}
        return {"events": found[start : start + 2], **more}


def error(code: str) -> ClientError:
    return ClientError({"Error": {"Code": code, "Message": "m"}}, "FilterLogEvents")


def followed(
    client: Any, pauses: int = 1, function: str = "watch", meanwhile: Any = lambda _: None
) -> list[str]:
    """What is written until the log has been looked at once more than there are pauses."""
    count = iter(range(pauses))

    def pause(_: object) -> None:
        number = next(count, None)
        if number is None:
            raise KeyboardInterrupt
        meanwhile(number)

    written = []
    try:
        for line in logs.lines(client, "dev", function, NOW, pause):
            written.append(line)  # noqa: PERF402 - what came before the end is kept
    except KeyboardInterrupt:
        return written
    raise AssertionError("it ended by itself")


def test_the_last_hour_is_written_first_and_then_what_comes_each_line_once() -> None:
    client = Logs()
    client.add("too old", "too old", ago=3601)
    for number, ago in enumerate((3600, 1800, 60, 30, 5)):
        client.add(str(number), f"line {number}\n", ago)

    def meanwhile(number: Any) -> None:
        client.add(f"new {number}", f"new {number}", ago=-number)
        client.add(f"late {number}", f"late {number}", ago=20)

    written = followed(client, pauses=2, meanwhile=meanwhile)
    assert client.asked[0] == GROUP
    assert [line.partition(" ")[2] for line in written] == [
        *(f"line {number}" for number in range(5)),
        *("late 0", "new 0"),
        *("late 1", "new 1"),
    ]
    assert written[0].startswith("2026-03-02T11:00:00Z ")


def test_throttling_only_makes_it_slower() -> None:
    client = Logs(error("ThrottlingException"), error("ThrottlingException"))
    client.add("a", "line")
    assert len(followed(client, pauses=3)) == 1


def test_any_other_error_ends_it() -> None:
    with pytest.raises(ClientError):
        followed(Logs(error("AccessDeniedException")))


def test_what_a_terminal_would_obey_is_not_written() -> None:
    client = Logs()
    client.add("a", "red \x1b[31m\rtext\nand\ta tab")
    [line] = followed(client)
    assert line.endswith("red \ufffd[31m\ufffdtext\nand\ta tab")


@pytest.mark.parametrize(
    ("function", "guess"),
    [
        ("wach", " Did you mean watch? It has "),
        ("on_image", " Did you mean on_image_push?"),
        ("zzz", "'zzz'. It has on_image_push, on_service_change, watch, deploy, "),
    ],
)
def test_a_function_that_does_not_exist_is_met_with_those_that_do(
    function: str, guess: str
) -> None:
    with pytest.raises(Refused) as refused:
        followed(Logs(), function=function)
    assert f"Slipway has no function '{function}'." in str(refused.value)
    assert guess in str(refused.value)


@pytest.fixture(scope="module")
def aws() -> Iterator[EmbeddedAws]:
    with EmbeddedAws() as embedded:
        yield embedded


def command(aws: EmbeddedAws, *arguments: Any) -> subprocess.Popen[str]:
    environment = {
        **UNCHANGING,
        "AWS_ENDPOINT_URL": aws.endpoint,
        "AWS_REGION": aws.region,
        "AWS_ACCESS_KEY_ID": "admin",
        "AWS_SECRET_ACCESS_KEY": "admin",
    }
    return subprocess.Popen(
        [sys.executable, "-m", "cli", "logs", *arguments],
        cwd=PROJECT,
        env=environment,
        text=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )


def write(aws: EmbeddedAws, message: str) -> None:
    at = int(datetime.now(UTC).timestamp() * 1000)
    aws.client("logs").put_log_events(
        logGroupName=GROUP,
        logStreamName="a",
        logEvents=[{"timestamp": at, "message": message}],
    )


def test_on_the_embedded_aws_it_follows_until_ctrl_c_which_ends_it_with_one_line(
    aws: EmbeddedAws,
) -> None:
    aws.client("logs").create_log_group(logGroupName=GROUP)
    aws.client("logs").create_log_stream(logGroupName=GROUP, logStreamName="a")
    write(aws, "before")
    with command(aws, "--stage", "dev", "--function", "watch") as process:
        assert process.stdout is not None
        try:
            assert process.stdout.readline().endswith(" before\n")
            write(aws, "after")
            assert process.stdout.readline().endswith(" after\n")
            process.send_signal(signal.SIGINT)
            assert process.communicate() == ("", "Stopped following the log.\n")
        finally:
            process.kill()
    assert process.returncode == INTERRUPTED


def test_on_the_embedded_aws_a_group_that_is_not_there_is_said_in_one_sentence(
    aws: EmbeddedAws,
) -> None:
    with command(aws, "--stage", "prod", "--function", "watch") as process:
        said = process.communicate()
    assert process.returncode == 1
    assert said[0] == ""
    assert said[1] == (
        "There is no log group /aws/lambda/slipway-prod-watch in us-west-2: Slipway is not "
        "deployed here, or in another account, region or stage. Next: make deploy STAGE=prod\n"
    )
