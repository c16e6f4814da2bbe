"""AWS Step Functions: moto's interpreter of the Amazon States Language, with what it lacks.

moto interprets every state. This module gives its tasks clients with the role of the state machine,
so that IAM decides. It checks execution names as StartExecution documents it, ends an execution at
25,000 history events, sends status changes to the event bus, and ends all threads. The interpreter
lives on the clock (`embedded/clock/moto.py`). Where a definition uses something that moto does not
know, moto refuses to create the state machine.
"""

from __future__ import annotations

import json
import sys
import threading
import time
import uuid
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import datetime
from typing import Any, cast
from unittest.mock import patch

from botocore.exceptions import ClientError
from moto.core.config import default_user_config
from moto.core.responses import ActionResult
from moto.stepfunctions.exceptions import InvalidToken
from moto.stepfunctions.parser.asl.component.common.error_name.custom_error_name import (
    CustomErrorName,
)
from moto.stepfunctions.parser.asl.component.state.exec.state_task.state_task_lambda import (
    StateTaskLambda,
)
from moto.stepfunctions.parser.asl.eval.event.event_manager import EventManager
from moto.stepfunctions.parser.backend.execution import BaseExecutionWorkerCommunication, Execution
from moto.stepfunctions.parser.models import (
    StepFunctionsParserBackend,
    stepfunctions_parser_backends,
)
from moto.stepfunctions.parser.utils import TMP_THREADS
from moto.stepfunctions.responses import StepFunctionResponse

from embedded.calls.paging import part
from embedded.calls.sessions import ACCOUNT, REGION
from embedded.clock.clock import RunningClock
from embedded.gate.clients import Clients

_BEGIN_TRIES, _BEGIN_SECONDS = 1000, 0.01

MAXIMUM_HISTORY = 25_000
_HISTORY_PAGE, _LONGEST_HISTORY_PAGE = 100, 1000


@dataclass(frozen=True)
class ExecutionRecord:
    """One execution, as DescribeExecution describes it."""

    name: str
    state_machine: str
    arn: str
    status: str
    input: Any
    output: Any
    error: str | None
    cause: str | None
    started: datetime
    stopped: datetime | None


class StepFunctions:
    """The account's state machines while the embedded AWS runs."""

    def __init__(
        self, clock: RunningClock, clients: Clients, emit: Callable[[dict[str, Any]], None]
    ) -> None:
        self._clock = clock
        self._clients = clients
        self._emit = emit
        self._patches = ExitStack()

    def start(self) -> None:
        TMP_THREADS.clear()
        self._patches.enter_context(
            patch.dict(default_user_config, {"stepfunctions": {"execute_state_machine": True}})
        )
        for name, module in list(sys.modules.items()):
            if name.startswith("moto.stepfunctions") and hasattr(module, "boto_client_for"):
                self._patch(module, "boto_client_for", self._client_for)
        self._patch(StepFunctionsParserBackend, "start_execution", self._checked_start())
        self._patch(EventManager, "add_event", _limited(EventManager.add_event))
        self._patch(
            StateTaskLambda, "_from_error", _named_lambda_error(StateTaskLambda._from_error)
        )
        self._patch(StepFunctionResponse, "get_execution_history", _history_in_pages)
        terminated = BaseExecutionWorkerCommunication.terminated

        def announced(communication: BaseExecutionWorkerCommunication) -> None:
            terminated(communication)
            self._announce(communication.execution)

        self._patch(BaseExecutionWorkerCommunication, "terminated", announced)

    @property
    def executions(self) -> list[ExecutionRecord]:
        """Every execution, in the order in which they started."""
        with self._clock.lock:
            found = [_record(execution) for execution in _executions()]
        return sorted(found, key=lambda record: record.started)

    def close(self) -> None:
        """Abort all executions that run."""
        with self._clock.lock:
            running = [execution for execution in _executions() if execution.status == "RUNNING"]
        for execution in running:
            _wait_until_begun(execution)
            execution.stop(self._clock.now(), error="EmbeddedAws", cause="The embedded AWS ends")
        self._patches.close()

    def join(self) -> None:
        """Wait for the interpreter's threads. Stop the clock first, or a Retry waits on it."""
        for thread in list(TMP_THREADS):
            if thread is not threading.current_thread():
                threading.Thread.join(thread, 10)
        TMP_THREADS.clear()

    def _patch(self, owner: Any, name: str, replacement: Any) -> None:
        self._patches.enter_context(patch.object(owner, name, replacement))

    def _client_for(self, region: str, service: str, state_credentials: Any = None) -> Any:
        del region  # there is one
        if state_credentials is None:
            return self._clients.admin(service)
        return self._clients.as_role(state_credentials.role_arn, "stepfunctions", service)

    def _checked_start(self) -> Callable[..., Execution]:
        original: Callable[..., Execution] = StepFunctionsParserBackend.start_execution

        def start(
            backend: StepFunctionsParserBackend,
            state_machine_arn: str,
            name: str | None = None,
            execution_input: str | None = None,
            trace_header: str | None = None,
        ) -> Execution:
            # moto's interpreter checks no name, and calls an execution without one "None".
            name = name or str(uuid.uuid4())
            backend._validate_name(name)
            known = {id(e) for e in backend.describe_state_machine(state_machine_arn).executions}
            execution = original(backend, state_machine_arn, name, execution_input, trace_header)
            if id(execution) not in known:
                self._announce(execution)
            return execution

        return start

    def _announce(self, execution: Execution) -> None:
        """https://docs.aws.amazon.com/step-functions/latest/dg/eventbridge-integration.html."""
        record = _record(execution)
        stopped = record.stopped
        detail = {
            "executionArn": record.arn,
            "stateMachineArn": execution.state_machine.arn,
            "name": record.name,
            "status": record.status,
            "startDate": int(record.started.timestamp() * 1000),
            "stopDate": int(stopped.timestamp() * 1000) if stopped else None,
            "input": json.dumps(record.input),
            "output": json.dumps(record.output) if record.status == "SUCCEEDED" else None,
            "error": record.error,
            "cause": record.cause,
        }
        self._emit(
            {
                "source": "aws.states",
                "detail-type": "Step Functions Execution Status Change",
                "resources": [record.arn],
                "detail": detail,
            }
        )


