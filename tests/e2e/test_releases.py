"""The stack is updated, and rolled back, while a deployment is under way."""

from __future__ import annotations

from pathlib import Path

import pytest

from cli.package.build import Package
from embedded.services.ecs import SlowStart
from tests.dialect.account import FAMILY, LIMIT, SERVICE
from tests.dialect.packaged import Packaged, PackagedAccount
from tests.e2e.releases import FIELD, SCHEMA, release_after


@pytest.fixture(scope="module")
def after(package: Package, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The next release; every item that it writes uses the new field."""
    return release_after(package, tmp_path_factory.mktemp("after"), writes=True)


@pytest.fixture(scope="module")
def modest(package: Package, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The next release; it does not use its new field yet."""
    return release_after(package, tmp_path_factory.mktemp("modest"), writes=False)


def _errors(account: PackagedAccount, function: str) -> list[str]:
    return [
        invocation.response["errorMessage"]
        for invocation in account.failed()
        if invocation.function == f"slipway-dev-{function}"
    ]


def test_a_deployment_that_is_under_way_when_the_stack_is_updated_ends_well(
    packaged: Packaged, package: Package, after: Path
) -> None:
    with packaged() as account:
        # The tasks start so slowly that the update comes before the end, also on a busy machine.
        account.breaks("abc1234", SlowStart(400))
        account.push("abc1234")
        account.until_told("IN_PROGRESS")
        assert not any(FIELD in item for item in account.stored())
        account.aws.deploy(package.template, after)
        account.until_told("SUCCESSFUL")
        account.until_quiet()
        assert account.revision() == f"{FAMILY}:2"
        assert account.told() == ["IN_PROGRESS", "SUCCESSFUL"]
        assert account.failed() == []
        assert {item["schema"]["N"] for item in account.stored()} == {SCHEMA}


@pytest.mark.slow  # tests/rehearsal/test_newer_items.py tells the same of rewritten items
def test_what_a_newer_release_began_waits_untouched_while_the_stack_is_rolled_back(
    packaged: Packaged, package: Package, after: Path
) -> None:
    with packaged() as account:
        account.aws.deploy(package.template, after)
        account.push("abc1234")
        account.until_told("IN_PROGRESS")
        account.aws.deploy(package.template, package.archive)
        account.until(lambda: account.aws.idle)
        before, asked = account.stored(), account.called("ecs:UpdateService")
        assert {item[FIELD]["S"] for item in before} == {"written"}

        account.push("def5678")
        letters = account.aws.cloudformation.describe("slipway-dev").outputs["FailuresQueue"]
        assert account.until(lambda: _letters(account, letters))
        assert account.until(lambda: len(_errors(account, "watch")) > 2)
        for function in ("watch", "on_image_push", "on_service_change"):
            for error in _errors(account, function):
                assert f"schema {SCHEMA}, and this release of Slipway reads up to" in error
        reply = account.invoke("status", {"service": SERVICE})
        assert "a newer release wrote it" in reply["error"]
        assert reply["error"].endswith("Ask again in a minute.")
        assert (account.stored(), account.called("ecs:UpdateService")) == (before, asked)
        assert account.told() == ["IN_PROGRESS"]

        account.aws.deploy(package.template, after)
        account.until_told("SUCCESSFUL", limit=2 * LIMIT)
        account.until_quiet()
        assert account.revision() == f"{FAMILY}:2"
        assert account.told() == ["IN_PROGRESS", "SUCCESSFUL"]


@pytest.mark.slow
def test_a_stack_is_rolled_back_unnoticed_when_nothing_new_was_used(
    packaged: Packaged, package: Package, modest: Path
) -> None:
    with packaged() as account:
        account.aws.deploy(package.template, modest)
        account.push("abc1234")
        account.until_told("IN_PROGRESS")
        account.aws.deploy(package.template, package.archive)
        account.until_told("SUCCESSFUL")
        account.until_quiet()
        assert account.revision() == f"{FAMILY}:2"
        assert account.failed() == []


def _letters(account: PackagedAccount, queue: str) -> int:
    answer = account.client("sqs").get_queue_attributes(
        QueueUrl=queue, AttributeNames=["ApproximateNumberOfMessages"]
    )
    return int(answer["Attributes"]["ApproximateNumberOfMessages"])
