"""`rollback` of a repository: each service that follows it goes back, with its own outcome."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from chalicelib.errors import Refused, Unavailable
from chalicelib.flow.advance import advance
from chalicelib.flow.deploy import deploy_by_hand
from chalicelib.flow.image_event import image_event
from chalicelib.flow.release import release_by_hand
from chalicelib.flow.rollback import rollback_by_hand
from chalicelib.model.deployments import Status
from chalicelib.model.heads import Lease
from tests.fixtures import examples
from tests.fixtures.examples import CLUSTER, DIGEST, OTHER_DIGEST, REPOSITORY, at, push_event
from tests.flow.fakes import Aws, Died, Fault, aws

WEB, WORKER, CRON = (f"{CLUSTER}/{service}" for service in ("web", "worker", "cron"))
FOREIGN = f"{CLUSTER}/foreign"
ASKED = {"repository": REPOSITORY, "by": "ann", "why": "errors"}
ALL = (WEB, WORKER, CRON)


def deployed(*bad: str) -> Aws:
    """Web, worker and cron ran revision 7, and then the examples' push; ECS rolled `bad` back.

    Worker waits for web, and cron for worker. Another service follows another repository.
    """
    plain = [examples.target(service=name) for name in ("worker", "cron", "web")]
    world = aws(*plain, examples.target(service="foreign", repository="other"))
    world.images.all += [
        examples.image(OTHER_DIGEST, tags=("def5678",)),
        examples.image(examples.OLD_DIGEST, tags=("old",)),
    ]
    image_event(world.world(), push_event())
    for name in ALL:
        end(world, name, well=name not in bad)
    wait(world, {WORKER: WEB, CRON: WORKER})
    world.acts.clear()
    return world


def wait(world: Aws, waits: dict[str, str]) -> None:
    """Which service waits for which."""
    world.targets = examples.targets(
        *(one.model_copy(update={"waits_for": waits.get(one.name)}) for one in world.targets.all)
    )


def deeper() -> Aws:
    """As `deployed`, and a newer image runs everywhere: each could go back twice."""
    world = deployed()
    push_another(world)
    world.acts.clear()
    return world


def push_another(world: Aws) -> None:
    """A newer image is pushed, and deployed everywhere."""
    wait(world, {})
    image_event(world.world(), push_event(OTHER_DIGEST, "def5678", world.now))
    for name in ALL:
        assert end(world, name) is Status.SUCCESSFUL
    wait(world, {WORKER: WEB, CRON: WORKER})


def end(world: Aws, name: str, *, well: bool = True) -> Status:
    """The service's rollout ends, and Slipway looks."""
    if well:
        world.services.complete(name)
    else:
        world.services.breaker(name)
        world.services.rolled_back(name)
    return advance(world.world(), name, world.record(name).id).status


def roll_back(world: Aws, **keys: Any) -> dict[str, dict[str, Any]]:
    """The outcome of each service."""
    reply = rollback_by_hand(world.world(), {**ASKED, **keys})
    assert reply["repository"] == REPOSITORY
    return {one.pop("service"): one for one in reply["rollbacks"]}


def causes(world: Aws, name: str) -> list[str]:
    """Why each deployment of the service exists, oldest first."""
    return [record.cause.value for record in reversed(world.ledger.history(name, 20))]


def runs(world: Aws, name: str) -> str:
    return world.services.all[name].revision.rpartition("/")[2]


def test_all_that_follow_the_repository_go_back_and_those_that_wait_go_first() -> None:
    world = deployed()
    outcomes = roll_back(world)
    assert list(outcomes) == [CRON, WORKER, WEB]
    assert outcomes == {
        name: {"deployment": world.record(name).id, "status": "IN_PROGRESS"}
        for name in (CRON, WORKER, WEB)
    }
    assert world.ecs_acts == [f"update {examples.FAMILY}:7"] * 3
    assert {end(world, name) for name in outcomes} == {Status.SUCCESSFUL}
    assert FOREIGN not in world.ledger.heads


def test_pushes_to_each_are_held_afterwards_and_people_are_told_of_each() -> None:
    world = deployed()
    roll_back(world)
    assert all(len(world.ledger.heads[name].holds) == 1 for name in ALL)
    held = [notice for notice in world.topic.published if notice.id.startswith("hold-")]
    assert len(held) == 3


