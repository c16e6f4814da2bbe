"""Whatever breaks at whichever call, running again converges: one revision, one update, one end."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator

import pytest

from chalicelib.errors import Conflict, DeployerError, Unanswered, Unavailable
from chalicelib.flow.push import push
from chalicelib.flow.sweep import sweep
from chalicelib.flow.watch import watch
from chalicelib.model.deployments import Status
from tests.fixtures.examples import NAME, push_event
from tests.flow.fakes import Aws, Died, Fault, aws

Script = tuple[Callable[[Aws], object], ...]

SUCCESS: Script = (lambda world: world.services.complete(NAME),)
BREAKER: Script = (
    lambda world: world.services.breaker(NAME),
    lambda world: world.services.rolled_back(NAME),
)
DEADLINE: Script = (
    lambda world: world.world(1800),
    lambda world: world.services.rolled_back(NAME),
)
ENDS = {
    "success": (SUCCESS, Status.SUCCESSFUL, ["register", "update conflicto-backend-dev:8"]),
    "breaker": (
        BREAKER,
        Status.ROLLBACK_SUCCESSFUL,
        ["register", "update conflicto-backend-dev:8"],
    ),
    "deadline": (
        DEADLINE,
        Status.ROLLBACK_SUCCESSFUL,
        ["register", "update conflicto-backend-dev:8", "stop 2"],
    ),
}
ERRORS: dict[str, tuple[BaseException, bool]] = {
    "died before": (Died(), False),
    "died after": (Died(), True),
    "conflict": (Conflict("written by another"), False),
    "unanswered before": (Unanswered("no answer"), False),
    "unanswered after": (Unanswered("no answer"), True),
    "throttled": (Unavailable("throttled"), False),
}
ANY_CALL = ("died before", "died after", "unanswered before", "unanswered after")


def _try(step: Callable[[], object]) -> bool:
    try:
        step()
    except (Died, DeployerError):
        return False
    return True


def _invocations(world: Aws) -> None:
    """What AWS calls within ten minutes: the state machine's polls, then the sweep."""
    for _ in range(5):
        for deployment, number in sorted(world.watchers.running):
            record = world.ledger.deployment(NAME, deployment)
            if record and record.watcher == number and (record.open or record.notices):
                _try(lambda name=deployment: watch(world.world(), name, hand_over=False))
    _try(lambda: sweep(world.world()))


def _live(world: Aws, script: Script) -> None:
    """One push, retried by Lambda, and what happens after it."""
    for _ in range(3):
        if _try(lambda: push(world.world(), push_event())):
            break
    for happens in (*script, lambda _: None):
        _invocations(world)
        happens(world)
    _invocations(world)


def _calls(script: Script) -> list[str]:
    world = aws()
    _live(world, script)
    return world.calls


def _faults() -> Iterator[object]:
    for end, (script, _, _) in ENDS.items():
        for number, name in enumerate(_calls(script)):
            for kind in ANY_CALL:
                yield pytest.param(end, number, kind, id=f"{end}-{number}-{name}-{kind}")
            if name == "save":
                yield pytest.param(end, number, "conflict", id=f"{end}-{number}-{name}-conflict")


@pytest.mark.parametrize(("end", "number", "kind"), list(_faults()))
def test_what_breaks_anywhere_converges_when_it_is_run_again(
    end: str, number: int, kind: str
) -> None:
    script, status, acts = ENDS[end]
    error, after = ERRORS[kind]
    world = aws()
    world.faults = [Fault(number, error, after)]
    _live(world, script)
    assert not world.faults
    record = world.record()
    assert record.status is status
    assert world.ecs_acts == acts
    assert len(world.ledger.records) == 1
    assert not record.notices
    assert not record.acting
    head = world.ledger.heads[NAME]
    assert head.open_deployments == ()
    assert [one.status for one in head.recent] == [status]
    told = Counter(notice.id for notice in world.topic.published)
    assert {"IN_PROGRESS", status.value} <= set(world.told)
    assert max(told.values()) <= 2
