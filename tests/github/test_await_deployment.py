"""The script of await-deployment: what it waits for, how it ends, what it lets through."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml
from markdown_it import MarkdownIt

from chalicelib.model.deployments import OPEN, Status
from embedded.gate.faults import Throttle
from embedded.services.ecs import Crash
from tests.bootstrap.templates import REPOSITORY, deploy, environment
from tests.dialect.account import SERVICE as RUNNING
from tests.dialect.packaged import Packaged
from tests.github.conftest import AwsCommand
from tests.github.records import DIGEST, SERVICE, record, replied
from tests.github.runner import AWAIT, PROJECT, Runs, Step, bare, run

SINCE = "2026-11-22T23:41:00Z"
ASKED = {
    "ENVIRONMENT": "dev",
    "SERVICE": SERVICE,
    "DIGEST": DIGEST,
    "SINCE": SINCE,
    "INTERVAL": "0",
    "APPEAR": "5s",
    "TIMEOUT": "30s",
}
ENDS = {
    Status.SUCCESSFUL: 0,
    Status.OBSERVED: 0,
    Status.FAILED: 1,
    Status.ROLLBACK_SUCCESSFUL: 1,
    Status.ROLLBACK_FAILED: 1,
    Status.SUPERSEDED: 3,
    Status.REFUSED: 3,
    Status.HELD: 7,
}


@pytest.fixture
def waits(status: AwsCommand, shell: dict[str, str], tmp_path: Path) -> Runs:
    """Runs the script against replies; `inputs` change the action's."""

    def wait(*replies: Any, **inputs: str) -> Step:
        status.replies(*replies)
        return run(AWAIT, tmp_path, shell | ASKED | inputs)

    return wait


def test_every_status_that_ends_a_deployment_has_an_exit_code() -> None:
    """And so has the one in which it waits for a person."""
    assert set(ENDS) == (set(Status) - OPEN) | {Status.HELD}


@pytest.mark.parametrize(("ended", "code"), ENDS.items(), ids=str)
def test_how_a_deployment_ends_is_how_the_step_ends(waits: Runs, ended: Status, code: int) -> None:
    step = waits(replied(record(ended, reason="as it was")))
    assert step.code == code, step.log
    assert step.outputs["status"] == ended
    assert step.outputs["deployment"].endswith("a1dbd1c5")
    assert "does not know" not in step.log
    assert bool(step.errors) == (code not in {0, 7})
    assert "as it was" in MarkdownIt().render(step.summary)


def test_open_statuses_are_waited_through_and_told_once_each(waits: Runs) -> None:
    steps = [record(one, running=0) for one in ("PENDING", "IN_PROGRESS", "IN_PROGRESS")]
    steps.append(record("ROLLBACK_IN_PROGRESS", running=1))
    step = waits(*map(replied, steps), replied(record("ROLLBACK_SUCCESSFUL")))
    assert step.code == 1
    assert step.log.count("IN_PROGRESS conflicto-backend-dev:2, 0 of 2 tasks run") == 1
    for one in ("PENDING", "ROLLBACK_IN_PROGRESS"):
        assert step.log.count(f" {one} ") == 1, step.log


WAITS = "held by sam until 2026-11-23T06:00:00Z: the migration runs"


@pytest.mark.parametrize("wanted", ["deployed", "rolled-back"])
@pytest.mark.parametrize("cause", ["push", "rollback"])
def test_a_job_does_not_wait_for_a_person(
    waits: Runs, status: AwsCommand, wanted: str, cause: str
) -> None:
    held = record("HELD", reason=WAITS, cause=cause)
    step = waits(
        replied(record("PENDING", cause=cause)),
        replied(held),
        replied(record("SUCCESSFUL", cause=cause)),
        WANTED=wanted,
        DEPLOYMENT=held["deployment"],
        DIGEST="",
        TIMEOUT="1h",
    )
    assert (step.code, len(status.asked)) == (7, 2), step.log
    (told,) = step.commands
    assert told.name == "notice"
    assert told.message == (
        f"{WAITS}\n\nThe deployment goes on without this job when it is released; "
        "to follow it, ask slipway-dev-status, or run this job again."
    )
    assert told.properties.endswith("abc1234 is held")
    assert step.outputs == {
        "deployment": held["deployment"],
        "status": "HELD",
        "revision": held["revision"],
    }
    page = MarkdownIt().enable("table").render(step.summary)
    assert "abc1234 is held" in page
    assert WAITS in page
    assert "<code>HELD</code>" in step.summary


