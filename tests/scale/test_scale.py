"""Slipway with many services, pushes, records or tasks; the full sizes are slow tests."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from bench import scale
from bench.board import board
from bench.reads import Reads
from bench.scale import Burst, History, Load, burst, fan_out, flood, history, main

slow = pytest.mark.slow
LOAD = Load(4, 2, 8, 4, 0, 0, 4, {"RegisterTaskDefinition": 3}, 0, 0, 0, 2, 30.0, 20.0, 1.5)


def nothing_went_wrong(load: Load) -> None:
    assert load.deployed == load.services
    assert (load.lost, load.failed) == (0, 0)
    assert (load.timed_out, load.undelivered, load.lost_sight) == (0, 0, 0)
    assert load.throttled["RegisterTaskDefinition"] > 0


@pytest.mark.parametrize(
    ("services", "clusters", "ratio"),
    [(30, 3, 2.0), pytest.param(500, 50, 1.25, marks=slow)],
)
def test_one_image_reaches_every_service_about_as_fast_as_ecs_registers(
    services: int, clusters: int, ratio: float
) -> None:
    load = fan_out(services, clusters)
    nothing_went_wrong(load)
    assert load.registered == services
    assert load.clusters == clusters
    assert 1.0 <= load.ratio <= ratio


@pytest.mark.parametrize(
    ("pushes", "services", "within", "ratio"),
    [(44, 22, 4.0, 2.0), pytest.param(1000, 200, 60.0, 1.5, marks=slow)],
)
def test_of_a_flood_of_pushes_every_service_gets_its_newest_and_no_push_is_lost(
    pushes: int, services: int, within: float, ratio: float
) -> None:
    load = flood(pushes, services, within)
    nothing_went_wrong(load)
    assert services <= load.registered < pushes
    assert load.ratio <= ratio


@pytest.mark.parametrize("tasks", [40, pytest.param(200, marks=slow)])
def test_a_rollout_of_many_tasks_is_told_of_twice(tasks: int) -> None:
    """ECS says that it began and that it completed; what its tasks do on the way is filtered."""
    good = burst(tasks, crash=False)
    assert good.status == "SUCCESSFUL"
    assert good.task_events >= 8 * tasks
    assert good.delivered == 2
    assert good.looks == 0


@pytest.mark.parametrize("tasks", [40, pytest.param(200, marks=slow)])
def test_the_ends_of_many_tasks_at_once_are_few_looks(tasks: int) -> None:
    bad = burst(tasks, crash=True)
    assert bad.status == "ROLLBACK_SUCCESSFUL"
    assert bad.delivered >= tasks
    # One by one up to the fourth end, then one in five seconds; each look lists twice.
    assert bad.looks <= 2 * (4 + bad.seconds / 5)


@pytest.mark.parametrize("records", [2_000, pytest.param(100_000, marks=slow)])
def test_what_is_read_does_not_grow_with_the_history(records: int) -> None:
    few, many = dict(history(100).reads), dict(history(records).reads)
    assert few["status by service"].items == 21  # the newest twenty, and HEAD
    assert few.pop("status by image").items == 102  # all of them, and HEAD
    assert many.pop("status by image").items == 201  # as far back as it searches
    assert many == few
    assert set(few) == {
        "status by service", "status by deployment", "sweep", "push", "poll"
    }  # fmt: skip
    assert all(reads.requests for reads in few.values())


@pytest.fixture
def measured(monkeypatch: pytest.MonkeyPatch) -> Callable[[Load], None]:
    """The command measures nothing: it gets this load twice, and small figures."""

    def instead(load: Load) -> None:
        monkeypatch.setattr(scale, "fan_out", lambda *_: load)
        monkeypatch.setattr(scale, "flood", lambda *_: load)
        monkeypatch.setattr(scale, "burst", _burst)
        monkeypatch.setattr(scale, "history", _history)

    return instead


def _burst(tasks: int, *, crash: bool) -> Burst:
    return Burst(tasks, crash, 9, 2, 0, 6, 28.0, "SUCCESSFUL")


def _history(records: int) -> History:
    return History(records, {"sweep": Reads(2, 1)})


def test_the_figures_are_written_and_printed(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], measured: Callable[[Load], None]
) -> None:
    measured(LOAD)
    assert main(["--divide", "50", "--out", str(tmp_path)]) == 0
    figures = json.loads((tmp_path / "scale.json").read_text("utf-8"))
    assert [one["ratio"] for one in figures["loads"]] == [1.5, 1.5]
    assert [one["crash"] for one in figures["bursts"]] == [False, True]
    assert [one["records"] for one in figures["histories"]] == [100, 2000]
    written = (tmp_path / "scale.md").read_text("utf-8")
    assert "| throttled | 3 | 3 |" in written
    assert "| sweep | 2 requests, 1 items, 0 units | 2 requests, 1 items, 0 units |" in written
    assert written in capsys.readouterr().out


@pytest.mark.parametrize("wrong", [{"lost": 1}, {"failed": 1}, {"deployed": 3}])
def test_what_went_wrong_is_the_commands_failure(
    tmp_path: Path, measured: Callable[[Load], None], wrong: dict[str, Any]
) -> None:
    measured(replace(LOAD, **wrong))
    assert main(["--out", str(tmp_path)]) == 1


def test_the_board_of_many_services_is_read_in_few_requests() -> None:
    read = board(12)
    assert (read.services, read.pages) == (12, 1)
    assert read.requests == 2  # HEADs, and their records
    assert read.items >= 3 * 12
