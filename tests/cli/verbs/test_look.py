"""`status`, `history`, `show`, `why`, `watch` and `logs`: what a person sees."""

from __future__ import annotations

from itertools import pairwise

import pytest

from embedded.services.ecs import Crash
from tests.cli.verbs.conftest import Slipway, aws_error
from tests.dialect.account import FAMILY, SERVICE, SERVICE_NAME
from tests.dialect.rehearsed import RehearsedAccount


def test_the_board_has_what_runs_what_is_under_way_and_how_the_last_one_went(
    account: RehearsedAccount, slipway: Slipway
) -> None:
    account.settle(SERVICE, account.push("abc1234"))
    account.push("def5678")
    account.advance(20)
    assert slipway("status") == 0
    head, row = slipway.said.splitlines()
    assert head.split("  ")[0] == "SERVICE"
    assert row.startswith(f"{SERVICE_NAME}  ")
    assert "abc1234 · " in row or "def5678 · " in row
    assert "▶ IN_PROGRESS def5678" in row
    assert "✓ SUCCESSFUL" in row


def test_the_history_is_a_line_for_each_deployment_with_an_id_that_show_takes(
    account: RehearsedAccount, slipway: Slipway
) -> None:
    digest = account.push("abc1234")
    account.settle(SERVICE, digest)
    assert slipway("history", SERVICE_NAME) == 0
    line = slipway.said.splitlines()[3]
    assert "✓ SUCCESSFUL" in line
    assert "abc1234" in line
    assert slipway("show", line.split()[-1]) == 0
    said = slipway.said
    assert said.startswith(f"{SERVICE}  abc1234  ✓ SUCCESSFUL\n")
    for words in (digest, "Timeline", "Changed", f"{FAMILY}:1 -> {FAMILY}:2", "Told"):
        assert words in said


def test_why_has_the_case_and_the_last_lines_of_the_failed_container(
    account: RehearsedAccount, slipway: Slipway
) -> None:
    crash = Crash(exit_code=1, after=2, logs=("KeyError: 'DATABASE_URL'",))
    account.breaks("bad0000", crash)
    account.settle(SERVICE, account.push("bad0000"))
    assert slipway("why") == 0
    assert "bad0000" in slipway.said
    assert "exited with code 1 (4 tasks)" in slipway.said
    assert "  KeyError: 'DATABASE_URL'" in slipway.said
    assert slipway("logs", "backend") == 0
    assert slipway.said.splitlines()[-1] == "KeyError: 'DATABASE_URL'"
    account.settle(SERVICE, account.push("ccc3333"))
    assert slipway("why", "backend") == 0
    assert slipway.said.startswith(f"{SERVICE}: ccc3333 is live for ")
    assert "The last failure before it:" in slipway.said


@pytest.mark.parametrize(
    ("fault", "code", "status"),
    [(None, 0, "SUCCESSFUL"), (Crash(exit_code=1, after=2), 3, "ROLLBACK_SUCCESSFUL")],
    ids=["live", "rolled back"],
)
def test_watch_ends_with_the_verdict_and_says_each_change_once(
    account: RehearsedAccount, slipway: Slipway, fault: Crash | None, code: int, status: str
) -> None:
    if fault:
        account.breaks("abc1234", fault)
    account.push("abc1234")
    account.advance(5)
    assert slipway("watch", "backend") == code
    lines = [line.split("  ", 1)[1] for line in slipway.said.split("\n\n")[0].splitlines()]
    assert status in lines[-1]
    assert all(line != after for line, after in pairwise(lines))


@pytest.mark.parametrize(("failing", "code"), [(3, 0), (30, 1)], ids=["for a while", "for long"])
def test_a_watch_goes_on_when_aws_does_not_answer_for_a_while(
    account: RehearsedAccount,
    slipway: Slipway,
    monkeypatch: pytest.MonkeyPatch,
    failing: int,
    code: int,
) -> None:
    account.push("abc1234")
    account.advance(5)
    pauses = iter(range(1_000))

    def pause(seconds: float) -> None:
        account.advance(seconds)
        if next(pauses) < failing:
            slipway.lambda_.failing["status"] = aws_error("TooManyRequestsException")
        else:
            slipway.lambda_.failing.clear()

    monkeypatch.setattr("cli.follow.time.sleep", pause)
    assert slipway("watch", "backend") == code
    assert ("TooManyRequestsException" in slipway.complained) is (code == 1)


def test_watch_ends_at_its_time_out_by_the_clock_of_aws(
    account: RehearsedAccount, slipway: Slipway
) -> None:
    account.push("abc1234")
    account.advance(5)
    assert slipway("watch", "backend", "--timeout", "4s") == 124
    assert "Still IN_PROGRESS after 4s. Next: slipway watch " in slipway.said


def test_ctrl_c_while_it_watches_says_that_the_deployment_goes_on(
    account: RehearsedAccount, slipway: Slipway, monkeypatch: pytest.MonkeyPatch
) -> None:
    account.push("abc1234")
    account.advance(5)

    def interrupt(_: float) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("cli.follow.time.sleep", interrupt)
    assert slipway("watch", "backend") == 130
    assert slipway.complained.startswith("Stopped watching; the deployment goes on. Next: slipway")


@pytest.mark.parametrize(
    ("words", "keys"),
    [
        (("status",), {"at", "board"}),
        (("history", "backend"), {"at", "deployments"}),
        (("show", "backend"), {"deployment", "timeline", "notices", "from", "to"}),
        (("why",), {"deployment"}),
        (("watch", "backend"), {"deployment", "status"}),
        (("logs", "backend"), {"deployment", "log"}),
        (("plan", "backend", "abc1234"), {"would", "changes", "from"}),
        (("deploy", "backend", "abc1234", "--dry-run"), {"would", "changes"}),
        (("rollback", "backend", "--dry-run"), {"would", "proven"}),
        (("hold", "backend", "--dry-run"), {"service", "holds", "under_way"}),
        (("release", "backend", "--dry-run"), {"service", "holds", "under_way"}),
    ],
    ids=lambda value: value[0] if isinstance(value, tuple) else "",
)
def test_json_is_the_reply_of_the_function(
    account: RehearsedAccount, slipway: Slipway, words: tuple[str, ...], keys: set[str]
) -> None:
    account.settle(SERVICE, account.push("abc1234"))
    assert keys <= set(slipway.json(*words))
    assert slipway.complained == ""