def test_what_is_held_without_a_reason_is_told_with_the_next_step(waits: Runs) -> None:
    (told,) = waits(replied(record("HELD"))).commands
    assert told.message.startswith("The deployment goes on without this job")


def test_the_job_that_is_run_again_ends_with_the_verdict_of_what_was_released(waits: Runs) -> None:
    released = record("SUCCESSFUL", created="2026-11-20T10:00:00.000Z")
    assert waits(replied(record("HELD")), SINCE=SINCE).code == 7
    assert waits(replied(released), DEPLOYMENT=released["deployment"]).code == 0


def test_what_was_held_before_the_push_is_believed_only_after_a_while(waits: Runs) -> None:
    earlier = record("HELD", created="2026-11-20T10:00:00.000Z", deployment="earlier")
    step = waits(replied(earlier), replied(record(), earlier), replied(record()))
    assert step.code == 0, step.log
    assert waits(replied(earlier), APPEAR="1s").code == 7


def test_once_found_the_deployment_is_asked_for_by_its_id(waits: Runs, status: AwsCommand) -> None:
    waits(replied(record("IN_PROGRESS")), replied(record("SUCCESSFUL")))
    first, second = status.asked[:2]
    assert first == {"service": SERVICE}
    assert second == {"service": SERVICE, "deployment": record()["deployment"]}


def test_an_earlier_deployment_of_the_same_digest_is_not_the_answer(
    waits: Runs,
) -> None:
    older = record(created="2026-11-20T10:00:00.000Z", deployment="older")
    other = record(created="2026-11-21T10:00:00.000Z", digest="sha256:" + "0" * 64)
    step = waits(
        replied(other, older), replied(record("FAILED"), other, older), replied(record("FAILED"))
    )
    assert step.code == 1
    assert step.outputs["deployment"] != "older"


def test_a_digest_that_was_the_last_to_be_asked_for_is_answered_by_its_last_verdict(
    waits: Runs,
) -> None:
    known = record(created="2026-11-20T10:00:00.000Z")
    refused = record("REFUSED", digest="sha256:" + "0" * 64)
    assert waits(replied(refused, known), APPEAR="1s").code == 0
    failed = known | {"status": "ROLLBACK_SUCCESSFUL"}
    assert waits(replied(failed), APPEAR="1s").code == 1


def test_an_old_verdict_is_no_answer_where_somebody_else_deployed_since(
    waits: Runs,
) -> None:
    foreign = record(cause="foreign", digest="", tag="")
    step = waits(replied(foreign, record(created="2026-11-20T10:00:00.000Z")), APPEAR="1s")
    assert step.code == 5
    assert "where somebody else deployed since, `deploy` it" in step.errors[0]


def test_what_slipway_never_hears_of_ends_with_where_to_look(waits: Runs) -> None:
    step = waits(replied(), APPEAR="1s")
    assert step.code == 5
    (told,) = step.errors
    for place in ("targets.toml", "slipway-dev-on_image_push", "EventBridge", "sweep"):
        assert place in told
    assert "No deployment" in step.summary


def test_without_a_verdict_in_time_the_step_says_that_the_rollout_goes_on(
    waits: Runs,
) -> None:
    step = waits(replied(record("IN_PROGRESS")), TIMEOUT="1s")
    assert step.code == 4
    assert "goes on without this job" in step.errors[0]
    assert step.outputs["status"] == "IN_PROGRESS"


def test_a_function_that_fails_for_a_while_is_asked_again(waits: Runs) -> None:
    busy = {"error": "others kept writing; ask again. Ask again in a minute."}
    step = waits("raise a fault of ours", busy, replied(record()))
    assert step.code == 0
    assert "asking again: slipway-dev-status failed: a fault of ours" in step.log
    assert "asking again: others kept writing" in step.log


def test_a_function_that_keeps_failing_is_given_up(waits: Runs, status: AwsCommand) -> None:
    step = waits("raise a fault of ours")
    assert step.code == 6
    assert len(status.asked) == 5
    assert "a fault of ours" in step.errors[0]


@pytest.mark.parametrize(
    ("said", "next_step"),
    [
        ("An error occurred (AccessDeniedException): User x is not authorized", "may not invoke"),
        ("An error occurred (ResourceNotFoundException)", "There is no function"),
        ("An error occurred (ExpiredTokenException)", "role-duration-seconds"),
        ("Unable to locate credentials.", "configure-aws-credentials"),
        ("You must specify a region.", "configure-aws-credentials"),
    ],
)
def test_what_no_waiting_mends_is_told_at_once_with_the_next_step(
    waits: Runs, status: AwsCommand, said: str, next_step: str
) -> None:
    step = waits(f"error {said}")
    assert (step.code, len(status.calls)) == (6, 1)
    assert said in step.errors[0]
    assert next_step in step.errors[0]


