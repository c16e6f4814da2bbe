"""What the `before` and `after` tasks of a long run suffer, by chance."""

from __future__ import annotations

import random

from embedded.services.ecs import Exits, HostLost, NoCapacity
from example import conflicto
from tests.reliability.account import FaultyAccount

_BEFORE = 'before = {command = ["manage", "migrate"], timeout = "10m"}\n'
_AFTER = 'after = {command = ["smoke", "--all"], timeout = "5m"}\n'
_KEYS = ("", _BEFORE, _BEFORE + _AFTER, _AFTER)
_ENDS = (
    Exits(exit_code=0, after=3),
    Exits(exit_code=0, after=45),
    Exits(exit_code=0, after=150),
    Exits(exit_code=3, after=10),
    Exits(after=86_400),  # it hangs
)
_WEIGHTS = (4, 3, 2, 2, 1)


def commands_of(number: int) -> str:
    """The keys of the target of this number: in turn none, `before`, both, and `after`.

    From the fifth on they are one place further, and so on: a service that moves traffic may have
    any of them.
    """
    return _KEYS[(number + number // 5) % len(_KEYS)]


def choose_ends(account: FaultyAccount, chance: random.Random, build: str) -> None:
    """Say how the commands of a build end."""
    for command in ("migrate", "smoke"):
        (exits,) = chance.choices(_ENDS, _WEIGHTS)
        account.ecs.faults.run(exits, image=conflicto.digest_of(build), command=command)


def strike_next(account: FaultyAccount, chance: random.Random, group: str) -> None:
    """The next task that runs a command of `CLUSTER/GROUP` finds no room, or loses its machine."""
    faults = (NoCapacity(times=chance.randint(1, 3)), HostLost(after=4, times=1))
    account.ecs.faults.service(group, chance.choice(faults))