def _history_in_pages(response: StepFunctionResponse) -> ActionResult:
    """https://docs.aws.amazon.com/step-functions/latest/apireference/API_GetExecutionHistory.html."""
    arn = response._get_param("executionArn")
    events = response.stepfunction_backend.get_execution_history(arn)["events"]
    if response._get_param("reverseOrder"):
        events = list(reversed(events))
    size = min(int(response._get_param("maxResults") or _HISTORY_PAGE), _LONGEST_HISTORY_PAGE)
    try:
        found, following = part(events, size, response._get_param("nextToken"))
    except ValueError as error:
        raise InvalidToken from error
    return ActionResult({"events": found} | ({"nextToken": following} if following else {}))


def _executions() -> list[Execution]:
    machines = stepfunctions_parser_backends[ACCOUNT][REGION].state_machines
    return [cast(Execution, execution) for machine in machines for execution in machine.executions]


def _wait_until_begun(execution: Execution) -> None:
    """Moto cannot stop an execution whose thread still parses its definition."""
    for _ in range(_BEGIN_TRIES):
        if execution.exec_worker is None or execution.exec_worker.env is not None:
            return
        time.sleep(_BEGIN_SECONDS)


def _record(execution: Execution) -> ExecutionRecord:
    return ExecutionRecord(
        name=execution.name,
        state_machine=execution.state_machine.name,
        arn=execution.exec_arn,
        status=execution.status,
        input=execution.input_data,
        output=execution.output,
        error=execution.error,
        cause=execution.cause,
        started=execution.start_date,
        stopped=execution.stop_date,
    )


def _limited(original: Callable[..., int]) -> Callable[..., int]:
    """https://docs.aws.amazon.com/step-functions/latest/dg/service-quotas.html: history events."""

    def add_event(
        manager: EventManager, context: Any, event_type: Any, *args: Any, **kwargs: Any
    ) -> int:
        ends = str(getattr(event_type, "value", event_type)).startswith("Execution")
        if len(manager._history_event_list) >= MAXIMUM_HISTORY and not ends:
            raise RuntimeError(
                f"The execution reached the maximum number of history events ({MAXIMUM_HISTORY})."
            )
        return original(manager, context, event_type, *args, **kwargs)

    return add_event


def _named_lambda_error(original: Callable[..., Any]) -> Callable[..., Any]:
    """Give an error of Lambda itself its name, `Lambda.CODE`, for tasks that name a function's ARN.

    moto does so for `lambda:invoke` only; see
    https://docs.aws.amazon.com/step-functions/latest/dg/bp-lambda-serviceexception.html
    """

    def from_error(task: StateTaskLambda, env: Any, ex: Exception) -> Any:
        event = original(task, env, ex)
        if isinstance(ex, ClientError):
            code = f"Lambda.{ex.response['Error']['Code']}"
            event.error_name = CustomErrorName(code)
            event.event_details["lambdaFunctionFailedEventDetails"]["error"] = code
        return event

    return from_error