def test_throttling_passes(waits: Runs) -> None:
    assert waits("error (TooManyRequestsException): Rate Exceeded.", replied(record())).code == 0


def test_what_slipway_refuses_to_answer_is_final(waits: Runs, status: AwsCommand) -> None:
    step = waits({"error": "no target is named x; the targets are a, b"})
    assert (step.code, len(status.asked)) == (6, 1)
    assert step.errors == ["no target is named x; the targets are a, b"]


@pytest.mark.parametrize(
    ("cause", "ended", "code"),
    [
        ("rollback", "SUCCESSFUL", 0),
        ("rollback", "ROLLBACK_SUCCESSFUL", 1),
        ("rollback", "REFUSED", 3),
        ("push", "ROLLBACK_SUCCESSFUL", 0),
        ("push", "REFUSED", 0),
        ("push", "SUPERSEDED", 0),
        ("push", "SUCCESSFUL", 1),
        ("push", "FAILED", 1),
        ("push", "HELD", 7),
        ("rollback", "HELD", 7),
        ("manual", "ROLLBACK_FAILED", 1),
    ],
)
def test_a_rollback_is_as_wanted_when_what_was_stopped_is_gone(
    waits: Runs, cause: str, ended: str, code: int
) -> None:
    step = waits(
        replied(record(ended, cause=cause)), WANTED="rolled-back", DEPLOYMENT="one", DIGEST=""
    )
    assert step.code == code, step.log


HOSTILE = "\n".join(
    (
        "::error::forged",
        "  ::set-output name=status::SUCCESSFUL",
        "fine\r::warning::after a carriage return",
        "before ##[error]forged",
        "::stop-commands::x",
        "\u001b[31mred\u0007 \u202egnihton\u202c %0A::notice::encoded",
        "</pre><script>alert(1)</script><img src=x onerror=alert(1)>",
        "[a link](https://example.com) ![an image](https://example.com/x.png) https://example.com",
        "| a | table |\n|---|---|\n```\n# heading\n<!-- comment",
        "$(touch pwned) `touch pwned` ${IFS} ' \" \\",
    )
)


def test_what_an_application_logged_commands_neither_the_runner_nor_the_summary(
    waits: Runs, tmp_path: Path
) -> None:
    step = waits(
        replied(record("FAILED", reason=HOSTILE, case=HOSTILE, tag=HOSTILE, revision=HOSTILE))
    )
    assert step.code == 1
    (error,) = step.commands
    assert error.name == "error"
    assert error.message.startswith("::error::forged")  # as text, all of it in one message
    assert "file=" not in error.properties
    assert "\u001b" not in step.log.split("::error title")[0]
    assert "\u202e" not in step.log.split("::error title")[0]

    page = MarkdownIt("commonmark", {"html": True}).enable("table").render(step.summary)
    assert "alert(1)" in page.replace("&#40;", "(").replace("&#41;", ")")
    for tag in ("<script", "<img", "<!--", "<h1"):
        assert tag not in page
    links = {part.split('"')[0] for part in page.split('href="')[1:]}
    assert {link.split("/")[2] for link in links} == {
        "github.com",
        "us-west-2.console.aws.amazon.com",
    }
    assert page.count("<pre>") == page.count("</pre>") == 1
    assert list(step.outputs) == ["deployment", "status", "revision"]
    assert not (tmp_path / "pwned").exists()


FAILED = record("FAILED", case="What failed:\n- 2 tasks", log="Last log lines:\n  a line")


def test_who_holds_a_push_commands_neither_the_runner_nor_the_summary(
    waits: Runs, tmp_path: Path
) -> None:
    step = waits(replied(record("HELD", reason=HOSTILE)))
    assert step.code == 7
    (notice,) = step.commands
    assert notice.name == "notice"
    assert "file=" not in notice.properties
    page = MarkdownIt("commonmark", {"html": True}).enable("table").render(step.summary)
    assert not [tag for tag in ("<script", "<img", "<!--", "<h1") if tag in page]
    assert not (tmp_path / "pwned").exists()


