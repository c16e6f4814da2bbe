"""The embedded AWS: puts the rooms together (`embedded/__init__.py` has their map).

    with EmbeddedAws(rate=20) as aws:
        stack = aws.deploy(Path("out/dev/sam.json"), Path("out/dev/deployment.zip"))
        aws.client("ecr").put_image(...)

moto's state is global. So a process has at most one embedded AWS at a time.
"""

from __future__ import annotations

import atexit
import json
import threading
import time
from collections.abc import Callable, Iterable
from contextlib import ExitStack
from datetime import datetime
from pathlib import Path
from types import TracebackType
from typing import Any, Self
from unittest.mock import patch

from moto.core.config import default_user_config
from moto.moto_api._internal.models import moto_api_backend

from embedded.calls.sessions import ACCOUNT, REGION, Sessions
from embedded.clock.clock import RunningClock
from embedded.clock.moto import moto_on
from embedded.gate.clients import Clients
from embedded.gate.faults import ApiFaults
from embedded.gate.recorder import Recorder
from embedded.gate.request_gate import RequestGate
from embedded.gate.server import HttpServer
from embedded.iam.evaluate import Gatekeeper
from embedded.iam.simulate import simulate_principal_policy
from embedded.services import ecr, ecs
from embedded.services.cloudformation.deploy import CloudFormation, Stack
from embedded.services.ecs.rates import DOCUMENTED, Rate
from embedded.services.events import EventBus
from embedded.services.lambda_ import InvocationRecord, Lambda
from embedded.services.scheduler import Scheduler
from embedded.services.sns import Notice, Topics
from embedded.services.stepfunctions import ExecutionRecord, StepFunctions

_only_one = threading.Lock()


class EmbeddedAws:
    """One AWS account in one region, on one clock, until `close`."""

    region = REGION
    account = ACCOUNT

    def __init__(  # noqa: PLR0913 - all are options
        self,
        *,
        rate: float = 1.0,
        port: int = 0,
        start: datetime | None = None,
        enforce_iam: bool = True,
        rates: Iterable[Rate] = DOCUMENTED,
        lag: ecs.Lag | None = None,
    ) -> None:
        if not _only_one.acquire(blocking=False):
            raise RuntimeError(
                "An embedded AWS runs in this process already: moto's state is global"
            )
        self._undo = ExitStack()
        self._undo.callback(_only_one.release)
        try:
            self._build(rate, port, start, enforce_iam=enforce_iam)
            self._install(rates, lag)
        except BaseException:
            self._undo.close()
            raise
        atexit.register(self.close)  # a script that forgets to close leaves no process behind

    def _build(
        self,
        rate: float,
        port: int,
        start: datetime | None,
        *,
        enforce_iam: bool,
    ) -> None:
        undo = self._undo
        moto_api_backend.reset()
        undo.callback(moto_api_backend.reset)
        undo.enter_context(
            patch.dict(default_user_config, {"iam": {"load_aws_managed_policies": True}})
        )
        self.clock = RunningClock(rate, start)
        undo.callback(self.clock.stop)
        undo.enter_context(moto_on(self.clock))
        self.faults, self.recorder, self.sessions = ApiFaults(), Recorder(), Sessions()
        self.iam = Gatekeeper(enforce=enforce_iam)
        gate = RequestGate(self.clock, self.sessions, self.faults, self.recorder, self.iam)
        self.failures = gate.failures
        self._server = HttpServer(gate, port)
        self.endpoint = self._server.endpoint
        self._clients = Clients(self.endpoint, gate, self.sessions)
        undo.callback(self._clients.close)
        self._start_services()
        gate.handlers["lambda", "Invoke"] = self.lambda_.handle_invoke
        gate.handlers["iam", "SimulatePrincipalPolicy"] = simulate_principal_policy
        gate.handlers.update(self.scheduler.handlers)
        gate.registry = ecr.Registry(self._clients.admin("ecr")).answer

    def _start_services(self) -> None:
        undo = self._undo
        self.lambda_ = Lambda(self.clock, self.sessions, self.iam, self.endpoint, self._clients)
        self.events = EventBus(
            self.clock, self._clients, self.lambda_.invoke_async, self.iam.trusts
        )
        self.scheduler = Scheduler(self.clock, self._clients, self.iam.trusts)
        self.stepfunctions = StepFunctions(self.clock, self._clients, self.events.emit)
        self.topics = Topics(self.clock, self.lambda_.invoke_async)
        self.cloudformation = CloudFormation(self._clients)
        undo.callback(self.stepfunctions.join)
        undo.callback(self.clock.stop)
        for service in (
            self.lambda_, self.events, self.scheduler, self.stepfunctions, self.topics,
            self.cloudformation,
        ):  # fmt: skip
            undo.callback(service.close)
            service.start()

    def _install(self, rates: Iterable[Rate], lag: ecs.Lag | None) -> None:
        undo = self._undo
        self.ecs = ecs.install(
            self.clock,
            self.events.emit,
            pull_problem=ecr.pull_problem,
            rates=rates,
            lag=lag,
            invoke_lambda=self.lambda_.invoke_and_tell,
            caller=lambda key: self.sessions.principal(key).arn,
        )
        undo.callback(self.ecs.uninstall)
        self.ecr = ecr.install(self.clock, self.events.emit)
        undo.callback(self.ecr.uninstall)
        undo.callback(self._server.stop)
        self._server.start()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """End every process and thread, and forget everything."""
        atexit.unregister(self.close)
        self._undo.close()

    def client(self, service: str) -> Any:
        """A boto3 client for a person: the administrator's credentials, this endpoint."""
        return self._clients.person(service)

    def deploy(
        self,
        template: Path,
        code: Path,
        stack: str = "slipway-dev",
        parameters: dict[str, str] | None = None,
    ) -> Stack:
        """Create or update the stack of a package.

        Raises:
            MissingResources: a resource of the template does not exist afterwards.
        """
        return self.cloudformation.deploy(template, code, stack, parameters or {})

    def invoke(self, function: str, payload: Any) -> Any:
        """The function's answer.

        Raises:
            FunctionError: the function failed.
        """
        invocation, record = self.lambda_.invoke(function, json.dumps(payload).encode())
        if invocation.error:
            raise FunctionError(record)
        return record.response

    def subscribe(self, listener: Callable[[dict[str, Any]], None]) -> None:
        """Call `listener` with every event that reaches the event bus."""
        self.events.subscribe(listener)

    def notices(self) -> list[Notice]:
        """The messages published to topics, oldest first."""
        return self.topics.notices

    def executions(self) -> list[ExecutionRecord]:
        return self.stepfunctions.executions

    @property
    def invocations(self) -> list[InvocationRecord]:
        """The invocations that have ended, in the order in which they ended."""
        return self.lambda_.records

    @property
    def idle(self) -> bool:
        """Whether no event is being delivered, no schedule invokes its target, no function runs."""
        return self.events.idle and self.scheduler.idle and not self.lambda_.busy

    def wait_until(self, predicate: Callable[[], Any], timeout_simulated: float) -> bool:
        """Whether `predicate()` became true within so many simulated seconds."""
        end = self.clock.now().timestamp() + timeout_simulated
        while not (reached := bool(predicate())) and self.clock.now().timestamp() < end:
            time.sleep(0.01)
        return reached or bool(predicate())


class FunctionError(Exception):
    """A function that `EmbeddedAws.invoke` called has failed; `record` has the lines it logged."""

    def __init__(self, record: InvocationRecord) -> None:
        self.record = record
        super().__init__(f"{record.function}: {record.error}: {record.response}")
