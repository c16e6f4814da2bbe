"""Whatever breaks at whichever call, running again converges: one revision, one update, one end."""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial

import pytest

from chalicelib.errors import Conflict, DeployerError, Unanswered, Unavailable
from chalicelib.flow.hold import hold_by_hand
from chalicelib.flow.image_event import image_event
from chalicelib.flow.release import release_by_hand
from chalicelib.flow.rollback import rollback_by_hand
from chalicelib.flow.sweep.sweep import sweep_targets
from chalicelib.flow.watch import watch
from chalicelib.model.deployments import Deployment, Status
from chalicelib.model.task_definitions import short_name
from tests.fixtures import examples
from tests.fixtures.examples import NAME, OTHER_DIGEST, at, push_event, revision
from tests.flow.fakes import Aws, Died, Fault, aws

Happens = Callable[[Aws], object]

ERRORS: dict[str, tuple[BaseException, bool]] = {
    "died before": (Died(), False),
    "died after": (Died(), True),
    "conflict": (Conflict("written by another"), False),
    # The answer was lost, and the SDK's own second try met what the first had written.
    "conflict with itself": (Conflict("written before"), True),
    "unanswered before": (Unanswered("no answer"), False),
    "unanswered after": (Unanswered("no answer"), True),
    "throttled": (Unavailable("throttled"), False),
}
CONFLICTS = [kind for kind in ERRORS if kind.startswith("conflict")]
ANY_CALL = [kind for kind in ERRORS if kind not in CONFLICTS]


# What happens


def _try(step: Callable[[], object]) -> bool:
    try:
        step()
    except (Died, DeployerError):
        return False
    return True


def _thrice(step: Callable[[], object]) -> None:
    """As Lambda repeats an event, and a person what did not work."""
    any(_try(step) for _ in range(3))


def _polled(world: Aws, deployment: str) -> None:
    watch(world.world(), deployment)


def _ten_minutes(world: Aws) -> None:
    """What AWS calls within them: the state machine's polls, then the sweep."""
    for _ in range(5):
        for deployment, number in sorted(world.watchers.running):
            record = world.ledger.deployment(NAME, deployment)
            if record and record.watcher == number and (record.open or record.notices):
                _try(partial(_polled, world, deployment))
    _try(lambda: sweep_targets(world.world()))


def _pushed(world: Aws) -> None:
    _thrice(lambda: image_event(world.world(), push_event()))


def _pushed_again(world: Aws) -> None:
    world.images.all.append(examples.image(OTHER_DIGEST, tags=("newer",)))
    _thrice(lambda: image_event(world.world(), push_event(OTHER_DIGEST, "newer", at(60))))


def _stopped_by_hand(world: Aws) -> None:
    asked = {"service": NAME, "by": "ann", "why": "a test", "hold": False}
    _thrice(lambda: rollback_by_hand(world.world(), asked))


def _held_by_hand(world: Aws) -> None:
    asked = {"service": NAME, "by": "ann", "why": "a test", "key": "h"}
    _thrice(lambda: hold_by_hand(world.world(), asked))


def _released_by_hand(world: Aws) -> None:
    asked = {"service": NAME, "by": "ann", "why": "a test", "key": "r"}
    _thrice(lambda: release_by_hand(world.world(), asked))


def _rolled_back_by_hand(world: Aws) -> None:
    asked = {"service": NAME, "by": "ann", "why": "a test", "key": "k", "to": revision(7)}
    _thrice(lambda: rollback_by_hand(world.world(), asked))


def _seven_is_deregistered(world: Aws) -> None:
    world.services.definitions[revision(7)].body["status"] = "INACTIVE"


def _half_an_hour(world: Aws) -> None:
    world.world(1800)


def _completed(world: Aws) -> None:
    world.services.complete(NAME)


def _breaker(world: Aws) -> None:
    world.services.breaker(NAME)


def _rolled_back(world: Aws) -> None:
    world.services.rolled_back(NAME)


# The lives of a deployment


@dataclass(frozen=True)
class Life:
    """What happens, one after the other, and how it ends when nothing breaks.

    `ends` are the records' statuses, oldest first; `otherwise` is what else they may be when
    something broke (a deployment that waited was never applied); `runs` is the image at the end.
    """

    happens: tuple[Happens, ...]
    ends: tuple[Status, ...]
    acts: tuple[str, ...]
    runs: str
    otherwise: tuple[Status, ...] = ()


