"""Each job ends with the verdict of its own push, and says so when a later one took over."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from markdown_it import MarkdownIt

from tests.github.conftest import AwsCommand
from tests.github.records import DIGEST, SERVICE, record, replied
from tests.github.runner import AWAIT, Runs, Step, run

SINCE = "2026-11-22T23:41:00Z"
OTHER = "sha256:" + "0" * 64
ASKED = {
    "ENVIRONMENT": "dev",
    "SERVICE": SERVICE,
    "DIGEST": DIGEST,
    "SINCE": SINCE,
    "INTERVAL": "0",
    "APPEAR": "5s",
    "TIMEOUT": "30s",
}


@pytest.fixture
def waits(status: AwsCommand, shell: dict[str, str], tmp_path: Path) -> Runs:
    def wait(*replies: Any, **inputs: str) -> Step:
        status.replies(*replies)
        return run(AWAIT, tmp_path, shell | ASKED | inputs)

    return wait


def later(status: str = "IN_PROGRESS", **changes: Any) -> dict[str, Any]:
    """A record of another digest, created a minute after that of `record()`."""
    known = {"deployment": "the-later-one", "digest": OTHER, "tag": "def5678"}
    known |= {"created": "2026-11-22T23:42:35.567Z", "revision": "conflicto-backend-dev:3"}
    return record(status, **known | changes)


def page(step: Step) -> str:
    rendered: str = MarkdownIt("commonmark", {"html": True}).enable("table").render(step.summary)
    return rendered


EARLIER = record(created="2026-11-22T23:40:20.000Z", deployment="earlier")
BETWEEN = later(created="2026-11-22T23:40:50.000Z", status="SUCCESSFUL")


@pytest.mark.parametrize("ended", ["SUCCESSFUL", "FAILED", "ROLLBACK_SUCCESSFUL"])
def test_an_earlier_verdict_on_the_digest_is_not_that_of_a_push_that_brings_it_back(
    waits: Runs, ended: str
) -> None:
    """It began within the minute by which clocks may differ, and another image came between."""
    earlier = EARLIER | {"status": ended}
    new = record("ROLLBACK_FAILED")
    step = waits(replied(BETWEEN, earlier), replied(new, BETWEEN, earlier), replied(new))
    assert (step.code, step.outputs["deployment"]) == (1, new["deployment"]), step.log
    assert step.outputs["status"] == "ROLLBACK_FAILED"
    assert waits(replied(BETWEEN, earlier), APPEAR="1s").code == 5


def test_without_a_begin_an_earlier_verdict_is_no_answer_where_another_image_came_between(
    waits: Runs,
) -> None:
    now = datetime.now(UTC)
    before, between = (f"{now - timedelta(minutes=late):%Y-%m-%dT%H:%M:%S}.000Z" for late in (5, 3))
    known = replied(BETWEEN | {"created": between}, EARLIER | {"created": before})
    assert waits(known, SINCE="", APPEAR="1s").code == 5


def test_the_last_verdict_of_the_minute_before_is_believed_only_after_a_while(waits: Runs) -> None:
    new = record("FAILED")
    step = waits(replied(EARLIER), replied(new, EARLIER), replied(new))
    assert (step.code, step.outputs["status"]) == (1, "FAILED"), step.log
    assert waits(replied(EARLIER), APPEAR="1s").code == 0


def test_an_open_deployment_of_the_minute_before_is_followed_at_once(waits: Runs) -> None:
    step = waits(replied(EARLIER | {"status": "IN_PROGRESS"}), replied(EARLIER))
    assert (step.code, step.outputs["deployment"]) == (0, "earlier"), step.log


def test_a_repeated_event_that_was_refused_does_not_hide_the_pushs_own_verdict(
    waits: Runs,
) -> None:
    refused = record("REFUSED", created="2026-11-22T23:42:50.000Z", deployment="refused")
    step = waits(replied(refused, record("FAILED")), replied(record("FAILED")))
    assert (step.code, step.outputs["status"]) == (1, "FAILED"), step.log


@pytest.mark.parametrize(
    ("status_of_it", "said"), [("IN_PROGRESS", "IN_PROGRESS so far"), ("SUCCESSFUL", "SUCCESSFUL")]
)
def test_what_was_superseded_ends_with_the_later_deployment_and_its_verdict_so_far(
    waits: Runs, status_of_it: str, said: str
) -> None:
    ours = record("SUPERSEDED", reason="a newer deployment was applied (the-later-one)")
    step = waits(replied(ours), replied(ours), replied(later(status_of_it), ours))
    assert (step.code, step.outputs["deployment"]) == (3, ours["deployment"]), step.log
    words = f"Deployment the-later-one (def5678) came later. It is {said}."
    assert words in step.errors[0]
    assert "abc1234 was superseded" in page(step)
    assert "<code>the-later-one</code>" in page(step)
    assert f"<code>{status_of_it}</code>" in page(step)
    assert DIGEST in page(step)
    assert OTHER not in page(step)


@pytest.mark.parametrize("took_over", ["IN_PROGRESS", "SUCCESSFUL", "ROLLBACK_FAILED"])
def test_a_job_that_is_run_again_does_not_call_live_what_a_later_push_replaced(
    waits: Runs, took_over: str
) -> None:
    step = waits(
        replied(record()), replied(later(took_over), record()), DEPLOYMENT="one", DIGEST=""
    )
    assert step.code == 0, step.log
    (warning,) = step.commands
    assert warning.name == "warning"
    assert "the-later-one (def5678) came later" in warning.message
    assert "abc1234 was live, and a later deployment took over" in page(step)
    assert "is live" not in step.log + page(step)


@pytest.mark.parametrize("waiting", ["PENDING", "HELD", "PREPARING", "ROLLBACK_SUCCESSFUL"])
def test_what_is_live_stays_so_while_a_later_push_changed_nothing(
    waits: Runs, waiting: str
) -> None:
    known = replied(later(waiting), record())
    step = waits(replied(record()), known, DEPLOYMENT="one", DIGEST="")
    assert (step.code, step.commands) == (0, []), step.log
    assert "abc1234 is live" in page(step)
    assert "<code>the-later-one</code>" in page(step)


def test_a_rollback_that_is_run_again_says_that_a_push_came_later(waits: Runs) -> None:
    back = record(cause="rollback")
    step = waits(
        replied(back), replied(later("SUCCESSFUL"), back), WANTED="rolled-back", DEPLOYMENT="one"
    )
    assert step.code == 0
    assert "abc1234 was back, and a later deployment took over" in page(step)


def test_what_says_nothing_about_the_service_is_no_later_deployment(waits: Runs) -> None:
    others = [later("REFUSED"), later("OBSERVED")]
    step = waits(replied(record()), replied(*others, record()), DEPLOYMENT="one")
    assert "the-later-one" not in step.log + step.summary


@pytest.mark.parametrize(
    "answer", ["raise broken", {"deployments": None}, {"deployments": [None, 3]}, {"x": 1}]
)
def test_no_answer_about_later_deployments_changes_the_verdict(waits: Runs, answer: Any) -> None:
    for ended, code in (("SUCCESSFUL", 0), ("FAILED", 1), ("SUPERSEDED", 3)):
        step = waits(replied(record(ended)), answer, DEPLOYMENT="one")
        assert (step.code, step.outputs["status"]) == (code, ended), step.log
        assert f"<code>{ended}</code>" in page(step)
