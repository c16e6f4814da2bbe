"""Hours of pushes, failures, rollbacks, crashes and console changes at once, by one seed.

ECS' reads lag all the while, by the same seed.
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
from tests.reliability.machine import CLUSTER, Machine, begin, machine
from tests.reliability.rules import ALWAYS, broken

_TARGET = """
[[target]]
repository = "conflicto-{name}-{{env}}"
cluster    = "conflicto-{{env}}"
service    = "conflicto-{name}-service-{{env}}"
"""
_FAULTS: tuple[Fault, ...] = (Crash(exit_code=3), PullError("not found"), SlowStart(40))
_SETTINGS: tuple[dict[str, Any], ...] = (
    {},
    {"deploymentConfiguration": {}},
    {"deploymentConfiguration": {"deploymentCircuitBreaker": {"enable": True, "rollback": False}}},
)
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
    made: Any = None

    def __post_init__(self) -> None:
        self._random = random.Random(self.seed)
        self._names = [f"s{number}" for number in range(self.services)]
        self._builds: dict[str, list[str]] = {name: [] for name in self._names}

    def play(self) -> list[str]:
        targets = "".join(_TARGET.format(name=name) for name in self._names)
        with machine(targets, Lag(seed=self.seed, unordered=True)) as self.made:
            for name in self._names:
                desired, settings = self._random.randint(1, 3), self._random.choice(_SETTINGS)
                conflicto.add_service(
                    self.made.client, name, "gunicorn_fargate", desired=desired, **settings
                )
            begin(self.made)
            self.made.chance = self._chance
            self._arm(self.made)
            self._pass(self.made)
        return self.wrong

    def _arm(self, made: Machine) -> None:
        seconds = 0.0
        while (seconds := seconds + self._random.expovariate(1 / self.every)) < self.minutes * 60:
            act = self._random.choices(self._ACTS, self._WEIGHTS)[0]
            name = self._random.choice(self._names)
            made.later(seconds, partial(self._act, act, made, name))

    def _pass(self, made: Machine) -> None:
        for _ in range(self.minutes * 60 // _LOOKS):
            made.advance(_LOOKS)
            self._look(made, ALWAYS)
        made.chance = None
        if not made.rest(6 * 3600):
            self.wrong.append("it is not quiet six hours after the end")
        self.wrong += [f"at the end: {words}" for words in broken(made)]

    def _look(self, made: Machine, rules: Any) -> None:
        at = made.clock.now().strftime("%H:%M")
        self.wrong += [
            f"{at}: {words}" for words in broken(made, rules) if words not in self._old()
        ]

    def _old(self) -> set[str]:
        return {words.partition(": ")[2] for words in self.wrong}

    def _chance(self, kinds: tuple[str, ...]) -> str | None:
        if self._random.random() >= self.strikes:
            return None
        return self._random.choice(kinds)

    # What people do, and what happens

    def _act(self, act: Callable[[LongRun, Machine, str], None], made: Machine, name: str) -> None:
        self.done[act.__name__.strip("_")] = self.done.get(act.__name__.strip("_"), 0) + 1
        act(self, made, name)

    def _push(self, made: Machine, name: str) -> None:
        build = f"{name}-{len(self._builds[name])}-{self.seed}"
        self._builds[name].append(build)
        tags = [build] if self._random.random() < 0.7 else [build, f"{build}-too"]
        made.push(f"conflicto-{name}-dev", *tags)

    def _push_bad(self, made: Machine, name: str) -> None:
        build = f"{name}-{len(self._builds[name])}-{self.seed}"
        made.ecs.faults.image(conflicto.digest_of(build), self._random.choice(_FAULTS))
        self._push(made, name)

    def _push_two(self, made: Machine, name: str) -> None:
        self._push(made, name)
        made.later(self._random.uniform(1, 40), partial(self._push, made, name))

    def _rollback(self, made: Machine, name: str) -> None:
        made.person("rollback", self._asked(made, name))

    def _deploy(self, made: Machine, name: str) -> None:
        if self._builds[name]:
            image = self._random.choice(self._builds[name])
            made.person("deploy", self._asked(made, name) | {"image": image})

    def _asked(self, made: Machine, name: str) -> dict[str, Any]:
        key = f"{name}-{made.clock.now().isoformat()}"
        return {"service": _service(name), "by": "ann", "why": "a test", "key": key}

    def _console_earlier(self, made: Machine, name: str) -> None:
        made.console(_service(name), "update_service", taskDefinition=f"conflicto-{name}-dev:1")

    def _console_restart(self, made: Machine, name: str) -> None:
        made.console(_service(name), "update_service", forceNewDeployment=True)

    def _console_stop(self, made: Machine, name: str) -> None:
        ongoing = made.ecs.service(_service(name)).ongoing
        if ongoing is not None:
            made.touch(_service(name))
            with suppress(ClientError):  # it may be rolling back already
                made.client("ecs").stop_service_deployment(serviceDeploymentArn=ongoing.arn)

    def _scale(self, made: Machine, name: str) -> None:
        made.ecs.scale(_service(name), self._random.randint(1, 4))

    def _spot(self, made: Machine, name: str) -> None:
        running = [one for one in made.ecs.service(_service(name)).tasks if one.live]
        if running:
            made.ecs.interrupt_spot(self._random.choice(running).id)

    _ACTS = (
        _push,
        _push_bad,
        _push_two,
        _rollback,
        _deploy,
        _console_earlier,
        _console_restart,
        _console_stop,
        _scale,
        _spot,
    )
    _WEIGHTS = (8, 5, 3, 2, 2, 1, 1, 1, 2, 2)


def _service(name: str) -> str:
    return f"{CLUSTER}/conflicto-{name}-service-dev"
