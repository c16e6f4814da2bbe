"""What makes rollouts slow, and how many seconds each change saves: arithmetic, in tables."""

from __future__ import annotations

from typing import Any

import pytest

from cli.doctor.facts import Measured, TargetFacts, TasksSeen
from cli.doctor.pace import Pace, pace_of, rollout_seconds, waves
from cli.doctor.slow import slow
from tests.cli.doctor import examples as well

DEFAULT = well.group(interval=30, timeout=5, delay=300)
BIG = well.image("abc1234", size=2_000_000_000)
LATE = well.revision(containers=(well.container(health_check={"interval": 30}),))
BARE = well.revision(containers=(well.container(health_check=None),))


def saved(**changes: Any) -> dict[str, int]:
    return {each.check: each.seconds or 0 for each in slow(well.facts(**changes))}


@pytest.mark.parametrize(
    ("desired", "minimum", "maximum", "expected"),
    [
        (4, 100, 200, 1),
        (4, 100, 125, 4),
        (4, 100, 150, 2),
        (4, 50, 100, 2),
        (4, 50, 200, 1),
        (5, 100, 150, 3),
        (1, 0, 100, 1),
        (1, 100, 100, 1),
        (0, 100, 200, 1),
    ],
)
def test_a_wave_replaces_as_many_tasks_as_fit_between_floor_and_ceiling(
    desired: int, minimum: int, maximum: int, expected: int
) -> None:
    assert waves(Pace(desired=desired, minimum=minimum, maximum=maximum)) == expected


def test_a_rollout_is_its_waves_and_then_the_last_drain_and_stop() -> None:
    pace = Pace(desired=4, maximum=125, pull=5, container=8, target=30, drain=300, stop=3)
    assert rollout_seconds(pace) == 4 * (10 + 5 + 30) + 300 + 3


def test_other_strategies_start_all_tasks_at_once() -> None:
    assert waves(Pace(desired=10, maximum=110, rolling=False)) == 1


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        pytest.param({}, {}, id="nothing"),
        pytest.param(
            {"target_groups": (DEFAULT,)},
            {"target-health-check": 25, "deregistration-delay": 295},
            id="the defaults of a target group",
        ),
        pytest.param(
            {"target_groups": (well.group(delay=None),)}, {}, id="an unknown delay is not judged"
        ),
        pytest.param(
            {"target_groups": (DEFAULT,), "service": well.service(maximum_percent=125)},
            {"target-health-check": 100, "deregistration-delay": 295, "head-room": 56},
            id="each wave waits for a check",
        ),
        pytest.param(
            {"service": well.service(target_groups=()), "target_groups": (), "base": BARE},
            {"container-health-check": 30},
            id="no check at all: 40 s",
        ),
        pytest.param(
            {"target_groups": (well.group(interval=30),), "base": LATE},
            {"target-health-check": 0, "container-health-check": 20},
            id="both are checked late: one change alone saves nothing",
        ),
        pytest.param(
            {"base": BARE}, {}, id="behind a load balancer, its check is enough"
        ),
        pytest.param(
            {"base": well.revision(containers=(well.container(health_check={"interval": 60}),))},
            {"container-health-check": 50},
            id="a late check of the container",
        ),
        pytest.param(
            {"tasks": TasksSeen(pulls=(90, 100, 110))}, {"image-size": 27}, id="a long pull"
        ),
        pytest.param(
            {"measured": Measured(deployments=5, pull=100, start=7)},
            {"image-size": 27},
            id="what was measured counts before the tasks that are there",
        ),
        pytest.param(
            {"tasks": TasksSeen(pulls=(3,), killed=("web",))},
            {"ignored-sigterm": 27},
            id="a program that ignores SIGTERM",
        ),
        pytest.param(
            {
                "tasks": TasksSeen(pulls=(3,), killed=("web",)),
                "base": well.revision(containers=(well.container(stop_timeout=120),)),
            },
            {"ignored-sigterm": 117},
            id="its own stopTimeout",
        ),
        pytest.param(
            {"tasks": None, "repository": well.repository(images=(BIG,))},
            {"image-size": 11},
            id="without tasks, the image's size tells how long a pull takes",
        ),
    ],
)  # fmt: skip
def test_each_change_saves_what_comes_on_top_of_those_before(
    changes: dict[str, Any], expected: dict[str, int]
) -> None:
    assert saved(**changes) == expected


def test_what_was_measured_in_all_waves_is_shared_among_them() -> None:
    measured = Measured(deployments=3, pull=100, start=20)
    pace = pace_of(well.facts(measured=measured, service=well.service(maximum_percent=125)))
    assert pace is not None
    assert (waves(pace), pace.pull, pace.start) == (4, 25, 5)


@pytest.mark.parametrize(
    ("deployments", "words"),
    [(5, "94 s (median of the last 5 deployments);"), (1, "94 s (in the last deployment);")],
)
def test_advice_says_that_a_pull_was_measured(deployments: int, words: str) -> None:
    measured = Measured(deployments=deployments, pull=94, start=8)
    (found,) = slow(well.facts(measured=measured))
    assert f"A task pulls its image for {words}" in found.sentence


def test_the_seconds_add_up_to_what_all_of_it_saves() -> None:
    worst = {
        "target_groups": (DEFAULT,),
        "service": well.service(maximum_percent=125),
        "tasks": TasksSeen(pulls=(100,), killed=("web",)),
    }
    before = pace_of(well.facts(**worst))
    assert before is not None
    best = before.model_copy(
        update={"target": 5.0, "drain": 5.0, "pull": 73.0, "stop": 3.0, "maximum": 200}
    )
    assert sum(saved(**worst).values()) == rollout_seconds(before) - rollout_seconds(best)


def test_more_checks_do_not_end_a_slow_start_sooner() -> None:
    changes = {
        "target_groups": (DEFAULT,),
        "settings": well.facts().settings.model_copy(update={"grace": None}),  # type: ignore[union-attr]
    }
    (check, *_) = slow(well.facts(**changes))
    assert "--health-check-interval-seconds 5 --health-check-timeout-seconds 4" in check.remedy
    assert "--unhealthy-threshold-count 10" in check.remedy
    assert check.remedy.endswith("--health-check-grace-period-seconds 60")


def test_a_service_that_is_not_known_has_no_pace() -> None:
    assert list(slow(TargetFacts(stage="dev", target=well.target()))) == []
