"""What a newer release wrote is left alone, and keeps no other service waiting."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from typing import Any

import pytest

from chalicelib.errors import Unreadable
from chalicelib.flow.advance import advance
from chalicelib.flow.deploy import deploy_by_hand
from chalicelib.flow.image_event import image_event
from chalicelib.flow.ports import World
from chalicelib.flow.rollback import rollback_by_hand
from chalicelib.flow.service_event import service_event
from chalicelib.flow.status import tell_status
from chalicelib.flow.sweep.sweep import sweep_targets
from chalicelib.flow.watch import watch
from chalicelib.model.deployments import Deployment, Status
from chalicelib.model.heads import Head
from chalicelib.model.scans import Scan, Severity
from chalicelib.model.targets import Gate, ScanGate
from tests.fixtures import examples
from tests.fixtures.examples import DIGEST, NAME, NOW, OTHER_DIGEST, at, event, push_event
from tests.flow.fakes import Aws, Ledger, aws

WEB = examples.target(service="web")
FIRST_OF_THE_HOUR = NOW.replace(hour=11, minute=3)
WHO = {"service": NAME, "by": "ops", "why": "a test"}
PUSH = push_event(OTHER_DIGEST, "def5678", at(90))
COMPLETED = event("ecs-deployment-completed") | {
    "resources": [f"{examples.ARN}:service/{NAME}"],
}


class Newer(Ledger):
    """A ledger in which a newer release wrote the items of these services."""

    def __init__(self) -> None:
        super().__init__()
        self.heads_of: set[str] = set()
        self.records_of: set[str] = set()

    def head(self, service: str) -> Head | None:
        self._refuse(service, self.heads_of)
        return super().head(service)

    def deployment(self, service: str, deployment: str) -> Deployment | None:
        if super().deployment(service, deployment):
            self._refuse(service, self.records_of)
        return super().deployment(service, deployment)

    def history(self, service: str, limit: int) -> Sequence[Deployment]:
        self._refuse(service, self.records_of)
        return super().history(service, limit)

    @staticmethod
    def _refuse(service: str, newer: set[str]) -> None:
        if service in newer:
            raise Unreadable(f"a newer release wrote {service}")

    def by_newer(self, *, head: bool) -> None:
        self.records_of = {NAME}
        self.heads_of = {NAME} if head else set()

    def back(self) -> None:
        self.records_of = self.heads_of = set()


def _rolling_out(*targets: Any) -> tuple[Aws, Newer]:
    """A push whose rollout is under way."""
    world, ledger = aws(*targets), Newer()
    world.ledger = ledger
    image_event(world.world(), push_event())
    assert world.record().status is Status.IN_PROGRESS
    world.images.all.append(examples.image(OTHER_DIGEST, at(90), tags=("def5678",)))
    return world, ledger


def _open_one(world: World) -> str:
    return world.ledger.unfinished()[0][1]


READS: dict[str, Callable[[World], object]] = {
    "the state machine's poll": lambda world: watch(world, _open_one(world)),
    "ECS' event": lambda world: service_event(world, COMPLETED),
    "status of the service": lambda world: tell_status(world, {"service": NAME}),
    "status of the deployment": lambda world: tell_status(world, {"deployment": _open_one(world)}),
    "a rollback by hand": lambda world: rollback_by_hand(world, WHO),
}
HEAD_READS: dict[str, Callable[[World], object]] = {
    "a push": lambda world: image_event(world, PUSH),
    "a deployment by hand": lambda world: deploy_by_hand(world, {**WHO, "image": "def5678"}),
    "a rollback by name": lambda world: rollback_by_hand(world, {**WHO, "to": "abc1234"}),
}


@pytest.mark.parametrize("head", [True, False], ids=["HEAD too", "the record only"])
@pytest.mark.parametrize("read", READS.values(), ids=READS)
def test_whoever_reads_what_a_newer_release_wrote_stops_there(
    read: Callable[[World], object], head: bool
) -> None:
    world, ledger = _rolling_out()
    ledger.by_newer(head=head)
    world.services.complete(NAME)
    _stops(world, ledger, read)


@pytest.mark.parametrize("read", HEAD_READS.values(), ids=HEAD_READS)
def test_whoever_asks_for_something_of_a_head_that_a_newer_release_wrote_stops_there(
    read: Callable[[World], object],
) -> None:
    world, ledger = _rolling_out()
    ledger.by_newer(head=True)
    _stops(world, ledger, read)


def _stops(world: Aws, ledger: Newer, read: Callable[[World], object]) -> None:
    acts, writes, told = list(world.acts), ledger.writes, list(world.told)
    with pytest.raises(Unreadable):
        read(world.world())
    assert (world.acts, ledger.writes, world.told) == (acts, writes, told)


def test_once_it_can_be_read_again_it_goes_on_as_if_nothing_had_been() -> None:
    world, ledger = _rolling_out()
    ledger.by_newer(head=True)
    world.services.complete(NAME)
    sweep_targets(world.world())
    ledger.back()
    advance(world.world(), NAME, world.record().id)
    assert world.record().status is Status.SUCCESSFUL
    assert world.told == ["IN_PROGRESS", "SUCCESSFUL"]


def test_a_push_that_nobody_could_record_meanwhile_is_found_by_the_sweep() -> None:
    world, ledger = _rolling_out()
    world.services.complete(NAME)
    advance(world.world(), NAME, world.record().id)
    ledger.by_newer(head=True)
    with pytest.raises(Unreadable):
        image_event(world.world(), PUSH)
    ledger.back()
    world.now = FIRST_OF_THE_HOUR
    sweep_targets(world.world(0))
    assert (world.record().digest, world.record().cause) == (OTHER_DIGEST, "sweep")


@pytest.mark.parametrize("head", [True, False], ids=["HEAD too", "the record only"])
def test_the_others_are_swept(head: bool) -> None:
    world, ledger = _rolling_out(examples.target(), WEB)
    world.images.all.pop()  # or the sweep would find it, and deploy it
    ledger.by_newer(head=head)
    world.services.complete(NAME)
    world.services.complete(WEB.name)
    writes = ledger.writes
    outcomes = {(one.outcome, one.service) for one in sweep_targets(world.world())}
    assert outcomes >= {("failed", NAME), ("advanced", WEB.name)}
    assert ledger.writes > writes
    ledger.back()
    assert world.record().status is Status.IN_PROGRESS
    assert world.record(WEB.name).status is Status.SUCCESSFUL


def test_what_somebody_deployed_to_the_others_is_still_found() -> None:
    world, ledger = _rolling_out(examples.target(), WEB)
    for name in (NAME, WEB.name):
        world.services.complete(name)
        advance(world.world(), name, world.record(name).id)
        made = world.services.register({**examples.task_definition().body, "tags": []})
        world.services.begin(name, made.arn)
        world.services.complete(name)
    world.images.all.pop()
    ledger.by_newer(head=True)
    world.now = FIRST_OF_THE_HOUR
    sweeps = [sweep_targets(world.world(600)) for _ in range(6)]
    outcomes = [(one.outcome, one.service) for one in itertools.chain(*sweeps)]
    assert ("foreign", WEB.name) in outcomes
    assert ("failed", NAME) in outcomes


@pytest.mark.parametrize("records", [True, False], ids=["all of it", "HEAD only"])
def test_the_others_are_shown_and_why_one_is_not(records: bool) -> None:
    world, ledger = _rolling_out(examples.target(), WEB)
    assert "unreadable" not in tell_status(world.world(), {})
    ledger.by_newer(head=True)
    if not records:
        ledger.records_of = set()
    reply = tell_status(world.world(), {})
    assert [one["service"] for one in reply["deployments"]] == [WEB.name]
    assert reply["unreadable"] == [f"a newer release wrote {NAME}"]


def test_the_others_are_deployed_by_a_push_that_is_tried_again() -> None:
    world, ledger = _rolling_out(examples.target(), WEB)
    ledger.by_newer(head=True)
    with pytest.raises(Unreadable):
        image_event(world.world(), PUSH)
    assert world.record(WEB.name).digest == OTHER_DIGEST


def test_the_others_are_nudged_by_the_end_of_a_scan() -> None:
    gate = Gate(scan=ScanGate(max=Severity.HIGH))
    world, ledger = (
        aws(examples.target(gate=gate), examples.target(service="web", gate=gate)),
        Newer(),
    )
    world.ledger = ledger
    image_event(world.world(), push_event())
    ledger.by_newer(head=True)
    world.scans.all[DIGEST] = Scan(state="done")
    with pytest.raises(Unreadable):
        image_event(world.world(), event("ecr-scan-basic"))
    assert world.record(WEB.name).status is Status.IN_PROGRESS