def test_without_a_hold_nothing_is_held() -> None:
    world = deployed()
    roll_back(world, hold=False)
    assert not any(head.holds for head in world.ledger.heads.values())


def test_to_names_the_image_that_all_go_back_to() -> None:
    world = deeper()
    outcomes = roll_back(world, to="abc1234")
    assert [one["status"] for one in outcomes.values()] == ["IN_PROGRESS"] * 3
    assert {world.record(name).digest for name in outcomes} == {DIGEST}


def test_one_that_never_ran_the_image_holds_up_no_other() -> None:
    world = deployed(WORKER)
    outcomes = roll_back(world, to="abc1234")
    never = outcomes.pop(WORKER)
    assert list(never) == ["error"]
    assert "names no revision that ran successfully on conflicto-dev/worker" in never["error"]
    assert all("deployment" in one for one in outcomes.values())


def test_one_that_ecs_rolled_back_by_itself_is_back_and_goes_no_further() -> None:
    world = deployed(WORKER)
    failed = world.record(WORKER)
    outcome = roll_back(world)[WORKER]
    assert (outcome["deployment"], outcome["status"]) == (failed.id, "ROLLBACK_SUCCESSFUL")
    assert outcome["reason"].startswith(f"it is back already, to {examples.FAMILY}:7. To go")
    assert len(world.ecs_acts) == 2
    head = world.ledger.heads[WORKER]
    assert DIGEST in head.barred
    assert [hold.kind for hold in head.holds] == ["rollback"]


@pytest.mark.parametrize("name", [CRON, WORKER, WEB])
def test_one_that_aws_does_not_answer_for_is_asked_for_again_and_the_others_go(name: str) -> None:
    world = deployed()
    lease = Lease(holder="another", until=at(99_999))
    before = world.ledger.heads[name]
    world.ledger.heads[name] = before.model_copy(
        update={"lease": lease, "open_deployments": (world.record(name).id,)}
    )
    outcomes = roll_back(world)
    assert outcomes.pop(name)["error"] == f"another step is acting on {name}; ask again in a minute"
    assert [one["status"] for one in outcomes.values()] == ["IN_PROGRESS"] * 2


def test_a_fault_of_slipway_itself_is_raised_once_the_others_have_gone_back() -> None:
    world = deployed()
    world.restart()
    world.faults = [Fault(0, ZeroDivisionError(), name="head")]
    with pytest.raises(ZeroDivisionError):
        roll_back(world)
    assert len(world.ecs_acts) == 2
    assert causes(world, CRON) == ["push"]


# Asked for again


def _ended(world: Aws) -> None:
    for name in ALL:
        end(world, name)


@pytest.mark.parametrize("between", [lambda _: None, _ended], ids=["under way", "ended"])
@pytest.mark.parametrize("key", [None, "k"])
def test_a_repeated_call_takes_no_service_further_back(
    key: str | None, between: Callable[[Aws], None]
) -> None:
    world = deeper()
    keys = {"key": key} if key else {}
    first = roll_back(world, **keys)
    between(world)
    acts = list(world.ecs_acts)
    again = roll_back(world, **keys)
    assert {name: one["deployment"] for name, one in again.items()} == {
        name: one["deployment"] for name, one in first.items()
    }
    assert world.ecs_acts == acts
    assert all(causes(world, name).count("rollback") == 1 for name in first)
    assert all("error" not in one for one in again.values())


@pytest.mark.parametrize("key", [None, "k"])
def test_a_call_that_died_anywhere_and_is_repeated_takes_each_back_once(key: str | None) -> None:
    keys = {"key": key} if key else {}
    measured = deeper()
    measured.restart()
    roll_back(measured, **keys)
    calls = len(measured.calls)
    assert calls > 30
    _ended(measured)
    wanted = {name: runs(measured, name) for name in ALL}
    for number in range(calls):
        for after in (False, True):
            world = deeper()
            world.restart()
            world.faults = [Fault(number, Died(), after=after)]
            with pytest.raises(Died):
                roll_back(world, **keys)
            world.world(600)  # until the lease of the dead one is over
            roll_back(world, **keys)
            for name in ALL:
                _finish(world, name)
            assert {name: runs(world, name) for name in ALL} == wanted, (number, after)


