"""A case -> samples: processes started one after the other, each called a number of times."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from bench.lambda_.cases import Case
from embedded.calls.sessions import ACCOUNT, REGION
from embedded.services.lambda_ import Environment, Invocation

_TIMEOUT = 60.0
_ARN = f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:slipway-dev-measured"


@dataclass(frozen=True)
class Took:
    """Milliseconds of real time, and of CPU in the function's process."""

    wall: float
    cpu: float


@dataclass(frozen=True)
class Sample:
    """One process: from its start to its first request for an event, and what it then handled."""

    case: str
    init: Took
    first: Took
    warm: tuple[Took, ...]
    peak_mb: int
    log_bytes: int  # that a warm invocation wrote, the platform's own lines not counted


def samples(cases: Sequence[Case], rounds: int, warm: int) -> Iterator[Sample]:
    """Play all cases in turn, `rounds` times: a busy machine slows all of them alike."""
    for _ in range(rounds):
        for case in cases:
            yield _sample(case, warm)


def _sample(case: Case, warm: int) -> Sample:
    began = time.perf_counter()
    environment = case.start()
    try:
        if not environment.await_init():
            raise RuntimeError(f"{case.name} did not start: {environment.output()}")
        init = Took((time.perf_counter() - began) * 1000, _cpu(environment.pid))
        first = _invoke(case, environment)
        environment.output()
        rest = tuple(_invoke(case, environment) for _ in range(warm))
        lines = environment.output()
        return Sample(
            case=case.name,
            init=init,
            first=first,
            warm=rest,
            peak_mb=environment.peak_memory_mb() or 0,
            log_bytes=round(sum(len(line.encode()) + 1 for line in lines) / max(1, warm)),
        )
    finally:
        environment.close()


def _invoke(case: Case, environment: Environment) -> Took:
    invocation = Invocation(json.dumps(case.payload()).encode(), _ARN)
    cpu, wall = _cpu(environment.pid), time.perf_counter()
    environment.run(invocation, _TIMEOUT)
    took = Took((time.perf_counter() - wall) * 1000, _cpu(environment.pid) - cpu)
    if invocation.error or not case.right(json.loads(invocation.response)):
        raise RuntimeError(f"{case.name} replied {invocation.response.decode()}")
    return took


def _cpu(pid: int) -> float:
    """Milliseconds of CPU that a process has used; see clock_getcpuclockid(3) for the clock."""
    return time.clock_gettime((~pid << 3) | 2) * 1000
