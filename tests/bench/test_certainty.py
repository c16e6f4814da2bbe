"""The command that measures the distance to certainty: two scenarios, and what it says of rows."""

from __future__ import annotations

import pytest

from bench.certainty import Distance, Group, main, summary


def _row(scenario: str, seconds: float | None, group: Group) -> Distance:
    return Distance(scenario, seconds is not None, "failed", seconds, group, 20)


def test_a_line_for_each_scenario_then_the_medians(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--only", "good", "deleted"]) == 0
    shown = capsys.readouterr().out.splitlines()
    assert [line.split()[:5] for line in shown[:2]] == [
        ["1/2", "✓", "good", "successful", "+1.0"],
        ["2/2", "✓", "deleted", "failed", shown[1].split()[4]],
    ]
    assert [line.split()[-1] for line in shown[:2]] == ["event", "none"]
    assert "ECS decided, and sent an event about it: median 1.0 s; 0 of 1 later than 5 s" in shown


def test_the_same_seed_measures_the_same_lag(capsys: pytest.CaptureFixture[str]) -> None:
    asked = ["--lag", "--only", "image-missing"]
    shown = []
    for seed in ("1", "1", "2"):
        assert main([*asked, "--seed", seed]) == 0
        shown.append(capsys.readouterr().out.splitlines()[0])
    assert shown[0] == shown[1] != shown[2]


def test_late_rows_are_named_by_group_the_latest_first() -> None:
    rows = [
        _row("good", 1.0, "event"),
        _row("bake", 12.0, "event"),
        _row("spot", 44.0, "event"),
        _row("crash", 21.0, "task"),
        _row("deleted", None, "none"),
    ]
    assert list(summary(rows)) == [
        "Right: 4 of 5",
        "ECS decided, and sent an event about it: median 12.0 s; 2 of 3 later than 5 s: "
        "spot (44.0 s), bake (12.0 s)",
        "a task failed, which ECS told, but one failed task does not show the end: "
        "median 21.0 s; 1 of 1 later than 5 s: crash (21.0 s)",
        "no event told it: no verdict; 1 of 1 later than 5 s: deleted (never)",
        "all: median 16.5 s; 4 of 5 later than 5 s",
    ]


def test_a_scenario_that_does_not_exist_is_named(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--only", "goood"]) == 2
    assert "There is no scenario goood" in capsys.readouterr().out
