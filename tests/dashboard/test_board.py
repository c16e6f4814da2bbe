"""The board: services of the same name share a row, whatever their stage is called."""

from __future__ import annotations

from typing import Any

import pytest

from cli.dashboard.answers import Answer
from cli.dashboard.board import Matrix, Stage, cell, matrix, name_of

AT = "2026-12-01T10:00:00+00:00"


def row(service: str, **more: Any) -> dict[str, Any]:
    """A row as `status` replies it: a service that runs what a push brought."""
    runs = {"tag": "aaa1111", "cause": "push", "since": AT, "revision": "web:2"}
    last = {"status": "SUCCESSFUL", "deployment": "d-1", "tag": "aaa1111"}
    return {"service": service, "runs": runs, "under_way": [], "last": last, **more}


def under_way(status: str, **more: Any) -> dict[str, Any]:
    record = {"deployment": "d-2", "status": status, "tag": "bbb2222", "updated": AT, "reason": ""}
    return record | more


def board(**stages: list[dict[str, Any]]) -> Matrix:
    """The matrix of boards by stage."""
    return matrix(
        [Stage(name, name, Answer({"board": rows, "at": AT})) for name, rows in stages.items()]
    )


@pytest.mark.parametrize(
    ("service", "stage", "name"),
    [
        ("shop-dev/web-dev", "dev", ("web", "shop")),
        ("dev-shop/dev_web", "dev", ("web", "shop")),
        ("shop-dev-eu/web-dev-2", "dev", ("web-2", "shop-eu")),
        ("shop/web", "dev", ("web", "shop")),
        ("devops/devices", "dev", ("devices", "devops")),
        ("shop.dev/web", "dev", ("web", "shop")),
        ("@task/report-dev", "dev", ("report", "scheduled task")),
        ("a+b/x-a+b", "a+b", ("x", "a+b")),
    ],
)
def test_a_name_is_the_service_without_the_words_of_its_stage(
    service: str, stage: str, name: tuple[str, str]
) -> None:
    assert name_of(service, stage) == name


def test_a_service_has_one_row_and_a_cell_in_each_stage_that_has_it() -> None:
    found = board(
        dev=[row("shop-dev/web-dev"), row("shop-dev/api-dev")],
        prod=[row("shop-prod/web-prod"), row("shop-prod/jobs-prod")],
    )
    cells = {one.name: [cell and cell.service for cell in one.cells] for one in found.rows}
    assert cells == {
        "web": ["shop-dev/web-dev", "shop-prod/web-prod"],
        "api": ["shop-dev/api-dev", None],
        "jobs": [None, "shop-prod/jobs-prod"],
    }


def test_services_of_one_name_in_two_clusters_have_two_rows() -> None:
    found = board(dev=[row("shop-dev/web-dev"), row("bank-dev/web-dev")])
    assert [(one.name, one.cluster) for one in found.rows] == [("web", "shop"), ("web", "bank")]


def test_a_stage_that_could_not_be_asked_is_a_column_without_cells() -> None:
    broken = Stage("prod", "prod", Answer(error="AWS cannot be reached"))
    good = Stage("dev", "dev", Answer({"board": [row("shop-dev/web-dev")], "at": AT}))
    found = matrix([good, broken])
    assert [stage.name for stage in found.stages] == ["dev", "prod"]
    [only] = found.rows
    assert only.cells[1] is None


def test_a_service_that_runs_well_needs_no_look() -> None:
    assert not cell("dev", row("shop-dev/web-dev")).troubled


@pytest.mark.parametrize(
    "more",
    [
        {"last": {"status": "FAILED", "deployment": "d-1"}},
        {"last": {"status": "ROLLBACK_SUCCESSFUL", "deployment": "d-1"}},
        {"last": {"status": "REFUSED", "deployment": "d-1"}},
        {"holds": [{"words": "sam holds it", "since": AT}]},
        {"under_way": [under_way("HELD", reason="an approval is wanted")]},
        {"runs": None},
        {"note": "ECS has no such service"},
    ],
    ids=lambda more: next(iter(more)),
)
def test_a_failure_a_hold_and_what_is_not_known_need_a_look(more: dict[str, Any]) -> None:
    found = board(dev=[row("shop-dev/web-dev", **more), row("shop-dev/api-dev")])
    assert found.troubled == 1


def test_a_row_that_could_not_be_read_is_still_shown() -> None:
    found = cell("dev", {"service": "shop-dev/web-dev", "note": "could not be read"})
    assert (found.runs, found.last, found.below) == ("", None, ("could not be read",))


def test_what_is_under_way_is_shown_with_its_stage_of_the_rollout() -> None:
    moving = under_way("IN_PROGRESS", stage="BAKE_TIME", traffic=100.0)
    found = board(dev=[row("shop-dev/web-dev", under_way=[moving])])
    assert found.busy == 1
    [one] = found.rows[0].cells[0].under_way  # type: ignore[union-attr]
    assert (one.version, one.mark.words, one.words) == (
        "bbb2222",
        "rolls out",
        "BAKE_TIME, 100 % of the traffic",
    )


def test_the_last_deployment_is_named_only_where_it_is_not_what_runs() -> None:
    failed = {"status": "FAILED", "deployment": "d-1", "tag": "bad0000"}
    assert cell("dev", row("shop-dev/web-dev")).last_version == ""
    assert cell("dev", row("shop-dev/web-dev", last=failed)).last_version == "bad0000"
    assert cell("dev", row("shop-dev/web-dev", last=failed, runs=None)).last_version == "bad0000"


def test_a_status_of_a_newer_release_is_shown_as_it_is_written() -> None:
    found = cell("dev", row("shop-dev/web-dev", last={"status": "DREAMS", "deployment": "d-1"}))
    assert found.last is not None
    assert (found.last.words, found.last.kind, found.last.sign) == ("DREAMS", "gone", "?")
