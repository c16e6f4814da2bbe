"""The section of the job's summary: the breakdown, its picture, and what others wrote in it."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from markdown_it import MarkdownIt

from tests.github.conftest import AwsCommand
from tests.github.records import DIGEST, SERVICE, record, replied
from tests.github.runner import AWAIT, PROJECT, Runs, Step, run
from tests.github.test_await_deployment import HOSTILE

ASKED = {
    "ENVIRONMENT": "dev",
    "SERVICE": SERVICE,
    "DEPLOYMENT": record()["deployment"],
    "INTERVAL": "0",
}
TASK = {
    "id": "0a1b2c3d",
    "new": True,
    "revision": "conflicto-backend-dev:2",
    "created": "2026-11-22T23:41:36.000Z",
    "pull_started": "2026-11-22T23:41:40.500Z",
    "pull_stopped": "2026-11-22T23:41:46.500Z",
    "started": "2026-11-22T23:41:47.500Z",
    "healthy": "2026-11-22T23:41:53.500Z",
    "stopping": "",
    "stopped": "",
}
OLD = TASK | {
    "id": "ffffffff0000",
    "new": False,
    "healthy": "",
    "stopping": "2026-11-22T23:41:54.000Z",
    "stopped": "2026-11-22T23:42:03.000Z",
}


def phase(name: str, seconds: Any, usual: Any = None) -> dict[str, Any]:
    return {"phase": name, "seconds": seconds, "usual": usual}


def timed(*phases: dict[str, Any], **changes: Any) -> dict[str, Any]:
    """A record as `status` replies it of one closed deployment."""
    times = {"phases": list(phases), "tasks": [TASK, OLD], "events": [], "steps": [], "note": ""}
    known: dict[str, Any] = {
        "closed": "2026-11-22T23:42:03.364Z",
        "seconds": 27.797,
        "times": times,
    }
    return record(**known | changes)


PHASES = (
    phase("capacity", 4.797, 5.1),
    phase("pulling", 94, 6.0),
    phase("healthy", 6.0, 6.0),
    phase("slipway", 1.04),
)


@pytest.fixture
def waits(status: AwsCommand, shell: dict[str, str], tmp_path: Path) -> Runs:
    def wait(*replies: Any, **inputs: str) -> Step:
        status.replies(*replies)
        return run(AWAIT, tmp_path, shell | ASKED | inputs)

    return wait


def page(step: Step) -> str:
    rendered: str = MarkdownIt("commonmark", {"html": True}).enable("table").render(step.summary)
    return rendered


def picture(step: Step) -> list[str]:
    """The lines of the Mermaid block; there is at most one fence on the page."""
    fences = [one for one in MarkdownIt().parse(step.summary) if one.type == "fence"]
    assert [fence.info for fence in fences] in ([], ["mermaid"])
    return fences[0].content.splitlines() if fences else []


def test_the_summary_has_the_verdict_and_where_the_time_went(waits: Runs) -> None:
    step = waits(replied(timed(*PHASES)))
    shown = page(step)
    assert step.code == 0, step.log
    for text in (
        "abc1234 is live",
        SERVICE,
        DIGEST,
        "conflicto-backend-dev:2",
        "28 s",
        "SUCCESSFUL",
    ):
        assert text in shown
    cells = re.findall(
        r"<tr>\s*<td><code>(\w+)</code></td>\s*<td[^>]*>(.*?)</td>\s*<td[^>]*>(.*?)</td>", shown
    )
    assert cells == [
        ("capacity", "4.8 s", "5.1 s"),
        ("pulling", "94 s", "6 s"),
        ("healthy", "6 s", "6 s"),
        ("slipway", "1 s", ""),
    ]


def test_the_picture_has_the_phases_one_after_another_and_the_tasks_at_their_times(
    waits: Runs,
) -> None:
    began = 1795390895567  # 2026-11-22T23:41:35.567Z
    assert picture(waits(replied(timed(*PHASES)))) == [
        "gantt",
        "  title Where the time went",
        "  dateFormat x",
        "  axisFormat %H:%M:%S",
        "  todayMarker off",
        "  section Phases",
        f"    4.8 s capacity :{began}, {began + 4797}",
        f"    94 s pulling :crit, {began + 4797}, {began + 98797}",
        f"    6 s healthy :{began + 98797}, {began + 104797}",
        f"    1 s slipway :{began + 104797}, {began + 105837}",
        "  section Task 0a1b2c3d",
        f"    4.5 s capacity :{began + 433}, {began + 4933}",
        f"    6 s pulling :{began + 4933}, {began + 10933}",
        f"    1 s starting :{began + 10933}, {began + 11933}",
        f"    6 s healthy :{began + 11933}, {began + 17933}",
        "  section Old task ffffffff",
        f"    9 s draining :{began + 18433}, {began + 27433}",
    ]


@pytest.mark.parametrize(
    "name", [HOSTILE, "a:b;c#d\n%%{init: 1}%%", "```\n# out", "section x", "click a"]
)
def test_a_hostile_name_neither_ends_its_line_nor_leaves_the_picture(
    waits: Runs, name: str
) -> None:
    hostile = timed(phase(name, 3), reason=name, case=name, tag=name)
    hostile["times"] |= {
        "note": name,
        "tasks": [TASK | {"id": name}, OLD | {"id": name, "new": name}],
    }
    step = waits(replied(hostile))
    lines = picture(step)
    assert lines[0] == "gantt"
    for line in lines[6:]:
        bar = r"    [0-9.]+ s [A-Za-z0-9 ._-]+ :(crit, )?\d+, \d+"
        assert re.fullmatch(rf"{bar}|  section [A-Za-z0-9 ._-]+", line), line
    assert not [tag for tag in ("<script", "<img", "<!--", "<h1") if tag in page(step)]
    assert "\u202e" not in step.summary


@pytest.mark.parametrize(
    "times",
    [
        None,
        "text",
        {},
        {"phases": None, "tasks": 3},
        {"phases": [None, 3, {}, {"phase": 1, "seconds": 2}, phase("x", "2"), phase("x", -1)]},
    ],
    ids=str,
)
def test_a_reply_without_times_has_a_summary_without_a_breakdown(waits: Runs, times: Any) -> None:
    step = waits(replied(timed(times=times)))
    assert step.code == 0, step.log
    assert "abc1234 is live" in page(step)
    assert "Phase" not in step.summary
    assert picture(step) == []


def test_a_summary_that_cannot_be_written_does_not_change_the_verdict(waits: Runs) -> None:
    step = waits(replied(timed(service=3, status="SUCCESSFUL")))
    assert step.code == 0, step.log
    assert "The summary could not be written." in step.log


def test_tasks_without_times_of_their_own_are_left_out(waits: Runs) -> None:
    unknown = {key: value if key in {"id", "new"} else "" for key, value in TASK.items()}
    odd = timed(phase("unknown", 3))
    odd["times"]["tasks"] = [unknown, TASK | {"started": "soon", "created": 3}, None]
    lines = picture(waits(replied(odd)))
    assert [line for line in lines if "section" in line] == [
        "  section Phases",
        "  section Task 0a1b2c3d",
    ]
    assert sum("pulling" in line for line in lines) == 1


def test_times_that_come_a_moment_after_the_end_are_waited_for(
    waits: Runs, status: AwsCommand
) -> None:
    just_now = f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%S}.000Z"
    early, then = timed(closed=just_now), timed(*PHASES, closed=just_now, case="Why it failed")
    step = waits(replied(early), replied(early), replied(then))
    assert "pulling" in step.summary
    assert "Why it failed" in page(step)
    never = waits(replied(early))
    assert (never.code, len(status.asked)) == (0, 8), (
        never.log
    )  # the look, six more, the later ones


def test_times_that_will_not_come_are_not_waited_for(waits: Runs, status: AwsCommand) -> None:
    long_ago = datetime.now(UTC) - timedelta(hours=1)
    waits(replied(timed(closed=f"{long_ago:%Y-%m-%dT%H:%M:%S}.000Z")))
    assert len(status.asked) == 2


def test_times_are_asked_for_where_the_first_look_found_the_end(
    waits: Runs, status: AwsCommand
) -> None:
    found = {key: value for key, value in timed().items() if key != "times"}
    inputs = {"DEPLOYMENT": "", "DIGEST": DIGEST, "SINCE": "2026-11-22T23:41:00Z"}
    step = waits(replied(found), replied(timed(*PHASES)), **inputs)
    assert "pulling" in step.summary
    assert status.asked[1] == {"service": SERVICE, "deployment": record()["deployment"]}


def test_a_reply_about_another_deployment_changes_nothing(waits: Runs) -> None:
    found = {key: value for key, value in timed().items() if key != "times"}
    other = timed(*PHASES, deployment="another", status="FAILED", tag="0ther99")
    step = waits(replied(found), replied(other))
    assert (step.code, step.outputs["status"]) == (0, "SUCCESSFUL")
    assert "pulling" not in step.summary
    assert "0ther99 " not in page(step).split("Later")[0]


def test_the_summary_stays_far_below_githubs_limit(waits: Runs) -> None:
    long = "<" * 50_000
    much = timed(
        *[phase(long, 1.5, 1.5)] * 30, status="FAILED", reason=long, case=long, tag=long, log=long
    )
    much["times"] |= {"note": long, "tasks": [TASK | {"id": long}] * 30}
    step = waits(replied(much), LOG_LINES="true")
    assert step.code == 1, step.log[:2000]
    assert "pre" in step.summary
    assert len(step.summary.encode()) < 500_000


def test_each_service_that_is_awaited_has_a_section_of_its_own(waits: Runs) -> None:
    other = "conflicto-dev/conflicto-web-service-dev"
    pages = (
        waits(replied(timed(*PHASES))).summary
        + waits(replied(timed(*PHASES, service=other)), SERVICE=other).summary
    )
    tokens = MarkdownIt().enable("table").parse(pages)
    assert [token.type for token in tokens].count("heading_open") == 2
    assert [token.type for token in tokens].count("fence") == 2


def test_the_page_shows_a_picture_as_the_action_draws_it(waits: Runs) -> None:
    (shown,) = re.findall(
        r"```mermaid\n(.*?)```", (PROJECT / "docs" / "github.md").read_text("utf-8"), re.DOTALL
    )
    assert shown.splitlines() == picture(waits(replied(timed(*PHASES))))
