"""The benchmark: its rows, its table, its chart, its clock, and one scenario on every tool."""

from __future__ import annotations

import json
import sys
import time
from dataclasses import replace
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from bench import chart, program, rows, table
from bench.__main__ import main, measure, measure_lagging
from bench.account import targets
from bench.rows import TOOLS, Row
from bench.tools import is_right
from chalicelib.model.targets import load_targets
from embedded.clock.clock import RunningClock
from example.scenarios import SCENARIOS

GOOD = Row("good", "slipway", "successful", True, 28.4, 9, 69)
CRASH = [
    Row("crash", "aws-waiter", "successful", False, 45.8, 6, 58),
    Row("crash", "slipway", "failed", True, None, 42, 69),
]


def _after(certain: float, scenario: str, tool: str, seconds: float) -> Row:
    verdict = "failed" if scenario in {"crash", "sidecar"} else "successful"
    named = replace(GOOD, scenario=scenario, tool=tool, verdict=verdict)
    return replace(named, certain=certain, seconds=seconds)


MEASURED = [
    _after(27.4, "good", "slipway", 28.4),
    _after(207.6, "bake", "slipway", 208.6),
    _after(15.6, "crash", "slipway", 35.6),
    _after(18.6, "sidecar", "slipway", 23.8),
    _after(27.6, "good", "slipway-lag", 32.6),
    _after(207.6, "bake", "ecs-deploy", 28.0),
    _after(27.6, "good", "ecs-deploy", 29.4),
]
KEYS = ["scenario", "tool", "verdict", "right", "seconds", "calls", "peak_mb", "certain"]


def test_what_is_written_is_a_list_of_rows_and_is_read_again(tmp_path: Path) -> None:
    file = tmp_path / "out" / "bench.json"
    rows.write(file, [GOOD, *CRASH])
    written = json.loads(file.read_text("utf-8"))
    assert [list(row) for row in written] == [KEYS] * 3
    assert rows.read(file) == [GOOD, *CRASH]
    assert rows.read(tmp_path / "nothing.json") == []


def test_a_new_row_takes_the_place_of_the_old_one_in_the_scenarios_order() -> None:
    better = Row("crash", "slipway", "failed", True, 20.0, 30, 69)
    merged = rows.merged(CRASH, [better, GOOD], ["good", "crash"])
    assert merged == [GOOD, better, CRASH[0]]


def test_rows_of_scenarios_that_are_no_more_are_dropped() -> None:
    assert rows.merged(CRASH, [GOOD], ["good"]) == [GOOD]


def test_the_table_keeps_the_losing_rows_and_says_which_are_wrong() -> None:
    text = table.markdown([GOOD, *CRASH], 40)
    assert "**good**: a good image, two tasks | successful | successful, 28 s, 9 calls" in text
    assert "**successful: wrong**, 46 s" in text
    assert "| Slipway | 2 of 2 | never |  |  | 26 | 69 MB |" in text
    assert "40x" in text
    assert "settling 5" in text


def test_a_row_of_before_the_moment_of_certainty_was_kept_is_read(tmp_path: Path) -> None:
    file = tmp_path / "bench.json"
    rows.write(file, [GOOD])
    [written] = json.loads(file.read_text("utf-8"))
    del written["certain"]
    file.write_text(json.dumps([written]), encoding="utf-8")
    [read] = rows.read(file)
    assert read == GOOD
    assert read.distance is None


@pytest.mark.parametrize(
    ("seconds", "certain", "distance"),
    [
        pytest.param(19.6, 15.5, 4.1, id="after"),
        pytest.param(28.0, 207.6, -179.6, id="before"),
        pytest.param(None, 15.5, None, id="no verdict"),
        pytest.param(19.6, None, None, id="never certain"),
    ],
)
def test_the_distance_is_the_time_from_certainty_to_the_verdict(
    seconds: float | None, certain: float | None, distance: float | None
) -> None:
    assert replace(GOOD, seconds=seconds, certain=certain).distance == distance


def test_the_table_says_how_far_from_certainty_each_verdict_was() -> None:
    text = table.markdown(MEASURED, 40)
    assert "| Slipway | 4 of 4 | 30 s | 3.1 s | 0 | 9 | 69 MB |" in text
    assert "| ecs-deploy 1.17.0 | 2 of 2 | never | -88.9 s | 1 | 9 | 69 MB |" in text
    assert "| successful, 28 s (+1.0 s), 9 calls, 69 MB |" in text
    assert "| **bake**" in text
    assert "successful, 28 s (-179.6 s), 9 calls" in text