LIVES = {
    "success": Life(
        (_pushed, _ten_minutes, _completed),
        (Status.SUCCESSFUL,),
        ("register", "update 8"),
        runs=examples.DIGEST,
    ),
    "breaker": Life(
        (_pushed, _ten_minutes, _breaker, _ten_minutes, _rolled_back),
        (Status.ROLLBACK_SUCCESSFUL,),
        ("register", "update 8"),
        runs=examples.OLD_DIGEST,
    ),
    "deadline": Life(
        (_pushed, _ten_minutes, _half_an_hour, _ten_minutes, _rolled_back),
        (Status.ROLLBACK_SUCCESSFUL,),
        ("register", "update 8", "stop 2"),
        runs=examples.OLD_DIGEST,
    ),
    "withdrawn": Life(
        (_pushed, _ten_minutes, _stopped_by_hand, _ten_minutes, _rolled_back),
        (Status.ROLLBACK_SUCCESSFUL,),
        ("register", "update 8", "stop 2"),
        runs=examples.OLD_DIGEST,
    ),
    "withdrawn at once": Life(
        (_pushed, _stopped_by_hand, _ten_minutes, _rolled_back),
        (Status.ROLLBACK_SUCCESSFUL,),
        ("register", "update 8", "stop 2"),
        runs=examples.OLD_DIGEST,
        otherwise=(Status.REFUSED,),
    ),
    "rolled back by hand": Life(
        (_pushed, _ten_minutes, _completed, _ten_minutes, _rolled_back_by_hand, _ten_minutes,
         _completed),
        (Status.SUCCESSFUL, Status.SUCCESSFUL),
        ("register", "update 8", "update 7"),
        runs=examples.OLD_DIGEST,
    ),
    "rolled back by hand to a copy": Life(
        (_pushed, _ten_minutes, _completed, _ten_minutes, _seven_is_deregistered,
         _rolled_back_by_hand, _ten_minutes, _completed),
        (Status.SUCCESSFUL, Status.SUCCESSFUL),
        ("register", "update 8", "register", "update 9"),
        runs=examples.OLD_DIGEST,
    ),
    "held and released": Life(
        (_pushed, _ten_minutes, _completed, _ten_minutes, _held_by_hand, _pushed_again,
         _ten_minutes, _released_by_hand, _ten_minutes, _completed),
        (Status.SUCCESSFUL, Status.SUCCESSFUL),
        ("register", "update 8", "register", "update 9"),
        runs=OTHER_DIGEST,
    ),
    "superseded": Life(
        (_pushed, _ten_minutes, _pushed_again, _ten_minutes, _completed),
        (Status.SUPERSEDED, Status.SUCCESSFUL),
        ("register", "update 8", "register", "update 9"),
        runs=OTHER_DIGEST,
    ),
    "superseded at once": Life(
        (_pushed, _pushed_again, _ten_minutes, _completed),
        (Status.SUPERSEDED, Status.SUCCESSFUL),
        ("register", "update 8", "register", "update 9"),
        runs=OTHER_DIGEST,
    ),
}  # fmt: skip


def _live(world: Aws, life: Life) -> None:
    world.images.all.append(examples.image(examples.OLD_DIGEST, at(-9_999), tags=("old",)))
    for happens in life.happens:
        happens(world)
    _ten_minutes(world)
    _ten_minutes(world)


def _acts(world: Aws) -> list[str]:
    return [act.replace(f"{examples.FAMILY}:", "") for act in world.ecs_acts]


def _records(world: Aws) -> list[Deployment]:
    return sorted(world.ledger.records.values(), key=lambda record: record.created)


def _running(world: Aws) -> str:
    service = world.services.all[NAME]
    image: str = world.services.definitions[service.task_definition].body["containerDefinitions"][
        0
    ]["image"]
    return image.partition("@")[2]


def _faults() -> Iterator[object]:
    """Every call of every life, broken in every way; `make test` runs one in eight."""
    counted = itertools.count()
    for name, life in LIVES.items():
        world = aws()
        _live(world, life)
        for number, call in enumerate(world.calls):
            kinds = [*ANY_CALL, *CONFLICTS] if call == "save" else ANY_CALL
            for kind in kinds:
                marks = [pytest.mark.slow] if next(counted) % 8 else []
                identity = f"{name}-{number}-{call}-{kind}"
                yield pytest.param(name, number, kind, id=identity, marks=marks)


@pytest.mark.parametrize("name", LIVES)
def test_a_life_in_which_nothing_breaks_ends_as_it_says(name: str) -> None:
    life, world = LIVES[name], aws()
    _live(world, life)
    assert tuple(record.status for record in _records(world)) == life.ends
    assert tuple(_acts(world)) == life.acts
    assert _running(world) == life.runs
    assert max(Counter(notice.id for notice in world.topic.published).values()) == 1


@pytest.mark.parametrize(("name", "number", "kind"), list(_faults()))
def test_what_breaks_anywhere_converges_when_it_is_run_again(
    name: str, number: int, kind: str
) -> None:
    life, world = LIVES[name], aws()
    error, after = ERRORS[kind]
    world.faults = [Fault(number, error, after)]
    _live(world, life)
    assert not world.faults
    _is_over(world, life)
    _acted_at_most_once(world, life)
    _everybody_was_told(world)


def _is_over(world: Aws, life: Life) -> None:
    records = _records(world)
    ends = tuple(record.status for record in records)
    assert ends in {life.ends, life.otherwise}
    assert [record.id for record in records if record.open or record.notices] == []
    assert [record.id for record in records if record.acting] == []
    head = world.ledger.heads[NAME]
    assert head.open_deployments == ()
    assert {one.deployment: one.status for one in head.recent} == {
        record.id: record.status for record in records
    }
    assert _running(world) == life.runs


def _acted_at_most_once(world: Aws, life: Life) -> None:
    """Never more than when nothing broke; what never began changed nothing."""
    acts = Counter(act.split()[0] for act in _acts(world))
    assert acts <= Counter(act.split()[0] for act in life.acts)
    assert max(Counter(act for act in _acts(world) if act != "register").values(), default=0) <= 1
    begun = [record for record in _records(world) if record.applied_at]
    updated = {short_name(record.revision).partition(":")[2] for record in begun}
    assert {act.split()[1] for act in _acts(world) if act.startswith("update")} == updated


def _everybody_was_told(world: Aws) -> None:
    told = Counter(notice.id for notice in world.topic.published)
    assert max(told.values()) <= 2
    statuses = {(record.id, record.status) for record in _records(world)} | {
        (record.id, Status.IN_PROGRESS) for record in _records(world) if record.applied_at
    }
    ids = {f"{name}-{status.lower().replace('_', '-')}" for name, status in statuses}
    assert ids <= told.keys()
