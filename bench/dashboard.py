"""`make bench-dashboard`: how long a click waits, with 500 services and 100,000 records.

The dashboard is served as `slipway dashboard` serves it, and clicked through HTTP. Its functions
run in this process, on the embedded AWS. Once they answer at once, once they take two seconds, as
after a cold start. A click is answered with what is known by then; `complete` is how long it takes
until nothing is awaited any more. Writes out/dashboard.json and out/dashboard.md.
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


class Slow:
    """The functions of a stage, in this process; each call takes `seconds` more."""

    def __init__(self, account: Rehearsal) -> None:
        self.stage = "dev"
        self.seconds = 0.0
        self._account = account
        self._one = threading.Lock()  # the embedded AWS of this process is not for threads

    def call(self, function: str, payload: Mapping[str, Any]) -> dict[str, Any]:
        time.sleep(self.seconds)
        with self._one:
            reply: dict[str, Any] = self._account.invoke(function, dict(payload))
        return reply


def measure(services: int, records: int, clicks: int) -> Iterator[Clicks]:
    """The rows of the table, one after the other."""
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
        functions = Slow(account)
        for words, seconds in (("at once", 0.0), (f"after {_SLOW_SECONDS:g} s", _SLOW_SECONDS)):
            functions.seconds = seconds
            with _served(functions) as browser:
                yield _clicked("the board, first", words, browser, ["/"])
                yield _clicked("the board", words, browser, ["/"] * clicks)
                chosen = fleet[:: max(1, len(fleet) // clicks)][:clicks]
                paths = [f"/service/dev/{one.key}" for one in chosen]
                yield _clicked("a service", words, browser, paths)
                yield _clicked("a deployment", words, browser, [f"/deployment/dev/{newest}"])


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
