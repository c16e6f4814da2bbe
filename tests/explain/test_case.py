"""stopped tasks + what else was read -> case."""

from __future__ import annotations

from collections import Counter
from datetime import datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.explain.case import headline, kinds
from chalicelib.explain.causes import Kind
from chalicelib.model.health import TargetHealth
from chalicelib.model.services import Service, StoppedTask
from tests.explain.ended_tasks import NO_HOST, STARTED, ended, exited, service_that_said, whole_case
from tests.fixtures import examples
from tests.fixtures.examples import at


def test_causes_are_counted_the_most_frequent_first_and_only_four_named() -> None:
    tasks = [*(exited(code) for code in range(1, 7)), exited(1), exited(3), exited(3)]
    assert whole_case(tasks, None, None).splitlines()[:7] == [
        "What failed:",
        "- 3 tasks: container web exited with code 3",
        "- 2 tasks: container web exited with code 1",
        "- 1 task: container web exited with code 2",
        "- 1 task: container web exited with code 4",
        "- 2 tasks: other causes",
        "What to do:",
    ]


@pytest.mark.parametrize(
    "code", ["UserInitiated", "SpotInterruption", "TerminationNotice", "InfrastructureHealth"]
)
def test_what_says_nothing_about_the_image_is_told_apart_and_last(code: str) -> None:
    others = [ended(stop_code=code, reason="x", id=str(number)) for number in range(3)]
    lines = whole_case([*others, exited(1)], None, None).splitlines()
    assert lines[1] == "- 1 task: container web exited with code 1"
    assert lines[2].startswith("- 3 tasks, not counted: ")
    assert headline([*others, exited(1)], None) == "container web exited with code 1 (1 task)"
    assert headline(others, None) == ""


def test_tasks_tell_when_they_ended() -> None:
    first = whole_case([exited(1, 30), exited(1, 10)], None, None).splitlines()[1]
    assert first == "- 2 tasks, 10:15:40 to 10:16:00 UTC: container web exited with code 1"
    assert ", 10:15:40 UTC: " in whole_case([exited(1, 10), exited(1)], None, None)


def test_a_log_that_says_exec_format_error_corrects_the_cause_of_a_crash() -> None:
    logs = ["exec /usr/local/bin/gunicorn: exec format error"]
    assert "another CPU architecture" in whole_case([exited(1)], None, None, logs=logs)
    assert "another CPU" not in whole_case([exited(0)], None, None, logs=logs)


def test_the_services_own_events_since_it_was_applied_are_told() -> None:
    said = (
        (50, "is unable to consistently start tasks successfully."),
        (40, "has reached a steady state."),
        (30, "has started 1 tasks: (task 1)."),
        (20, "has stopped 1 running tasks: (task 1)."),
        (10, "has begun draining connections on 1 tasks."),
        (-10, "was unable to assume a role."),
    )
    assert whole_case([], service_that_said(*said), at(0)) == (
        "What ECS says:\n- is unable to consistently start tasks successfully."
    )


def test_ecs_words_are_repeated_once_where_they_say_more() -> None:
    pull = ended(reason="CannotPullContainerError: odd", stop_code="TaskFailedToStart")
    told = whole_case([pull, pull, exited(1)], None, None)
    assert told.count("CannotPullContainerError: odd") == 1
    assert "Essential container" not in told


def test_nothing_seen_is_no_case_and_no_headline() -> None:
    assert whole_case([], None, None) == ""
    assert whole_case([], examples.service(), at(0)) == ""
    assert headline([], None) == ""


@pytest.mark.parametrize(
    ("tasks", "service", "expected"),
    [
        ([exited(1)] * 4, None, "container web exited with code 1 (4 tasks)"),
        ([exited(139)], None, "container web exited with code 139 (crashed, SIGSEGV) (1 task)"),
        ([ended(reason="new")], None, ""),
        ([ended(reason="new"), ended(reason="new"), exited(1)], None,
         "container web exited with code 1 (1 task)"),
        ([], service_that_said((1, NO_HOST)),
         "no task could be placed: no host has enough free memory"),
        ([], service_that_said((-1, NO_HOST)), ""),
    ],
)  # fmt: skip
def test_the_headline_is_the_most_frequent_known_cause(
    tasks: list[StoppedTask], service: Service | None, expected: str
) -> None:
    assert headline(tasks, service, at(0)) == expected


