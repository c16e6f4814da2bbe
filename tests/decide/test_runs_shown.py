"""run + its task as ECS shows it -> run: it goes on, is to be stopped, or has ended."""

from __future__ import annotations

from typing import Any

import pytest

from chalicelib.decide.runs import shown
from chalicelib.model.runs import RunOutcome, StandaloneTask
from chalicelib.model.services import StoppedContainer
from tests.fixtures.examples import at, run, standalone_task

ARN = standalone_task().arn
STOPPING = {"stopping": at(900), "stopped_for": "it took too long"}
WITHDRAWN = {"stopping": at(5), "stopped_for": "ana stopped it", "withdrawn": True}
NO_IMAGE = "CannotPullContainerError: pull image manifest has been retried 5 time(s): not found"
NOT_STARTED: dict[str, Any] = {"stop_code": "TaskFailedToStart", "started_at": None}
OTHERS = (
    StoppedContainer(name="envoy", exit_code=137),
    StoppedContainer(name="conflicto-backend", exit_code=0),
)


def _ended(code: int | None = None, **end: Any) -> StandaloneTask:
    return standalone_task(
        "STOPPED", **{"code": code, "stop_code": "EssentialContainerExited", **end}
    )


@pytest.mark.parametrize(
    ("fields", "task", "seconds", "started"),
    [
        pytest.param({}, standalone_task("PENDING", started_at=None), 899, None, id="not begun"),
        pytest.param({}, standalone_task(), 919, at(20), id="it runs"),
        pytest.param({}, standalone_task(started_at=at(800)), 1699, at(800), id="it began late"),
        pytest.param(
            {"started": at(20)}, standalone_task(started_at=None), 919, at(20), id="an old view"
        ),
        pytest.param(
            {}, standalone_task(code=1, container="envoy"), 60, at(20), id="a sidecar has ended"
        ),
        pytest.param({"missing": at(30)}, standalone_task(), 60, at(20), id="it is shown again"),
    ],
)
def test_a_task_goes_on_within_its_time(
    fields: dict[str, Any], task: StandaloneTask, seconds: float, started: object
) -> None:
    assert shown(run(**fields), "before", task, at(seconds)) == run(task=ARN, started=started)


def test_what_it_waited_for_is_over_once_its_task_is_shown() -> None:
    assert shown(run(reason="ECS did not answer"), "before", standalone_task(), at(30)).reason == ""


@pytest.mark.parametrize(
    ("started", "seconds", "did"),
    [(None, 900, "start"), (at(20), 920, "end"), (at(800), 1700, "end")],
    ids=["it never began", "it runs too long", "it began late and runs too long"],
)
def test_past_its_time_out_a_task_is_to_be_stopped(
    started: object, seconds: float, did: str
) -> None:
    seen = shown(run(), "after", standalone_task(started_at=started), at(seconds))
    why = f"its `after` task did not {did} within 15 minutes, and was stopped"
    assert seen == run(task=ARN, started=started, stopping=at(seconds), stopped_for=why, reason=why)


def test_a_task_that_is_to_be_stopped_stays_so_until_it_has_ended() -> None:
    first = shown(run(), "before", standalone_task(), at(920))
    assert shown(first, "before", standalone_task(), at(2000)) == first


@pytest.mark.parametrize(
    ("fields", "task", "reason"),
    [
        pytest.param({}, _ended(0), "", id="it ended"),
        pytest.param({}, standalone_task(code=0), "", id="its other containers run on"),
        pytest.param({}, _ended(containers=OTHERS), "", id="its sidecar was killed"),
        pytest.param(STOPPING, _ended(0), "", id="it ended before it was stopped"),
        pytest.param(STOPPING, standalone_task(code=0), "", id="it ended while it is stopped"),
        pytest.param(WITHDRAWN, _ended(0), "ana stopped it", id="its deployment ends with it"),
    ],
)
def test_exit_code_0_of_its_own_container_is_success(
    fields: dict[str, Any], task: StandaloneTask, reason: str
) -> None:
    seen = shown(run(**fields), "before", task, at(950))
    assert (seen.outcome, seen.exit_code, seen.ended) == (RunOutcome.SUCCEEDED, 0, at(950))
    assert seen.reason == reason


CODE_3 = "its `before` task failed: container conflicto-backend exited with code 3"


