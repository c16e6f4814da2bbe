"""The costs of each function: medians, tables, and the arithmetic of the price."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from bench.lambda_ import rows, table
from bench.lambda_.cases import YARDSTICK, account, cases
from bench.lambda_.measure import Sample, Took, samples
from bench.price import cost
from bench.price.__main__ import markdown
from bench.price.usage import Usage, deployment, hour, sweep
from tests.pages import page

NAMES = ("bare", YARDSTICK, "watch", "on_image_push (deploys)", "on_service_change", "sweep")


def sample(case: str, init: int) -> Sample:
    warm = (Took(20, 5), Took(30, 7), Took(25, 6))
    return Sample(case, Took(2 * init, init), Took(50, 10), warm, 55, 400)


@pytest.fixture
def report() -> rows.Report:
    found = [sample(name, 100 + n) for name in NAMES for n in (0, 20, 10)]
    return rows.Report(
        zip_bytes=6_800_000,
        unzipped_bytes=18_000_000,
        python="3.11.7",
        rows=rows.medians(found, NAMES),
        imports=(("pydantic.main", 12.3),),
    )


def used(**changes: Any) -> Usage:
    invocations = {"on_image_push": 1, "watch": 10, "on_service_change": 3}
    calls = {"on_image_push": 20, "watch": 40, "on_service_change": 12}
    return replace(Usage(invocations, calls, 40.0, 100, 2, 300.0), **changes)


def test_a_row_is_the_median_of_its_cases_samples(report: rows.Report) -> None:
    row = report.row("watch")
    assert (row.cold, row.warm) == (3, 9)
    assert (row.init_cpu_ms, row.init_ms, row.warm_cpu_ms) == (110, 220, 6)


def test_a_report_is_read_as_it_was_written(report: rows.Report, tmp_path: Path) -> None:
    rows.write(tmp_path / "out" / "bench-lambda.json", report)
    assert rows.read(tmp_path / "out" / "bench-lambda.json") == report


def test_the_table_has_a_line_for_each_row_and_its_ratio_to_the_yardstick(
    report: rows.Report,
) -> None:
    slow = replace(report.row("watch"), init_cpu_ms=165.0)
    text = table.markdown(replace(report, rows=(report.row(YARDSTICK), slow)))
    assert "| watch | 165 | 1.50 |" in text
    assert f"| {YARDSTICK} | 110 | 1.00 |" in text
    assert "Zip 6.8 MB, unzipped 18.0 MB" in text
    assert "`pydantic.main` 12.3" in text
    assert "3 cold starts and 9 warm invocations" in text


def test_transitions_are_counted_by_the_definition() -> None:
    assert cost.transitions(1) == len(["Settle", "Watch", "Anything left?", "Done"])
    assert cost.transitions(10) - cost.transitions(9) == 3


def test_an_invocation_is_billed_by_the_share_of_a_cpu_that_its_memory_buys(
    report: rows.Report,
) -> None:
    once = cost.gigabyte_seconds("watch", 1, 0, report)
    assert once == pytest.approx((110 + 10 * 1769 / 256) / 1000 * 256 / 1024)
    assert cost.gigabyte_seconds("watch", 2, 3, report) == pytest.approx(
        once + (6 * 1769 / 256 + 30) / 1000 * 256 / 1024
    )


def test_every_price_says_its_page_and_date() -> None:
    for name, one in cost.prices().table.items():
        assert one["price"] >= 0, name
        assert one["page"], name
        assert one["as_of"], name


def test_twice_the_polls_cost_twice_their_part(report: rows.Report) -> None:
    price = cost.prices()
    some, more = (cost.deployment(used(reads=n), report, price) for n in (0, 40))
    assert more["Ledger"] - some["Ledger"] == pytest.approx(40 * price.of("read_unit"))
    assert some["State machine"] == pytest.approx(31 * 0.000025)
    assert some["Traces"] == pytest.approx(14 * price.of("trace"))


def test_who_waits_pays_whole_minutes() -> None:
    price = cost.prices()
    assert cost.github(4.1, price) == pytest.approx(5 * price.of("github_minute"))
    assert cost.codepipeline(4.1, price) == pytest.approx(6 * price.of("codepipeline_minute"))


def test_the_tables_of_prices_add_up(report: rows.Report) -> None:
    price = cost.prices()
    text = "\n".join(markdown({5: used()}, used(invocations={"sweep": 1}), {}, report, price))
    each = sum(cost.deployment(used(), report, price).values())
    assert f"**{each:.5f}**" in text
    assert "| Alarms | 1.100 |" in text
    assert "| polls, state transitions | 10, 31 |" in text


def test_a_rollout_is_played_for_as_long_as_it_is_to_take() -> None:
    played = deployment(5, earlier=1)
    assert played.seconds == pytest.approx(300, abs=15)
    assert played.invocations["on_image_push"] == 2  # the push, and the end of its scan
    assert played.polls == 10
    assert played.notices == 2
    assert played.reads > played.polls
    assert played.writes > 20
    assert set(played.calls) == set(played.invocations)


def test_a_sweep_of_what_is_in_order_writes_nothing() -> None:
    swept = sweep()
    assert (swept.writes, swept.notices, dict(swept.invocations)) == (0, 0, {"sweep": 1})
    assert swept.calls["sweep"] >= 1


def test_an_idle_hour_reads_each_repository_with_every_sweep_and_ten_services_once() -> None:
    used = hour(12)
    assert used.operations == {
        "dynamodb:Query": 6,
        "dynamodb:GetItem": 7 * 12,
        "ecr:DescribeImages": 6 * 12,
        "ecs:DescribeServices": 2,
    }
    assert (used.writes, used.notices) == (0, 0)


@pytest.mark.slow
def test_every_case_starts_and_replies_as_it_should(tmp_path: Path) -> None:
    with account(tmp_path, 2) as (aws, _), aws.clock.realtime():
        (tmp_path / "home").mkdir()
        known = cases(aws, tmp_path / "home")
        found = list(samples(known, 1, 1))
    assert [one.case for one in found] == [case.name for case in known]
    assert all(one.init.cpu > 5 and one.peak_mb > 5 for one in found)


def test_scheduled_tasks_that_follow_take_as_many_calls_as_the_page_says() -> None:
    played = deployment(1, earlier=1, follows=True)
    free = [name for name in played.operations if name.startswith(("events:", "scheduler:"))]
    assert {"events:PutTargets", "scheduler:UpdateSchedule"} < set(free)
    calls = sum(played.operations[name] for name in free)
    assert f"take {calls} calls of EventBridge and Scheduler" in " ".join(page("price").split())
    assert played.notices == 2
