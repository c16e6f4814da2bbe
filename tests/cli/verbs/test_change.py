"""`deploy`, `rollback`, `hold` and `release`: the plan first, then the act, then its code."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest

from embedded.services.ecs import Crash
from tests.cli.verbs.conftest import Slipway
from tests.dialect.account import CLUSTER, FAMILY, SERVICE, SERVICE_NAME
from tests.dialect.rehearsed import RehearsedAccount


def test_a_dry_run_shows_the_fields_that_would_change_and_changes_nothing(
    account: RehearsedAccount, slipway: Slipway
) -> None:
    account.settle(SERVICE, account.push("abc1234"))
    account.settle(SERVICE, account.push("def5678"))
    before = account.stored()
    assert slipway("deploy", "backend", "abc1234", "--dry-run") == 0
    assert "would be deployed at once" in slipway.said
    assert "].image  " in slipway.said
    assert slipway("rollback", "backend", "--dry-run") == 0
    assert f"goes to   {FAMILY}:" in slipway.said
    assert slipway.asked == []
    assert account.stored() == before


def test_deploy_waits_for_the_verdict_and_sends_who_you_are_and_a_key(
    account: RehearsedAccount, slipway: Slipway
) -> None:
    account.settle(SERVICE, account.push("abc1234"))
    account.settle(SERVICE, account.push("def5678"))
    code = slipway("deploy", "backend", "abc1234", "--why", "the fix", "--wait")
    assert code == 0
    assert "SUCCESSFUL  abc1234" in slipway.said
    ((function, payload),) = slipway.asked
    assert function == "deploy"
    assert (payload["by"], payload["why"]) == ("Ops/sam", "the fix")
    assert len(payload["key"]) == 32


def test_what_fails_while_it_is_waited_for_is_the_exit_code(
    account: RehearsedAccount, slipway: Slipway
) -> None:
    account.breaks("bad0000", Crash(exit_code=1, after=2))
    with account.undelivered():
        account.push("bad0000")
    assert slipway("deploy", "backend", "bad0000", "--why", "to see", "--wait") == 3


def test_without_a_terminal_a_reason_is_needed_and_nothing_is_asked(
    account: RehearsedAccount, slipway: Slipway
) -> None:
    account.settle(SERVICE, account.push("abc1234"))
    assert slipway("rollback", "backend") == 2
    assert slipway.complained == "No reason was given. Next: add --why 'the reason'\n"
    assert slipway.asked == []


def test_a_person_who_says_no_changes_nothing(
    account: RehearsedAccount, slipway: Slipway, answers: Callable[..., list[str]]
) -> None:
    account.settle(SERVICE, account.push("abc1234"))
    answers("n")
    assert slipway("deploy", "backend", "abc1234", "--why", "to see") == 1
    assert slipway.complained == "Nothing was changed.\n"
    assert slipway.asked == []


@pytest.mark.parametrize("image", ["abc12345", "nothing-like-it"])
def test_an_image_that_is_not_there_is_refused_before_a_question(
    account: RehearsedAccount, slipway: Slipway, image: str
) -> None:
    account.settle(SERVICE, account.push("abc1234"))
    assert slipway("deploy", "backend", image, "--why", "to see") == 6
    assert f"has no image '{image}'" in slipway.said + slipway.complained
    assert slipway.asked == []


def test_a_program_reads_an_error_where_the_plan_says_that_it_is_refused(
    account: RehearsedAccount, slipway: Slipway
) -> None:
    account.settle(SERVICE, account.push("abc1234"))
    assert slipway("deploy", "backend", "nothing-like-it", "--why", "to see", "--json") == 6
    assert "has no image 'nothing-like-it'" in json.loads(slipway.said)["error"]


@pytest.mark.parametrize("verb", [("deploy", "backend", "abc1234"), ("rollback", "backend")])
def test_a_time_out_that_is_none_is_refused_before_anything_is_asked(
    slipway: Slipway, verb: tuple[str, ...]
) -> None:
    assert slipway(*verb, "--why", "to see", "--wait", "--timeout", "soon") == 2
    assert slipway.complained.startswith("--timeout: expected a span like 90s, 45m or 2h")
    assert slipway.lambda_.calls == []


def test_a_push_that_a_hold_keeps_goes_with_a_release_or_is_dropped(
    account: RehearsedAccount, slipway: Slipway
) -> None:
    account.settle(SERVICE, account.push("abc1234"))
    assert slipway("hold", "backend", "--until", "4h", "--why", "the database moves") == 0
    assert "Pushes would be held for 4h." in slipway.said
    assert f"slipway release {SERVICE}" in slipway.said
    account.push("def5678")
    account.advance(30)
    assert slipway("plan", "backend", "def5678") in {0, 5}
    assert slipway("release", "backend", "--drop", "--why", "not now") == 6
    account.settle(SERVICE, account.push("ccc3333"))
    assert slipway("release", "backend", "--why", "again") == 6
    assert "nothing is held" in slipway.complained


def test_a_release_names_the_deployment_that_was_shown(
    account: RehearsedAccount, slipway: Slipway
) -> None:
    account.settle(SERVICE, account.push("abc1234"))
    slipway("hold", "backend", "--why", "the database moves")
    account.push("def5678")
    account.advance(30)
    held = account.deployments(SERVICE)[0]["deployment"]
    assert slipway("release", "backend", "--why", "done", "--wait") == 0
    assert slipway.asked[-1][1]["deployment"] == held


def test_a_rollback_at_a_terminal_is_chosen_from_the_proven_revisions(
    account: RehearsedAccount, slipway: Slipway, answers: Callable[..., list[str]]
) -> None:
    for tag in ("aaa1111", "bbb2222", "ccc3333"):
        account.settle(SERVICE, account.push(tag))
    put = answers("3", "")
    assert slipway("rollback", "backend", "--why", "errors", "--no-hold", "--wait") == 0
    assert put[0] == "Back to which? [2]"
    assert "  1  ccc3333" in slipway.complained
    assert f"{FAMILY}:4  push  (runs now)" in slipway.complained
    same = f"--to {FAMILY}:2 --no-hold --why errors --yes --stage dev"
    assert same in slipway.complained
    assert account.revision() == f"{FAMILY}:2"
    answers("9")
    assert slipway("rollback", "backend") == 2
    assert slipway.complained.endswith("'9' is none of 1 to 4; nothing was changed\n")


def test_a_paused_rollout_goes_on_from_the_stage_that_was_shown(
    account: RehearsedAccount, slipway: Slipway
) -> None:
    _pauses(account)
    assert slipway("watch", "backend") == 5
    assert "paused in POST_SCALE_UP" in slipway.said
    assert slipway("release", "backend", "--dry-run") == 0
    assert "abc1234 would go on from stage POST_SCALE_UP." in slipway.said
    assert slipway("release", "backend", "--at", "BAKE_TIME", "--why", "tested") == 1
    assert "is paused in stage POST_SCALE_UP, so nothing was released" in slipway.complained
    assert slipway.asked == []
    assert slipway("release", "backend", "--why", "tested", "--wait") == 0
    assert slipway.asked[-1][1]["stage"] == "POST_SCALE_UP"
    assert "SUCCESSFUL" in slipway.said


def test_a_paused_rollout_that_is_dropped_is_rolled_back(
    account: RehearsedAccount, slipway: Slipway
) -> None:
    _pauses(account)
    assert slipway("release", "backend", "--drop", "--why", "the page is blank") == 0
    assert "ECS has the answer for stage POST_SCALE_UP" in slipway.said
    assert slipway("watch", "backend") == 3
    record = account.deployments(SERVICE)[0]
    assert "Ops/sam rolled it back in stage POST_SCALE_UP: the page is blank" in record["reason"]


def _pauses(account: RehearsedAccount) -> None:
    """A push of abc1234, whose rollout ECS pauses, and Slipway has seen it."""
    pause = {"targetType": "PAUSE", "lifecycleStages": ["POST_SCALE_UP"]}
    account.client("ecs").update_service(
        cluster=CLUSTER,
        service=SERVICE_NAME,
        deploymentConfiguration={"lifecycleHooks": [pause]},
    )
    account.push("abc1234")
    assert account.until(lambda: any("pause" in record for record in account.records()))
