"""stopped tasks + what else was read -> case.

The golden cases in tests/fixtures/cases are written again by `.venv/bin/python -m
tests.explain.test_case`; read them as a person who was woken up, then keep them.
"""

from __future__ import annotations

from collections import Counter
from datetime import datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.explain.case import explain, headline, kinds
from chalicelib.explain.causes import Kind
from chalicelib.model.health import TargetHealth
from chalicelib.model.services import Service, ServiceEvent, StoppedTask
from tests.fixtures import examples
from tests.fixtures.examples import DIGEST, URI, at

CASES = examples.HERE / "cases"
EXITED = "EssentialContainerExited"
DEPLOYMENT = "(deployment ecs-svc/1234567890123456789)"


def _task(seconds: float | None = None, **fields: Any) -> StoppedTask:
    stopped = None if seconds is None else at(seconds)
    return StoppedTask(**{"id": "1", "stop_code": EXITED, "stopped_at": stopped, **fields})


def _exit(code: int, seconds: float | None = None, **fields: Any) -> StoppedTask:
    reason = "Essential container in task exited"
    return _task(seconds, reason=reason, container="web", exit_code=code, **fields)


def _service(*said: tuple[float, str]) -> Service:
    """A service with these events, the newest first as ECS tells them."""
    name = examples.SERVICE
    return examples.service(
        name=name,
        events=tuple(
            ServiceEvent(at=at(when), message=f"(service {name}) {what}") for when, what in said
        ),
    )


