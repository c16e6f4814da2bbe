"""`python -m bench.board [SERVICES]`: how long the board of many services takes, and what it reads.

Every service has a history: it was met, one push went live, and one more is under way. The
embedded DynamoDB answers in this process, so no network is in the seconds; `requests` says how
often there would be one.
"""

from __future__ import annotations

import json
import statistics
import sys
import time
from dataclasses import asdict, dataclass
from typing import Any
from unittest.mock import patch

from botocore.awsrequest import AWSResponse

from bench.reads import counted
from example import conflicto
from rehearsal.fleet import Fleet, side_by_side
from rehearsal.fleet_services import build, spread, targets_of
from rehearsal.rehearsal import rehearse
from rehearsal.wire import WIRE, Attempt

_RUNS = 5
_SERVICES = 500
_SETTLE = 1800.0


@dataclass(frozen=True)
class Board:
    """The board of so many services. `seconds` is the median of several runs, real time.

    `pages` are the calls of `status`; `largest` is the largest reply in bytes. `requests`, `items`
    and `units` are those of DynamoDB. `own` are the seconds without those in which the embedded
    DynamoDB worked.
    """

    services: int
    pages: int
    requests: int
    items: int
    units: float
    largest: int
    seconds: float
    own: float


def board(services: int = _SERVICES) -> Board:
    """Deploy two images to every service, the second one not to its end, and read the board."""
    fleet = spread(services, max(1, services // 10), 1)
    with rehearse(targets_of(fleet), Fleet) as account, side_by_side(account):
        build(account, fleet)
        account.every_ten_minutes()
        account.advance(300)
        repository = fleet[0].repository
        conflicto.push(account.client, repository, ["one"], "one")
        account.advance(_SETTLE)
        conflicto.push(account.client, repository, ["two"], "two")
        account.advance(30)
        with counted() as reads:
            replies = _pages(account)
        rows = [row for reply in replies for row in reply["board"]]
        if len(rows) != services or not all(row["runs"]["deployment"] for row in rows):
            raise RuntimeError(f"The board is not as it was made: {rows[:3]}")
        times = [_timed(account) for _ in range(_RUNS)]
        return Board(
            services=services,
            pages=len(replies),
            requests=reads.requests,
            items=reads.items,
            units=reads.units,
            largest=max(len(json.dumps(reply).encode()) for reply in replies),
            seconds=round(statistics.median(seconds for seconds, _ in times), 2),
            own=round(statistics.median(own for _, own in times), 2),
        )


def _timed(account: Fleet) -> tuple[float, float]:
    """How long the board takes, and how much of it is not the embedded DynamoDB's work."""
    line, answering = WIRE.line, 0.0

    def timed(attempt: Attempt) -> AWSResponse:
        nonlocal answering
        asked = time.perf_counter()
        answer = line(attempt)
        answering += time.perf_counter() - asked
        return answer

    with patch.object(WIRE, "line", timed):
        began = time.perf_counter()
        _pages(account)
        seconds = time.perf_counter() - began
    return seconds, seconds - answering


def _pages(account: Fleet) -> list[dict[str, Any]]:
    """Each page of the board, as `slipway status` reads them."""
    replies = [account.invoke("status", {"board": True})]
    while after := replies[-1].get("next"):
        replies.append(account.invoke("status", {"board": True, "after": after}))
    return replies


if __name__ == "__main__":
    print(json.dumps(asdict(board(int(sys.argv[1]) if sys.argv[1:] else _SERVICES))))
