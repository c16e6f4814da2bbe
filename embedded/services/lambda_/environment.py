"""A Lambda execution environment: one process under awslambdaric, and the Runtime API it polls.

As on Lambda, every environment has a Runtime API of its own. So a process that is killed never
takes an event that is meant for another. Standard output goes to a file: when the response is
there, so is everything that the function wrote before it.
"""

from __future__ import annotations

import os
import queue
import signal
import subprocess
import sys
import threading
import uuid
from collections.abc import Mapping
from pathlib import Path

from embedded.clock.clock import RunningClock
from embedded.services.lambda_.invocation import Invocation
from embedded.services.lambda_.runtime_api import RuntimeApi

_WORKER = Path(__file__).with_name("worker.py")
INIT_SECONDS = 10.0


class Environment:
    """Runs one invocation at a time; after a kill or a crash it is not `usable`."""

    def __init__(
        self, clock: RunningClock, handler: str, variables: Mapping[str, str], home: Path
    ) -> None:
        self._clock = clock
        self._inbox: queue.Queue[Invocation | None] = queue.Queue()
        self._current: Invocation | None = None
        self._ready = threading.Event()
        self._init_error: tuple[bytes, str] | None = None
        self._death: str | None = None
        self._api = RuntimeApi(self)
        self._output = home / f"{uuid.uuid4().hex}.log"
        self._read = 0
        self.log_stream = variables["AWS_LAMBDA_LOG_STREAM_NAME"]
        self._process = self._start(handler, variables)
        self._threads = [
            threading.Thread(
                target=self._api.serve_forever, args=(0.05,), name="lambda-runtime-api", daemon=True
            ),
            threading.Thread(target=self._await_exit, name="lambda-process", daemon=True),
        ]
        for thread in self._threads:
            thread.start()

    @property
    def usable(self) -> bool:
        return self._death is None and self._process.poll() is None

    @property
    def pid(self) -> int:
        return self._process.pid

    def await_init(self) -> bool:
        """Wait until the runtime asks for its first event; False when it ended instead."""
        self._ready.wait()
        return self.usable and self._init_error is None

    def run(self, invocation: Invocation, timeout: float) -> float:
        """Let the function handle the event within `timeout` seconds; returns the seconds of Init.

        Init may take ten seconds; beyond that it counts against the function's own time-out
        (https://docs.aws.amazon.com/lambda/latest/dg/lambda-runtime-environment.html).
        """
        self._current = invocation
        began = self._clock.now()
        cold = not self._ready.is_set()
        expiry = self._clock.call_later(
            timeout + (INIT_SECONDS if cold else 0), lambda: self._expire(invocation, timeout)
        )
        self._ready.wait()
        init = (self._clock.now() - began).total_seconds() if cold else 0.0
        if cold:
            expiry.cancel()
            left = timeout - max(0.0, init - INIT_SECONDS)
            expiry = self._clock.call_later(left, lambda: self._expire(invocation, timeout))
        if self._init_error:
            invocation.finish(*self._init_error)
        elif not self.usable:
            self._fail_dead(invocation)
        else:
            deadline = self._clock.now().timestamp() + timeout - max(0.0, init - INIT_SECONDS)
            invocation.deadline_ms = int(deadline * 1000)
            self._inbox.put(invocation)
        invocation.done.wait()
        expiry.cancel()
        return init

    def output(self) -> list[str]:
        """The lines written since the last call."""
        with self._output.open("rb") as file:
            file.seek(self._read)
            text = file.read()
        self._read += len(text)
        return text.decode(errors="replace").splitlines()

    def peak_memory_mb(self) -> int | None:
        """The peak resident size of the process; None where there is no /proc."""
        try:
            status = Path(f"/proc/{self._process.pid}/status").read_text()
        except OSError:
            return None
        peak = next((line for line in status.splitlines() if line.startswith("VmHWM")), None)
        return -(-int(peak.split()[1]) // 1024) if peak else None

    def kill(self, reason: str = "signal: killed") -> None:
        """End the process at once; an event in flight fails with Runtime.ExitError."""
        self._death = self._death or reason
        try:
            os.killpg(self._process.pid, signal.SIGKILL)
        except ProcessLookupError:
            return

    def close(self) -> None:
        self.kill()
        for thread in self._threads:
            thread.join()

    def _start(self, handler: str, variables: Mapping[str, str]) -> subprocess.Popen[bytes]:
        with self._output.open("wb") as output:
            return subprocess.Popen(
                [sys.executable, "-I", "-S", "-B", str(_WORKER), handler],
                env={**variables, "AWS_LAMBDA_RUNTIME_API": self._api.address},
                cwd=variables["LAMBDA_TASK_ROOT"],
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    def _await_exit(self) -> None:
        status = self._process.wait()
        self._death = self._death or (
            f"signal: {signal.Signals(-status).name}" if status < 0 else f"exit status {status}"
        )
        if self._current:
            self._fail_dead(self._current)
        self._ready.set()
        self._inbox.put(None)
        self._api.shutdown()
        self._api.server_close()

    def _fail_dead(self, invocation: Invocation) -> None:
        if self._init_error:
            invocation.finish(*self._init_error)
        invocation.fail("Runtime.ExitError", f"Runtime exited with error: {self._death}")

    def _expire(self, invocation: Invocation, timeout: float) -> None:
        invocation.fail("Sandbox.Timedout", f"Task timed out after {timeout:.2f} seconds")
        self.kill()

    def next_event(self) -> Invocation | None:
        self._ready.set()
        return self._inbox.get()

    def settle(self, request_id: str, body: bytes, error: str | None) -> bool:
        """The runtime's answer to `request_id`; False when it answers something else."""
        invocation = self._current
        if invocation is None or invocation.request_id != request_id:
            return False
        invocation.finish(body, error)
        return True

    def init_failed(self, body: bytes, error: str) -> None:
        self._init_error = (body, error)