BREAKER = (140, f"{DEPLOYMENT} deployment failed: tasks failed to start.")
STARTED = (20, "has started 2 tasks: (task 1) (task 2).")
IMAGE = "containerDefinitions[web].image"
TRACEBACK = [
    "2026-03-02T10:15:50Z INFO  conflicto 2.14.0 starts, MODE=dev",
    "Traceback (most recent call last):",
    '  File "/app/main.py", line 12, in <module>',
    "    engine = connect(settings.database_url)",
    '  File "/app/db.py", line 31, in connect',
    "    raise ConfigurationError(f\"cannot reach {url}\")",
    "app.errors.ConfigurationError: cannot reach postgres://app:s3cr3t@db.internal:5432/conflicto",
]  # fmt: skip
NO_HOST = (
    "was unable to place a task because no container instance met all of its requirements. The "
    "closest matching container-instance 0a1b2c3d has insufficient memory available."
)
GOLDEN: dict[str, str] = {
    "image-missing": explain(
        [
            _task(seconds, stop_code="TaskFailedToStart", reason=(
                "CannotPullContainerError: pull image manifest has been retried 5 time(s): failed "
                f"to resolve ref {URI}@{DIGEST}: {URI}@{DIGEST}: not found"))
            for seconds in (80, 45)
        ],
        _service(BREAKER, STARTED),
        at(0),
        logs_note="the container never ran",
        changed=[IMAGE],
    ),
    "crash-with-logs": explain(
        [
            *(_exit(1, seconds, started_at=at(seconds - 5)) for seconds in (130, 95, 60, 25)),
            _task(70, stop_code="SpotInterruption", reason="Your Spot Task was interrupted."),
        ],
        _service(BREAKER, STARTED),
        at(0),
        logs=TRACEBACK,
        changed=[IMAGE, "containerDefinitions[web].environment[DATABASE_URL]",
                 "+containerDefinitions[web].secrets[DATABASE_PASSWORD]"],
    ),
    "out-of-memory": explain(
        [
            _exit(137, seconds,
                  container_reason="OutOfMemoryError: Container killed due to memory usage")
            for seconds in (130, 90, 50)
        ],
        _service(BREAKER),
        at(0),
        logs=["Loading model weights (1.9 GB)"],
        changed=[IMAGE, "memory"],
    ),
    "unhealthy-target": explain(
        [
            _task(seconds, stop_code="ServiceSchedulerInitiated", container="web", exit_code=143,
                  reason="Task failed ELB health checks in (target-group web-dev)")
            for seconds in (300, 180)
        ],
        _service((290, "(task 0a1b) (port 8000) is unhealthy in (target-group web-dev) due to "
                       "(reason Health checks failed with these codes: [404]).")),
        at(0),
        logs=['10.0.3.17 - "GET /healthz HTTP/1.1" 404'],
        targets=[
            TargetHealth(target="10.0.3.41:8000", state="unhealthy", reason="Target.Timeout",
                         description="Request timed out"),
            TargetHealth(target="10.0.3.9:8000", state="draining",
                         reason="Target.DeregistrationInProgress",
                         description="Target deregistration is in progress"),
        ],
        alarms=["conflicto-dev-5xx: HTTPCode_Target_5XX_Count > 10 for 2 minutes"],
        changed=[IMAGE],
    ),
    "no-capacity": explain(
        [], _service((60, NO_HOST), (5, NO_HOST)), at(0), changed=[IMAGE, "memory"]
    ),
    "unknown": explain(
        [
            _task(40, stop_code="TaskFailedToStart", reason="Task failed to start",
                  container="web", container_reason="SomeNewError: the frobnicator is offline"),
            _task(20, stop_code="UserInitiated", reason="Task stopped by user"),
        ],
        _service(),
        at(0),
        logs_note="container web logs with `splunk`, which Slipway does not read",
        changed=[IMAGE],
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", GOLDEN)
def test_a_case_reads_as_reviewed(name: str) -> None:
    reviewed = (CASES / f"{name}.txt").read_text("utf-8")
    assert GOLDEN[name] + "\n" == reviewed, "python -m tests.explain.test_case, then review"


def test_every_reviewed_case_is_made() -> None:
    assert {path.stem for path in CASES.glob("*.txt")} == set(GOLDEN)


@pytest.mark.parametrize("name", GOLDEN)
def test_no_reviewed_case_tells_a_secret(name: str) -> None:
    assert "s3cr3t" not in GOLDEN[name]


def test_causes_are_counted_the_most_frequent_first_and_only_four_named() -> None:
    tasks = [*(_exit(code) for code in range(1, 7)), _exit(1), _exit(3), _exit(3)]
    assert explain(tasks, None, None).splitlines()[:7] == [
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
    others = [_task(stop_code=code, reason="x", id=str(number)) for number in range(3)]
    lines = explain([*others, _exit(1)], None, None).splitlines()
    assert lines[1] == "- 1 task: container web exited with code 1"
    assert lines[2].startswith("- 3 tasks, not counted: ")
    assert headline([*others, _exit(1)], None) == "container web exited with code 1 (1 task)"
    assert headline(others, None) == ""


def test_tasks_tell_when_they_ended() -> None:
    first = explain([_exit(1, 30), _exit(1, 10)], None, None).splitlines()[1]
    assert first == "- 2 tasks, 10:15:40 to 10:16:00 UTC: container web exited with code 1"
    assert ", 10:15:40 UTC: " in explain([_exit(1, 10), _exit(1)], None, None)


def test_a_log_that_says_exec_format_error_corrects_the_cause_of_a_crash() -> None:
    logs = ["exec /usr/local/bin/gunicorn: exec format error"]
    assert "another CPU architecture" in explain([_exit(1)], None, None, logs=logs)
    assert "another CPU" not in explain([_exit(0)], None, None, logs=logs)


def test_the_services_own_events_since_it_was_applied_are_told() -> None:
    said = (
        (50, "is unable to consistently start tasks successfully."),
        (40, "has reached a steady state."),
        (30, "has started 1 tasks: (task 1)."),
        (20, "has stopped 1 running tasks: (task 1)."),
        (10, "has begun draining connections on 1 tasks."),
        (-10, "was unable to assume a role."),
    )
    assert explain([], _service(*said), at(0)) == (
        "What ECS says:\n- is unable to consistently start tasks successfully."
    )


def test_ecs_words_are_repeated_once_where_they_say_more() -> None:
    pull = _task(reason="CannotPullContainerError: odd", stop_code="TaskFailedToStart")
    told = explain([pull, pull, _exit(1)], None, None)
    assert told.count("CannotPullContainerError: odd") == 1
    assert "Essential container" not in told


def test_nothing_seen_is_no_case_and_no_headline() -> None:
    assert explain([], None, None) == ""
    assert explain([], examples.service(), at(0)) == ""
    assert headline([], None) == ""


@pytest.mark.parametrize(
    ("tasks", "service", "expected"),
    [
        ([_exit(1)] * 4, None, "container web exited with code 1 (4 tasks)"),
        ([_exit(139)], None, "container web exited with code 139 (crashed, SIGSEGV) (1 task)"),
        ([_task(reason="new")], None, ""),
        ([_task(reason="new"), _task(reason="new"), _exit(1)], None,
         "container web exited with code 1 (1 task)"),
        ([], _service((1, NO_HOST)), "no task could be placed: no host has enough free memory"),
        ([], _service((-1, NO_HOST)), ""),
    ],
)  # fmt: skip
def test_the_headline_is_the_most_frequent_known_cause(
    tasks: list[StoppedTask], service: Service | None, expected: str
) -> None:
    assert headline(tasks, service, at(0)) == expected


def test_kinds_are_counted() -> None:
    tasks = [_exit(1), _exit(2), _task(reason="new")]
    assert kinds(tasks) == Counter({Kind.CRASHED: 2, Kind.UNKNOWN: 1})


def test_the_last_thirty_log_lines_are_told_masked_and_in_their_order() -> None:
    logs = [f"line {number} password=hunter{number}" for number in range(40)]
    lines = explain([], None, None, logs=logs).splitlines()
    assert lines[0] == "Last log lines:"
    assert lines[1:] == [f"  line {number} password=***" for number in range(10, 40)]


def test_log_lines_are_cut_first_and_the_oldest_of_them() -> None:
    logs = [f"{number} {'x' * 500}" for number in range(30)]
    told = explain([_exit(1)], None, None, logs=logs, changed=["cpu"])
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
    case = explain(
        [_task(reason=reason, container=reason, container_reason=reason) for reason in reasons],
        _service(*((1, event) for event in others)),
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
    told = explain([_exit(1)], None, None, targets_note="AWS was\nnot reached")
    assert "\nLoad balancer: AWS was not reached" in told


def test_what_the_load_balancer_said_through_ecs_is_not_repeated_as_ecs_words() -> None:
    passed_on = "(port 80) is unhealthy in (target-group web) due to (reason Request timed out)."
    told = explain([], _service((9, STARTED[1]), (8, passed_on), (7, passed_on)), at(0))
    assert told == "The load balancer says:\n- Target.Timeout: Request timed out (port 80)"
    assert explain([], _service((8, passed_on)), at(9)) == ""


def test_the_longest_life_of_those_that_ran_is_told() -> None:
    tasks = [_exit(1, 30, started_at=at(18.4)), _exit(1, 9, started_at=at(5)), _exit(1, 2)]
    first = explain(tasks, None, None).splitlines()[1]
    assert first.endswith(": container web exited with code 1 (ran at most 12 s)")


def test_times_are_told_in_utc() -> None:
    moment = datetime.fromisoformat("2026-03-02T12:00:00+02:00")
    told = explain([_exit(1).model_copy(update={"stopped_at": moment})], None, None)
    assert ", 10:00:00 UTC: " in told


if __name__ == "__main__":
    for title, case in GOLDEN.items():
        (CASES / f"{title}.txt").write_text(f"{case}\n", "utf-8")
