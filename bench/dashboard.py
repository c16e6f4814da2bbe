"""`make bench-dashboard`: how long a click waits, with 500 services and 100,000 records.

The dashboard is served as `slipway dashboard` serves it, and clicked through HTTP. Its functions
run in a process of their own, on the embedded AWS. First they answer as soon as that lets them, and
then two seconds later, as after a cold start. A click is answered with what is known by then.
`complete` is how long it takes until nothing is awaited any more. Writes out/dashboard.json and
out/dashboard.md.
"""

from __future__ import annotations

import argparse
import http.client
import json
import statistics
import sys
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from multiprocessing import Pipe, get_context
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any
from urllib.parse import quote

from bench.account import PROJECT
from bench.reads import copy_to, fill
from cli.dashboard.serve import listening, server_of
from cli.dashboard.stages import Stages
from example import conflicto
from rehearsal.fleet_services import build, spread, targets_of
from rehearsal.rehearsal import Rehearsal, rehearse

LIMIT_MS = 300
_TOKEN = "a token of the benchmark"  # noqa: S105 - of this process, on loopback
_AWAITED = "asking aws"
_SLOW_SECONDS = 2.0
_GIVE_UP_SECONDS = 30.0


@dataclass(frozen=True)
class Clicks:
    """What clicks on one kind of page took, in milliseconds; `bytes` is the largest answer."""

    page: str
    functions: str
    clicks: int
    median: float
    slowest: float
    complete: float
    bytes: int


@dataclass(frozen=True)
class Filled:
    """What the other process has: its services, and a deployment of the first one."""

    services: tuple[str, ...]
    deployment: str


class Slow:
    """The functions of a stage, in another process; each call takes `seconds` more."""

    def __init__(self, pipe: Connection) -> None:
        self.stage = "dev"
        self.seconds = 0.0
        self._pipe = pipe
        self._one = threading.Lock()  # the other process does one thing after the other

    def call(self, function: str, payload: Mapping[str, Any]) -> dict[str, Any]:
        time.sleep(self.seconds)
        with self._one:
            self._pipe.send((function, dict(payload)))
            reply: dict[str, Any] = self._pipe.recv()
        return reply


def answer(pipe: Connection, services: int, records: int) -> None:
    """Fill a ledger, tell what is in it, and answer calls until None comes."""
    fleet = spread(services, max(1, services // 10), services)
    with rehearse(targets_of(fleet), Rehearsal) as account:
        build(account, fleet)
        first = fleet[0]
        account.invoke("sweep", {"source": "aws.events"})
        digest = conflicto.push(account.client, first.repository, ["next"])
        account.settle(first.key, digest)
        newest = account.deployments(first.key)[0]["deployment"]
        for service in fleet[1:]:
            copy_to(first.key, service.key)
        for service in fleet:
            fill(service.key, records // services)
        pipe.send(Filled(tuple(one.key for one in fleet), newest))
        while (called := pipe.recv()) is not None:
            pipe.send(account.invoke(*called))


@contextmanager
def filled(services: int, records: int) -> Iterator[tuple[Slow, Filled]]:
    """The functions, and what they know; the other process ends afterwards."""
    ours, theirs = Pipe()
    other = get_context("spawn").Process(target=answer, args=(theirs, services, records))
    other.start()
    theirs.close()  # so that the end of the other process is seen
    try:
        yield Slow(ours), ours.recv()
        ours.send(None)
    finally:
        ours.close()
        other.join()


def measure(services: int, records: int, clicks: int) -> Iterator[Clicks]:
    """The rows of the table, one after the other."""
    with filled(services, records) as (functions, known):
        for words, seconds in (("at once", 0.0), (f"after {_SLOW_SECONDS:g} s", _SLOW_SECONDS)):
            functions.seconds = seconds
            with _served(functions) as browser:
                yield _clicked("the board, first", words, browser, ["/"])
                yield _clicked("the board", words, browser, ["/"] * clicks)
                chosen = known.services[:: max(1, services // clicks)][:clicks]
                paths = [f"/service/dev/{one}" for one in chosen]
                yield _clicked("a service", words, browser, paths)
                path = f"/deployment/dev/{known.deployment}"
                yield _clicked("a deployment", words, browser, [path])


class Browser:
    """A client with the token, over one connection."""

    def __init__(self, port: int) -> None:
        self._connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)

    def click(self, path: str) -> bytes:
        """The answer to a click."""
        asked = f"/view?path={quote(path, safe='')}"
        self._connection.request("GET", asked, headers={"authorization": f"Bearer {_TOKEN}"})
        answer = self._connection.getresponse()
        body = answer.read()
        if answer.status != http.HTTPStatus.OK:
            raise RuntimeError(f"{path}: {answer.status} {body[:200]!r}")
        return body


@contextmanager
def _served(functions: Any) -> Iterator[Browser]:
    listener = listening(0)
    port = listener.getsockname()[1]
    stages = Stages({"dev": ("dev", lambda: functions)})
    server = server_of(stages, _TOKEN, f"127.0.0.1:{port}")
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
    thread.start()
    try:
        yield Browser(port)
    finally:
        server.should_exit = True
        thread.join()


def _clicked(page: str, functions: str, browser: Browser, paths: Sequence[str]) -> Clicks:
    first, complete, largest = list[float](), list[float](), 0
    for path in paths:
        began = time.perf_counter()
        body = browser.click(path)
        first.append((time.perf_counter() - began) * 1000)
        while _AWAITED in body.decode().lower() and time.perf_counter() - began < _GIVE_UP_SECONDS:
            time.sleep(0.02)
            body = browser.click(path)
        complete.append((time.perf_counter() - began) * 1000)
        largest = max(largest, len(body))
    return Clicks(
        page,
        functions,
        len(paths),
        round(statistics.median(first), 1),
        round(max(first), 1),
        round(statistics.median(complete), 1),
        largest,
    )


def markdown(rows: Sequence[Clicks], services: int, records: int) -> str:
    """The report: one table."""
    lines = [
        f"# A click, with {services} services and {records:,} records",
        "",
        "| page | the functions answer | clicks | median ms | slowest ms | complete ms | KB |",
        "|---|---|---|---|---|---|---|",
    ]
    lines += [
        f"| {one.page} | {one.functions} | {one.clicks} | {one.median} | {one.slowest} "
        f"| {one.complete} | {one.bytes / 1000:.0f} |"
        for one in rows
    ]
    return "\n".join(lines)


def main(arguments: Sequence[str]) -> int:
    parser = argparse.ArgumentParser(prog="python -m bench.dashboard", description=__doc__)
    parser.add_argument("--services", type=int, default=500, help="default: %(default)s")
    parser.add_argument("--records", type=int, default=100_000, help="default: %(default)s")
    parser.add_argument("--clicks", type=int, default=20, help="default: %(default)s")
    parser.add_argument("--out", type=Path, default=PROJECT / "out", help="default: %(default)s")
    chosen = parser.parse_args(arguments)
    rows = []
    for row in measure(chosen.services, chosen.records, chosen.clicks):
        print(row, flush=True)
        rows.append(row)
    chosen.out.mkdir(parents=True, exist_ok=True)
    figures = json.dumps([asdict(row) for row in rows], indent=2)
    (chosen.out / "dashboard.json").write_text(figures + "\n", "utf-8")
    text = markdown(rows, chosen.services, chosen.records)
    (chosen.out / "dashboard.md").write_text(text + "\n", "utf-8")
    print(text)
    return int(any(row.slowest > LIMIT_MS for row in rows))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