def test_the_table_names_where_slipway_was_late() -> None:
    text = table.markdown(MEASURED, 40)
    assert (
        "\nSlipway: more than 5 seconds after certainty in crash (20.0 s), sidecar (5.2 s).\n"
        in text
    )
    assert "while reads lag: more than 5 seconds after certainty in no scenario.\n" in text
    assert "ecs-deploy 1.17.0: more" not in text


def test_without_any_moment_of_certainty_no_lateness_is_told() -> None:
    assert "seconds after certainty in" not in table.markdown([GOOD, *CRASH], 40)


def test_the_summary_counts_every_tool_that_has_rows() -> None:
    assert table.summary([GOOD, *CRASH]) == (
        "Right: Slipway 2 of 2, aws ecs wait services-stable 0 of 1"
    )


def test_the_chart_is_svg_with_a_mark_for_every_row() -> None:
    root = ET.fromstring(chart.svg([GOOD, *CRASH]))
    names = [each.tag.rsplit("}", 1)[1] for each in root.iter()]
    legend = len(TOOLS)
    assert names.count("circle") == legend + 2
    assert "good" in [each.text for each in root.iter()]


@pytest.mark.parametrize(
    ("verdict", "right", "said"),
    [
        ("successful", "successful", True),
        ("failed", "successful", False),
        ("successful", "failed", False),
        ("failed", "failed", True),
        ("failed", "superseded", True),
        ("successful", "superseded", False),
    ],
)
def test_an_exit_code_knows_two_verdicts(verdict: str, right: str, said: bool) -> None:
    scenario = next(scenario for scenario in SCENARIOS if scenario.right == right)
    assert is_right(verdict, scenario) is said


def test_slipway_follows_its_own_service_of_every_scenario() -> None:
    loaded = load_targets(targets(), "dev")
    assert len(loaded.all) == len(SCENARIOS)
    assert all(one.service.endswith("-slipway-service-dev") for one in loaded.all)


def test_an_unknown_scenario_is_named_together_with_those_that_exist(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert main(["--only", "god"]) == 2
    assert "no scenario god. There are: good, " in capsys.readouterr().out


SLEEPER = """
import datetime, time
from datetime import timedelta
before, clock = datetime.datetime.now(datetime.timezone.utc), time.time()
time.sleep(600)
after = datetime.datetime.now(datetime.timezone.utc)
assert timedelta(seconds=600) <= after - before < timedelta(seconds=620), after - before
assert 600 <= time.time() - clock < 620
assert isinstance(after + timedelta(1), datetime.datetime)
print(after.isoformat())
raise SystemExit(3)
"""


def test_a_program_sleeps_on_the_simulated_clock_and_sees_no_other() -> None:
    clock = RunningClock(1000)
    try:
        began, real = clock.now(), time.monotonic()
        ended = program.run(clock, [sys.executable, "-c", SLEEPER], {}, 3600)
        assert time.monotonic() - real < 30
    finally:
        clock.stop()
    assert ended.code == 3, ended.output
    assert 600 <= (ended.at - began).total_seconds() < 660
    assert ended.output.startswith(str(ended.at.date()))
    assert 5 < ended.peak_mb < 100


def test_a_program_that_never_ends_is_ended() -> None:
    clock = RunningClock(1000)
    try:
        endless = "import time\nwhile True: time.sleep(5)"
        ended = program.run(clock, [sys.executable, "-c", endless], {}, 100)
    finally:
        clock.stop()
    assert ended.code < 0


@pytest.mark.slow
def test_one_scenario_on_every_tool(tmp_path: Path) -> None:
    crash = next(scenario for scenario in SCENARIOS if scenario.name == "image-missing")
    found = {row.tool: row for row in measure([crash], tmp_path, 40)}
    found |= {row.tool: row for row in measure_lagging([crash], tmp_path, 40, 1)}
    assert set(found) == set(TOOLS)
    assert (found["slipway-lag"].verdict, found["slipway-lag"].right) == ("failed", True)
    assert (found["slipway"].verdict, found["slipway"].right) == ("failed", True)
    assert (found["aws-waiter"].verdict, found["aws-waiter"].right) == ("successful", False)
    for row in found.values():
        assert row.seconds is not None
        assert 0 < row.seconds < 600
        assert row.calls > 0
        assert 20 < row.peak_mb < 200
        assert row.certain == pytest.approx(11.6, abs=3)
        assert row.distance is not None
        assert row.distance > 0
