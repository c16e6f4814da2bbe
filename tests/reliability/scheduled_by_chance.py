"""The scheduled tasks of a long run: who has some, what people do to them, and how runs end."""

from __future__ import annotations

import random
from collections.abc import Callable

from embedded.services.ecs import Crash
from tests.dialect.account import BY_HAND, CLUSTER
from tests.dialect.scheduled import add_report
from tests.reliability.account import FaultyAccount
from tests.reliability.rules_and_schedules import (
    add_rule,
    add_schedule,
    change,
    delete,
    key_of,
    start,
)

_FOLLOWS = 3  # one service in so many has scheduled tasks that follow
_TASKS = 4  # and so many have a [[task]] beside them, which follows the same repository
_FOLLOW = """follow = {{rules = ["nightly-{name}"], schedules = ["default/report-{name}"], \
families = ["report-{name}"]}}
"""
_TASK = """
[[task]]
repository = "conflicto-{name}-{{env}}"
family     = "job-{name}"
rules      = ["job-{name}"]
schedules  = ["default/job-{name}"]
"""
_FAILS = 0.2  # the share of runs that do not end with 0


def follow_of(number: int, name: str) -> str:
    """The keys of the target of this number that say what follows it; and its [[task]]."""
    follow = _FOLLOW.format(name=name) if _follows(number) else ""
    return follow + (_TASK.format(name=name) if _has_task(number) else "")


def add_scheduled(account: FaultyAccount, number: int, name: str, family: str) -> list[str]:
    """Make the rules and schedules of a service whose family is this, and return their names."""
    repository, made = f"conflicto-{name}-dev", []
    if _follows(number):
        report = add_report(account, f"report-{name}", repository)
        add_rule(account, f"nightly-{name}", f"{family}:1")
        add_schedule(account, f"default/report-{name}", report)
        made += [f"nightly-{name}", f"default/report-{name}"]
    if _has_task(number):
        job = add_report(account, f"job-{name}", repository)
        add_rule(account, f"job-{name}", job)
        add_schedule(account, f"default/job-{name}", job)
        made += [f"job-{name}", f"default/job-{name}"]
    return made


def meddle(account: FaultyAccount, chance: random.Random, name: str) -> None:
    """Somebody changes a rule or a schedule in the console: other tasks, or another revision."""
    revision = named(account, name)
    family, _, number = revision.partition(":")
    earlier = f"{family}:{chance.randint(1, int(number or 1))}"
    acts: tuple[Callable[[], object], ...] = (
        lambda: change(account, name, tasks=chance.randint(2, 9)),
        lambda: change(account, name, earlier),
    )
    if revision:
        account.beside(name, chance.choice(acts))


def drop(account: FaultyAccount, name: str) -> None:
    """Somebody deletes a schedule."""
    if named(account, name) and "/" in name:
        account.beside(name, lambda: delete(account, name))


def runs(account: FaultyAccount, chance: random.Random, name: str) -> None:
    """It is time for a rule or a schedule: a task of what it names starts, and ends soon."""
    revision = named(account, name)
    if not revision:
        return
    code = 3 if chance.random() < _FAILS else 0
    end = Crash(exit_code=code, after=chance.randint(2, 90), times=1)
    account.ecs.faults.service(f"{CLUSTER}/family:{revision.partition(':')[0]}", end)
    start(account, revision)


def roll_back_task(account: FaultyAccount, number: int, name: str) -> None:
    """Somebody takes a [[task]] back."""
    if _has_task(number):
        key = f"job-{name}-{account.clock.now().isoformat()}"
        account.insist("rollback", {"service": f"@task/job-{name}", **BY_HAND, "key": key})


def named(account: FaultyAccount, name: str) -> str:
    """family:revision that a rule or a `GROUP/NAME` schedule names now; empty if it is gone."""
    kind, target = key_of(name)
    body = account.scheduled_tasks.present(kind, name, target)
    if body is None:
        return ""
    parameters = body.get("Target", body)["EcsParameters"]
    return str(parameters["TaskDefinitionArn"]).rsplit("/", 1)[1]


def _follows(number: int) -> bool:
    return number % _FOLLOWS == 0


def _has_task(number: int) -> bool:
    return number % _TASKS == 1
