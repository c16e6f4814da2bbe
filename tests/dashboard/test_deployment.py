"""The page of a deployment: its explanation in paragraphs, its slow phases, what may be done."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cli.dashboard.answers import Answer
from cli.dashboard.deployment import Deployment, Paragraph, paragraphs, story

AT = "2026-12-01T10:00:00+00:00"


def shown(status: str = "SUCCESSFUL", runs: str | None = None, **more: Any) -> Deployment:
    record = {
        "deployment": "d-1",
        "service": "shop-dev/web-dev",
        "status": status,
        "tag": "aaa1111",
        "created": AT,
        "updated": AT,
        "reason": "",
        "case": "",
        "log": "",
        "seconds": 30.0,
    }
    reply = {"at": AT, "deployments": [record | more]}
    return story("dev", "d-1", Answer(reply), Answer(), runs)


def test_a_case_is_read_as_headings_with_their_points() -> None:
    case = "What failed:\n- 4 tasks\n- 2 more\n\nWhat to do:\n- look\nThe end"
    assert list(paragraphs(case)) == [
        Paragraph("What failed:", ("4 tasks", "2 more")),
        Paragraph("What to do:", ("look",)),
        Paragraph("The end"),
    ]


@given(st.text(alphabet="- ab\n\t", max_size=200))
def test_no_line_of_a_case_is_lost_whatever_its_form(text: str) -> None:
    found = list(paragraphs(text))
    told = [line for part in found for line in (part.heading, *part.points) if line.strip()]
    lines = [line.removeprefix("- ") for line in text.splitlines()]
    assert told == [line for line in lines if line.strip()]


def test_a_reason_is_told_once() -> None:
    assert shown("FAILED", reason="it crashed", case="it crashed\n- twice").why == (
        Paragraph("it crashed", ("twice",)),
    )
    assert shown("FAILED", reason="it crashed").why == (Paragraph("it crashed"),)


@pytest.mark.parametrize(
    ("seconds", "usual", "slow"),
    [(100, 40, True), (80, 40, False), (20, 6, False), (100, None, False)],
)
def test_a_phase_is_slow_when_it_took_far_longer_than_usual(
    seconds: float, usual: float | None, slow: bool
) -> None:
    phases = [{"phase": "pulling", "seconds": seconds, "usual": usual}]
    [found] = shown(times={"phases": phases}).phases
    assert (found.words, found.slow) == ("pulling the image", slow)


@pytest.mark.parametrize(
    ("status", "more", "may"),
    [
        ("HELD", {}, {"release", "drop"}),
        ("PENDING", {}, set()),
        ("PREPARING", {}, {"stop"}),
        ("IN_PROGRESS", {}, {"stop"}),
        ("IN_PROGRESS", {"paused": {"stage": "BAKE_TIME"}}, {"resume", "back"}),
        ("ROLLBACK_IN_PROGRESS", {}, {"stop"}),
        ("FAILED", {}, set()),
        ("REFUSED", {}, set()),
        ("SUCCESSFUL", {"runs": "d-1", "proven": True}, {"rollback"}),
        ("SUCCESSFUL", {"runs": "d-2", "proven": True}, {"return"}),
        ("SUCCESSFUL", {"runs": "d-2", "proven": False}, set()),
    ],
)
def test_only_what_can_be_done_is_offered(status: str, more: dict[str, Any], may: set[str]) -> None:
    assert set(shown(status, **more).may) == may


def test_a_deployment_that_is_awaited_or_unknown_has_no_mark() -> None:
    awaited = story("dev", "d-1", Answer(), Answer(), None)
    unknown = story("dev", "d-1", Answer(error="There is no such deployment"), Answer(), None)
    assert (awaited.awaited, awaited.error, awaited.mark) == (True, "", None)
    assert (unknown.awaited, unknown.error) == (False, "There is no such deployment")