def _finish(world: Aws, name: str) -> None:
    """Take the next step, and let what is then under way end well."""
    advance(world.world(), name, world.record(name).id)
    if world.record(name).status is Status.IN_PROGRESS:
        assert end(world, name) is Status.SUCCESSFUL


def test_a_newer_push_makes_the_next_call_go_back_from_it() -> None:
    world = deployed()
    roll_back(world, hold=False)
    _ended(world)
    push_another(world)
    outcomes = roll_back(world)
    assert [one["status"] for one in outcomes.values()] == ["IN_PROGRESS"] * 3
    assert all(causes(world, name) == ["push", "rollback"] * 2 for name in outcomes)


def test_what_waits_during_the_rollback_is_held_and_the_rollback_goes_on() -> None:
    world = deployed()
    roll_back(world, hold=False)
    going = world.record(WEB).id
    world.restart()
    world.faults = [Fault(0, Unavailable("throttled"), name="register")]
    newer = deploy_by_hand(
        world.world(), {"service": WEB, "image": "def5678", "by": "bob", "why": "a fix"}
    )
    assert newer["status"] == "PENDING"
    assert roll_back(world)[WEB]["deployment"] == going
    assert world.ledger.records[WEB, newer["deployment"]].status is Status.HELD
    assert end(world, WEB) is Status.HELD
    assert advance(world.world(), WEB, going).status is Status.SUCCESSFUL


def test_a_hold_that_the_first_call_left_stays_when_the_call_is_repeated() -> None:
    world = deployed()
    roll_back(world)
    holds = {name: world.ledger.heads[name].holds for name in ALL}
    told = len(world.topic.published)
    roll_back(world, by="bob")
    assert {name: world.ledger.heads[name].holds for name in ALL} == holds
    assert len(world.topic.published) == told


def test_a_hold_that_was_released_meanwhile_is_there_again() -> None:
    world = deployed()
    roll_back(world)
    _ended(world)
    release_by_hand(world.world(), {"service": WEB, "by": "bob", "why": "tested"})
    roll_back(world)
    assert [hold.by for hold in world.ledger.heads[WEB].holds] == ["ann"]


# Plans, and mistakes


def test_the_plan_of_a_repository_is_a_plan_of_each_and_changes_nothing() -> None:
    world = deployed(WORKER)
    before = dict(world.ledger.heads)
    plans = roll_back(world, plan=True)
    assert {name: plan["would"] for name, plan in plans.items()} == {
        CRON: "deploy", WORKER: "nothing", WEB: "deploy",
    }  # fmt: skip
    assert plans[WEB]["revision"] == f"{examples.FAMILY}:7"
    assert "ROLLBACK_SUCCESSFUL" in plans[WORKER]["reason"]
    assert (world.acts, world.ledger.heads) == ([], before)
    assert list(plans) == list(roll_back(world))


def test_a_plan_that_aws_does_not_answer_is_an_error_of_its_service() -> None:
    world = deployed()
    world.restart()
    world.faults = [Fault(0, Unavailable("throttled"), name="head")]
    plans = roll_back(world, plan=True)
    assert plans.pop(CRON) == {"error": "throttled. Ask again in a minute."}
    assert [plan["would"] for plan in plans.values()] == ["deploy", "deploy"]


@pytest.mark.parametrize(
    ("keys", "words"),
    [
        (
            {"repository": "conflicto-backend-de"},
            "no target follows the repository 'conflicto-backend-de'; did you mean "
            "conflicto-backend-dev? The repositories are conflicto-backend-dev, other",
        ),
        ({"repository": "moon"}, "'moon'; the repositories are conflicto-backend-dev, other"),
        ({"service": WEB}, "give either `service` (CLUSTER/SERVICE) or `repository`, and not both"),
        ({"repository": None}, "give either `service` (CLUSTER/SERVICE) or `repository`, and not"),
        (
            {"to": "conflicto-backend-dev:7"},
            "`to`: expected a tag or a digest, which several services may have run",
        ),
    ],
)
def test_what_names_no_services_is_refused_and_nothing_changes(
    keys: dict[str, Any], words: str
) -> None:
    world = deployed()
    with pytest.raises(Refused) as refused:
        rollback_by_hand(world.world(), {**ASKED, **keys})
    assert words in str(refused.value)
    assert world.acts == []
