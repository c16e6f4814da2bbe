"""Scheduled tasks beside ecs-deploy: what counts as right, the table, and one case on every way."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from bench.__main__ import OUT, ecs_deploy
from bench.scheduled import table
from bench.scheduled.__main__ import main
from bench.scheduled.cases import CASES
from bench.scheduled.job import changed
from bench.scheduled.play import measure, targets
from bench.scheduled.table import Row
from bench.scheduled.ways import WAYS
from chalicelib.model.targets import load_targets
from embedded.gate.recorder import Record
from tests.pages import page, section

GOOD = Row("good", "slipway", "new", "new", False, (), True, "SUCCESSFUL", 35.0, 26)
INACTIVE = "does not start: TaskDefinition is inactive"
CRON = replace(
    GOOD,
    way="cron",
    schedule=INACTIVE,
    changed=("job.EcsParameters.MemberOfNextYear.Mode",),
    active=False,
    said="exit 0",
)


def test_slipway_follows_its_own_rule_and_schedule_of_every_case() -> None:
    loaded = load_targets(targets(), "dev")
    assert [one.follow.rules for one in loaded.all] == [(f"{one.name}-slipway",) for one in CASES]
    assert all(one.follow.schedules == (f"default/{one.follow.rules[0]}",) for one in loaded.all)


def test_names_of_schedules_fit_into_what_a_task_says_of_who_started_it() -> None:
    longest = max(len(f"chronos-schedule/{case.name}-{way.name}") for case in CASES for way in WAYS)
    assert longest <= 36


def test_a_member_that_is_not_as_it_was_is_named_and_the_revision_is_not() -> None:
    before = {"job.Input": "a", "job.EcsParameters.TaskDefinitionArn": "1", "job.New": 0}
    after = {"job.Input": "b", "job.EcsParameters.TaskDefinitionArn": "2", "job.Added": None}
    assert changed(before, {**after, "job.Added": 1}) == ["job.Input", "job.New", "job.Added"]


@pytest.mark.parametrize(
    ("row", "right"),
    [
        pytest.param(GOOD, True, id="all follows"),
        pytest.param(CRON, False, id="a schedule that does not start"),
        pytest.param(replace(GOOD, schedule="first"), False, id="a schedule left behind"),
        pytest.param(replace(GOOD, changed=("job.Input",)), False, id="another member changed"),
        pytest.param(replace(GOOD, active=False), False, id="the service's revision is gone"),
        pytest.param(replace(GOOD, case="bad"), False, id="the image that failed"),
        pytest.param(replace(GOOD, case="bad", rule="first", schedule="first"), True, id="back"),
        pytest.param(
            replace(GOOD, case="bad", rule="first", schedule="first", failed=True),
            False,
            id="the image that failed ran meanwhile",
        ),
        pytest.param(replace(GOOD, case="after", rule="first"), True, id="a person's last word"),
        pytest.param(replace(GOOD, case="after"), False, id="a person's last word overwritten"),
        pytest.param(replace(GOOD, case="after", way="update"), True, id="which names no revision"),
    ],
)
def test_right_is_what_the_service_runs_and_all_else_as_it_was(row: Row, right: bool) -> None:
    assert table.right(row) is right


def test_the_table_tells_the_case_once_and_what_is_wrong_in_bold() -> None:
    text = table.markdown([CRON, GOOD], 40)
    assert (
        "| **good**: a good image | Slipway | the new image | the new image |  | SUCCESSFUL | 35 "
        "| 26 |\n"
        f"|  | `ecs deploy && ecs cron` | the new image | **{INACTIVE}** "
        "| **changed: `job.EcsParameters.MemberOfNextYear.Mode`; the service runs an INACTIVE "
        "revision** | exit 0 | 35 | 26 |\n"
    ) in text
    assert "40x" in text


@pytest.mark.parametrize(
    "row",
    [
        pytest.param(replace(GOOD, case="bad", seconds=None), id="nothing was written"),
        pytest.param(replace(GOOD, case="look"), id="it waited for somebody else"),
    ],
)
def test_seconds_are_told_of_a_write_that_waited_for_nobody(row: Row) -> None:
    assert "| SUCCESSFUL |  | 26 |" in table.markdown([row], 40)
    assert "| SUCCESSFUL | 35 | 26 |" in table.markdown([GOOD], 40)


def test_the_totals_count_how_often_a_way_was_right() -> None:
    text = table.markdown([GOOD, replace(GOOD, case="write", changed=("job.Input",)), CRON], 40)
    assert "| Slipway | 2 of 2 | 2 of 2 | 1 of 2 | 35 | 26 |\n" in text
    assert "| `ecs deploy && ecs cron` | 1 of 1 | 0 of 1 | 0 of 1 | 35 | 26 |\n" in text


def test_the_image_of_a_bad_case_is_called_the_one_that_failed() -> None:
    row = replace(GOOD, case="bad", schedule="first", failed=True)
    assert (
        "| **the image that failed** | the old image | **a job ran the image that failed** |"
        in table.markdown([row], 40)
    )


def test_the_page_has_every_case_on_every_way_and_how_it_is_measured_now() -> None:
    told = section(page("bench"), "Scheduled tasks")
    assert "\n\n".join(table.method(40)) in told
    for way in WAYS:
        assert len(re.findall(rf"^\|[^|]*\| {re.escape(way.words)} \|", told, re.M)) == len(CASES)
    for case in CASES:
        assert f"| **{case.name}**: {case.story} |" in told


def test_jobs_without_a_revision_are_changed_by_what_is_registered() -> None:
    record = Record("events", "PutTargets", "somebody", datetime.now(UTC), 200)
    slipway, update = (
        next(way for way in WAYS if way.name == name) for name in ("slipway", "update")
    )
    registered = replace(record, operation="RegisterTaskDefinition")
    assert (slipway.writes(record), update.writes(record)) == (True, False)
    assert (slipway.writes(registered), update.writes(registered)) == (False, True)


def test_a_case_that_does_not_exist_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["--only", "god"])
    assert "invalid choice: 'god'" in capsys.readouterr().err


@pytest.mark.slow
def test_one_case_on_every_way(tmp_path: Path) -> None:
    good = next(case for case in CASES if case.name == "good")
    found = {row.way: row for row in measure([good], tmp_path, ecs_deploy(OUT / "bench-venv"), 40)}
    assert [row.way for row in found.values() if table.right(row)] == ["slipway", "update"]
    assert {way: (row.rule, row.schedule) for way, row in found.items()} == {
        "slipway": ("new", "new"),
        "cron": ("new", INACTIVE),
        "keep": ("new", "first"),
        "cron-first": ("new", INACTIVE),
        "update": ("new", "new"),
    }
    assert not found["cron"].active
    assert found["slipway"].changed == []
    for row in found.values():
        assert row.seconds is not None
        assert row.calls > 0
