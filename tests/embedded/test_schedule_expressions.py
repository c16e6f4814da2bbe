"""When `rate(...)`, `cron(...)` and `at(...)` are due, and which expressions are refused."""

from __future__ import annotations

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from embedded.services.schedule_expressions import NotEvaluated, WrongExpression, read_schedule

MONDAY = datetime(2026, 3, 2, 10, 0, tzinfo=UTC)
NEW_YORK, BERLIN = ZoneInfo("America/New_York"), ZoneInfo("Europe/Berlin")


def due(expression: str, times: int = 2, zone: ZoneInfo | None = None) -> list[str]:
    """The first times at which it is due after Monday at ten."""
    schedule, moment, found = read_schedule(expression, zone or UTC), MONDAY, []
    for _ in range(times):
        following = schedule.after(moment, MONDAY)
        if following is None:
            break
        found.append(f"{following:%Y-%m-%dT%H:%M}")
        moment = following
    return found


@pytest.mark.parametrize(
    ("expression", "times"),
    [
        ("rate(1 minute)", ["2026-03-02T10:01", "2026-03-02T10:02"]),
        ("rate(2 hours)", ["2026-03-02T12:00", "2026-03-02T14:00"]),
        ("rate(7 days)", ["2026-03-09T10:00", "2026-03-16T10:00"]),
        ("cron(0 10 * * ? *)", ["2026-03-03T10:00", "2026-03-04T10:00"]),
        ("cron(* * * * ? *)", ["2026-03-02T10:01", "2026-03-02T10:02"]),
        ("cron(15 10 ? * MON-FRI *)", ["2026-03-02T10:15", "2026-03-03T10:15"]),
        ("cron(0 18 ? * fri *)", ["2026-03-06T18:00", "2026-03-13T18:00"]),
        ("cron(0 8 1 * ? *)", ["2026-04-01T08:00", "2026-05-01T08:00"]),
        ("cron(0/40 10 * * ? *)", ["2026-03-02T10:40", "2026-03-03T10:00"]),
        ("cron(5 0-12/6 2 3,JUN ? *)", ["2026-03-02T12:05", "2026-06-02T00:05"]),
        ("cron(0 0 ? * 1 *)", ["2026-03-08T00:00", "2026-03-15T00:00"]),
        ("cron(0 0 29 2 ? *)", ["2028-02-29T00:00", "2032-02-29T00:00"]),
        ("cron(0 0 1 1 ? 2027-2028)", ["2027-01-01T00:00", "2028-01-01T00:00"]),
        ("cron(0 0 1 1 ? 2027)", ["2027-01-01T00:00"]),
        ("cron(0 0 1 1 ? 2020)", []),
        ("at(2026-03-02T12:30:00)", ["2026-03-02T12:30"]),
        ("at(2026-03-02T10:00:00)", []),
    ],
)
def test_an_expression_is_due_at_its_times(expression: str, times: list[str]) -> None:
    assert due(expression) == times


@pytest.mark.parametrize(
    ("expression", "zone", "times"),
    [
        ("cron(30 9 * * ? *)", NEW_YORK, ["2026-03-02T14:30", "2026-03-03T14:30"]),
        ("at(2026-03-02T12:30:00)", BERLIN, ["2026-03-02T11:30"]),
        # New York's clocks go from 2 to 3 o'clock on 8 March 2026.
        ("cron(30 2 8,9 3 ? *)", NEW_YORK, ["2026-03-09T06:30", "2027-03-08T07:30"]),
        # Berlin's clocks go from 3 back to 2 o'clock on 25 October 2026.
        ("cron(30 2 25,26 10 ? *)", BERLIN, ["2026-10-25T00:30", "2026-10-26T01:30"]),
    ],
    ids=["cron", "at", "a time that is skipped", "a time that comes twice"],
)
def test_a_time_zone_decides_what_a_local_time_is(
    expression: str, zone: ZoneInfo, times: list[str]
) -> None:
    assert due(expression, zone=zone) == times


@pytest.mark.parametrize(
    "expression",
    [
        *("", "10 minutes", "rate(0 minutes)", "rate(5 weeks)", "rate(5minutes)"),
        *("cron(0 10 * * *)", "cron(0 10 * * * *)", "cron(0 10 ? * ? *)", "cron(60 10 * * ? *)"),
        *("cron(0 10 * 13 ? *)", "cron(0 10 ? * 0 *)", "cron(0 10 ? * FRI-MON *)"),
        *("cron(0/0 10 * * ? *)", "cron(0 10 X * ? *)", "cron(, 10 * * ? *)", "cron(0/ 1 * * ? *)"),
        *("at(2026-02-30T00:00:00)", "at(2026-03-02T10:00)"),
    ],
)
def test_other_expressions_are_wrong(expression: str) -> None:
    with pytest.raises(WrongExpression) as caught:
        read_schedule(expression)
    assert not isinstance(caught.value, NotEvaluated)


@pytest.mark.parametrize(
    "expression", ["cron(0 0 L * ? *)", "cron(0 0 15W * ? *)", "cron(0 0 ? * 6#3 *)",
                   "cron(0 0 ? * FRIL *)"],
)  # fmt: skip
def test_what_is_not_evaluated_is_said(expression: str) -> None:
    with pytest.raises(NotEvaluated, match="does not evaluate L, W and #"):
        read_schedule(expression)
