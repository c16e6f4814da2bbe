"""Hours of pushes, failures, rollbacks, crashes and console changes at once.

One seed decides what happens, and how long ECS' reads lag.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from botocore.exceptions import ClientError

from embedded.services.ecs import Crash, Fault, Lag, PullError, SlowStart
from example import conflicto
from example.strategies import pause
from tests.dialect.account import BY_HAND, CLUSTER
from tests.dialect.rehearsed import NO_BREAKER, NO_ROLLBACK
from tests.reliability.account import FaultyAccount, faulty
from tests.reliability.by_chance import choose_ends, commands_of, strike_next
from tests.reliability.rules import ALWAYS, Rule, broken
from tests.reliability.scheduled_by_chance import (
    add_scheduled,
    drop,
    follow_of,
    meddle,
    roll_back_task,
    runs,
)
from tests.reliability.strategies import BLUE_GREEN, CANARY, LINEAR, paused, served

_TARGET = """
[[target]]
repository = "conflicto-{name}-{{env}}"
cluster    = "conflicto-{{env}}"
service    = "conflicto-{name}-service-{{env}}"
"""
_FAULTS: tuple[Fault, ...] = (Crash(exit_code=3), PullError("not found"), SlowStart(40))
_SETTINGS: tuple[dict[str, Any], ...] = ({}, NO_BREAKER, NO_ROLLBACK)
_PAUSE_MINUTES = 20
_KINDS = ("blue/green", "linear", "canary", "paused", "express")
_EACH = 4  # one service in so many moves traffic: in turn one of each of these kinds
SERVICES, HOURS = 20, 3  # of the long run in full
_LOOKS = 600  # how often the rules are looked at, in simulated seconds


@dataclass
class LongRun:
    """One run: `wrong` says which rules were broken, and when."""

    seed: int
    services: int
    minutes: int
    every: int = 60  # seconds between two things that people do, on average
    strikes: float = 0.02  # the share of calls, and of events, that something goes wrong with
    wrong: list[str] = field(default_factory=list)
    done: dict[str, int] = field(default_factory=dict)
    account: FaultyAccount = field(init=False)

    def __post_init__(self) -> None:
        self._random = random.Random(self.seed)
        self._names = [f"s{number}" for number in range(self.services)]
        self._builds: dict[str, list[str]] = {name: [] for name in self._names}
        self._express: set[str] = set()
        self._scheduled: dict[str, list[str]] = {}

    def play(self) -> list[str]:
        targets = "".join(map(_target, range(self.services), self._names))
        with faulty(targets, Lag(seed=self.seed, unordered=True)) as self.account:
            for number, name in enumerate(self._names):
                self._add(self.account, number, name)
            self.account.begin_events()
            self.account.chance = self._chance
            self._arm(self.account)
            self._pass(self.account)
        return self.wrong

    def _add(self, account: FaultyAccount, number: int, name: str) -> None:
        self._add_service(account, number, name)
        express, own = _service(name).replace("/", "-"), f"conflicto-{name}-dev"
        family = express if name in self._express else own
        self._scheduled[name] = add_scheduled(account, number, name, family)

    def _add_service(self, account: FaultyAccount, number: int, name: str) -> None:
        desired, settings = self._random.randint(1, 3), self._random.choice(_SETTINGS)
        kind = _kind(number)
        if kind == "express":
            self._express.add(name)
            conflicto.add_express_service(account.client, name, desired=desired)
            return
        chosen = _moving(name)[kind] if kind else settings
        conflicto.add_service(account.client, name, "gunicorn_fargate", desired=desired, **chosen)

    def _arm(self, account: FaultyAccount) -> None:
        seconds = 0.0
        while (seconds := seconds + self._random.expovariate(1 / self.every)) < self.minutes * 60:
            act = self._random.choices(self._ACTS, self._WEIGHTS)[0]
            name = self._random.choice(self._names)
            account.later(seconds, partial(self._act, act, account, name))

    def _pass(self, account: FaultyAccount) -> None:
        for _ in range(self.minutes * 60 // _LOOKS):
            account.advance(_LOOKS)
            self._look(account, ALWAYS)
        account.chance = None
        if not self._rests(account):
            self.wrong.append("it is not quiet six hours after the end")
        self.wrong += [f"at the end: {words}" for words in broken(account)]

    def _rests(self, account: FaultyAccount) -> bool:
        """Whether it is quiet within six hours. Every hour somebody releases what is still held.

        A rollback that is asked for until it is answered may hold a service again.
        """
        for _ in range(6):
            for service, head in account.heads().items():
                if "holds" in head or "held" in head:
                    account.insist("release", {"service": service, **BY_HAND})
            if account.rest(3600):
                return True
        return False

    def _look(self, account: FaultyAccount, rules: tuple[Rule, ...]) -> None:
        at = account.clock.now().strftime("%H:%M")
        self.wrong += [
            f"{at}: {words}" for words in broken(account, rules) if words not in self._old()
        ]

    def _old(self) -> set[str]:
        return {words.partition(": ")[2] for words in self.wrong}

    def _chance(self, kinds: tuple[str, ...]) -> str | None:
        if self._random.random() >= self.strikes:
            return None
        return self._random.choice(kinds)

    # What people do, and what happens

    def _act(
        self, act: Callable[[LongRun, FaultyAccount, str], None], account: FaultyAccount, name: str
    ) -> None:
        self.done[act.__name__.strip("_")] = self.done.get(act.__name__.strip("_"), 0) + 1
        act(self, account, name)

    def _push(self, account: FaultyAccount, name: str) -> None:
        build = f"{name}-{len(self._builds[name])}-{self.seed}"
        self._builds[name].append(build)
        choose_ends(account, self._random, build)
        tags = [build] if self._random.random() < 0.7 else [build, f"{build}-too"]
        account.push(*tags, repository=f"conflicto-{name}-dev")

    def _push_bad(self, account: FaultyAccount, name: str) -> None:
        build = f"{name}-{len(self._builds[name])}-{self.seed}"
        account.breaks(build, self._random.choice(_FAULTS))
        self._push(account, name)

    def _push_two(self, account: FaultyAccount, name: str) -> None:
        self._push(account, name)
        account.later(self._random.uniform(1, 40), partial(self._push, account, name))

    def _rollback(self, account: FaultyAccount, name: str) -> None:
        override = self._random.random() < 0.5  # else it may be refused: it goes across a `before`
        account.insist("rollback", self._asked(account, name) | {"override": override})

    def _deploy(self, account: FaultyAccount, name: str) -> None:
        if self._builds[name]:
            image = self._random.choice(self._builds[name])
            account.insist("deploy", self._asked(account, name) | {"image": image})

    def _hold(self, account: FaultyAccount, name: str) -> None:
        until = {"until": "20m"} if self._random.random() < 0.5 else {}
        account.insist("hold", self._asked(account, name) | until)

    def _release(self, account: FaultyAccount, name: str) -> None:
        deploy = "none" if self._random.random() < 0.2 else "newest"
        account.insist("release", self._asked(account, name) | {"deploy": deploy})

    def _answer(self, account: FaultyAccount, _: str) -> None:
        """A person answers a pause of any service: mostly to Slipway, at times in the console."""
        waiting = list(filter(paused, account.records()))
        if not waiting:
            return
        record, back = self._random.choice(waiting), self._random.random() < 0.3
        if self._random.random() < 0.3:
            _answer_in_the_console(account, record["service"], "ROLLBACK" if back else "CONTINUE")
            return
        named = {"deployment": record["id"], "stage": record["pause"]["stage"]}
        asked = {**named, **BY_HAND, "deploy": "none" if back else "newest"}
        account.insist("release", asked)

    def _asked(self, account: FaultyAccount, name: str) -> dict[str, Any]:
        key = f"{name}-{account.clock.now().isoformat()}"
        return {"service": _service(name), **BY_HAND, "key": key}

    def _console_earlier(self, account: FaultyAccount, name: str) -> None:
        if name in self._express:
            _set_back_express(account, name)
        else:
            first = f"conflicto-{name}-dev:1"
            account.console(_service(name), "update_service", taskDefinition=first)

    def _console_restart(self, account: FaultyAccount, name: str) -> None:
        if name in self._express:
            return  # UpdateService does not take an Express service
        account.console(_service(name), "update_service", forceNewDeployment=True)

    def _console_stop(self, account: FaultyAccount, name: str) -> None:
        ongoing = account.ecs.service(_service(name)).ongoing
        if ongoing is not None:
            account.touch(_service(name))
            with suppress(ClientError):  # it may be rolling back already
                account.client("ecs").stop_service_deployment(serviceDeploymentArn=ongoing.arn)

    def _scale(self, account: FaultyAccount, name: str) -> None:
        account.ecs.scale(_service(name), self._random.randint(1, 4))

    def _spot(self, account: FaultyAccount, name: str) -> None:
        running = [task for task in account.ecs.service(_service(name)).tasks if task.live]
        if running:
            account.ecs.interrupt_spot(self._random.choice(running).id)

    def _strike_next(self, account: FaultyAccount, name: str) -> None:
        express = name in self._express
        family = _service(name).replace("/", "-") if express else f"conflicto-{name}-dev"
        strike_next(account, self._random, f"{CLUSTER}/family:{family}")

    def _meddle(self, account: FaultyAccount, name: str) -> None:
        for scheduled in self._one_of(name):
            meddle(account, self._random, scheduled)

    def _drop(self, account: FaultyAccount, name: str) -> None:
        for scheduled in self._one_of(name):
            drop(account, scheduled)

    def _runs(self, account: FaultyAccount, name: str) -> None:
        for scheduled in self._one_of(name):
            runs(account, self._random, scheduled)

    def _one_of(self, name: str) -> list[str]:
        """One of the scheduled tasks of a service; none where it has none."""
        known = self._scheduled[name]
        return [self._random.choice(known)] if known else []

    def _roll_back_task(self, account: FaultyAccount, name: str) -> None:
        roll_back_task(account, self._names.index(name), name)

    _ACTS = (
        _push,
        _push_bad,
        _push_two,
        _rollback,
        _deploy,
        _hold,
        _release,
        _answer,
        _console_earlier,
        _console_restart,
        _console_stop,
        _scale,
        _spot,
        _strike_next,
        _meddle,
        _drop,
        _runs,
        _roll_back_task,
    )
    _WEIGHTS = (8, 5, 3, 2, 2, 1, 2, 3, 1, 1, 1, 2, 2, 2, 4, 1, 6, 2)


def _target(number: int, name: str) -> str:
    return _TARGET.format(name=name) + commands_of(number) + follow_of(number, name)


def _service(name: str) -> str:
    return f"{CLUSTER}/conflicto-{name}-service-dev"


def _kind(number: int) -> str:
    """How the service of this number is deployed; empty for a rolling update."""
    place, left = divmod(number + 1, _EACH)
    return "" if left else _KINDS[(place - 1) % len(_KINDS)]


def _moving(name: str) -> dict[str, dict[str, Any]]:
    return {
        "blue/green": served(BLUE_GREEN, name),
        "linear": served(LINEAR, name),
        "canary": served(CANARY, name),
        "paused": served(BLUE_GREEN, name, **pause(_PAUSE_MINUTES)),
    }


def _set_back_express(account: FaultyAccount, name: str) -> None:
    """Somebody gives an Express service its first task definition in the console."""
    key = _service(name)
    account.touch(key)
    account.client("ecs").update_express_gateway_service(
        serviceArn=account.ecs.service(key).arn,
        taskDefinitionArn=f"{key.replace('/', '-')}:1",
    )


def _answer_in_the_console(account: FaultyAccount, service: str, action: str) -> None:
    ongoing = account.ecs.service(service).ongoing
    for hook in ongoing.hooks if ongoing else ():
        with suppress(ClientError):  # it may be answered already
            account.client("ecs").continue_service_deployment(
                serviceDeploymentArn=ongoing.arn if ongoing else "", hookId=hook.id, action=action
            )