def test_log_lines_are_not_shown_unless_asked_for(waits: Runs) -> None:
    step = waits(replied(FAILED))
    assert "2 tasks" in step.log
    assert "2 tasks" in step.summary
    assert "a line" not in step.log + step.summary


def test_log_lines_that_were_asked_for_follow_the_case(waits: Runs) -> None:
    step = waits(replied(FAILED), LOG_LINES="true")
    assert step.log.index("2 tasks") < step.log.index("a line")
    assert step.summary.index("2 tasks") < step.summary.index("a line")


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("ENVIRONMENT", "dev; touch pwned"),
        ("SERVICE", "no-cluster"),
        ("SERVICE", "c/s\n::error::x"),
        ("DIGEST", "abc1234"),
        ("DEPLOYMENT", "$(touch pwned)"),
        ("TIMEOUT", "soon"),
        ("SINCE", "yesterday"),
        ("WANTED", "anything"),
        ("LOG_LINES", "maybe"),
        ("DIGEST", ""),
    ],
)
def test_an_input_that_is_not_of_its_form_asks_nobody(
    tmp_path: Path, name: str, value: str
) -> None:
    step = run(AWAIT, tmp_path, bare() | ASKED | {name: value})
    assert step.code == 2
    assert [command.name for command in step.commands] == ["error"]
    assert not (tmp_path / "pwned").exists()


def test_the_inputs_of_the_action_are_those_of_the_script() -> None:
    action = yaml.safe_load((AWAIT.parent / "action.yml").read_text("utf-8"))
    (step,) = action["runs"]["steps"]
    named = {name.upper().replace("-", "_"): name for name in action["inputs"]}
    assert step["env"] == {key: f"${{{{ inputs.{name} }}}}" for key, name in named.items()}
    script = AWAIT.read_text("utf-8")
    assert all(f"${{{key}" in script for key in named)
    outputs = {value["value"].split(".")[-1].rstrip(" }") for value in action["outputs"].values()}
    assert all(f"output {name} " in script for name in outputs)
    assert PROJECT / ".github" in AWAIT.parents


def test_a_push_is_awaited_with_the_rights_of_the_environments_role(
    packaged: Packaged, tmp_path: Path
) -> None:
    with packaged() as account:
        made = deploy(
            account.aws, "github.yaml", "github", GitHubRepository=REPOSITORY, MayDeploy="false"
        )
        issued = account.aws._clients._sessions.issue(made.outputs["RoleArn"], "slipway-42-1")
        step_sees = environment(account.aws) | {
            "AWS_ACCESS_KEY_ID": issued.access_key,
            "AWS_SECRET_ACCESS_KEY": issued.secret_key,
            "AWS_SESSION_TOKEN": issued.token,
        }
        since = account.aws.clock.now().strftime("%Y-%m-%dT%H:%M:%SZ")
        inputs = ASKED | {"SERVICE": RUNNING, "SINCE": since, "TIMEOUT": "120s", "APPEAR": "60s"}

        digest = account.push("abc1234", "latest")
        step = run(AWAIT, tmp_path, step_sees | inputs | {"DIGEST": digest})
        assert step.code == 0, step.log
        assert step.outputs["status"] == "SUCCESSFUL"
        assert step.outputs["revision"] == account.revision()
        assert "abc1234 is live" in step.log

        account.breaks("bad5678", Crash(exit_code=3, after=2))
        digest = account.push("bad5678")
        step = run(AWAIT, tmp_path, step_sees | inputs | {"DIGEST": digest})
        assert step.code == 1, step.log
        assert "exited with code 3" in step.errors[0]
        assert "exited with code 3" in step.log
        assert step.outputs["status"] == "ROLLBACK_SUCCESSFUL"

        step = run(AWAIT, tmp_path, step_sees | inputs | {"SERVICE": "conflicto-dev/none"})
        assert step.code == 6
        assert f"the targets are {RUNNING}" in step.errors[0]

        for role, named, next_step in (
            ("slipway-github-dev", "prod", "may not invoke slipway-prod-status"),
            (None, "prod", "There is no function slipway-prod-status"),
        ):
            sees = step_sees if role else environment(account.aws)
            step = run(AWAIT, tmp_path, sees | inputs | {"ENVIRONMENT": named, "DIGEST": digest})
            assert step.code == 6
            assert next_step in step.errors[0]

        rule = account.aws.faults.add(Throttle(), service="lambda", operation="Invoke", times=5)
        step = run(AWAIT, tmp_path, step_sees | inputs | {"DIGEST": digest})
        assert step.code == 1, step.log
        assert rule.struck
