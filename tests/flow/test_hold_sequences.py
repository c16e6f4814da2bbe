"""Whatever people and AWS do, in whatever order: what is held waits, and goes when it may.

The model knows the holds, the freeze, what was approved and what was barred, and nothing else.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping
from datetime import datetime, timedelta
from itertools import count
from typing import Any

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from chalicelib.errors import Refused, Unavailable
from chalicelib.flow.deploy import deploy_by_hand
from chalicelib.flow.hold import hold_by_hand
from chalicelib.flow.image_event import image_event
from chalicelib.flow.release import release_by_hand
from chalicelib.flow.rollback import rollback_by_hand
from chalicelib.flow.sweep.sweep import sweep_targets
from chalicelib.flow.watch import watch
from chalicelib.model.deployments import Cause, Deployment, Status
from chalicelib.model.services import Service
from tests.fixtures import examples
from tests.fixtures.examples import NAME, OLD_DIGEST, push_event
from tests.flow.by_hand import WHO
from tests.flow.fakes import Aws, aws
from tests.model.freezes import freeze

_MINUTE, _HOUR = timedelta(minutes=1), timedelta(hours=1)
_APPROVAL = 24 * _HOUR
_ROLLOUT = timedelta(minutes=4)
_SWEEP = timedelta(minutes=10)
_FIRST_POLL = timedelta(seconds=10)
_MOVES = st.sampled_from([_MINUTE, 7 * _MINUTE, 25 * _MINUTE, 2 * _HOUR, 9 * _HOUR, 30 * _HOUR])
_UNTIL = {"5m": 5 * _MINUTE, "3h": 3 * _HOUR, "1d": 24 * _HOUR}
_NOTHING_TO_GO_BACK_TO = re.compile("is already back on|has no proven revision from before")
_digest = st.integers(min_value=0)
_seldom = st.sampled_from([False, False, False, True])


class Sequences(RuleBasedStateMachine):
    """One service, its people, and AWS, which polls, sweeps and delivers as the clock moves."""

    @initialize(
        approval=_seldom,  # so that each reason is often the only one
        frozen=_seldom,
        begins=st.integers(min_value=-2, max_value=20),
        hours=st.integers(min_value=1, max_value=30),
    )
    def begin(self, *, approval: bool, frozen: bool, begins: int, hours: int) -> None:
        keys: dict[str, Any] = {"approval": "1d"} if approval else {}
        self.frozen: tuple[datetime, datetime] | None = None
        if frozen:
            hour = examples.NOW.replace(minute=0, second=0) + begins * _HOUR
            self.frozen = hour, hour + hours * _HOUR
            first, last = (f"{at:%Y-%m-%d %H:%M}" for at in self.frozen)
            keys["freeze"] = (freeze(first, last, "UTC"),)
        self.aws: Aws = aws(examples.target(**keys))
        self.aws.images.all = [examples.image(OLD_DIGEST, examples.at(-9_999), tags=("old",))]
        self.numbers = count(1)
        self.polls: dict[tuple[str, int], datetime] = {}
        self.late: list[tuple[datetime, dict[str, Any]]] = []
        self.swept = self.aws.now
        # The model
        self.approval = approval
        self.holds: dict[str, datetime | None] = {}
        self.approved: set[str] = set()
        self.barred: set[str] = set()
        self.begun: Counter[str] = Counter()
        really = self.aws.services.update

        def update(cluster: str, service: Service, task_definition: str) -> Service:
            for record in self.records:
                if record.acting:
                    self._begins(record)
            return really(cluster, service, task_definition)

        self.aws.services.update = update  # type: ignore[method-assign]
        sweep_targets(self.aws.world(0))

    # The model

    def _begins(self, record: Deployment) -> None:
        """ECS is told to deploy this now."""
        if record.cause is not Cause.ROLLBACK:
            assert record.digest not in self.barred
            assert record.override or self._kept_by(record) == []
        self.begun[record.id] += 1

    def _kept_by(self, record: Deployment) -> list[str]:
        now = self.aws.now
        kinds = [kind for kind, until in self.holds.items() if until is None or now < until]
        if self.frozen and self.frozen[0] <= now < self.frozen[1]:
            kinds.append("freeze")
        if self.approval and record.id not in self.approved:
            kinds.append("approval")
        return kinds

    # What is there

    @property
    def records(self) -> list[Deployment]:
        return list(self.aws.ledger.records.values())

    @property
    def held(self) -> list[Deployment]:
        return [record for record in self.records if record.status is Status.HELD]

    @property
    def runs(self) -> str:
        """The digest that ECS works towards."""
        definition = self.aws.services.definitions[self.aws.services.all[NAME].task_definition]
        image: str = definition.body["containerDefinitions"][0]["image"]
        return image.partition("@")[2]

    def _pushed(self, number: int) -> str:
        """One of the digests in ECR."""
        return self.aws.images.all[number % len(self.aws.images.all)].digest

    # Time, and what AWS does in it

    def _go(self, span: timedelta) -> None:
        end = self.aws.now + span
        while (due := self._due()) <= end:
            self.aws.now = max(self.aws.now, due)
            self._happens()
        self.aws.now = end

    def _due(self) -> datetime:
        for one in self.aws.watchers.running:
            self.polls.setdefault(one, self.aws.now + _FIRST_POLL)
        events = [at for at, _ in self.late]
        return min([self.swept + _SWEEP, self._completes(), *self.polls.values(), *events])

    def _completes(self) -> datetime:
        newest = self.aws.services.service_deployments[NAME][-1]
        under_way = newest.status in {"IN_PROGRESS", "ROLLBACK_IN_PROGRESS"}
        assert newest.created_at is not None
        return (
            newest.created_at + _ROLLOUT
            if under_way
            else datetime.max.replace(tzinfo=newest.created_at.tzinfo)
        )

    def _happens(self) -> None:
        now = self.aws.now
        if self._completes() <= now:
            self._completed()
        for one in [one for one, at in self.polls.items() if at <= now]:
            wait = watch(self.aws.world(0), one[0])["wait"]
            self.polls[one] = now + timedelta(seconds=wait)
            if not wait:
                del self.polls[one]
                self.aws.watchers.running.discard(one)
        for late in [late for late in self.late if late[0] <= now]:
            self.late.remove(late)
            image_event(self.aws.world(0), late[1])
        if self.swept + _SWEEP <= now:
            self._sweep()

    def _completed(self) -> None:
        if self.aws.services.service_deployments[NAME][-1].status == "IN_PROGRESS":
            self.aws.services.complete(NAME)
        else:
            self.aws.services.rolled_back(NAME)

    def _sweep(self) -> None:
        self.swept = self.aws.now
        wrong = [one for one in sweep_targets(self.aws.world(0)) if one.outcome == "failed"]
        assert wrong == []

    # What people do

    @rule(span=_MOVES)
    def time_passes(self, span: timedelta) -> None:
        self._go(span)

    @rule()
    def a_rollout_ends(self) -> None:
        self._go(_ROLLOUT + 2 * _MINUTE)

    @rule(comes=st.sampled_from(["once", "once", "twice", "late", "never"]))
    def push(self, comes: str) -> None:
        number = next(self.numbers)
        digest = f"sha256:{number:064}"
        self.aws.images.all.append(examples.image(digest, self.aws.now, tags=(f"tag{number}",)))
        self._event(push_event(digest, f"tag{number}", self.aws.now), comes)

    @rule(which=_digest)
    def push_again_under_another_tag(self, which: int) -> None:
        self._go(_MINUTE)  # an event of the same second as the last request is not newer
        digest, tag = self._pushed(which), f"tag{next(self.numbers)}"
        images = self.aws.images.all
        number = which % len(images)
        images[number] = images[number].model_copy(update={"tags": (*images[number].tags, tag)})
        self._event(push_event(digest, tag, self.aws.now), "once")

    @precondition(lambda self: self.barred)
    @rule(which=_digest)
    def push_again_what_was_barred(self, which: int) -> None:
        digest = sorted(self.barred)[which % len(self.barred)]
        digests = [image.digest for image in self.aws.images.all]
        self.push_again_under_another_tag(digests.index(digest))

    @rule()
    def push_and_go_live(self) -> None:
        self.push("once")
        self._go(_ROLLOUT + 2 * _MINUTE)

    def _event(self, event: dict[str, Any], comes: str) -> None:
        self._go(timedelta(seconds=1))
        if comes in {"once", "twice"}:
            image_event(self.aws.world(0), event)
        if comes in {"twice", "late"}:
            self.late.append((self.aws.now + 5 * _MINUTE, event))

    @rule(until=st.none() | st.sampled_from(sorted(_UNTIL)))
    def hold(self, until: str | None) -> None:
        self._go(timedelta(seconds=1))
        self.holds["person"] = self.aws.now + _UNTIL[until] if until else None
        hold_by_hand(self.aws.world(0), WHO | ({"until": until} if until else {}))

    @rule(deploy=st.sampled_from(["newest", "newest", "none"]))
    def release(self, deploy: str) -> None:
        self._go(timedelta(seconds=1))
        held = next(iter(self.held), None)
        try:
            release_by_hand(self.aws.world(0), {**WHO, "deploy": deploy})
        except Refused:
            assert held is None
            assert [
                until for until in self.holds.values() if not until or until > self.aws.now
            ] == []
            return
        self.holds.clear()
        if held is None:
            return
        if deploy == "none":
            assert self._now(held).status is Status.REFUSED
            return
        self.approved.add(held.id)
        self.barred.discard(held.digest)  # a person said so
        assert (self._now(held).status is Status.HELD) == (self._kept_by(held) != [])

    def _now(self, record: Deployment) -> Deployment:
        return self.aws.ledger.records[NAME, record.id]

    @rule(which=_digest, override=_seldom)
    def deploy_by_hand(self, which: int, *, override: bool) -> None:
        self._go(timedelta(seconds=1))
        digest = self._pushed(which)
        self.barred.discard(digest)
        reply = deploy_by_hand(self.aws.world(0), {**WHO, "image": digest, "override": override})
        assert not (override and reply["status"] == "HELD")

    @rule(hold=st.booleans())
    def roll_back(self, *, hold: bool) -> None:
        """It stops what is rolled out, or goes back from what is live."""
        before, reply = self.runs, self._rolled_back(hold=hold)
        if "error" in reply:
            assert _NOTHING_TO_GO_BACK_TO.search(reply["error"])
            return
        made = self.aws.ledger.records[NAME, reply["deployment"]]
        assert made.status not in {Status.HELD, Status.REFUSED}
        to = made.digest if made.cause is Cause.ROLLBACK else self.runs
        self.barred.discard(to)
        if to != before:
            self.barred.add(before)

    @rule(hold=st.booleans(), live=st.booleans())
    def push_roll_back_and_push_again(self, *, hold: bool, live: bool) -> None:
        """It is rolled back when it is live, or else stopped when it has just begun."""
        self.push("once")
        self._go(_ROLLOUT + 2 * _MINUTE if live else _MINUTE)
        self.roll_back(hold=hold)
        self._go(_ROLLOUT + 2 * _MINUTE)
        self.push("once")

    def _rolled_back(self, *, hold: bool) -> Mapping[str, Any]:
        for _ in range(5):
            self._go(timedelta(seconds=40))
            waited = [record for record in self.records if record.open]
            if hold and waited:
                self.holds["rollback"] = None
            try:
                reply = rollback_by_hand(self.aws.world(0), WHO | {"hold": hold})
            except Unavailable:
                continue
            except Refused as refused:
                return {"error": str(refused)}
            if hold:
                self.holds["rollback"] = None
            else:
                self.barred |= {record.digest for record in waited}
            return reply
        raise AssertionError("it was never answered")

    # What is always so

    @invariant()
    @precondition(lambda self: hasattr(self, "aws"))
    def nothing_begins_twice(self) -> None:
        assert max(self.begun.values(), default=0) <= 1

    @invariant()
    @precondition(lambda self: hasattr(self, "aws"))
    def at_most_one_is_held_and_head_names_it(self) -> None:
        held = self.aws.ledger.heads[NAME].held
        assert [record.id for record in self.held] == ([held.deployment] if held else [])

    @invariant()
    @precondition(lambda self: hasattr(self, "aws"))
    def nothing_is_held_without_a_reason(self) -> None:
        """At the latest after the next sweep."""
        for record in self.held:
            assert record.held is not None
            kept = self._kept_by(record)
            over = "approval" in kept and self.aws.now >= record.held.since + _APPROVAL
            if over or not kept:
                self._sweep()
                assert self._now(record).status is not Status.HELD

    def teardown(self) -> None:
        """When people let everything go, everything ends."""
        if not hasattr(self, "aws"):
            return
        self._go(60 * _HOUR if self.frozen else 12 * _MINUTE)  # what was late or lost has come
        self.holds.clear()
        for record in self.held:
            self.approved.add(record.id)
            self.barred.discard(record.digest)
        try:
            release_by_hand(self.aws.world(0), WHO)
        except Refused:
            assert self.held == []
        self._go(2 * _HOUR)
        assert [record.id for record in self.records if record.open] == []
        self.nothing_begins_twice()


def _played(examples: int, steps: int) -> None:
    run_state_machine_as_test(
        Sequences, settings=settings(max_examples=examples, stateful_step_count=steps)
    )


def test_what_is_held_waits_and_goes_when_it_may_whatever_happens() -> None:
    _played(40, 20)


@pytest.mark.slow
def test_what_is_held_waits_and_goes_when_it_may_in_many_more_sequences() -> None:
    _played(500, 40)
