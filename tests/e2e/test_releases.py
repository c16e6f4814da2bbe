"""The stack is updated, and rolled back, while a deployment is under way."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.e2e.conftest import FAMILY, LIMIT, SERVICE
from tests.e2e.releases import FIELD, SCHEMA, release_after


@pytest.fixture(scope="module")
def after(packaged, tmp_path_factory) -> Path:
    """The release after this one, whose every item uses what is new."""
    return release_after(packaged, tmp_path_factory.mktemp("after"), writes=True)


@pytest.fixture(scope="module")
def modest(packaged, tmp_path_factory) -> Path:
    """The release after this one, which does not use its new field yet."""
    return release_after(packaged, tmp_path_factory.mktemp("modest"), writes=False)


def _stored(a: Any) -> list[dict[str, Any]]:
    """Every item of the ledger as it is stored."""
    table = a.aws.cloudformation.describe("slipway-dev").resources["Ledger"]
    found = a.aws.client("dynamodb").scan(TableName=table)["Items"]
    return sorted(found, key=lambda item: str(item["sk"]))


def _errors(a: Any, function: str) -> list[str]:
    return [
        one.response["errorMessage"]
        for one in a.aws.invocations
        if one.error and one.function == f"slipway-dev-{function}"
    ]


def test_a_deployment_that_is_under_way_when_the_stack_is_updated_ends_well(
    account, packaged, after
):
    with account() as a:
        a.push("abc1234")
        a.until_told("IN_PROGRESS")
        assert not any(FIELD in item for item in _stored(a))
        a.aws.deploy(packaged.template, after)
        a.until_told("SUCCESSFUL")
        a.until_quiet()
        assert a.running() == f"{FAMILY}:2"
        assert a.told() == ["IN_PROGRESS", "SUCCESSFUL"]
        assert [one for one in a.aws.invocations if one.error] == []
        assert {item["schema"]["N"] for item in _stored(a)} == {SCHEMA}


@pytest.mark.slow  # tests/rehearsal/test_newer_items.py tells the same of rewritten items
def test_what_a_newer_release_began_waits_untouched_while_the_stack_is_rolled_back(
    account, packaged, after
):
    with account() as a:
        a.aws.deploy(packaged.template, after)
        a.push("abc1234")
        a.until_told("IN_PROGRESS")
        a.aws.deploy(packaged.template, packaged.archive)
        a.aws.wait_until(lambda: a.aws.idle, LIMIT)
        before, asked = _stored(a), a.calls("UpdateService")
        assert {item[FIELD]["S"] for item in before} == {"written"}

        a.push("def5678")
        letters = a.aws.cloudformation.describe("slipway-dev").outputs["FailuresQueue"]
        assert a.aws.wait_until(lambda: _letters(a, letters), LIMIT)
        assert a.aws.wait_until(lambda: len(_errors(a, "watch")) > 2, LIMIT)
        for function in ("watch", "on_image_push", "on_service_change"):
            for error in _errors(a, function):
                assert f"schema {SCHEMA}, and this release of Slipway reads up to" in error
        reply = a.aws.invoke("slipway-dev-status", {"service": SERVICE})
        assert "a newer release wrote it" in reply["error"]
        assert reply["error"].endswith("Ask again in a minute.")
        assert (_stored(a), a.calls("UpdateService")) == (before, asked)
        assert a.told() == ["IN_PROGRESS"]

        a.aws.deploy(packaged.template, after)
        a.until_told("SUCCESSFUL", 2 * LIMIT)
        a.until_quiet()
        assert a.running() == f"{FAMILY}:2"
        assert a.told() == ["IN_PROGRESS", "SUCCESSFUL"]


@pytest.mark.slow
def test_a_stack_is_rolled_back_unnoticed_when_nothing_new_was_used(account, packaged, modest):
    with account() as a:
        a.aws.deploy(packaged.template, modest)
        a.push("abc1234")
        a.until_told("IN_PROGRESS")
        a.aws.deploy(packaged.template, packaged.archive)
        a.until_told("SUCCESSFUL")
        a.until_quiet()
        assert a.running() == f"{FAMILY}:2"
        assert [one for one in a.aws.invocations if one.error] == []


def _letters(a: Any, queue: str) -> int:
    answer = a.aws.client("sqs").get_queue_attributes(
        QueueUrl=queue, AttributeNames=["ApproximateNumberOfMessages"]
    )
    return int(answer["Attributes"]["ApproximateNumberOfMessages"])
