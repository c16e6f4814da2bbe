"""Whole cases, as a person reads them.

The files in tests/fixtures/cases are written again by `.venv/bin/python -m
tests.explain.test_golden_cases`. Read them as a person who was woken up, then keep them.
"""

from __future__ import annotations

import pytest

from chalicelib.model.health import TargetHealth
from tests.explain.ended_tasks import NO_HOST, STARTED, ended, exited, service_that_said, whole_case
from tests.fixtures import examples
from tests.fixtures.examples import DIGEST, URI, at

CASES = examples.HERE / "cases"
DEPLOYMENT = "(deployment ecs-svc/1234567890123456789)"
BREAKER = (140, f"{DEPLOYMENT} deployment failed: tasks failed to start.")
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
GOLDEN: dict[str, str] = {
    "image-missing": whole_case(
        [
            ended(seconds, stop_code="TaskFailedToStart", reason=(
                "CannotPullContainerError: pull image manifest has been retried 5 time(s): failed "
                f"to resolve ref {URI}@{DIGEST}: {URI}@{DIGEST}: not found"))
            for seconds in (80, 45)
        ],
        service_that_said(BREAKER, STARTED),
        at(0),
        logs_note="the container never ran",
        changed=[IMAGE],
    ),
    "crash-with-logs": whole_case(
        [
            *(exited(1, seconds, started_at=at(seconds - 5)) for seconds in (130, 95, 60, 25)),
            ended(70, stop_code="SpotInterruption", reason="Your Spot Task was interrupted."),
        ],
        service_that_said(BREAKER, STARTED),
        at(0),
        logs=TRACEBACK,
        changed=[IMAGE, "containerDefinitions[web].environment[DATABASE_URL]",
                 "+containerDefinitions[web].secrets[DATABASE_PASSWORD]"],
    ),
    "out-of-memory": whole_case(
        [
            exited(137, seconds,
                  container_reason="OutOfMemoryError: Container killed due to memory usage")
            for seconds in (130, 90, 50)
        ],
        service_that_said(BREAKER),
        at(0),
        logs=["Loading model weights (1.9 GB)"],
        changed=[IMAGE, "memory"],
    ),
    "unhealthy-target": whole_case(
        [
            ended(seconds, stop_code="ServiceSchedulerInitiated", container="web", exit_code=143,
                  reason="Task failed ELB health checks in (target-group web-dev)")
            for seconds in (300, 180)
        ],
        service_that_said(
            (290, "(task 0a1b) (port 8000) is unhealthy in (target-group web-dev) due to "
                  "(reason Health checks failed with these codes: [404]).")
        ),
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
    "no-capacity": whole_case(
        [], service_that_said((60, NO_HOST), (5, NO_HOST)), at(0), changed=[IMAGE, "memory"]
    ),
    "unknown": whole_case(
        [
            ended(40, stop_code="TaskFailedToStart", reason="Task failed to start",
                  container="web", container_reason="SomeNewError: the frobnicator is offline"),
            ended(20, stop_code="UserInitiated", reason="Task stopped by user"),
        ],
        service_that_said(),
        at(0),
        logs_note="container web logs with `splunk`, which Slipway does not read",
        changed=[IMAGE],
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", GOLDEN)
def test_a_case_reads_as_reviewed(name: str) -> None:
    reviewed = (CASES / f"{name}.txt").read_text("utf-8")
    assert GOLDEN[name] + "\n" == reviewed, "python -m tests.explain.test_golden_cases, then review"


def test_every_reviewed_case_is_made() -> None:
    assert {path.stem for path in CASES.glob("*.txt")} == set(GOLDEN)


@pytest.mark.parametrize("name", GOLDEN)
def test_no_reviewed_case_tells_a_secret(name: str) -> None:
    assert "s3cr3t" not in GOLDEN[name]


if __name__ == "__main__":
    for title, case in GOLDEN.items():
        (CASES / f"{title}.txt").write_text(f"{case}\n", "utf-8")