@pytest.mark.parametrize(
    ("fields", "task", "code", "reason"),
    [
        pytest.param({}, _ended(3), 3, CODE_3, id="it ended"),
        pytest.param({}, standalone_task(code=3), 3, CODE_3, id="its other containers run on"),
        pytest.param(STOPPING, _ended(3), 3, "it took too long", id="as it was to be stopped"),
        pytest.param(
            STOPPING,
            _ended(143, stop_code="UserInitiated"),
            143,
            "it took too long",
            id="stopped by SIGTERM",
        ),
        pytest.param(
            STOPPING,
            _ended(0, stop_code="UserInitiated"),
            0,
            "it took too long",
            id="stopped, and it ends with 0 on SIGTERM",
        ),
        pytest.param(
            WITHDRAWN,
            _ended(0, stop_code="UserInitiated"),
            0,
            "ana stopped it",
            id="stopped by hand, and it ends with 0 on SIGTERM",
        ),
    ],
)
def test_another_code_or_a_stop_is_a_failure(
    fields: dict[str, Any], task: StandaloneTask, code: int, reason: str
) -> None:
    seen = shown(run(**fields), "before", task, at(950))
    assert (seen.outcome, seen.exit_code, seen.ended) == (RunOutcome.FAILED, code, at(950))
    assert seen.reason.startswith(reason)


@pytest.mark.parametrize(
    ("fields", "end", "reason"),
    [
        pytest.param(
            {},
            {"stop_code": "TerminationNotice"},
            "ended without an exit code of the container conflicto-backend, so whether it ended "
            "well is not known (the host was stopped or taken away)",
            id="its host went away",
        ),
        pytest.param(
            {}, {"stop_code": "", "started_at": None}, "is not known", id="ECS does not say why"
        ),
        pytest.param(
            {}, {**NOT_STARTED, "started_at": at(20)}, "is not known", id="it had begun to run"
        ),
        pytest.param(
            STOPPING, {"stop_code": "UserInitiated"}, "it took too long", id="it was stopped"
        ),
    ],
)
def test_without_an_exit_code_nobody_knows_how_it_ended(
    fields: dict[str, Any], end: dict[str, Any], reason: str
) -> None:
    seen = shown(run(**fields), "before", _ended(**end), at(950))
    assert (seen.outcome, seen.ended) == (RunOutcome.UNKNOWN, at(950))
    assert reason in seen.reason


@pytest.mark.parametrize(
    ("stop_code", "who"),
    [
        ("UserInitiated", "somebody stopped the task (StopTask)"),
        ("SpotInterruption", "AWS took the Spot capacity back"),
        ("TerminationNotice", "the host was stopped or taken away"),
        ("InfrastructureHealth", "the host failed"),
    ],
)
def test_a_task_that_others_ended_may_be_half_done_although_it_exits_with_0(
    stop_code: str, who: str
) -> None:
    """A command may answer SIGTERM with code 0."""
    seen = shown(run(), "before", _ended(0, stop_code=stop_code), at(60))
    assert (seen.outcome, seen.exit_code) == (RunOutcome.UNKNOWN, 0)
    assert seen.reason == f"whether its `before` task ended well is not known: {who}"


@pytest.mark.parametrize(
    ("attempt", "reason", "outcome"),
    [
        pytest.param(1, "", None, id="once"),
        pytest.param(7, "", None, id="often, for a cause that may heal"),
        pytest.param(1, NO_IMAGE, None, id="once, for a cause that does not heal"),
        pytest.param(2, NO_IMAGE, RunOutcome.NOT_STARTED, id="twice, for such a cause"),
    ],
)
def test_a_container_that_never_ran_is_started_again_unless_that_cannot_help(
    attempt: int, reason: str, outcome: RunOutcome | None
) -> None:
    task = _ended(**NOT_STARTED, reason=reason)
    seen = shown(run(attempt=attempt), "before", task, at(60))
    assert seen.outcome is outcome
    assert (seen.task, seen.failed) == (("", at(60)) if outcome is None else (ARN, None))
    assert seen.reason


def test_a_container_that_never_ran_and_was_to_be_stopped_ends_the_run() -> None:
    seen = shown(run(**WITHDRAWN), "before", _ended(**NOT_STARTED), at(60))
    assert (seen.outcome, seen.reason) == (RunOutcome.NOT_STARTED, "ana stopped it")
