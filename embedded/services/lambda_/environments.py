"""The execution environments of all functions: made for an invocation, kept, and used again."""

from __future__ import annotations

import os
import shutil
import tempfile
import threading
from collections import defaultdict
from collections.abc import Callable
from pathlib import Path

from embedded.calls.sessions import REGION, Sessions
from embedded.clock.clock import RunningClock
from embedded.services.lambda_.code import link_runtime, unzip
from embedded.services.lambda_.environment import Environment
from embedded.services.lambda_.function import Function, held
from embedded.services.lambda_.logs import FunctionLog


class Environments:
    """Starts execution environments; every process that it starts ends with `close`."""

    def __init__(
        self, clock: RunningClock, sessions: Sessions, endpoint: str, log: FunctionLog
    ) -> None:
        self._clock = clock
        self._sessions = sessions
        self._endpoint = endpoint
        self._log = log
        self.home = Path(tempfile.mkdtemp(prefix="embedded-lambda-"))
        self.running: set[Environment] = set()
        self._idle: dict[Function, list[Environment]] = defaultdict(list)
        self._lock = threading.Lock()
        self._unpacking = threading.Lock()
        self._closed = False

    def start(self) -> None:
        link_runtime(self.home / "runtime")
        self._clock.share(self.home / "clock")

    def acquire(self, function: Function) -> Environment:
        """An environment for one invocation: a warm one where there is one, else a new one."""
        with self._lock:
            while self._idle[function]:
                environment = self._idle[function].pop()
                if environment.usable:
                    return environment
        return self.make(function, self.task_root(function))

    def release(self, function: Function, environment: Environment) -> None:
        """Keep the environment for the next invocation, or end it when it is of no more use."""
        with self._lock:
            keep = environment.usable and not self._closed
            if keep:
                self._idle[function].append(environment)
        if not keep:
            environment.close()
            with self._lock:
                self.running.discard(environment)

    def task_root(self, function: Function) -> Path:
        """Where the function's code is unpacked."""
        task_root = self.home / "code" / function.digest
        with self._unpacking:
            if not task_root.exists():
                found = held(function.arn)
                assert found is not None
                unzip(found.code_bytes, task_root)
        return task_root

    def make(self, function: Function, task_root: Path) -> Environment:
        """A new environment, with the code in `task_root`."""
        started: list[Environment] = []

        def kill() -> None:
            started[0].kill()

        variables = self._variables(function, task_root) | self._credentials(function, kill)
        environment = Environment(self._clock, function.handler, variables, self.home)
        started.append(environment)
        with self._lock:
            self.running.add(environment)
            closed = self._closed
        if closed:
            environment.kill()
        return environment

    def close(self) -> None:
        """End all processes. `remove` deletes their files."""
        with self._lock:
            self._closed = True
            environments = set(self.running)
        for environment in environments:
            environment.close()

    def remove(self) -> None:
        shutil.rmtree(self.home, ignore_errors=True)

    def _credentials(self, function: Function, kill: Callable[[], None]) -> dict[str, str]:
        """A session of the function's role; every environment has its own, as on Lambda."""
        issued = self._sessions.issue(function.role, function.name, kill)
        return {
            "AWS_ACCESS_KEY_ID": issued.access_key,
            "AWS_SECRET_ACCESS_KEY": issued.secret_key,
            "AWS_SESSION_TOKEN": issued.token,
        }

    def _variables(self, function: Function, task_root: Path) -> dict[str, str]:
        """The environment variables: the function's, Lambda's, and ours.

        https://docs.aws.amazon.com/lambda/latest/dg/configuration-envvars.html
        """
        return {
            **dict(function.variables),
            "_HANDLER": function.handler,
            "AWS_REGION": REGION,
            "AWS_DEFAULT_REGION": REGION,
            "AWS_ENDPOINT_URL": self._endpoint,
            "AWS_EXECUTION_ENV": f"AWS_Lambda_{function.runtime}",
            "AWS_LAMBDA_FUNCTION_NAME": function.name,
            "AWS_LAMBDA_FUNCTION_VERSION": function.version,
            "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": str(function.memory),
            "AWS_LAMBDA_LOG_GROUP_NAME": function.log_group,
            "AWS_LAMBDA_LOG_STREAM_NAME": self._log.new_stream(),
            "AWS_LAMBDA_LOG_FORMAT": "JSON" if function.json_logs else "Text",
            "AWS_LAMBDA_INITIALIZATION_TYPE": "on-demand",
            "LAMBDA_TASK_ROOT": str(task_root),
            "LAMBDA_RUNTIME_DIR": str(self.home / "runtime"),
            "LAMBDA_CLOCK": str(self.home / "clock"),
            "PYTHONDONTWRITEBYTECODE": "1",
            "LANG": "en_US.UTF-8",
            "TZ": ":UTC",
            "PATH": os.defpath,
            # The developer's own AWS configuration must have no effect.
            "HOME": str(self.home),
            "AWS_CONFIG_FILE": os.devnull,
            "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
            "AWS_EC2_METADATA_DISABLED": "true",
        }
