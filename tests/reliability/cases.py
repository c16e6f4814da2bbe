"""Every crash point: each call that each flow makes, in every way in which it can fail.

Each flow is played with `LAGS` seeds, and each way to fail uses one of them: a case has the seed of
the undisturbed run whose calls it takes. ECS' reads lag in all of them, unless the salt is None.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache

from embedded.services.ecs import Lag
from tests.reliability.faults import EVENT_KINDS, KINDS
from tests.reliability.flow import Run, run
from tests.reliability.flows import FLOWS

LAGS = 5
ALL_KINDS = (*KINDS, *EVENT_KINDS)


@dataclass(frozen=True)
class Case:
    """One run of a flow, in which one call or event goes wrong."""

    flow: str
    number: int
    kind: str
    point: str
    salt: int | None = 0

    @property
    def seed(self) -> str | None:
        """The seed of the lag; None when reads do not lag."""
        return seed_of(self.flow, self.kind, self.salt)

    @property
    def again(self) -> str:
        """The command that plays it again."""
        lags = "--at-once" if self.salt is None else f"--lags {self.salt}"
        return f"python -m tests.reliability {lags} --case '{self}'"

    def __str__(self) -> str:
        return f"{self.flow}-{self.point}-{self.kind}".replace(" ", "-")

    def play(self) -> Run:
        faults: Mapping[int, str] = {self.number: self.kind}
        flow, lag = FLOWS[self.flow], _lag(self.seed)
        if self.kind in EVENT_KINDS:
            return run(flow, {}, faults, lag=lag)
        return run(flow, faults, lag=lag)


@cache
def undisturbed(flow: str, seed: str | None = None) -> Run:
    """A flow in which nothing goes wrong; with a seed, ECS' reads lag."""
    return run(FLOWS[flow], lag=_lag(seed))


def _lag(seed: str | None) -> Lag | None:
    return None if seed is None else Lag(seed=seed, unordered=True)


def seeds(flow: str, salt: int = 0) -> list[str]:
    """The seeds with which a flow is played; another `salt` gives others."""
    return [f"{flow} {salt * LAGS + number}" for number in range(LAGS)]


def seed_of(flow: str, kind: str, salt: int | None = 0) -> str | None:
    if salt is None:
        return None
    return seeds(flow, salt)[ALL_KINDS.index(kind) % LAGS]


def cases(flow: str, salt: int | None = 0, kinds: Iterable[str] = ALL_KINDS) -> Iterator[Case]:
    """The cases of one flow, from the calls and events of its undisturbed runs."""
    for kind in kinds:
        calm = undisturbed(flow, seed_of(flow, kind, salt))
        struck = calm.heard if kind in EVENT_KINDS else calm.points
        yield from (Case(flow, number, kind, point, salt) for number, point in enumerate(struck))


def every_case(salt: int | None = 0, flows: Iterable[str] = FLOWS) -> list[Case]:
    return [case for flow in flows for case in cases(flow, salt)]
