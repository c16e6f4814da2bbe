"""What every verb has: --json, help with an example, one sentence for an error, a code."""

from __future__ import annotations

import json
from typing import Any

import pytest
from botocore.exceptions import NoCredentialsError

import cli.app
from cli import exits
from cli.app import VERBS
from cli.functions import short_identity
from cli.names import chosen
from tests.cli.packages import PROJECT
from tests.cli.verbs.conftest import Slipway, aws_error
from tests.dialect.account import SERVICE
from tests.pages import page

SERVICES = ("a/backend-dev", "a/frontend-dev", "b/backend-worker-dev")


@pytest.mark.parametrize("verb", VERBS)
def test_the_help_of_every_verb_has_an_example_and_the_common_options(
    capsys: pytest.CaptureFixture[str], verb: str
) -> None:
    assert cli.app.main([verb, "--help"]) == 0
    said = capsys.readouterr().out
    assert f"Example: slipway {verb}" in said
    for option in ("--stage", "--profile", "--region", "--json"):
        assert option in said or (verb, option) == ("init", "--stage")  # it finds the stages


def test_a_verb_that_does_not_exist_is_asked_about(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.app.main(["rolback"]) == exits.USAGE
    assert "Did you mean 'rollback'?" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("error", "code", "words"),
    [
        (aws_error("AccessDeniedException"), 1, "ask for the policy slipway-reader-dev"),
        (aws_error("ExpiredTokenException"), 1, "Next: sign in again"),
        (NoCredentialsError(), 1, "No AWS credentials are set. Next: export AWS_PROFILE"),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, Exception) else "",
)
def test_what_aws_refuses_is_one_sentence_with_the_next_step(
    slipway: Slipway, error: Exception, code: int, words: str
) -> None:
    slipway.lambda_.failing["status"] = error
    assert slipway("status") == code
    assert words in slipway.complained
    assert slipway.complained.count("\n") == 1
    assert slipway.said == ""


def test_a_stage_without_slipway_is_said_with_what_to_look_at(slipway: Slipway) -> None:
    assert slipway("status", "--stage", "prod") == 1
    assert "There is no function slipway-prod-status in us-west-2" in slipway.complained


def test_with_json_an_error_is_an_object_too(slipway: Slipway) -> None:
    assert "error" in slipway.json("status", "--stage", "prod")
    assert slipway.complained == ""


def test_without_a_stage_the_checkout_has_to_have_only_one(
    slipway: Slipway, monkeypatch: pytest.MonkeyPatch, tmp_path: Any
) -> None:
    monkeypatch.delenv("SLIPWAY_STAGE")
    monkeypatch.chdir(PROJECT)
    assert slipway("status") == exits.USAGE
    assert slipway.complained.startswith("Which stage (targets.toml has dev, staging, prod)? Next:")
    (tmp_path / "chalicelib").mkdir()
    (tmp_path / "chalicelib" / "targets.toml").write_text("[environment.dev]\n", "utf-8")
    monkeypatch.chdir(tmp_path)
    assert slipway("status") == exits.LIVE


@pytest.mark.parametrize(
    ("given", "found"),
    [
        ("frontend", "a/frontend-dev"),
        ("backend-dev", "a/backend-dev"),
        ("worker", "b/backend-worker-dev"),
    ],
)
def test_a_part_of_a_name_is_enough_where_only_one_service_has_it(given: str, found: str) -> None:
    assert chosen(given, SERVICES) == found


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ("backend", "'backend' may be a/backend-dev or b/backend-worker-dev. Next: give more"),
        ("fronted-dev", "Did you mean a/frontend-dev?"),
        ("zzz", "this stage has a/backend-dev, a/frontend-dev and b/backend-worker-dev"),
    ],
)
def test_a_part_that_more_services_have_or_none_is_a_usage_error(given: str, words: str) -> None:
    with pytest.raises(exits.Usage) as refused:
        chosen(given, SERVICES)
    assert words in str(refused.value)


@pytest.mark.parametrize(
    ("arn", "who"),
    [
        ("arn:aws:sts::123456789012:assumed-role/Admin/sam", "Admin/sam"),
        ("arn:aws:iam::123456789012:user/team/sam", "user/team/sam"),
        ("arn:aws:iam::123456789012:root", "root"),
    ],
)
def test_by_is_the_end_of_the_identity_that_sts_tells(arn: str, who: str) -> None:
    assert short_identity(arn) == who


def test_an_event_is_replayed_without_a_change(slipway: Slipway, tmp_path: Any) -> None:
    event = tmp_path / "event.json"
    event.write_text(json.dumps({"source": "aws.s3", "detail-type": "Object Created"}), "utf-8")
    assert slipway("replay", str(event)) == 0
    assert slipway.asked == []
    event.write_text("{", "utf-8")
    assert slipway("replay", str(event)) == exits.USAGE
    assert slipway.complained.startswith(f"{event} is not JSON: ")
    assert slipway("replay", str(tmp_path / "none.json")) == exits.USAGE


def test_the_page_lists_every_verb_and_every_exit_code() -> None:
    text = page("command")
    for verb in VERBS:
        assert f"| `{verb}" in text or f"`slipway {verb}" in text, verb
    for code, meaning in exits.MEANINGS.items():
        assert f"| {code} | {meaning} |" in text
    assert SERVICE.split("/")[1] in text