def test_kinds_are_counted() -> None:
    tasks = [exited(1), exited(2), ended(reason="new")]
    assert kinds(tasks) == Counter({Kind.CRASHED: 2, Kind.UNKNOWN: 1})


def test_the_last_thirty_log_lines_are_told_masked_and_in_their_order() -> None:
    logs = [f"line {number} password=hunter{number}" for number in range(40)]
    lines = whole_case([], None, None, logs=logs).splitlines()
    assert lines[0] == "Last log lines:"
    assert lines[1:] == [f"  line {number} password=***" for number in range(10, 40)]


def test_a_private_key_over_several_log_lines_is_told_without_its_body() -> None:
    logs = [
        "-----BEGIN EC PRIVATE KEY-----",
        "aB3+" * 16,
        "Zz9/Yx8=",
        "-----END EC PRIVATE KEY-----",
    ]
    lines = whole_case([], None, None, logs=logs).splitlines()
    assert lines[2:4] == ["  ***", "  ***"]


def test_log_lines_are_cut_first_and_the_oldest_of_them() -> None:
    logs = [f"{number} {'x' * 500}" for number in range(30)]
    told = whole_case([exited(1)], None, None, logs=logs, changed=["cpu"])
    assert len(told) <= 4_500
    assert "- cpu" in told
    assert told.splitlines()[-1].startswith("  29 x")
    assert "  0 x" not in told


LOUD = st.text(max_size=20) | st.sampled_from(["x" * 5_000, "a\nb", "password=s3cr3t", "\x1b[31m"])
LOUDS = st.lists(LOUD, max_size=60)


@given(LOUDS, LOUDS, LOUDS, LOUD)
def test_a_case_fits_whatever_is_said(
    reasons: list[str], logs: list[str], others: list[str], note: str
) -> None:
    case = whole_case(
        [ended(reason=reason, container=reason, container_reason=reason) for reason in reasons],
        service_that_said(*((1, event) for event in others)),
        at(0),
        logs=logs,
        logs_note=note,
        targets=[
            TargetHealth(target=words, state="unhealthy", reason=words, description=words)
            for words in others
        ],
        targets_note=note,
        changed=others,
        alarms=others,
    )
    assert len(case) <= 4_500
    assert all(line.isprintable() for line in case.split("\n"))
    assert "s3cr3t" not in case


def test_why_the_targets_are_not_known_is_told() -> None:
    told = whole_case([exited(1)], None, None, targets_note="AWS was\nnot reached")
    assert "\nLoad balancer: AWS was not reached" in told


def test_what_the_load_balancer_said_through_ecs_is_not_repeated_as_ecs_words() -> None:
    passed_on = "(port 80) is unhealthy in (target-group web) due to (reason Request timed out)."
    told = whole_case([], service_that_said((9, STARTED[1]), (8, passed_on), (7, passed_on)), at(0))
    assert told == "The load balancer says:\n- Target.Timeout: Request timed out (port 80)"
    assert whole_case([], service_that_said((8, passed_on)), at(9)) == ""


def test_the_longest_life_of_those_that_ran_is_told() -> None:
    tasks = [exited(1, 30, started_at=at(18.4)), exited(1, 9, started_at=at(5)), exited(1, 2)]
    first = whole_case(tasks, None, None).splitlines()[1]
    assert first.endswith(": container web exited with code 1 (ran at most 12 s)")


def test_times_are_told_in_utc() -> None:
    moment = datetime.fromisoformat("2026-03-02T12:00:00+02:00")
    told = whole_case([exited(1).model_copy(update={"stopped_at": moment})], None, None)
    assert ", 10:00:00 UTC: " in told
