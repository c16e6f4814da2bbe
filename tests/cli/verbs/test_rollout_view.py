"""The live view: a header, and below it ECS' deployments with their tasks."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from rich.console import Console

from cli.show.rollout import view
from tests.dialect.account import FAMILY, SERVICE

AT = datetime(2026, 3, 2, 12, tzinfo=UTC)
RECORD: dict[str, Any] = {
    "service": SERVICE,
    "status": "IN_PROGRESS",
    "created": "2026-03-02T11:58:00.000Z",
    "deployment": "20260302t115800-conflicto-backend-service-dev-12345678",
    "tag": "[bold]abc1234",
    "cause": "push",
    "revision": f"{FAMILY}:3",
    "reason": "",
}


def task(name: str, revision: int, **more: Any) -> dict[str, Any]:
    found = {"id": name * 8, "revision": f"{FAMILY}:{revision}", "status": "RUNNING"}
    return {**found, "health": "HEALTHY", "started": "2026-03-02T11:59:30.000Z", **more}


def ecs_deployment(revision: int, **more: Any) -> dict[str, Any]:
    counts = {"desired": 2, "running": 1, "pending": 1, "failed": 0, **more}
    shown = {"status": "PRIMARY", "stage": "IN_PROGRESS", "tasks": counts}
    return {"revision": f"{FAMILY}:{revision}", **shown}


def drawn(now: dict[str, Any]) -> list[str]:
    console = Console(width=80, markup=False, record=True, file=open("/dev/null", "w"))  # noqa: PTH123, SIM115
    console.print(view(RECORD, {"service": SERVICE, **now}, AT))
    return [line.rstrip() for line in console.export_text().splitlines()]


def test_the_tasks_stand_below_the_deployment_of_their_revision() -> None:
    tasks = [task("a", 3), task("b", 2)]
    lines = drawn({"deployments": [ecs_deployment(3), ecs_deployment(2)], "task_list": tasks})
    assert lines[0] == f"{SERVICE}  ▶ IN_PROGRESS  2 min"
    assert lines[1].startswith("[bold]abc1234 by push  ")
    assert lines[3] == f"├── {FAMILY}:3  PRIMARY IN_PROGRESS  1/2 running, 1 pending"
    assert lines[4] == "│   └── aaaaaaaa  RUNNING      HEALTHY   30 s"
    assert lines[6] == "    └── bbbbbbbb  RUNNING      HEALTHY   30 s"


def test_a_task_that_failed_says_why_and_one_that_was_replaced_only_that() -> None:
    crashed = task("c", 3, status="STOPPED", exit=1, reason="Essential container exited")
    words = "ServiceSchedulerInitiated; Scaling activity initiated by (deployment ecs-svc/1)"
    replaced = task("d", 3, status="STOPPED", exit=0, reason=words)
    text = "\n".join(drawn({"deployments": [ecs_deployment(3)], "task_list": [crashed, replaced]}))
    assert "exit code 1, Essential" in text
    assert "STOPPED      HEALTHY   30 s    replaced" in text


def test_the_tasks_of_a_revision_that_ecs_lists_no_more_are_still_shown() -> None:
    crashed = task("c", 3, status="STOPPED", exit=1, reason="Essential container exited")
    lines = drawn({"deployments": [ecs_deployment(2)], "task_list": [crashed]})
    assert f"└── {FAMILY}:3  gone" in lines


def test_a_rollout_that_moves_traffic_shows_its_stage_and_share() -> None:
    shifts = {"stage": "PRODUCTION_TRAFFIC_SHIFT", "traffic": 10.0, "waits": []}
    assert drawn(shifts)[2] == "PRODUCTION_TRAFFIC_SHIFT, 10 % of the traffic"


def test_a_pause_shows_what_to_type() -> None:
    waits = [{"stage": "POST_SCALE_UP", "until": "2026-03-03T12:00:00.000Z"}]
    text = " ".join(drawn({"stage": "POST_SCALE_UP", "traffic": 0.0, "waits": waits})[2:5])
    assert text.startswith("paused in POST_SCALE_UP, 0 % of the traffic; next: slipway release")
    assert "--at POST_SCALE_UP" in text


def test_tasks_of_one_revision_stand_below_the_deployment_that_started_them() -> None:
    started = [task("a", 3, deployment="ecs-svc/1"), task("b", 3, deployment="ecs-svc/2")]
    first = ecs_deployment(3) | {"id": "ecs-svc/1"}
    second = ecs_deployment(3) | {"id": "ecs-svc/2"}
    lines = drawn({"deployments": [first, second], "task_list": started})
    assert len([line for line in lines if "aaaaaaaa" in line]) == 1
    assert len([line for line in lines if "bbbbbbbb" in line]) == 1
