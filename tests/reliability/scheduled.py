"""The flows of scheduled tasks that follow a service, and of a [[task]]."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

from embedded.services.ecs import Crash
from tests.dialect.account import BY_HAND, FAMILY
from tests.dialect.scheduled import REPORT, RULE, add_report
from tests.reliability.account import FaultyAccount
from tests.reliability.calls import PUT_TARGETS
from tests.reliability.faults import Window
from tests.reliability.flow import (
    BAD,
    FIRST,
    GOOD,
    NEWER,
    NOT_SUPERSEDED,
    ONE,
    SUPERSEDED,
    Flow,
    is_now,
)
from tests.reliability.people import go_back, push, push_bad
from tests.reliability.rules_and_schedules import (
    SCHEDULE,
    add_rule,
    add_schedule,
    change,
    delete,
    start,
)

_SECOND = "weekly-dev"  # another rule
_FOLLOW = f"""
[target.follow]
rules     = ["nightly-{{env}}", "weekly-*"]
schedules = ["default/report-*"]
families  = ["{REPORT}"]
"""
_FOLLOWED = ONE + _FOLLOW
_TASK = f"""
[[task]]
repository = "conflicto-backend-{{env}}"
family     = "{REPORT}"
rules      = ["nightly-{{env}}"]
schedules  = ["default/report-{{env}}"]
pass_roles = ["arn:aws:iam::*:role/conflicto-*"]
"""
_BACK = {"service": f"@task/{REPORT}", **BY_HAND, "key": "back", "hold": False}
_THROTTLED_SECONDS = 45


def _follow(account: FaultyAccount) -> None:
    """A rule runs the service's family, a schedule another one."""
    add_rule(account)
    add_schedule(account, revision=add_report(account))


def _follow_all(account: FaultyAccount) -> None:
    """And another rule runs that other family."""
    _follow(account)
    add_rule(account, _SECOND, f"{REPORT}:1")


def _task(account: FaultyAccount) -> None:
    """A rule and a schedule run a family that belongs to no service."""
    revision = add_report(account)
    add_rule(account, revision=revision)
    add_schedule(account, revision=revision)


def _two(account: FaultyAccount) -> None:
    """A newer image is pushed once the first one is live."""
    account.push(GOOD)
    account.when(is_now(account, "SUCCESSFUL"), lambda: account.push(NEWER))


def _others(account: FaultyAccount) -> None:
    """Somebody gives a rule more tasks while the rollout goes on, and sets it back once it is live.

    Somebody deletes the schedule a moment later.
    """
    account.push(GOOD)
    account.later(12, _by_others(account, RULE, lambda: change(account, RULE, tasks=2)))
    back = _by_others(account, RULE, lambda: change(account, RULE, f"{FAMILY}:1"))
    account.when(is_now(account, "SUCCESSFUL"), back)
    gone = _by_others(account, SCHEDULE, lambda: delete(account, SCHEDULE))
    account.when(is_now(account, "SUCCESSFUL"), lambda: account.later(3, gone))


def _by_others(
    account: FaultyAccount, name: str, act: Callable[[], object]
) -> Callable[[], object]:
    return lambda: account.beside(name, act)


def _task_runs(account: FaultyAccount) -> None:
    """A run of the new revision ends well, and the sweep sees it."""
    account.push(GOOD)
    account.when(is_now(account, "SUCCESSFUL"), lambda: start(account, f"{REPORT}:2"))


def _task_twice(account: FaultyAccount) -> None:
    """A newer image is pushed two seconds after the first one."""
    account.push(GOOD)
    account.later(2, lambda: account.push(NEWER))


def _task_stopped(account: FaultyAccount) -> None:
    """Others use up the rate of PutTargets; meanwhile somebody rolls the [[task]] back."""
    until = account.clock.now() + timedelta(seconds=_THROTTLED_SECONDS)
    account.windows.append(Window(until, PUT_TARGETS, "", "throttled"))
    account.push(GOOD)
    back = is_now(account, "IN_PROGRESS"), lambda: account.insist("rollback", _BACK)
    account.when(*back)


SCHEDULED: dict[str, Flow] = {
    "scheduled tasks follow": Flow(
        push, ((GOOD, "SUCCESSFUL"),), targets=_FOLLOWED, scheduled=_follow_all
    ),
    "scheduled tasks stay": Flow(
        push_bad,
        ((BAD, "ROLLBACK_SUCCESSFUL"),),
        targets=_FOLLOWED,
        breaks={BAD: Crash(exit_code=3)},
        scheduled=_follow,
    ),
    "scheduled tasks go back": Flow(
        go_back(),
        ((GOOD, "SUCCESSFUL"), (FIRST, "SUCCESSFUL")),
        targets=_FOLLOWED,
        scheduled=_follow,
    ),
    "scheduled tasks follow twice": Flow(
        _two,
        ((GOOD, "SUCCESSFUL"), (NEWER, "SUCCESSFUL")),
        targets=_FOLLOWED,
        scheduled=_follow,
    ),
    "scheduled tasks changed by others": Flow(
        _others, ((GOOD, "SUCCESSFUL"),), targets=_FOLLOWED, scheduled=_follow
    ),
    "task": Flow(
        _task_runs,
        ((GOOD, "SUCCESSFUL"),),
        targets=_TASK,
        breaks={GOOD: Crash(exit_code=0)},
        scheduled=_task,
    ),
    "task pushed twice": Flow(
        _task_twice,
        ((GOOD, "SUCCESSFUL"), (NEWER, "SUCCESSFUL")),
        otherwise=(SUPERSEDED, *NOT_SUPERSEDED),
        lagging=(SUPERSEDED,),  # nobody has seen yet that the first one's change was carried out
        targets=_TASK,
        scheduled=_task,
    ),
    "task rolled back half way": Flow(
        _task_stopped,
        ((GOOD, "FAILED"), (FIRST, "SUCCESSFUL")),
        otherwise=(((GOOD, "FAILED"),),),  # nothing was changed yet when it was stopped
        targets=_TASK,
        scheduled=_task,
    ),
}
