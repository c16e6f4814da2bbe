"""What `make deploy` says while CloudFormation works, and when it fails."""

from __future__ import annotations

import sys
from typing import Any

import pytest
from botocore.exceptions import ClientError

from chalicelib.errors import Refused
from cli.stack.stack import Stack, first_failure, in_words, run

STACK = "arn:aws:cloudformation:us-west-2:123456789012:stack/slipway-dev/1"


def event(name: str, status: str, why: str = "") -> dict[str, Any]:
    identity = STACK if name == "slipway-dev" else f"physical-{name}"
    found = {"LogicalResourceId": name, "PhysicalResourceId": identity, "ResourceStatus": status}
    return found | ({"ResourceStatusReason": why} if why else {})


# As DescribeStackEvents answers: newest first.
EARLIER = [
    event("slipway-dev", "UPDATE_COMPLETE"),
    event("Ledger", "UPDATE_COMPLETE"),
    event("slipway-dev", "UPDATE_IN_PROGRESS"),
]
BEGUN = [event("slipway-dev", "UPDATE_IN_PROGRESS"), *EARLIER]
HALF = [
    event("WatchRole", "CREATE_IN_PROGRESS"),
    event("Notices", "UPDATE_COMPLETE"),
    event("Failures", "UPDATE_COMPLETE"),
    event("Notices", "UPDATE_IN_PROGRESS"),
    *BEGUN,
]
FAILED = [
    event("slipway-dev", "UPDATE_ROLLBACK_IN_PROGRESS", "The following resource(s) failed"),
    event("Sweep", "UPDATE_FAILED", "Resource update cancelled"),
    event("Watch", "CREATE_FAILED", "The role cannot be assumed by Lambda."),
    *HALF,
]


@pytest.mark.parametrize(
    ("events", "words"),
    [
        (EARLIER, "comparing the package with the stack"),
        (BEGUN, "0 of 12 resources"),
        (HALF, "2 of 12 resources, creating WatchRole"),
        (FAILED, "2 of 12 resources, updating Sweep"),
    ],
    ids=["not begun", "begun", "half done", "failing"],
)
def test_progress_counts_the_resources_of_this_change_only(
    events: list[dict[str, Any]], words: str
) -> None:
    assert in_words(events, STACK, 12) == words


def test_without_a_number_of_changes_it_counts_nothing() -> None:
    assert in_words(HALF, STACK, 0) == "at work, creating WatchRole"


@pytest.mark.parametrize(
    ("events", "why"),
    [(FAILED, "Watch: The role cannot be assumed by Lambda."), (HALF, ""), (EARLIER, "")],
    ids=["failed", "not failed", "nothing done"],
)
def test_the_first_failure_of_this_change_is_the_reason(
    events: list[dict[str, Any]], why: str
) -> None:
    assert first_failure(events, STACK) == why


class Denying:
    """CloudFormation, for somebody who may ask nothing."""

    def describe_stacks(self, **_: object) -> dict[str, Any]:
        raise ClientError({"Error": {"Code": "AccessDenied", "Message": "No"}}, "DescribeStacks")


def test_who_may_not_look_is_told_less_and_deploys_all_the_same() -> None:
    stack = Stack(Denying(), "slipway-dev")
    assert (stack.doing(), stack.why_failed()) == ("at work", "")


def python(code: str, *more: str) -> list[str]:
    return [sys.executable, "-c", code, *more]


def test_what_the_command_advises_is_kept_and_not_printed(
    capfd: pytest.CaptureFixture[str],
) -> None:
    said = run(python("print('Execute the following command to deploy')"), lambda: None)
    assert said == "Execute the following command to deploy\n"
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize(
    ("complaint", "said"),
    [
        (
            "\\nAn error occurred (ValidationError): Leger is not there\\n",
            "failed: An error occurred (ValidationError): Leger is not there. "
            "Next: aws cloudformation describe-stack-events --stack-name slipway-dev",
        ),
        (
            "An error occurred: it is in ROLLBACK_COMPLETE state and can not be updated.",
            "An error occurred: it is in ROLLBACK_COMPLETE state and can not be updated. "
            "Next: aws cloudformation delete-stack --stack-name slipway-dev",
        ),
        ("", "it said nothing"),
    ],
    ids=["its own reason", "a first creation failed before", "silence"],
)
def test_a_command_that_fails_is_told_in_a_sentence_with_the_next_step(
    complaint: str, said: str
) -> None:
    code = f"import sys; sys.exit('{complaint}' or 1)"
    with pytest.raises(Refused) as refused:
        run(python(code, "--stack-name", "slipway-dev"), lambda: None)
    assert said in str(refused.value)
    assert "\n" not in str(refused.value)


def test_while_the_command_works_somebody_hears_of_it() -> None:
    heard: list[str] = []
    run(python("import time; time.sleep(2.5)"), lambda: heard.append("working"))
    assert heard
