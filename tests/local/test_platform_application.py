"""A small application, deployed into the embedded AWS, lives: events, Lambda, tables, loops, topics."""

from __future__ import annotations

import json
from collections.abc import Iterator

import platform_app
import pytest

from local.aws import EmbeddedAws
from local.cloudformation import Stack


@pytest.fixture(scope="module")
def aws() -> Iterator[EmbeddedAws]:
    with EmbeddedAws(rate=60) as aws:
        yield aws


@pytest.fixture(scope="module")
def stack(aws: EmbeddedAws, tmp_path_factory: pytest.TempPathFactory) -> Stack:
    return aws.deploy(*platform_app.package(tmp_path_factory.mktemp("package")), stack="acme")


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
