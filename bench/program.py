"""Runs a tool's real command to its end on the simulated clock.

While the program works, the clock runs at 1x; while it sleeps, the clock runs fast. So its work
and its waiting both count as long as they would really take.
"""

from __future__ import annotations

import os
import subprocess
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from embedded.clock.clock import RunningClock

_TIME = Path(__file__).with_name("simulated_time")


@dataclass(frozen=True)
class Ended:
    """How a program ended, when (simulated), with what peak of resident memory."""

    code: int
    at: datetime
    peak_mb: int
    output: str


def run(
    clock: RunningClock, command: Sequence[str], environment: Mapping[str, str], limit: float
) -> Ended:
    """Run `command`; it is ended by force after `limit` simulated seconds."""
    answers_read, answers_write = os.pipe()
    requests_read, requests_write = os.pipe()
    with (
        tempfile.TemporaryFile() as output,
        open(answers_write, "wb", buffering=0) as answers,  # noqa: PTH123 - a descriptor
        open(requests_read) as requests,  # noqa: PTH123
    ):
        with clock.realtime():
            process = subprocess.Popen(
                command,
                env={
                    **environment,
                    "PYTHONPATH": str(_TIME),
                    "SIMULATED_PIPES": f"{answers_read},{requests_write}",
                    "SIMULATED_NOW": f"{clock.now().timestamp()},{time.monotonic()}",
                },
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                pass_fds=(answers_read, requests_write),
            )
            os.close(answers_read)
            os.close(requests_write)
            request = requests.readline()
        expiry = clock.call_later(limit, process.kill)
        peak = 0
        while request:
            word, number = request.split()
            if word == "sleep":
                clock.sleep(float(number))
            with clock.realtime():
                if word == "sleep" and process.poll() is None:
                    answers.write(str(clock.now().timestamp()).encode())
                elif word == "peak":
                    peak = int(number)
                request = requests.readline()
        at = clock.now()
        code = process.wait()
        expiry.cancel()
        output.seek(0)
        return Ended(code, at, round(peak / 1024), output.read().decode(errors="replace"))
