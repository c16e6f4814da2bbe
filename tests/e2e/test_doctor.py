"""`slipway doctor` as it is typed, on the embedded AWS with the packaged stack."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import typer
from typer.testing import CliRunner

from cli.ending import ending
from cli.package.build import Package
from cli.verbs.doctor import doctor
from embedded.services.cloudformation.deploy import Stack
from tests.dialect.account import SERVICE
from tests.dialect.packaged import STACK, PackagedAccount, packaged

APP = typer.Typer()
APP.command()(ending(doctor))
EXPECTED = {  # of the example service: none is an error
    (SERVICE, "mutable-tags"),
    (SERVICE, "container-health-check"),
}


@pytest.fixture(scope="module")
def account(package: Package) -> Iterator[PackagedAccount]:
    with packaged(package) as opened:
        yield opened


@pytest.fixture
def stack(account: PackagedAccount) -> Stack:
    return account.aws.cloudformation.describe(STACK)


@pytest.fixture(autouse=True)
def signed_in(account: PackagedAccount, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in ("AWS_PROFILE", "AWS_REGION", "AWS_SESSION_TOKEN", "SLIPWAY_STAGE"):
        monkeypatch.delenv(name, raising=False)
    keys = account.aws.sessions.user("sam")
    for name, value in {
        "AWS_ENDPOINT_URL": account.aws.endpoint,
        "AWS_ACCESS_KEY_ID": keys.access_key,
        "AWS_SECRET_ACCESS_KEY": keys.secret_key,
        "AWS_CONFIG_FILE": str(tmp_path / "none"),
        "AWS_SHARED_CREDENTIALS_FILE": str(tmp_path / "none"),
        "AWS_EC2_METADATA_DISABLED": "true",
    }.items():
        monkeypatch.setenv(name, value)


def run(*arguments: str) -> tuple[int, str]:
    words = ["--region", "us-west-2", "--stage", "dev", *arguments]
    ended = CliRunner().invoke(APP, words)
    assert ended.exception is None or isinstance(ended.exception, SystemExit), ended.exception
    return ended.exit_code, ended.stdout


def found(code: int) -> tuple[set[tuple[str, str]], list[str]]:
    ended, said = run("--json")
    told: dict[str, Any] = json.loads(said)
    assert ended == code, told
    checks = {(each["service"], each["check"]) for each in told["findings"]}
    return checks, told["not_looked_at"]


def test_a_stack_just_deployed_has_no_error_and_the_terminal_says_so() -> None:
    checks, notes = found(0)
    assert checks == EXPECTED
    assert [note for note in notes if "NotImplemented" not in note and "CPU" not in note] == []
    ended, said = run()
    assert ended == 0
    assert said.splitlines()[-1].startswith("0 errors, 0 warnings, 2 pieces of advice: about ")


def test_what_breaks_in_the_stack_is_found(account: PackagedAccount, stack: Stack) -> None:
    rule = next(
        name.rpartition("/")[2]
        for logical, name in stack.resources.items()
        if stack.types[logical] == "AWS::Events::Rule"
    )
    queue = {"QueueUrl": stack.outputs["FailuresQueue"]}
    account.client("events").disable_rule(Name=rule)
    account.client("sqs").send_message(**queue, MessageBody="lost")
    account.client("cloudwatch").set_alarm_state(
        AlarmName=f"{STACK}-failures", StateValue="ALARM", StateReason="a test"
    )
    try:
        checks, _ = found(1)
        assert checks - EXPECTED == {
            (STACK, "rules-enabled"),
            (STACK, "dead-letters"),
            (STACK, "alarms"),
        }
    finally:
        account.client("events").enable_rule(Name=rule)
        account.client("sqs").purge_queue(**queue)
        account.client("cloudwatch").set_alarm_state(
            AlarmName=f"{STACK}-failures", StateValue="OK", StateReason="a test"
        )


def test_a_stack_of_another_checkout_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("cli.doctor.examine.version", lambda: "9.9.9+abcdef")
    checks, _ = found(0)
    assert checks - EXPECTED == {(STACK, "version")}


def test_only_what_makes_rollouts_slow_is_shown() -> None:
    ended, said = run(SERVICE, "--only", "slow")
    assert ended == 0
    assert "container-health-check" in said
    assert STACK not in said


def test_without_rights_it_says_what_it_could_not_look_at(
    account: PackagedAccount, monkeypatch: pytest.MonkeyPatch
) -> None:
    role = account.client("iam").create_role(RoleName="newcomer", AssumeRolePolicyDocument="{}")
    keys = account.aws.sessions.issue(role["Role"]["Arn"], "newcomer")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", keys.access_key)
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", keys.secret_key)
    monkeypatch.setenv("AWS_SESSION_TOKEN", keys.token)
    checks, notes = found(0)
    assert checks == set()
    assert any("may not call ecs:DescribeServices" in note for note in notes)
