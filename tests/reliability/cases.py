"""Every crash point: each call of each flow as it is really made, in every way that it can fail."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache

from tests.reliability.flows import FLOWS, Run, run
from tests.reliability.machine import EVENT_KINDS, KINDS


@dataclass(frozen=True)
class Case:
    """One run: a flow, and what goes wrong at which of its calls (or events)."""

    flow: str
    number: int
    kind: str
    point: str

    def __str__(self) -> str:
        return f"{self.flow}-{self.point}-{self.kind}".replace(" ", "-")

    def play(self) -> Run:
        faults: Mapping[int, str] = {self.number: self.kind}
        flow = FLOWS[self.flow]
        return run(flow, {}, faults) if self.kind in EVENT_KINDS else run(flow, faults)


@cache
def undisturbed(flow: str) -> Run:
    return run(FLOWS[flow])


def cases(flow: str) -> Iterator[Case]:
    """The cases of one flow, from the calls and events of its undisturbed run."""
    calm = undisturbed(flow)
    for kind in KINDS:
        yield from (Case(flow, number, kind, point) for number, point in enumerate(calm.points))
    for kind in EVENT_KINDS:
        yield from (Case(flow, number, kind, point) for number, point in enumerate(calm.heard))


def every_case() -> list[Case]:
    return [case for flow in FLOWS for case in cases(flow)]
