"""The verdict on what ECS calls successful already, where the target wants it to be watched."""

from __future__ import annotations

import pytest

from chalicelib.decide.after import after
from chalicelib.decide.judged import judged, verdict_of
from chalicelib.model.deployments import Deployment, Return, Status
from chalicelib.model.happenings import Succeeded
from chalicelib.model.runs import RunOutcome, TaskRun
from chalicelib.model.services import StoppedTask, Tasks
from chalicelib.model.verdicts import Observation, Remedy
from chalicelib.verdict.returning import judge_return
from chalicelib.verdict.rollout import WATCHED, judge
from tests.fixtures import examples
from tests.fixtures.examples import at, service_deployment
from tests.verdict.observations import BACK, DONE, THIRD, observation

S = Status
CRASHED = StoppedTask(id="1", exit_code=1, started_at=at(61), stopped_at=at(66))
UNPULLED = StoppedTask(id="1", reason="CannotPullContainerError: manifest not found")
LOOP = Tasks(stopped=(CRASHED,) * 5, running=())


def watched(**fields: object) -> Deployment:
    """A record whose success was seen after a minute, and that is watched for ten minutes."""
    return examples.rolling_out(watch_after=600, succeeded=at(60), **fields)


def seen(seconds: float, **fields: object) -> Observation:
    ours = service_deployment("SUCCESSFUL")
    return Observation(**{"at": at(seconds), "service": DONE, "ours": ours, **fields})


def test_a_success_is_watched_where_the_target_says_so() -> None:
    record = examples.rolling_out(watch_after=600)
    looked = observation(DONE, "SUCCESSFUL", 60)
    happening = judged(record, looked, verdict_of(record, looked))
    assert isinstance(happening, Succeeded)
    new = after(record, happening, at(60))
    assert (new.status, new.succeeded) == (S.IN_PROGRESS, at(60))
    (told,) = new.notices
    assert told.subject.endswith("abc1234 runs; it is watched for 10 minutes more")


@pytest.mark.parametrize(
    ("looked", "rule", "status", "remedy"),
    [
        pytest.param(seen(100), "in_progress", S.IN_PROGRESS, Remedy.NONE, id="all is well"),
        pytest.param(seen(660), "watched_long_enough", S.SUCCESSFUL, Remedy.NONE, id="to its end"),
        pytest.param(seen(100, tasks=LOOP), "crash_looping", S.ROLLBACK_IN_PROGRESS, Remedy.UPDATE,
                     id="a crash loop"),
        pytest.param(seen(100, tasks=Tasks(stopped=(UNPULLED,) * 2)), "no_retry_helps",
                     S.ROLLBACK_IN_PROGRESS, Remedy.UPDATE, id="what no retry can change"),
        pytest.param(seen(100, alarms=("errors",)), "alarm_rings", S.ROLLBACK_IN_PROGRESS,
                     Remedy.UPDATE, id="an alarm"),
        pytest.param(seen(660, alarms=("errors",)), "alarm_rings", S.ROLLBACK_IN_PROGRESS,
                     Remedy.UPDATE, id="an alarm at its end"),
        pytest.param(seen(100, service=THIRD, alarms=("errors",)), "replaced", S.SUCCESSFUL,
                     Remedy.NONE, id="somebody else's deployment since is never touched"),
        pytest.param(seen(100, service=BACK, tasks=LOOP), "replaced", S.SUCCESSFUL, Remedy.NONE,
                     id="a person went back"),
        pytest.param(seen(100, service=None), "replaced", S.SUCCESSFUL, Remedy.NONE,
                     id="the service was deleted"),
        pytest.param(seen(9_999), "watched_long_enough", S.SUCCESSFUL, Remedy.NONE,
                     id="the deadline of the rollout is over"),
    ],
)  # fmt: skip
def test_what_is_watched_is_judged_by_the_first_rule_that_matches(
    looked: Observation, rule: str, status: Status, remedy: Remedy
) -> None:
    verdict = judge(watched(), looked)
    assert (verdict.rule, verdict.status, verdict.remedy) == (rule, status, remedy)
    assert verdict.proven is (status is S.SUCCESSFUL and looked.service is not None)


FAILED = examples.run(outcome=RunOutcome.FAILED, exit_code=3, reason="its `after` task failed")
GOOD = examples.run(outcome=RunOutcome.SUCCEEDED, exit_code=0)
LOST = examples.run(outcome=RunOutcome.UNKNOWN, reason="nobody knows")


@pytest.mark.parametrize(
    ("after_task", "looked", "rule", "proven"),
    [
        pytest.param(None, seen(9_999), "in_progress", False, id="it has not begun"),
        pytest.param(examples.run(), seen(9_999), "in_progress", False, id="it runs"),
        pytest.param(FAILED, seen(100), "after_failed", False, id="it failed"),
        pytest.param(FAILED, seen(100, service=THIRD), "replaced", False,
                     id="it failed, and something else was deployed"),
        pytest.param(GOOD, seen(660), "watched_long_enough", True, id="it ended well"),
        pytest.param(GOOD, seen(100), "in_progress", False, id="it ended well, before the time"),
        pytest.param(LOST, seen(660), "watched_long_enough", False, id="its end is not known"),
        pytest.param(examples.run(), seen(100, service=THIRD), "replaced", False,
                     id="something else was deployed while it ran"),
    ],
)  # fmt: skip
def test_an_after_is_judged_with_what_is_watched(
    after_task: TaskRun | None, looked: Observation, rule: str, proven: bool
) -> None:
    verdict = judge(watched(has_after=True, after=after_task), looked)
    assert (verdict.rule, verdict.proven) == (rule, proven)
    assert verdict.remedy is (Remedy.UPDATE if rule == "after_failed" else Remedy.NONE)


def test_without_a_revision_to_return_to_what_was_successful_is_left_as_it_is() -> None:
    verdict = judge(watched(return_to=""), seen(100, tasks=LOOP))
    assert (verdict.status, verdict.remedy) == (S.FAILED, Remedy.NONE)


def test_every_rule_of_what_is_watched_has_its_case() -> None:
    names = {rule.recognises.__name__ for rule in WATCHED}
    assert names == {
        "replaced", "after_failed", "alarm_rings", "no_retry_helps", "crash_looping",
        "watched_long_enough",
    }  # fmt: skip


def test_ecs_success_does_not_stop_the_way_back() -> None:
    """Before UpdateService was asked for, ECS still calls our service deployment SUCCESSFUL."""
    back = Return(by="slipway", how="update", began=at(100))
    record = watched(status=S.ROLLBACK_IN_PROGRESS, returning=back)
    verdict = judge_return(record, seen(140))
    assert (verdict.rule, verdict.remedy) == ("update_unasked", Remedy.UPDATE)


def test_why_an_alarm_could_not_be_read_is_kept() -> None:
    record = watched()
    looked = seen(100, unread="slipway-dev-watch may not cloudwatch:DescribeAlarms on errors")
    new = after(record, judged(record, looked, verdict_of(record, looked)), at(100))
    assert new.reason == "slipway-dev-watch may not cloudwatch:DescribeAlarms on errors"
