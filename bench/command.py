"""`python -m bench.command`: how long `slipway` needs of its own before the first answer.

The functions are answered by a small server on loopback that replies at once, so what is measured
is this machine's Python, the SDK and our code. `aws` asks the same server the same thing. Each row
is the median of several runs, which take turns.
"""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

RUNS = 9
_BIN = Path(sys.executable).parent
_REPLY = {"at": "2026-03-02T12:00:00.000Z", "board": [], "services": [], "deployments": []}


class _Replies(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        self.rfile.read(int(self.headers.get("Content-Length", 0)))
        body = json.dumps(_REPLY).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@contextmanager
def served() -> Iterator[Mapping[str, str]]:
    """The environment in which AWS is the small server."""
    with ThreadingHTTPServer(("127.0.0.1", 0), _Replies) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield {
                "PATH": os.environ["PATH"],
                "AWS_ENDPOINT_URL": f"http://127.0.0.1:{server.server_address[1]}",
                "AWS_DEFAULT_REGION": "us-west-2",
                "AWS_ACCESS_KEY_ID": "bench",
                "AWS_SECRET_ACCESS_KEY": "bench",
                "SLIPWAY_STAGE": "dev",
            }
        finally:
            server.shutdown()
            thread.join()


def commands() -> Mapping[str, Sequence[str]]:
    """What is timed, by the words of its row."""
    invoke = ("lambda", "invoke", "--function-name", "slipway-dev-status", os.devnull)
    return {
        "slipway status": (sys.executable, "-m", "cli", "status"),
        "slipway status --json": (sys.executable, "-m", "cli", "status", "--json"),
        "slipway --help": (sys.executable, "-m", "cli", "--help"),
        "aws lambda invoke": (sys.executable, str(_BIN / "aws"), *invoke),
        "import boto3 and one client": (
            sys.executable,
            "-c",
            "import boto3; boto3.client('lambda')",
        ),
        "python, nothing else": (sys.executable, "-c", ""),
    }


def seconds(command: Sequence[str], environment: Mapping[str, str]) -> float:
    """How long one run takes."""
    began = time.perf_counter()
    subprocess.run(command, env=dict(environment), check=True, capture_output=True)
    return time.perf_counter() - began


def lines(runs: int = RUNS) -> Iterator[str]:
    """The table, as Markdown: medians in seconds."""
    timed: dict[str, list[float]] = {name: [] for name in commands()}
    with served() as environment:
        for _ in range(runs):
            for name, command in commands().items():
                timed[name].append(seconds(command, environment))
    yield "| | median of this machine, s |"
    yield "|---|---|"
    for name, times in timed.items():
        yield f"| `{name}` | {statistics.median(times):.2f} |"


if __name__ == "__main__":
    print("\n".join(lines()))
