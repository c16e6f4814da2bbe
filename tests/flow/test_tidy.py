"""Families that stay tidy: what goes, what never does, and when nothing at all may go."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from chalicelib.definition.render import PROVENANCE
from chalicelib.errors import Conflict, Denied, Unanswered, Unavailable
from chalicelib.flow.dry_run import dry_run
from chalicelib.flow.outcome import Outcome
from chalicelib.flow.rollback import rollback_by_hand
from chalicelib.flow.tidy import tidy_families
from chalicelib.model.deployments import Status
from chalicelib.model.heads import Attempt, Head, Lease, Proven
from chalicelib.model.revisions import ServiceUse
from chalicelib.model.targets import Target
from chalicelib.model.task_targets import TaskTable
from tests.fixtures import examples
from tests.fixtures.examples import FAMILY, NAME, at, revision
from tests.flow.fakes import Aws, Fault, aws

KEPT = examples.target(family=FAMILY, keep_revisions=3)
WEB = examples.target(family=FAMILY, service="web")
_OURS = {PROVENANCE: "20260101t000000-long-ago-00000000"}


def _family(*targets: Target, newest: int = 12, **head: object) -> Aws:
    """Revisions 1 to `newest` are ours; each service runs the newest one and is met."""
    world = aws(*(targets or (KEPT,)))
    world.services.definitions.clear()
    for number in range(1, newest + 1):
        _registered(world, number)
    for target in world.targets.all:
        if not target.is_task:
            world.services.begin(target.name, revision(newest))
            world.services.complete(target.name)
        known: dict[str, object] = {"met": examples.NOW, "applied_revision": revision(newest)}
        _met(world, target.name, **{**known, **head})
    return world


def _registered(world: Aws, number: int, **tags: str) -> None:
    made = examples.task_definition(number, tags_beside=tags or _OURS)
    world.services.definitions[made.arn] = made


def _met(world: Aws, name: str, **fields: object) -> None:
    version = known.version if (known := world.ledger.heads.get(name)) else 0
    head = Head.model_validate({"service": name, "order": examples.NOW, **fields})
    world.ledger.heads[name] = head.model_copy(update={"version": version + 1})


def _run(world: Aws, seconds: float = 3600) -> list[tuple[str, str]]:
    return [(one.outcome, one.reason) for one in tidy_families(world.world(seconds))]


def _gone(world: Aws) -> list[int]:
    """The numbers of the revisions that were deregistered, in the order in which they went."""
    acts = [act.split() for act in world.acts]
    return [int(told.rsplit(":", 1)[1]) for act, told in acts if act == "deregister"]


def test_what_is_older_than_the_newest_of_ours_goes_oldest_first() -> None:
    world = _family()
    assert _run(world) == []
    assert _gone(world) == [1, 2, 3, 4, 5, 6, 7, 8, 9]
    assert _run(world) == []
    assert world.revisions.active(FAMILY) == [revision(number) for number in (12, 11, 10)]


def test_the_family_of_a_task_without_a_service_is_kept_tidy_too() -> None:
    table = TaskTable(
        repository=examples.REPOSITORY, family=FAMILY, rules=("nightly",), keep_revisions=3
    )
    world = _family(table.target)
    world.rules.all = [revision(12)]
    assert _run(world) == []
    assert _gone(world) == [1, 2, 3, 4, 5, 6, 7, 8, 9]


def test_ten_go_in_a_run_and_no_more() -> None:
    world = _family(newest=30)
    _run(world)
    assert _gone(world) == list(range(1, 11))
    _run(world)
    assert _gone(world) == list(range(1, 21))


def test_ten_are_all_of_a_run_also_where_several_families_are_kept_tidy() -> None:
    other = examples.target(family="web", service="web", keep_revisions=3)
    world = _family(KEPT, other, newest=9)
    for number in range(1, 10):
        made = examples.task_definition(
            number,
            family="web",
            taskDefinitionArn=revision(number, "web"),
            tags_beside=_OURS,
        )
        world.services.definitions[made.arn] = made
    _run(world)
    assert len(_gone(world)) == 10
    _run(world)
    assert len(_gone(world)) == 12


def test_each_hour_begins_with_another_family_so_none_waits_for_long() -> None:
    other = examples.target(family="web", service="web", keep_revisions=3)
    world = _family(KEPT, other, newest=30)
    made = [examples.task_definition(n, family="web", taskDefinitionArn=revision(n, "web"),
                                     tags_beside=_OURS) for n in range(1, 6)]  # fmt: skip
    world.services.definitions |= {one.arn: one for one in made}
    _run(world)
    _run(world)
    assert "deregister web:1" in world.acts


def test_a_family_that_nobody_keeps_tidy_stays_as_it_is() -> None:
    world = _family(examples.target(family=FAMILY))
    assert _run(world) == []
    assert world.calls == []


def test_a_target_that_only_observes_lets_nothing_go() -> None:
    world = _family(examples.target(family=FAMILY, keep_revisions=3, mode="observe"))
    assert (_run(world), _gone(world)) == ([], [])


def test_of_several_targets_of_a_family_the_largest_number_counts() -> None:
    world = _family(KEPT, examples.target(family=FAMILY, service="web", keep_revisions=8))
    _run(world)
    assert _gone(world) == [1, 2, 3, 4]


# What never goes


def _proven(number: int) -> Proven:
    return Proven(revision=revision(number), first=at(-86_400))


def test_a_proven_revision_never_goes() -> None:
    world = _family(proven=(_proven(12), _proven(2)))
    _run(world)
    assert _gone(world) == [1, 3, 4, 5, 6, 7, 8, 9]


def test_what_is_proven_for_another_target_of_the_family_never_goes() -> None:
    world = _family(KEPT, WEB)
    _met(world, WEB.name, proven=(_proven(2),))
    _run(world)
    assert 2 not in _gone(world)


def test_what_is_proven_for_a_target_that_names_no_family_never_goes() -> None:
    world = _family(KEPT, examples.target(service="web"))
    _met(world, WEB.name, proven=(_proven(2),))
    _run(world)
    assert 2 not in _gone(world)


def test_what_a_service_works_towards_never_goes() -> None:
    world = _family(applied_revision=revision(4))
    _run(world)
    assert 4 not in _gone(world)


def test_what_the_last_deployment_was_made_from_and_would_go_back_to_never_goes() -> None:
    last = examples.deployment(
        status=Status.FAILED,
        base=revision(1),
        revision=revision(2),
        goes_to=revision(3),
        return_to=revision(4),
    )
    world = _family(applied_deployment=last.id)
    world.ledger.records[NAME, last.id] = last
    _run(world)
    assert _gone(world) == [5, 6, 7, 8, 9]


def test_what_any_service_runs_never_goes_even_with_no_task() -> None:
    world = _family()
    asleep = ServiceUse(name="elsewhere/asleep", revisions=(revision(3),))
    world.revisions.others.append(asleep)
    _run(world)
    assert 3 not in _gone(world)


def test_what_a_task_runs_never_goes() -> None:
    world = _family()
    world.revisions.run_by_tasks.append(revision(5))
    _run(world)
    assert 5 not in _gone(world)


def test_what_a_rule_names_never_goes() -> None:
    world = _family()
    world.rules.all.append(revision(6))
    _run(world)
    assert 6 not in _gone(world)


@pytest.mark.parametrize("named", [revision(7), f'{{"TaskDefinition": "{FAMILY}:7"}}'])
def test_what_a_schedule_names_never_goes(named: str) -> None:
    world = _family()
    world.schedules.all.append(named)
    _run(world)
    assert 7 not in _gone(world)


def test_what_others_registered_never_goes_and_does_not_count() -> None:
    world = _family()
    for number in (1, 2, 11, 12):
        _registered(world, number, owner="terraform")
    _run(world)
    assert _gone(world) == [3, 4, 5, 6, 7]


def test_a_copy_that_others_made_with_our_tags_never_goes() -> None:
    record = examples.deployment(status=Status.SUCCESSFUL, revision=revision(1))
    world = _family()
    world.ledger.records[NAME, record.id] = record
    for number in (1, 2):
        _registered(world, number, **{PROVENANCE: record.id})
    _run(world)
    assert _gone(world) == [1, 3, 4, 5, 6, 7, 8, 9]


def test_nothing_of_another_family_goes_whatever_its_name_begins_with() -> None:
    world = _family()
    listed = world.revisions.active(FAMILY)
    alien = examples.task_definition(
        1, family=f"{FAMILY}-x", taskDefinitionArn=revision(1, f"{FAMILY}-x"), tags_beside=_OURS
    )
    world.services.definitions[alien.arn] = alien
    world.revisions.active = lambda family: [*listed, alien.arn]  # type: ignore[method-assign]
    _run(world)
    assert world.services.definitions[alien.arn].active


# When nothing may go


@pytest.mark.parametrize(
    "fields",
    [
        {"open_deployments": ("d-1",)},
        {"attempt": Attempt(deployment="d-1", order=examples.NOW)},
        {"lease": Lease(holder="somebody", until=at(7200))},
    ],
    ids=["open", "attempt", "lease"],
)
def test_nothing_goes_while_anything_goes_on_at_a_service_of_the_family(
    fields: dict[str, object],
) -> None:
    world = _family(KEPT, WEB)
    _met(world, WEB.name, **fields)
    assert (_run(world), _gone(world)) == ([], [])


def test_nothing_goes_before_every_service_of_the_family_is_met() -> None:
    world = _family(KEPT, WEB)
    del world.ledger.heads[WEB.name]
    assert (_run(world), _gone(world)) == ([], [])


def test_nothing_goes_while_somebody_elses_rollout_of_the_family_is_under_way() -> None:
    world = _family()
    rolling = ServiceUse(name="elsewhere/web", revisions=(revision(12),), rolls_out=True)
    world.revisions.others.append(rolling)
    assert (_run(world), _gone(world)) == ([], [])


def test_a_rollout_of_another_family_keeps_nothing() -> None:
    world = _family()
    rolling = ServiceUse(name="x/y", revisions=(revision(1, f"{FAMILY}-x"),), rolls_out=True)
    world.revisions.others.append(rolling)
    _run(world)
    assert _gone(world)


@pytest.mark.parametrize(
    "read",
    [
        "head", "active", "task_definition", "clusters", "uses", "tasks", "task_definitions",
    ],
)  # fmt: skip
@pytest.mark.parametrize(
    ("error", "outcome"),
    [
        (Denied("could not look: tidy may not ecs:X"), "failed"),
        (Unavailable("could not look yet: AWS answered Y"), "not tidied"),
    ],
    ids=["denied", "unavailable"],
)
def test_a_read_that_fails_lets_nothing_go_and_is_told(
    read: str, error: Exception, outcome: str
) -> None:
    world = _family()
    world.faults = [Fault(0, error, name=read)]
    assert _run(world) == [(outcome, f"{FAMILY}: {error}")]
    assert _gone(world) == []
    kept = world.ledger.heads[NAME].tidied
    assert kept is not None
    assert kept.why == str(error)


def test_a_deployment_that_begins_meanwhile_ends_the_run() -> None:
    world = _family()
    _begins_after(world, 3, lambda: _met(world, NAME, open_deployments=("d-1",)))
    assert _run(world) == []
    assert _gone(world) == [1, 2, 3]


def test_whatever_changes_in_a_head_meanwhile_ends_the_run() -> None:
    world = _family(KEPT, WEB)
    _begins_after(world, 2, lambda: _met(world, WEB.name, proven=(_proven(3),)))
    _run(world)
    assert _gone(world) == [1, 2]


def _begins_after(world: Aws, count: int, happens: Callable[[], None]) -> None:
    """Something happens once so many revisions were deregistered."""
    deregister = world.revisions.deregister

    def then(revision: str) -> None:
        deregister(revision)
        if len(_gone(world)) == count - 1:
            happens()

    world.revisions.deregister = then  # type: ignore[method-assign]


@pytest.mark.parametrize(
    "error",
    [
        Unavailable("could not deregister it yet: AWS answered ThrottlingException"),
        Unanswered("could not deregister it: AWS did not answer"),
    ],
    ids=["throttled", "unanswered"],
)
def test_the_first_call_that_ecs_does_not_take_ends_the_run(error: Exception) -> None:
    world = _family()
    world.faults = [Fault(2, error, name="deregister")]
    assert _run(world) == [("not tidied", f"{FAMILY}: {error}")]
    assert _gone(world) == [1, 2]
    _run(world)
    assert _gone(world) == [1, 2, 3, 4, 5, 6, 7, 8, 9]


def test_where_others_register_nearly_everything_nothing_goes_and_it_is_said() -> None:
    world = _family(newest=230)
    for number in range(20, 230):
        _registered(world, number, owner="others")
    outcomes = [_run(world) for _ in range(5)]
    ((outcome, words),) = [one for run in outcomes for one in run]
    assert outcome == "failed"
    assert words.startswith(f"{FAMILY}: of the newest 200 revisions, only 1 are Slipway's")
    assert _gone(world) == []


def test_old_revisions_behind_many_that_must_stay_are_found_within_hours() -> None:
    world = _family(newest=110)
    for number in range(1, 100):
        _registered(world, number, owner="others")
    _registered(world, 77)
    for _ in range(3):
        _run(world)
    assert 77 in _gone(world)


def test_nothing_is_read_in_the_account_while_nothing_is_old() -> None:
    world = _family(newest=3)
    _run(world)
    assert world.calls == ["head", "active", "head"]


# What is told


def _days(world: Aws, hours: int) -> list[Outcome]:
    return [one for _ in range(hours) for one in tidy_families(world.world(3600))]


def test_what_went_in_a_day_is_told_once_on_the_next_day() -> None:
    world = _family(newest=30)
    first, second = _days(world, 13), _days(world, 24)
    assert first == []
    assert [(one.outcome, one.service, one.reason) for one in second] == [
        (
            "tidied",
            NAME,
            f"{FAMILY}: on 2026-03-02, 27 old revisions were deregistered, "
            f"from {FAMILY}:1 to {FAMILY}:27",
        )
    ]
    tidied = world.ledger.heads[NAME].tidied
    assert tidied is not None
    assert (tidied.day, tidied.count, tidied.told) == ("2026-03-02", 27, True)


def test_a_run_that_lets_nothing_go_and_has_nothing_to_tell_writes_nothing() -> None:
    world = _family(newest=3)
    _days(world, 30)
    assert world.ledger.writes == 0


def test_why_nothing_can_go_is_told_once_a_day_however_often_it_fails() -> None:
    world = _family()
    told: list[Outcome] = []
    for _ in range(30):
        world.restart()
        world.faults = [Fault(0, Denied("may not"), name="clusters")]
        told += tidy_families(world.world(3600))
    assert [(one.outcome, one.reason) for one in told] == [("failed", f"{FAMILY}: may not")] * 2


def test_a_reason_is_forgotten_once_a_run_can_look() -> None:
    world = _family()
    world.faults = [Fault(0, Denied("may not"), name="clusters")]
    _run(world)
    _run(world)
    tidied = world.ledger.heads[NAME].tidied
    assert tidied is not None
    assert (tidied.why, tidied.count) == ("", 9)


def test_what_was_done_is_remembered_although_somebody_else_writes_head_first() -> None:
    world = _family()
    world.faults = [Fault(0, Conflict("another step wrote first"), name="save")]
    _run(world)
    tidied = world.ledger.heads[NAME].tidied
    assert tidied is not None
    assert (tidied.count, tidied.first, tidied.last) == (9, f"{FAMILY}:1", f"{FAMILY}:9")


def test_what_was_done_and_could_not_be_remembered_is_told_at_once() -> None:
    world = _family(newest=5)
    world.faults = [Fault(0, Unavailable("the ledger is down"), name="save")]
    assert _run(world) == [
        (
            "failed",
            f"{FAMILY}: deregistered {FAMILY}:1, {FAMILY}:2, and could not remember it: "
            "the ledger is down",
        )
    ]


# What goes on as before


def test_a_dry_run_deregisters_nothing() -> None:
    world = _family()
    tidy_families(dry_run(world.world(3600)).world)
    assert _gone(world) == []
    assert world.ledger.heads[NAME].tidied is None


def test_a_rollback_to_a_revision_that_was_deregistered_registers_a_copy() -> None:
    world = _family(proven=(_proven(12), _proven(2)))
    world.services.inactive(revision(2))
    world.images.all.append(examples.image(examples.OLD_DIGEST, tags=("old",)))
    asked = {"service": NAME, "to": f"{FAMILY}:2", "by": "sam", "why": "a test"}
    rollback_by_hand(world.world(), asked)
    assert "register" in world.acts
    assert world.record().revision == revision(13)


def test_a_revision_that_is_no_longer_among_the_proven_goes() -> None:
    """HEAD keeps ten; an older one is no choice of a rollback any more."""
    world = _family(newest=20, proven=tuple(_proven(number) for number in range(20, 10, -1)))
    _run(world)
    assert _gone(world) == list(range(1, 11))


def test_with_each_deployment_one_more_goes() -> None:
    world = _family()
    _run(world)
    _registered(world, 13)
    _met(world, NAME, proven=(_proven(13), _proven(12)), applied_revision=revision(13))
    _run(world)
    assert _gone(world)[-1] == 10
